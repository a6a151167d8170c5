// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* libmigwatch.so's public functions; see shim.h. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "shim_impl.h"

static struct migwatch *base; /* the maps; no programs */

MW_API int mw_abi(void)
{
	return MW_ABI;
}

MW_API int mw_record_size(__u32 type)
{
	switch (type) {
#define X(tag, TAG, name)                                                                          \
	case EV_##TAG:                                                                             \
		_Static_assert(sizeof(struct ev_##name) % 8 == 0, "records stay aligned");         \
		return sizeof(struct ev_##name);
		EV_KINDS(X)
#undef X
	}
	return 0;
}

MW_API int mw_open(__u32 crit_bytes, __u32 bulk_bytes)
{
	struct bpf_program *prog;
	int err;

	why_install();
	why_reset();
	if (base)
		return failed(-EBUSY, "opening twice");
	base = migwatch__open();
	if (!base)
		return failed(-errno, "opening the BPF object");
	bpf_object__for_each_program (prog, base->obj)
		bpf_program__set_autoload(prog, false);
	bpf_map__set_max_entries(base->maps.crit, crit_bytes);
	bpf_map__set_max_entries(base->maps.bulk, bulk_bytes);
	err = migwatch__load(base);
	if (err)
		failed(err, "creating BPF maps (rings of %u and %u bytes)", crit_bytes, bulk_bytes);
	else
		err = drain_open(base);
	if (err)
		mw_close();
	return err;
}

MW_API int mw_attach(void)
{
	why_reset();
	return base ? attach_all(base) : failed(-EBADF, "attaching before mw_open");
}

MW_API int mw_inventory(void)
{
	why_reset();
	return attach_inventory();
}

MW_API int mw_drain(void *buf, __u32 len, int timeout_ms, struct mw_drained *out)
{
	return base ? drain(buf, len, timeout_ms, out) : failed(-EBADF, "draining before mw_open");
}

MW_API int mw_wake(void)
{
	return drain_wake();
}

struct ring_count {
	__u64 made, lost;
};

MW_API int mw_stats(struct mw_stats *out)
{
	int cpus = libbpf_num_possible_cpus(), err = 0;
	struct ring_count *per_cpu = calloc(cpus, sizeof(*per_cpu));

	memset(out, 0, sizeof(*out));
	if (!base || !per_cpu) {
		free(per_cpu);
		return failed(-EBADF, "reading counters");
	}
	for (__u32 ring = 0; ring < MW_RINGS && !err; ring++) {
		err = bpf_map_lookup_elem(bpf_map__fd(base->maps.ring_counts), &ring, per_cpu);
		for (int cpu = 0; cpu < cpus && !err; cpu++) {
			out->made[ring] += per_cpu[cpu].made;
			out->lost[ring] += per_cpu[cpu].lost;
		}
	}
	free(per_cpu);
	drain_received(out->received);
	return err ? failed(-errno, "reading counters") : 0;
}

MW_API int mw_probes(char *buf, __u32 len)
{
	return attach_probes_text(buf, len);
}

MW_API int mw_close(void)
{
	attach_close();
	drain_close();
	migwatch__destroy(base);
	base = NULL;
	return 0;
}
