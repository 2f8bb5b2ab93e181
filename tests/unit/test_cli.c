#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "common/arena.h"
#include "orchestrator/cli/cli_tables.h"
#include "orchestrator/cli/surprises.h"
#include "tests/lib/child.h"
#include "tests/lib/command.h"
#include "tests/lib/digest.h"
#include "tests/lib/scratch.h"
#include "tests/lib/small_db.h"

#define WORDS_MAX 10

/* Splits line at blanks and parses it as the words after "deltam". */
static int parse(struct cli_options *o, const char *line, struct err *e)
{
	static char words[256];
	char *argv[WORDS_MAX + 2] = { (char[]){ "deltam" } };
	int argc = 1;

	snprintf(words, sizeof(words), "%s", line);
	for (char *w = strtok(words, " "); w && argc < WORDS_MAX; w = strtok(NULL, " "))
		argv[argc++] = w;
	return cli_parse(o, argc, argv, e);
}

START_TEST(words_become_options)
{
	struct cli_options o;
	struct err e = { 0 };

	ck_assert_int_eq(parse(&o, "table s.json --format=csv --db x.db -qq", &e), OK);
	ck_assert_str_eq(o.command->name, "table");
	ck_assert_str_eq(o.operand, "s.json");
	ck_assert_str_eq(o.format, "csv");
	ck_assert_str_eq(o.db, "x.db");
	ck_assert_int_eq(o.quiet, 2);
	ck_assert_ptr_null(o.query);
	ck_assert_int_eq(parse(&o, "status -- --watch", &e), OK);
	ck_assert_str_eq(o.operand, "--watch");
	ck_assert_int_eq(o.watch, 0);
	ck_assert_int_eq(parse(&o, "--help", &e), OK);
	ck_assert_int_eq(o.help, 1);
	ck_assert_int_eq(parse(&o, "-V", &e), OK);
	ck_assert_int_eq(o.version, 1);
	ck_assert_int_eq(parse(&o, "preview scenes -qox.png", &e), OK);
	ck_assert_str_eq(o.out, "x.png");
	ck_assert_int_eq(o.quiet, 1);
	ck_assert_int_eq(parse(&o, "list methods uw_so", &e), OK);
	ck_assert_str_eq(o.operand, "methods");
	ck_assert_str_eq(o.second, "uw_so");
	ck_assert_int_eq(parse(&o, "table a b c d", &e), OK);
	ck_assert_str_eq(o.operand, "a");
	ck_assert_str_eq(o.second, "b");
	ck_assert_int_eq(o.more.n, 2);
	ck_assert_str_eq(o.more.item[1], "d");
	ck_assert_int_eq(parse(&o, "run x.json --set a.b=1 --set c={}", &e), OK);
	ck_assert_int_eq(o.set.n, 2);
	ck_assert_str_eq(o.set.item[0], "a.b=1");
	ck_assert_str_eq(o.set.item[1], "c={}");
}
END_TEST

