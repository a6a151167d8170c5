// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What vfio-pci-core does: BAR faults and zaps, ioeventfds, interrupts. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "device.bpf.h"
#include "task_op.bpf.h"

static __always_inline struct vfio_device *core_vdev(struct vfio_pci_core_device *core)
{
	return (void *)core + bpf_core_field_offset(struct vfio_pci_core_device, vdev);
}

/* The device, if what touches it is worth recording. */
static __always_inline struct dev_info *watched_core(struct vfio_pci_core_device *core)
{
	struct dev_info *d = dev_of(core_vdev(core));

	return d && d->watched ? d : 0;
}

#define VM_FAULT_SIGBUS 0x2
#define VM_FAULT_FALLBACK 0x800

/*
 * MAP_DMA faults a large BAR in page by page, a million times: its first fault that
 * mapped something says it all. A refusal ends it, and is always said.
 */
static __always_inline bool prefault_told(struct task_op *op, unsigned int ret)
{
	return !(ret & VM_FAULT_SIGBUS) && op->faults++;
}

static __always_inline bool fault_in_full(struct dev_info *d, __u64 pos, unsigned int ret)
{
	__u64 bar = pos >> REGION_SHIFT;
	__u32 part = bar < BAR_PARTS ? bar : BAR_PARTS - 1;

	if (ret & VM_FAULT_SIGBUS)
		return touch_in_full(d, TALLY_REFUSED + part, EV_FAULT, part, 0);
	return touch_in_full(d, TALLY_FAULT + part, EV_FAULT, part, 1 << PAGE_SHIFT);
}

/*
 * Order-0 faults come through vfio_pci_mmap_page_fault(), which really calls this
 * one, so one hook sees them all. MAP_DMA of a BAR makes type1 fault the range in
 * by itself (fixup_user_fault): same handler, same thread, and no CPU touched it.
 * An attempt with too large a page is tried again and says nothing.
 */
static __noinline int BPF_PROG(bar_fault, struct vm_fault *vmf, unsigned int order,
			       unsigned int ret)
{
	struct vm_area_struct *vma;
	struct task_op *op;
	struct dev_info *d;
	struct ev_fault *e;
	bool prefault;
	__u64 pos;

	if (ret & VM_FAULT_FALLBACK)
		return 0;
	vma = BPF_CORE_READ(vmf, vma);
	d = watched_core(BPF_CORE_READ(vma, vm_private_data));
	if (!d)
		return 0;
	op = current_op();
	prefault = op && op->op == OP_MAP_DMA;
	pos = (BPF_CORE_READ(vma, vm_pgoff) << PAGE_SHIFT) + BPF_CORE_READ(vmf, address) -
	      BPF_CORE_READ(vma, vm_start);
	if (prefault ? prefault_told(op, ret) : !fault_in_full(d, pos, ret))
		return 0;
	e = RESERVE(bulk, FAULT, fault, d->id, d->gen);
	if (!e)
		return 0;
	e->pos = pos;
	e->ret = ret;
	e->order = order;
	e->prefault = prefault;
	e->pad = 0;
	SUBMIT(e);
	return 0;
}

SEC("fexit/vfio_pci_mmap_huge_fault")
int vfio_pci_mmap_huge_fault(__u64 *ctx)
{
	return nr_watched ? bar_fault(ctx) : 0;
}

/*
 * Zaps. vfio_pci_zap_bars() and its wrappers are inlined into most callers, so the
 * one function that all of them end in is hooked, with the constant range that only
 * vfio-pci-core asks for: the six BARs. For anybody else it costs two compares.
 */
#define BARS_LENGTH (6ull << REGION_SHIFT)

static __noinline int BPF_PROG(zap, struct address_space *mapping)
{
	__u64 key = (__u64)mapping;
	struct task_op *op;
	struct dev_info *d;
	struct ev_zap *e;

	d = in_slot(bpf_map_lookup_elem(&slot_of_mapping, &key));
	if (!d)
		return 0;
	op = current_op();
	e = RESERVE(crit, ZAP, zap, d->id, d->gen);
	if (!e)
		return 0;
	e->cause = op && op->op <= ZAP_LOW_POWER ? op->op : ZAP_OTHER;
	e->pad = 0;
	SUBMIT(e);
	return 0;
}

