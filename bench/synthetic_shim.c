// SPDX-License-Identifier: Apache-2.0
/*
 * libmigwatch.so as bench/live loads it: the shim's functions and its own drain, unchanged, over
 * rings that fill themselves. Stands in for libbpf and the kernel; for measuring only.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include "shim_impl.h"
#include "synthetic_kernel.h"

#define HOLD_NS 1000000ull /* as the drain's: younger records would wait */
#define PROBES 1

static struct migwatch base;
static __u64 producing_ns;
static char why[256];

int failed(int err, const char *step, ...)
{
	va_list args;

	va_start(args, step);
	vsnprintf(why, sizeof(why), step, args);
	va_end(args);
	return err;
}

static __u64 clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* libbpf, as far as the drain asks for it. */

struct ring_buffer {
	struct synthetic_ring *records;
	ring_buffer_sample_fn stage;
	void *ctx;
	int ready;
};

int bpf_map__fd(const struct bpf_map *map)
{
	return map == base.maps.crit ? RING_CRIT : RING_BULK;
}

const char *bpf_map__name(const struct bpf_map *map)
{
	return "synthetic";
}

struct ring_buffer *ring_buffer__new(int fd, ring_buffer_sample_fn stage, void *ctx,
				     const struct ring_buffer_opts *opts)
{
	struct ring_buffer *rb = malloc(sizeof(*rb));

	/* The eventfd is never read: there is always more. */
	*rb = (struct ring_buffer){&rings[fd], stage, ctx, eventfd(1, EFD_CLOEXEC)};
	return rb;
}

void ring_buffer__free(struct ring_buffer *rb)
{
	close(rb->ready);
	free(rb);
}

int ring_buffer__epoll_fd(const struct ring_buffer *rb)
{
	return rb->ready;
}

static void refill(void)
{
	__u64 began = clock_ns(CLOCK_THREAD_CPUTIME_ID);

	for (int i = 0; i < MW_RINGS; i++)
		if (rings[i].read < rings[i].used)
			return;
	produce(clock_ns(CLOCK_MONOTONIC) - HOLD_NS);
	producing_ns += clock_ns(CLOCK_THREAD_CPUTIME_ID) - began;
}

int ring_buffer__consume(struct ring_buffer *rb)
{
	struct synthetic_ring *ring = rb->records;

	/* Between two passes over the rings, of which crit is the first. */
	if (ring == &rings[RING_CRIT])
		refill();
	while (ring->read < ring->used) {
		struct ev_hdr *h = (void *)(ring->bytes + ring->read);
		int size = mw_record_size(h->type);
		int err;

		ring->read += size;
		err = rb->stage(rb->ctx, h, size);
		if (err < 0)
			return err;
	}
	return 0;
}

bool data_functions_untried(struct migwatch *of)
{
	return false;
}

/* The shim's functions. */

MW_API int mw_abi(void)
{
	return MW_ABI;
}

MW_API int mw_record_size(__u32 type)
{
	switch (type) {
#define X(tag, TAG, name)                                                                          \
	case EV_##TAG:                                                                             \
		return sizeof(struct ev_##name);
		EV_KINDS(X)
#undef X
	}
	return 0;
}

MW_API int mw_open(const struct mw_config *config)
{
	static __typeof__(*base.bss) no_bells;

	/* The two maps are told apart by their addresses, which nobody follows. */
	base.maps.crit = (void *)&rings[RING_CRIT];
	base.maps.bulk = (void *)&rings[RING_BULK];
	rings[RING_CRIT] = (struct synthetic_ring){malloc(config->crit_bytes), config->crit_bytes};
	rings[RING_BULK] = (struct synthetic_ring){malloc(config->bulk_bytes), config->bulk_bytes};
	produce_from(clock_ns(CLOCK_MONOTONIC));
	base.bss = &no_bells;
	return drain_open(&base);
}

MW_API int mw_attach(void)
{
	return PROBES;
}

MW_API int mw_detach(void)
{
	return PROBES;
}

MW_API int mw_inventory(void)
{
	return 0;
}

MW_API int mw_on_need(void)
{
	return 0;
}

MW_API int mw_bell(ktime_ns *first)
{
	*first = 0;
	return 0;
}

MW_API int mw_drain(void *buf, __u32 len, int timeout_ms, struct mw_drained *out)
{
	return drain(&base, buf, len, timeout_ms, out);
}

MW_API int mw_wake(void)
{
	return drain_wake();
}

MW_API int mw_tell(void)
{
	return 0;
}

MW_API int mw_stats(struct mw_stats *out)
{
	memset(out, 0, sizeof(*out));
	for (int i = 0; i < MW_RINGS; i++)
		out->made[i] = rings[i].made;
	stages_received(out->received);
	return 0;
}

MW_API int mw_maps(char *buf, __u32 len)
{
	return 0;
}

MW_API int mw_probes(char *buf, __u32 len)
{
	return snprintf(buf, len, "vfio_df_open\tfexit\tattached\t1\tvfio\t\t1\n");
}

MW_API const char *mw_why(void)
{
	return why;
}

MW_API int mw_close(void)
{
	drain_close();
	return 0;
}

/* What the measured part has to be told apart from: CPU time that making records took. */
MW_API __u64 synthetic_producing_ns(void)
{
	return producing_ns;
}
