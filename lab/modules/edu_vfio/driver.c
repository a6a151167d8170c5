// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VFIO variant driver that makes QEMU's edu device migratable, and a liar when told so.
 *
 * The device itself knows nothing of migration: its state is a few registers, "stopped" means that
 * the DMA engine has been waited for. switches.c has the ways to misbehave.
 */
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/iova_bitmap.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sched/signal.h>

#include "edu_vfio.h"

static uint flags = VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P | VFIO_MIGRATION_PRE_COPY;
module_param(flags, uint, 0644);
MODULE_PARM_DESC(flags,
		 "VFIO_MIGRATION_* of devices bound from now on: STOP_COPY 1, P2P 2, PRE_COPY 4");

static bool log_dma = true;
module_param(log_dma, bool, 0644);
MODULE_PARM_DESC(log_dma, "Whether devices bound from now on have DMA logging");

/* The device is in a state, however it came there. */
void edu_enter(struct edu_device *edu, enum vfio_device_mig_state state)
{
	mutex_lock(&edu->lock);
	WRITE_ONCE(edu->state, state);
	edu_stray_update(edu);
	mutex_unlock(&edu->lock);
}

/* What a reset does to the state of migration. May be called under core.memory_lock. */
static void edu_forget(struct edu_device *edu)
{
	mutex_lock(&edu->lock);
	edu->resets++;
	edu->logging = false;
	WRITE_ONCE(edu->state, VFIO_DEVICE_STATE_RUNNING);
	edu_stray_update(edu);
	mutex_unlock(&edu->lock);
	edu_session_end(edu);
}

static int edu_stall(struct edu_device *edu)
{
	s64 stall = READ_ONCE(edu->switches.stall_ms);

	/* Interruptible: it may be longer than the kernel lets a task hang. */
	return stall > 0 && msleep_interruptible(stall) ? -EINTR : 0;
}

/* Does what lies between two neighbouring states; answers the new session's file if there is one.
 */
static struct file *edu_arc(struct edu_device *edu, enum vfio_device_mig_state from,
			    enum vfio_device_mig_state to)
{
	struct file *file = NULL;
	int ret = edu_stall(edu);

	if (!ret)
		ret = edu_injected_failure(edu, from, to);
	if (!ret && edu_halted(to) && !edu_halted(from) && READ_ONCE(edu->switches.quiesce))
		ret = edu_wait_idle(edu);
	if (!ret && from == VFIO_DEVICE_STATE_RESUMING)
		ret = edu_session_load(edu);
	if (ret)
		return ERR_PTR(ret);

	if (from == VFIO_DEVICE_STATE_RESUMING || (edu_saving(from) && !edu_saving(to)))
		edu_session_end(edu);
	if (to == VFIO_DEVICE_STATE_RESUMING || (edu_saving(to) && !edu_saving(from)))
		file = edu_session_open(edu, edu_saving(to));
	if (!IS_ERR(file) && (to == VFIO_DEVICE_STATE_STOP_COPY || (file && edu_saving(to))))
		ret = edu_session_snapshot(edu, to == VFIO_DEVICE_STATE_STOP_COPY);
	if (ret) {
		if (file)
			fput(file);
		return ERR_PTR(ret);
	}
	return file;
}

/* Makes an arc's end the state, unless a reset was faster. */
static int edu_commit(struct edu_device *edu, enum vfio_device_mig_state to, unsigned int resets)
{
	int ret = 0;

	mutex_lock(&edu->lock);
	if (edu->resets == resets) {
		WRITE_ONCE(edu->state, to);
		edu_stray_update(edu);
	} else {
		ret = -EAGAIN;
	}
	mutex_unlock(&edu->lock);
	/* So that nothing stray comes after the return to a state in which it would look legal. */
	if (!edu_halted(to))
		cancel_delayed_work_sync(&edu->stray);
	return ret;
}

static int edu_land_elsewhere(struct edu_device *edu)
{
	int state;

	mutex_lock(&edu->lock);
	state = edu->land_elsewhere;
	edu->land_elsewhere = -1;
	mutex_unlock(&edu->lock);
	return state;
}

/* Walks arc by arc. `elsewhere`, when it lies on the way, is where the walk ends. */
static struct file *edu_walk(struct edu_device *edu, enum vfio_device_mig_state to, int elsewhere)
{
	enum vfio_device_mig_state from, next;
	struct file *file = NULL;
	unsigned int resets;
	int ret;

