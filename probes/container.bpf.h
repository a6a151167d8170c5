/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Type1 containers, by what the driver calls them. */
#ifndef MIGWATCH_CONTAINER_BPF_H
#define MIGWATCH_CONTAINER_BPF_H

#include "ring.bpf.h"

#define MAX_CONTAINERS 1024

__u32 last_container __weak; /* ids given so far */

struct container {
	__u32 id;
	__u32 told; /* its mappings were, or it was born under our eyes */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_CONTAINERS);
	__type(key, __u64); /* iommu_data */
	__type(value, struct container);
} containers SEC(".maps")
__weak;

/* Null if there is no container or no room. */
static __always_inline struct container *container_of_iommu(void *iommu_data, __u32 told)
{
	struct container *known, fresh = {.told = told};
	__u64 key = (__u64)iommu_data;

	if (!key)
		return 0;
	known = bpf_map_lookup_elem(&containers, &key);
	if (known)
		return known;
	fresh.id = __sync_fetch_and_add(&last_container, 1) + 1;
	bpf_map_update_elem(&containers, &key, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&containers, &key);
}

static __always_inline __u32 container_id_of(void *iommu_data)
{
	struct container *c = container_of_iommu(iommu_data, 0);

	return c ? c->id : 0;
}

#endif
