// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Memory: the malloc, areas, blocks between host and 1401, and who uses which part of
 * the 1401's own.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"
#include "stream.h"

#define CHUNK		0x20000u	/* bytes moved at once through our own memory */
#define BLOCK_MAX	0x100000u	/* bytes of a block: a second's DMA or so */
#define BYTES_PER_MS	50		/* slower than any ISA DMA */
#define LOOK_MS		200		/* at news that another thread may have taken */

/* ------------------------------------------------------------- the malloc */

static int free_number(ced1401_device *dev, uint32_t number)
{
	struct ced1401_free gone = { .buffer = number };

	return ioctl(dev->fd, CED1401_IOC_FREE, &gone) ? -errno : 0;
}

void *ced1401_alloc(ced1401_device *device, size_t size)
{
	struct ced1401_alloc want = { .size = size };
	void *memory;
	int error = 0;

	if (ioctl(device->fd, CED1401_IOC_ALLOC, &want))
		return NULL;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, device->fd,
		      (off_t)CED1401_BUF_OFFSET(want.buffer));
	if (memory == MAP_FAILED) {
		error = errno;
		free_number(device, want.buffer);
		errno = error;
		return NULL;
	}
	pthread_mutex_lock(&device->lock);
	device->buffers[want.buffer].memory = memory;
	device->buffers[want.buffer].size = size;
	pthread_mutex_unlock(&device->lock);
	return memory;
}

int ced1401_free(ced1401_device *device, void *memory)
{
	uint32_t i;
	size_t size;

	if (!memory)
		return 0;
	pthread_mutex_lock(&device->lock);
	for (i = 0; i < CED1401_BUFFERS; i++) {
		if (device->buffers[i].memory == memory)
			break;
	}
	if (i == CED1401_BUFFERS) {
		pthread_mutex_unlock(&device->lock);
		return -EINVAL;
	}
	size = device->buffers[i].size;
	device->buffers[i].memory = NULL;
	if (!device->closed)
		free_number(device, i);
	munmap(memory, size);
	device_memory_gone(device);
	return 0;
}

int buffer_of(ced1401_device *dev, const void *p, size_t size, size_t *offset)
{
	int i, found = -EINVAL;

	pthread_mutex_lock(&dev->lock);
	for (i = 0; i < CED1401_BUFFERS; i++) {
		const struct buffer *buffer = &dev->buffers[i];
		size_t at = (size_t)((uintptr_t)p - (uintptr_t)buffer->memory);

		if (!buffer->memory || at >= buffer->size ||
		    size > buffer->size - at)
			continue;
		*offset = at;
		found = i;
	}
	pthread_mutex_unlock(&dev->lock);
	return found;
}

int ced1401_buffer(ced1401_device *device, const void *memory, size_t *offset)
{
	size_t at = 0;
	int ret = buffer_of(device, memory, 1, &at);

	if (ret >= 0 && offset)
		*offset = at;
	return ret;
}

void *alloc_down(ced1401_device *dev, size_t *size, size_t least)
{
	void *memory;

	for (;;) {
		memory = ced1401_alloc(dev, *size);
		if (memory || *size <= least ||
		    (errno != ENOMEM && errno != EDQUOT))
			return memory;
		*size = *size / 2 > least ? *size / 2 : least;
	}
}

/* -------------------------------------------------------------- transfers */

int transfer_begin(ced1401_device *dev, struct transfer *transfer,
		   struct ced1401_start *start)
{
	int ret = 0;

	pthread_mutex_lock(&dev->lock);
	memset(transfer, 0, sizeof(*transfer));
	if (ioctl(dev->fd, CED1401_IOC_START, start)) {
		ret = result_of_errno();
	} else {
		transfer->id = start->id;
		transfer->status.state = CED1401_STATE_ARMED;
		transfer->next = dev->transfers;
		dev->transfers = transfer;
	}
	pthread_mutex_unlock(&dev->lock);
	return ret;
}

static bool has_owner(ced1401_device *dev, uint32_t area)
{
	bool has;

	pthread_mutex_lock(&dev->lock);
	has = dev->areas[area];
	pthread_mutex_unlock(&dev->lock);
	return has;
}

