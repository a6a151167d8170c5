/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* iommufd's address spaces: an (iommufd, IOAS id) is what a container is for type1. */
#ifndef MIGWATCH_IOAS_BPF_H
#define MIGWATCH_IOAS_BPF_H

#include "device.bpf.h"

struct ioas {
	__u64 ictx;
	__u32 id; /* of an IOAS, or of an HWPT that was made for one */
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_CONTAINERS);
	__type(key, struct ioas);
	__type(value, __u32); /* container id */
} containers_of_iommufd SEC(".maps")
__weak;

/* 0 if there is no room. */
static __always_inline __u32 container_of_ioas(void *ictx, __u32 id)
{
	struct ioas key = {.ictx = (__u64)ictx, .id = id};
	__u32 *seen = bpf_map_lookup_elem(&containers_of_iommufd, &key), container;

	if (seen)
		return *seen;
	container = __sync_fetch_and_add(&last_container, 1) + 1;
	if (bpf_map_update_elem(&containers_of_iommufd, &key, &container, BPF_NOEXIST))
		return 0;
	return container;
}

/* struct vfio_device_attach_iommufd_pt of 6.6 and later; Debian 12's headers are older. */
struct attach_pt {
	__u32 argsz;
	__u32 flags;
	__u32 pt_id;
};

/* VFIO_DEVICE_ATTACH_IOMMUFD_PT or _DETACH_IOMMUFD_PT returned. */
static __always_inline void attach_pt_exit(struct file *filep, bool attach, unsigned long arg,
					   int ret)
{
	struct vfio_device_file *df = filep->private_data;
	struct dev_info *d = dev_of(file_vdev(filep));
	struct attach_pt pt = {};
	struct ev_ioas *e;
	bool miss = false;

	if (!d)
		return;
	if (attach)
		miss = bpf_probe_read_user(&pt, sizeof(pt), (void *)arg);
	e = RESERVE(crit, IOAS, ioas, d->id, d->gen);
	if (!e)
		return;
	e->hdr.miss = miss ? MISS_USER_ARGS : 0;
	e->container = 0;
	if (attach && !miss && !ret && bpf_core_field_exists(df->iommufd))
		e->container = container_of_ioas(BPF_CORE_READ(df, iommufd), pt.pt_id);
	e->pt_id = pt.pt_id;
	e->ret = ret;
	e->pad = 0;
	SUBMIT(e);
}

#endif
