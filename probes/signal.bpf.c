// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Interrupts of devices whose driver signals the eventfd itself. The whole host signals eventfds,
 * so these are attached only while such a device is halted: attach_needed().
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "device.bpf.h"

static __always_inline int signalled(__u64 eventfd)
{
	struct vector *v = bpf_map_lookup_elem(&vector_of_eventfd, &eventfd);
	struct dev_info *d = v ? device_at(&v->of) : 0;
	struct ev_irq *e;
	__u32 place;

	if (!d || !d->watched)
		return 0;
	place = v->place;
	if (place >= SIGNAL_PLACES || d->signal[place].eventfd != eventfd)
		return 0;
	/* SET_IRQS may trigger an interrupt: the user's doing, which its own record tells. */
	if (d->irq_setter == (__u32)bpf_get_current_pid_tgid())
		return 0;
	if (!touch_in_full(d, TALLY_EVENTFD, EV_IRQ, IRQ_EVENTFD, 0))
		return 0;
	e = RESERVE(bulk, IRQ, irq, d->id, d->gen);
	if (!e)
		return 0;
	e->irq_kind = IRQ_EVENTFD;
	e->irq = 0;
	SUBMIT(e);
	return 0;
}

/* "eventfd: simplify eventfd_signal()" (6.8) made this an inline function around the next one. */
SEC("fentry/eventfd_signal")
int BPF_PROG(eventfd_signal, __u64 eventfd)
{
	return signalled(eventfd);
}

SEC("fentry/eventfd_signal_mask")
int BPF_PROG(eventfd_signal_mask, __u64 eventfd)
{
	return signalled(eventfd);
}
