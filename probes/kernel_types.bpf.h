/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel structures that the probes read, reduced to the fields they read.
 * preserve_access_index makes libbpf find each field's place in the running
 * kernel's BTF (vmlinux, or a VFIO module's), so no layout is assumed here and
 * the build needs no kernel's vmlinux.h.
 */
#ifndef MIGWATCH_KERNEL_TYPES_BPF_H
#define MIGWATCH_KERNEL_TYPES_BPF_H

#include <linux/types.h>
#include <stdbool.h>

typedef __s64 loff_t;
typedef __s64 ssize_t;
typedef __u64 size_t;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kobject {
	const char *name;
};

struct module {
	char name[56];
};

struct device_driver {
	const char *name;
	struct module *owner;
};

struct bus_type {
	const char *name;
};

struct iommu_group {
	int id;
};

struct device {
	struct kobject kobj;
	const char *init_name;
	const struct bus_type *bus;
	struct device_driver *driver;
	struct iommu_group *iommu_group;
};

struct pci_dev {
	struct device dev;
	__u8 msi_cap; /* where in config space; 0: it has none */
	__u8 msix_cap;
};

struct list_head {
	struct list_head *next;
};

struct file_operations {
	void *read;
	void *write;
	void *unlocked_ioctl;
	void *release;
};

struct file {
	const struct file_operations *f_op;
	void *private_data;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct task_struct {
	unsigned int flags;
	int exit_code;
	int pid;
	int tgid;
	char comm[16];
	struct files_struct *files;
	struct mm_struct *mm;
};

struct vfio_container {
	void *iommu_data;
};

struct vfio_group {
	struct vfio_container *container;
};

struct vfio_migration_ops;
struct vfio_log_ops;

struct vfio_device_set {
	struct list_head device_list;
};

struct vfio_device {
	struct device *dev;
	struct vfio_device_set *dev_set;
	struct list_head dev_set_list;
	const struct vfio_migration_ops *mig_ops;
	const struct vfio_log_ops *log_ops;
	struct vfio_group *group;
	unsigned int migration_flags;
	unsigned int open_count;
	struct inode *inode;
};

struct iommufd_ctx;

struct vfio_device_file {
	struct vfio_device *device;
	struct iommufd_ctx *iommufd;
};

struct address_space;

struct inode {
	struct address_space *i_mapping;
};

struct vm_area_struct {
	unsigned long vm_start;
	unsigned long vm_end;
	unsigned long vm_pgoff;
	struct file *vm_file;
	void *vm_private_data;
};

struct vm_fault {
	struct vm_area_struct *vma;
	unsigned long address;
};

struct xarray {
	void *xa_head;
};

struct xa_node {
	unsigned char shift;
	void *slots[64];
};

struct vfio_pci_core_device {
	struct vfio_device vdev;
	struct pci_dev *pdev;
	struct xarray ctx;
	int irq_type;
	int num_ctx; /* until 6.3 */
	void *err_trigger;
	void *req_trigger;
};

struct vfio_pci_irq_ctx {
	struct vfio_pci_core_device *vdev;
	void *trigger;
};

struct vfio_pci_ioeventfd {
	struct vfio_pci_core_device *vdev;
	__u64 data;
	loff_t pos;
	int count;
};

struct rb_node {
	unsigned long __rb_parent_color;
	struct rb_node *rb_right;
	struct rb_node *rb_left;
};

struct rb_root {
	struct rb_node *rb_node;
};

typedef struct {
	long counter;
} atomic_long_t;

struct mutex {
	atomic_long_t owner;
};

struct vfio_iommu {
	struct mutex lock;
	struct rb_root dma_list;
	unsigned int dma_avail;
	bool dirty_page_tracking;
};

struct mm_struct;

struct vfio_dma {
	struct rb_node node;
	__u64 iova;
	unsigned long vaddr;
	size_t size;
	struct mm_struct *mm; /* since 6.3 */
};

struct kvm_vcpu {
	int vcpu_id;
};

struct irq_bypass_producer {
	void *token;
	int irq;
};

struct trace_event_raw_kvm_pi_irte_update {
	unsigned int host_irq;
	bool set;
};

struct iommufd_ucmd {
	struct iommufd_ctx *ictx;
	void *cmd;
};

struct bpf_iter_meta;

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	unsigned int fd;
	struct file *file;
};

#pragma clang attribute pop

#define PAGE_SHIFT 12 /* x86-64; arm64 kernels with larger pages need their own build */

#define PF_EXITING 0x00000004 /* include/linux/sched.h */

#endif
