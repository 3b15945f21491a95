// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading a file to be played: all of it, as 16-bit samples for the DACs.
 */
#include <ctype.h>
#include <edflib.h>
#include <errno.h>
#include <math.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "reader.h"
#include "writer.h"

#define PIECE		4096	/* frames */
#define FIFO_BYTES	32768.0	/* what the card's FIFO begins with */
#define EDF_SIGNALS_AT	252	/* in the header: number of signals, 4 digits */
#define MARK		"\xef\xbb\xbf"	/* of UTF-8, which others put in front */

static int16_t *make_room(const struct playing *p, uint64_t frames)
{
	if (p->n == 0 || frames > SIZE_MAX / 2 / p->n)
		die(EXIT_FAILED, "a file of %llu samples is too long for the memory",
		    (unsigned long long)frames);
	return must_alloc((size_t)frames * p->n, sizeof(int16_t));
}

/*
 * A value of frame @at, 32768 of which are the DAC's full scale; ends the program if it
 * is beyond that. Full scale itself, which others write, is the last sample.
 */
static int16_t to_sample(const char *path, uint64_t at, double value)
{
	if (!(fabs(value) < 32768.5))
		die(EXIT_USAGE, "%s, sample %llu: out of range, %.3g times what the DAC can have. Make it smaller",
		    path, (unsigned long long)at, fabs(value) / 32768);
	return (int16_t)lrint(fmin(32767, fmax(-32768, value)));
}

/* -------------------------------------------------------------------- WAV */

/* The true rate, which capture writes into the file's comment: other programs' is text */
static double rate_of_comment(const char *comment)
{
	static const char own[] = PROGRAM " rate=";

	return comment && !strncmp(comment, own, strlen(own)) ?
		strtod(comment + strlen(own), NULL) : 0;
}

static void read_wav(struct playing *p, const char *path)
{
	SF_INFO info = { 0 };
	SNDFILE *file = sf_open(path, SFM_READ, &info);
	sf_count_t n, i;
	float *piece;

	if (!file)
		die(EXIT_FILE, "%s: %s", path, sf_strerror(NULL));
	p->n = (unsigned int)info.channels;
	p->rate = rate_of_comment(sf_get_string(file, SF_STR_COMMENT));
	if (p->rate <= 0)
		p->rate = info.samplerate;
	p->samples = make_room(p, (uint64_t)info.frames);
	piece = must_alloc((size_t)PIECE * p->n, sizeof(*piece));
	/* -1 to 1, whatever its samples are; exact for those of 16 bits */
	while ((n = sf_readf_float(file, piece, PIECE)) > 0 &&
	       (sf_count_t)p->frames + n <= info.frames) {
		for (i = 0; i < n * info.channels; i++)
			p->samples[p->frames * p->n + (uint64_t)i] =
				to_sample(path, p->frames + (uint64_t)i / p->n,
					  (double)piece[i] * 32768);
		p->frames += (uint64_t)n;
	}
	free(piece);
	sf_close(file);
}

/* -------------------------------------------------------------------- EDF */

/* A number of the header, of @n characters */
static long long number_at(const char *header, size_t at, size_t n)
{
	char text[16];

	snprintf(text, sizeof(text), "%.*s", (int)n, header + at);
	return strtoll(text, NULL, 10);
}

/* All of an EDF's header; NULL: it is none */
static char *read_header(FILE *file, long long *size)
{
	char first[257] = "", *header;
	long long signals;

	if (fread(first, 256, 1, file) != 1 || strncmp(first, "0       ", 8))
		return NULL;
	signals = number_at(first, EDF_SIGNALS_AT, 4);
	if (signals < 1)
		return NULL;
	*size = 256 * (signals + 1);
	header = must_alloc((size_t)*size + 1, 1);
	rewind(file);
	if (fread(header, (size_t)*size, 1, file) == 1)
		return header;
	free(header);
	return NULL;
}

/* Bytes of a record, by a header of @size bytes */
static long long record_size(const char *header, long long size)
{
	long long signals = size / 256 - 1, i, sum = 0;

	for (i = 0; i < signals; i++)
		sum += 2 * number_at(header, (size_t)(256 + 216 * signals + 8 * i), 8);
	return sum;
}

/* The first @size bytes, in memory, with the header's count of records; its fd */
static int copy_start(const char *path, FILE *file, off_t size, long long records)
{
	int copy = memfd_create(PROGRAM, MFD_CLOEXEC);
	off_t at = 0;
	char count[9];

	while (copy >= 0 && at < size) {
		if (sendfile(copy, fileno(file), &at, (size_t)(size - at)) <= 0)
			die(EXIT_FILE, "%s: it cannot be read", path);
	}
	snprintf(count, sizeof(count), "%-8lld", records);
	if (copy < 0 || pwrite(copy, count, 8, EDF_RECORDS_AT) != 8)
		die(EXIT_FAILED, "no memory for %s", path);
	return copy;
}

