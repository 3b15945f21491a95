/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libced1401: the CED 1401 laboratory interface for programs, on the driver ced1401.
 * For C and C++; no kernel header is needed. docs/library.md is a short guide.
 *
 * Words. The 1401 is the unit with ADC and DACs; a sample is a signed 16-bit number
 * (native byte order), full scale (5 V, in some units 10 V) is 32768; a frame is one
 * sample of each channel of a list, in the list's order; a rate is in Hz, frames a
 * second; addresses and sizes in the 1401's memory are in bytes. Times are
 * CLOCK_MONOTONIC, in ns, and time-outs in ms: 0 does not wait, -1 waits for ever.
 *
 * Results. Where nothing else is said, a function returns 0 or more if it succeeded,
 * and a negative code if not. ced1401_strerror() has a sentence for each:
 *
 *	-errno			of the system: -EINVAL (an argument), -ENOMEM ...
 *	-EBUSY			another program (session) has the 1401
 *	-ENODEV			the 1401 is off or unplugged, or the card is gone
 *	-ETIMEDOUT		the 1401 did not answer, or did not get there, in time
 *	-EAGAIN			with the time-out 0: nothing yet
 *	-EBADMSG		the 1401's reply is not what was expected
 *	-EACCES			open: not in the device's group; else: opened to read only
 *	-ENOENT			open: no such device
 *	-ESHUTDOWN		the device was closed, or the 1401 reset, meanwhile
 *	CED1401L_E_...		below
 *	CED1401L_1401(n)	the 1401's own error n, as ERR replies it; 255: it has no such
 *				command
 *
 * Threads. Any function may be called by any thread, also for one device or stream at
 * once; the library has no global state and starts no threads. Commands with their
 * replies are not mixed with those of other threads; see ced1401_lock(). What must not be
 * done at once:
 *
 *	- close a handle while another thread uses it, or later. ced1401_process() for a
 *	  device may go on while its streams are closed: see ced1401_stream_close()
 *	- acquire, release, read, write or drain one stream from several threads. A stream
 *	  that has a callback is ced1401_process()'s. All its other calls may be made by
 *	  others meanwhile
 *	- change a structure that was passed to a call, or free memory that it uses,
 *	  before it has returned
 *	- ced1401_unlock() what another thread has locked
 *
 * Signals. A wait for a stream or a trigger that a signal handler interrupts gives
 * -EINTR and can be called again; a conversation with the 1401 is not interrupted.
 * The library installs no handlers and never raises a signal.
 *
 * Structures that the caller fills should be cleared first: a field that is 0 means
 * "as usual", and later versions will give names to what is reserved now.
 */
#ifndef LIBCED1401_H
#define LIBCED1401_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define CED1401L_PRINTF(format, first) \
	__attribute__((__format__(__printf__, format, first)))
#else
#define CED1401L_PRINTF(format, first)
#endif

/* --------------------------------------------------------------- errors */

/* The 1401's own error n (1 to 255; 255: no such command), as a result */
#define CED1401L_1401(n)	(-1401000 - (n))

/* The converter was busy at some ticks: samples were missed; a lower rate helps */
#define CED1401L_E_MISSED	(-1402001)
/* Frames were lost on the way: the host was too slow, or the 1401 had no room */
#define CED1401L_E_LOST		(-1402002)
/* The 1401's memory or one of its commands is too small for that */
#define CED1401L_E_1401_FULL	(-1402003)
/* The self-test failed */
#define CED1401L_E_SELFTEST	(-1402004)
/* A block did not come whole: the 1401 or the driver ended it early */
#define CED1401L_E_BLOCK	(-1402005)
/* A FIFO stream runs, and has the DMA channel: blocks cannot move until it ends */
#define CED1401L_E_FIFO		(-1402006)
/* In place of -ETIMEDOUT: a REQUEST stream's ring is full, or to the DACs empty; until the
 * program makes room, or fills it, the 1401 obeys but does not reply
 */
#define CED1401L_E_WAITS	(-1402007)

/**
 * ced1401_strerror - what a result means
 * @code: a result; 0 or more is "no error"
 *
 * Thread-safe. Return: a sentence in English without a full stop, which is never
 * freed. It knows every errno, the codes above and the 1401's own errors.
 */
const char *ced1401_strerror(int code);

/**
 * ced1401_version - the library's version, as "0.9.0"; never freed
 */
const char *ced1401_version(void);

/* -------------------------------------------------------------- devices */

/* A session with a 1401. */
typedef struct ced1401_device ced1401_device;

/* Flags of ced1401_open() */
#define CED1401L_READ_ONLY	0x1u	/* look only: info, no commands, no memory */
#define CED1401L_NONBLOCK	0x2u	/* do not wait while another program has it */

/**
 * ced1401_open - begin a session
 * @number: of the card: 0 is /dev/ced1401, 1 is /dev/ced1401_1, to 3
 * @flags: CED1401L_READ_ONLY, CED1401L_NONBLOCK, or 0
 * @device: where the handle goes; set to NULL on failure. ced1401_close() frees it
 *
 * The 1401 itself is not touched: the first call that needs it claims it. If another
 * program has it, that call waits for it, within the call's time-out; with
 * CED1401L_NONBLOCK it gives -EBUSY at once.
 *
 * Return: 0, -ENOENT (no such device: is the module loaded?), -EACCES (not in its
 * group), -EDQUOT (this user has too many open), -ENODEV, -EINVAL, -ENOMEM.
 */
int ced1401_open(unsigned int number, unsigned int flags, ced1401_device **device);

/**
 * ced1401_open_path - the same, by the device's name
 * @path: /dev/ced1401_1, or another name of it
 * @flags: as ced1401_open()
 * @device: as ced1401_open()
 *
 * Return: as ced1401_open(); -ENOTTY if @path is no device of this driver.
 */
int ced1401_open_path(const char *path, unsigned int flags,
		      ced1401_device **device);

/**
 * ced1401_close - end a session
 * @device: the session; NULL does nothing
 *
 * If this session has the 1401, the driver resets it at once: DACs at 0 V, digital
 * outputs low, nothing runs. Who wants it to go on as it is calls ced1401_release()
 * first. Streams that were not closed are closed, their handles are gone. Memory
 * of ced1401_alloc() that was not freed stays where it is, without transfers; for it,
 * and for nothing else, the handle stays good: ced1401_free(), which other threads may
 * call meanwhile, too.
 */
