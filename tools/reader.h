/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files to be played: what capture wrote, and what others did.
 */
#ifndef CED1401_TOOLS_READER_H
#define CED1401_TOOLS_READER_H

#include "tools.h"

/**
 * struct playing - a file that is played
 * @n:		channels
 * @rate:	frames a second; 0: the file does not say
 * @frames:	how many
 * @samples:	all of them, in the DACs' 16 bits
 */
struct playing {
	unsigned int n;
	double rate;
	uint64_t frames;
	int16_t *samples;
};

/**
 * playing_read - read a whole file
 * @playing: set
 * @options: --format, and the DACs' units for CSV
 * @path: the file
 *
 * Ends the program with EXIT_FILE if it cannot be read, with EXIT_USAGE if a value is
 * out of range.
 */
void playing_read(struct playing *playing, const struct options *options,
		  const char *path);

/* playing_dacs - the DACs for it: --dacs, or 0, 1 ...; ends the program if too many */
void playing_dacs(const struct playing *playing, struct options *options);

/* playing_method - ends the program if --method cannot play so little, or without end */
void playing_method(const struct playing *playing, const struct options *options,
		    const char *path);

#endif