/*
 * A program that was killed leaves a part of a record at the end, or one that the header
 * does not count yet; and no count at all if it was the first. EDFlib opens none of these:
 * it gets a copy in memory, of the records that count. Return: its fd; -1: all is well.
 */
static int copy_whole(const char *path)
{
	long long head = 0, record = 0, counted = 0, there, records;
	FILE *file = fopen(path, "rb");
	char *header;
	int copy = -1;
	off_t size;

	if (!file)
		die(EXIT_FILE, "%s: %m", path);
	header = read_header(file, &head);
	if (header) {
		record = record_size(header, head);
		counted = number_at(header, EDF_RECORDS_AT, 8);
	}
	free(header);
	if (record > 0 && !fseeko(file, 0, SEEK_END)) {
		size = ftello(file);
		there = (size - head) / record;
		records = counted > 0 ? counted : there;
		if (!there)
			die(EXIT_FILE, "%s: it has no whole record", path);
		if (records > there)
			die(EXIT_FILE, "%s: its end is missing: it has %lld of %lld records",
			    path, there, records);
		if (records != counted || size != head + records * record) {
			say("%s: it was not ended as it should be. Its %lld whole records are read",
			    path, records);
			copy = copy_start(path, file, head + records * record, records);
		}
	}
	fclose(file);
	return copy;
}

/* The volts of a unit; 0: it is no voltage */
static double volts_of(const char *unit)
{
	static const struct { const char *unit; double volts; } known[] = {
		{ "V", 1 }, { "mV", 0.001 }, { "uV", 0.000001 },
	};
	unsigned int i;

	for (i = 0; i < 3; i++) {
		if (!strcmp(unit, known[i].unit))
			return known[i].volts;
	}
	return 0;
}

/* A channel's unit, without the blanks behind it */
static char *unit_of(const struct edf_param_struct *param, char unit[9])
{
	size_t n;

	snprintf(unit, 9, "%s", param->physdimension);
	for (n = strlen(unit); n && unit[n - 1] == ' '; n--)
		unit[n - 1] = '\0';
	return unit;
}

/*
 * Whether capture wrote it: what it sampled is put out as it was, whatever the channel's
 * unit. Of all others the volts count, for DACs drive what may not stand more.
 */
static bool is_own(const struct edf_hdr_struct *head)
{
	return !strcmp(head->equipment, EDF_EQUIPMENT) &&
		!strncmp(head->recording_additional, PROGRAM " ", strlen(PROGRAM " "));
}

static void read_edf_channel(struct playing *p, const struct options *o,
			     const char *path, const struct edf_hdr_struct *head,
			     unsigned int c)
{
	const struct edf_param_struct *param = &head->signalparam[c];
	bool plain = is_own(head) && param->dig_min == -32768 && param->dig_max == 32767;
	char unit[9];
	double volts = volts_of(unit_of(param, unit)), full;
	int *digital = must_alloc(PIECE, sizeof(*digital));
	double *physical = must_alloc(PIECE, sizeof(*physical));
	uint64_t done;
	int i, n;

	if (!plain && volts == 0)
		die(EXIT_FILE, "%s: channel %u is in %s, and not in V, mV or uV", path, c,
		    unit);
	full = channel_full_scale(&o->dac[o->n_dacs > c ? o->dacs[c] : c % MAX_DACS]);
	for (done = 0; done < p->frames; done += (uint64_t)n) {
		n = p->frames - done < PIECE ? (int)(p->frames - done) : PIECE;
		n = plain ? edfread_digital_samples(head->handle, (int)c, n, digital) :
			edfread_physical_samples(head->handle, (int)c, n, physical);
		if (n <= 0)
			die(EXIT_FILE, "%s: channel %u ends early", path, c);
		for (i = 0; i < n; i++)
			p->samples[(done + (uint64_t)i) * p->n + c] = plain ?
				(int16_t)digital[i] :
				to_sample(path, done + (uint64_t)i,
					  physical[i] * volts / full * 32768);
	}
	free(digital);
	free(physical);
}

/* Whether all from this frame on repeat the one before */
static bool is_filling(const struct playing *p, uint64_t frame)
{
	const int16_t *last = p->samples + (frame - 1) * p->n;

	for (; frame < p->frames; frame++) {
		if (memcmp(p->samples + frame * p->n, last, p->n * sizeof(*last)))
			return false;
	}
	return true;
}

