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
#define RECORD_BYTES	1048576	/* of samples, at most */
#define ANNOTATION_SIGNALS 2	/* room for about 200 bytes in each record ... */
#define MARKER_SIGNALS	16	/* ... and for 1800 where lines of standard input come */
#define MAX_ANNOTATION_BYTES 4096	/* EDFlib's are less */
#define BACK		8	/* records that are looked into for room while it grows */
#define MAX_INEXACT	0.00001	/* of a range's limits, in parts of the range */

/* An annotation that waits for a record with room */
struct annotation {
	double onset;		/* seconds from the file's start */
	char text[80];
	bool marker;
	struct annotation *next;
};

/* What an EDF+ needs */
struct edf {
	int handle;
	int fd;			/* of the same file, for what EDFlib does not do */
	unsigned int signals;	/* of annotations */
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
static void choose_record(const struct signal_about *about, struct edf *edf)
{
	unsigned int per_tick = about->clock.letter == 'C' ? 20 :
		about->clock.letter == 'H' ? 5 : 2;
	uint64_t tick = (uint64_t)per_tick * about->clock.pre * about->clock.count;
	uint64_t step = 200 / gcd((unsigned int)(tick % 200), 200), most, n, best;

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
}

/* ------------------------------------------------------------ what EDF+ can hold */

/* What of a limit is left in the header, which has 8 characters: EDFlib cuts it off */
static double in_header(double limit)
{
	char text[32];

	snprintf(text, sizeof(text), "%.9f", limit);
	text[8] = '\0';
	return strtod(text, NULL);
}

/* 8 characters are enough for 1e-5 of most ranges, with a sign and a point */
static void check_range(const struct options *o, unsigned int input)
{
	const struct ced1401_channel *channel = &o->input[input];
	double low = channel_units(channel, -32768), high = channel_units(channel, 32767);
	double range = fabs(high - low), most = fmax(fabs(low), fabs(high));
	const char *advice = "choose CSV";

	if (fabs(in_header(low) - low) <= range * MAX_INEXACT &&
	    fabs(in_header(high) - high) <= range * MAX_INEXACT)
		return;
	if (most <= range && most >= 1)
		advice = "choose a larger unit, or CSV";
	else if (most <= range)
		advice = "choose a smaller unit, or CSV";
	die(EXIT_USAGE, "%s: EDF+ has 8 characters for a number, too few for the range of %s, %.9g to %.9g %s: %s",
	    o->arguments[0], channel_name(input, channel), low, high, channel_unit(channel),
	    advice);
}

static void edf_check(const struct options *o, double rate)
{
	unsigned int i;

	if (rate * 60 < 1)
		die(EXIT_USAGE, "%s: EDF+ needs a sample a minute at least: choose a higher --rate, or CSV",
		    o->arguments[0]);
	for (i = 0; i < o->n_inputs; i++)
		check_range(o, o->inputs[i]);
}

/* ------------------------------------------------------------------ opening */

/* From U+00A0 on: Latin letters, without what is above and below them, and signs */
static const char *const latin[] = {
	" ", "!", "c", "GBP", "?", "JPY", "|", "S", "\"", "(c)", "a", "<<", "-", "-", "(R)",
	"-", "deg", "+-", "2", "3", "'", "u", "P", ".", ",", "1", "o", ">>", "1/4", "1/2",
	"3/4", "?", "A", "A", "A", "A", "A", "A", "AE", "C", "E", "E", "E", "E", "I", "I",
	"I", "I", "D", "N", "O", "O", "O", "O", "O", "x", "O", "U", "U", "U", "U", "Y",
	"Th", "ss", "a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i",
	"i", "i", "d", "n", "o", "o", "o", "o", "o", "/", "o", "u", "u", "u", "u", "y",
	"th", "y",
};

/* The character at *@text, of UTF-8 or Latin-1, which *@text is moved behind */
static unsigned int take_character(const char **text)
{
	static const unsigned char first[] = { 0xff, 0x1f, 0x0f, 0x07 };
	const unsigned char *c = (const unsigned char *)*text;
	unsigned int n = 1, i, code;

	while (n < 4 && c[0] >= 0xc0 && (c[n] & 0xc0) == 0x80)
		n++;
	code = c[0] & first[n - 1];
	for (i = 1; i < n; i++)
		code = code << 6 | (c[i] & 0x3f);
	*text += n;
	return code;
}

/* The header is ASCII; what does not fit into @size is left out */
static void to_ascii(const char *text, char *ascii, size_t size)
{
	size_t at = 0, n;

	while (*text) {
		unsigned int code = take_character(&text);
		char plain[2] = { (char)code };
		const char *with = "?";

		if (code < 0x7f)
			with = plain;
		else if (code >= 0xa0 && code <= 0xff)
			with = latin[code - 0xa0];
		else if (code == 0x3bc)
			with = "u";
		else if (code == 0x3a9 || code == 0x2126)
			with = "Ohm";
		n = strlen(with);
		if (at + n >= size)
			break;
		memcpy(ascii + at, with, n);
		at += n;
	}
	ascii[at] = '\0';
}

static void set_channel(const struct edf *edf, const struct signal_about *about,
			unsigned int c)
{
	const struct ced1401_channel *channel = &about->channels[c];
	char label[17], unit[9];
	int n = (int)c;

	to_ascii(channel_name(about->numbers[c], channel), label, sizeof(label));
	to_ascii(channel_unit(channel), unit, sizeof(unit));
	edf_set_samplefrequency(edf->handle, n, (int)edf->per_record);
	edf_set_digital_minimum(edf->handle, n, -32768);
	edf_set_digital_maximum(edf->handle, n, 32767);
	edf_set_physical_minimum(edf->handle, n, channel_units(channel, -32768));
	edf_set_physical_maximum(edf->handle, n, channel_units(channel, 32767));
	edf_set_label(edf->handle, n, label);
	edf_set_physical_dimension(edf->handle, n, unit);
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
	edf->signals = w->about.markers ? MARKER_SIGNALS : ANNOTATION_SIGNALS;
	choose_record(&w->about, edf);
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
	for (c = 0; c < w->about.n; c++)
		set_channel(edf, &w->about, c);
	set_start(edf, w->about.start_utc);
	edf_set_datarecord_duration(edf->handle, edf->duration);
	edf_set_number_of_annotation_signals(edf->handle, (int)edf->signals);
	edf_set_equipment(edf->handle, EDF_EQUIPMENT);
	edf_set_recording_additional(edf->handle, PROGRAM " " VERSION);
	edf->header = (off_t)(w->about.n + edf->signals + 1) * 256;
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
	const size_t size = (size_t)edf->annotation_bytes, part = size / edf->signals;
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
		for (i = 0; i < edf->signals; i++) {
			if (put_entry(text + i * part, part, entry))
				break;
		}
		if (i == edf->signals)
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

static int edf_mark(struct writer *w, uint64_t frame, const char *text, bool marker)
{
	struct edf *edf = w->private;
	struct annotation *a = must_alloc(1, sizeof(*a));
	size_t n = 0;

	a->onset = (double)frame / w->about.rate;
	a->marker = marker;
	/* 20, 21 and 0 are EDF's own; a character is not cut in two */
	for (; *text && n < sizeof(a->text) - 5; text++)
		a->text[n++] = (unsigned char)*text < 32 ? ' ' : *text;
	while (*text && (*text & 0xc0) == 0x80)
		a->text[n++] = *text++;
	*edf->last = a;
	edf->last = &a->next;
	return 0;
}

/* The end of the samples is told even if others find no room */
static void put_last_first(struct edf *edf)
{
	struct annotation **before = &edf->first, *a;

	while ((*before)->next)
		before = &(*before)->next;
	a = *before;
	if (before == &edf->first)
		return;
	*before = NULL;
	edf->last = before;
	a->next = edf->first;
	edf->first = a;
}

/* What waits, into the records from the last one back */
static int annotate_all(struct writer *w)
{
	struct edf *edf = w->private;
	uint64_t record = edf->records;
	int ret = 0;

	while (!ret && edf->first && record > 0)
		ret = annotate(edf, --record);
	return ret;
}

/* The file is closed: what waits still is in no record */
static void drop_annotations(struct writer *w)
{
	struct edf *edf = w->private;
	unsigned int left = 0;

	while (edf->first) {
		struct annotation *a = edf->first;

		edf->first = a->next;
		left++;
		if (a->marker)
			w->unplaced++;
		free(a);
	}
	if (left)
		say("%s: no room for %u of the annotations", w->path, left);
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
	return pwrite(edf->fd, count, 8, EDF_RECORDS_AT) == 8 ? 0 : -errno;
}

static int write_record(struct writer *w)
{
	struct edf *edf = w->private;
	uint64_t back;
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
	/* a program that is killed loses what waits: those before may have room, too */
	for (back = 1; !ret && edf->first && back <= BACK && back <= edf->records; back++)
		ret = annotate(edf, edf->records - back);
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
	edf_mark(w, frames, "Recording ends", false);
	put_last_first(edf);
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
	drop_annotations(w);
	free(edf->record);
	free(edf);
	return ret;
}

const struct format format_edf = {
	.name = "edf",
	.marks = true,
	.check = edf_check,
	.open = edf_open,
	.write = edf_write,
	.mark = edf_mark,
	.sync = edf_sync,
	.close = edf_close,
};
