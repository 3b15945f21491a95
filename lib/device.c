// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A session: open and close, who has the 1401, reset, self-test, and the news that
 * STATUS has.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <linux/ced1401-ced.h>

#include "internal.h"
#include "stream.h"

#define REPLY_MS	5000		/* ced1401_set_timeout() at first */
#define CARDS		4
#define TEST_LOOK_MS	20
#define TEST_DONE	(-1)		/* CEDIOC_CHECK_TEST's codes */
#define TEST_RUNS	0

/* ------------------------------------------------------------------- time */

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

uint64_t deadline_after(int timeout_ms)
{
	return timeout_ms < 0 ? 0 : now_ns() + (uint64_t)timeout_ms * MS_NS;
}

int ms_until(uint64_t deadline)
{
	uint64_t now = now_ns(), ms;

	if (!deadline)
		return -1;
	if (deadline <= now)
		return 0;
	ms = (deadline - now + MS_NS - 1) / MS_NS;
	return ms < INT_MAX ? (int)ms : INT_MAX;
}

/* ------------------------------------------------------------------- news */

int result_of_errno(void)
{
	/* A read-only open may not write(2) */
	return errno == EBADF ? -EACCES : -errno;
}

void device_new_generation(ced1401_device *dev)
{
	__atomic_add_fetch(&dev->generation, 1, __ATOMIC_RELEASE);
}

/* To be told by whoever is in ced1401_process(), or comes there; the lock is held */
static void add_events(ced1401_device *dev, unsigned int events)
{
	if (events && !dev->events)
		eventfd_write(dev->news, 1);
	dev->events |= events;
}

unsigned int device_take_events(ced1401_device *dev)
{
	unsigned int events = dev->events;
	eventfd_t count;

	if (events)
		eventfd_read(dev->news, &count);
	dev->events = 0;
	return events;
}

/* The session's own events, which any STATUS tells; the lock is held */
static void gather_session(ced1401_device *dev, unsigned int events)
{
	if (events & CED1401_EVENT_OFFLINE)
		add_events(dev, CED1401L_EVENT_OFFLINE);
	if (events & CED1401_EVENT_STRAY)
		add_events(dev, CED1401L_EVENT_REFUSED);
	if (events & CED1401_EVENT_RESET)
		add_events(dev, CED1401L_EVENT_RESET);
	if (events & (CED1401_EVENT_OFFLINE | CED1401_EVENT_RESET))
		device_new_generation(dev);
}

static void gather(ced1401_device *dev, struct transfer *transfer)
{
	struct ced1401_status status = { .id = transfer->id };

	if (ioctl(dev->fd, CED1401_IOC_STATUS, &status))
		return;
	transfer->status = status;
	transfer->events |= status.events;
	if (!transfer->error)
		transfer->error = status.error;
	if (status.events & CED1401_EVENT_REFUSED)
		add_events(dev, CED1401L_EVENT_REFUSED);
	gather_session(dev, status.events);
}

/*
 * STATUS tells an end once, and then the driver's descriptor is quiet: whoever waits for a
 * stream is told of it, too. One that was given up is not over for its program, which
 * waits for the DACs. The lock is held.
 */
static void wake_streams(ced1401_device *dev)
{
	ced1401_stream *s;

	for (s = dev->streams; s; s = s->next) {
		struct transfer *transfer = &s->transfer;

		if (transfer->told || transfer->given_up || !transfer_ends(transfer))
			continue;
		transfer->told = true;
		eventfd_write(s->attention, 1);
	}
}

int device_look(ced1401_device *dev)
{
	struct ced1401_status session = { .id = 0 };
	struct transfer *transfer;
	int ret = 0;

	pthread_mutex_lock(&dev->lock);
	for (transfer = dev->transfers; transfer; transfer = transfer->next)
		gather(dev, transfer);
	wake_streams(dev);
	if (!ioctl(dev->fd, CED1401_IOC_STATUS, &session)) {
		gather_session(dev, session.events);
		dev->link = session.link;
	} else {
		ret = result_of_errno();
		if (ret == -ENODEV && !dev->gone) {
			dev->gone = true;
			add_events(dev, CED1401L_EVENT_GONE);
		}
	}
	pthread_mutex_unlock(&dev->lock);
	return ret;
}

bool device_is_gone(ced1401_device *dev)
{
	bool gone;

	pthread_mutex_lock(&dev->lock);
	gone = dev->gone;
	pthread_mutex_unlock(&dev->lock);
	return gone;
}

