// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The DMA of an mdev is its driver's own doing: pages of the user that it pins, memory that it
 * copies. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "device.bpf.h"

/* Hot while a device works: told of those that are not INIT. */
static __always_inline struct dev_info *watched_dev(struct vfio_device *vdev)
{
	struct dev_info *d = known_dev(vdev);

	return d && d->watched ? d : 0;
}

static __always_inline int emit_pin(struct vfio_device *vdev, __u64 iova, int pages, __u32 pinned,
				    int ret)
{
	struct dev_info *d = watched_dev(vdev);
	struct ev_pin *e;

	if (!d || !touch_in_full(d, TALLY_UNPIN + pinned, EV_PIN, pinned, 0))
		return 0;
	e = RESERVE(bulk, PIN, pin, d->id, d->gen);
	if (!e)
		return 0;
	e->iova = iova;
	e->pages = pages;
	e->pinned = pinned;
	e->ret = ret;
	SUBMIT(e);
	return 0;
}

static __noinline int BPF_PROG(pin, struct vfio_device *vdev, __u64 iova, int pages, int prot,
			       void *into, int ret)
{
	return emit_pin(vdev, iova, pages, 1, ret);
}

SEC("fexit/vfio_pin_pages")
int vfio_pin_pages(__u64 *ctx)
{
	return nr_watched ? pin(ctx) : 0;
}

static __noinline int BPF_PROG(unpin, struct vfio_device *vdev, __u64 iova, int pages)
{
	return emit_pin(vdev, iova, pages, 0, pages);
}

SEC("fexit/vfio_unpin_pages")
int vfio_unpin_pages(__u64 *ctx)
{
	return nr_watched ? unpin(ctx) : 0;
}

static __noinline int BPF_PROG(dma_rw, struct vfio_device *vdev, __u64 iova, void *data,
			       size_t count, __u64 write, int ret)
{
	struct dev_info *d = watched_dev(vdev);
	/* A bool: the rest of its register is undefined. */
	__u32 wrote = (write & 0xff) != 0;
	struct ev_dma_rw *e;

	if (!d || !touch_in_full(d, TALLY_DMA_READ + wrote, EV_DMA_RW, wrote, ret ? 0 : count))
		return 0;
	e = RESERVE(bulk, DMA_RW, dma_rw, d->id, d->gen);
	if (!e)
		return 0;
	e->iova = iova;
	e->count = count;
	e->write = wrote;
	e->ret = ret;
	SUBMIT(e);
	return 0;
}

SEC("fexit/vfio_dma_rw")
int vfio_dma_rw(__u64 *ctx)
{
	return nr_watched ? dma_rw(ctx) : 0;
}