void ced1401_close(ced1401_device *device);

/**
 * ced1401_claim - have the 1401 for this session alone
 * @device: the session
 * @timeout_ms: how long to wait for another to let go of it
 *
 * Each call that needs the 1401 does this by itself. If another session had it
 * before, it has been reset. Of several sessions that wait here any one may be the next;
 * signals do not end the wait. Return: 0, -EBUSY (another session has it still), -ENODEV,
 * -EACCES.
 */
int ced1401_claim(ced1401_device *device, int timeout_ms);

/**
 * ced1401_release - give the 1401 up as it is
 * @device: the session
 *
 * Its outputs and what runs in it go on until another session claims it. Streams and
 * areas of this session are stopped. Return: 0, also if this session did not have it;
 * -EACCES.
 */
int ced1401_release(ced1401_device *device);

/**
 * ced1401_reset - reset the 1401: DACs at 0 V, digital outputs low, nothing runs
 * @device: the session
 *
 * Streams and areas of this session are stopped. Return: 0, -EBUSY, -ENODEV, -EIO (it
 * did not come back), -EACCES.
 */
int ced1401_reset(ced1401_device *device);

/**
 * struct ced1401_selftest - how a self-test ended
 * @code: 0: well; else the error, which @x and @y explain (see the 1401's manual)
 */
struct ced1401_selftest {
	int code;
	int x;
	int y;
};

/**
 * ced1401_self_test - reset the 1401, have it test itself, and wait for the end
 * @device: the session
 * @timeout_ms: how long the test may take; 30 s is the most that it is given
 * @result: how it ended; may be NULL
 *
 * Streams and areas are stopped. Return: 0, CED1401L_E_SELFTEST (@result tells),
 * -ETIMEDOUT, -EBUSY, -ENODEV, -EINTR, -EACCES.
 */
int ced1401_self_test(ced1401_device *device, int timeout_ms,
		      struct ced1401_selftest *result);

/* Bits of ced1401_info.link */
#define CED1401L_LINK_MINE	0x1u	/* this session has the 1401 */
#define CED1401L_LINK_OTHER	0x2u	/* another session has it */
#define CED1401L_LINK_POWER	0x4u	/* it is switched on */
#define CED1401L_LINK_CABLE	0x8u	/* its cable is connected */
#define CED1401L_LINK_LEFT	0x10u	/* free, and as a session left it: to take it resets it */

/**
 * struct ced1401_info - what is known without asking the 1401
 * @path: the device's name, as it was opened
 * @number: of the card, 0 to 3
 * @io: first I/O port of the card
 * @irq: its interrupt line
 * @dma: its DMA channel; 1 and 3 are 8-bit, 5 to 7 16-bit
 * @type: 4 standard 1401, 5 micro1401, 6 1401plus, 7 Power1401
 * @type_name: the same in words; never freed
 * @state: in words: "idle", "off", "unplugged", "sending a block" ...
 * @link: CED1401L_LINK_*
 * @reserved: 0
 */
struct ced1401_info {
	char path[64];
	unsigned int number;
	unsigned int io;
	int irq;
	int dma;
	int type;
	const char *type_name;
	char state[32];
	unsigned int link;
	unsigned int reserved[8];
};

/**
 * ced1401_get_info - the card and the 1401 behind it
 * @device: the session, also one to read only; the 1401 need not be free
 * @info: filled
 *
 * Return: 0, or -ENODEV: the card is gone.
 */
int ced1401_get_info(ced1401_device *device, struct ced1401_info *info);

/**
 * ced1401_statistic - one of the driver's counters since the card was found
 * @device: any session
 * @name: "interrupts", "blocks", "bytes_to_host", "bytes_to_1401", "refused",
 *	"resets", "characters_in", "characters_out" or "storms"
 * @value: set
 *
 * Return: 0, -ENOENT (no such counter), -ENODEV.
 */
int ced1401_statistic(ced1401_device *device, const char *name, uint64_t *value);

/**
 * ced1401_memory_size - the 1401's user memory, bytes
 * @device: the session
 * @bytes: set
 *
 * Asks the 1401 (MEMTOP). Return: 0, or as ced1401_command().
 */
int ced1401_memory_size(ced1401_device *device, uint32_t *bytes);

/**
 * struct ced1401_command_name - a command that the 1401 knows
 * @name: in capitals
 * @major: of its version
 * @minor: likewise
 */
struct ced1401_command_name {
	char name[16];
	unsigned int major;
	unsigned int minor;
};

/**
 * ced1401_commands - the commands that the 1401 knows (CLIST)
 * @device: the session
 * @list: the first @max go here; may be NULL if @max is 0
 * @max: room in @list
 *
 * Return: how many there are, also more than @max, or as ced1401_command().
 */
int ced1401_commands(ced1401_device *device, struct ced1401_command_name *list,
		     unsigned int max);

/**
 * ced1401_has_command - whether the 1401 knows a command
 * @device: the session
 * @name: ADCMEM, XFIFO ...
 *
 * Asks it by the bare name, by which a command that wants arguments does nothing; the answer
 * is kept until the 1401 is reset. RESET, CLEAR, KILL, ERR, CLIST and MEMTOP want none, and so
 * are not sent, but looked for in CLIST's reply. If the 1401 may have others that act by their
 * bare name, ask ced1401_commands(), which says none. Return: 1, 0, -EINVAL (that is no name),
 * or as ced1401_command().
 */
int ced1401_has_command(ced1401_device *device, const char *name);

/* --------------------------------------------------------------- memory */

/**
 * ced1401_alloc - memory that the 1401 can write to and read from by DMA: the malloc
 * @device: the session
 * @size: bytes, 1 to 4 MiB
 *
 * The memory is zeroed, begins at a page, and is the DMA buffer itself: what is sampled
 * arrives in it without a copy. A session can have 64 of them, and the driver limits
 * how much they are together.
 *
 * Return: the memory, for ced1401_free(); or NULL and errno: EINVAL (@size), ENOSPC (64
 * are there), EDQUOT (over a limit of the driver), ENOMEM (no contiguous DMA memory:
 * less may be had), ENODEV, EACCES.
 */
void *ced1401_alloc(ced1401_device *device, size_t size);

/**
 * ced1401_free - give memory of ced1401_alloc() back
 * @device: the session; it may have been closed
 * @memory: its first byte; NULL does nothing
 *
 * Transfers that use it are stopped first. Return: 0, or -EINVAL: @memory is none of
 * this session.
 */
