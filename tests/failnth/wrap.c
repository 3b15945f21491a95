// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Goes between a test program and its system calls: each that has to do with the
 * driver is made again and again, with its first, second, ... n-th allocation or copy
 * failing, until none was left to fail. The test sees only what came then; so a
 * program whose tests pass has proved that the calls that failed changed nothing.
 *
 * Linked into the programs of tests/cases with ld's --wrap. How a failure is asked for:
 * Documentation/fault-injection/fault-injection.rst, "fail-nth". It is the thread's own
 * matter, so threads and children do not disturb each other.
 *
 * What an injected call may do: fail as is_clean() says; or succeed all the same, when the
 * kernel could do without. A call that cannot be made twice (close, and whatever
 * succeeded) goes on with the next n in the next call of its kind.
 *
 * For each kind of call the n-th is made to fail ENOUGH times, unless CED1401_FULL is set:
 * a program that makes the same call a thousand times learns no more by the last. While a
 * test awaits a signal nothing fails: the stack of its handler is written by a copy, too.
 *
 * CED1401_FAILNTH names the file of struct book, which all programs of a run share.
 * What is wrong is written to the standard error and counted there.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/ced1401.h>
#include <linux/ced1401-ced.h>

#include "book.h"
#include "nth.h"
#include "wrap.h"

#define NONE		100000000u
#define MOST		5000u	/* failures of one call: it will never end */
#define ENOUGH		16u
#define FORK_MOST	24u	/* a fork has hundreds; each takes its share */

/*
 * Where nothing else is mapped: the tables of a mapping must be allocated, too. 32-bit
 * programs have no such room.
 */
#define FAR_AWAY	(sizeof(void *) > 4 ? (void *)(uintptr_t)0x100000000000ull : NULL)

/* A system call under test */
struct trial {
	const char *name;
	struct kind *kind;
	int nth_fd;		/* the thread's fail-nth, or -1: not under test */
	unsigned int nth;	/* what fails now */
	unsigned int tries;
	unsigned int most;
	bool hit;		/* something failed in the last try */
	int odd;		/* an error that only the true result can explain */
	unsigned int odd_nth;
};

static struct book *book;
static unsigned int enough = ENOUGH;
static bool awaits_signal;

static void __attribute__((noreturn)) give_up(const char *what)
{
	dprintf(2, "fail-nth: %s: %s\n", what, strerror(errno));
	_exit(124);
}