START_TEST(what_does_not_fit_is_refused_with_a_hint)
{
	static const struct {
		const char *line;
		const char *message;
	} cases[] = {
		{ "", "which command? deltam --help lists them" },
		{ "tabel", "unknown command \"tabel\"; did you mean \"table\"?" },
		{ "frobnicate", "unknown command \"frobnicate\"; see deltam --help" },
		{ "table --fromat csv",
			"unknown option --fromat for table; did you mean --format?" },
		{ "failures --query x",
			"unknown option --query for failures; --help lists what there "
			"is" },
		{ "table --format pdf",
			"--format: \"pdf\" is not one of "
			"text|markdown|latex|csv|json|jsonl|html" },
		{ "table --format htlm",
			"--format: \"htlm\" is not one of "
			"text|markdown|latex|csv|json|jsonl|html; did you mean \"html\"?" },
		{ "table --db", "--db wants FILE" },
		{ "table --db=", "--db: the value is empty" },
		{ "status --watch=yes",
			"--watch: \"yes\" is not a whole number from 1 to 100000" },
		{ "status a b", "status: one word too many: \"b\"" },
		{ "list",
			"list wants "
			"methods|datasets|models|metrics|optimizers|corruptions|"
			"plots" },
		{ "plot",
			"plot wants KIND: temperature, epochs, weights, loss, lr, heat, "
			"pareto, methods, boxes, gradients, corruption, ranks, progress, "
			"scalarization, ternary, parallel, trajectories, invariance, "
			"sigma" },
		{ "list methods uw_so ew", "list: one word too many: \"ew\"" },
		{ "table -o x",
			"unknown option -o for table; --help lists what there is" },
		{ "preview scenes -o", "-o wants FILE" },
		{ "run x --set", "--set wants KEY=VALUE" },
		{ "list method",
			"list: \"method\" is not one of "
			"methods|datasets|models|metrics|optimizers|corruptions|"
			"plots; "
			"did you mean \"methods\"?" },
		{ "table -x", "unknown option -x; --help lists what there is" },
	};

	for (int i = 0; i < COUNT(cases); i++) {
		struct cli_options o;
		struct err e = { 0 };

		ck_assert_msg(parse(&o, cases[i].line, &e) == ERR_USAGE, "\"%s\"",
			cases[i].line);
		ck_assert_str_eq(e.msg, cases[i].message);
	}
	ck_assert_int_eq(err_exit_status(ERR_USAGE), 2);
}
END_TEST

/* Runs a command line; its code, what it printed in out. */
static int run(const char *line, char *out, size_t size, struct err *e)
{
	struct cli_options o;
	int rc = parse(&o, line, e);

	return rc ? rc : command_output(&o, out, size, e);
}

static char output[32768];

/* Columns of the widest line: characters, not bytes. */
static int widest(const char *text)
{
	int width = 0;
	int most = 0;

	for (; *text; text++) {
		width = *text == '\n' ? 0 : width + ((*text & 0xc0) != 0x80);
		most = width > most ? width : most;
	}
	return most;
}

START_TEST(help_of_every_command_has_an_example_and_eighty_columns)
{
	struct err e = { 0 };
	int n;
	const struct cli_command *all = cli_commands(&n);

	for (int i = 0; i < n; i++) {
		char line[64];

		snprintf(line, sizeof(line), "help %s", all[i].name);
		ck_assert_int_eq(run(line, output, sizeof(output), &e), OK);
		ck_assert_msg(strstr(output, "For example:\n  deltam ") != NULL,
			"%s has no EXAMPLE in options.def", all[i].name);
		ck_assert_msg(
			widest(output) <= 80, "%s: %d columns", line, widest(output));
	}
	ck_assert_int_eq(run("help", output, sizeof(output), &e), OK);
	ck_assert_ptr_nonnull(strstr(output, "\n  list      what a sweep file or"));
	ck_assert_int_le(widest(output), 80);
	ck_assert_int_eq(run("help chek", output, sizeof(output), &e), ERR_USAGE);
	ck_assert_str_eq(e.msg, "unknown command \"chek\"; did you mean \"check\"?");
	ck_assert_int_eq(run("version", output, sizeof(output), &e), OK);
	ck_assert_ptr_nonnull(strstr(output, "deltam 0.1.0 (build "));
}
END_TEST

START_TEST(a_mistyped_data_set_gets_a_hint)
{
	struct err e = { 0 };

	ck_assert_int_eq(
		run("preview scnes -o x.png", output, sizeof(output), &e), ERR_USAGE);
	ck_assert_str_eq(e.msg, "unknown data set \"scnes\"; did you mean \"scenes\"?");
}
END_TEST

