// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libced1401: streams of both directions, lent and copied, with their losses, by all
 * methods. Every frame is compared with the recording or the DACs' file.
 *
 * Without a clock (realtime=off) a stream by requests is as fast as the host, and the
 * FIFO's laps whoever reads it. What needs a clock is tested on cards that have one.
 */
#define _GNU_SOURCE
#include <math.h>
#include <sys/syscall.h>

#include "helpers.h"

/* The library's calls to the driver are counted on their way */
static unsigned int ioctls;

int ioctl(int fd, unsigned long request, ...)
{
	va_list list;
	void *arg;

	va_start(list, request);
	arg = va_arg(list, void *);
	va_end(list);
	__atomic_add_fetch(&ioctls, 1, __ATOMIC_RELAXED);
	return (int)syscall(SYS_ioctl, fd, request, arg);
}

static const unsigned int both[] = { 0, 1 };
static const unsigned int three[] = { 1, 7, 0 };

/*
 * A busy machine may stand still for seconds. The card's FIFO holds 16 KiB, and the 1401
 * 256 KiB for streams by requests: at these rates that is 5 s and more, so nothing is
 * lost. To the DACs the FIFO must be filled first, so there it is less, but tried again.
 */
#define FIFO_RATE	500
#define RATE		5000
#define OUT_RATE	2000
#define TRIES		5

/* A session on a card that has a clock, or has none; on the other kind NULL */
static ced1401_device *open_if(bool clocked)
{
	ced1401_device *dev = open_1401(0);

	if (is_clocked(dev) == clocked)
		return dev;
	ced1401_close(dev);
	return NULL;
}

static struct ced1401_stream_config config_of(const unsigned int *channels,
					      unsigned int n, int method)
{
	const struct ced1401_stream_config config = {
		.channels = channels, .n_channels = n, .method = method,
		.rate = method == CED1401L_FIFO ? FIFO_RATE : RATE,
	};

	return config;
}

static ced1401_stream *begin_in(ced1401_device *dev,
				const struct ced1401_stream_config *config)
{
	ced1401_stream *s;

	well(ced1401_stream_in(dev, config, &s));
	well(ced1401_stream_start(s));
	return s;
}

static struct ced1401_stream_info info_of(ced1401_stream *s)
{
	struct ced1401_stream_info info;

	well(ced1401_stream_get_info(s, &info));
	return info;
}

static int patience(void)
{
	return (int)(20000 * slow());
}

/* Take frames until @frames have come, by lending; all that is not lost is right */
static void follow(ced1401_stream *s, const unsigned int *channels, unsigned int n,
		   uint64_t frames, uint64_t first)
{
	uint64_t next = 0, before = 0, lost = 0;
	struct ced1401_piece piece;

	while (next < frames) {
		int got = ced1401_stream_acquire(s, &piece, 0, patience()), spoiled;

		well(got);
		assert_true(got > 0);
		assert_int_equal(got, piece.frames);
		assert_int_equal(piece.position, next + piece.lost);
		assert_true(piece.time_frames >= piece.position + piece.frames);
		assert_in_range(piece.time_ns, before, now_ns());
		before = piece.time_ns;
		assert_sampled(piece.samples, channels, n, piece.frames,
			       first + piece.position);
		spoiled = well(ced1401_stream_release(s, piece.frames));
		assert_int_equal(spoiled, 0);
		lost += piece.lost;
		next = piece.position + piece.frames;
	}
	assert_int_equal(lost, 0);
	assert_int_equal(info_of(s).lost, 0);
	assert_int_equal(info_of(s).released, next);
}

/* After stop: what is left, to the end */
static uint64_t finish(ced1401_stream *s, const unsigned int *channels,
		       unsigned int n, uint64_t first)
{
	struct ced1401_piece piece;
	int got;

	well(ced1401_stream_stop(s));
	while ((got = well(ced1401_stream_acquire(s, &piece, 0, patience())))) {
		assert_sampled(piece.samples, channels, n, piece.frames,
			       first + piece.position);
		assert_int_equal(ced1401_stream_release(s, piece.frames), 0);
	}
	assert_int_equal(info_of(s).state, CED1401L_STREAM_ENDED);
	assert_int_equal(info_of(s).error, 0);
	/* It stays at its end */
	assert_int_equal(ced1401_stream_acquire(s, &piece, 0, 0), 0);
	assert_int_equal(info_of(s).released, info_of(s).moved);
	return info_of(s).released;
}

/* ------------------------------------------------------------- to the host */

