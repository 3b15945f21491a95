// SPDX-License-Identifier: GPL-2.0-only
/*
 * The CED 1401 laboratory interface on the ISA bus: DMA buffers of one's own for
 * every program, and the 1401's characters and transfers.
 *
 * This file holds the module's parameters, the platform driver, and the file
 * operations. How a sample comes to its user is told in docs/architecture.md.
 */
#include <linux/dma-mapping.h>
#include <linux/fdtable.h>
#include <linux/fs.h>
#include <linux/ioport.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/pm.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/dma.h>

#include "ced1401.h"
#include "compat.h"
#include "include/uapi/linux/ced1401-ced.h"

#define NO_IRQ_GIVEN	(-1)
#define NO_DMA_GIVEN	(-1)

static unsigned int io[CED_CARDS] = { 0x300 };
static int irq[CED_CARDS] = { 5, NO_IRQ_GIVEN, NO_IRQ_GIVEN, NO_IRQ_GIVEN };
static int dma[CED_CARDS] = { 1, NO_DMA_GIVEN, NO_DMA_GIVEN, NO_DMA_GIVEN };
static unsigned int cards = 1;
module_param_hw_array(io, uint, ioport, &cards, 0444);
MODULE_PARM_DESC(io, "First I/O port of each card (default 0x300)");
module_param_hw_array(irq, int, irq, NULL, 0444);
MODULE_PARM_DESC(irq, "Interrupt line of each card, -1 probes (default 5)");
module_param_hw_array(dma, int, dma, NULL, 0444);
MODULE_PARM_DESC(dma, "ISA DMA channel of each card: 1, 3, 5, 6 or 7 (default 1)");
module_param_named(limit_kb, ced_limit_kb, uint, 0644);
MODULE_PARM_DESC(limit_kb, "Most DMA memory in all, KiB (default 8192)");
module_param_named(user_limit_kb, ced_user_limit_kb, uint, 0644);
MODULE_PARM_DESC(user_limit_kb, "Most DMA memory of one user, KiB (default 6144)");
module_param_named(session_limit_kb, ced_session_limit_kb, uint, 0644);
MODULE_PARM_DESC(session_limit_kb, "Most DMA memory of one open file, KiB (default 4096)");

static struct platform_device *devices[CED_CARDS];

/* ---- a card's life ---- */

static void free_card(struct kref *ref)
{
	kfree(container_of(ref, struct ced_card, ref));
}

static void unref_card(void *data)
{
	struct ced_card *card = data;

	kref_put(&card->ref, free_card);
}

/* ---- open, release ---- */

static struct ced_session *new_session(struct ced_card *card)
{
	struct ced_session *session = kzalloc(sizeof(*session),
						GFP_KERNEL_ACCOUNT);

	if (!session)
		return NULL;
	session->card = card;
	session->pid = task_tgid_nr(current);
	init_waitqueue_head(&session->wq);
	mutex_init(&session->read_lock);
	mutex_init(&session->lock);
	INIT_LIST_HEAD(&session->transfers);
	INIT_LIST_HEAD(&session->queue);
	return session;
}

static int ced_open(struct inode *inode, struct file *file)
{
	/* The misc device's mutex is held: the card cannot go meanwhile */
	struct ced_card *card = container_of(file->private_data,
					     struct ced_card, misc);
	struct ced_session *session = new_session(card);
	int ret;

	if (!session)
		return -ENOMEM;
	ret = ced_account_open(session);
	if (ret) {
		kfree(session);
		return ret;
	}
	kref_get(&card->ref);
	file->private_data = session;
	spin_lock_irq(&card->lock);
	list_add_tail(&session->node, &card->sessions);
	/* Amid the machine's going down the node is still there */
	if (!card->users++ && !card->gone) {
		ced_link_forget(card);
		ced_card_wake(card);
	}
	spin_unlock_irq(&card->lock);
	return stream_open(inode, file);
}

