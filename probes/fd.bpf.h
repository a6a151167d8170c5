/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a number in user memory to the file it stands for. */
#ifndef MIGWATCH_FD_BPF_H
#define MIGWATCH_FD_BPF_H

#include "kernel_diff.bpf.h"

/* Through the task's typed pointer: plain loads, a fraction of what probe reads cost. */
static __always_inline struct file *file_of_fd(int fd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fdtable *fdt = task->files->fdt;
	struct file *file = 0;

	if (fd < 0 || (__u32)fd >= fdt->max_fds)
		return 0;
	bpf_probe_read_kernel(&file, sizeof(file), fdt->fd + fd);
	return file;
}

#endif
