/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Eventfds of a device that is closed: they may become anybody's. */
#ifndef MIGWATCH_FORGET_EVENTFDS_BPF_H
#define MIGWATCH_FORGET_EVENTFDS_BPF_H

#include "irqs.bpf.h"

static long forget_eventfd(void *map, __u64 *eventfd, struct dev_ref *of, __u32 *gone)
{
	__u64 key = *eventfd; /* the entry's memory is another's once it is deleted */

	if (of->dev == *gone)
		bpf_map_delete_elem(&dev_of_eventfd, &key);
	return 0;
}

/* Walks a whole map, of which a close, rare and slow, takes no notice. */
__weak int forget_eventfds(struct dev_info *d)
{
	__u32 dev;

	if (!d || !d->bound || d->signals)
		return 0; /* what a driver signals is kept with the device */
	dev = d->id;
	bpf_for_each_map_elem(&dev_of_eventfd, forget_eventfd, &dev, 0);
	return 0;
}

#endif
