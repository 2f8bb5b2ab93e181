/*
 * Runs every suite of suites.def, each test in a process of its own (CK_FORK=no for a
 * debugger). `tests NAME ...` runs the named suites only.
 */
#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "common/arena.h"
#include "common/log.h"

#define HANGING_SECONDS "3600"

#define SUITE(name) Suite *suite_##name(void);
#include "tests/suites.def"
#undef SUITE

/* A suite that suites.def had twice would run twice at once: it does not compile. */
enum {
#define SUITE(name) SUITE_##name,
#include "tests/suites.def"
#undef SUITE
	SUITES
};

static const struct {
	const char *name;
	Suite *(*make)(void);
} suites[SUITES] = {
#define SUITE(name) { #name, suite_##name },
#include "tests/suites.def"
#undef SUITE
};

static bool wanted(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return argc < 2;
}

/* A name that is no suite's, or NULL. */
static const char *unknown(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		bool known = false;

		for (int k = 0; k < COUNT(suites); k++)
			known = known || !strcmp(argv[i], suites[k].name);
		if (!known)
			return argv[i];
	}
	return NULL;
}

/*
 * A limit of time ends a test that hangs and says nothing of its speed: a machine may be
 * under valgrind, a sanitizer or twenty other processes. So there is one, for all tests,
 * far above what any of them takes; no test sets its own.
 */
static void limit_time(void)
{
	if (setenv("CK_DEFAULT_TIMEOUT", HANGING_SECONDS, 0))
		log_error("tests", "no memory for a limit of time");
}

int main(int argc, char **argv)
{
	SRunner *runner;
	int failed;

	if (unknown(argc, argv)) {
		log_error("tests", "no suite \"%s\"", unknown(argc, argv));
		return EXIT_FAILURE;
	}
	limit_time();
	if (setenv("LC_ALL", "C.UTF-8", 1)) /* what text holds depends on it */
		log_error("tests", "no memory for a locale");
	runner = srunner_create(NULL);
	log_set_level(LOG_ERROR); /* many a test makes a run warn */
	for (int i = 0; i < COUNT(suites); i++)
		if (wanted(suites[i].name, argc, argv))
			srunner_add_suite(runner, suites[i].make());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
