/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The migration protocol before Linux 5.18, "v1", which vendors' drivers have: no ioctl, but a
 * region whose registers are read and written. Which region it is, only VFIO_DEVICE_GET_REGION_INFO
 * tells, in a capability behind its answer; devices that have none pay for nothing here.
 */
#ifndef MIGWATCH_V1_BPF_H
#define MIGWATCH_V1_BPF_H

#include <linux/vfio.h>
#include "device.bpf.h"

#define MAX_CAPS 8

/* struct vfio_device_migration_info of 5.10's uapi/linux/vfio.h: device_state, its bits */
#define V1_DEVICE_STATE 0
#define V1_STATE_BITS 7
#define V1_RUNNING 1
#define V1_PRE_COPY 3 /* RUNNING | SAVING */

/* Up to 8 bytes of what a user's buffer holds. */
static __always_inline long read_word(__u64 *value, const char *buf, __u64 count)
{
	/* Two calls, so that the verifier sees a bound on the length. */
	if (count >= sizeof(*value))
		return bpf_probe_read_user(value, sizeof(*value), buf);
	return bpf_probe_read_user(value, count & 7, buf);
}

static __always_inline bool is_v1_region(unsigned long info, __u32 at)
{
	struct vfio_region_info_cap_type cap;

	for (int i = 0; i < MAX_CAPS && at >= sizeof(struct vfio_region_info); i++) {
		void *place = (void *)(info + at);

		if (bpf_probe_read_user(&cap.header, sizeof(cap.header), place))
			return false;
		if (cap.header.id == VFIO_REGION_INFO_CAP_TYPE)
			return !bpf_probe_read_user(&cap, sizeof(cap), place) &&
			       cap.type == VFIO_REGION_TYPE_MIGRATION_DEPRECATED &&
			       cap.subtype == VFIO_REGION_SUBTYPE_MIGRATION_DEPRECATED;
		at = cap.header.next;
	}
	return false;
}

static __always_inline void region_info_exit(struct vfio_device *vdev, unsigned long arg, int ret)
{
	struct vfio_region_info info;
	struct ev_v1_region *e;
	struct dev_info *d;

	/* Asked twice: the first time the user has no room for capabilities. */
	if (ret || bpf_probe_read_user(&info, sizeof(info), (void *)arg) ||
	    !(info.flags & VFIO_REGION_INFO_FLAG_CAPS) || !is_v1_region(arg, info.cap_offset))
		return;
	d = dev_of(vdev);
	if (!d || d->v1_size)
		return;
	d->v1_pos = info.offset;
	d->v1_size = info.size;
	__sync_fetch_and_add(&nr_watched, 1);
	if (info.offset == (__u64)info.index << REGION_SHIFT)
		d->config_at_7 = true; /* it numbers its regions as vfio-pci does */
	e = RESERVE(crit, V1_REGION, v1_region, d->id, d->gen);
	if (!e)
		return;
	e->index = info.index;
	e->pci_layout = d->config_at_7;
	e->size = info.size;
	SUBMIT(e);
}

static __always_inline bool in_v1_region(struct dev_info *d, __u64 pos)
{
	return pos - d->v1_pos < d->v1_size;
}

static __always_inline void v1_landed(struct dev_info *d, __u32 word)
{
	__u32 bits = word & V1_STATE_BITS;

	landed(d, bits == V1_RUNNING	? STATE_RUNNING
		  : bits == V1_PRE_COPY ? STATE_PRE_COPY
					: STATE_STOP);
}

static __always_inline void v1_access(struct dev_info *d, const char *buf, __u64 count, __u64 pos,
				      ssize_t ret, bool write)
{
	bool sets_state = write && pos == d->v1_pos + V1_DEVICE_STATE;
	__u64 value = 0;
	__u32 miss = 0;
	struct ev_v1_access *e;

	if ((write || ret > 0) && read_word(&value, buf, count))
		miss = MISS_USER_ARGS;
	if (sets_state && ret == sizeof(__u32) && !miss)
		v1_landed(d, value);
	e = RESERVE(crit, V1_ACCESS, v1_access, d->id, sets_state ? next_gen(d) : d->gen);
	if (!e)
		return;
	e->hdr.miss = miss;
	e->offset = pos - d->v1_pos;
	e->count = count;
	e->value = value;
	e->ret = ret;
	e->write = write;
	e->pad = 0;
	SUBMIT(e);
}

#endif
