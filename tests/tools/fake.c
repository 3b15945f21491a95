// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fake COMMAND...: ced1401(1) itself, with a 1401 and a clock of its own: what a busy
 * machine loses now and then is lost here where FAKE_... says, and an hour takes no time.
 * The linker's --wrap (tests/tools/run) puts what is below in place of the library's.
 *
 * Frame k has (k % 200 - 100) * 100 at input 0, a saw that rises through 0, and k % 32768
 * at all others. What the 1401 is asked for goes to standard error.
 *
 * FAKE_LOST="AT:N ..." frames that the 1401 loses, FAKE_RING the same of the ring's,
 * FAKE_DEAF="AT:N ..." while it samples these it does not say what it lost,
 * FAKE_MISSED="AT" from when on the converter is too slow, which "memory" is told when it asks,
 * FAKE_TORN="SHOT:N ..." shots, from 1 on, that end by a loss of N behind their middle,
 * FAKE_STORE="SHOT:N ..." shots in which the 1401 loses N, and tells at the end,
 * FAKE_DRY="SHOT:N ..." shots in which the DACs have N too late,
 * FAKE_STOP="SHOT" at whose middle the user stops it,
 * FAKE_TURN=1 it has channels in turn alone in its memory,
 * FAKE_PPM="N" by how much its clock goes faster than the computer's,
 * FAKE_LINES="SECONDS ..." when lines come from standard input.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sampling.h"

#define STEP_NS		(SECOND_NS / 20)	/* of the clock, for each read */
#define FIRST_NS	(1000 * SECOND_NS)
#define UTC_NS		(1700000000 * SECOND_NS)
#define RING		65536
#define PERIOD		200

/*
 * The stream: @next is what is read next, of all frames that time brings, @position the
 * same for the program, which knows nothing of the 1401's losses
 */
static struct {
	struct ced1401_stream_info info;
	unsigned int channels[MAX_INPUTS];
	uint64_t start_ns;
	uint64_t next;
	uint64_t position;
	uint64_t end;
} stream = { .end = UINT64_MAX };

static uint64_t time_now = FIRST_NS;
static uint64_t shots;

/* The next "AT:N" of a list */
static bool next_pair(const char **text, uint64_t *at, uint64_t *n)
{
	unsigned long long a, b;
	int used;

	if (!*text || sscanf(*text, "%llu:%llu%n", &a, &b, &used) != 2)
		return false;
	*text += used;
	*at = a;
	*n = b;
	return true;
}

/* Is it one of the frames of the list? */
static bool has(const char *name, uint64_t frame)
{
	const char *text = getenv(name);
	uint64_t at, n;

	while (next_pair(&text, &at, &n)) {
		if (frame >= at && frame < at + n)
			return true;
	}
	return false;
}

static int16_t value(unsigned int channel, uint64_t k)
{
	if (channel)
		return (int16_t)(k % 32768);
	return (int16_t)(((int)(k % PERIOD) - PERIOD / 2) * 100);
}

static void put_frame(int16_t *to, const unsigned int *channels, unsigned int n, uint64_t k)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		to[i] = value(channels[i], k);
}

/* ------------------------------------------------------------------ the clock */

uint64_t __wrap_now_ns(void)
{
	return time_now;
}

uint64_t __wrap_utc_ns(uint64_t monotonic)
{
	return UTC_NS + monotonic;
}

/* ------------------------------------------------------------- standard input */

void __wrap_markers_begin(void)
{
}

void __wrap_markers_settle(void)
{
}

struct marker *__wrap_markers_take(void)
{
	static unsigned int taken;
	const char *text = getenv("FAKE_LINES");
	struct marker *marker;
	unsigned int i;
	double at = 0;
	int used;

