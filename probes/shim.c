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

static void size_maps(const struct mw_config *config)
{
	bpf_map__set_max_entries(base->maps.crit, config->crit_bytes);
	bpf_map__set_max_entries(base->maps.bulk, config->bulk_bytes);
	bpf_map__set_max_entries(base->maps.sessions, config->max_sessions);
	bpf_map__set_max_entries(base->maps.slots, config->max_devices);
	bpf_map__set_max_entries(base->maps.slot_of_vdev, config->max_devices);
	bpf_map__set_max_entries(base->maps.slot_of_device, config->max_devices);
	bpf_map__set_max_entries(base->maps.slot_of_mapping, config->max_devices);
	bpf_map__set_max_entries(base->maps.containers, config->max_devices);
	bpf_map__set_max_entries(base->maps.halted_of_vm, config->max_devices);
}

MW_API int mw_open(const struct mw_config *config)
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
	/* The others belong to functions of modules: layer.c loads them. */
	bpf_object__for_each_program (prog, base->obj)
		bpf_program__set_autoload(prog, prog == base->progs.tell_repeats);
	base->rodata->limit_per_kind = config->per_kind;
	size_maps(config);
	err = migwatch__load(base);
	if (err)
		failed(err, "creating BPF maps (rings of %u and %u bytes)", config->crit_bytes,
		       config->bulk_bytes);
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

MW_API int mw_on_need(void)
{
	if (!base)
		return failed(-EBADF, "attaching on need before mw_open");
	return attach_needed((bool[NEEDS]){
		[NEED_ALWAYS] = true,
		[NEED_HALTED] = __atomic_load_n(&base->bss->nr_halted, __ATOMIC_RELAXED) != 0,
		[NEED_SIGNALLING] =
			__atomic_load_n(&base->bss->nr_halted_signalling, __ATOMIC_RELAXED) != 0,
	});
}

MW_API int mw_bell(ktime_ns *first)
{
	if (!base)
		return failed(-EBADF, "asking for the bell before mw_open");
	*first = __atomic_exchange_n(&base->bss->bell_first, 0, __ATOMIC_SEQ_CST);
	return 0;
}

MW_API int mw_inventory(void)
{
	why_reset();
	return base ? attach_inventory(base) : failed(-EBADF, "taking inventory before mw_open");
}

MW_API int mw_detach(void)
{
	why_reset();
	return base ? attach_detach(base) : failed(-EBADF, "detaching before mw_open");
}

MW_API int mw_drain(void *buf, __u32 len, int timeout_ms, struct mw_drained *out)
{
	return base ? drain(base, buf, len, timeout_ms, out)
		    : failed(-EBADF, "draining before mw_open");
}

MW_API int mw_wake(void)
{
	return drain_wake();
}

MW_API int mw_tell(void)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	if (!base)
		return failed(-EBADF, "asking for counts before mw_open");
	if (!base->bss->untold)
		return 0;
	if (bpf_prog_test_run_opts(bpf_program__fd(base->progs.tell_repeats), &opts))
		return failed(-errno, "asking the probes for their counts");
	return 0;
}

MW_API int mw_maps(char *buf, __u32 len)
{
	return base ? maps_text(base, buf, len) : failed(-EBADF, "listing maps before mw_open");
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
	stages_received(out->received);
	return err ? failed(-errno, "reading counters") : 0;
}

MW_API int mw_probes(char *buf, __u32 len)
{
	return probes_text(buf, len);
}

MW_API int mw_close(void)
{
	attach_close();
	drain_close();
	migwatch__destroy(base);
	base = NULL;
	return 0;
}
