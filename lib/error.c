// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What results mean. Pure.
 */
#include <errno.h>
#include <string.h>

#include "libced1401.h"

struct text {
	int code;
	const char *text;
};

/* As far as the system's own words would mislead */
static const struct text texts[] = {
	{ -EBUSY, "another program has the 1401" },
	{ -ENODEV, "the 1401 is switched off or unplugged, or the card is gone" },
	{ -ETIMEDOUT, "the 1401 did not answer, or did not get there, in time" },
	{ -EAGAIN, "nothing is there yet" },
	{ -EBADMSG, "the 1401's reply is not what was expected" },
	{ -EACCES, "no permission: not in the device's group, or opened to read only" },
	{ -ENOENT, "no such device: is the module loaded, and did it find the card?" },
	{ -ENOTTY, "no device of the driver ced1401" },
	{ -ESHUTDOWN, "the 1401 was reset, or given up, meanwhile" },
	{ -EDQUOT, "over a limit of the driver for memory or open files" },
	{ -ENOMEM, "no memory, or no contiguous DMA memory of that size" },
	{ -ENOSPC, "all buffers, or all areas, of this session are in use" },
	{ -EMSGSIZE, "the command is too long" },
	{ -ERANGE, "out of range" },
	{ -EINVAL, "an argument cannot be right" },
	{ -EALREADY, "it was started already" },
	{ -EINTR, "a signal came" },
	{ -ECANCELED, "it was cancelled" },
	{ -EIO, "the interface card reported an error" },
	{ CED1401L_E_MISSED, "the rate is too high: the converter missed samples" },
	{ CED1401L_E_LOST, "frames were lost: the host was too slow for the rate" },
	{ CED1401L_E_1401_FULL, "it does not fit into the 1401's memory" },
	{ CED1401L_E_SELFTEST, "the 1401's self-test failed" },
	{ CED1401L_E_BLOCK, "a block did not come whole" },
	{ CED1401L_E_FIFO, "a stream through the card's FIFO runs: no block can move" },
	{ CED1401L_E_WAITS, "the 1401 waits for a stream's ring to be read, or filled" },
	{ CED1401L_1401(1), "the 1401: too few or too many arguments" },
	{ CED1401L_1401(2), "the 1401: an argument is no number, or out of range" },
	{ CED1401L_1401(3), "the 1401: beyond its memory" },
	{ CED1401L_1401(4), "the 1401: what runs has the ADC, DACs, digital outputs or FIFO" },
	{ CED1401L_1401(5), "the 1401: a clock of more than 1 MHz" },
	{ CED1401L_1401(10), "the 1401: the host gave up a block" },
	{ CED1401L_1401(11), "the 1401: a command of more than 256 characters" },
	{ CED1401L_1401(12), "the 1401: characters came too fast" },
	{ CED1401L_1401(255), "the 1401: no such command" },
};

const char *ced1401_strerror(int code)
{
	const char *system;
	size_t i;

	if (code >= 0)
		return "no error";
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i].code == code)
			return texts[i].text;
	}
	if (code < CED1401L_1401(0) && code >= CED1401L_1401(255))
		return "the 1401: an error that this library does not know";
	/* The C library's own words, which are never freed */
	system = code > -4096 ? strerrordesc_np(-code) : NULL;
	return system ? system : "an unknown error";
}

const char *ced1401_version(void)
{
	return CED1401_VERSION;
}