/* What surprises_print says of a sweep. */
static const char *surprises(const char *text)
{
	struct arena a = { 0 };
	struct str report = { .arena = &a };
	struct err e = { 0 };
	struct spec s;
	FILE *f = fopen("out", "w+");
	size_t n;

	ck_assert_msg(
		spec_parse(&s, &a, "t.json", text, strlen(text), &report, &e) == OK,
		"%s", str_get(&report));
	surprises_print(f, &s, &a);
	rewind(f);
	n = fread(output, 1, sizeof(output) - 1, f);
	output[n] = '\0';
	fclose(f);
	unlink("out");
	arena_release(&a);
	return output;
}

#define SWEEP(rest) \
	"{ \"sweep\": \"t\", \"dataset\": \"synthetic\", \"train\": { \"epochs\": 1 }, " rest \
	" }"

START_TEST(defaults_that_surprise_are_said)
{
	ck_assert_str_eq(
		surprises(SWEEP("\"methods\": [\"ew\", \"uw_so\"], \"search\": "
				"{ \"lr\": [1e-3, 1e-2], \"wd\": [0, 1e-5] }")),
		"note: final.seeds is 1: the figures of the table are of one run each, "
		"without ±;\n"
		"      \"final\": { \"seeds\": 5 } repeats the winners\n"
		"note: search.lr has two values, 0.001 and 0.01: whichever wins lies at an "
		"end of\n"
		"      what was tried, and the table marks it with †\n"
		"note: uw_so: T is not given, and searched over the default range (7 "
		"values, 0.5\n"
		"      to 50); which T is useful depends on how large the losses are: the "
		"table\n"
		"      shows the weights that each led to\n");
	ck_assert_int_le(widest(output), 80);
	ck_assert_str_eq(
		surprises(SWEEP("\"methods\": [\"ew\", { \"name\": \"uw_so\", "
				"\"T\": [1, 5, 9] }], \"search\": { \"lr\": "
				"[1e-3, 3e-3, 1e-2] }, \"final\": { \"seeds\": 3 "
				"}, \"baseline\": { \"seeds\": 3 }")),
		"");
	ck_assert_str_eq(surprises(SWEEP("\"methods\": [\"ew\"], \"search\": { \"lr\": "
					 "1e-3 }, \"final\": { \"seeds\": 3 }")),
		"note: baseline.seeds is 1: every Δm compares with one run, and its ± "
		"does not\n      know how far that one lies off\n");
}
END_TEST

START_TEST(list_explains_one_row_in_full)
{
	struct err e = { 0 };

	ck_assert_int_eq(run("list methods uw_so", output, sizeof(output), &e), OK);
	ck_assert_ptr_nonnull(strstr(output, "uw_so, in tables UW-SO\n"));
	ck_assert_ptr_nonnull(strstr(output, "\nT: number, 1e-12 to 1000000000000; "));
	ck_assert_ptr_nonnull(strstr(output, "from: Kirchdorfer et al. 2025"));
	ck_assert_ptr_null(strstr(output, "gradnorm"));
	ck_assert_int_le(widest(output), 80);
	ck_assert_int_eq(
		run("list optimizers sgd --json", output, sizeof(output), &e), OK);
	ck_assert_int_eq(strncmp(output, "{\"name\":\"sgd\",", 14), 0);
	ck_assert_int_eq(run("list optimizers", output, sizeof(output), &e), OK);
	ck_assert_ptr_nonnull(strstr(output, "adagrad"));
	ck_assert_int_eq(
		run("list models resnt", output, sizeof(output), &e), ERR_USAGE);
	ck_assert_str_eq(e.msg, "unknown model \"resnt\"; did you mean \"resnet\"?");
}
END_TEST

START_TEST(a_sweep_is_found_by_file_name_and_flag)
{
	static const char *const lines[] = { "table small",
		"table small.db --sweep small", "table --db small.db --sweep small",
		"table --sweep small" };
	struct err e = { 0 };

	small_db_make("small.db");
	for (int i = 0; i < COUNT(lines); i++) {
		ck_assert_msg(run(lines[i], output, sizeof(output), &e) == OK, "%s: %s",
			lines[i], e.msg);
		ck_assert_str_eq(
			output, source_text("tests/fixtures/report/small.text"));
	}
	ck_assert_str_eq(scratch_files(), "small.db");
}
END_TEST

