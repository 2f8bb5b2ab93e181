#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "orchestrator/json/json.h"

static struct arena arena;
static struct diag diag;

static struct json *parse_bytes(const char *text, size_t n)
{
	diag = (struct diag){ .arena = &arena, .path = "t.json", .text = text, .n = n };
	return json_parse(&arena, &diag);
}

static struct json *parse(const char *text)
{
	return parse_bytes(text, strlen(text));
}

static const char *report(void)
{
	struct str out = { .arena = &arena };

	diag_render(&diag, &out);
	return str_get(&out);
}

static void release(void)
{
	arena_release(&arena);
}

/* The one fault of a text, as line:column. */
static void assert_fault_at(const char *text, int line, int column)
{
	int l, c;

	ck_assert_ptr_null(parse(text));
	ck_assert_int_eq(diag.total, 1);
	diag_place(&diag, diag.item[0].at, &l, &c);
	ck_assert_msg(l == line && c == column, "%s at %d:%d, not %d:%d in %s",
		diag.item[0].message, l, c, line, column, text);
}

START_TEST(every_value_and_key_knows_its_place)
{
	const struct json *root = parse("{ \"a\": [1,\n  {\"b\": true}] }");
	const struct json *a = json_get(root, "a");
	const struct json *b = json_get(a->child->next, "b");

	ck_assert_uint_eq(root->at, 0);
	ck_assert_uint_eq(a->key_at, 2);
	ck_assert_uint_eq(a->at, 7);
	ck_assert_uint_eq(a->child->at, 8);
	ck_assert_uint_eq(b->key_at, 14);
	ck_assert_uint_eq(b->at, 19);
	ck_assert_int_eq(a->count, 2);
	ck_assert(b->kind == JSON_BOOL && b->boolean);
}
END_TEST

START_TEST(comments_are_blanks_but_not_inside_strings)
{
	const struct json *root =
		parse("// first\n{ /* a\n b */ \"k//\": \"/* no */ \\\" // no\" }//");

	ck_assert_ptr_nonnull(root);
	ck_assert_str_eq(root->child->key, "k//");
	ck_assert_str_eq(root->child->string, "/* no */ \" // no");
	ck_assert_uint_eq(root->at, 9);
}
END_TEST

START_TEST(keys_differ_by_case)
{
	const struct json *root = parse("{ \"T\": 1, \"t\": 2 }");

	ck_assert_ptr_nonnull(root);
	ck_assert_double_eq(json_get(root, "t")->number, 2);
	ck_assert_double_eq(json_get(root, "T")->number, 1);
}
END_TEST

START_TEST(equal_keys_are_found_behind_their_escapes)
{
	ck_assert_ptr_null(parse("{ \"ab\": 1,\n \"a\\u0062\": 2, \"ab\": 3 }"));
	ck_assert_int_eq(diag.total, 2);
	ck_assert_str_eq(
		diag.item[0].message, "duplicate key \"ab\"; the first is at line 1");
}
END_TEST

START_TEST(a_byte_order_mark_is_no_fault)
{
	ck_assert_ptr_nonnull(parse("\xef\xbb\xbf{}"));
}
END_TEST

START_TEST(numbers_survive_as_doubles)
{
	const struct json *root =
		parse("[0.1, -0, 1e-300, 12345678901234567890, 3E+2]");
	double want[] = { 0.1, -0.0, 1e-300, 12345678901234567890.0, 300 };
	int i = 0;

	ck_assert_ptr_nonnull(root);
	for (const struct json *m = root->child; m; m = m->next)
		ck_assert_double_eq(m->number, want[i++]);
}
END_TEST

START_TEST(strings_are_decoded)
{
	const struct json *root = parse("[\"\\u00e9\\ud83d\\ude00\\n\"]");

	ck_assert_str_eq(root->child->string, "\xc3\xa9\xf0\x9f\x98\x80\n");
}
END_TEST

START_TEST(each_fault_has_one_place)
{
	assert_fault_at("", 1, 1);
	assert_fault_at("{ \"a\": }", 1, 8);
	assert_fault_at("{ \"a\" 1 }", 1, 7);
	assert_fault_at("{ \"a\": 1 \"b\": 2 }", 1, 10);
	assert_fault_at("{ \"a\": 1,\n}", 2, 1);
	assert_fault_at("[1, 2", 1, 6);
	assert_fault_at("[1,, 2]", 1, 4);
	assert_fault_at("{ a: 1 }", 1, 3);
	assert_fault_at("[.5]", 1, 2);
	assert_fault_at("[1.]", 1, 2);
	assert_fault_at("[1e]", 1, 2);
	assert_fault_at("[0x10]", 1, 2);
	assert_fault_at("[-]", 1, 2);
	assert_fault_at("[nan]", 1, 2);
	assert_fault_at("[\"\xc3\xa9\xc3\xa9\", inf]", 1, 8);
	assert_fault_at("[\"\\u12\"]", 1, 3);
	assert_fault_at("[\"\\u0000\"]", 1, 3);
	assert_fault_at("[\"\\udc00\"]", 1, 3);
	assert_fault_at("[1] x", 1, 5);
	assert_fault_at("/*", 1, 1);
	assert_fault_at("[1e400]", 1, 2);
	assert_fault_at("[1e-400]", 1, 2);
	assert_fault_at("[\"a\nb\"]", 1, 2);
	assert_fault_at("[\"\xff\"]", 1, 3);
	assert_fault_at("[\"\xed\xa0\x80\"]", 1, 3);
}
END_TEST

