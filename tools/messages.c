// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages: what went wrong, and what to do next.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools.h"

static void vsay(const char *format, va_list args)
{
	progress_clear();
	fflush(stdout);
	fputs(PROGRAM ": ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsay(format, args);
	va_end(args);
}

void die(int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsay(format, args);
	va_end(args);
	exit(code);
}

void *must_alloc(size_t n, size_t size)
{
	void *memory = calloc(n ? n : 1, size);

	if (!memory)
		die(EXIT_FAILED, "no memory for %zu times %zu bytes", n, size);
	return memory;
}

/* What the user can do about a result, and the exit code for it */
static const struct {
	int result;
	int code;
	const char *advice;
} advices[] = {
	{ -ENODEV, EXIT_DEVICE,
	  "Is the 1401 switched on, and its cable plugged in? ced1401 info and dmesg tell" },
	{ -ESHUTDOWN, EXIT_DEVICE,
	  "The 1401 was reset or taken away meanwhile; dmesg may tell why" },
	{ -EBUSY, EXIT_BUSY,
	  "Another program has the 1401: end it, or wait for its end. fuser -v /dev/ced1401* "
	  "shows which" },
	{ -EACCES, EXIT_DEVICE,
	  "The device was opened to read only" },
	{ -ETIMEDOUT, EXIT_TIMEOUT,
	  "Nothing came in time. If the 1401 does not answer, switch it off and on, or run "
	  "ced1401 selftest" },
	{ -EBADMSG, EXIT_1401,
	  "The 1401 said something else than it should. Run ced1401 selftest, which resets it" },
	{ CED1401L_1401(255), EXIT_1401,
	  "This 1401 has not the commands for it; ced1401 info lists those that it has. Try "
	  "--method memory" },
	{ -ERANGE, EXIT_USAGE,
	  "The 1401's clocks do not go so fast or so slow: choose another --rate" },
	{ -EINVAL, EXIT_USAGE, NULL },
	{ -ENOMEM, EXIT_FAILED,
	  "DMA memory is scarce. Load the module early, or ask for less" },
	{ -EDQUOT, EXIT_FAILED,
	  "The driver's limits are reached: end other programs, or raise session_limit_kb, "
	  "user_limit_kb or limit_kb of the module" },
	{ CED1401L_E_MISSED, EXIT_LOST,
	  "The converter is too slow for this: choose a lower --rate or fewer --channels" },
	{ CED1401L_E_LOST, EXIT_LOST,
	  "The computer was too slow: choose a lower --rate, or --method request (without "
	  "--in-turn)" },
	{ CED1401L_E_1401_FULL, EXIT_1401,
	  "The 1401's memory is too small for it: sample less, or use stream" },
	{ CED1401L_E_SELFTEST, EXIT_1401, NULL },
	{ 0, 0, NULL }
};

int failed(ced1401_device *device, int result, const char *format, ...)
{
	const char *advice = NULL;
	int code = EXIT_FAILED;
	char *what = NULL, text[400] = "";
	va_list args;
	unsigned int i;

	va_start(args, format);
	if (vasprintf(&what, format, args) < 0)
		what = NULL;
	va_end(args);
	for (i = 0; advices[i].result; i++) {
		if (advices[i].result == result) {
			code = advices[i].code;
			advice = advices[i].advice;
		}
	}
	/* of a command that the user gave it is no advice */
	if (result == CED1401L_1401(255) && device && what && !strncmp(what, "send", 4))
		advice = NULL;
	/* nor to do again what has just failed */
	if ((result == -ETIMEDOUT || result == -EBADMSG) && what &&
	    !strcmp(what, "the self-test"))
		advice = "Switch the 1401 off and on, and try again; or give it longer by "
			 "--timeout";
	if (result <= CED1401L_1401(1) && result >= CED1401L_1401(255)) {
		code = EXIT_1401;
		if (device)
			ced1401_error_text(device, text, sizeof(text), NULL);
		if (result == CED1401L_1401(4))
			advice = "Something that runs has that part of the 1401";
	}
	say("%s: %s%s%s", what ? what : "", *text ? text : ced1401_strerror(result),
	    advice ? ".\n" : "", advice ? advice : "");
	free(what);
	return code;
}
