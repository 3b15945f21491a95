// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libced1401: one-shot sampling and playing. What is sampled is compared with the
 * recording that the ADC hears, what is played with the DACs' file and, where the card
 * has a loop, with what the ADC saw of it at each sample.
 *
 * Must come first on its card: the file's columns are those of the first that plays.
 */
#define _GNU_SOURCE
#include <math.h>
#include <sys/syscall.h>

#include "helpers.h"

/*
 * The virtual 1401 replies at once, a real one need not: what the library has written is
 * followed by one look that finds nothing, and one wait that ends without a reply. All
 * that is, or what begins so.
 */
static bool replies_are_late, is_late;
static const char *late_to = "";

ssize_t write(int fd, const void *data, size_t size)
{
	size_t n = strlen(late_to);

	is_late = replies_are_late && size >= n && !memcmp(data, late_to, n);
	return syscall(SYS_write, fd, data, size);
}

ssize_t read(int fd, void *data, size_t size)
{
	if (is_late) {
		errno = EAGAIN;
		return -1;
	}
	return syscall(SYS_read, fd, data, size);
}

int poll(struct pollfd *fds, nfds_t n, int ms)
{
	if (is_late) {
		is_late = false;
		return 0;
	}
	return (int)syscall(SYS_poll, fds, n, ms);
}

static const unsigned int both[] = { 0, 1 };
static const unsigned int dacs[] = { 0, 1, 2, 3, 4, 5, 6, 7 };
static const unsigned int swapped[] = { 1, 5, 0 };
static const unsigned int looped[] = { 0, 2, 1 };

/* The seed of what is played: another one for each test, so that it finds its own */
static uint64_t fresh(void)
{
	return now_ns();
}

static int16_t *make_noise(uint64_t seed, uint64_t samples)
{
	int16_t *values = malloc(samples * sizeof(*values));
	uint64_t i;

	for (i = 0; i < samples; i++)
		values[i] = noise(seed, i);
	return values;
}

/* So slow that a busy machine, which stands still for seconds, loses nothing */
static double rate(ced1401_device *dev, int method)
{
	return !is_clocked(dev) ? 1e6 :
	       method == CED1401L_FIFO ? 500 : 5000;
}

/* Two channels, so that the DACs' file gets two columns */
static void playing_two_channels_from_the_1401s_memory(void **state)
{
	const uint64_t frames = 3001;
	ced1401_device *dev = open_1401(0);
	int16_t *values = make_noise(fresh(), 2 * frames);
	struct ced1401_signal out = {
		.channels = both, .n_channels = 2, .rate = 20000,
		.frames = frames, .samples = values,
	};

	(void)state;
	well(ced1401_play(dev, &out, NULL));
	assert_int_equal(out.done, frames);
	assert_int_equal(out.lost, 0);
	assert_int_equal(out.method, CED1401L_MEMORY);
	assert_true(out.true_rate == 20000);
	assert_true(was_played(values, 2, frames));
	ced1401_close(dev);
	free(values);
}

/* What has come is used while the capture goes on */
struct user {
	const struct ced1401_signal *in;
	uint64_t first, used;
	unsigned int calls;
	bool wrong;
};

static int uses(void *user, int phase, uint64_t in_frames, uint64_t out_frames)
{
	struct user *u = user;
	const struct ced1401_signal *in = u->in;
	unsigned int n = in->n_channels, k;

	(void)phase;
	u->calls++;
	u->wrong |= in->done < u->used || in->done > in_frames || out_frames;
	for (; u->used < in->done; u->used++) {
		for (k = 0; k < n; k++)
			u->wrong |= in->samples[u->used * n + k] !=
				    heard(u->first + u->used, in->channels[k]);
	}
	return 0;
}

