// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * MSI and MSI-X as the guest sets them in config space: the VMM's SET_IRQS follows, and this tells
 * that it did so on the guest's behalf. In every state, hence a hook that only config accesses come
 * by.
 */
#include <linux/bpf.h>
#include <linux/pci_regs.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "device.bpf.h"

struct config_write {
	const char *buf; /* in user memory */
	__u64 pos;
	__u64 count;
};

/* One bit of one byte decides, and only a write that covers it can change it. */
static __always_inline void msi_write(struct dev_info *d, struct config_write *w, __u32 i, __u32 at,
				      __u8 bit)
{
	struct ev_msi_enable *e;
	__u32 now;
	__u8 byte;

	if (at < w->pos || at >= w->pos + w->count)
		return;
	if (bpf_probe_read_user(&byte, sizeof(byte), w->buf + (at - w->pos))) {
		d->msi |= MSI_UNSEEN(i);
		return;
	}
	now = byte & bit ? MSI_ON(i) : 0;
	if ((d->msi & (MSI_ON(i) | MSI_UNSEEN(i))) == now)
		return;
	d->msi = (d->msi & ~(MSI_ON(i) | MSI_UNSEEN(i))) | now;
	e = RESERVE(crit, MSI_ENABLE, msi_enable, d->id, d->gen);
	if (!e)
		return;
	e->index = i + 1; /* VFIO_PCI_MSI_IRQ_INDEX, VFIO_PCI_MSIX_IRQ_INDEX */
	e->enabled = !!now;
	SUBMIT(e);
}

SEC("fexit/vfio_pci_config_rw")
int BPF_PROG(vfio_pci_config_rw, struct vfio_pci_core_device *core, const char *buf, size_t count,
	     loff_t *ppos, __u64 iswrite, ssize_t ret)
{
	struct config_write w = {.buf = buf, .count = ret};
	struct pci_dev *pdev;
	struct dev_info *d;
	loff_t pos = 0;
	__u8 msi, msix;

	/* A bool: the rest of its register is undefined. */
	if (!(iswrite & 0xff) || ret <= 0)
		return 0;
	d = dev_of((void *)core + bpf_core_field_offset(struct vfio_pci_core_device, vdev));
	if (!d || bpf_probe_read_kernel(&pos, sizeof(pos), ppos))
		return 0;
	/* *ppos has been advanced by what was written. */
	w.pos = (pos - ret) & ((1ull << REGION_SHIFT) - 1);
	pdev = BPF_CORE_READ(core, pdev);
	msi = BPF_CORE_READ(pdev, msi_cap);
	msix = BPF_CORE_READ(pdev, msix_cap);
	if (msi)
		msi_write(d, &w, 0, msi + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE);
	if (msix)
		msi_write(d, &w, 1, msix + PCI_MSIX_FLAGS + 1, PCI_MSIX_FLAGS_ENABLE >> 8);
	return 0;
}
