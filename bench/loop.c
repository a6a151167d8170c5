// SPDX-License-Identifier: Apache-2.0
/* Calls to measure, in a loop with next to nothing around it. Returns ns for all, or -1. */
#include <linux/vfio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

long loop_ioctl(int fd, unsigned long request, void *arg, int n)
{
	long began = now();

	for (int i = 0; i < n; i++)
		if (ioctl(fd, request, arg) < 0)
			return -1;
	return now() - began;
}

/* Each call sets another eventfd, in the data behind the ioctl's struct vfio_irq_set. */
long loop_set_irqs(int fd, struct vfio_irq_set *set, const int *eventfds, int n)
{
	long began = now();

	for (int i = 0; i < n; i++) {
		*(int *)set->data = eventfds[i];
		if (ioctl(fd, VFIO_DEVICE_SET_IRQS, set) < 0)
			return -1;
	}
	return now() - began;
}

long loop_pread(int fd, void *buf, unsigned long count, unsigned long pos, int n)
{
	long began = now();

	for (int i = 0; i < n; i++)
		if (pread(fd, buf, count, pos) < 0)
			return -1;
	return now() - began;
}

/* Touches the first word of n pages. */
long loop_touch(volatile char *at, unsigned long page, int n)
{
	long began = now();

	for (int i = 0; i < n; i++)
		*(volatile int *)(at + i * page);
	return now() - began;
}

/* edu (QEMU's docs/specs/edu.rst): raises its interrupt and acknowledges it. */
#define EDU_RAISE 0x60
#define EDU_ACKNOWLEDGE 0x64

long loop_interrupt(volatile char *edu, int n)
{
	long began = now();

	for (int i = 0; i < n; i++) {
		*(volatile int *)(edu + EDU_RAISE) = 1;
		*(volatile int *)(edu + EDU_ACKNOWLEDGE) = 1;
	}
	return now() - began;
}
