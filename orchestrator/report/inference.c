#include "orchestrator/report/inference.h"

#include <math.h>
#include <string.h>
#include "catalogue/catalogue.h"

static const char *const test_words[] = { "t", "sign-flip", "wilcoxon" };
static const char *const test_names[] = { "t", "sign_flip", "wilcoxon" };
static const char *const test_titles[] = { "p t", "p flips", "p ranks" };
static const char *const test_phrases[] = { "t", "sign-flip", "Wilcoxon" };

int inference_parse(
	struct inference_view *v, const struct cli_options *o, struct err *e)
{
	bool by_tests = o->mark && strcmp(o->mark, "best") != 0;

	*v = (struct inference_view){ .against = o->against,
		.level = o->interval || !o->bootstrap ? o->interval : 95,
		.bootstrap = o->bootstrap > 0,
		.mark = o->mark,
		.test = o->test };
	if (v->level && (v->level < 50 || v->level > 99))
		return err_set(e, ERR_USAGE,
			"--interval: a level in percent, from 50 to 99, not %d",
			v->level);
	if (v->test && !by_tests)
		return err_set(e, ERR_USAGE,
			"--test: the test behind --mark letters or --mark tests; "
			"--against prints all of them");
	return OK;
}

bool inference_wanted(const struct inference_view *v)
{
	return v->against || v->level || v->mark;
}

static struct stats_test run_test(int which, int n, const double *d)
{
	return which == INFERENCE_T        ? stats_paired_t(n, d)
		: which == INFERENCE_FLIPS ? stats_sign_flip(n, d)
					   : stats_wilcoxon(n, d);
}

int inference_begin(struct inference *f, struct store *s, const struct query_sweep *w,
	bool test, struct err *e)
{
	const struct method_info *m;
	int rc = sample_read(&f->set, s, w, test, e);

	if (!rc && f->view.against)
		rc = sample_check_label(&f->set, "--against", f->view.against, e);
	if (rc)
		return rc;
	f->gains = w->auxiliary;
	m = f->view.against ? catalogue_method(f->view.against) : NULL;
	f->against_title = m ? m->title : f->view.against;
	return OK;
}

static struct stats_interval mean_interval(
	const struct inference_view *v, int n, const double *d)
{
	double level = v->level / 100.0;

	return v->bootstrap ? stats_mean_bootstrap(n, d, level)
			    : stats_mean_t(n, d, level);
}

/* The differences of one entry to `against`, and what the tests make of them. */
static void compare(struct inference *f, struct inference_row *r,
	const struct sample *x, const struct sample *y)
{
	double *d = NEW_ARRAY(f->set.arena, double, x->n + 1);

	r->pairs = sample_differences(&f->set, x, y, -1, d);
	if (!r->pairs)
		return;
	r->difference = stats_mean(r->pairs, d);
	if (f->view.level)
		r->difference_interval = mean_interval(&f->view, r->pairs, d);
	for (int i = 0; i < INFERENCE_TESTS; i++)
		r->p[i] = run_test(i, r->pairs, d).p;
	/* Differences of 0 leave the ranks less to reach. */
	r->smallest_p = fmax(stats_sign_flip(r->pairs, d).smallest_p,
		stats_wilcoxon(r->pairs, d).smallest_p);
	f->fewest_pairs = f->fewest_pairs && f->fewest_pairs < r->pairs
		? f->fewest_pairs
		: r->pairs;
	f->most_pairs = f->most_pairs > r->pairs ? f->most_pairs : r->pairs;
}

static struct inference_row infer(struct inference *f, const char *label)
{
	const struct sample *x = sample_find(&f->set, f->variant, label);
	const struct sample *y = f->view.against
		? sample_find(&f->set, f->variant, f->view.against)
		: NULL;
	const struct stats_interval none = { NAN, NAN };
	struct inference_row r = { .label = label,
		.delta_m = none,
		.difference = (double)NAN,
		.difference_interval = none,
		.smallest_p = (double)NAN };

