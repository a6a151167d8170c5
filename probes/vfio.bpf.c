// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Device files: open, close, migration state, SET_IRQS, reset, region accesses.
 *
 * Everything hangs on functions that every build has as real symbols: the file
 * operations (address taken) and what vfio.ko exports or calls across files.
 * vfio_ioctl_device_feature*() would be nicer to hook and is inlined on Debian.
 */
#include <linux/bpf.h>
#include <linux/vfio.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "device.bpf.h"

/* uapi/linux/vfio.h: these ioctls share numbers with container ioctls; here fd type is certain. */
#define IOCTL_SET_IRQS 0x3b6e
#define IOCTL_RESET 0x3b6f
#define IOCTL_HOT_RESET 0x3b71
#define IOCTL_FEATURE 0x3b75

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
	if (first)
		landed(d, STATE_RUNNING);
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
	if (last)
		forget_dev(vdev, d);
	return 0;
}

/* VFIO_DEVICE_FEATURE */

/* Through the task's typed pointer: plain loads, a fraction of what probe reads cost. */
static __always_inline struct file *file_of_fd(int fd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fdtable *fdt = task->files->fdt;
	struct file *file = 0;

	if (fd < 0 || (__u32)fd >= fdt->max_fds)
		return 0;
	bpf_probe_read_kernel(&file, sizeof(file), fdt->fd + fd);
	return file;
}

static __always_inline __u32 open_session(struct vfio_device *vdev, struct dev_info *d, int fd)
{
	__u64 file = (__u64)file_of_fd(fd);
	struct session s = {.dev = d->id, .vdev = (__u64)vdev};

	if (!file)
		return 0;
	s.id = __sync_fetch_and_add(&last_session, 1) + 1;
	if (bpf_map_update_elem(&sessions, &file, &s, BPF_ANY))
		return 0;
	return s.id;
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
			session = open_session(vdev, d, arg->mig.data_fd);
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
		op_enter(OP_LOW_POWER, 0);
	if (feature != VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE)
		return;
	if (bpf_probe_read_user(&a, sizeof(a), (void *)arg))
		miss = MISS_USER_ARGS;
	mig_set_enter(vdev, a.mig.device_state, miss);
}

/* SET_IRQS, reset */

#define MAX_VECTORS 2048 /* MSI-X has no more */

struct vectors {
	__u64 vdev;
	int *fds; /* in user memory */
};

/* Remembers which device an eventfd signals for: the interrupt handler is given nothing else. */
static long bind_vector(__u32 i, struct vectors *v)
{
	__u64 eventfd, *known;
	struct file *file;
	int fd;

	if (bpf_probe_read_user(&fd, sizeof(fd), v->fds + i))
		return 1;
	file = file_of_fd(fd);
	if (!file)
		return 0;
	eventfd = (__u64)BPF_CORE_READ(file, private_data);
	/* QEMU sets the same eventfds again and again: looking is cheaper than writing. */
	known = bpf_map_lookup_elem(&vdev_of_eventfd, &eventfd);
	if (!known || *known != v->vdev)
		bpf_map_update_elem(&vdev_of_eventfd, &eventfd, &v->vdev, BPF_ANY);
	return 0;
}

static __always_inline void bind_vectors(struct vfio_device *vdev, struct vfio_irq_set *set,
					 unsigned long arg)
{
	struct vectors v = {.vdev = (__u64)vdev, .fds = (int *)(arg + sizeof(*set))};

	if ((set->flags & (VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER)) ==
	    (VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER))
		bpf_loop(set->count < MAX_VECTORS ? set->count : MAX_VECTORS, bind_vector, &v, 0);
}

static __always_inline void set_irqs_exit(struct vfio_device *vdev, unsigned long arg, int ret)
{
	struct dev_info *d = dev_of(vdev);
	struct vfio_irq_set set = {};
	struct ev_set_irqs *e;
	bool miss;

	if (!d)
		return;
	miss = bpf_probe_read_user(&set, sizeof(set), (void *)arg);
	if (!ret && !miss)
		bind_vectors(vdev, &set, arg);
	e = RESERVE(crit, SET_IRQS, set_irqs, d->id, d->gen);
	if (!e)
		return;
	e->hdr.miss = miss ? MISS_USER_ARGS : 0;
	e->flags = set.flags;
	e->index = set.index;
	e->start = set.start;
	e->count = set.count;
	e->ret = ret;
	e->pad = 0;
	SUBMIT(e);
}

