// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libced1401 when things go wrong outside: the 1401 loses its power, the card's DMA fails,
 * the card goes. And what only the other side shows: outputs, inputs, the trigger.
 *
 * Begun by root, for QEMU's monitor; what speaks to the device has no privileges. The
 * card has realtime=on, loop=0:2, and test-code=5, test-x=600, test-y=70.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "helpers.h"

#define DRIVER	"/sys/bus/platform/drivers/ced1401/"

static const unsigned int both[] = { 0, 1 };

static int patience(void)
{
	return (int)(20000 * slow());
}

static void tell_driver(const char *what)
{
	const char *card = strrchr(device(), '_');
	int fd = open(what, O_WRONLY | O_CLOEXEC);
	char name[20];
	int n = snprintf(name, sizeof(name), "ced1401.%s", card ? card + 1 : "0");

	if (fd < 0 || write(fd, name, (size_t)n) != n)
		fail_msg("%s: %s", what, strerror(errno));
	close(fd);
}

/* All as it should be, whatever a test that failed has left */
static int all_is_well(void **state)
{
	become_root();
	if (access(device(), F_OK)) {
		tell_driver(DRIVER "bind");
		chmod(device(), 0666);
	}
	set_card_text("fault", "none");
	set_card_property("power", true);
	set_card_number("digin", 0);
	sleep_ms(300);
	become_user();
	return test_begins(state);
}

#define LAB_TEST(f)	cmocka_unit_test_setup_teardown(f, all_is_well, test_ends)

/* Off and on, each until the driver knows it: it has told another session, @watcher */
static void switch_power(int watcher, bool on)
{
	unsigned int event = on ? CED1401_EVENT_RESET : CED1401_EVENT_OFFLINE;
	uint64_t end = now_ns() + (uint64_t)patience() * MS;

	set_card_property("power", on);
	while (!(status(watcher, 0).events & event)) {
		assert_true(now_ns() < end);
		sleep_ms(5);
	}
}

/*
 * What the library asks of the system goes through these. A test has something done behind
 * one of its ioctls, once; and so many reads find nothing: the 1401's replies are on their way.
 */
static struct {
	int fd;
	unsigned long request;
	void (*then)(void);
} meanwhile;

static struct {
	int fd;
	unsigned int asked;
	int deaf;
} ears = { .fd = -1 };

int ioctl(int fd, unsigned long request, ...)
{
	void (*then)(void) = meanwhile.then;
	va_list args;
	int ret;

	va_start(args, request);
	ret = (int)syscall(SYS_ioctl, fd, request, va_arg(args, void *));
	va_end(args);
	if (!ret && then && fd == meanwhile.fd && request == meanwhile.request) {
		meanwhile.then = NULL;
		then();
	}
	return ret;
}

ssize_t read(int fd, void *to, size_t size)
{
	if (fd == __atomic_load_n(&ears.fd, __ATOMIC_ACQUIRE)) {
		__atomic_add_fetch(&ears.asked, 1, __ATOMIC_ACQ_REL);
		if (__atomic_fetch_sub(&ears.deaf, 1, __ATOMIC_ACQ_REL) > 0) {
			errno = EAGAIN;
			return -1;
		}
	}
	return syscall(SYS_read, fd, to, size);
}

static unsigned int heard_of;

static void hears(void *user, ced1401_device *dev, unsigned int events)
{
	(void)user;
	(void)dev;
	heard_of |= events;
}

static void await(ced1401_device *dev, unsigned int event)
{
	uint64_t end = now_ns() + (uint64_t)patience() * MS;

	while (!(heard_of & event)) {
		int ret = ced1401_process(dev, 100);

		assert_true(ret >= 0 || ret == -ENODEV);
		assert_true(now_ns() < end);
	}
}

static void works(ced1401_device *dev)
{
	int16_t samples[200];
	struct ced1401_signal in = {
		.channels = both, .n_channels = 2, .rate = 10000, .frames = 100,
		.samples = samples,
	};
	uint64_t first = next_frame_heard(dev);

	well(ced1401_capture(dev, &in, NULL));
	assert_sampled(samples, both, 2, 100, first);
}

