/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which of the memory that is mapped for DMA is a device's BAR. */
#ifndef MIGWATCH_P2P_BPF_H
#define MIGWATCH_P2P_BPF_H

#include <linux/errno.h>
#include "device.bpf.h"

/* The first mapping of a range of memory, as far as it is a device's BAR. */
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

/*
 * Looks the first VMA of a range up, and tells of it if it is a BAR: p->size of the range is done.
 * False: it is none, and so the rest is not looked at either.
 */
static __always_inline bool next_p2p(struct task_struct *task, struct p2p *p, __u32 container,
				     __u64 iova, __u64 left)
{
	long err;

	p->vdev = p->size = p->pos = 0;
	err = bpf_find_vma(task, p->vaddr, find_bar, p, 0);
	/* Busy: another thread is changing the address space, and here nobody can wait. */
	if (err && err != -ENOENT)
		emit_p2p(p, container, iova, left);
	if (err || !p->vdev)
		return false;
	if (p->size > left)
		p->size = left;
	emit_p2p(p, container, iova, p->size);
	return true;
}

/* Walks the mappings that the range spans: QEMU maps a BAR piece by piece, others in one go. */
static __always_inline void find_p2p(struct task_struct *task, __u64 vaddr, __u64 iova, __u64 size,
				     __u32 container)
{
	struct p2p p = {.vaddr = vaddr};

	if (!vfio_device_fops_addr)
		return;
	for (int i = 0; i < MAX_VMAS && p.vaddr < vaddr + size; i++) {
		__u64 done = p.vaddr - vaddr;

		if (!next_p2p(task, &p, container, iova + done, size - done))
			return;
		p.vaddr += p.size;
	}
}

#endif
