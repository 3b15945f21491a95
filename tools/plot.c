// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * --plot: the picture, by gnuplot.
 */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plot.h"
#include "tools.h"
#include "writer.h"

void plot_begin(struct plot *plot, unsigned int n)
{
	plot->n = n;
	plot->span = 1;
	plot->low = must_alloc((size_t)PLOT_SPANS * n, sizeof(*plot->low));
	plot->high = must_alloc((size_t)PLOT_SPANS * n, sizeof(*plot->high));
}

/* All spans are full: each two become one */
static void halve(struct plot *plot)
{
	const unsigned int n = plot->n;
	unsigned int i, c;

	for (i = 0; i < PLOT_SPANS / 2; i++) {
		for (c = 0; c < n; c++) {
			plot->low[i * n + c] = fmin(plot->low[2 * i * n + c],
						    plot->low[(2 * i + 1) * n + c]);
			plot->high[i * n + c] = fmax(plot->high[2 * i * n + c],
						     plot->high[(2 * i + 1) * n + c]);
		}
	}
	plot->filled = PLOT_SPANS / 2;
	plot->span *= 2;
}

void plot_add(struct plot *plot, const double *frame)
{
	double *low, *high;
	unsigned int c;

	if (plot->filled == PLOT_SPANS)
		halve(plot);
	low = plot->low + (size_t)plot->filled * plot->n;
	high = plot->high + (size_t)plot->filled * plot->n;
	for (c = 0; c < plot->n; c++) {
		low[c] = plot->in_span ? fmin(low[c], frame[c]) : frame[c];
		high[c] = plot->in_span ? fmax(high[c], frame[c]) : frame[c];
	}
	if (++plot->in_span == plot->span) {
		plot->in_span = 0;
		plot->filled++;
	}
}

/*
 * In single quotes, in which gnuplot takes all as it is but a quote, which is doubled: in
 * double ones it would run what is between backquotes.
 */
static void put_quoted(FILE *to, const char *text)
{
	fputc('\'', to);
	for (; *text; text++) {
		if (*text == '\'')
			fputc('\'', to);
		if ((unsigned char)*text >= 32)
			fputc(*text, to);
	}
	fputc('\'', to);
}

/* To gnuplot "|" in front is a program, and "~" a folder, but not behind "./" */
static void put_path(FILE *to, const char *path)
{
	char *name = NULL;

	if (asprintf(&name, "%s%s", *path == '/' ? "" : "./", path) < 0)
		die(EXIT_FAILED, "no memory");
	put_quoted(to, name);
	free(name);
}

static void put_data(FILE *to, const struct plot *plot, double rate)
{
	unsigned int i, c, spans = plot->filled + (plot->in_span ? 1 : 0);

	fputs("$data << END_OF_DATA\n", to);
	for (i = 0; i < spans; i++) {
		fprintf(to, "%.9g", (double)(i * plot->span) / rate);
		for (c = 0; c < plot->n; c++)
			fprintf(to, " %.15g %.15g", plot->low[i * plot->n + c],
				plot->high[i * plot->n + c]);
		fputc('\n', to);
	}
	fputs("END_OF_DATA\n", to);
}

/* A lane for each channel: a line while spans are samples, else what lies between */
static void put_lanes(FILE *to, const struct plot *plot, const struct signal_about *about)
{
	unsigned int c;

	fprintf(to, "set multiplot layout %u,1\n", plot->n);
	for (c = 0; c < plot->n; c++) {
		char label[128];

		snprintf(label, sizeof(label), "%s (%s)",
			 channel_name(about->numbers[c], &about->channels[c]),
			 channel_unit(&about->channels[c]));
		fputs("set ylabel ", to);
		put_quoted(to, label);
		if (c + 1 == plot->n)
			fputs("\nset xlabel \"seconds\"", to);
		if (plot->span == 1)
			fprintf(to, "\nplot $data using 1:%u with lines linecolor rgb \"#205080\" notitle\n",
				2 * c + 2);
		else
			fprintf(to, "\nplot $data using 1:%u:%u with filledcurves linecolor rgb \"#205080\" notitle, $data using 1:%u with lines linecolor rgb \"#205080\" notitle\n",
				2 * c + 2, 2 * c + 3, 2 * c + 2);
	}
	fputs("unset multiplot\n", to);
}

int plot_draw(struct plot *plot, const struct signal_about *about, const char *path)
{
	bool svg = strlen(path) > 4 && !strcmp(path + strlen(path) - 4, ".svg");
	int status;
	FILE *to;

	to = popen("gnuplot", "we");
	if (!to) {
		say("--plot: gnuplot: %m");
		return -1;
	}
	fprintf(to, "set terminal %s noenhanced size 1000,%u\nset output ",
		svg ? "svg" : "pngcairo", 120 + 200 * plot->n);
	put_path(to, path);
	fputs("\nset border 3\nset tics out nomirror\nset lmargin 12\nset autoscale xfix\n", to);
	put_data(to, plot, about->rate);
	put_lanes(to, plot, about);
	status = pclose(to);
	free(plot->low);
	free(plot->high);
	if (status == -1 || !WIFEXITED(status) || WEXITSTATUS(status)) {
		if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
			say("--plot needs gnuplot: apt-get install gnuplot-nox");
		else
			say("--plot %s: gnuplot could not draw it", path);
		return -1;
	}
	return 0;
}