static void close_resets_and_release_does_not(void **state)
{
	ced1401_device *dev = open_1401(0);

	(void)state;
	well(ced1401_dac(dev, both, 2, (int16_t[]){ 1234, -4321 }));
	well(ced1401_digital_out(dev, 0xa500, 0xffff));
	well(ced1401_digital_out(dev, 0x0012, 0x00f3));
	assert_int_equal(card_property("dac0"), 1234);
	assert_int_equal(card_property("dac1"), -4321);
	assert_int_equal(card_property("digout"), 0xa512);
	well(ced1401_release(dev));
	ced1401_close(dev);
	assert_int_equal(card_property("dac0"), 1234);
	assert_int_equal(card_property("digout"), 0xa512);
	/* Who claims it next finds it at rest */
	dev = open_1401(0);
	assert_int_equal(card_property("dac0"), 0);
	well(ced1401_dac(dev, both, 1, (int16_t[]){ 99 }));
	ced1401_close(dev);
	assert_int_equal(card_property("dac0"), 0);
	assert_int_equal(card_property("digout"), 0);
}

static void digital_inputs(void **state)
{
	ced1401_device *dev = open_1401(0);
	uint16_t bits = 0;

	(void)state;
	set_card_number("digin", 0x8421);
	well(ced1401_digital_in(dev, &bits));
	assert_int_equal(bits, 0x8421);
	/* Replies that could be errors: a single number never is */
	set_card_number("digin", 5);
	well(ced1401_digital_in(dev, &bits));
	assert_int_equal(bits, 5);
	ced1401_close(dev);
}

/* The pulse comes from outside, when all is armed */
static int pulls(void *user, int phase, uint64_t in, uint64_t out)
{
	unsigned int *calls = user;

	(void)in;
	(void)out;
	if (phase == CED1401L_ARMED && ++*calls == 3)
		set_card_property("trigger", true);
	return 0;
}

static void a_trigger_from_outside(void **state)
{
	static const unsigned int inputs[] = { 2, 0 };
	ced1401_device *dev = open_1401(0);
	int16_t samples[2 * 500], values[500];
	unsigned int calls = 0, i;
	struct ced1401_signal in = {
		.channels = inputs, .n_channels = 2, .rate = 5000,
		.frames = 500, .samples = samples,
	};
	struct ced1401_signal out = {
		.channels = both, .n_channels = 1, .rate = 5000,
		.frames = 500, .samples = values,
	};
	const struct ced1401_when when = {
		.start = CED1401L_ON_TRIGGER, .trigger_ms = patience(),
		.progress = pulls, .user = &calls,
	};
	uint64_t first = next_frame_heard(dev);

	(void)state;
	for (i = 0; i < 500; i++)
		values[i] = noise(now_ns(), i);
	well(ced1401_trigger_arm(dev));
	well(ced1401_capture_play(dev, &in, &out, &when));
	assert_true(calls >= 3);
	assert_int_equal(ced1401_trigger_count(dev), 1);
	for (i = 0; i < 500; i++) {
		assert_int_equal(samples[2 * i], values[i]);
		assert_int_equal(samples[2 * i + 1], heard(first + i, 0));
	}
	ced1401_close(dev);
}

static void *pulls_all_the_time(void *arg)
{
	while (!*(volatile bool *)arg)
		set_card_property("trigger", true);
	return NULL;
}

/* A pulse amid the preparations starts nothing: sample k is value k all the same */
static void a_trigger_that_comes_too_early(void **state)
{
	static const unsigned int inputs[] = { 2 };
	ced1401_device *dev = open_1401(0);
	int16_t samples[100], values[100];
	struct ced1401_signal in = {
		.channels = inputs, .n_channels = 1, .rate = 20000,
		.frames = 100, .samples = samples,
	};
	struct ced1401_signal out = {
		.channels = both, .n_channels = 1, .rate = 20000,
		.frames = 100, .samples = values,
	};
	const struct ced1401_when when = {
		.start = CED1401L_ON_TRIGGER, .trigger_ms = patience(),
	};
	unsigned int round, i, wrong = 0;
	bool enough = false;
	pthread_t thread;
	int ret = 0;

	(void)state;
	thread = begin_thread(pulls_all_the_time, &enough);
	for (round = 0; round < 20 && !ret; round++) {
		for (i = 0; i < LENGTH(values); i++)
			values[i] = (int16_t)(round * 1000 + i + 1);
		ret = ced1401_capture_play(dev, &in, &out, &when);
		wrong += !!memcmp(samples, values, sizeof(values));
	}
	enough = true;
	join_thread(thread);
	well(ret);
	assert_int_equal(wrong, 0);
	ced1401_close(dev);
}

/* ------------------------------------------------------------------- power */

