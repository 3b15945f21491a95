/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What differs between the versions of QEMU that Debian ships: 7.2 (Debian 12) to
 * 10.0 (Debian 13). No other file looks at QEMU's version. Include it after
 * qemu/osdep.h and the headers of the device model.
 */
#ifndef CED1401_QEMU_COMPAT_H
#define CED1401_QEMU_COMPAT_H

#include "hw/isa/isa.h"
#include "hw/qdev-properties.h"

#define COMPAT_QEMU(major, minor) \
	(QEMU_VERSION_MAJOR > (major) || \
	 (QEMU_VERSION_MAJOR == (major) && QEMU_VERSION_MINOR >= (minor)))

/* 10.0 renamed the folder; 10.1 gave the instruction counter a header of its own */
#if COMPAT_QEMU(10, 1)
#include "exec/icount.h"
#elif COMPAT_QEMU(10, 0)
#include "system/cpu-timers.h"
#else
#include "sysemu/cpu-timers.h"
#endif

/* 10.0: property arrays are const and carry their own length */
#if COMPAT_QEMU(10, 0)
#define COMPAT_PROPERTY		const Property
#define COMPAT_PROPERTIES_END
#else
#define COMPAT_PROPERTY		Property
#define COMPAT_PROPERTIES_END	DEFINE_PROP_END_OF_LIST(),
#endif

/* 10.1: what a class is initialised with is const */
#if COMPAT_QEMU(10, 1)
#define COMPAT_CLASS_DATA	const void
#else
#define COMPAT_CLASS_DATA	void
#endif

/* 8.0 renamed the call: the DMA controller that has channel @channel of @dev's bus */
static inline IsaDma *compat_isa_dma(ISADevice *dev, int channel)
{
#if COMPAT_QEMU(8, 0)
	return isa_bus_get_dma(isa_bus_from_device(dev), channel);
#else
	return isa_get_dma(isa_bus_from_device(dev), channel);
#endif
}

/* 9.2 hid DeviceClass.reset: what the machine's reset does to the device */
static inline void compat_set_reset(DeviceClass *dc, void (*reset)(DeviceState *))
{
#if COMPAT_QEMU(9, 2)
	device_class_set_legacy_reset(dc, reset);
#else
	dc->reset = reset;
#endif
}

#endif /* CED1401_QEMU_COMPAT_H */
