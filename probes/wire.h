/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * wire.h - every record that leaves the kernel, and the few that the agent adds.
 *
 * The only place where a layout is written. tools/wire-gen.mjs reads this
 * header's BTF and writes agent/src/wire/events.gen.ts from it.
 *
 * Rules: fixed-width types; no holes, no `packed` (pads are named pad* and are
 * zero); tags are append-only and never reused; a record changes only by a new
 * tag. A record is a fact, never an opinion. A typedef's name is the meaning of
 * the field and becomes a TypeScript type of its own.
 */
#ifndef MIGWATCH_WIRE_H
#define MIGWATCH_WIRE_H

#include <linux/types.h>

/* Raised when the shim's functions or the rules above change. */
#define MW_ABI 1

typedef __u64 ktime_ns; /* CLOCK_MONOTONIC, nanoseconds */
typedef __u64 wall_ns;	/* CLOCK_REALTIME, nanoseconds since the epoch */
typedef __u64 iova;	/* I/O virtual address, bytes */
typedef __u64 vaddr;	/* address in the process that maps, bytes */
typedef __u64 bytes;	/* length, bytes */
typedef __u64
	region_pos; /* file position on the device fd: index << 40 | offset on vfio-pci and mtty */
typedef __u64 count_t;	 /* plain count, 64 bit */
typedef __s64 ssize_ret; /* >= 0 bytes done, < 0 -errno */
typedef __s32 errno_ret; /* 0 or a positive result, < 0 -errno */
typedef __s32 fd_nr;	 /* file descriptor, -1 none */
typedef __s32 group_id;	 /* IOMMU group number, -1 none */
typedef __u32 pid_nr;	 /* process or thread id in the initial pid namespace */
typedef __u32 vdev_id;	 /* one opened life of a vfio_device; counts from 1, never reused; 0 none */
typedef __u32 session_id;   /* one data transfer session (data_fd); counts from 1; 0 unknown */
typedef __u32 container_id; /* one type1 container; counts from 1; 0 none */
typedef __u32
	mig_state; /* enum vfio_device_mig_state, uapi/linux/vfio.h; raw as the user wrote it */
typedef __u32 mig_flags;    /* VFIO_MIGRATION_STOP_COPY 1, _P2P 2, _PRE_COPY 4 */
typedef __u32 flags_t;	    /* flag word of the uAPI struct in question */
typedef __u32 bool32;	    /* 0 or 1 */
typedef __u32 how_known;    /* enum how_known_e */
typedef __u32 reset_kind;   /* enum reset_kind_e */
typedef __u32 dirty_op;	    /* enum dirty_op_e */
typedef __u32 ring_nr;	    /* enum ring_e */
typedef __u32 probe_status; /* enum probe_status_e */
typedef __u32 zap_cause;    /* enum zap_cause_e */
typedef __u32 irq_kind;	    /* enum irq_kind_e */
typedef __u32
	vm_fault; /* vm_fault_t: 0x100 NOPAGE (mapped), 0x2 SIGBUS (refused), 0x800 FALLBACK */
typedef __u64 data_word; /* up to 8 bytes as they were written, little endian */

/* Why the kernel side first spoke of a device. */
enum how_known_e {
	HOW_OPENED = 1,	   /* its open was seen: it is RUNNING */
	HOW_INVENTORY = 2, /* found open at start: state unknown */
	HOW_SEEN = 3,	   /* an event on it came first: state unknown */
};

enum reset_kind_e {
	RESET_IOCTL = 1, /* VFIO_DEVICE_RESET */
	RESET_HOT = 2,	 /* VFIO_DEVICE_PCI_HOT_RESET, on the device it was asked of */
	RESET_FUNCTION =
		3, /* pci_{try_,}reset_function outside those: FLR by config write, sysfs */
};

enum dirty_op_e {
	DIRTY_START = 1,
	DIRTY_STOP = 2,
	DIRTY_REPORT = 3,
};

/* What zapped the BAR mappings. */
enum zap_cause_e {
	ZAP_OTHER = 0,	   /* runtime power management, removal, ... */
	ZAP_RESET = 1,	   /* VFIO_DEVICE_RESET */
	ZAP_HOT_RESET = 2, /* VFIO_DEVICE_PCI_HOT_RESET, of every member of the set */
	ZAP_CONFIG = 3,	   /* a config write: memory decoding off, D3hot, FLR */
	ZAP_LOW_POWER = 4, /* VFIO_DEVICE_FEATURE LOW_POWER_ENTRY */
};

