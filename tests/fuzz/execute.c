// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "execute.h"

#define STEP_MS		50	/* how long a call is waited for before the next */
#define END_MS		100	/* and all that have not returned, at the end */

struct slots slots;

static struct run *result;
static const struct program *current;

/* ---- memory ---- */

static uint8_t *anon, *shared, *rdonly, *arena;
static __thread sigjmp_buf fault;
static __thread volatile sig_atomic_t guarded;

static void on_fault(int sig)
{
	if (guarded)
		siglongjmp(fault, 1);
	/* A program that unmaps what it stands on ends; that is no finding */
	signal(sig, SIG_DFL);
	raise(sig);
}

/* Below 4 GiB, so that calls of both ABIs can name it; nothing lies behind it */
static uint8_t *take(size_t size, int prot, int fd)
{
	const size_t gap = 0x10000;
	uint8_t *p = mmap(NULL, size + gap, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_32BIT,
			  -1, 0);

	if (p == MAP_FAILED)
		_exit(120);
	if (prot != PROT_NONE &&
	    mmap(p, size, prot, MAP_FIXED |
		 (fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED), fd, 0) != p)
		_exit(120);
	return p;
}

static void make_memory(void)
{
	int fd = memfd_create("shared", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, SHARED_SIZE))
		_exit(120);
	anon = take(ANON_SIZE, PROT_READ | PROT_WRITE, -1);
	shared = take(SHARED_SIZE, PROT_READ | PROT_WRITE, fd);
	rdonly = take(SHARED_SIZE, PROT_READ, fd);
	arena = take(ARENA_SIZE, PROT_NONE, -1);
	close(fd);
}

/**
 * place() - the address that a WHERE stands for
 * @where:	REGION << 32 | OFFSET
 */
void *place(uint64_t where)
{
	uint32_t offset = where;
	unsigned int region = where >> 32;

	switch (region) {
	case REGION_NULL:
		return (void *)(uintptr_t)offset;
	case REGION_ANON:
		return anon + offset;
	case REGION_EDGE:
		return anon + ANON_SIZE - offset;
	case REGION_RDONLY:
		return rdonly + offset;
	case REGION_SHARED:
		return shared + offset;
	case REGION_ARENA:
		return arena + offset;
	case REGION_KERNEL:
		return (void *)((uintptr_t)-0x800000 + offset);
	case REGION_WILD:
		return (void *)((uintptr_t)0xdead000000000000ull + offset);
	}
	return slots.map[region - REGION_MAP].p + offset;
}

/* Byte by byte up to the first that faults */
static __attribute__((noinline)) void copy_bytes(volatile uint8_t *to,
						 const volatile uint8_t *from,
						 size_t n)
{
	guarded = 1;
	while (n--)
		*to++ = *from++;
	guarded = 0;
}

static bool copy(uint8_t *to, const uint8_t *from, size_t n)
{
	if (sigsetjmp(fault, 1)) {
		guarded = 0;
		return false;
	}
	copy_bytes(to, from, n);
	return true;
}

/**
 * put_at() - put an argument of a call into the program's memory
 * @where:	where; as much as can be
 * @from:	the argument
 * @n:		its size, bytes
 *
 * Return: whether all of it is there.
 */
bool put_at(uint64_t where, const void *from, size_t n)
{
	if (where >> 32 == REGION_RDONLY)
		where = WHERE(REGION_SHARED, where);
	return copy(place(where), from, n);
}

/**
 * get_from() - read what a call has written
 * @where:	where
 * @to:		where to
 * @n:		its size, bytes
 *
 * Return: whether all of it could be read.
 */
bool get_from(uint64_t where, void *to, size_t n)
{
	return copy(to, place(where), n);
}

/**
 * touch_at() - read or write a byte
 * @p:		where
 * @write:	write it
 *
 * Return: whether it is there.
 */
bool touch_at(volatile uint8_t *p, bool write)
{
	uint8_t byte = 0x5a;

	return write ? copy((uint8_t *)p, &byte, 1) :
		       copy(&byte, (const uint8_t *)p, 1);
}