static void capture(ced1401_device *dev, const unsigned int *channels,
		    unsigned int n, uint64_t frames, int16_t *samples, int method,
		    unsigned int flags)
{
	uint64_t first = next_frame_heard(dev);
	struct ced1401_signal in = {
		.channels = channels, .n_channels = n, .rate = 1000,
		.frames = frames, .samples = samples, .method = method,
		.flags = flags,
	};

	struct user u = { .in = &in };
	const struct ced1401_when when = { .progress = uses, .user = &u };

	in.rate = rate(dev, method) / (flags ? 3 : 1);
	first = next_frame_heard(dev);
	u.first = first;
	memset(samples, 0x55, frames * n * 2);
	well(ced1401_capture(dev, &in, &when));
	assert_false(u.wrong);
	if (in.method == CED1401L_MEMORY)
		assert_int_equal(u.used, frames);
	else if (frames > 400 && u.calls > 2)
		assert_true(u.used > 0);
	assert_int_equal(in.done, frames);
	assert_int_equal(in.lost, 0);
	assert_true(fabs(in.true_rate - in.rate) < in.rate / 100);
	if (method)
		assert_int_equal(in.method, method);
	assert_sampled(samples, channels, n, frames, first);
}

static void capturing_what_the_1401s_memory_holds(void **state)
{
	static const uint64_t frames[] = { 1, 2, 777, 5000 };
	ced1401_device *dev = open_1401(0);
	int16_t *own = ced1401_alloc(dev, 100000), *other = malloc(100000);
	unsigned int i;

	(void)state;
	for (i = 0; i < LENGTH(frames); i++) {
		capture(dev, both, 1, frames[i], own, 0, 0);
		capture(dev, both, 2, frames[i], own, CED1401L_MEMORY, 0);
		capture(dev, swapped, 3, frames[i], other, CED1401L_MEMORY, 0);
		capture(dev, both, 2, frames[i], other, CED1401L_MEMORY,
			CED1401L_IN_TURN);
	}
	well(ced1401_command(dev, "%s", ""));
	free(other);
	ced1401_close(dev);
	well(ced1401_free(dev, own));
}

/* 16 bits of all that a 1401 has: behind each other they are the recording */
static void capturing_more_than_the_1401s_memory_holds(void **state)
{
	ced1401_device *dev = open_1401(0);
	bool clocked = is_clocked(dev);
	/* Over 1 MiB needs no clock, and would take a minute of it */
	const uint64_t frames = clocked ? 8011 : 300011;
	int16_t *samples = malloc(frames * 4);

	(void)state;
	capture(dev, both, 2, frames, samples, clocked ? CED1401L_REQUEST : 0, 0);
	capture(dev, swapped, 3, frames / 2, samples, CED1401L_REQUEST, 0);
	if (clocked) {
		capture(dev, both, 2, 500, samples, CED1401L_FIFO, 0);
		capture(dev, both, 1, 1, samples, CED1401L_FIFO, 0);
	}
	capture(dev, both, 1, 1, samples, CED1401L_REQUEST, 0);
	free(samples);
	ced1401_close(dev);
}

static void play(ced1401_device *dev, unsigned int n, uint64_t frames, int method,
		 uint64_t repeats)
{
	int16_t *values = make_noise(fresh(), n * frames);
	struct ced1401_signal out = {
		.channels = both, .n_channels = n, .frames = frames,
		.samples = values, .method = method, .repeats = repeats,
	};

	out.rate = rate(dev, method);
	well(ced1401_play(dev, &out, NULL));
	assert_int_equal(out.done, frames * (repeats ? repeats : 1));
	assert_int_equal(out.lost, 0);
	if (method)
		assert_int_equal(out.method, method);
	if (repeats > 1) {
		/* Twice in a row */
		values = realloc(values, 2 * n * frames * 2);
		memcpy(values + n * frames, values, n * frames * 2);
		frames *= 2;
	}
	assert_true(was_played(values, n, frames));
	free(values);
	/* The DACs are free again */
	well(ced1401_dac(dev, both, 1, (int16_t[]){ 0 }));
}

static void playing_of_any_length(void **state)
{
	ced1401_device *dev = open_1401(0);
	bool clocked = is_clocked(dev);

	(void)state;
	play(dev, 1, 1000, CED1401L_MEMORY, 3);
	play(dev, 2, 1, 0, 0);
	play(dev, 2, clocked ? 8011 : 290011, CED1401L_REQUEST, 0);
	if (!clocked)
		play(dev, 1, 600011, 0, 0);
	ced1401_close(dev);
}

