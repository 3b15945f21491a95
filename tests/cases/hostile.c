// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A card, a cable or a 1401 that is broken, or means harm: the faults of qemu/fault.c,
 * one after the other. Whoever uses it hears a clear error in bounded time, everybody
 * else goes on, no byte outside a buffer changes, and all works again when the fault
 * goes. The sessions are an unprivileged user's; root's hands, in between, switch the
 * faults and look at the memory. The cards have realtime=on.
 */
#define _GNU_SOURCE
#include "common.h"

#include <linux/ced1401-ced.h>

#define OUT_ASK	(CED1401_TO_1401 | CED1401_ON_REQUEST)
#define IN_ASK	(CED1401_TO_HOST | CED1401_ON_REQUEST)
#define IN_NOW	(CED1401_TO_HOST | CED1401_NOW)
#define OUT_NOW	(CED1401_TO_1401 | CED1401_NOW)
#define SLOW_IN	"XFIFO,0 1,H,4,200;"	/* 20000 bytes a second */
#define SLOW_OUT "XFOUT,0 1,H,4,200;"

#define SIZE	(200 * KIB)	/* more than one DMA page of either channel */
#define AFTER	70001		/* fault-after: in the second page of an 8-bit one */
#define MOVED	70000		/* what moves then */
#define TRIP	(150 * KIB)	/* there and back through the 1401's memory */
#define STALL_MS 5000		/* a block that stands still has so long */
#define LATE_MS	20000		/* later than any error may come on a slow machine */

static void set_fault(const char *name, unsigned int after)
{
	set_card_number("fault-after", after);
	set_card_text("fault", name);
}

static int begins(void **state)
{
	set_card_text("fault", "none");
	set_card_property("power", true);
	set_card_property("cable", true);
	sleep_ms(300);
	become_user();
	return test_begins(state);
}

#define HOSTILE_TEST(f)	cmocka_unit_test_setup_teardown(f, begins, test_ends)

/* ---------------------------------------------------------- all is well again */

/* Without cmocka, so that a child may do it too: NULL, or what went wrong */
static const char *trip(int fd, uint8_t *p, uint8_t *q)
{
	struct ced1401_start out = { .buffer = 60, .flags = OUT_ASK,
				     .length = TRIP, .area = 6 };
	struct ced1401_start in = { .buffer = 61, .flags = IN_ASK,
				    .length = TRIP, .area = 7 };
	struct ced1401_stop stop = { 0 };
	char text[100], line[100];
	size_t n, heard = 0;

	fill(p, TRIP, now_ns() / 1000);
	memset(q, 0, TRIP);
	if (ioctl(fd, CED1401_IOC_START, &out) ||
	    ioctl(fd, CED1401_IOC_START, &in))
		return "START";
	n = snprintf(text, sizeof(text),
		     "TO1401,0,%u,0,6;TOHOST,0,%u,0,7;ERR;", TRIP, TRIP);
	if (write(fd, text, n) != (ssize_t)n)
		return "write";
	do {
		if (!(poll_for(fd, POLLIN, LATE_MS) & POLLIN) ||
		    read(fd, line + heard, 1) != 1)
			return "no reply";
	} while (line[heard] != '\r' && ++heard < sizeof(line));
	if (strncmp(line, "0,0\r", 4))
		return "an error of the 1401";
	stop.id = out.id;
	if (ioctl(fd, CED1401_IOC_STOP, &stop))
		return "STOP";
	stop.id = in.id;
	if (ioctl(fd, CED1401_IOC_STOP, &stop) || stop.bytes != TRIP)
		return "STOP of what comes back";
	return memcmp(p, q, TRIP) ? "the data" : NULL;
}

/* Memory for it, which stays with the session */
static const char *try_trip(int fd)
{
	uint8_t *p = mmap(NULL, TRIP, RW, MAP_SHARED, fd, CED1401_BUF_OFFSET(60));
	uint8_t *q = mmap(NULL, TRIP, RW, MAP_SHARED, fd, CED1401_BUF_OFFSET(61));
	const char *trouble = "mmap";

	if (p != MAP_FAILED && q != MAP_FAILED)
		trouble = trip(fd, p, q);
	munmap(p, TRIP);
	munmap(q, TRIP);
	return trouble;
}

static void works(int fd)
{
	const char *trouble = try_trip(fd);

	if (trouble)
		fail_msg("the whole way there and back: %s (%s)", trouble,
			 strerror(errno));
}

/* The fault goes; what the 1401 has to say of it is of no interest */
static void over(int fd)
{
	char line[100];

	set_fault("none", 0);
	say(fd, ";ERR;");
	while (hear(fd, line, sizeof(line), LATE_MS)) {
		if (strchr(line, ','))
			break;
	}
	status(fd, 0);
	works(fd);
}

/* The same, for a 1401 that has talked nonsense: it takes a reset */
static void over_by_reset(int fd)
{
	uint64_t end = now_ns() + LATE_MS * MS;

	set_fault("none", 0);
	while (call(fd, CED1401_IOC_RESET, NULL)) {
		assert_true(now_ns() < end);
		sleep_ms(20);
	}
	status(fd, 0);
	works(fd);
}

static void await_event(int fd, unsigned int event)
{
	uint64_t end = now_ns() + LATE_MS * MS;

	while (!(status(fd, 0).events & event)) {
		if (now_ns() > end)
			fail_msg("event 0x%x does not come", event);
		poll_for(fd, POLLPRI, 100);
	}
}

/* ------------------------------------------------------------- the bystanders */

struct bystander {
	pid_t pid;
	int up[2], down[2];
};

/* Another program, on the other card: its data are whole all the time */
static void goes_on(void *arg)
{
	struct bystander *other = arg;
	const char *name = strchr(device(), '_') ? "/dev/ced1401" : "/dev/ced1401_1";
	int fd = open(name, O_RDWR | O_CLOEXEC);
	const char *trouble;

	child_check(fd >= 0);
	do {
		trouble = try_trip(fd);
		if (trouble)
			dprintf(2, "the other card: %s\n", trouble);
		child_check(!trouble);
		tell(other->up[1], 'w');
	} while (!told(other->down[0], 100));
}

