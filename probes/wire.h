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
#define MW_ABI 3

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
typedef __u32 certainty;    /* enum certainty_e */
typedef __u32 aer_severity; /* enum aer_severity_e */
typedef __u64 data_word;    /* up to 8 bytes as they were written, little endian */

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
	RESET_COLLATERAL = 4, /* hot reset that was asked of another device of the set */
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
	IRQ_MSI = 2,	 /* MSI or MSI-X */
	IRQ_EVENTFD = 3, /* signalled by the driver itself: mdev; hdr.irq is 0 */
};

/* How sure a fact is that was found at start rather than seen to happen. */
enum certainty_e {
	CERTAINTY_VERIFIED = 1, /* read from where the kernel keeps it */
	CERTAINTY_INFERRED = 2, /* follows from something that was read */
	CERTAINTY_ASSUMED = 3,	/* the usual case; nothing was read that speaks against it */
};

/* linux/aer.h, AER_NONFATAL and on */
enum aer_severity_e {
	AER_NONFATAL = 0,
	AER_FATAL = 1,
	AER_CORRECTABLE = 2,
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
	PROBE_DETACHED = 4,    /* let go on request, so that its module can be replaced */
	PROBE_READY = 5, /* loaded; attached only while a device is in a state that wants it */
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
	 * So what happened while a SET_STATE was in flight carries the ordinal of its
	 * ev_mig_set or of one of its arcs: no record needs a mark of its own for that.
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

/* VFIO_DEVICE_GET_REGION_INFO told of a v1 migration region (capability type 3, subtype 1). */
struct ev_v1_region {
	struct ev_hdr hdr;
	__u32 index;
	bool32 pci_layout; /* its regions are numbered and placed as vfio-pci's are */
	bytes size;
};

/*
 * S if a write at offset 0: an access to the registers of a v1 migration region (struct
 * vfio_device_migration_info of Linux 5.10's vfio.h: device_state 0, pending_bytes 8, data_offset
 * 16, data_size 24), or to its data (offset >= 32).
 */
struct ev_v1_access {
	struct ev_hdr hdr;
	bytes offset; /* in the region */
	bytes count;
	data_word value; /* the first 8 bytes that were read or written */
	ssize_ret ret;
	bool32 write;
	__u32 pad;
};

/* A vCPU entered its guest although device hdr.dev of the same VM is not INIT. */
struct ev_vcpu_entry {
	struct ev_hdr hdr;
	__u32 vcpu;
	__u32 pad;
};

/*
 * PCIe advanced error reporting named a device; or an error was another's below the same port, or
 * the port's own, and the device's driver was told of it (status is 0 then).
 */
struct ev_aer {
	struct ev_hdr hdr;
	aer_severity aer_severity;
	__u32 status; /* AER (un)correctable error status register, masked */
	char bdf[40]; /* hdr.dev is 0 if no open device has this name */
};

/* An mdev's driver pinned or unpinned pages of its user (vfio_pin_pages, vfio_unpin_pages). */
struct ev_pin {
	struct ev_hdr hdr;
	iova iova;
	count_t pages;
	bool32 pinned; /* 0: unpinned */
	errno_ret ret; /* pages done, or -errno */
};

/* An mdev's driver read or wrote memory of its user (vfio_dma_rw). */
struct ev_dma_rw {
	struct ev_hdr hdr;
	iova iova;
	bytes count;
	bool32 write;
	errno_ret ret;
};

/* One of the ranges of a DMA_LOGGING_START; they precede its ev_dirty_log, by the same thread. */
struct ev_dirty_range {
	struct ev_hdr hdr;
	iova iova;
	bytes size;
	bytes page_size;
};

/* What a dirty report held; precedes its ev_dirty_log, by the same thread. */
struct ev_dirty_bits {
	struct ev_hdr hdr;
	container_id container; /* 0: the device's own tracker */
	bool32 partial;		/* not all of the bitmap was looked at: bits is a lower bound */
	iova first;		/* of the dirty pages; meaningless if bits is 0 */
	iova last;
	count_t bits; /* pages reported dirty */
	bytes page_size;
};

/* KVM took over (posted) or gave back the delivery of a host interrupt of hdr.dev. */
struct ev_irq_bypass {
	struct ev_hdr hdr;
	__u32 irq; /* Linux interrupt number */
	bool32 posted;
};

/* iommufd: the device was attached to, replaced to, or detached from an IOAS or HWPT. */
struct ev_ioas {
	struct ev_hdr hdr;
	container_id container; /* that it is attached to now; 0 none */
	__u32 pt_id;
	errno_ret ret;
	__u32 pad;
};

/*
 * More events of a kind that hdr.dev had in this state than are worth a record each: how many since
 * the last ev_repeats of it, and when. Made before the next state record, when the agent asks, and
 * each time their number or the time since the first of them has doubled. hdr.tid is nobody's.
 */
struct ev_repeats {
	struct ev_hdr hdr;
	__u32 of;   /* enum ev_type */
	__u32 part; /* region index; session of data_read and data_write; irq_kind of irq; `pinned`
		       of pin; `write` of dma_rw; else 0 */
	count_t count;
	bytes sum; /* of what they moved, where they move bytes */
	ktime_ns first;
	ktime_ns last;
};

/* Found at start: the device's migration state. */
struct ev_known_state {
	struct ev_hdr hdr;
	mig_state state;
	certainty certainty;
};

/* Found at start: a DMA mapping. An ev_p2p_map follows if it is a BAR. */
struct ev_known_mapping {
	struct ev_hdr hdr;
	container_id container;
	certainty certainty;
	iova iova;
	vaddr vaddr;
	bytes size;
};

/* Found at start: an interrupt index that is set up. */
struct ev_known_irqs {
	struct ev_hdr hdr;
	__u32 index; /* INTX 0, MSI 1, MSIX 2, ERR 3, REQ 4 */
	__u32 count; /* vectors */
	certainty certainty;
	__u32 pad;
};

/* A config write turned MSI (index 1) or MSI-X (2) on or off: the guest's own doing. Always
 * recorded. */
struct ev_msi_enable {
	struct ev_hdr hdr;
	__u32 index;
	bool32 enabled;
};

/*
 * What the agent knew of this host when a part of a trace began, so that the part can be judged
 * alone: length bytes of JSON, the model in its own words, in the ev_snap_text that follow. hdr.at
 * is the time that the relative times in it count from. Written by the agent, at no event's place.
 */
struct ev_snapshot {
	struct ev_hdr hdr;
	ktime_ns now;
	bytes length;
};

/* The next piece of a snapshot's text, ASCII. */
struct ev_snap_text {
	struct ev_hdr hdr;
	bytes offset; /* of its first byte in the whole text */
	char text[120];
};

/* Found at start: the mappings of this container have been told, by the same thread. */
struct ev_known_container {
	struct ev_hdr hdr;
	container_id container;
	bool32 complete; /* all of them: nothing changed meanwhile, none was left out */
	count_t mappings;
	bool32 tracking; /* its dirty tracking is on */
	__u32 pad;
};

/* The session that the ev_mig_set_ret before it opened: is what flows over its fd recorded? */
struct ev_data_fd {
	struct ev_hdr hdr;
	session_id session;
	bool32 observed; /* 0: the driver's functions are not watched, or not yet */
};

/* The control group of the process hdr.tgid: its pod or service, for people. */
struct ev_cgroup {
	struct ev_hdr hdr;
	char path[192]; /* below the root; the end of it, if longer */
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
	X(34, IOMMU_FAULT, iommu_fault)                                                            \
	X(35, V1_REGION, v1_region)                                                                \
	X(36, V1_ACCESS, v1_access)                                                                \
	X(37, VCPU_ENTRY, vcpu_entry)                                                              \
	X(38, AER, aer)                                                                            \
	X(39, PIN, pin)                                                                            \
	X(40, DMA_RW, dma_rw)                                                                      \
	X(41, DIRTY_RANGE, dirty_range)                                                            \
	X(42, DIRTY_BITS, dirty_bits)                                                              \
	X(43, IRQ_BYPASS, irq_bypass)                                                              \
	X(44, IOAS, ioas)                                                                          \
	X(45, REPEATS, repeats)                                                                    \
	X(46, KNOWN_STATE, known_state)                                                            \
	X(47, KNOWN_MAPPING, known_mapping)                                                        \
	X(48, KNOWN_IRQS, known_irqs)                                                              \
	X(49, MSI_ENABLE, msi_enable)                                                              \
	X(50, SNAPSHOT, snapshot)                                                                  \
	X(51, SNAP_TEXT, snap_text)                                                                \
	X(52, KNOWN_CONTAINER, known_container)                                                    \
	X(53, DATA_FD, data_fd)                                                                    \
	X(54, CGROUP, cgroup)
enum ev_type {
#define X(tag, TAG, name) EV_##TAG = tag,
	EV_KINDS(X)
#undef X
};

/* What mw_open() makes. */
struct mw_config {
	__u32 crit_bytes; /* of the rings: powers of two, whole pages */
	__u32 bulk_bytes;
	__u32 per_kind;	    /* events of a kind, device and state that have a record each, see
			       ev_repeats */
	__u32 max_devices;  /* open at a time */
	__u32 max_sessions; /* data_fds open at a time */
};

/* What one drain brought back; filled by the shim. */
struct mw_drained {
	ktime_ns horizon;	/* every record made before this has been delivered */
	__u32 len;		/* bytes of whole records in the buffer */
	bool32 modules_changed; /* or a data_fd's functions were found: mw_attach() may do more */
};

/* Counters since open, per ring; made = received + lost once drained. */
struct mw_stats {
	count_t made[MW_RINGS];
	count_t lost[MW_RINGS];
	count_t received[MW_RINGS];
};

#endif
