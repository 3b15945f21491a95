// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The calls that a program can be made of. A new one is a function and an entry in
 * the table at the end; the rest of the fuzzer follows the table.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/ced1401-ced.h>
#include <linux/ced1401.h>

#include "execute.h"
#include "kinds.h"

/* ---- files ---- */

static long said(long ret)
{
	return ret < 0 ? -errno : ret;
}

static int file_of(const struct call *call, unsigned int arg)
{
	return slots.file[call->arg[arg]];
}

static long do_open(const struct call *call)
{
	static const char * const names[] = {
		"/dev/ced1401", "/dev/ced1401_1", "/dev/ced1401_2",
	};
	int fd = open(names[call->arg[1] % LENGTH(names)], call->arg[2], 0600);

	if (fd >= 0)
		slots.file[call->arg[0]] = fd;
	return said(fd);
}

static long do_close(const struct call *call)
{
	return said(close(file_of(call, 0)));
}

static long do_dup(const struct call *call)
{
	int from = file_of(call, 1), fd;

	fd = call->arg[2] ? dup2(from, file_of(call, 0)) : dup(from);
	if (fd >= 0)
		slots.file[call->arg[0]] = fd;
	return said(fd);
}

static long do_set_flags(const struct call *call)
{
	return said(fcntl(file_of(call, 0), F_SETFL, (int)call->arg[1]));
}

/* A table of files of the thread's own: it holds them on when others close them */
static long do_unshare(const struct call *call)
{
	(void)call;
	return said(unshare(CLONE_FILES));
}

/* ---- memory ---- */

static long do_mmap(const struct call *call)
{
	unsigned int i = call->arg[0];
	off_t offset = (call->arg[2] << CED1401_BUF_SHIFT) + call->arg[6];
	size_t size = call->arg[3];
	uint8_t *p = mmap(call->arg[7] ? place(call->arg[7]) : NULL, size,
			  call->arg[4], call->arg[5], file_of(call, 1), offset);

	if (p == MAP_FAILED)
		return -errno;
	slots.map[i].p = p;
	slots.map[i].size = size;
	return 0;
}

/* The part of a mapping that a call names; size 0: all that follows */
static uint8_t *part(const struct call *call, unsigned int arg, size_t *size)
{
	unsigned int i = call->arg[arg];
	size_t from = call->arg[arg + 1] & ~4095ull;

	*size = call->arg[arg + 2];
	if (!*size)
		*size = slots.map[i].size - from;
	/* Elsewhere than in mappings nothing is changed: the program stands there */
	if (from > slots.map[i].size || *size > slots.map[i].size - from) {
		from = 0;
		*size = slots.map[i].size;
	}
	return slots.map[i].p + from;
}

static long do_munmap(const struct call *call)
{
	size_t size;
	uint8_t *p = part(call, 0, &size);

	return said(munmap(p, size));
}

static long do_mprotect(const struct call *call)
{
	size_t size;
	uint8_t *p = part(call, 0, &size);

	return said(mprotect(p, size, call->arg[3]));
}

static long do_mremap(const struct call *call)
{
	unsigned int to = call->arg[0];
	size_t size, wanted = call->arg[4];
	uint8_t *p = part(call, 1, &size);
	int flags = call->arg[5];

	if (flags & MREMAP_FIXED && call->arg[6] >> 32 != REGION_ARENA)
		flags &= ~MREMAP_FIXED;
	p = mremap(p, size, wanted, flags, place(call->arg[6]));
	if (p == MAP_FAILED)
		return -errno;
	slots.map[to].p = p;
	slots.map[to].size = wanted;
	return 0;
}

static long do_madvise(const struct call *call)
{
	size_t size;
	uint8_t *p = part(call, 0, &size);

	return said(madvise(p, size, call->arg[3]));
}

