/*
 * --set KEY=VALUE: a key that is replaced for one call.
 */
#include <check.h>
#include <string.h>
#include "catalogue/pseudo.h"
#include "orchestrator/plan/plan.h"
#include "tests/lib/scratch.h"
#include "tests/lib/parsed.h"

/* Reads a sweep with keys set, as `deltam check t.json --set ...` does. */
static int parse_set(const char *text, const char *const *set, const char **report)
{
	struct str out = { .arena = &parsed_arena };
	struct spec_source from = { .path = "t.json", .text = text, .n = strlen(text) };
	struct err e = { 0 };
	int rc;

	from.set = set;
	while (set[from.nset])
		from.nset++;
	rc = spec_read(&parsed, &parsed_arena, &from, &out, &e);
	ck_assert_str_eq(e.msg, "");
	*report = str_get(&out);
	return rc;
}

#define SET(...) ((const char *const[]){ __VA_ARGS__, NULL })

START_TEST(a_key_that_is_set_is_read_as_if_the_file_said_so)
{
	const char *report;
	const struct params *ps;

	ck_assert_int_eq(parse_set("{ \"sweep\": \"t\", // a comment\n"
				   " \"dataset\": { \"name\": \"synthetic\" }, "
				   "\"train\": { \"epochs\": 4 }, "
				   "\"search\": { \"lr\": [3e-3, 1e-3] }, " EW "}",
				 SET("search.lr=[1e-4]", "train.optimizer=sgd",
					 "prune.rule=\"none\"", "model=mlp",
					 "baseline.seeds=3", "dataset.path=~/x=y"),
				 &report),
		ERR_SPEC); /* synthetic has no path: the last one */
	ck_assert_str_eq(report,
		"--set:1:1: error: unknown key \"path\"; here belong name, "
		"train, val, test, use, features, tasks, scales, noise, pseudo\n"
		"    1 | dataset.path=~/x=y\n"
		"      | ^\n");
	ck_assert_int_eq(
		parse_set("{ \"sweep\": \"t\", // a comment\n"
			  " \"dataset\": { \"name\": \"synthetic\" }, "
			  "\"train\": { \"epochs\": 4 }, "
			  "\"search\": { \"lr\": [3e-3, 1e-3] }, " EW "}",
			SET("search.lr=[1e-4]", "train.optimizer=sgd",
				"prune.rule=\"none\"", "model=mlp",
				"model={ \"name\": \"mlp\" }", "model.hidden=[8]",
				"baseline.seeds=3", "methods=[\"uw\", \"ew\"]"),
			&report),
		OK);
	ck_assert_int_eq(parsed.search.rates.lr.count, 1);
	ck_assert_str_eq(parsed.search.rates.lr.text[0], "0.0001");
	ck_assert_int_eq(parsed.prune.rule, PRUNE_NONE);
	ck_assert_int_eq(parsed.baseline.seeds.n, 3);
	ck_assert_int_eq(parsed.variants[0].nentries, 2);
	ps = &parsed.variants[0].base;
	ck_assert_str_eq(params_get(ps, "train.optimizer"), "sgd");
	ck_assert_str_eq(params_get(ps, "model.hidden"), "8");
	/* What the database keeps is the sweep as it was run. */
	ck_assert_ptr_nonnull(strstr(parsed.text, "\"lr\": [1e-4]"));
	ck_assert_ptr_nonnull(strstr(parsed.text, "// a comment"));
	parsed_well(parsed.text);
}
END_TEST

static const struct {
	const char *set, *says;
} faults[] = {
	{ "search.lr=[1e-3, 0]",
		"--set:1:18: error: lr 0 must be above 0\n"
		"    1 | search.lr=[1e-3, 0]\n"
		"      |                  ^\n" },
	{ "search.lr=[1e-3",
		"--set:1:16: error: the file ends inside the list "
		"that begins at line 1\n"
		"    1 | search.lr=[1e-3\n"
		"      |                ^\n" },
	{ "search.lr=1e-3,3e-4",
		"--set:1:15: error: one value ends here; a list stands in "
		"brackets: search.lr=[1e-3,3e-4]\n"
		"    1 | search.lr=1e-3,3e-4\n"
		"      |               ^\n" },
	{ "search.lr=[1e-3,,3e-4]",
		"--set:1:17: error: expected a value, found ,\n"
		"    1 | search.lr=[1e-3,,3e-4]\n"
		"      |                 ^\n" },
	{ "serch.lr=1",
		"--set:1:1: error: unknown key \"serch\"; did you mean "
		"\"search\"?\n"
		"    1 | serch.lr=1\n"
		"      | ^\n" },
	{ "train.optimizer=sdg",
		"--set:1:17: error: unknown optimizer \"sdg\"; "
		"did you mean \"sgd\"?\n"
		"    1 | train.optimizer=sdg\n"
		"      |                 ^\n" },
	{ "train.epochs=True",
		"--set:1:14: error: expected a value, found "
		"True, as Python writes it; JSON has true\n"
		"    1 | train.epochs=True\n"
		"      |              ^\n" },
	{ "sweep.a=1",
		"--set:1:1: error: \"sweep\" is a string in the sweep file, "
		"and has no keys: set it as a whole\n"
		"    1 | sweep.a=1\n"
		"      | ^\n" },
	{ "search.lr",
		"--set:1:1: error: KEY=VALUE is expected: "
		"search.lr=[1e-3]\n"
		"    1 | search.lr\n"
		"      | ^\n" },
	{ "search..lr=1",
		"--set:1:1: error: a key is a path of names: "
		"search.lr\n"
		"    1 | search..lr=1\n"
		"      | ^\n" },
	{ "train.batch=4",
		"--set:1:1: error: \"vary\" gives this key its "
		"values: set them\n"
		"    1 | train.batch=4\n"
		"      | ^\n" },
};

START_TEST(what_is_wrong_with_a_key_that_is_set_is_shown_in_the_option)
{
	for (int i = 0; i < COUNT(faults); i++) {
		const char *report;

		ck_assert_int_eq(
			parse_set(SMALL("\"vary\": { \"batch\": [2, 8] }, " EW),
				SET("final.seeds=2", faults[i].set), &report),
			ERR_SPEC);
		ck_assert_str_eq(report, faults[i].says);
	}
}
END_TEST

START_TEST(an_error_of_the_file_keeps_its_place_beside_what_is_set)
{
	const char *report;

	ck_assert_int_eq(
		parse_set(SMALL("\n" EW ", \"final\": { \"seeds\": 0 }"),
			SET("search.lr=[1e-3, 1e-4, 1e-5]", "train.batch=2"), &report),
		ERR_SPEC);
	ck_assert_str_eq(report,
		"t.json:2:40: error: seeds 0 is below the minimum 1\n"
		"    2 | \"methods\": [\"ew\"], \"final\": { \"seeds\": 0 } }\n"
		"      |                                        ^\n");
}
END_TEST

Suite *suite_spec_set(void);
Suite *suite_spec_set(void)
{
	Suite *s = suite_create("spec_set");
	TCase *t = tcase_create("spec_set");

	tcase_add_checked_fixture(t, NULL, parsed_release);
	tcase_add_test(t, a_key_that_is_set_is_read_as_if_the_file_said_so);
	tcase_add_test(t, what_is_wrong_with_a_key_that_is_set_is_shown_in_the_option);
	tcase_add_test(t, an_error_of_the_file_keeps_its_place_beside_what_is_set);
	suite_add_tcase(s, t);
	return s;
}
