// SPDX-License-Identifier: GPL-2.0-only
/* The edu device's registers, as far as migration has to do with them. */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/pci.h>

#include "edu_vfio.h"

#define EDU_LIVENESS 0x04 /* reads as the complement of what was written */
#define EDU_STATUS 0x20
#define EDU_IRQ_RAISE 0x60
#define EDU_IRQ_ACKNOWLEDGE 0x64
#define EDU_DMA_SOURCE 0x80
#define EDU_DMA_DESTINATION 0x88
#define EDU_DMA_COUNT 0x90
#define EDU_DMA_COMMAND 0x98
#define EDU_DMA_START BIT(0)
#define EDU_DMA_TO_MEMORY BIT(1)
#define EDU_BUFFER 0x40000 /* the DMA engine's own memory */

#define EDU_IDLE_TRIES 100
#define EDU_IDLE_PERIOD_MS 5 /* the engine takes 100 ms for a transfer */
#define EDU_STRAY_PERIOD_MS 50
#define EDU_STRAY_BYTES 64
#define EDU_STRAY_INTERRUPT 0x57

/* Until edu_hw_end() nobody resets the device or changes COMMAND, and memory decoding is on. */
static void __iomem *edu_hw_begin(struct edu_device *edu, u16 *command)
{
	struct pci_dev *pdev = edu->core.pdev;

	down_write(&edu->core.memory_lock);
	pci_read_config_word(pdev, PCI_COMMAND, command);
	if (!(*command & PCI_COMMAND_MEMORY))
		pci_write_config_word(pdev, PCI_COMMAND, *command | PCI_COMMAND_MEMORY);
	return edu->core.barmap[0];
}

static void edu_hw_end(struct edu_device *edu, u16 command)
{
	if (!(command & PCI_COMMAND_MEMORY))
		pci_write_config_word(edu->core.pdev, PCI_COMMAND, command);
	up_write(&edu->core.memory_lock);
}

static bool edu_busy(struct edu_device *edu)
{
	u16 command;
	u64 dma = readq(edu_hw_begin(edu, &command) + EDU_DMA_COMMAND);

	edu_hw_end(edu, command);
	return dma & EDU_DMA_START;
}

/* The engine cannot be stopped, only waited for. */
int edu_wait_idle(struct edu_device *edu)
{
	int tries;

	for (tries = 0; tries < EDU_IDLE_TRIES; tries++) {
		if (!edu_busy(edu))
			return 0;
		msleep(EDU_IDLE_PERIOD_MS);
	}
	return -ETIMEDOUT;
}

void edu_save_registers(struct edu_device *edu, struct edu_registers *registers)
{
	u16 command;
	void __iomem *bar = edu_hw_begin(edu, &command);

	registers->liveness = cpu_to_le32(readl(bar + EDU_LIVENESS));
	registers->status = cpu_to_le32(readl(bar + EDU_STATUS));
	registers->dma_source = cpu_to_le64(readq(bar + EDU_DMA_SOURCE));
	registers->dma_destination = cpu_to_le64(readq(bar + EDU_DMA_DESTINATION));
	registers->dma_count = cpu_to_le64(readq(bar + EDU_DMA_COUNT));
	edu_hw_end(edu, command);
}

void edu_load_registers(struct edu_device *edu, const struct edu_registers *registers)
{
	u16 command;
	void __iomem *bar = edu_hw_begin(edu, &command);

	writel(~le32_to_cpu(registers->liveness), bar + EDU_LIVENESS);
	writel(le32_to_cpu(registers->status), bar + EDU_STATUS);
	writeq(le64_to_cpu(registers->dma_source), bar + EDU_DMA_SOURCE);
	writeq(le64_to_cpu(registers->dma_destination), bar + EDU_DMA_DESTINATION);
	writeq(le64_to_cpu(registers->dma_count), bar + EDU_DMA_COUNT);
	edu_hw_end(edu, command);
}

/* As VFIO_DEVICE_RESET does it for other devices: the user's mappings go first. */
void edu_reset_registers(struct edu_device *edu)
{
	u16 command;
	void __iomem *bar;

	edu_wait_idle(edu);
	bar = edu_hw_begin(edu, &command);
	unmap_mapping_range(edu->core.vdev.inode->i_mapping,
			    VFIO_PCI_INDEX_TO_OFFSET(VFIO_PCI_BAR0_REGION_INDEX),
			    VFIO_PCI_INDEX_TO_OFFSET(VFIO_PCI_ROM_REGION_INDEX), true);
	writel(~0U, bar + EDU_IRQ_ACKNOWLEDGE);
	writel(~0U, bar + EDU_LIVENESS);
	writel(0, bar + EDU_STATUS);
	writeq(0, bar + EDU_DMA_SOURCE);
	writeq(0, bar + EDU_DMA_DESTINATION);
	writeq(0, bar + EDU_DMA_COUNT);
	edu_hw_end(edu, command);
}

/* quiesce=0: what a device that does not stop goes on doing, every 50 ms. */
void edu_stray_work(struct work_struct *work)
{
	struct edu_device *edu = container_of(to_delayed_work(work), struct edu_device, stray);
	struct edu_switches switches;
	void __iomem *bar;
	bool straying;
	u16 command;

	mutex_lock(&edu->lock);
	switches = edu->switches;
	straying = edu->straying;
	mutex_unlock(&edu->lock);
	if (!straying)
		return;
	bar = edu_hw_begin(edu, &command);
	if (switches.stray_iova && !(readq(bar + EDU_DMA_COMMAND) & EDU_DMA_START)) {
		writeq(EDU_BUFFER, bar + EDU_DMA_SOURCE);
		writeq(switches.stray_iova, bar + EDU_DMA_DESTINATION);
		writeq(EDU_STRAY_BYTES, bar + EDU_DMA_COUNT);
		writeq(EDU_DMA_START | EDU_DMA_TO_MEMORY, bar + EDU_DMA_COMMAND);
	}
	/* Never INTx: with no handler there is nobody to lower the line. */
	if (switches.stray_msi && edu->core.pdev->msi_enabled) {
		writel(EDU_STRAY_INTERRUPT, bar + EDU_IRQ_RAISE);
		writel(EDU_STRAY_INTERRUPT, bar + EDU_IRQ_ACKNOWLEDGE);
	}
	edu_hw_end(edu, command);
	schedule_delayed_work(&edu->stray, msecs_to_jiffies(EDU_STRAY_PERIOD_MS));
}
