// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fake.h"

#define SECOND		1000000000ull
#define MS		1000000ull
#define UNKNOWN		255

struct fake fake;

static int fd = -1;
static uint8_t *buffers[CED1401_BUFFERS];
static unsigned int buffers_n;
static char line[1024], words[4096];
static size_t line_n, words_n;
static int error;

void fake_begin(void)
{
	memset(&fake, 0, sizeof(fake));
	fake.now = SECOND;
	buffers_n = 0;
	line_n = 0;
	words_n = 0;
	error = 0;
}

/* ------------------------------------------------------------------ the 1401 */

void fake_reply(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	words_n += (size_t)vsnprintf(words + words_n, sizeof(words) - words_n,
				     format, args);
	va_end(args);
	words[words_n++] = '\r';
}

static void obey(const char *command)
{
	fake.now += FAKE_WORD_NS;
	if (!strcmp(command, "ERR")) {
		fake_reply("%d,0", error);
		error = 0;
	} else if (!strcmp(command, "NO1401")) {
		error = UNKNOWN;
	} else if (!strcmp(command, "MEMTOP,?")) {
		fake_reply("%u,%u,0", FAKE_MEMORY, FAKE_MEMORY);
	} else if (*command && fake.obey) {
		fake.obey(command);
	}
}

static void say(const char *text, size_t n)
{
	for (; n--; text++) {
		if (*text != ';') {
			line[line_n++] = *text;
			continue;
		}
		line[line_n] = '\0';
		line_n = 0;
		obey(line);
	}
}

/* ---------------------------------------------------------------- the driver */

static bool over(const struct fake_transfer *t)
{
	return t->state == CED1401_STATE_DONE || t->state == CED1401_STATE_FAILED;
}

static struct fake_transfer *transfer(uint32_t id)
{
	return id && id <= fake.n ? &fake.transfers[id - 1] : NULL;
}

struct fake_transfer *fake_area(unsigned int area)
{
	unsigned int i;

	for (i = fake.n; i--;) {
		if (fake.transfers[i].start.area == area)
			return &fake.transfers[i];
	}
	return NULL;
}

uint8_t *fake_memory(const struct fake_transfer *t)
{
	return buffers[t->start.buffer] + t->start.offset;
}

static int start(struct ced1401_start *start)
{
	const struct fake_transfer *other = fake_area(start->area);

	if (start->flags & CED1401_ON_REQUEST && other && !over(other)) {
		errno = EBUSY;
		return -1;
	}
	if (fake.n == FAKE_TRANSFERS) {
		errno = ENOSPC;
		return -1;
	}
	start->id = fake.n + 1;
	fake.transfers[fake.n++] = (struct fake_transfer){
		.start = *start, .state = CED1401_STATE_ARMED,
	};
	return 0;
}

static void cancel(struct fake_transfer *t)
{
	if (over(t))
		return;
	t->state = CED1401_STATE_FAILED;
	t->error = -ECANCELED;
}

/* A block's error is told once */
static int status(struct ced1401_status *status)
{
	struct fake_transfer *t = transfer(status->id);

	memset(status, 0, sizeof(*status));
	if (!t)
		return 0;
	status->id = t->start.id;
	status->state = t->state;
	status->error = t->error;
	status->bytes = t->moved;
	status->flags = t->start.flags;
	if (!over(t))
		t->error = 0;
	return 0;
}

static bool is_worth(const struct fake_transfer *t, uint64_t bytes)
{
	return over(t) || t->error || (bytes && t->moved >= bytes);
}

static int await(struct ced1401_wait *wait)
{
	struct fake_transfer *t = transfer(wait->id);

	if (!is_worth(t, wait->bytes) && fake.waits)
		fake.waits();
	if (is_worth(t, wait->bytes)) {
		wait->moved = t->moved;
		wait->error = t->error;
		wait->state = t->state;
		wait->time_ns = fake.now;
		return 0;
	}
	fake.slept_for_ever |= !wait->deadline_ns;
	if (wait->deadline_ns > fake.now)
		fake.now = wait->deadline_ns;
	errno = wait->deadline_ns ? ETIMEDOUT : EINTR;
	return -1;
}

static int consume(struct ced1401_consume *consume)
{
	struct fake_transfer *t = transfer(consume->id);

	t->consumed += consume->bytes;
	if (fake.looks)
		fake.looks(t);
	consume->overwritten = 0;
	consume->moved = t->moved;
	consume->consumed = t->consumed;
	consume->time_ns = fake.now;
	return 0;
}

