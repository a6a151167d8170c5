// SPDX-License-Identifier: GPL-2.0-only
/*
 * A mediated device that migrates by the protocol that Linux had before 5.18, "v1": a region with
 * the capability VFIO_REGION_TYPE_MIGRATION, whose registers the user reads and writes. No driver
 * of a current kernel has it; vendors' drivers of older ones do.
 *
 * Region 0 is plain memory of 4 KiB, and all the state there is. A write to its first byte raises
 * the interrupt (INTX), a request written to DMA_REQUEST is DMA, in whatever state the device is:
 * this device never quiesces.
 */
#include <linux/mdev.h>
#include <linux/module.h>
#include <linux/uaccess.h>
#include "v1_mdev.h"

static struct class *v1_class;
static struct mdev_parent parent;
static struct mdev_type type = {.sysfs_name = "1", .pretty_name = "a device that migrates by v1"};
static struct mdev_type *types[] = {&type};

static struct v1_device *to_v1(struct vfio_device *vdev)
{
	return container_of(vdev, struct v1_device, vdev);
}

static int v1_init(struct vfio_device *vdev)
{
	struct v1_device *dev = to_v1(vdev);

	mutex_init(&dev->lock);
	v1_reset(dev);
	return 0;
}

static int v1_open(struct vfio_device *vdev)
{
	v1_reset(to_v1(vdev));
	return 0;
}

static void set_intx(struct v1_device *dev, struct eventfd_ctx *ctx)
{
	if (dev->intx)
		eventfd_ctx_put(dev->intx);
	dev->intx = ctx;
}

static void v1_close(struct vfio_device *vdev)
{
	set_intx(to_v1(vdev), NULL);
	v1_unpin(to_v1(vdev));
}

/* A request of another size is plain memory. */
static int bar_written(struct v1_device *dev, size_t count, u64 offset)
{
	struct v1_dma_request request;

	if (!offset && dev->intx)
		eventfd_signal(dev->intx);
	if (offset != DMA_REQUEST || count != sizeof(request))
		return 0;
	memcpy(&request, dev->bar + offset, sizeof(request));
	return v1_dma(dev, &request);
}

static ssize_t bar_access(struct v1_device *dev, char __user *to, const char __user *from,
			  size_t count, u64 offset)
{
	if (count > BAR_SIZE || offset > BAR_SIZE - count)
		return -EINVAL;
	if (to)
		return copy_to_user(to, dev->bar + offset, count) ? -EFAULT : count;
	if (copy_from_user(dev->bar + offset, from, count))
		return -EFAULT;
	return bar_written(dev, count, offset) ?: (ssize_t)count;
}

static ssize_t v1_access(struct vfio_device *vdev, char __user *to, const char __user *from,
			 size_t count, loff_t *ppos)
{
	struct v1_device *dev = to_v1(vdev);
	u64 offset = *ppos & ((1ULL << REGION_SHIFT) - 1);
	ssize_t ret = -EINVAL;

	mutex_lock(&dev->lock);
	switch (*ppos >> REGION_SHIFT) {
	case VFIO_PCI_BAR0_REGION_INDEX:
		ret = bar_access(dev, to, from, count, offset);
		break;
	case MIGRATION_REGION:
		ret = to ? v1_migration_read(dev, to, count, offset) :
			   v1_migration_write(dev, from, count, offset);
		break;
	}
	mutex_unlock(&dev->lock);
	if (ret > 0)
		*ppos += ret;
	return ret;
}

static ssize_t v1_read(struct vfio_device *vdev, char __user *buf, size_t count, loff_t *ppos)
{
	return v1_access(vdev, buf, NULL, count, ppos);
}

static ssize_t v1_write(struct vfio_device *vdev, const char __user *buf, size_t count,
			loff_t *ppos)
{
	return v1_access(vdev, NULL, buf, count, ppos);
}

static long get_info(void __user *arg)
{
	struct vfio_device_info info = {
		.argsz = sizeof(info),
		.flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET,
		.num_regions = MIGRATION_REGION + 1,
		.num_irqs = VFIO_PCI_INTX_IRQ_INDEX + 1,
	};

	return copy_to_user(arg, &info, offsetofend(struct vfio_device_info, num_irqs)) ? -EFAULT :
											  0;
}

/* The migration region's type is in a capability behind the info, if the user has room for it. */
static int add_type(struct vfio_region_info *info, void __user *arg)
{
	struct vfio_region_info_cap_type cap = {
		.header.id = VFIO_REGION_INFO_CAP_TYPE,
		.header.version = 1,
		.type = VFIO_REGION_TYPE_MIGRATION_DEPRECATED,
		.subtype = VFIO_REGION_SUBTYPE_MIGRATION_DEPRECATED,
	};
	bool room = info->argsz >= sizeof(*info) + sizeof(cap);

	info->flags |= VFIO_REGION_INFO_FLAG_CAPS;
	info->argsz = sizeof(*info) + sizeof(cap);
	info->cap_offset = room ? sizeof(*info) : 0;
	return room && copy_to_user(arg + sizeof(*info), &cap, sizeof(cap)) ? -EFAULT : 0;
}