	for (i = 0; i <= taken; i++) {
		if (!text || sscanf(text, "%lf%n", &at, &used) != 1)
			return NULL;
		text += used;
	}
	at = (double)stream.start_ns + at * 1e9;
	if (at > (double)time_now)
		return NULL;
	marker = must_alloc(1, sizeof(*marker));
	marker->ns = (uint64_t)at;
	snprintf(marker->text, sizeof(marker->text), "m%u", taken++);
	return marker;
}

/* ----------------------------------------------------------------- the device */

int __wrap_ced1401_open(unsigned int number, unsigned int flags, ced1401_device **device)
{
	(void)number;
	(void)flags;
	*device = (ced1401_device *)&time_now;
	return 0;
}

void __wrap_ced1401_close(ced1401_device *device)
{
	(void)device;
}

int __wrap_ced1401_self_test(ced1401_device *device, int timeout_ms,
			     struct ced1401_selftest *result)
{
	(void)device;
	(void)result;
	fprintf(stderr, "selftest %d ms\n", timeout_ms);
	return 0;
}

int __wrap_ced1401_wait_level(ced1401_device *device, const struct ced1401_level *level)
{
	(void)device;
	fprintf(stderr, "level %d %s %d ms\n", level->level,
		level->falling ? "falling" : "rising", level->timeout_ms);
	return 0;
}

/* ---------------------------------------------------------------- the stream */

/* Frames that time has brought, and those of them that the 1401 lost */
static uint64_t sampled(uint64_t *lost)
{
	const char *ppm = getenv("FAKE_PPM");
	double frames = (double)(time_now - stream.start_ns) / 1e9 * stream.info.true_rate *
		(1 + (ppm ? atof(ppm) : 0) / 1e6);
	uint64_t now = frames < (double)stream.end ? (uint64_t)frames : stream.end, at, n;
	const char *text = getenv("FAKE_LOST");

	*lost = 0;
	while (next_pair(&text, &at, &n)) {
		if (now > at)
			*lost += now - at < n ? now - at : n;
	}
	return now;
}

int __wrap_ced1401_stream_in(ced1401_device *device,
			     const struct ced1401_stream_config *config,
			     ced1401_stream **made)
{
	(void)device;
	memcpy(stream.channels, config->channels,
	       config->n_channels * sizeof(*config->channels));
	stream.info.n_channels = config->n_channels;
	stream.info.method = config->method ? config->method : CED1401L_FIFO;
	stream.info.ring_frames = RING;
	ced1401_clock_choose(config->rate, &stream.info.clock);
	stream.info.true_rate = stream.info.clock.hz;
	*made = (ced1401_stream *)&stream;
	return 0;
}

int __wrap_ced1401_stream_start(ced1401_stream *unused)
{
	(void)unused;
	stream.start_ns = time_now;
	return 0;
}

/* The end of a stream by memory, if it missed samples by now */
static int missed(uint64_t now)
{
	const char *at = getenv("FAKE_MISSED");

	if (at && stream.info.method == CED1401L_MEMORY && now >= strtoull(at, NULL, 10))
		stream.info.error = CED1401L_E_MISSED;
	return stream.info.error;
}

int __wrap_ced1401_stream_ask(ced1401_stream *unused)
{
	uint64_t lost, n = sampled(&lost);

	(void)unused;
	if (missed(n))
		return stream.info.error;
	if (has("FAKE_DEAF", n))
		return CED1401L_E_WAITS;
	stream.info.lost_1401 = lost;
	return 0;
}

int __wrap_ced1401_stream_get_info(ced1401_stream *unused,
				   struct ced1401_stream_info *info)
{
	(void)unused;
	*info = stream.info;
	return 0;
}

