// SPDX-License-Identifier: GPL-2.0-only
/* How a device is told to misbehave: files in /sys/bus/pci/devices/.../edu_vfio/. */
#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "edu_vfio.h"

#define EDU_STRAY_DELAY_MS 20 /* so that nobody takes the first for a straggler */

static const char *const edu_states[] = {
	[VFIO_DEVICE_STATE_ERROR] = "ERROR",
	[VFIO_DEVICE_STATE_STOP] = "STOP",
	[VFIO_DEVICE_STATE_RUNNING] = "RUNNING",
	[VFIO_DEVICE_STATE_STOP_COPY] = "STOP_COPY",
	[VFIO_DEVICE_STATE_RESUMING] = "RESUMING",
	[VFIO_DEVICE_STATE_RUNNING_P2P] = "RUNNING_P2P",
	[VFIO_DEVICE_STATE_PRE_COPY] = "PRE_COPY",
	[VFIO_DEVICE_STATE_PRE_COPY_P2P] = "PRE_COPY_P2P",
};

void edu_switches_init(struct edu_device *edu)
{
	edu->switches.quiesce = 1;
	edu->switches.stray_msi = 1;
	edu->switches.accept_empty_resume = 1;
	edu->switches.read_returns = EDU_READ_NORMALLY;
	edu->failure.from = -1;
	edu->land_elsewhere = -1;
}

/* Starts or ends what a device that does not quiesce does; with edu->lock held. */
void edu_stray_update(struct edu_device *edu)
{
	bool straying = edu->open && edu_halted(edu->state) && !edu->switches.quiesce;

	if (straying && !edu->straying)
		schedule_delayed_work(&edu->stray, msecs_to_jiffies(EDU_STRAY_DELAY_MS));
	edu->straying = straying;
}

/* The errno of fail_arc when it names this arc, else 0. */
int edu_injected_failure(struct edu_device *edu, int from, int to)
{
	int error = 0;

	mutex_lock(&edu->lock);
	if (edu->failure.from == from && edu->failure.to == to) {
		error = edu->failure.error;
		if (edu->failure.once)
			edu->failure.from = -1;
	}
	mutex_unlock(&edu->lock);
	return error;
}

struct edu_attribute {
	struct device_attribute attribute;
	size_t offset;
};

static s64 *edu_switch(struct device *dev, struct device_attribute *attribute)
{
	size_t offset = container_of(attribute, struct edu_attribute, attribute)->offset;

	return (void *)&edu_of_device(dev)->switches + offset;
}

static ssize_t edu_switch_show(struct device *dev, struct device_attribute *attribute, char *to)
{
	return sysfs_emit(to, "%lld\n", *edu_switch(dev, attribute));
}

static ssize_t edu_switch_store(struct device *dev, struct device_attribute *attribute,
				const char *from, size_t count)
{
	struct edu_device *edu = edu_of_device(dev);
	s64 value;
	int ret = kstrtos64(from, 0, &value);

	if (ret)
		return ret;
	mutex_lock(&edu->lock);
	*edu_switch(dev, attribute) = value;
	if (edu->session)
		WRITE_ONCE(edu->session->read_returns, edu->switches.read_returns);
	edu_stray_update(edu);
	mutex_unlock(&edu->lock);
	return count;
}

#define EDU_SWITCH(name)                                                                           \
	static struct edu_attribute edu_switch_##name = {                                          \
		.attribute = __ATTR(name, 0644, edu_switch_show, edu_switch_store),                \
		.offset = offsetof(struct edu_switches, name),                                     \
	}

EDU_SWITCH(quiesce);
EDU_SWITCH(stray_iova);
EDU_SWITCH(stray_msi);
EDU_SWITCH(stall_ms);
EDU_SWITCH(error_on_fail);
EDU_SWITCH(accept_empty_resume);
EDU_SWITCH(read_returns);
EDU_SWITCH(dirty_iova);
EDU_SWITCH(dirty_length);

/* "none", or FROM:TO:ERRNO, and :once when the arc is to work the next time. */
static ssize_t fail_arc_store(struct device *dev, struct device_attribute *attribute,
			      const char *from, size_t count)
{
	struct edu_device *edu = edu_of_device(dev);
	struct edu_failure failure = {.from = -1};
	char first[16], second[16], once[8] = "";

	if (!sysfs_streq(from, "none")) {
		if (sscanf(from, "%15[^:]:%15[^:]:%d:%7s", first, second, &failure.error, once) < 3)
			return -EINVAL;
		failure.from = match_string(edu_states, ARRAY_SIZE(edu_states), first);
		failure.to = match_string(edu_states, ARRAY_SIZE(edu_states), second);
		failure.once = !strcmp(once, "once");
		if (failure.from < 0 || failure.to < 0 || failure.error <= 0 ||
		    failure.error >= MAX_ERRNO || (*once && !failure.once))
			return -EINVAL;
		failure.error = -failure.error;
	}
	mutex_lock(&edu->lock);
	edu->failure = failure;
	mutex_unlock(&edu->lock);
	return count;
}
static DEVICE_ATTR_WO(fail_arc);

static ssize_t land_elsewhere_store(struct device *dev, struct device_attribute *attribute,
				    const char *from, size_t count)
{
	struct edu_device *edu = edu_of_device(dev);
	int state = sysfs_streq(from, "none") ? -1 : sysfs_match_string(edu_states, from);

	if (state < -1)
		return state;
	mutex_lock(&edu->lock);
	edu->land_elsewhere = state;
	mutex_unlock(&edu->lock);
	return count;
}
static DEVICE_ATTR_WO(land_elsewhere);

static ssize_t async_state_show(struct device *dev, struct device_attribute *attribute, char *to)
{
	return sysfs_emit(to, "%s\n", edu_states[READ_ONCE(edu_of_device(dev)->state)]);
}

static ssize_t async_state_store(struct device *dev, struct device_attribute *attribute,
				 const char *from, size_t count)
{
	int state = sysfs_match_string(edu_states, from);

	if (state < 0)
		return state;
	edu_enter(edu_of_device(dev), state);
	return count;
}
static DEVICE_ATTR_RW(async_state);

static struct attribute *edu_attributes[] = {
	&edu_switch_quiesce.attribute.attr,
	&edu_switch_stray_iova.attribute.attr,
	&edu_switch_stray_msi.attribute.attr,
	&edu_switch_stall_ms.attribute.attr,
	&edu_switch_error_on_fail.attribute.attr,
	&edu_switch_accept_empty_resume.attribute.attr,
	&edu_switch_read_returns.attribute.attr,
	&edu_switch_dirty_iova.attribute.attr,
	&edu_switch_dirty_length.attribute.attr,
	&dev_attr_fail_arc.attr,
	&dev_attr_land_elsewhere.attr,
	&dev_attr_async_state.attr,
	NULL,
};

static const struct attribute_group edu_group = {
	.name = "edu_vfio",
	.attrs = edu_attributes,
};

const struct attribute_group *edu_vfio_groups[] = {&edu_group, NULL};