static void power_goes_amid_a_stream(void **state)
{
	static const int methods[] = {
		CED1401L_FIFO, CED1401L_REQUEST, CED1401L_MEMORY,
	};
	ced1401_device *dev = open_1401(0);
	struct ced1401_piece piece;
	struct ced1401_info info;
	unsigned int i;
	uint16_t bits;

	(void)state;
	ced1401_set_event_callback(dev, hears, NULL);
	for (i = 0; i < LENGTH(methods); i++) {
		struct ced1401_stream_config config = {
			.channels = both, .n_channels = 2, .rate = 500,
			.method = methods[i],
		};
		uint64_t first = next_frame_heard(dev);
		ced1401_stream *s;
		int got;

		heard_of = 0;
		well(ced1401_stream_in(dev, &config, &s));
		well(ced1401_stream_start(s));
		well(ced1401_stream_acquire(s, &piece, 0, patience()));
		set_card_property("power", false);
		await(dev, CED1401L_EVENT_OFFLINE);
		well(ced1401_get_info(dev, &info));
		assert_string_equal(info.state, "off");
		assert_int_equal(info.link & CED1401L_LINK_POWER, 0);
		assert_true(poll_for(ced1401_stream_fd(s), POLLIN, patience()));
		/* What came is there and right, then comes why no more does */
		while ((got = ced1401_stream_acquire(s, &piece, 0, patience())) > 0) {
			assert_sampled(piece.samples, both, 2, piece.frames,
				       first + piece.position);
			well(ced1401_stream_release(s, piece.frames));
		}
		assert_int_equal(got, -ENODEV);
		assert_int_equal(ced1401_command(dev, "DAC,0 0"), -ENODEV);
		assert_int_equal(ced1401_digital_in(dev, &bits), -ENODEV);
		assert_int_equal(ced1401_reset(dev), -ENODEV);
		ced1401_stream_close(s);
		assert_int_equal(heard_of & CED1401L_EVENT_RESET, 0);
		set_card_property("power", true);
		await(dev, CED1401L_EVENT_RESET);
		works(dev);
	}
	ced1401_close(dev);
}

static void *cuts_the_power(void *arg)
{
	sleep_ms(500);
	set_card_property("power", false);
	return arg;
}

static void power_goes_amid_a_capture(void **state)
{
	static const int methods[] = {
		CED1401L_MEMORY, CED1401L_REQUEST, CED1401L_FIFO,
	};
	ced1401_device *dev = open_1401(0);
	int16_t *samples = malloc(400000);
	unsigned int i;

	(void)state;
	for (i = 0; i < LENGTH(methods); i++) {
		struct ced1401_signal in = {
			.channels = both, .n_channels = 2, .rate = 500,
			.frames = 100000, .samples = samples,
			.method = methods[i],
		};
		uint64_t first = next_frame_heard(dev);
		pthread_t thread = begin_thread(cuts_the_power, NULL);

		assert_int_equal(ced1401_capture(dev, &in, NULL), -ENODEV);
		join_thread(thread);
		assert_true(in.done < 100000);
		assert_sampled(samples, both, 2, in.done, first);
		set_card_property("power", true);
		while (ced1401_reset(dev))
			sleep_ms(50);
		works(dev);
	}
	free(samples);
	ced1401_close(dev);
}

static void power_goes_amid_a_wait_for_a_reply(void **state)
{
	ced1401_device *dev = open_1401(0);
	pthread_t thread;
	long v;

	(void)state;
	well(ced1401_set_timeout(dev, -1));
	thread = begin_thread(cuts_the_power, NULL);
	v = ced1401_query(dev, &v, 1, "DAC,0 0");
	assert_true(v == -ENODEV || v == -ESHUTDOWN);
	join_thread(thread);
	ced1401_close(dev);
}

/* While nobody looked: the next command is one as always, and its reply is its own */
static void the_power_was_off_meanwhile(void **state)
{
	int watcher = open_session(O_RDONLY_ONLY);
	ced1401_device *dev = open_1401(0);
	unsigned int i;

	(void)state;
	for (i = 1; i <= 3; i++) {
		uint64_t next;
		int16_t frame[2];

		switch_power(watcher, false);
		switch_power(watcher, true);
		well(ced1401_command(dev, "DAC,0 %u", i));
		assert_int_equal(card_property("dac0"), i);
		next = next_frame_heard(dev);
		well(ced1401_adc(dev, both, 2, frame));
		assert_int_equal(frame_of(frame), next);
	}
	ced1401_close(dev);
	close(watcher);
}

static ced1401_device *asked;
static pthread_t asks;

static void *asks_for_memory(void *arg)
{
	long v;

	return ced1401_query(arg, &v, 1, "MEMTOP,?") == -ESHUTDOWN ? NULL :
	       (void *)"a reply to what was said before the reset";
}

