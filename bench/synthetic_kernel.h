/* SPDX-License-Identifier: Apache-2.0 */
/* A made-up kernel side for bench/live: rings that are filled whenever they are empty. */
#ifndef SYNTHETIC_KERNEL_H
#define SYNTHETIC_KERNEL_H

#include "wire.h"

struct synthetic_ring {
	char *bytes;
	__u32 size; /* of the ring, as in mw_config */
	__u32 used; /* bytes of records that were put in, */
	__u32 read; /* and of these, taken out */
	__u64 made; /* records, since start */
};
extern struct synthetic_ring rings[MW_RINGS];

/* The first record comes after this time. */
void produce_from(ktime_ns start);
/* Fills the empty rings with what a busy host does, until one is full; times lie before `until`. */
void produce(ktime_ns until);

#endif