static void free_slot(struct ced_session *session, struct ced_slot *slot)
{
	struct ced_buffer *buffer = slot->buffer;

	slot->reserved = 0;
	if (!buffer)
		return;
	spin_lock_irq(&session->card->lock);
	slot->buffer = NULL;
	spin_unlock_irq(&session->card->lock);
	ced_transfer_free(session, buffer);
	ced_buffer_put(buffer);
}

/* The last descriptor and the last mapping are gone: the session ends */
static int ced_release(struct inode *inode, struct file *file)
{
	struct ced_session *session = file->private_data;
	struct ced_card *card = session->card;
	unsigned int i;

	ced_link_let_go(session, false);
	ced_transfer_free(session, NULL);
	for (i = 0; i < CED1401_BUFFERS; i++)
		free_slot(session, &session->slots[i]);
	ced_shared_put(session);
	spin_lock_irq(&card->lock);
	list_del(&session->node);
	if (!--card->users && !card->gone)
		ced_card_sleep(card);
	spin_unlock_irq(&card->lock);
	ced_account_close(session);
	kfree(session);
	unref_card(card);
	return 0;
}

static int is_file(const void *wanted, struct file *file, unsigned int fd)
{
	return wanted == file;
}

/*
 * A descriptor is closed, or its process ends. With the claiming process's last
 * descriptor of this file the 1401 goes, although a child or a mapping lives on.
 * A process that ends has no table of files any more, and the descriptor that is
 * being closed is no longer in it.
 */
static int ced_flush(struct file *file, fl_owner_t id)
{
	struct ced_session *session = file->private_data;

	if (READ_ONCE(session->card->link.holder) == session &&
	    !iterate_fd(current->files, 0, is_file, file))
		ced_link_let_go(session, true);
	return 0;
}

/* ---- ioctl ---- */

/*
 * What a call was given and gives back, and what it has to remember until its answer is
 * written.
 */
struct ced_args {
	union {
		struct ced1401_alloc alloc;
		struct ced1401_free free;
		struct ced1401_buf_info buf_info;
		struct ced1401_start start;
		struct ced1401_stop stop;
		struct ced1401_status status;
		struct ced1401_wait wait;
		struct ced1401_consume consume;
	};
	u32 news;
};

static bool slot_is_free(const struct ced_slot *slot)
{
	return !slot->buffer && !slot->reserved;
}

static int ask_alloc(struct file *file, struct ced_args *args)
{
	struct ced_session *session = file->private_data;
	struct ced1401_alloc *alloc = &args->alloc;
	unsigned int i;

	if (alloc->reserved || !alloc->size || alloc->size > CED1401_BUF_MAX)
		return -EINVAL;
	mutex_lock(&session->lock);
	for (i = 0; i < CED1401_BUFFERS; i++)
		if (slot_is_free(&session->slots[i]))
			break;
	mutex_unlock(&session->lock);
	alloc->buffer = i;
	return i < CED1401_BUFFERS ? 0 : -ENOSPC;
}

static int do_alloc(struct file *file, struct ced_args *args)
{
	struct ced_session *session = file->private_data;
	struct ced_slot *slot = &session->slots[args->alloc.buffer];
	int ret = -ESTALE;

	mutex_lock(&session->lock);
	if (slot_is_free(slot)) {
		slot->reserved = args->alloc.size;
		ret = 0;
	}
	mutex_unlock(&session->lock);
	return ret;
}

static int do_free(struct file *file, struct ced_args *args)
{
	struct ced_session *session = file->private_data;
	struct ced_slot *slot;
	int ret = -ENOENT;

	if (args->free.reserved || args->free.buffer >= CED1401_BUFFERS)
		return -EINVAL;
	slot = &session->slots[args->free.buffer];
	mutex_lock(&session->lock);
	if (!slot_is_free(slot)) {
		free_slot(session, slot);
		ret = 0;
	}
	mutex_unlock(&session->lock);
	return ret;
}

static void describe(struct ced_session *session, const struct ced_slot *slot,
		     struct ced1401_buf_info *info)
{
	struct ced_buffer *buffer = slot->buffer;

