/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One-shot sampling and playing: once.c leads one or two parts through their lives,
 * once_part.c knows how a part is done, in the 1401's memory or by a stream.
 */
#ifndef LIBCED1401_ONCE_H
#define LIBCED1401_ONCE_H

#include "internal.h"

/**
 * struct part - what is to be sampled, or played
 * @dev:	the session
 * @signal:	the caller's
 * @out:	it is played
 * @frame:	bytes of a frame
 * @total:	frames in all, repeats included
 * @list:	the channels as text
 * @command:	the 1401's, if it is done in its memory; else NULL
 * @range:	of that memory; its size is 0 if it has none
 * @stream:	or the stream that does it
 * @moved:	frames that are sampled, or played, as far as is known
 * @round:	P of the last look, bytes; @rounds: repeats before it
 * @stored:	frames that are in the caller's memory, or taken from there
 * @error:	of its stream, while the 1401 was being spoken to
 * @started:	the 1401 was told to, and has answered if it is a stream
 * @over:	it has come to its end
 */
struct part {
	ced1401_device *dev;
	struct ced1401_signal *signal;
	bool out;
	unsigned int frame;
	uint64_t total;
	char list[COMMAND_MAX / 2];
	const char *command;
	struct range range;
	ced1401_stream *stream;
	uint64_t moved;
	uint32_t round;
	uint64_t rounds;
	uint64_t stored;
	int error;
	bool started;
	bool over;
};

/**
 * part_plan - check what is asked for, and choose how to do it
 * @part: dev, signal and out are set
 * @whole: the 1401's memory, bytes
 * @other: the other part, planned before, or NULL
 * @triggered: its clock waits
 *
 * What is to be played is in the 1401's memory then, or in the stream's ring. Return: 0
 * or a negative code.
 */
int part_plan(struct part *part, uint32_t whole, const struct part *other,
	      bool triggered);

/* Start it; its clock runs, or waits for the trigger */
int part_start(struct part *part, bool triggered);

/* Whether it could go on at once: what a stream to the DACs needs is there */
bool part_ready(struct part *part);

/* Move what a stream has, or wants, without a word to the 1401 */
void part_pump(struct part *part);

/* Bring moved and over up to date, and move what a stream has or wants */
int part_look(struct part *part);

/* Take what was sampled out of the 1401's memory, a piece of it; 0: there was none */
int part_fetch(struct part *part);

/* Frames that were played, or that the caller has */
static inline uint64_t part_done(const struct part *part)
{
	return part->out ? part->moved : part->stored;
}

/* Stop it if need be, and give back what it has; @result: how all went */
int part_end(struct part *part, int result);

#endif
