/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The one place that writes records. RESERVE(ring, kind) counts the record as
 * made, and as lost where the ring is full; the caller fills *every* field
 * (reserved memory is not cleared) and submits.
 */
#ifndef MIGWATCH_RING_BPF_H
#define MIGWATCH_RING_BPF_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "kernel_types.bpf.h"
#include "wire.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} crit SEC(".maps")
__weak;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} bulk SEC(".maps")
__weak;

struct ring_count {
	__u64 made, lost;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MW_RINGS);
	__type(key, __u32);
	__type(value, struct ring_count);
} ring_counts SEC(".maps")
__weak;

static __always_inline void count_record(__u32 ring, bool lost)
{
	struct ring_count *c = bpf_map_lookup_elem(&ring_counts, &ring);

	if (!c)
		return;
	/* Atomic: a probe in interrupt context may interrupt another on this CPU. */
	__sync_fetch_and_add(&c->made, 1);
	if (lost)
		__sync_fetch_and_add(&c->lost, 1);
}

static __always_inline void fill_hdr(struct ev_hdr *h, __u32 type, __u32 dev, __u32 gen)
{
	__u64 id = bpf_get_current_pid_tgid();

	h->at = bpf_ktime_get_ns();
	h->type = type;
	h->miss = 0;
	h->tgid = id >> 32;
	h->tid = (__u32)id;
	h->dev = dev;
	h->gen = gen;
}

#define RING_NR_crit RING_CRIT
#define RING_NR_bulk RING_BULK

#define RESERVE(ring, TAG, kind, dev, gen)                                                         \
	({                                                                                         \
		__u32 gen_ = (gen); /* the ordinals of lost state records are used up as well */   \
		struct ev_##kind *e_ = bpf_ringbuf_reserve(&ring, sizeof(*e_), 0);                 \
		count_record(RING_NR_##ring, !e_);                                                 \
		if (e_)                                                                            \
			fill_hdr(&e_->hdr, EV_##TAG, dev, gen_);                                   \
		e_;                                                                                \
	})

#define SUBMIT(e) bpf_ringbuf_submit(e, 0)

#endif
