/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * libmigwatch.so: all that the agent may ask of libbpf. Bytes and integers only;
 * every function returns >= 0, or -errno with the failing step in mw_why().
 * One instance per process. While one of mw_drain(), mw_attach(), mw_detach() and mw_inventory()
 * runs in a thread, others may call mw_wake(), mw_tell(), mw_stats() and mw_maps(), and, during a
 * drain, anything but a drain. Of failures at the same time mw_why() may tell either.
 */
#ifndef MIGWATCH_SHIM_H
#define MIGWATCH_SHIM_H

#include <linux/types.h>
#include "wire.h"

#define MW_API __attribute__((visibility("default")))

/* Versions: compared with the decoder's before anything else is called. */
MW_API int mw_abi(void);
MW_API int mw_record_size(__u32 type); /* bytes, 0 for an unknown type */

/* Creates maps and rings, attaches nothing. */
MW_API int mw_open(const struct mw_config *config);

/*
 * Attaches every probe whose module is loaded and which is not attached yet.
 * Returns how many it attached. A probe that cannot be attached is no error: see
 * mw_probes(). Call again when a drain says that modules changed, or functions were found.
 */
MW_API int mw_attach(void);

/*
 * Lets go of every probe, so that the modules they pin can be replaced. Maps, rings and counters
 * stay, what was known of devices does not. Returns how many there were; mw_attach() and
 * mw_inventory() begin anew.
 */
MW_API int mw_detach(void);

/*
 * Attaches the probes that are there for halted devices only while there is one, and lets go of
 * them afterwards. Cheap when nothing changed: call after every drain. Returns how many changed.
 */
MW_API int mw_on_need(void);

/*
 * When (CLOCK_MONOTONIC ns) the first IOMMU fault interrupt began since the last call; 0: none did.
 * A waiting mw_drain() returns, empty if need be, when one has ended: the kernel log has the rest.
 */
MW_API int mw_bell(ktime_ns *first);

/* Reports what is there already, devices and what is set up on them, through the crit ring. */
MW_API int mw_inventory(void);

/*
 * Waits up to timeout_ms for records and copies whole ones to buf, in the order
 * of their times, both rings merged. Returns 0 and fills *out; len 0: none came.
 */
MW_API int mw_drain(void *buf, __u32 len, int timeout_ms, struct mw_drained *out);
/* Makes a waiting mw_drain() return now. */
MW_API int mw_wake(void);

/* Has the probes tell what they have only counted so far (ev_repeats). Cheap where there is
 * nothing. */
MW_API int mw_tell(void);

MW_API int mw_stats(struct mw_stats *out);

/*
 * Kernel memory of each map now: one line each, name \t bytes (-1: the kernel does not say).
 * Returns the bytes written (no NUL), -ENOSPC if buf is too small.
 */
MW_API int mw_maps(char *buf, __u32 len);

/*
 * One line per probe: function \t kind \t status \t required \t module \t reason \t instructions
 * that the verifier looked at (0: not loaded).
 * Returns the bytes written (no NUL), -ENOSPC if buf is too small.
 */
MW_API int mw_probes(char *buf, __u32 len);

/* The last failure in words; empty if there was none. Valid until the next call. */
MW_API const char *mw_why(void);

MW_API int mw_close(void);

#endif
