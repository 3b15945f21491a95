// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The fuzzer of the driver: makes programs of calls, runs them as an unprivileged
 * user, keeps those that come to new places in the module, and stops at the first
 * finding. See README.
 */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "execute.h"
#include "mutate.h"
#include "watch.h"

#define PROGRAM_MS	5000	/* a program that takes longer is killed */
#define HEALTH_EVERY	500	/* programs */
#define REPORT_MS	30000
#define RECENT		64	/* programs that are on disk when the guest dies */
#define RECENT_SIZE	8192	/* bytes that each has there */

/*
 * Features: what makes a program worth keeping. A place in the module, a step from
 * one to the next, a call with the error that it gave.
 */
#define ERRORS		128u
#define MAX_DESCS	64u
#define FEATURE_EDGE	MODULE_MAX
#define FEATURE_ERROR	(FEATURE_EDGE + EDGES)
#define FEATURES	(FEATURE_ERROR + MAX_DESCS * ERRORS)

struct entry {
	struct program program;
	bool kept;		/* of a file that is not written anew */
	uint32_t *feature;
	unsigned int n;
};

static struct {
	const char *found, *finding, *recent, *places, *complaints;
	unsigned int seconds, repeat;
	uint64_t seed;
} options = {
	.complaints = "tests/vm/complaints", .repeat = 1,
};

static struct run *run;
static struct entry **corpus;
static unsigned int n_corpus;
static uint8_t seen[FEATURES];		/* by the programs of the corpus */
static uint8_t flaky[FEATURES];		/* seen once, and not again */
static uint32_t fresh[FEATURES];	/* what the last program has that is new */
static unsigned int n_fresh;
static uint64_t programs, performed;	/* programs, calls that returned */
static FILE *recent;
static uint64_t begun;

/* ---- a finding ---- */

static void __attribute__((noreturn)) found(const struct program *program,
					    const char *what)
{
	FILE *to = options.finding ? fopen(options.finding, "we") : NULL;

	printf("finding after %" PRIu64 " programs: %s\n", programs, what);
	program_print(program, stdout);
	if (to) {
		fprintf(to, "# %s\n", what);
		program_print(program, to);
		fclose(to);
	}
	fflush(NULL);
	/* What is stuck in the kernel cannot be waited for: the guest ends */
	_exit(1);
}

/* ---- running a program ---- */

/* A guest that dies leaves its last programs there, in a ring */
static void note_recent(const struct program *program)
{
	char text[RECENT_SIZE];
	FILE *memory;
	long n;

	if (!recent)
		return;
	memset(text, 0, sizeof(text));
	memory = fmemopen(text, sizeof(text) - 1, "w");
	fprintf(memory, "# program %" PRIu64 "\n", programs);
	program_print(program, memory);
	fclose(memory);
	n = strlen(text);
	memset(text + n, '\n', sizeof(text) - n);
	fseek(recent, programs % RECENT * RECENT_SIZE, SEEK_SET);
	fwrite(text, 1, sizeof(text), recent);
	fflush(recent);
}

/* Its children too, which may hold descriptors and mappings longer than it */
static void reap_all(const struct program *program, pid_t group)
{
	uint64_t until = now_ms() + HANG_SECONDS * 1000;
	pid_t pid;

	for (;;) {
		kill(-group, SIGKILL);
		pid = waitpid(-1, NULL, WNOHANG);
		if (pid < 0)
			return;
		if (!pid && now_ms() > until)
			found(program, "a child does not die by SIGKILL");
		if (!pid)
			usleep(500);
	}
}

static void check(const struct program *program)
{
	const char *what = watch_log();

	if (!what && run->wrong[0])
		what = run->wrong;
	if (!what)
		what = watch_references();
	if (!what && programs % HEALTH_EVERY == 0)
		what = watch_health();
	if (what)
		found(program, what);
}

static void run_program(const struct program *program)
{
	unsigned int i;
	pid_t pid;

	programs++;
	note_recent(program);
	memset(run, 0, sizeof(*run));
	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		drop_rights();
		execute(program, run);
	}
	if (pid < 0) {
		perror("fork");
		exit(2);
	}
	setpgid(pid, pid);
	if (!ended(pid, PROGRAM_MS)) {
		kill(pid, SIGKILL);
		if (!ended(pid, HANG_SECONDS * 1000))
			found(program, "it does not die by SIGKILL");
	}
	reap_all(program, pid);
	for (i = 0; i < THREADS; i++)
		kcov_fold(i, &run->coverage);
	for (i = 0; i < program->n; i++)
		performed += run->done[i];
	check(program);
}

/* ---- what it has that is new ---- */

static bool has(const struct program *program, uint32_t feature)
{
	unsigned int i, desc, error;

	if (feature < FEATURE_EDGE)
		return run->coverage.place[feature];
	if (feature < FEATURE_ERROR)
		return run->coverage.edge[feature - FEATURE_EDGE];
	desc = (feature - FEATURE_ERROR) / ERRORS;
	error = (feature - FEATURE_ERROR) % ERRORS;
	for (i = 0; i < program->n; i++)
		if (run->done[i] && program->call[i].desc == &calls[desc] &&
		    run->error[i] % ERRORS == error)
			return true;
	return false;
}

