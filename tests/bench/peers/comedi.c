// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A peer of the benchmark: Comedi's own simulated card, comedi_test, with libcomedi. An
 * asynchronous command samples one channel at 1 MHz, the most that the driver takes,
 * into the kernel's ring; the program gets 8 MiB of it by read(2) and by mmap.
 *
 * comedi_test has no hardware: a timer of the kernel computes every sample. What that
 * costs is measured too, by a command whose samples all find room in the ring while
 * the program sleeps.
 */
#include <comedilib.h>
#include <poll.h>

#include "peer.h"

#define TOTAL	(8 * MIB)
#define RING	(2 * MIB)		/* Comedi's default */
#define SUBDEVICE 0

static comedi_t *card;

static void check(int ok, const char *what)
{
	if (ok)
		return;
	errno = 0;
	give_up("comedi_test: %s: %s", what, comedi_strerror(comedi_errno()));
}

static void start(unsigned int bytes)
{
	static unsigned int channel = CR_PACK(0, 0, AREF_GROUND);
	comedi_cmd command = {
		.subdev = SUBDEVICE,
		.start_src = TRIG_NOW,
		.scan_begin_src = TRIG_TIMER,
		.scan_begin_arg = 1000,
		.convert_src = TRIG_NOW,
		.scan_end_src = TRIG_COUNT,
		.scan_end_arg = 1,
		.stop_src = TRIG_COUNT,
		.stop_arg = bytes / sizeof(sampl_t),
		.chanlist = &channel,
		.chanlist_len = 1,
	};

	check(!comedi_command_test(card, &command), "the command is not taken as it is");
	check(!comedi_command(card, &command), "comedi_command");
}

static void set_ring(unsigned int bytes)
{
	check(comedi_set_max_buffer_size(card, SUBDEVICE, (int)bytes) >= 0,
	      "comedi_set_max_buffer_size");
	check(comedi_set_buffer_size(card, SUBDEVICE, (int)bytes) == (int)bytes,
	      "comedi_set_buffer_size");
}

/* Into memory of the program's, of 64 KiB */
static void by_read(unsigned int total)
{
	static char memory[BUFFER];
	unsigned int left = total;

	start(total);
	while (left) {
		ssize_t n = read(comedi_fileno(card), memory, sizeof(memory));

		check(n > 0, "read");
		left -= (unsigned int)n;
	}
	check(!comedi_cancel(card, SUBDEVICE), "comedi_cancel");
}

static void by_mmap(unsigned int total)
{
	struct pollfd news = { .fd = comedi_fileno(card), .events = POLLIN };
	unsigned int left = total;

	start(total);
	while (left) {
		int n;

		check(poll(&news, 1, 10000) == 1, "poll");
		n = comedi_get_buffer_contents(card, SUBDEVICE);
		check(n > 0, "comedi_get_buffer_contents");
		check(comedi_mark_buffer_read(card, SUBDEVICE, (unsigned int)n) == n,
		      "comedi_mark_buffer_read");
		left -= (unsigned int)n;
	}
	check(!comedi_cancel(card, SUBDEVICE), "comedi_cancel");
}

/* Nobody reads. A sample takes 1 us. */
static void nobody(unsigned int total)
{
	start(total);
	usleep(total / sizeof(sampl_t) + 20000);
	check(comedi_get_buffer_contents(card, SUBDEVICE) == (int)total,
	      "comedi_get_buffer_contents");
	check(!comedi_cancel(card, SUBDEVICE), "comedi_cancel");
}

static void measure(const char *name, void (*way)(unsigned int total))
{
	struct measurement m;

	way(RING / 2);
	begin(&m);
	way(TOTAL);
	end(&m, name, TOTAL);
}

int main(void)
{
	void *ring;

	card = comedi_open("/dev/comedi0");
	check(!!card, "/dev/comedi0");
	check(comedi_get_maxdata(card, SUBDEVICE, 0) == 0xffff, "samples of 16 bits");
	prepare();

	set_ring(RING);
	measure("comedi.read", by_read);
	ring = mmap(NULL, RING, PROT_READ, MAP_SHARED, comedi_fileno(card), 0);
	check(ring != MAP_FAILED, "mmap");
	measure("comedi.mmap", by_mmap);
	munmap(ring, RING);
	set_ring(TOTAL);
	measure("comedi.generator", nobody);
	return 0;
}
