// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a run of capture or stream writes: files, losses, markers, picture, summary.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools.h"
#include "writer.h"

#define SYNC_NS		(SECOND_NS / 4)
#define FILL		256	/* frames at a time, of a loss */

static const struct format *const formats[] = {
	&format_wav, &format_edf, &format_csv, &format_raw, NULL
};

const struct format *format_of(const char *name, const char *path)
{
	const char *dot = strrchr(path, '.');
	int i;

	if (!name)
		name = dot && !strchr(dot, '/') ? dot + 1 : "";
	for (i = 0; formats[i]; i++) {
		if (!strcasecmp(formats[i]->name, name))
			return formats[i];
	}
	return NULL;
}

/* ----------------------------------------------------------- file names */

/* Where ".edf" begins, or the end if there is no such thing */
static const char *ending(const char *path)
{
	const char *dot = strrchr(path, '.');

	return !dot || strchr(dot, '/') || dot == path ? path + strlen(path) : dot;
}

/* "emg.edf" and 2 make "emg-002.edf" */
static char *numbered_name(const char *path, unsigned int number)
{
	const char *dot = ending(path);
	char *name = NULL;
	int n;

	n = asprintf(&name, "%.*s-%03u%s", (int)(dot - path), path, number, dot);
	if (n < 0)
		die(EXIT_FAILED, "no memory");
	return name;
}

static char *name_of_next(const struct recording *r)
{
	char *name = r->numbered ? numbered_name(r->path, r->n_files + 1) :
		strdup(r->path);

	if (!name)
		die(EXIT_FAILED, "no memory");
	return name;
}

/* The file beside it that this format writes; NULL: it writes none */
static char *name_beside(const struct format *format, const char *path)
{
	char *name = NULL;

	if (format->beside && asprintf(&name, "%s%s", path, format->beside) < 0)
		die(EXIT_FAILED, "no memory");
	return name;
}

/* The lowest number up to @last that a file of the series has already; 0: none has */
static unsigned int find_numbered(const struct format *format, const char *path,
				  unsigned int last)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	size_t stem = (size_t)(ending(path) - base);
	char *copy = strdup(path), *name;
	unsigned int lowest = 0;
	struct dirent *entry;
	DIR *folder;

	if (!copy)
		die(EXIT_FAILED, "no memory");
	folder = opendir(dirname(copy));
	free(copy);
	/* one that cannot be listed: each file is looked for when its time comes */
	while (folder && (entry = readdir(folder))) {
		unsigned int number;
		char *beside;

		if (strncmp(entry->d_name, base, stem) || entry->d_name[stem] != '-')
			continue;
		number = (unsigned int)strtoul(entry->d_name + stem + 1, NULL, 10);
		if (!number || number > last || (lowest && number > lowest))
			continue;
		/* is it one of these, to the last character? */
		name = numbered_name(path, number);
		beside = name_beside(format, name);
		if (!strcmp(name + (base - path), entry->d_name) ||
		    (beside && !strcmp(beside + (base - path), entry->d_name)))
			lowest = number;
		free(beside);
		free(name);
	}
	if (folder)
		closedir(folder);
	return lowest;
}

static bool is_pipe(const struct recording *r)
{
	return !strcmp(r->path, "-");
}