int transfer_begin_area(ced1401_device *dev, struct transfer *transfer,
			struct ced1401_start *start)
{
	uint32_t area = CED1401_AREAS;
	int ret = -EBUSY;

	/* From the last on: programs that speak to the driver like the first */
	while (ret == -EBUSY && area) {
		start->area = --area;
		/* A reset has ended it for the driver, but it is its owner's still */
		if (!has_owner(dev, area))
			ret = transfer_begin(dev, transfer, start);
	}
	return ret == -EBUSY ? -ENOSPC : ret;
}

struct transfer transfer_seen(ced1401_device *dev,
			      const struct transfer *transfer)
{
	struct transfer seen;

	pthread_mutex_lock(&dev->lock);
	seen = *transfer;
	pthread_mutex_unlock(&dev->lock);
	return seen;
}

void transfer_stop(ced1401_device *dev, struct transfer *transfer)
{
	struct ced1401_stop stop = { .id = transfer->id };

	if (transfer->id)
		ioctl(dev->fd, CED1401_IOC_STOP, &stop);
}

void transfer_give_up(ced1401_device *dev, struct transfer *transfer)
{
	pthread_mutex_lock(&dev->lock);
	if (!transfer->given_up)
		dev->gave_up = true;
	transfer->given_up = true;
	pthread_mutex_unlock(&dev->lock);
	transfer_stop(dev, transfer);
}

void transfer_end(ced1401_device *dev, struct transfer *transfer)
{
	struct transfer **at;

	if (!transfer->id)
		return;
	transfer_stop(dev, transfer);
	pthread_mutex_lock(&dev->lock);
	for (at = &dev->transfers; *at; at = &(*at)->next) {
		if (*at == transfer) {
			*at = transfer->next;
			break;
		}
	}
	if (transfer->given_up)
		dev->gave_up = false;
	pthread_mutex_unlock(&dev->lock);
	transfer->id = 0;
}

int transfer_wait(ced1401_device *dev, struct ced1401_wait *wait)
{
	uint64_t deadline = wait->deadline_ns, soon = deadline_after(LOOK_MS);
	bool last = deadline && deadline <= soon;
	int ret = 0;

	if (!last)
		wait->deadline_ns = soon;
	if (ioctl(dev->fd, CED1401_IOC_WAIT, wait))
		ret = -errno;
	wait->deadline_ns = deadline;
	return ret == -ETIMEDOUT && !last ? 0 : ret;
}

/* ------------------------------------------------------------------- areas */

static uint32_t driver_direction(unsigned int direction)
{
	return direction == CED1401L_TO_HOST ? CED1401_TO_HOST : CED1401_TO_1401;
}

int ced1401_area_set(ced1401_device *device, void *memory, size_t size,
		     unsigned int direction)
{
	struct ced1401_start start = { .length = size };
	struct transfer *transfer;
	size_t offset = 0;
	int ret = buffer_of(device, memory, size, &offset);

	if (ret < 0 || !size ||
	    (direction != CED1401L_TO_HOST && direction != CED1401L_TO_1401))
		return -EINVAL;
	transfer = calloc(1, sizeof(*transfer));
	if (!transfer)
		return -ENOMEM;
	start.buffer = (uint32_t)ret;
	start.offset = offset;
	start.flags = driver_direction(direction) | CED1401_ON_REQUEST;
	ret = transfer_begin_area(device, transfer, &start);
	if (ret) {
		free(transfer);
		return ret;
	}
	pthread_mutex_lock(&device->lock);
	device->areas[start.area] = transfer;
	pthread_mutex_unlock(&device->lock);
	return (int)start.area;
}

static uint32_t area_id(ced1401_device *dev, int area)
{
	uint32_t id = 0;

	if (area < 0 || area >= CED1401_AREAS)
		return 0;
	pthread_mutex_lock(&dev->lock);
	if (dev->areas[area])
		id = dev->areas[area]->id;
	pthread_mutex_unlock(&dev->lock);
	return id;
}