	for (int i = 0; i < INFERENCE_TESTS; i++)
		r.p[i] = r.holm[i] = (double)NAN;
	if (x && f->view.level) {
		r.delta_m = f->view.bootstrap
			? stats_delta_m_bootstrap(&x->of, f->view.level / 100.0)
			: stats_delta_m_t(&x->of, f->view.level / 100.0);
		f->fixed_base = f->fixed_base || x->of.m < 2;
	}
	if (x && y && x != y)
		compare(f, &r, x, y);
	return r;
}

/* Holm's correction for every test of the variant. */
static void correct(struct inference *f)
{
	double *p = NEW_ARRAY(f->set.arena, double, f->rows + 1);

	for (int test = 0; test < INFERENCE_TESTS; test++) {
		int tests = 0;

		for (int i = 0; i < f->rows; i++) {
			p[i] = f->row[i].p[test];
			tests += !isnan(p[i]);
		}
		stats_holm(f->rows, p);
		for (int i = 0; i < f->rows; i++)
			f->row[i].holm[test] = p[i];
		f->tests = f->tests > tests ? f->tests : tests;
	}
}

void inference_variant(
	struct inference *f, const char *variant, const char *const *label, int n)
{
	f->variant = variant;
	f->row = NEW_ARRAY(f->set.arena, struct inference_row, n + 1);
	f->rows = n;
	for (int i = 0; i < n; i++)
		f->row[i] = infer(f, label[i]);
	correct(f);
}

static void number_column(struct report_table *t, const char *name, const char *title,
	const char *group, enum audience audience)
{
	struct report_column *c = table_column(t, name, title);

	c->right = true;
	c->group = group;
	c->audience = audience;
}

static void interval_columns(
	struct report_table *t, const char *name, const char *title, const char *group)
{
	number_column(t, arena_printf(t->arena, "%s_interval", name), title, group,
		FOR_READERS);
	number_column(
		t, arena_printf(t->arena, "%s_low", name), "", NULL, FOR_PROGRAMS);
	number_column(
		t, arena_printf(t->arena, "%s_high", name), "", NULL, FOR_PROGRAMS);
}

void inference_columns(const struct inference *f, struct report_table *t)
{
	const char *title = arena_printf(t->arena, "%d %% interval", f->view.level);
	const char *group;

	if (f->view.level)
		interval_columns(t, f->gains ? "gain" : "delta_m", title, NULL);
	if (!f->view.against)
		return;
	group = arena_printf(t->arena, "against %s", f->against_title);
	table_column(t, "against", "")->audience = FOR_PROGRAMS;
	number_column(t, "pairs", "", NULL, FOR_PROGRAMS);
	number_column(t, "difference", "difference", group, FOR_ALL);
	if (f->view.level)
		interval_columns(t, "difference", title, group);
	for (int i = 0; i < INFERENCE_TESTS; i++) {
		number_column(t, arena_printf(t->arena, "%s_p", test_names[i]), "",
			NULL, FOR_PROGRAMS);
		number_column(t, arena_printf(t->arena, "%s_holm", test_names[i]),
			test_titles[i], group, FOR_ALL);
	}
	number_column(t, "smallest_p", "", NULL, FOR_PROGRAMS);
}

const char *inference_p_text(struct arena *a, double p)
{
	if (isnan(p))
		return NULL;
	return p < 0.001 ? "<0.001" : arena_printf(a, "%.3g", p);
}

/* 0 has no sign. */
static double turned(const struct inference *f, double v)
{
	return f->gains && v != 0 ? -v : v;
}

static void interval_cells(const struct inference *f, struct report_table *t,
	struct stats_interval x, int decimals)
{
	double low = turned(f, f->gains ? x.high : x.low);
	double high = turned(f, f->gains ? x.low : x.high);

	table_text(t,
		isnan(low) ? NULL
			   : arena_printf(t->arena, "[%s, %s]",
				     report_fixed(t->arena, low, decimals),
				     report_fixed(t->arena, high, decimals)));
	table_number(t, low, NULL);
	table_number(t, high, NULL);
}

