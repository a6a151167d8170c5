/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Self-limits. What touches a device has a record of its own for the first
 * limit_per_kind events of a kind in a state. After that it is counted, and
 * ev_repeats tells the count: when the state changes, when user space asks
 * (repeats.bpf.c), and when the number, or the time since the first, has
 * doubled; the event that doubles it has a record of its own as well, so that
 * what goes on for long is seen in full now and then.
 *
 * Every event is in a record or in a count, exactly once, whatever CPUs do at the
 * same time: counts are only added to and taken away whole. The limit itself may
 * be overshot by events that race with a change of state.
 */
#ifndef MIGWATCH_LIMIT_BPF_H
#define MIGWATCH_LIMIT_BPF_H

#include "ring.bpf.h"

#define MAX_DEVICES 1024 /* default: mw_config */

const volatile __u32 limit_per_kind __weak = 64;

/* An event that may or may not be worth a record. */
struct touch {
	__u32 of;   /* enum ev_type */
	__u32 part; /* see ev_repeats */
	__u32 dev;  /* with its gen */
	__u32 gen;
	__u32 again; /* what must be equal for events to be counted together */
	__u64 moved; /* bytes */
};

/* One kind of event, on one part of a device, in one state. */
struct tally {
	__u32 of;
	__u32 part;
	__u32 gen;
	__u32 again;
	__u64 n;      /* in this state so far */
	__u64 began;  /* time of the first of them */
	__u64 next;   /* the number and ... */
	__u64 until;  /* ... the time at which to tell again */
	__u64 untold; /* counted and not told yet; with sum, first and last */
	__u64 sum, first, last;
};

/* Regions above the last that is told apart share a tally: their indices are the user's choice. */
#define REGION_PARTS 10
#define BAR_PARTS 7

enum tally_nr {
	TALLY_READ = 0,
	TALLY_WRITE = TALLY_READ + REGION_PARTS,
	TALLY_FAULT = TALLY_WRITE + REGION_PARTS, /* that mapped something */
	TALLY_REFUSED = TALLY_FAULT + BAR_PARTS,
	TALLY_CONFIG = TALLY_REFUSED + BAR_PARTS,
	TALLY_IOEVENTFD,
	TALLY_INTX,
	TALLY_MSI,
	TALLY_EVENTFD,
	TALLY_DMA_READ,
	TALLY_DMA_WRITE,
	TALLY_UNPIN,
	TALLY_PIN,
	TALLY_VCPU,
	TALLIES,
};

__u32 untold __weak; /* somewhere something is: user space may ask for it */

/* Tells what has been counted. Where the ring is full it stays counted. */
static __noinline void tell(struct tally *t, __u32 dev)
{
	__u64 count = __sync_lock_test_and_set(&t->untold, 0);
	__u64 sum = __sync_lock_test_and_set(&t->sum, 0);
	__u64 first = __sync_lock_test_and_set(&t->first, 0);
	struct ev_repeats *e;

	if (!count)
		return;
	e = RESERVE(bulk, REPEATS, repeats, dev, t->gen);
	if (!e) {
		__sync_fetch_and_add(&t->untold, count);
		__sync_fetch_and_add(&t->sum, sum);
		t->first = first;
		return;
	}
	e->of = t->of;
	e->part = t->part;
	e->count = count;
	e->sum = sum;
	e->first = first;
	e->last = t->last;
	SUBMIT(e);
}

/* Beyond the limit: true if this one shall have a record all the same. */
static __noinline bool beyond(struct tally *t, __u32 dev, __u64 n, __u64 moved)
{
	__u64 now = bpf_ktime_get_ns();

	if (!t->next) {
		t->next = 2 * n;
		t->until = 2 * now - t->began;
	}
	if (n >= t->next || now >= t->until) {
		t->next = 2 * n;
		t->until = 2 * now - t->began;
		tell(t, dev);
		return true;
	}
	t->last = now;
	if (!t->first)
		t->first = now;
	__sync_fetch_and_add(&t->sum, moved);
	__sync_fetch_and_add(&t->untold, 1);
	return false;
}

/* Shall this event have a record of its own? If not it has been counted. */
static __always_inline bool in_full(struct tally *t, struct touch *what)
{
	__u64 n;

	if (t->gen != what->gen || t->of != what->of || t->again != what->again) {
		if (t->untold)
			tell(t, what->dev);
		t->of = what->of;
		t->part = what->part;
		t->gen = what->gen;
		t->again = what->again;
		t->next = 0;
		t->n = 0;
		t->began = bpf_ktime_get_ns();
	}
	n = __sync_fetch_and_add(&t->n, 1) + 1;
	return n <= limit_per_kind || beyond(t, what->dev, n, what->moved);
}

#endif
