// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Waiting: for records in the rings, for modules, for a wake-up. What is read waits in stage.c. */
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "shim_impl.h"

static struct {
	int epoll, uevents, wake;
	bool modules_changed;
	const __u32 *bells; /* counted by the probes; see bell.bpf.h */
	__u32 bells_heard;
} s = {.epoll = -1, .uevents = -1, .wake = -1};

static __u64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
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

static bool bell_rang(void)
{
	__u32 now = __atomic_load_n(s.bells, __ATOMIC_ACQUIRE);
	bool rang = now != s.bells_heard;

	s.bells_heard = now;
	return rang;
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
	return woken || s.modules_changed || bell_rang();
}

int drain(struct migwatch *base, void *buf, __u32 len, int timeout_ms, struct mw_drained *out)
{
	__u64 deadline = now_ns() + timeout_ms * 1000000ull, now;
	int err, woken = 0;

	if (len < MAX_RECORD_BYTES)
		return failed(-EINVAL, "draining into %u bytes", len);
	for (;;) {
		now = now_ns();
		err = stages_fill(now);
		if (err)
			return err;
		if (stages_saw_unwatched())
			s.modules_changed |= data_functions_untried(base);
		stages_deliver(buf, len, out);
		if (out->len || woken || s.modules_changed || now >= deadline)
			break;
		woken = wait_for_more(stages_waiting() ? 1 : (int)((deadline - now) / 1000000) + 1);
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

static int open_ring(__u32 ring, const struct bpf_map *map)
{
	int fd = stage_open(ring, map);

	return fd < 0 ? fd : watch_fd(fd);
}

int drain_open(struct migwatch *base)
{
	int err;

	s.bells = &base->bss->bells;
	s.epoll = epoll_create1(EPOLL_CLOEXEC);
	s.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s.epoll < 0 || s.wake < 0)
		return failed(-errno, "preparing the drain");
	err = open_ring(RING_CRIT, base->maps.crit);
	if (!err)
		err = open_ring(RING_BULK, base->maps.bulk);
	if (!err)
		err = listen_uevents();
	if (!err)
		err = watch_fd(s.uevents);
	if (!err)
		err = watch_fd(s.wake);
	return err;
}

void drain_close(void)
{
	stages_close();
	if (s.epoll >= 0)
		close(s.epoll);
	if (s.uevents >= 0)
		close(s.uevents);
	if (s.wake >= 0)
		close(s.wake);
	memset(&s, 0, sizeof(s));
	s.epoll = s.uevents = s.wake = -1;
}
