#include "orchestrator/plan/outlook.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "orchestrator/plan/prune.h"

enum { TUNE, REFINE, WD, FINAL, PHASES };

static const char *const phase_words[PHASES] = { "tune", "refine", "wd", "final" };

/* A row of the table stage, with what its jobs are and took. */
struct seen {
	int64_t id;
	const char *variant, *label, *method, *task;
	int phase;
	bool open; /* not decided */
	int configs, jobs;
	int near, far; /* the least and the greatest target of a job */
	int open_jobs, open_epochs; /* that still train, and up to their targets */
	int target; /* of those */
	double epochs, seconds; /* that were trained */
};

/* Who takes about as long an epoch as a course does, the nearest first. */
enum likeness { SAME_METHOD, SAME_VARIANT, OF_A_KIND, ANY, LIKENESSES };

/* An entry of a variant, or one task of a baseline, from its first phase to its last. */
struct course {
	const struct plan_entry_jobs *row; /* NULL: only the rows know it */
	const char *variant, *label, *method, *task;
	double prior; /* seconds an epoch, from elsewhere; NAN: unknown */
	const struct seen *last; /* the latest stage that there is; NULL: none */
	double epochs; /* that are left, expected */
	double chain; /* epochs that are left one after another */
	double to_come; /* jobs that are not planned yet */
	double done, seconds; /* epochs that were trained, and what they took */
	struct course_sum {
		double epochs, seconds;
	} like[LIKENESSES]; /* of all that are like it in each way, itself among them */
};

/* How many configurations of a stage a rung has stopped. */
struct stops {
	int64_t stage;
	int epoch, n;
};

struct outlook_work {
	const struct outlook_question *q;
	struct arena arena;
	struct seen *seen;
	int nseen, seen_capacity;
	struct course *course;
	int ncourses, course_capacity;
	struct stops *stops;
	int nstops, stops_capacity;
	bool prunes;
	double correction; /* of the forecast of survivors */
};

/* What the rows say. */

static int phase_of(const char *word)
{
	for (int i = 0; i < PHASES; i++)
		if (!strcmp(phase_words[i], word))
			return i;
	BUG("a stage without a phase");
}

static int read_stages(struct outlook_work *w, struct err *e)
{
	const struct outlook_question *q = w->q;
	struct rows r = rows_open(q->s, STMT_OUTLOOK_STAGES,
		ARGS(INT(q->sweep), REAL(q->now), INT(q->live)), e);

	while (rows_next(&r)) {
		struct seen *x;

		(void)GROW(&w->arena, w->seen, w->nseen, w->seen_capacity);
		x = &w->seen[w->nseen++];
		x->id = rows_int64(&r);
		x->variant = rows_copy(&r, &w->arena);
		x->label = rows_copy(&r, &w->arena);
		x->method = rows_copy(&r, &w->arena);
		x->task = rows_copy(&r, &w->arena);
		x->phase = phase_of(rows_text(&r));
		x->open = rows_int(&r) != 0;
		x->configs = rows_int(&r);
		x->jobs = rows_int(&r);
		x->near = rows_int(&r);
		x->far = rows_int(&r);
		x->open_jobs = rows_int(&r);
		x->open_epochs = rows_int(&r);
		x->target = rows_int(&r);
		x->epochs = rows_real(&r);
		x->seconds = rows_real(&r);
	}
	return rows_close(&r);
}

static int read_stops(struct outlook_work *w, struct err *e)
{
	struct rows r =
		rows_open(w->q->s, STMT_OUTLOOK_STOPS, ARGS(INT(w->q->sweep)), e);

	while (rows_next(&r)) {
		struct stops *x;

		(void)GROW(&w->arena, w->stops, w->nstops, w->stops_capacity);
		x = &w->stops[w->nstops++];
		x->stage = rows_int64(&r);
		x->epoch = rows_int(&r);
		x->n = rows_int(&r);
	}
	return rows_close(&r);
}

static int read_jobs(
	const struct outlook_question *q, struct outlook *out, struct err *e)
{
	struct rows r = rows_open(q->s, STMT_OUTLOOK_JOBS, ARGS(INT(q->sweep)), e);

	if (rows_next(&r)) {
		out->jobs = rows_int64(&r);
		out->ended = rows_int64(&r);
		out->running = rows_int(&r);
		out->workers = rows_int(&r);
	}
	return rows_close(&r);
}

