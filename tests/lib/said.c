#include "tests/lib/said.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/lib/scratch.h"

void said_enter(const char *report)
{
	char from[4096];
	char name[256];

	scratch_enter();
	snprintf(name, sizeof(name), "tests/fixtures/reports/%s/.", report);
	snprintf(from, sizeof(from), "%s", scratch_source(name));
	setenv("DELTAM_CACHE", "cache", 1);
	ck_assert_int_eq(
		child_run((const char *const[]){ "/bin/cp", "-r", from, ".", NULL },
			NULL),
		0);
}

int said_run(const char *const *argv)
{
	return child_run(argv, NULL);
}

const char *said_in(const char *file)
{
	static char text[65536];

	scratch_read(file, text, sizeof(text));
	return text;
}

void said_has(const char *file, const char *part)
{
	const char *text = said_in(file);

	ck_assert_msg(
		strstr(text, part) != NULL, "%s: no \"%s\" in:\n%s", file, part, text);
}

void said_lacks(const char *file, const char *part)
{
	const char *text = said_in(file);

	ck_assert_msg(
		strstr(text, part) == NULL, "%s: \"%s\" in:\n%s", file, part, text);
}

void said_sweep(const char *file, const char *text)
{
	scratch_write(file, text, strlen(text));
}

void said_enter_empty(void)
{
	scratch_enter();
	setenv("DELTAM_CACHE", "cache", 1);
}
