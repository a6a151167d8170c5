/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* VFIO_DEVICE_FEATURE: migration state, dirty logging, low power. */
#ifndef MIGWATCH_FEATURE_BPF_H
#define MIGWATCH_FEATURE_BPF_H

#include <linux/vfio.h>
#include "device.bpf.h"
#include "dirty.bpf.h"
#include "fd.bpf.h"
#include "task_op.bpf.h"

/* struct vfio_device_feature ends in a flexible array: its head, spelt out. */
struct feature_head {
	__u32 argsz;
	__u32 flags;
};

struct feature_mig_state {
	struct feature_head feature;
	struct vfio_device_feature_mig_state mig;
};

struct feature_log_start {
	struct feature_head feature;
	struct vfio_device_feature_dma_logging_control control;
};

struct feature_log_report {
	struct feature_head feature;
	struct vfio_device_feature_dma_logging_report report;
};

static __always_inline __u32 open_session(struct dev_info *d, int fd)
{
	__u64 file = (__u64)file_of_fd(fd);
	struct session s = {.of = ref_of(d)};

	if (!file)
		return 0;
	s.id = __sync_fetch_and_add(&last_session, 1) + 1;
	if (bpf_map_update_elem(&sessions, &file, &s, BPF_ANY))
		return 0;
	d->data_file = file;
	return s.id;
}

static __always_inline bool is_watched(__u64 function)
{
	return !function || bpf_map_lookup_elem(&watched_functions, &function);
}

/*
 * Is what flows over the new data_fd recorded? Its functions are the driver's own; those that no
 * probe is attached to are left for the shim, which attaches to them for the rest of the session.
 */
static __always_inline void tell_data_fd(struct dev_info *d, __u32 session, int fd)
{
	struct file *file = file_of_fd(fd);
	__u64 key = file ? (__u64)BPF_CORE_READ(file, f_op) : 0;
	struct file_operations *fops = (void *)key;
	struct data_ops ops = {};
	struct ev_data_fd *e;
	bool observed;

	/* Where addresses are hidden nothing can be compared. */
	if (!vfio_device_fops_addr || !key)
		return;
	ops.read = (__u64)BPF_CORE_READ(fops, read);
	ops.write = (__u64)BPF_CORE_READ(fops, write);
	ops.ioctl = (__u64)BPF_CORE_READ(fops, unlocked_ioctl);
	ops.release = (__u64)BPF_CORE_READ(fops, release);
	observed = (ops.read || ops.write) && is_watched(ops.read) && is_watched(ops.write) &&
		   is_watched(ops.release);
	if (!observed)
		bpf_map_update_elem(&unwatched_data_ops, &key, &ops, BPF_NOEXIST);
	e = RESERVE(crit, DATA_FD, data_fd, d->id, d->gen);
	if (!e)
		return;
	e->session = session;
	e->observed = observed;
	SUBMIT(e);
}

static __always_inline void mig_set_enter(struct vfio_device *vdev, __u32 requested, __u32 miss)
{
	struct dev_info *d = dev_of(vdev);
	struct ev_mig_set *e;

	if (!d)
		return;
	watch(d);
	e = RESERVE(crit, MIG_SET, mig_set, d->id, next_gen(d));
	if (!e)
		return;
	e->hdr.miss = miss;
	e->requested = requested;
	e->pad = 0;
	SUBMIT(e);
}

static __always_inline void mig_set_exit(struct vfio_device *vdev, struct feature_mig_state *arg,
					 __u32 miss, int ret)
{
	struct dev_info *d = dev_of(vdev);
	struct ev_mig_set_ret *e;
	__u32 session = 0;

	if (!d)
		return;
	if (!ret && !miss) {
		landed(d, arg->mig.device_state);
		if (arg->mig.data_fd >= 0) {
			session = open_session(d, arg->mig.data_fd);
			if (!session)
				miss |= MISS_MAP_FULL;
		}
	}
	e = RESERVE(crit, MIG_SET_RET, mig_set_ret, d->id, next_gen(d));
	if (!e)
		return;
	e->hdr.miss = miss;
	e->requested = arg->mig.device_state;
	e->ret = ret;
	e->data_fd = ret ? -1 : arg->mig.data_fd;
	e->session = session;
	SUBMIT(e);
	if (session)
		tell_data_fd(d, session, arg->mig.data_fd);
}

static __always_inline void mig_get_exit(struct vfio_device *vdev, struct feature_mig_state *arg,
					 __u32 miss, int ret)
{
	struct dev_info *d = dev_of(vdev);
	struct ev_mig_get *e;

	if (!d)
		return;
	if (!ret && !miss && d->state == STATE_UNSEEN)
		landed(d, arg->mig.device_state);
	e = RESERVE(crit, MIG_GET, mig_get, d->id, d->gen);
	if (!e)
		return;
	e->hdr.miss = miss;
	e->state = ret ? 0 : arg->mig.device_state;
	e->ret = ret;
	SUBMIT(e);
}