	info->flags = 0;
	info->charged = 0;
	info->maps = 0;
	if (!buffer) {
		info->size = PAGE_ALIGN(slot->reserved);
		return;
	}
	info->flags = CED1401_BUF_ALLOCATED;
	if (ced_transfer_uses(session, buffer))
		info->flags |= CED1401_BUF_BUSY;
	info->size = buffer->size;
	info->charged = buffer->charged;
	info->maps = atomic_read(&buffer->maps);
}

static int ask_buf_info(struct file *file, struct ced_args *args)
{
	struct ced_session *session = file->private_data;
	struct ced1401_buf_info *info = &args->buf_info;
	struct ced_slot *slot;
	int ret = -ENOENT;

	if (info->reserved || info->buffer >= CED1401_BUFFERS)
		return -EINVAL;
	slot = &session->slots[info->buffer];
	mutex_lock(&session->lock);
	if (!slot_is_free(slot)) {
		describe(session, slot, info);
		ret = 0;
	}
	mutex_unlock(&session->lock);
	return ret;
}

static int ask_start(struct file *file, struct ced_args *args)
{
	return ced_transfer_plan(file->private_data, &args->start);
}

static int do_start(struct file *file, struct ced_args *args)
{
	struct ced_session *session = file->private_data;
	const struct ced1401_start *start = &args->start;
	int ret;

	for (;;) {
		ret = ced_transfer_start(session, start);
		if (ret != -EAGAIN)
			return ret;
		/* A NOW transfer needs the 1401, and we do not have it (yet) */
		ret = ced_link_claim(session, file->f_flags & O_NONBLOCK);
		if (ret)
			return ret;
		if (signal_pending(current))
			return -ERESTARTSYS;
	}
}

/* What was stopped stays so, but it is still news if it could not be told */
static int ask_stop(struct file *file, struct ced_args *args)
{
	return ced_transfer_stop(file->private_data, &args->stop, &args->news);
}

static int do_stop(struct file *file, struct ced_args *args)
{
	ced_transfer_told(file->private_data, args->stop.id, 0, args->news);
	return 0;
}

static int ask_status(struct file *file, struct ced_args *args)
{
	struct ced_session *session = file->private_data;
	struct ced1401_status *status = &args->status;
	u32 id = status->id;
	int ret;

	if (status->reserved)
		return -EINVAL;
	memset(status, 0, sizeof(*status));
	status->id = id;
	ret = ced_transfer_status(session, status, &args->news);
	if (!ret)
		status->link = ced_link_flags(session);
	return ret;
}

static int do_status(struct file *file, struct ced_args *args)
{
	ced_transfer_told(file->private_data, args->status.id,
			  args->status.events, args->news);
	return 0;
}

static int ask_consume(struct file *file, struct ced_args *args)
{
	return ced_transfer_ask(file->private_data, &args->consume);
}

static int do_consume(struct file *file, struct ced_args *args)
{
	return ced_transfer_consume(file->private_data, &args->consume);
}

static int do_kick(struct file *file, struct ced_args *args)
{
	ced_transfer_kick(file->private_data);
	return 0;
}

static int ask_wait(struct file *file, struct ced_args *args)
{
	return ced_transfer_wait(file->private_data, &args->wait);
}

static int do_claim(struct file *file, struct ced_args *args)
{
	return ced_link_claim(file->private_data, file->f_flags & O_NONBLOCK);
}

static int do_release(struct file *file, struct ced_args *args)
{
	return ced_link_release(file->private_data);
}

static int do_reset(struct file *file, struct ced_args *args)
{
	return ced_link_reset(file->private_data);
}

/*
 * A call first finds its answer (@ask), which is written to the caller's memory, and
 * then takes effect (@act): one that fails with -EFAULT has had none. -ESTALE: the
 * answer is no longer true, since another thread came between; it is asked anew. @reader: it
 * may be called on a read-only open.
 *
 * Inlined, so that its arguments' size is a constant: hardened usercopy then checks it when
 * this is compiled, and not at every call, which took as long as the rest of it.
 */
