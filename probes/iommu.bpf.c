// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * DMA that the IOMMU refused. Intel's driver tells of it only in the kernel log
 * (dmar_fault_do_one() is inlined): these two say when to read that. AMD's comes by a tracepoint.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "device.bpf.h"
#include "bell.bpf.h"

/* The log has nothing of this interrupt before this. */
SEC("fentry/dmar_fault")
int BPF_PROG(dmar_fault_enter)
{
	__sync_val_compare_and_swap(&bell_first, 0, bpf_ktime_get_ns());
	return 0;
}

SEC("fexit/dmar_fault")
int BPF_PROG(dmar_fault)
{
	ring_bell();
	return 0;
}

#define IOMMU_FAULT_WRITE 1 /* linux/iommu.h */

/* (dev, iova, flags) of report_iommu_fault(). Arm's SMMU drivers pass no device. */
SEC("raw_tp/io_page_fault")
int io_page_fault(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 dev = ctx->args[0];
	struct dev_info *d = in_slot(bpf_map_lookup_elem(&slot_of_device, &dev));
	struct ev_iommu_fault *e;

	if (dev && !d)
		return 0; /* of a device that no user has */
	e = RESERVE(bulk, IOMMU_FAULT, iommu_fault, d ? d->id : 0, d ? d->gen : 0);
	if (!e)
		return 0;
	e->logged = e->hdr.at;
	e->iova = ctx->args[1];
	e->write = (ctx->args[2] & IOMMU_FAULT_WRITE) != 0;
	e->reason = ctx->args[2];
	__builtin_memset(e->bdf, 0, sizeof(e->bdf));
	if (dev)
		bpf_probe_read_kernel_str(e->bdf, sizeof(e->bdf),
					  device_name((struct device *)dev));
	SUBMIT(e);
	return 0;
}