/* Behind the reset, of which the library does not know yet: until the question is sent */
static void is_asked(void)
{
	uint64_t end = now_ns() + (uint64_t)patience() * MS;

	__atomic_store_n(&ears.deaf, INT_MAX, __ATOMIC_RELEASE);
	__atomic_store_n(&ears.fd, ced1401_fd(asked), __ATOMIC_RELEASE);
	asks = begin_thread(asks_for_memory, asked);
	/* Once before it is sent, and then for the reply */
	while (__atomic_load_n(&ears.asked, __ATOMIC_ACQUIRE) < 2 && now_ns() < end)
		sleep_ms(5);
}

/* Whoever asks for STATUS first: the callback is told, once, and nobody wakes in vain */
static void news_that_others_have_seen(void **state)
{
	int watcher = open_session(O_RDONLY_ONLY);
	ced1401_device *dev = open_1401(0);
	int fd = ced1401_event_fd(dev);
	struct ced1401_info info;

	(void)state;
	while (ced1401_process(dev, 0) || poll_for(fd, POLLIN, 0))
		;
	heard_of = 0;
	ced1401_set_event_callback(dev, hears, NULL);
	switch_power(watcher, false);
	well(ced1401_get_info(dev, &info));
	assert_int_equal(info.link & CED1401L_LINK_POWER, 0);
	assert_true(poll_for(fd, POLLIN, 0) & POLLIN);
	assert_int_equal(ced1401_process(dev, -1), 1);
	assert_int_equal(heard_of, CED1401L_EVENT_OFFLINE);
	assert_int_equal(poll_for(fd, POLLIN, 0), 0);
	assert_int_equal(ced1401_process(dev, 0), 0);
	heard_of = 0;
	switch_power(watcher, true);
	well(ced1401_command(dev, "DAC,0 0"));
	assert_int_equal(ced1401_process(dev, -1), 1);
	assert_int_equal(heard_of, CED1401L_EVENT_RESET);
	assert_int_equal(poll_for(fd, POLLIN, 0), 0);
	/* With nobody to tell, they are over when they might have been told */
	ced1401_set_event_callback(dev, NULL, NULL);
	switch_power(watcher, false);
	switch_power(watcher, true);
	well(ced1401_get_info(dev, &info));
	assert_int_equal(info.link & CED1401L_LINK_POWER, CED1401L_LINK_POWER);
	assert_int_equal(ced1401_process(dev, 0), 0);
	assert_int_equal(poll_for(fd, POLLIN, 0), 0);
	ced1401_close(dev);
	close(watcher);
}

static int watches;

static void goes_off(void)
{
	switch_power(watches, false);
}

/* Behind the STATUS that asks: what comes then is told all the same */
static void news_amid_a_look(void **state)
{
	ced1401_device *dev = open_1401(0);
	int fd = ced1401_event_fd(dev);
	struct ced1401_info info;

	(void)state;
	watches = open_session(O_RDONLY_ONLY);
	while (ced1401_process(dev, 0) || poll_for(fd, POLLIN, 0))
		;
	heard_of = 0;
	ced1401_set_event_callback(dev, hears, NULL);
	meanwhile.fd = ced1401_fd(dev);
	meanwhile.request = CED1401_IOC_STATUS;
	meanwhile.then = goes_off;
	well(ced1401_get_info(dev, &info));
	assert_null(meanwhile.then);
	assert_true(poll_for(fd, POLLIN, 0) & POLLIN);
	assert_int_equal(ced1401_process(dev, 0), 1);
	assert_int_equal(heard_of, CED1401L_EVENT_OFFLINE);
	switch_power(watches, true);
	works(dev);
	ced1401_close(dev);
	close(watches);
}

/* What was said amid a reset may be heard behind it: the next one's reply is its own */
static void a_reply_that_comes_behind_a_reset(void **state)
{
	ced1401_device *dev = open_1401(0);
	long v = -1;
	int ret;

	(void)state;
	asked = dev;
	ears.asked = 0;
	meanwhile.fd = ced1401_fd(dev);
	meanwhile.request = CED1401_IOC_RESET;
	meanwhile.then = is_asked;
	ret = ced1401_reset(dev);
	join_thread(asks);
	well(ret);
	/* The reply is on its way still when the next question is sent */
	__atomic_store_n(&ears.deaf, 1, __ATOMIC_RELEASE);
	ret = ced1401_query(dev, &v, 1, "DIG,I");
	__atomic_store_n(&ears.fd, -1, __ATOMIC_RELEASE);
	assert_int_equal(ret, 1);
	assert_int_equal(v, 0);
	ced1401_close(dev);
}