static void against_cells(const struct inference *f, struct report_table *t,
	const struct inference_row *r)
{
	double difference = turned(f, r->difference);

	table_text(t, r->pairs ? f->view.against : NULL);
	table_number(t, r->pairs ? r->pairs : (double)NAN, NULL);
	table_fixed(t, difference, 2);
	if (f->view.level)
		interval_cells(f, t, r->difference_interval, 2);
	for (int i = 0; i < INFERENCE_TESTS; i++) {
		table_number(t, r->p[i], NULL);
		table_number(t, r->holm[i], inference_p_text(t->arena, r->holm[i]));
	}
	table_number(t, r->smallest_p, NULL);
}

void inference_cells(
	const struct inference *f, struct report_table *t, const char *label)
{
	const struct stats_interval none = { NAN, NAN };
	struct inference_row r = { .delta_m = none,
		.difference = (double)NAN,
		.difference_interval = none,
		.p = { NAN, NAN, NAN },
		.holm = { NAN, NAN, NAN },
		.smallest_p = (double)NAN };

	for (int i = 0; i < f->rows; i++)
		if (!strcmp(f->row[i].label, label))
			r = f->row[i];
	if (f->view.level)
		interval_cells(f, t, r.delta_m, 1);
	if (f->view.against)
		against_cells(f, t, &r);
}

static int test_behind_marks(const struct inference_view *v)
{
	int i = 0;

	while (v->test && i < INFERENCE_TESTS - 1 &&
		strcmp(test_words[i], v->test) != 0)
		i++;
	return i;
}

/* The rows of a column that take part: their figures, lower is better, and samples. */
struct inference_field {
	struct report_table *t;
	int n, column;
	double *cost; /* NAN: takes no part */
	const struct sample **sample;
	int of; /* the column of samples */
};

static struct inference_field field_of(const struct inference *f,
	struct report_table *t, int column, const bool *may, const char *const *label,
	const char *criterion)
{
	struct arena *a = f->set.arena;
	struct inference_field x = { .t = t,
		.n = table_rows(t),
		.column = column,
		.cost = NEW_ARRAY(a, double, table_rows(t) + 1),
		.sample = NEW_ARRAY(a, const struct sample *, table_rows(t) + 1),
		.of = criterion ? sample_column(&f->set, f->variant, criterion) : -1 };

	for (int i = 0; i < x.n; i++) {
		double v;

		x.sample[i] =
			may[i] ? sample_find(&f->set, f->variant, label[i]) : NULL;
		x.cost[i] = (double)NAN;
		if (x.sample[i] && number_parse(cell_exact(table_at(t, i, column)), &v))
			x.cost[i] = t->column[column].arrow > 0 ? -v : v;
	}
	return x;
}

/* p of the test behind the marks; NAN where one of the two takes no part. */
static double p_of(
	const struct inference *f, const struct inference_field *x, int i, int k)
{
	double *d;

	if (!x->sample[i] || !x->sample[k] || isnan(x->cost[i]) || isnan(x->cost[k]))
		return NAN;
	d = NEW_ARRAY(f->set.arena, double, x->sample[i]->n + 1);
	return run_test(test_behind_marks(&f->view),
		sample_differences(&f->set, x->sample[i], x->sample[k], x->of, d), d)
		.p;
}

static void mark_letters(struct inference *f, const struct inference_field *x, int mark)
{
	struct arena *a = f->set.arena;
	double *p = NEW_ARRAY(a, double, x->n * x->n + 1);
	bool *differ = NEW_ARRAY(a, bool, x->n * x->n + 1);
	const char **letter = NEW_ARRAY(a, const char *, x->n + 1);
	int pairs = 0;

	for (int i = 0; i < x->n; i++)
		for (int k = i + 1; k < x->n; k++)
			p[pairs++] = p_of(f, x, i, k);
	stats_holm(pairs, p);
	pairs = 0;
	for (int i = 0; i < x->n; i++)
		for (int k = i + 1; k < x->n; k++)
			differ[i * x->n + k] = differ[k * x->n + i] =
				p[pairs++] < INFERENCE_ALPHA;
	if (!stats_letters(x->n, differ, x->cost, a, letter))
		f->no_letters = true;
	for (int i = 0; i < x->n; i++) {
		if (!*letter[i])
			continue;
		table_at(x->t, i, x->column)->letters = letter[i];
		table_put_text(x->t, i, mark, letter[i]);
	}
}

