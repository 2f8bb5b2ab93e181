#include <math.h>
#include <string.h>
#include "orchestrator/page/page.h"
#include "orchestrator/report/run_list.h"

/* The curve's picture, in its own units. */
#define WIDE 360
#define HIGH 150
#define LEFT 44
#define RIGHT 6 /* a point ends there, whole */
#define BOTTOM 24
#define EARLY 0.1 /* this share of a curve, its fall, does not set the scale */

/* One seed, epoch by epoch. */
struct curve {
	const struct query_run *run;
	int n, capacity;
	struct point {
		int epoch;
		double v;
	} * at;
};

struct entry {
	struct page *page;
	const struct run_list *list;
	struct curve *curve; /* of final runs */
	int n;
	bool baseline; /* it has no Δm: its curves are validation losses */
	int last; /* epoch */
	double low, high;
};

static const struct query_run *run_of(
	const struct run_list *l, const char *variant, int64_t job)
{
	for (int i = 0; i < l->n; i++)
		if (l->run[i].job == job && !strcmp(l->run[i].variant, variant))
			return &l->run[i];
	return NULL;
}

/* A final seed may be a job that the search had trained already: its stage says who wants it. */
static int read_runs(
	struct entry *x, const char *variant, const char *label, struct err *e)
{
	struct page *p = x->page;
	int capacity = 0;
	struct rows r = rows_open(&p->reader->s, STMT_PAGE_FINAL,
		ARGS(INT(p->reader->sweep.id), TEXT(variant), TEXT(label)), e);

	while (rows_next(&r)) {
		const struct query_run *run = run_of(x->list, variant, rows_int64(&r));

		if (!run)
			continue;
		(void)GROW(p->arena, x->curve, x->n, capacity);
		x->curve[x->n++] = (struct curve){ .run = run };
		x->baseline = *run->task != '\0';
	}
	return rows_close(&r);
}

static int read_curve(struct entry *x, struct curve *c, struct err *e)
{
	struct page *p = x->page;
	bool gains = p->reader->sweep.auxiliary && !x->baseline;
	struct rows r = x->baseline
		? rows_open(&p->reader->s, STMT_PAGE_LOSS,
			  ARGS(INT(c->run->job), TEXT(c->run->task)), e)
		: rows_open(&p->reader->s, STMT_PAGE_SCORE,
			  ARGS(INT(p->reader->sweep.id), INT(c->run->job)), e);

	while (rows_next(&r)) {
		int epoch = rows_int(&r);
		double v = rows_real(&r);

		(void)GROW(p->arena, c->at, c->n, c->capacity);
		c->at[c->n++] = (struct point){ epoch, gains && v != 0 ? -v : v };
	}
	return rows_close(&r);
}

/* What the axes show: every seed, without the fall at the beginning. */
static void find_scale(struct entry *x)
{
	x->low = INFINITY;
	x->high = -INFINITY;
	for (int i = 0; i < x->n; i++)
		for (int k = 0; k < x->curve[i].n; k++)
			x->last = x->curve[i].at[k].epoch > x->last
				? x->curve[i].at[k].epoch
				: x->last;
	for (int i = 0; i < x->n; i++)
		for (int k = 0; k < x->curve[i].n; k++) {
			const struct point *at = &x->curve[i].at[k];

			if (at->epoch <= EARLY * x->last)
				continue;
			x->low = fmin(x->low, at->v);
			x->high = fmax(x->high, at->v);
		}
	if (!(x->high > x->low)) {
		x->low -= 1;
		x->high += 1;
	}
}

static double place_x(const struct entry *x, int epoch)
{
	return x->last < 2
		? LEFT
		: LEFT + (double)(WIDE - RIGHT - LEFT) * (epoch - 1) / (x->last - 1);
}

static double place_y(const struct entry *x, double v)
{
	return (HIGH - BOTTOM) * (x->high - v) / (x->high - x->low);
}

