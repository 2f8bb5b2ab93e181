/*
 * The layouts of tables, on a database with known figures; tests/second computes their cells
 * again from real sweeps.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include "common/store/store_open.h"
#include "orchestrator/layout/layout.h"
#include "orchestrator/print/shape.h"
#include "orchestrator/json/json.h"
#include "orchestrator/spec/spec.h"
#include "tests/lib/digest.h"
#include "tests/lib/each.h"
#include "tests/lib/scratch.h"
#include "tests/lib/small_db.h"

static struct arena arena;
static struct store store;

static void set_up(void)
{
	struct err e = { 0 };

	scratch_enter();
	small_db_make("small.db");
	query_run("small.db",
		"INSERT INTO job_param SELECT id, 'train.batch', '32' FROM job");
	ck_assert_msg(
		store_open(&store, "small.db", STORE_READER, &e) == OK, "%s", e.msg);
}

static void tear_down(void)
{
	store_close(&store);
	arena_release(&arena);
	scratch_leave();
}

/* A sweep of small.db, as if its file had varied this. */
static struct query_sweep *sweep_named(const char *name, const char *vary)
{
	struct query_sweep *sweeps;
	int n;

	ck_assert_int_eq(query_sweeps(&store, &arena, &sweeps, &n, NULL), OK);
	for (int i = 0; i < n; i++)
		if (!strcmp(sweeps[i].name, name)) {
			sweeps[i].text =
				arena_printf(&arena, "{ \"sweep\": \"%s\"%s%s }", name,
					vary ? ", \"vary\": " : "", vary ? vary : "");
			return &sweeps[i];
		}
	ck_abort_msg("no sweep %s", name);
}

static const char *rendered(
	const struct report *r, void (*render)(const struct report *r, struct str *out))
{
	struct str *out = NEW(&arena, struct str);

	out->arena = &arena;
	render(r, out);
	return str_get(out);
}

static const struct layout_case {
	const char *layout, *sweep, *vary;
} samples[] = {
	{ "criteria", "fixed", NULL },
	{ "average", "small", NULL },
	{ "setups", "fixed", NULL },
	{ "temperature", "small", NULL },
	{ "batch", "fixed", "{ \"train.batch\": [\"sgd 0.5\", \"adam\"] }" },
	{ "optimizers", "fixed", "{ \"optimizer\": [\"sgd 0.5\", \"adam\"] }" },
	{ "hours", "small", NULL },
};

static struct report layout_of(const struct layout_case *x, struct benchmark_view view)
{
	const struct layout_sweep sweep = { &store, sweep_named(x->sweep, x->vary) };
	struct report r = { .arena = &arena };
	struct err e = { 0 };

	ck_assert_msg(layout_report(&sweep, 1, x->layout, &view, &r, &e) == OK,
		"%s: %s", x->layout, e.msg);
	return r;
}

START_TEST(every_layout_prints_its_table_to_the_letter)
{
	for (int i = 0; i < COUNT(samples); i++) {
		struct report r = layout_of(&samples[i], (struct benchmark_view){ 0 });
		char path[256];

		snprintf(path, sizeof(path), "tests/fixtures/report/layout_%s.text",
			samples[i].layout);
		ck_assert_str_eq(rendered(&r, report_text), source_text(path));
	}
}
END_TEST

/* Both sweeps of small.db: other protocols, other variants, one without its baseline. */
static int layout_of_both(const char *layout, struct report *r, struct err *e)
{
	const struct layout_sweep sweep[] = { { &store, sweep_named("small", NULL) },
		{ &store,
			sweep_named("fixed",
				"{ \"train.batch\": [\"sgd 0.5\", \"adam\"] }") } };
	struct benchmark_view view = { 0 };

	*r = (struct report){ .arena = &arena };
	return layout_report(sweep, 2, layout, &view, r, e);
}

START_TEST(several_sweeps_stand_in_one_table_whose_notes_say_whose_they_are)
{
	static const char *const layouts[] = { "criteria", "average", "setups", "batch",
		"hours" };

	for (int i = 0; i < COUNT(layouts); i++) {
		struct report r;
		struct err e = { 0 };
		char path[256];

		ck_assert_msg(layout_of_both(layouts[i], &r, &e) == OK, "%s: %s",
			layouts[i], e.msg);
		snprintf(path, sizeof(path), "tests/fixtures/report/several_%s.text",
			layouts[i]);
		ck_assert_str_eq(rendered(&r, report_text), source_text(path));
	}
}
END_TEST

