// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Two rings in, one stream in time order out.
 *
 * A record's time is taken just before it is committed, and two CPUs may commit
 * out of order, so records younger than HOLD_NS wait for the next pass. What was
 * made before `horizon` has then been delivered, unless a CPU stood still inside
 * a probe for longer than that (ev_hdr.gen shows it to the judge).
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/netlink.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "shim_impl.h"

#define HOLD_NS 1000000ull
#define STAGE_BYTES (4u << 20)
#define STAGE_RECORDS 65536
#define MAX_RECORD 256

struct staged {
	__u64 at;
	__u32 off, len;
};

static struct {
	struct ring_buffer *rings;
	int epoll, uevents, wake;
	bool modules_changed;
	char *bytes; /* staged records in order of arrival ... */
	__u32 used;
	struct staged *order; /* ... and in order of time: order[next..n) */
	__u32 next, n;
	__u64 horizon; /* what was made before has been staged */
	__u64 last_at; /* of the record staged last */
	_Atomic __u64 received[MW_RINGS];
} s = {.epoll = -1, .uevents = -1, .wake = -1};

static __u64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* A negative answer stops libbpf after this record, which is kept: there must be room for one more.
 */
static int stage(void *ring, void *data, size_t len)
{
	__u64 at = ((struct ev_hdr *)data)->at;
	__u32 i = s.n;

	memcpy(s.bytes + s.used, data, len);
	while (i > s.next && s.order[i - 1].at > at) {
		s.order[i] = s.order[i - 1];
		i--;
	}
	s.order[i] = (struct staged){at, s.used, len};
	s.used += len;
	s.n++;
	s.last_at = at;
	s.received[(long)ring]++;
	return s.used + MAX_RECORD > STAGE_BYTES || s.n == STAGE_RECORDS ? -ENOBUFS : 0;
}

/* Moves what is still waiting to the front of the stage. */
static void compact(void)
{
	static char tmp[STAGE_BYTES];
	__u32 used = 0;

	if (s.next == s.n) {
		s.used = s.next = s.n = 0;
		return;
	}
	if (s.next < STAGE_RECORDS / 2 && s.used < STAGE_BYTES / 2)
		return;
	for (__u32 i = s.next; i < s.n; i++) {
		struct staged *r = &s.order[i];

		memcpy(tmp + used, s.bytes + r->off, r->len);
		s.order[i - s.next] = (struct staged){r->at, used, r->len};
		used += r->len;
	}
	memcpy(s.bytes, tmp, used);
	s.n -= s.next;
	s.next = 0;
	s.used = used;
}

static __u32 deliver(char *buf, __u32 len)
{
	__u32 done = 0;

	for (; s.next < s.n; s.next++) {
		struct staged *r = &s.order[s.next];

		if (r->at > s.horizon || done + r->len > len)
			break;
		memcpy(buf + done, s.bytes + r->off, r->len);
		done += r->len;
	}
	return done;
}

/* A module that the probes may want has been added: add@/module/<name>, sent once it is LIVE. */
static void read_uevents(void)
{
	char msg[4096];
	ssize_t n;

	while ((n = recv(s.uevents, msg, sizeof(msg) - 1, MSG_DONTWAIT)) > 0) {
		msg[n] = 0;
		if (!strncmp(msg, "add@/module/", 12))
			s.modules_changed = true;
	}
	if (n < 0 && errno == ENOBUFS)
		s.modules_changed = true; /* some were missed: look */
}

/* 1: return to the caller at once. */
static int wait_for_more(int timeout_ms)
{
	struct epoll_event ev[4];
	__u64 dummy;
	int n = epoll_wait(s.epoll, ev, 4, timeout_ms);
	bool woken = false;

	if (n < 0 && errno != EINTR)
		return failed(-errno, "waiting for records");
	for (int i = 0; i < n; i++) {
		if (ev[i].data.fd == s.uevents)
			read_uevents();
		if (ev[i].data.fd == s.wake)
			woken = read(s.wake, &dummy, sizeof(dummy)) > 0;
	}
	return woken || s.modules_changed;
}