/* Which course a stage belongs to. */

static struct course *add_course(struct outlook_work *w)
{
	(void)GROW(&w->arena, w->course, w->ncourses, w->course_capacity);
	w->course[w->ncourses] = (struct course){ .prior = (double)NAN, .task = "" };
	return &w->course[w->ncourses++];
}

/* Those of the sweep file, in the order in which stages are numbered. */
static void plan_courses(struct outlook_work *w)
{
	const struct outlook_question *q = w->q;

	for (int i = 0; q->spec && i < q->counts->nrows; i++) {
		const struct plan_entry_jobs *row = &q->counts->rows[i];
		bool baseline = row->entry->position == 0;
		int n = baseline ? row->variant->ntasks : 1;

		for (int k = 0; k < n; k++) {
			struct course *x = add_course(w);

			x->row = row;
			x->variant = row->variant->label;
			x->label = row->entry->label;
			x->method = row->entry->method->name;
			x->task = baseline ? row->variant->tasks[k].name : "";
			x->prior = q->rate ? q->rate[i] : (double)NAN;
		}
	}
}

static bool is_of(const struct seen *s, const struct course *x)
{
	return !strcmp(s->label, x->label) && !strcmp(s->variant, x->variant) &&
		!strcmp(s->task, x->task);
}

/* Stages stand in the order of courses, so the search begins where the last one ended. */
static struct course *course_of(struct outlook_work *w, const struct seen *s, int from)
{
	struct course *x;

	for (int i = 0; i < w->ncourses; i++) {
		x = &w->course[(from + i) % w->ncourses];
		if (is_of(s, x))
			return x;
	}
	x = add_course(w);
	x->variant = s->variant;
	x->label = s->label;
	x->method = s->method;
	x->task = s->task;
	return x;
}

/* Pruning. */

static bool may_prune(const struct outlook_work *w, const struct course *x, int phase)
{
	return w->prunes && x->row && x->row->entry->position > 0 && phase != FINAL;
}

/* Only the first phase has several learning rates. */
static int groups_of(
	const struct outlook_work *w, const struct prune_plan *p, int phase)
{
	return p->within_lr && phase == TUNE ? w->q->spec->search.rates.lr.count : 1;
}

static double survivors(const struct outlook_work *w, const struct prune_plan *p,
	int groups, double configs)
{
	return fmin(configs, w->correction * prune_survivors(p, groups, configs));
}

/* The epochs behind `after` of `configs` configurations that stand there. */
static double epochs_behind(const struct outlook_work *w, const struct course *x,
	int phase, int after, double configs)
{
	struct prune_plan p = prune_plan_of(w->q->spec, x->row->variant);
	int groups = groups_of(w, &p, phase);
	double sum = 0;

	if (!may_prune(w, x, phase))
		return configs * (p.epochs - after);
	for (int next; after < p.epochs; after = next) {
		if (after > 0)
			configs = survivors(w, &p, groups, configs);
		next = prune_next(&p, after, (int)ceil(configs));
		sum += configs * (next - after);
	}
	return sum;
}

/* What the rungs so far have left, and what the forecast would have. */
struct rung_sum {
	double left, forecast;
};

/*
 * A rung that stops nobody leaves no row, so the rungs of a stage are those of the sweep
 * file that somebody has behind him.
 */
static void compare_stage(const struct outlook_work *w, const struct seen *s,
	const struct course *x, struct rung_sum *sum)
{
	struct prune_plan p = prune_plan_of(w->q->spec, x->row->variant);
	int groups = groups_of(w, &p, s->phase);
	double configs = s->configs;

	for (int i = 0; i < p.nrungs && p.rungs[i] < s->far; i++) {
		sum->forecast += prune_survivors(&p, groups, configs);
		for (int k = 0; k < w->nstops; k++)
			if (w->stops[k].stage == s->id &&
				w->stops[k].epoch == p.rungs[i])
				configs -= w->stops[k].n;
		sum->left += configs;
	}
}

/* How many configurations the forecast counts for, against those that rungs have left. */
#define FORECAST_WEIGHT 6

/*
 * Under --no-prune nobody's target is a rung. Whoever was stopped keeps his rung as his
 * target, so the question is answered to the end of the sweep.
 */
