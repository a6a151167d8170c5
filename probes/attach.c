// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* When probes are attached and let go of; which they are is in probe_list.c. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "probe_list.h"

int attach_all(struct migwatch *base)
{
	int total, first_data = 0, err = probes_update(base);
	bool want[MAX_PROBES] = {};

	if (!err)
		err = attachable_find(want);
	if (err)
		return err;
	while (first_data < n_probes && !is_data_probe(&probes[first_data]))
		first_data++;
	total = layer_add(base, want, 0, first_data);
	for (int i = first_data; i < n_known; i += DATA_PROBES)
		total += layer_add(base, want, i, i + DATA_PROBES);
	return total + layer_add(base, want, n_known, n_probes);
}

/* Attaches what has come to be needed, lets go of what is needed no more; how many changed. */
int attach_needed(const bool needed[NEEDS])
{
	int changed = 0;

	for (struct probe *p = probes; p < probes + n_probes; p++) {
		bool attached = p->status == PROBE_ATTACHED;

		if (!p->prog || attached == needed[p->need])
			continue;
		if (attached) {
			bpf_link__destroy(p->link);
			p->link = NULL;
		} else {
			p->link = bpf_program__attach(p->prog);
			if (libbpf_get_error(p->link)) {
				p->link = NULL;
				p->prog = NULL;
				p->status = PROBE_UNAVAILABLE;
				p->reason = "attach failed";
				changed++;
				continue;
			}
		}
		p->status = attached ? PROBE_READY : PROBE_ATTACHED;
		p->reason = attached ? ON_NEED : "";
		changed++;
	}
	return changed;
}

static const struct bpf_link *inventory_link(void)
{
	for (int i = 0; i < n_probes; i++)
		if (is_iterator(&probes[i]))
			return probes[i].link;
	return NULL;
}

/* Reading the iterator to its end runs it; it writes to the ring, not to this fd. */
int attach_inventory(struct migwatch *base)
{
	const struct bpf_link *iterator = inventory_link();
	struct btf *vmlinux;
	char buf[256];
	ssize_t n;
	int fd;

	if (!iterator)
		return 0;
	vmlinux = btf__load_vmlinux_btf();
	if (!libbpf_get_error(vmlinux))
		state_places_fill(base, vmlinux);
	btf__free(vmlinux);
	fd = bpf_iter_create(bpf_link__fd(iterator));
	if (fd < 0)
		return failed(-errno, "starting the inventory of open devices");
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		;
	n = n < 0 ? failed(-errno, "taking the inventory of open devices") : 0;
	close(fd);
	return n;
}

static void let_go(__u32 status)
{
	layers_drop();
	for (int i = 0; i < n_probes; i++)
		if (is_loaded(&probes[i]) || !status)
			probes[i].status = status;
}

static int empty_array(const struct bpf_map *map)
{
	void *nothing = calloc(1, bpf_map__value_size(map));
	int err = nothing ? 0 : -ENOMEM;

	for (__u32 i = 0; i < bpf_map__max_entries(map) && !err; i++)
		err = bpf_map_update_elem(bpf_map__fd(map), &i, nothing, BPF_ANY);
	free(nothing);
	return err ? failed(err, "emptying map %s", bpf_map__name(map)) : 0;
}

/* What was known of devices is void: they may come and go unseen now. */
static int forget_all(struct migwatch *base)
{
	struct bpf_map *map;

	bpf_object__for_each_map (map, base->obj) {
		__u32 type = bpf_map__type(map);
		char key[256];

		if (type != BPF_MAP_TYPE_HASH && type != BPF_MAP_TYPE_LRU_HASH)
			continue;
		if (bpf_map__key_size(map) > sizeof(key))
			return failed(-E2BIG, "emptying map %s", bpf_map__name(map));
		while (!bpf_map_get_next_key(bpf_map__fd(map), NULL, key))
			if (bpf_map_delete_elem(bpf_map__fd(map), key))
				break;
	}
	base->bss->nr_watched = 0;
	base->bss->nr_halted = 0;
	base->bss->nr_halted_signalling = 0;
	return empty_array(base->maps.slots);
}

int attach_detach(struct migwatch *base)
{
	int attached = 0, err;

	for (int i = 0; i < n_probes; i++)
		attached += is_loaded(&probes[i]);
	let_go(PROBE_DETACHED);
	err = mw_tell(); /* what has only been counted, while there is a device to tell it of */
	return err ?: forget_all(base) ?: attached;
}

void attach_close(void)
{
	let_go(0);
}