/* Calls @f for each feature of the program that has just been run */
static void each_feature(const struct program *program, void (*f)(uint32_t))
{
	unsigned int i;

	for (i = 0; i < MODULE_MAX; i++)
		if (run->coverage.place[i])
			f(i);
	for (i = 0; i < EDGES; i++)
		if (run->coverage.edge[i])
			f(FEATURE_EDGE + i);
	for (i = 0; i < program->n; i++)
		if (run->done[i])
			f(FEATURE_ERROR + (program->call[i].desc - calls) * ERRORS +
			  run->error[i] % ERRORS);
}

static void take_fresh(uint32_t feature)
{
	if (!seen[feature] && !flaky[feature])
		fresh[n_fresh++] = feature;
}

/* Of what was new: how much the program that has just been run has, too */
static unsigned int still_has(const struct program *program)
{
	unsigned int i, n = 0;

	for (i = 0; i < n_fresh; i++)
		n += has(program, fresh[i]);
	return n;
}

/* What does not come again is chance, and not worth keeping */
static void drop_flaky(const struct program *program)
{
	unsigned int i, n = 0;

	for (i = 0; i < n_fresh; i++) {
		if (has(program, fresh[i]))
			fresh[n++] = fresh[i];
		else
			flaky[fresh[i]] = 1;
	}
	n_fresh = n;
}

/* ---- the corpus ---- */

static struct entry *filling;

static void enter_feature(uint32_t feature)
{
	seen[feature] = 1;
	filling->feature[filling->n++] = feature;
}

/* Keep the program that has just been run */
static void enter(const struct program *program, bool kept)
{
	static uint32_t room[FEATURES + MAX_CALLS];

	filling = calloc(1, sizeof(*filling));
	corpus = realloc(corpus, (n_corpus + 1) * sizeof(*corpus));
	filling->program = *program;
	filling->kept = kept;
	filling->feature = room;
	each_feature(program, enter_feature);
	filling->feature = malloc(filling->n * sizeof(*room));
	memcpy(filling->feature, room, filling->n * sizeof(*room));
	corpus[n_corpus++] = filling;
}

/* Leave out what is not needed to come to the same new places */
static void shorten(struct program *program)
{
	struct program shorter;
	unsigned int i;

	for (i = program->n; i-- > 0 && program->n > 1;) {
		shorter = *program;
		remove_call(&shorter, i);
		run_program(&shorter);
		if (still_has(&shorter) == n_fresh)
			*program = shorter;
	}
}

/* The program has just been run: is it worth keeping? */
static void consider(struct program *program)
{
	n_fresh = 0;
	each_feature(program, take_fresh);
	if (!n_fresh)
		return;
	run_program(program);
	drop_flaky(program);
	if (!n_fresh)
		return;
	/* Worth many runs only if it came to a new place: results come cheap */
	if (fresh[0] < FEATURE_EDGE) {
		shorten(program);
		run_program(program);
	}
	enter(program, false);
}

/* Places and errors must stay covered; steps between places are many and chancy */
static bool counts(uint32_t feature)
{
	return feature < FEATURE_EDGE || feature >= FEATURE_ERROR;
}

static unsigned int adds(const struct entry *entry, const uint8_t *covered)
{
	unsigned int i, n = 0;

	for (i = 0; i < entry->n; i++)
		n += counts(entry->feature[i]) && !covered[entry->feature[i]];
	return n;
}

static void cover(const struct entry *entry, uint8_t *covered)
{
	unsigned int i;

	for (i = 0; i < entry->n; i++)
		covered[entry->feature[i]] = 1;
}

/* Always the one that adds most, until none adds anything */
static void save(void)
{
	static uint8_t covered[FEATURES];
	struct entry *best;
	unsigned int i, n, most;
	char name[4096];
	FILE *to;

	/* Without coverage one would not know what to keep */
	if (!options.found || !kcov_is_open())
		return;
	snprintf(name, sizeof(name), "%s.new", options.found);
	to = fopen(name, "we");
	if (!to) {
		perror(name);
		return;
	}
	fprintf(to, "# Programs that the fuzzer found (tests/fuzz/run): together they come to\n"
		"# every place that it knows, beyond what the other files reach.\n\n");
	memset(covered, 0, sizeof(covered));
	for (i = 0; i < n_corpus; i++)
		if (corpus[i]->kept)
			cover(corpus[i], covered);
	do {
		best = NULL;
		most = 0;
		for (i = 0; i < n_corpus; i++) {
			n = corpus[i]->kept ? 0 : adds(corpus[i], covered);
			if (n > most) {
				most = n;
				best = corpus[i];
			}
		}
		if (best) {
			cover(best, covered);
			program_print(&best->program, to);
		}
	} while (best);
	if (fclose(to) || rename(name, options.found))
		perror(options.found);
}