static void a_long_stream_lent_piece_by_piece(void **state)
{
	struct ced1401_stream_config config =
		config_of(both, 2, CED1401L_REQUEST);
	ced1401_device *dev = open_1401(0);
	bool clocked = is_clocked(dev);
	uint64_t first = next_frame_heard(dev), total;
	ced1401_stream *s = begin_in(dev, &config);

	(void)state;
	assert_int_equal(info_of(s).method, CED1401L_REQUEST);
	assert_int_equal(info_of(s).state, CED1401L_STREAM_RUNS);
	follow(s, both, 2, clocked ? 8000 : 400000, first);
	total = finish(s, both, 2, first);
	assert_true(total >= 8000);
	assert_int_equal(info_of(s).lost_1401, 0);
	ced1401_stream_close(s);
	well(ced1401_command(dev, "DAC,0 0"));
	ced1401_close(dev);
}

static void a_stream_through_the_fifo(void **state)
{
	struct ced1401_stream_config config = config_of(three, 3, CED1401L_AUTO);
	ced1401_device *dev;
	ced1401_stream *s;
	uint64_t first;
	unsigned int i;

	(void)state;
	dev = open_if(true);
	if (!dev)
		return;
	/* So slow that the small ring lasts for eight seconds */
	config.rate = 100;
	/* A ring within one DMA page, a small odd one, and a large one */
	for (i = 0; i < 3; i++) {
		config.ring_frames = i == 0 ? 0 : i == 1 ? 801 : 70000;
		first = next_frame_heard(dev);
		s = begin_in(dev, &config);
		assert_int_equal(info_of(s).method, CED1401L_FIFO);
		if (i)
			assert_int_equal(info_of(s).ring_frames,
					 config.ring_frames);
		follow(s, three, 3, 100, first);
		well(ced1401_stream_ask(s));
		finish(s, three, 3, first);
		assert_int_equal(info_of(s).lost_1401, 0);
		ced1401_stream_close(s);
	}
	ced1401_close(dev);
}

/* Neither to learn of them nor to give them back, and the driver knows of both */
static void frames_that_are_there_need_no_call(void **state)
{
	static const int methods[] = { CED1401L_REQUEST, CED1401L_FIFO };
	const unsigned int part = 32, parts = 20;
	ced1401_device *dev = open_if(true);
	unsigned int i, k;

	(void)state;
	if (!dev)
		return;
	for (i = 0; i < LENGTH(methods); i++) {
		struct ced1401_stream_config c = config_of(both, 2, methods[i]);
		uint64_t first = next_frame_heard(dev), end = now_ns() + 60 * SECOND;
		struct ced1401_piece piece;
		ced1401_stream *s;
		unsigned int before;

		/* So slow that the ring lasts for sixteen seconds */
		c.rate = 1000;
		c.ring_frames = 16384;
		c.wake_frames = part;
		s = begin_in(dev, &c);
		while (info_of(s).moved < 2 * part * parts && now_ns() < end)
			sleep_ms(10);
		before = __atomic_load_n(&ioctls, __ATOMIC_RELAXED);
		assert_true(before > 0);	/* they are counted */
		for (k = 0; k < parts; k++) {
			assert_int_equal(ced1401_stream_acquire(s, &piece, part, -1),
					 part);
			assert_int_equal(piece.position, k * part);
			assert_int_equal(piece.lost, 0);
			assert_sampled(piece.samples, both, 2, part,
				       first + piece.position);
			assert_int_equal(ced1401_stream_release(s, part), 0);
		}
		assert_int_equal(__atomic_load_n(&ioctls, __ATOMIC_RELAXED), before);
		assert_int_equal(info_of(s).released, part * parts);
		finish(s, both, 2, first);
		ced1401_stream_close(s);
	}
	ced1401_close(dev);
}

/* The reader is late, or keeps what was lent: where and how much is told exactly */
static void losses_are_told_with_their_place(void **state)
{
	struct ced1401_stream_config config = config_of(both, 2, CED1401L_FIFO);
	uint64_t first, next = 0, good = 0, lost = 0, spoiled = 0;
	struct ced1401_piece piece;
	ced1401_device *dev;
	ced1401_stream *s;
	int16_t *copy;
	unsigned int i;

	(void)state;
	dev = open_if(true);
	if (!dev)
		return;
	first = next_frame_heard(dev);
	config.ring_frames = 101;	/* 0.2 s */
	copy = malloc(101 * 4);
	s = begin_in(dev, &config);
	for (i = 0; i < 30; i++) {
		int got, bad;

		if (i % 10 == 3)
			sleep_ms(400);
		got = well(ced1401_stream_acquire(s, &piece, 0, patience()));
		assert_int_equal(piece.position, next + piece.lost);
		memcpy(copy, piece.samples, piece.frames * 4);
		if (i % 10 == 7)
			sleep_ms(220);
		bad = well(ced1401_stream_release(s, (size_t)got));
		assert_in_range(bad, 0, got);
		/* What was overwritten, before the copy or after it, is the oldest */
		assert_sampled(copy + 2 * bad, both, 2, (uint64_t)(got - bad),
			       first + piece.position + (uint64_t)bad);
		lost += piece.lost;
		spoiled += (uint64_t)bad;
		good += (uint64_t)(got - bad);
		next = piece.position + piece.frames;
	}
	print_message("# %llu frames, %llu lost, %llu overwritten while lent\n",
		      (unsigned long long)good, (unsigned long long)lost,
		      (unsigned long long)spoiled);
	assert_true(lost > 0);
	assert_true(spoiled > 0);
	assert_true(good > 100);
	assert_int_equal(info_of(s).lost, lost + spoiled);
	/* Closed amid it all, what its FIFO held comes to no other stream */
	sleep_ms(300);
	ced1401_stream_close(s);
	free(copy);
	config.ring_frames = 0;
	first = next_frame_heard(dev);
	s = begin_in(dev, &config);
	follow(s, both, 2, 200, first);
	ced1401_stream_close(s);
	ced1401_close(dev);
}

