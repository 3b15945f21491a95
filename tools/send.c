// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ced1401 send: commands as they are, and their replies.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools.h"

#define REPLY	65536	/* bytes of one command line's reply: far more than any has */

/* 0 unless @ret is one of the 1401's own errors */
static int error_of(int ret)
{
	return ret <= CED1401L_1401(1) && ret >= CED1401L_1401(255) ?
		CED1401L_1401(0) - ret : 0;
}

/* What came of the reply, each line with '\n' behind it */
static json_t *lines_json(char *reply)
{
	json_t *lines = json_array();
	char *line;

	while ((line = strsep(&reply, "\n")) && reply)
		json_array_append_new(lines, json_text(line));
	return lines;
}

static json_t *reply_json(const char *command, char *reply, int ret)
{
	json_t *lines = lines_json(reply);

	return json_pack("{s:o, s:o, s:i}", "command", json_text(command), "lines", lines,
			 "error", error_of(ret));
}

int send_run(struct options *o)
{
	ced1401_device *device = device_open(o, 0);
	json_t *replies = o->json ? json_array() : NULL;
	char *reply = must_alloc(1, REPLY);
	unsigned int i;
	int ret = 0, code = EXIT_OK;

	for (i = 0; i < o->n_arguments && ret >= 0; i++) {
		*reply = '\0';
		ret = ced1401_query_lines(device, reply, REPLY, "%s", o->arguments[i]);
		if (o->json)
			json_array_append_new(replies,
					      reply_json(o->arguments[i], reply, ret));
		else
			fputs(reply, stdout);
		if (ret < 0)
			code = failed(device, ret, "send %s", o->arguments[i]);
		else if (ret >= REPLY)
			say("send %s: the reply is longer than what is shown",
			    o->arguments[i]);
	}
	if (o->json)
		json_out(replies);
	/* what was begun goes on */
	if (ret >= 0 || code == EXIT_1401)
		ced1401_release(device);
	ced1401_close(device);
	free(reply);
	return code;
}
