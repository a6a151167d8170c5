/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What dirty tracking is asked to cover, and what it reports. */
#ifndef MIGWATCH_DIRTY_BPF_H
#define MIGWATCH_DIRTY_BPF_H

#include <linux/vfio.h>
#include "device.bpf.h"

#define MAX_RANGES 256 /* the kernel takes no more: a page full of them */

/* emit_ranges() and emit_bits() are walked once: see landed(). */

struct ranges {
	struct vfio_device_feature_dma_logging_range *at; /* in user memory */
	__u64 page_size;
	__u32 dev, gen;
};

static long emit_range(__u32 i, struct ranges *r)
{
	struct vfio_device_feature_dma_logging_range range = {};
	bool miss = bpf_probe_read_user(&range, sizeof(range), r->at + i);
	struct ev_dirty_range *e = RESERVE(crit, DIRTY_RANGE, dirty_range, r->dev, r->gen);

	if (!e)
		return 0;
	e->hdr.miss = miss ? MISS_USER_ARGS : 0;
	e->iova = range.iova;
	e->size = range.length;
	e->page_size = r->page_size;
	SUBMIT(e);
	return 0;
}

__weak int emit_ranges(__u32 dev, __u32 gen, __u64 at, __u32 count, __u64 page_size)
{
	struct ranges r = {.at = (void *)at, .page_size = page_size, .dev = dev, .gen = gen};

	bpf_loop(count < MAX_RANGES ? count : MAX_RANGES, emit_range, &r, 0);
	return 0;
}

#define CHUNK 16	/* words of a bitmap that are read at a time */
#define MAX_CHUNKS 2048 /* 8 GiB in pages of 4 KiB; a report of more is looked at so far */

struct bitmap {
	__u64 *at; /* in user memory */
	__u64 nr_bits;
	__u64 count;	   /* bits set ... */
	__u64 first, last; /* ... and where */
	__u64 chunk;	   /* number of the first bit in words[] */
	__u64 unread;
	__u64 words[CHUNK];
};

static __always_inline __u64 bits_in(__u64 w)
{
	w -= w >> 1 & 0x5555555555555555;
	w = (w & 0x3333333333333333) + (w >> 2 & 0x3333333333333333);
	w = (w + (w >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return (w * 0x0101010101010101) >> 56;
}

/* Number of the lowest bit that is set: there is one. */
static __always_inline __u64 lowest(__u64 w)
{
	return bits_in((w & -w) - 1);
}

static __always_inline __u64 highest(__u64 w)
{
	w |= w >> 1;
	w |= w >> 2;
	w |= w >> 4;
	w |= w >> 8;
	w |= w >> 16;
	w |= w >> 32;
	return bits_in(w) - 1;
}

static long count_word(__u32 i, struct bitmap *b)
{
	__u64 at, w;

	if (i >= CHUNK)
		return 1;
	w = b->words[i];
	at = b->chunk + i * 64;
	if (at + 64 > b->nr_bits)
		w &= (1ull << (b->nr_bits & 63)) - 1;
	if (!w)
		return 0;
	if (!b->count)
		b->first = at + lowest(w);
	b->last = at + highest(w);
	b->count += bits_in(w);
	return 0;
}

static long count_chunk(__u32 i, struct bitmap *b)
{
	__u64 nr, any = 0;

	b->chunk = (__u64)i * CHUNK * 64;
	nr = (b->nr_bits - b->chunk + 63) / 64;
	if (nr > CHUNK)
		nr = CHUNK;
	__builtin_memset(b->words, 0, sizeof(b->words));
	/* The kernel has written to it just now: gone only if another thread took it away. */
	if (bpf_probe_read_user(b->words, nr * sizeof(b->words[0]), b->at + (__u64)i * CHUNK))
		b->unread = 1;
	for (int j = 0; j < CHUNK; j++)
		any |= b->words[j];
	if (any)
		bpf_loop(CHUNK, count_word, b, 0);
	return 0;
}

/* What was reported, and to whom. */
struct report {
	__u32 dev, gen;
	__u32 container;
	__u32 pad;
	__u64 iova, size, page_size;
	__u64 bitmap; /* in user memory */
};

/*
 * Counts the user's bitmap, after the kernel has written to it. A device's report only sets bits: a
 * user that does not clear the bitmap first reports old ones to itself, and to us.
 */
__weak int emit_bits(struct report *r)
{
	struct bitmap b = {};
	struct ev_dirty_bits *e;
	__u64 chunks;

	if (!r || !r->page_size || !r->size)
		return 0;
	b.at = (void *)r->bitmap;
	b.nr_bits = (r->size + r->page_size - 1) / r->page_size;
	chunks = (b.nr_bits + CHUNK * 64 - 1) / (CHUNK * 64);
	bpf_loop(chunks < MAX_CHUNKS ? chunks : MAX_CHUNKS, count_chunk, &b, 0);
	e = RESERVE(crit, DIRTY_BITS, dirty_bits, r->dev, r->gen);
	if (!e)
		return 0;
	e->container = r->container;
	e->partial = b.unread || chunks > MAX_CHUNKS;
	e->first = b.count ? r->iova + b.first * r->page_size : 0;
	e->last = b.count ? r->iova + b.last * r->page_size : 0;
	e->bits = b.count;
	e->page_size = r->page_size;
	SUBMIT(e);
	return 0;
}

#endif
