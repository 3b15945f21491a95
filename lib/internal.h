/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the library's files share.
 *
 * Locks, from the outside in: the device's talk (recursive: the conversation with the
 * 1401, which a program may hold over any call); a stream's lock; the device's lock (its
 * tables). So who may have to talk while he has a stream's lock takes both, in this
 * order: stream_lock(). No lock is held over a callback of the user's, nor over a wait
 * for a stream.
 */
#ifndef LIBCED1401_INTERNAL_H
#define LIBCED1401_INTERNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/ced1401.h>

#include "libced1401.h"
#include "parse.h"

#define MS_NS		((uint64_t)1000000)
#define SECOND_NS	((uint64_t)1000000000)
#define COMMAND_MAX	257		/* 255 of the caller's, the last ';' and NUL */
#define LINE_MAX_1401	1024		/* the longest line that is understood */
#define COMMANDS_KNOWN	24		/* answers of ced1401_has_command() kept */
#define ADC_CHANNELS	32u
#define DAC_CHANNELS	8u
#define ERROR_UNKNOWN	255		/* the 1401's: no such command */
#define ERROR_GIVEN_UP	10		/* the host gave up a block */
#define UNKNOWN_COMMAND	"NO1401"	/* ... such as this */
#define NOT_THERE	CED1401L_1401(ERROR_UNKNOWN)

/**
 * struct transfer - a transfer of the driver's that the library has started
 * @next:	of the device's list
 * @id:		the driver's; 0: none
 * @events:	CED1401_EVENT_*, gathered since it was started
 * @error:	0, or the first error that STATUS told
 * @told:	whoever waits for its stream was woken by its end
 * @given_up:	by the library, maybe with a block of the 1401's that waits
 * @status:	as STATUS told last
 */
struct transfer {
	struct transfer *next;
	uint32_t id;
	unsigned int events;
	int error;
	bool told;
	bool given_up;
	struct ced1401_status status;
};

/* What to do while a reply does not come */
typedef void talk_idle(void *user);

/* A buffer of ced1401_alloc(); its index is the driver's number */
struct buffer {
	void *memory;
	size_t size;
};

/* A thread that runs a stream's callback, in ced1401_process() */
struct server {
	struct server *next;
	const struct ced1401_stream *stream;
	pthread_t thread;
};

/* A range of the 1401's user memory that a call or a stream uses */
struct range {
	struct range *next;
	uint32_t address;
	uint32_t size;
};

/**
 * struct ced1401_device - a session
 * @fd:		of the device, O_NONBLOCK; -1: closed
 * @status:	the driver's pages, once pages_map() was called; NULL: there are none
 * @control:	... to write
 * @flags:	of ced1401_open()
 * @path:	as it was opened
 * @epoll:	ced1401_event_fd()
 * @news:	an eventfd in @epoll, readable while @events are not 0
 * @timeout_ms: of ced1401_set_timeout()
 * @generation:	grows when the 1401 was reset or given up: what was said is void
 *
 * @talk:	the conversation with the 1401; recursive
 * @spoken:	the generation that @rx is of
 * @rx:		characters that came and belong to no line yet
 * @rx_n:	how many
 * @out_of_step: it is not known which lines are still to come
 * @known:	names of commands, and whether the 1401 has them
 * @known_n:	how many
 *
 * @serve:	of a one-shot call: what it does while a reply does not come; @serve_by:
 *		the thread whose conversations those are; @serve_user: for @serve
 *
 * @lock:	all that follows
 * @closed:	by ced1401_close(): only memory is left
 * @gone:	the card is gone
 * @link:	CED1401_LINK_*, as device_look() saw it last
 * @buffers:	memory of ced1401_alloc()
 * @transfers:	all that STATUS must be asked for
 * @areas:	of ced1401_area_set()
 * @ranges:	of the 1401's memory that are in use, by address
 * @streams:	open streams
 * @servers:	threads that run callbacks of these; @served: one has returned
 * @fifo_runs:	a NOW transfer has the DMA channel: no block can move
 * @gave_up:	the 1401's next ERROR_GIVEN_UP is of a block that the library gave up
 * @events:	CED1401L_EVENT_* that the callback has not been told
 * @callback:	of ced1401_set_event_callback()
 * @user:	for @callback
 * @error:	the 1401's last error; @detail, @about: its second number, what was sent
 */