static long get_region_info(void __user *arg)
{
	struct vfio_region_info info;
	int ret;

	if (copy_from_user(&info, arg, sizeof(info)))
		return -EFAULT;
	if (info.argsz < sizeof(info) || info.index > MIGRATION_REGION)
		return -EINVAL;
	info.offset = (u64)info.index << REGION_SHIFT;
	info.flags = 0;
	info.size = 0;
	info.cap_offset = 0;
	if (info.index == VFIO_PCI_BAR0_REGION_INDEX)
		info.size = BAR_SIZE;
	if (info.index == MIGRATION_REGION) {
		info.size = MIGRATION_SIZE;
		ret = add_type(&info, arg);
		if (ret)
			return ret;
	}
	if (info.size)
		info.flags |= VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static long set_irqs(struct v1_device *dev, void __user *arg)
{
	struct eventfd_ctx *ctx = NULL;
	struct vfio_irq_set set;
	s32 fd;

	if (copy_from_user(&set, arg, sizeof(set)))
		return -EFAULT;
	if (set.index != VFIO_PCI_INTX_IRQ_INDEX || set.start || set.count > 1)
		return -EINVAL;
	if (set.count) {
		if (!(set.flags & VFIO_IRQ_SET_DATA_EVENTFD))
			return -EINVAL;
		if (copy_from_user(&fd, arg + sizeof(set), sizeof(fd)))
			return -EFAULT;
		ctx = eventfd_ctx_fdget(fd);
		if (IS_ERR(ctx))
			return PTR_ERR(ctx);
	}
	set_intx(dev, ctx);
	return 0;
}

static long v1_ioctl(struct vfio_device *vdev, unsigned int cmd, unsigned long arg)
{
	struct v1_device *dev = to_v1(vdev);
	long ret = 0;

	mutex_lock(&dev->lock);
	switch (cmd) {
	case VFIO_DEVICE_GET_INFO:
		ret = get_info((void __user *)arg);
		break;
	case VFIO_DEVICE_GET_REGION_INFO:
		ret = get_region_info((void __user *)arg);
		break;
	case VFIO_DEVICE_SET_IRQS:
		ret = set_irqs(dev, (void __user *)arg);
		break;
	case VFIO_DEVICE_RESET:
		v1_reset(dev);
		break;
	default:
		ret = -ENOTTY;
	}
	mutex_unlock(&dev->lock);
	return ret;
}

static const struct vfio_device_ops v1_ops = {
	.name = "v1_mdev",
	.init = v1_init,
	.bind_iommufd = vfio_iommufd_emulated_bind,
	.unbind_iommufd = vfio_iommufd_emulated_unbind,
	.attach_ioas = vfio_iommufd_emulated_attach_ioas,
	.detach_ioas = vfio_iommufd_emulated_detach_ioas,
	.open_device = v1_open,
	.close_device = v1_close,
	.read = v1_read,
	.write = v1_write,
	.ioctl = v1_ioctl,
	.dma_unmap = v1_dma_unmap,
};

static int v1_probe(struct mdev_device *mdev)
{
	struct v1_device *dev = vfio_alloc_device(v1_device, vdev, &mdev->dev, &v1_ops);
	int ret;

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	ret = vfio_register_emulated_iommu_dev(&dev->vdev);
	if (ret) {
		vfio_put_device(&dev->vdev);
		return ret;
	}
	dev_set_drvdata(&mdev->dev, dev);
	return 0;
}

static void v1_remove(struct mdev_device *mdev)
{
	struct v1_device *dev = dev_get_drvdata(&mdev->dev);

	vfio_unregister_group_dev(&dev->vdev);
	vfio_put_device(&dev->vdev);
}

static unsigned int v1_available(struct mdev_type *mtype)
{
	return 8;
}

static struct mdev_driver v1_driver = {
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.driver = {.name = "v1_mdev", .owner = THIS_MODULE, .mod_name = KBUILD_MODNAME},
	.probe = v1_probe,
	.remove = v1_remove,
	.get_available = v1_available,
};

static int __init v1_mdev_init(void)
{
	struct device *dev;
	int ret;

	ret = mdev_register_driver(&v1_driver);
	if (ret)
		return ret;
	v1_class = class_create("v1_mdev");
	if (IS_ERR(v1_class)) {
		ret = PTR_ERR(v1_class);
		goto no_class;
	}
	dev = device_create(v1_class, NULL, MKDEV(0, 0), NULL, "v1_mdev");
	if (IS_ERR(dev)) {
		ret = PTR_ERR(dev);
		goto no_device;
	}
	ret = mdev_register_parent(&parent, dev, &v1_driver, types, ARRAY_SIZE(types));
	if (!ret)
		return 0;
	device_unregister(dev);
no_device:
	class_destroy(v1_class);
no_class:
	mdev_unregister_driver(&v1_driver);
	return ret;
}

static void __exit v1_mdev_exit(void)
{
	struct device *dev = parent.dev;

	mdev_unregister_parent(&parent);
	device_unregister(dev);
	class_destroy(v1_class);
	mdev_unregister_driver(&v1_driver);
}

module_init(v1_mdev_init);
module_exit(v1_mdev_exit);

MODULE_DESCRIPTION("A VFIO mdev that migrates by the v1 protocol");
MODULE_LICENSE("GPL");
