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
	enum need need;	    /* loaded, but attached only while it is needed */
	const char *symbol; /* whose presence says that it can be attached, if not the function */
	const char *unless; /* a kernel that has this function wants that hooked instead */
	__u32 status;	    /* enum probe_status_e */
	const char *reason;
	__u32 verified;		  /* instructions that the verifier looked at; 0: not loaded */
	struct bpf_program *prog; /* of those with a need, while loaded */
	struct bpf_link *link;	  /* while attached */
};

#define TRACEPOINT(name) .symbol = "__traceiter_" name

#define DATA_DRIVER(module, read, write, ioctl, release)                                           \
	{"data_read", read, "fexit", module, false},                                               \
		{"data_write", write, "fexit", module, false},                                     \
		{"data_ioctl", ioctl, "fexit", module, false},                                     \
	{                                                                                          \
		"data_release", release, "fentry", module, false                                   \
	}
#define DATA_PROBES 4
#define MAX_PROBES 192

/* The one list. Programs of one driver's data_fd stand together: they share a layer. */
static struct probe probes[MAX_PROBES] = {
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
	{"vfio_pci_config_rw", "vfio_pci_config_rw", "fexit", "vfio_pci_core", false},
	{"vfio_pci_memory_lock_and_enable", "vfio_pci_memory_lock_and_enable", "fentry",
	 "vfio_pci_core", false},
	{"vfio_pci_ioeventfd_handler", "vfio_pci_ioeventfd_handler", "fentry", "vfio_pci_core",
	 false},
	{"vfio_msihandler", "vfio_msihandler", "fentry", "vfio_pci_core", false},
	{"vfio_intx_handler", "vfio_intx_handler", "fexit", "vfio_pci_core", false},
	{"pci_try_reset_function", "pci_try_reset_function", "fexit", "vfio_pci_core", false},
	{"pci_reset_function", "pci_reset_function", "fexit", "vfio_pci_core", false},
	{"aer_event", "aer_event", "raw_tp", "vfio_pci_core", false, TRACEPOINT("aer_event")},
	{"vfio_pci_core_aer_err_detected", "vfio_pci_core_aer_err_detected", "fentry",
	 "vfio_pci_core", false},
	{"dmar_fault_enter", "dmar_fault", "fentry", "vfio", false},
	{"dmar_fault", "dmar_fault", "fexit", "vfio", false},
	{"io_page_fault", "io_page_fault", "raw_tp", "vfio", false, TRACEPOINT("io_page_fault")},
	{"vfio_pin_pages", "vfio_pin_pages", "fexit", "vfio", false},
	{"vfio_unpin_pages", "vfio_unpin_pages", "fexit", "vfio", false},
	{"vfio_dma_rw", "vfio_dma_rw", "fexit", "vfio", false},
	{"iommufd_ioas_map", "iommufd_ioas_map", "fexit", "iommufd", false},
	{"iommufd_ioas_unmap", "iommufd_ioas_unmap", "fexit", "iommufd", false},
	{"iommufd_hwpt_alloc", "iommufd_hwpt_alloc", "fexit", "iommufd", false},
	{"eventfd_signal", "eventfd_signal", "fentry", "vfio", false, NEED_SIGNALLING},
	{"eventfd_signal_mask", "eventfd_signal_mask", "fentry", "vfio", false, NEED_SIGNALLING,
	 .unless = "eventfd_signal"},
	{"kvm_entry", "kvm_entry", "raw_tp", "kvm", false, NEED_HALTED, TRACEPOINT("kvm_entry")},
	{"kvm_pi_irte_update", "kvm_pi_irte_update", "tp", "kvm", false,
	 TRACEPOINT("kvm_pi_irte_update")},
	{"kvm_arch_irq_bypass_add_producer", "kvm_arch_irq_bypass_add_producer", "fentry", "kvm",
	 false},
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
	/* Here follow those of drivers that nobody knew: found at run time, see data_functions.c.
	 */
};
static int n_probes, n_known;
#define MAX_LAYERS 64

static struct ksym syms[MAX_PROBES];
static struct migwatch *layers[MAX_LAYERS];
static int n_layers;
static struct bpf_link *inventory;

/* Once: what is found later is appended, and is not known. */
static void count_known(void)
{
	if (n_known)
		return;
	while (probes[n_probes].program)
		n_probes++;
	n_known = n_probes;
}

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
	for (int i = 0; i < n_probes; i++)
		if (!strcmp(probes[i].module, module) && !strncmp(probes[i].function, "vfio_", 5) &&
		    syms[i].found)
			return true;
	return false;
}

/* Not a fentry or fexit: it is attached to by its section's name, and not by BTF. */
static bool is_tracepoint(const struct probe *p)
{
	return !strcmp(p->kind, "raw_tp") || !strcmp(p->kind, "tp");
}

