/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The interrupts of a vfio-pci device that are set up already, and the eventfds they signal. */
#ifndef MIGWATCH_KNOWN_IRQS_BPF_H
#define MIGWATCH_KNOWN_IRQS_BPF_H

#include "irqs.bpf.h"

/* linux/xarray.h: an entry that is a node has its two low bits 10, and is no small number. */
#define XA_CHUNK_SHIFT 6
#define XA_CHUNK_MASK 63
#define XA_LEVELS 2 /* MAX_VECTORS is below 64 * 64 */

static __always_inline bool xa_is_node(__u64 entry)
{
	return (entry & 3) == 2 && entry > 4096;
}

static __always_inline __u64 xa_entry(__u64 head, __u32 index)
{
	if (!xa_is_node(head))
		return index ? 0 : head;
	for (int level = 0; level < XA_LEVELS && xa_is_node(head); level++) {
		struct xa_node *node = (void *)(head - 2);
		__u32 shift = BPF_CORE_READ(node, shift), slot = index >> (shift & 31);
		void *entry = 0;

		if (slot > XA_CHUNK_MASK && level == 0)
			return 0;
		bpf_core_read(&entry, sizeof(entry), &node->slots[slot & XA_CHUNK_MASK]);
		head = (__u64)entry;
	}
	return xa_is_node(head) ? 0 : head;
}

struct irq_walk {
	struct dev_ref of;
	__u64 head;
	__u32 vectors;
};

/* As SET_IRQS would have: from here on the handler's argument names the device. */
static long known_vector(__u32 i, struct irq_walk *w)
{
	struct vfio_pci_irq_ctx *ctx = (void *)xa_entry(w->head, i);
	__u64 eventfd = ctx ? (__u64)BPF_CORE_READ(ctx, trigger) : 0;

	if (!eventfd)
		return 0;
	w->vectors++;
	bpf_map_update_elem(&dev_of_eventfd, &eventfd, &w->of, BPF_ANY);
	return 0;
}

static __always_inline void emit_known_irqs(struct dev_info *d, __u32 index, __u32 count)
{
	struct ev_known_irqs *e = RESERVE(crit, KNOWN_IRQS, known_irqs, d->id, d->gen);

	if (!e)
		return;
	e->index = index;
	e->count = count;
	e->certainty = CERTAINTY_VERIFIED;
	e->pad = 0;
	SUBMIT(e);
}

static __always_inline __u32 known_vectors(struct dev_info *d, struct vfio_pci_core_device *core)
{
	struct irq_walk w = {.of = ref_of(d)};

	/* "vfio/pci: Use xarray for interrupt context storage" (6.5) took the count away. */
	if (bpf_core_field_exists(core->num_ctx))
		return BPF_CORE_READ(core, num_ctx);
	w.head = (__u64)BPF_CORE_READ(core, ctx.xa_head);
	bpf_loop(MAX_VECTORS, known_vector, &w, 0);
	return w.vectors;
}

static __always_inline void tell_irqs(struct vfio_device *vdev, struct dev_info *d)
{
	struct vfio_pci_core_device *core;
	struct device *dev;
	__s32 type;

	/* vfio-pci is not loaded: no device is one of its own. */
	if (!bpf_core_type_exists(struct vfio_pci_core_device))
		return;
	core = (void *)vdev - bpf_core_field_offset(struct vfio_pci_core_device, vdev);
	dev = (void *)BPF_CORE_READ(core, pdev) + bpf_core_field_offset(struct pci_dev, dev);
	/* Not every vfio_device is part of a vfio_pci_core_device: only these name their pci_dev
	 * there. */
	if (dev != BPF_CORE_READ(vdev, dev))
		return;
	d->bound = 1;
	type = BPF_CORE_READ(core, irq_type);
	if (type >= VFIO_PCI_INTX_IRQ_INDEX && type <= VFIO_PCI_MSIX_IRQ_INDEX)
		emit_known_irqs(d, type, known_vectors(d, core));
	if (BPF_CORE_READ(core, err_trigger))
		emit_known_irqs(d, VFIO_PCI_ERR_IRQ_INDEX, 1);
	if (BPF_CORE_READ(core, req_trigger))
		emit_known_irqs(d, VFIO_PCI_REQ_IRQ_INDEX, 1);
}

#endif
