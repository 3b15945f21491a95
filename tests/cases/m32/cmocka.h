/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * As much of cmocka as the test programs use, in one header, to build them as
 * 32-bit programs: Debian's amd64 has a 32-bit C library but no 32-bit cmocka.
 * Prints TAP as cmocka does.
 */
#ifndef TESTS_CASES_M32_CMOCKA_H
#define TESTS_CASES_M32_CMOCKA_H

#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct CMUnitTest {
	const char *name;
	void (*test)(void **state);
	int (*setup)(void **state);
	int (*teardown)(void **state);
};

#define cmocka_unit_test(f)				{ #f, f, NULL, NULL }
#define cmocka_unit_test_setup_teardown(f, s, t)	{ #f, f, s, t }

/* Weak, so that every file of a program shares one of each */
__attribute__((weak)) jmp_buf cmocka_failed;
__attribute__((weak)) char cmocka_why[1024];

#define fail_msg(...)							\
	do {								\
		int at_ = snprintf(cmocka_why, sizeof(cmocka_why),	\
				   "%s:%d: ", __FILE__, __LINE__);	\
		snprintf(cmocka_why + at_, sizeof(cmocka_why) - at_,	\
			 __VA_ARGS__);					\
		longjmp(cmocka_failed, 1);				\
	} while (0)

#define skip()			longjmp(cmocka_failed, 2)

#define assert_true(c)							\
	do {								\
		if (!(c))						\
			fail_msg("%s", #c);				\
	} while (0)
#define assert_false(c)		assert_true(!(c))
#define assert_non_null(p)	assert_true((p) != NULL)
#define assert_null(p)		assert_true((p) == NULL)
#define assert_ptr_equal(a, b)	assert_true((a) == (b))
#define cmocka_value(v)		((unsigned long long)(v))
#define assert_int_compare(a, op, b)					\
	do {								\
		unsigned long long a_ = cmocka_value(a);		\
		unsigned long long b_ = cmocka_value(b);		\
									\
		if (!(a_ op b_))					\
			fail_msg("%s: 0x%llx, not %s 0x%llx", #a, a_,	\
				 #op, b_);				\
	} while (0)
#define assert_int_equal(a, b)		assert_int_compare(a, ==, b)
#define assert_int_not_equal(a, b)	assert_int_compare(a, !=, b)
#define assert_in_range(v, from, to)					\
	do {								\
		assert_int_compare(v, >=, from);			\
		assert_int_compare(v, <=, to);				\
	} while (0)
#define assert_string_equal(a, b)					\
	do {								\
		if (strcmp(a, b))					\
			fail_msg("\"%s\", not \"%s\"", a, b);		\
	} while (0)
#define assert_string_not_equal(a, b)	assert_true(strcmp(a, b))
#define assert_memory_equal(a, b, n)	assert_true(!memcmp(a, b, n))
#define print_message(...)		printf(__VA_ARGS__)

/* Groups have neither set-up nor teardown here: @setup and @teardown are NULL */
static inline int cmocka_run(const struct CMUnitTest *tests, size_t n,
			     const void *setup, const void *teardown)
{
	volatile int failed = 0;
	volatile size_t i;
	void *state = NULL;

	if (setup || teardown) {
		printf("Bail out! a group's set-up and teardown are not known here\n");
		return 1;
	}
	printf("TAP version 13\n1..%zu\n", n);
	for (i = 0; i < n; i++) {
		volatile int well = 0, skipped = 0;

		switch (setjmp(cmocka_failed)) {
		case 0:
			if (tests[i].setup)
				tests[i].setup(&state);
			tests[i].test(&state);
			well = 1;
			break;
		case 2:
			well = 1;
			skipped = 1;
			break;
		}
		printf("%s %zu - %s%s\n", well ? "ok" : "not ok", i + 1,
		       tests[i].name, skipped ? " # SKIP see above" : "");
		if (!well)
			printf("# %s\n", cmocka_why);
		failed += !well;
		fflush(stdout);
		if (tests[i].teardown && !setjmp(cmocka_failed))
			tests[i].teardown(&state);
	}
	return failed;
}

#define cmocka_run_group_tests(tests, setup, teardown)			\
	cmocka_run(tests, sizeof(tests) / sizeof((tests)[0]), setup, teardown)

#endif /* TESTS_CASES_M32_CMOCKA_H */
