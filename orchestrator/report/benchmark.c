#include "orchestrator/report/benchmark.h"

#include <math.h>
#include <string.h>
#include "orchestrator/report/benchmark_data.h"

#define DIGITS_MAX 15 /* more than a double holds say nothing */

static double std_of(const struct benchmark *b, const struct query_figure *f)
{
	return !f ? (double)NAN : b->test ? f->std : f->val_std;
}

static double delta_of(const struct benchmark *b, const struct query_entry *x)
{
	return b->test ? x->delta_m : x->val_delta_m;
}

static double delta_std_of(const struct benchmark *b, const struct query_entry *x)
{
	return b->test ? x->delta_m_std : x->val_delta_m_std;
}

static int decimals_of(const struct benchmark *b, const char *variant,
	const struct query_figure *criterion, double scale)
{
	double *value = NEW_ARRAY(b->arena, double, b->entries + 1);
	int n = 0;

	for (int i = 0; i < b->entries; i++)
		if (!strcmp(b->entry[i].variant, variant))
			value[n++] =
				benchmark_value(b,
					benchmark_figure(b, &b->entry[i], criterion)) *
				scale;
	return benchmark_decimals(b, scale, value, n);
}

/*
 * Writes lr, wd or T as it was chosen, with a dagger where it is the end of what was
 * tried.
 */
static const char *chosen(struct benchmark *b, double v, const struct query_span *span)
{
	bool end = span && span->values > 1 && v != 0 &&
		(v == span->min || v == span->max);

	if (!isfinite(v))
		return NULL;
	b->on_boundary = b->on_boundary || end;
	return arena_printf(
		b->arena, "%s%s", benchmark_number(b->arena, v), end ? "†" : "");
}

static const char *seeds_text(struct arena *a, const struct query_entry *x)
{
	if (benchmark_is_stl(x) && !x->seeds)
		return "given";
	if (x->seeds_done < x->seeds)
		return arena_printf(a, "%d/%d", x->seeds_done, x->seeds);
	return x->seeds ? arena_printf(a, "%d", x->seeds) : "";
}

static const char *with_std(struct arena *a, double mean, double std, int decimals)
{
	if (!isfinite(mean))
		return NULL;
	if (!isfinite(std))
		return report_fixed(a, mean, decimals);
	return arena_printf(a, "%s ± %s", report_fixed(a, mean, decimals),
		report_fixed(a, std, decimals));
}

/* What is left out of a narrow terminal, the highest first; Δm never. */
enum {
	SPARE_CRITERION = 1,
	SPARE_CHOSEN,
	SPARE_LR,
	SPARE_SEEDS,
	SPARE_COST,
	SPARE_WD,
	SPARE_TRIED,
	SPARE_EPOCH
};

static struct report_column *add_column(struct report_table *t, const char *name,
	const char *title, bool right, enum audience audience)
{
	struct report_column *c = table_column(t, name, title);

	c->right = right;
	c->audience = audience;
	return c;
}

/* What programs read of the marks of a column, where marks are asked for. */
static void mark_column(
	const struct benchmark *b, struct report_table *t, const char *name)
{
	if (b->inference && b->inference->view.mark)
		add_column(t, arena_printf(b->arena, "%s_mark", name), "", false,
			FOR_PROGRAMS);
}

static void mark_cell(const struct benchmark *b, struct report_table *t)
{
	if (b->inference && b->inference->view.mark)
		table_text(t, NULL);
}

static void criterion_columns(
	struct benchmark *b, struct report_table *t, const char *variant)
{
	for (int i = 0; i < b->criteria; i++) {
		const struct query_figure *f = &b->criterion[i];
		struct report_column *c;

		if (strcmp(f->variant, variant) != 0)
			continue;
		c = add_column(
			t, f->criterion, benchmark_criterion_title(f), true, FOR_ALL);
		c->group = f->task;
		c->spare = SPARE_CRITERION;
		c->arrow = f->higher ? 1 : -1;
		add_column(t, arena_printf(b->arena, "%s_std", f->criterion), "", true,
			FOR_PROGRAMS);
		mark_column(b, t, f->criterion);
	}
}