static void bystander_begins(struct bystander *other)
{
	make_pipe(other->up);
	make_pipe(other->down);
	other->pid = child(goes_on, other);
	assert_int_equal(told(other->up[0], LATE_MS), 'w');
}

/* It has been right all along, and is so still */
static void bystander_ends(struct bystander *other)
{
	while (poll_for(other->up[0], POLLIN, 0))
		assert_int_equal(told(other->up[0], 0), 'w');
	assert_int_equal(told(other->up[0], LATE_MS), 'w');
	tell(other->down[1], 'x');
	assert_child_well(other->pid);
}

/* ----------------------------------------------------------- blocks by request */

/* What befalls a block with a fault, each way: an errno, 0: it moves whole */
struct block_fault {
	const char *name;
	unsigned int after;
	int to_host, to_1401;
	bool counted;	/* MOVED bytes have moved when it strikes */
};

/* A block of SIZE bytes with the fault, on a buffer filled with seed 1 */
static void hit_block(int fd, uint8_t *p, const struct block_fault *f, bool out,
		      bool ring)
{
	int want = out ? f->to_1401 : f->to_host;
	struct ced1401_status s;
	struct ced1401_wait w;
	uint64_t begun;
	uint32_t id;

	fill(p, SIZE, 1);
	id = ring ? start_ring(fd, 0, out ? OUT_ASK : IN_ASK, 0, SIZE, 1, 0) :
		    start(fd, 0, out ? OUT_ASK : IN_ASK, 0, SIZE, 1);
	if (ring && out)	/* it is full at START */
		assert_int_equal(status(fd, id).bytes, 0);
	set_fault(f->name, f->after);
	begun = now_ns();
	say(fd, "%s,300000,%u,0,1;", out ? "TO1401" : "TOHOST", SIZE);
	if (!want) {
		wait_blocks(fd, id, 1, LATE_MS);
	} else {
		w = wait_end(fd, id, LATE_MS);
		if (w.error != -want)
			fail_msg("%s, %s: %s, not %s", f->name,
				 out ? "to the 1401" : "to the host",
				 strerror(-w.error), strerror(want));
	}
	if (want == ETIMEDOUT)
		assert_true(now_ns() - begun >= STALL_MS * MS * 9 / 10);
	s = status(fd, id);
	assert_int_equal(s.error, -want);
	assert_int_equal(s.state, CED1401_STATE_ARMED);
	assert_true(s.bytes <= SIZE);
	if (f->counted && want) {
		assert_int_equal(s.bytes, MOVED);
		if (!out)
			assert_rest(p, MOVED, SIZE, 1);
	}
	if (out || !want)
		assert_int_equal(s.blocks, !want);
	if (out)
		assert_filled(p, SIZE, 1);
	over(fd);
	assert_int_equal(stop(fd, id).error, -ECANCELED);
}

static void hit_blocks(const struct block_fault *f, unsigned int n, bool ring)
{
	struct bystander other;
	int fd = open_session(O_NONBLOCK);
	uint8_t *p = map_buffer(fd, 0, SIZE);
	unsigned int i;

	bystander_begins(&other);
	assert_well(fd);
	for (i = 0; i < n; i++) {
		hit_block(fd, p, f + i, false, ring);
		hit_block(fd, p, f + i, true, ring);
	}
	bystander_ends(&other);
	close(fd);
}

static void a_block_that_fails_says_how(void **state)
{
	static const struct block_fault faults[] = {
		{ "early-end", 0, EPIPE, EPIPE, false },
		{ "early-end", AFTER, EPIPE, EPIPE, true },
		{ "overrun", AFTER, EIO, 0, true },
		{ "underrun", AFTER, 0, EIO, true },
		{ "dreq-high", 0, EIO, EIO, false },
	};

	(void)state;
	hit_blocks(faults, LENGTH(faults), false);
	hit_blocks(faults, LENGTH(faults), true);
}

static void a_block_that_stalls_times_out(void **state)
{
	static const struct block_fault faults[] = {
		{ "dreq-low", AFTER, ETIMEDOUT, ETIMEDOUT, true },
		{ "no-tc", 0, ETIMEDOUT, ETIMEDOUT, false },
	};

	(void)state;
	hit_blocks(faults, LENGTH(faults), false);
}

static void so_does_one_of_a_ring(void **state)
{
	static const struct block_fault faults[] = {
		{ "dreq-low", AFTER, ETIMEDOUT, ETIMEDOUT, true },
	};

	(void)state;
	hit_blocks(faults, LENGTH(faults), true);
}

static void without_a_good_interrupt_blocks_move_whole(void **state)
{
	static const struct block_fault faults[] = {
		{ "irq-lost", 0, 0, 0, false },
		{ "irq-stuck", 0, 0, 0, false },
		{ "irq-storm", 0, 0, 0, false },
	};
	unsigned int i;
	int fd;

	(void)state;
	hit_blocks(faults, LENGTH(faults), false);
	/* Not only blocks that fail to end: the data are right meanwhile, too */
	fd = open_session(0);
	for (i = 0; i < LENGTH(faults); i++) {
		set_fault(faults[i].name, 0);
		works(fd);
	}
	set_fault("none", 0);
	works(fd);
}

/* DREQ that comes back goes on where it stopped */
static void a_stall_that_ends_in_time_does_no_harm(void **state)
{
	int fd = open_session(O_NONBLOCK);
	uint8_t *p = map_buffer(fd, 0, SIZE), *q = map_buffer(fd, 1, SIZE);
	uint32_t in;

	(void)state;
	fill(p, SIZE, 3);
	start(fd, 0, OUT_ASK, 0, SIZE, 0);
	in = start(fd, 1, IN_ASK, 0, SIZE, 1);
	to_1401(fd, 0, 0, SIZE, 0);
	set_fault("dreq-low", AFTER);
	say(fd, "TOHOST,0,%u,0,1;", SIZE);
	wait_bytes(fd, in, MOVED, LATE_MS);
	sleep_ms(2000);
	assert_int_equal(status(fd, in).bytes, MOVED);
	set_fault("none", 0);
	wait_blocks(fd, in, 1, LATE_MS);
	assert_filled(q, SIZE, 3);
	assert_well(fd);
}

