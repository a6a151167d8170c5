/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Eventfds that a driver signals itself (mdev, platform): which device and vector each is for. A
 * vector has one eventfd at a time; an eventfd that was replaced may be anybody's since, so both
 * ways must agree. Where there is no room the vector's interrupts are not seen.
 */
#ifndef MIGWATCH_SIGNAL_BPF_H
#define MIGWATCH_SIGNAL_BPF_H

#include <linux/vfio.h>
#include "device.bpf.h"
#include "fd.bpf.h"

struct vector {
	struct dev_ref of;
	__u32 place;
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64); /* struct eventfd_ctx * */
	__type(value, struct vector);
} vector_of_eventfd SEC(".maps")
__weak;

#define ANY_INDEX (~0u)

struct signal_walk {
	struct dev_ref of;
	__u32 place; /* the first */
	__u32 index;
	int *fds; /* in user memory; null: let go */
};

/* Never mind whose the eventfd is by now. */
static __always_inline void unbind_signal(struct dev_info *d, __u32 place)
{
	__u64 eventfd = d->signal[place].eventfd;
	struct vector *v;

	if (!eventfd)
		return;
	v = bpf_map_lookup_elem(&vector_of_eventfd, &eventfd);
	if (v && v->of.dev == d->id && v->place == place)
		bpf_map_delete_elem(&vector_of_eventfd, &eventfd);
	d->signal[place].eventfd = 0;
}

static long let_go(__u32 i, struct signal_walk *w)
{
	struct dev_info *d = device_at(&w->of);

	if (!d || i >= SIGNAL_PLACES)
		return 1;
	if (w->index == ANY_INDEX || d->signal[i].index == w->index)
		unbind_signal(d, i);
	return 0;
}

static __always_inline __u64 eventfd_in(const int *fds, __u32 i)
{
	struct file *file;
	int fd;

	if (bpf_probe_read_user(&fd, sizeof(fd), fds + i))
		return 0;
	file = file_of_fd(fd);
	return file ? (__u64)BPF_CORE_READ(file, private_data) : 0;
}

static long bind_signal(__u32 i, struct signal_walk *w)
{
	struct vector v = {.of = w->of, .place = w->place + i};
	struct dev_info *d = device_at(&w->of);
	__u64 eventfd = eventfd_in(w->fds, i);
	__u32 place = v.place;

	if (!d || place >= SIGNAL_PLACES)
		return 1;
	/* QEMU sets the same eventfds again and again. */
	if (eventfd && d->signal[place].eventfd == eventfd && d->signal[place].index == w->index)
		return 0;
	unbind_signal(d, place);
	if (!eventfd || bpf_map_update_elem(&vector_of_eventfd, &eventfd, &v, BPF_ANY))
		return 0;
	d->signal[place].index = w->index;
	d->signal[place].eventfd = eventfd;
	return 0;
}

/* Walked once: see landed(). `set` is that of a SET_IRQS that succeeded, `data` what followed it in
 * user memory. */
__weak int bind_signals(struct dev_info *d, struct vfio_irq_set *set, __u64 data)
{
	struct signal_walk w = {};

	if (!d || !set || !(set->flags & VFIO_IRQ_SET_ACTION_TRIGGER) ||
	    (d->signals == SIGNALS_MDEV && set->index > VFIO_PCI_MSIX_IRQ_INDEX))
		return 0;
	w.of = ref_of(d);
	w.index = set->index;
	w.place = set->index + set->start;
	w.fds = (int *)data;
	if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD)
		bpf_loop(set->count < SIGNAL_PLACES ? set->count : SIGNAL_PLACES, bind_signal, &w,
			 0);
	else if (set->flags & VFIO_IRQ_SET_DATA_NONE && !set->count)
		bpf_loop(SIGNAL_PLACES, let_go, &w, 0);
	return 0; /* anything else: the user triggers it */
}

#endif
