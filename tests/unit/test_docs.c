#include <check.h>
#include <stdio.h>
#include <string.h>
#include "orchestrator/json/json.h"
#include "orchestrator/spec/spec_docs.h"
#include "tests/lib/generated.h"

static struct arena arena;

static void release(void)
{
	arena_release(&arena);
}

static void assert_committed(const char *path, void (*put)(struct str *))
{
	struct str want = { .arena = &arena };
	char *got = arena_alloc(&arena, 1 << 20, 1);
	FILE *f = fopen(path, "r");

	ck_assert_msg(f != NULL, "%s is missing", path);
	ck_assert_uint_gt(fread(got, 1, (1 << 20) - 1, f), 0);
	fclose(f);
	put(&want);
	ck_assert_msg(!strcmp(got, str_get(&want)), "%s is stale: run make docs", path);
}

START_TEST(generated_documents_are_what_the_tables_say)
{
	for (int i = 0; i < GENERATED; i++)
		assert_committed(generated[i].path, generated[i].put);
}
END_TEST

START_TEST(the_schema_is_json)
{
	struct str text = { .arena = &arena };
	struct diag d = { .arena = &arena, .path = "schema" };

	spec_docs_schema(&text);
	d.text = str_get(&text);
	d.n = text.n;
	ck_assert_ptr_nonnull(json_parse(&arena, &d));
}
END_TEST

Suite *suite_docs(void);

Suite *suite_docs(void)
{
	Suite *s = suite_create("docs");
	TCase *t = tcase_create("docs");

	tcase_add_checked_fixture(t, NULL, release);
	tcase_add_test(t, generated_documents_are_what_the_tables_say);
	tcase_add_test(t, the_schema_is_json);
	suite_add_tcase(s, t);
	return s;
}