static __always_inline void emit_reset(struct dev_info *d, __u32 kind, __u64 began, int ret)
{
	struct ev_reset *e;

	if (!ret)
		landed(d, STATE_RUNNING);
	e = RESERVE(crit, RESET, reset, d->id, next_gen(d));
	if (!e)
		return;
	e->reset_kind = kind;
	e->ret = ret;
	e->began = began;
	SUBMIT(e);
}

static __always_inline void reset_exit(struct vfio_device *vdev, __u32 kind, int ret)
{
	struct dev_info *d = dev_of(vdev);
	__u64 began = op_exit();

	if (d)
		emit_reset(d, kind, began, ret);
}

SEC("fentry/vfio_device_fops_unl_ioctl")
int BPF_PROG(device_ioctl_enter, struct file *filep, unsigned int cmd, unsigned long arg)
{
	if (cmd == IOCTL_FEATURE)
		feature_enter(file_vdev(filep), arg);
	else if (cmd == IOCTL_RESET)
		op_enter(OP_RESET, 0);
	else if (cmd == IOCTL_HOT_RESET)
		op_enter(OP_HOT_RESET, 0);
	return 0;
}

SEC("fexit/vfio_device_fops_unl_ioctl")
int BPF_PROG(device_ioctl_exit, struct file *filep, unsigned int cmd, unsigned long arg, long ret)
{
	if (cmd == IOCTL_FEATURE)
		feature_exit(file_vdev(filep), arg, ret);
	else if (cmd == IOCTL_SET_IRQS)
		set_irqs_exit(file_vdev(filep), arg, ret);
	else if (cmd == IOCTL_RESET)
		reset_exit(file_vdev(filep), RESET_IOCTL, ret);
	else if (cmd == IOCTL_HOT_RESET)
		reset_exit(file_vdev(filep), RESET_HOT, ret);
	return 0;
}

/* Resets that come another way: FLR by a config write, sysfs. */
static __always_inline void function_reset(struct pci_dev *pdev, int ret)
{
	__u64 dev = (__u64)pdev + bpf_core_field_offset(struct pci_dev, dev);
	struct vfio_device **vdev = bpf_map_lookup_elem(&vdev_of_device, &dev);
	struct task_op *op;
	struct dev_info *d;

	if (!vdev)
		return;
	d = known_dev(*vdev);
	op = current_op();
	if (!d || (op && (op->op == OP_RESET || op->op == OP_HOT_RESET)))
		return; /* part of a reset ioctl, which reports itself */
	emit_reset(d, RESET_FUNCTION, bpf_ktime_get_ns(), ret);
}

SEC("fexit/pci_try_reset_function")
int BPF_PROG(pci_try_reset_function, struct pci_dev *pdev, int ret)
{
	function_reset(pdev, ret);
	return 0;
}

SEC("fexit/pci_reset_function")
int BPF_PROG(pci_reset_function, struct pci_dev *pdev, int ret)
{
	function_reset(pdev, ret);
	return 0;
}

/*
 * Arcs. Every in-tree migration driver calls this exported function once per
 * arc, before it executes the arc. The fourth argument is an `enum *`, which the
 * verifier refuses to load as a typed argument, hence bpf_get_func_arg().
 */
SEC("fexit/vfio_mig_get_next_state")
int vfio_mig_get_next_state(__u64 *ctx)
{
	__u64 vdev = 0, cur = 0, requested = 0, next = 0, ret = 0;
	struct dev_info *d;
	struct ev_mig_arc *e;
	__u32 next_state = 0;

	bpf_get_func_arg(ctx, 0, &vdev);
	bpf_get_func_arg(ctx, 1, &cur);
	bpf_get_func_arg(ctx, 2, &requested);
	bpf_get_func_arg(ctx, 3, &next);
	bpf_get_func_ret(ctx, &ret);
	d = dev_of((struct vfio_device *)vdev);
	if (!d)
		return 0;
	e = RESERVE(crit, MIG_ARC, mig_arc, d->id, next_gen(d));
	if (!e)
		return 0;
	if (!(int)ret && bpf_probe_read_kernel(&next_state, sizeof(next_state), (void *)next))
		e->hdr.miss = MISS_KERNEL;
	e->cur = cur;
	e->requested = requested;
	e->next = next_state;
	e->ret = ret;
	SUBMIT(e);
	return 0;
}