static long do_mem(const struct call *call)
{
	size_t size;
	uint8_t *p = part(call, 0, &size);
	static uint8_t bytes[65536];
	struct iovec mine = { bytes, sizeof(bytes) }, theirs = { p, size };

	switch (call->arg[3]) {
	case MEM_SYNC:
		return said(msync(p, size, MS_SYNC));
	case MEM_LOCK:
		return said(mlock(p, size));
	case MEM_UNLOCK:
		return said(munlock(p, size));
	case MEM_INCORE:
		return said(size <= sizeof(bytes) * 4096ull ?
			    mincore(p, size, bytes) : 0);
	case MEM_READV:
		return said(process_vm_readv(getpid(), &mine, 1, &theirs, 1, 0));
	case MEM_WRITEV:
		return said(process_vm_writev(getpid(), &mine, 1, &theirs, 1, 0));
	case MEM_REMAP_PAGES:
		return said(remap_file_pages(p, size, 0, 1, 0));
	}
	return -EINVAL;
}

static long do_touch(const struct call *call)
{
	size_t size, at;
	uint8_t *p = part(call, 0, &size);

	for (at = 0; at < size; at += 4096)
		if (!touch_at(p + at, call->arg[3]))
			return -EFAULT;
	if (size && !touch_at(p + size - 1, call->arg[3]))
		return -EFAULT;
	return 0;
}

static long do_store(const struct call *call)
{
	return put_at(call->arg[0], &call->arg[1], 8) ? 0 : -EFAULT;
}

/* ---- other processes ---- */

static void touch_all(void)
{
	unsigned int i;
	size_t at;

	for (i = 0; i < MAPS; i++)
		for (at = 0; at < slots.map[i].size; at += 4096)
			if (!touch_at(slots.map[i].p + at, at & 4096))
				break;
}

static void be_child(unsigned int kind)
{
	unsigned int i;

	switch (kind) {
	case CHILD_EXIT:
		_exit(0);
	case CHILD_TOUCH:
		touch_all();
		_exit(0);
	case CHILD_CLOSE:
		for (i = 0; i < FILES; i++)
			close(slots.file[i]);
		break;
	case CHILD_UNMAP:
		for (i = 0; i < MAPS; i++)
			if (slots.map[i].size)
				munmap(slots.map[i].p, slots.map[i].size);
		break;
	case CHILD_WRITE:
		(void)!write(slots.file[0], "ERR;", 4);
		break;
	case CHILD_CLAIM:
		ioctl(slots.file[0], CED1401_IOC_CLAIM);
		break;
	}
	for (;;)
		pause();
}

static long do_fork(const struct call *call)
{
	static unsigned int next;
	pid_t pid = fork();

	if (!pid)
		be_child(call->arg[0]);
	if (pid < 0)
		return -errno;
	slots.child[next++ % CHILDREN] = pid;
	return 0;
}

/* Stopped and continued by another: what the program's threads sleep in restarts */
static void stop_me(void)
{
	pid_t me = getpid();

	if (fork())
		return;
	kill(me, SIGSTOP);
	usleep(1000);
	kill(me, SIGCONT);
	_exit(0);
}

static long do_signal(const struct call *call)
{
	unsigned int i;

	switch (call->arg[0]) {
	case SIGNAL_EINTR:
		signal_threads(SIGUSR1);
		break;
	case SIGNAL_RESTART:
		signal_threads(SIGUSR2);
		break;
	case SIGNAL_STOP:
		stop_me();
		break;
	case SIGNAL_CHILDREN:
		for (i = 0; i < CHILDREN; i++)
			if (slots.child[i] > 0)
				kill(slots.child[i], SIGKILL);
		break;
	case SIGNAL_DIE:
		kill(getpid(), SIGKILL);
		break;
	}
	return 0;
}