/* ------------------------------------------------------------ streams, at once */

static void a_stream_that_fails_says_how(void **state)
{
	static const struct {
		const char *name;
		unsigned int flags, state;
		int error;
	} faults[] = {
		{ "overrun", IN_NOW, CED1401_STATE_FAILED, -EIO },
		{ "underrun", OUT_NOW, CED1401_STATE_FAILED, -EIO },
		/* By its own word the stream has stopped */
		{ "early-end", IN_NOW, CED1401_STATE_DONE, 0 },
		{ "early-end", OUT_NOW, CED1401_STATE_DONE, 0 },
		{ "dead", IN_NOW, CED1401_STATE_FAILED, -ENODEV },
	};
	int fd = open_session(O_NONBLOCK);
	uint8_t *p = map_buffer(fd, 0, 60000);
	struct ced1401_wait w;
	unsigned int i, ring;
	uint32_t id;

	(void)state;
	for (i = 0; i < 2 * LENGTH(faults); i++) {
		bool out = faults[i / 2].flags & CED1401_TO_1401;
		bool dead = !strcmp(faults[i / 2].name, "dead");

		ring = i % 2;
		fill(p, 60000, 1);
		if (!dead)
			set_fault(faults[i / 2].name, 2001);
		id = ring ? start_ring(fd, 0, faults[i / 2].flags, 0, 50000, 0, 0) :
			    start(fd, 0, faults[i / 2].flags, 0, 50000, 0);
		say(fd, out ? SLOW_OUT : SLOW_IN);
		if (dead) {
			wait_bytes(fd, id, 2000, LATE_MS);
			set_fault("dead", 0);
		}
		w = wait_end(fd, id, LATE_MS);
		assert_int_equal(w.state, faults[i / 2].state);
		assert_int_equal(w.error, faults[i / 2].error);
		if (!dead)
			assert_int_equal(w.moved, 2000);
		if (!out && !dead) {
			assert_recording(p, 2000);
			assert_rest(p, 2000, 60000, 1);
		}
		status(fd, id);
		set_fault("none", 0);
		if (dead)
			await_event(fd, CED1401_EVENT_RESET);
		over_by_reset(fd);
	}
}

/* Terminal count that does not come: nothing that the 8237 counts is lost unnoticed */
static void a_stream_without_terminal_count_fails(void **state)
{
	int fd = open_session(O_NONBLOCK);
	struct ced1401_wait w;
	uint32_t id;

	(void)state;
	map_buffer(fd, 0, 60000);
	set_fault("no-tc", 0);
	id = start(fd, 0, IN_NOW, 0, 6000, 0);
	say(fd, SLOW_IN);
	w = wait_end(fd, id, LATE_MS);
	assert_int_equal(w.state, CED1401_STATE_FAILED);
	assert_int_equal(w.error, -ETIMEDOUT);
	assert_int_equal(w.moved, 6000);
	over_by_reset(fd);

	/* A round that nobody counted: 5400 bytes are 0.27 s */
	set_fault("no-tc", 0);
	id = start_ring(fd, 0, IN_NOW, 0, 5400, 0, 0);
	say(fd, SLOW_IN);
	w = wait_end(fd, id, LATE_MS);
	assert_int_equal(w.state, CED1401_STATE_FAILED);
	assert_int_equal(w.error, -EIO);
	assert_true(w.moved < 5400);
	over_by_reset(fd);
}

/*
 * The count of a whole DMA page runs out and is what it was at the beginning: only terminal
 * count could tell. What was seen to arrive is not taken back.
 */
static void a_page_without_terminal_count_is_all_there(void **state)
{
	const unsigned int page = (wide() ? 128 : 64) * KIB;
	int fd = open_session(O_NONBLOCK);
	struct ced1401_consume c;
	struct ced1401_status s;
	uint64_t seen = 0;
	uint32_t id;

	(void)state;
	map_buffer(fd, 0, 4 * page);
	set_fault("no-tc", 0);
	id = start_ring(fd, 0, IN_NOW, 0, 4 * page, 0, 0);
	say(fd, "XFIFO,0 1,H,4,10;");	/* 400000 bytes a second */
	do {
		sleep_ms(3);
		s = status(fd, id);
		assert_true(s.bytes >= seen);
		seen = s.bytes;
		assert_int_equal(consume_error(fd, id, seen - s.consumed + page, &c),
				 EINVAL);
	} while (s.state == CED1401_STATE_RUNNING || s.state == CED1401_STATE_QUEUED);
	assert_int_equal(s.state, CED1401_STATE_FAILED);
	assert_int_equal(s.error, -ETIMEDOUT);
	assert_int_equal(s.bytes, page);
	over_by_reset(fd);
}

/* A stream may wait as long as it likes: WAIT has its deadline, and STOP works */
static void a_stream_that_stalls_can_be_stopped(void **state)
{
	int fd = open_session(O_NONBLOCK);
	struct ced1401_stop s;
	uint32_t id;

	(void)state;
	map_buffer(fd, 0, 60000);
	set_fault("dreq-low", 2000);
	id = start(fd, 0, IN_NOW, 0, 50000, 0);
	say(fd, SLOW_IN);
	wait_bytes(fd, id, 2000, LATE_MS);
	assert_int_equal(wait_error(fd, id, 2001, now_ns() + 500 * MS, NULL),
			 ETIMEDOUT);
	assert_int_equal(status(fd, id).state, CED1401_STATE_RUNNING);
	s = stop(fd, id);
	assert_int_equal(s.error, -ECANCELED);
	assert_int_equal(s.bytes, 2000);
	over_by_reset(fd);
}

