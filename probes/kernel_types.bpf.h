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

struct device_driver {
	const char *name;
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
};

struct file_operations;

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
};

struct vfio_container {
	void *iommu_data;
};

struct vfio_group {
	struct vfio_container *container;
};

struct vfio_migration_ops;
struct vfio_log_ops;

struct vfio_device {
	struct device *dev;
	const struct vfio_migration_ops *mig_ops;
	const struct vfio_log_ops *log_ops;
	struct vfio_group *group;
	unsigned int migration_flags;
	unsigned int open_count;
	struct inode *inode;
};

struct vfio_device_file {
	struct vfio_device *device;
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

struct vfio_pci_core_device {
	struct vfio_device vdev;
};

struct vfio_pci_irq_ctx {
	struct vfio_pci_core_device *vdev;
};

struct vfio_pci_ioeventfd {
	struct vfio_pci_core_device *vdev;
	__u64 data;
	loff_t pos;
	int count;
};

struct vfio_dma {
	__u64 iova;
	__u64 size;
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
