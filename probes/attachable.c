// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Can a probe be attached in this kernel, with the modules that are loaded now? If not: why. */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "probe_list.h"

static struct ksym syms[MAX_PROBES]; /* of probes[] */

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

static bool exists(const char *function)
{
	for (int i = 0; i < n_probes; i++)
		if (!strcmp(syms[i].name, function))
			return syms[i].found;
	return false;
}

unsigned long long address_of(const char *function)
{
	for (int i = 0; i < n_probes; i++)
		if (!strcmp(syms[i].name, function))
			return syms[i].addr;
	return 0;
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
	if (is_iterator(p)) {
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

int attachable_find(bool want[MAX_PROBES])
{
	struct btf *vmlinux;
	int err;

	for (int i = 0; i < n_probes; i++)
		syms[i] = (struct ksym){.name = probes[i].symbol ?: probes[i].function};
	err = kallsyms_find(syms, n_probes);
	if (err < 0)
		return err;
	vmlinux = btf__load_vmlinux_btf();
	if (libbpf_get_error(vmlinux))
		return failed(-ENOENT, "reading the kernel's BTF (/sys/kernel/btf/vmlinux)");
	for (int i = 0; i < n_probes; i++)
		want[i] = !is_loaded(&probes[i]) && attachable(&probes[i], &syms[i], vmlinux);
	btf__free(vmlinux);
	return 0;
}