static void a_stream_without_interrupts_is_whole(void **state)
{
	static const char *const faults[] = { "irq-lost", "irq-stuck", "irq-storm" };
	int fd = open_session(O_NONBLOCK);
	uint8_t *p = map_buffer(fd, 0, 40000);
	unsigned int i;
	uint32_t id;

	(void)state;
	for (i = 0; i < LENGTH(faults); i++) {
		set_fault(faults[i], 0);
		id = start(fd, 0, IN_NOW, 0, 40000, 0);
		say(fd, SLOW_IN);
		assert_int_equal(wait_end(fd, id, LATE_MS).error, 0);
		assert_recording(p, 40000);
		over_by_reset(fd);
	}
}

/* ------------------------------------------------------------------ interrupts */

/* Interrupts that were taken in a second */
static long interrupts_in_a_second(void)
{
	long before = sysfs_number("statistics/interrupts");
	uint64_t begun = now_ns();

	sleep_ms(1000);
	return (sysfs_number("statistics/interrupts") - before) * 1000 /
	       (long)((now_ns() - begun) / MS);
}

#define TALKS 20

/*
 * With a line that works most words make an interrupt; the tick alone makes none. On a
 * slow machine the tick, or the writer himself, may be there first: then talk on.
 */
static void assert_interrupted(int fd)
{
	long before = sysfs_number("statistics/interrupts");
	uint64_t end = now_ns() + LATE_MS * MS;
	unsigned int i;

	do {
		for (i = 0; i < TALKS; i++)
			assert_well(fd);
		if (now_ns() > end)
			fail_msg("%ld interrupts",
				 sysfs_number("statistics/interrupts") - before);
	} while (sysfs_number("statistics/interrupts") - before < TALKS / 4);
}

/* 64 in vain between two ticks, and some that were meant */
static void a_storm_is_weathered(void **state)
{
	long storms = sysfs_number("statistics/storms"), n;
	int fd = open_session(0);

	(void)state;
	assert_interrupted(fd);
	set_fault("irq-storm", 0);
	n = interrupts_in_a_second();
	if (n > 2000)
		fail_msg("%ld interrupts a second", n);
	print_message("# a storm of 25000 a second: %ld were taken\n", n);
	assert_true(n > 0);
	works(fd);
	set_fault("none", 0);
	set_fault("irq-stuck", 0);
	n = interrupts_in_a_second();
	if (n > 2000)
		fail_msg("%ld interrupts a second", n);
	assert_true(sysfs_number("statistics/storms") > storms);
	set_fault("none", 0);
	sleep_ms(300);
	assert_interrupted(fd);
}

/* While nobody has the card open, when it comes and when it goes */
static void a_storm_while_nobody_looks(void **state)
{
	int fd = open_session(0);

	(void)state;
	assert_interrupted(fd);
	close(fd);
	set_fault("irq-storm", 0);
	sleep_ms(500);
	fd = open_session(0);
	works(fd);
	close(fd);
	sleep_ms(300);
	set_fault("none", 0);
	fd = open_session(0);
	sleep_ms(300);
	assert_interrupted(fd);
}

/* -------------------------------------------------------- the 1401 disappears */

static void a_dead_card_is_no_card(void **state)
{
	int fd = open_session(0), other = open_session(0);
	struct ced1401_status s;
	uint32_t armed, moving;
	uint8_t *p, c;

	(void)state;
	p = map_buffer(fd, 0, 2 * SIZE);
	assert_well(fd);
	fill(p, 2 * SIZE, 1);
	armed = start(fd, 0, IN_ASK, 0, SIZE, 0);
	moving = start(fd, 0, IN_ASK, SIZE, SIZE, 1);
	set_fault("dreq-low", AFTER);
	say(fd, "TOHOST,0,%u,0,1;", SIZE);
	wait_bytes(fd, moving, MOVED, LATE_MS);
	set_card_text("fault", "dead");
	/* The card, which no one can stop now, has all its DREQ again */
	s = status(fd, moving);
	assert_int_equal(s.link & (CED1401_LINK_POWER | CED1401_LINK_CABLE), 0);
	/* The tick may have seen it before */
	if (!(s.events & CED1401_EVENT_OFFLINE))
		await_event(fd, CED1401_EVENT_OFFLINE);
	assert_int_equal(status(fd, moving).state, CED1401_STATE_FAILED);
	assert_int_equal(status(fd, moving).error, -ENODEV);
	assert_int_equal(status(fd, armed).error, -ENODEV);
	assert_int_equal(write(fd, ";", 1), -1);
	assert_int_equal(errno, ENODEV);
	assert_int_equal(read(fd, &c, 1), -1);
	assert_int_equal(errno, ENODEV);
	assert_int_equal(start_error(fd, 0, IN_ASK, 0, SIZE, 0, NULL), ENODEV);
	assert_int_equal(call(fd, CED1401_IOC_RESET, NULL), ENODEV);
	assert_int_equal(ioctl(fd, CEDIOC_STATE), -1);
	assert_int_equal(errno, CEDERR_NOT_CONNECTED);
	assert_filled(p, SIZE, 1);
	set_fault("none", 0);
	await_event(fd, CED1401_EVENT_RESET);
	assert_true(status(other, 0).events & CED1401_EVENT_RESET);
	works(fd);
}

/* In its characters, in a request, in the middle of a block */
static void the_cable_is_pulled_anywhere(void **state)
{
	static const char *const ways[] = { "cable", "power" };
	unsigned int way, where;
	struct ced1401_status s;
	uint32_t id;

	(void)state;
	for (where = 0; where < 3; where++) {
		for (way = 0; way < LENGTH(ways); way++) {
			int fd = open_session(0);
			uint8_t *p = map_buffer(fd, 0, SIZE);
			char c;

			fill(p, SIZE, 1);
			id = start(fd, 0, IN_ASK, 0, SIZE, 1);
			if (where == 0) {
				set_fault("babble", 0);
				assert_int_equal(read(fd, &c, 0), 0);
				say(fd, ";");
				assert_true(read(fd, &c, 1) == 1);
			} else if (where == 1) {
				say(fd, ";");
				set_fault("half-request", 0);
				sleep_ms(200);
			} else {
				set_fault("dreq-low", AFTER);
				say(fd, "TOHOST,0,%u,0,1;", SIZE);
				wait_bytes(fd, id, MOVED, LATE_MS);
			}
			set_card_property(ways[way], false);
			await_event(fd, CED1401_EVENT_OFFLINE);
			s = status(fd, id);
			assert_int_equal(s.error, -ENODEV);
			assert_int_equal(s.bytes, where == 2 ? MOVED : 0);
			if (where == 2)
				assert_rest(p, MOVED, SIZE, 1);
			else
				assert_filled(p, SIZE, 1);
			while (read(fd, &c, 1) == 1)
				;
			assert_int_equal(errno, ENODEV);
			set_fault("none", 0);
			set_card_property(ways[way], true);
			await_event(fd, CED1401_EVENT_RESET);
			works(fd);
			close(fd);
		}
	}
}