/* Input 2 sees DAC 0: sample k is value k */
static void check_delay(const int16_t *samples, const int16_t *values,
			unsigned int n_out, uint64_t frames)
{
	uint64_t k;

	for (k = 0; k < frames; k++) {
		if (samples[3 * k + 1] != values[n_out * k])
			fail_msg("of %llu samples, %u DACs, number %llu is %d, not %d",
				 (unsigned long long)frames, n_out,
				 (unsigned long long)k, samples[3 * k + 1],
				 values[n_out * k]);
	}
}

static void capture_play(ced1401_device *dev, uint64_t frames, int in_method,
			 int out_method, bool on_trigger);

static void sampling_what_is_played(void **state)
{
	ced1401_device *dev = open_1401(0);

	(void)state;
	if (!is_clocked(dev)) {
		/* No loop here, and both at their own pace */
		ced1401_close(dev);
		return;
	}
	capture_play(dev, 3000, CED1401L_MEMORY, CED1401L_MEMORY, false);
	capture_play(dev, 3000, 0, 0, true);
	capture_play(dev, 6000, CED1401L_REQUEST, CED1401L_MEMORY, false);
	capture_play(dev, 500, CED1401L_FIFO, CED1401L_MEMORY, false);
	/* More than 512 KiB of eight DACs */
	capture_play(dev, 33000, CED1401L_REQUEST, CED1401L_REQUEST, true);
	/* Of the block that is given up at its end no command hears */
	capture_play(dev, 33000, CED1401L_MEMORY, CED1401L_REQUEST, false);
	capture_play(dev, 33000, CED1401L_MEMORY, CED1401L_REQUEST, false);
	ced1401_close(dev);
}

/* The progress of capture_play(): the trigger comes when all is armed */
struct follower {
	unsigned int phases[3];
	uint64_t in, out;
	ced1401_device *dev;
	int cancel_at;
};

static int follow(void *user, int phase, uint64_t in, uint64_t out)
{
	struct follower *f = user;

	f->phases[phase]++;
	f->in = in;
	f->out = out;
	return f->cancel_at && (int)(f->phases[0] + f->phases[1] +
				     f->phases[2]) >= f->cancel_at;
}

static void *pulls_the_trigger(void *arg)
{
	struct follower *f = arg;
	unsigned int i;

	for (i = 0; i < 3000 && !*(volatile unsigned int *)&f->phases[0]; i++)
		sleep_ms(10);
	sleep_ms(100);
	return ced1401_trigger_fire(f->dev) ? (void *)"no trigger" : NULL;
}

static void capture_play(ced1401_device *dev, uint64_t frames, int in_method,
			 int out_method, bool on_trigger)
{
	const unsigned int n_out = out_method == CED1401L_REQUEST ? 8 : 1;
	int16_t *samples = calloc(frames * 3, 2);
	int16_t *values = make_noise(fresh(), frames * n_out);
	struct ced1401_signal in = {
		.channels = looped, .n_channels = 3, .rate = rate(dev, in_method),
		.frames = frames, .samples = samples, .method = in_method,
	};
	struct ced1401_signal out = {
		.channels = dacs, .n_channels = n_out, .rate = in.rate,
		.frames = frames, .samples = values, .method = out_method,
	};
	struct follower follower = { .dev = dev };
	struct ced1401_when when = {
		.start = on_trigger ? CED1401L_ON_TRIGGER : CED1401L_NOW,
		.progress = follow, .user = &follower,
	};
	uint64_t first = next_frame_heard(dev), k;
	pthread_t thread = 0;

	if (on_trigger)
		thread = begin_thread(pulls_the_trigger, &follower);
	well(ced1401_capture_play(dev, &in, &out, &when));
	if (on_trigger)
		join_thread(thread);
	assert_int_equal(in.done, frames);
	assert_int_equal(out.done, frames);
	assert_int_equal(in.lost + out.lost, 0);
	assert_int_equal(!!follower.phases[CED1401L_ARMED], on_trigger);
	assert_true(follower.phases[CED1401L_RUNNING] > 0);
	assert_true(in.true_rate == in.rate && out.true_rate == in.rate);
	check_delay(samples, values, n_out, frames);
	for (k = 0; k < frames; k++) {
		assert_int_equal(samples[3 * k], heard(first + k, 0));
		assert_int_equal(samples[3 * k + 2], heard(first + k, 1));
	}
	free(samples);
	free(values);
}

