// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A meter for measurements in the guest: how many instructions it has executed.
 *
 *	-icount shift=0,sleep=off -device ced1401-meter,iobase=0x340
 *
 * The guest's own clocks leap over idle time under -icount; this count does not. A
 * program reads it with a single in instruction, so that the meter hardly measures
 * itself. Ports of 32 bits, to be read as such:
 *
 *	0	instructions executed up to this very read, low half
 *	4	the high half of what was read last
 *	8	the same when the card's DMAEN last rose, low half
 *	12	the same when the card's interrupt line last rose, low half
 *
 * Without -icount they are nanoseconds of the host's clock. Of several cards all count
 * as one. It is no part of the card, and of no machine that ever was.
 */
#include "qemu/osdep.h"
#include "hw/isa/isa.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "qemu/module.h"
#include "qemu/timer.h"

#include "compat.h"
#include "card.h"

#define TYPE_METER	"ced1401-meter"
OBJECT_DECLARE_SIMPLE_TYPE(ced_meter, METER)

#define METER_PORTS	16

/**
 * struct ced_meter - the device
 * @parent_obj:	QEMU's
 * @io:		its ports
 * @iobase:	property
 * @last:	what was read last
 */
struct ced_meter {
	ISADevice parent_obj;
	MemoryRegion io;
	uint32_t iobase;
	int64_t last;
};

/* Of the last rises; there is one meter, and the cards know no other way to it */
static int64_t dmaen_at, line_at;

static int64_t count(void)
{
	return icount_enabled() ? icount_get_raw() : get_clock();
}

/**
 * ced_meter_dmaen - a card's DMAEN has risen
 */
void ced_meter_dmaen(void)
{
	dmaen_at = count();
}

/**
 * ced_meter_line - a card's interrupt line has risen
 */
void ced_meter_line(void)
{
	line_at = count();
}

static uint64_t meter_read(void *opaque, hwaddr port, unsigned int size)
{
	struct ced_meter *meter = opaque;

	switch (port) {
	case 0:
		meter->last = count();
		break;
	case 4:
		return (uint64_t)meter->last >> 32;
	case 8:
		meter->last = dmaen_at;
		break;
	default:
		meter->last = line_at;
		break;
	}
	return (uint32_t)meter->last;
}

static void meter_write(void *opaque, hwaddr port, uint64_t value, unsigned int size)
{
}

static const MemoryRegionOps meter_io_ops = {
	.read = meter_read,
	.write = meter_write,
	.endianness = DEVICE_LITTLE_ENDIAN,
	.valid = {
		.min_access_size = 4,
		.max_access_size = 4,
	},
	.impl = {
		.min_access_size = 4,
		.max_access_size = 4,
	},
};

static void meter_realize(DeviceState *dev, Error **errp)
{
	struct ced_meter *meter = METER(dev);

	if (meter->iobase < 0x100 || meter->iobase > 0x10000 - METER_PORTS ||
	    meter->iobase % METER_PORTS) {
		error_setg(errp, "iobase=0x%x: must be a multiple of 16 from 0x100 to 0xfff0",
			   meter->iobase);
		return;
	}
	memory_region_init_io(&meter->io, OBJECT(dev), &meter_io_ops, meter, TYPE_METER,
			      METER_PORTS);
	isa_register_ioport(ISA_DEVICE(dev), &meter->io, meter->iobase);
}

static COMPAT_PROPERTY meter_properties[] = {
	DEFINE_PROP_UINT32("iobase", struct ced_meter, iobase, 0x340),
	COMPAT_PROPERTIES_END
};

static const VMStateDescription meter_vmstate = {
	.name = TYPE_METER,
	.unmigratable = 1,
};

static void meter_class_init(ObjectClass *klass, COMPAT_CLASS_DATA *data)
{
	DeviceClass *dc = DEVICE_CLASS(klass);

	dc->realize = meter_realize;
	dc->desc = "counts the guest's instructions, for measurements (-icount)";
	dc->vmsd = &meter_vmstate;
	device_class_set_props(dc, meter_properties);
	set_bit(DEVICE_CATEGORY_MISC, dc->categories);
}

static const TypeInfo meter_info = {
	.name = TYPE_METER,
	.parent = TYPE_ISA_DEVICE,
	.instance_size = sizeof(struct ced_meter),
	.class_init = meter_class_init,
};

static void meter_register(void)
{
	type_register_static(&meter_info);
}

type_init(meter_register)
