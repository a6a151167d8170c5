// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The least there can be: what the kernel takes for programs that do nothing, at the places where
 * ours are; and for one a call that makes a record of the time and the thread and nothing else.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef RECORD
#define RECORD_BYTES 56 /* as most of ours have */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20); /* for all that is measured: what finds no room is cheaper */
} records SEC(".maps");

static __always_inline void work(void)
{
	__u64 *record = bpf_ringbuf_reserve(&records, RECORD_BYTES, 0);

	if (!record)
		return;
	record[0] = bpf_ktime_get_ns();
	record[1] = bpf_get_current_pid_tgid();
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}
#else
static __always_inline void work(void)
{
}
#endif

#define PROGRAM(where, function)                                                                   \
	SEC(#where "/" #function)                                                                  \
	int where##_##function(void *ctx)                                                          \
	{                                                                                          \
		work();                                                                            \
		return 0;                                                                          \
	}

#ifndef RECORD
PROGRAM(fentry, vfio_device_fops_unl_ioctl)
#endif
PROGRAM(fexit, vfio_device_fops_unl_ioctl)
PROGRAM(fexit, vfio_device_fops_read)
PROGRAM(fexit, vfio_pci_mmap_huge_fault)
PROGRAM(fentry, vfio_msihandler)

char _license[] SEC("license")
= "Dual BSD/GPL";
