// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Where a migration driver keeps a device's state. There is no call that tells it without taking
 * the driver's locks, and no layout that drivers share; but each module's BTF says where in its
 * own structure around vfio_device an enum vfio_device_mig_state is, and the mutexes beside it.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "shim_impl.h"

#define MAX_MUTEXES 4

/* As in inventory.bpf.c. */
struct state_place {
	__s32 state;
	__u32 mutexes;
	__s32 mutex[MAX_MUTEXES];
};

static const struct btf_type *plain_type(const struct btf *btf, __u32 id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (t && (btf_is_mod(t) || btf_is_typedef(t)))
		t = btf__type_by_id(btf, t->type);
	return t;
}

static bool is_called(const struct btf *btf, const struct btf_type *t, const char *name)
{
	return t && !strcmp(btf__name_by_offset(btf, t->name_off), name);
}

/* Bytes from the start of a structure to the vfio_device in it, at most two levels down; -1: none.
 */
static int vfio_device_in(const struct btf *btf, const struct btf_type *t, int levels)
{
	const struct btf_member *m = btf_members(t);

	for (int i = 0; i < btf_vlen(t); i++) {
		const struct btf_type *type = plain_type(btf, m[i].type);
		int at = btf_member_bit_offset(t, i) / 8, deeper;

		if (!type || !btf_is_struct(type))
			continue;
		if (is_called(btf, type, "vfio_device"))
			return at;
		deeper = levels > 1 ? vfio_device_in(btf, type, levels - 1) : -1;
		if (deeper >= 0)
			return at + deeper;
	}
	return -1;
}

/* pds has two of the kind; the one that is called so is the state. */
static bool names_state(const char *name)
{
	return !strcmp(name, "state") || !strcmp(name, "mig_state");
}

static bool find_in_struct(const struct btf *btf, const struct btf_type *t, struct state_place *p)
{
	int vdev = vfio_device_in(btf, t, 2), states = 0, named = 0;
	const struct btf_member *m = btf_members(t);

	if (vdev < 0)
		return false;
	*p = (struct state_place){};
	for (int i = 0; i < btf_vlen(t); i++) {
		const struct btf_type *type = plain_type(btf, m[i].type);
		__s32 at = (int)(btf_member_bit_offset(t, i) / 8) - vdev;

		if (type && btf_is_struct(type) && is_called(btf, type, "mutex")) {
			if (p->mutexes < MAX_MUTEXES)
				p->mutex[p->mutexes++] = at;
			continue;
		}
		if (!type || !btf_is_any_enum(type) ||
		    !is_called(btf, type, "vfio_device_mig_state"))
			continue;
		states++;
		if (names_state(btf__name_by_offset(btf, m[i].name_off))) {
			named++;
			p->state = at;
		} else if (!named) {
			p->state = at;
		}
	}
	return states == 1 || named == 1;
}

/* False unless exactly one structure fits: a guess would be worse than not to know. */
static bool find_place(const char *module, const struct btf *vmlinux, struct state_place *p)
{
	struct btf *btf = btf__load_module_btf(module, (struct btf *)vmlinux);
	struct state_place here;
	int found = 0;

	if (libbpf_get_error(btf))
		return false;
	for (__u32 id = btf__type_cnt(vmlinux); id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		if (btf_is_struct(t) && find_in_struct(btf, t, &here)) {
			*p = here;
			found++;
		}
	}
	btf__free(btf);
	return found == 1;
}

/* Migration drivers are among the modules that use vfio, or vfio_pci_core, or mdev. */
void state_places_fill(struct migwatch *base, const struct btf *vmlinux)
{
	static const char *const users[] = {"/sys/module/vfio/holders",
					    "/sys/module/vfio_pci_core/holders"};
	int map = bpf_map__fd(base->maps.state_places);

	for (int i = 0; i < 2; i++) {
		DIR *dir = opendir(users[i]);
		struct dirent *entry;

		while (dir && (entry = readdir(dir))) {
			char module[56] = {};
			struct state_place place;

			memcpy(module, entry->d_name, strnlen(entry->d_name, sizeof(module) - 1));
			if (*module != '.' && bpf_map_lookup_elem(map, module, &place) &&
			    find_place(module, vmlinux, &place))
				bpf_map_update_elem(map, module, &place, BPF_ANY);
		}
		if (dir)
			closedir(dir);
	}
}
