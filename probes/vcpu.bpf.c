// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * vCPUs that run although a device of their VM is not INIT. Attached only while a device is halted
 * (attach_needed()); the vCPUs of other VMs cost a look-up that fails.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "device.bpf.h"

struct entry {
	__u32 tgid;
	__u32 vcpu;
};

/* Walked once: see landed(). */
__weak int emit_entry(struct dev_info *d, __u32 vcpu)
{
	struct ev_vcpu_entry *e;

	if (!d || !touch_in_full(d, TALLY_VCPU, EV_VCPU_ENTRY, 0, 0))
		return 0;
	e = RESERVE(bulk, VCPU_ENTRY, vcpu_entry, d->id, d->gen);
	if (!e)
		return 0;
	e->vcpu = vcpu;
	e->pad = 0;
	SUBMIT(e);
	return 0;
}

static long tell_entry(__u32 slot, struct entry *entry)
{
	struct dev_info *d = bpf_map_lookup_elem(&slots, &slot);

	if (!d)
		return 1;
	if (d->tgid == entry->tgid && d->halted)
		emit_entry(d, entry->vcpu);
	return 0;
}

/* False: a device of the VM has found no place. */
static __always_inline bool all_placed(struct halted *of_vm)
{
	__u32 n = 0;

	for (int i = 0; i < HALTED_PLACES; i++)
		n += of_vm->place[i] != 0;
	return n >= of_vm->n;
}

static __always_inline void tell_placed(struct halted *of_vm, struct entry *entry)
{
	for (int i = 0; i < HALTED_PLACES; i++) {
		__u32 place = of_vm->place[i];

		if (place)
			tell_entry(place - 1, entry);
	}
}

/* The vCPU has been the first argument since 5.10; what follows it changed. */
SEC("raw_tp/kvm_entry")
int kvm_entry(struct bpf_raw_tracepoint_args *ctx)
{
	struct entry entry = {.tgid = bpf_get_current_pid_tgid() >> 32};
	struct halted *of_vm = bpf_map_lookup_elem(&halted_of_vm, &entry.tgid);

	if (!of_vm || !of_vm->n)
		return 0;
	entry.vcpu = BPF_CORE_READ((struct kvm_vcpu *)ctx->args[0], vcpu_id);
	if (all_placed(of_vm))
		tell_placed(of_vm, &entry);
	else /* dear: by the size of the table */
		bpf_loop(ALL_SLOTS, tell_entry, &entry, 0);
	return 0;
}
