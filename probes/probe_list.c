// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which program goes to which function of the kernel, and how that stands. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "probe_list.h"

#define TRACEPOINT(name) .symbol = "__traceiter_" name

#define DATA_DRIVER(module, read, write, ioctl, release)                                           \
	{"data_read", read, "fexit", module, false},                                               \
		{"data_write", write, "fexit", module, false},                                     \
		{"data_ioctl", ioctl, "fexit", module, false},                                     \
	{                                                                                          \
		"data_release", release, "fentry", module, false                                   \
	}

/* The one list. */
struct probe probes[MAX_PROBES] = {
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
int n_probes, n_known;

/* Once: what is found later is appended, and is not known. */
static void count_known(void)
{
	if (n_known)
		return;
	while (probes[n_probes].program)
		n_probes++;
	n_known = n_probes;
}

bool is_loaded(const struct probe *p)
{
	return p->status == PROBE_ATTACHED || p->status == PROBE_READY;
}

bool is_tracepoint(const struct probe *p)
{
	return !strcmp(p->kind, "raw_tp") || !strcmp(p->kind, "tp");
}

bool is_iterator(const struct probe *p)
{
	return !strcmp(p->kind, "iter");
}

bool is_data_probe(const struct probe *p)
{
	return !strncmp(p->program, "data_", 5);
}

static bool has_probe(const struct data_function *f)
{
	for (int i = 0; i < n_probes; i++)
		if (!strcmp(probes[i].program, f->program) &&
		    !strcmp(probes[i].function, f->sym.name))
			return true;
	return false;
}

/* The names of functions that are found live on. */
int probes_update(struct migwatch *base)
{
	struct data_function f[MAX_DATA_FUNCTIONS];
	int n;

	count_known();
	n = data_functions_new(base, f, MAX_DATA_FUNCTIONS);
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

int probes_text(char *buf, __u32 len)
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
