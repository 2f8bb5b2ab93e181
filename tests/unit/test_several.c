/* Reports of several sweeps put together: notes, tables one behind the other, tables joined. */
#include <check.h>
#include <string.h>
#include "orchestrator/print/several.h"
#include "orchestrator/print/shape.h"

static struct arena arena;
static struct several all;

static void set_up(void)
{
	all = (struct several){ 0 };
}

static void tear_down(void)
{
	arena_release(&arena);
}

static const char *rendered(const struct report *r)
{
	struct str *out = NEW(&arena, struct str);

	out->arena = &arena;
	report_csv(r, out);
	return str_get(out);
}

/* A table with the columns `label` and `value`, and one row. */
static struct report_table *add_table(
	struct report *r, const char *heading, const char *value, const char *label)
{
	struct report_table *t = report_table(r, heading);

	table_column(t, "label", "Method");
	table_column(t, value, value);
	table_text(t, label);
	table_text(t, label);
	return t;
}

START_TEST(a_note_of_all_stands_once_and_others_behind_their_sweeps)
{
	static const char *const notes[][3] = { { "all", "of a", "of a and c" },
		{ "of b", "all", NULL }, { "of a and c", "all", NULL } };
	static const char *const names[] = { "a", "b", "c" };
	static const char *const wanted[] = { "all", "a: of a", "a, c: of a and c",
		"b: of b" };
	struct report r = { .arena = &arena };

	for (int i = 0; i < COUNT(names); i++) {
		struct report *of = several_add(&all, names[i], &arena);

		of->title = names[i];
		for (int k = 0; k < COUNT(notes[i]) && notes[i][k]; k++)
			report_note(of, "%s", notes[i][k]);
	}
	several_put(&all, &r);
	ck_assert_str_eq(r.title, "a, b, c");
	ck_assert_int_eq(r.notes, COUNT(wanted));
	for (int i = 0; i < COUNT(wanted); i++)
		ck_assert_str_eq(r.note[i], wanted[i]);
}
END_TEST

START_TEST(an_only_report_stays_as_it_is)
{
	struct report r = { .arena = &arena };
	struct report *of = several_add(&all, "a", &arena);

	add_table(of, NULL, "x", "ew");
	add_table(of, "sgd", "x", "uw");
	report_note(of, "note");
	several_put(&all, &r);
	ck_assert_ptr_null(r.title);
	ck_assert_ptr_null(r.table[0].heading);
	ck_assert_str_eq(r.table[1].heading, "sgd");
	ck_assert_str_eq(r.note[0], "note");
}
END_TEST

START_TEST(tables_stand_under_the_names_of_their_sweeps)
{
	struct report r = { .arena = &arena };

	add_table(several_add(&all, "a", &arena), NULL, "x", "ew");
	add_table(several_add(&all, "b\x1b[1m", &arena), "sgd", "x", "ew");
	several_put(&all, &r);
	ck_assert_str_eq(r.table[0].heading, "a");
	ck_assert_str_eq(r.table[1].heading, "b [1m sgd"); /* no escape sequence */
}
END_TEST

/* The title names all sweeps, so that a caption would name one twice. */
START_TEST(a_caption_names_the_sweep_once)
{
	struct report r = { .arena = &arena };
	struct str out = { .arena = &arena };
	struct report *of = several_add(&all, "a", &arena);

	of->title = "a";
	add_table(of, "sgd", "x", "ew");
	of = several_add(&all, "b", &arena);
	of->title = "b";
	add_table(of, "sgd", "x", "ew");
	several_put(&all, &r);
	report_latex(&r, &out);
	ck_assert_ptr_nonnull(strstr(str_get(&out), "\\caption{a sgd}\n"));
	ck_assert_ptr_nonnull(strstr(str_get(&out), "\\label{tab:b-sgd}\n"));
}
END_TEST

START_TEST(joined_tables_have_the_columns_and_rows_of_all)
{
	struct report r = { .arena = &arena };
	struct report_table *t;

	add_table(several_add(&all, "a", &arena), NULL, "a_x", "ew");
	t = add_table(several_add(&all, "b", &arena), NULL, "b_x", "uw");
	table_text(t, "ew");
	table_text(t, "second");
	several_join(&all, 1, &r);
	ck_assert_int_eq(r.tables, 1);
	ck_assert_str_eq(rendered(&r), "label,a_x,b_x\new,ew,second\nuw,,uw\n");
}
END_TEST

START_TEST(without_keys_every_row_is_another_one)
{
	struct report r = { .arena = &arena };

	add_table(several_add(&all, "a", &arena), "p", "x", "ew");
	add_table(several_add(&all, "b", &arena), "p", "x", "ew");
	add_table(several_add(&all, "c", &arena), NULL, "x", "ew");
	several_join(&all, 0, &r);
	ck_assert_int_eq(r.tables, 2);
	ck_assert_int_eq(table_rows(&r.table[0]), 2);
	ck_assert_str_eq(r.table[0].heading, "p");
	ck_assert_ptr_null(r.table[1].heading);
}
END_TEST

START_TEST(what_one_block_shows_is_shown_of_all)
{
	struct report r = { .arena = &arena };

	add_table(several_add(&all, "a", &arena), NULL, "seeds", "ew")
		->column[1]
		.audience = FOR_PROGRAMS;
	add_table(several_add(&all, "b", &arena), NULL, "seeds", "ew");
	several_put(&all, &r);
	ck_assert(shape_append(&r.table[0], &r.table[1]));
	ck_assert_int_eq(r.table[0].column[1].audience, FOR_ALL);
	ck_assert_int_eq(table_rows(&r.table[0]), 2);
}
END_TEST

Suite *suite_several(void);
Suite *suite_several(void)
{
	Suite *s = suite_create("several");
	TCase *c = tcase_create("several");

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_test(c, a_note_of_all_stands_once_and_others_behind_their_sweeps);
	tcase_add_test(c, an_only_report_stays_as_it_is);
	tcase_add_test(c, tables_stand_under_the_names_of_their_sweeps);
	tcase_add_test(c, a_caption_names_the_sweep_once);
	tcase_add_test(c, joined_tables_have_the_columns_and_rows_of_all);
	tcase_add_test(c, without_keys_every_row_is_another_one);
	tcase_add_test(c, what_one_block_shows_is_shown_of_all);
	suite_add_tcase(s, c);
	return s;
}