struct ced1401_device {
	int fd;
	const struct ced1401_status_page *status;
	struct ced1401_control_page *control;
	unsigned int flags;
	char path[64];
	int epoll;
	int news;
	int timeout_ms;
	unsigned int generation;

	pthread_mutex_t talk;
	unsigned int spoken;
	char rx[LINE_MAX_1401];
	size_t rx_n;
	bool out_of_step;
	struct {
		char name[16];
		bool there;
	} known[COMMANDS_KNOWN];
	unsigned int known_n;
	talk_idle *serve;
	void *serve_user;
	pthread_t serve_by;

	pthread_mutex_t lock;
	bool closed;
	bool gone;
	unsigned int link;
	struct buffer buffers[CED1401_BUFFERS];
	struct transfer *transfers;
	struct transfer *areas[CED1401_AREAS];
	struct range *ranges;
	struct ced1401_stream *streams;
	struct server *servers;
	pthread_cond_t served;
	struct ced1401_stream *fifo_runs;
	bool gave_up;
	unsigned int events;
	ced1401_event_callback *callback;
	void *user;
	int error;
	long detail;
	char about[COMMAND_MAX];
};

/* ---- device.c: time, news ---- */

uint64_t now_ns(void);

/* When @timeout_ms from now is; 0: never */
uint64_t deadline_after(int timeout_ms);

/* ms until then for poll(2), rounded up: -1 for never, 0 if it has passed */
int ms_until(uint64_t deadline);

/**
 * device_look - ask STATUS of everything, so that nothing is news any more
 * @dev: the session
 *
 * Results are gathered in the transfers and in @dev->events, which @dev->news tells of:
 * the driver does not any more. No other STATUS is asked for: its news would be lost.
 * Return: 0, -ENODEV.
 */
int device_look(ced1401_device *dev);

/*
 * @dev->events, which are then told; with no callback they are dropped, so that @dev->news
 * wakes nobody twice. The lock is held
 */
unsigned int device_take_events(ced1401_device *dev);

/**
 * device_await - sleep until poll(2) has something to say
 * @dev: the session
 * @events: POLLIN, POLLOUT or 0
 * @deadline: ns
 * @slice_ms: return after so long in any case
 *
 * Return: 1 (it has), 0 (look again), -ETIMEDOUT, -ENODEV. Signals do not end it.
 */
int device_await(ced1401_device *dev, short events, uint64_t deadline,
		 int slice_ms);

/* As ced1401_set_timeout() left it; another thread may do so now */
static inline int device_timeout(const ced1401_device *dev)
{
	return __atomic_load_n(&dev->timeout_ms, __ATOMIC_RELAXED);
}

/* What was said to the 1401 and known of it is void */
void device_new_generation(ced1401_device *dev);

/* The card is gone, as device_look() has seen */
bool device_is_gone(ced1401_device *dev);

/* errno of an ioctl or write as the library's result */
int result_of_errno(void);

/* CLAIM until @deadline, whatever signals come. 0, -EBUSY, -ENODEV, -EACCES */
int device_claim(ced1401_device *dev, uint64_t deadline);

/* Memory was freed, @dev's lock is held and released: of a closed device the last? */
void device_memory_gone(ced1401_device *dev);

/* ---- memory.c: transfers, buffers, ranges ---- */

/* What befell a transfer, as the library says it, for the driver's negative errno */
int transfer_result(int error);

/**
 * transfer_begin - START, and enter it into the device's list
 * @dev: the session
 * @transfer: its memory is the caller's until transfer_end()
 * @start: START's arguments
 *
 * Return: 0 or START's error.
 */
int transfer_begin(ced1401_device *dev, struct transfer *transfer,
		   struct ced1401_start *start);

/* ... with an area that is free; what ced1401_area_set() gave is not, until it is cleared */
int transfer_begin_area(ced1401_device *dev, struct transfer *transfer,
			struct ced1401_start *start);

/* A copy of how it stands, as STATUS told last: any thread may ask STATUS */
struct transfer transfer_seen(ced1401_device *dev,
			      const struct transfer *transfer);