int ced1401_free(ced1401_device *device, void *memory);

/**
 * ced1401_buffer - which of the driver's buffers memory lies in
 * @device: the session
 * @memory: any place in memory of ced1401_alloc()
 * @offset: set to its place in the buffer, bytes; may be NULL
 *
 * For programs that also call the driver's own ioctls. Return: the number, 0 to 63, or
 * -EINVAL: it is no such memory.
 */
int ced1401_buffer(ced1401_device *device, const void *memory, size_t *offset);

/**
 * ced1401_read_memory - copy a block of the 1401's user memory to the host
 * @device: the session
 * @address: in the 1401's memory, bytes
 * @to: any memory; if all of it is of ced1401_alloc(), the block moves there directly
 * @size: bytes
 *
 * By TOHOST, in blocks if need be. Return: 0, CED1401L_E_BLOCK, CED1401L_1401(3) (beyond
 * its memory), or as ced1401_command().
 */
int ced1401_read_memory(ced1401_device *device, uint32_t address, void *to,
			size_t size);

/**
 * ced1401_write_memory - copy a block into the 1401's user memory
 * @device: the session
 * @address: in the 1401's memory, bytes
 * @from: any memory; if all of it is of ced1401_alloc(), the block moves directly
 * @size: bytes
 *
 * By TO1401. Return: as ced1401_read_memory().
 */
int ced1401_write_memory(ced1401_device *device, uint32_t address,
			 const void *from, size_t size);

/* Directions of an area */
#define CED1401L_TO_HOST	0x1u	/* the 1401 writes to it */
#define CED1401L_TO_1401	0x2u	/* the 1401 reads from it */

/**
 * ced1401_area_set - let the 1401 address memory, for commands of one's own
 * @device: the session
 * @memory: any place in memory of ced1401_alloc()
 * @size: bytes from there on
 * @direction: CED1401L_TO_HOST or CED1401L_TO_1401
 *
 * Blocks that the 1401 asks for in this area (the last argument of TOHOST, TO1401)
 * move into or out of it until ced1401_area_clear(). The calls above need no area
 * of the caller's; streams and one-shot sampling take one or two of the eight while
 * they run.
 *
 * Return: the area's number, 0 to 7; -EINVAL, -ENOSPC (all eight are in use; also after a
 * reset, until they are cleared), -ENODEV.
 */
int ced1401_area_set(ced1401_device *device, void *memory, size_t size,
		     unsigned int direction);

/**
 * ced1401_area_wait - sleep until blocks have moved in an area
 * @device: the session
 * @area: its number
 * @bytes: moved in all since ced1401_area_set(), to wait for
 * @timeout_ms: how long
 * @time_ns: set to when @bytes were seen to have moved; may be NULL
 *
 * Return: 0, -ETIMEDOUT, -EINTR, -ESHUTDOWN (it was stopped), -ENODEV,
 * CED1401L_E_BLOCK (a block broke off), -EINVAL.
 */
int ced1401_area_wait(ced1401_device *device, int area, uint64_t bytes,
		      int timeout_ms, uint64_t *time_ns);

/**
 * ced1401_area_clear - the 1401 may no longer address that memory
 * @device: the session
 * @area: its number
 *
 * When it returns, not a byte of the memory changes any more. Return: 0, -EINVAL.
 */
int ced1401_area_clear(ced1401_device *device, int area);

/* ------------------------------------------------------------- commands */

/**
 * ced1401_set_timeout - how long the 1401 may take to answer
 * @device: the session
 * @timeout_ms: for each command and reply, from now on; 5000 at first
 *
 * It counts the wait for another session, too. Return: 0, -EINVAL.
 */
int ced1401_set_timeout(ced1401_device *device, int timeout_ms);

/**
 * ced1401_lock - keep other threads' commands out
 * @device: the session
 *
 * Until ced1401_unlock() by the same thread; may be nested. For calls that belong
 * together, as ced1401_send() and ced1401_read_line().
 */
void ced1401_lock(ced1401_device *device);

/**
 * ced1401_unlock - the opposite of ced1401_lock()
 * @device: the session
 */
void ced1401_unlock(ced1401_device *device);

/**
 * ced1401_command - have the 1401 do something that has no reply
 * @device: the session
 * @format: as printf(3); a command, or several, each with ";" behind it: the last one
 *	may go without. At most 255 characters, whether the last of them is a ";" or not
 *
 * Sends it, then ERR, and turns the 1401's answer into the result. A command that runs on
 * (ADCMEM) has only begun. For a name alone: "%s" and the name.
 *
 * Return: 0, CED1401L_1401(n) (see also ced1401_error_text()), -EBUSY, -ENODEV,
 * -ETIMEDOUT, -EBADMSG, -EMSGSIZE (too long), -EACCES, -ESHUTDOWN (the 1401 was reset
 * meanwhile).
 */
int ced1401_command(ced1401_device *device, const char *format, ...)
	CED1401L_PRINTF(2, 3);
int ced1401_vcommand(ced1401_device *device, const char *format, va_list args)
	CED1401L_PRINTF(2, 0);

/**
 * ced1401_query - have the 1401 do something that has a reply, and read the numbers
 * @device: the session
 * @values: the reply's numbers go here, @max at the most; may be NULL if @max is 0
 * @max: room in @values
 * @format: as ced1401_command(); one command with a reply of one line
 *
 * The 1401 is also asked for its error: a command that fails, and so has no reply, is
 * known at once. Return: how many numbers the reply has, also more than @max; or as
 * ced1401_command(). -EBADMSG: the reply is not of numbers.
 */
int ced1401_query(ced1401_device *device, long *values, unsigned int max,
		  const char *format, ...) CED1401L_PRINTF(4, 5);
int ced1401_vquery(ced1401_device *device, long *values, unsigned int max,
		   const char *format, va_list args) CED1401L_PRINTF(4, 0);

/**
 * ced1401_query_line - the same, with the reply as it is
 * @device: the session
 * @line: the reply without its CR; cut if longer, always with a NUL
 * @size: of @line
 * @format: as ced1401_query()
 *
 * Return: the reply's length, also more than @size - 1; or as ced1401_command().
 */
int ced1401_query_line(ced1401_device *device, char *line, size_t size,
		       const char *format, ...) CED1401L_PRINTF(4, 5);
