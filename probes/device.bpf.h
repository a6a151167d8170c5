/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which device an event is about: ids, state ordinals, and what is worth recording. */
#ifndef MIGWATCH_DEVICE_BPF_H
#define MIGWATCH_DEVICE_BPF_H

#include "container.bpf.h"
#include "halted.bpf.h"
#include "kernel_diff.bpf.h"
#include "session.bpf.h"

/* vfio-pci and mtty: file position = index << 40 | offset. */
#define REGION_SHIFT 40
#define CONFIG_REGION 7

/* From kallsyms: what tells a VFIO device file from others; 0: not known. */
const volatile __u64 vfio_device_fops_addr __weak;

/* uapi/linux/vfio.h, enum vfio_device_mig_state */
#define STATE_STOP 1
#define STATE_RUNNING 2
#define STATE_PRE_COPY 6

/* By what the kernel calls a device; each until the device is closed. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_DEVICES);
	__type(key, __u64); /* struct vfio_device * */
	__type(value, __u32);
} slot_of_vdev SEC(".maps")
__weak;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_DEVICES);
	__type(key, __u64); /* struct device * */
	__type(value, __u32);
} slot_of_device SEC(".maps")
__weak;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_DEVICES);
	__type(key, __u64); /* struct address_space * of its BAR mappings */
	__type(value, __u32);
} slot_of_mapping SEC(".maps")
__weak;

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64); /* struct eventfd_ctx * that an interrupt vector signals */
	__type(value, struct dev_ref);
} dev_of_eventfd SEC(".maps")
__weak;

/*
 * Devices that are not INIT, or of unknown state, and those with a v1 migration region once more.
 * While it is 0 the hot probes return at once. Their programs look at it and do nothing else: the
 * rest is a function of its own, so that one that returns has no registers to save.
 */
__u32 nr_watched __weak;
__u32 last_dev __weak; /* ids given so far */

static __always_inline void watch(struct dev_info *d)
{
	if (!__sync_val_compare_and_swap(&d->watched, 0, 1))
		__sync_fetch_and_add(&nr_watched, 1);
}

static __always_inline void unwatch(struct dev_info *d)
{
	if (__sync_val_compare_and_swap(&d->watched, 1, 0))
		__sync_fetch_and_add(&nr_watched, -1);
}

/*
 * The device has landed in a state, as far as the return codes tell. This one and those below that
 * are not static are functions of their own to the verifier, which walks each once; a static one it
 * walks anew from each place, with each path to it, and a loop in a loop does not come to an end.
 */
__weak int landed(struct dev_info *d, __u32 state)
{
	if (!d)
		return 0;
	d->state = state;
	if (state == STATE_RUNNING || state == STATE_PRE_COPY) {
		unwatch(d);
		unhalt(d);
	} else {
		watch(d);
		halt(d);
	}
	return 0;
}

/* What has only been counted so far, in the state that ends here. */
__weak int tell_all(struct dev_info *d)
{
	struct session *s;
	__u64 file;

	if (!d)
		return 0;
	tell_device(d);
	file = d->data_file;
	s = file ? bpf_map_lookup_elem(&sessions, &file) : 0;
	if (s && s->of.dev == d->id)
		tell_session(s);
	return 0;
}

/* The ordinal of a state record that is about to be made. */
static __always_inline __u32 next_gen(struct dev_info *d)
{
	tell_all(d);
	return __sync_fetch_and_add(&d->gen, 1) + 1;
}

/* Shall this event on a device have a record of its own? If not it has been counted. */
static __always_inline bool touch_in_full(struct dev_info *d, __u64 nr, __u32 of, __u32 part,
					  __u64 moved)
{
	struct touch what = {.of = of, .part = part, .dev = d->id, .gen = d->gen, .moved = moved};

	barrier_var(nr); /* the compiler knows the bound and would not tell the verifier */
	if (nr >= TALLIES || in_full(&d->tallies[nr], &what))
		return true;
	d->untold = 1;
	untold = 1;
	return false;
}

static __always_inline void emit_device(struct vfio_device *vdev, struct dev_info *d, __u32 how,
					struct task_struct *task)
{
	struct device *dev = BPF_CORE_READ(vdev, dev);
	struct iommu_group *group = BPF_CORE_READ(dev, iommu_group);
	struct ev_device *e = RESERVE(crit, DEVICE, device, d->id, d->gen);