int transfer_result(int error)
{
	switch (error) {
	case -ECANCELED:
		return -ESHUTDOWN;
	case -EPIPE:
	case -ETIMEDOUT:
		return CED1401L_E_BLOCK;
	default:
		return error;
	}
}

/* The error that was gathered for an area: it is told once */
static int area_error(ced1401_device *dev, int area)
{
	int error = 0;

	device_look(dev);
	pthread_mutex_lock(&dev->lock);
	if (dev->areas[area]) {
		error = dev->areas[area]->error;
		if (!error && dev->areas[area]->events & CED1401_EVENT_REFUSED)
			error = -EPIPE;
		dev->areas[area]->events = 0;
		if (dev->areas[area]->status.state != CED1401_STATE_FAILED)
			dev->areas[area]->error = 0;
	}
	pthread_mutex_unlock(&dev->lock);
	return transfer_result(error);
}

int ced1401_area_wait(ced1401_device *device, int area, uint64_t bytes,
		      int timeout_ms, uint64_t *time_ns)
{
	struct ced1401_wait wait = {
		.id = area_id(device, area),
		.bytes = bytes,
		.deadline_ns = deadline_after(timeout_ms),
	};
	int ret;

	/* No area has an id of 0, and a number that is none has no place to look at */
	if (!wait.id || !bytes)
		return -EINVAL;
	ret = area_error(device, area);
	while (!ret && wait.moved < bytes && wait.state < CED1401_STATE_DONE) {
		ret = transfer_wait(device, &wait);
		if (!ret && wait.moved < bytes)
			ret = area_error(device, area);
	}
	if (ret == -ENOENT)
		return -EINVAL;
	if (ret)
		return ret;
	if (wait.moved < bytes)
		return -ESHUTDOWN;
	if (time_ns)
		*time_ns = wait.time_ns;
	return 0;
}

int ced1401_area_clear(ced1401_device *device, int area)
{
	struct transfer *transfer;

	if (area < 0 || area >= CED1401_AREAS)
		return -EINVAL;
	pthread_mutex_lock(&device->lock);
	transfer = device->areas[area];
	device->areas[area] = NULL;
	pthread_mutex_unlock(&device->lock);
	if (!transfer)
		return -EINVAL;
	transfer_end(device, transfer);
	free(transfer);
	return 0;
}

/* ------------------------------------------------------------------ blocks */

bool fifo_runs(ced1401_device *dev)
{
	bool runs;

	pthread_mutex_lock(&dev->lock);
	runs = dev->fifo_runs;
	pthread_mutex_unlock(&dev->lock);
	if (!runs)
		return false;
	/* A reset may have ended it, and nobody has looked at the stream since */
	device_look(dev);
	pthread_mutex_lock(&dev->lock);
	runs = dev->fifo_runs && !transfer_over(&dev->fifo_runs->transfer);
	pthread_mutex_unlock(&dev->lock);
	return runs;
}

/* One block, by a command that asks for it, all of it in one area */
static int move_block(ced1401_device *dev, const char *command, uint32_t address,
		      uint32_t size, uint32_t offset, struct transfer *transfer,
		      uint32_t area)
{
	uint64_t before = transfer_seen(dev, transfer).status.bytes;
	struct transfer seen;
	char text[80];
	int ret;

	snprintf(text, sizeof(text), "%s,%u,%u,%u,%u;", command, address, size,
		 offset, area);
	/* ERR's reply comes behind the block */
	ret = talk_exchange(dev, text, NULL, 0, (int)(size / BYTES_PER_MS), NULL, NULL);
	if (ret == CED1401L_1401(ERROR_GIVEN_UP))
		return CED1401L_E_BLOCK;
	if (ret)
		return ret;
	device_look(dev);
	seen = transfer_seen(dev, transfer);
	if (seen.status.bytes - before == size && !seen.error)
		return 0;
	ret = transfer_result(seen.error);
	return ret ? ret : CED1401L_E_BLOCK;
}

/*
 * Bytes of memory of ours, which is buffer @number from @offset on, to or from the
 * 1401's.
 */
