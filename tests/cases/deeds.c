// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What threads do to a session at the same moment; see deeds.h.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/prctl.h>

#include "deeds.h"

#include <linux/ced1401-ced.h>

#define IN_NOW	(CED1401_TO_HOST | CED1401_NOW | CED1401_CIRCULAR)
#define IN_ASK	(CED1401_TO_HOST | CED1401_ON_REQUEST)
#define PLACES	6			/* of that size, for mappings */
#define STREAM	"XFIFO,0 1,H,4,100;"

/* What the loser of a race may hear: the thing is gone, busy, or another's */
static bool explained(const struct round *r, int error)
{
	switch (error) {
	case 0:
	case ENOTTY:	/* closed */
	case ENOENT:
	case EBUSY:
	case EAGAIN:
	case EINTR:
	case ETIMEDOUT:
	case CEDERR_IN_USE:
	case CEDERR_UNLOCK:
	case CEDERR_NOT_SET:
	case CEDERR_NO_INPUT:
	case CEDERR_NO_ROOM:
		return true;
	case ENODEV:
		return r->gone_is_well;
	}
	return false;
}

void note(struct round *r, int line, int error)
{
	unsigned int none = 0;

	atomic_compare_exchange_strong(&r->odd, &none, line << 16 | error);
}

#define MAY(r, error)							\
	do {								\
		int e_ = (error);					\
									\
		if (!explained(r, e_))					\
			note(r, __LINE__, e_);				\
	} while (0)

static int failed(long result)
{
	return result < 0 ? errno : 0;
}

/* ---- what there is to do ---- */

/* And leaves something in its place, lest another thread's file gets the number */
static void closes(struct round *r)
{
	MAY(r, failed(dup2(r->nothing, r->fd)));
}

static void unmaps(struct round *r)
{
	MAY(r, failed(munmap(r->arena, SIZE)));
}

static void unmaps_half(struct round *r)
{
	MAY(r, failed(munmap(r->arena + SIZE + SIZE / 2, SIZE / 2)));
}

static void maps_over(struct round *r)
{
	void *p = mmap(r->arena, SIZE, RW, MAP_SHARED | MAP_FIXED, r->fd, 0);

	if (p == MAP_FAILED && errno != ENODEV)	/* closed */
		MAY(r, errno);
}

/* What is not mapped any more cannot be moved: EFAULT; the next three as well */
static void moves(struct round *r)
{
	void *p = mremap(r->arena, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
			 r->arena + 3 * SIZE);

	if (p == MAP_FAILED && errno != EFAULT && errno != EINVAL)
		MAY(r, errno);
}

static void doubles(struct round *r)
{
	void *p = mremap(r->arena + SIZE, 0, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
			 r->arena + 4 * SIZE);

	if (p == MAP_FAILED && errno != EFAULT && errno != EINVAL)
		MAY(r, errno);
}

static void protects(struct round *r)
{
	if (mprotect(r->arena + SIZE / 2, SIZE, PROT_READ) && errno != ENOMEM)
		MAY(r, errno);
}

static void peeks(struct round *r)
{
	char some[64];
	off_t at = (uintptr_t)r->arena + SIZE - sizeof(some) / 2;
	bool lost = pread(r->mem, some, sizeof(some), at) < 0 ||
		    pwrite(r->mem, some, sizeof(some), at) < 0;

	if (lost && errno != EIO && errno != EFAULT)
		MAY(r, errno);
}

static void frees(struct round *r)
{
	MAY(r, free_buffer(r->fd, 0));
	MAY(r, free_buffer(r->fd, 1));
}

static void starts(struct round *r)
{
	struct ced1401_start s = {
		.buffer = 1, .flags = IN_NOW, .length = SIZE,
	};

	MAY(r, call(r->fd, CED1401_IOC_START, &s));
}

static void starts_an_area(struct round *r)
{
	struct ced1401_start s = {
		.buffer = 0, .flags = IN_ASK, .length = SIZE, .area = 1,
	};

	MAY(r, call(r->fd, CED1401_IOC_START, &s));
}

static void stops(struct round *r)
{
	struct ced1401_stop s = { .id = r->ring };

	MAY(r, call(r->fd, CED1401_IOC_STOP, &s));
}

static void resets(struct round *r)
{
	MAY(r, call(r->fd, CED1401_IOC_RESET, NULL));
}

static void releases(struct round *r)
{
	MAY(r, call(r->fd, CED1401_IOC_RELEASE, NULL));
}

static void claims(struct round *r)
{
	MAY(r, call(r->fd, CED1401_IOC_CLAIM, NULL));
}

