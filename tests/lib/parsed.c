#include "tests/lib/parsed.h"

#include <check.h>
#include <string.h>

struct arena parsed_arena;
struct spec parsed;

void parsed_release(void)
{
	arena_release(&parsed_arena);
}

int parsed_try(const char *text, const char **report)
{
	struct str out = { .arena = &parsed_arena };
	struct err e = { 0 };
	int rc = spec_parse(
		&parsed, &parsed_arena, "t.json", text, strlen(text), &out, &e);

	ck_assert_str_eq(e.msg, "");
	*report = str_get(&out);
	return rc;
}

void parsed_well(const char *text)
{
	const char *report;
	int rc = parsed_try(text, &report);

	ck_assert_msg(rc == OK, "%s\n%s", text, report);
	ck_assert_str_eq(report, "");
}

void parsed_sweep(const char *methods, const char *search)
{
	parsed_well(arena_printf(&parsed_arena,
		"{ \"sweep\": \"t\", \"dataset\": { \"name\": \"synthetic\" }, "
		"\"train\": { \"epochs\": 10 }, \"methods\": [%s], \"search\": { %s } "
		"}",
		methods, search));
}

const struct spec_variant *parsed_variant(void)
{
	return &parsed.variants[0];
}

struct plan_grid parsed_tune(int entry)
{
	return plan_tune(&parsed, parsed_variant(), &parsed_variant()->entries[entry],
		&parsed_arena);
}

const char *parsed_value(const struct plan_grid *g, int i, int k)
{
	return g->axes[k].text[grid_index(g, i, k)];
}

const char *parsed_values(const struct spec_axis *x)
{
	struct str out = { .arena = &parsed_arena };

	for (int i = 0; i < x->count; i++)
		str_printf(&out, "%s%s", i ? " | " : "", x->text[i]);
	return str_get(&out);
}
