/*
 * Rules of pruning, in a sweep file and in a list of rules.
 */
#include <check.h>
#include <string.h>
#include "catalogue/pseudo.h"
#include "orchestrator/plan/plan.h"
#include "tests/lib/scratch.h"
#include "tests/lib/parsed.h"

START_TEST(rungs_are_cut_to_the_epochs_there_are)
{
	parsed_well(
		"{ \"sweep\": \"t\", \"dataset\": { \"name\": \"synthetic\" },"
		" \"train\": { \"epochs\": 2 }, \"search\": { \"lr\": 1 }, " EW " }");
	ck_assert_int_eq(parsed.variants[0].nrungs, 1);
	ck_assert_int_eq(parsed.variants[0].rungs[0], 1);
	ck_assert_int_eq(parsed.variants[0].window, 1);
	parsed_well("{ \"sweep\": \"t\", \"dataset\": { \"name\": \"synthetic\" },"
		    " \"train\": { \"epochs\": 100 }, \"search\": { \"lr\": 1 }, " EW
		    ", \"prune\": { \"rungs\": [0.07] } }");
	ck_assert_int_eq(parsed.variants[0].rungs[0], 7); /* 0.07 * 100 is above 7 */
	parsed_well(SMALL(EW ", \"prune\": { \"rule\": \"none\" }"));
	ck_assert_int_eq(parsed.variants[0].nrungs, 0);
	parsed_well(SMALL(EW ", \"prune\": { \"keep\": 2 }"));
	ck_assert_int_eq(parsed.variants[0].nrungs, 2);
	ck_assert_int_eq(parsed.variants[0].rungs[0], 10);
	ck_assert_int_eq(parsed.variants[0].rungs[1], 20);
	parsed_well(
		SMALL(EW ", \"prune\": { \"rungs\": [0.5, 0.1], \"within\": \"lr\" }"));
	ck_assert_int_eq(parsed.variants[0].rungs[0], 4);
	ck_assert_int_eq(parsed.variants[0].rungs[1], 20);
	ck_assert(parsed.prune.within_lr);
}
END_TEST

static int load_rules(const char *text, struct spec **rules, const char **said)
{
	struct str out = { .arena = &parsed_arena };
	struct err e = { 0 };
	int n;
	int rc;

	scratch_write("rules.json", text, strlen(text));
	rc = spec_load_rules(&parsed, "rules.json", &parsed_arena, rules, &n, &out, &e);
	*said = str_get(&out);
	return rc ? rc : n;
}

START_TEST(a_list_of_rules_takes_the_place_of_the_sweeps_own)
{
	struct spec *rules;
	const char *said;

	scratch_enter();
	parsed_well(SMALL(EW ", \"prune\": { \"keep\": 7 }"));
	ck_assert_int_eq(load_rules("[ {}, { \"rule\": \"halving\" }, "
				    "{ \"rungs\": [0.5], \"within\": \"lr\" } ]",
				 &rules, &said),
		3);
	ck_assert_int_eq(rules[0].prune.keep, 0);
	ck_assert_int_eq(rules[0].variants[0].nrungs, 4);
	ck_assert(rules[1].prune.rule == PRUNE_HALVING && rules[1].prune.eta == 2);
	ck_assert_int_eq(rules[1].variants[0].rungs[0], 10);
	ck_assert(rules[2].prune.within_lr && !rules[1].prune.within_lr);
	ck_assert_int_eq(rules[2].variants[0].nrungs, 1);
	ck_assert_int_eq(rules[2].variants[0].rungs[0], 20);
	ck_assert_int_eq(parsed.prune.keep, 7);
	ck_assert_int_eq(parsed.variants[0].nrungs, 2);
	scratch_leave();
}
END_TEST

START_TEST(a_wrong_rule_is_an_error_with_its_place)
{
	static const struct {
		const char *text, *said;
	} cases[] = { { "[ { \"kep\": 2 } ]", "rules.json:1:5" },
		{ "[\n { \"rule\": \"halving\", \"keep\": 2 } ]", "rules.json:2:23" },
		{ "[ { \"keep\": 2, \"eta\": 2 } ]", "means nothing beside \"keep\"" },
		{ "[ { \"rungs\": [2] } ]", "rules.json:1:15" }, { "{}", "a list" },
		{ "[]", "a list" }, { "[ 1 ]", "must be an object" },
		{ "[ ", "rules.json:1:" } };
	struct spec *rules;
	const char *said;

	scratch_enter();
	parsed_well(SMALL(EW));
	for (int i = 0; i < COUNT(cases); i++) {
		ck_assert_int_eq(load_rules(cases[i].text, &rules, &said), ERR_SPEC);
		ck_assert_msg(strstr(said, cases[i].said) != NULL, "%s", said);
	}
	scratch_leave();
}
END_TEST

Suite *suite_spec_prune(void);
Suite *suite_spec_prune(void)
{
	Suite *s = suite_create("spec_prune");
	TCase *t = tcase_create("spec_prune");

	tcase_add_checked_fixture(t, NULL, parsed_release);
	tcase_add_test(t, rungs_are_cut_to_the_epochs_there_are);
	tcase_add_test(t, a_list_of_rules_takes_the_place_of_the_sweeps_own);
	tcase_add_test(t, a_wrong_rule_is_an_error_with_its_place);
	suite_add_tcase(s, t);
	return s;
}