static __always_inline long make_call(struct file *file, unsigned int cmd, void __user *argp,
				      bool reader,
				      int (*ask)(struct file *, struct ced_args *),
				      int (*act)(struct file *, struct ced_args *))
{
	struct ced_session *session = file->private_data;
	struct ced_args args;
	int ret;

	if (READ_ONCE(session->card->gone))
		return -ENODEV;
	if (!reader && !(file->f_mode & FMODE_WRITE))
		return -EACCES;
	args.news = 0;
	if (_IOC_DIR(cmd) & _IOC_WRITE && copy_from_user(&args, argp, _IOC_SIZE(cmd)))
		return -EFAULT;
	do {
		ret = ask ? ask(file, &args) : 0;
		if (!ret && _IOC_DIR(cmd) & _IOC_READ &&
		    copy_to_user(argp, &args, _IOC_SIZE(cmd)))
			ret = -EFAULT;
		if (!ret && act)
			ret = act(file, &args);
	} while (ret == -ESTALE && !signal_pending(current));
	return ret == -ESTALE ? -ERESTARTSYS : ret;
}

static long ced_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct ced_session *session = file->private_data;
	void __user *argp = (void __user *)arg;

	switch (cmd) {
	case CED1401_IOC_ALLOC:
		return make_call(file, CED1401_IOC_ALLOC, argp, false, ask_alloc, do_alloc);
	case CED1401_IOC_FREE:
		return make_call(file, CED1401_IOC_FREE, argp, true, NULL, do_free);
	case CED1401_IOC_BUF_INFO:
		return make_call(file, CED1401_IOC_BUF_INFO, argp, true, ask_buf_info, NULL);
	case CED1401_IOC_START:
		return make_call(file, CED1401_IOC_START, argp, false, ask_start, do_start);
	case CED1401_IOC_STOP:
		return make_call(file, CED1401_IOC_STOP, argp, false, ask_stop, do_stop);
	case CED1401_IOC_STATUS:
		return make_call(file, CED1401_IOC_STATUS, argp, true, ask_status, do_status);
	case CED1401_IOC_WAIT:
		return make_call(file, CED1401_IOC_WAIT, argp, true, ask_wait, NULL);
	case CED1401_IOC_CLAIM:
		return make_call(file, CED1401_IOC_CLAIM, argp, false, NULL, do_claim);
	case CED1401_IOC_RELEASE:
		return make_call(file, CED1401_IOC_RELEASE, argp, false, NULL, do_release);
	case CED1401_IOC_RESET:
		return make_call(file, CED1401_IOC_RESET, argp, false, NULL, do_reset);
	case CED1401_IOC_CONSUME:
		return make_call(file, CED1401_IOC_CONSUME, argp, false, ask_consume,
				 do_consume);
	case CED1401_IOC_KICK:
		return make_call(file, CED1401_IOC_KICK, argp, false, NULL, do_kick);
	}
	if (_IOC_TYPE(cmd) != CEDIOC_MAGIC)
		return -ENOTTY;
	if (READ_ONCE(session->card->gone))
		return -ENODEV;
	return ced_abi_ioctl(file, cmd, arg);
}

/* ---- read, write, poll ---- */

static ssize_t ced_read(struct file *file, char __user *to, size_t count,
			loff_t *unused)
{
	return ced_link_read(file->private_data, to, count,
			     file->f_flags & O_NONBLOCK);
}

static ssize_t ced_write(struct file *file, const char __user *from,
			 size_t count, loff_t *unused)
{
	return ced_link_write(file->private_data, from, count,
			      file->f_flags & O_NONBLOCK);
}

static __poll_t ced_poll(struct file *file, poll_table *table)
{
	struct ced_session *session = file->private_data;

	poll_wait(file, &session->wq, table);
	poll_wait(file, &session->card->link.wq, table);
	return ced_link_poll(session);
}

