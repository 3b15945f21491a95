// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The machine goes to sleep, and wakes, with the 1401 in use.
 *
 * This is the guest's first process, in its initramfs with the driver: a share of
 * the host's would not survive the sleep. The clock wakes the machine. Results go to
 * the second serial line, as TAP.
 */
#define _GNU_SOURCE
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "../cases/common.h"

#include <linux/ced1401-ced.h>

#define IN_NOW	(CED1401_TO_HOST | CED1401_NOW)
#define IN_ASK	(CED1401_TO_HOST | CED1401_ON_REQUEST)
#define OUT_ASK	(CED1401_TO_1401 | CED1401_ON_REQUEST)
#define SLOW_IN	"XFIFO,0 1,H,4,200;"	/* 4 MHz / 800: 20000 bytes a second */
#define NAP	"+2"			/* s */

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		fail_msg("\"%s\" > %s: %s", text, path, strerror(errno));
	close(fd);
}

/* Seconds that the machine has spent asleep since it started */
static double slept(void)
{
	struct timespec awake, all;

	clock_gettime(CLOCK_MONOTONIC, &awake);
	clock_gettime(CLOCK_BOOTTIME, &all);
	return all.tv_sec - awake.tv_sec +
	       (all.tv_nsec - awake.tv_nsec) / (double)SECOND;
}

/* Returns when the machine is awake again */
static void suspend_machine(void)
{
	static const char alarm_[] = "/sys/class/rtc/rtc0/wakealarm";
	double before = slept();

	put(alarm_, "0");
	put(alarm_, NAP);
	put("/sys/power/state", "mem");
	assert_true(slept() > before + 0.2);
}

static void assert_news_of_the_reset(int fd)
{
	assert_true(poll_for(fd, POLLPRI, 0) & POLLPRI);
	assert_true(status(fd, 0).events & CED1401_EVENT_RESET);
	assert_false(poll_for(fd, POLLPRI, 0) & POLLPRI);
}

/* 100000 bytes there and back through buffer 1, which crosses DMA pages */
static void assert_works(int fd)
{
	const size_t size = 100000;
	uint8_t *p = map_buffer(fd, 1, 256 * KIB);
	uint32_t out, in;

	fill(p, size, 7);
	fill(p + 128 * KIB, 128 * KIB, 8);
	out = start(fd, 1, OUT_ASK, 0, size, 1);
	in = start(fd, 1, IN_ASK, 128 * KIB, size, 2);
	to_1401(fd, 1, 1000, size, 0);
	to_host(fd, 2, 1000, size, 0);
	assert_int_equal(status(fd, in).blocks, 1);
	assert_same(p + 128 * KIB, p, size);
	assert_rest(p + 128 * KIB, size, 128 * KIB, 8);
	stop(fd, out);
	stop(fd, in);
	unmap(p, 256 * KIB);
	assert_int_equal(free_buffer(fd, 1), 0);
}

static void a_stream_ends_with_what_it_had_moved(void **state)
{
	const size_t room = 256 * KIB;
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, room), *was = malloc(room);
	struct ced1401_status s;
	uint32_t id;

	(void)state;
	fill(p, room, 1);
	id = start(fd, 0, IN_NOW, 0, room, 0);
	say(fd, SLOW_IN);
	wait_bytes(fd, id, 8000, 20000);
	suspend_machine();
	s = status(fd, id);
	assert_int_equal(s.state, CED1401_STATE_FAILED);
	assert_int_equal(s.error, -ECANCELED);
	assert_in_range(s.bytes, 8000, room - 1);
	memcpy(was, p, room);
	assert_recording(was, s.bytes);
	assert_rest(was, s.bytes, room, 1);
	assert_true(s.link & CED1401_LINK_MINE);
	assert_true(s.events & CED1401_EVENT_RESET);
	/* The 1401 was reset: nothing streams any more, its program is lost */
	sleep_ms(200);
	assert_same(p, was, room);
	assert_well(fd);
	/* The same buffer, mapping and link serve again */
	fill(p, room, 2);
	id = start(fd, 0, IN_NOW, 0, 16 * KIB, 0);
	say(fd, SLOW_IN);
	assert_int_equal(wait_end(fd, id, 20000).moved, 16 * KIB);
	assert_recording(p, 16 * KIB);
	assert_works(fd);
	free(was);
}

