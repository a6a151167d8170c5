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

/* uapi/linux/vfio.h of 6.2 and later; Debian 12's headers are older. */
struct vfio_precopy_info {
	__u32 argsz;
	__u32 flags;
	__u64 initial_bytes;
	__u64 dirty_bytes;
};

/* 0 for a device that has been closed since. */
static __always_inline __u32 gen_of(struct session *s)
{
	struct dev_info *d = device_at(&s->of);

	return d ? d->gen : 0;
}

/*
 * Shall this read or write have a record of its own? One that moved nothing is
 * counted only among others that were answered the same: a new answer is told.
 */
static __always_inline bool data_in_full(struct session *s, __u32 of, ssize_t ret)
{
	struct touch what = {
		.of = of,
		.part = s->id,
		.dev = s->of.dev,
		.gen = gen_of(s),
		.again = ret > 0 ? 0 : ret,
		.moved = ret > 0 ? ret : 0,
	};

	if (in_full(ret > 0 ? &s->moved : &s->ended, &what))
		return true;
	untold = 1;
	return false;
}

SEC("fexit")
int BPF_PROG(data_read, struct file *file, char *buf, size_t count, loff_t *pos, ssize_t ret)
{
	struct session *s = session_of(file);
	struct ev_data_read *e;

	if (s && !data_in_full(s, EV_DATA_READ, ret))
		return 0;
	e = RESERVE(bulk, DATA_READ, data_read, s ? s->of.dev : 0, s ? gen_of(s) : 0);
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
	struct ev_data_write *e;

	if (s && !data_in_full(s, EV_DATA_WRITE, ret))
		return 0;
	e = RESERVE(bulk, DATA_WRITE, data_write, s ? s->of.dev : 0, s ? gen_of(s) : 0);
	if (!e)
		return 0;
	e->session = s ? s->id : 0;
	e->pad = 0;
	e->count = count;
	e->ret = ret;
	SUBMIT(e);
	return 0;
}

#define IOCTL_PRECOPY_INFO 0x3b79

SEC("fexit")
int BPF_PROG(data_ioctl, struct file *file, unsigned int cmd, unsigned long arg, long ret)
{
	struct session *s = session_of(file);
	struct vfio_precopy_info info = {};
	struct ev_precopy_info *e;
	bool miss;

	if (cmd != IOCTL_PRECOPY_INFO || !s)
		return 0;
	tell_session(s); /* the estimate is of what has not been read by now */
	miss = bpf_probe_read_user(&info, sizeof(info), (void *)arg);
	e = RESERVE(crit, PRECOPY_INFO, precopy_info, s->of.dev, gen_of(s));
	if (!e)
		return 0;
	e->hdr.miss = miss ? MISS_USER_ARGS : 0;
	e->session = s->id;
	e->ret = ret;
	e->initial_bytes = ret ? 0 : info.initial_bytes;
	e->dirty_bytes = ret ? 0 : info.dirty_bytes;
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
	tell_session(s);
	e = RESERVE(crit, DATA_RELEASE, data_release, s->of.dev, gen_of(s));
	if (e) {
		e->session = s->id;
		e->pad = 0;
		SUBMIT(e);
	}
	bpf_map_delete_elem(&sessions, &key);
	return 0;
}
