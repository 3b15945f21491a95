// SPDX-License-Identifier: GPL-2.0-only
/*
 * The least that a driver of the card can do: what a measurement of the ced1401 driver
 * is held against. It has the same 8237 and the same registers to write and to read,
 * and does nothing else: no sessions, no checks, no books. Never for use.
 */
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/wait.h>
#include <asm/dma.h>

#include "ced1401-card.h"
#include "floor.h"

#define BYTES	64	/* what a START moves */

static unsigned int io = 0x300;
module_param(io, uint, 0444);
static unsigned int irq = 5;
module_param(irq, uint, 0444);
static unsigned int dma = 1;
module_param(dma, uint, 0444);
static unsigned int meter = 0x340;
module_param(meter, uint, 0444);

static DECLARE_WAIT_QUEUE_HEAD(wq);
static DEFINE_SPINLOCK(lock);
static unsigned long memory;
static bool ended;
static u32 handled;	/* instructions from the line's rise to the handler's end */

static void start(void)
{
	unsigned long flags = claim_dma_lock();

	disable_dma(dma);
	clear_dma_ff(dma);
	set_dma_mode(dma, DMA_MODE_READ);
	set_dma_addr(dma, virt_to_phys((void *)memory));
	set_dma_count(dma, BYTES);
	enable_dma(dma);
	release_dma_lock(flags);
	outb(CEDCARD_CONTROL_DMAEN | CEDCARD_CONTROL_FIFO |
	     CEDCARD_CONTROL_IE_DMA, io + CEDCARD_CONTROL);
}

static void stop(void)
{
	unsigned long flags;

	outb(0, io + CEDCARD_CONTROL);
	flags = claim_dma_lock();
	disable_dma(dma);
	release_dma_lock(flags);
	outb(CEDCARD_ACK_LATCHES, io + CEDCARD_ACK);
}

static irqreturn_t handler(int line, void *data)
{
	if (!(inb(io + CEDCARD_CAUSE) & CEDCARD_CAUSE_DMA))
		return IRQ_NONE;
	spin_lock(&lock);
	inb(io + CEDCARD_STATUS);
	stop();
	inb(io + CEDCARD_CAUSE);
	ended = true;
	spin_unlock(&lock);
	handled = inl(meter) - inl(meter + 12);
	wake_up(&wq);
	return IRQ_HANDLED;
}

/* In the kernel, with nothing around it */
static u32 bare(void)
{
	unsigned long flags;
	u32 cost, before;

	spin_lock_irqsave(&lock, flags);
	before = inl(meter);
	cost = inl(meter) - before;	/* the meter's own */
	before = inl(meter);
	start();
	cost = inl(meter + 8) - before - cost;
	stop();
	spin_unlock_irqrestore(&lock, flags);
	return cost;
}

static long floor_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	unsigned long flags;

	switch (cmd) {
	case FLOOR_NOTHING:
		return 0;
	case FLOOR_START:
		spin_lock_irqsave(&lock, flags);
		ended = false;
		start();
		spin_unlock_irqrestore(&lock, flags);
		return 0;
	case FLOOR_STOP:
		spin_lock_irqsave(&lock, flags);
		stop();
		spin_unlock_irqrestore(&lock, flags);
		return 0;
	case FLOOR_BARE:
		return bare();
	case FLOOR_HANDLER:
		return handled;
	}
	return -ENOTTY;
}

static __poll_t floor_poll(struct file *file, poll_table *wait)
{
	poll_wait(file, &wq, wait);
	return ended ? EPOLLIN : 0;
}

static const struct file_operations floor_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = floor_ioctl,
	.poll = floor_poll,
};

static struct miscdevice floor_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ced1401-floor",
	.fops = &floor_fops,
};

static int __init floor_init(void)
{
	int ret;

	memory = __get_free_page(GFP_KERNEL | GFP_DMA);
	if (!memory)
		return -ENOMEM;
	ret = request_dma(dma, KBUILD_MODNAME);
	if (ret)
		goto no_dma;
	outb(0, io + CEDCARD_CONTROL);
	ret = request_irq(irq, handler, 0, KBUILD_MODNAME, &floor_misc);
	if (ret)
		goto no_irq;
	ret = misc_register(&floor_misc);
	if (!ret)
		return 0;
	free_irq(irq, &floor_misc);
no_irq:
	free_dma(dma);
no_dma:
	free_page(memory);
	return ret;
}

static void __exit floor_exit(void)
{
	misc_deregister(&floor_misc);
	stop();
	free_irq(irq, &floor_misc);
	free_dma(dma);
	free_page(memory);
}

module_init(floor_init);
module_exit(floor_exit);
MODULE_DESCRIPTION("The least that a driver of the ced1401 card can do");
MODULE_LICENSE("GPL");
