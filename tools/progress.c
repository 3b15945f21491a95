// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The line that shows how far it is: bar, time, rate, lost samples, free disk.
 */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "tools.h"

#define EVERY_NS	(SECOND_NS / 5)
#define BAR		20

/* One line, and one program: whether it is on the terminal now */
static bool on_terminal;

static unsigned int columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || size.ws_col < 20)
		return 80;
	return size.ws_col;
}

void progress_clear(void)
{
	if (on_terminal)
		fputs("\r\033[K", stderr);
	on_terminal = false;
}

static void show_line(const char *text)
{
	fprintf(stderr, "\r%.*s\033[K", (int)columns() - 1, text);
	fflush(stderr);
	on_terminal = true;
}

void progress_begin(struct progress *progress, const struct options *options,
		    const char *what)
{
	progress->shown = !options->quiet && isatty(STDERR_FILENO);
	progress->what = what;
	progress->started_ns = now_ns();
	progress->next_ns = 0;
	progress->first_ns = 0;
}

static size_t add(char *line, size_t size, size_t at, const char *text)
{
	int n = snprintf(line + at, size - at, "  %s", text);

	return n < 0 || (size_t)n >= size - at ? size - 1 : at + (size_t)n;
}

/* Samples a second as they really come, since the first of them */
static double measured(struct progress *progress, uint64_t frames, uint64_t now)
{
	if (!progress->first_ns) {
		if (!frames)
			return 0;
		progress->first_ns = now;
		progress->first = frames;
	}
	if (now - progress->first_ns < SECOND_NS / 2)
		return progress->rate;
	return (double)(frames - progress->first) * 1e9 /
		(double)(now - progress->first_ns);
}

static void make_line(struct progress *progress, uint64_t frames, uint64_t lost,
		      uint64_t now, char *line, size_t size)
{
	double rate = measured(progress, frames, now);
	char text[96], a[32], b[32];
	struct statvfs disk;
	size_t at;

	at = (size_t)snprintf(line, size, "%s", progress->what);
	if (progress->total) {
		double part = (double)frames / (double)progress->total;
		unsigned int full = (unsigned int)((part < 1 ? part : 1) * BAR);

		snprintf(text, sizeof(text), "[%.*s%.*s] %3u%%", (int)full,
			 "####################", (int)(BAR - full),
			 "....................", (unsigned int)((part < 1 ? part : 1) * 100));
		at = add(line, size, at, text);
	}
	format_seconds((double)frames / progress->rate, a);
	at = add(line, size, at, a);
	snprintf(text, sizeof(text), "%u x %s, %s/s", progress->channels,
		 format_rate(rate, a), format_bytes(rate * progress->bytes, b));
	at = add(line, size, at, text);
	snprintf(text, sizeof(text), "lost %llu", (unsigned long long)lost);
	at = add(line, size, at, text);
	if (progress->folder && !statvfs(progress->folder, &disk)) {
		snprintf(text, sizeof(text), "free %s",
			 format_bytes((double)disk.f_bavail * (double)disk.f_frsize, a));
		add(line, size, at, text);
	}
}

void progress_show(struct progress *progress, uint64_t frames, uint64_t lost)
{
	uint64_t now = now_ns();
	char line[256];

	if (!progress->shown || now < progress->next_ns)
		return;
	progress->next_ns = now + EVERY_NS;
	make_line(progress, frames, lost, now, line, sizeof(line));
	show_line(line);
}

void progress_say(struct progress *progress, const char *text)
{
	char line[256];

	if (!progress->shown)
		return;
	snprintf(line, sizeof(line), "%s  %s", progress->what, text);
	show_line(line);
}

void progress_end(struct progress *progress, uint64_t frames, uint64_t lost)
{
	if (!progress->shown)
		return;
	progress->next_ns = 0;
	progress_show(progress, frames, lost);
	fputc('\n', stderr);
	on_terminal = false;
}
