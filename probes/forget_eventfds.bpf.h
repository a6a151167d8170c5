/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Eventfds of a device that is closed: they may become anybody's. */
#ifndef MIGWATCH_FORGET_EVENTFDS_BPF_H
#define MIGWATCH_FORGET_EVENTFDS_BPF_H

#include "irqs.bpf.h"

static long forget_vector(void *map, struct vector *vector, void *eventfd, __u32 *dev)
{
	struct vector v = *vector; /* the entry's memory is another's once it is deleted */

	if (v.dev == *dev)
		unbind_signal(&v);
	return 0;
}

static long forget_eventfd(void *map, __u64 *eventfd, __u64 *vdev, __u64 *gone)
{
	__u64 key = *eventfd; /* the entry's memory is another's once it is deleted */

	if (*vdev == *gone)
		bpf_map_delete_elem(&vdev_of_eventfd, &key);
	return 0;
}

/* Walks a whole map, of which a close, rare and slow, takes no notice. */
__weak int forget_eventfds(struct dev_info *d)
{
	__u64 vdev;
	__u32 dev;

	if (!d || !d->bound)
		return 0;
	vdev = d->vdev;
	dev = d->id;
	if (d->signals)
		bpf_for_each_map_elem(&eventfd_of_vector, forget_vector, &dev, 0);
	else
		bpf_for_each_map_elem(&vdev_of_eventfd, forget_eventfd, &vdev, 0);
	return 0;
}

#endif