START_TEST(what_cannot_be_found_is_said)
{
	static const struct {
		const char *line;
		int code;
		const char *message;
	} cases[] = {
		{ "table", ERR_USAGE,
			"small.db holds several sweeps; choose with --sweep: small, "
			"fixed" },
		{ "table --sweep smal", ERR_USAGE,
			"small.db holds no sweep \"smal\"; it has small, fixed" },
		{ "table nothing", ERR_DB,
			"there is no database nothing.db; `deltam run` makes it" },
		{ "table small --query DROP", ERR_USAGE, NULL },
	};

	small_db_make("small.db");
	for (int i = 0; i < COUNT(cases); i++) {
		struct err e = { 0 };

		ck_assert_int_eq(
			run(cases[i].line, output, sizeof(output), &e), cases[i].code);
		if (cases[i].message)
			ck_assert_str_eq(e.msg, cases[i].message);
		ck_assert_str_eq(output, "");
	}
	unlink("small.db");
	ck_assert_int_eq(run("table", output, sizeof(output), NULL), ERR_USAGE);
	small_db_make("a.db");
	small_db_make("b.db");
	ck_assert_int_eq(run("table", output, sizeof(output), NULL), ERR_USAGE);
	ck_assert_str_eq(scratch_files(), "a.db b.db");
}
END_TEST

START_TEST(toys_audits_and_what_is_not_ours_are_not_what_a_report_means)
{
	struct err e = { 0 };

	small_db_make("small.audit.db"); /* alone it is meant */
	ck_assert_int_eq(run("table --sweep small", output, sizeof(output), &e), OK);
	small_db_make("small.db");
	query_run("small.audit.db", "DROP VIEW benchmark");
	toy_db_make("toy.db");
	scratch_write("foreign.db", "not ours", 8);
	scratch_write("empty.db", "", 0);
	ck_assert_int_eq(run("table --sweep small", output, sizeof(output), &e), OK);
	small_db_make("other.db");
	ck_assert_int_eq(run("table", output, sizeof(output), &e), ERR_USAGE);
	ck_assert_str_eq(e.msg, "which of other.db small.db? give a name or --db FILE");
	ck_assert_int_eq(run("table --db toy.db", output, sizeof(output), &e), ERR_DB);
	ck_assert_int_eq(run("table --db toy.db --query "
			     "SELECT(count(*))FROM(toy_run)",
				 output, sizeof(output), &e),
		OK);
}
END_TEST

/* Of the same rows, once as an older deltam left them. */
START_TEST(an_old_database_answers_every_command_as_a_new_one)
{
	static const char *const commands[] = { "table", "table --cost",
		"table --against ew --interval 95", "ranks", "power", "status",
		"failures", "pareto", "decisions" };
	static char expected[sizeof(output)];
	struct err e = { 0 };
	char line[128];

	for (int i = 0; i < COUNT(commands); i++) {
		snprintf(line, sizeof(line), "%s small --sweep small", commands[i]);
		small_db_make("small.db");
		ck_assert_msg(
			run(line, expected, sizeof(expected), &e) == OK, "%s", e.msg);
		unlink("small.db");
		old_db_make("small.db");
		ck_assert_msg(run(line, output, sizeof(output), &e) == OK, "%s", e.msg);
		ck_assert_str_eq(output, expected);
		ck_assert_uint_gt(strlen(output), 20);
		unlink("small.db");
	}
}
END_TEST