int ced1401_vquery_line(ced1401_device *device, char *line, size_t size,
			const char *format, va_list args) CED1401L_PRINTF(4, 0);

/**
 * ced1401_query_lines - the same, with a reply of any number of lines
 * @device: the session
 * @lines: the lines as they are, each with '\n' behind it; cut if longer, always with a NUL
 * @size: of @lines; may be 0
 * @format: as ced1401_command(); also of several commands, with or without replies
 *
 * Where the reply ends is known by what the 1401 is asked behind it: nothing waits for a
 * time-out, and the reply may be empty. Each line may take as long as
 * ced1401_set_timeout() says.
 *
 * Return: the length of all lines, also more than @size - 1; or as ced1401_command(). With
 * CED1401L_1401(n) @lines are those that came all the same (of the commands before the one
 * that failed, say), with another error "".
 */
int ced1401_query_lines(ced1401_device *device, char *lines, size_t size,
			const char *format, ...) CED1401L_PRINTF(4, 5);
int ced1401_vquery_lines(ced1401_device *device, char *lines, size_t size,
			 const char *format, va_list args) CED1401L_PRINTF(4, 0);

/**
 * ced1401_send - send characters, and nothing else
 * @device: the session
 * @format: as ced1401_command()
 *
 * For what the calls above do not fit: commands whose reply comes much later. The caller
 * then reads every line that comes, and asks for ERR if he wants to know, between
 * ced1401_lock() and ced1401_unlock(). Lines that he leaves, and the error, are forgotten
 * by the next call of the kinds above.
 *
 * Return: 0, -EBUSY, -ENODEV, -ETIMEDOUT, -EMSGSIZE, -EACCES.
 */
int ced1401_send(ced1401_device *device, const char *format, ...)
	CED1401L_PRINTF(2, 3);
int ced1401_vsend(ced1401_device *device, const char *format, va_list args)
	CED1401L_PRINTF(2, 0);

/**
 * ced1401_read_line - receive one line
 * @device: the session
 * @line: the line without its CR; cut if longer, always with a NUL
 * @size: of @line
 * @timeout_ms: how long; 0: only if a whole line is there
 *
 * Return: the line's length, also more than @size - 1; -ETIMEDOUT, -EAGAIN (what has
 * come of the line is kept), -ENODEV, -ESHUTDOWN.
 */
int ced1401_read_line(ced1401_device *device, char *line, size_t size,
		      int timeout_ms);

/**
 * ced1401_sync - get back in step with the 1401, whatever was said before
 * @device: the session
 *
 * Reads and forgets all lines that are on their way, and the 1401's error. Calls that
 * timed out do this by themselves at the next command. Return: 0, -ETIMEDOUT (the 1401
 * does not answer: ced1401_reset() may help), -EBUSY, -ENODEV.
 */
int ced1401_sync(ced1401_device *device);

/**
 * ced1401_error_text - the 1401's last error, with what it was about
 * @device: the session
 * @text: 'the 1401: a clock of more than 1 MHz, in "ADCMEM,I,2,..." (ERR: 5,0)'; always
 *	with a NUL. Of several commands in one call all are in it: ERR does not say which
 *	it was
 * @size: of @text
 * @detail: set to the second number that ERR replied; may be NULL
 *
 * Of the last call, by any thread, that gave CED1401L_1401(n). Return: n, or 0: none.
 */
int ced1401_error_text(ced1401_device *device, char *text, size_t size,
		       long *detail);

/* ------------------------------------------- single values, the trigger */

/**
 * ced1401_adc - sample once
 * @device: the session
 * @channels: ADC inputs, 0 to 31; one scan samples them all
 * @n: how many, 1 to 32
 * @samples: @n samples, in the order of @channels
 *
 * Return: 0, CED1401L_1401(4) (something that runs has the ADC), or as
 * ced1401_command().
 */
int ced1401_adc(ced1401_device *device, const unsigned int *channels,
		unsigned int n, int16_t *samples);

/**
 * ced1401_dac - set DACs
 * @device: the session
 * @channels: DACs, 0 to 7; all change with one command
 * @n: how many, 1 to 8
 * @samples: @n values
 *
 * Return: 0, CED1401L_1401(4) (something that plays has one of them), or as
 * ced1401_command().
 */
int ced1401_dac(ced1401_device *device, const unsigned int *channels,
		unsigned int n, const int16_t *samples);

/**
 * ced1401_digital_in - read the digital inputs
 * @device: the session
 * @bits: set: bit k is input k
 *
 * Return: 0, or as ced1401_command().
 */
int ced1401_digital_in(ced1401_device *device, uint16_t *bits);

/**
 * ced1401_digital_out - set the digital outputs
 * @device: the session
 * @bits: bit k is output k
 * @mask: outputs to change; 0xffff: all at once. Else each that it names by a command
 *	of its own, from bit 0 on
 *
 * Return: 0, or as ced1401_command().
 */
int ced1401_digital_out(ced1401_device *device, uint16_t bits, uint16_t mask);

/**
 * ced1401_trigger_arm - count pulses of the trigger input from now on (EVENT,A)
 * @device: the session
 *
 * What waits for the trigger (CED1401L_ON_TRIGGER) needs no arming. Return: 0, or as
 * ced1401_command(), as the following calls.
 */
int ced1401_trigger_arm(ced1401_device *device);
/** ced1401_trigger_disarm - ... and no longer (EVENT,K) */
int ced1401_trigger_disarm(ced1401_device *device);
/** ced1401_trigger_count - pulses since it was armed; -ENOENT: it is not (EVENT,?) */
int ced1401_trigger_count(ced1401_device *device);
/** ced1401_trigger_fire - a pulse of the trigger, by command (EVENT,F) */
int ced1401_trigger_fire(ced1401_device *device);
/** ced1401_clocks_waiting - how many commands wait for the trigger (CLKEVT,?) */
int ced1401_clocks_waiting(ced1401_device *device);
/** ced1401_clocks_start - start all that wait, at one moment; no pulse (CLKEVT,F) */
int ced1401_clocks_start(ced1401_device *device);

/* --------------------------------------------------------------- clocks */

/**
 * struct ced1401_clock - a clock of the 1401 and its divisors
 * @letter: 'C' 1 MHz, 'H' 4 MHz, 'T' 10 MHz
 * @pre: first divisor, 1 to 65535
 * @count: second divisor, 1 to 65535
 * @hz: ticks a second: the clock / (@pre * @count), at most 1 MHz
 */
