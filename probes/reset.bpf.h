/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Resets: the record, and the end of one that an ioctl asked for. */
#ifndef MIGWATCH_RESET_BPF_H
#define MIGWATCH_RESET_BPF_H

#include "device.bpf.h"
#include "task_op.bpf.h"

__weak int emit_reset(struct dev_info *d, __u32 kind, __u64 began, int ret)
{
	struct ev_reset *e;

	if (!d)
		return 0;
	if (!ret) {
		landed(d, STATE_RUNNING);
		d->msi = 0;
	}
	e = RESERVE(crit, RESET, reset, d->id, next_gen(d));
	if (!e)
		return 0;
	e->reset_kind = kind;
	e->ret = ret;
	e->began = began;
	SUBMIT(e);
	return 0;
}

static __always_inline void reset_exit(struct vfio_device *vdev, __u32 kind, int ret)
{
	struct dev_info *d = dev_of(vdev);
	__u64 began = op_exit();

	if (d)
		emit_reset(d, kind, began, ret);
}

#define MAX_SET 64 /* functions of a bus that a hot reset hits */

struct set_walk {
	struct list_head *next, *end;
	struct vfio_device *asked;
	__u64 began;
};

static long collateral(__u32 i, struct set_walk *w)
{
	struct list_head *here = w->next; /* a plain local: w itself is no kernel structure */
	struct vfio_device *vdev;
	struct dev_info *d;

	if (!here || here == w->end)
		return 1;
	vdev = (void *)here - bpf_core_field_offset(struct vfio_device, dev_set_list);
	w->next = BPF_CORE_READ(here, next);
	/* Of those that are not open nobody has an idea that could be wrong. */
	d = vdev != w->asked ? known_dev(vdev) : 0;
	if (d)
		emit_reset(d, RESET_COLLATERAL, w->began, 0);
	return 0;
}

/* Walked once: see landed(). */
__weak int emit_collateral(__u64 asked, __u64 began)
{
	struct vfio_device *vdev = (void *)asked;
	struct vfio_device_set *set = BPF_CORE_READ(vdev, dev_set);
	struct set_walk w = {.asked = vdev, .began = began};
	struct list_head *head;

	if (!set)
		return 0;
	head = (void *)set + bpf_core_field_offset(struct vfio_device_set, device_list);
	w.end = head;
	w.next = BPF_CORE_READ(head, next);
	bpf_loop(MAX_SET, collateral, &w, 0);
	return 0;
}

/* A hot reset hits the whole set; one that is refused hits none. */
static __always_inline void hot_reset_exit(struct vfio_device *vdev, int ret)
{
	struct dev_info *d = dev_of(vdev);
	__u64 began = op_exit();

	if (d)
		emit_reset(d, RESET_HOT, began, ret);
	if (!ret)
		emit_collateral((__u64)vdev, began);
}

#endif
