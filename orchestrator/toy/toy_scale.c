/* What scaled losses change, beside what Elich et al. 2024 say of it. */
#include <math.h>
#include <string.h>
#include "catalogue/catalogue.h"
#include "orchestrator/toy/toy.h"

/*
 * Rounding sends two trainings apart in the end, however equal their rules are: only the
 * first epochs are compared, and to this share.
 */
#define EPOCHS 10
#define EQUAL 0.01

enum { TRUNK, TASK1, TASK2, PARTS };
static const char *const part_names[PARTS] = { "trunk", "task1", "task2" };
static const char *const part_titles[PARTS] = { "trunk", "head 1", "head 2" };

/* Elich et al. 2024, A1 and A2: whether updates stay what they are. */
static const struct claim {
	const char *trunk, *method, *optimizer;
	bool invariant;
} claims[] = {
	{ "frozen", "ew", "sgd", false },
	{ "frozen", "ew", "adam", true },
	{ "frozen", "uw_o", "sgd", true },
	{ "free", "ew", "sgd", false },
	{ "free", "ew", "adam", false },
	{ "free", "uw_o", "sgd", true },
	{ "free", "ew", "adam per task", true },
};

/* One training under one pair of scales; ratios are those farthest from 1. */
struct line {
	const char *trunk, *method, *optimizer;
	double scale1, scale2;
	double gradient[PARTS], step[PARTS]; /* NAN: does not move */
};

struct lines {
	struct line *line;
	int n, capacity;
};

static struct line read_line(struct rows *r)
{
	struct line l = { .gradient = { NAN, NAN, NAN }, .step = { NAN, NAN, NAN } };

	l.trunk = rows_text(r);
	l.method = rows_text(r);
	l.optimizer = rows_text(r);
	l.scale1 = rows_real(r);
	l.scale2 = rows_real(r);
	return l;
}

/* The newest line if the row goes on with it, else a new one. */
static struct line *line_of(struct lines *all, const struct line *x, struct arena *a)
{
	struct line *l = all->n ? &all->line[all->n - 1] : NULL;

	if (l && !strcmp(l->trunk, x->trunk) && !strcmp(l->method, x->method) &&
		!strcmp(l->optimizer, x->optimizer) && l->scale1 == x->scale1 &&
		l->scale2 == x->scale2)
		return l;
	GROW(a, all->line, all->n, all->capacity);
	l = &all->line[all->n++];
	*l = *x;
	l->trunk = arena_strdup(a, x->trunk);
	l->method = arena_strdup(a, x->method);
	l->optimizer = arena_strdup(a, x->optimizer);
	return l;
}

static double farther(double a, double b)
{
	return isnan(a) || fabs(log(b)) > fabs(log(a)) ? b : a;
}

static int part_of(const char *name)
{
	for (int i = 0; i < PARTS; i++)
		if (!strcmp(part_names[i], name))
			return i;
	BUG("a part that no network has");
}

static int read_lines(
	struct store *s, struct lines *all, struct arena *a, struct err *e)
{
	struct rows r = rows_open(s, STMT_TOY_INVARIANCE, ARGS(INT(EPOCHS)), e);

	while (rows_next(&r)) {
		struct line x = read_line(&r);
		struct line *l = line_of(all, &x, a);
		int part = part_of(rows_text(&r));
		double step;

		l->gradient[part] = farther(l->gradient[part], rows_real(&r));
		step = rows_real(&r);
		if (!isnan(step))
			l->step[part] = farther(l->step[part], step);
	}
	return rows_close(&r);
}

static bool equal(double ratio)
{
	return fabs(log(ratio)) < EQUAL;
}

static bool invariant(const struct line *l)
{
	for (int i = 0; i < PARTS; i++)
		if (isfinite(l->step[i]) && !equal(l->step[i]))
			return false;
	return true;
}

/* "adam, eps 0" is Adam. */
static bool begins(const char *text, const char *with)
{
	size_t n = strlen(with);

	return !strncmp(text, with, n) && (!text[n] || text[n] == ',');
}

static const struct claim *claim_of(const struct line *l)
{
	for (int i = 0; i < COUNT(claims); i++)
		if (!strcmp(claims[i].trunk, l->trunk) &&
			!strcmp(claims[i].method, l->method) &&
			begins(l->optimizer, claims[i].optimizer))
			return &claims[i];
	BUG("a training that the paper does not speak of");
}

static void put_ratio(struct report_table *t, double ratio)
{
	struct report_cell *c = table_number(t, ratio,
		isfinite(ratio) ? arena_printf(t->arena, "%.4g", ratio) : "-");

	if (isfinite(ratio) && equal(ratio))
		c->mark = MARK_BEST;
}

static void put_line(struct report_table *t, const struct line *l)
{
	table_text(t, l->trunk);
	table_text(t, catalogue_method(l->method)->title);
	table_text(t, l->optimizer);
	table_text(t, arena_printf(t->arena, "%g, %g", l->scale1, l->scale2));
	for (int i = 0; i < PARTS; i++)
		put_ratio(t, l->gradient[i]);
	for (int i = 0; i < PARTS; i++)
		put_ratio(t, l->step[i]);
	table_text(t, invariant(l) ? "yes" : "no");
	table_text(t, claim_of(l)->invariant ? "yes" : "no");
}

static void ratio_columns(struct report_table *t, const char *what)
{
	for (int i = 0; i < PARTS; i++) {
		struct report_column *c = table_column(t,
			arena_printf(t->arena, "%s_%s", what, part_names[i]),
			part_titles[i]);

		c->group = arena_printf(t->arena, "%s ratio", what);
		c->right = true;
	}
}

int toy_scale_report(struct report *r, struct store *s, int epochs, struct err *e)
{
	struct lines all = { 0 };
	int agree = 0;
	struct report_table *t;
	int rc = read_lines(s, &all, r->arena, e);

	if (rc)
		return rc;
	t = report_table(r, NULL);
	table_column(t, "trunk", "Trunk");
	table_column(t, "method", "Method");
	table_column(t, "optimizer", "Optimizer");
	table_column(t, "scales", "Loss scales");
	ratio_columns(t, "gradient");
	ratio_columns(t, "update");
	table_column(t, "invariant", "Updates invariant");
	table_column(t, "paper", "Paper");
	for (int i = 0; i < all.n; i++) {
		put_line(t, &all.line[i]);
		agree += invariant(&all.line[i]) == claim_of(&all.line[i])->invariant;
	}
	report_note(r,
		"Lengths with scaled losses over those with losses as they are, means "
		"of an epoch; of the first %d epochs the one that is farthest from 1. "
		"Marked: within %g %%. -: does not move.",
		epochs < EPOCHS ? epochs : EPOCHS, 100 * EQUAL);
	report_note(r,
		"%d of %d trainings are as Elich et al. 2024 (A1, A2) say: under a "
		"frozen trunk Adam and UW-O move the heads as before, under a free one "
		"only UW-O and one Adam per task move everything as before. What is "
		"left under Adam is its eps of 1e-8.",
		agree, all.n);
	return OK;
}
