// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Raw: 16-bit samples in the computer's byte order, frame behind frame. What is known of
 * them is in a file beside it, NAME.raw.json.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plain.h"
#include "tools.h"
#include "writer.h"

/*
 * Read, too, where a full disk cuts it back; but of a pipe that this could read itself the
 * reader would never be seen to leave.
 */
static int open_file(const char *path)
{
	struct stat s;
	int how = !stat(path, &s) && S_ISFIFO(s.st_mode) ? O_WRONLY : O_RDWR;

	return open(path, how | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
}

int plain_open(struct writer *w)
{
	struct plain *p = must_alloc(1, sizeof(*p));

	p->fd = !strcmp(w->path, "-") ? dup(STDOUT_FILENO) :
		open_file(w->path);
	w->private = p;
	if (p->fd < 0) {
		int ret = -errno;

		free(p);
		return ret;
	}
	return 0;
}

int plain_flush(struct plain *p)
{
	size_t done = 0;

	while (done < p->used) {
		ssize_t n = write(p->fd, p->buffer + done, p->used - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int ret = n < 0 ? -errno : -EIO;

			p->size += (off_t)done;
			p->used -= done;
			memmove(p->buffer, p->buffer + done, p->used);
			return ret;
		}
		done += (size_t)n;
	}
	p->size += (off_t)done;
	p->used = 0;
	return 0;
}

int plain_put(struct plain *p, const void *data, size_t n)
{
	if (p->used + n > PLAIN_BUFFER) {
		int ret = plain_flush(p);

		if (ret)
			return ret;
	}
	memcpy(p->buffer + p->used, data, n);
	p->used += n;
	return 0;
}

int plain_cut(struct plain *p, off_t size)
{
	p->used = 0;
	/* a pipe cannot be cut, and need not be */
	if (ftruncate(p->fd, size) && errno != EINVAL && errno != ESPIPE)
		return -errno;
	p->size = size;
	return 0;
}

int plain_sync(struct writer *w)
{
	return plain_flush(w->private);
}

int plain_close(struct writer *w)
{
	struct plain *p = w->private;
	int ret = plain_flush(p);

	if (close(p->fd) && !ret)
		ret = -errno;
	free(p);
	return ret;
}

/* -------------------------------------------------------------------- raw */

/* What is known, beside the file. It is small, and written before the samples */
static int put_about(struct writer *w)
{
	json_t *channels = json_array(), *all;
	char *path = NULL, start[32];
	unsigned int i;
	int ret;

	for (i = 0; i < w->about.n; i++)
		json_array_append_new(channels, json_channel(w->about.numbers[i],
							     &w->about.channels[i]));
	all = json_pack("{s:s, s:s, s:f, s:s, s:o, s:I}", "program",
			PROGRAM " " VERSION, "start",
			format_utc(w->about.start_utc, start), "rate", w->about.rate,
			"sample", __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ?
			"int16, little-endian" : "int16, big-endian",
			"channels", channels, "averaged", (json_int_t)w->about.average);
	if (!all || asprintf(&path, "%s%s", w->path, format_raw.beside) < 0)
		die(EXIT_FAILED, "no memory");
	errno = 0;
	ret = json_dump_file(all, path, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
	free(path);
	json_decref(all);
	return ret ? (errno ? -errno : -EIO) : 0;
}

static int raw_open(struct writer *w)
{
	int ret = strcmp(w->path, "-") ? put_about(w) : 0;

	return ret ? ret : plain_open(w);
}

/* The disk is full: whole frames stay */
static int whole_frames(struct writer *w, int error)
{
	struct plain *p = w->private;
	off_t frame = (off_t)(w->about.n * sizeof(int16_t));

	w->frames = (uint64_t)(p->size / frame);
	plain_cut(p, p->size - p->size % frame);
	return error;
}

static int raw_write(struct writer *w, const int16_t *samples, size_t frames)
{
	const size_t frame = w->about.n * sizeof(*samples);
	int ret;

	while (frames) {
		size_t n = PLAIN_BUFFER / frame < frames ? PLAIN_BUFFER / frame : frames;

		ret = plain_put(w->private, samples, n * frame);
		if (ret)
			return whole_frames(w, ret);
		w->frames += n;
		samples += n * w->about.n;
		frames -= n;
	}
	return 0;
}

static int raw_mark(struct writer *w, uint64_t frame, const char *text, bool marker)
{
	(void)marker;
	(void)w;
	(void)frame;
	(void)text;
	return 0;
}

static int raw_sync(struct writer *w)
{
	int ret = plain_sync(w);

	return ret ? whole_frames(w, ret) : 0;
}

static int raw_close(struct writer *w)
{
	int ret = raw_sync(w), ret2 = plain_close(w);

	return ret ? ret : ret2;
}

const struct format format_raw = {
	.name = "raw",
	.to_pipe = true,
	.beside = ".json",
	.open = raw_open,
	.write = raw_write,
	.mark = raw_mark,
	.sync = raw_sync,
	.close = raw_close,
};