/*
 * Where capture says that the rest of the last record is filling. A marker of the user's
 * may have the same words.
 */
static void cut_filling(struct playing *p, const struct edf_hdr_struct *head)
{
	uint64_t record = (uint64_t)head->signalparam[0].smp_in_datarecord, last = 0;
	struct edf_annotation_struct annotation;
	long long i;

	for (i = 0; i < head->annotations_in_file; i++) {
		if (!edf_get_annotation(head->handle, (int)i, &annotation) &&
		    !strcmp(annotation.annotation, "Recording ends")) {
			double end = (double)annotation.onset / EDFLIB_TIME_DIMENSION;
			uint64_t frames = (uint64_t)fmax(0, round(end * p->rate));

			if (frames < p->frames && frames + record > p->frames &&
			    frames > last)
				last = frames;
		}
	}
	if (last && is_filling(p, last))
		p->frames = last;
}

static void read_edf(struct playing *p, const struct options *o, const char *path)
{
	struct edf_hdr_struct *head = must_alloc(1, sizeof(*head));	/* large */
	int copy = copy_whole(path);
	char name[32];
	unsigned int c;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", copy);
	if (edfopen_file_readonly(copy < 0 ? path : name, head,
				  EDFLIB_READ_ALL_ANNOTATIONS))
		die(EXIT_FILE, "%s: it cannot be read, or is no EDF+ without gaps (%d)",
		    path, head->filetype);
	p->n = (unsigned int)head->edfsignals;
	if (!p->n)
		die(EXIT_FILE, "%s: it has no signals", path);
	for (c = 1; c < p->n; c++) {
		if (head->signalparam[c].smp_in_file != head->signalparam[0].smp_in_file)
			die(EXIT_FILE, "%s: its channels have different rates", path);
	}
	p->rate = (double)head->signalparam[0].smp_in_datarecord * EDFLIB_TIME_DIMENSION /
		(double)head->datarecord_duration;
	p->frames = (uint64_t)head->signalparam[0].smp_in_file;
	p->samples = make_room(p, p->frames);
	for (c = 0; c < p->n; c++)
		read_edf_channel(p, o, path, head, c);
	cut_filling(p, head);
	edfclose_file(head->handle);
	if (copy >= 0)
		close(copy);
	free(head);
}

/* -------------------------------------------------------------------- CSV */

/* What a CSV has said so far */
struct csv {
	struct ced1401_channel channels[MAX_INPUTS];
	unsigned int n_channels;
	bool timed;		/* the first column is the time */
	double seconds;		/* of its unit; 0: it is unknown */
	bool named;
	bool one_name;		/* and there is no other */
	bool semicolons;	/* separate the rows' values, and a comma is a decimal one */
	double first, last;	/* times */
	double most;		/* of their steps */
	int decimals;		/* that they are written with, at the most, */
	int digits;		/* and digits that count */
	bool falls;		/* the time does */
	uint64_t room;
	unsigned long line;
};

/*
 * Whether the first column is the time, by its name: "time", "Time (ms)", "Timestamp [s]";
 * and its unit, which is the second if none is named.
 */
static void take_names(struct csv *csv, const char *text)
{
	static const struct { const char *unit; double seconds; } units[] = {
		{ "", 1 }, { "s", 1 }, { "sec", 1 }, { "second", 1 }, { "seconds", 1 },
		{ "ms", 0.001 }, { "us", 0.000001 }, { "\xc2\xb5s", 0.000001 },
		{ "\xce\xbcs", 0.000001 }, { "min", 60 }, { "h", 3600 },
	};
	size_t n, i;
	bool known = false, marked;

	csv->named = true;
	csv->one_name = !strpbrk(text, ",;");
	text += strspn(text, " \t\"");
	if (strncasecmp(text, "time", 4))
		return;
	csv->timed = true;
	for (text += 4; isalpha((unsigned char)*text); text++)
		;
	n = strspn(text, " \t([/_");
	marked = strcspn(text, "([/_") < n;
	text += n;
	n = strcspn(text, " \t)]\",;");
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strlen(units[i].unit) != n || strncasecmp(text, units[i].unit, n))
			continue;
		csv->seconds = units[i].seconds;
		known = true;
	}
	/* "time elapsed" names none */
	if (!known && !marked)
		csv->seconds = 1;
}