START_TEST(a_sweep_among_several_that_has_nothing_to_show_is_named)
{
	static const struct {
		const char *layout, *message;
	} cases[] = {
		{ "temperature", "fixed has no method with a T: " },
		{ "optimizers", "small does not vary `optimizer`: " },
		{ "pareto", "--layout pareto: 1 runs of small were stopped early" },
	};

	for (int i = 0; i < COUNT(cases); i++) {
		struct report r;
		struct err e = { 0 };

		ck_assert_int_eq(layout_of_both(cases[i].layout, &r, &e), ERR_USAGE);
		ASSERT_EACH_MSG(
			!strncmp(e.msg, cases[i].message, strlen(cases[i].message)),
			"%s: %s", cases[i].layout, e.msg);
	}
}
END_TEST

START_TEST(two_sweeps_of_one_batch_size_are_refused)
{
	const struct layout_sweep sweep[] = { { &store, sweep_named("small", NULL) },
		{ &store, sweep_named("small", NULL) } };
	struct benchmark_view view = { 0 };
	struct report r = { .arena = &arena };
	struct err e = { 0 };

	ck_assert_int_eq(layout_report(sweep, 2, "batch", &view, &r, &e), ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(
		e.msg, "two of the sweeps have batch 32 of synthetic mlp: name one"));
}
END_TEST

static const struct {
	const char *name;
	void (*render)(const struct report *r, struct str *out);
} formats[] = {
#define REPORT(name, summary) { #name, report_##name },
#include "orchestrator/print/report.def"
#undef REPORT
};

START_TEST(every_format_shows_every_layout_with_all_that_can_be_asked_for)
{
	struct benchmark_view asked = { .std = "criteria",
		.digits = "4",
		.inference = { .against = "ew", .level = 95, .mark = "letters" } };

	for (int i = 0; i < COUNT(samples); i++)
		for (int k = 0; k < COUNT(formats); k++) {
			struct report r = layout_of(&samples[i], asked);
			const char *text = rendered(&r, formats[k].render);

			ASSERT_EACH_MSG(strstr(text, "ew") || strstr(text, "EW"),
				"%s as %s: %s", samples[i].layout, formats[k].name,
				text);
		}
}
END_TEST

START_TEST(an_interval_stands_beside_each_figure_of_a_layout_of_figures)
{
	struct benchmark_view view = { .inference = { .level = 95 } };
	struct report r = layout_of(&samples[2], view);
	const struct report_table *t = &r.table[0];
	int at = shape_find(t, "sgd 0.5_delta_m_interval");

	ck_assert_int_ge(at, 0);
	ck_assert_str_eq(t->column[at].group, "sgd 0.5");
	ck_assert_str_eq(t->column[at].title, "95 % interval");
}
END_TEST

START_TEST(the_average_is_tested_seed_by_seed)
{
	struct benchmark_view view = { .inference = { .mark = "letters" } };
	struct report r = layout_of(&samples[1], view);
	const struct report_table *t = &r.table[0];
	int error = shape_find(t, "reg1/abs_err");
	int average = shape_find(t, "average_abs_err");

	/* The mean over one task is that task; the baseline's rows are no mean of runs. */
	for (int row = 1; row < table_rows(t); row++) {
		const char *want = table_at(t, row, error)->letters;
		const char *have = table_at(t, row, average)->letters;

		ASSERT_EACH_MSG(!want == !have && (!want || !strcmp(want, have)),
			"row %d: %s, not %s", row, have, want);
		ck_assert_str_eq(cell_exact(table_at(t, row, average)),
			cell_exact(table_at(t, row, error)));
		ck_assert_str_eq(cell_exact(table_at(t, row, average + 1)),
			cell_exact(table_at(t, row, error + 1)));
	}
}
END_TEST

START_TEST(a_sweep_without_what_a_layout_shows_says_what_is_missing)
{
	static const struct {
		const char *layout, *message;
	} cases[] = {
		{ "batch",
			"small does not vary `batch`: its sweep file would say "
			"\"vary\": { \"batch\": [...] }" },
		{ "optimizers",
			"small does not vary `optimizer`: its sweep file would say "
			"\"vary\": { \"optimizer\": [...] }" },
		{ "pareto", "--layout pareto: " },
	};

	for (int i = 0; i < COUNT(cases); i++) {
		const struct layout_sweep sweep = { &store,
			sweep_named("small", NULL) };
		struct report r = { .arena = &arena };
		struct benchmark_view view = { 0 };
		struct err e = { 0 };

		ck_assert_int_eq(
			layout_report(&sweep, 1, cases[i].layout, &view, &r, &e),
			ERR_USAGE);
		ASSERT_EACH_MSG(
			!strncmp(e.msg, cases[i].message, strlen(cases[i].message)),
			"%s: %s", cases[i].layout, e.msg);
	}
}
END_TEST

