#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "orchestrator/spec/spec_diff.h"

static struct arena arena;

static void tear_down(void)
{
	arena_release(&arena);
}

static void differ(const char *before, const char *now, const char *expected)
{
	ck_assert_str_eq(spec_diff(before, now, &arena), expected);
}

START_TEST(what_is_only_written_otherwise_is_no_difference)
{
	differ("{\"a\": 1, \"b\": [0.001, \"x\"], \"methods\": [\"uw\"]}",
		"{ // words\n\"b\": [1e-3, \"x\"], \"a\": 1.0, \"methods\": [{\"name\": "
		"\"uw\", \"label\": \"uw\"}], \"prune\": {}}",
		"");
}
END_TEST

START_TEST(keys_are_named_with_both_values)
{
	differ("{\"sweep\": \"s\", \"final\": {\"seeds\": 2}, \"train\": {\"batch\": "
	       "16}, \"search\": {\"lr\": [0.01]}}",
		"{\"sweep\": \"s\", \"final\": {\"seeds\": 5}, \"train\": {\"wd\": true}, "
		"\"search\": {\"lr\": {\"from\": 1}}}",
		"  final.seeds: 2 before, 5 now\n"
		"  train.batch: 16 before, not given now\n"
		"  train.wd: not given before, true now\n"
		"  search.lr: [0.01] before, {\"from\": 1} now\n");
}
END_TEST

START_TEST(entries_are_those_of_their_label)
{
	differ("{\"methods\": [\"ew\", \"uw\", {\"name\": \"uw_so\", \"T\": [1]}, "
	       "{\"name\": \"uw\", \"label\": \"mine\"}]}",
		"{\"methods\": [\"ew\", \"gls\", {\"name\": \"uw_so\", \"T\": [1, 2]}, "
		"{\"name\": \"rlw\", \"label\": \"mine\"}]}",
		"  entry uw is gone\n"
		"  entry gls is new\n"
		"  entry uw_so: T: [1] before, [1, 2] now\n"
		"  entry mine: method uw before, rlw now\n");
	differ("{\"methods\": [\"ew\", \"uw\"]}", "{\"methods\": [\"uw\", \"ew\"]}",
		"  methods: in another order\n");
}
END_TEST

/* Long values are cut between characters, many differences are counted. */
START_TEST(what_is_long_is_cut)
{
	char many[1024] = "{\"a0\": 1";
	char name[16];
	const char *diff;

	for (int i = 1; i < 30; i++) {
		snprintf(name, sizeof(name), ", \"a%d\": 1", i);
		strcat(many, name);
	}
	strcat(many, "}");
	diff = spec_diff(many, "{}", &arena);
	ck_assert_ptr_nonnull(strstr(diff, "  a11: 1 before, not given now\n"));
	ck_assert_ptr_null(strstr(diff, "a12:"));
	ck_assert_ptr_nonnull(strstr(diff, "  and 18 more\n"));
	differ("{}",
		"{\"a\\n\": \"0123456789012345678901234567890123456789012345678901234567"
		"äöü\"}",
		"  a?: not given before, "
		"\"0123456789012345678901234567890123456789012345678901234567ä… now\n");
}
END_TEST

START_TEST(a_text_that_cannot_be_read_is_a_difference)
{
	differ("{\"a\": 1}", "{\"a\": 1,,}",
		"  what it says now is no sweep file that can be read\n");
	differ("", "{\"a\": 1}",
		"  what it said before is no sweep file that can be read\n");
}
END_TEST

Suite *suite_spec_diff(void);

Suite *suite_spec_diff(void)
{
	Suite *s = suite_create("spec_diff");
	TCase *t = tcase_create("spec_diff");

	tcase_add_checked_fixture(t, NULL, tear_down);
	tcase_add_test(t, what_is_only_written_otherwise_is_no_difference);
	tcase_add_test(t, keys_are_named_with_both_values);
	tcase_add_test(t, entries_are_those_of_their_label);
	tcase_add_test(t, what_is_long_is_cut);
	tcase_add_test(t, a_text_that_cannot_be_read_is_a_difference);
	suite_add_tcase(s, t);
	return s;
}
