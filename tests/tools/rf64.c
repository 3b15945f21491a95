// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rf64 FILE: writes more than 4 GiB with ced1401(1)'s own writer of WAV: silence, which
 * becomes a hole in FILE, and at its end 1000 frames of 8 channels, of which sample i is
 * i modulo 32768. Prints how many frames there are in all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "writer.h"

#define CHANNELS	8
#define PIECE		65536		/* frames */
#define PIECES		4200		/* 4.1 GiB */
#define LAST		1000

/* libsndfile's: zeros are left out */
ssize_t write(int fd, const void *data, size_t size)
{
	const char *bytes = data;

	if (size < 4096 || bytes[0] || memcmp(bytes, bytes + 1, size - 1))
		return syscall(SYS_write, fd, data, size);
	if (ftruncate(fd, lseek(fd, (off_t)size, SEEK_CUR)))
		return -1;
	return (ssize_t)size;
}

int main(int argc, char **argv)
{
	struct writer w = { .format = &format_wav, .about = { .n = CHANNELS, .rate = 48000 } };
	int16_t *silence = must_alloc((size_t)PIECE * CHANNELS, sizeof(*silence));
	int16_t last[LAST * CHANNELS];
	int i, ret;

	if (argc != 2)
		die(EXIT_USAGE, "usage: rf64 FILE");
	w.path = argv[1];
	for (i = 0; i < LAST * CHANNELS; i++)
		last[i] = (int16_t)i;
	ret = w.format->open(&w);
	for (i = 0; i < PIECES && !ret; i++)
		ret = w.format->write(&w, silence, PIECE);
	if (!ret)
		ret = w.format->sync(&w);
	if (!ret)
		ret = w.format->write(&w, last, LAST);
	if (!ret)
		ret = w.format->close(&w);
	if (ret)
		die(EXIT_FAILED, "%s: %s", argv[1], strerror(-ret));
	printf("%llu\n", (unsigned long long)w.frames);
	free(silence);
	return 0;
}
