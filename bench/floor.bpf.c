// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Programs that do nothing: what the kernel takes for having one at a function's entry, or at its end. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define NOTHING(where, function)                                                                   \
	SEC(#where "/" #function)                                                                  \
	int where##_##function(void *ctx)                                                          \
	{                                                                                          \
		return 0;                                                                          \
	}

#ifdef ENTRY
NOTHING(fentry, vfio_device_fops_unl_ioctl)
NOTHING(fentry, vfio_device_fops_read)
NOTHING(fentry, vfio_msihandler)
#endif
#ifdef EXIT
NOTHING(fexit, vfio_device_fops_unl_ioctl)
NOTHING(fexit, vfio_device_fops_read)
NOTHING(fexit, vfio_pci_mmap_huge_fault)
#endif

char _license[] SEC("license") = "Dual BSD/GPL";
