/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef V1_MDEV_H
#define V1_MDEV_H

#include <linux/eventfd.h>
#include <linux/mutex.h>
#include <linux/vfio.h>

/* Places in the device file are those of vfio-pci: index << 40 | offset. */
#define REGION_SHIFT 40
#define BAR_SIZE     4096
#define MIGRATION_REGION VFIO_PCI_NUM_REGIONS /* the first device specific one */

/* Registers of the migration region, and the window that its data goes through. */
#define REG_STATE   0
#define REG_PENDING 8
#define REG_OFFSET  16
#define REG_SIZE    24
#define WINDOW	    4096
#define WINDOW_SIZE 1024
#define MIGRATION_SIZE (WINDOW + WINDOW_SIZE)

/* Bits of device_state. */
#define V1_RUNNING  1
#define V1_SAVING   2
#define V1_RESUMING 4
#define V1_ERROR    (V1_SAVING | V1_RESUMING)
#define V1_MASK	    7

struct v1_device {
	struct vfio_device vdev;
	struct mutex lock; /* of all below */
	struct eventfd_ctx *intx;
	u8 bar[BAR_SIZE]; /* all of the device's state */
	u32 state;	  /* V1_*; above V1_MASK what the user left there */
	u32 moved;	  /* of bar, in this session */
	u32 offered;	  /* of the window: told to the user, not taken for read yet */
	u8 window[WINDOW_SIZE];
};

void v1_reset(struct v1_device *dev);
ssize_t v1_migration_read(struct v1_device *dev, char __user *buf, size_t count, u64 offset);
ssize_t v1_migration_write(struct v1_device *dev, const char __user *buf, size_t count, u64 offset);

#endif