static void no_trigger_no_capture(void **state)
{
	ced1401_device *dev = open_1401(0);
	int16_t samples[200];
	struct follower follower = { .dev = dev };
	struct ced1401_signal in = {
		.channels = both, .n_channels = 2, .rate = 1000, .frames = 100,
		.samples = samples,
	};
	struct ced1401_when when = {
		.start = CED1401L_ON_TRIGGER, .trigger_ms = 1000,
		.progress = follow, .user = &follower,
	};
	uint64_t begun = now_ns();

	(void)state;
	assert_int_equal(ced1401_capture(dev, &in, &when), -ETIMEDOUT);
	assert_true(now_ns() - begun >= 1000 * MS);
	assert_int_equal(in.done, 0);
	assert_int_equal(follower.phases[CED1401L_RUNNING], 0);
	/* Every 50 ms, but on a machine that stands still meanwhile */
	assert_true(follower.phases[CED1401L_ARMED] > 1);
	/* Nothing waits any more */
	assert_int_equal(ced1401_clocks_waiting(dev), 0);
	well(ced1401_capture(dev, &in, NULL));
	ced1401_close(dev);
}

static void a_capture_that_is_cancelled_keeps_what_it_has(void **state)
{
	ced1401_device *dev = open_1401(0);
	int16_t *samples = calloc(200000, 2);
	struct follower follower = { .dev = dev, .cancel_at = 8 };
	struct ced1401_when when = { .progress = follow, .user = &follower };
	static const int methods[] = {
		CED1401L_MEMORY, CED1401L_REQUEST, CED1401L_FIFO,
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < LENGTH(methods) && is_clocked(dev); i++) {
		struct ced1401_signal in = {
			.channels = both, .n_channels = 2, .rate = 500,
			.frames = 100000, .samples = samples,
			.method = methods[i],
		};
		uint64_t first = next_frame_heard(dev);

		memset(follower.phases, 0, sizeof(follower.phases));
		assert_int_equal(ced1401_capture(dev, &in, &when), -ECANCELED);
		assert_in_range(in.done, 10, 99999);
		assert_sampled(samples, both, 2, in.done, first);
		next_frame_heard(dev);
	}
	free(samples);
	ced1401_close(dev);
}

/* What is played has the DMA channel, by which what was sampled must come */
static void cancelling_what_plays_by_the_fifo(void **state)
{
	ced1401_device *dev = open_1401(0);
	int16_t *samples = calloc(200000, 2), *values = make_noise(fresh(), 200000);
	struct follower follower = { .dev = dev, .cancel_at = 8 };
	struct ced1401_when when = { .progress = follow, .user = &follower };
	struct ced1401_signal in = {
		.channels = both, .n_channels = 2, .rate = 500, .frames = 100000,
		.samples = samples, .method = CED1401L_MEMORY,
	};
	struct ced1401_signal out = {
		.channels = both, .n_channels = 2, .rate = 500, .frames = 100000,
		.samples = values, .method = CED1401L_FIFO,
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < 2 && is_clocked(dev); i++) {
		uint64_t first = next_frame_heard(dev);

		/* Late ones, too: meanwhile what was played, and has ended, gets no more */
		replies_are_late = i;
		late_to = "ADCBST";
		memset(follower.phases, 0, sizeof(follower.phases));
		assert_int_equal(ced1401_capture_play(dev, &in, &out, &when),
				 -ECANCELED);
		replies_are_late = false;
		late_to = "";
		assert_in_range(in.done, 10, 99999);
		assert_sampled(samples, both, 2, in.done, first);
		next_frame_heard(dev);
		well(ced1401_dac(dev, both, 2, (int16_t[]){ 0, 0 }));
	}
	free(samples);
	free(values);
	ced1401_close(dev);
}

static void *resets_near_the_end(void *arg)
{
	struct follower *f = arg;
	uint64_t end = now_ns() + 30 * slow() * SECOND;

	while (*(volatile uint64_t *)&f->out < 65000 && now_ns() < end)
		sleep_ms(10);
	return ced1401_reset(f->dev) ? (void *)"no reset" : NULL;
}