/* ---------------------------------------------------- characters and requests */

static void a_request_that_is_never_whole_is_dropped(void **state)
{
	int fd = open_session(0);
	uint64_t begun;
	char c;

	(void)state;
	assert_well(fd);
	status(fd, 0);
	begun = now_ns();
	set_fault("half-request", 0);
	await_event(fd, CED1401_EVENT_STRAY);
	assert_in_range((now_ns() - begun) / MS, 900, LATE_MS / 2);
	assert_int_equal(status(fd, 0).refused, 1);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	assert_int_equal(read(fd, &c, 1), -1);
	assert_int_equal(errno, EAGAIN);
	over(fd);
}

static void characters_without_end(void **state)
{
	int fd = open_session(0);
	struct bystander other;
	char text[300];
	size_t heard = 0;
	ssize_t n;
	long in;

	(void)state;
	bystander_begins(&other);
	assert_well(fd);
	set_fault("babble", 0);
	while (heard < 20000) {
		n = read(fd, text, sizeof(text));
		assert_true(n > 0);
		heard += n;
	}
	/* Whom nobody reads is not listened to */
	sleep_ms(300);
	in = sysfs_number("statistics/characters_in");
	sleep_ms(500);
	assert_int_equal(sysfs_number("statistics/characters_in"), in);
	/* It does not become idle by a reset, and says so */
	assert_int_equal(call(fd, CED1401_IOC_RESET, NULL), EIO);
	bystander_ends(&other);
	over_by_reset(fd);
}

static int ced(int fd, unsigned long request, unsigned long arg)
{
	int ret = ioctl(fd, request, arg);

	return ret < 0 ? -errno : ret;
}

static void characters_without_end_for_ceds_library(void **state)
{
	int fd = open_session(0), other = open_session(0);
	unsigned int i;
	char text[300];

	(void)state;
	assert_int_equal(ced(fd, CEDIOC_RESET, 0), 0);
	set_fault("babble", 0);
	for (i = 0; i < 2000; i++) {
		assert_in_range(ced(fd, CEDIOC_CHARS, 0), 0, 256);
		assert_in_range(ced(fd, CEDIOC_LINES, 0), 0, 256);
		ced(fd, CEDIOC_GET_CHAR, 0);
		assert_in_range(ced(fd, CEDIOC_GET_STRING(sizeof(text)),
				    (unsigned long)text) + CEDERR_NO_INPUT,
				0, CEDERR_NO_INPUT + 64);
	}
	assert_int_equal(ced(other, CEDIOC_GET_CHAR, 0), -CEDERR_IN_USE);
	assert_int_equal(ced(fd, CEDIOC_KILL_IO, 0), 0);
	assert_int_equal(ced(fd, CEDIOC_RESET, 0), 0);
	set_fault("none", 0);
	assert_int_equal(ced(fd, CEDIOC_FULL_RESET, 0), 0);
	over_by_reset(fd);
}

/* -------------------------------------------------- what no byte may come to */

#define SLOTS	6
#define SPANS	20		/* buffers of both sessions, and some to spare */
#define ODD_GAP	3333		/* between a buffer's start or end and its area */

struct span {
	uint64_t from, to;
};

static void read_debugfs(const char *name, char *text, size_t room)
{
	const char *number = strchr(device(), '_');
	bool user = geteuid();
	char path[80];
	ssize_t n = 0;
	size_t got = 0;
	int fd;

	become_root();
	snprintf(path, sizeof(path), "/sys/kernel/debug/ced1401/%s/%s",
		 number ? number + 1 : "0", name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		fail_msg("%s: %s", path, strerror(errno));
	while (got < room - 1 && (n = read(fd, text + got, room - 1 - got)) > 0)
		got += n;
	text[got] = 0;
	close(fd);
	if (user)
		become_user();
}

/* Where this process's buffers lie, and what they really cost: @room at the most */
static unsigned int buffers(struct span *span, uint64_t *size, unsigned int room)
{
	static char text[8192];
	unsigned int n = 0;
	char *line;

	read_debugfs("buffers", text, sizeof(text));
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		unsigned long long phys, bytes, charged;
		int pid;

		if (sscanf(line, "pid=%d buffer=%*u phys=%llx size=%llu charged=%llu",
			   &pid, &phys, &bytes, &charged) != 4)
			fail_msg("not understood: %s", line);
		if (pid != getpid())
			continue;
		assert_true(n < room);
		span[n].from = phys;
		span[n].to = phys + charged;
		size[n++] = bytes;
	}
	return n;
}

/* The card has written to these pages, and to no other in the machine */
static void assert_written_only(const struct span *span, unsigned int n)
{
	char text[8000], *part, *end;

	card_text("written", text, sizeof(text));
	for (part = strtok(text, " "); part; part = strtok(NULL, " ")) {
		uint64_t at = strtoull(part, &end, 16);
		uint64_t last = strtoull(end + 1, NULL, 16);

		for (; at < last; at += PAGE) {
			unsigned int i = 0;

			while (i < n && (at < span[i].from || at >= span[i].to))
				i++;
			if (i == n)
				fail_msg("the card wrote to 0x%llx, which is no buffer",
					 (unsigned long long)at);
		}
	}
}

