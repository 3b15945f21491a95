/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The oscilloscope: scope.c runs it, scope_keys.c obeys the keys, scope_view.c draws.
 */
#ifndef CED1401_TOOLS_SCOPE_H
#define CED1401_TOOLS_SCOPE_H

#include "tools.h"

#define DIVISIONS	10	/* across the screen */
#define PRE_DIVISIONS	1	/* before the trigger */
#define LANE_DIVISIONS	8	/* from the bottom of a channel's lane to its top */
#define MIN_FRAMES	20	/* on the screen */

enum scope_mode {
	MODE_AUTO,	/* at the trigger, or after a while without it */
	MODE_NORMAL,	/* at the trigger alone */
	MODE_FREE	/* the newest, always */
};

/**
 * struct scope - the oscilloscope
 * @o:		the options: inputs, their units
 * @device:	the session
 * @stream:	the stream
 * @rate:	frames a second
 * @n:		channels
 * @lost:	frames in all
 * @history:	the newest frames, a ring
 * @room:	frames that fit
 * @end:	frames that came: the newest is @end - 1
 * @timebase:	seconds a division
 * @range:	units a division, of each channel
 * @position:	divisions that each channel is moved up
 * @selected:	the channel that keys change
 * @mode:	when a sweep is shown
 * @trigger_at:	the trigger's channel
 * @level:	and level, units of that channel
 * @falling:	and direction
 * @single:	hold after the next sweep
 * @hold:	the screen stands
 * @overlay:	all channels in one lane
 * @help:	the keys are shown
 * @cursors:	are shown
 * @cursor:	which of the two keys move
 * @cursor_at:	where they are, 0 to 1 of the screen's width
 * @searched:	frames up to here hold no trigger that was not shown
 * @triggered:	frame of the trigger of the sweep that comes; valid with @pending
 * @pending:	a trigger was found, and the sweep's end has not come
 * @shown_ns:	CLOCK_MONOTONIC of the last sweep
 * @sweep:	what is on the screen
 * @sweep_frames: of it; 0: nothing yet
 * @sweep_pre:	frames of it before the trigger; negative: free
 * @dirty:	the screen is to be drawn
 * @quit:	the user has had enough
 */
struct scope {
	const struct options *o;
	ced1401_device *device;
	ced1401_stream *stream;
	double rate;
	unsigned int n;
	uint64_t lost;
	int16_t *history;
	uint64_t room;
	uint64_t end;
	double timebase;
	double range[MAX_INPUTS];
	double position[MAX_INPUTS];
	unsigned int selected;
	enum scope_mode mode;
	unsigned int trigger_at;
	double level;
	bool falling;
	bool single;
	bool hold;
	bool overlay;
	bool help;
	bool cursors;
	unsigned int cursor;
	double cursor_at[2];
	uint64_t searched;
	uint64_t triggered;
	bool pending;
	uint64_t shown_ns;
	int16_t *sweep;
	uint64_t sweep_frames;
	int64_t sweep_pre;
	bool dirty;
	bool quit;
};

/* scope_channel - what channel @c of the list measures */
static inline const struct ced1401_channel *
scope_channel(const struct scope *s, unsigned int c)
{
	return &s->o->input[s->o->inputs[c]];
}

/* scope_frames - how many frames the screen is wide */
uint64_t scope_frames(const struct scope *s);

/* scope_step - the next larger (or smaller) of 1, 2, 5, 10 ... */
double scope_step(double value, bool larger);

/* scope_key - obey a key of ncurses */
void scope_key(struct scope *s, int key);

/* The terminal: begin, draw, end. scope_view_key - a key, or -1 */
void scope_view_begin(void);
void scope_view_draw(const struct scope *s);
int scope_view_key(void);
void scope_view_end(void);

#endif