enum irq_kind_e {
	IRQ_INTX = 1,
	IRQ_MSI = 2, /* MSI or MSI-X */
};

/* crit must not be lost; bulk may be, and then says so. */
enum ring_e {
	RING_CRIT = 0,
	RING_BULK = 1,
};
#define MW_RINGS 2

enum probe_status_e {
	PROBE_ATTACHED = 1,
	PROBE_WAITING = 2,     /* its module is not loaded: nothing to observe yet */
	PROBE_UNAVAILABLE = 3, /* the module is there, the function is not attachable */
};

/* Bits of ev_hdr.miss: this part of the record could not be read and is zero. */
#define MISS_USER_ARGS 1u /* the ioctl's argument in user memory */
#define MISS_KERNEL 2u	  /* a kernel pointer on the way to a field */
#define MISS_MAP_FULL 4u  /* no room in a map: ids in this record are 0 */

struct ev_hdr {
	ktime_ns at;
	__u32 type; /* enum ev_type */
	__u32 miss; /* MISS_* */
	pid_nr tgid;
	pid_nr tid;
	vdev_id dev;
	/*
	 * Ordinal of the device's last state record (those marked S below), lost ones
	 * counted; a state record carries its own. Equal numbers mean "happened in
	 * the same state", whatever ring a record came through; a jump means loss.
	 */
	__u32 gen;
};

/* A device is known from here on. Precedes every other record of its id. */
struct ev_device {
	struct ev_hdr hdr;
	how_known how;
	mig_flags flags;
	group_id group;
	container_id container;
	bool32 has_mig_ops;
	bool32 has_log_ops;
	char name[40];	 /* 0000:3b:00.2, or an mdev's UUID */
	char driver[32]; /* bound driver, as in sysfs */
	char bus[16];	 /* pci, mdev, platform, ... */
	char comm[16];	 /* of the process that has it open */
};

/* S: the device was opened (vfio_df_open). First open: the device is RUNNING. */
struct ev_open {
	struct ev_hdr hdr;
	__u32 open_count; /* after this open */
	errno_ret ret;
};

/* S: a device fd was released (vfio_df_close). */
struct ev_close {
	struct ev_hdr hdr;
	bool32 last;	 /* no fd is left; the id is dead afterwards */
	bool32 exiting;	 /* closed by process exit */
	__u32 exit_code; /* as wait(2): low 7 bits the signal, 8-15 the status; while exiting */
	__u32 pad;
};

/* S: VFIO_DEVICE_FEATURE SET MIG_DEVICE_STATE entered. */
struct ev_mig_set {
	struct ev_hdr hdr;
	mig_state requested;
	__u32 pad;
};

/* S: ... and returned. */
struct ev_mig_set_ret {
	struct ev_hdr hdr;
	mig_state requested;
	errno_ret ret;
	fd_nr data_fd;
	session_id session; /* the session that data_fd opened, 0 if none */
};

/* VFIO_DEVICE_FEATURE GET MIG_DEVICE_STATE returned. */
struct ev_mig_get {
	struct ev_hdr hdr;
	mig_state state; /* meaningful if ret is 0 */
	errno_ret ret;
};

/* S: vfio_mig_get_next_state() answered; the arc cur -> next runs after this. */
struct ev_mig_arc {
	struct ev_hdr hdr;
	mig_state cur; /* the driver's own idea of its state */
	mig_state requested;
	mig_state next; /* meaningful if ret is 0 */
	errno_ret ret;
};

/* read() on a data_fd returned. */
struct ev_data_read {
	struct ev_hdr hdr;
	session_id session;
	__u32 pad;
	bytes count;
	ssize_ret ret;
};

/* write() on a data_fd returned. */
struct ev_data_write {
	struct ev_hdr hdr;
	session_id session;
	__u32 pad;
	bytes count;
	ssize_ret ret;
};

/* The last reference to a data_fd went. */
struct ev_data_release {
	struct ev_hdr hdr;
	session_id session;
	__u32 pad;
};

/* VFIO_DEVICE_SET_IRQS returned. */
struct ev_set_irqs {
	struct ev_hdr hdr;
	flags_t flags; /* VFIO_IRQ_SET_DATA_* | VFIO_IRQ_SET_ACTION_* */
	__u32 index;   /* INTX 0, MSI 1, MSIX 2, ERR 3, REQ 4 */
	__u32 start;
	__u32 count;
	errno_ret ret;
	__u32 pad;
};