static void cost_columns(struct benchmark *b, struct report_table *t)
{
	static const char *const names[] = { "forward_passes", "head_passes",
		"trunk_passes" };
	static const char *const titles[] = { "forward", "heads", "trunk" };

	if (!b->with_cost)
		return;
	add_column(t, "seconds_per_epoch", "s/epoch", true, FOR_ALL)->spare =
		SPARE_COST;
	add_column(t, "cpu_seconds", "CPU [s]", true, FOR_ALL)->spare = SPARE_COST;
	add_column(t, "peak_bytes", "Peak [MiB]", true, FOR_ALL)->spare = SPARE_COST;
	for (int i = 0; i < 3; i++) {
		struct report_column *c =
			add_column(t, names[i], titles[i], true, FOR_ALL);

		c->group = "passes a step";
		c->spare = SPARE_COST;
	}
}

static void columns(struct benchmark *b, struct report_table *t, const char *variant)
{
	bool gains = b->sweep->auxiliary;
	struct report_column *delta;

	add_column(t, "sweep", "", false, FOR_PROGRAMS);
	add_column(t, "variant", "", false, FOR_PROGRAMS);
	add_column(t, "method", "", false, FOR_PROGRAMS);
	add_column(t, "label", "Method", false, FOR_ALL);
	criterion_columns(b, t, variant);
	add_column(t, "lr", "lr", true, FOR_ALL)->spare = SPARE_LR;
	add_column(t, "wd", "wd", true, FOR_ALL)->spare = SPARE_WD;
	add_column(t, "temperature", "", true, FOR_PROGRAMS);
	add_column(t, "weights", "", false, FOR_PROGRAMS);
	add_column(t, "hyper", "", false, FOR_PROGRAMS);
	add_column(t, "chosen",
		benchmark_has_hyper(b) ? "T, weights, others" : "T, weights", false,
		FOR_READERS)
		->spare = SPARE_CHOSEN;
	add_column(t, "tried", "tried", true, FOR_ALL)->spare = SPARE_TRIED;
	add_column(t, "seeds", "seeds", true, FOR_ALL)->spare = SPARE_SEEDS;
	add_column(t, "seeds_done", "", true, FOR_PROGRAMS);
	add_column(t, "epoch", "epoch", true, FOR_ALL)->spare = SPARE_EPOCH;
	cost_columns(b, t);
	/* Gains have the other sign, and so another name. */
	delta = gains ? add_column(t, "gain", "Δ [%]", true, FOR_ALL)
		      : add_column(t, "delta_m", "Δm [%]", true, FOR_ALL);
	delta->arrow = gains ? 1 : -1;
	add_column(t, gains ? "gain_std" : "delta_m_std", "", true, FOR_PROGRAMS);
	mark_column(b, t, gains ? "gain" : "delta_m");
	add_column(t, gains ? "val_gain" : "val_delta_m", "", true, FOR_PROGRAMS);
	if (b->inference)
		inference_columns(b->inference, t);
}

static void criterion_cells(
	struct benchmark *b, struct report_table *t, const struct query_entry *x)
{
	for (int i = 0; i < b->criteria; i++) {
		const struct query_figure *c = &b->criterion[i];
		const struct query_figure *f = benchmark_figure(b, x, c);
		double scale = benchmark_criterion_scale(c);
		double v = benchmark_value(b, f);
		double std = b->std_criteria ? std_of(b, f) * scale : (double)NAN;

		if (strcmp(c->variant, x->variant) != 0)
			continue;
		table_number(t, v,
			with_std(b->arena, v * scale, std,
				decimals_of(b, x->variant, c, scale)));
		table_number(t, std_of(b, f), NULL);
		mark_cell(b, t);
	}
}

