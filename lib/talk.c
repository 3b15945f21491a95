// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The conversation with the 1401: commands, replies, and its errors.
 *
 * Each command is followed by ERR, so that one which fails, and has no reply, is known
 * at once. What the first line that comes is, the reply or ERR's, cannot always be told
 * from the line: "5,7" may be both. Then the 1401 is asked for a command that it
 * cannot have, whose error (255) shows how many lines were before. No time-out is
 * needed to tell.
 *
 * When a reply did not come in time, or lines are there that nobody asked for, the
 * conversation is out of step; it is put in step again before the next command.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "internal.h"

#define SLICE_MS	100	/* to notice that the 1401 was reset meanwhile */
#define IDLE_MS		20	/* between calls of talk_idle */
#define QUIET_MS	500	/* without a line: what was asked for is not complete */
#define CR		'\r'

/* ---------------------------------------------------------- characters */

static unsigned int generation(const ced1401_device *dev)
{
	return __atomic_load_n(&dev->generation, __ATOMIC_ACQUIRE);
}

static uint64_t reply_deadline(const ced1401_device *dev, int more_ms)
{
	int ms = device_timeout(dev);

	if (ms < 0 || more_ms > INT_MAX - ms)
		return 0;
	return deadline_after(ms + more_ms);
}

/*
 * The 1401 was reset or given up: what it had said is void. Whether it heard what was said
 * last, and still replies to it, is not known: out_of_step stays as it is.
 */
static void forget_words(ced1401_device *dev)
{
	dev->spoken = generation(dev);
	dev->rx_n = 0;
	dev->known_n = 0;
}

/**
 * struct waiting - how to wait for a line
 * @deadline:	ns
 * @idle:	NULL or called while nothing comes
 * @user:	for @idle
 */
struct waiting {
	uint64_t deadline;
	talk_idle *idle;
	void *user;
};

/* Nothing has come for a while */
static void be_idle(ced1401_device *dev, const struct waiting *how)
{
	if (how->idle)
		how->idle(how->user);
	if (dev->serve && pthread_equal(dev->serve_by, pthread_self()))
		dev->serve(dev->serve_user);
}

/* Whether the 1401 is silent because a stream of ours waits for its program */
static bool stream_waits(ced1401_device *dev)
{
	const struct transfer *t;
	bool waits = false;

	device_look(dev);
	pthread_mutex_lock(&dev->lock);
	for (t = dev->transfers; t; t = t->next)
		waits |= t->status.state == CED1401_STATE_WAITING &&
			 t->status.flags & CED1401_CIRCULAR;
	pthread_mutex_unlock(&dev->lock);
	return waits;
}

/* Sleep until there is something, as @how says. Negative: there will be nothing */
static int await(ced1401_device *dev, short events, const struct waiting *how)
{
	int ret = device_await(dev, events, how->deadline,
			       how->idle || dev->serve ? IDLE_MS : SLICE_MS);

	if (!ret)
		be_idle(dev, how);
	return ret == -ETIMEDOUT && stream_waits(dev) ? CED1401L_E_WAITS : ret;
}