static void the_other_claims(struct round *r)
{
	MAY(r, call(r->other, CED1401_IOC_CLAIM, NULL));
}

static void sets(struct round *r, const uint8_t *memory, bool circular)
{
	struct cedioc_desc desc = {
		.address = (uintptr_t)memory, .length = SIZE, .area = 2,
		.to_host = 1,
	};
	int error = call(r->fd, circular ? CEDIOC_SET_CIRCULAR :
			 CEDIOC_SET_AREA, &desc);

	/* The memory may be gone, or may be pinned and counted already */
	if (error != CEDERR_LOCK)
		MAY(r, error);
}

static void sets_its_own_memory(struct round *r)
{
	sets(r, r->own, false);
}

static void sets_the_buffer(struct round *r)
{
	sets(r, r->arena, true);
}

static void unsets(struct round *r)
{
	MAY(r, call(r->fd, CEDIOC_UNSET_AREA, (void *)2));
}

static void resets_as_ced_does(struct round *r)
{
	MAY(r, call(r->fd, CEDIOC_FULL_RESET, NULL));
	MAY(r, call(r->fd, CEDIOC_RESET, NULL));
}

static void consumes(struct round *r)
{
	struct ced1401_consume c = { .id = r->ring, .bytes = 1 };

	/* There may be nothing yet */
	if (call(r->fd, CED1401_IOC_CONSUME, &c) && errno != EINVAL)
		MAY(r, errno);
}

/* Pages for itself alone: it stores what is true, what is not, and says so */
static void shares(struct round *r)
{
	const volatile struct ced1401_status_page *status;
	volatile struct ced1401_control_page *control;
	void *p = mmap(NULL, CED1401_STATUS_SIZE, PROT_READ, MAP_SHARED, r->fd,
		       CED1401_STATUS_OFFSET);
	void *q = mmap(NULL, CED1401_CONTROL_SIZE, RW, MAP_SHARED, r->fd,
		       CED1401_CONTROL_OFFSET);

	if (p == MAP_FAILED || q == MAP_FAILED) {
		/* What was closed is /dev/null, which cannot be mapped */
		if (errno != ENODEV)
			MAY(r, errno);
	} else {
		status = p;
		control = q;
		control->slot[1].consumed = status->slot[1].bytes;
		MAY(r, call(r->fd, CED1401_IOC_KICK, NULL));
		control->slot[1].consumed = 0x80000000 + status->slot[1].seq;
		MAY(r, call(r->fd, CED1401_IOC_KICK, NULL));
	}
	if (p != MAP_FAILED)
		munmap(p, CED1401_STATUS_SIZE);
	if (q != MAP_FAILED)
		munmap(q, CED1401_CONTROL_SIZE);
}

static void waits(struct round *r)
{
	struct ced1401_wait w = {
		.bytes = 10 * SIZE, .deadline_ns = now_ns() + 2 * MS,
	};

	MAY(r, call(r->fd, CED1401_IOC_WAIT, &w));
}

static void looks(struct round *r)
{
	struct ced1401_status s = { .id = r->ring };
	struct ced1401_buf_info i = { .buffer = 1 };

	MAY(r, call(r->fd, CED1401_IOC_STATUS, &s));
	MAY(r, call(r->fd, CED1401_IOC_BUF_INFO, &i));
	poll_for(r->fd, POLLIN | POLLPRI, 0);
}

static void reads(struct round *r)
{
	char some[64];

	MAY(r, failed(read(r->fd, some, sizeof(some))));
	MAY(r, call(r->fd, CEDIOC_GET_STRING(64), some));
}

static void writes(struct round *r)
{
	static const char some[] = "ERR;TOHOST,0,5000,0,2;TOHOST,0,9,0,1;ERR;";

	MAY(r, failed(write(r->fd, some, strlen(some))));
}

static void forks(struct round *r)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	if (pid < 0)
		note(r, __LINE__, errno);
	else
		waitpid(pid, NULL, 0);
}

deed *deeds[DEEDS] = {
	closes, unmaps, unmaps_half, maps_over, moves, doubles, protects, peeks,
	frees, starts, starts_an_area, stops, resets, releases, claims,
	the_other_claims, sets_its_own_memory, sets_the_buffer, unsets,
	resets_as_ced_does, consumes, shares, waits, looks, reads, writes,
	forks,
};

static const char *const names[DEEDS] = {
	"closes", "unmaps", "unmaps_half", "maps_over", "moves", "doubles",
	"protects", "peeks", "frees", "starts", "starts_an_area", "stops",
	"resets", "releases", "claims", "the_other_claims",
	"sets_its_own_memory", "sets_the_buffer", "unsets",
	"resets_as_ced_does", "consumes", "shares", "waits", "looks", "reads",
	"writes", "forks",
};

