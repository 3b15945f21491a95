// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Results as JSON, for scripts.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tools.h"

json_t *json_text(const char *text)
{
	json_t *string = json_string(text);
	char *clean;
	size_t i;

	if (string)
		return string;
	/* no UTF-8: the file name of another time, say */
	clean = must_alloc(1, 4096);
	for (i = 0; text[i] && i < 4095; i++)
		clean[i] = text[i] & 0x80 ? '?' : text[i];
	string = json_string(clean);
	free(clean);
	return string;
}

json_t *json_channel(unsigned int number, const struct ced1401_channel *channel)
{
	return json_pack("{s:i, s:o, s:o, s:f, s:f, s:f}", "channel", (int)number,
			 "name", json_text(channel_name(number, channel)),
			 "unit", json_text(channel_unit(channel)),
			 "scale", channel_scale(channel), "offset", channel->offset,
			 "full_scale", channel_full_scale(channel));
}

void json_out(json_t *object)
{
	if (!object)
		die(EXIT_FAILED, "no memory for the JSON");
	json_dumpf(object, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
	putchar('\n');
	json_decref(object);
}
