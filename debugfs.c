// SPDX-License-Identifier: GPL-2.0-only
/*
 * What root may see: /sys/kernel/debug/ced1401/N/. The physical addresses are
 * here and nowhere else.
 */
#include <linux/debugfs.h>
#include <linux/io.h>
#include <linux/seq_file.h>

#include "ced1401.h"

static struct dentry *root;

/* Reading DATA would take a character, and LAPS would be frozen: not these */
static int registers_show(struct seq_file *file, void *unused)
{
	struct ced_card *card = file->private;
	struct ced_registers registers = { 0 };
	phys_addr_t bounce = 0;

	spin_lock_irq(&card->lock);
	if (!card->gone) {
		ced_card_registers(card, &registers);
		bounce = virt_to_phys(card->engine.bounce);
	}
	spin_unlock_irq(&card->lock);
	seq_printf(file, "status=0x%02x\ncause=0x%02x\nid=0x%02x\ntype=0x%02x\nstate=0x%02x\ncontrol=0x%02x\nbounce=%pa\n",
		   registers.status, registers.cause, registers.id,
		   registers.type, registers.state, registers.control,
		   &bounce);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(registers);

static int buffers_show(struct seq_file *file, void *unused)
{
	struct ced_card *card = file->private;
	struct ced_buffer *buffer;

	mutex_lock(&card->buffers_lock);
	list_for_each_entry(buffer, &card->buffers, node) {
		phys_addr_t phys = virt_to_phys(buffer->memory);

		seq_printf(file, "pid=%d buffer=%u phys=%pa size=%zu charged=%zu refs=%u maps=%d\n",
			   buffer->session->pid, buffer->number, &phys,
			   buffer->size, buffer->charged,
			   kref_read(&buffer->ref),
			   atomic_read(&buffer->maps));
	}
	mutex_unlock(&card->buffers_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(buffers);

static void show_transfer(struct seq_file *file, const struct ced_transfer *transfer)
{
	seq_printf(file, "pid=%d id=%u buffer=%u flags=0x%02x area=%u offset=%u length=%u state=%u error=%d bytes=%llu blocks=%u refused=%u\n",
		   transfer->session->pid, transfer->id, transfer->slot,
		   transfer->flags, transfer->area, transfer->offset,
		   transfer->length, transfer->state, transfer->error,
		   transfer->bytes, transfer->blocks, transfer->refused);
}

static void show_transfers(struct seq_file *file, const struct ced_session *session)
{
	const struct ced_transfer *transfer;
	unsigned int i;

	for (i = 1; i <= CED1401_TRANSFERS; i++) {
		transfer = ced_kept(session, i);
		if (transfer)
			show_transfer(file, transfer);
	}
	list_for_each_entry(transfer, &session->transfers, node)
		if (transfer->ops)
			show_transfer(file, transfer);
}

static int transfers_show(struct seq_file *file, void *unused)
{
	struct ced_card *card = file->private;
	struct ced_session *session;

	spin_lock_irq(&card->lock);
	list_for_each_entry(session, &card->sessions, node)
		show_transfers(file, session);
	spin_unlock_irq(&card->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(transfers);

/**
 * ced_debugfs_init() - make the module's directory
 *
 * May sleep. debugfs has no errors that a driver should care for.
 */
void ced_debugfs_init(void)
{
	root = debugfs_create_dir(CED_DRIVER, NULL);
}

/**
 * ced_debugfs_exit() - remove it
 *
 * May sleep.
 */
void ced_debugfs_exit(void)
{
	debugfs_remove_recursive(root);
}

/**
 * ced_debugfs_add() - make a card's directory
 * @card:	the card
 *
 * May sleep.
 */
void ced_debugfs_add(struct ced_card *card)
{
	char name[4];

	snprintf(name, sizeof(name), "%d", card->index);
	card->debugfs = debugfs_create_dir(name, root);
	debugfs_create_file("registers", 0400, card->debugfs, card,
			    &registers_fops);
	debugfs_create_file("buffers", 0400, card->debugfs, card,
			    &buffers_fops);
	debugfs_create_file("transfers", 0400, card->debugfs, card,
			    &transfers_fops);
}

/**
 * ced_debugfs_remove() - remove it; nobody reads there any more
 * @card:	the card
 *
 * May sleep.
 */
void ced_debugfs_remove(struct ced_card *card)
{
	debugfs_remove_recursive(card->debugfs);
}