int device_await(ced1401_device *dev, short events, uint64_t deadline,
		 int slice_ms)
{
	struct pollfd p = { .fd = dev->fd, .events = events };
	int ms = ms_until(deadline);

	if (!ms)
		return -ETIMEDOUT;
	if (ms < 0 || ms > slice_ms)
		ms = slice_ms;
	if (poll(&p, 1, ms) < 0)
		return errno == EINTR ? 0 : -errno;
	if (p.revents & POLLHUP) {
		device_look(dev);
		return -ENODEV;
	}
	/* It stands until STATUS has told that the 1401 was off */
	if (p.revents & POLLERR)
		return device_look(dev);
	return p.revents != 0;
}

/* ------------------------------------------------------------ open, close */

static int make_mutex(pthread_mutex_t *mutex, int type)
{
	pthread_mutexattr_t attr;
	int ret = pthread_mutexattr_init(&attr);

	if (ret)
		return -ret;
	pthread_mutexattr_settype(&attr, type);
	ret = pthread_mutex_init(mutex, &attr);
	pthread_mutexattr_destroy(&attr);
	return -ret;
}

/* Frees what is left, which is nothing of the driver's */
static void dispose(ced1401_device *dev)
{
	pthread_cond_destroy(&dev->served);
	pthread_mutex_destroy(&dev->talk);
	pthread_mutex_destroy(&dev->lock);
	free(dev);
}

static ced1401_device *new_device(void)
{
	ced1401_device *dev = calloc(1, sizeof(*dev));

	if (!dev)
		return NULL;
	dev->fd = -1;
	dev->epoll = -1;
	dev->news = -1;
	dev->timeout_ms = REPLY_MS;
	if (make_mutex(&dev->talk, PTHREAD_MUTEX_RECURSIVE)) {
		free(dev);
		return NULL;
	}
	if (make_mutex(&dev->lock, PTHREAD_MUTEX_DEFAULT)) {
		pthread_mutex_destroy(&dev->talk);
		free(dev);
		return NULL;
	}
	pthread_cond_init(&dev->served, NULL);
	return dev;
}

/* Open the device, and make sure that this driver is behind it */
static int open_fd(ced1401_device *dev, const char *path)
{
	int mode = dev->flags & CED1401L_READ_ONLY ? O_RDONLY : O_RDWR;
	struct ced1401_status status = { .id = 0 };
	struct stat stat;

	dev->fd = open(path, mode | O_NONBLOCK | O_CLOEXEC);
	if (dev->fd < 0)
		return -errno;
	if (fstat(dev->fd, &stat))
		return -errno;
	/* Only a character device may be asked: others take ioctls for theirs */
	if (!S_ISCHR(stat.st_mode))
		return -ENOTTY;
	if (ioctl(dev->fd, CED1401_IOC_STATUS, &status))
		return errno == EINVAL ? -ENOTTY : -errno;
	return 0;
}

static int make_epoll(ced1401_device *dev)
{
	struct epoll_event news = { .events = EPOLLPRI };
	struct epoll_event gathered = { .events = EPOLLIN };

	dev->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (dev->epoll < 0)
		return -errno;
	dev->news = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (dev->news < 0)
		return -errno;
	return epoll_ctl(dev->epoll, EPOLL_CTL_ADD, dev->fd, &news) ||
	       epoll_ctl(dev->epoll, EPOLL_CTL_ADD, dev->news, &gathered) ? -errno : 0;
}

int ced1401_open_path(const char *path, unsigned int flags,
		      ced1401_device **device)
{
	ced1401_device *dev;
	int ret;

	if (!device)
		return -EINVAL;
	*device = NULL;
	if (!path || flags & ~(CED1401L_READ_ONLY | CED1401L_NONBLOCK))
		return -EINVAL;
	dev = new_device();
	if (!dev)
		return -ENOMEM;
	dev->flags = flags;
	snprintf(dev->path, sizeof(dev->path), "%s", path);
	ret = open_fd(dev, path);
	if (!ret)
		ret = make_epoll(dev);
	if (ret) {
		ced1401_close(dev);
		return ret;
	}
	*device = dev;
	return 0;
}

int ced1401_open(unsigned int number, unsigned int flags, ced1401_device **device)
{
	char path[32] = "/dev/ced1401";

	if (device)
		*device = NULL;
	if (number >= CARDS)
		return -ENOENT;
	if (number)
		snprintf(path, sizeof(path), "/dev/ced1401_%u", number);
	return ced1401_open_path(path, flags, device);
}

static bool has_memory(const ced1401_device *dev)
{
	unsigned int i;

	for (i = 0; i < CED1401_BUFFERS; i++) {
		if (dev->buffers[i].memory)
			return true;
	}
	return false;
}