int __wrap_ced1401_stream_read(ced1401_stream *unused, int16_t *samples, size_t frames,
			       int timeout_ms, struct ced1401_piece *piece)
{
	unsigned int width = stream.info.n_channels;
	uint64_t lost, n, done = 0;

	(void)unused;
	(void)timeout_ms;
	time_now += STEP_NS;
	n = sampled(&lost);
	for (; done < frames && stream.next < n; stream.next++) {
		if (has("FAKE_LOST", stream.next))
			continue;
		if (has("FAKE_RING", stream.next)) {
			if (done)
				break;
			stream.position++;
			continue;
		}
		put_frame(samples + done++ * width, stream.channels, width, stream.next);
	}
	if (!done && stream.info.error)
		return stream.info.error;
	if (!done)
		return stream.end == UINT64_MAX ? -ETIMEDOUT : 0;
	*piece = (struct ced1401_piece) {
		.samples = samples,
		.frames = done,
		.position = stream.position,
		.time_frames = n - lost,
		.time_ns = time_now,
	};
	stream.position += done;
	return (int)done;
}

/* It tells what it lost, whoever was deaf before */
int __wrap_ced1401_stream_stop(ced1401_stream *unused)
{
	uint64_t lost;

	(void)unused;
	if (stream.end == UINT64_MAX)
		stream.end = sampled(&lost);
	missed(sampled(&lost));
	stream.info.lost_1401 = lost;
	return 0;
}

void __wrap_ced1401_stream_close(ced1401_stream *unused)
{
	(void)unused;
}

/* ------------------------------------------------------------ a sweep at a time */

/* The trigger never comes */
static int wait_trigger(const char *what, const struct ced1401_when *when)
{
	if (when->start != CED1401L_ON_TRIGGER)
		return 0;
	fprintf(stderr, "%s %d ms\n", what, when->trigger_ms);
	return when->trigger_ms > 0 ? -ETIMEDOUT : -ECANCELED;
}

/* What a list says of this shot; 0: nothing */
static uint64_t of_shot(const char *name)
{
	const char *text = getenv(name);
	uint64_t shot, n, found = 0;

	while (next_pair(&text, &shot, &n)) {
		if (shot == shots)
			found = n;
	}
	return found;
}

int __wrap_ced1401_capture(ced1401_device *device, struct ced1401_signal *in,
			   const struct ced1401_when *when)
{
	unsigned int conversions = getenv("FAKE_TURN") ? in->n_channels : 1;
	const char *stop = getenv("FAKE_STOP");
	int ret = wait_trigger("capture", when);
	uint64_t torn, i;
	bool stopped;

	(void)device;
	ced1401_clock_choose(in->rate * conversions, &in->clock);
	in->true_rate = in->clock.hz / conversions;
	if (ret)
		return ret;
	shots++;
	stopped = stop && strtoull(stop, NULL, 10) == shots;
	torn = of_shot("FAKE_TORN");
	in->done = torn || stopped ? in->frames / 2 : in->frames;
	in->lost = torn + of_shot("FAKE_STORE");
	for (i = 0; i < in->done; i++)
		put_frame(in->samples + i * in->n_channels, in->channels, in->n_channels,
			  (shots - 1) * in->frames + i);
	when->progress(when->user, CED1401L_RUNNING, in->done, 0);
	if (stopped)
		return -ECANCELED;
	return in->lost ? CED1401L_E_LOST : 0;
}

int __wrap_ced1401_capture_play(ced1401_device *device, struct ced1401_signal *in,
				struct ced1401_signal *out, const struct ced1401_when *when)
{
	int ret = __wrap_ced1401_capture(device, in, when);

	out->done = out->frames;
	out->lost = of_shot("FAKE_DRY");
	return !ret && out->lost ? CED1401L_E_LOST : ret;
}

int __wrap_ced1401_play(ced1401_device *device, struct ced1401_signal *out,
			const struct ced1401_when *when)
{
	int ret = wait_trigger("play", when);

	(void)device;
	if (ret)
		return ret;
	shots++;
	out->done = out->frames;
	out->lost = of_shot("FAKE_DRY");
	return out->lost ? CED1401L_E_LOST : 0;
}

int __wrap_ced1401_release(ced1401_device *device)
{
	(void)device;
	fprintf(stderr, "release\n");
	return 0;
}