/* What the allocator gave beyond the buffer's size was zeroed, and is so still */
static void assert_slack_is_zero(const struct span *span, uint64_t size)
{
	uint64_t n = span->to - span->from - size;
	char path[200];
	uint8_t *slack;
	bool user = geteuid();
	int fd;

	if (!n)
		return;
	snprintf(path, sizeof(path), "%s/slack", getenv("CED1401_RESULTS"));
	save_memory(span->from + size, n, path);
	become_root();
	fd = open(path, O_RDONLY);
	slack = malloc(n);
	assert_true(fd >= 0 && slack);
	assert_int_equal(read(fd, slack, n), n);
	close(fd);
	unlink(path);
	if (user)
		become_user();
	assert_all(slack, n, 0);
	free(slack);
}

/*
 * Buffers of two sessions, one after the other so that they may lie side by side. The
 * first session's are areas in part: what is before and behind the area has the
 * pattern, and so have all of the second session's.
 */
struct ground {
	int fd, other;
	uint8_t *mine[SLOTS], *theirs[SLOTS];
	uint32_t id[SLOTS];
	size_t size[SLOTS], offset[SLOTS], length[SLOTS];
	struct span span[SPANS + 1];
	uint64_t bytes[SPANS];
};

static void lay_out(struct ground *g)
{
	static const size_t sizes[SLOTS] = {
		3 * PAGE, 5 * PAGE, 100 * KIB, 68 * KIB, 200 * KIB, 33 * KIB,
	};
	static const unsigned int flags[SLOTS] = {
		IN_ASK, OUT_ASK, IN_ASK, IN_ASK | CED1401_CIRCULAR, IN_ASK,
		OUT_ASK | CED1401_CIRCULAR,
	};
	unsigned int i;

	g->fd = open_session(0);
	g->other = open_session(0);
	for (i = 0; i < SLOTS; i++) {
		unsigned long gap = flags[i] & CED1401_CIRCULAR ? 3334 : ODD_GAP;

		g->size[i] = sizes[i];
		g->offset[i] = gap;
		g->length[i] = sizes[i] - 2 * gap;
		g->theirs[i] = map_buffer(g->other, i, sizes[i]);
		g->mine[i] = map_buffer(g->fd, i, sizes[i]);
		fill(g->theirs[i], sizes[i], 100 + i);
		fill(g->mine[i], sizes[i], 200 + i);
		g->id[i] = flags[i] & CED1401_CIRCULAR ?
			start_ring(g->fd, i, flags[i], gap, g->length[i], i, 0) :
			start(g->fd, i, flags[i], gap, g->length[i], i);
	}
	assert_well(g->fd);
	set_card_text("written", "");
}

/* The small buffer of the driver's own, which a 16-bit channel and CED's areas need */
static struct span small_buffer(void)
{
	char text[500], *bounce;
	struct span span;

	read_debugfs("registers", text, sizeof(text));
	bounce = strstr(text, "bounce=");
	assert_non_null(bounce);
	span.from = strtoull(bounce + strlen("bounce="), NULL, 16);
	span.to = span.from + PAGE;
	return span;
}

/* Areas to the 1401 are only read, the other buffers not even that */
static void assert_untouched(struct ground *g)
{
	unsigned int i, n = buffers(g->span, g->bytes, SPANS);

	assert_true(n >= 2 * SLOTS);
	for (i = 0; i < n; i++)
		assert_slack_is_zero(&g->span[i], g->bytes[i]);
	for (i = 0; i < SLOTS; i++) {
		size_t end = g->offset[i] + g->length[i];

		assert_filled(g->theirs[i], g->size[i], 100 + i);
		assert_rest(g->mine[i], 0, g->offset[i], 200 + i);
		assert_rest(g->mine[i], end, g->size[i], 200 + i);
		if (status(g->fd, g->id[i]).flags & CED1401_TO_1401)
			assert_filled(g->mine[i], g->size[i], 200 + i);
	}
	g->span[n] = small_buffer();
	assert_written_only(g->span, n + 1);
}

/* The reader of the rings: there is room again for what comes */
static void make_room(struct ground *g)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		struct ced1401_status s = status(g->fd, g->id[i]);

		if (s.flags & CED1401_CIRCULAR)
			consume(g->fd, g->id[i], s.bytes - s.consumed);
	}
}

/* A 1401 out of its mind for a while; how much moved by what it asked for */
static uint64_t endure(struct ground *g, const char *name, unsigned int seed,
		       unsigned int ms)
{
	uint64_t end = now_ns() + ms * MS, slowest = 0, bytes = 0;
	unsigned int i;

	set_card_number("fault-seed", seed);
	set_fault(name, 0);
	while (now_ns() < end) {
		uint64_t before = now_ns();

		make_room(g);
		if (now_ns() - before > slowest)
			slowest = now_ns() - before;
		sleep_ms(5);
	}
	if (slowest > SECOND * 5)
		fail_msg("%s: a call took %llu ms", name,
			 (unsigned long long)(slowest / MS));
	for (i = 0; i < SLOTS; i++)
		bytes += status(g->fd, g->id[i]).bytes;
	return bytes;
}

static void requests_for_anything_move_only_what_they_may(void **state)
{
	struct bystander other;
	struct ground g = { 0 };
	unsigned int seed, refused, ms;
	uint64_t bytes = 0;

	(void)state;
	bystander_begins(&other);
	lay_out(&g);
	for (seed = 1; seed <= 4; seed++) {
		refused = status(g.fd, 0).refused;
		/* A busy machine may come to none so soon */
		for (ms = 1500; ms < 30000 && status(g.fd, 0).refused == refused; ms *= 4)
			bytes = endure(&g, "wild-requests", seed, ms);
		assert_true(status(g.fd, 0).refused > refused);
		assert_untouched(&g);
	}
	/* They were not all refused: the card did write, where it may */
	assert_true(bytes > 100000);
	assert_int_equal(g.mine[0][g.offset[0]], 0xee);
	bystander_ends(&other);
	over_by_reset(g.fd);
	for (seed = 0; seed < SLOTS; seed++)
		assert_filled(g.theirs[seed], g.size[seed], 100 + seed);
	close(g.fd);
	works(g.other);
}