struct ced1401_clock {
	char letter;
	unsigned int pre;
	unsigned int count;
	double hz;
};

/**
 * ced1401_clock_choose - the 1401's clock that comes nearest to a rate
 * @hz: wanted, ticks a second
 * @clock: the best there is; @clock->hz is what it truly gives
 *
 * Needs no device. Return: 0; -ERANGE (below 0.000233 Hz or above 1 MHz, or no number).
 */
int ced1401_clock_choose(double hz, struct ced1401_clock *clock);

/* ---------------------------------------- one-shot sampling and playing */

/* When sampling or playing begins: ced1401_when.start */
#define CED1401L_NOW		0	/* at once; in and out: both at one moment */
#define CED1401L_ON_TRIGGER	1	/* at a pulse of the trigger input */

/* How samples move: .method of ced1401_signal and ced1401_stream_config */
#define CED1401L_AUTO		0	/* the first that will do */
#define CED1401L_MEMORY		1	/* by the 1401's memory: ADCBST, MEMDAC ... */
#define CED1401L_FIFO		2	/* the card's FIFO: XFIFO, XFOUT */
#define CED1401L_REQUEST	3	/* blocks that the 1401 asks for: XSTREAM, XPLAY */

/* Flags of ced1401_signal and ced1401_stream_config */
/* Sample channels in turn, evenly spread over a frame's time (ADCMEM), not at once */
#define CED1401L_IN_TURN	0x1u

/**
 * struct ced1401_signal - what to sample or to play once, and how it went
 * @channels:	in: ADC inputs (0 to 31) or DACs (0 to 7); a frame is in this order
 * @n_channels:	in: how many, 1 to 32 or 1 to 8
 * @flags:	in: CED1401L_IN_TURN, or 0
 * @rate:	in: wanted, frames a second
 * @frames:	in: how many, at least 1
 * @samples:	in: memory of @frames * @n_channels samples, any; playing only reads
 *		it. If all of it is of ced1401_alloc(), nothing is copied where
 *		the 1401's memory holds it
 * @repeats:	in: playing: how often in all; 0 is once. More than once needs
 *		the 1401's memory to hold it
 * @method:	in: CED1401L_AUTO or another; out: what was used, once it began: set it
 *		anew before the structure is used again
 * @clock:	out: what the 1401 was asked for
 * @true_rate:	out: frames a second that come of it
 * @done:	out: frames that were sampled, or played (repeats included)
 * @lost:	out: frames that were lost, with CED1401L_E_LOST; with -ECANCELED what the 1401
 *		had lost by then
 * @reserved:	0
 *
 * Of @samples the first @done frames were sampled, whatever the result. While it runs,
 * @done is brought up to date before each call of ced1401_progress: those frames are there
 * to stay, and may be used by then. What the 1401's memory holds comes when sampling is
 * over (CED1401L_FETCHING), in pieces of 256 KiB.
 */
struct ced1401_signal {
	const unsigned int *channels;
	unsigned int n_channels;
	unsigned int flags;
	double rate;
	uint64_t frames;
	int16_t *samples;
	uint64_t repeats;
	int method;
	struct ced1401_clock clock;
	double true_rate;
	uint64_t done;
	uint64_t lost;
	uint64_t reserved[4];
};

/* Told by ced1401_progress */
#define CED1401L_ARMED		0	/* all waits for the trigger */
#define CED1401L_RUNNING	1	/* it samples, plays */
#define CED1401L_FETCHING	2	/* sampling is over, the data come */

/**
 * ced1401_progress - how far a one-shot call is
 * @user: of struct ced1401_when
 * @phase: CED1401L_ARMED, CED1401L_RUNNING or CED1401L_FETCHING
 * @in_frames: sampled so far
 * @out_frames: played so far
 *
 * Called by the calling thread every 100 ms or so, at each change of phase, and after a
 * signal. It must not call the library for this device. Return: 0 to go on; else the
 * call ends with -ECANCELED, and what runs is stopped.
 */
typedef int ced1401_progress(void *user, int phase, uint64_t in_frames,
			     uint64_t out_frames);

/**
 * struct ced1401_when - when to begin, and whom to tell
 * @start: CED1401L_NOW or CED1401L_ON_TRIGGER
 * @trigger_ms: CED1401L_ON_TRIGGER: how long to wait for it; 0: for ever
 * @progress: NULL or called now and then
 * @user: for @progress
 * @reserved: 0
 */
struct ced1401_when {
	int start;
	int trigger_ms;
	ced1401_progress *progress;
	void *user;
	uint64_t reserved[4];
};

/**
 * ced1401_capture - sample a number of frames, and wait for the end
 * @device: the session
 * @in: what; the fields marked out are set, also on failure
 * @when: NULL: at once
 *
 * What the 1401's memory holds is sampled there and then fetched; what is longer
 * comes as a stream meanwhile.
 *
 * Return: 0, CED1401L_E_MISSED (the rate is too high), CED1401L_E_LOST (frames were lost on
 * the way: in the ring, and then it ends at the first loss; or in the 1401, which tells at
 * the end how many, but not where), -ERANGE (rate), CED1401L_E_1401_FULL, -ETIMEDOUT (no
 * trigger, or it stands still), -ECANCELED, or as ced1401_command(). After -ECANCELED what
 * was sampled by then is there.
 */
int ced1401_capture(ced1401_device *device, struct ced1401_signal *in,
		    const struct ced1401_when *when);

/**
 * ced1401_play - play a number of frames, and wait for the end
 * @device: the session
 * @out: what; the fields marked out are set, also on failure
 * @when: NULL: at once
 *
 * The DACs hold the last frame afterwards. Return: as ced1401_capture();
 * CED1401L_E_LOST: the DACs waited for data. By
 * CED1401L_REQUEST a little more than @out->frames may be played: the last frame again, to
 * fill a block.
 */
int ced1401_play(ced1401_device *device, struct ced1401_signal *out,
		 const struct ced1401_when *when);

/**
 * ced1401_capture_play - sample and play, begun by the same event
 * @device: the session
 * @in: what to sample
 * @out: what to play
 * @when: NULL: at once, which here means: both clocks wait for the trigger, then are
 *	started by one command
 *
 * With equal rates sample k is taken when value k is put out. Ends when both have.
 * Return: as ced1401_capture() and ced1401_play().
 */