static void a_ring_that_goes_round_by_itself_is_stopped(void **state)
{
	const size_t size = 8 * KIB;
	int fd = open_session(0);
	uint8_t *p = map_buffer(fd, 0, size), was[8 * KIB];
	struct ced1401_status s;
	uint32_t id;

	(void)state;
	id = start_ring(fd, 0, IN_NOW, 0, size, 0, 0);
	say(fd, SLOW_IN);
	wait_bytes(fd, id, 3 * size, 20000);
	suspend_machine();
	s = status(fd, id);
	assert_int_equal(s.error, -ECANCELED);
	assert_true(s.bytes >= 3 * size);
	memcpy(was, p, size);
	sleep_ms(200);
	assert_same(p, was, size);
	id = start_ring(fd, 0, IN_NOW, 0, size, 0, 0);
	say(fd, SLOW_IN);
	wait_bytes(fd, id, 3 * size, 20000);
	stop(fd, id);
	assert_works(fd);
}

static void armed_transfers_end_and_areas_of_ceds_abi_stay(void **state)
{
	uint8_t *memory = malloc(5000);
	struct cedioc_desc desc = {
		.address = (uintptr_t)memory, .length = 5000, .area = 4,
	};
	struct ced1401_status s;
	int fd = open_session(0);
	uint32_t id;

	(void)state;
	map_buffer(fd, 0, 4 * PAGE);
	assert_int_equal(ioctl(fd, CEDIOC_SET_AREA, &desc), 0);
	id = start(fd, 0, IN_ASK, 0, 4 * PAGE, 3);
	/* Two characters of a command that will never be whole */
	say(fd, "TO");
	suspend_machine();
	s = status(fd, id);
	assert_int_equal(s.state, CED1401_STATE_FAILED);
	assert_int_equal(s.error, -ECANCELED);
	assert_int_equal(s.bytes, 0);
	fill(memory, 5000, 3);
	to_1401(fd, 4, 2000, 5000, 0);
	memset(memory, 0, 5000);
	to_host(fd, 4, 2000, 5000, 0);
	assert_filled(memory, 5000, 3);
	close(fd);
	free(memory);
}

static void nobody_has_it_open(void **state)
{
	int fd;

	(void)state;
	suspend_machine();
	fd = open_session(0);
	assert_works(fd);
	assert_false(status(fd, 0).events & CED1401_EVENT_RESET);
}

static void twice_in_a_row(void **state)
{
	int fd = open_session(0);

	(void)state;
	assert_works(fd);
	suspend_machine();
	suspend_machine();
	assert_news_of_the_reset(fd);
	assert_works(fd);
}

/* ---- programs that sleep in the driver ---- */

struct shared {
	int fd, pipe;
	uint32_t id;
};

static void waits_for_ever(void *arg)
{
	struct shared *s = arg;
	struct ced1401_wait wait;

	child_check(wait_error(s->fd, s->id, 0, 0, &wait) == 0);
	child_check(wait.error == -ECANCELED);
	tell(s->pipe, 'e');
}

static void reads(void *arg)
{
	struct shared *s = arg;
	char line[40];

	child_check(hear(s->fd, line, sizeof(line), 60000));
	child_check(!strcmp(line, "0,0"));
	tell(s->pipe, 'r');
}

static void waits_its_turn(void *arg)
{
	struct shared *s = arg;
	int fd = open(device(), O_RDWR);

	child_check(fd >= 0);
	child_check(ioctl(fd, CED1401_IOC_CLAIM) == 0);
	tell(s->pipe, 'c');
}

