/* Lines of a trainer's report: what they hold, and a message for each of their faults. */
#include <check.h>
#include <string.h>
#include "tests/lib/must.h"
#include "tests/lib/reported.h"
#include "tests/lib/values.h"

static struct arena arena;
static struct err e;
static struct report_form form;
static struct report_line line;

static void setup(void)
{
	form = reported_form(&arena, NULL);
}

static void teardown(void)
{
	arena_release(&arena);
}

static void parse(const char *text)
{
	must(report_line_parse(&form, text, strlen(text), &arena, &line, &e), &e);
}

static double figure(const char *split, const char *task, const char *name)
{
	for (int i = 0; i < line.metrics; i++) {
		const struct metric_row *m = &line.metric[i];

		if (!strcmp(m->split, split) && !strcmp(m->task, task) &&
			!strcmp(m->name, name))
			return m->value;
	}
	ck_abort_msg("no %s %s/%s", split, task, name);
	return 0;
}

START_TEST(an_epoch_has_its_figures_to_the_bit)
{
	parse("{\"epoch\": 7, \"val\": {\"a\": {\"loss\": 0.1, \"acc\": 1e-300, \"err\":"
	      " 0.30000000000000004, \"f1\": -3}, " REPORTED_B
	      "}, \"test\": {" REPORTED_A ", " REPORTED_B
	      "}, \"train\": {\"b\": {\"loss\": 3}}, \"more\": {\"night\": {\"a\":"
	      " {\"acc\": 0.125}}}}");
	ck_assert_int_eq(line.kind, REPORT_EPOCH);
	ck_assert_int_eq(line.epoch, 7);
	ck_assert_int_eq(line.metrics, 13);
	EQUAL(figure("val", "a", "loss"), 0.1);
	EQUAL(figure("val", "a", "acc"), 1e-300);
	EQUAL(figure("val", "a", "err"), 0.1 + 0.2);
	EQUAL(figure("val", "a", "f1"), -3);
	EQUAL(figure("test", "b", "acc"), 0.75);
	EQUAL(figure("train", "b", "loss"), 3);
	EQUAL(figure("night", "a", "acc"), 0.125);
	ck_assert_ptr_null(line.not_finite);
}
END_TEST

START_TEST(a_weight_is_a_number_or_has_a_spread)
{
	parse("{\"epoch\": 1, " REPORTED_SPLITS ", \"weights\": {\"b\": 0.25, \"a\":"
	      " {\"mean\": 0.75, \"std\": 0.5, \"loss_std\": 2}}}");
	ck_assert_int_eq(line.weights, 2);
	ck_assert_str_eq(line.weight[0].task, "b");
	EQUAL(line.weight[0].weight_mean, 0.25);
	ck_assert(line.weight[0].no_std && line.weight[0].no_loss_mean);
	EQUAL(line.weight[1].weight_std, 0.5);
	ck_assert(!line.weight[1].no_std && line.weight[1].no_loss_mean);
	EQUAL(line.weight[1].weighted_loss_std, 2);
}
END_TEST

/* NaN in what decides is divergence; elsewhere it is dropped and counted. */
START_TEST(figures_that_are_not_finite_are_told_apart)
{
	static const char *const words[] = { "NaN", "Infinity", "-Infinity", "null" };

	for (int i = 0; i < COUNT(words); i++) {
		parse(arena_printf(&arena,
			"{\"epoch\": 1, \"val\": {\"a\": {\"loss\": 1, \"acc\": 1, \"err\":"
			" %s}, " REPORTED_B "}, \"test\": {" REPORTED_A ", " REPORTED_B
			"}}",
			words[i]));
		ck_assert_str_eq(line.not_finite, "val a/err is not finite");
	}
	parse("{\"epoch\": 1, \"val\": {\"a\": {\"loss\": 1, \"acc\": 1, \"err\": 1,"
	      " \"f1\": NaN}, " REPORTED_B "}, \"test\": {" REPORTED_A ", " REPORTED_B
	      "}, \"train\": {\"a\": {\"loss\": NaN}}, \"weights\": {\"a\": NaN, \"b\":"
	      " {\"mean\": 1, \"std\": NaN}}}");
	ck_assert_ptr_null(line.not_finite);
	ck_assert_int_eq(line.dropped, 4);
	ck_assert_int_eq(line.weights, 1);
	ck_assert(line.weight[0].no_std);
}
END_TEST

START_TEST(words_inside_of_texts_stay)
{
	parse("{\"error\": \"loss is NaN, see http://x/ \\\"-Infinity\\\"\"}");
	ck_assert_int_eq(line.kind, REPORT_ERROR);
	ck_assert_str_eq(line.text, "loss is NaN, see http://x/ \"-Infinity\"");
	parse("{\"diverged\": 4, \"why\": \"loss\"}");
	ck_assert_int_eq(line.epoch, 4);
	ck_assert_str_eq(line.text, "loss");
	parse("{\"hello\": {\"device\": \"A100\"}}");
	ck_assert_str_eq(line.text, "A100");
	ck_assert_str_eq(line.software, "");
}
END_TEST

START_TEST(long_texts_are_cut_between_characters)
{
	struct str text = { .arena = &arena };

	str_put(&text, "{\"error\": \"x");
	for (int i = 0; i < 2000; i++)
		str_put(&text, "ä");
	str_put(&text, "\"}");
	parse(str_get(&text));
	ck_assert_uint_eq(strlen(line.text), 999);
}
END_TEST

