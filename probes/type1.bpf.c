// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Type1 containers: DMA map and unmap, dirty pages, groups joining and leaving.
 * All of map/unmap/dirty is inlined into the ioctl on Debian, so the ioctl it is.
 */
#include <linux/bpf.h>
#include <linux/vfio.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "dirty.bpf.h"
#include "p2p.bpf.h"
#include "task_op.bpf.h"

#define IOCTL_MAP_DMA 0x3b71
#define IOCTL_UNMAP_DMA 0x3b72
#define IOCTL_DIRTY_PAGES 0x3b75

/* struct vfio_iommu_type1_dirty_bitmap ends in a flexible array: its head, spelt out. */
struct dirty_bitmap_head {
	__u32 argsz;
	__u32 flags;
};

struct dirty_bitmap_get {
	struct dirty_bitmap_head head;
	struct vfio_iommu_type1_dirty_bitmap_get get;
};

static __always_inline void map_exit(void *iommu, unsigned long arg, int ret)
{
	struct vfio_iommu_type1_dma_map m = {};
	bool miss = bpf_probe_read_user(&m, sizeof(m), (void *)arg);
	__u32 container = container_id_of(iommu);
	struct ev_dma_map *e;

	op_exit();
	e = RESERVE(crit, DMA_MAP, dma_map, 0, 0);
	if (!e)
		return;
	e->hdr.miss = miss ? MISS_USER_ARGS : 0;
	e->container = container;
	e->flags = m.flags;
	e->iova = m.iova;
	e->vaddr = m.vaddr;
	e->size = m.size;
	e->ret = ret;
	e->pad = 0;
	SUBMIT(e);
	if (!ret && !miss)
		find_p2p(bpf_get_current_task_btf(), m.vaddr, m.iova, m.size, container);
}

static __always_inline void unmap_exit(void *iommu, unsigned long arg, int ret)
{
	struct vfio_iommu_type1_dma_unmap u = {};
	bool miss = bpf_probe_read_user(&u, sizeof(u), (void *)arg);
	struct ev_dma_unmap *e = RESERVE(crit, DMA_UNMAP, dma_unmap, 0, 0);

	if (!e)
		return;
	e->hdr.miss = miss ? MISS_USER_ARGS : 0;
	e->container = container_id_of(iommu);
	e->flags = u.flags;
	e->iova = u.iova;
	e->size = u.size;
	e->ret = ret;
	e->pad = 0;
	SUBMIT(e);
}

static __always_inline __u32 dirty_op_of(__u32 flags)
{
	if (flags & VFIO_IOMMU_DIRTY_PAGES_FLAG_START)
		return DIRTY_START;
	if (flags & VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP)
		return DIRTY_STOP;
	return DIRTY_REPORT;
}

static __always_inline void dirty_exit(void *iommu, unsigned long arg, int ret)
{
	struct dirty_bitmap_get d = {};
	struct ev_dirty_log *e;
	bool miss;

	miss = bpf_probe_read_user(&d.head, sizeof(d.head), (void *)arg);
	if (!miss && (d.head.flags & VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP))
		miss = bpf_probe_read_user(&d, sizeof(d), (void *)arg);
	if (!ret && !miss && (d.head.flags & VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP)) {
		struct report r = {.container = container_id_of(iommu),
				   .iova = d.get.iova,
				   .size = d.get.size,
				   .page_size = d.get.bitmap.pgsize,
				   .bitmap = (__u64)d.get.bitmap.data};

		emit_bits(&r);
	}
	e = RESERVE(crit, DIRTY_LOG, dirty_log, 0, 0);
	if (!e)
		return;
	e->hdr.miss = miss ? MISS_USER_ARGS : 0;
	e->op = dirty_op_of(d.head.flags);
	e->container = container_id_of(iommu);
	e->iova = d.get.iova;
	e->size = d.get.size;
	e->page_size = d.get.bitmap.pgsize;
	e->ret = ret;
	e->pad = 0;
	SUBMIT(e);
}

SEC("fentry/vfio_iommu_type1_ioctl")
int BPF_PROG(type1_ioctl_enter, void *iommu_data, unsigned int cmd)
{
	if (cmd == IOCTL_MAP_DMA)
		op_enter(OP_MAP_DMA);
	return 0;
}

/* Every mapping that goes: by UNMAP_DMA, detach, or the end of the process. */
SEC("fentry/vfio_remove_dma")
int BPF_PROG(vfio_remove_dma, void *iommu, struct vfio_dma *dma)
{
	struct ev_dma_remove *e = RESERVE(crit, DMA_REMOVE, dma_remove, 0, 0);

	if (!e)
		return 0;
	e->container = container_id_of(iommu);
	e->pad = 0;
	e->iova = BPF_CORE_READ(dma, iova);
	e->size = BPF_CORE_READ(dma, size);
	SUBMIT(e);
	return 0;
}

SEC("fexit/vfio_iommu_type1_ioctl")
int BPF_PROG(type1_ioctl, void *iommu_data, unsigned int cmd, unsigned long arg, long ret)
{
	if (cmd == IOCTL_MAP_DMA)
		map_exit(iommu_data, arg, ret);
	else if (cmd == IOCTL_UNMAP_DMA)
		unmap_exit(iommu_data, arg, ret);
	else if (cmd == IOCTL_DIRTY_PAGES)
		dirty_exit(iommu_data, arg, ret);
	return 0;
}

static __always_inline void emit_container(void *iommu_data, struct iommu_group *group,
					   __u32 attached, int ret)
{
	struct ev_container *e = RESERVE(crit, CONTAINER, container, 0, 0);
	struct container *c;

	if (!e)
		return;
	/* The first group to join: nothing can be mapped yet. */
	c = container_of_iommu(iommu_data, attached);
	e->container = c ? c->id : 0;
	e->group = BPF_CORE_READ(group, id);
	e->attached = attached;
	e->ret = ret;
	SUBMIT(e);
}

/* The number of arguments before the return value changed (2 until 5.15, then 3): read by hand. */
SEC("fexit/vfio_iommu_type1_attach_group")
int vfio_iommu_type1_attach_group(__u64 *ctx)
{
	__u64 iommu_data = 0, group = 0, ret = 0;

	bpf_get_func_arg(ctx, 0, &iommu_data);
	bpf_get_func_arg(ctx, 1, &group);
	bpf_get_func_ret(ctx, &ret);
	emit_container((void *)iommu_data, (void *)group, 1, ret);
	return 0;
}

SEC("fentry/vfio_iommu_type1_detach_group")
int BPF_PROG(vfio_iommu_type1_detach_group, void *iommu_data, void *group)
{
	emit_container(iommu_data, group, 0, 0);
	return 0;
}

SEC("fentry/vfio_iommu_type1_release")
int BPF_PROG(vfio_iommu_type1_release, void *iommu_data)
{
	__u64 key = (__u64)iommu_data;

	bpf_map_delete_elem(&containers, &key);
	return 0;
}