/* ------------------------------------------------------------ the library's calls */

int __wrap_open(const char *path, int flags, ...)
{
	if (strcmp(path, FAKE_PATH))
		return __real_open(path, flags);
	fd = eventfd(0, EFD_NONBLOCK);
	return fd;
}

int __wrap_fstat(int file, struct stat *stat)
{
	if (file != fd)
		return __real_fstat(file, stat);
	memset(stat, 0, sizeof(*stat));
	stat->st_mode = S_IFCHR;
	return 0;
}

int __wrap_close(int file)
{
	if (file == fd)
		fd = -1;
	return __real_close(file);
}

ssize_t __wrap_read(int file, void *data, size_t n)
{
	if (file != fd)
		return __real_read(file, data, n);
	if (!words_n) {
		errno = EAGAIN;
		return -1;
	}
	n = n < words_n ? n : words_n;
	memcpy(data, words, n);
	words_n -= n;
	memmove(words, words + n, words_n);
	return (ssize_t)n;
}

ssize_t __wrap_write(int file, const void *data, size_t n)
{
	if (file != fd)
		return __real_write(file, data, n);
	say(data, n);
	return (ssize_t)n;
}

/* The driver's pages it has not */
void *__wrap_mmap(void *at, size_t n, int prot, int flags, int file, off_t offset)
{
	if (file < 0 || file != fd)
		return __real_mmap(at, n, prot, flags, file, offset);
	if (offset >= (off_t)CED1401_CONTROL_OFFSET) {
		errno = EINVAL;
		return MAP_FAILED;
	}
	at = __real_mmap(NULL, n, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	buffers[buffers_n - 1] = at;
	return at;
}

int __wrap_ioctl(int file, unsigned long request, ...)
{
	va_list args;
	void *arg;
	unsigned int i;

	(void)file;
	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	switch (request) {
	case CED1401_IOC_ALLOC:
		((struct ced1401_alloc *)arg)->buffer = buffers_n++;
		return 0;
	case CED1401_IOC_START:
		return start(arg);
	case CED1401_IOC_STATUS:
		return status(arg);
	case CED1401_IOC_WAIT:
		return await(arg);
	case CED1401_IOC_CONSUME:
		return consume(arg);
	case CED1401_IOC_STOP:
		cancel(transfer(((struct ced1401_stop *)arg)->id));
		return 0;
	case CED1401_IOC_RESET:
		for (i = 0; i < fake.n; i++)
			cancel(&fake.transfers[i]);
		return 0;
	default:
		return 0;
	}
}

int __wrap_poll(struct pollfd *fds, nfds_t n, int ms)
{
	if (n != 1 || fds->fd != fd)
		return __real_poll(fds, n, ms);
	fds->revents = fds->events & POLLOUT;
	if (words_n)
		fds->revents |= fds->events & POLLIN;
	if (!fds->revents && ms > 0)
		fake.now += (uint64_t)ms * MS;
	return fds->revents ? 1 : 0;
}

/* There is always something: ced1401_process() looks at once */
int __wrap_epoll_wait(int epoll, struct epoll_event *events, int n, int ms)
{
	(void)epoll;
	(void)ms;
	memset(events, 0, (size_t)n * sizeof(*events));
	return 1;
}

int __wrap_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *t, const void *mask)
{
	(void)fds;
	(void)n;
	(void)mask;
	fake.now += (uint64_t)t->tv_sec * SECOND + (uint64_t)t->tv_nsec;
	return 0;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *t)
{
	(void)clock;
	t->tv_sec = (time_t)(fake.now / SECOND);
	t->tv_nsec = (long)(fake.now % SECOND);
	return 0;
}

int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *t,
			   struct timespec *rest)
{
	uint64_t until = (uint64_t)t->tv_sec * SECOND + (uint64_t)t->tv_nsec;

	(void)clock;
	(void)flags;
	(void)rest;
	if (until > fake.now)
		fake.now = until;
	return 0;
}

int __wrap_nanosleep(const struct timespec *t, struct timespec *rest)
{
	(void)rest;
	fake.now += (uint64_t)t->tv_sec * SECOND + (uint64_t)t->tv_nsec;
	return 0;
}
