// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Interrupts that KVM has the IOMMU deliver straight to a vCPU (posted): no handler of the host
 * runs, and "no interrupt was seen" means nothing then. The tracepoint knows the host interrupt,
 * the producer's entry the eventfd of that interrupt, SET_IRQS the device of that eventfd.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bypass.bpf.h"

/* "irqbypass: Take ownership of producer/consumer token tracking" (6.17) renamed token. */
struct irq_bypass_producer___now {
	void *eventfd;
} __attribute__((preserve_access_index));

SEC("fentry/kvm_arch_irq_bypass_add_producer")
int BPF_PROG(kvm_arch_irq_bypass_add_producer, void *consumer, struct irq_bypass_producer *producer)
{
	struct irq_bypass_producer___now *now = (void *)producer;
	__u32 irq = BPF_CORE_READ(producer, irq);
	__u64 eventfd;

	if (bpf_core_field_exists(now->eventfd))
		eventfd = (__u64)BPF_CORE_READ(now, eventfd);
	else
		eventfd = (__u64)BPF_CORE_READ(producer, token);
	bpf_map_update_elem(&eventfd_of_irq, &irq, &eventfd, BPF_ANY);
	return 0;
}

/* Its arguments changed with 6.17, its fields did not: the classic form is the stable one. */
SEC("tp/kvm/kvm_pi_irte_update")
int kvm_pi_irte_update(struct trace_event_raw_kvm_pi_irte_update *ctx)
{
	__u32 irq = BPF_CORE_READ(ctx, host_irq);
	struct bypass now = {.irq = irq, .posted = BPF_CORE_READ(ctx, set)}, *before;
	__u64 *eventfd = bpf_map_lookup_elem(&eventfd_of_irq, &irq);
	struct dev_ref *of;
	struct dev_info *d;

	if (!eventfd)
		return 0;
	before = bpf_map_lookup_elem(&bypass_of_eventfd, eventfd);
	/* Each time a vCPU moves it comes by here again. */
	if (before && before->irq == now.irq && before->posted == now.posted)
		return 0;
	of = bpf_map_lookup_elem(&dev_of_eventfd, eventfd);
	d = of ? device_at(of) : 0;
	now.told = d != 0;
	bpf_map_update_elem(&bypass_of_eventfd, eventfd, &now, BPF_ANY);
	any_bypass = 1;
	if (d)
		emit_bypass(d, &now);
	return 0;
}
