// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * latency floor|uio|driver|loop|steps: from a program's call to the card's DMAEN, and from the
 * card's interrupt to the program's return from its call. All three move 64 bytes of
 * the FIFO, which XFIFO fills with a sample each millisecond.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../../include/hw/ced1401-card.h"
#include "bench.h"
#include "modules/floor.h"

#define STARTS		400
#define INTERRUPTS	400
#define LOOPS		20000
#define BYTES		64
#define STREAM		"XFIFO,0,H,10,400;"

/* The 8237's ports, for channel 1 */
#define DMA_MASK	0x0a
#define DMA_MODE	0x0b
#define DMA_FLIPFLOP	0x0c
#define DMA_ADDRESS	0x02
#define DMA_COUNT	0x03
#define DMA_PAGE	0x83

/* Characters to the 1401 where no driver sends them */
static void send_by_hand(const char *line)
{
	for (; *line; line++) {
		while (!(inb(CARD + CEDCARD_STATUS) & CEDCARD_STATUS_TXRDY))
			usleep(1000);
		outb(*line, CARD + CEDCARD_DATA);
	}
}

static void reset_by_hand(void)
{
	outb(CEDCARD_CONTROL_RESET, CARD + CEDCARD_CONTROL);
	outb(0, CARD + CEDCARD_CONTROL);
	usleep(20000);
}

static void measure_floor(void)
{
	struct values whole = { 0 }, dmaen = { 0 }, bare = { 0 }, handler = { 0 };
	int fd = must(open("/dev/ced1401-floor", O_RDWR), "ced1401-floor");
	unsigned int i;
	uint32_t before;

	for (i = 0; i < STARTS; i++) {
		before = meter();
		ioctl(fd, FLOOR_NOTHING);
		add(&whole, meter() - before);
	}
	print_median("syscall", &whole);
	reset_by_hand();
	for (i = 0; i < STARTS; i++) {
		add(&bare, ioctl(fd, FLOOR_BARE));
		before = meter();
		must(ioctl(fd, FLOOR_START), "floor");
		add(&whole, meter() - before);
		add(&dmaen, meter_dmaen() - before);
		must(ioctl(fd, FLOOR_STOP), "floor");
	}
	/* It has taken the meter's part off already */
	print_figure("start.floor", median(&bare), "instructions");
	print_median("start.floor.syscall", &dmaen);
	print_median("start.floor.whole", &whole);

	send_by_hand(STREAM);
	for (i = 0; i < INTERRUPTS; i++) {
		must(ioctl(fd, FLOOR_START), "floor");
		wait_events(fd, POLLIN);
		add(&whole, meter() - meter_line());
		add(&handler, ioctl(fd, FLOOR_HANDLER));
	}
	print_median("wake.floor.handler", &handler);
	print_median("wake.floor", &whole);
	reset_by_hand();
	close(fd);
}

static unsigned long uio_address(void)
{
	FILE *file = fopen("/sys/class/uio/uio0/maps/map0/addr", "r");
	unsigned long address = 0;

	if (!file || fscanf(file, "%li", (long *)&address) != 1 || !address)
		die("the address of UIO's memory");
	fclose(file);
	return address;
}

static void uio_start(unsigned long address)
{
	outb(CEDCARD_ACK_LATCHES, CARD + CEDCARD_ACK);
	outb(4 | 1, DMA_MASK);
	outb(0, DMA_FLIPFLOP);
	outb(0x44 | 1, DMA_MODE);
	outb(address, DMA_ADDRESS);
	outb(address >> 8, DMA_ADDRESS);
	outb(address >> 16, DMA_PAGE);
	outb((BYTES - 1) & 0xff, DMA_COUNT);
	outb((BYTES - 1) >> 8, DMA_COUNT);
	outb(1, DMA_MASK);
	outb(CEDCARD_CONTROL_DMAEN | CEDCARD_CONTROL_FIFO | CEDCARD_CONTROL_IE_DMA,
	     CARD + CEDCARD_CONTROL);
}

static void uio_stop(void)
{
	outb(0, CARD + CEDCARD_CONTROL);
	outb(4 | 1, DMA_MASK);
	outb(CEDCARD_ACK_LATCHES, CARD + CEDCARD_ACK);
}

static void measure_uio(void)
{
	struct values dmaen = { 0 }, wake = { 0 };
	int fd = must(open("/dev/uio0", O_RDWR), "/dev/uio0");
	unsigned long address = uio_address();
	unsigned int i;
	uint32_t before, events;

	reset_by_hand();
	for (i = 0; i < STARTS; i++) {
		before = meter();
		uio_start(address);
		add(&dmaen, meter_dmaen() - before);
		uio_stop();
	}
	print_median("start.uio", &dmaen);
	send_by_hand(STREAM);
	for (i = 0; i < INTERRUPTS; i++) {
		uio_start(address);
		must(read(fd, &events, sizeof(events)), "uio");
		add(&wake, meter() - meter_line());
		uio_stop();
	}
	print_median("wake.uio.read", &wake);
	for (i = 0; i < INTERRUPTS; i++) {
		uio_start(address);
		wait_events(fd, POLLIN);
		add(&wake, meter() - meter_line());
		must(read(fd, &events, sizeof(events)), "uio");
		uio_stop();
	}
	print_median("wake.uio.poll", &wake);
	reset_by_hand();
	close(fd);
}