static bool stage_full(void)
{
	return s.n == STAGE_RECORDS || s.used + MAX_RECORD > STAGE_BYTES;
}

static int consume(__u64 now)
{
	int err;

	compact();
	if (stage_full())
		return 0;
	err = ring_buffer__consume(s.rings);
	if (err < 0 && err != -ENOBUFS)
		return failed(err, "reading the rings");
	/* Stopped short: what is still in the rings is no older than what came last. */
	s.horizon = err < 0 ? s.last_at : now - HOLD_NS;
	return 0;
}

int drain(void *buf, __u32 len, int timeout_ms, struct mw_drained *out)
{
	__u64 deadline = now_ns() + timeout_ms * 1000000ull, now;
	int err, woken = 0;

	if (len < MAX_RECORD)
		return failed(-EINVAL, "draining into %u bytes", len);
	for (;;) {
		now = now_ns();
		err = consume(now);
		if (err)
			return err;
		out->len = deliver(buf, len);
		/* buf was too small for all that is due: the horizon is the first that stayed. */
		out->horizon = s.next < s.n && s.order[s.next].at <= s.horizon ? s.order[s.next].at
									       : s.horizon;
		if (out->len || woken || now >= deadline)
			break;
		woken = wait_for_more(s.next < s.n ? 1 : (int)((deadline - now) / 1000000) + 1);
		if (woken < 0)
			return woken;
	}
	out->modules_changed = s.modules_changed;
	s.modules_changed = false;
	return 0;
}

int drain_wake(void)
{
	__u64 one = 1;

	return write(s.wake, &one, sizeof(one)) < 0 ? failed(-errno, "waking the drain") : 0;
}

void drain_received(__u64 received[MW_RINGS])
{
	for (int i = 0; i < MW_RINGS; i++)
		received[i] = s.received[i];
}

static int listen_uevents(void)
{
	struct sockaddr_nl addr = {.nl_family = AF_NETLINK, .nl_groups = 1};

	s.uevents = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			   NETLINK_KOBJECT_UEVENT);
	if (s.uevents < 0 || bind(s.uevents, (void *)&addr, sizeof(addr)))
		return failed(-errno, "listening for module events (netlink)");
	return 0;
}

static int watch_fd(int fd)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(s.epoll, EPOLL_CTL_ADD, fd, &ev) ? failed(-errno, "adding to epoll") : 0;
}

int drain_open(struct migwatch *base)
{
	int err;

	s.bytes = malloc(STAGE_BYTES);
	s.order = malloc(STAGE_RECORDS * sizeof(*s.order));
	s.epoll = epoll_create1(EPOLL_CLOEXEC);
	s.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!s.bytes || !s.order || s.epoll < 0 || s.wake < 0)
		return failed(-ENOMEM, "preparing the drain");
	s.rings = ring_buffer__new(bpf_map__fd(base->maps.crit), stage, (void *)RING_CRIT, NULL);
	if (!s.rings)
		return failed(-errno, "mapping ring crit");
	err = ring_buffer__add(s.rings, bpf_map__fd(base->maps.bulk), stage, (void *)RING_BULK);
	if (err)
		return failed(err, "mapping ring bulk");
	err = listen_uevents();
	if (!err)
		err = watch_fd(s.uevents);
	if (!err)
		err = watch_fd(s.wake);
	if (!err)
		err = watch_fd(ring_buffer__epoll_fd(s.rings));
	return err;
}

void drain_close(void)
{
	ring_buffer__free(s.rings);
	free(s.bytes);
	free(s.order);
	if (s.epoll >= 0)
		close(s.epoll);
	if (s.uevents >= 0)
		close(s.uevents);
	if (s.wake >= 0)
		close(s.wake);
	memset(&s, 0, sizeof(s));
	s.epoll = s.uevents = s.wake = -1;
}