	mutex_lock(&edu->lock);
	from = edu->state;
	resets = edu->resets;
	mutex_unlock(&edu->lock);
	/* To be asked for the way out of ERROR makes the core warn: only a reset leads there. */
	if (from == VFIO_DEVICE_STATE_ERROR && to != from)
		return ERR_PTR(-EIO);
	for (; from != to && from != elsewhere; from = next) {
		ret = vfio_mig_get_next_state(&edu->core.vdev, from, to, &next);
		if (ret)
			return ERR_PTR(ret);
		file = edu_arc(edu, from, next);
		ret = IS_ERR(file) ? PTR_ERR(file) : edu_commit(edu, next, resets);
		if (ret) {
			if (!IS_ERR_OR_NULL(file)) {
				edu_session_end(edu);
				fput(file);
			}
			if (READ_ONCE(edu->switches.error_on_fail)) {
				edu_session_end(edu);
				edu_commit(edu, VFIO_DEVICE_STATE_ERROR, resets);
			}
			return ERR_PTR(ret);
		}
	}
	if (elsewhere >= 0)
		edu_commit(edu, elsewhere, resets);
	return file;
}

static struct file *edu_vfio_set_state(struct vfio_device *vdev, enum vfio_device_mig_state state)
{
	struct edu_device *edu = edu_of_vfio(vdev);
	struct file *file;

	if (mutex_lock_interruptible(&edu->transition))
		return ERR_PTR(-EINTR);
	file = edu_walk(edu, state, edu_land_elsewhere(edu));
	mutex_unlock(&edu->transition);
	return file;
}

static int edu_vfio_get_state(struct vfio_device *vdev, enum vfio_device_mig_state *state)
{
	*state = READ_ONCE(edu_of_vfio(vdev)->state);
	return 0;
}

static int edu_vfio_get_data_size(struct vfio_device *vdev, unsigned long *size)
{
	*size = edu_record_size();
	return 0;
}

static const struct vfio_migration_ops edu_migration_ops = {
	.migration_set_state = edu_vfio_set_state,
	.migration_get_state = edu_vfio_get_state,
	.migration_get_data_size = edu_vfio_get_data_size,
};

static int edu_vfio_log_start(struct vfio_device *vdev, struct rb_root_cached *ranges, u32 count,
			      u64 *page_size)
{
	struct edu_device *edu = edu_of_vfio(vdev);
	int ret = 0;

	mutex_lock(&edu->lock);
	if (edu->logging)
		ret = -EINVAL;
	edu->logging = true;
	mutex_unlock(&edu->lock);
	*page_size = max_t(u64, *page_size, PAGE_SIZE);
	return ret;
}

static int edu_vfio_log_stop(struct vfio_device *vdev)
{
	struct edu_device *edu = edu_of_vfio(vdev);

	mutex_lock(&edu->lock);
	edu->logging = false;
	mutex_unlock(&edu->lock);
	return 0;
}

/* Says what the switches say. Debian's 6.12 has no IOVA bitmaps: there the core refuses before it
 * gets here. */
static int edu_vfio_log_read_and_clear(struct vfio_device *vdev, unsigned long iova,
				       unsigned long length, struct iova_bitmap *dirty)
{
	struct edu_device *edu = edu_of_vfio(vdev);
	unsigned long from, to;
	bool logging;

	mutex_lock(&edu->lock);
	logging = edu->logging;
	from = max_t(unsigned long, iova, edu->switches.dirty_iova);
	to = min_t(unsigned long, iova + length,
		   edu->switches.dirty_iova + edu->switches.dirty_length);
	mutex_unlock(&edu->lock);
	if (!logging)
		return -EINVAL;
	if (from < to)
		iova_bitmap_set(dirty, from, to - from);
	return 0;
}

static const struct vfio_log_ops edu_log_ops = {
	.log_start = edu_vfio_log_start,
	.log_stop = edu_vfio_log_stop,
	.log_read_and_clear = edu_vfio_log_read_and_clear,
};

static int edu_vfio_open_device(struct vfio_device *vdev)
{
	struct edu_device *edu = edu_of_vfio(vdev);
	int ret = vfio_pci_core_enable(&edu->core);

	if (ret)
		return ret;
	ret = vfio_pci_core_setup_barmap(&edu->core, 0);
	if (ret) {
		vfio_pci_core_disable(&edu->core);
		return ret;
	}
	/* On a root bus nothing can reset an edu. We can: the user is told, and edu_vfio_ioctl()
	 * does it. */
	edu->soft_reset = !edu->core.reset_works;
	edu->core.reset_works = true;
	edu_forget(edu);
	mutex_lock(&edu->lock);
	edu->open = true;
	mutex_unlock(&edu->lock);
	vfio_pci_core_finish_enable(&edu->core);
	return 0;
}