static void cost_cells(
	struct benchmark *b, struct report_table *t, const struct query_entry *x)
{
	const struct query_cost *c = benchmark_cost(b, x);
	const double passes[] = { c ? c->forward : (double)NAN,
		c ? c->head : (double)NAN, c ? c->trunk : (double)NAN };
	double seconds = c ? c->seconds_per_epoch : (double)NAN;
	double cpu = c ? c->cpu_seconds : (double)NAN;
	double peak = c ? c->peak_bytes : (double)NAN;

	if (!b->with_cost)
		return;
	table_number(t, seconds,
		isfinite(seconds) ? arena_printf(b->arena, "%.3g", seconds) : NULL);
	table_fixed(t, cpu, cpu < 10 ? 1 : 0); /* NOLINT: digits, no constant */
	table_number(t, peak,
		isfinite(peak) ? report_fixed(b->arena, peak / (1 << 20), 0) : NULL);
	for (int i = 0; i < 3; i++)
		table_number(t, passes[i],
			isfinite(passes[i]) ? benchmark_number(b->arena, passes[i])
					    : NULL);
}

/* "T=5", the weights, and what else was searched: what there is of it. */
static const char *chosen_text(
	const struct benchmark *b, const struct query_entry *x, const char *T)
{
	struct str out = { .arena = b->arena };
	const char *part[] = { T ? arena_printf(b->arena, "T=%s", T) : NULL, x->weights,
		x->hyper };

	for (int i = 0; i < COUNT(part); i++)
		if (part[i])
			str_printf(&out, "%s%s", out.n ? " " : "", part[i]);
	return out.n ? str_get(&out) : NULL;
}

/* Turns the sign of v, but for 0, which has none. */
static double turned(double v, double sign)
{
	return v == 0 ? 0 : sign * v;
}

static void row(
	struct benchmark *b, struct report_table *t, const struct query_entry *x)
{
	const struct query_range *range = benchmark_range(b, x);
	const char *T = chosen(b, x->temperature, range ? &range->temperature : NULL);
	double sign = b->sweep->auxiliary ? -1 : 1;

	table_text(t, b->sweep->name);
	table_text(t, x->variant);
	table_text(t, x->method);
	table_text(t, benchmark_title(x))->exact = x->label;
	criterion_cells(b, t, x);
	table_number(t, x->lr, chosen(b, x->lr, range ? &range->lr : NULL));
	table_number(t, x->wd, chosen(b, x->wd, range ? &range->wd : NULL));
	table_number(t, x->temperature, NULL);
	table_text(t, x->weights);
	table_text(t, x->hyper);
	table_text(t, chosen_text(b, x, T));
	table_number(t, x->tried, x->tried ? NULL : "");
	table_number(t, x->seeds, seeds_text(b->arena, x));
	table_number(t, x->seeds_done, NULL);
	table_fixed(t, x->epoch, 1);
	cost_cells(b, t, x);
	table_number(t, turned(delta_of(b, x), sign),
		with_std(b->arena, turned(delta_of(b, x), sign),
			b->std_delta ? delta_std_of(b, x) : (double)NAN,
			b->digits < 0 ? 1 : b->digits));
	table_number(t, delta_std_of(b, x), NULL);
	mark_cell(b, t);
	table_number(t, turned(x->val_delta_m, sign), NULL);
	if (b->inference)
		inference_cells(b->inference, t, x->label);
}

/* The rows of one variant among n entries, under `heading`. */
static void block(struct benchmark *b, const char *heading, const char *variant,
	const struct query_entry *entry, int entries)
{
	struct report_table *t = report_table(b->report, heading);
	const char **label = NEW_ARRAY(b->arena, const char *, entries);
	bool *may = NEW_ARRAY(b->arena, bool, entries);
	int n = 0;

	columns(b, t, variant);
	for (int i = 0; i < entries; i++)
		if (!strcmp(entry[i].variant, variant)) {
			may[n] = benchmark_is_complete(&entry[i]);
			label[n++] = entry[i].label;
			row(b, t, &entry[i]);
		}
	for (int i = 0; i < t->columns; i++)
		if (t->column[i].arrow && !b->front)
			benchmark_mark_column(b, t, i, may, label);
}