/* ---- a round ---- */

bool round_begins(struct round *r)
{
	struct ced1401_start s = {
		.buffer = 1, .flags = IN_NOW, .length = SIZE,
	};
	void *p, *q;

	r->fd = open(device(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
	r->other = open(device(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (r->fd < 0 || r->other < 0 || r->mem < 0)
		return false;
	p = mmap(r->arena, SIZE, RW, MAP_SHARED | MAP_FIXED, r->fd,
		 CED1401_BUF_OFFSET(0));
	q = mmap(r->arena + SIZE, SIZE, RW, MAP_SHARED | MAP_FIXED, r->fd,
		 CED1401_BUF_OFFSET(1));
	if (p == MAP_FAILED || q == MAP_FAILED ||
	    ioctl(r->fd, CED1401_IOC_START, &s) ||
	    write(r->fd, STREAM, strlen(STREAM)) != (ssize_t)strlen(STREAM))
		return false;
	sets_its_own_memory(r);
	r->ring = s.id;
	r->odd = 0;
	return true;
}

/* Back to one stretch of address space with nothing in it */
static void clear(struct round *r)
{
	mmap(r->arena, PLACES * SIZE, PROT_NONE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

void round_ends(struct round *r, uint32_t order)
{
	if (order & 1)
		close(r->fd);
	clear(r);
	if (!(order & 1))
		close(r->fd);
	close(r->other);
}

void prepare(struct round *r)
{
	r->arena = mmap(NULL, PLACES * SIZE, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	r->own = mmap(NULL, SIZE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	/* Who changed his user id may else not even look at himself */
	prctl(PR_SET_DUMPABLE, 1);
	r->mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	r->nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
}

/* ---- threads that begin at the same moment ---- */

static void *runs(void *arg)
{
	struct runner *me = arg;
	uint64_t begin;

	for (;;) {
		pthread_barrier_wait(&me->crowd->gate);
		if (!me->deed)
			return NULL;
		/* A barrier wakes one after the other: the last one says go */
		atomic_fetch_add(&me->crowd->ready, 1);
		while (atomic_load(&me->crowd->ready) < me->crowd->size)
			sched_yield();
		for (begin = now_ns(); now_ns() < begin + me->delay_ns;)
			;
		me->deed(&me->crowd->round);
		pthread_barrier_wait(&me->crowd->gate);
	}
}

void crowd_begins(struct crowd *c, unsigned int size)
{
	unsigned int i;

	c->chance = chance_seed();
	c->size = size;
	prepare(&c->round);
	pthread_barrier_init(&c->gate, NULL, size + 1);
	for (i = 0; i < size; i++) {
		c->runners[i].crowd = c;
		if (pthread_create(&c->runners[i].thread, NULL, runs,
				   &c->runners[i]))
			fail_msg("no thread");
	}
}

void crowd_ends(struct crowd *c)
{
	unsigned int i;

	for (i = 0; i < c->size; i++)
		c->runners[i].deed = NULL;
	pthread_barrier_wait(&c->gate);
	for (i = 0; i < c->size; i++)
		pthread_join(c->runners[i].thread, NULL);
	pthread_barrier_destroy(&c->gate);
	munmap(c->round.arena, PLACES * SIZE);
	munmap(c->round.own, SIZE);
	close(c->round.mem);
	close(c->round.nothing);
}

static const char *name_of(deed *deed)
{
	unsigned int i;

	for (i = 0; i < DEEDS; i++) {
		if (deeds[i] == deed)
			return names[i];
	}
	return "another deed";
}

void race(struct crowd *c, deed *deed[])
{
	struct round *r = &c->round;
	unsigned int i, odd;

	if (!round_begins(r)) {
		i = errno;
		crowd_ends(c);
		fail_msg("a round does not begin: %s", strerror(i));
	}
	for (i = 0; i < c->size; i++) {
		c->runners[i].deed = deed[i];
		/* Most at once, some a little later, into the stream */
		c->runners[i].delay_ns = below(&c->chance, 3) ? 0 :
					 below(&c->chance, 300000);
	}
	atomic_store(&c->ready, 0);
	pthread_barrier_wait(&c->gate);
	pthread_barrier_wait(&c->gate);
	round_ends(r, below(&c->chance, 2));
	odd = r->odd;
	if (!odd)
		return;
	for (i = 0; i < c->size; i++)
		print_message("# %s\n", name_of(deed[i]));
	crowd_ends(c);
	fail_msg("line %u: %s", odd >> 16, strerror(odd & 0xffff));
}
