// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What has only been counted, told because user space asks: see limit.bpf.h. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "device.bpf.h"

struct bpf_map;

static long tell_one_device(__u32 slot, void *ctx)
{
	struct dev_info *d = bpf_map_lookup_elem(&slots, &slot);

	if (!d)
		return 1;
	tell_device(d);
	return 0;
}

static long tell_one_session(struct bpf_map *map, __u64 *file, struct session *s, void *ctx)
{
	tell_session(s);
	return 0;
}

SEC("syscall")
int tell_repeats(void *ctx)
{
	untold = 0;
	bpf_loop(ALL_SLOTS, tell_one_device, 0, 0);
	bpf_for_each_map_elem(&sessions, tell_one_session, 0, 0);
	return 0;
}
