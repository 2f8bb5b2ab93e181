/* Iterations to the minimum of CAGrad's problem, beside Table A7 of Elich et al. 2024. */
#include <math.h>
#include <string.h>
#include "catalogue/catalogue.h"
#include "orchestrator/toy/toy.h"

#define RATES_MAX 16

/* What the paper prints; lr 10, 5, 1, 0.5, 0.1, 0.05, 0.01, 0.005, 0.001. 0: not reached. */
static const double printed_rates[] = { 10, 5, 1, 0.5, 0.1, 0.05, 0.01, 0.005, 0.001 };
static const struct printed {
	const char *optimizer, *method;
	int iterations[COUNT(printed_rates)];
} printed[] = {
	{ "gd", "ew", { 0, 103, 0, 0, 0, 0, 0, 0, 0 } },
	{ "gd", "pcgrad", { 0, 0, 0, 0, 0, 0, 0, 0, 0 } },
	{ "gd", "cagrad", { 644, 0, 213, 621, 8069, 5732, 20418, 34405, 0 } },
	{ "adam", "ew", { 26, 37, 22, 58, 709, 2135, 9015, 16005, 0 } },
	{ "adam", "pcgrad", { 25, 4960, 56, 15741, 34175, 41438, 0, 0, 0 } },
	{ "adam", "cagrad", { 27, 30, 32, 106, 802, 7109, 11239, 14323, 57700 } },
};

static const struct printed *printed_of(const char *optimizer, const char *method)
{
	for (int i = 0; i < COUNT(printed); i++)
		if (!strcmp(printed[i].optimizer, optimizer) &&
			!strcmp(printed[i].method, method))
			return &printed[i];
	return NULL;
}

/* One row of the table as it is read: a method under an optimizer. */
struct line {
	const char *optimizer, *method;
	double iterations[RATES_MAX]; /* NAN: a start does not get there */
};

struct grid {
	struct line *line;
	int lines, capacity;
	double rate[RATES_MAX];
	int rates;
};

static struct line *line_of(
	struct grid *g, const char *optimizer, const char *method, struct arena *a)
{
	struct line *last = g->lines ? &g->line[g->lines - 1] : NULL;

	if (last && !strcmp(last->optimizer, optimizer) &&
		!strcmp(last->method, method))
		return last;
	GROW(a, g->line, g->lines, g->capacity);
	last = &g->line[g->lines++];
	*last = (struct line){ .optimizer = arena_strdup(a, optimizer),
		.method = arena_strdup(a, method) };
	for (int i = 0; i < RATES_MAX; i++)
		last->iterations[i] = NAN;
	return last;
}

static int column_of(struct grid *g, double lr)
{
	int i = 0;

	while (i < g->rates && g->rate[i] != lr)
		i++;
	if (i == g->rates) {
		ASSERT(g->rates < RATES_MAX);
		g->rate[g->rates++] = lr;
	}
	return i;
}

static int read_grid(struct store *s, struct grid *g, struct arena *a, struct err *e)
{
	struct rows r = rows_open(s, STMT_TOY_ITERATIONS, NO_ARGS, e);

	while (rows_next(&r)) {
		const char *optimizer = rows_text(&r);
		const char *method = rows_text(&r);
		int column = column_of(g, rows_real(&r));

		line_of(g, optimizer, method, a)->iterations[column] = rows_real(&r);
	}
	return rows_close(&r);
}

static const struct printed no_print;

/* The figure that the paper prints; NAN: not reached, or not printed. */
static double paper_figure(const struct printed *p, double lr)
{
	for (int i = 0; i < COUNT(printed_rates); i++)
		if (printed_rates[i] == lr && p->iterations[i])
			return p->iterations[i];
	return NAN;
}

static void put_figures(struct report_table *t, const struct grid *g,
	const struct line *line, const struct printed *p, bool paper)
{
	for (int i = 0; i < g->rates; i++) {
		double theirs = paper_figure(p, g->rate[i]);
		double v = paper ? theirs : line->iterations[i];
		struct report_cell *c = table_number(t, v, isfinite(v) ? NULL : "-");

		if (!paper && isfinite(v) && v == theirs)
			c->mark = MARK_BEST;
	}
}

static void put_line(
	struct report_table *t, const struct grid *g, const struct line *line)
{
	const struct printed *p = printed_of(line->optimizer, line->method);
	const char *title = catalogue_method(line->method)->title;
	const char *optimizer = strcmp(line->optimizer, "gd") ? "Adam" : "GD";

	for (int paper = 0; paper < (p ? 2 : 1); paper++) {
		table_text(t, optimizer);
		table_text(t, title);
		table_text(t, paper ? "paper" : "deltam");
		put_figures(t, g, line, p ? p : &no_print, paper);
	}
}

static void notes(struct report *r, const struct grid *g, int steps)
{
	int equal = 0;

	for (int i = 0; i < g->lines; i++) {
		const struct printed *p =
			printed_of(g->line[i].optimizer, g->line[i].method);

		for (int j = 0; p && j < g->rates; j++)
			equal +=
				g->line[i].iterations[j] == paper_figure(p, g->rate[j]);
	}
	report_note(r,
		"First step whose mean loss is below -15, the most of three starts; -: "
		"some start does not get there in %d steps. Later steps may leave "
		"again.",
		steps);
	report_note(r,
		"Marked: equal to Table A7 of Elich et al. 2024 (%d figures); it has "
		"no row for MGDA. In double; elsewhere trajectories cross the cusps "
		"chaotically.",
		equal);
}

int toy_cagrad_report(struct report *r, struct store *s, int steps, struct err *e)
{
	struct grid g = { 0 };
	struct report_table *t;
	int rc = read_grid(s, &g, r->arena, e);

	if (rc)
		return rc;
	t = report_table(r, NULL);
	table_column(t, "optimizer", "Optimizer");
	table_column(t, "method", "Method");
	table_column(t, "source", "Source");
	for (int i = 0; i < g.rates; i++) {
		char rate[NUMBER_MAX];
		const char *name =
			arena_strdup(r->arena, number_format(g.rate[i], rate));

		table_column(t, arena_printf(r->arena, "lr_%s", name), name)->right =
			true;
		t->column[t->columns - 1].group = "lr";
	}
	for (int i = 0; i < g.lines; i++)
		put_line(t, &g, &g.line[i]);
	notes(r, &g, steps);
	return OK;
}