/* Take what characters there are: how many, or -EAGAIN */
static int take_chars(ced1401_device *dev)
{
	ssize_t n;

	if (dev->rx_n == sizeof(dev->rx))
		return -EBADMSG;
	do {
		n = read(dev->fd, dev->rx + dev->rx_n,
			 sizeof(dev->rx) - dev->rx_n);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	dev->rx_n += (size_t)n;
	return (int)n;
}

/*
 * Send it all. A 1401 whose replies nobody takes may take no characters: what comes
 * meanwhile is kept.
 */
static int send_all(ced1401_device *dev, const char *text,
		    const struct waiting *how)
{
	size_t n = strlen(text), sent = 0;
	int ret = 0;

	while (ret >= 0 && sent < n) {
		ssize_t wrote = write(dev->fd, text + sent, n - sent);

		if (wrote > 0)
			sent += (size_t)wrote;
		else if (wrote < 0 && errno == EAGAIN)
			ret = await(dev, POLLIN | POLLOUT, how);
		else if (wrote < 0 && errno != EINTR)
			ret = errno == EBUSY ? -ESHUTDOWN : result_of_errno();
		if (ret > 0 && take_chars(dev) == -EBADMSG)
			ret = -EBADMSG;
		if (ret >= 0 && generation(dev) != dev->spoken)
			ret = -ESHUTDOWN;
	}
	if (ret >= 0)
		return 0;
	if (sent)
		dev->out_of_step = true;
	return ret;
}

/* The first whole line of what has come, without its CR; -EAGAIN: there is none */
static int cut_line(ced1401_device *dev, char *line, size_t size)
{
	const char *end = memchr(dev->rx, CR, dev->rx_n);
	size_t n, i, length = 0;

	if (!end)
		return -EAGAIN;
	n = (size_t)(end - dev->rx);
	for (i = 0; i < n; i++) {
		if (dev->rx[i] == '\n')
			continue;
		if (length + 1 < size)
			line[length] = dev->rx[i];
		length++;
	}
	if (size)
		line[length < size ? length : size - 1] = '\0';
	dev->rx_n -= n + 1;
	memmove(dev->rx, end + 1, dev->rx_n);
	return (int)length;
}

static int hear(ced1401_device *dev, char *line, size_t size,
		const struct waiting *how)
{
	int ret;

	for (;;) {
		ret = cut_line(dev, line, size);
		if (ret != -EAGAIN)
			return ret;
		ret = take_chars(dev);
		if (ret > 0)
			continue;
		if (ret && ret != -EAGAIN)
			break;
		/* Not off, but reset: what was asked is forgotten, or was asked behind that */
		if (generation(dev) != dev->spoken) {
			ret = -ESHUTDOWN;
			break;
		}
		ret = await(dev, POLLIN, how);
		if (ret < 0)
			break;
	}
	dev->out_of_step = true;
	return ret;
}

/* A line that must be ERR's */
static int hear_error(ced1401_device *dev, long *error, long *detail,
		      const struct waiting *how)
{
	char line[LINE_MAX_1401];
	int ret = hear(dev, line, sizeof(line), how);

	if (ret < 0)
		return ret;
	if (parse_error(line, error, detail))
		return 0;
	dev->out_of_step = true;
	return -EBADMSG;
}

/* --------------------------------------------------------------- in step */

#define MARKS		16
#define ALL_MARKS	((1u << MARKS) - 1)
#define MARKS_TEXT	(MARKS * (sizeof(UNKNOWN_COMMAND ";ERR;") - 1) + 1)

/* Whether it could begin within itself, and so be seen too early */
static bool overlaps_itself(unsigned int pattern)
{
	unsigned int k;

	for (k = 1; k < MARKS; k++) {
		if (pattern >> k == (pattern & (ALL_MARKS >> k)))
			return true;
	}
	return false;
}

/*
 * A pattern of errors that nobody else would have asked for, long enough not to be found
 * by chance in the lines before it; with the commands that give it.
 */
static unsigned int make_marks(char text[MARKS_TEXT])
{
	unsigned int pattern, i;

	do {
		pattern = (unsigned int)(now_ns() * 0x9e3779b97f4a7c15 >> 40) & ALL_MARKS;
	} while (overlaps_itself(pattern));
	text[0] = '\0';
	for (i = MARKS; i--;)
		strcat(text, pattern >> i & 1 ? UNKNOWN_COMMAND ";ERR;" : "ERR;");
	return pattern;
}

/**
 * struct marks - looks for the pattern in lines
 * @pattern:	of make_marks()
 * @seen:	the last lines, in the same way
 * @n:		how many of them could belong to it
 */
struct marks {
	unsigned int pattern;
	unsigned int seen;
	unsigned int n;
};

/* A line: is it the last one of the pattern? */
static bool is_last_mark(struct marks *marks, const char *line)
{
	long error, detail;

	if (!parse_error(line, &error, &detail) ||
	    (error && error != ERROR_UNKNOWN)) {
		marks->n = 0;
		return false;
	}
	marks->seen = (marks->seen << 1 | (error == ERROR_UNKNOWN)) & ALL_MARKS;
	if (marks->n < MARKS)
		marks->n++;
	return marks->n == MARKS && marks->seen == marks->pattern;
}

static int send_marks(ced1401_device *dev, struct marks *marks,
		      const struct waiting *how)
{
	char text[sizeof(";ERR;") + MARKS_TEXT] = ";ERR;";

	memset(marks, 0, sizeof(*marks));
	marks->pattern = make_marks(text + strlen(text));
	return send_all(dev, text, how);
}

/*
 * Forget what is on its way: ask for a pattern, and read until it has come. An error that
 * something else makes meanwhile spoils it: it will not come, and another is asked for.
 */
static int get_in_step(ced1401_device *dev, const struct waiting *how)
{
	struct waiting soon = *how;
	char line[LINE_MAX_1401];
	unsigned int lines = 0;
	struct marks marks;
	int ret;

	dev->rx_n = 0;
	ret = send_marks(dev, &marks, how);
	while (!ret) {
		soon.deadline = deadline_after(QUIET_MS);
		if (how->deadline && how->deadline < soon.deadline)
			soon.deadline = how->deadline;
		ret = hear(dev, line, sizeof(line), &soon);
		if (ret >= 0) {
			lines++;
			ret = 0;
			if (is_last_mark(&marks, line)) {
				dev->out_of_step = false;
				return 0;
			}
		} else if ((ret == -ETIMEDOUT || ret == CED1401L_E_WAITS) &&
			   soon.deadline != how->deadline) {
			ret = lines ? send_marks(dev, &marks, how) : 0;
			lines = 0;
		}
	}
	dev->out_of_step = true;
	return ret;
}

/*
 * Begin to talk: have the lock and the 1401, in step. The lock is held in any case
 * when it returns.
 */
static int begin(ced1401_device *dev, const struct waiting *how, bool in_step)
{
	int ret;

	pthread_mutex_lock(&dev->talk);
	/* A reset that nobody has noticed yet is none amid what is said now */
	device_look(dev);
	if (generation(dev) != dev->spoken)
		forget_words(dev);
	ret = device_claim(dev, how->deadline);
	if (ret || !in_step)
		return ret;
	if (dev->rx_n || take_chars(dev) > 0)
		dev->out_of_step = true;
	return dev->out_of_step ? get_in_step(dev, how) : 0;
}

static void end(ced1401_device *dev)
{
	pthread_mutex_unlock(&dev->talk);
}

/* -------------------------------------------------------------- exchange */

/* Which of several commands it was is not known: all that was sent is told, on one line */
static void note_command(char about[COMMAND_MAX], const char *text)
{
	size_t n = strlen(text), i;

	while (n && strchr(";\r\n ", text[n - 1]))
		n--;
	for (i = 0; i < n; i++)
		about[i] = strchr("\r\n", text[i]) ? ';' : text[i];
	about[n] = '\0';
}

/* It is of a block that the library gave up as a stream ended, and of no command */
static bool is_of_stream(ced1401_device *dev, long error)
{
	bool of_stream;

	pthread_mutex_lock(&dev->lock);
	of_stream = error == ERROR_GIVEN_UP && dev->gave_up;
	if (of_stream)
		dev->gave_up = false;
	pthread_mutex_unlock(&dev->lock);
	return of_stream;
}

static int own_error(ced1401_device *dev, const char *text, long error, long detail)
{
	if (!error || is_of_stream(dev, error))
		return 0;
	pthread_mutex_lock(&dev->lock);
	dev->error = (int)error;
	dev->detail = detail;
	note_command(dev->about, text);
	pthread_mutex_unlock(&dev->lock);
	return CED1401L_1401((int)error);
}

/* The line that has come is a reply, or ERR's: @is_reply tells */
static int tell_apart(ced1401_device *dev, bool *is_reply, long *error,
		      long *detail, const struct waiting *how)
{
	long mark, mark_detail;
	int ret = send_all(dev, UNKNOWN_COMMAND ";ERR;", how);

	if (!ret)
		ret = hear_error(dev, &mark, &mark_detail, how);
	*is_reply = !ret && mark != ERROR_UNKNOWN;
	if (ret || !*is_reply)
		return ret;
	/* That was ERR's of the command, and the mark's is still to come */
	*error = mark;
	*detail = mark_detail;
	return hear_error(dev, &mark, &mark_detail, how);
}

static int hear_reply(ced1401_device *dev, const char *text, char *reply,
		      size_t size, const struct waiting *how)
{
	long error = 0, detail = 0;
	char line[LINE_MAX_1401];
	bool is_reply = true;
	int length, ret;

	length = hear(dev, line, sizeof(line), how);
	if (length < 0)
		return length;
	if (parse_error(line, &error, &detail) && error)
		ret = tell_apart(dev, &is_reply, &error, &detail, how);
	else
		ret = hear_error(dev, &error, &detail, how);
	if (!ret)
		ret = own_error(dev, text, error, detail);
	if (ret)
		return ret;
	if (size)
		snprintf(reply, size, "%s", line);
	return length;
}

/**
 * struct tail - the lines that came last: ERR's of the command, and the pattern's
 * @n:		lines that came in all
 * @begin:	the length of the lines before each of the last
 * @error:	its first number, as ERR's; -1: it cannot be ERR's
 * @detail:	its second number
 */
struct tail {
	uint64_t n;
	size_t begin[MARKS + 1];
	long error[MARKS + 1];
	long detail[MARKS + 1];
};

/* Lines behind each other, until the pattern has come: ERR's line is in @tail */
static int hear_lines(ced1401_device *dev, struct marks *marks, struct tail *tail,
		      char *lines, size_t size, struct waiting *how)
{
	char line[LINE_MAX_1401];
	size_t length = 0;
	bool last = false;

	while (!last) {
		unsigned int at = (unsigned int)(tail->n++ % (MARKS + 1));
		int ret;

		how->deadline = reply_deadline(dev, 0);
		ret = hear(dev, line, sizeof(line), how);
		if (ret < 0)
			return ret;
		last = is_last_mark(marks, line);
		tail->begin[at] = length;
		if (!parse_error(line, &tail->error[at], &tail->detail[at]))
			tail->error[at] = -1;
		if (length < size)
			snprintf(lines + length, size - length, "%s\n", line);
		length += strlen(line) + 1;
	}
	/* The oldest of them; without it the pattern's first line would be it */
	if (tail->n <= MARKS || tail->error[tail->n % (MARKS + 1)] < 0) {
		dev->out_of_step = true;
		return -EBADMSG;
	}
	return 0;
}

static int hear_reply_lines(ced1401_device *dev, const char *text,
			    struct marks *marks, char *lines, size_t size,
			    struct waiting *how)
{
	struct tail tail = { .n = 0 };
	size_t length;
	int ret = hear_lines(dev, marks, &tail, lines, size, how);
	unsigned int at = (unsigned int)(tail.n % (MARKS + 1));

	if (ret)
		length = 0;
	else
		length = tail.begin[at];
	if (length < size)
		lines[length] = '\0';
	if (ret)
		return ret;
	ret = own_error(dev, text, tail.error[at], tail.detail[at]);
	return ret ? ret : length < INT_MAX ? (int)length : INT_MAX;
}

static int hear_none(ced1401_device *dev, const char *text,
		     const struct waiting *how)
{
	long error = 0, detail = 0;
	int ret = hear_error(dev, &error, &detail, how);

	return ret ? ret : own_error(dev, text, error, detail);
}

int talk_exchange(ced1401_device *dev, const char *text, char *reply, size_t size,
		  int more_ms, talk_idle *idle, void *user)
{
	struct waiting how = { .idle = idle, .user = user };
	char both[COMMAND_MAX + 8];
	int ret;

	how.deadline = reply_deadline(dev, more_ms);
	snprintf(both, sizeof(both), "%sERR;", text);
	ret = begin(dev, &how, true);
	if (!ret)
		ret = send_all(dev, both, &how);
	if (!ret && reply)
		ret = hear_reply(dev, text, reply, size, &how);
	else if (!ret)
		ret = hear_none(dev, text, &how);
	end(dev);
	return ret;
}

int talk_set_serve(ced1401_device *dev, talk_idle *serve, void *user)
{
	int ret = 0;

	pthread_mutex_lock(&dev->talk);
	if (serve && dev->serve) {
		ret = -EALREADY;
	} else {
		dev->serve = serve;
		dev->serve_user = user;
		dev->serve_by = pthread_self();
	}
	pthread_mutex_unlock(&dev->talk);
	return ret;
}

/* A command as the 1401 takes it; -EMSGSIZE */
static int format_command(char text[COMMAND_MAX], const char *format, va_list args)
{
	int n = vsnprintf(text, COMMAND_MAX, format, args);

	if (n < 0)
		return -EINVAL;
	/* With its ';' or without, for which there is a place */
	if (n > COMMAND_MAX - 2)
		return -EMSGSIZE;
	if (!n || !strchr(";\r", text[n - 1]))
		strcpy(text + n, ";");
	return 0;
}

/* ---------------------------------------------------------- public calls */

int ced1401_vcommand(ced1401_device *device, const char *format, va_list args)
{
	char text[COMMAND_MAX];
	int ret = format_command(text, format, args);

	return ret ? ret : talk_exchange(device, text, NULL, 0, 0, NULL, NULL);
}

int ced1401_command(ced1401_device *device, const char *format, ...)
{
	va_list args;
	int ret;

	va_start(args, format);
	ret = ced1401_vcommand(device, format, args);
	va_end(args);
	return ret;
}

int ced1401_vquery_line(ced1401_device *device, char *line, size_t size,
			const char *format, va_list args)
{
	char text[COMMAND_MAX];
	int ret = format_command(text, format, args);

	return ret ? ret : talk_exchange(device, text, line ? line : text,
					 line ? size : 0, 0, NULL, NULL);
}

int ced1401_query_line(ced1401_device *device, char *line, size_t size,
		       const char *format, ...)
{
	va_list args;
	int ret;

	va_start(args, format);
	ret = ced1401_vquery_line(device, line, size, format, args);
	va_end(args);
	return ret;
}

int ced1401_vquery_lines(ced1401_device *device, char *lines, size_t size,
			 const char *format, va_list args)
{
	struct waiting how = { .deadline = reply_deadline(device, 0) };
	char text[COMMAND_MAX], all[COMMAND_MAX + 4 + MARKS_TEXT];
	struct marks marks = { 0 };
	int ret;

	if (size)
		lines[0] = '\0';
	ret = format_command(text, format, args);
	if (ret)
		return ret;
	marks.pattern = make_marks(all + sprintf(all, "%sERR;", text));
	ret = begin(device, &how, true);
	if (!ret)
		ret = send_all(device, all, &how);
	if (!ret)
		ret = hear_reply_lines(device, text, &marks, lines, size, &how);
	end(device);
	return ret;
}

int ced1401_query_lines(ced1401_device *device, char *lines, size_t size,
			const char *format, ...)
{
	va_list args;
	int ret;

	va_start(args, format);
	ret = ced1401_vquery_lines(device, lines, size, format, args);
	va_end(args);
	return ret;
}

int ced1401_vquery(ced1401_device *device, long *values, unsigned int max,
		   const char *format, va_list args)
{
	char line[LINE_MAX_1401];
	int ret = ced1401_vquery_line(device, line, sizeof(line), format, args);

	return ret < 0 ? ret : parse_numbers(line, values, max);
}

int ced1401_query(ced1401_device *device, long *values, unsigned int max,
		  const char *format, ...)
{
	va_list args;
	int ret;

	va_start(args, format);
	ret = ced1401_vquery(device, values, max, format, args);
	va_end(args);
	return ret;
}

int talk_ask(ced1401_device *dev, long *values, unsigned int max,
	     const char *format, ...)
{
	va_list args;
	int ret;

	va_start(args, format);
	ret = ced1401_vquery(dev, values, max, format, args);
	va_end(args);
	return ret < 0 ? ret : (unsigned int)ret < max ? -EBADMSG : 0;
}

int ced1401_vsend(ced1401_device *device, const char *format, va_list args)
{
	char text[COMMAND_MAX];
	const struct waiting how = { .deadline = reply_deadline(device, 0) };
	int ret = format_command(text, format, args);

	if (ret)
		return ret;
	ret = begin(device, &how, false);
	if (!ret)
		ret = send_all(device, text, &how);
	/* Whatever comes of it: it is none of the next command's */
	device->out_of_step = true;
	end(device);
	return ret;
}

int ced1401_send(ced1401_device *device, const char *format, ...)
{
	va_list args;
	int ret;

	va_start(args, format);
	ret = ced1401_vsend(device, format, args);
	va_end(args);
	return ret;
}

int ced1401_read_line(ced1401_device *device, char *line, size_t size,
		      int timeout_ms)
{
	const struct waiting how = { .deadline = deadline_after(timeout_ms) };
	bool in_step;
	int ret;

	pthread_mutex_lock(&device->talk);
	if (generation(device) != device->spoken)
		forget_words(device);
	/* Patience that has run out here is the caller's affair */
	in_step = !device->out_of_step;
	ret = hear(device, line, size, &how);
	if (ret == -ETIMEDOUT || ret == CED1401L_E_WAITS) {
		device->out_of_step = !in_step;
		if (!timeout_ms)
			ret = -EAGAIN;
	}
	pthread_mutex_unlock(&device->talk);
	return ret;
}

int ced1401_sync(ced1401_device *device)
{
	const struct waiting how = { .deadline = reply_deadline(device, 0) };
	int ret = begin(device, &how, false);

	if (!ret)
		ret = get_in_step(device, &how);
	end(device);
	return ret;
}

int ced1401_error_text(ced1401_device *device, char *text, size_t size,
		       long *detail)
{
	int error;

	pthread_mutex_lock(&device->lock);
	error = device->error;
	if (detail)
		*detail = device->detail;
	if (size && error)
		snprintf(text, size, "%s, in \"%s\" (ERR: %d,%ld)",
			 ced1401_strerror(CED1401L_1401(error)), device->about,
			 error, device->detail);
	else if (size)
		text[0] = '\0';
	pthread_mutex_unlock(&device->lock);
	return error;
}