int ced1401_capture_play(ced1401_device *device, struct ced1401_signal *in,
			 struct ced1401_signal *out,
			 const struct ced1401_when *when);

/**
 * struct ced1401_level - a level to wait for
 * @channel: ADC input, 0 to 31
 * @level: sample value to cross
 * @falling: 0: from below @level to @level or above; else from above it to it or below
 * @rate: frames a second to look at, 0: 10 kHz
 * @timeout_ms: how long to wait; 0: for ever
 * @progress: NULL or called now and then, as in struct ced1401_when
 * @user: for @progress
 * @reserved: 0
 */
struct ced1401_level {
	unsigned int channel;
	int16_t level;
	int falling;
	double rate;
	int timeout_ms;
	ced1401_progress *progress;
	void *user;
	uint64_t reserved[4];
};

/**
 * ced1401_wait_level - sample until a channel crosses a level
 * @device: the session
 * @level: which, and how long to wait
 *
 * To start something after it: what follows comes a few ms later. Who must not miss the
 * moment itself reads a stream and looks for it there. Return: 0, -ETIMEDOUT,
 * -ECANCELED, or as ced1401_capture().
 */
int ced1401_wait_level(ced1401_device *device, const struct ced1401_level *level);

/* -------------------------------------------------------------- streams */

/* A stream of frames without end, to the host or to the DACs. */
typedef struct ced1401_stream ced1401_stream;

/**
 * struct ced1401_stream_config - what to stream
 * @channels:	ADC inputs (0 to 31) or DACs (0 to 7)
 * @n_channels:	how many, 1 to 32 or 1 to 8
 * @flags:	0; with CED1401L_MEMORY: CED1401L_IN_TURN
 * @rate:	wanted, frames a second
 * @start:	CED1401L_NOW or CED1401L_ON_TRIGGER
 * @method:	CED1401L_AUTO: FIFO, else REQUEST, else MEMORY. Beside another
 *		stream, which may be opened until ced1401_stream_start(), not FIFO, and to
 *		the DACs not with less than 32 KiB filled.
 *		FIFO: does not wait for the host, which loses what it is too late for.
 *		REQUEST: between the 1401 and the ring nothing is lost; the 1401 counts
 *		what it had no room for. While it waits for the program it does not reply:
 *		see CED1401L_E_WAITS.
 *		MEMORY: for a 1401 without those: round and round in its own memory;
 *		to the host only
 * @ring_frames: size of the ring; 0: about a second's, 64 KiB to 1 MiB. Rounded
 *		down to what can be had: see ced1401_stream_info.ring_frames
 * @wake_frames: the stream is ready when so many frames wait (to the DACs: have room);
 *		0: an eighth of the ring, or 50 ms if that is less. MEMORY: from the start on
 *		at most a quarter of what it goes round in: see ced1401_stream_info
 * @reserved:	0
 */
struct ced1401_stream_config {
	const unsigned int *channels;
	unsigned int n_channels;
	unsigned int flags;
	double rate;
	int start;
	int method;
	uint64_t ring_frames;
	uint64_t wake_frames;
	uint64_t reserved[4];
};

/**
 * struct ced1401_piece - a part of a stream's ring, lent by ced1401_stream_acquire()
 * @samples:	in the ring itself: @frames frames, one behind the other
 * @frames:	how many
 * @position:	which frame of the stream the first one is; the stream's first is 0, and
 *		lost ones count
 * @lost:	frames that were lost directly before @position; to the DACs: that were not
 *		filled in time
 * @time_frames: frames that had been sampled (to the DACs: taken from the ring) ...
 * @time_ns:	... at this moment, CLOCK_MONOTONIC
 */
struct ced1401_piece {
	int16_t *samples;
	size_t frames;
	uint64_t position;
	uint64_t lost;
	uint64_t time_frames;
	uint64_t time_ns;
};

/* ced1401_stream_info.state */
#define CED1401L_STREAM_READY	0	/* not started */
#define CED1401L_STREAM_RUNS	1	/* started; it may wait for the trigger */
#define CED1401L_STREAM_ENDING	2	/* stopped: what is on its way still comes */
#define CED1401L_STREAM_ENDED	3	/* no more comes; error tells how it ended */

/**
 * struct ced1401_stream_info - how a stream stands
 * @state:	CED1401L_STREAM_*
 * @error:	0 or how it ended
 * @method:	CED1401L_FIFO, CED1401L_REQUEST or CED1401L_MEMORY
 * @to_1401:	0 or 1: to the DACs
 * @n_channels:	samples of a frame
 * @clock:	what the 1401 was asked for
 * @true_rate:	frames a second
 * @ring_frames: the ring's size
 * @wake_frames: what the stream's descriptor waits for
 * @moved:	frames that came into the ring, or were taken from it, ...
 * @time_ns:	... by this moment, CLOCK_MONOTONIC
 * @released:	frames that the program has given back, lost ones included
 * @lost:	to the host: frames that the ring lost, in all; to the DACs: frames that
 *		were played again because the program was late (FIFO)
 * @lost_1401:	frames that the 1401 could not keep or had no data for, in all, as it
 *		last told: ced1401_stream_ask(), and at the end. They are missing somewhere
 *		before @moved, and not in the positions
 * @reserved:	0
 */
struct ced1401_stream_info {
	int state;
	int error;
	int method;
	int to_1401;
	unsigned int n_channels;
	struct ced1401_clock clock;
	double true_rate;
	uint64_t ring_frames;
	uint64_t wake_frames;
	uint64_t moved;
	uint64_t time_ns;
	uint64_t released;
	uint64_t lost;
	uint64_t lost_1401;
	uint64_t reserved[4];
};

/**
 * ced1401_stream_in - prepare to sample without end
 * @device: the session
 * @config: what; not needed afterwards
 * @stream: where the handle goes; ced1401_stream_close() frees it
 *
 * Makes the ring and claims the 1401; ced1401_stream_start() begins. Return: 0, -ERANGE
 * (rate), -EINVAL, CED1401L_1401(255) (it has not the commands of @config->method),
 * -ENOMEM, -EDQUOT (ring), or as ced1401_command().
 */
int ced1401_stream_in(ced1401_device *device,
		      const struct ced1401_stream_config *config,
		      ced1401_stream **stream);

