// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The last failure in words: the step that failed, errno, and libbpf's last warning. */
#include <bpf/libbpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "shim_impl.h"

static char why[1024];
static char libbpf_said[512];

static int keep_warning(enum libbpf_print_level level, const char *fmt, va_list args)
{
	/* For those who write probes: the verifier's log, and what libbpf does. */
	if (getenv("MIGWATCH_LIBBPF_LOG")) {
		va_list copy;

		va_copy(copy, args);
		vfprintf(stderr, fmt, copy);
		va_end(copy);
	}
	if (level == LIBBPF_WARN) {
		vsnprintf(libbpf_said, sizeof(libbpf_said), fmt, args);
		libbpf_said[strcspn(libbpf_said, "\n")] = 0;
	}
	return 0;
}

void why_install(void)
{
	libbpf_set_print(keep_warning);
}

void why_reset(void)
{
	why[0] = libbpf_said[0] = 0;
}

int failed(int err, const char *step, ...)
{
	char what[400];
	va_list args;

	va_start(args, step);
	vsnprintf(what, sizeof(what), step, args);
	va_end(args);
	snprintf(why, sizeof(why), "%s: %s%s%s", what, strerror(-err), libbpf_said[0] ? "; " : "",
		 libbpf_said);
	return err;
}

MW_API const char *mw_why(void)
{
	return why;
}