/* As a debugger does: /proc/PID/mem */
static long do_proc_mem(const struct call *call)
{
	static char bytes[65536];
	uint8_t *p = slots.map[call->arg[0]].p + call->arg[1];
	size_t n = call->arg[2] % (sizeof(bytes) + 1);
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	long ret;

	if (fd < 0)
		return -errno;
	ret = said(call->arg[3] ? pwrite(fd, bytes, n, (uintptr_t)p) :
				  pread(fd, bytes, n, (uintptr_t)p));
	close(fd);
	return ret;
}

/* And ptrace: a child that has the same mapping */
static long do_ptrace(const struct call *call)
{
	uint8_t *p = slots.map[call->arg[0]].p + call->arg[1];
	long ret = 0;
	pid_t pid = fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(0);
	}
	if (pid < 0)
		return -errno;
	if (waitpid(pid, NULL, WUNTRACED) == pid) {
		errno = 0;
		if (call->arg[2])
			ptrace(PTRACE_POKEDATA, pid, p, (void *)0x14011401);
		else
			ptrace(PTRACE_PEEKDATA, pid, p, NULL);
		ret = -errno;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return ret;
}

static long do_sleep(const struct call *call)
{
	usleep(call->arg[0] % 30 * 1000);
	return 0;
}

/* ---- read, write, poll ---- */

static long do_write(const struct call *call)
{
	put_at(call->arg[2], call->text, call->arg[1]);
	return said(write(file_of(call, 0), place(call->arg[2]), call->arg[1]));
}

static long splice_of(int fd, size_t n, bool in)
{
	int ends[2];
	long ret;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	if (!in)
		(void)!write(ends[1], "ERR;ERR;", 8);
	ret = said(in ? splice(fd, NULL, ends[1], NULL, n, 0) :
			splice(ends[0], NULL, fd, NULL, n, 0));
	close(ends[0]);
	close(ends[1]);
	return ret;
}

static long do_io(const struct call *call)
{
	int fd = file_of(call, 0);
	void *p = place(call->arg[2]);
	size_t n = call->arg[3];
	off_t offset = call->arg[4];
	struct iovec vec[2] = { { p, n / 2 }, { (char *)p + n / 2, n - n / 2 } };

	switch (call->arg[1]) {
	case IO_READ:
		return said(read(fd, p, n));
	case IO_WRITE:
		return said(write(fd, p, n));
	case IO_READV:
		return said(readv(fd, vec, 2));
	case IO_WRITEV:
		return said(writev(fd, vec, 2));
	case IO_PREAD:
		return said(pread(fd, p, n, offset));
	case IO_PWRITE:
		return said(pwrite(fd, p, n, offset));
	case IO_LSEEK:
		return said(lseek(fd, offset, n % 5));
	case IO_SPLICE_IN:
		return splice_of(fd, n, true);
	case IO_SPLICE_OUT:
		return splice_of(fd, n, false);
	case IO_SENDFILE:
		return said(sendfile(fd, slots.file[0], NULL, n));
	case IO_FSYNC:
		return said(fsync(fd));
	case IO_FTRUNCATE:
		return said(ftruncate(fd, offset));
	}
	return -EINVAL;
}

static long epoll_of(int fd, unsigned int events, int ms)
{
	struct epoll_event event = { .events = events };
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	long ret;

	if (epoll < 0)
		return -errno;
	ret = said(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	if (!ret)
		ret = said(epoll_wait(epoll, &event, 1, ms));
	close(epoll);
	return ret;
}

static long select_of(int fd, int ms)
{
	struct timeval time = { .tv_usec = ms * 1000 };
	fd_set in, out, except;

	if (fd < 0)
		return -EBADF;
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&except);
	FD_SET(fd, &in);
	FD_SET(fd, &except);
	return said(select(fd + 1, &in, &out, &except, &time));
}

static long do_poll(const struct call *call)
{
	struct pollfd one = { file_of(call, 0), call->arg[2], 0 };
	int ms = call->arg[3] % 50;

	if (call->arg[1] == POLL_EPOLL)
		return epoll_of(one.fd, one.events, ms);
	if (call->arg[1] == POLL_SELECT)
		return select_of(one.fd, ms);
	return said(poll(&one, 1, ms));
}