static unsigned int count_seen(uint32_t from, uint32_t to)
{
	unsigned int n = 0;

	for (; from < to; from++)
		n += seen[from];
	return n;
}

static void report(void)
{
	double seconds = (now_ms() - begun) / 1000.0;

	printf("%.0f s: %" PRIu64 " programs (%.1f/s), %" PRIu64
	       " calls, corpus %u, %u places, %u steps, %u results\n", seconds,
	       programs, programs / (seconds + 0.001), performed, n_corpus,
	       count_seen(0, FEATURE_EDGE),
	       count_seen(FEATURE_EDGE, FEATURE_ERROR),
	       count_seen(FEATURE_ERROR, FEATURES));
	fflush(stdout);
}

/* Run the programs of a file; false if it is none */
static bool replay(const char *name, bool kept)
{
	struct program program;
	unsigned int line = 0, i;
	FILE *from = fopen(name, "re");
	int ret;

	if (!from) {
		perror(name);
		return false;
	}
	while ((ret = program_read(&program, from, name, &line)) > 0) {
		for (i = 0; i < options.repeat; i++)
			run_program(&program);
		enter(&program, kept);
	}
	fclose(from);
	return !ret;
}

/* ---- fuzzing ---- */

static void new_program(struct program *program)
{
	if (!n_corpus || below(100) < 5) {
		generate(program);
		return;
	}
	/* The younger half comes twice as often: that is where it is new */
	*program = corpus[below(n_corpus)]->program;
	if (below(3) == 0)
		*program = corpus[n_corpus / 2 +
				  below(n_corpus - n_corpus / 2)]->program;
	mutate(program, &corpus[below(n_corpus)]->program);
}

static void fuzz(void)
{
	uint64_t until = now_ms() + options.seconds * 1000ull;
	uint64_t next = now_ms() + REPORT_MS;
	struct program program;

	while (now_ms() < until) {
		new_program(&program);
		run_program(&program);
		consider(&program);
		if (now_ms() < next)
			continue;
		next = now_ms() + REPORT_MS;
		report();
		save();
	}
	save();
}

static void write_places(void)
{
	FILE *to = options.places ? fopen(options.places, "we") : NULL;
	unsigned int i;

	if (!to)
		return;
	for (i = 0; i < MODULE_MAX; i++)
		if (seen[i])
			fprintf(to, "%x\n", i);
	fclose(to);
}

static void explain(void)
{
	fputs("usage: fuzz [options] FILE...\n"
	      "Runs the programs of the files. Options:\n"
	      "  --seconds N      then goes on with programs made from them\n"
	      "  --seed N         of the random numbers\n"
	      "  --repeat N       runs each program of the files N times\n"
	      "  --found FILE     of the files the one that is written anew\n"
	      "  --finding FILE   where the program goes that found something\n"
	      "  --recent FILE    where the last programs are, should the guest die\n"
	      "  --places FILE    where the places go that were come to\n"
	      "  --complaints FILE  what the kernel must not say\n", stderr);
	exit(2);
}

static void parse(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "seconds", 1, NULL, 's' }, { "seed", 1, NULL, 'r' },
		{ "repeat", 1, NULL, 'n' }, { "found", 1, NULL, 'f' },
		{ "finding", 1, NULL, 'b' }, { "recent", 1, NULL, 'l' },
		{ "places", 1, NULL, 'p' }, { "complaints", 1, NULL, 'c' },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	options.seed = time(NULL);
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			options.seconds = atoi(optarg);
			break;
		case 'r':
			options.seed = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			options.repeat = atoi(optarg);
			break;
		case 'f':
			options.found = optarg;
			break;
		case 'b':
			options.finding = optarg;
			break;
		case 'l':
			options.recent = optarg;
			break;
		case 'p':
			options.places = optarg;
			break;
		case 'c':
			options.complaints = optarg;
			break;
		default:
			explain();
		}
	}
}

int main(int argc, char **argv)
{
	const char *what;
	bool good = true;
	int i;

	parse(argc, argv);
	if (optind == argc && !options.seconds)
		explain();
	if (n_calls > MAX_DESCS) {
		fputs("fuzz: MAX_DESCS is too small\n", stderr);
		return 2;
	}
	run = mmap(NULL, sizeof(*run), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (run == MAP_FAILED) {
		perror("mmap");
		return 2;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	watch_begin(options.complaints);
	if (options.recent)
		recent = fopen(options.recent, "we");
	seed_random(options.seed);
	printf("seed %" PRIu64 ", %s\n", options.seed, kcov_open() ?
	       "guided by the module's coverage" : "no KCOV: guided by results alone");
	begun = now_ms();
	for (i = optind; i < argc; i++)
		good &= replay(argv[i], !options.found ||
			       strcmp(argv[i], options.found));
	report();
	if (good && options.seconds)
		fuzz();
	report();
	write_places();
	what = watch_health();
	if (what)
		found(&(struct program){ 0 }, what);
	return !good;
}