START_TEST(options_that_a_layout_has_no_place_for_are_refused)
{
	static const struct cli_options refused[] = {
		{ .layout = "batch", .cost = 1 },
		{ .layout = "pareto", .interval = 95 },
		{ .layout = "hours", .mark = "best" },
		{ .layout = "hours", .std = "none" },
		{ .layout = "criteria", .robust = 1 },
		{ .layout = "criteria", .query = "SELECT 1" },
	};
	static const struct cli_options taken[] = {
		{ .layout = "criteria", .cost = 1, .interval = 95 },
		{ .layout = "batch", .mark = "letters", .std = "none" },
		{ .layout = "hours", .against = "ew" },
	};

	for (int i = 0; i < COUNT(refused); i++)
		ASSERT_EACH_MSG(layout_check(&refused[i], NULL) == ERR_USAGE, "%d", i);
	for (int i = 0; i < COUNT(taken); i++)
		ASSERT_EACH_MSG(layout_check(&taken[i], NULL) == OK, "%d", i);
}
END_TEST

/* docs/TABLES.md says of a layout what the table says, and --layout takes every name. */
START_TEST(the_page_and_the_option_have_every_layout)
{
	static const struct {
		const char *name, *row;
	} rows[] = {
#define LAYOUT(name, kind, summary, papers) \
	{ #name, "| `" #name "` | " summary " | " papers " |" },
#include "orchestrator/layout/layout.def"
#undef LAYOUT
	};
	const char *page = source_text("docs/TABLES.md");
	const char *options = strstr(
		source_text("orchestrator/cli/options.def"), "FLAG(layout, TEXT, \"");

	ck_assert_ptr_nonnull(options);
	options += strlen("FLAG(layout, TEXT, \"");
	for (int i = 0; i < COUNT(rows); i++) {
		size_t n = strlen(rows[i].name);

		ASSERT_EACH_MSG(strstr(page, rows[i].row), "docs/TABLES.md lacks\n%s",
			rows[i].row);
		ASSERT_EACH_MSG(!strncmp(options, rows[i].name, n),
			"options.def has another order at %s", rows[i].name);
		options += n + 1;
	}
}
END_TEST

START_TEST(a_variant_is_told_apart_by_its_axes)
{
	static const char text[] =
		"{ \"vary\": { \"model\": [\"mlp\", { \"name\": \"mlp\", \"hidden\": [6, "
		"4] }], \"pin\": \"winner\", \"train.batch\": [2e1, 40] } }";
	static const struct {
		const char *variant, *name, *value, *rest;
	} cases[] = {
		{ "mlp 20", "batch", "20", "mlp" },
		{ "mlp hidden=6,4 40", "batch", "40", "mlp hidden=6,4" },
		{ "mlp hidden=6,4 40", "model", "mlp hidden=6,4", "40" },
		{ "mlp 20", "optimizer", NULL, NULL },
		{ "mlp 80", "batch", NULL, NULL },
	};
	struct diag d = {
		.arena = &arena, .path = "", .text = text, .n = strlen(text)
	};
	const struct json *root = json_parse(&arena, &d);

	for (int i = 0; i < COUNT(cases); i++) {
		const char *value = NULL;
		const char *rest = NULL;
		bool found = spec_vary_axis(
			root, cases[i].variant, cases[i].name, &arena, &value, &rest);

		ASSERT_EACH_MSG(found == (cases[i].value != NULL), "%d", i);
		if (!found)
			continue;
		ck_assert_str_eq(value, cases[i].value);
		ck_assert_str_eq(rest, cases[i].rest);
	}
}
END_TEST

Suite *suite_layout(void);
Suite *suite_layout(void)
{
	Suite *s = suite_create("layout");
	TCase *c = tcase_create("layout");

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_test(c, every_layout_prints_its_table_to_the_letter);
	tcase_add_test(
		c, several_sweeps_stand_in_one_table_whose_notes_say_whose_they_are);
	tcase_add_test(c, a_sweep_among_several_that_has_nothing_to_show_is_named);
	tcase_add_test(c, two_sweeps_of_one_batch_size_are_refused);
	tcase_add_test(
		c, every_format_shows_every_layout_with_all_that_can_be_asked_for);
	tcase_add_test(c, an_interval_stands_beside_each_figure_of_a_layout_of_figures);
	tcase_add_test(c, the_average_is_tested_seed_by_seed);
	tcase_add_test(c, a_sweep_without_what_a_layout_shows_says_what_is_missing);
	tcase_add_test(c, options_that_a_layout_has_no_place_for_are_refused);
	tcase_add_test(c, the_page_and_the_option_have_every_layout);
	tcase_add_test(c, a_variant_is_told_apart_by_its_axes);
	suite_add_tcase(s, c);
	return s;
}