static void random_requests_do_no_harm(void **state)
{
	struct bystander other;
	struct ground g = { 0 };
	unsigned int seed;

	(void)state;
	bystander_begins(&other);
	lay_out(&g);
	for (seed = 1; seed <= 2; seed++) {
		endure(&g, "random-requests", seed, 1500);
		assert_true(status(g.fd, 0).refused > 0);
		assert_untouched(&g);
	}
	bystander_ends(&other);
	over_by_reset(g.fd);
}

/* A block of the area's size to the host, and what befalls it */
static void hit_slot(struct ground *g, unsigned int slot, const char *name, int want)
{
	struct ced1401_wait w;

	set_fault(name, 1001);
	say(g->fd, "TOHOST,0,%zu,0,%u;", g->length[slot], slot);
	w = wait_end(g->fd, g->id[slot], LATE_MS);
	assert_int_equal(w.error, -want);
	status(g->fd, g->id[slot]);
	set_fault("none", 0);
}

static void faults_of_the_card_write_nowhere_else(void **state)
{
	static const unsigned int slots[] = { 0, 2, 4 };
	struct ground g = { 0 };
	uint8_t *p, *was = malloc(3 * PAGE);
	unsigned int i;
	uint32_t id;

	(void)state;
	lay_out(&g);
	for (i = 0; i < LENGTH(slots); i++) {
		hit_slot(&g, slots[i], "dreq-high", EIO);
		hit_slot(&g, slots[i], "early-end", EPIPE);
		hit_slot(&g, slots[i], "overrun", EIO);
	}
	hit_slot(&g, 4, "no-tc", ETIMEDOUT);
	assert_untouched(&g);

	/* What is no stream fills a NOW transfer to its end, and no further */
	p = map_buffer(g.fd, 10, 3 * PAGE);
	fill(p, 3 * PAGE, 5);
	set_fault("dreq-high", 0);
	id = start(g.fd, 10, IN_NOW, 512, 5000, 0);
	assert_int_equal(wait_end(g.fd, id, LATE_MS).moved, 5000);
	id = start_ring(g.fd, 10, IN_NOW, 6000, 4000, 0, 0);
	sleep_ms(300);
	stop(g.fd, id);
	set_fault("none", 0);
	assert_rest(p, 0, 512, 5);
	assert_all(p + 512, 5000, 0xff);
	assert_rest(p, 5512, 6000, 5);
	assert_all(p + 6000, 4000, 0xff);
	assert_rest(p, 10000, 3 * PAGE, 5);
	assert_untouched(&g);

	/* A card that samples on and that nobody can stop: the 8237 is masked */
	id = start_ring(g.fd, 10, IN_NOW, 6000, 4000, 0, 0);
	say(g.fd, SLOW_IN);
	wait_bytes(g.fd, id, 1000, LATE_MS);
	set_fault("dead", 0);
	await_event(g.fd, CED1401_EVENT_OFFLINE);
	memcpy(was, p, 3 * PAGE);
	set_card_text("written", "");
	sleep_ms(500);
	assert_same(p, was, 3 * PAGE);
	assert_written_only(NULL, 0);
	assert_untouched(&g);
	set_fault("none", 0);
	await_event(g.fd, CED1401_EVENT_RESET);
	works(g.fd);
	free(was);
}

/* ---------------------------------------------------------- CED's own library */

#define CED_MEMORY (64 * KIB)

static void ced_area(int fd, unsigned long request, unsigned int area, uint8_t *at,
		     unsigned int length, bool to_host)
{
	struct cedioc_desc desc = { .address = (uintptr_t)at, .length = length,
				    .area = area, .to_host = to_host };

	assert_int_equal(ced(fd, request, (unsigned long)&desc), 0);
}

/* Pinned memory, of which no byte beside the areas changes */
static void ceds_areas_keep_to_themselves(void **state)
{
	static const struct {
		unsigned int from, length;
	} areas[] = {
		{ 333, 5000 }, { 9001, 20001 }, { 30000, 8191 }, { 40001, 9000 },
	};
	uint8_t *memory = mmap(NULL, CED_MEMORY, RW, MAP_PRIVATE | MAP_ANONYMOUS,
			       -1, 0), *was = malloc(CED_MEMORY);
	struct span span = small_buffer();
	unsigned int i, from = 0;
	int fd = open_session(0);

	(void)state;
	assert_true(memory != MAP_FAILED && was);
	fill(memory, CED_MEMORY, 7);
	memcpy(was, memory, CED_MEMORY);
	assert_int_equal(ced(fd, CEDIOC_RESET, 0), 0);
	for (i = 0; i < LENGTH(areas); i++)
		ced_area(fd, i < 2 ? CEDIOC_SET_AREA : CEDIOC_SET_CIRCULAR, i,
			 memory + areas[i].from, areas[i].length, i == 2);
	set_card_text("written", "");
	for (i = 1; i <= 3; i++) {
		set_card_number("fault-seed", i);
		set_fault("wild-requests", 0);
		sleep_ms(1000);
		set_fault("random-requests", 0);
		sleep_ms(500);
	}
	/* Something was moved, or this would prove little */
	assert_true(first_changed(memory + 333, was + 333, 5000) < 5000);
	for (i = 0; i < LENGTH(areas); i++) {
		assert_rest(memory, from, areas[i].from, 7);
		from = areas[i].from + areas[i].length;
	}
	assert_rest(memory, from, CED_MEMORY, 7);
	assert_filled(memory + 0, 333, 7);
	assert_same(memory + 40001, was + 40001, 9000); /* to the 1401 */
	assert_written_only(&span, 1);

	/* Without power the areas stay, and serve again */
	set_fault("none", 0);
	set_card_property("power", false);
	await_event(fd, CED1401_EVENT_OFFLINE);
	assert_int_equal(ced(fd, CEDIOC_STATE, 0), -CEDERR_OFF);
	assert_int_equal(ced(fd, CEDIOC_SEND_CHAR, ';'), -CEDERR_OFF);
	set_card_property("power", true);
	await_event(fd, CED1401_EVENT_RESET);
	fill(memory + 9001, 20001, 8);
	to_1401(fd, 1, 0, 20001, 0);
	memset(memory + 9001, 0, 20001);
	to_host(fd, 1, 0, 20001, 0);
	assert_filled(memory + 9001, 20001, 8);
	for (i = 0; i < LENGTH(areas); i++)
		assert_int_equal(ced(fd, CEDIOC_UNSET_AREA, i), 0);
	munmap(memory, CED_MEMORY);
	free(was);
	works(fd);
}