/* ------------------------------------------------------------------ the card */

static void a_block_that_breaks_off(void **state)
{
	ced1401_device *dev = open_1401(0);
	uint8_t *p = ced1401_alloc(dev, 20000);

	(void)state;
	fill(p, 20000, 1);
	well(ced1401_write_memory(dev, 0, p, 20000));
	set_card_number("fault-after", 5000);
	set_card_text("fault", "early-end");
	assert_int_equal(ced1401_read_memory(dev, 0, p, 20000), CED1401L_E_BLOCK);
	set_card_text("fault", "none");
	memset(p, 0, 20000);
	well(ced1401_read_memory(dev, 0, p, 20000));
	assert_filled(p, 20000, 1);
	ced1401_close(dev);
	well(ced1401_free(dev, p));
}

static void the_card_goes(void **state)
{
	struct ced1401_stream_config config = {
		.channels = both, .n_channels = 2, .rate = 1000,
	};
	ced1401_device *dev = open_1401(0), *next;
	uint8_t *p = ced1401_alloc(dev, 30000);
	struct ced1401_piece piece;
	struct ced1401_info info;
	struct stat node;
	ced1401_stream *s;
	uint64_t count;
	int got;

	(void)state;
	assert_int_equal(stat(device(), &node), 0);
	fill(p, 30000, 4);
	heard_of = 0;
	ced1401_set_event_callback(dev, hears, NULL);
	well(ced1401_stream_in(dev, &config, &s));
	well(ced1401_stream_start(s));
	become_root();
	tell_driver(DRIVER "unbind");
	await(dev, CED1401L_EVENT_GONE);
	do {
		got = ced1401_stream_acquire(s, &piece, 0, patience());
		if (got > 0)
			ced1401_stream_release(s, piece.frames);
	} while (got > 0);
	assert_int_equal(got, -ENODEV);
	assert_int_equal(ced1401_command(dev, "DAC,0 0"), -ENODEV);
	assert_int_equal(ced1401_get_info(dev, &info), -ENODEV);
	assert_int_equal(ced1401_process(dev, 0), -ENODEV);
	assert_int_equal(ced1401_statistic(dev, "resets", &count), -ENODEV);
	assert_int_equal(ced1401_statistic(dev, "../io", &count), -ENOENT);
	assert_null(ced1401_alloc(dev, 10));
	assert_int_equal(errno, ENODEV);
	assert_int_equal(ced1401_open_path(device(), 0, &next), -ENOENT);
	tell_driver(DRIVER "bind");
	/* As udev would do */
	assert_int_equal(chown(device(), node.st_uid, node.st_gid), 0);
	assert_int_equal(chmod(device(), node.st_mode & 07777), 0);
	become_user();
	next = open_1401(0);
	works(next);
	/* Nor is the new card's the old one's */
	assert_int_equal(ced1401_statistic(dev, "resets", &count), -ENODEV);
	/* What was the program's is its own still */
	assert_filled(p, 30000, 4);
	ced1401_close(dev);
	assert_filled(p, 30000, 4);
	well(ced1401_free(dev, p));
	ced1401_close(next);
}

static void a_self_test_that_fails(void **state)
{
	ced1401_device *dev = open_1401(0);
	struct ced1401_selftest result;
	uint16_t bits;

	(void)state;
	assert_int_equal(ced1401_self_test(dev, patience(), &result),
			 CED1401L_E_SELFTEST);
	assert_int_equal(result.code, 5);
	assert_int_equal(result.x, 600);
	assert_int_equal(result.y, 70);
	well(ced1401_digital_in(dev, &bits));
	ced1401_close(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(close_resets_and_release_does_not),
		LAB_TEST(digital_inputs),
		LAB_TEST(a_trigger_from_outside),
		LAB_TEST(a_trigger_that_comes_too_early),
		LAB_TEST(power_goes_amid_a_stream),
		LAB_TEST(power_goes_amid_a_capture),
		LAB_TEST(power_goes_amid_a_wait_for_a_reply),
		LAB_TEST(the_power_was_off_meanwhile),
		LAB_TEST(a_reply_that_comes_behind_a_reset),
		LAB_TEST(news_that_others_have_seen),
		LAB_TEST(news_amid_a_look),
		LAB_TEST(a_block_that_breaks_off),
		LAB_TEST(the_card_goes),
		LAB_TEST(a_self_test_that_fails),
	};

	return RUN(tests);
}
