/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which eventfds' interrupts are posted. SET_IRQS may bind the eventfd to its device only
 * afterwards. */
#ifndef MIGWATCH_BYPASS_BPF_H
#define MIGWATCH_BYPASS_BPF_H

#include "device.bpf.h"

struct bypass {
	__u32 irq;
	__u32 posted;
	__u32 told;
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);   /* Linux interrupt number */
	__type(value, __u64); /* struct eventfd_ctx * */
} eventfd_of_irq SEC(".maps")
__weak;

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64); /* struct eventfd_ctx * */
	__type(value, struct bypass);
} bypass_of_eventfd SEC(".maps")
__weak;

__u32 any_bypass __weak; /* 0: there is no entry to look for */

static __always_inline void emit_bypass(struct dev_info *d, struct bypass *b)
{
	struct ev_irq_bypass *e = RESERVE(crit, IRQ_BYPASS, irq_bypass, d->id, d->gen);

	if (!e)
		return;
	e->irq = b->irq;
	e->posted = b->posted;
	SUBMIT(e);
}

/* An eventfd has just been bound to a device. */
static __always_inline void tell_bypass(__u64 eventfd, const struct dev_ref *of)
{
	struct dev_info *d;
	struct bypass *b;

	if (!any_bypass)
		return;
	b = bpf_map_lookup_elem(&bypass_of_eventfd, &eventfd);
	if (!b || b->told)
		return;
	d = device_at(of);
	if (!d)
		return;
	b->told = 1;
	emit_bypass(d, b);
}

#endif
