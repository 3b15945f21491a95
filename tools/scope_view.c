// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The oscilloscope's screen. Traces are made of Braille characters, 2 by 4 dots each,
 * where the terminal has Unicode; else of three signs.
 */
#include <curses.h>
#include <langinfo.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "scope.h"

#define TITLE_ROWS	1
#define FOOT_ROWS	3
#define COLOURS		6

/**
 * struct canvas - what is drawn, before it goes to the terminal
 * @rows:	of characters
 * @cols:	likewise
 * @dots:	eight a character, as Braille's code has them
 * @colour:	of each character; 0: none
 */
struct canvas {
	int rows;
	int cols;
	unsigned char *dots;
	unsigned char *colour;
};

/* Where a channel is drawn: rows of dots, @top of them above it */
struct lane {
	int top;
	int height;
};

static bool unicode, coloured;

void scope_view_begin(void)
{
	static const short colours[COLOURS] = {
		COLOR_GREEN, COLOR_YELLOW, COLOR_CYAN, COLOR_MAGENTA, COLOR_RED,
		COLOR_BLUE
	};
	short i;

	unicode = !strcmp(nl_langinfo(CODESET), "UTF-8");
	initscr();
	cbreak();
	noecho();
	curs_set(0);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(25);
	coloured = has_colors() && start_color() == OK;
	use_default_colors();
	for (i = 0; coloured && i < COLOURS; i++)
		init_pair((short)(i + 1), colours[i], -1);
}

void scope_view_end(void)
{
	endwin();
}

int scope_view_key(void)
{
	int key = getch();

	if (key == KEY_RESIZE)
		erase();
	return key == ERR ? -1 : key;
}

/* ---------------------------------------------------------------------- dots */

static void put_dot(struct canvas *canvas, int x, int y, unsigned int colour)
{
	static const unsigned char bits[4][2] = {
		{ 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 }
	};
	int at;

	if (x < 0 || y < 0 || x >= 2 * canvas->cols || y >= 4 * canvas->rows)
		return;
	at = y / 4 * canvas->cols + x / 2;
	canvas->dots[at] |= bits[y % 4][x % 2];
	canvas->colour[at] = (unsigned char)(colour % COLOURS + 1);
}

static struct lane lane_of(const struct scope *s, const struct canvas *canvas,
			   unsigned int c)
{
	int n = s->overlay ? 1 : (int)s->n, i = s->overlay ? 0 : (int)c;
	int first = canvas->rows * i / n, last = canvas->rows * (i + 1) / n;

	/* its first row has its label */
	return (struct lane) { .top = (first + 1) * 4, .height = (last - first - 1) * 4 };
}

/* The row of dots of a value, from the top of all; what is beyond its lane, at its edge */
static int row_of(const struct scope *s, struct lane in, unsigned int c, double value)
{
	double divisions = value / s->range[c] + s->position[c];
	double y = (0.5 - divisions / LANE_DIVISIONS) * (in.height - 1);

	if (y < 0)
		y = 0;
	if (y > in.height - 1)
		y = in.height - 1;
	return in.top + (int)lrint(y);
}

static double value_at(const struct scope *s, unsigned int c, uint64_t i)
{
	return channel_units(scope_channel(s, c), s->sweep[i * s->n + c]);
}

/* Between two frames a trace is straight */
static double between(const struct scope *s, unsigned int c, double at)
{
	uint64_t i = (uint64_t)at;
	double part = at - (double)i, value;

	if (i + 1 >= s->sweep_frames)
		return value_at(s, c, s->sweep_frames - 1);
	value = value_at(s, c, i);
	return value + part * (value_at(s, c, i + 1) - value);
}

/* One column of dots: from the lowest to the highest value between its edges */
static void draw_column(const struct scope *s, struct canvas *canvas, struct lane lane,
			unsigned int c, int x, double first, double last)
{
	double low = between(s, c, first), high = low, value = between(s, c, last);
	uint64_t i;
	int y, end;

	low = fmin(low, value);
	high = fmax(high, value);
	for (i = (uint64_t)ceil(first); (double)i <= last && i < s->sweep_frames; i++) {
		value = value_at(s, c, i);
		low = fmin(low, value);
		high = fmax(high, value);
	}
	y = row_of(s, lane, c, high);
	end = row_of(s, lane, c, low);
	if (y > end) {
		int other = y;

		y = end;
		end = other;
	}
	for (; y <= end; y++)
		put_dot(canvas, x, y, c);
}

