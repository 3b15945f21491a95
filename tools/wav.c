// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * WAV by libsndfile: 16 bits, 24 of averages. A file of more than 4 GiB is an RF64: one
 * that may become as long begins with room for that, which libsndfile uses when it must.
 * It also has the newer kind of format chunk, which Python's own module wave knows since
 * 3.12 only: what will surely be shorter has the old one. The rate is in whole Hz; the
 * true one, the channels and the start are in the file's own texts (LIST INFO).
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools.h"
#include "writer.h"

#define SHORT_BYTES	4000000000ull	/* of samples: a plain WAV has room for them */

/* What a WAV needs */
struct wav {
	SNDFILE *file;
	int fd;
	off_t data;		/* where samples begin */
	size_t frame_size;	/* bytes */
};

/* libsndfile tells of the system's errors in words alone */
static int error_now(void)
{
	return errno ? -errno : -EIO;
}

/* A comment of one line: the rate, then each channel as --channel says it */
static void put_texts(SNDFILE *file, const struct signal_about *about)
{
	char *text = NULL, start[32], channel[512];
	unsigned int i;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return;
	fprintf(out, PROGRAM " rate=%.12g", about->rate);
	for (i = 0; i < about->n; i++) {
		channel_text(about->numbers[i], &about->channels[i], channel,
			     sizeof(channel));
		fprintf(out, " | %s", channel);
	}
	if (!fclose(out))
		sf_set_string(file, SF_STR_COMMENT, text);
	sf_set_string(file, SF_STR_SOFTWARE, PROGRAM " " VERSION);
	sf_set_string(file, SF_STR_DATE, format_utc(about->start_utc, start));
	free(text);
}

static bool is_short(const struct writer *w)
{
	return w->about.total && w->about.total < SHORT_BYTES / 3 / w->about.n;
}

static int wav_open(struct writer *w)
{
	struct wav *wav = must_alloc(1, sizeof(*wav));
	SF_INFO info = {
		.samplerate = (int)fmax(1, round(w->about.rate)),
		.channels = (int)w->about.n,
		.format = (is_short(w) ? SF_FORMAT_WAV : SF_FORMAT_RF64) |
			(w->about.average ? SF_FORMAT_PCM_24 : SF_FORMAT_PCM_16),
	};
	struct stat status;

	wav->frame_size = w->about.n * (w->about.average ? 3 : 2);
	wav->fd = open(w->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (wav->fd < 0) {
		free(wav);
		return -errno;
	}
	wav->file = sf_open_fd(wav->fd, SFM_WRITE, &info, SF_FALSE);
	if (!wav->file) {
		close(wav->fd);
		free(wav);
		return -EIO;
	}
	/* RF64: a WAV as long as it can be one */
	sf_command(wav->file, SFC_RF64_AUTO_DOWNGRADE, NULL, SF_TRUE);
	put_texts(wav->file, &w->about);
	errno = 0;
	sf_command(wav->file, SFC_UPDATE_HEADER_NOW, NULL, 0);
	w->private = wav;
	if (fstat(wav->fd, &status) || !status.st_size)
		return error_now();
	wav->data = status.st_size;
	return 0;
}

/* After an error: what the file really has, in whole frames */
static void cut_torn_frame(struct writer *w)
{
	struct wav *wav = w->private;
	struct stat status;

	if (fstat(wav->fd, &status) || status.st_size < wav->data)
		return;
	w->frames = (uint64_t)(status.st_size - wav->data) / wav->frame_size;
	if (ftruncate(wav->fd, wav->data + (off_t)(w->frames * wav->frame_size)))
		say("%s: %m", w->path);
}

static int wav_write(struct writer *w, const int16_t *samples, size_t frames)
{
	struct wav *wav = w->private;

	errno = 0;
	if (sf_writef_short(wav->file, samples, (sf_count_t)frames) !=
	    (sf_count_t)frames) {
		int ret = error_now();

		cut_torn_frame(w);
		return ret;
	}
	w->frames += frames;
	return 0;
}

static int wav_write_exact(struct writer *w, const double *samples, size_t frames)
{
	struct wav *wav = w->private;
	size_t n = frames * w->about.n, i;
	int *wide = must_alloc(n, sizeof(*wide)), ret = 0;

	/* a 24-bit sample is the upper part of libsndfile's int */
	for (i = 0; i < n; i++)
		wide[i] = (int)lrint(samples[i] * 256) * 256;
	errno = 0;
	if (sf_writef_int(wav->file, wide, (sf_count_t)frames) != (sf_count_t)frames) {
		ret = error_now();
		cut_torn_frame(w);
	} else {
		w->frames += frames;
	}
	free(wide);
	return ret;
}

/* A WAV has no place for them that readers know; the summary and the end tell */
static int wav_mark(struct writer *w, uint64_t frame, const char *text, bool marker)
{
	(void)marker;
	(void)w;
	(void)frame;
	(void)text;
	return 0;
}

static int wav_sync(struct writer *w)
{
	struct wav *wav = w->private;

	errno = 0;
	return sf_command(wav->file, SFC_UPDATE_HEADER_NOW, NULL, 0) ? error_now() : 0;
}

static int wav_close(struct writer *w)
{
	struct wav *wav = w->private;
	int ret;

	errno = 0;
	ret = sf_close(wav->file) ? error_now() : 0;
	if (close(wav->fd) && !ret)
		ret = -errno;
	free(wav);
	return ret;
}

const struct format format_wav = {
	.name = "wav",
	.open = wav_open,
	.write = wav_write,
	.write_exact = wav_write_exact,
	.mark = wav_mark,
	.sync = wav_sync,
	.close = wav_close,
};