/* A device or a FIFO is there, and nothing is made in its folder */
static bool is_special(const char *path)
{
	struct stat status;

	return !stat(path, &status) && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

static void check_folder(const char *path)
{
	char *copy = strdup(path), *folder;

	if (!copy)
		die(EXIT_FAILED, "no memory");
	folder = dirname(copy);
	if (!is_special(path) && access(folder, W_OK | X_OK))
		die(EXIT_FILE, "%s: %m. Choose a folder that you may write to", folder);
	free(copy);
}

static void check_new(const struct options *o, const char *path)
{
	check_folder(path);
	if (!o->force && !access(path, F_OK))
		die(EXIT_FILE, "%s: is there already. Choose another name, or give --force to replace it",
		    path);
}

static void check_picture(const struct options *o)
{
	const char *dot = strrchr(o->plot, '.'), *c;

	/* a line of gnuplot ends where the name would go on */
	for (c = o->plot; *c; c++) {
		if (iscntrl((unsigned char)*c))
			die(EXIT_USAGE, "--plot: a picture's name has no control characters");
	}
	if (!dot || (strcmp(dot, ".png") && strcmp(dot, ".svg")))
		die(EXIT_USAGE, "--plot %s: a picture's name ends in .png or .svg", o->plot);
	check_new(o, o->plot);
}

/* All that will be in the way is so before anything is sampled */
static void check_files(const struct recording *r)
{
	const struct options *o = r->options;
	unsigned int last = o->sweeps > 1 && o->sweeps < UINT_MAX ?
		(unsigned int)o->sweeps : UINT_MAX, number = 0;
	char *name = name_of_next(r), *beside;

	if (r->numbered)
		number = find_numbered(r->format, r->path, last);
	if (number) {
		free(name);
		name = numbered_name(r->path, number);
	}
	check_new(o, name);
	beside = name_beside(r->format, name);
	if (beside)
		check_new(o, beside);
	free(beside);
	free(name);
}

void recording_prepare(struct recording *r, const struct options *o)
{
	memset(r, 0, sizeof(*r));
	r->options = o;
	r->about.markers = o->markers;
	r->path = o->arguments[0];
	r->format = format_of(o->format, r->path);
	r->numbered = o->split > 0 || (o->sweeps > 1 && !o->average);
	if (!r->format)
		die(EXIT_USAGE, "%s: what kind of file? End its name in .wav, .edf, .csv or .raw, or give --format",
		    r->path);
	if (o->markers && !r->format->marks)
		die(EXIT_USAGE, "--markers: %s has no place for them; choose EDF+ or CSV",
		    r->format->name);
	if (is_pipe(r) && (!r->format->to_pipe || r->numbered))
		die(EXIT_USAGE, "standard output takes one file, of CSV or raw");
	if (is_pipe(r) && o->json)
		die(EXIT_USAGE, "standard output cannot be both the samples and --json");
	if (o->plot)
		check_picture(o);
	if (!is_pipe(r))
		check_files(r);
}

void recording_begin(struct recording *r)
{
	if (r->options->split > 0)
		r->split = (uint64_t)fmax(1, round(r->options->split * r->about.rate));
	/* an average begins anew, until a sweep is whole */
	if (r->options->plot && !r->plot.n)
		plot_begin(&r->plot, r->about.n);
	r->first_utc = r->about.start_utc;
	r->synced_ns = now_ns();
}

/* ----------------------------------------------------------------- files */

static int trouble(struct recording *r, const char *path, int ret)
{
	char a[32];

	if (!ret || r->error)
		return ret;
	r->error = ret;
	/* the file tells what it has */
	if (r->now)
		r->frames = r->file_start + r->now->frames;
	if (ret == -ENOSPC || ret == -EDQUOT || ret == -EFBIG)
		say("%s: the disk is full. What was written before is whole, up to %s", path,
		    format_seconds((double)r->frames / r->about.rate, a));
	else if (ret == -EEXIST)
		say("%s: is there already. Choose another name, or give --force", path);
	else
		say("%s: %s", path, strerror(-ret));
	return ret;
}

static int close_file(struct recording *r)
{
	struct writer *w = r->now;
	int ret;

	if (!w)
		return 0;
	ret = trouble(r, w->path, w->format->close(w));
	r->now = NULL;
	r->markers -= w->unplaced;
	r->unplaced += w->unplaced;
	free(w->path);
	free(w);
	return ret;
}

static int open_file(struct recording *r)
{
	struct writer *w = must_alloc(1, sizeof(*w));
	char *beside;
	int ret;

	w->format = r->format;
	w->path = name_of_next(r);
	w->about = r->about;
	w->about.start_utc += (uint64_t)llround((double)r->file_start / r->about.rate * 1e9);
	if (w->about.total)
		w->about.total = r->about.total - r->file_start;
	if (r->split && (!w->about.total || w->about.total > r->split))
		w->about.total = r->split;
	beside = name_beside(r->format, w->path);
	ret = 0;
	if (!is_pipe(r) && !r->options->force) {
		if (!access(w->path, F_OK) || (beside && !access(beside, F_OK)))
			ret = -EEXIST;
	}
	if (!ret)
		ret = w->format->open(w);
	if (ret) {
		ret = trouble(r, ret == -EEXIST && access(w->path, F_OK) ? beside : w->path,
			      ret);
		free(beside);
		free(w->path);
		free(w);
		return ret;
	}
	free(beside);
	r->now = w;
	r->files = reallocarray(r->files, r->n_files + 1, sizeof(*r->files));
	if (!r->files)
		die(EXIT_FAILED, "no memory");
	r->files[r->n_files++] = strdup(w->path);
	return 0;
}

static void plot_samples(struct recording *r, const int16_t *samples, size_t frames)
{
	double frame[MAX_INPUTS];
	unsigned int c;

	for (; frames; frames--, samples += r->about.n) {
		for (c = 0; c < r->about.n; c++)
			frame[c] = channel_units(&r->about.channels[c], samples[c]);
		plot_add(&r->plot, frame);
	}
}

/* Room in the open file for up to @frames; a new file if it is full */
static int make_room(struct recording *r, size_t *frames)
{
	int ret = 0;

	if (r->error)
		return r->error;
	if (r->now && r->split && r->frames - r->file_start == r->split) {
		r->file_start = r->frames;
		ret = close_file(r);
	}
	if (!ret && !r->now)
		ret = open_file(r);
	if (!ret && r->split && *frames > r->file_start + r->split - r->frames)
		*frames = (size_t)(r->file_start + r->split - r->frames);
	return ret;
}

uint64_t recording_room(const struct recording *r)
{
	/* one that is full gives way to the next */
	return r->split ? r->split - (r->frames - r->file_start) % r->split : UINT64_MAX;
}

int recording_write(struct recording *r, const int16_t *samples, size_t frames)
{
	while (frames) {
		size_t n = frames;
		int ret = make_room(r, &n);

		if (ret)
			return ret;
		ret = r->now->format->write(r->now, samples, n);
		if (ret)
			return trouble(r, r->now->path, ret);
		if (r->options->plot)
			plot_samples(r, samples, n);
		memcpy(r->last, samples + (n - 1) * r->about.n,
		       r->about.n * sizeof(*samples));
		r->frames += n;
		samples += n * r->about.n;
		frames -= n;
	}
	return 0;
}

int recording_write_exact(struct recording *r, const double *samples, size_t frames)
{
	size_t n = frames, i;
	int16_t *rounded;
	int ret = make_room(r, &n);

	if (ret)
		return ret;
	if (!r->now->format->write_exact) {
		rounded = must_alloc(frames * r->about.n, sizeof(*rounded));
		for (i = 0; i < frames * r->about.n; i++)
			rounded[i] = (int16_t)lrint(samples[i]);
		ret = recording_write(r, rounded, frames);
		free(rounded);
		return ret;
	}
	ret = r->now->format->write_exact(r->now, samples, frames);
	if (ret)
		return trouble(r, r->now->path, ret);
	r->frames += frames;
	for (i = 0; r->options->plot && i < frames; i++) {
		double frame[MAX_INPUTS];
		unsigned int c;

		for (c = 0; c < r->about.n; c++)
			frame[c] = channel_units(&r->about.channels[c],
						 samples[i * r->about.n + c]);
		plot_add(&r->plot, frame);
	}
	return 0;
}

static int mark(struct recording *r, uint64_t frame, const char *text, bool marker)
{
	int ret = r->error;
	size_t n = 1;

	/* the file that the next frame belongs to may not be open yet */
	if (!ret && (!r->now || frame >= r->frames))
		ret = make_room(r, &n);
	if (ret)
		return ret;
	/* one that is closed: the nearest place is in the next */
	if (frame < r->file_start)
		frame = r->file_start;
	ret = r->now->format->mark(r->now, frame - r->file_start, text, marker);
	return trouble(r, r->now->path, ret);
}

int recording_mark(struct recording *r, uint64_t frame, const char *text)
{
	return mark(r, frame, text, false);
}

int recording_marker(struct recording *r, uint64_t frame, const char *text)
{
	int ret = mark(r, frame, text, true);

	if (!ret)
		r->markers++;
	return ret;
}

void recording_note_loss(struct recording *r, uint64_t position, uint64_t frames)
{
	if (r->n_losses < MAX_LOSSES)
		r->losses[r->n_losses++] = (struct loss) { r->sweep, position, frames };
	r->lost += frames;
}

int recording_lose(struct recording *r, uint64_t frames, uint64_t fill_frames)
{
	int16_t *fill = must_alloc((size_t)FILL * r->about.n, sizeof(*fill));
	size_t n = 1;
	char text[64];
	unsigned int i;
	int ret;

	recording_note_loss(r, r->frames, frames);
	for (i = 0; i < FILL; i++)
		memcpy(fill + i * r->about.n, r->last, r->about.n * sizeof(*fill));
	/* the file that the first lost frame belongs to; if none is filled, the last one */
	ret = fill_frames ? make_room(r, &n) : r->error;
	snprintf(text, sizeof(text), "lost %llu samples", (unsigned long long)frames);
	if (!ret && r->now)
		ret = trouble(r, r->now->path,
			      r->now->format->mark(r->now, r->frames - r->file_start, text,
						   false));
	while (!ret && fill_frames) {
		n = fill_frames < FILL ? (size_t)fill_frames : FILL;
		ret = recording_write(r, fill, n);
		fill_frames -= n;
	}
	free(fill);
	return ret;
}

int recording_next(struct recording *r, uint64_t start_utc)
{
	int ret = close_file(r);

	r->about.start_utc = start_utc;
	r->before += r->frames;
	r->frames = 0;
	r->file_start = 0;
	return ret;
}

int recording_tick(struct recording *r)
{
	uint64_t now = now_ns();

	if (r->error || !r->now || now - r->synced_ns < SYNC_NS)
		return r->error;
	r->synced_ns = now;
	return trouble(r, r->now->path, r->now->format->sync(r->now));
}

/* --------------------------------------------------------------- the end */

static void tell_json(const struct recording *r, const char *why, uint64_t frames)
{
	json_t *channels = json_array(), *losses = json_array(), *files = json_array();
	json_t *start = json_null();
	char text[32];
	unsigned int i;

	if (r->n_files)
		start = json_string(format_utc(r->first_utc, text));
	for (i = 0; i < r->about.n; i++)
		json_array_append_new(channels, json_channel(r->about.numbers[i],
							     &r->about.channels[i]));
	for (i = 0; i < r->n_losses; i++)
		json_array_append_new(losses,
				      json_pack("{s:I, s:I, s:I}", "sweep",
						(json_int_t)r->losses[i].sweep, "position",
						(json_int_t)r->losses[i].position, "samples",
						(json_int_t)r->losses[i].frames));
	for (i = 0; i < r->n_files; i++)
		json_array_append_new(files, json_text(r->files[i]));
	json_out(json_pack("{s:o, s:s, s:s, s:o, s:f, s:I, s:o, s:I, s:o, s:i, s:I}",
			   "files", files, "format", r->format->name, "ended", why,
			   "start", start, "rate", r->about.rate, "samples", (json_int_t)frames,
			   "channels", channels, "lost", (json_int_t)r->lost,
			   "losses", losses, "markers", (int)r->markers,
			   "averaged", (json_int_t)r->about.average));
}

static void tell(const struct recording *r, uint64_t frames)
{
	char a[32], b[32];

	if (!r->n_files) {
		say("nothing was sampled, and no file written");
		return;
	}
	if (r->options->quiet && !r->lost)
		return;
	fprintf(stderr, "%s%s: %llu samples of %u channel%s at %s, %s",
		r->files[0], r->n_files > 1 ? " and others" : "",
		(unsigned long long)frames, r->about.n, r->about.n == 1 ? "" : "s",
		format_rate(r->about.rate, a),
		format_seconds((double)frames / r->about.rate, b));
	if (r->lost)
		fprintf(stderr, "; %llu lost, in %u places%s", (unsigned long long)r->lost,
			r->n_losses, r->n_losses == MAX_LOSSES ? " or more" : "");
	fputc('\n', stderr);
}

int recording_end(struct recording *r, int code, const char *why)
{
	uint64_t frames;
	unsigned int i;

	close_file(r);
	frames = r->before + r->frames;
	if (r->error) {
		code = EXIT_FILE;
		why = r->error == -ENOSPC ? "full" : "error";
	} else if ((r->lost || r->unplaced) && code == EXIT_OK) {
		code = EXIT_LOST;
	}
	if (r->options->plot && r->n_files &&
	    plot_draw(&r->plot, &r->about, r->options->plot) && code == EXIT_OK)
		code = EXIT_FILE;
	if (r->options->json)
		tell_json(r, why, frames);
	else
		tell(r, frames);
	for (i = 0; i < r->n_files; i++)
		free(r->files[i]);
	free(r->files);
	return code;
}
