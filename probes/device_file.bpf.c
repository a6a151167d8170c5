// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Device files: open, close, ioctls.
 *
 * Everything hangs on functions that every build has as real symbols: the file
 * operations (address taken) and what vfio.ko exports or calls across files.
 * vfio_ioctl_device_feature*() would be nicer to hook and is inlined on Debian.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "feature.bpf.h"
#include "forget_eventfds.bpf.h"
#include "ioas.bpf.h"
#include "reset.bpf.h"
#include "task_op.bpf.h"
#include "v1.bpf.h"

/* uapi/linux/vfio.h: these ioctls share numbers with container ioctls; here fd type is certain. */
#define IOCTL_REGION_INFO 0x3b6c
#define IOCTL_SET_IRQS 0x3b6e
#define IOCTL_RESET 0x3b6f
#define IOCTL_HOT_RESET 0x3b71
#define IOCTL_FEATURE 0x3b75
#define IOCTL_ATTACH_PT 0x3b77
#define IOCTL_DETACH_PT 0x3b78

/* In a set of these, a word: the programs that every ioctl comes by find out with two compares. */
#define FIRST_IOCTL IOCTL_REGION_INFO
#define IN_SET(cmd) (1u << ((cmd)-FIRST_IOCTL))
#define AT_ENTRY                                                                                   \
	(IN_SET(IOCTL_FEATURE) | IN_SET(IOCTL_SET_IRQS) | IN_SET(IOCTL_RESET) |                    \
	 IN_SET(IOCTL_HOT_RESET))
#define AT_EXIT                                                                                    \
	(AT_ENTRY | IN_SET(IOCTL_REGION_INFO) | IN_SET(IOCTL_ATTACH_PT) | IN_SET(IOCTL_DETACH_PT))

static __always_inline bool is_in(__u32 set, __u32 cmd)
{
	return cmd - FIRST_IOCTL < 32 && (set & IN_SET(cmd));
}

/* open */

SEC("fexit/vfio_df_open")
int BPF_PROG(vfio_df_open, struct vfio_device_file *df, int ret)
{
	struct vfio_device *vdev = BPF_CORE_READ(df, device);
	__u32 open_count = BPF_CORE_READ(vdev, open_count);
	bool first = !ret && open_count == 1;
	struct dev_info *d;
	struct ev_open *e;

	if (ret)
		return 0; /* no fd came of it, so no life of a device began */
	d = known_dev(vdev);
	if (!d)
		d = learn_dev(vdev, first ? HOW_OPENED : HOW_SEEN, (void *)bpf_get_current_task());
	if (!d) {
		count_record(RING_CRIT, true);
		return 0;
	}
	if (first) {
		landed(d, STATE_RUNNING);
		d->msi = 0;
	}
	e = RESERVE(crit, OPEN, open, d->id, next_gen(d));
	if (!e)
		return 0;
	e->open_count = open_count;
	e->ret = ret;
	SUBMIT(e);
	return 0;
}

/* close: at entry, while open_count still tells whether this is the last one */

SEC("fentry/vfio_df_close")
int BPF_PROG(vfio_df_close, struct vfio_device_file *df)
{
	struct vfio_device *vdev = BPF_CORE_READ(df, device);
	struct task_struct *task = (void *)bpf_get_current_task();
	bool last = BPF_CORE_READ(vdev, open_count) == 1;
	struct dev_info *d = dev_of(vdev);
	struct ev_close *e;

	if (!d)
		return 0;
	e = RESERVE(crit, CLOSE, close, d->id, next_gen(d));
	if (e) {
		e->last = last;
		e->exiting = !!(BPF_CORE_READ(task, flags) & PF_EXITING);
		e->exit_code = e->exiting ? BPF_CORE_READ(task, exit_code) : 0;
		e->pad = 0;
		SUBMIT(e);
	}
	if (last) {
		forget_eventfds(d);
		forget_dev(vdev, d);
	}
	return 0;
}

static __noinline int BPF_PROG(ioctl_enter, struct file *filep, unsigned int cmd, unsigned long arg)
{
	if (cmd == IOCTL_FEATURE)
		feature_enter(file_vdev(filep), arg);
	else if (cmd == IOCTL_SET_IRQS)
		set_irqs_enter(filep);
	else if (cmd == IOCTL_RESET)
		op_enter(OP_RESET);
	else if (cmd == IOCTL_HOT_RESET)
		op_enter(OP_HOT_RESET);
	return 0;
}

SEC("fentry/vfio_device_fops_unl_ioctl")
int device_ioctl_enter(__u64 *ctx)
{
	return is_in(AT_ENTRY, ctx[1]) ? ioctl_enter(ctx) : 0;
}

static __noinline int BPF_PROG(ioctl_exit, struct file *filep, unsigned int cmd, unsigned long arg,
			       long ret)
{
	if (cmd == IOCTL_FEATURE)
		feature_exit(file_vdev(filep), arg, ret);
	else if (cmd == IOCTL_SET_IRQS)
		set_irqs_exit(file_vdev(filep), arg, ret);
	else if (cmd == IOCTL_REGION_INFO)
		region_info_exit(file_vdev(filep), arg, ret);
	else if (cmd == IOCTL_RESET)
		reset_exit(file_vdev(filep), RESET_IOCTL, ret);
	else if (cmd == IOCTL_HOT_RESET)
		hot_reset_exit(file_vdev(filep), ret);
	else if (cmd == IOCTL_ATTACH_PT || cmd == IOCTL_DETACH_PT)
		attach_pt_exit(filep, cmd == IOCTL_ATTACH_PT, arg, ret);
	return 0;
}

SEC("fexit/vfio_device_fops_unl_ioctl")
int device_ioctl_exit(__u64 *ctx)
{
	return is_in(AT_EXIT, ctx[1]) ? ioctl_exit(ctx) : 0;
}
