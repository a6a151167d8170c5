// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The kernel memory that the maps take, as the kernel itself says. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include "shim_impl.h"

/* fdinfo of a map: "memlock:" is what it takes now; -1 if it does not say. */
static long long bytes_of(int fd)
{
	long long bytes = -1;
	char path[64], line[128];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f) && sscanf(line, "memlock: %lld", &bytes) != 1)
		;
	fclose(f);
	return bytes;
}

int maps_text(struct migwatch *base, char *buf, __u32 len)
{
	struct bpf_map *map;
	__u32 used = 0;

	bpf_object__for_each_map (map, base->obj) {
		int n = snprintf(buf + used, len - used, "%s\t%lld\n", bpf_map__name(map),
				 bytes_of(bpf_map__fd(map)));

		if (n < 0 || used + n >= len)
			return failed(-ENOSPC, "listing maps");
		used += n;
	}
	return used;
}
