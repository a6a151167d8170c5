// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Exact names in /proc/kallsyms. BTF alone does not prove that a function can be
 * attached to: pahole >= 1.25 lists .constprop and .isra clones under the base name.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "shim_impl.h"

/* "addr type name\t[module]\n", cut in place. */
static bool parse(char *line, unsigned long long *addr, char **name, char **module)
{
	char *type, *end;

	*addr = strtoull(line, &type, 16);
	if (type == line || strlen(type) < 4)
		return false;
	*name = type + 3;
	end = *name + strcspn(*name, "\t\n");
	*module = NULL;
	if (*end == '\t' && end[1] == '[') {
		*module = end + 2;
		(*module)[strcspn(*module, "]")] = 0;
	}
	*end = 0;
	return true;
}

static void match(struct ksym *syms, int n, unsigned long long addr, const char *name,
		  const char *module)
{
	for (int i = 0; i < n; i++) {
		if (syms[i].found || strcmp(syms[i].name, name))
			continue;
		syms[i].found = true;
		syms[i].addr = addr;
		snprintf(syms[i].module, sizeof(syms[i].module), "%s", module ? module : "");
	}
}

static void match_at(struct ksym *syms, int n, unsigned long long addr, const char *name,
		     const char *module)
{
	for (int i = 0; i < n; i++) {
		if (syms[i].found || syms[i].addr != addr)
			continue;
		syms[i].name = strdup(name);
		syms[i].found = syms[i].name;
		snprintf(syms[i].module, sizeof(syms[i].module), "%s", module ? module : "");
	}
}

/* libbpf attaches by name, to the first function of that name. */
static void match_namesake(struct ksym *syms, int n, unsigned long long addr, const char *name)
{
	for (int i = 0; i < n; i++)
		if (syms[i].found && syms[i].addr != addr && !strcmp(syms[i].name, name))
			syms[i].ambiguous = true;
}

int kallsyms_at(struct ksym *syms, int n)
{
	char line[512], *name, *module;
	unsigned long long addr;

	for (int pass = 0; pass < 2; pass++) {
		FILE *f = fopen("/proc/kallsyms", "re");

		if (!f)
			return failed(-errno, "opening /proc/kallsyms");
		while (fgets(line, sizeof(line), f)) {
			if (!parse(line, &addr, &name, &module))
				continue;
			if (pass)
				match_namesake(syms, n, addr, name);
			else
				match_at(syms, n, addr, name, module);
		}
		fclose(f);
	}
	return 0;
}

int kallsyms_find(struct ksym *syms, int n)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	char line[512], *name, *module;
	unsigned long long addr;

	if (!f)
		return failed(-errno, "opening /proc/kallsyms");
	while (fgets(line, sizeof(line), f))
		if (parse(line, &addr, &name, &module))
			match(syms, n, addr, name, module);
	fclose(f);
	return 0;
}
