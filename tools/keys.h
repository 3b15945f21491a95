/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys of the options that have no letter.
 */
#ifndef CED1401_TOOLS_KEYS_H
#define CED1401_TOOLS_KEYS_H

enum {
	KEY_CONFIG = 0x100,
	KEY_SPLIT,
	KEY_PLOT,
	KEY_TRIGGER,
	KEY_PRE,
	KEY_TIMEOUT,
	KEY_PLAY,
	KEY_SWEEPS,
	KEY_INTERVAL,
	KEY_AVERAGE,
	KEY_IN_TURN,
	KEY_METHOD,
	KEY_REPEAT,
	KEY_HOLD,
};

#endif
