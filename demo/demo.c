// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The demonstration: samples from the 1401's ADC arrive by ISA DMA in this
 * program's own memory, and go back out of it to the 1401's DACs.
 *
 *	demo CHANNELS FRAMES RATE CAPTURE.WAV [plain]
 *
 * It needs no privilege but access to /dev/ced1401. It never sees the recording
 * that the ADC was given: only how many channels and frames to expect, and how
 * fast. A recording longer than the 1401's memory goes through it in pieces.
 */
#include <errno.h>
#include <fcntl.h>
#include <sndfile.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/ced1401.h>

#include "libced1401.h"
#include "talk.h"

#define DEVICE		"/dev/ced1401"
#define BUFFER		0	/* of this session */
#define AREA_CAPTURE	0	/* what TOHOST names when not told otherwise */
#define AREA_PLAY	1
#define FASTEST		1e6	/* ticks a second of the 1401's clock */
#define COPY_SAMPLES	65536	/* copied at a time */
#define BAR		40	/* characters of the progress bar */
#define PLAIN_STEP	10	/* percent; where there is no cursor to move */

/* What is to be done, from the command line */
struct job {
	unsigned int channels;
	unsigned long long frames;
	unsigned int rate;
	const char *file;
	bool plain;		/* no cursor movement */
};

/* What there is to do it with */
struct bench {
	int fd;
	unsigned char *memory;		/* the DMA buffer, mapped */
	size_t piece;			/* bytes of it that one piece takes */
	unsigned int capture, play;	/* the transfers' ids */
	struct ced1401_clock adc, dac;
	char list[128];			/* "0 1 2": the channels */
};

static unsigned long long number(const char *text, unsigned long long max,
				 const char *what)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || *end || !value || value > max)
		fail("%s: \"%s\" is not a whole value from 1 to %llu", what, text, max);
	return value;
}

static unsigned int start(const struct bench *bench, unsigned int flags,
			  unsigned int area)
{
	struct ced1401_start s = {
		.buffer = BUFFER,
		.flags = flags | CED1401_ON_REQUEST,
		.offset = 0,
		.length = bench->piece,
		.area = area,
	};

	if (ioctl(bench->fd, CED1401_IOC_START, &s) < 0)
		fail("CED1401_IOC_START: %s", strerror(errno));
	return s.id;
}

static unsigned long long stop(const struct bench *bench, unsigned int id)
{
	struct ced1401_stop s = { .id = id };

	if (ioctl(bench->fd, CED1401_IOC_STOP, &s) < 0)
		fail("CED1401_IOC_STOP: %s", strerror(errno));
	return s.bytes;
}

/*
 * The ADC fills the lower half of the 1401's memory and the DACs play the upper
 * one, so that what is played can only have come out of the buffer.
 */
static size_t largest_piece(int fd, const struct job *job)
{
	const unsigned int frame = job->channels * 2;
	const unsigned long long all = job->frames * frame;
	long half;

	half = talk_ask(fd, "MEMTOP,?;") / 2;
	if (half < (long)frame)
		fail("the 1401's memory does not hold one frame");
	if (half > CED1401_BUF_MAX)
		half = CED1401_BUF_MAX;
	half -= half % frame;
	return all < (unsigned long long)half ? (size_t)all : (size_t)half;
}

/* A recording that is faster than the 1401 is sampled as fast as that can */
static void choose_clock(double hz, struct ced1401_clock *clock)
{
	if (ced1401_clock_choose(hz < FASTEST ? hz : FASTEST, clock))
		fail("the 1401 has no clock of %g Hz", hz);
}

static void prepare(struct bench *bench, const struct job *job)
{
	size_t used = 0;

	bench->fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (bench->fd < 0)
		fail(DEVICE ": %s", strerror(errno));
	talk_check(bench->fd, "at the start");

	bench->piece = largest_piece(bench->fd, job);
	bench->memory = mmap(NULL, bench->piece, PROT_READ | PROT_WRITE, MAP_SHARED,
			     bench->fd, CED1401_BUF_OFFSET(BUFFER));
	if (bench->memory == MAP_FAILED)
		fail("cannot map %zu bytes: %s", bench->piece, strerror(errno));
	bench->capture = start(bench, CED1401_TO_HOST, AREA_CAPTURE);
	bench->play = start(bench, CED1401_TO_1401, AREA_PLAY);

	for (unsigned int i = 0; i < job->channels; i++)
		used += (size_t)snprintf(bench->list + used,
					 sizeof(bench->list) - used,
					 "%s%u", i ? " " : "", i);

	/* ADCMEM converts one channel a tick, MEMDAC writes all of them */
	choose_clock((double)job->rate * job->channels, &bench->adc);
	choose_clock(job->rate, &bench->dac);
}

/* @captured and @played frames are done: draw it, in plain text now and then */
static void progress(const struct job *job, unsigned long long captured,
		     unsigned long long played)
{
	static unsigned int next;
	const unsigned int percent =
		(unsigned int)((captured + played) * 50 / job->frames);
	const unsigned int marks = percent * BAR / 100;
	char bar[BAR + 1];

	if (job->plain && percent < next)
		return;
	next = percent - percent % PLAIN_STEP + PLAIN_STEP;
	memset(bar, '.', BAR);
	memset(bar, '#', marks);
	bar[BAR] = '\0';
	printf("%s[%s] %3u%%  %llu frames captured, %llu played%s",
	       job->plain ? "" : "\r", bar, percent, captured, played,
	       job->plain || played == job->frames ? "\n" : "");
	fflush(stdout);
}

