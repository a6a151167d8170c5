/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the shim's own files share. */
#ifndef MIGWATCH_SHIM_IMPL_H
#define MIGWATCH_SHIM_IMPL_H

#include <stdbool.h>
#include "migwatch.skel.h"
#include "shim.h"

/* why.c: returns err, so that a failure is one statement */
int failed(int err, const char *step, ...) __attribute__((format(printf, 2, 3)));
void why_reset(void);
void why_install(void);

/* attach.c */
enum need {
	NEED_ALWAYS,
	NEED_HALTED,	 /* a device is known to be in a state that is not INIT */
	NEED_SIGNALLING, /* ... one whose driver signals its interrupts itself */
	NEEDS
};
int attach_needed(const bool needed[NEEDS]);
int attach_all(struct migwatch *base);
int attach_inventory(struct migwatch *base);
int attach_detach(struct migwatch *base);
void attach_close(void);

/* probe_list.c */
int probes_text(char *buf, __u32 len);

/* kallsyms.c: what the running kernel calls its functions */
struct ksym {
	const char *name;
	unsigned long long addr;
	char module[64]; /* empty: vmlinux */
	bool found;
	bool ambiguous; /* another function has the same name */
};
/* By name; fills the rest. */
int kallsyms_find(struct ksym *syms, int n);
/* By address; the names are the caller's to free. */
int kallsyms_at(struct ksym *syms, int n);

/* data_functions.c */
#define MAX_DATA_FUNCTIONS 64
struct data_function {
	const char *program; /* that is to be attached to it */
	struct ksym sym;
};
/* Is there any that data_functions_new() has not told yet? */
bool data_functions_untried(struct migwatch *base);
/* Those of the data_fds that were opened since the last time and are not all watched. */
int data_functions_new(struct migwatch *base, struct data_function *out, int max);
void data_function_watched(struct migwatch *base, unsigned long long addr);

/* state_places.c: for the inventory */
struct btf;
void state_places_fill(struct migwatch *base, const struct btf *vmlinux);

/* maps.c */
int maps_text(struct migwatch *base, char *buf, __u32 len);

/* stage.c */
#define MAX_RECORD_BYTES 256
/* The fd that says that the ring has more; -errno. */
int stage_open(__u32 ring, const struct bpf_map *map);
/* Takes what the rings hold, as far as there is room. */
int stages_fill(__u64 now);
/* Fills *out and buf: records that are due, and what is then known to have been delivered. */
void stages_deliver(char *buf, __u32 len, struct mw_drained *out);
bool stages_waiting(void);
/* Since the last time: was there a data_fd whose functions no probe is attached to? */
bool stages_saw_unwatched(void);
void stages_received(__u64 received[MW_RINGS]);
void stages_close(void);

/* drain.c */
int drain_open(struct migwatch *base);
int drain(struct migwatch *base, void *buf, __u32 len, int timeout_ms, struct mw_drained *out);
int drain_wake(void);
void drain_close(void);

#endif