/* ---- the driver's own ioctls ---- */

/* An ioctl whose structure lies where the program says */
static long struct_ioctl(int fd, unsigned int cmd, void *arg, uint64_t at)
{
	size_t size = _IOC_SIZE(cmd);
	long ret;

	put_at(at, arg, size);
	ret = said(ioctl(fd, cmd, place(at)));
	get_from(at, arg, size);
	return ret;
}

static uint32_t id_of(const struct call *call, unsigned int arg)
{
	uint64_t value = call->arg[arg];

	return value < TRANSFERS ? slots.transfer[value] : value;
}

static long do_alloc(const struct call *call)
{
	struct ced1401_alloc arg = {
		.size = call->arg[1], .reserved = call->arg[2],
	};

	return struct_ioctl(file_of(call, 0), CED1401_IOC_ALLOC, &arg,
			    call->arg[3]);
}

static long do_free(const struct call *call)
{
	struct ced1401_free arg = {
		.buffer = call->arg[1], .reserved = call->arg[2],
	};

	return struct_ioctl(file_of(call, 0), CED1401_IOC_FREE, &arg,
			    call->arg[3]);
}

static long do_info(const struct call *call)
{
	struct ced1401_buf_info arg = {
		.buffer = call->arg[1], .reserved = call->arg[2],
	};

	return struct_ioctl(file_of(call, 0), CED1401_IOC_BUF_INFO, &arg,
			    call->arg[3]);
}

static long do_start(const struct call *call)
{
	struct ced1401_start arg = {
		.buffer = call->arg[2], .flags = call->arg[3],
		.offset = call->arg[4], .length = call->arg[5],
		.area = call->arg[6],
	};
	long ret = struct_ioctl(file_of(call, 1), CED1401_IOC_START, &arg,
				call->arg[7]);

	if (!ret)
		slots.transfer[call->arg[0] % TRANSFERS] = arg.id;
	return ret;
}

static long do_ring(const struct call *call)
{
	struct ced1401_start arg = {
		.buffer = call->arg[2],
		.flags = call->arg[3] | CED1401_CIRCULAR,
		.length = call->arg[4], .area = call->arg[5],
		.threshold = call->arg[6],
	};
	long ret = struct_ioctl(file_of(call, 1), CED1401_IOC_START, &arg,
				call->arg[7]);

	if (!ret)
		slots.transfer[call->arg[0] % TRANSFERS] = arg.id;
	return ret;
}

static long do_stop(const struct call *call)
{
	struct ced1401_stop arg = {
		.id = id_of(call, 0), .reserved = call->arg[2],
	};

	return struct_ioctl(file_of(call, 1), CED1401_IOC_STOP, &arg,
			    call->arg[3]);
}

