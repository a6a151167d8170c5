/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is kept of an open device. */
#ifndef MIGWATCH_DEV_INFO_BPF_H
#define MIGWATCH_DEV_INFO_BPF_H

#include "limit.bpf.h"

#define STATE_UNSEEN (~0u)

/* Of a device that may have been closed since. */
struct dev_ref {
	__u32 slot;
	__u32 dev; /* its id */
};

/* An eventfd that the driver signals itself (signal.bpf.h), at the place that its index and vector
 * add up to: of MSI and MSI-X, whose vectors share places, one is on at a time. */
#define SIGNAL_PLACES 64

struct signal {
	__u64 eventfd; /* struct eventfd_ctx *; 0: none */
	__u32 index;
	__u32 pad;
};

struct dev_info {
	__u32 id;	   /* 0: not yet, or no longer, that of an open device */
	__u32 gen;	   /* see ev_hdr.gen */
	__u32 watched;	   /* 1: not INIT, its region accesses are recorded */
	__u32 state;	   /* last landed state, STATE_UNSEEN if none was seen */
	__u32 config_at_7; /* region 7 is PCI config space: vfio-pci, and mtty, which keeps to it */
	__u32 msi;	   /* MSI_* */
	__u32 tgid;	   /* of the process that opened it */
	__u32 signals;	   /* SIGNALS_* */
	__u32 halted;	   /* 1: is known to have landed in a state that is not INIT */
	__u32 irq_setter;  /* thread that is in SET_IRQS of it; only while it is halted */
	__u32 error_by;	   /* thread that has just reported an uncorrectable error of it; 0: none */
	__u32 told;	   /* what could be found out about it at start was told */
	__u32 bound;	   /* eventfds were bound to it: there is something to forget */
	__u32 slot;	   /* its own: see slots.bpf.h */
	__u32 taken;	   /* 1: the slot is in use */
	__u32 untold;	   /* 1: one of the tallies has something to tell */
	__u64 vdev;	   /* struct vfio_device * */
	__u64 data_file;   /* struct file * of the newest data_fd; 0: none */
	__u64 v1_pos;	   /* of its v1 migration region, and the length; 0: none is known */
	__u64 v1_size;
	struct signal signal[SIGNAL_PLACES];
	struct tally tallies[TALLIES];
};

/* How its interrupts come about: by a handler of vfio-pci, or by an eventfd that its driver
 * signals. */
#define SIGNALS_NONE 0
#define SIGNALS_MDEV 1	/* has vfio-pci's indexes, of which ERR and REQ are no interrupts */
#define SIGNALS_OTHER 2 /* platform and the like: every index is an interrupt */

/* What config space says of MSI and MSI-X, as the user sees it: bit 0 MSI, bit 1 MSI-X. */
#define MSI_ON(i) (1u << (i))
#define MSI_UNSEEN(i) (4u << (i))

#endif