START_TEST(status_failures_and_list_print_to_the_letter)
{
	static const struct {
		const char *line;
		const char *file;
	} cases[] = { { "status small --sweep fixed", "status.text" },
		{ "status small --sweep fixed --json", "status.json" },
		{ "failures small", "failures.text" },
		{ "failures small --format json", "failures.json" },
		{ "failures small --sweep fixed", "failures.none.text" },
		{ "pareto small", "pareto.text" } };

	small_db_make("small.db");
	for (int i = 0; i < COUNT(cases); i++) {
		struct err e = { 0 };
		char path[128];

		snprintf(path, sizeof(path), "tests/fixtures/report/%s", cases[i].file);
		ck_assert_msg(run(cases[i].line, output, sizeof(output), &e) == OK,
			"%s", e.msg);
		ck_assert_str_eq(output, source_text(path));
	}
}
END_TEST

/* Those of another sweep, those that run, and those before one that worked do not count. */
START_TEST(status_tells_that_attempt_after_attempt_fails)
{
	static const char fail[] =
		"INSERT INTO attempt(job, token, host, start_epoch, stop_epoch, "
		"started, outcome, message) SELECT %d, 'x%d', 'h', 0, 12, '', %s";
	static const struct {
		int job;
		const char *outcome;
	} rows[] = { { 601, "'failed', 'early'" }, { 601, "'done', NULL" },
		{ 601, "'killed', 'killed by signal 9 (Killed)'" },
		{ 501, "'failed', 'exit status 127'" }, { 201, "'failed', 'other'" },
		{ 601, "NULL, NULL" } };
	char sql[512];
	struct err e = { 0 };

	small_db_make("small.db");
	for (int i = 0; i < 6; i++) {
		snprintf(sql, sizeof(sql), fail, rows[i].job, i, rows[i].outcome);
		query_run("small.db", sql);
		ck_assert_int_eq(
			run("status small --sweep fixed", output, sizeof(output), &e),
			OK);
		ck_assert_int_eq(strstr(output, "attempts failed") != NULL, i >= 3);
	}
	ck_assert_msg(
		strstr(output,
			"The last 2 attempts failed, the last at "
			"sgd 0.5: ew lr 0.01 seed 1000: exit status 127.") != NULL,
		"%s", output);
}
END_TEST

/* What the child has printed, once it holds `wanted`. */
static void read_until(struct child *c, const char *wanted)
{
	do
		child_let_live(c, 1000);
	while (access("out", F_OK) != 0 ||
		scratch_read("out", output, sizeof(output)) == 0 ||
		!strstr(output, wanted));
}

/* The database is changed in between: what it says next was read anew. */
START_TEST(a_watched_status_is_printed_again_until_the_sweep_ends)
{
	static const char *const argv[] = { "deltam", "status", "--db", "small.db",
		"--sweep", "fixed", "--watch", NULL };
	struct child c;

	small_db_make("small.db");
	child_start(&c, argv, NULL);
	read_until(&c, "fixed 2/3 jobs, ");
	ck_assert(!child_ended(&c));
	ck_assert_ptr_null(strstr(output, "3/3 jobs"));
	query_run("small.db",
		"UPDATE stage_job SET state='done' WHERE sweep=2;"
		"UPDATE sweep SET state='done' WHERE id=2");
	ck_assert_int_eq(child_wait(&c), 0);
	scratch_read("out", output, sizeof(output));
	ck_assert_ptr_nonnull(strstr(output, "fixed: done"));
	ck_assert_ptr_nonnull(
		strstr(strstr(output, "fixed: done"), "3/3 jobs have ended"));
	ck_assert_ptr_null(strstr(output, "\033")); /* a file is no terminal */
}
END_TEST