/* All was given to the ring, but the 1401, which is full, has not taken all of it */
static void a_reset_ends_what_plays(void **state)
{
	ced1401_device *dev = open_1401(0);
	int16_t *values = make_noise(fresh(), 2 * 75000);
	struct ced1401_signal out = {
		.channels = both, .n_channels = 2, .rate = 1000,
		.frames = 75000, .samples = values, .method = CED1401L_REQUEST,
	};
	struct follower follower = { .dev = dev };
	const struct ced1401_when when = { .progress = follow, .user = &follower };
	pthread_t thread;

	(void)state;
	if (is_clocked(dev)) {
		thread = begin_thread(resets_near_the_end, &follower);
		assert_int_equal(ced1401_play(dev, &out, &when), -ESHUTDOWN);
		join_thread(thread);
		assert_true(out.done < 75000);
	}
	free(values);
	ced1401_close(dev);
}

static void what_cannot_be_done_is_refused(void **state)
{
	static const unsigned int bad[] = { 0, 99 };
	ced1401_device *dev = open_1401(0);
	int16_t samples[16];
	const struct ced1401_signal good = {
		.channels = both, .n_channels = 2, .rate = 1000, .frames = 8,
		.samples = samples,
	};
	struct ced1401_signal s = good;
	struct ced1401_when when = { .start = 7 };

	(void)state;
	assert_int_equal(ced1401_capture(dev, NULL, NULL), -EINVAL);
	assert_int_equal(ced1401_capture_play(dev, &s, NULL, NULL), -EINVAL);
	assert_int_equal(ced1401_capture(dev, &s, &when), -EINVAL);
	s.channels = bad;
	assert_int_equal(ced1401_capture(dev, &s, NULL), -EINVAL);
	s = good;
	s.n_channels = 0;
	assert_int_equal(ced1401_capture(dev, &s, NULL), -EINVAL);
	s.n_channels = 33;
	assert_int_equal(ced1401_capture(dev, &s, NULL), -EINVAL);
	s = good;
	s.frames = 0;
	assert_int_equal(ced1401_play(dev, &s, NULL), -EINVAL);
	s = good;
	s.samples = NULL;
	assert_int_equal(ced1401_play(dev, &s, NULL), -EINVAL);
	s = good;
	s.rate = 1e6 + 1;
	assert_int_equal(ced1401_capture(dev, &s, NULL), -ERANGE);
	s = good;
	/* Two channels in turn are a tick each */
	s.rate = 6e5;
	s.flags = CED1401L_IN_TURN;
	assert_int_equal(ced1401_capture(dev, &s, NULL), -ERANGE);
	s = good;
	s.repeats = 10;
	s.method = CED1401L_REQUEST;
	assert_int_equal(ced1401_play(dev, &s, NULL), CED1401L_E_1401_FULL);
	s = good;
	well(ced1401_capture(dev, &s, NULL));
	ced1401_close(dev);
}

static void who_has_the_adc_keeps_it(void **state)
{
	ced1401_device *dev = open_1401(0);
	int16_t samples[16];
	struct ced1401_signal in = {
		.channels = both, .n_channels = 2, .rate = 1000, .frames = 8,
		.samples = samples,
	};

	(void)state;
	well(ced1401_command(dev, "ADCMEM,I,2,500000,200,0,0,HT,10,40"));
	assert_int_equal(ced1401_capture(dev, &in, NULL), CED1401L_1401(4));
	assert_int_equal(in.done, 0);
	well(ced1401_command(dev, "ADCMEM,K"));
	well(ced1401_capture(dev, &in, NULL));
	ced1401_close(dev);
}

/* The converter takes 1 us: two channels at once at 1 MHz are one too many */
static void a_rate_that_is_too_high_is_an_error(void **state)
{
	ced1401_device *dev = open_1401(0);
	int16_t *samples = malloc(40000);
	struct ced1401_signal in = {
		.channels = both, .n_channels = 2, .rate = 1e6, .frames = 10000,
		.samples = samples,
	};

	(void)state;
	if (is_clocked(dev))
		assert_int_equal(ced1401_capture(dev, &in, NULL),
				 CED1401L_E_MISSED);
	in.rate = 1e5;
	well(ced1401_capture(dev, &in, NULL));
	free(samples);
	ced1401_close(dev);
}