/* read() copies, and gives nothing that was overwritten meanwhile */
static void reading_copies_whole_frames_only(void **state)
{
	struct ced1401_stream_config config = config_of(both, 2, CED1401L_FIFO);
	ced1401_device *dev = open_1401(0);
	uint64_t first, next = 0, lost = 0;
	struct ced1401_piece piece;
	ced1401_stream *s;
	int16_t *copy = malloc(100000);
	unsigned int i;

	(void)state;
	first = next_frame_heard(dev);
	config.ring_frames = 100;
	s = begin_in(dev, &config);
	for (i = 0; i < 40; i++) {
		int got = well(ced1401_stream_read(s, copy, 30, patience(),
						   &piece));

		assert_in_range(got, 1, 30);
		assert_int_equal(piece.frames, got);
		assert_int_equal(piece.position, next + piece.lost);
		assert_sampled(copy, both, 2, (uint64_t)got, first + piece.position);
		lost += piece.lost;
		next = piece.position + (uint64_t)got;
		sleep_ms(i % 20 == 10 ? 300 : i % 4);
	}
	/* What was lost last comes with the next piece */
	well(ced1401_stream_acquire(s, &piece, 0, patience()));
	assert_int_equal(info_of(s).lost, lost + piece.lost);
	assert_int_equal(ced1401_stream_write(s, copy, 1, 0), -EINVAL);
	assert_int_equal(ced1401_stream_drain(s, 0), -EINVAL);
	ced1401_stream_close(s);
	free(copy);
	ced1401_close(dev);
}

/* Without a clock it is overwritten as fast as it is copied; read() ends all the same */
static void reading_ends_when_its_time_is_over(void **state)
{
	struct ced1401_stream_config config = config_of(both, 2, CED1401L_FIFO);
	ced1401_device *dev = open_if(false);
	int16_t *copy = malloc(128 * KIB);
	struct ced1401_piece piece;
	ced1401_stream *s;
	unsigned int i;

	(void)state;
	if (!dev) {
		free(copy);
		return;
	}
	config.ring_frames = 47 * KIB;
	s = begin_in(dev, &config);
	for (i = 0; i < 3; i++) {
		int got = ced1401_stream_read(s, copy, 32 * KIB, i ? 300 : 0, &piece);

		if (got < 0)
			assert_int_equal(got, i ? -ETIMEDOUT : -EAGAIN);
	}
	ced1401_stream_close(s);
	free(copy);
	ced1401_close(dev);
}

static void the_1401s_memory_round_and_round(void **state)
{
	struct ced1401_stream_config config = config_of(both, 2, CED1401L_MEMORY);
	ced1401_device *dev;
	ced1401_stream *s;
	uint64_t first;

	(void)state;
	dev = open_if(true);
	if (!dev)
		return;
	first = next_frame_heard(dev);
	s = begin_in(dev, &config);
	assert_int_equal(info_of(s).method, CED1401L_MEMORY);
	follow(s, both, 2, 8000, first);
	well(ced1401_stream_ask(s));
	finish(s, both, 2, first);
	ced1401_stream_close(s);
	/* One channel, and channels in turn, are ADCMEM's */
	config.n_channels = 1;
	first = next_frame_heard(dev);
	s = begin_in(dev, &config);
	follow(s, both, 1, 3000, first);
	finish(s, both, 1, first);
	ced1401_stream_close(s);
	config.n_channels = 2;
	config.flags = CED1401L_IN_TURN;
	config.rate = 2500;
	first = next_frame_heard(dev);
	s = begin_in(dev, &config);
	assert_true(info_of(s).true_rate == 2500);
	assert_true(info_of(s).clock.hz == 5000);
	follow(s, both, 2, 3000, first);
	finish(s, both, 2, first);
	ced1401_stream_close(s);
	ced1401_close(dev);
}

