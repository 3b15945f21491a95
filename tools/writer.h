/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of samples: what all formats can, and what capture and stream write with.
 *
 * A writer writes one file of one format. A recording (recording.c) is what a run
 * of the program writes: one file, or several with --split and --sweeps; it fills
 * losses, keeps the time, and draws the picture.
 */
#ifndef CED1401_TOOLS_WRITER_H
#define CED1401_TOOLS_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libced1401.h>

#include "plot.h"
#include "tools.h"

/**
 * struct signal_about - what is known of what a file holds
 * @n:		channels
 * @numbers:	of each: the ADC input or the DAC
 * @channels:	of each: name, unit, scale
 * @rate:	frames a second: the true rate
 * @clock:	the clock that gives it; letter 0: unknown
 * @start_utc:	ns since 1970, UTC: the first frame
 * @total:	frames that will come; 0: unknown
 * @average:	sweeps that were averaged; 0: none were
 * @markers:	lines of standard input will be marked: there may be many
 */
struct signal_about {
	unsigned int n;
	unsigned int numbers[MAX_INPUTS];
	struct ced1401_channel channels[MAX_INPUTS];
	double rate;
	struct ced1401_clock clock;
	uint64_t start_utc;
	uint64_t total;
	uint64_t average;
	bool markers;
};

struct writer;

/**
 * struct format - a kind of file
 * @name:	as --format and the file's ending name it
 * @to_pipe:	it can be written to standard output
 * @marks:	it has a place for marks; else @mark does nothing
 * @beside:	ending of the file that is written beside it; NULL: none is
 * @check:	before anything is sampled, at this true rate: ends the program if the
 *		format cannot hold it; NULL: it can
 * @open:	make the file, with what is known before the first frame
 * @write:	frames behind the last ones
 * @write_exact: the same, as numbers finer than samples; NULL: they are rounded
 * @mark:	a text at a frame, which may be behind the last or far before it; whether it
 *		is a line of standard input
 * @sync:	make the file one that its reader can open, up to now
 * @close:	its end, also after an error; the file is then as whole as can be
 *
 * All functions return 0 or a negative errno.
 */
struct format {
	const char *name;
	bool to_pipe;
	bool marks;
	const char *beside;
	void (*check)(const struct options *o, double rate);
	int (*open)(struct writer *w);
	int (*write)(struct writer *w, const int16_t *samples, size_t frames);
	int (*write_exact)(struct writer *w, const double *samples, size_t frames);
	int (*mark)(struct writer *w, uint64_t frame, const char *text, bool marker);
	int (*sync)(struct writer *w);
	int (*close)(struct writer *w);
};

/* In the header of an EDF+ that was sampled; where it has the number of records */
#define EDF_EQUIPMENT	"CED 1401"
#define EDF_RECORDS_AT	236	/* 8 digits */

extern const struct format format_wav, format_edf, format_csv, format_raw;

/* format_of - by --format, else by the file's ending; NULL: unknown */
const struct format *format_of(const char *name, const char *path);

/**
 * struct writer - a file that is being written
 * @format:	its kind
 * @path:	its name; "-" is standard output
 * @about:	what it holds
 * @frames:	written so far: what the file really has, also after an error
 * @unplaced:	when it is closed: markers that @mark took, and the file has no room for
 * @private:	the format's own
 */
struct writer {
	const struct format *format;
	char *path;
	struct signal_about about;
	uint64_t frames;
	unsigned int unplaced;
	void *private;
};

/* A loss, for the summary */
struct loss {
	uint64_t sweep;		/* from 1 */
	uint64_t position;	/* of the first lost frame, in the sweep */
	uint64_t frames;
};

#define MAX_LOSSES	1000	/* told one by one; the rest is counted */

/**
 * struct recording - all that a run of the program writes
 * @options:	what the user asked for
 * @format:	of its files
 * @path:	as the user named it
 * @about:	what it holds; @start_utc is the sweep's
 * @first_utc:	... and that of the first
 * @sweep:	which one is written or, with --average, sampled; from 1
 * @now:	the file that is open; NULL: none
 * @frames:	of the sweep, in all its files
 * @before:	of the sweeps before
 * @file_start:	frame of the sweep that the open file begins with
 * @split:	frames of each file; 0: one file
 * @n_files:	files so far
 * @files:	their names
 * @numbered:	files are numbered
 * @lost:	frames in all
 * @losses:	the first of them
 * @n_losses:	how many
 * @markers:	lines of standard input that are in the files as marks
 * @unplaced:	those that found no room there
 * @last:	the last frame, which fills losses
 * @plot:	the picture
 * @synced_ns:	CLOCK_MONOTONIC of the last sync
 * @error:	the first error of a file; nothing is written after it
 */
struct recording {
	const struct options *options;
	const struct format *format;
	const char *path;
	struct signal_about about;
	uint64_t first_utc;
	uint64_t sweep;
	struct writer *now;
	uint64_t frames;
	uint64_t before;
	uint64_t file_start;
	uint64_t split;
	unsigned int n_files;
	char **files;
	bool numbered;
	uint64_t lost;
	struct loss losses[MAX_LOSSES];
	unsigned int n_losses;
	unsigned int markers;
	unsigned int unplaced;
	int16_t last[MAX_INPUTS];
	struct plot plot;
	uint64_t synced_ns;
	int error;
};

/**
 * recording_prepare - check what can be checked before anything is sampled
 * @recording: cleared and set
 * @options: the file, its format, --split, --plot, --force
 *
 * Ends the program if the file's ending or folder is wrong, or the file is there.
 */
void recording_prepare(struct recording *recording, const struct options *options);

/**
 * recording_begin - all is known now: rate, channels, start
 * @recording: its @about is set; the first file is opened with the first frame
 */
void recording_begin(struct recording *recording);

/* recording_room - frames up to the end of the file that the next one goes into */
uint64_t recording_room(const struct recording *recording);

/* These return 0 or a negative errno; what failed was said */
int recording_write(struct recording *recording, const int16_t *samples, size_t frames);
int recording_write_exact(struct recording *recording, const double *samples,
			  size_t frames);
int recording_next(struct recording *recording, uint64_t start_utc);

/**
 * recording_lose - frames were lost: they are told, and filled in
 * @recording: the recording
 * @frames: how many
 * @fill_frames: of them that the sweep has room for
 *
 * Return: 0 or a negative errno; what failed was said.
 */
int recording_lose(struct recording *recording, uint64_t frames, uint64_t fill_frames);

/* recording_note_loss - for the summary alone: frames of the sweep, at a place in it */
void recording_note_loss(struct recording *recording, uint64_t position,
			 uint64_t frames);

/**
 * recording_mark - a text at a frame
 * @recording: the recording
 * @frame: of the sweep. If its file is closed, the text goes to the beginning of
 *	the one that is open; if it is the next that comes, to the file that it comes into
 * @text: what to write there
 *
 * Return: 0 or a negative errno; what failed was said.
 */
int recording_mark(struct recording *recording, uint64_t frame, const char *text);

/* recording_marker - the same for a line of standard input, which is counted */
int recording_marker(struct recording *recording, uint64_t frame, const char *text);

/* recording_tick - now and then: the open file is made whole up to now */
int recording_tick(struct recording *recording);

/**
 * recording_end - close the file, draw the picture, say or print what there is
 * @recording: the recording
 * @code: how the run ended so far
 * @why: for JSON: "done", "stopped" ...
 *
 * Return: the exit code.
 */
int recording_end(struct recording *recording, int code, const char *why);

#endif