static void put_line(const struct entry *x, int i, struct str *out)
{
	const struct curve *c = &x->curve[i];

	str_printf(out, "<g class=\"seed s%d\"><title>", i % 8);
	html_put(out, c->run->run);
	str_put(out, "</title><polyline points=\"");
	for (int k = 0; k < c->n; k++)
		str_printf(out, "%s%.1f,%.1f", k ? " " : "", place_x(x, c->at[k].epoch),
			fmax(place_y(x, c->at[k].v), -HIGH));
	str_put(out, "\"/></g>\n");
	for (int k = 0; k < c->n; k++)
		if (c->at[k].epoch == c->run->epoch)
			str_printf(out,
				"<circle class=\"s%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"><title>"
				"seed %lld, epoch %d: %.4g</title></circle>\n",
				i % 8, place_x(x, c->at[k].epoch),
				place_y(x, c->at[k].v), (long long)c->run->seed,
				c->at[k].epoch, c->at[k].v);
}

static const char *axis_of(const struct entry *x)
{
	return x->baseline ? "validation loss"
		: x->page->reader->sweep.auxiliary
		? "validation Δ [%], higher is better"
		: "validation Δm [%], lower is better";
}

static void put_axes(const struct entry *x, struct str *out)
{
	str_printf(out,
		"<path class=\"axis\" d=\"M%d 0V%dH%d\"/>\n"
		"<text x=\"%d\" y=\"10\" text-anchor=\"end\">%.3g</text>\n"
		"<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%.3g</text>\n"
		"<text x=\"%d\" y=\"%d\">1</text>\n"
		"<text x=\"%d\" y=\"%d\" text-anchor=\"end\">epoch %d</text>\n",
		LEFT, HIGH - BOTTOM, WIDE, LEFT - 4, x->high, LEFT - 4, HIGH - BOTTOM,
		x->low, LEFT, HIGH - 8, WIDE, HIGH - 8, x->last);
}

static void put_curves(const struct entry *x)
{
	struct str *out = &x->page->out;

	str_printf(out,
		"<figure class=\"curve\"><svg viewBox=\"0 0 %d %d\" role=\"img\" "
		"aria-label=\"%s over the epochs, a line a run\">\n",
		WIDE, HIGH, axis_of(x));
	put_axes(x, out);
	for (int i = 0; i < x->n; i++)
		put_line(x, i, out);
	str_printf(out,
		"</svg><figcaption>%s, a line a run; the point is the epoch that the sweep's "
		"rule takes.</figcaption></figure>\n",
		axis_of(x));
}

static void put_seeds(const struct entry *x)
{
	struct page *p = x->page;
	struct report r = { .arena = p->arena };
	struct report_table *t = report_table(&r, "Final runs");

	run_list_key_columns(x->list, t);
	run_list_columns(x->list, t);
	for (int i = 0; i < x->n; i++) {
		run_list_key_cells(x->list, x->curve[i].run, t);
		run_list_cells(x->list, x->curve[i].run, t);
	}
	page_report(p, &r);
	page_command(p, "show %s", page_quoted(p->arena, x->curve[0].run->run));
}

/* Everything that the first run was given; the others differ in the seed. */
static int put_configuration(const struct entry *x, struct err *e)
{
	struct page *p = x->page;
	struct report r = { .arena = p->arena };
	int rc = report_query(&r, &p->reader->s,
		arena_printf(p->arena,
			"SELECT name, value FROM job_param WHERE job=%lld AND "
			"name<>'seed' ORDER BY name",
			(long long)x->curve[0].run->job),
		e);

	if (rc)
		return rc;
	str_put(&p->out, "<details><summary>Configuration</summary>\n");
	page_report(p, &r);
	str_put(&p->out, "</details>\n");
	return OK;
}

int page_entry(struct page *p, const struct run_list *l, const char *variant,
	const char *label, struct err *e)
{
	struct entry x = { .page = p, .list = l };
	int rc = read_runs(&x, variant, label, e);

	for (int i = 0; i < x.n && !rc; i++) {
		rc = read_curve(&x, &x.curve[i], e);
	}
	if (rc)
		return rc;
	if (!x.n) {
		page_say(p, "No final run is planned yet.");
		return OK;
	}
	find_scale(&x);
	if (x.last)
		put_curves(&x);
	put_seeds(&x);
	return put_configuration(&x, e);
}