/*
 * What input 2 sees of DAC 0: it crosses the level now and again, as a busy machine may
 * begin to look when the first time is over, or lose it.
 */
struct mover {
	ced1401_device *dev;
	bool enough;
};

static void *moves_a_dac(void *arg)
{
	struct mover *mover = arg;
	unsigned int i;

	for (i = 0; !__atomic_load_n(&mover->enough, __ATOMIC_ACQUIRE); i++) {
		const int16_t value = i % 2 ? 0 : 12000;

		sleep_ms(400);
		if (ced1401_dac(mover->dev, both, 1, &value))
			return (void *)"no DAC";
	}
	return NULL;
}

static void waiting_for_a_level(void **state)
{
	ced1401_device *dev = open_1401(0);
	struct follower follower = { .cancel_at = 3 };
	struct mover mover = { .dev = dev };
	struct ced1401_level level = {
		.channel = 2, .level = 5000, .timeout_ms = 300, .rate = 2000,
	};
	pthread_t thread;
	uint64_t begun;

	(void)state;
	if (!is_clocked(dev)) {
		ced1401_close(dev);
		return;
	}
	assert_int_equal(ced1401_wait_level(dev, &level), -ETIMEDOUT);
	level.timeout_ms = 0;
	begun = now_ns();
	thread = begin_thread(moves_a_dac, &mover);
	well(ced1401_wait_level(dev, &level));
	assert_true(now_ns() - begun >= 400 * MS);
	__atomic_store_n(&mover.enough, true, __ATOMIC_RELEASE);
	join_thread(thread);
	well(ced1401_dac(dev, both, 1, (int16_t[]){ 12000 }));
	/* It is above already: that is no crossing, to neither side */
	level.timeout_ms = 300;
	assert_int_equal(ced1401_wait_level(dev, &level), -ETIMEDOUT);
	level.falling = 1;
	assert_int_equal(ced1401_wait_level(dev, &level), -ETIMEDOUT);
	level.progress = follow;
	level.user = &follower;
	level.timeout_ms = 0;
	assert_int_equal(ced1401_wait_level(dev, &level), -ECANCELED);
	well(ced1401_command(dev, "%s", ""));
	ced1401_close(dev);
}

/* While a reply is late what streams have is moved: also of one that is being started */
static void a_1401_whose_replies_are_late(void **state)
{
	ced1401_device *dev = open_1401(0);
	uint64_t frames = 200000, first = next_frame_heard(dev);
	int16_t *values = make_noise(fresh(), 2 * frames), samples[2000];
	struct ced1401_signal in = {
		.channels = both, .n_channels = 2, .rate = 5000, .frames = 1000,
		.samples = samples, .method = CED1401L_REQUEST,
	};
	/* More than the ring holds */
	struct ced1401_signal out = {
		.channels = both, .n_channels = 2, .rate = 1e5, .frames = frames,
		.samples = values, .method = CED1401L_REQUEST,
	};
	int ret;

	(void)state;
	replies_are_late = true;
	well(ced1401_capture(dev, &in, NULL));
	assert_sampled(samples, both, 2, 1000, first);
	ret = ced1401_play(dev, &out, NULL);
	if (ret != CED1401L_E_LOST)
		well(ret);
	replies_are_late = false;
	free(values);
	ced1401_close(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(playing_two_channels_from_the_1401s_memory),
		TEST(capturing_what_the_1401s_memory_holds),
		TEST(capturing_more_than_the_1401s_memory_holds),
		TEST(playing_of_any_length),
		TEST(sampling_what_is_played),
		TEST(no_trigger_no_capture),
		TEST(a_capture_that_is_cancelled_keeps_what_it_has),
		TEST(cancelling_what_plays_by_the_fifo),
		TEST(a_reset_ends_what_plays),
		TEST(what_cannot_be_done_is_refused),
		TEST(who_has_the_adc_keeps_it),
		TEST(a_rate_that_is_too_high_is_an_error),
		TEST(waiting_for_a_level),
		TEST(a_1401_whose_replies_are_late),
	};

	return RUN(tests);
}