/*
 * Region accesses. At exit *ppos has been advanced by what was transferred
 * (mtty, vfio_pci_bar_rw, vfio_pci_config_rw all do), and not on error.
 */
static __always_inline __u64 start_pos(loff_t *ppos, ssize_t ret)
{
	loff_t pos = 0;

	bpf_probe_read_kernel(&pos, sizeof(pos), ppos);
	return ret > 0 ? pos - ret : pos;
}

static __always_inline struct dev_info *watched_dev(struct file *filep)
{
	struct dev_info *d;

	if (!nr_watched)
		return 0;
	d = dev_of(file_vdev(filep));
	return d && d->watched ? d : 0;
}

SEC("fexit/vfio_device_fops_read")
int BPF_PROG(vfio_device_fops_read, struct file *filep, char *buf, size_t count, loff_t *ppos,
	     ssize_t ret)
{
	struct dev_info *d = watched_dev(filep);
	struct ev_region_read *e;

	if (!d)
		return 0;
	e = RESERVE(bulk, REGION_READ, region_read, d->id, d->gen);
	if (!e)
		return 0;
	e->pos = start_pos(ppos, ret);
	e->count = count;
	e->ret = ret;
	SUBMIT(e);
	return 0;
}

static __always_inline void config_write(struct dev_info *d, const char *buf, __u64 count,
					 __u64 offset, ssize_t ret)
{
	struct ev_config_write *e = RESERVE(bulk, CONFIG_WRITE, config_write, d->id, d->gen);
	__u64 value = 0;
	long miss;

	if (!e)
		return;
	/* Two calls, so that the verifier sees a bound on the length. */
	if (count >= sizeof(value))
		miss = bpf_probe_read_user(&value, sizeof(value), buf);
	else
		miss = bpf_probe_read_user(&value, count & 7, buf);
	if (miss)
		e->hdr.miss = MISS_USER_ARGS;
	e->offset = offset;
	e->count = count;
	e->value = value;
	e->ret = ret;
	SUBMIT(e);
}

SEC("fexit/vfio_device_fops_write")
int BPF_PROG(vfio_device_fops_write, struct file *filep, const char *buf, size_t count,
	     loff_t *ppos, ssize_t ret)
{
	struct dev_info *d = watched_dev(filep);
	struct ev_region_write *e;
	__u64 pos;

	if (!d)
		return 0;
	pos = start_pos(ppos, ret);
	if (d->config_at_7 && pos >> REGION_SHIFT == CONFIG_REGION) {
		config_write(d, buf, count, pos & ((1ull << REGION_SHIFT) - 1), ret);
		return 0;
	}
	e = RESERVE(bulk, REGION_WRITE, region_write, d->id, d->gen);
	if (!e)
		return 0;
	e->pos = pos;
	e->count = count;
	e->ret = ret;
	SUBMIT(e);
	return 0;
}

SEC("fexit/vfio_device_fops_mmap")
int BPF_PROG(vfio_device_fops_mmap, struct file *filep, struct vm_area_struct *vma, int ret)
{
	struct dev_info *d = dev_of(file_vdev(filep));
	struct ev_mmap *e;

	if (!d)
		return 0;
	e = RESERVE(crit, MMAP, mmap, d->id, d->gen);
	if (!e)
		return 0;
	e->pos = BPF_CORE_READ(vma, vm_pgoff) << PAGE_SHIFT;
	e->size = BPF_CORE_READ(vma, vm_end) - BPF_CORE_READ(vma, vm_start);
	e->ret = ret;
	e->pad = 0;
	SUBMIT(e);
	return 0;
}

/* Start-up: every device file that is open already. */
SEC("iter/task_file")
int open_devices(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct vfio_device *vdev;

	if (!task || !file || !vfio_device_fops_addr)
		return 0;
	if ((__u64)BPF_CORE_READ(file, f_op) != vfio_device_fops_addr)
		return 0;
	vdev = file_vdev(file);
	/* A cdev file has a vfio_device before it is bound; only an opened device counts. */
	if (vdev && BPF_CORE_READ(vdev, open_count) && !known_dev(vdev))
		learn_dev(vdev, HOW_INVENTORY, task);
	return 0;
}
