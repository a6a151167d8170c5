/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The devices that are open, each in a slot of one array: who has a slot's number is at the device
 * by indexing, where a look-up by pointer would hash. All that an event needs of its device is in
 * that one element.
 */
#ifndef MIGWATCH_SLOTS_BPF_H
#define MIGWATCH_SLOTS_BPF_H

#include "dev_info.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_DEVICES);
	__type(key, __u32);
	__type(value, struct dev_info);
} slots SEC(".maps")
__weak;

/* What a slot holds first. Too large for the stack. */
static const struct dev_info no_device = {
	.taken = 1,
	.state = STATE_UNSEEN,
	.msi = MSI_UNSEEN(0) | MSI_UNSEEN(1),
};

static long take_slot(__u32 i, __u32 *slot)
{
	struct dev_info *d = bpf_map_lookup_elem(&slots, &i);

	if (!d)
		return 1;
	if (__sync_val_compare_and_swap(&d->taken, 0, 1))
		return 0;
	*slot = i;
	return 1;
}

#define NO_SLOT (~0u)
#define ALL_SLOTS (1u << 23) /* as often as bpf_loop() may: a walk ends with the array */

/* A device without an id, all the caller's; null if all slots are taken. */
static __always_inline struct dev_info *new_device(void)
{
	__u32 slot = NO_SLOT;
	struct dev_info *d;

	bpf_loop(ALL_SLOTS, take_slot, &slot, 0);
	if (slot == NO_SLOT)
		return 0;
	bpf_map_update_elem(&slots, &slot, &no_device, BPF_ANY);
	d = bpf_map_lookup_elem(&slots, &slot);
	if (d)
		d->slot = slot;
	return d;
}

static __always_inline void free_device(struct dev_info *d)
{
	d->id = 0;
	__sync_lock_test_and_set(&d->taken, 0);
}

static __always_inline struct dev_ref ref_of(const struct dev_info *d)
{
	return (struct dev_ref){.slot = d->slot, .dev = d->id};
}

/* Null if the slot has become another device's, or nobody's. */
static __always_inline struct dev_info *device_at(const struct dev_ref *ref)
{
	struct dev_info *d = bpf_map_lookup_elem(&slots, &ref->slot);

	return d && d->id == ref->dev ? d : 0;
}

static long tell_tally(__u32 i, __u32 *slot)
{
	struct dev_info *d = bpf_map_lookup_elem(&slots, slot);

	if (!d || i >= TALLIES)
		return 1;
	if (d->tallies[i].untold)
		tell(&d->tallies[i], d->id);
	return 0;
}

/* What has only been counted so far. */
static __always_inline void tell_device(struct dev_info *d)
{
	__u32 slot = d->slot;

	if (!d->untold)
		return;
	d->untold = 0;
	bpf_loop(TALLIES, tell_tally, &slot, 0);
}

#endif