/* One who comes back after more than a round is told how much he missed */
static void a_round_that_was_missed_is_told(void **state)
{
	struct ced1401_stream_config config = config_of(both, 2, CED1401L_MEMORY);
	struct ced1401_piece piece;
	uint64_t first, next = 0, lost = 0;
	ced1401_device *dev;
	ced1401_stream *s;

	(void)state;
	dev = open_if(true);
	if (!dev)
		return;
	config.rate = 100000;		/* 512 KiB are 1.3 s */
	first = next_frame_heard(dev);
	s = begin_in(dev, &config);
	while (next < 500000 && lost < 2) {
		int got = well(ced1401_stream_acquire(s, &piece, 0, patience()));

		assert_int_equal(piece.position, next + piece.lost);
		assert_sampled(piece.samples, both, 2, piece.frames,
			       first + piece.position);
		assert_int_equal(ced1401_stream_release(s, (size_t)got), 0);
		next = piece.position + (uint64_t)got;
		lost += !!piece.lost;
		if (next > 20000 && lost < 1)
			sleep_ms(3500);
		else if (lost)
			lost++;
	}
	assert_true(lost >= 2);
	assert_true(info_of(s).lost > 0);
	ced1401_stream_close(s);
	ced1401_close(dev);
}

/* Take what still comes; how the stream ends */
static int take_the_rest(ced1401_stream *s)
{
	struct ced1401_piece piece;
	int got;

	while ((got = ced1401_stream_acquire(s, &piece, 0, patience())) > 0)
		ced1401_stream_release(s, piece.frames);
	return got;
}

/* It leaves no gap: such a stream has no end but that error, however short it is */
static void samples_that_were_missed_are_told(void **state)
{
	struct ced1401_stream_config config = config_of(both, 2, CED1401L_MEMORY);
	ced1401_device *dev = open_if(true);
	ced1401_stream *s;
	unsigned int i;

	(void)state;
	/* One conversion is a microsecond: two at once at 1 MHz are one too many */
	config.rate = 1e6;
	for (i = 0; dev && i < 2; i++) {
		s = begin_in(dev, &config);
		sleep_ms(50);
		if (i)
			assert_int_equal(ced1401_stream_ask(s), CED1401L_E_MISSED);
		else
			well(ced1401_stream_stop(s));
		assert_int_equal(take_the_rest(s), CED1401L_E_MISSED);
		assert_int_equal(info_of(s).state, CED1401L_STREAM_ENDED);
		ced1401_stream_close(s);
		/* The ADC is free */
		next_frame_heard(dev);
	}
	ced1401_close(dev);
}

static void a_stream_waits_for_the_trigger(void **state)
{
	static const int methods[] = {
		CED1401L_FIFO, CED1401L_REQUEST, CED1401L_MEMORY,
	};
	struct ced1401_piece piece;
	ced1401_device *dev;
	unsigned int i;

	(void)state;
	dev = open_if(true);
	if (!dev)
		return;
	for (i = 0; i < LENGTH(methods); i++) {
		struct ced1401_stream_config config =
			config_of(both, 2, methods[i]);
		uint64_t first = next_frame_heard(dev);
		ced1401_stream *s;

		config.start = CED1401L_ON_TRIGGER;
		s = begin_in(dev, &config);
		assert_int_equal(ced1401_stream_acquire(s, &piece, 0, 200),
				 -ETIMEDOUT);
		assert_int_equal(ced1401_stream_acquire(s, &piece, 0, 0), -EAGAIN);
		assert_int_equal(ced1401_clocks_waiting(dev), 1);
		well(ced1401_trigger_fire(dev));
		follow(s, both, 2, 300, first);
		finish(s, both, 2, first);
		ced1401_stream_close(s);
	}
	ced1401_close(dev);
}

/* A ring that is full holds the 1401 up, and it answers no more: stop must all the same */
static void stopping_a_stream_that_nobody_reads(void **state)
{
	struct ced1401_stream_config config =
		config_of(both, 2, CED1401L_REQUEST);
	ced1401_device *dev = open_1401(0);
	uint64_t first = next_frame_heard(dev);
	ced1401_stream *s;

	(void)state;
	config.ring_frames = 2000;
	s = begin_in(dev, &config);
	sleep_ms(1000);
	assert_true(finish(s, both, 2, first) > 1000);
	ced1401_stream_close(s);
	/* The conversation goes on, without an error that was ours */
	well(ced1401_command(dev, "DAC,0 0"));
	first = next_frame_heard(dev);
	s = begin_in(dev, &config);
	sleep_ms(300);
	ced1401_stream_close(s);
	well(ced1401_command(dev, "DAC,0 0"));
	ced1401_close(dev);
}

struct reader {
	ced1401_stream *s;
	uint64_t first;
	uint64_t frames;
};

static void *reads_to_the_end(void *arg)
{
	struct reader *r = arg;
	struct ced1401_piece piece;
	uint64_t i;
	int got;

	while ((got = ced1401_stream_acquire(r->s, &piece, 0, -1)) > 0) {
		for (i = 0; i < piece.frames; i++) {
			if (piece.samples[2 * i] !=
			    heard(r->first + piece.position + i, 0))
				return (void *)"another frame";
		}
		if (ced1401_stream_release(r->s, piece.frames))
			return (void *)"release failed";
		r->frames += (uint64_t)got;
	}
	return got ? (void *)ced1401_strerror(got) : NULL;
}

