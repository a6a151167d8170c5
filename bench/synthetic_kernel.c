// SPDX-License-Identifier: Apache-2.0
/*
 * A busy host, made up: VMs whose devices migrate away and back without end. The mix is roughly
 * that of synthetic_host.ts. Wrong is only this: the first VM's stopped devices are read, and
 * memory is unmapped in PRE_COPY without a last look at what of it was dirty.
 */
#include <string.h>
#include "synthetic_kernel.h"

#define VMS 16
#define DEVICES 4 /* of each VM */
#define MAPPINGS 1000
#define MIGRATIONS 8 /* of a VM's life */
#define MIB (1 << 20)
#define PAGE 0x1000ull
#define CONFIG (7ull << 40)
#define NOBODY (1 << 22) /* beyond the kernel's greatest PID: no process has these */
/* More records than the rings hold: the times of a fill are spread over this many. */
#define FILL_RECORDS 200000
#define ROOM 4096 /* the most that one operation on one device takes of a ring */
#define ENOMSG_RET -42
#define COUNT(a) (sizeof(a) / sizeof(*(a)))

enum state { STOP = 1, RUNNING, STOP_COPY, RESUMING, RUNNING_P2P, PRE_COPY, PRE_COPY_P2P };
/* What is done to each device of a VM in turn, `times` over. */
enum op { BOOT, MAP, TRACK, UNTRACK, SET, DATA, DRAINED, RELEASE, IRQS, UNMAP, SHUT_DOWN };
struct step {
	enum op op;
	__u32 times;
	__u32 arcs[3]; /* of SET, the states on the way */
};

/* Some seconds of pre-copy, a moment in each state in which the guest waits. */
static const struct step boot[] = {{BOOT, 1}, {MAP, MAPPINGS / DEVICES}};
static const struct step migration[] = {
	{TRACK, 1},	  {SET, 1, {PRE_COPY}},
	{DATA, 6000},	  {SET, 1, {PRE_COPY_P2P}},
	{DATA, 150},	  {SET, 1, {STOP_COPY}},
	{DATA, 150},	  {DRAINED, 1},
	{SET, 1, {STOP}}, {RELEASE, 1},
	{UNTRACK, 1},	  {SET, 1, {RESUMING}},
	{DATA, 3000},	  {SET, 1, {STOP, RUNNING_P2P}},
	{RELEASE, 1},	  {SET, 1, {RUNNING}},
	{IRQS, 1},
};
static const struct step end[] = {{UNMAP, MAPPINGS / DEVICES}, {SHUT_DOWN, 1}};

struct device {
	__u32 dev, gen, state, session;
};
static struct vm {
	const struct step *steps;
	__u32 n_steps, step, done, device, migrations, container;
	struct device devices[DEVICES];
} vms[VMS];

struct synthetic_ring rings[MW_RINGS];
static ktime_ns at, step_ns;
static __u32 devices, sessions, containers;

