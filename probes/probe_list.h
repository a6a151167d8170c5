/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The list of probes, and what those who attach them share. */
#ifndef MIGWATCH_PROBE_LIST_H
#define MIGWATCH_PROBE_LIST_H

#include <bpf/libbpf.h>
#include "shim_impl.h"

struct probe {
	const char *program;  /* in the object */
	const char *function; /* in the kernel */
	const char *kind;
	const char *module; /* where the function lives if it is not built in; "" always built in */
	bool required;	    /* without it a fact of every device is not observed at all */
	enum need need;	    /* loaded, but attached only while it is needed */
	const char *symbol; /* whose presence says that it can be attached, if not the function */
	const char *unless; /* a kernel that has this function wants that hooked instead */
	__u32 status;	    /* enum probe_status_e */
	const char *reason;
	__u32 verified;		  /* instructions that the verifier looked at; 0: not loaded */
	struct bpf_program *prog; /* of those with a need, while loaded */
	struct bpf_link *link;	  /* while attached */
};

/* probe_list.c */
#define ON_NEED "attached while it is needed"
#define FOPS "vfio_device_fops"
#define DATA_PROBES 4 /* of one driver: they stand together, and share a layer */
#define MAX_PROBES 192
extern struct probe probes[MAX_PROBES];
extern int n_probes;
/* Those from here on are of drivers that nobody knew. */
extern int n_known;
/* Appends those of drivers that came up since; -errno. */
int probes_update(struct migwatch *base);
bool is_loaded(const struct probe *p);
/* Not a fentry or fexit: it is attached to by its section's name, and not by BTF. */
bool is_tracepoint(const struct probe *p);
bool is_iterator(const struct probe *p);
bool is_data_probe(const struct probe *p);

/* attachable.c */
/* Marks in `want` what can be attached and is not; the others get status and reason. -errno. */
int attachable_find(bool want[MAX_PROBES]);
/* 0 where it is hidden, or there is no such function. Valid after attachable_find(). */
unsigned long long address_of(const char *function);

/* layer.c */
/* Loads and attaches probes[from..to) that are marked in `want`; how many. */
int layer_add(struct migwatch *base, const bool *want, int from, int to);
/* Lets go of all layers and of what is attached. */
void layers_drop(void);

#endif
