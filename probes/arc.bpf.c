// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Arcs of the migration state machine. Every in-tree migration driver calls this exported function
 * once per arc, before it executes the arc. The fourth argument is an `enum *`, which the verifier
 * refuses to load as a typed argument, hence bpf_get_func_arg().
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "device.bpf.h"

SEC("fexit/vfio_mig_get_next_state")
int vfio_mig_get_next_state(__u64 *ctx)
{
	__u64 vdev = 0, cur = 0, requested = 0, next = 0, ret = 0;
	struct dev_info *d;
	struct ev_mig_arc *e;
	__u32 next_state = 0;

	bpf_get_func_arg(ctx, 0, &vdev);
	bpf_get_func_arg(ctx, 1, &cur);
	bpf_get_func_arg(ctx, 2, &requested);
	bpf_get_func_arg(ctx, 3, &next);
	bpf_get_func_ret(ctx, &ret);
	d = dev_of((struct vfio_device *)vdev);
	if (!d)
		return 0;
	e = RESERVE(crit, MIG_ARC, mig_arc, d->id, next_gen(d));
	if (!e)
		return 0;
	if (!(int)ret && bpf_probe_read_kernel(&next_state, sizeof(next_state), (void *)next))
		e->hdr.miss = MISS_KERNEL;
	e->cur = cur;
	e->requested = requested;
	e->next = next_state;
	e->ret = ret;
	SUBMIT(e);
	return 0;
}
