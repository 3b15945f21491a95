// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The status pages and the control page: what they show, who may map them, a reader of a
 * ring that makes no system call, and what a program can store that makes no sense.
 *
 * The guest's card hears the recording of common.h by its own sample clock (realtime=on).
 */
#define _GNU_SOURCE
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "common.h"

#define IN_NOW	(CED1401_TO_HOST | CED1401_NOW)
#define IN_ASK	(CED1401_TO_HOST | CED1401_ON_REQUEST)
#define OUT_ASK	(CED1401_TO_1401 | CED1401_ON_REQUEST)
#define SLOW_IN	"XFIFO,0 1,H,4,200;"	/* 4 MHz / 800: 20000 bytes a second */
#define ROOM	(256 * KIB)

typedef volatile struct ced1401_slot_status slot_status;

struct pages {
	volatile struct ced1401_status_page *status;
	volatile struct ced1401_control_page *control;
};

static struct pages map_pages(int fd)
{
	struct pages p;

	p.status = mmap(NULL, CED1401_STATUS_SIZE, PROT_READ, MAP_SHARED, fd,
			CED1401_STATUS_OFFSET);
	assert_true(p.status != MAP_FAILED);
	p.control = mmap(NULL, CED1401_CONTROL_SIZE, RW, MAP_SHARED, fd,
			 CED1401_CONTROL_OFFSET);
	assert_true(p.control != MAP_FAILED);
	return p;
}

/* A slot, whole, without a system call; false: it is being written for too long */
static bool glance(slot_status *from, struct ced1401_slot_status *to)
{
	unsigned long tries;
	uint32_t seq;

	for (tries = 0; tries < 100000000; tries++) {
		seq = from->seq;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		to->id = from->id;
		to->state = from->state;
		to->error = from->error;
		to->bytes = from->bytes;
		to->position = from->position;
		to->time_ns = from->time_ns;
		to->consumed = from->consumed;
		to->lost = from->lost;
		to->length = from->length;
		to->events = from->events;
		to->stalled = from->stalled;
		to->blocks = from->blocks;
		to->refused = from->refused;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (!(seq & 1) && from->seq == seq) {
			to->seq = seq;
			return true;
		}
	}
	return false;
}

static struct ced1401_slot_status look(const struct pages *p, unsigned int n)
{
	struct ced1401_slot_status s;

	memset(&s, 0, sizeof(s));
	assert_true(glance(&p->status->slot[n], &s));
	return s;
}