START_TEST(a_baseline_reports_its_own_task)
{
	form = reported_form(&arena, "b");
	parse("{\"epoch\": 1, \"val\": {" REPORTED_B "}, \"test\": {" REPORTED_B "}}");
	ck_assert_int_eq(line.metrics, 4);
	ck_assert_int_eq(report_line_parse(&form, REPORTED_EPOCH("1"),
				 strlen(REPORTED_EPOCH("1")), &arena, &line, &e),
		ERR_SPEC);
	ck_assert_str_eq(e.msg, "unknown task \"a\"");
}
END_TEST

#define VAL(a) \
	"{\"epoch\": 1, \"val\": {" a "}, \"test\": {" REPORTED_A ", " REPORTED_B "}}"
#define MORE(more) "{\"epoch\": 1, " REPORTED_SPLITS ", " more "}"
static const struct {
	const char *line, *message;
} faults[] = {
	{ "", "no JSON: the file is empty" },
	{ "{\"epoch\": 1",
		"no JSON: the file ends inside the object that begins at line 1" },
	{ "[1]", "a line is an object, not a list" },
	{ "{\"epoch\": 1} // one", "JSON has no comments" },
	{ "{}", "a line has \"epoch\", \"hello\", \"diverged\", \"error\" or \"beat\"" },
	{ "{\"epock\": 1}",
		"a line has \"epoch\", \"hello\", \"diverged\", \"error\" or \"beat\"" },
	{ "{\"epoch\": 1, \"epoch\": 2}",
		"no JSON: duplicate key \"epoch\"; the first is at line 1" },
	{ "{\"epoch\": 0, " REPORTED_SPLITS "}",
		"\"epoch\" must be a whole number from 1" },
	{ "{\"epoch\": 1.5, " REPORTED_SPLITS "}",
		"\"epoch\" must be a whole number from 1" },
	{ "{\"epoch\": \"1\", " REPORTED_SPLITS "}",
		"\"epoch\" must be a whole number from 1" },
	{ "{\"epoch\": 1}", "\"val\" is missing" },
	{ "{\"epoch\": 1, \"val\": {" REPORTED_A ", " REPORTED_B "}}",
		"\"test\" is missing" },
	{ "{\"epoch\": 1, \"val\": 3}", "\"val\" must be an object, not a number" },
	{ VAL(REPORTED_A), "\"val\" has no task \"b\"" },
	{ VAL("\"a\": {\"acc\": 1, \"err\": 1}, " REPORTED_B),
		"val a/loss is missing" },
	{ VAL("\"a\": {\"loss\": 1, \"acc\": 1}, " REPORTED_B),
		"val a/err is missing" },
	{ VAL("\"c\": {}"), "unknown task \"c\"" },
	{ VAL("\"a\": {\"loss\": \"1\"}"),
		"val a/loss must be a number, not a string" },
	{ VAL("\"a\": {\"lo ss\": 1}"),
		"\"lo ss\" is no name: 1 to 64 letters, digits, '_', '.', '-'" },
	{ MORE("\"vall\": {}"), "unknown key \"vall\"; did you mean \"val\"?" },
	{ MORE("\"more\": {\"val\": {}}"), "\"more\" cannot use the split \"val\"" },
	{ MORE("\"more\": {\"cost\": {}}"), "\"more\" cannot use the split \"cost\"" },
	{ MORE("\"more\": {\"x y\": {}}"),
		"\"x y\" is no name: 1 to 64 letters, digits, '_', '.', '-'" },
	{ MORE("\"weights\": {\"c\": 1}"), "unknown task \"c\"" },
	{ MORE("\"weights\": {\"a\": \"1\"}"),
		"a weight must be a number, not a string" },
	{ MORE("\"weights\": {\"a\": {\"std\": 1}}"),
		"the weight of \"a\" has no \"mean\"" },
	{ MORE("\"weights\": {\"a\": {\"mean\": 1, \"max\": 1}}"),
		"unknown key \"max\"; did you mean \"mean\"?" },
	{ "{\"diverged\": 1, \"because\": \"x\"}", "unknown key \"because\"" },
	{ "{\"diverged\": -1}", "\"diverged\" must be a whole number from 1" },
	{ "{\"error\": 3}", "\"error\" must be a text, not a number" },
	{ "{\"hello\": \"A100\"}", "\"hello\" must be an object, not a string" },
	{ "{\"hello\": {\"gpu\": \"A100\"}}", "unknown key \"gpu\"" },
	{ "{\"beat\": true, \"n\": 1}", "unknown key \"n\"" },
};

START_TEST(every_fault_has_its_message)
{
	for (int i = 0; i < COUNT(faults); i++) {
		const char *text = faults[i].line;

		ck_assert_msg(report_line_parse(&form, text, strlen(text), &arena,
				      &line, &e) == ERR_SPEC,
			"%s is fine", text);
		ck_assert_msg(!strcmp(e.msg, faults[i].message),
			"%s: \"%s\", not \"%s\"", text, e.msg, faults[i].message);
	}
	ck_assert_int_eq(
		report_line_parse(&form, "{\0}", 3, &arena, &line, &e), ERR_SPEC);
	ck_assert_str_eq(e.msg, "a NUL byte");
}
END_TEST

Suite *suite_report_line(void);
Suite *suite_report_line(void)
{
	Suite *s = suite_create("report_line");
	TCase *tc = tcase_create("report_line");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, an_epoch_has_its_figures_to_the_bit);
	tcase_add_test(tc, a_weight_is_a_number_or_has_a_spread);
	tcase_add_test(tc, figures_that_are_not_finite_are_told_apart);
	tcase_add_test(tc, words_inside_of_texts_stay);
	tcase_add_test(tc, long_texts_are_cut_between_characters);
	tcase_add_test(tc, a_baseline_reports_its_own_task);
	tcase_add_test(tc, every_fault_has_its_message);
	suite_add_tcase(s, tc);
	return s;
}
