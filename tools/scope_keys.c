// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The oscilloscope's keys.
 */
#include <curses.h>
#include <math.h>

#include "scope.h"

static void change_timebase(struct scope *s, bool larger)
{
	double next = scope_step(s->timebase, larger);
	double frames = next * DIVISIONS * s->rate;

	if (frames < MIN_FRAMES || frames > (double)s->room)
		return;
	s->timebase = next;
	s->pending = false;
}

static void change_level(struct scope *s, int direction)
{
	/* a fifth of a division */
	s->level += direction * s->range[s->trigger_at] / 5;
	if (fabs(s->level) < s->range[s->trigger_at] / 1000)
		s->level = 0;
	s->pending = false;
}

static void move_cursor(struct scope *s, double by)
{
	double at = s->cursor_at[s->cursor] + by;

	s->cursor_at[s->cursor] = at < 0 ? 0 : at > 1 ? 1 : at;
}

static void select_channel(struct scope *s, unsigned int c)
{
	if (c < s->n)
		s->selected = c;
}

/* What belongs to the trigger; false: another key */
static bool trigger_key(struct scope *s, int key)
{
	switch (key) {
	case 't':
		s->mode = (enum scope_mode)((s->mode + 1) % (MODE_FREE + 1));
		break;
	case 'T':
		s->trigger_at = s->selected;
		break;
	case '/':
		s->falling = !s->falling;
		break;
	case ']':
		change_level(s, 1);
		return true;
	case '[':
		change_level(s, -1);
		return true;
	default:
		return false;
	}
	s->pending = false;
	return true;
}

void scope_key(struct scope *s, int key)
{
	if (trigger_key(s, key))
		return;
	switch (key) {
	case 'q':
		s->quit = true;
		break;
	case ' ':
		s->hold = !s->hold;
		break;
	case 's':
		s->single = true;
		s->hold = false;
		s->pending = false;
		s->searched = s->end + 1;
		break;
	case '+':
	case '=':
		change_timebase(s, false);
		break;
	case '-':
		change_timebase(s, true);
		break;
	case KEY_UP:
		s->range[s->selected] = scope_step(s->range[s->selected], false);
		break;
	case KEY_DOWN:
		s->range[s->selected] = scope_step(s->range[s->selected], true);
		break;
	case KEY_PPAGE:
		s->position[s->selected] += 0.5;
		break;
	case KEY_NPAGE:
		s->position[s->selected] -= 0.5;
		break;
	case '\t':
		s->selected = (s->selected + 1) % s->n;
		break;
	case 'o':
		s->overlay = !s->overlay;
		break;
	case 'c':
		s->cursors = !s->cursors;
		break;
	case 'x':
		s->cursor = !s->cursor;
		break;
	case KEY_LEFT:
		move_cursor(s, -0.005);
		break;
	case KEY_RIGHT:
		move_cursor(s, 0.005);
		break;
	case KEY_SLEFT:
		move_cursor(s, -0.05);
		break;
	case KEY_SRIGHT:
		move_cursor(s, 0.05);
		break;
	case '?':
	case 'h':
		s->help = !s->help;
		break;
	default:
		if (key >= '1' && key <= '9')
			select_channel(s, (unsigned int)(key - '1'));
	}
}
