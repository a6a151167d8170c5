/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* VFIO_DEVICE_SET_IRQS, and whose interrupts an eventfd carries from then on. */
#ifndef MIGWATCH_IRQS_BPF_H
#define MIGWATCH_IRQS_BPF_H

#include <linux/vfio.h>
#include "bypass.bpf.h"
#include "device.bpf.h"
#include "fd.bpf.h"

#define MAX_VECTORS 2048 /* MSI-X has no more */

struct vectors {
	struct dev_ref of;
	__u32 index;
	__u32 start;
	int *fds; /* in user memory */
};

static __always_inline __u64 eventfd_in(const int *fds, __u32 i)
{
	struct file *file;
	int fd;

	if (bpf_probe_read_user(&fd, sizeof(fd), fds + i))
		return 0;
	file = file_of_fd(fd);
	return file ? (__u64)BPF_CORE_READ(file, private_data) : 0;
}

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

/* 0: none. */
static __always_inline void set_signal(struct dev_info *d, __u32 place, __u32 index, __u64 eventfd)
{
	struct dev_ref of = ref_of(d);

	if (d->halted)
		unlist_signal(place, &of);
	d->signal[place].index = index;
	d->signal[place].eventfd = eventfd;
	if (d->halted)
		list_signal(place, &of);
}

/* The same of a driver that signals by itself. */
static long bind_signal(__u32 i, struct vectors *v)
{
	struct dev_info *d = device_at(&v->of);
	__u32 place = v->index + v->start + i;
	__u64 eventfd;

	if (!d || place >= SIGNAL_PLACES)
		return 1;
	eventfd = eventfd_in(v->fds, i);
	if (d->signal[place].eventfd != eventfd || d->signal[place].index != v->index)
		set_signal(d, place, v->index, eventfd);
	return 0;
}

static long unbind_signal(__u32 place, struct vectors *v)
{
	struct dev_info *d = device_at(&v->of);

	if (!d || place >= SIGNAL_PLACES)
		return 1;
	if (d->signal[place].eventfd && d->signal[place].index == v->index)
		set_signal(d, place, v->index, 0);
	return 0;
}

/* Walked once: see landed(). `set` is that of a SET_IRQS that succeeded, `data` what followed it in
 * user memory. */
__weak int bind_irqs(struct dev_info *d, struct vfio_irq_set *set, __u64 data)
{
	struct vectors v = {};

	if (!d || !set || !(set->flags & VFIO_IRQ_SET_ACTION_TRIGGER) ||
	    (d->signals == SIGNALS_MDEV && set->index > VFIO_PCI_MSIX_IRQ_INDEX))
		return 0;
	v.of = ref_of(d);
	v.index = set->index;
	v.start = set->start;
	v.fds = (int *)data;
	if (!(set->flags & VFIO_IRQ_SET_DATA_EVENTFD)) {
		/* All of an index are let go of; anything else: the user triggers it. */
		if (d->signals && set->flags & VFIO_IRQ_SET_DATA_NONE && !set->count)
			bpf_loop(SIGNAL_PLACES, unbind_signal, &v, 0);
	} else if (d->signals) {
		bpf_loop(set->count < SIGNAL_PLACES ? set->count : SIGNAL_PLACES, bind_signal, &v,
			 0);
	} else {
		bpf_loop(set->count < MAX_VECTORS ? set->count : MAX_VECTORS, bind_vector, &v, 0);
	}
	return 0;
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
		bind_irqs(d, &set, arg + sizeof(set));
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