/* The first START of a session, and one after many, whose ends it still knows */
static void measure_starts(void)
{
	struct values first = { 0 }, dmaen = { 0 }, whole = { 0 }, stops = { 0 };
	uint32_t flags = CED1401_TO_HOST | CED1401_NOW, before, after, id;
	struct ced1401_start s;
	unsigned int i;
	int fd;

	for (i = 0; i < 20; i++) {
		fd = open_card();
		map_buffer(fd, 0, 4096);
		must(ioctl(fd, CED1401_IOC_CLAIM), "CLAIM");
		memset(&s, 0, sizeof(s));
		s.flags = flags;
		s.length = BYTES;
		before = meter();
		must(ioctl(fd, CED1401_IOC_START, &s), "START");
		add(&first, meter_dmaen() - before);
		close_card(fd);
	}
	fd = open_card();
	map_buffer(fd, 0, 4096);
	for (i = 0; i < STARTS + CED1401_TRANSFERS; i++) {
		memset(&s, 0, sizeof(s));
		s.flags = flags;
		s.length = BYTES;
		before = meter();
		must(ioctl(fd, CED1401_IOC_START, &s), "START");
		after = meter();
		id = s.id;
		if (i >= CED1401_TRANSFERS) {
			add(&whole, after - before);
			add(&dmaen, meter_dmaen() - before);
		}
		before = meter();
		stop(fd, id);
		if (i >= CED1401_TRANSFERS)
			add(&stops, meter() - before);
	}
	print_median("start.driver.first", &first);
	print_median("start.driver", &dmaen);
	print_median("start.driver.whole", &whole);
	print_median("stop.driver", &stops);
	close_card(fd);
}

/* @ended: transfers that the session has had before */
static void measure_wake(int fd, const char *name, bool by_wait)
{
	struct ced1401_status answer;
	struct values wake = { 0 };
	struct ced1401_wait w;
	unsigned int i;
	uint32_t id;

	for (i = 0; i < INTERRUPTS; i++) {
		id = start(fd, 0, CED1401_TO_HOST | CED1401_NOW, BYTES);
		if (by_wait) {
			memset(&w, 0, sizeof(w));
			w.id = id;
			must(ioctl(fd, CED1401_IOC_WAIT, &w), "WAIT");
		} else {
			wait_events(fd, POLLPRI);
		}
		add(&wake, meter() - meter_line());
		status(fd, id, &answer);
	}
	print_median(name, &wake);
}

static void measure_driver(void)
{
	int fd;

	measure_starts();
	fd = open_card();
	map_buffer(fd, 0, 4096);
	send_line(fd, STREAM);
	measure_wake(fd, "wake.driver.poll", false);
	measure_wake(fd, "wake.driver.wait", true);
	send_line(fd, "XFIFO,K;");
	close_card(fd);
}

/* For a profile: a block asked for, awaited and asked about; START and STOP */
static void loop(void)
{
	struct ced1401_status answer;
	int fd = open_card();
	unsigned int i;
	uint32_t id;

	map_buffer(fd, 0, 4096);
	id = start(fd, 0, CED1401_TO_HOST | CED1401_ON_REQUEST, BYTES);
	must(ioctl(fd, CED1401_IOC_CLAIM), "CLAIM");
	for (i = 0; i < LOOPS; i++) {
		send_line(fd, "TOHOST,0,64,0;");
		wait_events(fd, POLLPRI);
		status(fd, id, &answer);
		stop(fd, start(fd, 0, CED1401_TO_HOST | CED1401_NOW, BYTES));
	}
	close_card(fd);
}

/* To be followed step by step, by then with as many transfers as a session keeps */
static void few_steps(void)
{
	struct ced1401_status answer;
	int fd = open_card();
	unsigned int i;
	uint32_t id;

	map_buffer(fd, 0, 4096);
	for (i = 0; i < 100 * CED1401_TRANSFERS; i++) {
		id = start(fd, 0, CED1401_TO_HOST | CED1401_NOW, BYTES);
		status(fd, id, &answer);
		stop(fd, id);
	}
	close_card(fd);
}

int main(int argc, char **argv)
{
	bench_begin();
	if (argc == 2 && !strcmp(argv[1], "floor"))
		measure_floor();
	else if (argc == 2 && !strcmp(argv[1], "uio"))
		measure_uio();
	else if (argc == 2 && !strcmp(argv[1], "loop"))
		loop();
	else if (argc == 2 && !strcmp(argv[1], "steps"))
		few_steps();
	else
		measure_driver();
	return 0;
}
