/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Eventfds that a driver signals itself (mdev, platform). What a device has set is kept with it; by
 * eventfd it is listed only while the device is halted, for that is when signals are looked at. An
 * eventfd that was replaced may be anybody's since, so both must agree. Where the list has no room
 * the vector's interrupts are not seen.
 */
#ifndef MIGWATCH_SIGNAL_BPF_H
#define MIGWATCH_SIGNAL_BPF_H

#include "slots.bpf.h"

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

static long list_signal(__u32 place, struct dev_ref *of)
{
	struct vector v = {.of = *of, .place = place};
	struct dev_info *d = device_at(of);
	__u64 eventfd;

	if (!d || place >= SIGNAL_PLACES)
		return 1;
	eventfd = d->signal[place].eventfd;
	if (eventfd)
		bpf_map_update_elem(&vector_of_eventfd, &eventfd, &v, BPF_ANY);
	return 0;
}

static long unlist_signal(__u32 place, struct dev_ref *of)
{
	struct dev_info *d = device_at(of);
	struct vector *v;
	__u64 eventfd;

	if (!d || place >= SIGNAL_PLACES)
		return 1;
	eventfd = d->signal[place].eventfd;
	v = eventfd ? bpf_map_lookup_elem(&vector_of_eventfd, &eventfd) : 0;
	if (v && v->of.dev == of->dev && v->place == place)
		bpf_map_delete_elem(&vector_of_eventfd, &eventfd);
	return 0;
}

#endif
