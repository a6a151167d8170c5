// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Which program goes where, and when.
 *
 * A loaded BPF object cannot gain programs, and a program for a module that is
 * not there cannot be loaded. So the object is opened again for every batch of
 * probes that became attachable (a "layer"): only those are autoloaded, and all
 * maps but the constants are those of the first, empty layer.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "shim_impl.h"

#define FOPS "vfio_device_fops"

struct probe {
	const char *program;  /* in the object */
	const char *function; /* in the kernel */
	const char *kind;
	const char *module; /* where the function lives if it is not built in; "" always built in */
	bool required;	    /* without it a fact of every device is not observed at all */
	__u32 status;	    /* enum probe_status_e */
	const char *reason;
};

#define DATA_DRIVER(module, read, write, ioctl, release)                                           \
	{"data_read", read, "fexit", module, false},                                               \
		{"data_write", write, "fexit", module, false},                                     \
		{"data_ioctl", ioctl, "fexit", module, false},                                     \
	{                                                                                          \
		"data_release", release, "fentry", module, false                                   \
	}
#define DATA_PROBES 4

/* The one list. Programs of one driver's data_fd stand together: they share a layer. */
static struct probe probes[] = {
	{"vfio_df_open", "vfio_df_open", "fexit", "vfio", true},
	{"vfio_df_close", "vfio_df_close", "fentry", "vfio", true},
	{"device_ioctl_enter", "vfio_device_fops_unl_ioctl", "fentry", "vfio", true},
	{"device_ioctl_exit", "vfio_device_fops_unl_ioctl", "fexit", "vfio", true},
	{"vfio_mig_get_next_state", "vfio_mig_get_next_state", "fexit", "vfio", true},
	{"vfio_device_fops_read", "vfio_device_fops_read", "fexit", "vfio", true},
	{"vfio_device_fops_write", "vfio_device_fops_write", "fexit", "vfio", true},
	{"vfio_device_fops_mmap", "vfio_device_fops_mmap", "fexit", "vfio", false},
	{"open_devices", FOPS, "iter", "vfio", false},
	{"type1_ioctl_enter", "vfio_iommu_type1_ioctl", "fentry", "vfio_iommu_type1", false},
	{"type1_ioctl", "vfio_iommu_type1_ioctl", "fexit", "vfio_iommu_type1", true},
	{"vfio_remove_dma", "vfio_remove_dma", "fentry", "vfio_iommu_type1", false},
	{"vfio_iommu_type1_attach_group", "vfio_iommu_type1_attach_group", "fexit",
	 "vfio_iommu_type1", false},
	{"vfio_iommu_type1_detach_group", "vfio_iommu_type1_detach_group", "fentry",
	 "vfio_iommu_type1", false},
	{"vfio_iommu_type1_release", "vfio_iommu_type1_release", "fentry", "vfio_iommu_type1",
	 false},
	{"vfio_pci_mmap_huge_fault", "vfio_pci_mmap_huge_fault", "fexit", "vfio_pci_core", false},
	{"unmap_mapping_range", "unmap_mapping_range", "fentry", "vfio_pci_core", false},
	{"zap_by_config_enter", "vfio_pci_zap_and_down_write_memory_lock", "fentry",
	 "vfio_pci_core", false},
	{"zap_by_config_exit", "vfio_pci_zap_and_down_write_memory_lock", "fexit", "vfio_pci_core",
	 false},
	{"vfio_pci_memory_lock_and_enable", "vfio_pci_memory_lock_and_enable", "fentry",
	 "vfio_pci_core", false},
	{"vfio_pci_ioeventfd_handler", "vfio_pci_ioeventfd_handler", "fentry", "vfio_pci_core",
	 false},
	{"vfio_msihandler", "vfio_msihandler", "fentry", "vfio_pci_core", false},
	{"vfio_intx_handler", "vfio_intx_handler", "fexit", "vfio_pci_core", false},
	{"pci_try_reset_function", "pci_try_reset_function", "fexit", "vfio_pci_core", false},
	{"pci_reset_function", "pci_reset_function", "fexit", "vfio_pci_core", false},
	DATA_DRIVER("mlx5_vfio_pci", "mlx5vf_save_read", "mlx5vf_resume_write",
		    "mlx5vf_precopy_ioctl", "mlx5vf_release_file"),
	DATA_DRIVER("hisi_acc_vfio_pci", "hisi_acc_vf_save_read", "hisi_acc_vf_resume_write",
		    "hisi_acc_vf_precopy_ioctl", "hisi_acc_vf_release_file"),
	DATA_DRIVER("pds_vfio_pci", "pds_vfio_save_read", "pds_vfio_restore_write",
		    "pds_vfio_precopy_ioctl", "pds_vfio_release_file"),
	DATA_DRIVER("qat_vfio_pci", "qat_vf_save_read", "qat_vf_resume_write",
		    "qat_vf_precopy_ioctl", "qat_vf_release_file"),
	DATA_DRIVER("virtio_vfio_pci", "virtiovf_save_read", "virtiovf_resume_write",
		    "virtiovf_precopy_ioctl", "virtiovf_release_file"),
	DATA_DRIVER("xe_vfio_pci", "xe_vfio_pci_save_read", "xe_vfio_pci_resume_write",
		    "xe_vfio_pci_precopy_ioctl", "xe_vfio_pci_release_file"),
	DATA_DRIVER("mtty", "mtty_save_read", "mtty_resume_write", "mtty_precopy_ioctl",
		    "mtty_release_migf"),
	/* The lab's own (lab/modules). */
	DATA_DRIVER("edu_vfio", "edu_vfio_save_read", "edu_vfio_resume_write",
		    "edu_vfio_precopy_ioctl", "edu_vfio_release_file"),
};
#define N_PROBES ((int)(sizeof(probes) / sizeof(probes[0])))
#define MAX_LAYERS 64