static void *put(__u32 ring, __u32 type, __u32 size, const struct vm *vm, const struct device *d)
{
	struct synthetic_ring *r = &rings[ring];
	struct ev_hdr *h = (void *)(r->bytes + r->used);

	memset(h, 0, size);
	h->at = at += step_ns;
	h->type = type;
	h->tgid = h->tid = NOBODY + (vm - vms);
	h->dev = d ? d->dev : 0;
	h->gen = d ? d->gen : 0;
	r->used += size;
	r->made++;
	return h;
}
#define PUT(ring, TAG, name, vm, d)                                                                \
	((struct ev_##name *)put(ring, EV_##TAG, sizeof(struct ev_##name), vm, d))
#define CRIT(TAG, name, vm, d) PUT(RING_CRIT, TAG, name, vm, d)
#define BULK(TAG, name, vm, d) PUT(RING_BULK, TAG, name, vm, d)
/* A state record carries its own ordinal. */
#define STATE(TAG, name, vm, d) ((d)->gen++, CRIT(TAG, name, vm, d))

static void irqs(struct vm *vm, struct device *d)
{
	struct ev_set_irqs *e = CRIT(SET_IRQS, set_irqs, vm, d);

	e->flags = 0x24; /* eventfds that trigger */
	e->index = 2;
	e->count = 8;
}

static void boot_device(struct vm *vm, struct device *d)
{
	int n = d - vm->devices;
	struct ev_container *c;
	struct ev_device *e;

	if (n == 0)
		vm->container = ++containers;
	c = CRIT(CONTAINER, container, vm, NULL);
	c->container = vm->container;
	c->group = 1 + (vm - vms) * DEVICES + n;
	c->attached = 1;
	*d = (struct device){.dev = ++devices, .state = RUNNING};
	e = CRIT(DEVICE, device, vm, d);
	e->how = HOW_OPENED;
	e->flags = 7; /* STOP_COPY, P2P, PRE_COPY */
	e->group = c->group;
	e->container = vm->container;
	e->has_mig_ops = e->has_log_ops = 1;
	memcpy(e->name, "0000:00:00.0", 13);
	e->name[6] = 'a' + (vm - vms);
	e->name[11] = '0' + n;
	strcpy(e->driver, "mlx5_vfio_pci");
	strcpy(e->bus, "pci");
	strcpy(e->comm, "qemu-system-x86");
	STATE(OPEN, open, vm, d)->open_count = 1;
	irqs(vm, d);
}

static void set_state(struct vm *vm, struct device *d, const struct step *step)
{
	__u32 requested = step->arcs[1] ? step->arcs[1] : step->arcs[0];
	struct ev_mig_set_ret *ret;

	STATE(MIG_SET, mig_set, vm, d)->requested = requested;
	for (int i = 0; step->arcs[i]; i++) {
		struct ev_mig_arc *arc = STATE(MIG_ARC, mig_arc, vm, d);

		arc->cur = d->state;
		arc->requested = requested;
		arc->next = d->state = step->arcs[i];
	}
	ret = STATE(MIG_SET_RET, mig_set_ret, vm, d);
	ret->requested = requested;
	ret->data_fd = -1;
	if (requested == PRE_COPY || requested == RESUMING) {
		struct ev_data_fd *fd = CRIT(DATA_FD, data_fd, vm, d);

		ret->data_fd = 40;
		ret->session = fd->session = d->session = ++sessions;
		fd->observed = 1;
	}
}

static void dma_map(struct vm *vm, __u64 iova)
{
	struct ev_dma_map *e = CRIT(DMA_MAP, dma_map, vm, NULL);

	e->container = vm->container;
	e->flags = 3;
	e->iova = iova;
	e->size = PAGE;
}

static void dma_unmap(struct vm *vm, __u64 iova)
{
	struct ev_dma_remove *gone = CRIT(DMA_REMOVE, dma_remove, vm, NULL);
	struct ev_dma_unmap *e = CRIT(DMA_UNMAP, dma_unmap, vm, NULL);

	gone->container = e->container = vm->container;
	gone->iova = e->iova = iova;
	gone->size = e->size = PAGE;
}

static void data_read(struct vm *vm, struct device *d, __s64 ret)
{
	struct ev_data_read *e = BULK(DATA_READ, data_read, vm, d);

	e->session = d->session;
	e->count = MIB;
	e->ret = ret;
}

static void region_read(struct vm *vm, struct device *d, __u64 pos)
{
	struct ev_region_read *e = BULK(REGION_READ, region_read, vm, d);

	e->pos = pos;
	e->count = e->ret = 4;
}

static void dirty_log(struct vm *vm, struct device *d, __u32 op)
{
	struct ev_dirty_log *e = CRIT(DIRTY_LOG, dirty_log, vm, d);

	e->op = op;
	e->size = op == DIRTY_REPORT ? 1u << 30 : 0;
	e->page_size = PAGE;
}

static void pre_copy(struct vm *vm, struct device *d, __u32 n)
{
	switch (n % 100) {
	case 36 ... 41:
	case 87 ... 92:
		return dirty_log(vm, d, DIRTY_REPORT);
	case 42:
		CRIT(PRECOPY_INFO, precopy_info, vm, d)->session = d->session;
		return;
	case 86:
		return irqs(vm, d);
	case 93:
		return dma_map(vm, 0xfd0000000000ull);
	case 94:
		return dma_unmap(vm, 0xfd0000000000ull);
	case 43:
	case 95:
		return data_read(vm, d, ENOMSG_RET);
	}
	data_read(vm, d, MIB);
}

static void stop_copy(struct vm *vm, struct device *d, __u32 n)
{
	if (n % 10 == 8)
		dirty_log(vm, d, DIRTY_REPORT);
	else if (n % 5 == 4)
		region_read(vm, d, vm == vms ? 0x10 : CONFIG + 4);
	else
		data_read(vm, d, MIB);
}

static void resuming(struct vm *vm, struct device *d, __u32 n)
{
	struct ev_data_write *e;

	if (n % 20 == 18)
		return region_read(vm, d, CONFIG + 4);
	if (n % 20 == 19) {
		struct ev_fault *fault = BULK(FAULT, fault, vm, d);

		fault->pos = 2ull << 40;
		fault->ret = 0x100; /* VM_FAULT_NOPAGE: mapped */
		fault->prefault = 1;
		return;
	}
	e = BULK(DATA_WRITE, data_write, vm, d);
	e->session = d->session;
	e->count = e->ret = MIB;
}

static void data(struct vm *vm, struct device *d, __u32 n)
{
	struct ev_irq *irq;

	switch (d->state) {
	case PRE_COPY:
		return pre_copy(vm, d, n);
	case STOP_COPY:
		return stop_copy(vm, d, n);
	case RESUMING:
		return resuming(vm, d, n);
	}
	if (n % 5 == 2)
		return region_read(vm, d, CONFIG + 0x40);
	irq = BULK(IRQ, irq, vm, d);
	irq->irq_kind = IRQ_MSI;
	irq->irq = 40;
}

static void shut_down(struct vm *vm, struct device *d)
{
	struct ev_close *e = STATE(CLOSE, close, vm, d);

	e->last = e->exiting = 1;
}

static void act(struct vm *vm, struct device *d, const struct step *step, __u32 n)
{
	__u64 iova = (n * DEVICES + (d - vm->devices)) * PAGE;

	switch (step->op) {
	case BOOT:
		return boot_device(vm, d);
	case MAP:
		return dma_map(vm, iova);
	case TRACK:
		return dirty_log(vm, d, DIRTY_START);
	case UNTRACK:
		return dirty_log(vm, d, DIRTY_STOP);
	case SET:
		return set_state(vm, d, step);
	case DATA:
		return data(vm, d, n);
	case DRAINED:
		return data_read(vm, d, 0);
	case RELEASE:
		CRIT(DATA_RELEASE, data_release, vm, d)->session = d->session;
		return;
	case IRQS:
		return irqs(vm, d);
	case UNMAP:
		return dma_unmap(vm, iova);
	case SHUT_DOWN:
		return shut_down(vm, d);
	}
}

static void begin(struct vm *vm, const struct step *steps, __u32 n)
{
	vm->steps = steps;
	vm->n_steps = n;
	vm->step = 0;
}

/* What a VM does after this. */
static void go_on(struct vm *vm)
{
	if (vm->steps == end || !vm->steps)
		return begin(vm, boot, COUNT(boot));
	if (vm->steps == boot)
		vm->migrations = 0;
	if (vm->migrations++ == MIGRATIONS)
		return begin(vm, end, COUNT(end));
	begin(vm, migration, COUNT(migration));
}

/* One operation on one device. */
static void turn(struct vm *vm)
{
	const struct step *step;

	if (vm->step == vm->n_steps)
		go_on(vm);
	step = &vm->steps[vm->step];
	act(vm, &vm->devices[vm->device], step, vm->done);
	vm->device = (vm->device + 1) % DEVICES;
	if (vm->device == 0 && ++vm->done == step->times) {
		vm->done = 0;
		vm->step++;
	}
}

static int has_room(void)
{
	for (int i = 0; i < MW_RINGS; i++)
		if (rings[i].used + ROOM > rings[i].size)
			return 0;
	return 1;
}

void produce(ktime_ns until)
{
	static __u32 next;

	for (int i = 0; i < MW_RINGS; i++)
		rings[i].used = rings[i].read = 0;
	step_ns = (until - at) / FILL_RECORDS;
	while (has_room())
		turn(&vms[next++ % VMS]);
	at = until;
}

void produce_from(ktime_ns start)
{
	at = start;
}
