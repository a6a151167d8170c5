// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The functions behind data_fds: which are watched, and what the others are called. A migration
 * driver's read() and write() are its own; those of drivers that nobody knew beforehand are found
 * through the file operations of the first data_fd, which the BPF side leaves in a map.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include "shim_impl.h"

/* As in device.bpf.h. */
struct data_ops {
	__u64 read, write, ioctl, release;
	__u64 tried;
};

static bool next_untried(struct migwatch *base, __u64 *key, struct data_ops *ops, bool first)
{
	int map = bpf_map__fd(base->maps.unwatched_data_ops);
	__u64 before = *key;

	while (!bpf_map_get_next_key(map, first ? NULL : &before, key)) {
		if (!bpf_map_lookup_elem(map, key, ops) && !ops->tried)
			return true;
		before = *key;
		first = false;
	}
	return false;
}

bool data_functions_untried(struct migwatch *base)
{
	struct data_ops ops;
	__u64 key = 0;

	return next_untried(base, &key, &ops, true);
}

void data_function_watched(struct migwatch *base, unsigned long long addr)
{
	__u64 key = addr;
	__u32 one = 1;

	if (addr)
		bpf_map_update_elem(bpf_map__fd(base->maps.watched_functions), &key, &one, BPF_ANY);
}

static int add(struct data_function *out, int n, int max, const char *program, __u64 addr)
{
	if (!addr || n == max)
		return n;
	for (int i = 0; i < n; i++)
		if (out[i].sym.addr == addr && !strcmp(out[i].program, program))
			return n;
	out[n] = (struct data_function){.program = program, .sym = {.addr = addr}};
	return n + 1;
}

int data_functions_new(struct migwatch *base, struct data_function *out, int max)
{
	struct ksym syms[MAX_DATA_FUNCTIONS];
	struct data_ops ops;
	bool first = true;
	__u64 key = 0;
	int n = 0, err;

	while (next_untried(base, &key, &ops, first)) {
		first = false;
		n = add(out, n, max, "data_read", ops.read);
		n = add(out, n, max, "data_write", ops.write);
		n = add(out, n, max, "data_ioctl", ops.ioctl);
		n = add(out, n, max, "data_release", ops.release);
		ops.tried = 1;
		bpf_map_update_elem(bpf_map__fd(base->maps.unwatched_data_ops), &key, &ops,
				    BPF_EXIST);
	}
	if (!n)
		return 0;
	for (int i = 0; i < n; i++)
		syms[i] = out[i].sym;
	err = kallsyms_at(syms, n);
	for (int i = 0; i < n; i++)
		out[i].sym = syms[i];
	return err ? err : n;
}
