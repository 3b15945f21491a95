/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of ced1401(1) share: exit codes, messages, numbers with units, the
 * device, channels, signals, progress.
 */
#ifndef CED1401_TOOLS_TOOLS_H
#define CED1401_TOOLS_TOOLS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libced1401.h>

#include "options.h"

/* How the program ends; the README and the manual have the same list */
#define EXIT_OK		0	/* all is well */
#define EXIT_FAILED	1	/* something else went wrong */
#define EXIT_USAGE	2	/* the command line or the configuration is wrong */
#define EXIT_DEVICE	3	/* no device, or it may not be opened, or it is off */
#define EXIT_BUSY	4	/* another program has the 1401 */
#define EXIT_1401	5	/* the 1401 reported an error, or failed its test */
#define EXIT_LOST	6	/* samples or markers were lost; the file has the rest */
#define EXIT_FILE	7	/* a file could not be written (whole) or read */
#define EXIT_TIMEOUT	8	/* no trigger, or no answer, in time */
#define EXIT_SIGNAL	130	/* ended by Ctrl-C before its end; files are whole */

#define PROGRAM		"ced1401"
#define SECOND_NS	1000000000ull

/* ------------------------------------------------------------- messages.c */

/* say - a line on standard error: "ced1401: ...", above the progress line */
void say(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));

/* die - say it, and exit with @code */
_Noreturn void die(int code, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));

/**
 * failed - say what the library reported, and what to do next
 * @device: the session, whose 1401 may have more to say; NULL: none
 * @result: the library's negative code
 * @format: what was being done: "the self-test"
 *
 * Return: the exit code for it.
 */
int failed(ced1401_device *device, int result, const char *format, ...)
	__attribute__((__format__(__printf__, 3, 4)));

/* must_alloc - calloc() that ends the program if there is no memory */
void *must_alloc(size_t n, size_t size);

/* ---------------------------------------------------------------- json.c */

/* json_out - print an object on standard output, and free it */
void json_out(json_t *object);

/* json_channel - a channel as an object: channel, name, unit, scale ... */
json_t *json_channel(unsigned int number, const struct ced1401_channel *channel);

/* json_text - UTF-8, or what is left of text that is not */
json_t *json_text(const char *text);

/* -------------------------------------------------------------- numbers.c */

/*
 * Each of these reads all of @text; they return false if it is not what they want.
 */
bool read_seconds(const char *text, double *seconds);	/* 10, 10s, 5min, 1h30min */
bool read_rate(const char *text, double *hz);		/* 1000, 2.5k, 1MHz */
bool read_count(const char *text, uint64_t *n);		/* 1000, 64k, 2M; 0x10 */
bool read_size(const char *text, uint64_t *bytes);	/* 4096, 64K, 1M */
bool read_double(const char *text, double *value);	/* finite */

/* A list of channels, "0,2-4": how many, or -1; each below @limit */
int read_list(const char *text, unsigned int *list, unsigned int limit);

/**
 * read_value - a value of a channel: "1.5" (its unit), "1.5V", "-20mV", "raw:1200"
 * @text: the value; volts are V, mV, uV; the channel's own unit may be named, too
 * @channel: its unit and scale
 * @sample: set
 *
 * Return: 0, -EINVAL: no value, -ERANGE: beyond what the channel can have.
 */
int read_value(const char *text, const struct ced1401_channel *channel,
	       int16_t *sample);

/*
 * to_ms - seconds for the library, to which 0 is "for ever": only 0 is, what is less than a
 * millisecond is one, and what an int does not hold, 24 days, is as long as it does
 */
int to_ms(double seconds);

/* format_seconds - "1:02:03" or "0.250 s" into @text of 32 characters; returns it */
char *format_seconds(double seconds, char *text);

/* format_rate - "48.0769 kHz"; as format_seconds() */
char *format_rate(double hz, char *text);

/* format_bytes - "1.5 GB"; as format_seconds() */
char *format_bytes(double bytes, char *text);

/* format_utc - "2026-01-31T12:00:00.123456Z"; as format_seconds() */
char *format_utc(uint64_t ns, char *text);