static long do_status(const struct call *call)
{
	struct ced1401_status arg = {
		.id = id_of(call, 0), .reserved = call->arg[2],
	};

	return struct_ioctl(file_of(call, 1), CED1401_IOC_STATUS, &arg,
			    call->arg[3]);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* A deadline of less than a second counts from now */
static long do_wait(const struct call *call)
{
	uint64_t ms = call->arg[3];
	struct ced1401_wait arg = {
		.id = id_of(call, 0), .bytes = call->arg[2],
		.deadline_ns = ms && ms < 1000 ? now_ns() + ms * 1000000 : ms,
		.reserved = call->arg[4],
	};

	return struct_ioctl(file_of(call, 1), CED1401_IOC_WAIT, &arg,
			    call->arg[5]);
}

static long do_consume(const struct call *call)
{
	struct ced1401_consume arg = {
		.id = id_of(call, 0), .bytes = call->arg[2],
		.reserved = call->arg[3],
	};

	return struct_ioctl(file_of(call, 1), CED1401_IOC_CONSUME, &arg,
			    call->arg[4]);
}

/* What waits, or the rest of it, as a program that means well does */
static long do_consume_all(const struct call *call)
{
	struct ced1401_consume arg = { .id = id_of(call, 0) };
	int fd = file_of(call, 1);

	if (ioctl(fd, CED1401_IOC_CONSUME, &arg))
		return -errno;
	if (arg.consumed > arg.moved)
		wrong("consumed %llu of %llu bytes",
		      (unsigned long long)arg.consumed,
		      (unsigned long long)arg.moved);
	arg.bytes = (arg.moved - arg.consumed) >> (call->arg[2] & 31);
	return said(ioctl(fd, CED1401_IOC_CONSUME, &arg));
}

/* What a program stores of its rings in the control page, for a moment */
static long do_control(const struct call *call)
{
	uint32_t *p = mmap(NULL, CED1401_CONTROL_SIZE, PROT_READ | PROT_WRITE,
			   MAP_SHARED, file_of(call, 0), CED1401_CONTROL_OFFSET);

	if (p == MAP_FAILED)
		return -errno;
	__atomic_store_n(&p[call->arg[1] % CED1401_BUFFERS * 16],
			 (uint32_t)call->arg[2], __ATOMIC_RELEASE);
	return said(munmap(p, CED1401_CONTROL_SIZE));
}

static long do_kick(const struct call *call)
{
	return said(ioctl(file_of(call, 0), CED1401_IOC_KICK));
}

static long do_claim(const struct call *call)
{
	return said(ioctl(file_of(call, 0), CED1401_IOC_CLAIM));
}

static long do_release(const struct call *call)
{
	return said(ioctl(file_of(call, 0), CED1401_IOC_RELEASE));
}

static long do_reset(const struct call *call)
{
	return said(ioctl(file_of(call, 0), CED1401_IOC_RESET));
}

/* ---- CED's ioctls ---- */

static long do_ced(const struct call *call)
{
	return said(ioctl(file_of(call, 0), _IO(CEDIOC_MAGIC, call->arg[1]),
			  (unsigned long)call->arg[2]));
}

static long do_ced_send(const struct call *call)
{
	size_t n = call->arg[1];

	put_at(call->arg[2], call->text, n);
	return said(ioctl(file_of(call, 0), CEDIOC_SEND_STRING(n),
			  place(call->arg[2])));
}

static long do_ced_get(const struct call *call)
{
	return said(ioctl(file_of(call, 0), CEDIOC_GET_STRING(call->arg[1] & 0x3fff),
			  place(call->arg[2])));
}

static long do_ced_area(const struct call *call)
{
	struct cedioc_desc arg = {
		.address = (uintptr_t)place(call->arg[2]),
		.length = call->arg[3], .area = call->arg[1],
		.to_host = call->arg[5],
	};

	return struct_ioctl(file_of(call, 0), call->arg[4] ? CEDIOC_SET_CIRCULAR :
			    CEDIOC_SET_AREA, &arg, call->arg[6]);
}

static long do_ced_event(const struct call *call)
{
	struct cedioc_event arg = {
		.area = call->arg[1], .start = call->arg[2],
		.length = call->arg[3], .flags = call->arg[4],
	};

	return struct_ioctl(file_of(call, 0), CEDIOC_SET_EVENT, &arg,
			    call->arg[5]);
}

static long do_ced_circ(const struct call *call)
{
	struct cedioc_circ arg = {
		.area = call->arg[2], .offset = call->arg[3],
		.size = call->arg[4],
	};
	int fd = file_of(call, 0);

	if (call->arg[1] == CIRC_ALL && ioctl(fd, CEDIOC_GET_CIRC, &arg))
		return -errno;
	return struct_ioctl(fd, call->arg[1] == CIRC_GET ? CEDIOC_GET_CIRC :
			    CEDIOC_FREE_CIRC, &arg, call->arg[5]);
}

static long do_ced_test(const struct call *call)
{
	struct cedioc_selftest arg = { 0 };

	return struct_ioctl(file_of(call, 0), CEDIOC_CHECK_TEST, &arg,
			    call->arg[1]);
}

static long do_ced_tx(const struct call *call)
{
	struct cedioc_tx arg = { 0 };

	return struct_ioctl(file_of(call, 0), CEDIOC_GET_TX, &arg,
			    call->arg[1]);
}

static long do_ced_wait(const struct call *call)
{
	unsigned long arg = (call->arg[1] & 0xff) | call->arg[2] << 8;

	return said(ioctl(file_of(call, 0), CEDIOC_WAIT_EVENT, arg));
}

/* ---- any ioctl ---- */

/* As a 32-bit program calls it; in a 64-bit one, too */
static long ioctl32(int fd, unsigned int cmd, uint32_t arg)
{
	long ret;

#ifdef __x86_64__
	asm volatile("int $0x80" : "=a"(ret) : "a"(54), "b"(fd), "c"(cmd), "d"(arg)
		     : "memory", "r8", "r9", "r10", "r11");
	ret = (int)ret;
#else
	ret = said(ioctl(fd, cmd, arg));
#endif
	return ret;
}

static long do_ioctl(const struct call *call)
{
	unsigned int cmd = _IOC(call->arg[1] & 3, call->arg[2] & 0xff,
				call->arg[3] & 0xff, call->arg[4] & 0x3fff);
	void *p = place(call->arg[5]);

	if (call->arg[6])
		return ioctl32(file_of(call, 0), cmd, (uintptr_t)p);
	return said(ioctl(file_of(call, 0), cmd, p));
}

/* ---- the table ---- */

#define CALL(name, weight, ...)	{ #name, weight, do_ ## name, { __VA_ARGS__ } }
#define A(name, kind)		{ #name, &(kind) }

const struct call_desc calls[] = {
	CALL(open, 10, A(file, FILE_), A(card, CARD), A(flags, OPEN_FLAGS)),
	CALL(close, 6, A(file, FILE_)),
	CALL(dup, 3, A(file, FILE_), A(from, FILE_), A(over, YES)),
	CALL(set_flags, 3, A(file, FILE_), A(flags, OPEN_FLAGS)),
	CALL(unshare, 1, { NULL, NULL }),
	CALL(mmap, 20, A(map, MAP), A(file, FILE_), A(buffer, BUFFER),
	     A(size, SIZE), A(prot, PROT), A(flags, MAP_FLAGS), A(offset, ZERO),
	     A(at, HINT)),
	CALL(munmap, 8, A(map, MAP), A(from, ZERO), A(size, SIZE)),
	CALL(mprotect, 5, A(map, MAP), A(from, ZERO), A(size, SIZE),
	     A(prot, PROT)),
	CALL(mremap, 6, A(to, MAP), A(map, MAP), A(from, ZERO), A(size, SIZE),
	     A(new, SIZE), A(flags, REMAP_FLAGS), A(at, HINT)),
	CALL(madvise, 4, A(map, MAP), A(from, ZERO), A(size, SIZE),
	     A(advice, ADVICE)),
	CALL(mem, 4, A(map, MAP), A(from, ZERO), A(size, SIZE),
	     A(how, MEM_CALL)),
	CALL(touch, 6, A(map, MAP), A(from, ZERO), A(size, SIZE),
	     A(write, YES)),
	CALL(store, 2, A(at, AT), A(value, NUMBER)),
	CALL(fork, 5, A(child, CHILD)),
	CALL(signal, 5, A(what, SIGNAL)),
	CALL(proc_mem, 4, A(map, MAP), A(from, ZERO), A(size, SIZE),
	     A(write, YES)),
	CALL(ptrace, 2, A(map, MAP), A(from, ZERO), A(write, YES)),
	CALL(sleep, 3, A(ms, MS)),
	CALL(write, 40, A(file, FILE_), A(text, TEXT), A(at, AT)),
	CALL(io, 10, A(file, FILE_), A(how, IO_CALL), A(at, AT), A(count, COUNT),
	     A(offset, NUMBER)),
	CALL(poll, 6, A(file, FILE_), A(how, POLL_CALL), A(events, EVENTS),
	     A(ms, MS)),
	CALL(alloc, 4, A(file, FILE_), A(size, SIZE), A(reserved, ZERO), A(at, AT)),
	CALL(free, 8, A(file, FILE_), A(buffer, BUFFER), A(reserved, ZERO),
	     A(at, AT)),
	CALL(info, 4, A(file, FILE_), A(buffer, BUFFER), A(reserved, ZERO),
	     A(at, AT)),
	CALL(start, 25, A(transfer, TRANSFER), A(file, FILE_), A(buffer, BUFFER),
	     A(flags, START_FLAGS), A(offset, ZERO), A(length, SIZE),
	     A(area, AREA), A(at, AT)),
	CALL(ring, 15, A(transfer, TRANSFER), A(file, FILE_), A(buffer, BUFFER),
	     A(flags, START_FLAGS), A(length, SIZE), A(area, AREA),
	     A(threshold, SIZE), A(at, AT)),
	CALL(stop, 8, A(transfer, TRANSFER), A(file, FILE_), A(reserved, ZERO),
	     A(at, AT)),
	CALL(status, 8, A(transfer, TRANSFER), A(file, FILE_), A(reserved, ZERO),
	     A(at, AT)),
	CALL(wait, 10, A(transfer, TRANSFER), A(file, FILE_), A(bytes, SIZE),
	     A(ms, MS), A(reserved, ZERO), A(at, AT)),
	CALL(consume, 5, A(transfer, TRANSFER), A(file, FILE_), A(bytes, SIZE),
	     A(reserved, ZERO), A(at, AT)),
	CALL(consume_all, 8, A(transfer, TRANSFER), A(file, FILE_),
	     A(part, COUNT)),
	CALL(control, 6, A(file, FILE_), A(buffer, BUFFER), A(consumed, SIZE)),
	CALL(kick, 4, A(file, FILE_)),
	CALL(claim, 4, A(file, FILE_)),
	CALL(release, 4, A(file, FILE_)),
	CALL(reset, 4, A(file, FILE_)),
	CALL(ced, 15, A(file, FILE_), A(number, PLAIN), A(arg, AREA)),
	CALL(ced_send, 10, A(file, FILE_), A(text, TEXT), A(at, AT)),
	CALL(ced_get, 4, A(file, FILE_), A(size, COUNT), A(at, AT)),
	CALL(ced_area, 20, A(file, FILE_), A(area, AREA), A(memory, MEMORY),
	     A(length, SIZE), A(circular, YES), A(to_host, YES), A(at, AT)),
	CALL(ced_event, 6, A(file, FILE_), A(area, AREA), A(start, ZERO),
	     A(length, SIZE), A(to_host, YES), A(at, AT)),
	CALL(ced_circ, 10, A(file, FILE_), A(how, CIRC), A(area, AREA),
	     A(offset, SIZE), A(size, SIZE), A(at, AT)),
	CALL(ced_test, 2, A(file, FILE_), A(at, AT)),
	CALL(ced_tx, 2, A(file, FILE_), A(at, AT)),
	CALL(ced_wait, 5, A(file, FILE_), A(area, AREA), A(ms, MS)),
	CALL(ioctl, 10, A(file, FILE_), A(dir, DIR), A(type, MAGIC),
	     A(number, COUNT), A(size, COUNT), A(at, AT), A(compat, YES)),
};

const unsigned int n_calls = LENGTH(calls);
