/* SPDX-License-Identifier: GPL-2.0-only */
/* edu_vfio: QEMU's edu device as a migratable VFIO device that misbehaves on request. */
#ifndef EDU_VFIO_H
#define EDU_VFIO_H

#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/vfio_pci_core.h>
#include <linux/workqueue.h>

/* The registers that make up the device's state and can be written back. */
struct edu_registers {
	__le32 liveness;
	__le32 status;
	__le64 dma_source;
	__le64 dma_destination;
	__le64 dma_count;
};

/* What flows over the data fd: one or more of these, each padded with zeros to `size` bytes. */
struct edu_record {
	__le64 magic;
	__le64 size;
	struct edu_registers registers;
};

/* A data transfer session. Its file and, while it goes on, its device hold it. */
struct edu_session {
	refcount_t users;
	bool dead;  /* the device has left it: reads and writes fail */
	bool final; /* STOP_COPY: nothing comes after what is there */
	s64 read_returns;
	struct mutex lock; /* for all that follows */
	u64 record_size;
	u64 position;		     /* saving: in the whole stream; resuming: in the record */
	unsigned int records;	     /* saving: taken so far; resuming: 1 once one is complete */
	struct edu_record record[2]; /* saving: first, final; resuming: incoming, last complete */
};

/* The files of /sys/bus/pci/devices/.../edu_vfio/ that are just numbers. */
struct edu_switches {
	s64 quiesce;
	s64 stray_iova;
	s64 stray_msi;
	s64 stall_ms;
	s64 error_on_fail;
	s64 accept_empty_resume;
	s64 read_returns;
	s64 dirty_iova;
	s64 dirty_length;
};

#define EDU_READ_NORMALLY 1

struct edu_failure {
	int from, to; /* -1: no arc fails */
	int error;
	bool once;
};

/*
 * Locks, outer to inner: transition, core.memory_lock, lock. A reset comes in under memory_lock. A
 * session's lock is held while user memory is touched, which may fault on a BAR: none of
 * memory_lock's holders take it.
 */
struct edu_device {
	struct vfio_pci_core_device core;
	bool soft_reset;	 /* the PCI core knows no way to reset it: we do */
	struct mutex transition; /* one SET_STATE at a time */
	struct mutex lock;	 /* for all that follows */
	enum vfio_device_mig_state state;
	unsigned int resets; /* a transition that sees it change has been overtaken */
	struct edu_session *session;
	bool open;
	bool straying;
	bool logging;
	struct edu_switches switches;
	struct edu_failure failure;
	int land_elsewhere; /* a state, or -1 */
	struct delayed_work stray;
};

static inline struct edu_device *edu_of_vfio(struct vfio_device *vdev)
{
	return container_of(vdev, struct edu_device, core.vdev);
}

static inline struct edu_device *edu_of_device(struct device *dev)
{
	return container_of((struct vfio_pci_core_device *)dev_get_drvdata(dev), struct edu_device,
			    core);
}

/* STOP and the states that are like it: no DMA, no interrupts. */
static inline bool edu_halted(enum vfio_device_mig_state state)
{
	return state == VFIO_DEVICE_STATE_STOP || state == VFIO_DEVICE_STATE_STOP_COPY ||
	       state == VFIO_DEVICE_STATE_RESUMING;
}

static inline bool edu_saving(enum vfio_device_mig_state state)
{
	return state == VFIO_DEVICE_STATE_STOP_COPY || state == VFIO_DEVICE_STATE_PRE_COPY ||
	       state == VFIO_DEVICE_STATE_PRE_COPY_P2P;
}

/* driver.c */
void edu_enter(struct edu_device *edu, enum vfio_device_mig_state state);

/* hardware.c */
int edu_wait_idle(struct edu_device *edu);
void edu_save_registers(struct edu_device *edu, struct edu_registers *registers);
void edu_load_registers(struct edu_device *edu, const struct edu_registers *registers);
void edu_reset_registers(struct edu_device *edu);
void edu_stray_work(struct work_struct *work);

/* session.c */
struct file *edu_session_open(struct edu_device *edu, bool saving);
void edu_session_end(struct edu_device *edu);
int edu_session_snapshot(struct edu_device *edu, bool final);
int edu_session_load(struct edu_device *edu);
u64 edu_record_size(void);

/* switches.c */
extern const struct attribute_group *edu_vfio_groups[];
void edu_switches_init(struct edu_device *edu);
void edu_stray_update(struct edu_device *edu);
int edu_injected_failure(struct edu_device *edu, int from, int to);

#endif
