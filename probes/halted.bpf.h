/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How many devices are halted, and of whom: for the probes that are attached on need only. */
#ifndef MIGWATCH_HALTED_BPF_H
#define MIGWATCH_HALTED_BPF_H

#include "dev_info.bpf.h"

/* Devices with d->halted, and those of them that signal. */
__u32 nr_halted __weak, nr_halted_signalling __weak;

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_DEVICES);
	__type(key, __u32);   /* tgid */
	__type(value, __u32); /* how many of its devices are halted */
} halted_of_vm SEC(".maps")
__weak;

static __always_inline void halt(struct dev_info *d)
{
	__u32 none = 0, tgid = d->tgid, *of_vm;

	if (__sync_val_compare_and_swap(&d->halted, 0, 1))
		return;
	bpf_map_update_elem(&halted_of_vm, &tgid, &none, BPF_NOEXIST);
	of_vm = bpf_map_lookup_elem(&halted_of_vm, &tgid);
	if (of_vm)
		__sync_fetch_and_add(of_vm, 1);
	__sync_fetch_and_add(&nr_halted, 1);
	if (d->signals)
		__sync_fetch_and_add(&nr_halted_signalling, 1);
}

static __always_inline void unhalt(struct dev_info *d)
{
	__u32 tgid = d->tgid, *of_vm;

	if (!__sync_val_compare_and_swap(&d->halted, 1, 0))
		return;
	of_vm = bpf_map_lookup_elem(&halted_of_vm, &tgid);
	if (of_vm)
		__sync_fetch_and_add(of_vm, -1);
	__sync_fetch_and_add(&nr_halted, -1);
	if (d->signals)
		__sync_fetch_and_add(&nr_halted_signalling, -1);
}

#endif