static int best_of(const struct inference_field *x)
{
	int best = -1;

	for (int i = 0; i < x->n; i++)
		if (!isnan(x->cost[i]) && (best < 0 || x->cost[i] < x->cost[best]))
			best = i;
	return best;
}

static void mark_tests(struct inference *f, const struct inference_field *x, int mark)
{
	double *p = NEW_ARRAY(f->set.arena, double, x->n + 1);
	int best = best_of(x);

	for (int i = 0; i < x->n; i++)
		p[i] = best < 0 || i == best ? (double)NAN : p_of(f, x, i, best);
	stats_holm(x->n, p);
	for (int i = 0; i < x->n; i++) {
		/* What cannot be tested is not bold. */
		if (i != best && !(p[i] >= INFERENCE_ALPHA))
			continue;
		table_at(x->t, i, x->column)->mark = MARK_BEST;
		table_put_text(x->t, i, mark, "best");
	}
}

void inference_mark(struct inference *f, struct report_table *t, int column, int mark,
	const bool *may, const char *const *label, const char *criterion)
{
	struct inference_field x = field_of(f, t, column, may, label, criterion);

	if (!strcmp(f->view.mark, "letters"))
		mark_letters(f, &x, mark);
	else
		mark_tests(f, &x, mark);
}

const char *inference_marks_note(const struct inference *f, struct arena *a)
{
	const char *test = test_phrases[test_behind_marks(&f->view)];

	if (!f->view.mark || !strcmp(f->view.mark, "best"))
		return NULL;
	if (!strcmp(f->view.mark, "letters"))
		return arena_printf(a,
			"Figures of a column that share a letter cannot be told apart "
			"(two-sided paired %s tests of equal seeds, all pairs of the "
			"column, Holm, %g); a: the best%s.",
			test, INFERENCE_ALPHA,
			f->no_letters ? "; where more than 52 letters would be needed "
					"there are none"
				      : "");
	return arena_printf(a,
		"Marked: the best figure of a column and those that cannot be told apart "
		"from it (two-sided paired %s tests of equal seeds, Holm, %g).",
		test, INFERENCE_ALPHA);
}

static void note_intervals(const struct inference *f, struct report *r)
{
	const char *base = f->fixed_base
		? "; a baseline of given figures, or of one seed, counts as exact"
		: "";

	if (f->view.bootstrap)
		report_note(r,
			"%d %% intervals: percentile bootstrap, %d draws of the seeds "
			"of the method and of STL%s.",
			f->view.level, STATS_REPLICATES, base);
	else
		report_note(r,
			"%d %% intervals: Student's t over the seeds of the method and "
			"of STL (Welch)%s.",
			f->view.level, base);
}

static void note_tests(const struct inference *f, struct report *r)
{
	const char *pairs = f->fewest_pairs == f->most_pairs
		? arena_printf(r->arena, "%d", f->most_pairs)
		: arena_printf(r->arena, "%d to %d", f->fewest_pairs, f->most_pairs);
	double smallest = f->most_pairs > STATS_FLIPS_EXACT
		? 1.0 / STATS_FLIPS_DRAWN
		: ldexp(1, 1 - f->most_pairs);

	if (!f->most_pairs)
		report_note(
			r, "No method has a seed in common with %s.", f->against_title);
	else
		report_note(r,
			"Against %s: mean difference of %s over equal seeds, %s is "
			"better; two-sided paired t, sign-flip and Wilcoxon tests, p by "
			"Holm for %d method%s. %s equal seeds: no p of flips and ranks "
			"below %.3g, before Holm, can be reached.",
			f->against_title, f->gains ? "Δ" : "Δm",
			f->gains ? "higher" : "lower", f->tests,
			f->tests == 1 ? "" : "s", pairs, smallest);
}

void inference_notes(const struct inference *f, struct report *r)
{
	if (f->view.level)
		note_intervals(f, r);
	if (f->view.against)
		note_tests(f, r);
}
