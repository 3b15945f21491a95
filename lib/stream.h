/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files about streams share. docs/library.md tells what a stream is; here:
 *
 *	stream.c	what a stream is made of; lending and giving back
 *	stream_ring.c	a ring of the driver's: FIFO and REQUEST
 *	stream_memory.c	round and round in the 1401's memory: MEMORY
 *	stream_end.c	stop, drain, close
 *
 * Frames are counted from 0, to both directions alike: @moved is what came into the ring,
 * or was taken from it; @released what the program has read, or filled. To the DACs the
 * first ring is filled before the start, so there @released is ahead.
 */
#ifndef LIBCED1401_STREAM_H
#define LIBCED1401_STREAM_H

#include "internal.h"

/**
 * struct stream_kind - how a method works
 * @method:	CED1401L_*
 * @in:		the 1401's command that samples so
 * @out:	and that plays, or NULL
 * @prepare:	choose the clock
 * @start:	begin; the lock is held
 * @look:	bring moved, time_ns and state up to date; the lock is held. If @enough
 *		frames are known to be there, no call is made; 0: what is true now. @all:
 *		all that there can be is wanted, be it ever so little
 * @is_whole:	whether nothing that is there has been gone over by now; the lock is held
 * @wait:	until so many frames have moved, about; the lock is not held. 0 (look
 *		again), -ETIMEDOUT, -EINTR
 * @consume:	frames are released: how many of them, the oldest, were gone over before
 * @ask:	how much the 1401 lost; idle is talk_exchange()'s, for the stream. The
 *		lock is not held
 * @stop:	have the 1401 stop; the lock is not held
 * @end:	nothing moves any more; the lock is held
 *
 * With the lock held start, and of MEMORY look, is_whole and end, too, talk to the 1401.
 */
struct stream_kind {
	int method;
	const char *in;
	const char *out;
	int (*prepare)(ced1401_stream *stream);
	int (*start)(ced1401_stream *stream);
	void (*look)(ced1401_stream *stream, uint64_t enough, bool all);
	bool (*is_whole)(ced1401_stream *stream);
	int (*wait)(ced1401_stream *stream, uint64_t frames, uint64_t deadline);
	uint64_t (*consume)(ced1401_stream *stream, uint64_t frames);
	int (*ask)(ced1401_stream *stream, talk_idle *idle);
	int (*stop)(ced1401_stream *stream);
	void (*end)(ced1401_stream *stream);
};

extern const struct stream_kind stream_fifo, stream_request, stream_memory;

/**
 * struct stream_store - MEMORY: the part of the 1401's memory that is gone round
 * @range:	which part
 * @command:	ADCMEM or ADCBST
 * @conversions: ticks of the clock for each frame
 * @sampled:	bytes, as P told last ...
 * @at:		... at this moment, ns
 * @fetched:	frames that are in the host's ring, or known to be lost
 * @gap:	frames that were lost behind those in the ring
 * @asked:	when the 1401 was asked whether it missed any
 * @hurried:	when less than a wake-up is for was fetched last
 * @tick:	after how long to look again, ns
 * @stopped:	nothing more is sampled
 */
struct stream_store {
	struct range range;
	const char *command;
	unsigned int conversions;
	uint64_t sampled;
	uint64_t at;
	uint64_t fetched;
	uint64_t gap;
	uint64_t asked;
	uint64_t hurried;
	uint64_t tick;
	bool stopped;
};

/**
 * struct ced1401_stream - a stream; see struct ced1401_stream_info for what is there
 * @next:	of the device's list
 * @dev:	its session
 * @lock:	all that changes
 * @asks:	it is MEMORY: the 1401 is asked how it stands. Does not change
 * @kind:	its method; @wanted: the one that was asked for
 * @out:	to the DACs
 * @channels:	inputs or DACs; @list: the same as text
 * @frame:	bytes of a frame
 * @buffer:	the driver's number of the ring's memory
 * @memory:	the ring
 * @ring:	its frames; @wake: of ced1401_stream_info
 * @block:	REQUEST: frames of a block
 * @transfer:	the driver's
 * @area:	of it
 * @unpaced:	FIFO: it has come faster than its clock: what the driver has not told of
 *		cannot be guessed
 * @shown:	FIFO: bytes that the driver's page showed last, @shown_ns: as of then
 * @stopping:	the program has asked for the end
 * @lent:	frames that the program may release
 * @lost_before: frames lost directly before the next one
 * @last:	to the DACs: the last frame that was filled
 * @draining:	ced1401_stream_drain() was called; @drain_to: all of the program's frames
 *		(REQUEST: and what fills the last block); @asked: what was lost by then;
 *		@drained: the 1401 knows that there is no more
 * @store:	MEMORY
 * @epoll:	ced1401_stream_fd(); @attention: an eventfd in it: the stream has ended;
 *		@timer: a timerfd in it, MEMORY
 */
struct ced1401_stream {
	struct ced1401_stream *next;
	ced1401_device *dev;
	pthread_mutex_t lock;
	bool asks;
	const struct stream_kind *kind;
	int wanted;
	bool out;
	unsigned int flags;
	int when;
	unsigned int channels[ADC_CHANNELS];
	unsigned int n;
	char list[COMMAND_MAX / 2];
	unsigned int frame;
	double rate;
	struct ced1401_clock clock;
	double true_rate;
	uint32_t buffer;
	uint8_t *memory;
	uint64_t ring;
	uint64_t wake;
	uint32_t block;
	struct transfer transfer;
	uint32_t area;
	bool unpaced;
	uint64_t shown;
	uint64_t shown_ns;
	int state;
	int error;
	bool stopping;
	uint64_t moved;
	uint64_t time_ns;
	uint64_t released;
	uint64_t lost;
	uint64_t lost_before;
	uint64_t lost_1401;
	size_t lent;
	int16_t last[DAC_CHANNELS];
	bool draining;
	bool asked;
	bool drained;
	uint64_t drain_to;
	struct stream_store store;
	int epoll;
	int attention;
	int timer;
	ced1401_stream_callback *callback;
	void *user;
};

/* To the DACs the card's FIFO, 16 KiB, takes what it can at the start: twice that */
#define FIFO_LEAST	0x8000u

/* Frames that can be lent now; more than the ring holds: it was gone over */
static inline uint64_t stream_available(const ced1401_stream *s)
{
	return s->out ? s->moved + s->ring - s->released : s->moved - s->released;
}

/* For what may talk to the 1401 with the lock held, beside start */
void stream_lock(ced1401_stream *s);
void stream_unlock(ced1401_stream *s);

/* It has ended so; nothing moves any more. The lock is held */
void stream_finish(ced1401_stream *s, int error);

/**
 * stream_push_end - all frames are released: see that the 1401 gets them
 * @s: to the DACs, started
 *
 * Says no word to the 1401, and does not wait. Return: 0: it has them; -EAGAIN; or how
 * the stream failed.
 */
int stream_push_end(ced1401_stream *s);

/* No callback begins any more, and one that runs in another thread has returned */
void stream_end_callback(ced1401_stream *s);

/* The driver's transfer is over, and what is in the FIFO comes to no other stream */
void stream_ring_close(ced1401_stream *s);

/* The clock and what it gives: "HT,10,400" */
void stream_clock_text(const ced1401_stream *s, char text[32]);

/* Choose the clock for @conversions ticks each frame. 0 or -ERANGE */
int stream_choose_clock(ced1401_stream *s, unsigned int conversions);

#endif