/*
 * One thread reads, another commands, asks how it stands while it has the conversation for
 * itself, and stops.
 */
static void threads_share_a_stream(void **state)
{
	static const int methods[] = {
		CED1401L_REQUEST, CED1401L_FIFO, CED1401L_MEMORY,
	};
	ced1401_device *dev = open_1401(0);
	bool clocked = is_clocked(dev);
	unsigned int i, k;
	long v[3];

	(void)state;
	for (i = 0; i < (clocked ? 3 : 1); i++) {
		struct ced1401_stream_config config =
			config_of(both, 2, methods[i]);
		struct reader r = { .first = next_frame_heard(dev) };
		pthread_t thread;

		r.s = begin_in(dev, &config);
		thread = begin_thread(reads_to_the_end, &r);
		for (k = 0; k < 20; k++) {
			assert_int_equal(ced1401_query(dev, v, 3, "MEMTOP,?"), 3);
			assert_int_equal(v[0], MIB);
			ced1401_lock(dev);
			info_of(r.s);
			ced1401_unlock(dev);
			sleep_ms(10);
		}
		well(ced1401_stream_stop(r.s));
		join_thread(thread);
		assert_true(r.frames > 0);
		assert_int_equal(r.frames, info_of(r.s).moved);
		ced1401_stream_close(r.s);
	}
	ced1401_close(dev);
}

static double rate_by_times(ced1401_stream *s)
{
	struct ced1401_piece a, b;

	well(ced1401_stream_acquire(s, &a, 0, patience()));
	well(ced1401_stream_release(s, a.frames));
	sleep_ms(1000);
	well(ced1401_stream_acquire(s, &b, 0, patience()));
	well(ced1401_stream_release(s, b.frames));
	return (double)(b.time_frames - a.time_frames) * 1e9 /
	       (double)(b.time_ns - a.time_ns);
}

/* Frames and moments belong together: the slope is the clock's */
static void times_tell_the_rate(void **state)
{
	struct ced1401_stream_config config = config_of(both, 1, CED1401L_FIFO);
	ced1401_device *dev;
	ced1401_stream *s;
	unsigned int i;
	double rate = 0;

	(void)state;
	dev = open_if(true);
	if (!dev)
		return;
	s = begin_in(dev, &config);
	/* What a machine that stood still catches up with has other times */
	for (i = 0; i < TRIES && fabs(rate - FIFO_RATE) > FIFO_RATE / 4.; i++)
		rate = rate_by_times(s);
	print_message("# %.1f Hz by the times\n", rate);
	assert_true(fabs(rate - FIFO_RATE) <= FIFO_RATE / 4.);
	ced1401_stream_close(s);
	ced1401_close(dev);
}

/* ------------------------------------------------------------- to the DACs */

static int16_t *make_noise(uint64_t samples)
{
	int16_t *values = malloc(samples * 2);
	uint64_t seed = now_ns(), i;

	for (i = 0; i < samples; i++)
		values[i] = noise(seed, i);
	return values;
}

/* Play it all; whether the DACs had every value in time */
static bool play_stream(ced1401_device *dev, int method, uint64_t frames,
			uint64_t ring)
{
	struct ced1401_stream_config config = config_of(both, 2, method);
	int16_t *values = make_noise(2 * frames);
	struct ced1401_stream_info info;
	ced1401_stream *s;
	uint64_t done;

	if (method == CED1401L_FIFO)
		config.rate = OUT_RATE;
	config.ring_frames = ring;
	well(ced1401_stream_out(dev, &config, &s));
	assert_int_equal(ced1401_stream_start(s), -EINVAL);
	done = (uint64_t)well(ced1401_stream_write(s, values, frames, 0));
	assert_int_equal(done, info_of(s).ring_frames);
	assert_int_equal(ced1401_stream_write(s, values, 1, 0), -EAGAIN);
	well(ced1401_stream_start(s));
	assert_int_equal(ced1401_stream_start(s), -EALREADY);
	while (done < frames)
		done += (uint64_t)well(ced1401_stream_write(s, values + 2 * done,
						frames - done, patience()));
	assert_int_equal(info_of(s).released, frames + info_of(s).lost);
	well(ced1401_stream_drain(s, patience()));
	info = info_of(s);
	assert_int_equal(info.state, CED1401L_STREAM_ENDED);
	assert_int_equal(ced1401_stream_write(s, values, 1, 0), 0);
	ced1401_stream_close(s);
	if (!info.lost && !info.lost_1401)
		assert_true(was_played(values, 2, frames));
	free(values);
	return !info.lost && !info.lost_1401;
}

