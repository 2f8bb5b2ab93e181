/* deltam check, deltam plan: what a sweep file says, without starting anything. */
#include <stdio.h>
#include <string.h>
#include "orchestrator/cli.h"
#include "orchestrator/plan.h"

/* Loads the operand; prints its errors. */
static int load(struct spec *s, struct arena *a, const char *path, struct err *e)
{
	struct str report = { .arena = a };
	int rc = spec_load(s, a, path, &report, e);

	fputs(str_get(&report), stderr);
	return rc;
}

int cmd_check(const struct options *o, struct err *e)
{
	struct arena a = { 0 };
	struct spec s;
	int rc = load(&s, &a, o->operand, e);

	if (!rc) {
		struct plan_counts c = plan_count(&s, &a);

		printf("%s: ok, %lld job%s\n", o->operand, (long long)c.total,
			c.total == 1 ? "" : "s");
	}
	arena_release(&a);
	return rc;
}

#define STAGES 5 /* the last is the sum */

struct table {
	int width[2]; /* of the variants' and the entries' names */
	bool seen[STAGES]; /* stages with jobs */
	int64_t sum[STAGES];
};

static void stages_of(const struct entry_jobs *row, int64_t n[STAGES])
{
	n[0] = row->tune;
	n[1] = row->refine;
	n[2] = row->wd;
	n[3] = row->final;
	n[4] = row->tune + row->refine + row->wd + row->final;
}

static void widen(int *width, const char *text)
{
	if ((int)strlen(text) > *width)
		*width = (int)strlen(text);
}

static struct table measure(const struct plan_counts *c)
{
	struct table t = { .width = { 0, (int)strlen("entry") } };

	for (int i = 0; i < c->nrows; i++) {
		int64_t n[STAGES];

		stages_of(&c->rows[i], n);
		widen(&t.width[0], c->rows[i].variant->label);
		widen(&t.width[1], c->rows[i].entry->label);
		for (int k = 0; k < STAGES; k++) {
			t.sum[k] += n[k];
			t.seen[k] |= n[k] > 0;
		}
	}
	if (t.width[0])
		widen(&t.width[0], "variant");
	return t;
}

static void print_names(const struct table *t, const char *variant, const char *entry)
{
	if (t->width[0])
		printf("%-*s  ", t->width[0], variant);
	printf("%-*s", t->width[1], entry);
}

static void print_numbers(const struct table *t, const int64_t n[STAGES])
{
	for (int k = 0; k < STAGES; k++)
		if (t->seen[k])
			printf("  %10lld", (long long)n[k]);
	printf("\n");
}

static void print_plan(const struct plan_counts *c)
{
	static const char *const heads[STAGES] = { "tune", "refine", "wd", "final",
		"jobs" };
	struct table t = measure(c);

	print_names(&t, "variant", "entry");
	for (int k = 0; k < STAGES; k++)
		if (t.seen[k])
			printf("  %10s", heads[k]);
	printf("\n");
	for (int i = 0; i < c->nrows; i++) {
		int64_t n[STAGES];

		stages_of(&c->rows[i], n);
		print_names(&t, c->rows[i].variant->label, c->rows[i].entry->label);
		print_numbers(&t, n);
	}
	print_names(&t, "", "sum");
	print_numbers(&t, t.sum);
	if (t.seen[1])
		fputs("refine depends on where the best point lies: at most\n", stderr);
}

int cmd_plan(const struct options *o, struct err *e)
{
	struct arena a = { 0 };
	struct spec s;
	int rc = load(&s, &a, o->operand, e);

	if (!rc) {
		struct plan_counts c = plan_count(&s, &a);

		print_plan(&c);
		rc = plan_allow(&c, o->yes > 0, e);
	}
	arena_release(&a);
	return rc;
}