/**
 * wrong() - something happened that no driver should do
 */
void wrong(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(result->wrong, sizeof(result->wrong), format, ap);
	va_end(ap);
}

/* ---- threads ---- */

static struct worker {
	pthread_t thread;
	bool exists;
	int call;		/* its number in the program; -1: idle */
} workers[THREADS];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t given = PTHREAD_COND_INITIALIZER;
static pthread_cond_t returned;

static void perform(unsigned int i)
{
	const struct call *call = &current->call[i];
	long ret = call->desc->run(call);

	/* ERESTARTSYS and its like are the kernel's own */
	if (ret <= -512 && ret >= -530)
		wrong("%s returned %ld to the program", call->desc->name, ret);
	result->error[i] = ret < 0 ? -ret : 0;
	result->done[i] = true;
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	unsigned int number = worker - workers;

	kcov_begin(number);
	pthread_mutex_lock(&lock);
	for (;;) {
		while (worker->call < 0)
			pthread_cond_wait(&given, &lock);
		pthread_mutex_unlock(&lock);
		perform(worker->call);
		kcov_fold(number, &result->coverage);
		pthread_mutex_lock(&lock);
		worker->call = -1;
		pthread_cond_signal(&returned);
	}
	return NULL;
}

/* Whether @worker, or if it is NULL all, have returned; lock is held */
static bool idle(const struct worker *worker)
{
	unsigned int i;

	if (worker)
		return worker->call < 0;
	for (i = 0; i < THREADS; i++)
		if (workers[i].call >= 0)
			return false;
	return true;
}

static bool wait_for(const struct worker *worker, unsigned int ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += ms * 1000000l;
	until.tv_sec += until.tv_nsec / 1000000000l;
	until.tv_nsec %= 1000000000l;
	while (!idle(worker))
		if (pthread_cond_timedwait(&returned, &lock, &until))
			return idle(worker);
	return true;
}

static struct worker *idle_worker(void)
{
	unsigned int i;

	for (i = 0; i < THREADS; i++)
		if (workers[i].call < 0)
			return &workers[i];
	return NULL;
}

/* A call for which there is no thread, since all sleep in others, is left out */
static void give(unsigned int call)
{
	struct worker *worker = idle_worker();

	if (!worker)
		return;
	worker->call = call;
	if (!worker->exists) {
		worker->exists = true;
		if (pthread_create(&worker->thread, NULL, work, worker))
			_exit(121);
	}
	pthread_cond_broadcast(&given);
	if (!current->call[call].goes_on)
		wait_for(worker, STEP_MS);
}

/**
 * signal_threads() - a signal to every thread that is in a call
 * @sig:	the signal
 */
void signal_threads(int sig)
{
	unsigned int i;

	for (i = 0; i < THREADS; i++)
		if (workers[i].exists &&
		    !pthread_equal(workers[i].thread, pthread_self()))
			pthread_kill(workers[i].thread, sig);
}

static void on_signal(int sig)
{
	(void)sig;
}

static void catch(int sig, void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	sigaction(sig, &action, NULL);
}

/**
 * execute() - perform a program, and end the process
 * @program:	the program
 * @run:	what it hears of it
 *
 * In a process of its own, whose rights are dropped.
 */
void execute(const struct program *program, struct run *run)
{
	pthread_condattr_t attr;
	unsigned int i;

	current = program;
	result = run;
	memset(slots.file, 0xff, sizeof(slots.file));
	for (i = 0; i < THREADS; i++)
		workers[i].call = -1;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&returned, &attr);
	make_memory();
	catch(SIGSEGV, on_fault, SA_NODEFER);
	catch(SIGBUS, on_fault, SA_NODEFER);
	catch(SIGUSR1, on_signal, 0);
	catch(SIGUSR2, on_signal, SA_RESTART);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGIO, SIG_IGN);

	pthread_mutex_lock(&lock);
	for (i = 0; i < program->n; i++)
		give(i);
	wait_for(NULL, END_MS);
	_exit(0);
}