static void playing_a_long_stream(void **state)
{
	ced1401_device *dev = open_1401(0);
	bool clocked = is_clocked(dev), whole = !clocked;
	unsigned int i;

	(void)state;
	assert_true(play_stream(dev, CED1401L_REQUEST, clocked ? 8011 : 250007,
				clocked ? 4001 : 16001));
	for (i = 0; i < TRIES && !whole; i++)
		whole = play_stream(dev, CED1401L_FIFO, 10011, 8300);
	assert_true(whole);
	ced1401_close(dev);
}

/* Filled in place, less than a ring, then drained in small steps */
static void playing_a_short_stream_in_place(void **state)
{
	struct ced1401_stream_config config =
		config_of(both, 2, CED1401L_REQUEST);
	ced1401_device *dev = open_1401(0);
	int16_t *values = make_noise(2 * 1501);
	struct ced1401_piece piece;
	ced1401_stream *s;
	int ret;

	(void)state;
	well(ced1401_stream_out(dev, &config, &s));
	assert_int_equal(ced1401_stream_drain(s, 0), -EINVAL);
	well(ced1401_stream_acquire(s, &piece, 1501, 0));
	assert_int_equal(piece.frames, 1501);
	assert_int_equal(piece.position, 0);
	memcpy(piece.samples, values, 1501 * 4);
	assert_int_equal(ced1401_stream_release(s, 1502), -EINVAL);
	assert_int_equal(ced1401_stream_release(s, 1501), 0);
	well(ced1401_stream_start(s));
	assert_int_equal(info_of(s).ring_frames, 1501);
	do {
		ret = ced1401_stream_drain(s, 0);
		sleep_ms(5);
	} while (ret == -EAGAIN);
	well(ret);
	assert_true(was_played(values, 2, 1501));
	ced1401_stream_close(s);
	free(values);
	ced1401_close(dev);
}

/* Who fills too late is told; stop is at once, however full the ring is */
static void playing_late_and_stopping(void **state)
{
	struct ced1401_stream_config config = config_of(both, 2, CED1401L_FIFO);
	struct ced1401_piece piece;
	ced1401_device *dev;
	int16_t *values;
	ced1401_stream *s;
	uint64_t before;

	(void)state;
	dev = open_if(true);
	if (!dev)
		return;
	values = make_noise(2 * 8200);
	config.ring_frames = 8200;
	config.rate = OUT_RATE;
	well(ced1401_stream_out(dev, &config, &s));
	well(ced1401_stream_write(s, values, 8200, 0));
	well(ced1401_stream_start(s));
	/* 4 s of it, of which half are in the card's FIFO at once */
	sleep_ms(5000);
	well(ced1401_stream_acquire(s, &piece, 0, patience()));
	assert_true(piece.lost > 0);
	assert_int_equal(piece.position, 8200 + piece.lost);
	assert_true(info_of(s).lost >= piece.lost);
	before = now_ns();
	well(ced1401_stream_stop(s));
	print_message("# stopped in %llu ms\n",
		      (unsigned long long)((now_ns() - before) / MS));
	assert_int_equal(info_of(s).state, CED1401L_STREAM_ENDED);
	well(ced1401_dac(dev, both, 2, (int16_t[]){ 0, 0 }));
	ced1401_stream_close(s);
	config.method = CED1401L_REQUEST;
	well(ced1401_stream_out(dev, &config, &s));
	well(ced1401_stream_write(s, values, 8200, 0));
	well(ced1401_stream_start(s));
	/* All is in the 1401, whose next block waits */
	sleep_ms(500);
	well(ced1401_stream_stop(s));
	well(ced1401_dac(dev, both, 2, (int16_t[]){ 0, 0 }));
	ced1401_stream_close(s);
	free(values);
	ced1401_close(dev);
}

/* Both directions at once, started by one trigger: sample k is value k */
static void in_and_out_together(void **state)
{
	static const unsigned int inputs[] = { 0, 2, 1 };
	struct ced1401_stream_config in = config_of(inputs, 3, 0);
	struct ced1401_stream_config out = config_of(both, 1, 0);
	const uint64_t frames = 10000;
	ced1401_stream *from, *to;
	struct ced1401_piece piece;
	uint64_t first, done, seen = 0, i;
	ced1401_device *dev;
	int16_t *values;

	(void)state;
	dev = open_if(true);
	if (!dev)
		return;
	values = make_noise(frames);
	first = next_frame_heard(dev);
	in.start = CED1401L_ON_TRIGGER;
	out.start = CED1401L_ON_TRIGGER;
	out.ring_frames = 200000;
	well(ced1401_stream_in(dev, &in, &from));
	well(ced1401_stream_out(dev, &out, &to));
	done = (uint64_t)well(ced1401_stream_write(to, values, frames, 0));
	/* Enough that the 1401 cannot take it all, and waits for no more */
	assert_int_equal(done, frames);
	while (info_of(to).released < info_of(to).ring_frames)
		well(ced1401_stream_write(to, values, frames, 0));
	well(ced1401_stream_start(from));
	well(ced1401_stream_start(to));
	assert_int_equal(info_of(from).method, CED1401L_REQUEST);
	assert_int_equal(info_of(to).method, CED1401L_REQUEST);
	well(ced1401_clocks_start(dev));
	while (seen < frames) {
		well(ced1401_stream_acquire(from, &piece, 0, patience()));
		assert_int_equal(piece.lost, 0);
		for (i = 0; i < piece.frames && seen < frames; i++, seen++) {
			assert_int_equal(piece.samples[3 * i],
					 heard(first + seen, 0));
			assert_int_equal(piece.samples[3 * i + 1], values[seen]);
		}
		assert_int_equal(ced1401_stream_release(from, piece.frames), 0);
	}
	ced1401_stream_close(from);
	ced1401_stream_close(to);
	well(ced1401_dac(dev, both, 2, (int16_t[]){ 0, 0 }));
	free(values);
	ced1401_close(dev);
}

