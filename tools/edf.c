// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * EDF+ by EDFlib, which writes the header and the records.
 *
 * Two things are done here behind its back, so that a program which is killed leaves a
 * file that readers open: the header's count of records is renewed as the file grows
 * (EDFlib writes it when it closes the file), and annotations go into the records' own
 * annotation signal at once, by the microsecond (EDFlib keeps them in memory until then,
 * and knows tenths of a millisecond).
 */
#include <edflib.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tools.h"
#include "writer.h"

#define RECORD_UNITS	100000		/* a second, in EDFlib's units of 10 us */
#define COUNT_AT	236		/* in the header: number of records, 8 digits */
#define RECORD_BYTES	1048576	/* of samples, at most */
#define ANNOTATION_SIGNALS 2		/* room for about 200 bytes in each record */
#define MAX_ANNOTATION_BYTES 512	/* EDFlib's are less */

/* An annotation that waits for a record with room */
struct annotation {
	double onset;		/* seconds from the file's start */
	char text[80];
	struct annotation *next;
};

/* What an EDF+ needs */
struct edf {
	int handle;
	int fd;			/* of the same file, for what EDFlib does not do */
	unsigned int per_record; /* frames */
	int duration;		/* of a record, units of 10 us */
	double subsecond;	/* of the start: onsets count from the whole second */
	int16_t *record;	/* the one that is filled: a channel behind the other */
	unsigned int filled;	/* frames in it */
	bool failed;		/* a record could not be written: no more are */
	uint64_t records;	/* whole ones in the file */
	off_t header;		/* bytes */
	off_t record_size;	/* bytes, annotations included; 0: no record yet */
	off_t annotation_bytes;	/* of them, at the record's end */
	struct annotation *first, **last;
};

/* ----------------------------------------------------- how long a record is */

static unsigned int gcd(unsigned int a, unsigned int b)
{
	while (b) {
		unsigned int c = a % b;

		a = b;
		b = c;
	}
	return a;
}

/* How far a record of @n frames is from a whole number of EDFlib's units, relative */
static double inexact(double rate, uint64_t n)
{
	double exact = (double)n / rate * RECORD_UNITS;

	return fabs(exact - round(exact)) / exact;
}

/*
 * Frames of a record and its duration, such that their quotient is the true rate
 * exactly: a tick of the 1401's clocks is a multiple of 50 ns, a record's duration
 * is in units of 10 us = 200 * 50 ns. At most about half a second, so that not more
 * than that is lost; and such that the records hold all frames and no more, if that
 * can be. Odd slow rates have no such record, and take the nearest.
 */
static int choose_record(const struct signal_about *about, struct edf *edf)
{
	unsigned int per_tick = about->clock.letter == 'C' ? 20 :
		about->clock.letter == 'H' ? 5 : 2;
	uint64_t tick = (uint64_t)per_tick * about->clock.pre * about->clock.count;
	uint64_t step = 200 / gcd((unsigned int)(tick % 200), 200), most, n, best;

	if (about->rate * 60 < 1)
		return -EDOM;
	most = (uint64_t)fmax(1, about->rate / 2);
	if (most > RECORD_BYTES / 2 / about->n)
		most = RECORD_BYTES / 2 / about->n;
	best = most;
	if (about->clock.letter && step <= most) {
		best -= most % step;
		for (n = best; about->total && n >= step && n >= best / 8; n -= step) {
			if (about->total % n == 0) {
				best = n;
				break;
			}
		}
	} else {
		for (n = most; n > most / 2; n--) {
			if (inexact(about->rate, n) < inexact(about->rate, best))
				best = n;
		}
	}
	edf->duration = (int)round((double)best / about->rate * RECORD_UNITS);
	edf->per_record = (unsigned int)best;
	return 0;
}

/* ------------------------------------------------------------------ opening */

/* EDF's own form of common units in UTF-8: the header is ASCII */
static void ascii_unit(const char *unit, char *text)
{
	if (!strncmp(unit, "\xc2\xb5", 2) || !strncmp(unit, "\xce\xbc", 2))
		snprintf(text, 9, "u%.7s", unit + 2);
	else
		snprintf(text, 9, "%.8s", unit);
}

static void set_channel(const struct edf *edf, const struct signal_about *about,
			unsigned int c)
{
	const struct ced1401_channel *channel = &about->channels[c];
	char label[17], unit[9];
	int n = (int)c;

	snprintf(label, sizeof(label), "%.16s", channel_name(about->numbers[c], channel));
	ascii_unit(channel_unit(channel), unit);
	edf_set_samplefrequency(edf->handle, n, (int)edf->per_record);
	edf_set_digital_minimum(edf->handle, n, -32768);
	edf_set_digital_maximum(edf->handle, n, 32767);
	edf_set_physical_minimum(edf->handle, n, channel_units(channel, -32768));
	edf_set_physical_maximum(edf->handle, n, channel_units(channel, 32767));
	edf_set_label(edf->handle, n, label);
	edf_set_physical_dimension(edf->handle, n, unit);
}