/* Sample into the 1401's memory, then have it sent into ours. */
static void capture_piece(const struct bench *bench, size_t bytes,
			  unsigned long long total)
{
	const struct ced1401_clock *c = &bench->adc;

	talk_send(bench->fd, "ADCMEM,I,2,0,%zu,%s,1,%c,%u,%u;", bytes, bench->list,
		  c->letter, c->pre, c->count);
	talk_finish(bench->fd, "ADCMEM");
	talk_send(bench->fd, "TOHOST,0,%zu,0,%d;", bytes, AREA_CAPTURE);
	talk_block(bench->fd, bench->capture, total);
	talk_check(bench->fd, "TOHOST");
}

/* Have our memory fetched by the 1401, then played. */
static void play_piece(const struct bench *bench, size_t bytes,
		       unsigned long long total)
{
	const struct ced1401_clock *c = &bench->dac;

	talk_send(bench->fd, "TO1401,%zu,%zu,0,%d;", bench->piece, bytes, AREA_PLAY);
	talk_block(bench->fd, bench->play, total);
	talk_check(bench->fd, "TO1401");
	talk_send(bench->fd, "MEMDAC,I,2,%zu,%zu,%s,1,%c,%u,%u;", bench->piece, bytes,
		  bench->list, c->letter, c->pre, c->count);
	talk_finish(bench->fd, "MEMDAC");
}

/*
 * Append what landed in the buffer to the file. By way of a copy: a file system
 * that fetches a program's pages by itself, as the guest's 9p does, cannot have
 * those of a device's mapping (EFAULT).
 */
static void keep(SNDFILE *wav, const struct bench *bench, const struct job *job,
		 size_t frames)
{
	static short copy[COPY_SAMPLES];
	const size_t frame = job->channels * sizeof(copy[0]);
	const size_t most = sizeof(copy) / frame;
	size_t n;

	for (size_t at = 0; at < frames; at += n) {
		n = frames - at < most ? frames - at : most;
		memcpy(copy, bench->memory + at * frame, n * frame);
		if (sf_writef_short(wav, copy, (sf_count_t)n) != (sf_count_t)n)
			fail("%s: %s", job->file, sf_strerror(wav));
	}
}

static void run(const struct bench *bench, const struct job *job)
{
	const unsigned int frame = job->channels * 2;
	unsigned long long done = 0;
	SF_INFO info = {
		.samplerate = (int)job->rate,
		.channels = (int)job->channels,
		.format = SF_FORMAT_WAV | SF_FORMAT_PCM_16,
	};
	SNDFILE *wav = sf_open(job->file, SFM_WRITE, &info);

	if (!wav)
		fail("%s: %s", job->file, sf_strerror(NULL));
	progress(job, 0, 0);
	while (done < job->frames) {
		size_t frames = bench->piece / frame;

		if (frames > job->frames - done)
			frames = (size_t)(job->frames - done);
		capture_piece(bench, frames * frame, (done + frames) * frame);
		keep(wav, bench, job, frames);
		progress(job, done + frames, done);
		play_piece(bench, frames * frame, (done + frames) * frame);
		done += frames;
		progress(job, done, done);
	}
	if (sf_close(wav))
		fail("%s: cannot be completed", job->file);
}

static void report(const struct bench *bench, const struct job *job)
{
	const unsigned int frame = job->channels * 2;
	const unsigned long long pieces =
		(job->frames * frame + bench->piece - 1) / bench->piece;

	printf("buffer   %zu bytes of %s, mapped by user %u\n", bench->piece, DEVICE,
	       (unsigned int)getuid());
	printf("to host  %llu bytes by DMA in %llu block%s\n",
	       stop(bench, bench->capture), pieces, pieces == 1 ? "" : "s");
	printf("to 1401  %llu bytes by DMA in %llu block%s\n",
	       stop(bench, bench->play), pieces, pieces == 1 ? "" : "s");
	printf("true rate of the 1401's clock for %u Hz:\n", job->rate);
	printf("         ADC %.3f Hz (%c,%u,%u), DAC %.3f Hz (%c,%u,%u)\n",
	       bench->adc.hz / job->channels, bench->adc.letter, bench->adc.pre,
	       bench->adc.count, bench->dac.hz, bench->dac.letter, bench->dac.pre,
	       bench->dac.count);
	if (pieces > 1)
		puts("The recording waited between the pieces. A live signal would not wait:\n"
		     "what it does between two pieces is lost.");
	else
		puts("One piece held it all. What is longer goes in several, and a live signal\n"
		     "would not wait between them.");
}

int main(int argc, char **argv)
{
	struct job job = { 0 };
	struct bench bench = { 0 };

	if (argc < 5 || argc > 6 || (argc == 6 && strcmp(argv[5], "plain")))
		fail("usage: demo CHANNELS FRAMES RATE CAPTURE.WAV [plain]");
	job.channels = (unsigned int)number(argv[1], 32, "channels");
	job.frames = number(argv[2], UINT32_MAX, "frames");
	job.rate = (unsigned int)number(argv[3], 10000000, "rate");
	job.file = argv[4];
	job.plain = argc == 6;

	prepare(&bench, &job);
	run(&bench, &job);
	report(&bench, &job);
	if (ioctl(bench.fd, CED1401_IOC_RELEASE) < 0)
		fail("CED1401_IOC_RELEASE: %s", strerror(errno));
	return 0;
}