/* --------------------------------------------------------------- what is refused */

static void what_cannot_be_streamed_is_refused(void **state)
{
	const struct ced1401_stream_config good = config_of(both, 2, 0);
	struct ced1401_stream_config c = good;
	ced1401_device *dev = open_1401(0);
	ced1401_stream *s = (ced1401_stream *)-1, *t;
	int16_t few[20] = { 0 };
	uint8_t byte;
	bool clocked = is_clocked(dev);
	int want;

	(void)state;
	c.rate = 2e6;
	assert_int_equal(ced1401_stream_in(dev, &c, &s), -ERANGE);
	assert_null(s);
	c = good;
	c.n_channels = 9;
	assert_int_equal(ced1401_stream_out(dev, &c, &s), -EINVAL);
	c = good;
	c.method = 9;
	assert_int_equal(ced1401_stream_in(dev, &c, &s), -EINVAL);
	c.method = CED1401L_MEMORY;
	assert_int_equal(ced1401_stream_out(dev, &c, &s), -EINVAL);
	c = good;
	c.flags = CED1401L_IN_TURN;
	assert_int_equal(ced1401_stream_in(dev, &c, &s), -EINVAL);
	c = good;
	c.start = 5;
	assert_int_equal(ced1401_stream_in(dev, &c, &s), -EINVAL);
	c = good;
	c.ring_frames = 2000000;
	assert_int_equal(ced1401_stream_in(dev, &c, &s), -EINVAL);
	assert_int_equal(ced1401_stream_in(dev, &good, NULL), -EINVAL);
	/* With the FIFO's stream no block can move; and one stream has the ADC */
	c = good;
	c.method = CED1401L_FIFO;
	s = begin_in(dev, &c);
	assert_int_equal(ced1401_read_memory(dev, 0, &byte, 1), CED1401L_E_FIFO);
	c.method = CED1401L_REQUEST;
	well(ced1401_stream_in(dev, &c, &t));
	assert_int_equal(ced1401_stream_start(t), CED1401L_E_FIFO);
	ced1401_stream_close(s);
	ced1401_stream_close(t);
	s = begin_in(dev, &c);
	well(ced1401_stream_in(dev, &c, &t));
	/* Without a clock the first fills its ring soon, and holds all up */
	well(ced1401_set_timeout(dev, 300));
	while (!clocked && ced1401_query(dev, NULL, 0, "DIG,I") !=
			   CED1401L_E_WAITS)
		;
	if (clocked)
		well(ced1401_set_timeout(dev, patience()));
	want = ced1401_stream_start(t);
	assert_int_equal(want, clocked ? CED1401L_1401(4) :
						  CED1401L_E_WAITS);
	assert_int_equal(ced1401_stream_acquire(t, &(struct ced1401_piece){ 0 }, 0,
						0), want);
	ced1401_stream_close(t);
	assert_int_equal(ced1401_query(dev, NULL, 0, "DIG,I"),
			 clocked ? 1 : CED1401L_E_WAITS);
	well(ced1401_set_timeout(dev, patience()));
	well(ced1401_stream_stop(s));
	well(ced1401_query(dev, NULL, 0, "DIG,I"));
	/* What the FIFO takes at the start must be there */
	c.method = CED1401L_FIFO;
	well(ced1401_stream_out(dev, &c, &t));
	well(ced1401_stream_write(t, few, 10, 0));
	assert_int_equal(ced1401_stream_start(t), -EINVAL);
	ced1401_stream_close(t);
	/* Closing takes the streams along */
	ced1401_close(dev);
}

