// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Type1 containers: DMA map and unmap, dirty pages, groups joining and leaving.
 * All of map/unmap/dirty is inlined into the ioctl on Debian, so the ioctl it is.
 */
#include <linux/bpf.h>
#include <linux/errno.h>
#include <linux/vfio.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "device.bpf.h"

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

/* The first mapping of memory that MAP_DMA was given, as far as it is a device's BAR. */
struct p2p {
	__u64 vaddr;
	__u64 vdev; /* 0: not a BAR */
	__u64 pos;
	__u64 size; /* to the end of the mapping */
};

static long find_bar(struct task_struct *task, struct vm_area_struct *vma, struct p2p *p)
{
	struct file *file = vma->vm_file;

	if (!file || (__u64)file->f_op != vfio_device_fops_addr)
		return 0;
	p->vdev = (__u64)file_vdev(file);
	p->pos = (vma->vm_pgoff << PAGE_SHIFT) + p->vaddr - vma->vm_start;
	p->size = vma->vm_end - p->vaddr;
	return 0;
}

#define MAX_VMAS 16

/* No device in `p`: whether the memory is a BAR could not be looked up. */
static __always_inline void emit_p2p(struct p2p *p, __u32 container, __u64 iova, __u64 size)
{
	struct dev_info *target = p->vdev ? dev_of((struct vfio_device *)p->vdev) : 0;
	struct ev_p2p_map *e;

	if (p->vdev && !target)
		return;
	e = RESERVE(crit, P2P_MAP, p2p_map, 0, 0);
	if (!e)
		return;
	e->hdr.miss = target ? 0 : MISS_KERNEL;
	e->container = container;
	e->target = target ? target->id : 0;
	e->iova = iova;
	e->size = size;
	e->pos = p->pos;
	SUBMIT(e);
}

/* Walks the mappings that the range spans: QEMU maps a BAR piece by piece, others in one go. */
static __always_inline void find_p2p(struct vfio_iommu_type1_dma_map *m, __u32 container)
{
	struct p2p p = {.vaddr = m->vaddr};
	long err;

	if (!vfio_device_fops_addr)
		return;
	for (int i = 0; i < MAX_VMAS && p.vaddr < m->vaddr + m->size; i++) {
		__u64 left = m->vaddr + m->size - p.vaddr, iova = m->iova + p.vaddr - m->vaddr;

		p.vdev = p.size = p.pos = 0;
		err = bpf_find_vma(bpf_get_current_task_btf(), p.vaddr, find_bar, &p, 0);
		/* Busy: another thread is changing the address space, and here nobody can wait. */
		if (err && err != -ENOENT)
			emit_p2p(&p, container, iova, left);
		if (err || !p.vdev)
			return;
		if (p.size > left)
			p.size = left;
		emit_p2p(&p, container, iova, p.size);
		p.vaddr += p.size;
	}
}

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
		find_p2p(&m, container);
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

	if (!e)
		return;
	e->container = container_id_of(iommu_data);
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
