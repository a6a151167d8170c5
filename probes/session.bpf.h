/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Data transfer sessions, and the functions behind their data_fds. */
#ifndef MIGWATCH_SESSION_BPF_H
#define MIGWATCH_SESSION_BPF_H

#include "dev_info.bpf.h"

#define MAX_SESSIONS 4096

__u32 last_session __weak; /* ids given so far */

struct session {
	__u32 id;
	__u32 pad;
	struct dev_ref of;
	struct tally moved; /* reads or writes of bytes */
	struct tally ended; /* those that moved none: the end, or an error */
};

/* The functions behind a data_fd; 0 where it has none. */
struct data_ops {
	__u64 read, write, ioctl, release;
	__u64 tried; /* by the shim, which looks for what they are called */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u64); /* struct file_operations *, not all of whose functions are watched */
	__type(value, struct data_ops);
} unwatched_data_ops SEC(".maps")
__weak;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64); /* address of a function that a data probe is attached to */
	__type(value, __u32);
} watched_functions SEC(".maps")
__weak;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_SESSIONS);
	__type(key, __u64); /* struct file * of a data_fd */
	__type(value, struct session);
} sessions SEC(".maps")
__weak;

static __always_inline void tell_session(struct session *s)
{
	tell(&s->moved, s->of.dev);
	tell(&s->ended, s->of.dev);
}

#endif