/* VFIO_IOMMU_MAP_DMA returned. hdr.dev is 0: a mapping belongs to a container. */
struct ev_dma_map {
	struct ev_hdr hdr;
	container_id container;
	flags_t flags;
	iova iova;
	vaddr vaddr;
	bytes size;
	errno_ret ret;
	__u32 pad;
};

/* VFIO_IOMMU_UNMAP_DMA returned; size is what the kernel says it unmapped. */
struct ev_dma_unmap {
	struct ev_hdr hdr;
	container_id container;
	flags_t flags;
	iova iova;
	bytes size;
	errno_ret ret;
	__u32 pad;
};

/* A group joined or left a type1 container. */
struct ev_container {
	struct ev_hdr hdr;
	container_id container;
	group_id group;
	bool32 attached;
	errno_ret ret;
};

/* A read of a device region returned. Only of devices that are not INIT (RUNNING, PRE_COPY). */
struct ev_region_read {
	struct ev_hdr hdr;
	region_pos pos;
	bytes count;
	ssize_ret ret;
};

/* A write to a device region returned. Only of devices that are not INIT. */
struct ev_region_write {
	struct ev_hdr hdr;
	region_pos pos;
	bytes count;
	ssize_ret ret;
};

/* S: a reset finished. */
struct ev_reset {
	struct ev_hdr hdr;
	reset_kind reset_kind;
	errno_ret ret;
	ktime_ns began;
};

/* Dirty tracking: DMA_LOGGING_* on a device (hdr.dev) or DIRTY_PAGES on a container. */
struct ev_dirty_log {
	struct ev_hdr hdr;
	dirty_op op;
	container_id container; /* 0: the device's own tracker */
	iova iova;		/* of a report */
	bytes size;		/* of a report */
	bytes page_size;
	errno_ret ret;
	__u32 pad;
};

/* From here on written by the agent, so that a trace can be judged alone. */

/* Records were made and could not be kept. */
struct ev_lost {
	struct ev_hdr hdr;
	ring_nr ring;
	__u32 pad;
	count_t count; /* since the last ev_lost of this ring */
};

/* Time passed; deadlines are judged from these and from record times only. */
struct ev_tick {
	struct ev_hdr hdr;
	wall_ns wall;
};

/* What one probe can see, at start and whenever that changes. */
struct ev_probe {
	struct ev_hdr hdr;
	probe_status status;
	bool32 required;     /* without it the fact is not observed at all */
	char name[48];	     /* function it attaches to */
	char probe_kind[16]; /* fentry, fexit, iter */
};

/* Who the process hdr.tgid is, for people; empty where not readable. */
struct ev_vm {
	struct ev_hdr hdr;
	char name[64];
	char uuid[40];
};

/* mmap() of a device region returned. */
struct ev_mmap {
	struct ev_hdr hdr;
	region_pos pos;
	bytes size;
	errno_ret ret;
	__u32 pad;
};

/* A page fault on a mapped BAR was answered. Only of devices that are not INIT. */
struct ev_fault {
	struct ev_hdr hdr;
	region_pos pos; /* of the faulting address */
	vm_fault ret;
	__u32 order;	 /* of the mapping tried: 0 a page, 9 2 MiB, 18 1 GiB */
	bool32 prefault; /* MAP_DMA pins the range, no CPU touched it; its first, or a refusal */
	__u32 pad;
};

/* All CPU mappings of a device's BARs were revoked. */
struct ev_zap {
	struct ev_hdr hdr;
	zap_cause cause;
	__u32 pad;
};

/* Memory decoding was forced on for MSI(-X) set-up; the BARs stay mapped: not a zap. */
struct ev_memory_enable {
	struct ev_hdr hdr;
};

/* The kernel performed an ioeventfd's MMIO write. Only on devices that are not INIT. */
struct ev_ioeventfd {
	struct ev_hdr hdr;
	region_pos pos;
	bytes count;
	data_word value;
};

/* A write to PCI config space returned. Only of devices that are not INIT. */
struct ev_config_write {
	struct ev_hdr hdr;
	bytes offset;
	bytes count;
	data_word value; /* the first 8 bytes */
	ssize_ret ret;
};

/*
 * Follows the ev_dma_map of the same thread: the mapped memory is a BAR of device
 * `target`. MISS_KERNEL: it may be one, the address space was busy.
 */
