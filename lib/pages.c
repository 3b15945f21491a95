// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The driver's status and control pages: how a session's transfers stand, and what was
 * consumed of them, without a system call. include/uapi/linux/ced1401.h explains both. A
 * driver without them is asked by ioctl.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "internal.h"

#define TRIES	1000	/* to read between two of the driver's writes */

static void *map(const ced1401_device *dev, size_t size, int prot, uint32_t offset)
{
	void *p = mmap(NULL, size, prot, MAP_SHARED, dev->fd, (off_t)offset);

	return p == MAP_FAILED ? NULL : p;
}

void pages_map(ced1401_device *dev)
{
	pthread_mutex_lock(&dev->lock);
	if (!dev->control && !(dev->flags & CED1401L_READ_ONLY))
		dev->control = map(dev, CED1401_CONTROL_SIZE, PROT_READ | PROT_WRITE,
				   CED1401_CONTROL_OFFSET);
	if (!dev->status && dev->control)
		dev->status = map(dev, CED1401_STATUS_SIZE, PROT_READ,
				  CED1401_STATUS_OFFSET);
	pthread_mutex_unlock(&dev->lock);
}

void pages_unmap(ced1401_device *dev)
{
	if (dev->status)
		munmap((void *)(uintptr_t)dev->status, CED1401_STATUS_SIZE);
	if (dev->control)
		munmap(dev->control, CED1401_CONTROL_SIZE);
	dev->status = NULL;
	dev->control = NULL;
}

bool pages_see(const ced1401_device *dev, uint32_t buffer, uint32_t id,
	       struct ced1401_slot_status *seen)
{
	const struct ced1401_slot_status *slot;
	unsigned int tries;
	uint32_t seq;

	if (!dev->status || !id)
		return false;
	slot = &dev->status->slot[buffer];
	for (tries = 0; tries < TRIES; tries++) {
		seq = __atomic_load_n(&slot->seq, __ATOMIC_ACQUIRE);
		*seen = *slot;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (!(seq & 1) && __atomic_load_n(&slot->seq, __ATOMIC_RELAXED) == seq)
			return seen->id == id;
	}
	return false;
}

void pages_consume(ced1401_device *dev, uint32_t buffer, uint64_t consumed)
{
	__atomic_store_n(&dev->control->slot[buffer].consumed, (uint32_t)consumed,
			 __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&dev->status->slot[buffer].stalled, __ATOMIC_RELAXED))
		ioctl(dev->fd, CED1401_IOC_KICK);
}