static void take_comment(struct csv *csv, struct playing *p, char *text)
{
	unsigned int number;

	if (!strncmp(text, "# rate ", 7))
		p->rate = strtod(text + 7, NULL);
	else if (!strncmp(text, "# channel ", 10) && csv->n_channels < MAX_INPUTS &&
		 !channel_parse(text + 10, &number, &csv->channels[csv->n_channels]))
		csv->n_channels++;
}

/* The line's numbers, or -1: one of them is none. Decimal commas become points */
static int split_line(const struct csv *csv, char *text, double *values)
{
	char separator = csv->semicolons ? ';' : ',', *end;
	int n = 0;

	for (end = text; csv->semicolons && *end; end++) {
		if (*end == ',')
			*end = '.';
	}
	for (;;) {
		if (n > MAX_INPUTS)
			return -1;
		values[n++] = strtod(text, &end);
		if (end == text)
			return -1;
		end += strspn(end, " \t");
		if (!*end)
			return n;
		if (*end != separator)
			return -1;
		text = end + 1;
	}
}

static void take_time(struct csv *csv, double now, bool is_first)
{
	double step = now - csv->last;

	if (is_first) {
		csv->first = now;
	} else {
		csv->most = fmax(csv->most, step);
		csv->falls = csv->falls || !(step >= 0);
	}
	csv->last = now;
}

/* How the line's first number, a time, is written: how many digits it has */
static void take_digits(struct csv *csv, const char *text)
{
	int decimals = 0, digits = 0;
	bool behind = false;

	for (text += strspn(text, " \t+-"); isdigit((unsigned char)*text) || *text == '.';
	     text++) {
		if (*text == '.') {
			behind = true;
			continue;
		}
		decimals += behind;
		digits += digits || *text != '0';
	}
	if (*text == 'e' || *text == 'E')
		decimals -= (int)strtol(text + 1, NULL, 10);
	if (decimals > csv->decimals)
		csv->decimals = decimals;
	if (digits > csv->digits)
		csv->digits = digits;
}

/*
 * By how much the times may have been rounded: their last decimal, or what is left of it
 * where only so many digits are written (%g)
 */
static double rounding(const struct csv *csv)
{
	double decimal = pow(10, -csv->decimals), last = fabs(csv->last);

	return last > 0 ? fmax(decimal, pow(10, floor(log10(last)) + 1 - csv->digits)) :
		decimal;
}

/*
 * The rate, by all the times, each of which may have been rounded, or be a quarter of a
 * step late. 0: they do not say it, or are not even, as where something is missing.
 */
static double rate_of_times(const struct csv *csv, uint64_t frames)
{
	double mean;

	if (!csv->timed || csv->seconds == 0 || frames < 2 || csv->falls)
		return 0;
	mean = (csv->last - csv->first) / (double)(frames - 1);
	if (mean <= 0 || csv->most > mean + 1.001 * fmax(rounding(csv), mean / 4))
		return 0;
	return 1 / (mean * csv->seconds);
}

static void take_row(struct csv *csv, struct playing *p, const struct options *o,
		     const char *path, const double *values, unsigned int n)
{
	unsigned int first = csv->timed ? 1 : 0, c;
	int16_t *to;

	if (!p->frames)
		p->n = n - first;
	if (n <= first || n - first != p->n)
		die(EXIT_FILE, "%s, line %lu: it has %u values, and those before %u",
		    path, csv->line, n - first, p->n);
	if (csv->one_name && p->n == 2 && !csv->semicolons)
		die(EXIT_FILE, "%s, line %lu: it has 2 values, and there is one name. If the comma is a decimal one, make it a point",
		    path, csv->line);
	if (p->frames == csv->room) {
		csv->room = csv->room ? 2 * csv->room : PIECE;
		p->samples = reallocarray(p->samples, (size_t)csv->room * p->n,
					  sizeof(*p->samples));
		if (!p->samples)
			die(EXIT_FAILED, "no memory for %s", path);
	}
	take_time(csv, values[0], !p->frames);
	to = p->samples + p->frames * p->n;
	for (c = 0; c < p->n; c++) {
		unsigned int dac = o->n_dacs > c ? o->dacs[c] : c % MAX_DACS;
		const struct ced1401_channel *channel = csv->n_channels > c ?
			&csv->channels[c] : &o->dac[dac];

		if (ced1401_from_units(channel, values[first + c], &to[c]))
			die(EXIT_USAGE, "%s, line %lu: %g %s is out of range", path,
			    csv->line, values[first + c], channel_unit(channel));
	}
	p->frames++;
}

