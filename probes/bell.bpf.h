/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Wakes the agent although there is no record for it: it has something to read elsewhere. */
#ifndef MIGWATCH_BELL_BPF_H
#define MIGWATCH_BELL_BPF_H

#include "ring.bpf.h"

__u64 bell_first __weak; /* when what rang began; 0 since the agent last took it */
__u32 bells __weak;
__u64 bell_last __weak;

#define BELL_NS 10000000ull /* a device that faults all the time shall not keep the agent awake */

static __always_inline void ring_bell(void)
{
	__u64 now = bpf_ktime_get_ns();
	void *e;

	if (now - bell_last < BELL_NS)
		return;
	bell_last = now;
	__sync_fetch_and_add(&bells, 1);
	e = bpf_ringbuf_reserve(&crit, sizeof(struct ev_hdr), 0);
	if (e)
		bpf_ringbuf_discard(e, BPF_RB_FORCE_WAKEUP);
}

#endif
