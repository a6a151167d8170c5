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

#define MAX_SIGNAL_VECTORS 64

struct vector {
	__u64 vdev;
	__u32 dev;
	__u32 index;
	__u32 nr;
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64); /* struct eventfd_ctx * */
	__type(value, struct vector);
} vector_of_eventfd SEC(".maps")
__weak;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct vector);
	__type(value, __u64); /* struct eventfd_ctx * */
} eventfd_of_vector SEC(".maps")
__weak;

struct signal_walk {
	struct vector vector; /* nr: the first */
	int *fds;	      /* in user memory; null: let go of all */
};

static __always_inline bool same_vector(const struct vector *a, const struct vector *b)
{
	return a->vdev == b->vdev && a->dev == b->dev && a->index == b->index && a->nr == b->nr;
}

static __always_inline bool signals_for(__u64 eventfd, const struct vector *v)
{
	struct vector *now = bpf_map_lookup_elem(&vector_of_eventfd, &eventfd);

	return now && same_vector(now, v);
}

static __always_inline void unbind_signal(const struct vector *v)
{
	__u64 *eventfd = bpf_map_lookup_elem(&eventfd_of_vector, v);

	if (!eventfd)
		return;
	if (signals_for(*eventfd, v))
		bpf_map_delete_elem(&vector_of_eventfd, eventfd);
	bpf_map_delete_elem(&eventfd_of_vector, v);
}

static long bind_signal(__u32 i, struct signal_walk *w)
{
	struct vector v = w->vector;
	struct file *file = 0;
	__u64 eventfd = 0;
	int fd;

	v.nr += i;
	if (w->fds && !bpf_probe_read_user(&fd, sizeof(fd), w->fds + i))
		file = file_of_fd(fd);
	if (file)
		eventfd = (__u64)BPF_CORE_READ(file, private_data);
	/* QEMU sets the same eventfds again and again: looking is cheaper than writing. */
	if (eventfd && signals_for(eventfd, &v))
		return 0;
	unbind_signal(&v);
	if (eventfd && !bpf_map_update_elem(&eventfd_of_vector, &v, &eventfd, BPF_ANY))
		bpf_map_update_elem(&vector_of_eventfd, &eventfd, &v, BPF_ANY);
	return 0;
}

/* Walked once: see landed(). `set` is that of a SET_IRQS that succeeded, `data` what followed it in
 * user memory. */
__weak int bind_signals(struct dev_info *d, struct vfio_irq_set *set, __u64 data)
{
	struct signal_walk w = {};
	__u32 count;

	if (!d || !set || !(set->flags & VFIO_IRQ_SET_ACTION_TRIGGER) ||
	    (d->signals == SIGNALS_MDEV && set->index > VFIO_PCI_MSIX_IRQ_INDEX))
		return 0;
	count = set->count;
	w.vector.vdev = d->vdev;
	w.vector.dev = d->id;
	w.vector.index = set->index;
	if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD) {
		w.vector.nr = set->start;
		w.fds = (int *)data;
	} else if (!(set->flags & VFIO_IRQ_SET_DATA_NONE) || count) {
		return 0; /* the user triggers it */
	} else {
		count = MAX_SIGNAL_VECTORS;
	}
	bpf_loop(count < MAX_SIGNAL_VECTORS ? count : MAX_SIGNAL_VECTORS, bind_signal, &w, 0);
	return 0;
}

#endif
