// SPDX-License-Identifier: GPL-2.0-only
/*
 * What everybody may see: /sys/class/misc/ced1401/ and its statistics/.
 */
#include <linux/device.h>
#include <linux/sysfs.h>

#include "ced1401.h"

static struct ced_card *card_of(struct device *dev)
{
	return container_of(dev_get_drvdata(dev), struct ced_card, misc);
}

static ssize_t io_show(struct device *dev, struct device_attribute *attr,
		       char *buf)
{
	return sysfs_emit(buf, "0x%x\n", card_of(dev)->place.io);
}
static DEVICE_ATTR_RO(io);

static ssize_t irq_show(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	return sysfs_emit(buf, "%d\n", card_of(dev)->place.irq);
}
static DEVICE_ATTR_RO(irq);

static ssize_t dma_show(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	return sysfs_emit(buf, "%d\n", card_of(dev)->place.dma);
}
static DEVICE_ATTR_RO(dma);

static ssize_t type_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%u\n", card_of(dev)->type);
}
static DEVICE_ATTR_RO(type);

/* In words, the first that holds */
static const char *state_name(struct ced_card *card)
{
	static const char * const names[] = {
		[CEDCARD_STATE_IDLE] = "idle",
		[CEDCARD_STATE_CHARS] = "sending characters",
		[CEDCARD_STATE_SEND] = "sending a block",
		[CEDCARD_STATE_READ] = "reading a block",
		[CEDCARD_STATE_REQUEST] = "sending a request",
	};
	u8 status, state;

	if (card->gone)
		return "gone";
	status = ced_card_status(card);
	if (!(status & CEDCARD_STATUS_CABLE))
		return "unplugged";
	if (!(status & CEDCARD_STATUS_POWER))
		return "off";
	state = ced_card_state(card);
	if (state == CEDCARD_STATE_TEST)
		return "self-test";
	return state < ARRAY_SIZE(names) ? names[state] : "unknown";
}

static ssize_t state_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct ced_card *card = card_of(dev);
	const char *name;

	spin_lock_irq(&card->lock);
	name = state_name(card);
	spin_unlock_irq(&card->lock);
	return sysfs_emit(buf, "%s\n", name);
}
static DEVICE_ATTR_RO(state);

static struct attribute *card_attrs[] = {
	&dev_attr_io.attr,
	&dev_attr_irq.attr,
	&dev_attr_dma.attr,
	&dev_attr_type.attr,
	&dev_attr_state.attr,
	NULL
};

static const struct attribute_group card_group = {
	.attrs = card_attrs,
};

/* A counter: which one is in var, as an offset into struct ced_counts */
static ssize_t count_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct dev_ext_attribute *count = container_of(attr,
				struct dev_ext_attribute, attr);
	struct ced_card *card = card_of(dev);
	u64 value;

	spin_lock_irq(&card->lock);
	value = *(u64 *)((char *)&card->counts + (unsigned long)count->var);
	spin_unlock_irq(&card->lock);
	return sysfs_emit(buf, "%llu\n", value);
}

#define COUNT(field)	((void *)offsetof(struct ced_counts, field))

static struct dev_ext_attribute counts[] = {
	{ __ATTR(interrupts, 0444, count_show, NULL), COUNT(interrupts) },
	{ __ATTR(storms, 0444, count_show, NULL), COUNT(storms) },
	{ __ATTR(characters_in, 0444, count_show, NULL), COUNT(characters_in) },
	{ __ATTR(characters_out, 0444, count_show, NULL), COUNT(characters_out) },
	{ __ATTR(blocks, 0444, count_show, NULL), COUNT(blocks) },
	{ __ATTR(refused, 0444, count_show, NULL), COUNT(refused) },
	{ __ATTR(bytes_to_host, 0444, count_show, NULL), COUNT(bytes_to_host) },
	{ __ATTR(bytes_to_1401, 0444, count_show, NULL), COUNT(bytes_to_1401) },
	{ __ATTR(resets, 0444, count_show, NULL), COUNT(resets) },
};

static struct attribute *count_attrs[] = {
	&counts[0].attr.attr,
	&counts[1].attr.attr,
	&counts[2].attr.attr,
	&counts[3].attr.attr,
	&counts[4].attr.attr,
	&counts[5].attr.attr,
	&counts[6].attr.attr,
	&counts[7].attr.attr,
	&counts[8].attr.attr,
	NULL
};

static_assert(ARRAY_SIZE(count_attrs) == ARRAY_SIZE(counts) + 1);

static const struct attribute_group count_group = {
	.name = "statistics",
	.attrs = count_attrs,
};

const struct attribute_group *ced_groups[] = {
	&card_group,
	&count_group,
	NULL
};