static bool exists(const char *function)
{
	for (int i = 0; i < n_probes; i++)
		if (!strcmp(syms[i].name, function))
			return syms[i].found;
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

static bool is_loaded(const struct probe *p)
{
	return p->status == PROBE_ATTACHED || p->status == PROBE_READY;
}

/* Its name came from a driver's file operations, which may hold anything. */
static bool was_found(const struct probe *p)
{
	return p - probes >= n_known;
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
	if (p->unless && exists(p->unless)) {
		p->reason = "the kernel has an older function for it";
		return false;
	}
	if (is_tracepoint(p))
		return true;
	if (!strcmp(p->kind, "iter")) {
		p->reason = "kernel addresses are hidden (kptr_restrict)";
		return sym->addr;
	}
	if (was_found(p) && !*sym->module) {
		p->reason = "the function is the kernel's own: others may use it";
		return false;
	}
	if (sym->ambiguous) {
		p->reason = "another function has this name";
		return false;
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
	for (int i = 0; i < n_probes; i++)
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
	layer->rodata->limit_per_kind = base->rodata->limit_per_kind;
	bpf_object__for_each_program (prog, layer->obj)
		bpf_program__set_autoload(prog, false);
	for (int i = from; i < to; i++) {
		if (!want[i])
			continue;
		prog = bpf_object__find_program_by_name(layer->obj, probes[i].program);
		bpf_program__set_autoload(prog, true);
		if (getenv("MIGWATCH_LIBBPF_LOG"))
			bpf_program__set_log_level(prog, 4);
		if (strcmp(probes[i].kind, "iter") && !is_tracepoint(&probes[i]))
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

static __u32 verified_insns(const struct bpf_program *prog)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	return bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len) ? 0 : info.verified_insns;
}

static bool is_data_probe(int i)
{
	return !strncmp(probes[i].program, "data_", 5);
}

static int attach_layer(struct migwatch *base, const bool *want, int from, int to)
{
	struct migwatch *layer = layers[n_layers - 1];
	int attached = 0;

	for (int i = from; i < to; i++) {
		struct bpf_program *prog;
		struct bpf_link *link;

		if (!want[i])
			continue;
		prog = bpf_object__find_program_by_name(layer->obj, probes[i].program);
		if (probes[i].need) {
			probes[i].prog = prog;
			probes[i].status = PROBE_READY;
			probes[i].reason = "attached while it is needed";
			attached++;
			continue;
		}
		link = bpf_program__attach(prog);
		if (libbpf_get_error(link)) {
			failed(-errno, "attaching to %s", probes[i].function);
			probes[i].reason = "attach failed";
			continue;
		}
		if (!strcmp(probes[i].kind, "iter"))
			inventory = link;
		probes[i].link = link;
		probes[i].status = PROBE_ATTACHED;
		probes[i].reason = "";
		probes[i].verified = verified_insns(prog);
		if (is_data_probe(i))
			data_function_watched(base, syms[i].addr);
		attached++;
	}
	return attached;
}

/* One program at a time: a kernel that refuses one of them shall not cost the others. */
static int add_singly(struct migwatch *base, const bool *want, int from, int to)
{
	bool one[MAX_PROBES] = {};
	int attached = 0;

	for (int i = from; i < to; i++) {
		if (!want[i])
			continue;
		one[i] = true;
		if (n_layers == MAX_LAYERS || load_layer(base, one, i, i + 1)) {
			probes[i].status = PROBE_UNAVAILABLE;
			probes[i].reason = "the kernel refused to load the program";
		} else {
			attached += attach_layer(base, one, i, i + 1);
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
	return attach_layer(base, want, from, to);
}

static bool has_probe(const struct data_function *f)
{
	for (int i = 0; i < n_probes; i++)
		if (!strcmp(probes[i].program, f->program) &&
		    !strcmp(probes[i].function, f->sym.name))
			return true;
	return false;
}

/* Appends probes for the functions of data_fds that came up since; their names live on. */
static int find_data_functions(struct migwatch *base)
{
	struct data_function f[MAX_DATA_FUNCTIONS];
	int n = data_functions_new(base, f, MAX_DATA_FUNCTIONS);

	for (int i = 0; i < n; i++) {
		if (!f[i].sym.found || n_probes == MAX_PROBES || has_probe(&f[i]))
			continue;
		probes[n_probes++] = (struct probe){
			.program = f[i].program,
			.function = f[i].sym.name,
			.kind = strcmp(f[i].program, "data_release") ? "fexit" : "fentry",
			.module = strdup(f[i].sym.module),
		};
	}
	return n < 0 ? n : 0;
}

int attach_all(struct migwatch *base)
{
	bool want[MAX_PROBES] = {};
	struct btf *vmlinux;
	int total, n, first_data = 0;

	count_known();
	n = find_data_functions(base);
	if (n < 0)
		return n;
	for (int i = 0; i < n_probes; i++)
		syms[i] = (struct ksym){.name = probes[i].symbol ?: probes[i].function};
	n = kallsyms_find(syms, n_probes);
	if (n < 0)
		return n;
	vmlinux = btf__load_vmlinux_btf();
	if (libbpf_get_error(vmlinux))
		return failed(-ENOENT, "reading the kernel's BTF (/sys/kernel/btf/vmlinux)");
	for (int i = 0; i < n_probes; i++)
		if (!is_loaded(&probes[i]))
			want[i] = attachable(&probes[i], &syms[i], vmlinux);
	btf__free(vmlinux);
	while (first_data < n_probes && !is_data_probe(first_data))
		first_data++;
	total = add_layer(base, want, 0, first_data);
	for (int i = first_data; i < n_known; i += DATA_PROBES)
		total += add_layer(base, want, i, i + DATA_PROBES);
	return total + add_layer(base, want, n_known, n_probes);
}

static const char *status_name(__u32 status)
{
	static const char *const names[] = {"unknown",	   "attached", "waiting",
					    "unavailable", "detached", "ready"};

	return names[status];
}

static int line(char *buf, __u32 len, const struct probe *p, const char *name, const char *kind)
{
	int n = snprintf(buf, len, "%s\t%s\t%s\t%d\t%s\t%s\t%u\n", name, kind,
			 status_name(p->status), p->required, p->module, p->reason ? p->reason : "",
			 p->verified);

	return n < 0 || (__u32)n >= len ? failed(-ENOSPC, "listing probes") : n;
}

/* Attaches what has come to be needed, lets go of what is needed no more; how many changed. */
int attach_needed(const bool needed[NEEDS])
{
	int changed = 0;

	for (struct probe *p = probes; p < probes + n_probes; p++) {
		bool attached = p->status == PROBE_ATTACHED;

		if (!p->prog || attached == needed[p->need])
			continue;
		if (attached) {
			bpf_link__destroy(p->link);
			p->link = NULL;
		} else {
			p->link = bpf_program__attach(p->prog);
			if (libbpf_get_error(p->link)) {
				p->link = NULL;
				p->prog = NULL;
				p->status = PROBE_UNAVAILABLE;
				p->reason = "attach failed";
				changed++;
				continue;
			}
		}
		p->status = attached ? PROBE_READY : PROBE_ATTACHED;
		p->reason = attached ? "attached while it is needed" : "";
		changed++;
	}
	return changed;
}

int attach_probes_text(char *buf, __u32 len)
{
	__u32 used = 0;
	int n;

	for (int i = 0; i < n_probes; i++) {
		const struct probe *p = &probes[i];

		n = line(buf + used, len - used, p, p->function, p->kind);
		if (n < 0)
			return n;
		used += n;
		/* What a driver's data_fd gives is watched, whatever the function is called. */
		if (strcmp(p->program, "data_read"))
			continue;
		n = line(buf + used, len - used, p, p->module, "data");
		if (n < 0)
			return n;
		used += n;
	}
	return used;
}

/* Reading the iterator to its end runs it; it writes to the ring, not to this fd. */
int attach_inventory(struct migwatch *base)
{
	struct btf *vmlinux;
	char buf[256];
	ssize_t n;
	int fd;

	if (!inventory)
		return 0;
	vmlinux = btf__load_vmlinux_btf();
	if (!libbpf_get_error(vmlinux))
		state_places_fill(base, vmlinux);
	btf__free(vmlinux);
	fd = bpf_iter_create(bpf_link__fd(inventory));
	if (fd < 0)
		return failed(-errno, "starting the inventory of open devices");
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		;
	n = n < 0 ? failed(-errno, "taking the inventory of open devices") : 0;
	close(fd);
	return n;
}

static void let_go(__u32 status)
{
	for (int i = 0; i < n_probes; i++) {
		bpf_link__destroy(probes[i].link);
		probes[i].link = NULL;
		probes[i].prog = NULL;
	}
	while (n_layers)
		migwatch__destroy(layers[--n_layers]);
	inventory = NULL;
	for (int i = 0; i < n_probes; i++)
		if (is_loaded(&probes[i]) || !status)
			probes[i].status = status;
}

/* What was known of devices is void: they may come and go unseen now. */
static int forget_all(struct migwatch *base)
{
	struct bpf_map *map;

	bpf_object__for_each_map (map, base->obj) {
		__u32 type = bpf_map__type(map);
		char key[256];

		if (type != BPF_MAP_TYPE_HASH && type != BPF_MAP_TYPE_LRU_HASH)
			continue;
		if (bpf_map__key_size(map) > sizeof(key))
			return failed(-E2BIG, "emptying map %s", bpf_map__name(map));
		while (!bpf_map_get_next_key(bpf_map__fd(map), NULL, key))
			if (bpf_map_delete_elem(bpf_map__fd(map), key))
				break;
	}
	base->bss->nr_watched = 0;
	base->bss->nr_halted = 0;
	base->bss->nr_halted_signalling = 0;
	return 0;
}

int attach_detach(struct migwatch *base)
{
	int attached = 0, err;

	for (int i = 0; i < n_probes; i++)
		attached += is_loaded(&probes[i]);
	let_go(PROBE_DETACHED);
	err = mw_tell(); /* what has only been counted, while there is a device to tell it of */
	return err ?: forget_all(base) ?: attached;
}

void attach_close(void)
{
	let_go(0);
}