static struct ksym syms[N_PROBES];
static struct migwatch *layers[MAX_LAYERS];
static int n_layers;
static struct bpf_link *inventory;

static bool module_loaded(const char *module)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s", module);
	return !*module || !access(path, F_OK);
}

/* Loaded, or built in: then one of its functions is among the kernel's own. */
static bool present(const char *module)
{
	if (module_loaded(module))
		return true;
	for (int i = 0; i < N_PROBES; i++)
		if (!strcmp(probes[i].module, module) && !strncmp(probes[i].function, "vfio_", 5) &&
		    syms[i].found)
			return true;
	return false;
}

static bool has_btf_func(struct btf *vmlinux, const struct ksym *sym)
{
	struct btf *btf = *sym->module ? btf__load_module_btf(sym->module, vmlinux) : vmlinux;
	bool has = !libbpf_get_error(btf) &&
		   btf__find_by_name_kind(btf, sym->name, BTF_KIND_FUNC) >= 0;

	if (btf != vmlinux && !libbpf_get_error(btf))
		btf__free(btf);
	return has;
}

/* Can it be attached now? Sets status and reason where it cannot. */
static bool attachable(struct probe *p, const struct ksym *sym, struct btf *vmlinux)
{
	if (!sym->found) {
		p->status = module_loaded(p->module) ? PROBE_UNAVAILABLE : PROBE_WAITING;
		p->reason = p->status == PROBE_WAITING ? "module not loaded"
						       : "no such symbol in this kernel";
		return false;
	}
	/* A function of the kernel proper, hooked for what a module does with it. */
	if (!*sym->module && !present(p->module)) {
		p->status = PROBE_WAITING;
		p->reason = "module not loaded";
		return false;
	}
	p->status = PROBE_UNAVAILABLE;
	if (!strcmp(p->kind, "iter")) {
		p->reason = "kernel addresses are hidden (kptr_restrict)";
		return sym->addr;
	}
	p->reason = "the function has no BTF";
	return has_btf_func(vmlinux, sym);
}

static int reuse_maps(struct migwatch *layer, struct migwatch *base)
{
	struct bpf_map *map;
	int err;

	bpf_object__for_each_map (map, layer->obj) {
		const char *name = bpf_map__name(map);
		struct bpf_map *first = bpf_object__find_map_by_name(base->obj, name);

		if (strstr(name, ".rodata"))
			continue; /* constants are the layer's own */
		err = bpf_map__reuse_fd(map, bpf_map__fd(first));
		if (err)
			return failed(err, "sharing map %s", name);
	}
	return 0;
}

static unsigned long long fops_addr(void)
{
	for (int i = 0; i < N_PROBES; i++)
		if (!strcmp(syms[i].name, FOPS))
			return syms[i].addr;
	return 0;
}

/* Loads probes[from..to) that are marked in `want`. */
static int load_layer(struct migwatch *base, const bool *want, int from, int to)
{
	struct migwatch *layer = migwatch__open();
	struct bpf_program *prog;
	int err;

	if (!layer)
		return failed(-errno, "opening the BPF object");
	layer->rodata->vfio_device_fops_addr = fops_addr();
	bpf_object__for_each_program (prog, layer->obj)
		bpf_program__set_autoload(prog, false);
	for (int i = from; i < to; i++) {
		if (!want[i])
			continue;
		prog = bpf_object__find_program_by_name(layer->obj, probes[i].program);
		bpf_program__set_autoload(prog, true);
		if (strcmp(probes[i].kind, "iter"))
			bpf_program__set_attach_target(prog, 0, probes[i].function);
	}
	err = reuse_maps(layer, base);
	if (!err) {
		err = migwatch__load(layer);
		if (err)
			failed(err, "loading BPF programs");
	}
	if (err) {
		migwatch__destroy(layer);
		return err;
	}
	layers[n_layers++] = layer;
	return 0;
}

