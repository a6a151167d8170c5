// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Where the records of a ring wait until they are due. Each ring has a stage of its own: within a
 * ring records come almost in order, so sorting them costs nothing, and the stages are merged on
 * the way out.
 *
 * A record's time is taken just before it is committed, and two CPUs may commit out of order, so
 * records younger than HOLD_NS wait for the next pass. What was made before the horizon has then
 * been delivered, unless a CPU stood still inside a probe for longer than that (ev_hdr.gen shows it
 * to the judge).
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "shim_impl.h"

#define HOLD_NS 1000000ull
#define STAGE_BYTES (4u << 20)
#define STAGE_RECORDS 65536

struct staged {
	__u64 at;
	__u32 off, len;
};

static struct stage {
	struct ring_buffer *ring;
	char *bytes; /* staged records in order of arrival ... */
	__u32 used;
	struct staged *order; /* ... and in order of time: order[next..n) */
	__u32 next, n;
	__u64 horizon; /* what was made before has been staged */
	__u64 last_at; /* of the record staged last */
	__u32 fresh;   /* records of the pass that is under way */
	_Atomic __u64 received;
} stages[MW_RINGS];
static bool unwatched; /* a data_fd came up whose functions no probe is attached to */

static bool full(const struct stage *g)
{
	return g->used + MAX_RECORD_BYTES > STAGE_BYTES || g->n == STAGE_RECORDS;
}

/* A negative answer stops libbpf after this record, which is kept: there must be room for one more.
 */
static int stage(void *ctx, void *data, size_t len)
{
	__u64 at = ((struct ev_hdr *)data)->at;
	struct stage *g = ctx;
	__u32 i = g->n;

	memcpy(g->bytes + g->used, data, len);
	while (i > g->next && g->order[i - 1].at > at) {
		g->order[i] = g->order[i - 1];
		i--;
	}
	g->order[i] = (struct staged){at, g->used, len};
	g->used += len;
	g->n++;
	g->last_at = at;
	g->fresh++;
	if (((struct ev_hdr *)data)->type == EV_DATA_FD && !((struct ev_data_fd *)data)->observed)
		unwatched = true;
	return full(g) ? -ENOBUFS : 0;
}

/* Moves what is still waiting to the front of the stage. */
static void compact(struct stage *g)
{
	static char tmp[STAGE_BYTES];
	__u32 used = 0;

	if (g->next == g->n) {
		g->used = g->next = g->n = 0;
		return;
	}
	if (g->next < STAGE_RECORDS / 2 && g->used < STAGE_BYTES / 2)
		return;
	for (__u32 i = g->next; i < g->n; i++) {
		struct staged *r = &g->order[i];

		memcpy(tmp + used, g->bytes + r->off, r->len);
		g->order[i - g->next] = (struct staged){r->at, used, r->len};
		used += r->len;
	}
	memcpy(g->bytes, tmp, used);
	g->n -= g->next;
	g->next = 0;
	g->used = used;
}

/* The stage whose next record is the oldest; NULL: nothing is staged. */
static struct stage *oldest(void)
{
	struct stage *first = NULL;

	for (struct stage *g = stages; g < stages + MW_RINGS; g++)
		if (g->next < g->n &&
		    (!first || g->order[g->next].at < first->order[first->next].at))
			first = g;
	return first;
}

/* What was made before has been staged, whatever its ring. */
static __u64 horizon(void)
{
	__u64 least = stages[0].horizon;

	for (int i = 1; i < MW_RINGS; i++)
		if (stages[i].horizon < least)
			least = stages[i].horizon;
	return least;
}

void stages_deliver(char *buf, __u32 len, struct mw_drained *out)
{
	struct stage *g;

	out->horizon = horizon();
	out->len = 0;
	while ((g = oldest())) {
		struct staged *r = &g->order[g->next];

		if (r->at > out->horizon)
			break;
		if (out->len + r->len > len) {
			out->horizon = r->at;
			break;
		}
		memcpy(buf + out->len, g->bytes + r->off, r->len);
		out->len += r->len;
		g->next++;
	}
}

static int consume(struct stage *g, __u64 now)
{
	__u64 until = now - HOLD_NS;
	int err;

	compact(g);
	err = full(g) ? -ENOBUFS : ring_buffer__consume(g->ring);
	g->received += g->fresh; /* once a pass, as it is atomic */
	g->fresh = 0;
	if (err < 0 && err != -ENOBUFS)
		return failed(err, "reading the rings");
	/* Stopped short: what is still in the ring is no older than what came last. */
	if (err < 0 && g->last_at < until)
		until = g->last_at;
	if (until > g->horizon)
		g->horizon = until;
	return 0;
}

int stages_fill(__u64 now)
{
	for (int i = 0; i < MW_RINGS; i++) {
		int err = consume(&stages[i], now);

		if (err)
			return err;
	}
	return 0;
}

bool stages_waiting(void)
{
	return oldest();
}

bool stages_saw_unwatched(void)
{
	bool saw = unwatched;

	unwatched = false;
	return saw;
}

void stages_received(__u64 received[MW_RINGS])
{
	for (int i = 0; i < MW_RINGS; i++)
		received[i] = stages[i].received;
}

int stage_open(__u32 ring, const struct bpf_map *map)
{
	struct stage *g = &stages[ring];

	g->bytes = malloc(STAGE_BYTES);
	g->order = malloc(STAGE_RECORDS * sizeof(*g->order));
	if (!g->bytes || !g->order)
		return failed(-ENOMEM, "preparing the drain");
	g->ring = ring_buffer__new(bpf_map__fd(map), stage, g, NULL);
	if (!g->ring)
		return failed(-errno, "mapping ring %s", bpf_map__name(map));
	return ring_buffer__epoll_fd(g->ring);
}

void stages_close(void)
{
	for (int i = 0; i < MW_RINGS; i++) {
		ring_buffer__free(stages[i].ring);
		free(stages[i].bytes);
		free(stages[i].order);
	}
	memset(stages, 0, sizeof(stages));
	unwatched = false;
}