START_TEST(a_nul_byte_is_no_text)
{
	ck_assert_ptr_null(parse_bytes("{}\0", 3));
	ck_assert_int_eq(diag.total, 1);
	ck_assert_uint_eq(diag.item[0].at, 2);
}
END_TEST

START_TEST(sixty_four_levels_are_deep_enough)
{
	char text[2 * (JSON_DEPTH_MAX + 1) + 1] = { 0 };

	memset(text, '[', JSON_DEPTH_MAX);
	memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	ck_assert_ptr_nonnull(parse(text));
	memset(text, '[', JSON_DEPTH_MAX + 1);
	memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
	assert_fault_at(text, 1, JSON_DEPTH_MAX + 1);
}
END_TEST

START_TEST(more_than_four_mebibytes_are_not_read)
{
	size_t n = JSON_BYTES_MAX + 1;
	char *text = malloc(n);

	memset(text, ' ', n);
	memcpy(text, "{}", 2);
	ck_assert_ptr_nonnull(parse_bytes(text, n - 1));
	ck_assert_ptr_null(parse_bytes(text, n));
	free(text);
}
END_TEST

START_TEST(more_than_a_hundred_thousand_values_are_not_held)
{
	struct str text = { .arena = &arena };

	str_put(&text, "[0");
	for (int i = 2; i < JSON_VALUES_MAX; i++) /* the list is one, too */
		str_put(&text, ",0");
	ck_assert_ptr_nonnull(parse(arena_printf(&arena, "%s]", str_get(&text))));
	assert_fault_at(
		arena_printf(&arena, "%s,0]", str_get(&text)), 1, 2 * JSON_VALUES_MAX);
	ck_assert_ptr_nonnull(strstr(report(), "more than 100,000 values"));
}
END_TEST

START_TEST(many_equal_keys_take_no_minutes)
{
	struct str text = { .arena = &arena };

	str_put(&text, "{\"a\":1");
	for (int i = 2; i < JSON_VALUES_MAX; i++)
		str_put(&text, ",\n\"a\":1");
	str_put(&text, "}");
	ck_assert_ptr_null(parse(str_get(&text)));
	ck_assert_int_eq(diag.kept, DIAG_MAX);
}
END_TEST

START_TEST(the_caret_stands_under_its_character)
{
	(void)parse("{\n\t\"\xc3\xbc\":\tnan\n}");
	ck_assert_str_eq(report(),
		"t.json:2:7: error: nan is not a number that a sweep file can hold\n"
		"    2 | \t\"\xc3\xbc\":\tnan\n"
		"      | \t    \t^\n");
}
END_TEST

START_TEST(a_carriage_return_is_not_shown)
{
	(void)parse("[\r\n nan\r\n]");
	ck_assert_str_eq(report(),
		"t.json:2:2: error: nan is not a number that a sweep file can hold\n"
		"    2 |  nan\n"
		"      |  ^\n");
}
END_TEST

START_TEST(the_same_error_is_said_once_and_twenty_are_shown)
{
	diag = (struct diag){ .arena = &arena, .path = "p", .text = "x", .n = 1 };
	for (int i = 0; i < 25; i++) {
		ck_assert(diag_keeps(&diag, 1) == (i < DIAG_MAX));
		diag_add(&diag, 0, "error %d", i);
		diag_add(&diag, 0, "error %d", i < DIAG_MAX ? i : 0);
	}
	ck_assert_int_eq(diag.total, 25);
	ck_assert(diag_keeps(&diag, 0)); /* where one is already */
	ck_assert_int_eq(diag.kept, DIAG_MAX);
	ck_assert_ptr_nonnull(strstr(report(), "p: 5 more errors\n"));
}
END_TEST

START_TEST(a_quoted_text_cannot_move_the_cursor)
{
	ck_assert_str_eq(diag_quote(&arena, "a\x1b[2J\n\xc2\x9b"), "\"a?[2J??\"");
	ck_assert_str_eq(
		diag_quote(&arena, "0123456789012345678901234567890123456789x"),
		"\"0123456789012345678901234567890123456789...\"");
}
END_TEST

Suite *suite_json(void);

Suite *suite_json(void)
{
	Suite *s = suite_create("json");
	TCase *t = tcase_create("json");

	tcase_add_checked_fixture(t, NULL, release);
	tcase_add_test(t, every_value_and_key_knows_its_place);
	tcase_add_test(t, comments_are_blanks_but_not_inside_strings);
	tcase_add_test(t, keys_differ_by_case);
	tcase_add_test(t, equal_keys_are_found_behind_their_escapes);
	tcase_add_test(t, a_byte_order_mark_is_no_fault);
	tcase_add_test(t, numbers_survive_as_doubles);
	tcase_add_test(t, strings_are_decoded);
	tcase_add_test(t, each_fault_has_one_place);
	tcase_add_test(t, a_nul_byte_is_no_text);
	tcase_add_test(t, sixty_four_levels_are_deep_enough);
	tcase_add_test(t, more_than_four_mebibytes_are_not_read);
	tcase_add_test(t, more_than_a_hundred_thousand_values_are_not_held);
	tcase_add_test(t, many_equal_keys_take_no_minutes);
	tcase_add_test(t, the_caret_stands_under_its_character);
	tcase_add_test(t, a_carriage_return_is_not_shown);
	tcase_add_test(t, the_same_error_is_said_once_and_twenty_are_shown);
	tcase_add_test(t, a_quoted_text_cannot_move_the_cursor);
	suite_add_tcase(s, t);
	return s;
}
