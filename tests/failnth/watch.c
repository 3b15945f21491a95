// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tests/failnth: watch SITES LOG MODULE, until SIGTERM. Reads the kernel's log as it
 * comes. Of each failure that was injected it notes where in the module it was: the
 * innermost frame of the stack that lies there. All else goes to LOG.
 *
 * SITES gets lines "COUNT KIND FUNCTION+OFFSET/SIZE", and with "-" for a place those
 * that were not in the module. What the kernel's own instruments (kmemleak, KASAN,
 * debugobjects, gcov) asked for, below the module or not, is no failure of the module's:
 * these stand as "instrument".
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SITES	500

struct site {
	char kind[20];
	char place[100];
	unsigned long count;
};

static struct site sites[SITES];
static volatile sig_atomic_t ended;

/* The stack that is being told */
static struct {
	bool on;
	bool instrument;
	char kind[20];
	char place[100];
} stack;

static void on_term(int signal_number)
{
	(void)signal_number;
	ended = 1;
}

static void count(const char *kind, const char *place)
{
	struct site *site;

	for (site = sites; site < sites + SITES - 1 && site->count; site++)
		if (!strcmp(site->kind, kind) && !strcmp(site->place, place))
			break;
	snprintf(site->kind, sizeof(site->kind), "%s", kind);
	snprintf(site->place, sizeof(site->place), "%s", place);
	site->count++;
}

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

static bool is_instrument(const char *function)
{
	static const char * const names[] = {
		"kmemleak_", "create_object", "__create_object", "kasan_", "__kasan_",
		"stack_depot_", "__stack_depot_", "debug_object_", "__debug_object_",
		"fill_pool", "debug_dma_", "dma_entry_alloc", "gcov_", "__gcov_",
	};
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (begins(function, names[i]))
			return true;
	return false;
}

/* " function+0x12/0x345 [module]"; a "?" before it: not sure, and not taken */
static void frame(const char *text, const char *module)
{
	const char *bracket = strstr(text, " [");

	while (*text == ' ')
		text++;
	if (*text == '?' || *stack.place)
		return;
	if (is_instrument(text))
		stack.instrument = true;
	if (bracket && begins(bracket + 2, module))
		snprintf(stack.place, sizeof(stack.place), "%.*s",
			 (int)(bracket - text), text);
}

static void stack_begins(const char *text)
{
	const char *name = strstr(text, "name ");

	memset(&stack, 0, sizeof(stack));
	stack.on = true;
	if (name)
		sscanf(name, "name %19[a-z_]", stack.kind);
}

static void stack_ends(void)
{
	stack.on = false;
	if (stack.instrument)
		count("instrument", "-");
	else
		count(stack.kind, *stack.place ? stack.place : "-");
}

/* What dump_stack() prints besides frames */
static bool is_of_stack(const char *text)
{
	static const char * const heads[] = {
		" ", "CPU: ", "Hardware name: ", "Call Trace:", "Tainted: ", "RIP: ",
		"RSP: ", "RAX: ", "RDX: ", "RBP: ", "R10: ", "R13: ", "Code: ",
	};
	unsigned int i;

	for (i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		if (begins(text, heads[i]))
			return true;
	return false;
}

static void take(char *record, const char *module, FILE *log)
{
	char *text = strchr(record, ';');
	char *end = text ? strchr(text, '\n') : NULL;

	if (!end)
		return;
	*end = 0;
	text++;
	if (begins(text, "FAULT_INJECTION: "))
		stack_begins(text);
	else if (!stack.on || !is_of_stack(text))
		fprintf(log, "%s\n", text);
	else if (!strcmp(text, " </TASK>"))
		stack_ends();
	else
		frame(text, module);
}

int main(int argc, char *argv[])
{
	struct sigaction action = { .sa_handler = on_term };
	struct pollfd kmsg = { .events = POLLIN };
	char record[8192];
	bool more = true;
	unsigned int i;
	FILE *log, *file;
	ssize_t n;

	if (argc != 4)
		return 2;
	log = fopen(argv[2], "w");
	kmsg.fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	if (!log || kmsg.fd < 0 || lseek(kmsg.fd, 0, SEEK_END) < 0)
		return 2;
	sigaction(SIGTERM, &action, NULL);
	while (more) {
		n = read(kmsg.fd, record, sizeof(record) - 1);
		if (n > 0) {
			record[n] = 0;
			take(record, argv[3], log);
		} else if (errno == EPIPE) {
			fprintf(log, "watch: the log went too fast\n");
			stack.on = false;
		} else {
			/* All is read: the end, if it is the end */
			more = !ended;
			poll(&kmsg, 1, more ? 100 : 0);
		}
	}
	fclose(log);
	file = fopen(argv[1], "w");
	for (i = 0; file && i < SITES && sites[i].count; i++)
		fprintf(file, "%lu %s %s\n", sites[i].count, sites[i].kind,
			sites[i].place);
	return file && !fclose(file) ? 0 : 2;
}
