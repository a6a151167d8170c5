// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What is there already at start: open devices, their states, interrupts and DMA mappings.
 *
 * Nothing is locked and nothing is called: kernel memory is read, and what is found is told only
 * as far as it is consistent. The other probes are attached by then: what changes meanwhile has
 * records of its own.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "known_irqs.bpf.h"
#include "p2p.bpf.h"

#define MAX_MUTEXES 4

/*
 * Where a driver keeps a device's migration state, in bytes from its vfio_device; from the driver
 * module's BTF (state_offsets.c).
 */
struct state_place {
	__s32 state;
	__u32 mutexes;
	__s32 mutex[MAX_MUTEXES]; /* that the driver holds while it changes the state */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, char[56]); /* module */
	__type(value, struct state_place);
} state_places SEC(".maps");

static __always_inline bool held(struct vfio_device *vdev, __s32 offset)
{
	long owner = 1;

	bpf_probe_read_kernel(&owner, sizeof(owner),
			      (void *)vdev + offset + bpf_core_field_offset(struct mutex, owner));
	return owner;
}

/* A SET_STATE may be under way: the state is about to be another. */
static __always_inline bool changing(struct vfio_device *vdev, struct state_place *p)
{
	for (int i = 0; i < MAX_MUTEXES; i++)
		if (i < p->mutexes && held(vdev, p->mutex[i]))
			return true;
	return false;
}

static __always_inline bool is_generic(struct vfio_device *vdev)
{
	char driver[16] = {};

	bpf_probe_read_kernel_str(driver, sizeof(driver), BPF_CORE_READ(vdev, dev, driver, name));
	return !BPF_CORE_READ(vdev, mig_ops) && bpf_strncmp(driver, 9, "vfio-pci") == 0;
}

/* 0 where it is not known; else the certainty. */
static __always_inline __u32 read_state(struct vfio_device *vdev, __u32 *state)
{
	char module[56] = {};
	struct state_place *p;

	/* Plain vfio-pci has no migration of any kind: it does nothing but run. */
	if (is_generic(vdev)) {
		*state = STATE_RUNNING;
		return CERTAINTY_INFERRED;
	}
	bpf_probe_read_kernel_str(module, sizeof(module),
				  BPF_CORE_READ(vdev, dev, driver, owner, name));
	p = bpf_map_lookup_elem(&state_places, module);
	if (!p || !bpf_core_field_exists(struct mutex, owner) || changing(vdev, p))
		return 0;
	if (bpf_probe_read_kernel(state, sizeof(*state), (void *)vdev + p->state) ||
	    changing(vdev, p))
		return 0;
	return p->mutexes ? CERTAINTY_VERIFIED : CERTAINTY_INFERRED;
}

static __always_inline void tell_state(struct vfio_device *vdev, struct dev_info *d)
{
	struct ev_known_state *e;
	__u32 state = 0, certainty = read_state(vdev, &state);

	/* Seen to change already: no longer a matter of inventory. */
	if (!certainty || d->gen)
		return;
	landed(d, state);
	e = RESERVE(crit, KNOWN_STATE, known_state, d->id, 0);
	if (!e)
		return;
	e->state = state;
	e->certainty = certainty;
	SUBMIT(e);
}

#define MAX_MAPPINGS 8192
#define STEPS_EACH 6 /* down, left, right, up, and two VMAs */

enum { FROM_ABOVE, FROM_LEFT, FROM_RIGHT };

/* An in-order walk of vfio_iommu.dma_list, a red-black tree: a step is one edge, or one VMA. */
struct walk {
	struct task_struct *task;
	struct rb_node *node;
	__u32 from;
	__u32 container;
	__u64 end; /* of the mapping before */
	__u64 told;
	__u64 done; /* came to the end of the tree, and every record was kept */
	/* What is left of the mapping told last: is it a BAR? */
	__u64 vaddr, iova, left;
};

static __always_inline bool ring_is_filling(void)
{
	return bpf_ringbuf_query(&crit, BPF_RB_AVAIL_DATA) >
	       bpf_ringbuf_query(&crit, BPF_RB_RING_SIZE) / 4 * 3;
}