static void __attribute__((constructor)) open_book(void)
{
	const char *name = getenv("CED1401_FAILNTH");
	int fd = __real_open(name ? name : "", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		give_up("CED1401_FAILNTH");
	book = __real_mmap(NULL, sizeof(*book), PROT_READ | PROT_WRITE, MAP_SHARED,
			   fd, 0);
	if (book == MAP_FAILED)
		give_up(name);
	__real_close(fd);
	if (getenv("CED1401_FULL"))
		enough = UINT8_MAX;
}

/* The book's page of a kind of call; @key tells one ioctl from another */
static struct kind *find_kind(const char *name, uint32_t key)
{
	struct kind *kind;
	uint32_t none;

	for (kind = book->kinds; kind < book->kinds + KINDS; kind++) {
		none = 0;
		/* Whoever comes first has it; 0 is nobody's key */
		if (__atomic_compare_exchange_n(&kind->key, &none, key, false,
						__ATOMIC_SEQ_CST,
						__ATOMIC_SEQ_CST))
			strncpy(kind->name, name, sizeof(kind->name) - 1);
		else if (none != key)
			continue;
		return kind;
	}
	give_up("too many kinds of calls");
}

static uint32_t key_of(const char *name, unsigned long request)
{
	uint32_t key = 2166136261u ^ (uint32_t)request;

	for (; *name; name++)
		key = (key ^ (uint8_t)*name) * 16777619u;
	return key ? key : 1;
}

static uint8_t *seen(struct kind *kind, unsigned int nth)
{
	return &kind->seen[nth < NTHS ? nth : NTHS - 1];
}

/* The next failure that has not been seen often enough */
static unsigned int next_nth(struct kind *kind, unsigned int nth)
{
	while (nth < NTHS - 1 && *seen(kind, nth) >= enough)
		nth++;
	return *seen(kind, nth) < UINT8_MAX || enough == UINT8_MAX ? nth : NONE;
}

static struct trial begin(const char *name, unsigned long request, bool on)
{
	struct trial trial = { .name = name, .nth_fd = -1, .most = MOST };
	int error = errno;

	if (!on || awaits_signal)
		return trial;
	trial.kind = find_kind(name, key_of(name, request));
	__atomic_add_fetch(&trial.kind->calls, 1, __ATOMIC_RELAXED);
	trial.nth = next_nth(trial.kind, __atomic_load_n(&trial.kind->next,
							 __ATOMIC_RELAXED));
	trial.nth_fd = nth_open();
	errno = error;
	return trial;
}

static void arm(struct trial *trial)
{
	if (trial->nth_fd >= 0)
		nth_set(trial->nth_fd, trial->nth + 1);
}

/* Errors that a call may give because something in it failed */
static bool is_clean(const struct trial *trial, int error)
{
	switch (error) {
	case ENOMEM:
	case EFAULT:
		return true;
	case EAGAIN:
		return !strcmp(trial->name, "fork");
	case EIO:	/* /proc/PID/mem's own */
		return *trial->name == 'p';
	case CEDERR_NO_MEMORY:
	case CEDERR_LOCK:
		return !strcmp(trial->name, "CED ioctl");
	}
	return false;
}

static void complain(const struct trial *trial, const char *what, int error)
{
	__atomic_add_fetch(&book->wrong, 1, __ATOMIC_RELAXED);
	dprintf(2, "fail-nth: %s (%08x), failure %u: %s (%d)\n", trial->name,
		trial->kind->key, trial->odd_nth, what, error);
}

static void end(struct trial *trial, bool all)
{
	__atomic_store_n(&trial->kind->next, all ? 0 : trial->nth + 1,
			 __ATOMIC_RELAXED);
	__real_close(trial->nth_fd);
	trial->nth_fd = -1;
}

/*
 * After the call: whether it is to be made again. @failed: it has, and errno tells
 * why. errno is left as the call left it.
 */
static bool again(struct trial *trial, bool failed)
{
	int error = errno;
	unsigned int left;

	if (trial->nth_fd < 0)
		return false;
	left = nth_get(trial->nth_fd);
	nth_set(trial->nth_fd, 0);
	trial->tries++;
	trial->hit = !left;
	if (trial->hit) {
		__atomic_add_fetch(&trial->kind->failures, 1, __ATOMIC_RELAXED);
		if (*seen(trial->kind, trial->nth) < UINT8_MAX)
			++*seen(trial->kind, trial->nth);
		if (failed && !is_clean(trial, error) && !trial->odd) {
			trial->odd = error;
			trial->odd_nth = trial->nth + 1;
		}
	}
	if (trial->hit && failed && trial->tries < trial->most) {
		trial->nth = next_nth(trial->kind, trial->nth + 1);
		errno = error;
		return true;
	}
	if (trial->tries == MOST)
		complain(trial, "it never ends", error);
	if (trial->odd && !(failed && error == trial->odd))
		complain(trial, "not a clean error", trial->odd);
	end(trial, left);
	errno = error;
	return trial->hit && failed;
}

/* In a child of the call: the parent's trial is not its own */
static void leave(struct trial *trial)
{
	if (trial->nth_fd >= 0)
		__real_close(trial->nth_fd);
	trial->nth_fd = -1;
}

#define TRY(trial, result, bad, call)			\
	do {						\
		arm(&(trial));				\
		(result) = (call);			\
	} while (again(&(trial), (result) == (bad)))

static bool is_device_path(const char *path)
{
	return !strncmp(path, "/dev/ced1401", strlen("/dev/ced1401"));
}

/* The numbers come and go with the module: the name is what stays */
static bool is_device(int fd)
{
	char link[32], path[32] = "";
	int error = errno;
	struct stat s;
	bool is;

	if (fd < 0 || fstat(fd, &s) || !S_ISCHR(s.st_mode)) {
		errno = error;
		return false;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	is = readlink(link, path, sizeof(path) - 1) > 0 && is_device_path(path);
	errno = error;
	return is;
}

int __wrap_open(const char *path, int flags, ...)
{
	struct trial trial = begin("open", 0, is_device_path(path));
	mode_t mode = 0;
	va_list args;
	int fd;

	va_start(args, flags);
	if (flags & O_CREAT)
		mode = va_arg(args, mode_t);
	va_end(args);
	TRY(trial, fd, -1, __real_open(path, flags, mode));
	return fd;
}

/* A descriptor is closed whatever close(2) says: there is no second time */
int __wrap_close(int fd)
{
	struct trial trial = begin("close", 0, is_device(fd));
	int ret;

	trial.most = 1;
	TRY(trial, ret, 1, __real_close(fd));
	if (trial.hit && ret)
		complain(&trial, "close failed", errno);
	return ret;
}

/* Where the failure came after the first bytes, the rest is asked for, too */
ssize_t __wrap_read(int fd, void *to, size_t n)
{
	struct trial trial = begin("read", 0, is_device(fd));
	struct pollfd more = { .fd = fd, .events = POLLIN };
	ssize_t got, part;

	TRY(trial, got, -1, __real_read(fd, to, n));
	while (trial.hit && got < (ssize_t)n) {
		if (__real_poll(&more, 1, 0) != 1 || !(more.revents & POLLIN))
			break;
		part = __real_read(fd, (char *)to + got, n - got);
		if (part <= 0)
			break;
		got += part;
	}
	return got;
}

ssize_t __wrap_write(int fd, const void *from, size_t n)
{
	struct trial trial = begin("write", 0, is_device(fd));
	ssize_t done, part;

	TRY(trial, done, -1, __real_write(fd, from, n));
	while (trial.hit && done < (ssize_t)n) {
		part = __real_write(fd, (const char *)from + done, n - done);
		if (part <= 0)
			break;
		done += part;
	}
	return done;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	bool ced = _IOC_TYPE(request) == CEDIOC_MAGIC;
	struct trial trial = begin(ced ? "CED ioctl" : "ioctl", request,
				   is_device(fd));
	va_list args;
	void *arg;
	int ret;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	TRY(trial, ret, -1, __real_ioctl(fd, request, arg));
	return ret;
}

int __wrap_poll(struct pollfd *fds, nfds_t n, int ms)
{
	struct trial trial = begin("poll", 0, n && is_device(fds[0].fd));
	int ret;

	TRY(trial, ret, -1, __real_poll(fds, n, ms));
	return ret;
}

void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd,
		  off_t offset)
{
	/* The status pages are no buffer, and allocate otherwise */
	bool shared = offset == CED1401_STATUS_OFFSET || offset == CED1401_CONTROL_OFFSET;
	struct trial trial = begin("mmap", shared, is_device(fd));
	void *ret;

	if (trial.nth_fd >= 0 && !at)
		at = FAR_AWAY;
	TRY(trial, ret, MAP_FAILED,
	    __real_mmap(at, size, prot, flags, fd, offset));
	return ret;
}

int __wrap_munmap(void *at, size_t size)
{
	struct trial trial = begin("munmap", 0, true);
	int ret;

	TRY(trial, ret, -1, __real_munmap(at, size));
	return ret;
}

int __wrap_mprotect(void *at, size_t size, int prot)
{
	struct trial trial = begin("mprotect", 0, true);
	int ret;

	TRY(trial, ret, -1, __real_mprotect(at, size, prot));
	return ret;
}

int __wrap_madvise(void *at, size_t size, int advice)
{
	struct trial trial = begin("madvise", 0, true);
	int ret;

	TRY(trial, ret, -1, __real_madvise(at, size, advice));
	return ret;
}

void *__wrap_mremap(void *at, size_t size, size_t new_size, int flags, ...)
{
	struct trial trial = begin("mremap", 0, true);
	void *where = NULL, *ret;
	va_list args;

	va_start(args, flags);
	if (flags & MREMAP_FIXED)
		where = va_arg(args, void *);
	va_end(args);
	TRY(trial, ret, MAP_FAILED,
	    __real_mremap(at, size, new_size, flags, where));
	return ret;
}

/* A debugger's look, by /proc/PID/mem and without */
ssize_t __wrap_pread(int fd, void *to, size_t n, off_t at)
{
	struct trial trial = begin("pread", 0, true);
	ssize_t got, part;

	TRY(trial, got, -1, __real_pread(fd, to, n, at));
	while (trial.hit && got < (ssize_t)n) {
		part = __real_pread(fd, (char *)to + got, n - got, at + got);
		if (part <= 0)
			break;
		got += part;
	}
	return got;
}

ssize_t __wrap_pwrite(int fd, const void *from, size_t n, off_t at)
{
	struct trial trial = begin("pwrite", 0, true);
	ssize_t done, part;

	TRY(trial, done, -1, __real_pwrite(fd, from, n, at));
	while (trial.hit && done < (ssize_t)n) {
		part = __real_pwrite(fd, (const char *)from + done, n - done,
				     at + done);
		if (part <= 0)
			break;
		done += part;
	}
	return done;
}

ssize_t __wrap_process_vm_readv(pid_t pid, const struct iovec *local,
				unsigned long locals, const struct iovec *remote,
				unsigned long remotes, unsigned long flags)
{
	struct trial trial = begin("process_vm_readv", 0, true);
	ssize_t ret;

	TRY(trial, ret, -1,
	    __real_process_vm_readv(pid, local, locals, remote, remotes, flags));
	return ret;
}

/*
 * test_begins() and test_ends() set the clock, after what a test may have done with
 * signals; and it must not run out because a call is made so many times.
 */
int __wrap_sigaction(int number, const struct sigaction *action,
		     struct sigaction *old)
{
	awaits_signal = true;
	return __real_sigaction(number, action, old);
}

unsigned int __wrap_alarm(unsigned int seconds)
{
	awaits_signal = false;
	return __real_alarm(10 * seconds);
}

pid_t __wrap_fork(void)
{
	struct trial trial = begin("fork", 0, true);
	pid_t pid;

	trial.most = FORK_MOST;
	for (;;) {
		arm(&trial);
		pid = __real_fork();
		if (!pid) {
			leave(&trial);
			return 0;
		}
		if (!again(&trial, pid < 0))
			return pid;
		/* It has had its share of failures: now the true one */
		if (trial.nth_fd < 0)
			return __real_fork();
	}
}