static const struct file_operations ced_fops = {
	.owner = THIS_MODULE,
	.open = ced_open,
	.flush = ced_flush,
	.release = ced_release,
	.read = ced_read,
	.write = ced_write,
	.poll = ced_poll,
	.mmap = ced_mmap,
	.unlocked_ioctl = ced_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

/* ---- platform driver ---- */

static struct ced_card *new_card(struct platform_device *pdev)
{
	const struct ced_place *place = dev_get_platdata(&pdev->dev);
	struct ced_card *card = kzalloc(sizeof(*card), GFP_KERNEL);

	if (!card)
		return NULL;
	kref_init(&card->ref);
	card->index = pdev->id;
	card->dev = &pdev->dev;
	card->place = *place;
	card->wide = place->dma > 3;
	card->events = &ced_link_events;
	mutex_init(&card->mutex);
	mutex_init(&card->buffers_lock);
	spin_lock_init(&card->lock);
	INIT_LIST_HEAD(&card->sessions);
	INIT_LIST_HEAD(&card->buffers);
	ced_link_init(card);
	ced_engine_init(card);
	if (card->index)
		snprintf(card->name, sizeof(card->name), CED_DRIVER "_%d",
			 card->index);
	else
		strscpy(card->name, CED_DRIVER, sizeof(card->name));
	card->misc.minor = MISC_DYNAMIC_MINOR;
	card->misc.name = card->name;
	card->misc.fops = &ced_fops;
	card->misc.parent = &pdev->dev;
	card->misc.groups = ced_groups;
	return card;
}

static bool is_channel(int channel)
{
	return channel == 1 || channel == 3 || (channel >= 5 && channel <= 7);
}

static int check_place(struct ced_card *card)
{
	unsigned int io = card->place.io;

	if (!is_channel(card->place.dma)) {
		dev_err(card->dev, "dma=%d is no ISA DMA channel for a 1401: give 1, 3, 5, 6 or 7\n",
			card->place.dma);
		return -EINVAL;
	}
	if (card->place.irq < NO_IRQ_GIVEN) {
		dev_err(card->dev, "irq=%d is no interrupt line: give -1 to probe for it\n",
			card->place.irq);
		return -EINVAL;
	}
	if (io > 0x10000 - CEDCARD_PORTS) {
		dev_err(card->dev, "io=0x%x is no I/O port\n", io);
		return -EINVAL;
	}
	return 0;
}

/* Ports, and whether anything answers there */
static int take_ports(struct ced_card *card)
{
	unsigned int io = card->place.io;

	if (!ced_isadma_present()) {
		dev_err(card->dev, "this machine has no ISA DMA controller (8237)\n");
		return -ENODEV;
	}
	if (!devm_request_region(card->dev, io, CEDCARD_PORTS, card->name)) {
		dev_err(card->dev, "ports 0x%x-0x%x are taken, see /proc/ioports\n",
			io, io + CEDCARD_PORTS - 1);
		return -EBUSY;
	}
	if (ced_card_find(card)) {
		dev_err(card->dev, "no 1401 interface card at 0x%x: check io=\n",
			io);
		return -ENODEV;
	}
	return 0;
}

static void drop_dma(void *data)
{
	struct ced_card *card = data;

	ced_buffers_unmap(card);
	ced_bounce_free(card);
	free_dma(card->place.dma);
}

static int take_dma(struct ced_card *card)
{
	int ret = dma_coerce_mask_and_coherent(card->dev, DMA_BIT_MASK(24));

	if (ret) {
		dev_err(card->dev, "the kernel gives no 24-bit DMA addresses\n");
		return ret;
	}
	if (request_dma(card->place.dma, card->name)) {
		dev_err(card->dev, "DMA channel %d is taken, see /proc/dma\n",
			card->place.dma);
		return -EBUSY;
	}
	ret = ced_bounce_new(card);
	if (ret) {
		dev_err(card->dev, "no DMA memory for channel %d\n",
			card->place.dma);
		free_dma(card->place.dma);
		return ret;
	}
	return devm_add_action_or_reset(card->dev, drop_dma, card);
}

static void drop_irq(void *data)
{
	ced_card_drop_irq(data);
}

static int take_irq(struct ced_card *card)
{
	bool probed = card->place.irq < 0;
	int ret = ced_card_take_irq(card);

	if (!ret)
		return devm_add_action_or_reset(card->dev, drop_irq, card);
	if (probed && ret == -ENODEV)
		dev_err(card->dev, "the interrupt line could not be found: switch the 1401 on or give irq=\n");
	else if (ret == -EBUSY)
		dev_err(card->dev, "interrupt %d is taken, see /proc/interrupts\n",
			card->place.irq);
	else
		dev_err(card->dev, "interrupt %d cannot be had\n",
			card->place.irq);
	return ret;
}

static void drop_node(void *data)
{
	struct ced_card *card = data;

	ced_debugfs_remove(card);
	misc_deregister(&card->misc);
	ced_link_shut(card);
	ced_engine_exit(card);
}

static int make_node(struct ced_card *card)
{
	int ret = misc_register(&card->misc);

	if (ret) {
		dev_err(card->dev, "/dev/%s could not be made\n", card->name);
		return ret;
	}
	ced_debugfs_add(card);
	return devm_add_action_or_reset(card->dev, drop_node, card);
}

/*
 * What is taken here is given back by the actions, in the opposite order, when a
 * later step fails or the device is unbound; open files and mappings may live on.
 */
static int ced_probe(struct platform_device *pdev)
{
	struct ced_card *card = new_card(pdev);
	int ret;

	if (!card)
		return -ENOMEM;
	platform_set_drvdata(pdev, card);
	ret = devm_add_action_or_reset(&pdev->dev, unref_card, card);
	ret = ret ? : check_place(card);
	ret = ret ? : take_ports(card);
	ret = ret ? : take_dma(card);
	ret = ret ? : take_irq(card);
	ret = ret ? : make_node(card);
	if (!ret)
		dev_info(card->dev, "/dev/%s: 1401 type %u at 0x%x, irq %d, dma %d\n",
			 card->name, card->type, card->place.io,
			 card->place.irq, card->place.dma);
	return ret;
}

static int ced_suspend(struct device *dev)
{
	ced_link_suspend(dev_get_drvdata(dev));
	return 0;
}

static int ced_resume(struct device *dev)
{
	ced_link_resume(dev_get_drvdata(dev));
	return 0;
}

static DEFINE_SIMPLE_DEV_PM_OPS(ced_pm_ops, ced_suspend, ced_resume);

/* The machine goes down or starts another kernel: the memory is that one's soon */
static void ced_shutdown(struct platform_device *pdev)
{
	ced_link_shut(platform_get_drvdata(pdev));
}

static struct platform_driver ced_driver = {
	.probe = ced_probe,
	.shutdown = ced_shutdown,
	.driver = {
		.name = CED_DRIVER,
		.pm = pm_sleep_ptr(&ced_pm_ops),
	},
};

static void drop_devices(void)
{
	unsigned int i;

	for (i = 0; i < CED_CARDS; i++)
		platform_device_unregister(devices[i]);
}

static int __init ced_init(void)
{
	unsigned int i;
	int ret;

	ced_debugfs_init();
	ret = platform_driver_register(&ced_driver);
	if (ret)
		goto debugfs;
	for (i = 0; i < cards; i++) {
		struct ced_place place = {
			.io = io[i], .irq = irq[i], .dma = dma[i],
		};

		devices[i] = platform_device_register_data(NULL, CED_DRIVER, i,
							   &place,
							   sizeof(place));
		if (IS_ERR(devices[i])) {
			ret = PTR_ERR(devices[i]);
			devices[i] = NULL;
			goto unregister;
		}
	}
	return 0;

unregister:
	drop_devices();
	platform_driver_unregister(&ced_driver);
debugfs:
	ced_debugfs_exit();
	return ret;
}

static void __exit ced_exit(void)
{
	drop_devices();
	platform_driver_unregister(&ced_driver);
	ced_debugfs_exit();
}

module_init(ced_init);
module_exit(ced_exit);

MODULE_DESCRIPTION("CED 1401 laboratory interface on the ISA bus");
MODULE_LICENSE("GPL");
MODULE_VERSION(CED1401_VERSION);
MODULE_ALIAS("ced1401");