/* The header has 8 characters for a number: too few for small ones */
static void check_range(const struct writer *w, unsigned int c)
{
	const struct ced1401_channel *channel = &w->about.channels[c];

	if (fabs(channel_scale(channel) * channel_full_scale(channel)) < 0.01)
		say("%s: EDF+ has few digits for the range of %s: give it a smaller unit than %s",
		    w->path, channel_name(w->about.numbers[c], channel),
		    channel_unit(channel));
}

static void set_start(struct edf *edf, uint64_t utc)
{
	time_t seconds = (time_t)(utc / SECOND_NS);
	unsigned int us = (unsigned int)(utc % SECOND_NS / 1000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	edf_set_startdatetime(edf->handle, tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
			      tm.tm_hour, tm.tm_min, tm.tm_sec);
	edf_set_subsecond_starttime(edf->handle, (int)us * 10);
	edf->subsecond = us / 1e6;
}

static int edf_open(struct writer *w)
{
	struct edf *edf = must_alloc(1, sizeof(*edf));
	unsigned int c;

	w->private = edf;
	edf->last = &edf->first;
	if (choose_record(&w->about, edf)) {
		say("%s: EDF+ needs a sample a minute at least: choose CSV", w->path);
		free(edf);
		return -EDOM;
	}
	edf->handle = edfopen_file_writeonly(w->path, EDFLIB_FILETYPE_EDFPLUS,
					     (int)w->about.n);
	if (edf->handle < 0) {
		free(edf);
		return errno ? -errno : -EIO;
	}
	edf->fd = open(w->path, O_RDWR | O_CLOEXEC);
	if (edf->fd < 0) {
		int ret = -errno;

		edfclose_file(edf->handle);
		free(edf);
		return ret;
	}
	for (c = 0; c < w->about.n; c++) {
		set_channel(edf, &w->about, c);
		check_range(w, c);
	}
	set_start(edf, w->about.start_utc);
	edf_set_datarecord_duration(edf->handle, edf->duration);
	edf_set_number_of_annotation_signals(edf->handle, ANNOTATION_SIGNALS);
	edf_set_equipment(edf->handle, "CED 1401");
	edf_set_recording_additional(edf->handle, PROGRAM " " VERSION);
	edf->header = (off_t)(w->about.n + ANNOTATION_SIGNALS + 1) * 256;
	edf->record = must_alloc((size_t)edf->per_record * w->about.n,
				 sizeof(*edf->record));
	return 0;
}

/* -------------------------------------------------------------- annotations */

/* An entry of a list of annotations into @area of @size, behind what is there, each
 * ended by a 0; false: it has no room. The rest of the area is zeros.
 */
static bool put_entry(char *area, size_t size, const char *entry)
{
	size_t used = size, n = strlen(entry);

	while (used && !area[used - 1])
		used--;
	if (used)
		used++;
	if (used + n + 1 > size)
		return false;
	memcpy(area + used, entry, n);
	return true;
}

/* Put annotations that wait into the record's annotation signals */
static int annotate(struct edf *edf, uint64_t record)
{
	const size_t size = (size_t)edf->annotation_bytes, part = size / ANNOTATION_SIGNALS;
	off_t at = edf->header + (off_t)(record + 1) * edf->record_size - (off_t)size;
	char text[MAX_ANNOTATION_BYTES], entry[160];
	unsigned int i;

	errno = 0;
	if (pread(edf->fd, text, size, at) != (ssize_t)size)
		return errno ? -errno : -EIO;
	while (edf->first) {
		struct annotation *a = edf->first;

		snprintf(entry, sizeof(entry), "+%.6f\x14%s\x14",
			 a->onset + edf->subsecond, a->text);
		for (i = 0; i < ANNOTATION_SIGNALS; i++) {
			if (put_entry(text + i * part, part, entry))
				break;
		}
		if (i == ANNOTATION_SIGNALS)
			break;
		edf->first = a->next;
		if (!edf->first)
			edf->last = &edf->first;
		free(a);
	}
	if (pwrite(edf->fd, text, size, at) != (ssize_t)size)
		return errno ? -errno : -EIO;
	return 0;
}

static int edf_mark(struct writer *w, uint64_t frame, const char *text)
{
	struct edf *edf = w->private;
	struct annotation *a = must_alloc(1, sizeof(*a));
	size_t n = 0;

	a->onset = (double)frame / w->about.rate;
	/* 20, 21 and 0 are EDF's own; a character is not cut in two */
	for (; *text && n < sizeof(a->text) - 5; text++)
		a->text[n++] = (unsigned char)*text < 32 ? ' ' : *text;
	while (*text && (*text & 0xc0) == 0x80)
		a->text[n++] = *text++;
	*edf->last = a;
	edf->last = &a->next;
	return 0;
}

/* What waits, into the records from the last one back */
static int annotate_all(struct writer *w)
{
	struct edf *edf = w->private;
	uint64_t record = edf->records;
	unsigned int left = 0;
	struct annotation *a;
	int ret = 0;

	while (!ret && edf->first && record > 0)
		ret = annotate(edf, --record);
	for (a = edf->first; a; a = a->next)
		left++;
	if (left)
		say("%s: no room for %u of the annotations", w->path, left);
	return ret;
}

/* -------------------------------------------------------------------- records */

/* EDFlib does not look whether the disk took it: the file's size tells */
static int check_size(struct writer *w)
{
	struct edf *edf = w->private;
	struct stat status;
	off_t size;

	if (fstat(edf->fd, &status))
		return -errno;
	if (!edf->record_size) {
		edf->record_size = status.st_size - edf->header;
		edf->annotation_bytes = edf->record_size -
			(off_t)edf->per_record * w->about.n * 2;
		if (edf->annotation_bytes <= 0 ||
		    edf->annotation_bytes > MAX_ANNOTATION_BYTES) {
			edf->record_size = 0;
			return -ENOSPC;
		}
	}
	size = edf->header + (off_t)(edf->records + 1) * edf->record_size;
	return status.st_size < size ? -ENOSPC : 0;
}

static int write_count(struct edf *edf)
{
	char count[9];

	snprintf(count, sizeof(count), "%-8llu", (unsigned long long)edf->records);
	return pwrite(edf->fd, count, 8, COUNT_AT) == 8 ? 0 : -errno;
}

static int write_record(struct writer *w)
{
	struct edf *edf = w->private;
	int ret;

	errno = 0;
	if (edf_blockwrite_digital_short_samples(edf->handle, edf->record))
		ret = errno ? -errno : -EIO;
	else
		ret = fflush(NULL) ? -errno : check_size(w);
	if (ret)
		return ret;
	edf->records++;
	edf->filled = 0;
	w->frames = edf->records * edf->per_record;
	ret = write_count(edf);
	if (!ret && edf->first)
		ret = annotate(edf, edf->records - 1);
	return ret;
}

static int edf_write(struct writer *w, const int16_t *samples, size_t frames)
{
	struct edf *edf = w->private;
	unsigned int n = w->about.n, c;
	int ret;

	for (; frames; frames--, samples += n) {
		for (c = 0; c < n; c++)
			edf->record[(size_t)c * edf->per_record + edf->filled] = samples[c];
		edf->filled++;
		w->frames++;
		if (edf->filled == edf->per_record) {
			ret = write_record(w);
			if (ret) {
				edf->failed = true;
				w->frames = edf->records * edf->per_record;
				return ret;
			}
		}
	}
	return 0;
}

/* A record goes out when it is full, which is soon enough */
static int edf_sync(struct writer *w)
{
	(void)w;
	return 0;
}

/* The last record must be full: the last value goes on, and the end is marked */
static int fill_record(struct writer *w)
{
	struct edf *edf = w->private;
	uint64_t frames = w->frames;
	int16_t last[MAX_INPUTS];
	unsigned int c;
	int ret = 0;

	if (!edf->filled || edf->failed)
		return 0;
	edf_mark(w, frames, "Recording ends");
	for (c = 0; c < w->about.n; c++)
		last[c] = edf->record[(size_t)c * edf->per_record + edf->filled - 1];
	while (!ret && edf->filled)
		ret = edf_write(w, last, 1);
	if (!ret)
		w->frames = frames;
	return ret;
}

static int edf_close(struct writer *w)
{
	struct edf *edf = w->private;
	int ret = fill_record(w), ret2;

	if (edfclose_file(edf->handle) && !ret)
		ret = -EIO;
	/* EDFlib also counts a record that the disk did not take */
	if (edf->records) {
		ret2 = write_count(edf);
		if (!ret2)
			ret2 = annotate_all(w);
		if (!ret2 && ftruncate(edf->fd, edf->header + (off_t)edf->records *
				       edf->record_size))
			ret2 = -errno;
		ret = ret ? ret : ret2;
	}
	close(edf->fd);
	while (edf->first) {
		struct annotation *a = edf->first;

		edf->first = a->next;
		free(a);
	}
	free(edf->record);
	free(edf);
	return ret;
}

const struct format format_edf = {
	.name = "edf",
	.marks = true,
	.open = edf_open,
	.write = edf_write,
	.mark = edf_mark,
	.sync = edf_sync,
	.close = edf_close,
};
