// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* DMA mappings of iommufd. Its functions are given the kernel's copy of what the user asked for. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "ioas.bpf.h"

/* uapi/linux/iommufd.h of 6.2 and later; Debian 12's headers are older. */
struct ioas_map {
	__u32 size, flags, ioas_id, reserved;
	__u64 user_va, length, iova;
};

struct ioas_unmap {
	__u32 size, ioas_id;
	__u64 iova, length;
};

struct hwpt_alloc {
	__u32 size, flags, dev_id, pt_id, out_hwpt_id;
};

#define IOAS_MAP_WRITEABLE 2
#define IOAS_MAP_READABLE 4
#define DMA_READ 1 /* VFIO_DMA_MAP_FLAG_READ */
#define DMA_WRITE 2

SEC("fexit/iommufd_ioas_map")
int BPF_PROG(iommufd_ioas_map, struct iommufd_ucmd *ucmd, int ret)
{
	struct ioas_map map = {};
	bool miss = bpf_probe_read_kernel(&map, sizeof(map), BPF_CORE_READ(ucmd, cmd));
	struct ev_dma_map *e = RESERVE(crit, DMA_MAP, dma_map, 0, 0);

	if (!e)
		return 0;
	e->hdr.miss = miss ? MISS_KERNEL : 0;
	e->container = container_of_ioas(BPF_CORE_READ(ucmd, ictx), map.ioas_id);
	e->flags = (map.flags & IOAS_MAP_READABLE ? DMA_READ : 0) |
		   (map.flags & IOAS_MAP_WRITEABLE ? DMA_WRITE : 0);
	e->iova = map.iova;
	e->vaddr = map.user_va;
	e->size = map.length;
	e->ret = ret;
	e->pad = 0;
	SUBMIT(e);
	return 0;
}

static __always_inline void emit_remove(__u32 container, struct ioas_unmap *unmap)
{
	struct ev_dma_remove *e = RESERVE(crit, DMA_REMOVE, dma_remove, 0, 0);

	if (!e)
		return;
	e->container = container;
	e->pad = 0;
	e->iova = unmap->iova;
	e->size = unmap->length;
	SUBMIT(e);
}

/* length is what was unmapped: whole mappings, of which none is told by itself. */
SEC("fexit/iommufd_ioas_unmap")
int BPF_PROG(iommufd_ioas_unmap, struct iommufd_ucmd *ucmd, int ret)
{
	struct ioas_unmap unmap = {};
	bool miss = bpf_probe_read_kernel(&unmap, sizeof(unmap), BPF_CORE_READ(ucmd, cmd));
	__u32 container = container_of_ioas(BPF_CORE_READ(ucmd, ictx), unmap.ioas_id);
	struct ev_dma_unmap *e;

	if (!ret && !miss)
		emit_remove(container, &unmap);
	e = RESERVE(crit, DMA_UNMAP, dma_unmap, 0, 0);
	if (e) {
		e->hdr.miss = miss ? MISS_KERNEL : 0;
		e->container = container;
		e->flags = 0;
		e->iova = unmap.iova;
		e->size = unmap.length;
		e->ret = ret;
		e->pad = 0;
		SUBMIT(e);
	}
	return 0;
}

/* A device may be attached to the HWPT: its mappings are those of the IOAS that it was made for. */
SEC("fexit/iommufd_hwpt_alloc")
int BPF_PROG(iommufd_hwpt_alloc, struct iommufd_ucmd *ucmd, int ret)
{
	void *ictx = BPF_CORE_READ(ucmd, ictx);
	struct ioas key = {.ictx = (__u64)ictx};
	struct hwpt_alloc alloc;
	__u32 container;

	if (ret || bpf_probe_read_kernel(&alloc, sizeof(alloc), BPF_CORE_READ(ucmd, cmd)))
		return 0;
	container = container_of_ioas(ictx, alloc.pt_id);
	key.id = alloc.out_hwpt_id;
	bpf_map_update_elem(&containers_of_iommufd, &key, &container, BPF_ANY);
	return 0;
}
