/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of libced1401 share, beside what those of the driver have
 * (tests/cases/common.h): a session by the library, and the recording by samples.
 */
#ifndef TESTS_LIB_HELPERS_H
#define TESTS_LIB_HELPERS_H

#include <pthread.h>

#include "common.h"
#include "libced1401.h"

/* A call of the library's that must succeed; its result */
#define well(call)	must_be_well((call), #call, __FILE__, __LINE__)
int must_be_well(int result, const char *what, const char *file, int line);

/* A session with the device under test, in step and after a reset */
ced1401_device *open_1401(unsigned int flags);

/* Whether the card has a clock (realtime=on): without it its FIFO fills at once */
bool is_clocked(ced1401_device *dev);

/* Recording frame @frame (it goes round) of input @channel; inputs above 1 are 0 */
int16_t heard(uint64_t frame, unsigned int channel);

/* The frame of the recording that the ADC's next scan sees */
uint64_t next_frame_heard(ced1401_device *dev);

/* @frames frames of these channels are the recording from @first on */
void assert_sampled(const int16_t *samples, const unsigned int *channels,
		    unsigned int n, uint64_t frames, uint64_t first);

/* Which frame of the recording a frame of inputs 0 and 1 is */
uint64_t frame_of(const int16_t *frame);

/* Noise that does not repeat: value @i of it */
int16_t noise(uint64_t seed, uint64_t i);

/*
 * Whether the DACs' file of this card gets to hold, one behind the other, @frames frames
 * of @n samples in its first @n columns. Waits for it.
 */
bool was_played(const int16_t *samples, unsigned int n, uint64_t frames);

/* Threads that must end well */
pthread_t begin_thread(void *(*body)(void *arg), void *arg);
void join_thread(pthread_t thread);

#endif