struct ev_p2p_map {
	struct ev_hdr hdr;
	container_id container;
	vdev_id target;
	iova iova;
	bytes size;
	region_pos pos; /* in the target */
};

/* A mapping went, whoever asked: unmap, detach, process exit. */
struct ev_dma_remove {
	struct ev_hdr hdr;
	container_id container;
	__u32 pad;
	iova iova;
	bytes size;
};

/* An interrupt of a device that is not INIT was handled in the host. Posted ones never are. */
struct ev_irq {
	struct ev_hdr hdr;
	irq_kind irq_kind;
	__u32 irq; /* Linux interrupt number */
};

/* VFIO_DEVICE_FEATURE LOW_POWER_ENTRY (3), _ENTRY_WITH_WAKEUP (4) or _EXIT (5) returned. */
struct ev_low_power {
	struct ev_hdr hdr;
	__u32 feature;
	errno_ret ret;
};

/* VFIO_MIG_GET_PRECOPY_INFO on a data_fd returned. */
struct ev_precopy_info {
	struct ev_hdr hdr;
	session_id session;
	errno_ret ret;
	bytes initial_bytes;
	bytes dirty_bytes;
};

/* The kernel log said that the IOMMU refused a device's DMA. The log is rate-limited: a lower
 * bound. */
struct ev_iommu_fault {
	struct ev_hdr hdr;
	ktime_ns logged; /* not before this; hdr.at is when the agent read it */
	iova iova;
	bool32 write;
	__u32 reason; /* the IOMMU's own code: VT-d fault reason, AMD flags */
	char bdf[40]; /* hdr.dev is 0 if no open device has this name */
};

/* The one list of records: tag, TAG, struct ev_<name>. Append only. */
#define EV_KINDS(X)                                                                                \
	X(1, DEVICE, device)                                                                       \
	X(2, OPEN, open)                                                                           \
	X(3, CLOSE, close)                                                                         \
	X(4, MIG_SET, mig_set)                                                                     \
	X(5, MIG_SET_RET, mig_set_ret)                                                             \
	X(6, MIG_GET, mig_get)                                                                     \
	X(7, MIG_ARC, mig_arc)                                                                     \
	X(8, DATA_READ, data_read)                                                                 \
	X(9, DATA_WRITE, data_write)                                                               \
	X(10, DATA_RELEASE, data_release)                                                          \
	X(11, SET_IRQS, set_irqs)                                                                  \
	X(12, DMA_MAP, dma_map)                                                                    \
	X(13, DMA_UNMAP, dma_unmap)                                                                \
	X(14, CONTAINER, container)                                                                \
	X(15, REGION_READ, region_read)                                                            \
	X(16, REGION_WRITE, region_write)                                                          \
	X(17, RESET, reset)                                                                        \
	X(18, DIRTY_LOG, dirty_log)                                                                \
	X(19, LOST, lost)                                                                          \
	X(20, TICK, tick)                                                                          \
	X(21, PROBE, probe)                                                                        \
	X(22, VM, vm)                                                                              \
	X(23, MMAP, mmap)                                                                          \
	X(24, FAULT, fault)                                                                        \
	X(25, ZAP, zap)                                                                            \
	X(26, MEMORY_ENABLE, memory_enable)                                                        \
	X(27, IOEVENTFD, ioeventfd)                                                                \
	X(28, CONFIG_WRITE, config_write)                                                          \
	X(29, P2P_MAP, p2p_map)                                                                    \
	X(30, DMA_REMOVE, dma_remove)                                                              \
	X(31, IRQ, irq)                                                                            \
	X(32, LOW_POWER, low_power)                                                                \
	X(33, PRECOPY_INFO, precopy_info)                                                          \
	X(34, IOMMU_FAULT, iommu_fault)
enum ev_type {
#define X(tag, TAG, name) EV_##TAG = tag,
	EV_KINDS(X)
#undef X
};

/* What one drain brought back; filled by the shim. */
struct mw_drained {
	ktime_ns horizon; /* every record made before this has been delivered */
	__u32 len;	  /* bytes of whole records in the buffer */
	bool32 modules_changed;
};

/* Counters since open, per ring; made = received + lost once drained. */
struct mw_stats {
	count_t made[MW_RINGS];
	count_t lost[MW_RINGS];
	count_t received[MW_RINGS];
};

#endif
