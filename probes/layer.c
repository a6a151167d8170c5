// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A loaded BPF object cannot gain programs, and a program for a module that is
 * not there cannot be loaded. So the object is opened again for every batch of
 * probes that became attachable (a "layer"): only those are autoloaded, and all
 * maps but the constants are those of the first, empty layer.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "probe_list.h"

#define MAX_LAYERS 64
static struct migwatch *layers[MAX_LAYERS];
static int n_layers;

static int reuse_maps(struct migwatch *layer, struct migwatch *base)
{
	struct bpf_map *map;
	int err;

	bpf_object__for_each_map (map, layer->obj) {
		const char *name = bpf_map__name(map);
		struct bpf_map *first = bpf_object__find_map_by_name(base->obj, name);

		if (strstr(name, ".rodata"))
			continue; /* constants are the layer's own */
		err = bpf_map__reuse_fd(map, bpf_map__fd(first));
		if (err)
			return failed(err, "sharing map %s", name);
	}
	return 0;
}

/* Loads probes[from..to) that are marked in `want`. */
static int load_layer(struct migwatch *base, const bool *want, int from, int to)
{
	struct migwatch *layer = migwatch__open();
	struct bpf_program *prog;
	int err;

	if (!layer)
		return failed(-errno, "opening the BPF object");
	layer->rodata->vfio_device_fops_addr = address_of(FOPS);
	layer->rodata->limit_per_kind = base->rodata->limit_per_kind;
	bpf_object__for_each_program (prog, layer->obj)
		bpf_program__set_autoload(prog, false);
	for (int i = from; i < to; i++) {
		if (!want[i])
			continue;
		prog = bpf_object__find_program_by_name(layer->obj, probes[i].program);
		bpf_program__set_autoload(prog, true);
		if (getenv("MIGWATCH_LIBBPF_LOG"))
			bpf_program__set_log_level(prog, 4);
		if (!is_iterator(&probes[i]) && !is_tracepoint(&probes[i]))
			bpf_program__set_attach_target(prog, 0, probes[i].function);
	}
	err = reuse_maps(layer, base);
	if (!err) {
		err = migwatch__load(layer);
		if (err)
			failed(err, "loading BPF programs");
	}
	if (err) {
		migwatch__destroy(layer);
		return err;
	}
	layers[n_layers++] = layer;
	return 0;
}

static __u32 verified_insns(const struct bpf_program *prog)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	return bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len) ? 0 : info.verified_insns;
}

/* False: the kernel would not. */
static bool attach_probe(struct migwatch *base, struct probe *p, struct bpf_program *prog)
{
	p->verified = verified_insns(prog);
	if (p->need) {
		p->prog = prog;
		p->status = PROBE_READY;
		p->reason = ON_NEED;
		return true;
	}
	p->link = bpf_program__attach(prog);
	if (libbpf_get_error(p->link)) {
		failed(-errno, "attaching to %s", p->function);
		p->link = NULL;
		p->reason = "attach failed";
		return false;
	}
	p->status = PROBE_ATTACHED;
	p->reason = "";
	if (is_data_probe(p))
		data_function_watched(base, address_of(p->function));
	return true;
}

static int attach_layer(struct migwatch *base, const bool *want, int from, int to)
{
	struct migwatch *layer = layers[n_layers - 1];
	int attached = 0;

	for (int i = from; i < to; i++)
		if (want[i])
			attached += attach_probe(
				base, &probes[i],
				bpf_object__find_program_by_name(layer->obj, probes[i].program));
	return attached;
}

/* One program at a time: a kernel that refuses one of them shall not cost the others. */
static int add_singly(struct migwatch *base, const bool *want, int from, int to)
{
	bool one[MAX_PROBES] = {};
	int attached = 0;

	for (int i = from; i < to; i++) {
		if (!want[i])
			continue;
		one[i] = true;
		if (n_layers == MAX_LAYERS || load_layer(base, one, i, i + 1)) {
			probes[i].status = PROBE_UNAVAILABLE;
			probes[i].reason = "the kernel refused to load the program";
		} else {
			attached += attach_layer(base, one, i, i + 1);
		}
		one[i] = false;
	}
	return attached;
}

int layer_add(struct migwatch *base, const bool *want, int from, int to)
{
	bool any = false;

	for (int i = from; i < to; i++)
		any |= want[i];
	if (!any)
		return 0;
	if (n_layers == MAX_LAYERS || load_layer(base, want, from, to))
		return add_singly(base, want, from, to);
	return attach_layer(base, want, from, to);
}

void layers_drop(void)
{
	for (int i = 0; i < n_probes; i++) {
		bpf_link__destroy(probes[i].link);
		probes[i].link = NULL;
		probes[i].prog = NULL;
	}
	while (n_layers)
		migwatch__destroy(layers[--n_layers]);
}
