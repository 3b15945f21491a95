// SPDX-License-Identifier: GPL-2.0-only
/*
 * The card by UIO, to measure the kernel's own way of waking a program: the program
 * drives the 8237 and the card's ports itself, as root, and reads /dev/uio0 for the
 * interrupt. Never for use.
 */
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/uio_driver.h>
#include <asm/dma.h>

#include "ced1401-card.h"

static unsigned int io = 0x300;
module_param(io, uint, 0444);
static unsigned int irq = 5;
module_param(irq, uint, 0444);
static unsigned int dma = 1;
module_param(dma, uint, 0444);

static struct platform_device *device;
static unsigned long memory;
static struct uio_info info;

/* The line falls with the interrupt's enable; what stood the program sees in STATUS */
static irqreturn_t handler(int line, struct uio_info *unused)
{
	if (!(inb(io + CEDCARD_CAUSE) & CEDCARD_CAUSE_LINE))
		return IRQ_NONE;
	outb(CEDCARD_CONTROL_DMAEN | CEDCARD_CONTROL_FIFO, io + CEDCARD_CONTROL);
	return IRQ_HANDLED;
}

static int __init card_init(void)
{
	int ret = -ENOMEM;

	memory = __get_free_page(GFP_KERNEL | GFP_DMA | __GFP_ZERO);
	if (!memory)
		return ret;
	ret = request_dma(dma, KBUILD_MODNAME);
	if (ret)
		goto no_dma;
	device = platform_device_register_simple(KBUILD_MODNAME, -1, NULL, 0);
	if (IS_ERR(device)) {
		ret = PTR_ERR(device);
		goto no_device;
	}
	info.name = KBUILD_MODNAME;
	info.version = "1";
	info.irq = irq;
	info.handler = handler;
	info.mem[0].memtype = UIO_MEM_LOGICAL;
	info.mem[0].addr = virt_to_phys((void *)memory);
	info.mem[0].size = PAGE_SIZE;
	outb(0, io + CEDCARD_CONTROL);
	ret = uio_register_device(&device->dev, &info);
	if (!ret)
		return 0;
	platform_device_unregister(device);
no_device:
	free_dma(dma);
no_dma:
	free_page(memory);
	return ret;
}

static void __exit card_exit(void)
{
	uio_unregister_device(&info);
	platform_device_unregister(device);
	outb(0, io + CEDCARD_CONTROL);
	disable_dma(dma);
	free_dma(dma);
	free_page(memory);
}

module_init(card_init);
module_exit(card_exit);
MODULE_DESCRIPTION("The ced1401 card by UIO, for comparison");
MODULE_LICENSE("GPL");