/* The methods that know a primary task, below the others. */
static void auxiliary_block(struct benchmark *b, const char *variant)
{
	for (int i = 0; i < b->auxiliaries; i++)
		if (!strcmp(b->auxiliary[i].variant, variant)) {
			block(b,
				arena_printf(b->arena, "%s%sauxiliary", variant,
					*variant ? ": " : ""),
				variant, b->auxiliary, b->auxiliaries);
			return;
		}
}

/* Every method of the variant is one of those that Holm corrects for. */
static void infer(struct benchmark *b, const char *variant)
{
	const char **label =
		NEW_ARRAY(b->arena, const char *, b->entries + b->auxiliaries);
	int n = 0;

	for (int i = 0; i < b->entries; i++)
		if (!strcmp(b->entry[i].variant, variant) &&
			!benchmark_is_stl(&b->entry[i]))
			label[n++] = b->entry[i].label;
	for (int i = 0; i < b->auxiliaries; i++)
		if (!strcmp(b->auxiliary[i].variant, variant))
			label[n++] = b->auxiliary[i].label;
	inference_variant(b->inference, variant, label, n);
}

static void blocks(struct benchmark *b)
{
	for (int i = 0; i < b->entries; i++) {
		const char *variant = b->entry[i].variant;

		if (i && !strcmp(variant, b->entry[i - 1].variant))
			continue;
		if (b->inference)
			infer(b, variant);
		block(b, *variant ? variant : NULL, variant, b->entry, b->entries);
		auxiliary_block(b, variant);
	}
}

static int read_digits(const struct benchmark_view *view, int *digits, struct err *e)
{
	int64_t n = -1;

	if (view->digits &&
		(!integer_parse(view->digits, &n) || n < 0 || n > DIGITS_MAX))
		return err_set(e, ERR_USAGE,
			"--digits: \"%s\" is not a whole number from 0 to %d",
			view->digits, DIGITS_MAX);
	*digits = (int)n;
	return OK;
}

int benchmark_build(struct benchmark *b, struct store *s, const struct query_sweep *w,
	const struct benchmark_view *view, struct report *r, struct err *e)
{
	struct inference *f = NEW(r->arena, struct inference);
	int rc;

	*b = (struct benchmark){ .sweep = w,
		.store = s,
		.test = !view->split || !strcmp(view->split, "test"),
		.front = view->front,
		.with_cost = view->cost,
		.several = view->several,
		.std_delta = !view->std || strcmp(view->std, "none") != 0,
		.std_criteria = view->std && !strcmp(view->std, "criteria"),
		.arena = r->arena,
		.report = r };
	*f = (struct inference){ .view = view->inference,
		.set = { .arena = r->arena } };
	rc = read_digits(view, &b->digits, e);
	if (!rc)
		rc = benchmark_read(b, s, e);
	if (!rc && inference_wanted(&f->view)) {
		b->inference = f;
		rc = inference_begin(f, s, w, b->test, e);
	}
	if (!rc)
		rc = benchmark_keep_criteria(b, view->criteria, e);
	if (rc)
		return rc;
	b->without_results = !b->entries;
	r->title = w->name;
	benchmark_gaps(b);
	if (view->front)
		benchmark_keep_front(b);
	blocks(b);
	return OK;
}

void benchmark_finish(struct benchmark *b)
{
	if (b->front && !b->without_results)
		report_note(b->report,
			"Pareto front: no other method is at least as good in every "
			"criterion and better in one (means over seeds).");
	benchmark_notes(b);
	if (b->without_results)
		report_note(b->report, "There are no results yet.");
}

int benchmark_report(struct store *s, const struct query_sweep *w,
	const struct benchmark_view *view, struct report *r, struct err *e)
{
	struct benchmark b;
	int rc = benchmark_build(&b, s, w, view, r, e);

	if (!rc)
		benchmark_finish(&b);
	return rc;
}