static __always_inline void dirty_log_exit(struct vfio_device *vdev, __u32 op, unsigned long arg,
					   int ret)
{
	struct dev_info *d = dev_of(vdev);
	struct feature_log_start start = {};
	struct feature_log_report report = {};
	struct ev_dirty_log *e;
	__u32 miss = 0;

	if (!d)
		return;
	if (op == DIRTY_START && bpf_probe_read_user(&start, sizeof(start), (void *)arg))
		miss = MISS_USER_ARGS;
	if (op == DIRTY_REPORT && bpf_probe_read_user(&report, sizeof(report), (void *)arg))
		miss = MISS_USER_ARGS;
	if (op == DIRTY_START && !ret && !miss)
		emit_ranges(d->id, d->gen, start.control.ranges, start.control.num_ranges,
			    start.control.page_size);
	if (op == DIRTY_REPORT && !ret && !miss) {
		struct report r = {.dev = d->id,
				   .gen = d->gen,
				   .iova = report.report.iova,
				   .size = report.report.length,
				   .page_size = report.report.page_size,
				   .bitmap = report.report.bitmap};

		emit_bits(&r);
	}
	e = RESERVE(crit, DIRTY_LOG, dirty_log, d->id, d->gen);
	if (!e)
		return;
	e->hdr.miss = miss;
	e->op = op;
	e->container = 0;
	e->iova = report.report.iova;
	e->size = report.report.length;
	e->page_size = op == DIRTY_START ? start.control.page_size : report.report.page_size;
	e->ret = ret;
	e->pad = 0;
	SUBMIT(e);
}

static __always_inline void low_power_exit(struct vfio_device *vdev, __u32 feature, int ret)
{
	struct dev_info *d = dev_of(vdev);
	struct ev_low_power *e;

	op_exit();
	if (!d)
		return;
	e = RESERVE(crit, LOW_POWER, low_power, d->id, d->gen);
	if (!e)
		return;
	e->feature = feature;
	e->ret = ret;
	SUBMIT(e);
}

static __always_inline void feature_exit(struct vfio_device *vdev, unsigned long arg, int ret)
{
	struct feature_mig_state a = {};
	__u32 miss = 0, op;

	/* argsz and flags first: a feature without data may end at the end of a page. */
	if (bpf_probe_read_user(&a.feature, sizeof(a.feature), (void *)arg))
		return;
	if (a.feature.flags & VFIO_DEVICE_FEATURE_PROBE)
		return;
	switch (a.feature.flags & VFIO_DEVICE_FEATURE_MASK) {
	case VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY:
	case VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP:
	case VFIO_DEVICE_FEATURE_LOW_POWER_EXIT:
		low_power_exit(vdev, a.feature.flags & VFIO_DEVICE_FEATURE_MASK, ret);
		return;
	case VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE:
		if (bpf_probe_read_user(&a, sizeof(a), (void *)arg))
			miss = MISS_USER_ARGS;
		if (a.feature.flags & VFIO_DEVICE_FEATURE_SET)
			mig_set_exit(vdev, &a, miss, ret);
		else
			mig_get_exit(vdev, &a, miss, ret);
		return;
	case VFIO_DEVICE_FEATURE_DMA_LOGGING_START:
		op = DIRTY_START;
		break;
	case VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP:
		op = DIRTY_STOP;
		break;
	case VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT:
		op = DIRTY_REPORT;
		break;
	default:
		return;
	}
	dirty_log_exit(vdev, op, arg, ret);
}

static __always_inline void feature_enter(struct vfio_device *vdev, unsigned long arg)
{
	struct feature_mig_state a = {};
	__u32 miss = 0, feature;

	if (bpf_probe_read_user(&a.feature, sizeof(a.feature), (void *)arg))
		return; /* the exit side reads again, after the kernel has faulted the page in */
	if (!(a.feature.flags & VFIO_DEVICE_FEATURE_SET) ||
	    (a.feature.flags & VFIO_DEVICE_FEATURE_PROBE))
		return;
	feature = a.feature.flags & VFIO_DEVICE_FEATURE_MASK;
	if (feature == VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY ||
	    feature == VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP)
		op_enter(OP_LOW_POWER);
	if (feature != VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE)
		return;
	if (bpf_probe_read_user(&a, sizeof(a), (void *)arg))
		miss = MISS_USER_ARGS;
	mig_set_enter(vdev, a.mig.device_state, miss);
}

#endif