/* False: the walk makes no sense any more, or nobody could keep its records. */
static __always_inline bool tell_mapping(struct walk *w, struct rb_node *node)
{
	struct vfio_dma *dma = (void *)node - bpf_core_field_offset(struct vfio_dma, node);
	struct task_struct *task = w->task;
	struct ev_known_mapping *e;

	w->iova = BPF_CORE_READ(dma, iova);
	w->left = BPF_CORE_READ(dma, size);
	w->vaddr = BPF_CORE_READ(dma, vaddr);
	if (!w->left || w->iova < w->end || ring_is_filling())
		return false;
	e = RESERVE(crit, KNOWN_MAPPING, known_mapping, 0, 0);
	if (!e)
		return false;
	e->container = w->container;
	e->certainty = CERTAINTY_VERIFIED;
	e->iova = w->iova;
	e->vaddr = w->vaddr;
	e->size = w->left;
	SUBMIT(e);
	w->end = w->iova + w->left;
	w->told++;
	/* vaddr is of the process that mapped it: not always of the one that has the device. */
	if (bpf_core_field_exists(dma->mm) && BPF_CORE_READ(dma, mm) != BPF_CORE_READ(task, mm)) {
		struct p2p unknown = {};

		emit_p2p(&unknown, w->container, w->iova, w->left);
		w->left = 0;
	}
	return true;
}

static __always_inline void look_up(struct walk *w)
{
	struct p2p p = {.vaddr = w->vaddr};

	if (!next_p2p(w->task, &p, w->container, w->iova, w->left)) {
		w->left = 0;
		return;
	}
	w->vaddr += p.size;
	w->iova += p.size;
	w->left -= p.size;
}

static __always_inline void climb(struct walk *w, struct rb_node *node)
{
	struct rb_node *parent = (void *)(BPF_CORE_READ(node, __rb_parent_color) & ~3ul);

	w->from = parent && BPF_CORE_READ(parent, rb_left) == node ? FROM_LEFT : FROM_RIGHT;
	w->node = parent;
}

static long walk_step(__u32 i, struct walk *w)
{
	struct rb_node *node = w->node, *left, *right;

	if (w->left) {
		look_up(w);
		return 0;
	}
	if (!node) {
		w->done = 1;
		return 1;
	}
	if (w->from == FROM_ABOVE) {
		left = BPF_CORE_READ(node, rb_left);
		if (left)
			w->node = left;
		else
			w->from = FROM_LEFT;
		return 0;
	}
	if (w->from == FROM_LEFT) {
		right = BPF_CORE_READ(node, rb_right);
		w->node = right ?: node;
		w->from = right ? FROM_ABOVE : FROM_RIGHT;
		return !tell_mapping(w, node);
	}
	climb(w, node);
	return 0;
}

/* MAP_DMA and UNMAP_DMA hold the lock; each mapping takes one from dma_avail. */
static __always_inline __u64 changes(struct vfio_iommu *iommu)
{
	return BPF_CORE_READ(iommu, lock.owner.counter) ? 0
							: 1ull + BPF_CORE_READ(iommu, dma_avail);
}

static __always_inline void tell_mappings(struct vfio_iommu *iommu, struct task_struct *task)
{
	struct container *c = container_of_iommu(iommu, 0);
	struct walk w = {.task = task};
	struct ev_known_container *e;
	__u64 before;

	if (!c || c->told)
		return;
	c->told = 1;
	before = changes(iommu);
	w.container = c->id;
	w.node = BPF_CORE_READ(iommu, dma_list.rb_node);
	bpf_loop(MAX_MAPPINGS * STEPS_EACH, walk_step, &w, 0);
	e = RESERVE(crit, KNOWN_CONTAINER, known_container, 0, 0);
	if (!e)
		return;
	e->container = c->id;
	e->complete = w.done && before && before == changes(iommu);
	e->mappings = w.told;
	e->tracking = BPF_CORE_READ(iommu, dirty_page_tracking);
	e->pad = 0;
	SUBMIT(e);
}

static __always_inline void tell_container(struct vfio_device *vdev, struct task_struct *task)
{
	struct vfio_iommu *iommu;

	/* vfio_iommu_type1 is not loaded: no container has mappings of this kind. */
	if (!bpf_core_type_exists(struct vfio_iommu))
		return;
	iommu = BPF_CORE_READ(vdev, group, container, iommu_data);
	if (iommu)
		tell_mappings(iommu, task);
}

SEC("iter/task_file")
int open_devices(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct vfio_device *vdev;
	struct dev_info *d;

	if (!task || !file || !vfio_device_fops_addr)
		return 0;
	if ((__u64)BPF_CORE_READ(file, f_op) != vfio_device_fops_addr)
		return 0;
	vdev = file_vdev(file);
	/* A cdev file has a vfio_device before it is bound; only an opened device counts. */
	if (!vdev || !BPF_CORE_READ(vdev, open_count))
		return 0;
	d = known_dev(vdev);
	if (!d)
		d = learn_dev(vdev, HOW_INVENTORY, task);
	if (!d)
		return 0;
	if (d->state == STATE_UNSEEN && !d->told) {
		d->told = 1;
		tell_state(vdev, d);
		tell_irqs(vdev, d);
	}
	tell_container(vdev, task);
	return 0;
}
