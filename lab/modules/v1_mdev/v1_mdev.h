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

/* A struct v1_dma_request that is written there, into the BAR, is carried out at once. */
#define DMA_REQUEST 16
#define DMA_PIN	    1 /* the page at iova; one at a time */
#define DMA_UNPIN   2
#define DMA_READ    3 /* from iova into the BAR's buffer */
#define DMA_WRITE   4
#define DMA_BUFFER  128
#define DMA_BYTES   64

struct v1_dma_request {
	u64 iova;
	u32 command; /* DMA_* */
	u32 pad;
};

struct v1_device {
	struct vfio_device vdev;
	struct mutex lock; /* of all below */
	struct eventfd_ctx *intx;
	u8 bar[BAR_SIZE]; /* all of the device's state */
	u32 state;	  /* V1_*; above V1_MASK what the user left there */
	u32 moved;	  /* of bar, in this session */
	u32 offered;	  /* of the window: told to the user, not taken for read yet */
	u8 window[WINDOW_SIZE];
	bool pinned; /* a page of the user, at pinned_at */
	u64 pinned_at;
};

void v1_reset(struct v1_device *dev);
int v1_dma(struct v1_device *dev, const struct v1_dma_request *request);
void v1_unpin(struct v1_device *dev);
void v1_dma_unmap(struct vfio_device *vdev, u64 iova, u64 length);
ssize_t v1_migration_read(struct v1_device *dev, char __user *buf, size_t count, u64 offset);
ssize_t v1_migration_write(struct v1_device *dev, const char __user *buf, size_t count, u64 offset);

#endif