static void who_sleeps_in_the_driver_does_not_keep_it_awake(void **state)
{
	struct shared s = { .fd = open_session(0) };
	pid_t waiter, reader, next;
	int ends[2];

	(void)state;
	map_buffer(s.fd, 0, PAGE);
	assert_int_equal(call(s.fd, CED1401_IOC_CLAIM, NULL), 0);
	s.id = start(s.fd, 0, IN_ASK, 0, PAGE, 0);
	make_pipe(ends);
	s.pipe = ends[1];
	waiter = child(waits_for_ever, &s);
	reader = child(reads, &s);
	next = child(waits_its_turn, &s);
	assert_true(is_asleep(waiter, 5000));
	assert_true(is_asleep(reader, 5000));
	assert_true(is_asleep(next, 5000));
	suspend_machine();
	assert_int_equal(told(ends[0], 20000), 'e');
	assert_child_well(waiter);
	/* Who reads, and who stands in the queue, goes on where he was */
	assert_int_equal(told(ends[0], 300), 0);
	say(s.fd, "ERR;");
	assert_int_equal(told(ends[0], 20000), 'r');
	assert_child_well(reader);
	assert_int_equal(told(ends[0], 300), 0);
	assert_int_equal(call(s.fd, CED1401_IOC_RELEASE, NULL), 0);
	assert_int_equal(told(ends[0], 20000), 'c');
	assert_child_well(next);
}

static const struct CMUnitTest tests[] = {
	TEST(a_stream_ends_with_what_it_had_moved),
	TEST(a_ring_that_goes_round_by_itself_is_stopped),
	TEST(armed_transfers_end_and_areas_of_ceds_abi_stay),
	TEST(nobody_has_it_open),
	TEST(twice_in_a_row),
	TEST(who_sleeps_in_the_driver_does_not_keep_it_awake),
};

/* ---- the first process ---- */

static void insert(const char *path, const char *args)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || syscall(SYS_finit_module, fd, args, 0))
		printf("Bail out! %s: %s\n", path, strerror(errno));
	close(fd);
}

/* A program has set outputs, and nobody ends it before the machine goes down */
static bool set_outputs(const char *name)
{
	static const char text[] = "DAC,0 6554;DAC,1 -131;ERR;";
	int fd = open(name, O_RDWR | O_CLOEXEC);
	char reply[8] = "";
	int n = 0;

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return false;
	while (n < 4 && read(fd, reply + n, 1) == 1)
		n++;
	return !strcmp(reply, "0,0\r");
}

/* To the end of all, amid which the device is still there */
static void goes_on_opening(const char *name)
{
	if (fork())
		return;
	for (;;)
		close(open(name, O_RDWR | O_CLOEXEC));
}

/* The driver's parameters are what stands behind "--" on the kernel's command line */
int main(int argc, char *argv[])
{
	static const char * const devices[] = {
		"/dev/ced1401", "/dev/ced1401_1",
	};
	char args[200] = "";
	int failed = 0, set = 0, i;

	mkdir("/dev", 0755);
	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	if (!freopen("/dev/ttyS1", "w", stdout))
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	dup2(1, 2);
	for (i = 1; i < argc; i++) {
		strncat(args, argv[i], sizeof(args) - strlen(args) - 2);
		strcat(args, " ");
	}
	insert("/ced1401_isa.ko", args);
	for (i = 0; i < (int)LENGTH(devices); i++) {
		setenv("CED1401_DEVICE", devices[i], 1);
		printf("@ %s\n", devices[i]);
		failed += RUN(tests);
	}
	for (i = 0; i < (int)LENGTH(devices); i++)
		set += set_outputs(devices[i]);
	printf("@ set %d\n", set);
	printf("@ end %d\n", failed);
	fflush(stdout);
	goes_on_opening("/dev/ced1401_2");
	sync();
	sleep_ms(100);
	reboot(RB_AUTOBOOT);
	return 1;
}