static void edu_vfio_close_device(struct vfio_device *vdev)
{
	struct edu_device *edu = edu_of_vfio(vdev);

	mutex_lock(&edu->lock);
	edu->open = false;
	edu_stray_update(edu);
	mutex_unlock(&edu->lock);
	cancel_delayed_work_sync(&edu->stray);
	edu_session_end(edu);
	edu_reset_registers(edu);
	if (edu->soft_reset)
		edu->core.reset_works = false;
	vfio_pci_core_close_device(vdev);
}

static long edu_vfio_ioctl(struct vfio_device *vdev, unsigned int cmd, unsigned long arg)
{
	struct edu_device *edu = edu_of_vfio(vdev);

	if (cmd != VFIO_DEVICE_RESET || !edu->soft_reset)
		return vfio_pci_core_ioctl(vdev, cmd, arg);
	edu_reset_registers(edu);
	edu_forget(edu);
	return 0;
}

static int edu_vfio_init_device(struct vfio_device *vdev)
{
	struct edu_device *edu = edu_of_vfio(vdev);

	mutex_init(&edu->transition);
	mutex_init(&edu->lock);
	INIT_DELAYED_WORK(&edu->stray, edu_stray_work);
	edu->state = VFIO_DEVICE_STATE_RUNNING;
	edu_switches_init(edu);
	vdev->migration_flags = flags;
	vdev->mig_ops = &edu_migration_ops;
	if (log_dma)
		vdev->log_ops = &edu_log_ops;
	return vfio_pci_core_init_dev(vdev);
}

static const struct vfio_device_ops edu_vfio_ops = {
	.name = "edu-vfio",
	.init = edu_vfio_init_device,
	.release = vfio_pci_core_release_dev,
	.open_device = edu_vfio_open_device,
	.close_device = edu_vfio_close_device,
	.ioctl = edu_vfio_ioctl,
	.device_feature = vfio_pci_core_ioctl_feature,
	.read = vfio_pci_core_read,
	.write = vfio_pci_core_write,
	.mmap = vfio_pci_core_mmap,
	.request = vfio_pci_core_request,
	.match = vfio_pci_core_match,
	.bind_iommufd = vfio_iommufd_physical_bind,
	.unbind_iommufd = vfio_iommufd_physical_unbind,
	.attach_ioas = vfio_iommufd_physical_attach_ioas,
	.detach_ioas = vfio_iommufd_physical_detach_ioas,
};

static int edu_vfio_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct edu_device *edu =
		vfio_alloc_device(edu_device, core.vdev, &pdev->dev, &edu_vfio_ops);
	int ret;

	if (IS_ERR(edu))
		return PTR_ERR(edu);
	dev_set_drvdata(&pdev->dev, &edu->core);
	ret = vfio_pci_core_register_device(&edu->core);
	if (ret)
		vfio_put_device(&edu->core.vdev);
	return ret;
}

static void edu_vfio_remove(struct pci_dev *pdev)
{
	struct edu_device *edu = edu_of_device(&pdev->dev);

	vfio_pci_core_unregister_device(&edu->core);
	vfio_put_device(&edu->core.vdev);
}

/* Behind a root port the PCI core resets it, with its bus. */
static void edu_vfio_reset_done(struct pci_dev *pdev)
{
	edu_forget(edu_of_device(&pdev->dev));
}

static const struct pci_error_handlers edu_vfio_error_handlers = {
	.reset_done = edu_vfio_reset_done,
	.error_detected = vfio_pci_core_aer_err_detected,
};

static const struct pci_device_id edu_vfio_table[] = {
	{PCI_DRIVER_OVERRIDE_DEVICE_VFIO(0x1234, 0x11e8)}, {}};
MODULE_DEVICE_TABLE(pci, edu_vfio_table);

static struct pci_driver edu_vfio_driver = {
	.name = KBUILD_MODNAME,
	.id_table = edu_vfio_table,
	.probe = edu_vfio_probe,
	.remove = edu_vfio_remove,
	.dev_groups = edu_vfio_groups,
	.err_handler = &edu_vfio_error_handlers,
	.driver_managed_dma = true,
};
module_pci_driver(edu_vfio_driver);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("migwatch");
MODULE_DESCRIPTION("QEMU's edu device as a migratable VFIO device, for tests");
