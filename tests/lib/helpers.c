// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "helpers.h"

#define WAV_HEADER	44u

int must_be_well(int result, const char *what, const char *file, int line)
{
	if (result < 0)
		fail_msg("%s:%d: %s: %s (%d)", file, line, what,
			 ced1401_strerror(result), result);
	return result;
}

ced1401_device *open_1401(unsigned int flags)
{
	ced1401_device *dev = NULL;

	well(ced1401_open_path(device(), flags, &dev));
	assert_non_null(dev);
	well(ced1401_set_timeout(dev, (int)(30000 * slow())));
	if (!(flags & CED1401L_READ_ONLY))
		well(ced1401_reset(dev));
	return dev;
}

/* It is the same for ever, so that the 1401 is asked once */
bool is_clocked(ced1401_device *dev)
{
	static bool known, clocked;

	if (!known) {
		long taken;

		well(ced1401_query(dev, &taken, 1, "XFIFO,0 1,C,100,100;XFIFO,?"));
		well(ced1401_reset(dev));
		clocked = taken < 1000;
		known = true;
	}
	return clocked;
}

int16_t heard(uint64_t frame, unsigned int channel)
{
	const uint8_t *at = recording() + FRAME * (frame % FRAMES) + 2 * channel;

	return channel > 1 ? 0 : (int16_t)(at[0] | at[1] << 8);
}

uint64_t frame_of(const int16_t *frame)
{
	return frame_index((uint32_t)(uint16_t)frame[1] << 16 |
			   (uint16_t)frame[0]);
}

uint64_t next_frame_heard(ced1401_device *dev)
{
	static const unsigned int both[] = { 0, 1 };
	int16_t frame[2];

	well(ced1401_adc(dev, both, 2, frame));
	return (frame_of(frame) + 1) % FRAMES;
}

void assert_sampled(const int16_t *samples, const unsigned int *channels,
		    unsigned int n, uint64_t frames, uint64_t first)
{
	uint64_t i;
	unsigned int k;

	for (i = 0; i < frames; i++) {
		for (k = 0; k < n; k++, samples++) {
			if (*samples != heard(first + i, channels[k]))
				fail_msg("frame %llu, channel %u is %d, not %d",
					 (unsigned long long)i, channels[k],
					 *samples, heard(first + i, channels[k]));
		}
	}
}

int16_t noise(uint64_t seed, uint64_t i)
{
	uint64_t x = (seed + i) * 0x9e3779b97f4a7c15ull;

	x ^= x >> 29;
	x *= 0xbf58476d1ce4e5b9ull;
	return (int16_t)(x >> 40);
}

/* The file's samples, as they are now: how many, and how many columns they have */
static size_t load_played(int16_t **all, unsigned int *columns)
{
	const char *path = getenv("CED1401_PLAYED");
	uint8_t header[WAV_HEADER];
	FILE *file = path ? fopen(path, "rb") : NULL;
	size_t n = 0;
	long size;

	if (!path)
		fail_msg("CED1401_PLAYED does not name the DACs' file");
	*all = NULL;
	if (!file)
		return 0;
	if (fread(header, 1, WAV_HEADER, file) == WAV_HEADER) {
		*columns = header[22];
		fseek(file, 0, SEEK_END);
		size = ftell(file) - (long)WAV_HEADER;
		fseek(file, WAV_HEADER, SEEK_SET);
		*all = malloc((size_t)size + 2);
		n = fread(*all, 2, (size_t)size / 2, file);
	}
	fclose(file);
	return n;
}

static bool holds(const int16_t *all, size_t n, unsigned int columns,
		  const int16_t *samples, unsigned int width, uint64_t frames)
{
	uint64_t at, i, total = columns ? n / columns : 0;

	if (columns < width)
		return false;
	for (at = 0; at + frames <= total; at++) {
		for (i = 0; i < frames; i++) {
			if (memcmp(all + (at + i) * columns, samples + i * width,
				   width * sizeof(*all)))
				break;
		}
		if (i == frames)
			return true;
	}
	return false;
}

bool was_played(const int16_t *samples, unsigned int n, uint64_t frames)
{
	uint64_t end = now_ns() + 20 * slow() * SECOND;
	unsigned int columns = 0;
	bool found;

	/* The host writes the file when the DACs are at rest */
	do {
		int16_t *all;
		size_t size = load_played(&all, &columns);

		found = holds(all, size, columns, samples, n, frames);
		free(all);
		if (!found)
			sleep_ms(300);
	} while (!found && now_ns() < end);
	return found;
}

pthread_t begin_thread(void *(*body)(void *arg), void *arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, body, arg))
		fail_msg("no thread");
	return thread;
}

/* A thread gives what went wrong, or NULL */
void join_thread(pthread_t thread)
{
	void *wrong = NULL;

	pthread_join(thread, &wrong);
	if (wrong)
		fail_msg("a thread: %s", (const char *)wrong);
}
