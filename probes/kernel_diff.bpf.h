/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where kernels differ: one getter each, the commit that changed it above it. */
#ifndef MIGWATCH_KERNEL_DIFF_BPF_H
#define MIGWATCH_KERNEL_DIFF_BPF_H

#include "kernel_types.bpf.h"
#include <bpf/bpf_core_read.h>

/*
 * "vfio: Allocate per device file structure" (6.6) put a vfio_device_file between
 * a device fd and its vfio_device.
 */
static __always_inline struct vfio_device *file_vdev(struct file *file)
{
	void *p = file->private_data; /* a typed pointer wherever this is called: a plain load */

	if (bpf_core_type_exists(struct vfio_device_file))
		return BPF_CORE_READ((struct vfio_device_file *)p, device);
	return p;
}

/*
 * dev_name(): init_name is set only until device_add() (and on a few boot-time
 * devices for ever); kobj.name is the name otherwise.
 */
static __always_inline const char *device_name(struct device *dev)
{
	const char *name = BPF_CORE_READ(dev, init_name);

	return name ? name : BPF_CORE_READ(dev, kobj.name);
}

/*
 * "vfio: Create vfio_fs_type with inode per device" (6.10) gave each device an
 * address space of its own for its BAR mappings. 0 before: there, the zap function
 * itself names the device.
 */
static __always_inline __u64 bar_mapping(struct vfio_device *vdev)
{
	if (!bpf_core_field_exists(vdev->inode))
		return 0;
	return (__u64)BPF_CORE_READ(vdev, inode, i_mapping);
}

#endif
