// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A peer of the benchmark: a sound card, with libasound:
 *
 *	alsa NAME RATE capture|play mmap|read
 *
 * Streams 4 MiB of 16-bit stereo at RATE through the PCM "bench" of the configuration
 * that ALSA_CONFIG_PATH names, by mapped memory or by snd_pcm_readi, and prints the
 * figure NAME. The ring has 64 KiB, and the program is woken for each eighth of it, as
 * the driver's own measurement has it.
 */
#include <alsa/asoundlib.h>

#include "peer.h"

#define TOTAL	(4 * MIB)
#define FRAME	4u
#define RING	(BUFFER / FRAME)
#define PERIOD	(CHUNK / FRAME)

static snd_pcm_t *pcm;
static const char *name;
static int play;

/* What a call gives; negative: give up */
static long check(long result, const char *what)
{
	if (result >= 0)
		return result;
	errno = 0;
	give_up("%s: %s: %s", name, what, snd_strerror((int)result));
}

static void open_card(unsigned int rate, int mapped)
{
	snd_pcm_uframes_t ring = RING, period = PERIOD;
	snd_pcm_hw_params_t *hw;
	snd_pcm_sw_params_t *sw;

	check(snd_pcm_open(&pcm, "bench",
			   play ? SND_PCM_STREAM_PLAYBACK : SND_PCM_STREAM_CAPTURE, 0),
	      "snd_pcm_open");
	snd_pcm_hw_params_alloca(&hw);
	check(snd_pcm_hw_params_any(pcm, hw), "any parameters");
	check(snd_pcm_hw_params_set_access(pcm, hw, mapped ?
					   SND_PCM_ACCESS_MMAP_INTERLEAVED :
					   SND_PCM_ACCESS_RW_INTERLEAVED), "access");
	check(snd_pcm_hw_params_set_format(pcm, hw, SND_PCM_FORMAT_S16_LE), "16 bits");
	check(snd_pcm_hw_params_set_channels(pcm, hw, 2), "two channels");
	check(snd_pcm_hw_params_set_rate(pcm, hw, rate, 0), "rate");
	check(snd_pcm_hw_params_set_period_size_near(pcm, hw, &period, NULL), "period");
	check(snd_pcm_hw_params_set_buffer_size_near(pcm, hw, &ring), "ring");
	check(snd_pcm_hw_params(pcm, hw), "the parameters together");
	printf("# %s: %s, %u Hz, a ring of %lu bytes, periods of %lu\n", name,
	       mapped ? "mapped" : "read", rate, (unsigned long)ring * FRAME,
	       (unsigned long)period * FRAME);
	snd_pcm_sw_params_alloca(&sw);
	check(snd_pcm_sw_params_current(pcm, sw), "what the program wants");
	check(snd_pcm_sw_params_set_avail_min(pcm, sw, period), "avail_min");
	check(snd_pcm_sw_params_set_start_threshold(pcm, sw, 4 * RING), "start");
	check(snd_pcm_sw_params(pcm, sw), "what the program wants");
}

/* All that is there is consumed, or filled, where it lies */
static snd_pcm_uframes_t mapped_part(void)
{
	const snd_pcm_channel_area_t *areas;
	snd_pcm_uframes_t offset, frames, done = 0;
	snd_pcm_uframes_t all = (snd_pcm_uframes_t)check(snd_pcm_avail_update(pcm),
							 "avail_update");

	while (done < all) {
		frames = all - done;
		check(snd_pcm_mmap_begin(pcm, &areas, &offset, &frames), "mmap_begin");
		check(snd_pcm_mmap_commit(pcm, offset, frames), "mmap_commit");
		done += frames;
	}
	return done;
}

static void by_mmap(snd_pcm_uframes_t left)
{
	check(snd_pcm_prepare(pcm), "prepare");
	if (play)
		mapped_part();
	check(snd_pcm_start(pcm), "start");
	for (;;) {
		snd_pcm_uframes_t n;

		if (!check(snd_pcm_wait(pcm, 10000), "wait"))
			check(-ETIMEDOUT, "the stream stands still");
		n = mapped_part();
		if (n >= left)
			break;
		left -= n;
	}
	check(snd_pcm_drop(pcm), "drop");
}

static void by_read(snd_pcm_uframes_t left)
{
	static char memory[CHUNK];

	check(snd_pcm_prepare(pcm), "prepare");
	check(snd_pcm_start(pcm), "start");
	for (; left >= PERIOD; left -= PERIOD)
		if (check(snd_pcm_readi(pcm, memory, PERIOD), "readi") != PERIOD)
			check(-EIO, "readi: short");
	check(snd_pcm_drop(pcm), "drop");
}

int main(int argc, char **argv)
{
	void (*way)(snd_pcm_uframes_t left);
	struct measurement m;

	if (argc != 5)
		return 2;
	name = argv[1];
	play = !strcmp(argv[3], "play");
	way = !strcmp(argv[4], "mmap") ? by_mmap : by_read;
	open_card((unsigned int)atoi(argv[2]), way == by_mmap);
	prepare();
	way(4 * RING);
	begin(&m);
	way(TOTAL / FRAME);
	end(&m, name, TOTAL);
	return 0;
}
