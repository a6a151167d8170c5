// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The migration data stream. data_fd's file operations belong to the driver, so
 * these programs have no target of their own: the shim loads them once per
 * migration driver, aimed at that driver's functions (shim.c, data_drivers).
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "device.bpf.h"

static __always_inline struct session *session_of(struct file *file)
{
	__u64 key = (__u64)file;

	return bpf_map_lookup_elem(&sessions, &key);
}

/* 0 for a device that has been closed since. */
static __always_inline __u32 gen_of(struct session *s)
{
	struct dev_info *d = bpf_map_lookup_elem(&devs, &s->vdev);

	return d && d->id == s->dev ? d->gen : 0;
}

SEC("fexit")
int BPF_PROG(data_read, struct file *file, char *buf, size_t count, loff_t *pos, ssize_t ret)
{
	struct session *s = session_of(file);
	struct ev_data_read *e =
		RESERVE(bulk, DATA_READ, data_read, s ? s->dev : 0, s ? gen_of(s) : 0);

	if (!e)
		return 0;
	e->session = s ? s->id : 0;
	e->pad = 0;
	e->count = count;
	e->ret = ret;
	SUBMIT(e);
	return 0;
}

SEC("fexit")
int BPF_PROG(data_write, struct file *file, const char *buf, size_t count, loff_t *pos, ssize_t ret)
{
	struct session *s = session_of(file);
	struct ev_data_write *e =
		RESERVE(bulk, DATA_WRITE, data_write, s ? s->dev : 0, s ? gen_of(s) : 0);

	if (!e)
		return 0;
	e->session = s ? s->id : 0;
	e->pad = 0;
	e->count = count;
	e->ret = ret;
	SUBMIT(e);
	return 0;
}

SEC("fentry")
int BPF_PROG(data_release, void *inode, struct file *file)
{
	__u64 key = (__u64)file;
	struct session *s = session_of(file);
	struct ev_data_release *e;

	if (!s)
		return 0;
	e = RESERVE(crit, DATA_RELEASE, data_release, s->dev, gen_of(s));
	if (e) {
		e->session = s->id;
		e->pad = 0;
		SUBMIT(e);
	}
	bpf_map_delete_elem(&sessions, &key);
	return 0;
}