START_TEST(lists_name_everything_in_both_formats)
{
	struct err e = { 0 };

	ck_assert_int_eq(run("list methods", output, sizeof(output), &e), OK);
	ck_assert_ptr_nonnull(strstr(output, "uw_so                UW-SO: "));
	ck_assert_int_eq(run("list methods --json", output, sizeof(output), &e), OK);
	ck_assert_ptr_nonnull(
		strstr(output, "{\"name\":\"uw_so\",\"title\":\"UW-SO\","));
	ck_assert_int_eq(run("list datasets", output, sizeof(output), &e), OK);
	ck_assert_ptr_nonnull(strstr(output, "synthetic"));
	ck_assert_int_eq(run("list metrics", output, sizeof(output), &e), OK);
	ck_assert_ptr_nonnull(strstr(output, "accuracy"));
	ck_assert_int_eq(run("list models", output, sizeof(output), &e), OK);
	ck_assert_ptr_nonnull(strstr(output, "lenet"));
	ck_assert_int_eq(run("list plots", output, sizeof(output), &e), OK);
	ck_assert_ptr_nonnull(strstr(output, "\nheat                 validation"));
	ck_assert_int_eq(run("list plots pareto", output, sizeof(output), &e), OK);
	ck_assert_ptr_null(strstr(output, "from:"));
	ck_assert_int_eq(run("list plots het", output, sizeof(output), &e), ERR_USAGE);
	ck_assert_str_eq(e.msg, "unknown plot \"het\"; did you mean \"heat\"?");
	ck_assert_int_eq(run("help plot", output, sizeof(output), &e), OK);
	ck_assert_ptr_nonnull(strstr(output, "\nKIND: temperature, epochs, "));
}
END_TEST

/* What most data sets have in common would hide where they differ. */
START_TEST(a_list_says_a_long_text_once)
{
	static const char words[] = "pseudo-tasks: TASK=FILE";
	struct err e = { 0 };
	const char *at;

	ck_assert_int_eq(run("list datasets", output, sizeof(output), &e), OK);
	at = strstr(output, words);
	ck_assert_ptr_nonnull(at);
	ck_assert_ptr_null(strstr(at + 1, words));
	ck_assert_ptr_nonnull(
		strstr(at, "\n    pseudo           text; as above, multi_fashion\n"));
	ck_assert_int_eq(run("list datasets scenes", output, sizeof(output), &e), OK);
	ck_assert_ptr_nonnull(strstr(output, words));
}
END_TEST

START_TEST(help_names_every_flag_of_a_command)
{
	struct cli_options o;
	FILE *f = fopen("help", "w");

	ck_assert_int_eq(parse(&o, "table --help", NULL), OK);
	cli_help(f, o.command);
	fclose(f);
	scratch_read("help", output, sizeof(output));
	ck_assert_int_eq(
		strncmp(output, "usage: deltam table [SWEEP...] [options]\n", 41), 0);
	ck_assert_ptr_nonnull(strstr(output, "--query SQL"));
	ck_assert_ptr_null(strstr(output, "--watch"));
}
END_TEST

Suite *suite_cli(void);
Suite *suite_cli(void)
{
	Suite *s = suite_create("cli");
	TCase *tc = tcase_create("cli");

	tcase_add_checked_fixture(tc, scratch_enter, scratch_leave);
	tcase_add_test(tc, words_become_options);
	tcase_add_test(tc, what_does_not_fit_is_refused_with_a_hint);
	tcase_add_test(tc, help_of_every_command_has_an_example_and_eighty_columns);
	tcase_add_test(tc, list_explains_one_row_in_full);
	tcase_add_test(tc, a_list_says_a_long_text_once);
	tcase_add_test(tc, a_mistyped_data_set_gets_a_hint);
	tcase_add_test(tc, defaults_that_surprise_are_said);
	tcase_add_test(tc, a_sweep_is_found_by_file_name_and_flag);
	tcase_add_test(tc, what_cannot_be_found_is_said);
	tcase_add_test(
		tc, toys_audits_and_what_is_not_ours_are_not_what_a_report_means);
	tcase_add_test(tc, an_old_database_answers_every_command_as_a_new_one);
	tcase_add_test(tc, status_failures_and_list_print_to_the_letter);
	tcase_add_test(tc, status_tells_that_attempt_after_attempt_fails);
	tcase_add_test(tc, a_watched_status_is_printed_again_until_the_sweep_ends);
	tcase_add_test(tc, lists_name_everything_in_both_formats);
	tcase_add_test(tc, help_names_every_flag_of_a_command);
	suite_add_tcase(s, tc);
	return s;
}