static void store(const struct pages *p, unsigned int n, uint64_t consumed)
{
	__atomic_store_n(&p->control->slot[n].consumed, (uint32_t)consumed,
			 __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* What the page shows is what STATUS tells; nothing moves meanwhile */
static void assert_shown(int fd, const struct pages *p, uint32_t id)
{
	struct ced1401_slot_status s;
	struct ced1401_status want;

	status(fd, id);			/* its news are told with this, */
	want = status(fd, id);		/* and the page knows that they are */
	s = look(p, want.buffer);
	assert_int_equal(s.id, id);
	assert_int_equal(s.state, want.state);
	assert_int_equal(s.error, want.error);
	assert_int_equal(s.bytes, want.bytes);
	assert_int_equal(s.position, want.position);
	assert_int_equal(s.consumed, want.consumed);
	assert_int_equal(s.lost, want.lost);
	assert_int_equal(s.length, want.length);
	assert_int_equal(s.blocks, want.blocks);
	assert_int_equal(s.refused, want.refused);
	assert_int_equal(s.events, 0);
	assert_int_equal(want.events, 0);
	assert_true(s.time_ns <= now_ns());
}

static bool comes(const struct pages *p, unsigned int n, int ms,
		  bool (*is)(const struct ced1401_slot_status *s))
{
	uint64_t end = now_ns() + ms * MS * slow();

	do {
		struct ced1401_slot_status s = look(p, n);

		if (is(&s))
			return true;
		sleep_ms(1);
	} while (now_ns() < end);
	return false;
}

static bool is_stalled(const struct ced1401_slot_status *s)
{
	return s->stalled;
}

static bool is_not_stalled(const struct ced1401_slot_status *s)
{
	return !s->stalled;
}

static bool is_armed(const struct ced1401_slot_status *s)
{
	return s->state == CED1401_STATE_ARMED;
}

static bool has_a_block(const struct ced1401_slot_status *s)
{
	return s->blocks;
}

/* -------------------------------------------------------------------- mapping */

static void only_such_mappings_are_made(void **state)
{
	const uint32_t from = CED1401_STATUS_OFFSET, ours = CED1401_CONTROL_OFFSET;
	int fd = open_session(0);
	int reader = open_session(O_RDONLY | O_RDONLY_ONLY);
	struct pages p;
	void *page;

	(void)state;
	assert_int_equal(map_error(fd, from, CED1401_STATUS_SIZE + PAGE, PROT_READ,
				   MAP_SHARED), EINVAL);
	assert_int_equal(map_error(fd, ours, CED1401_CONTROL_SIZE + PAGE, RW,
				   MAP_SHARED), EINVAL);
	assert_int_equal(map_error(fd, from + PAGE, PAGE, PROT_READ, MAP_SHARED),
			 EINVAL);
	assert_int_equal(map_error(fd, ours + PAGE, PAGE, RW, MAP_SHARED), EINVAL);
	assert_int_equal(map_error(fd, 0x7d000000, PAGE, RW, MAP_SHARED), EINVAL);
	assert_int_equal(map_error(fd, 0x40000000, PAGE, RW, MAP_SHARED), EINVAL);
	assert_int_equal(map_error(fd, from, PAGE, PROT_READ, MAP_PRIVATE), EINVAL);
	assert_int_equal(map_error(fd, ours, PAGE, RW, MAP_PRIVATE), EINVAL);
	assert_int_equal(map_error(fd, from, PAGE, PROT_READ | PROT_EXEC,
				   MAP_SHARED), EPERM);
	/* Nobody but the kernel writes what it tells */
	assert_int_equal(map_error(fd, from, PAGE, RW, MAP_SHARED), EACCES);
	assert_int_equal(map_error(fd, from, PAGE, PROT_WRITE, MAP_SHARED), EACCES);
	p = map_pages(fd);
	assert_int_equal(mprotect((void *)p.status, PAGE, RW), -1);
	assert_int_equal(errno, EACCES);
	assert_int_equal(mprotect((void *)p.control, PAGE, RW | PROT_EXEC), -1);
	assert_true(mremap((void *)p.status, PAGE, CED1401_STATUS_SIZE + 2 * PAGE,
			   MREMAP_MAYMOVE) == MAP_FAILED);
	/* Who may only read may look */
	assert_int_equal(map_error(reader, from, CED1401_STATUS_SIZE, PROT_READ,
				   MAP_SHARED), 0);
	assert_int_equal(map_error(reader, ours, PAGE, PROT_READ, MAP_SHARED), 0);
	assert_int_equal(map_error(reader, ours, PAGE, RW, MAP_SHARED), EACCES);
	assert_int_equal(call(reader, CED1401_IOC_KICK, NULL), EACCES);
	/* Part of them, and again: it is the same memory */
	page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, ours);
	assert_true(page != MAP_FAILED);
	store(&p, 0, 0x12345678);
	assert_int_equal(*(uint32_t *)page, 0x12345678);
}

/* Who looks from outside sees each page where it is mapped, and nothing beyond */
static void a_debugger_reads_what_is_mapped(void **state)
{
	int fd = open_session(0), mem = open("/proc/self/mem", O_RDWR);
	uint8_t got[100], *place;
	uint32_t *control;

	(void)state;
	assert_true(mem >= 0);
	/* The first page of the status pages; behind it another's memory */
	place = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(place != MAP_FAILED);
	fill(place + PAGE, PAGE, 3);
	assert_true(mmap(place, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd,
			 CED1401_STATUS_OFFSET) == place);
	map_buffer(fd, 0, PAGE);
	start(fd, 0, IN_ASK, 0, 1000, 0);
	assert_int_equal(pread64(mem, got, 100, (uintptr_t)place), 100);
	assert_same(got, place, 100);
	assert_int_equal(pread64(mem, got, 100, (uintptr_t)place + PAGE - 50), 100);
	assert_same(got, place + PAGE - 50, 100);
	/* Nor does anybody but the program write what it has consumed */
	control = mmap(NULL, PAGE, RW, MAP_SHARED, fd, CED1401_CONTROL_OFFSET);
	assert_true(control != MAP_FAILED);
	control[0] = 1401;
	assert_int_equal(pread64(mem, got, 4, (uintptr_t)control), 4);
	assert_int_equal(*(uint32_t *)got, 1401);
	assert_int_equal(pwrite64(mem, got, 4, (uintptr_t)control), -1);
	assert_int_equal(pwrite64(mem, got, 4, (uintptr_t)place), -1);
	close(mem);
}

static void they_begin_as_zeros_and_are_nobody_elses(void **state)
{
	int fd = open_session(0), other = open_session(0);
	struct pages p = map_pages(fd), q = map_pages(other);
	uint32_t id;

	(void)state;
	assert_all((uint8_t *)(uintptr_t)p.status, CED1401_STATUS_SIZE, 0);
	assert_all((uint8_t *)(uintptr_t)p.control, CED1401_CONTROL_SIZE, 0);
	map_buffer(fd, 0, PAGE);
	map_buffer(fd, 63, PAGE);
	id = start(fd, 0, IN_ASK, 0, 1000, 0);
	start_ring(fd, 63, IN_ASK, 0, 1000, 7, 0);
	to_host(fd, 0, 0, 100, 0);
	wait_blocks(fd, id, 1, 5000);
	store(&p, 63, 77);
	assert_shown(fd, &p, id);
	assert_int_equal(look(&p, 63).id, id + 1);
	/* What lies between is as it was */
	assert_all((uint8_t *)(uintptr_t)&p.status->slot[1],
		   62 * sizeof(p.status->slot[0]), 0);
	assert_all((uint8_t *)(uintptr_t)q.status, CED1401_STATUS_SIZE, 0);
	assert_all((uint8_t *)(uintptr_t)q.control, CED1401_CONTROL_SIZE, 0);
	/* Not even the reserved words are told the other program */
	assert_int_equal(p.control->slot[63].consumed, 77);
}

static void a_page_outlives_its_descriptor(void **state)
{
	int fd = open_session(0), pipe_fd[2];
	struct pages p = map_pages(fd);
	uint32_t id;
	pid_t pid;

	(void)state;
	make_pipe(pipe_fd);
	map_buffer(fd, 0, PAGE);
	id = start(fd, 0, IN_NOW, 0, PAGE, 0);
	say(fd, SLOW_IN);
	wait_end(fd, id, 10000);
	close(fd);
	assert_int_equal(look(&p, 0).id, id);
	assert_int_equal(look(&p, 0).state, CED1401_STATE_DONE);
	assert_int_equal(look(&p, 0).bytes, PAGE);
	/* The child of a program has them, too, and its exec or end is nothing */
	pid = fork();
	if (!pid) {
		child_check(p.status->slot[0].id == id);
		p.control->slot[0].consumed = 5;
		_exit(0);
	}
	assert_child_well(pid);
	assert_int_equal(p.control->slot[0].consumed, 5);
	unmap((void *)p.control, CED1401_CONTROL_SIZE);
	unmap((void *)(p.status), PAGE);
	assert_int_equal(*(volatile uint32_t *)((uintptr_t)p.status + PAGE), 0);
}

/* --------------------------------------------------------------------- status */

static void they_show_what_status_tells(void **state)
{
	int fd = open_session(0);
	struct pages p = map_pages(fd);
	uint32_t id, before;

	(void)state;
	map_buffer(fd, 3, ROOM);
	/* A stream to its end */
	id = start(fd, 3, IN_NOW, 0, 3000, 0);
	assert_int_equal(look(&p, 3).id, id);
	assert_int_equal(look(&p, 3).state, CED1401_STATE_RUNNING);
	assert_int_equal(look(&p, 3).length, 3000);
	say(fd, SLOW_IN);
	wait_end(fd, id, 10000);
	assert_int_equal(look(&p, 3).state, CED1401_STATE_DONE);
	assert_int_equal(look(&p, 3).bytes, 3000);
	assert_true(look(&p, 3).events & CED1401_EVENT_END);
	assert_shown(fd, &p, id);
	assert_int_equal(call(fd, CED1401_IOC_RESET, NULL), 0);
	/* Blocks, one refused, one that breaks off; and an older one behind it */
	before = id;
	id = start(fd, 3, IN_ASK, 100, 5000, 1);
	assert_int_equal(look(&p, 3).id, id);
	assert_int_equal(look(&p, 3).state, CED1401_STATE_ARMED);
	assert_int_equal(status(fd, before).bytes, 3000);
	assert_int_equal(look(&p, 3).id, id);
	to_host(fd, 1, 0, 600, 40);
	assert_true(comes(&p, 3, 5000, has_a_block));
	assert_true(look(&p, 3).events & CED1401_EVENT_BLOCK);
	assert_shown(fd, &p, id);
	assert_int_equal(look(&p, 3).position, 640);
	say(fd, "TOHOST,0,600,4900,1;");
	assert_true(poll_for(fd, POLLPRI, 5000) & POLLPRI);
	assert_int_equal(look(&p, 3).refused, 1);
	assert_shown(fd, &p, id);
	expect(fd, "ERR;", "10,0");	/* of the one that was refused */
	stop(fd, id);
	assert_int_equal(look(&p, 3).state, CED1401_STATE_FAILED);
	assert_int_equal(look(&p, 3).error, -ECANCELED);
	assert_shown(fd, &p, id);
	/* A ring */
	id = start_ring(fd, 3, IN_ASK, 0, 1000, 0, 0);
	assert_int_equal(look(&p, 3).error, 0);
	to_host(fd, 0, 0, 600, 0);
	wait_blocks(fd, id, 1, 5000);
	consume(fd, id, 200);
	assert_int_equal(look(&p, 3).consumed, 200);
	assert_shown(fd, &p, id);
	/* Its memory goes, and with it the transfer */
	assert_int_equal(free_buffer(fd, 3), 0);
	assert_int_equal(look(&p, 3).state, CED1401_STATE_FAILED);
	assert_int_equal(look(&p, 3).error, -ECANCELED);
	assert_shown(fd, &p, id);
}

static void what_runs_already_is_shown_from_the_first_mapping_on(void **state)
{
	int fd = open_session(0);
	struct pages p;
	uint32_t id, ring;
	uint64_t was;

	(void)state;
	map_buffer(fd, 0, ROOM);
	map_buffer(fd, 1, ROOM);
	id = start(fd, 1, IN_NOW, 0, 128 * KIB, 0);
	ring = start_ring(fd, 0, IN_ASK, 0, 1000, 0, 0);
	say(fd, SLOW_IN);
	wait_bytes(fd, id, 2000, 10000);
	p = map_pages(fd);
	assert_int_equal(look(&p, 0).id, ring);
	assert_int_equal(look(&p, 1).id, id);
	/* It is seen to move, by nobody's call */
	was = look(&p, 1).bytes;
	sleep_ms(400 * slow());
	assert_true(look(&p, 1).bytes > was);
	was = look(&p, 1).bytes;
	assert_true(status(fd, id).bytes >= was);
	stop(fd, id);
}

/* Progress never goes back, and STATUS, WAIT and the page tell one story */
static void what_is_shown_goes_only_forward(void **state)
{
	static const struct {
		uint32_t flags, length;
	} kinds[] = {
		{ IN_NOW, 20 * KIB },				/* in pieces or one */
		{ IN_NOW | CED1401_CIRCULAR, 16 * KIB },	/* by itself */
		{ IN_NOW | CED1401_CIRCULAR, 200 * KIB },	/* over an edge */
	};
	int fd = open_session(0);
	struct pages p = map_pages(fd);
	unsigned int i;

	(void)state;
	map_buffer(fd, 0, ROOM);
	for (i = 0; i < LENGTH(kinds); i++) {
		struct ced1401_slot_status s, before = { 0 };
		uint64_t told = 0, end = now_ns() + SECOND * slow();
		unsigned int steps = 0, calls = 0;
		struct ced1401_start st = {
			.flags = kinds[i].flags, .length = kinds[i].length,
			/* Over the edge of a DMA page, by an odd way */
			.offset = i == 1 ? 0 : 50000,
		};

		assert_int_equal(call(fd, CED1401_IOC_START, &st), 0);
		say(fd, SLOW_IN);
		while (now_ns() < end) {
			s = look(&p, 0);
			assert_true(s.bytes >= before.bytes);
			assert_true(s.bytes >= told);
			assert_true(s.time_ns >= before.time_ns);
			assert_int_equal(s.position, s.length && s.bytes >= s.length &&
					 st.flags & CED1401_CIRCULAR ?
					 s.bytes % s.length : s.bytes);
			steps += s.bytes > before.bytes;
			before = s;
			if (steps > calls * 2) {
				told = status(fd, st.id).bytes;
				assert_true(told >= s.bytes);
				calls++;
			}
		}
		assert_true(steps > 5);
		stop(fd, st.id);
		assert_shown(fd, &p, st.id);
		assert_int_equal(call(fd, CED1401_IOC_RESET, NULL), 0);
	}
}

/* ------------------------------------------------- a reader without system calls */

struct result {
	volatile uint64_t read;
	volatile uint32_t wrong;
	volatile uint32_t done;
};

/*
 * In SECCOMP_MODE_STRICT: whatever call it made but exit would kill it. It reads what
 * the status page says is there and says so in the control page.
 */
static void read_silently(const struct pages *p, const uint8_t *ring,
			  uint32_t length, const uint8_t *heard, uint64_t first,
			  uint64_t want, struct result *result)
{
	struct ced1401_slot_status s;
	uint64_t at = 0;

	prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
	while (at < want) {
		if (!glance(&p->status->slot[0], &s) ||
		    s.state != CED1401_STATE_RUNNING) {
			result->wrong = 2;
			break;
		}
		for (; at < s.bytes; at++)
			if (ring[at % length] !=
			    heard[(first + at) % (FRAMES * FRAME)])
				result->wrong = 1;
		__atomic_store_n(&p->control->slot[0].consumed, (uint32_t)at,
				 __ATOMIC_RELEASE);
		result->read = at;
	}
	result->done = 1;
	syscall(SYS_exit, 0);
}

static void a_ring_is_read_without_a_system_call(void **state)
{
	static const uint32_t lengths[] = { 16 * KIB, 64 * KIB, 100000 };
	const uint8_t *heard = recording();
	int fd = open_session(0);
	const uint8_t *memory = map_buffer(fd, 0, ROOM);
	struct pages p = map_pages(fd);
	unsigned int i;

	(void)state;
	for (i = 0; i < LENGTH(lengths); i++) {
		const uint64_t want = 60000;
		struct result *result = mmap(NULL, PAGE, RW, MAP_SHARED |
					     MAP_ANONYMOUS, -1, 0);
		uint64_t first = (uint64_t)next_scan(fd) * FRAME;
		struct ced1401_status s;
		uint32_t id;
		pid_t pid;
		int how;

		id = start_ring(fd, 0, IN_NOW, 0, lengths[i], 0, 0);
		say(fd, SLOW_IN);
		pid = fork();
		if (!pid)
			read_silently(&p, memory, lengths[i], heard, first, want,
				      result);
		assert_int_equal(waitpid(pid, &how, 0), pid);
		assert_true(WIFEXITED(how));
		assert_int_equal(WEXITSTATUS(how), 0);
		assert_true(result->done);
		assert_true(result->read >= want);
		stop(fd, id);
		s = status(fd, id);
		/* What was lost behind its last look is told by now */
		if (!s.lost)
			assert_int_equal(result->wrong, 0);
		else
			printf("# the guest was late: %llu bytes lost\n",
			       (unsigned long long)s.lost);
		/* What it stored counts */
		assert_true(s.consumed >= want);
		assert_int_equal(s.consumed, result->read);
		assert_int_equal(call(fd, CED1401_IOC_RESET, NULL), 0);
		unmap(result, PAGE);
	}
}

/* --------------------------------------------------------- what a program stores */

static void room_is_made_by_a_store_and_a_kick(void **state)
{
	const uint32_t length = 1000;
	int fd = open_session(0);
	struct pages p = map_pages(fd);
	uint8_t *memory = map_buffer(fd, 0, PAGE), want[4 * KIB];
	uint32_t id, out, i;

	(void)state;
	fill(memory + length, 2000, 5);
	memcpy(want, memory + length, 2000);
	out = start(fd, 0, OUT_ASK, length, 2000, 1);
	to_1401(fd, 1, 0, 2000, 0);
	wait_blocks(fd, out, 1, 5000);
	id = start_ring(fd, 0, IN_ASK, 0, length, 0, 0);
	assert_int_equal(call(fd, CED1401_IOC_KICK, NULL), 0);
	to_host(fd, 0, 0, 600, 0);
	wait_blocks(fd, id, 1, 5000);
	assert_false(look(&p, 0).stalled);
	for (i = 1; i <= 6; i++) {
		uint64_t at = 600ull * (i - 1);

		/* 400 are free: the next block must wait, and says so */
		say(fd, "TOHOST,%u,600,0,0;", i % 2 * 600);
		assert_true(comes(&p, 0, 5000, is_stalled));
		assert_int_equal(look(&p, 0).state, CED1401_STATE_WAITING);
		/* Nothing but room helps */
		assert_int_equal(call(fd, CED1401_IOC_KICK, NULL), 0);
		assert_true(look(&p, 0).stalled);
		store(&p, 0, at + 100);
		assert_int_equal(call(fd, CED1401_IOC_KICK, NULL), 0);
		assert_int_equal(look(&p, 0).consumed, at + 100);
		assert_true(look(&p, 0).stalled);
		store(&p, 0, at + 600);
		/* Every other time nobody says so: the tick looks */
		if (i % 2)
			assert_int_equal(call(fd, CED1401_IOC_KICK, NULL), 0);
		assert_true(comes(&p, 0, 5000, is_not_stalled));
		assert_true(comes(&p, 0, 5000, is_armed));
		assert_int_equal(look(&p, 0).bytes, 600 * (i + 1));
		assert_int_equal(look(&p, 0).consumed, at + 600);
		assert_int_equal(look(&p, 0).lost, 0);
	}
	assert_shown(fd, &p, id);
	/* The last block, over the ring's end */
	for (i = 0; i < 600; i++)
		assert_int_equal(memory[(3600 + i) % length], want[i]);
	assert_well(fd);
}

static void a_store_that_makes_no_sense_is_none(void **state)
{
	const uint32_t length = 1000;
	uint32_t chance = chance_seed(), i, id;
	int fd = open_session(0);
	struct pages p = map_pages(fd);

	(void)state;
	map_buffer(fd, 0, PAGE);
	id = start_ring(fd, 0, IN_ASK, 0, length, 0, 0);
	to_host(fd, 0, 0, 700, 0);
	wait_blocks(fd, id, 1, 5000);
	store(&p, 0, 300);
	assert_int_equal(status(fd, id).consumed, 300);
	/* More than has moved; less than was consumed; anything */
	store(&p, 0, 701);
	assert_int_equal(status(fd, id).consumed, 300);
	store(&p, 0, 299);
	assert_int_equal(status(fd, id).consumed, 300);
	store(&p, 0, 0xffffffff);
	assert_int_equal(status(fd, id).consumed, 300);
	for (i = 0; i < 1000; i++) {
		/* Beyond what there is: a hostile store that makes sense is one's own loss */
		store(&p, 0, 701 + below(&chance, 0xfffffc00));
		if (i % 3 == 0)
			assert_int_equal(call(fd, CED1401_IOC_KICK, NULL), 0);
		assert_int_equal(status(fd, id).consumed, 300);
	}
	say(fd, "TOHOST,0,700,0,0;");		/* waits for room */
	assert_true(comes(&p, 0, 5000, is_stalled));
	store(&p, 0, 1401);
	assert_int_equal(call(fd, CED1401_IOC_KICK, NULL), 0);
	assert_true(look(&p, 0).stalled);
	/* Then what is true counts */
	store(&p, 0, 700);
	assert_int_equal(call(fd, CED1401_IOC_KICK, NULL), 0);
	assert_true(comes(&p, 0, 5000, is_armed));
	assert_int_equal(status(fd, id).consumed, 700);
	assert_int_equal(status(fd, id).bytes, 1400);
	assert_int_equal(status(fd, id).lost, 0);
	/* Words of slots without a ring, and the reserved ones, mean nothing */
	for (i = 0; i < CED1401_CONTROL_SIZE / 4; i++)
		if (i)
			((volatile uint32_t *)p.control)[i] = 0xdeadbeef + i;
	assert_int_equal(status(fd, id).consumed, 700);
	assert_well(fd);
}

static void consume_and_stores_go_together(void **state)
{
	int fd = open_session(0);
	struct pages p = map_pages(fd);
	struct ced1401_consume c;
	uint32_t id;

	(void)state;
	map_buffer(fd, 0, PAGE);
	id = start_ring(fd, 0, IN_ASK, 0, 1000, 0, 0);
	to_host(fd, 0, 0, 900, 0);
	wait_blocks(fd, id, 1, 5000);
	store(&p, 0, 100);
	c = consume(fd, id, 200);		/* the store came before */
	assert_int_equal(c.consumed, 300);
	assert_int_equal(p.control->slot[0].consumed, 300);
	store(&p, 0, 450);
	assert_int_equal(consume(fd, id, 0).consumed, 450);
	assert_int_equal(consume_error(fd, id, 451, NULL), EINVAL);
	stop(fd, id);
	/* What is over can be consumed, too */
	store(&p, 0, 900);
	assert_int_equal(status(fd, id).consumed, 900);
	/* The next ring on this buffer begins anew, whatever the word was */
	id = start_ring(fd, 0, IN_ASK, 0, 1000, 0, 0);
	assert_int_equal(p.control->slot[0].consumed, 0);
	assert_int_equal(look(&p, 0).consumed, 0);
	to_host(fd, 0, 0, 900, 0);
	wait_blocks(fd, id, 1, 5000);
	assert_int_equal(status(fd, id).consumed, 0);
	/* Two on one buffer: the pages are about the newer one */
	c.consumed = start_ring(fd, 0, IN_ASK, 1000, 1000, 1, 0);
	assert_int_equal(look(&p, 0).id, c.consumed);
	to_host(fd, 1, 0, 500, 0);
	wait_blocks(fd, c.consumed, 1, 5000);
	store(&p, 0, 500);
	assert_int_equal(status(fd, id).consumed, 0);
	assert_int_equal(status(fd, c.consumed).consumed, 500);
	assert_int_equal(consume(fd, id, 900).consumed, 900);
	assert_int_equal(p.control->slot[0].consumed, 500);
}

/* A reader that is too slow is told so, and never of too little */
static void what_is_lost_is_shown(void **state)
{
	const uint32_t length = 4 * KIB;
	int fd = open_session(0);
	struct pages p = map_pages(fd);
	struct ced1401_slot_status s;
	struct ced1401_status told;
	uint64_t moved, taken;
	uint32_t id;

	(void)state;
	map_buffer(fd, 0, ROOM);
	id = start_ring(fd, 0, IN_NOW, 0, length, 0, 0);
	say(fd, SLOW_IN);
	moved = wait_bytes(fd, id, 3 * length, 10000).moved;
	s = look(&p, 0);
	assert_true(s.lost >= 2 * length);
	assert_true(s.events & CED1401_EVENT_OVERRUN);
	assert_int_equal(s.lost, s.bytes - length);
	/* It takes all that there is; of this the oldest were gone over */
	store(&p, 0, moved);
	told = status(fd, id);
	assert_int_equal(told.consumed, moved);
	assert_true(told.lost >= moved - length);
	assert_true(told.lost <= told.bytes - length);
	taken = told.lost;
	/* In time: nothing more is lost */
	while (look(&p, 0).bytes < moved + 2 * length) {
		store(&p, 0, look(&p, 0).bytes);
		sleep_ms(5);
	}
	s = look(&p, 0);
	told = status(fd, id);
	assert_int_equal(told.state, CED1401_STATE_RUNNING);
	if (s.lost != taken)
		printf("# the guest was late\n");
	assert_in_range(told.lost, taken, told.bytes);
	stop(fd, id);
	assert_shown(fd, &p, id);
}

/* A ring of 1000 bytes on buffer 0 that holds 500, and whose threshold is 300 */
static uint32_t ring_with_500(int fd)
{
	uint32_t id = start_ring(fd, 0, IN_ASK, 0, 1000, 0, 300);

	to_host(fd, 0, 0, 500, 0);
	wait_blocks(fd, id, 1, 5000);
	return id;
}

/* A threshold counts from what was stored */
static void poll_knows_what_was_stored(void **state)
{
	int fd = open_session(0);
	struct pages p = map_pages(fd);

	(void)state;
	map_buffer(fd, 0, PAGE);
	ring_with_500(fd);
	assert_true(poll_for(fd, POLLRDBAND, 0) & POLLRDBAND);
	store(&p, 0, 201);
	assert_int_equal(poll_for(fd, POLLRDBAND, 0) & POLLRDBAND, 0);
	to_host(fd, 0, 0, 1, 0);
	assert_true(poll_for(fd, POLLRDBAND, 5000) & POLLRDBAND);
}

/* Also when it is about another ring by then: nothing is left to be told of the first */
static void a_store_counts_although_the_next_ring_has_begun(void **state)
{
	int fd = open_session(0);
	struct pages p = map_pages(fd);
	uint32_t id, next;

	(void)state;
	map_buffer(fd, 0, PAGE);
	id = ring_with_500(fd);
	stop(fd, id);
	assert_true(poll_for(fd, POLLRDBAND, 0) & POLLRDBAND);
	store(&p, 0, 500);
	next = start_ring(fd, 0, IN_ASK, 1000, 1000, 0, 300);
	assert_int_equal(poll_for(fd, POLLRDBAND, 0) & POLLRDBAND, 0);
	assert_int_equal(p.control->slot[0].consumed, 0);
	assert_int_equal(status(fd, id).consumed, 500);
	assert_int_equal(status(fd, next).consumed, 0);
	to_host(fd, 0, 0, 400, 0);
	assert_true(poll_for(fd, POLLRDBAND, 5000) & POLLRDBAND);
	store(&p, 0, 400);
	assert_int_equal(poll_for(fd, POLLRDBAND, 0) & POLLRDBAND, 0);
}

/* What was not read of a ring can be read of its memory; FREE takes that */
static void a_ring_without_a_buffer_has_nothing_for_poll(void **state)
{
	int fd = open_session(0);
	uint32_t id;

	(void)state;
	map_buffer(fd, 0, PAGE);
	id = ring_with_500(fd);
	stop(fd, id);
	assert_true(poll_for(fd, POLLRDBAND, 0) & POLLRDBAND);
	assert_int_equal(free_buffer(fd, 0), 0);
	assert_int_equal(poll_for(fd, POLLRDBAND, 0) & POLLRDBAND, 0);
	assert_int_equal(status(fd, id).bytes, 500);
}

/* Whoever maps the page when a request waits for room already sees that it does */
static void a_request_that_waits_already_is_shown_to_wait(void **state)
{
	int fd = open_session(0);
	uint64_t end = now_ns() + 5 * slow() * SECOND;
	struct pages p;
	uint32_t id;

	(void)state;
	map_buffer(fd, 0, PAGE);
	id = start_ring(fd, 0, IN_ASK, 0, 1000, 0, 0);
	to_host(fd, 0, 0, 700, 0);
	wait_blocks(fd, id, 1, 5000);
	say(fd, "TOHOST,0,700,0,0;");
	while (status(fd, id).state != CED1401_STATE_WAITING)
		assert_true(now_ns() < end);
	p = map_pages(fd);
	assert_true(look(&p, 0).stalled);
	store(&p, 0, 700);
	assert_int_equal(call(fd, CED1401_IOC_KICK, NULL), 0);
	assert_true(comes(&p, 0, 5000, is_armed));
	assert_int_equal(status(fd, id).bytes, 1400);
}

/* Also where an old transfer goes on, and places of ids were passed over for it */
static void at_the_first_mapping_a_slot_is_the_newest(void **state)
{
	int fd = open_session(0);
	uint32_t old, id, other;
	struct pages p;

	(void)state;
	map_buffer(fd, 0, PAGE);
	map_buffer(fd, 1, PAGE);
	old = start(fd, 0, IN_ASK, 0, PAGE, 0);
	do {
		id = start(fd, 0, IN_ASK, 0, PAGE, 1);
		stop(fd, id);
	} while (id != old + CED1401_TRANSFERS - 1);
	other = start(fd, 1, IN_ASK, 0, PAGE, 2);
	assert_true(other > old + CED1401_TRANSFERS);
	p = map_pages(fd);
	assert_int_equal(look(&p, 0).id, id);
	assert_int_equal(look(&p, 1).id, other);
}

static const struct CMUnitTest tests[] = {
	TEST(only_such_mappings_are_made),
	TEST(a_debugger_reads_what_is_mapped),
	TEST(they_begin_as_zeros_and_are_nobody_elses),
	TEST(a_page_outlives_its_descriptor),
	TEST(they_show_what_status_tells),
	TEST(what_runs_already_is_shown_from_the_first_mapping_on),
	TEST(what_is_shown_goes_only_forward),
	TEST(a_ring_is_read_without_a_system_call),
	TEST(room_is_made_by_a_store_and_a_kick),
	TEST(a_store_that_makes_no_sense_is_none),
	TEST(consume_and_stores_go_together),
	TEST(what_is_lost_is_shown),
	TEST(poll_knows_what_was_stored),
	TEST(a_store_counts_although_the_next_ring_has_begun),
	TEST(a_ring_without_a_buffer_has_nothing_for_poll),
	TEST(a_request_that_waits_already_is_shown_to_wait),
	TEST(at_the_first_mapping_a_slot_is_the_newest),
};

int main(void)
{
	return RUN(tests);
}
