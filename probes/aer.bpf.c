// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* PCIe advanced error reporting: what was reported, of whom, and which VFIO device is made to know.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "device.bpf.h"

struct by_name {
	char name[40] __attribute__((aligned(8))); /* compared by words */
	__u32 id, gen;
	__u32 reporter; /* see dev_info.error_by */
};

static __always_inline __u32 this_thread(void)
{
	return (__u32)bpf_get_current_pid_tgid();
}

static long compare_name(__u32 slot, struct by_name *wanted)
{
	struct dev_info *d = bpf_map_lookup_elem(&slots, &slot);
	char name[40] __attribute__((aligned(8))) = {};
	struct vfio_device *vdev; /* a plain local: d itself is no kernel structure */
	struct device *dev;

	if (!d)
		return 1;
	if (!d->id)
		return 0;
	vdev = (void *)d->vdev;
	dev = BPF_CORE_READ(vdev, dev);
	bpf_probe_read_kernel_str(name, sizeof(name), device_name(dev));
	for (int i = 0; i < sizeof(name); i += 8)
		if (*(__u64 *)(name + i) != *(__u64 *)(wanted->name + i))
			return 0;
	wanted->id = d->id;
	wanted->gen = d->gen;
	d->error_by = wanted->reporter;
	return 1;
}

static __always_inline void emit_aer(struct by_name *dev, __u32 severity, __u32 status)
{
	struct ev_aer *e = RESERVE(crit, AER, aer, dev->id, dev->gen);

	if (!e)
		return;
	e->aer_severity = severity;
	e->status = status;
	__builtin_memcpy(e->bdf, dev->name, sizeof(e->bdf));
	SUBMIT(e);
}

/* (name, status, severity, ...), the same since 4.19. Of any device or port: errors are rare. */
SEC("raw_tp/aer_event")
int aer_event(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 severity = (__u8)ctx->args[2];
	struct by_name dev = {.reporter = severity == AER_CORRECTABLE ? 0 : this_thread()};

	bpf_probe_read_kernel_str(dev.name, sizeof(dev.name), (void *)ctx->args[0]);
	bpf_loop(ALL_SLOTS, compare_name, &dev, 0);
	emit_aer(&dev, severity, ctx->args[1]);
	return 0;
}

#define CHANNEL_IO_NORMAL 1 /* linux/pci.h: pci_channel_io_normal; the link still works */

/*
 * Recovery begins, in the thread that has reported the error: each device below the port is told.
 * Of the device whose error it is that has been said; for the others it is another's, or the
 * port's.
 */
SEC("fentry/vfio_pci_core_aer_err_detected")
int BPF_PROG(vfio_pci_core_aer_err_detected, struct pci_dev *pdev, __u32 state)
{
	__u64 key = (__u64)pdev + bpf_core_field_offset(struct pci_dev, dev);
	struct dev_info *d = in_slot(bpf_map_lookup_elem(&slot_of_device, &key));
	struct by_name dev = {};

	if (!d || __sync_lock_test_and_set(&d->error_by, 0) == this_thread())
		return 0;
	bpf_probe_read_kernel_str(dev.name, sizeof(dev.name), device_name((struct device *)key));
	dev.id = d->id;
	dev.gen = d->gen;
	emit_aer(&dev, state == CHANNEL_IO_NORMAL ? AER_NONFATAL : AER_FATAL, 0);
	return 0;
}