/**
 * ced1401_stream_out - prepare to play without end
 * @device: the session
 * @config: what; not needed afterwards
 * @stream: where the handle goes; ced1401_stream_close() frees it
 *
 * The ring should be filled (ced1401_stream_acquire(), ced1401_stream_release())
 * before ced1401_stream_start(). Return: as ced1401_stream_in().
 */
int ced1401_stream_out(ced1401_device *device,
		       const struct ced1401_stream_config *config,
		       ced1401_stream **stream);

/**
 * ced1401_stream_start - begin, or wait for the trigger
 * @stream: the stream, once
 *
 * A ring to the DACs is from now on as long as what was filled: fill it whole. By REQUEST,
 * with the trigger, the 1401 has its first block when this returns. Return: 0, -EALREADY;
 * -EINVAL (nothing was filled; FIFO: less than 32 KiB, for the card takes half of that at
 * once), CED1401L_E_FIFO, or as ced1401_has_command(): the stream is as it was, and can be
 * started again; CED1401L_1401(4) (something that runs has the ADC or DACs), or as
 * ced1401_command(): the stream has ended. ced1401_stream_get_info() tells which.
 */
int ced1401_stream_start(ced1401_stream *stream);

/**
 * ced1401_stream_acquire - borrow the oldest frames of the ring, or its oldest room
 * @stream: the stream
 * @piece: set if the result is more than 0
 * @max: frames at the most; 0: as many as lie in one piece
 * @timeout_ms: how long to wait until wake_frames (or @max, if that is less) frames are
 *	there; then it takes what there is
 *
 * Nothing is copied, and while enough is there neither this nor ced1401_stream_release()
 * makes a system call (by request, and by FIFO with a ring of twice its 16 KiB or more).
 * The frames are the caller's until ced1401_stream_release(); calling this again before that
 * lends the same ones, and maybe more. To the host a FIFO stream does not wait: it may
 * overwrite what is lent for longer than the ring lasts, and ced1401_stream_release() tells.
 * One thread at a time should acquire and release.
 *
 * Return: frames lent; 0: the stream has ended and all has been released; -EAGAIN
 * (time-out 0, or the stream is not started: then it does not wait, to the host for frames,
 * to the DACs when all is filled) or -ETIMEDOUT: nothing there; -EINTR; -ENODEV, -ESHUTDOWN
 * and others: how the stream failed, when all that came before has been released.
 */
int ced1401_stream_acquire(ced1401_stream *stream, struct ced1401_piece *piece,
			   size_t max, int timeout_ms);

/**
 * ced1401_stream_release - give frames back: they are read, or filled
 * @stream: the stream
 * @frames: of those that were lent last, from the first on; 0 to all
 *
 * Return: 0; more than 0: so many of these frames, the oldest, were overwritten before
 * they were given back (to the DACs: played before they were filled); they count as
 * lost. -EINVAL: more than were lent.
 */
int ced1401_stream_release(ced1401_stream *stream, size_t frames);

/**
 * ced1401_stream_read - copy frames out of a stream
 * @stream: to the host
 * @samples: room for @frames frames
 * @frames: how many
 * @timeout_ms: how long to wait for all of them
 * @piece: if not NULL: position, lost and time of the first of them; fewer than @frames
 *	are copied rather than going on behind a loss
 *
 * Whatever is overwritten while it is copied is counted as lost and not given. Return:
 * frames copied, fewer than @frames only after the time-out, before a loss, or at the
 * end; else as ced1401_stream_acquire().
 */
int ced1401_stream_read(ced1401_stream *stream, int16_t *samples, size_t frames,
			int timeout_ms, struct ced1401_piece *piece);

/**
 * ced1401_stream_write - copy frames into a stream
 * @stream: to the DACs
 * @samples: @frames frames
 * @frames: how many
 * @timeout_ms: how long to wait for room for all of them; before the stream is started
 *	there is no more than its ring
 *
 * Return: frames taken, or as ced1401_stream_acquire().
 */
int ced1401_stream_write(ced1401_stream *stream, const int16_t *samples,
			 size_t frames, int timeout_ms);

/**
 * ced1401_stream_stop - let it come to its end
 * @stream: the stream
 *
 * To the host: no more is sampled; what has been can still be acquired, then comes 0. Of
 * REQUEST that is what came by then: what the 1401 has not sent, which can be 256 KiB, and
 * what is no whole block yet, is dropped and counted nowhere.
 * To the DACs: what the ring still holds is not played; the DACs hold their value. Who
 * wants it played calls ced1401_stream_drain(). Return: 0, also if it has ended already,
 * or ends with an error that ced1401_stream_acquire() tells; or as ced1401_command().
 */
int ced1401_stream_stop(ced1401_stream *stream);

/**
 * ced1401_stream_drain - to the DACs: play all that was released, then stop
 * @stream: the stream
 * @timeout_ms: how long; it can be called again
 *
 * The DACs hold the last frame. Return: 0 when all was played, -ETIMEDOUT, -EAGAIN,
 * -EINTR, -EINVAL (to the host), or as ced1401_stream_acquire().
 */
int ced1401_stream_drain(ced1401_stream *stream, int timeout_ms);

/**
 * ced1401_stream_get_info - how it stands; asks the driver, not the 1401
 * @stream: the stream
 * @info: filled
 *
 * Return: 0.
 */
int ced1401_stream_get_info(ced1401_stream *stream,
			    struct ced1401_stream_info *info);

/**
 * ced1401_stream_ask - ask the 1401 how many frames it lost since the start
 * @stream: the stream, running
 *
 * Takes a command and its reply, so not for every piece. ced1401_stream_get_info() tells
 * it, too. By MEMORY the 1401 knows only whether it missed any: then the stream has ended.
 * Return: 0, CED1401L_E_MISSED (MEMORY), or as ced1401_command().
 */
int ced1401_stream_ask(ced1401_stream *stream);

/**
 * ced1401_stream_close - stop it at once and free it
 * @stream: the stream; NULL does nothing
 *
 * Its ring and all that was lent of it are gone. A callback of the stream that another
 * thread runs, in ced1401_process(), comes to its end first: hold no lock that it takes.
 */
void ced1401_stream_close(ced1401_stream *stream);

/* ----------------------------------------------------------- event loops */

