/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a thread is doing inside the kernel, for those it calls. */
#ifndef MIGWATCH_TASK_OP_BPF_H
#define MIGWATCH_TASK_OP_BPF_H

#include "ring.bpf.h"

struct task_op {
	__u32 op;
	__u32 faults; /* OP_MAP_DMA: BAR faults answered so far */
	__u64 began;
};

enum {
	OP_RESET = ZAP_RESET,
	OP_HOT_RESET = ZAP_HOT_RESET,
	OP_CONFIG = ZAP_CONFIG,
	OP_LOW_POWER = ZAP_LOW_POWER,
	OP_MAP_DMA,
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64); /* pid_tgid */
	__type(value, struct task_op);
} task_ops SEC(".maps")
__weak;

static __always_inline void op_enter(__u32 op)
{
	__u64 task = bpf_get_current_pid_tgid();
	struct task_op t = {.op = op, .began = bpf_ktime_get_ns()};

	bpf_map_update_elem(&task_ops, &task, &t, BPF_ANY);
}

static __always_inline struct task_op *current_op(void)
{
	__u64 task = bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(&task_ops, &task);
}

/* When the operation began; 0 if its entry was not seen. */
static __always_inline __u64 op_exit(void)
{
	__u64 task = bpf_get_current_pid_tgid();
	struct task_op *t = bpf_map_lookup_elem(&task_ops, &task);
	__u64 began = t ? t->began : 0;

	bpf_map_delete_elem(&task_ops, &task);
	return began;
}

#endif