static void learn_pruning(struct outlook_work *w)
{
	struct rung_sum sum = { FORECAST_WEIGHT, FORECAST_WEIGHT };
	bool searched = false;
	bool paused = false;

	for (int i = 0, at = 0; i < w->nseen; i++) {
		const struct seen *s = &w->seen[i];
		struct course *x = course_of(w, s, at);

		at = (int)(x - w->course);
		x->last = s;
		x->done += s->epochs;
		x->seconds += s->seconds;
		if (!may_prune(w, x, s->phase))
			continue;
		searched = true;
		paused |= s->near < x->row->variant->epochs;
		compare_stage(w, s, x, &sum);
	}
	w->prunes = w->prunes && (paused || !searched);
	w->correction = w->prunes ? sum.left / sum.forecast : 1;
}

/* What is left of a course. */

static int seeds_of(const struct outlook_work *w, const struct course *x, int phase)
{
	bool baseline = x->row->entry->position == 0;

	if (phase == FINAL || baseline)
		return 1;
	return w->q->spec->search.seeds.n;
}

/* A stage that there is: up to the targets of its jobs, and behind them. */
static void add_stage(const struct outlook_work *w, struct course *x)
{
	const struct seen *s = x->last;
	int seeds;

	if (!s->open || !s->open_jobs)
		return;
	x->epochs += s->open_epochs;
	x->chain += ceil((double)s->open_epochs / s->open_jobs);
	if (!x->row)
		return;
	seeds = seeds_of(w, x, s->phase);
	x->epochs += seeds *
		epochs_behind(w, x, s->phase, s->target, (double)s->open_jobs / seeds);
	x->chain += x->row->variant->epochs - s->target;
}

static void add_phase(const struct outlook_work *w, struct course *x, int phase)
{
	const struct plan_entry_jobs *row = x->row;
	const int64_t planned[PHASES] = { row->tune, row->refine_usual, row->wd,
		row->final };
	int units = row->entry->position == 0 ? row->variant->ntasks : 1;
	double jobs = (double)planned[phase] / units;
	int seeds = seeds_of(w, x, phase);

	if (jobs <= 0)
		return;
	x->to_come += jobs;
	x->epochs += seeds * epochs_behind(w, x, phase, 0, jobs / seeds);
	x->chain += row->variant->epochs;
}

/*
 * What follows a decided stage is planned with the decision: where nothing is, nothing
 * comes, since no configuration was valid.
 */
static void measure_course(const struct outlook_work *w, struct course *x)
{
	if (x->last)
		add_stage(w, x);
	if (!x->row || (x->last && !x->last->open))
		return;
	for (int i = x->last ? x->last->phase + 1 : TUNE; i < PHASES; i++)
		add_phase(w, x, i);
}

/* What it takes. */

/* A course among all that are like it in some way. */
struct alike {
	struct course *x;
	enum likeness how;
};

static int compare_kinds(const struct course *x, const struct course *y)
{
	return (*x->task != '\0') - (*y->task != '\0');
}

/* 0: the two are alike. */
static int compare_courses(
	const struct course *x, const struct course *y, enum likeness how)
{
	int variant = how < OF_A_KIND ? strcmp(x->variant, y->variant) : 0;

	if (variant)
		return variant;
	switch (how) {
	case SAME_METHOD:
		return strcmp(x->method, y->method);
	case SAME_VARIANT:
	case OF_A_KIND:
		return compare_kinds(x, y);
	default:
		return 0;
	}
}

/* Those that are alike stand in their own order, so that sums do not depend on the sort. */
static int by_likeness(const void *left, const void *right)
{
	const struct alike *a = left;
	const struct alike *b = right;
	int order = compare_courses(a->x, b->x, a->how);

	return order ? order : (a->x > b->x) - (a->x < b->x);
}

/* What all that are alike have trained, for each of them. */
static void sum_alike(struct alike *list, int n)
{
	for (int i = 0, end; i < n; i = end) {
		struct course_sum sum = { 0, 0 };

		for (end = i; end < n &&
			!compare_courses(list[i].x, list[end].x, list[i].how);
			end++) {
			sum.epochs += list[end].x->done;
			sum.seconds += list[end].x->seconds;
		}
		for (int k = i; k < end; k++)
			list[k].x->like[list[k].how] = sum;
	}
}

static void learn_rates(struct outlook_work *w)
{
	struct alike *list = NEW_ARRAY(&w->arena, struct alike, w->ncourses + 1);

	for (int how = 0; how < LIKENESSES; how++) {
		for (int i = 0; i < w->ncourses; i++)
			list[i] = (struct alike){ &w->course[i], (enum likeness)how };
		qsort(list, (size_t)w->ncourses, sizeof(*list), by_likeness);
		sum_alike(list, w->ncourses);
	}
}

