// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Accesses to device regions through the device fd, and mmap of them. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "v1.bpf.h"

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

/*
 * The device, and where the access began, if it is of interest now. What goes to a v1 migration
 * region is told here.
 */
static __always_inline struct dev_info *accessed_dev(struct file *filep, const char *buf,
						     size_t count, loff_t *ppos, ssize_t ret,
						     bool write, __u64 *pos)
{
	struct dev_info *d;

	d = dev_of(file_vdev(filep));
	if (!d || (!d->watched && !d->v1_size))
		return 0;
	*pos = start_pos(ppos, ret);
	if (in_v1_region(d, *pos)) {
		v1_access(d, buf, count, *pos, ret, write);
		return 0;
	}
	return d->watched ? d : 0;
}

/* Shall it have a record of its own? `tally` is that of region 0. */
static __always_inline bool access_in_full(struct dev_info *d, __u32 tally, __u32 of, __u64 pos,
					   ssize_t ret)
{
	__u64 index = pos >> REGION_SHIFT;
	__u32 part = index < REGION_PARTS ? index : REGION_PARTS - 1;

	return touch_in_full(d, tally + part, of, part, ret > 0 ? ret : 0);
}

static __noinline int BPF_PROG(region_read, struct file *filep, char *buf, size_t count,
			       loff_t *ppos, ssize_t ret)
{
	struct ev_region_read *e;
	struct dev_info *d;
	__u64 pos;

	d = accessed_dev(filep, buf, count, ppos, ret, false, &pos);
	if (!d || !access_in_full(d, TALLY_READ, EV_REGION_READ, pos, ret))
		return 0;
	e = RESERVE(bulk, REGION_READ, region_read, d->id, d->gen);
	if (!e)
		return 0;
	e->pos = pos;
	e->count = count;
	e->ret = ret;
	SUBMIT(e);
	return 0;
}

SEC("fexit/vfio_device_fops_read")
int vfio_device_fops_read(__u64 *ctx)
{
	return nr_watched ? region_read(ctx) : 0;
}

static __always_inline void config_write(struct dev_info *d, const char *buf, __u64 count,
					 __u64 offset, ssize_t ret)
{
	struct ev_config_write *e;
	__u64 value = 0;

	if (!touch_in_full(d, TALLY_CONFIG, EV_CONFIG_WRITE, CONFIG_REGION, ret > 0 ? ret : 0))
		return;
	e = RESERVE(bulk, CONFIG_WRITE, config_write, d->id, d->gen);
	if (!e)
		return;
	if (read_word(&value, buf, count))
		e->hdr.miss = MISS_USER_ARGS;
	e->offset = offset;
	e->count = count;
	e->value = value;
	e->ret = ret;
	SUBMIT(e);
}

static __noinline int BPF_PROG(region_write, struct file *filep, const char *buf, size_t count,
			       loff_t *ppos, ssize_t ret)
{
	struct ev_region_write *e;
	struct dev_info *d;
	__u64 pos;

	d = accessed_dev(filep, buf, count, ppos, ret, true, &pos);
	if (!d)
		return 0;
	if (d->config_at_7 && pos >> REGION_SHIFT == CONFIG_REGION) {
		config_write(d, buf, count, pos & ((1ull << REGION_SHIFT) - 1), ret);
		return 0;
	}
	if (!access_in_full(d, TALLY_WRITE, EV_REGION_WRITE, pos, ret))
		return 0;
	e = RESERVE(bulk, REGION_WRITE, region_write, d->id, d->gen);
	if (!e)
		return 0;
	e->pos = pos;
	e->count = count;
	e->ret = ret;
	SUBMIT(e);
	return 0;
}

SEC("fexit/vfio_device_fops_write")
int vfio_device_fops_write(__u64 *ctx)
{
	return nr_watched ? region_write(ctx) : 0;
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