/* parse_utc - the opposite: ns since 1970; false: it is no such text */
bool parse_utc(const char *text, uint64_t *ns);

/* ------------------------------------------------------------- channels.c */

/**
 * channel_set - one setting of a channel
 * @channel: the channel
 * @name: name, unit, scale, offset, full-scale
 * @value: its value
 *
 * Return: NULL, or what is wrong.
 */
const char *channel_set(struct ced1401_channel *channel, const char *name,
			const char *value);

/**
 * channel_option - what --channel says: "0:name=EMG,unit=mV,scale=2", "dac1:..."
 * @options: the channel is set in it
 * @text: the option's argument
 *
 * A backslash makes a comma, or another backslash, part of a value. Return: NULL, or
 * what is wrong.
 */
const char *channel_option(struct options *options, const char *text);

/* channel_text - as --channel would say it, @number first, into @text of @size */
void channel_text(unsigned int number, const struct ced1401_channel *channel,
		  char *text, size_t size);

/**
 * channel_parse - the opposite of channel_text()
 * @text: changed
 * @number: set
 * @channel: set
 *
 * Return: NULL, or what is wrong.
 */
const char *channel_parse(char *text, unsigned int *number,
			  struct ced1401_channel *channel);

/* The values with their defaults; name and unit are never empty */
const char *channel_name(unsigned int number, const struct ced1401_channel *channel);
const char *channel_unit(const struct ced1401_channel *channel);
double channel_scale(const struct ced1401_channel *channel);
double channel_full_scale(const struct ced1401_channel *channel);

/* Beyond the 16 bits: averages. As ced1401_to_units() */
double channel_units(const struct ced1401_channel *channel, double sample);

/* --------------------------------------------------------------- device.c */

/**
 * device_open - begin a session, or end the program with what to do next
 * @options: which
 * @flags: CED1401L_READ_ONLY or 0
 *
 * A 1401 that another program has is not waited for: EXIT_BUSY.
 */
ced1401_device *device_open(const struct options *options, unsigned int flags);

/* device_name - what the user would call it: "/dev/ced1401" */
const char *device_name(const struct options *options);

/* -------------------------------------------------------------- signals.c */

/* signals_catch - from now on SIGINT, SIGTERM and SIGHUP only ask to stop */
void signals_catch(void);

/* signals_asked - whether one came: its number, or 0 */
int signals_asked(void);

/* ------------------------------------------------------------- progress.c */

/**
 * struct progress - the line that shows how far it is
 * @shown:	it is shown: standard error is a terminal, not --quiet
 * @total:	frames that will come; 0: nobody knows
 * @rate:	frames a second
 * @channels:	of a frame
 * @bytes:	of a frame, in the file
 * @folder:	where the file is, for the free disk; NULL: no file
 * @what:	in front: "capture"
 * @started_ns:	CLOCK_MONOTONIC
 * @next_ns:	when to show it again
 * @first:	frames that had come at @first_ns: for the rate that is measured
 * @first_ns:	0: none had
 */
struct progress {
	bool shown;
	uint64_t total;
	double rate;
	unsigned int channels;
	unsigned int bytes;
	const char *folder;
	const char *what;
	uint64_t started_ns;
	uint64_t next_ns;
	uint64_t first;
	uint64_t first_ns;
};

void progress_begin(struct progress *progress, const struct options *options,
		    const char *what);
void progress_show(struct progress *progress, uint64_t frames, uint64_t lost);
void progress_say(struct progress *progress, const char *text);
void progress_end(struct progress *progress, uint64_t frames, uint64_t lost);

/* The line is on the terminal: messages go above it */
void progress_clear(void);

/* now_ns - CLOCK_MONOTONIC; utc_ns - what CLOCK_REALTIME was, or will be, then */
uint64_t now_ns(void);
uint64_t utc_ns(uint64_t monotonic);

/* ------------------------------------------------------- the commands */

int info_run(struct options *options);
int send_run(struct options *options);
int capture_run(struct options *options);
int stream_run(struct options *options);
int play_run(struct options *options);
int scope_run(struct options *options);
int selftest_run(struct options *options);
int areas_run(struct options *options);
int dac_run(struct options *options);
int dig_run(struct options *options);

#endif