static void draw_trace(const struct scope *s, struct canvas *canvas, unsigned int c)
{
	struct lane lane = lane_of(s, canvas, c);
	double per_dot = (double)scope_frames(s) / (2 * canvas->cols);
	int x;

	for (x = 0; x < 2 * canvas->cols; x++) {
		double first = x * per_dot, last = first + per_dot;

		if (first > (double)s->sweep_frames - 1)
			break;
		if (last > (double)s->sweep_frames - 1)
			last = (double)s->sweep_frames - 1;
		draw_column(s, canvas, lane, c, x, first, last);
	}
}

/* ----------------------------------------------------------------- to the terminal */

static wchar_t glyph(unsigned char dots)
{
	if (unicode)
		return (wchar_t)(0x2800 + dots);
	/* 0x1b: the dots of the upper half */
	if (dots & 0x1b && dots & 0xe4)
		return L':';
	return dots & 0x1b ? L'\'' : L'.';
}

/* The graticule, where no trace is: the divisions' borders, and each lane's middle */
static wchar_t grating(const struct scope *s, const struct canvas *canvas, int row, int col)
{
	bool border = false, middle = false;
	unsigned int c;
	int i;

	for (i = 0; i < 2 && s->cursors; i++) {
		if ((int)(s->cursor_at[i] * (canvas->cols - 1) + 0.5) == col)
			return unicode ? (i == (int)s->cursor ? L'┃' : L'│') : L'|';
	}
	for (i = 1; i < DIVISIONS; i++)
		border |= canvas->cols * i / DIVISIONS == col;
	for (c = 0; c < s->n; c++) {
		struct lane lane = lane_of(s, canvas, c);

		middle |= (lane.top + lane.height / 2) / 4 == row;
	}
	if (border && middle)
		return L'+';
	if (border || (middle && col % 2))
		return unicode ? L'·' : L'.';
	return L' ';
}

static void put_char(int row, int col, wchar_t character, int attributes, short pair)
{
	const wchar_t text[2] = { character, L'\0' };
	cchar_t cell;

	setcchar(&cell, text, (attr_t)attributes, coloured ? pair : 0, NULL);
	mvadd_wch(row, col, &cell);
}

static void put_canvas(const struct scope *s, const struct canvas *canvas)
{
	int row, col;

	for (row = 0; row < canvas->rows; row++) {
		for (col = 0; col < canvas->cols; col++) {
			int at = row * canvas->cols + col;

			if (canvas->dots[at])
				put_char(TITLE_ROWS + row, col, glyph(canvas->dots[at]),
					 A_NORMAL, canvas->colour[at]);
			else
				put_char(TITLE_ROWS + row, col,
					 grating(s, canvas, row, col), A_DIM, 0);
		}
	}
}

/* Text of a row, with the rest of the row empty */
static void put_text(int row, const char *text)
{
	move(row, 0);
	clrtoeol();
	addnstr(text, COLS);
}

static const char *number(double value, const char *unit, char *text)
{
	snprintf(text, 48, "%.4g %s", value, unit);
	return text;
}

static const char *seconds(double value, char *text)
{
	double size = fabs(value);

	if (size >= 1 || size == 0)
		return number(value, "s", text);
	if (size >= 0.0009995)
		return number(value * 1e3, "ms", text);
	return number(value * 1e6, "us", text);
}

static void put_labels(const struct scope *s, const struct canvas *canvas)
{
	unsigned int c;
	int col = 0;

	for (c = 0; c < s->n; c++) {
		const struct ced1401_channel *channel = scope_channel(s, c);
		struct lane lane = lane_of(s, canvas, c);
		char text[128], range[48];

		snprintf(text, sizeof(text), "%s%u %s  %s/div ", c == s->selected ? ">" : " ",
			 s->o->inputs[c], channel_name(s->o->inputs[c], channel),
			 number(s->range[c], channel_unit(channel), range));
		if (coloured)
			attron(COLOR_PAIR(c % COLOURS + 1));
		if (c == s->selected)
			attron(A_BOLD);
		mvaddnstr(TITLE_ROWS + lane.top / 4 - 1, s->overlay ? col : 0, text,
			  COLS - col > 0 ? COLS - col : 0);
		attrset(A_NORMAL);
		if (s->overlay)
			col += (int)strlen(text);
	}
}