static void read_csv(struct playing *p, const struct options *o, const char *path)
{
	struct csv *csv = must_alloc(1, sizeof(*csv));
	double values[MAX_INPUTS + 1];
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t room = 0;
	ssize_t length;
	int n;

	if (!file)
		die(EXIT_FILE, "%s: %m", path);
	while ((length = getline(&text, &room, file)) > 0) {
		bool whole = text[length - 1] == '\n';

		csv->line++;
		text[strcspn(text, "\r\n")] = '\0';
		if (csv->line == 1 && !strncmp(text, MARK, strlen(MARK)))
			memmove(text, text + strlen(MARK), strlen(text + strlen(MARK)) + 1);
		if (*text == '#') {
			take_comment(csv, p, text);
			continue;
		}
		if (!p->frames)
			csv->semicolons = strchr(text, ';');
		n = split_line(csv, text, values);
		if (csv->timed)
			take_digits(csv, text);
		if (n > 0 && (whole || (unsigned int)n == p->n + csv->timed))
			take_row(csv, p, o, path, values, (unsigned int)n);
		else if (*text && !csv->named && !p->frames)
			take_names(csv, text);
		else if (*text && whole)
			die(EXIT_FILE, "%s, line %lu: these are no numbers", path, csv->line);
	}
	if (p->rate <= 0)
		p->rate = rate_of_times(csv, p->frames);
	if (p->rate <= 0 && o->rate <= 0 && csv->timed && p->frames)
		die(EXIT_USAGE, "%s: its times do not tell a rate: they are not even, or in no unit that is known. Give --rate",
		    path);
	free(text);
	fclose(file);
	free(csv);
}

/* -------------------------------------------------------------------- raw */

static void read_raw(struct playing *p, const struct options *o, const char *path)
{
	FILE *file = fopen(path, "rb");
	char *beside = NULL;
	json_t *about;
	off_t size;

	if (!file)
		die(EXIT_FILE, "%s: %m", path);
	if (asprintf(&beside, "%s.json", path) < 0)
		die(EXIT_FAILED, "no memory");
	about = json_load_file(beside, 0, NULL);
	p->n = o->n_dacs ? o->n_dacs : 1;
	if (about) {
		p->n = (unsigned int)json_array_size(json_object_get(about, "channels"));
		p->rate = json_number_value(json_object_get(about, "rate"));
	}
	if (!p->n || fseeko(file, 0, SEEK_END))
		die(EXIT_FILE, "%s: it cannot be read", path);
	size = ftello(file);
	rewind(file);
	p->frames = (uint64_t)size / (p->n * sizeof(*p->samples));
	p->samples = make_room(p, p->frames);
	if (fread(p->samples, p->n * sizeof(*p->samples), (size_t)p->frames, file) !=
	    p->frames)
		die(EXIT_FILE, "%s: it cannot be read", path);
	json_decref(about);
	free(beside);
	fclose(file);
}

/* ------------------------------------------------------------------ any of them */

void playing_read(struct playing *p, const struct options *o, const char *path)
{
	/* --format of capture is that of its own file */
	const struct format *format = format_of(o->command == CMD_PLAY ? o->format : NULL,
						path);

	memset(p, 0, sizeof(*p));
	if (format == &format_edf)
		read_edf(p, o, path);
	else if (format == &format_csv)
		read_csv(p, o, path);
	else if (format == &format_raw)
		read_raw(p, o, path);
	else
		read_wav(p, path);	/* and whatever libsndfile knows */
	if (!p->frames)
		die(EXIT_FILE, "%s: it has no samples", path);
	if (o->rate <= 0 && p->rate <= 0)
		die(EXIT_USAGE, "%s does not say at which rate: give --rate", path);
}

void playing_dacs(const struct playing *p, struct options *o)
{
	unsigned int i;

	if (!o->n_dacs && p->n <= MAX_DACS) {
		o->n_dacs = p->n;
		for (i = 0; i < p->n; i++)
			o->dacs[i] = i;
	}
	if (o->n_dacs != p->n)
		die(EXIT_USAGE, "the file has %u channels: give as many DACs in --dacs (0 to 7)",
		    p->n);
}

void playing_method(const struct playing *p, const struct options *o, const char *path)
{
	double bytes = (double)p->frames * (double)o->repeat * p->n * sizeof(*p->samples);

	if (o->method == CED1401L_MEMORY && !o->repeat)
		die(EXIT_USAGE, "--method memory plays a file a number of times, and not without end: leave it out, or give --repeat N");
	/* repeated without end it is long enough */
	if (o->method == CED1401L_FIFO && o->repeat && bytes < FIFO_BYTES)
		die(EXIT_USAGE, "%s: --method fifo needs 32 KiB of samples at least, and this is %.3g KiB: give --method memory, or none",
		    path, bytes / 1024);
}
