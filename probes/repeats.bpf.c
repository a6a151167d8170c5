// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What has only been counted, told because user space asks: see limit.bpf.h. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "device.bpf.h"

struct bpf_map;

static long tell_one_device(struct bpf_map *map, __u32 *dev, struct tallies *of, void *ctx)
{
	tell_device(*dev);
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
	bpf_for_each_map_elem(&device_tallies, tell_one_device, 0, 0);
	bpf_for_each_map_elem(&sessions, tell_one_session, 0, 0);
	return 0;
}