static void put_title(const struct scope *s)
{
	static const char *const modes[] = { "auto", "normal", "free" };
	char text[256], a[32];

	snprintf(text, sizeof(text), PROGRAM " scope  %u x %s  %s  %s%s  lost %llu", s->n,
		 format_rate(s->rate, a), s->hold ? "HOLD" : "run", modes[s->mode],
		 s->single ? " single" : s->sweep_pre < 0 && s->mode != MODE_FREE ?
		 " (no trigger)" : "", (unsigned long long)s->lost);
	attron(A_REVERSE);
	put_text(0, text);
	attroff(A_REVERSE);
}

/* The frame under a cursor */
static uint64_t cursor_frame(const struct scope *s, int i)
{
	double at = s->cursor_at[i] * (double)(scope_frames(s) - 1);

	if (at > (double)s->sweep_frames - 1)
		at = (double)s->sweep_frames - 1;
	return (uint64_t)llround(at);
}

/* Time since the trigger, or since the screen's left edge */
static double cursor_time(const struct scope *s, int i)
{
	double zero = s->sweep_pre > 0 ? (double)s->sweep_pre : 0;

	return ((double)cursor_frame(s, i) - zero) / s->rate;
}

static void put_cursors(const struct scope *s, int row)
{
	const char *unit = channel_unit(scope_channel(s, s->selected));
	char text[320], a[48], b[48], c[48], d[48], e[48], f[48];
	double apart, values[2];

	if (!s->cursors || !s->sweep_frames) {
		put_text(row, "");
		return;
	}
	values[0] = value_at(s, s->selected, cursor_frame(s, 0));
	values[1] = value_at(s, s->selected, cursor_frame(s, 1));
	apart = cursor_time(s, 1) - cursor_time(s, 0);
	snprintf(text, sizeof(text), "A %s %s   B %s %s   B-A %s %s",
		 seconds(cursor_time(s, 0), a), number(values[0], unit, b),
		 seconds(cursor_time(s, 1), c), number(values[1], unit, d),
		 seconds(apart, e), number(values[1] - values[0], unit, f));
	if (apart != 0)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), " %.5g Hz",
			 fabs(1 / apart));
	put_text(row, text);
}

static void put_foot(const struct scope *s)
{
	const struct ced1401_channel *channel = scope_channel(s, s->trigger_at);
	char text[256], a[48], b[48];

	snprintf(text, sizeof(text), "%s/div   trigger: input %u %s through %s",
		 seconds(s->timebase, a), s->o->inputs[s->trigger_at],
		 s->falling ? "falling" : "rising",
		 number(s->level, channel_unit(channel), b));
	put_text(LINES - 3, text);
	put_cursors(s, LINES - 2);
	put_text(LINES - 1, "space hold  s single  +- time  arrows range  t trigger  c cursors  ? keys  q end");
}

static void put_help(void)
{
	static const char *const lines[] = {
		" space   hold, go on              s      hold after the next sweep ",
		" + -     time of a division       Tab 1-9  select a channel        ",
		" up down units of a division      PgUp PgDn  move the channel      ",
		" o       all channels in one      q      quit                      ",
		" t       trigger: auto, normal (only at the trigger), free        ",
		" T       ... by the selected channel     /  rising, falling        ",
		" [ ]     ... its level                                             ",
		" c       cursors on, off          x      the other cursor          ",
		" left right (with Shift: far)     move the cursor                  ",
	};
	int i, n = sizeof(lines) / sizeof(lines[0]);

	attron(A_REVERSE);
	for (i = 0; i < n; i++)
		mvaddnstr((LINES - n) / 2 + i, COLS > 68 ? (COLS - 68) / 2 : 0, lines[i], COLS);
	attroff(A_REVERSE);
}

void scope_view_draw(const struct scope *s)
{
	struct canvas canvas = { .rows = LINES - TITLE_ROWS - FOOT_ROWS, .cols = COLS };
	unsigned int c;

	if (canvas.rows < 2 * (int)s->n || canvas.cols < 20) {
		erase();
		put_text(0, "the terminal is too small");
		refresh();
		return;
	}
	canvas.dots = must_alloc((size_t)canvas.rows, (size_t)canvas.cols);
	canvas.colour = must_alloc((size_t)canvas.rows, (size_t)canvas.cols);
	for (c = 0; c < s->n && s->sweep_frames; c++)
		draw_trace(s, &canvas, c);
	put_canvas(s, &canvas);
	put_labels(s, &canvas);
	put_title(s);
	put_foot(s);
	if (s->help)
		put_help();
	refresh();
	free(canvas.dots);
	free(canvas.colour);
}