static int attach_layer(struct migwatch *layer, const bool *want, int from, int to)
{
	int attached = 0;

	for (int i = from; i < to; i++) {
		struct bpf_program *prog;
		struct bpf_link *link;

		if (!want[i])
			continue;
		prog = bpf_object__find_program_by_name(layer->obj, probes[i].program);
		link = bpf_program__attach(prog);
		if (libbpf_get_error(link)) {
			failed(-errno, "attaching to %s", probes[i].function);
			probes[i].reason = "attach failed";
			continue;
		}
		/* The other links live as long as their layer: until the process ends. */
		if (!strcmp(probes[i].kind, "iter"))
			inventory = link;
		probes[i].status = PROBE_ATTACHED;
		probes[i].reason = "";
		attached++;
	}
	return attached;
}

/* One program at a time: a kernel that refuses one of them shall not cost the others. */
static int add_singly(struct migwatch *base, const bool *want, int from, int to)
{
	bool one[N_PROBES] = {};
	int attached = 0;

	for (int i = from; i < to; i++) {
		if (!want[i])
			continue;
		one[i] = true;
		if (n_layers == MAX_LAYERS || load_layer(base, one, i, i + 1)) {
			probes[i].status = PROBE_UNAVAILABLE;
			probes[i].reason = "the kernel refused to load the program";
		} else {
			attached += attach_layer(layers[n_layers - 1], one, i, i + 1);
		}
		one[i] = false;
	}
	return attached;
}

static int add_layer(struct migwatch *base, const bool *want, int from, int to)
{
	bool any = false;

	for (int i = from; i < to; i++)
		any |= want[i];
	if (!any)
		return 0;
	if (n_layers == MAX_LAYERS || load_layer(base, want, from, to))
		return add_singly(base, want, from, to);
	return attach_layer(layers[n_layers - 1], want, from, to);
}

static bool is_data_probe(int i)
{
	return !strncmp(probes[i].program, "data_", 5);
}

int attach_all(struct migwatch *base)
{
	bool want[N_PROBES] = {};
	struct btf *vmlinux;
	int total, n, first_data = 0;

	for (int i = 0; i < N_PROBES; i++)
		syms[i] = (struct ksym){.name = probes[i].function};
	n = kallsyms_find(syms, N_PROBES);
	if (n < 0)
		return n;
	vmlinux = btf__load_vmlinux_btf();
	if (libbpf_get_error(vmlinux))
		return failed(-ENOENT, "reading the kernel's BTF (/sys/kernel/btf/vmlinux)");
	for (int i = 0; i < N_PROBES; i++)
		if (probes[i].status != PROBE_ATTACHED)
			want[i] = attachable(&probes[i], &syms[i], vmlinux);
	btf__free(vmlinux);
	while (first_data < N_PROBES && !is_data_probe(first_data))
		first_data++;
	total = add_layer(base, want, 0, first_data);
	for (int i = first_data; i < N_PROBES; i += DATA_PROBES)
		total += add_layer(base, want, i, i + DATA_PROBES);
	return total;
}

int attach_probes_text(char *buf, __u32 len)
{
	static const char *const status[] = {"unknown", "attached", "waiting", "unavailable"};
	__u32 used = 0;

	for (int i = 0; i < N_PROBES; i++) {
		const struct probe *p = &probes[i];
		int n = snprintf(buf + used, len - used, "%s\t%s\t%s\t%d\t%s\t%s\n", p->function,
				 p->kind, status[p->status], p->required, p->module,
				 p->reason ? p->reason : "");

		if (n < 0 || used + n >= len)
			return failed(-ENOSPC, "listing probes");
		used += n;
	}
	return used;
}

/* Reading the iterator to its end runs it; it writes to the ring, not to this fd. */
int attach_inventory(void)
{
	char buf[256];
	ssize_t n;
	int fd;

	if (!inventory)
		return 0;
	fd = bpf_iter_create(bpf_link__fd(inventory));
	if (fd < 0)
		return failed(-errno, "starting the inventory of open devices");
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		;
	n = n < 0 ? failed(-errno, "taking the inventory of open devices") : 0;
	close(fd);
	return n;
}

void attach_close(void)
{
	while (n_layers)
		migwatch__destroy(layers[--n_layers]);
	inventory = NULL;
	for (int i = 0; i < N_PROBES; i++)
		probes[i].status = 0;
}