	if (!e)
		return;
	e->hdr.tgid = BPF_CORE_READ(task, tgid);
	e->hdr.tid = BPF_CORE_READ(task, pid);
	e->how = how;
	e->flags = BPF_CORE_READ(vdev, migration_flags);
	e->group = group ? BPF_CORE_READ(group, id) : -1;
	e->container = container_id_of(BPF_CORE_READ(vdev, group, container, iommu_data));
	e->has_mig_ops = BPF_CORE_READ(vdev, mig_ops) != 0;
	e->has_log_ops = BPF_CORE_READ(vdev, log_ops) != 0;
	__builtin_memset(e->name, 0, sizeof(e->name));
	__builtin_memset(e->driver, 0, sizeof(e->driver));
	__builtin_memset(e->bus, 0, sizeof(e->bus));
	__builtin_memset(e->comm, 0, sizeof(e->comm));
	if (bpf_probe_read_kernel_str(e->name, sizeof(e->name), device_name(dev)) < 0)
		e->hdr.miss |= MISS_KERNEL;
	if (bpf_probe_read_kernel_str(e->driver, sizeof(e->driver),
				      BPF_CORE_READ(dev, driver, name)) < 0)
		e->hdr.miss |= MISS_KERNEL;
	if (bpf_probe_read_kernel_str(e->bus, sizeof(e->bus), BPF_CORE_READ(dev, bus, name)) < 0)
		e->hdr.miss |= MISS_KERNEL;
	BPF_CORE_READ_STR_INTO(&e->comm, task, comm);
	d->config_at_7 =
		bpf_strncmp(e->bus, 4, "pci") == 0 || bpf_strncmp(e->driver, 5, "mtty") == 0;
	if (bpf_strncmp(e->bus, 5, "mdev") == 0)
		d->signals = SIGNALS_MDEV;
	else if (bpf_strncmp(e->bus, 4, "pci"))
		d->signals = SIGNALS_OTHER;
	SUBMIT(e);
}

static __always_inline struct dev_info *in_slot(const __u32 *slot)
{
	return slot ? bpf_map_lookup_elem(&slots, slot) : 0;
}

static __always_inline struct dev_info *known_dev(struct vfio_device *vdev)
{
	__u64 key = (__u64)vdev;

	return in_slot(bpf_map_lookup_elem(&slot_of_vdev, &key));
}

/*
 * Not inlined: it is the longest body here and every state probe calls it; as a
 * function the verifier walks it once per program, not once per call site.
 */
static __noinline struct dev_info *learn_dev(struct vfio_device *vdev, __u32 how,
					     struct task_struct *task)
{
	__u64 key = (__u64)vdev, dev = (__u64)BPF_CORE_READ(vdev, dev), mapping = bar_mapping(vdev);
	struct dev_info *d = new_device();

	if (!d)
		return 0;
	d->tgid = BPF_CORE_READ(task, tgid);
	d->vdev = key;
	d->id = __sync_fetch_and_add(&last_dev, 1) + 1;
	if (bpf_map_update_elem(&slot_of_vdev, &key, &d->slot, BPF_NOEXIST)) {
		free_device(d); /* another CPU was first */
		return known_dev(vdev);
	}
	bpf_map_update_elem(&slot_of_device, &dev, &d->slot, BPF_ANY);
	if (mapping)
		bpf_map_update_elem(&slot_of_mapping, &mapping, &d->slot, BPF_ANY);
	if (how != HOW_OPENED)
		watch(d); /* its state is unknown: record what touches it */
	emit_device(vdev, d, how, task);
	return d;
}

/* Null only if all slots are taken: there is no id to report under, so the record counts as lost.
 */
static __always_inline struct dev_info *dev_of(struct vfio_device *vdev)
{
	struct dev_info *d = known_dev(vdev);

	if (!d)
		d = learn_dev(vdev, HOW_SEEN, (void *)bpf_get_current_task());
	if (!d)
		count_record(RING_CRIT, true);
	return d;
}

static __always_inline void forget_dev(struct vfio_device *vdev, struct dev_info *d)
{
	__u64 key = (__u64)vdev, dev = (__u64)BPF_CORE_READ(vdev, dev), mapping = bar_mapping(vdev);

	unwatch(d);
	if (d->v1_size)
		__sync_fetch_and_add(&nr_watched, -1);
	unhalt(d);
	bpf_map_delete_elem(&slot_of_mapping, &mapping);
	bpf_map_delete_elem(&slot_of_device, &dev);
	bpf_map_delete_elem(&slot_of_vdev, &key);
	free_device(d);
}

#endif
