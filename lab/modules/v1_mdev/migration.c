// SPDX-License-Identifier: GPL-2.0-only
/* The migration region: device_state, and the registers that hand out and take in the state. */
#include <linux/uaccess.h>
#include "v1_mdev.h"

void v1_reset(struct v1_device *dev)
{
	dev->state = V1_RUNNING;
	dev->moved = 0;
	dev->offered = 0;
}

/* The user has read what was offered. */
static u64 pending_bytes(struct v1_device *dev)
{
	if (!(dev->state & V1_SAVING))
		return 0;
	dev->moved += dev->offered;
	dev->offered = 0;
	return BAR_SIZE - dev->moved;
}

static void offer(struct v1_device *dev)
{
	if (!(dev->state & V1_SAVING) || dev->offered)
		return;
	dev->offered = min_t(u32, WINDOW_SIZE, BAR_SIZE - dev->moved);
	memcpy(dev->window, dev->bar + dev->moved, dev->offered);
}

/* Data that does not fit leaves nothing that could be gone back to: ERROR. */
static int take_in(struct v1_device *dev, u64 size)
{
	if ((dev->state & V1_MASK) != V1_RESUMING)
		return -EINVAL;
	if (size > WINDOW_SIZE || dev->moved + size > BAR_SIZE) {
		dev->state = (dev->state & ~V1_MASK) | V1_ERROR;
		return -EIO;
	}
	memcpy(dev->bar + dev->moved, dev->window, size);
	dev->moved += size;
	return 0;
}

static int set_state(struct v1_device *dev, u32 state)
{
	u32 bits = state & V1_MASK;

	if (bits > V1_RESUMING || (dev->state & V1_MASK) == V1_ERROR)
		return -EINVAL; /* 101, 110, 111; and from ERROR only a reset leads on */
	if (bits != (dev->state & V1_MASK)) {
		dev->moved = 0;
		dev->offered = 0;
	}
	dev->state = state;
	return 0;
}

ssize_t v1_migration_read(struct v1_device *dev, char __user *buf, size_t count, u64 offset)
{
	u64 value;

	if (offset >= WINDOW) {
		if (count > WINDOW_SIZE || offset - WINDOW > WINDOW_SIZE - count)
			return -EINVAL;
		return copy_to_user(buf, dev->window + (offset - WINDOW), count) ? -EFAULT : count;
	}
	if (count > sizeof(value))
		return -EINVAL;
	switch (offset) {
	case REG_STATE:
		value = dev->state;
		break;
	case REG_PENDING:
		value = pending_bytes(dev);
		break;
	case REG_OFFSET:
		offer(dev);
		value = WINDOW;
		break;
	case REG_SIZE:
		value = dev->offered;
		break;
	default:
		return -EINVAL;
	}
	return copy_to_user(buf, &value, count) ? -EFAULT : count;
}

ssize_t v1_migration_write(struct v1_device *dev, const char __user *buf, size_t count, u64 offset)
{
	u64 value = 0;
	int ret;

	if (offset >= WINDOW) {
		if (count > WINDOW_SIZE || offset - WINDOW > WINDOW_SIZE - count)
			return -EINVAL;
		return copy_from_user(dev->window + (offset - WINDOW), buf, count) ? -EFAULT :
										     count;
	}
	if (count > sizeof(value))
		return -EINVAL;
	if (copy_from_user(&value, buf, count))
		return -EFAULT;
	switch (offset) {
	case REG_STATE:
		ret = count == sizeof(u32) ? set_state(dev, value) : -EINVAL;
		break;
	case REG_SIZE:
		ret = take_in(dev, value);
		break;
	default:
		ret = -EINVAL;
	}
	return ret ? ret : count;
}
