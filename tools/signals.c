// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ctrl-C and its like ask the program to stop; it then closes its files.
 */
#include <signal.h>
#include <stddef.h>

#include "tools.h"

static volatile sig_atomic_t asked;

static void note(int number)
{
	asked = number;
}

void signals_catch(void)
{
	/* without SA_RESTART: waits end */
	const struct sigaction action = { .sa_handler = note };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	/* a reader that goes away, and a file's limit, are errors of write() */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

int signals_asked(void)
{
	return asked;
}
