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
int attach_all(struct migwatch *base);
int attach_probes_text(char *buf, __u32 len);
int attach_inventory(void);
void attach_close(void);

/* kallsyms.c: what the running kernel calls its functions */
struct ksym {
	const char *name;
	unsigned long long addr;
	char module[64]; /* empty: vmlinux */
	bool found;
};
int kallsyms_find(struct ksym *syms, int n);

/* drain.c */
int drain_open(struct migwatch *base);
int drain(void *buf, __u32 len, int timeout_ms, struct mw_drained *out);
int drain_wake(void);
void drain_received(__u64 received[MW_RINGS]);
void drain_close(void);

#endif
