/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Resets: the record, and the end of one that an ioctl asked for. */
#ifndef MIGWATCH_RESET_BPF_H
#define MIGWATCH_RESET_BPF_H

#include "device.bpf.h"

static __always_inline void emit_reset(struct dev_info *d, __u32 kind, __u64 began, int ret)
{
	struct ev_reset *e;

	if (!ret)
		landed(d, STATE_RUNNING);
	e = RESERVE(crit, RESET, reset, d->id, next_gen(d));
	if (!e)
		return;
	e->reset_kind = kind;
	e->ret = ret;
	e->began = began;
	SUBMIT(e);
}

static __always_inline void reset_exit(struct vfio_device *vdev, __u32 kind, int ret)
{
	struct dev_info *d = dev_of(vdev);
	__u64 began = op_exit();

	if (d)
		emit_reset(d, kind, began, ret);
}

#endif