SEC("fentry/unmap_mapping_range")
int unmap_mapping_range(__u64 *ctx)
{
	return ctx[1] == 0 && ctx[2] == BARS_LENGTH ? zap(ctx) : 0;
}

/* Only config writes zap through this symbol: it tells the cause, not the zap. */
SEC("fentry/vfio_pci_zap_and_down_write_memory_lock")
int BPF_PROG(zap_by_config_enter, struct vfio_pci_core_device *core)
{
	/* A reset on a kernel that comes by here keeps its name. */
	if (!current_op())
		op_enter(OP_CONFIG);
	return 0;
}

SEC("fexit/vfio_pci_zap_and_down_write_memory_lock")
int BPF_PROG(zap_by_config_exit, struct vfio_pci_core_device *core)
{
	struct task_op *op = current_op();

	if (op && op->op == OP_CONFIG)
		op_exit();
	return 0;
}

SEC("fentry/vfio_pci_memory_lock_and_enable")
int BPF_PROG(vfio_pci_memory_lock_and_enable, struct vfio_pci_core_device *core)
{
	struct dev_info *d = known_dev(core_vdev(core));
	struct ev_memory_enable *e;

	if (!d)
		return 0;
	e = RESERVE(crit, MEMORY_ENABLE, memory_enable, d->id, d->gen);
	if (e)
		SUBMIT(e);
	return 0;
}

/* The thread variant runs only when this one asks for it: one record a write. */
static __noinline int BPF_PROG(ioeventfd, struct vfio_pci_ioeventfd *io)
{
	struct ev_ioeventfd *e;
	struct dev_info *d = watched_core(BPF_CORE_READ(io, vdev));
	if (!d || !touch_in_full(d, TALLY_IOEVENTFD, EV_IOEVENTFD, 0, BPF_CORE_READ(io, count)))
		return 0;
	e = RESERVE(bulk, IOEVENTFD, ioeventfd, d->id, d->gen);
	if (!e)
		return 0;
	e->pos = BPF_CORE_READ(io, pos);
	e->count = BPF_CORE_READ(io, count);
	e->value = BPF_CORE_READ(io, data);
	SUBMIT(e);
	return 0;
}

SEC("fentry/vfio_pci_ioeventfd_handler")
int vfio_pci_ioeventfd_handler(__u64 *ctx)
{
	return nr_watched ? ioeventfd(ctx) : 0;
}

static __always_inline int irq_of(struct dev_info *d, __u32 kind, int irq)
{
	struct ev_irq *e;

	if (!d || !d->watched)
		return 0;
	if (!touch_in_full(d, TALLY_INTX + kind - IRQ_INTX, EV_IRQ, kind, 0))
		return 0;
	e = RESERVE(bulk, IRQ, irq, d->id, d->gen);
	if (!e)
		return 0;
	e->irq_kind = kind;
	e->irq = irq;
	SUBMIT(e);
	return 0;
}

/* The argument is the eventfd that SET_IRQS bound: that is what names the device. */
static __noinline int BPF_PROG(msi, int irq, void *eventfd)
{
	__u64 key = (__u64)eventfd;
	struct dev_ref *of = bpf_map_lookup_elem(&dev_of_eventfd, &key);

	return of ? irq_of(device_at(of), IRQ_MSI, irq) : 0;
}

SEC("fentry/vfio_msihandler")
int vfio_msihandler(__u64 *ctx)
{
	return nr_watched ? msi(ctx) : 0;
}

/* The line may be shared: only what the handler says was the device's (IRQ_HANDLED, 1) counts. */
static __noinline int BPF_PROG(intx, int irq, void *dev_id, unsigned int ret)
{
	struct vfio_pci_core_device *core;

	if (ret != 1)
		return 0;
	/* "vfio/pci: Create persistent INTx handler" (6.9) made dev_id the irq's context. */
	if (bpf_core_field_exists(struct vfio_pci_irq_ctx, vdev))
		core = BPF_CORE_READ((struct vfio_pci_irq_ctx *)dev_id, vdev);
	else
		core = dev_id;
	return irq_of(known_dev(core_vdev(core)), IRQ_INTX, irq);
}

SEC("fexit/vfio_intx_handler")
int vfio_intx_handler(__u64 *ctx)
{
	return nr_watched ? intx(ctx) : 0;
}