static int move_buffer(ced1401_device *dev, bool to_host, uint32_t address,
		       uint32_t number, size_t offset, size_t size)
{
	struct ced1401_start start = {
		.buffer = number,
		.flags = CED1401_ON_REQUEST |
			 (to_host ? CED1401_TO_HOST : CED1401_TO_1401),
		.offset = offset,
		.length = size,
	};
	struct transfer transfer;
	uint32_t done = 0, n;
	int ret = transfer_begin_area(dev, &transfer, &start);

	if (ret)
		return ret;
	while (!ret && done < size) {
		n = size - done < BLOCK_MAX ? (uint32_t)(size - done) : BLOCK_MAX;
		ret = move_block(dev, to_host ? "TOHOST" : "TO1401",
				 address + done, n, done, &transfer, start.area);
		done += n;
	}
	transfer_end(dev, &transfer);
	return ret;
}

/* Any other memory, through a buffer of our own */
static int move_copied(ced1401_device *dev, bool to_host, uint32_t address,
		       uint8_t *memory, size_t size)
{
	size_t chunk = size < CHUNK ? size : CHUNK, done, n, offset = 0;
	uint8_t *own = alloc_down(dev, &chunk, chunk < 4096 ? chunk : 4096);
	int number, ret = 0;

	if (!own)
		return -errno;
	number = buffer_of(dev, own, chunk, &offset);
	for (done = 0; !ret && done < size; done += n) {
		n = size - done < chunk ? size - done : chunk;
		if (!to_host)
			memcpy(own, memory + done, n);
		ret = move_buffer(dev, to_host, address + (uint32_t)done,
				  (uint32_t)number, 0, n);
		if (!ret && to_host)
			memcpy(memory + done, own, n);
	}
	ced1401_free(dev, own);
	return ret;
}

static int move(ced1401_device *dev, bool to_host, uint32_t address, void *memory,
		size_t size)
{
	size_t offset = 0;
	int number;

	if (!size)
		return 0;
	if (size > UINT32_MAX - address)
		return CED1401L_1401(3);
	if (fifo_runs(dev))
		return CED1401L_E_FIFO;
	number = buffer_of(dev, memory, size, &offset);
	return number < 0 ? move_copied(dev, to_host, address, memory, size) :
	       move_buffer(dev, to_host, address, (uint32_t)number, offset, size);
}

int ced1401_read_memory(ced1401_device *device, uint32_t address, void *to,
			size_t size)
{
	return move(device, true, address, to, size);
}

int ced1401_write_memory(ced1401_device *device, uint32_t address,
			 const void *from, size_t size)
{
	return move(device, false, address, (void *)from, size);
}

/* ------------------------------------------------- the 1401's own memory */

/* The first gap of @size bytes behind the range at @at; its place in the list */
int range_take(ced1401_device *dev, struct range *range, uint32_t whole)
{
	struct range **at;
	uint32_t from = 0;

	pthread_mutex_lock(&dev->lock);
	for (at = &dev->ranges; *at; at = &(*at)->next) {
		if ((*at)->address - from >= range->size)
			break;
		from = (*at)->address + (*at)->size;
	}
	if (!*at && (from > whole || whole - from < range->size)) {
		pthread_mutex_unlock(&dev->lock);
		return CED1401L_E_1401_FULL;
	}
	range->address = from;
	range->next = *at;
	*at = range;
	pthread_mutex_unlock(&dev->lock);
	return 0;
}

void range_give(ced1401_device *dev, struct range *range)
{
	struct range **at;

	pthread_mutex_lock(&dev->lock);
	for (at = &dev->ranges; *at; at = &(*at)->next) {
		if (*at == range) {
			*at = range->next;
			break;
		}
	}
	pthread_mutex_unlock(&dev->lock);
}

uint32_t range_free(ced1401_device *dev, uint32_t whole)
{
	uint32_t from = 0, most = 0;
	struct range *range;

	pthread_mutex_lock(&dev->lock);
	for (range = dev->ranges; range; range = range->next) {
		if (range->address - from > most)
			most = range->address - from;
		from = range->address + range->size;
	}
	if (whole > from && whole - from > most)
		most = whole - from;
	pthread_mutex_unlock(&dev->lock);
	return most;
}
