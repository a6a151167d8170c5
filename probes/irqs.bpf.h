/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* VFIO_DEVICE_SET_IRQS, and whose interrupts an eventfd carries from then on. */
#ifndef MIGWATCH_IRQS_BPF_H
#define MIGWATCH_IRQS_BPF_H

#include <linux/vfio.h>
#include "bypass.bpf.h"
#include "device.bpf.h"
#include "fd.bpf.h"
#include "signal.bpf.h"

#define MAX_VECTORS 2048 /* MSI-X has no more */

struct vectors {
	struct dev_ref of;
	int *fds; /* in user memory */
};

/* Remembers which device an eventfd signals for: the interrupt handler is given nothing else. */
static long bind_vector(__u32 i, struct vectors *v)
{
	__u64 eventfd = eventfd_in(v->fds, i);
	struct dev_ref *known;

	if (!eventfd)
		return 0;
	/* QEMU sets the same eventfds again and again: looking is cheaper than writing. */
	known = bpf_map_lookup_elem(&dev_of_eventfd, &eventfd);
	if (!known || known->dev != v->of.dev) {
		bpf_map_update_elem(&dev_of_eventfd, &eventfd, &v->of, BPF_ANY);
		tell_bypass(eventfd, &v->of);
	}
	return 0;
}

static __always_inline void bind_vectors(struct dev_info *d, struct vfio_irq_set *set,
					 unsigned long arg)
{
	struct vectors v = {.of = ref_of(d), .fds = (int *)(arg + sizeof(*set))};

	if ((set->flags & (VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER)) ==
	    (VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER))
		bpf_loop(set->count < MAX_VECTORS ? set->count : MAX_VECTORS, bind_vector, &v, 0);
}

/* Only where it can matter: see signal.bpf.c. */
static __always_inline void set_irqs_enter(struct file *filep)
{
	struct dev_info *d;

	if (!nr_halted_signalling)
		return;
	d = known_dev(file_vdev(filep));
	if (d && d->signals)
		d->irq_setter = (__u32)bpf_get_current_pid_tgid();
}

static __always_inline void set_irqs_exit(struct vfio_device *vdev, unsigned long arg, int ret)
{
	struct dev_info *d = dev_of(vdev);
	struct vfio_irq_set set = {};
	struct ev_set_irqs *e;
	bool miss;

	if (!d)
		return;
	miss = bpf_probe_read_user(&set, sizeof(set), (void *)arg);
	d->irq_setter = 0;
	if (!ret && !miss) {
		d->bound = 1;
		if (d->signals)
			bind_signals(d, &set, arg + sizeof(set));
		else
			bind_vectors(d, &set, arg);
	}
	e = RESERVE(crit, SET_IRQS, set_irqs, d->id, d->gen);
	if (!e)
		return;
	e->hdr.miss = miss ? MISS_USER_ARGS : 0;
	e->flags = set.flags;
	e->index = set.index;
	e->start = set.start;
	e->count = set.count;
	e->ret = ret;
	e->pad = 0;
	SUBMIT(e);
}

#endif