/**
 * transfer_wait - WAIT, but not so long that news which another thread took are missed
 * @dev: the session
 * @wait: its arguments, the deadline included
 *
 * The driver tells an error of a block once, to whichever thread asks STATUS first; the
 * transfer goes on, and WAIT of another thread knows of nothing. Return: 0 (also: look how
 * it stands, and wait again), or -ETIMEDOUT, -EINTR and so on.
 */
int transfer_wait(ced1401_device *dev, struct ced1401_wait *wait);

/* It has ended, well or not */
static inline bool transfer_over(const struct transfer *seen)
{
	return seen->status.state == CED1401_STATE_DONE ||
	       seen->status.state == CED1401_STATE_FAILED;
}

/* It has ended, or a block of it broke off or was refused: a stream ends by that */
static inline bool transfer_ends(const struct transfer *seen)
{
	return transfer_over(seen) || seen->error ||
	       seen->events & CED1401_EVENT_REFUSED;
}

/* STOP: its memory is still when this returns. The entry stays */
void transfer_stop(ced1401_device *dev, struct transfer *transfer);

/* The same where nothing is left to move: the 1401 may wait for a block, and call that an error */
void transfer_give_up(ced1401_device *dev, struct transfer *transfer);

/* A FIFO stream has the DMA channel */
bool fifo_runs(ced1401_device *dev);

/* STOP, and forget it; nothing if it was never begun */
void transfer_end(ced1401_device *dev, struct transfer *transfer);

/* The buffer in which all of @size bytes at @p lie, and where; -EINVAL: none */
int buffer_of(ced1401_device *dev, const void *p, size_t size, size_t *offset);

/* Memory of @size bytes, or of half of that and so on, not below @least */
void *alloc_down(ced1401_device *dev, size_t *size, size_t least);

/**
 * range_take - reserve a part of the 1401's user memory
 * @dev: the session
 * @range: its size is set; address is filled
 * @whole: bytes that the 1401 has
 *
 * Return: 0, or CED1401L_E_1401_FULL.
 */
int range_take(ced1401_device *dev, struct range *range, uint32_t whole);
void range_give(ced1401_device *dev, struct range *range);

/* The largest part that is free, bytes */
uint32_t range_free(ced1401_device *dev, uint32_t whole);

/* ---- pages.c: the driver's pages ---- */

/* Map them, unless they are; that there are none is no error */
void pages_map(ced1401_device *dev);

/* Nobody uses them any more */
void pages_unmap(ced1401_device *dev);

/* How a buffer's transfer stands; false: it is not shown. No system call */
bool pages_see(const ced1401_device *dev, uint32_t buffer, uint32_t id,
	       struct ced1401_slot_status *seen);

/* Of a ring that pages_see() has seen @consumed bytes are. A call if a request waits */
void pages_consume(ced1401_device *dev, uint32_t buffer, uint64_t consumed);

/* ---- talk.c: the conversation ---- */

/**
 * talk_exchange - say something, and hear the reply, if one is due, and ERR's
 * @dev: the session
 * @text: the command, with its ';'
 * @reply: its line goes here; NULL: none is due
 * @size: of @reply
 * @more_ms: beside the device's time-out
 * @idle: NULL, or called every 20 ms while nothing comes
 * @user: for @idle
 *
 * Return: the reply's length (0 without one), or a negative code.
 */
int talk_exchange(ced1401_device *dev, const char *text, char *reply, size_t size,
		  int more_ms, talk_idle *idle, void *user);

/**
 * talk_set_serve - what this thread does while a reply does not come
 * @dev: the session
 * @serve: says nothing to the 1401 itself; NULL: nothing
 * @user: for @serve
 *
 * Return: 0, or -EALREADY: another thread has set it.
 */
int talk_set_serve(ced1401_device *dev, talk_idle *serve, void *user);

/* The same, with a format, for the library's own commands */
int talk_ask(ced1401_device *dev, long *values, unsigned int max,
	     const char *format, ...) __attribute__((format(printf, 4, 5)));

/* "0 1 2" into @text; -EINVAL if one is not below @limit */
int channel_text(const unsigned int *channels, unsigned int n, unsigned int limit,
		 char *text, size_t size);

#endif