void ced1401_close(ced1401_device *device)
{
	unsigned int area;
	bool memory;

	if (!device)
		return;
	while (device->streams)
		ced1401_stream_close(device->streams);
	for (area = 0; area < CED1401_AREAS; area++)
		ced1401_area_clear(device, (int)area);
	pthread_mutex_lock(&device->lock);
	pages_unmap(device);
	if (device->epoll >= 0)
		close(device->epoll);
	if (device->news >= 0)
		close(device->news);
	if (device->fd >= 0)
		close(device->fd);
	device->epoll = -1;
	device->news = -1;
	device->fd = -1;
	device->closed = true;
	memory = has_memory(device);
	pthread_mutex_unlock(&device->lock);
	if (!memory)
		dispose(device);
}

void device_memory_gone(ced1401_device *dev)
{
	bool last = dev->closed && !has_memory(dev);

	pthread_mutex_unlock(&dev->lock);
	if (last)
		dispose(dev);
}

/* ------------------------------------------------- claim, release, reset */

int device_claim(ced1401_device *dev, uint64_t deadline)
{
	int ret;

	while (ioctl(dev->fd, CED1401_IOC_CLAIM)) {
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return result_of_errno();
		if (dev->flags & CED1401L_NONBLOCK)
			return -EBUSY;
		ret = device_await(dev, POLLOUT, deadline, 200);
		if (ret < 0)
			return ret == -ETIMEDOUT ? -EBUSY : ret;
	}
	return 0;
}

int ced1401_claim(ced1401_device *device, int timeout_ms)
{
	return device_claim(device, deadline_after(timeout_ms));
}

int ced1401_release(ced1401_device *device)
{
	int ret = 0;

	if (ioctl(device->fd, CED1401_IOC_RELEASE))
		ret = result_of_errno();
	device_new_generation(device);
	device_look(device);
	return ret == -EBUSY ? 0 : ret;
}

int ced1401_reset(ced1401_device *device)
{
	int ret = 0;

	if (ioctl(device->fd, CED1401_IOC_RESET))
		ret = result_of_errno();
	device_new_generation(device);
	device_look(device);
	return ret;
}

/* ------------------------------------------------------------- self-test */

/* CED's calls: errno is 1000 and more for their codes */
static int ced_error(void)
{
	switch (errno) {
	case CEDERR_OFF:
	case CEDERR_NOT_CONNECTED:
		return -ENODEV;
	case CEDERR_IN_USE:
		return -EBUSY;
	default:
		return result_of_errno();
	}
}

static int check_test(ced1401_device *dev, struct cedioc_selftest *test)
{
	return ioctl(dev->fd, CEDIOC_CHECK_TEST, test) ? ced_error() : 0;
}

int ced1401_self_test(ced1401_device *device, int timeout_ms,
		      struct ced1401_selftest *result)
{
	struct timespec pause = { .tv_nsec = TEST_LOOK_MS * (long)MS_NS };
	uint64_t deadline = deadline_after(timeout_ms);
	struct cedioc_selftest test = { 0 };
	int ret = device_claim(device, deadline);

	if (result)
		memset(result, 0, sizeof(*result));
	if (ret)
		return ret;
	ret = ioctl(device->fd, CEDIOC_START_TEST) ? ced_error() : 0;
	device_new_generation(device);
	while (!ret) {
		ret = check_test(device, &test);
		if (ret || test.code != TEST_RUNS)
			break;
		if (!ms_until(deadline))
			ret = -ETIMEDOUT;
		else if (nanosleep(&pause, NULL))
			ret = -EINTR;
	}
	if (!ret && test.code == TEST_DONE)
		return 0;
	/* One that failed, or runs still, takes no commands until it is reset */
	ced1401_reset(device);
	if (ret)
		return ret;
	if (test.code < 0)
		return -ETIMEDOUT;
	if (result) {
		result->code = test.code;
		result->x = test.x;
		result->y = test.y;
	}
	return CED1401L_E_SELFTEST;
}

/* ------------------------------------------------------------- small ones */

int ced1401_set_timeout(ced1401_device *device, int timeout_ms)
{
	if (timeout_ms < -1)
		return -EINVAL;
	__atomic_store_n(&device->timeout_ms, timeout_ms, __ATOMIC_RELAXED);
	return 0;
}

void ced1401_lock(ced1401_device *device)
{
	pthread_mutex_lock(&device->talk);
}

void ced1401_unlock(ced1401_device *device)
{
	pthread_mutex_unlock(&device->talk);
}

int ced1401_fd(ced1401_device *device)
{
	return device->fd;
}
