// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Resets that come another way than by ioctl: FLR by a config write, sysfs. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "reset.bpf.h"

static __always_inline void function_reset(struct pci_dev *pdev, int ret)
{
	__u64 dev = (__u64)pdev + bpf_core_field_offset(struct pci_dev, dev);
	struct dev_info *d = in_slot(bpf_map_lookup_elem(&slot_of_device, &dev));
	struct task_op *op;

	if (!d)
		return;
	op = current_op();
	if (op && (op->op == OP_RESET || op->op == OP_HOT_RESET))
		return; /* part of a reset ioctl, which reports itself */
	emit_reset(d, RESET_FUNCTION, bpf_ktime_get_ns(), ret);
}

SEC("fexit/pci_try_reset_function")
int BPF_PROG(pci_try_reset_function, struct pci_dev *pdev, int ret)
{
	function_reset(pdev, ret);
	return 0;
}

SEC("fexit/pci_reset_function")
int BPF_PROG(pci_reset_function, struct pci_dev *pdev, int ret)
{
	function_reset(pdev, ret);
	return 0;
}