static void a_reset_ends_a_stream(void **state)
{
	static const int methods[] = {
		CED1401L_REQUEST, CED1401L_FIFO, CED1401L_MEMORY,
	};
	ced1401_device *dev = open_1401(0);
	unsigned int i;

	(void)state;
	for (i = 0; i < LENGTH(methods); i++) {
		struct ced1401_stream_config c = config_of(both, 2, methods[i]);
		ced1401_stream *s = begin_in(dev, &c);

		sleep_ms(100);
		well(ced1401_reset(dev));
		assert_int_equal(take_the_rest(s), -ESHUTDOWN);
		well(ced1401_stream_stop(s));
		ced1401_stream_close(s);
	}
	/* As giving it up does */
	{
		struct ced1401_stream_config c =
			config_of(both, 2, CED1401L_FIFO);
		ced1401_stream *s = begin_in(dev, &c);
		ced1401_device *other;

		well(ced1401_release(dev));
		other = open_1401(0);
		/* Not a word to a 1401 that is another's */
		ced1401_stream_close(s);
		ced1401_close(other);
	}
	ced1401_close(dev);
}

/* Nobody need look at a FIFO stream that was ended so before blocks move again */
static void a_reset_frees_the_channel(void **state)
{
	struct ced1401_stream_config fifo = config_of(both, 2, CED1401L_FIFO);
	struct ced1401_stream_config any = config_of(both, 2, CED1401L_AUTO);
	ced1401_device *dev = open_1401(0);
	struct ced1401_piece piece;
	unsigned int i;
	uint8_t byte;

	(void)state;
	for (i = 0; i < 3; i++) {
		ced1401_stream *s = begin_in(dev, &fifo), *t;

		assert_int_equal(ced1401_read_memory(dev, 0, &byte, 1),
				 CED1401L_E_FIFO);
		well(i == 1 ? ced1401_release(dev) : ced1401_reset(dev));
		if (i < 2)
			well(ced1401_read_memory(dev, 0, &byte, 1));
		/* What was given up went on as it was */
		if (i == 1)
			well(ced1401_reset(dev));
		any.method = i ? CED1401L_AUTO : CED1401L_REQUEST;
		t = begin_in(dev, &any);
		assert_int_equal(info_of(t).method,
				 i ? CED1401L_FIFO : CED1401L_REQUEST);
		/* That is the channel's now, whatever becomes of the other */
		ced1401_stream_close(s);
		if (i)
			assert_int_equal(ced1401_read_memory(dev, 0, &byte, 1),
					 CED1401L_E_FIFO);
		well(ced1401_stream_acquire(t, &piece, 1, patience()));
		ced1401_stream_close(t);
	}
	ced1401_close(dev);
}

/*
 * What is still to be played when the 1401 is reset never is: drain does not wait for it,
 * and tells so each time. The ring is more than the 1401 takes.
 */
static void a_reset_ends_a_drain(void **state)
{
	struct ced1401_stream_config config =
		config_of(both, 2, CED1401L_REQUEST);
	const uint64_t frames = 200000;
	int16_t *values = make_noise(2 * frames);
	ced1401_device *dev = open_if(true);
	ced1401_stream *s;
	unsigned int i;

	(void)state;
	config.ring_frames = frames;
	config.wake_frames = 100;
	for (i = 0; dev && i < 2; i++) {
		well(ced1401_stream_out(dev, &config, &s));
		well(ced1401_stream_write(s, values, frames, 0));
		well(ced1401_stream_start(s));
		while (info_of(s).moved < 1000)
			sleep_ms(10);
		if (i)
			assert_int_equal(ced1401_stream_drain(s, 0), -EAGAIN);
		well(i ? ced1401_release(dev) : ced1401_reset(dev));
		assert_int_equal(ced1401_stream_drain(s, 1000), -ESHUTDOWN);
		assert_int_equal(ced1401_stream_drain(s, 1000), -ESHUTDOWN);
		assert_int_equal(info_of(s).error, -ESHUTDOWN);
		ced1401_stream_close(s);
	}
	free(values);
	ced1401_close(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_long_stream_lent_piece_by_piece),
		TEST(a_stream_through_the_fifo),
		TEST(frames_that_are_there_need_no_call),
		TEST(losses_are_told_with_their_place),
		TEST(reading_copies_whole_frames_only),
		TEST(reading_ends_when_its_time_is_over),
		TEST(the_1401s_memory_round_and_round),
		TEST(a_round_that_was_missed_is_told),
		TEST(samples_that_were_missed_are_told),
		TEST(a_stream_waits_for_the_trigger),
		TEST(stopping_a_stream_that_nobody_reads),
		TEST(threads_share_a_stream),
		TEST(times_tell_the_rate),
		TEST(playing_a_long_stream),
		TEST(playing_a_short_stream_in_place),
		TEST(playing_late_and_stopping),
		TEST(in_and_out_together),
		TEST(what_cannot_be_streamed_is_refused),
		TEST(a_reset_ends_a_stream),
		TEST(a_reset_frees_the_channel),
		TEST(a_reset_ends_a_drain),
	};

	return RUN(tests);
}