/* Seconds of an epoch: of the nearest that have shown it; NAN: nobody has. */
static double rate_of(const struct course *x)
{
	if (x->done > 0)
		return x->seconds / x->done;
	for (int how = 0; how < LIKENESSES; how++) {
		if (x->like[how].epochs > 0)
			return x->like[how].seconds / x->like[how].epochs;
		if (how == SAME_METHOD && !isnan(x->prior))
			return x->prior;
	}
	return (double)NAN;
}

/* What an entry takes of several slots, others cannot have meanwhile. */
static double slots_of(const struct course *x, const struct outlook *out)
{
	return x->row ? fmin(x->row->entry->slots, out->workers) : 1;
}

/*
 * The seconds of all workers together, and those that must follow one another: no number
 * of workers makes a sweep shorter than its longest course behind its baseline.
 */
static void add_up(const struct outlook_work *w, struct outlook *out)
{
	double work = 0;
	double chain[2] = { 0, 0 }; /* methods, baselines */
	double epochs = 0;
	double seconds = 0;
	double to_come = 0;

	for (int i = 0; i < w->ncourses; i++) {
		const struct course *x = &w->course[i];
		double rate = rate_of(x);
		double *longest = &chain[*x->task != '\0'];

		epochs += x->done;
		seconds += x->seconds;
		to_come += x->to_come;
		out->epochs_left += x->epochs;
		if (x->epochs <= 0)
			continue;
		work += x->epochs * rate * slots_of(x, out);
		*longest = fmax(*longest, x->chain * rate);
	}
	out->jobs += llround(to_come);
	out->rate = epochs > 0 ? seconds / epochs : (double)NAN;
	out->seconds_left = fmax(work / out->workers, chain[0] + chain[1]);
	if (isnan(work))
		out->seconds_left = (double)NAN;
}

double outlook_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int outlook_read(const struct outlook_question *q, struct outlook *out, struct err *e)
{
	struct outlook_work w = { .q = q, .prunes = q->spec != NULL };
	int rc = OK;

	*out = (struct outlook){ 0 };
	if (q->s)
		rc = read_jobs(q, out, e);
	if (!rc && q->s)
		rc = read_stages(&w, e);
	if (!rc && q->s)
		rc = read_stops(&w, e);
	out->running = q->live ? out->running : 0;
	out->workers = q->workers ? q->workers : out->workers ? out->workers : 1;
	if (!rc) {
		plan_courses(&w);
		learn_pruning(&w);
		for (int i = 0; i < w.ncourses; i++)
			measure_course(&w, &w.course[i]);
		learn_rates(&w);
		add_up(&w, out);
	}
	arena_release(&w.arena);
	return rc;
}

/* For people. */

const char *outlook_duration(double seconds, char buf[OUTLOOK_TEXT_MAX])
{
	double minutes = seconds / 60;

	if (seconds < 99.5)
		snprintf(buf, OUTLOOK_TEXT_MAX, "%.0f s", fmax(seconds, 0));
	else if (minutes < 99.5)
		snprintf(buf, OUTLOOK_TEXT_MAX, "%.0f min", minutes);
	else if (minutes < 48 * 60)
		snprintf(buf, OUTLOOK_TEXT_MAX, "%.0f h %02.0f min",
			floor(round(minutes) / 60), fmod(round(minutes), 60));
	else
		snprintf(buf, OUTLOOK_TEXT_MAX, "%.1f days", minutes / (24 * 60));
	return buf;
}

const char *outlook_jobs(const struct outlook *x, char buf[OUTLOOK_TEXT_MAX])
{
	snprintf(buf, OUTLOOK_TEXT_MAX, "%lld/%lld jobs", (long long)x->ended,
		(long long)x->jobs);
	return buf;
}

const char *outlook_left(const struct outlook *x, char buf[OUTLOOK_TEXT_MAX])
{
	char duration[OUTLOOK_TEXT_MAX];

	if (isnan(x->seconds_left))
		snprintf(buf, OUTLOOK_TEXT_MAX, "time left unknown");
	else
		snprintf(buf, OUTLOOK_TEXT_MAX, "%.32s left",
			outlook_duration(x->seconds_left, duration));
	return buf;
}