/* A block of such an area that fails: no event, an area that is idle, and well */
static void a_block_of_ceds_area_fails(void **state)
{
	static const char *const faults[] = { "early-end", "overrun", "dreq-high" };
	struct cedioc_event event = { .length = 5000, .flags = 1 };
	uint8_t *memory = malloc(5000);
	int fd = open_session(0);
	char line[100];
	unsigned int i;

	(void)state;
	assert_int_equal(ced(fd, CEDIOC_RESET, 0), 0);
	ced_area(fd, CEDIOC_SET_AREA, 0, memory, 5000, false);
	fill(memory, 5000, 9);
	to_1401(fd, 0, 0, 5000, 0);
	for (i = 0; i < LENGTH(faults); i++) {
		set_fault(faults[i], 1001);
		say(fd, "TOHOST,0,5000,0;ERR;");
		assert_true(hear(fd, line, sizeof(line), LATE_MS));
		assert_memory_equal(line, "10,", 3);
		assert_int_equal(ced(fd, CEDIOC_BLOCK_MOVES, 0), 0);
		set_fault("none", 0);
		assert_int_equal(ced(fd, CEDIOC_SET_EVENT, (unsigned long)&event), 1);
		memset(memory, 0, 5000);
		to_host(fd, 0, 0, 5000, 0);
		assert_int_equal(ced(fd, CEDIOC_TEST_EVENT, 0), 1);
		assert_filled(memory, 5000, 9);
	}
	works(fd);
	free(memory);
}

/* --------------------------------------------------------- who waits in the queue */

struct waiter {
	int up[2], down[2];
};

static void waits_for_its_turn(void *arg)
{
	struct ced1401_status news = { .id = 0 };
	struct waiter *waiter = arg;
	int fd = open(device(), O_RDWR | O_CLOEXEC);
	const char *trouble;
	unsigned int tries;

	child_check(fd >= 0);
	tell(waiter->up[1], 'r');
	child_check(!ioctl(fd, CED1401_IOC_CLAIM));
	tell(waiter->up[1], 'c');
	child_check(told(waiter->down[0], 3 * LATE_MS));
	for (tries = 0; ioctl(fd, CED1401_IOC_RESET) && tries < 1000; tries++)
		sleep_ms(20);
	/* That it was off is no news any more: poll would say POLLERR */
	child_check(!ioctl(fd, CED1401_IOC_STATUS, &news));
	trouble = try_trip(fd);
	if (trouble)
		dprintf(2, "who has waited: %s\n", trouble);
	child_check(!trouble);
}

static void who_waits_gets_its_turn(void **state)
{
	static const char *const faults[] = {
		"dreq-low", "irq-stuck", "irq-lost", "babble", "wild-requests",
		"random-requests", "dead",
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < LENGTH(faults); i++) {
		struct waiter waiter;
		int fd = open_session(0);
		uint32_t id;
		pid_t pid;

		map_buffer(fd, 0, SIZE);
		assert_well(fd);
		make_pipe(waiter.up);
		make_pipe(waiter.down);
		pid = child(waits_for_its_turn, &waiter);
		assert_int_equal(told(waiter.up[0], LATE_MS), 'r');
		assert_true(is_asleep(pid, LATE_MS));
		id = start(fd, 0, IN_ASK, 0, SIZE, 0);
		set_fault(faults[i], AFTER);
		/* A card that is dead may be known to be so already */
		if (strcmp(faults[i], "dead"))
			say(fd, "TOHOST,0,%u,0;", SIZE);
		if (i == 0)
			wait_bytes(fd, id, MOVED, LATE_MS);
		sleep_ms(300);
		assert_true(is_asleep(pid, LATE_MS));
		if (i & 1)
			assert_int_equal(call(fd, CED1401_IOC_RELEASE, NULL), 0);
		else
			close(fd);
		assert_int_equal(told(waiter.up[0], LATE_MS), 'c');
		set_fault("none", 0);
		tell(waiter.down[1], 'x');
		assert_child_well(pid);
		if (i & 1)
			close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOSTILE_TEST(a_block_that_fails_says_how),
		HOSTILE_TEST(a_block_that_stalls_times_out),
		HOSTILE_TEST(so_does_one_of_a_ring),
		HOSTILE_TEST(without_a_good_interrupt_blocks_move_whole),
		HOSTILE_TEST(a_stall_that_ends_in_time_does_no_harm),
		HOSTILE_TEST(a_stream_that_fails_says_how),
		HOSTILE_TEST(a_stream_without_terminal_count_fails),
		HOSTILE_TEST(a_page_without_terminal_count_is_all_there),
		HOSTILE_TEST(a_stream_that_stalls_can_be_stopped),
		HOSTILE_TEST(a_stream_without_interrupts_is_whole),
		HOSTILE_TEST(a_storm_is_weathered),
		HOSTILE_TEST(a_storm_while_nobody_looks),
		HOSTILE_TEST(a_dead_card_is_no_card),
		HOSTILE_TEST(the_cable_is_pulled_anywhere),
		HOSTILE_TEST(a_request_that_is_never_whole_is_dropped),
		HOSTILE_TEST(characters_without_end),
		HOSTILE_TEST(characters_without_end_for_ceds_library),
		HOSTILE_TEST(requests_for_anything_move_only_what_they_may),
		HOSTILE_TEST(random_requests_do_no_harm),
		HOSTILE_TEST(faults_of_the_card_write_nowhere_else),
		HOSTILE_TEST(ceds_areas_keep_to_themselves),
		HOSTILE_TEST(a_block_of_ceds_area_fails),
		HOSTILE_TEST(who_waits_gets_its_turn),
	};

	return RUN(tests);
}