/**
 * ced1401_stream_fd - a descriptor that is readable when a stream is ready
 * @stream: the stream
 *
 * For poll(POLLIN), epoll, libuv, GLib, asyncio: it is readable (level-triggered) when
 * ced1401_stream_acquire() with the time-out 0 would lend something that is worth it
 * (wake_frames), or has an end or an error to tell. Before ced1401_stream_start() it is
 * not, though to the DACs there is room: fill the ring first. Not to be read, closed or
 * written; good until ced1401_stream_close().
 *
 * Return: the descriptor.
 */
int ced1401_stream_fd(ced1401_stream *stream);

/**
 * ced1401_stream_callback - what ced1401_process() calls for a stream
 * @user: of ced1401_stream_set_callback()
 * @stream: the stream; it may be stopped here, and closed where @piece is NULL
 * @piece: frames to read, or room to fill; NULL at the stream's end
 * @error: 0, or how the stream ended if @piece is NULL
 *
 * Return: frames read or filled, 0 to @piece->frames: as with
 * ced1401_stream_release(). Negative: stop the stream. More than @piece->frames: nothing is
 * released, and ced1401_process() returns -EINVAL.
 */
typedef int ced1401_stream_callback(void *user, ced1401_stream *stream,
				    const struct ced1401_piece *piece,
				    int error);

/**
 * ced1401_stream_set_callback - have ced1401_process() serve a stream
 * @stream: the stream
 * @callback: NULL: none any more. What was set before is not called again, also if only
 *	@user is another; in another thread it may still run
 * @user: for @callback
 *
 * Return: 0.
 */
int ced1401_stream_set_callback(ced1401_stream *stream,
				ced1401_stream_callback *callback, void *user);

/* What ced1401_event_callback is told, one or more */
#define CED1401L_EVENT_OFFLINE	0x1u	/* the 1401 was switched off or unplugged */
#define CED1401L_EVENT_RESET	0x2u	/* it is back, or the PC woke: it was reset */
#define CED1401L_EVENT_GONE	0x4u	/* the card is gone: nothing works any more */
#define CED1401L_EVENT_REFUSED	0x8u	/* it asked for a block that no area holds */

/**
 * ced1401_event_callback - the 1401 itself has news
 * @user: of ced1401_set_event_callback()
 * @device: the session; it must not be closed here
 * @events: CED1401L_EVENT_*
 */
typedef void ced1401_event_callback(void *user, ced1401_device *device,
				    unsigned int events);

/**
 * ced1401_set_event_callback - whom ced1401_process() tells about the 1401
 * @device: the session
 * @callback: NULL: nobody any more; in another thread it may still run
 * @user: for @callback
 */
void ced1401_set_event_callback(ced1401_device *device,
				ced1401_event_callback *callback, void *user);

/**
 * ced1401_event_fd - a descriptor that is readable when ced1401_process() has work
 * @device: the session
 *
 * As ced1401_stream_fd(), for all streams that have a callback and for the events of the
 * 1401. Good until ced1401_close().
 *
 * Return: the descriptor.
 */
int ced1401_event_fd(ced1401_device *device);

/**
 * ced1401_process - call the callbacks for what there is
 * @device: the session
 * @timeout_ms: how long to wait for something
 *
 * The callbacks run in the calling thread. Several threads may do this: a stream is served
 * by one of them at a time. Return: how many were called; 0 after the time-out, or if another
 * thread serves what there is; -EINTR; -EINVAL (a callback returned more than it was lent);
 * -ENODEV (the card is gone, after the callback was told).
 */
int ced1401_process(ced1401_device *device, int timeout_ms);

/**
 * ced1401_fd - the device's own descriptor
 * @device: the session
 *
 * poll(2): POLLIN: characters for ced1401_read_line() wait; POLLHUP: the card is gone. Of
 * lines that the library has got already, behind the one that it gave, POLLIN says nothing:
 * call ced1401_read_line() with the time-out 0 until it gives -EAGAIN, and poll then.
 * With the driver's header (linux/ced1401.h) also for ioctls that the library lacks. It
 * is O_NONBLOCK and must not be closed.
 *
 * Return: the descriptor.
 */
int ced1401_fd(ced1401_device *device);

/* ---------------------------------------------------------------- units */

/**
 * ced1401_to_volts - what a sample is in volts
 * @sample: the sample
 * @full_scale: volts of 32768: 5, or 10
 *
 * Return: volts, -@full_scale to just below @full_scale.
 */
double ced1401_to_volts(int16_t sample, double full_scale);

/**
 * ced1401_from_volts - the sample that is nearest to a voltage
 * @volts: -@full_scale to @full_scale; that itself gives 32767
 * @full_scale: volts of 32768: 5, or 10
 * @sample: set
 *
 * Return: 0; -ERANGE: beyond full scale, or no number; @sample is then the nearest there
 * is.
 */
int ced1401_from_volts(double volts, double full_scale, int16_t *sample);

/**
 * struct ced1401_channel - what a channel measures, or drives
 * @name:	"EMG left"; UTF-8
 * @unit:	"mV"; UTF-8
 * @scale:	units for each volt; 0 counts as 1
 * @offset:	units at 0 V
 * @full_scale:	volts of 32768; 0 counts as 5
 * @reserved:	0
 *
 * A value in units is volts * @scale + @offset.
 */
struct ced1401_channel {
	char name[64];
	char unit[32];
	double scale;
	double offset;
	double full_scale;
	uint64_t reserved[2];
};

/**
 * ced1401_to_units - a sample in a channel's units
 * @channel: the channel; NULL: volts of 5 V full scale
 * @sample: the sample
 *
 * Return: units.
 */
double ced1401_to_units(const struct ced1401_channel *channel, int16_t sample);

/**
 * ced1401_from_units - the sample that is nearest to a value in a channel's units
 * @channel: the channel; NULL: volts of 5 V full scale
 * @value: units
 * @sample: set
 *
 * Return: as ced1401_from_volts().
 */
int ced1401_from_units(const struct ced1401_channel *channel, double value,
		       int16_t *sample);

/**
 * ced1401_frames_to_units - the same for many frames
 * @channels: of @n_channels channels, in a frame's order; NULL: volts of 5 V full scale
 * @n_channels: samples of a frame
 * @samples: @frames frames
 * @frames: how many
 * @values: as many values, in the same order
 */
void ced1401_frames_to_units(const struct ced1401_channel *channels,
			     unsigned int n_channels, const int16_t *samples,
			     size_t frames, double *values);

#ifdef __cplusplus
}
#endif

#endif /* LIBCED1401_H */
