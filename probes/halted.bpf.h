/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How many devices are halted, and of whom: for the probes that are attached on need only. */
#ifndef MIGWATCH_HALTED_BPF_H
#define MIGWATCH_HALTED_BPF_H

#include "signal.bpf.h"

/* Devices with d->halted, and those of them that signal. */
__u32 nr_halted __weak, nr_halted_signalling __weak;

#define HALTED_PLACES 8

/* A process's devices that are halted: how many, and which, as far as there are places. */
struct halted {
	__u32 place[HALTED_PLACES]; /* a slot, plus one; 0: free */
	__u32 n;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_DEVICES);
	__type(key, __u32); /* tgid */
	__type(value, struct halted);
} halted_of_vm SEC(".maps")
__weak;

static __always_inline void take_place(struct halted *of_vm, __u32 slot)
{
	for (int i = 0; i < HALTED_PLACES; i++)
		if (!__sync_val_compare_and_swap(&of_vm->place[i], 0, slot + 1))
			return;
}

static __always_inline void leave_place(struct halted *of_vm, __u32 slot)
{
	for (int i = 0; i < HALTED_PLACES; i++)
		__sync_val_compare_and_swap(&of_vm->place[i], slot + 1, 0);
}

static __always_inline void halt(struct dev_info *d)
{
	struct halted none = {}, *of_vm;
	struct dev_ref of = ref_of(d);
	__u32 tgid = d->tgid;

	if (__sync_val_compare_and_swap(&d->halted, 0, 1))
		return;
	bpf_map_update_elem(&halted_of_vm, &tgid, &none, BPF_NOEXIST);
	of_vm = bpf_map_lookup_elem(&halted_of_vm, &tgid);
	if (of_vm) {
		take_place(of_vm, d->slot);
		__sync_fetch_and_add(&of_vm->n, 1);
	}
	__sync_fetch_and_add(&nr_halted, 1);
	if (d->signals) {
		bpf_loop(SIGNAL_PLACES, list_signal, &of, 0);
		__sync_fetch_and_add(&nr_halted_signalling, 1);
	}
}

static __always_inline void unhalt(struct dev_info *d)
{
	struct dev_ref of = ref_of(d);
	__u32 tgid = d->tgid;
	struct halted *of_vm;

	if (!__sync_val_compare_and_swap(&d->halted, 1, 0))
		return;
	of_vm = bpf_map_lookup_elem(&halted_of_vm, &tgid);
	if (of_vm) {
		leave_place(of_vm, d->slot);
		__sync_fetch_and_add(&of_vm->n, -1);
	}
	__sync_fetch_and_add(&nr_halted, -1);
	if (d->signals) {
		bpf_loop(SIGNAL_PLACES, unlist_signal, &of, 0);
		__sync_fetch_and_add(&nr_halted_signalling, -1);
	}
}

#endif
