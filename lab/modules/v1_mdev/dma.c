// SPDX-License-Identifier: GPL-2.0-only
/* What DMA is to a mediated device: its driver pins a page of the user, or copies the user's memory. */
#include <linux/iommu.h>
#include "v1_mdev.h"

static int pin(struct v1_device *dev, u64 iova)
{
	struct page *page;
	int ret;

	if (dev->pinned)
		return -EBUSY;
	ret = vfio_pin_pages(&dev->vdev, iova, 1, IOMMU_READ | IOMMU_WRITE, &page);
	if (ret < 0)
		return ret;
	dev->pinned = true;
	dev->pinned_at = iova;
	return 0;
}

void v1_unpin(struct v1_device *dev)
{
	if (dev->pinned)
		vfio_unpin_pages(&dev->vdev, dev->pinned_at, 1);
	dev->pinned = false;
}

int v1_dma(struct v1_device *dev, const struct v1_dma_request *request)
{
	switch (request->command) {
	case DMA_PIN:
		return pin(dev, request->iova);
	case DMA_UNPIN:
		v1_unpin(dev);
		return 0;
	case DMA_READ:
	case DMA_WRITE:
		return vfio_dma_rw(&dev->vdev, request->iova, dev->bar + DMA_BUFFER, DMA_BYTES,
				   request->command == DMA_WRITE);
	}
	return -EINVAL;
}

/* The user takes away memory that may be pinned: VFIO waits until it is not. */
void v1_dma_unmap(struct vfio_device *vdev, u64 iova, u64 length)
{
	struct v1_device *dev = container_of(vdev, struct v1_device, vdev);

	mutex_lock(&dev->lock);
	if (dev->pinned && dev->pinned_at >= iova && dev->pinned_at - iova < length)
		v1_unpin(dev);
	mutex_unlock(&dev->lock);
}
