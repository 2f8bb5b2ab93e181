/* Whose figures a line has: from what a file says of a job to the job's identity. */
#include <limits.h>
#include <math.h>
#include <string.h>
#include "common/rng.h"
#include "orchestrator/import/import.h"

static const char *const names[IMPORT_COLUMNS] = { "label", "variant",
	"task_of_baseline", "lr", "wd", "seed", "epoch", "split", "task", "name",
	"value", "outcome", "weight_mean", "weight_std", "weighted_loss_mean",
	"weighted_loss_std" };

/* Columns. */

static bool has_hyper(const struct spec *s, const char *name)
{
	for (int i = 0; i < s->nvariants; i++)
		for (int k = 0; k < s->variants[i].nentries; k++)
			if (param_info_find(
				    s->variants[i].entries[k].method->params, name))
				return true;
	return false;
}

int import_column_of(struct import_set *im, struct diag *d, const char *name, size_t at)
{
	const struct spec *s = im->resolved->spec;
	char hint[HINT_MAX];

	for (int i = 0; i < IMPORT_COLUMNS; i++)
		if (!strcmp(names[i], name))
			return i;
	if (*name && has_hyper(s, name))
		return IMPORT_COLUMNS;
	diag_add(d, at,
		"unknown column %s%s: it is no hyperparameter of an entry of %s either",
		diag_quote(im->a, name),
		str_hint(str_nearest(name, names, IMPORT_COLUMNS), hint), s->path);
	return -1;
}

static bool is_weight(const struct import_record *r)
{
	return r->known[IMPORT_WEIGHT_MEAN].text != NULL;
}

bool import_is_whole(const struct import_record *r)
{
	static const enum import_column figure[] = { IMPORT_LABEL, IMPORT_LR,
		IMPORT_SEED, IMPORT_EPOCH, IMPORT_TASK, IMPORT_SPLIT, IMPORT_NAME,
		IMPORT_VALUE };
	int n = is_weight(r) ? 5 : COUNT(figure);

	for (int i = 0; i < n; i++)
		if (!r->known[figure[i]].text) {
			diag_add(r->d, r->at,
				"there is no \"%s\": `deltam export metrics` shows "
				"which columns a file has",
				names[figure[i]]);
			return false;
		}
	return true;
}

static const char *text_of(const struct import_record *r, enum import_column c)
{
	return r->known[c].text ? r->known[c].text : "";
}

static size_t place_of(const struct import_record *r, enum import_column c)
{
	return r->known[c].text ? r->known[c].at : r->at;
}

/* Finite numbers from min on; an empty cell is `absent`, where that is a number. */
static bool read_number(const struct import_set *im, const struct import_record *r,
	enum import_column c, double min, double absent, double *v)
{
	const char *text = text_of(r, c);
	char limit[NUMBER_MAX];

	*v = absent;
	if (!*text && isfinite(absent))
		return true;
	if (!number_parse(text, v))
		diag_add(r->d, place_of(r, c), "%s is %s, not a finite number%s",
			names[c], diag_quote(im->a, text),
			c == IMPORT_VALUE ? " (a run that diverged has the epochs "
					    "before, and that as its outcome)"
					  : "");
	else if (*v < min)
		diag_add(r->d, place_of(r, c), "%s %s is below the minimum %s",
			names[c], text, number_format(min, limit));
	else
		return true;
	return false;
}

static bool read_whole(const struct import_set *im, const struct import_record *r,
	enum import_column c, int min, int max, int *v)
{
	const char *text = text_of(r, c);
	double x;

	if (number_parse(text, &x) && x == floor(x) && x >= min && x <= max) {
		*v = (int)x;
		return true;
	}
	diag_add(r->d, place_of(r, c), "%s is %s, not a whole number from %d to %d%s",
		names[c], diag_quote(im->a, text), min, max,
		c == IMPORT_EPOCH ? ", the epochs of this sweep" : "");
	return false;
}

/* Runs by how a file names them. */

/* A name, and its run; NULL: the name is wrong, and that has been said. */
struct import_slot {
	const char *name; /* NULL: free */
	struct import_run *run;
};

static struct import_slot *slot_of(struct import_slot *slot, int n, const char *name)
{
	int i = (int)(rng_hash(name) & (uint64_t)(n - 1));

	while (slot[i].name && strcmp(slot[i].name, name) != 0)
		i = (i + 1) & (n - 1);
	return &slot[i];
}

static void make_room(struct import_set *im)
{
	struct import_slot *old = im->slot;
	int n = im->slots;

	if (2 * im->slots_used < n)
		return;
	im->slots = n ? 2 * n : 64;
	im->slot = NEW_ARRAY(im->a, struct import_slot, im->slots);
	for (int i = 0; i < n; i++)
		if (old[i].name)
			*slot_of(im->slot, im->slots, old[i].name) = old[i];
}

/* The slot of that name; a new one has no run. *known: it is not new. */
static struct import_slot *find_slot(
	struct import_set *im, const char *name, bool *known)
{
	struct import_slot *slot;

	make_room(im);
	slot = slot_of(im->slot, im->slots, name);
	*known = slot->name != NULL;
	if (!*known) {
		slot->name = arena_strdup(im->a, name);
		im->slots_used++;
	}
	return slot;
}

/* What the line says of its job, as it says it. */
static const char *name_of(const struct import_record *r, struct arena *scratch)
{
	struct str out = { .arena = scratch };

	for (int i = IMPORT_LABEL; i <= IMPORT_SEED; i++)
		str_printf(&out, "%s\n", text_of(r, (enum import_column)i));
	for (int i = 0; i < r->hypers; i++)
		if (*r->value[i].text)
			str_printf(&out, "%s=%s\n", r->hyper[i], r->value[i].text);
	return str_get(&out);
}

/* Entries. */

static const struct spec_variant *read_variant(
	struct import_set *im, const struct import_record *r)
{
	const struct spec *s = im->resolved->spec;
	const char *label = text_of(r, IMPORT_VARIANT);
	struct str all = { .arena = im->a };

	for (int i = 0; i < s->nvariants; i++) {
		if (!strcmp(s->variants[i].label, label))
			return &s->variants[i];
		str_printf(&all, "%s%s", i ? ", " : "",
			diag_quote(im->a, s->variants[i].label));
	}
	diag_add(r->d, place_of(r, IMPORT_VARIANT),
		"the sweep has no variant %s; it has %s", diag_quote(im->a, label),
		str_get(&all));
	return NULL;
}

static const struct spec_entry *read_entry(struct import_set *im,
	const struct import_record *r, const struct spec_variant *v)
{
	const struct spec *s = im->resolved->spec;
	const char **known = NEW_ARRAY(im->a, const char *, v->nentries + 1);
	const char *label = text_of(r, IMPORT_LABEL);
	size_t at = place_of(r, IMPORT_LABEL);
	const char *near;
	char hint[HINT_MAX];

	known[0] = v->baseline.label;
	if (!strcmp(known[0], label)) {
		if (s->baseline.source == BASELINE_TRAINED)
			return &v->baseline;
		diag_add(r->d, at,
			"%s gives the figures of its baseline, so no run of it is "
			"wanted: leave these lines out",
			s->path);
		return NULL;
	}
	for (int i = 0; i < v->nentries; i++) {
		known[i + 1] = v->entries[i].label;
		if (!strcmp(known[i + 1], label))
			return &v->entries[i];
	}
	near = str_nearest(label, known, v->nentries + 1);
	diag_add(r->d, at, "the sweep has no entry %s%s%s", diag_quote(im->a, label),
		near ? str_hint(near, hint) : ": it would stand under \"methods\" of ",
		near ? "" : s->path);
	return NULL;
}

/* The task of a baseline into run->task; nothing of a method. */
static bool read_task(
	struct import_set *im, const struct import_record *r, struct import_run *run)
{
	const struct spec_variant *v = run->variant;
	const char *task = text_of(r, IMPORT_TASK_OF_BASELINE);
	size_t at = place_of(r, IMPORT_TASK_OF_BASELINE);
	const char **known = NEW_ARRAY(im->a, const char *, v->ntasks);
	char hint[HINT_MAX];

	if (run->entry->position > 0 && *task)
		diag_add(r->d, at, "only a baseline has a task of its own");
	if (run->entry->position > 0)
		return !*task;
	for (int i = 0; i < v->ntasks; i++) {
		known[i] = v->tasks[i].name;
		if (!strcmp(known[i], task))
			run->task = known[i];
	}
	if (!run->task)
		diag_add(r->d, at, "a baseline is of one task, and %s is none%s",
			diag_quote(im->a, task),
			str_hint(str_nearest(task, known, v->ntasks), hint));
	return run->task != NULL;
}

/* Values of axes. */

/* Numbers with a blank between in the spelling of jobs; NULL: none, and reported. */
static const char *list_text(struct import_set *im, const struct import_record *r,
	const struct import_cell *cell, const struct spec_axis *x)
{
	double v[TASKS_MAX];
	char buf[NUMBER_MAX];
	struct str out = { .arena = im->a };
	struct err why;
	int n;

	if (numbers_parse(x->name, cell->text, v, TASKS_MAX, &n, &why)) {
		diag_add(r->d, cell->at, "%s", why.msg);
		return NULL;
	}
	if (x->tasks && n != x->tasks) {
		diag_add(r->d, cell->at, "%s has %d number%s for %d tasks", x->name, n,
			n == 1 ? "" : "s", x->tasks);
		return NULL;
	}
	for (int i = 0; i < n; i++)
		str_printf(&out, "%s%s", i ? " " : "", number_format(v[i], buf));
	return str_get(&out);
}

/*
 * A number that the axis has is spelled as there; another one may be wanted by a later
 * stage, which looks between the values.
 */
static const char *number_text(struct import_set *im, const struct import_record *r,
	const struct import_cell *cell, const struct spec_axis *x)
{
	char buf[NUMBER_MAX];
	double v;

	if (!number_parse(cell->text, &v) || (x->whole && v != floor(v))) {
		diag_add(r->d, cell->at, "%s is %s, not a %s number", x->name,
			diag_quote(im->a, cell->text), x->whole ? "whole" : "finite");
		return NULL;
	}
	if (v < x->min || v > x->max) {
		diag_add(r->d, cell->at, "%s %s is %s", x->name, cell->text,
			v < x->min ? arena_printf(im->a, "below the minimum %s",
					     number_format(x->min, buf))
				   : arena_printf(im->a, "above the maximum %s",
					     number_format(x->max, buf)));
		return NULL;
	}
	for (int i = 0; i < x->count; i++)
		if (x->value[i] == v)
			return x->text[i];
	return arena_strdup(im->a, number_format(v, buf));
}

static const char *word_text(struct import_set *im, const struct import_record *r,
	const struct import_cell *cell, const struct spec_axis *x)
{
	struct str all = { .arena = im->a };

	for (int i = 0; i < x->count; i++) {
		if (!strcmp(x->text[i], cell->text))
			return x->text[i];
		str_printf(&all, "%s%s", i ? ", " : "", x->text[i]);
	}
	diag_add(r->d, cell->at, "the sweep has no %s %s here; it has %s", x->name,
		diag_quote(im->a, cell->text), str_get(&all));
	return NULL;
}

static const char *axis_text(struct import_set *im, const struct import_record *r,
	const struct import_cell *cell, const struct spec_axis *x, enum param_kind kind)
{
	switch (kind) {
	case PARAM_REAL:
	case PARAM_INT:
		return number_text(im, r, cell, x);
	case PARAM_SIMPLEX:
	case PARAM_LIST:
		return list_text(im, r, cell, x);
	case PARAM_BOOL:
	case PARAM_CHOICE:
	case PARAM_TEXT:
		break;
	}
	return word_text(im, r, cell, x);
}

static const struct import_cell *find_hyper(
	const struct import_record *r, const char *name)
{
	for (int i = 0; i < r->hypers; i++)
		if (*r->value[i].text && !strcmp(r->hyper[i], name))
			return &r->value[i];
	return NULL;
}

static bool put_axis(struct import_set *im, const struct import_record *r,
	struct import_run *run, const struct spec_axis *x)
{
	const struct import_cell *cell = find_hyper(r, x->name);
	const struct param_info *p =
		param_info_find(run->entry->method->params, x->name);
	const char *text = x->text[0];

	if (!cell && x->count > 1) {
		diag_add(r->d, place_of(r, IMPORT_LABEL),
			"entry %s has several values of %s: say which one this run had",
			diag_quote(im->a, run->entry->label), x->name);
		return false;
	}
	if (cell)
		text = axis_text(im, r, cell, x, p->kind);
	if (text)
		params_set(&run->params, im->a, x->name, text);
	return text != NULL;
}

/* What the file says and the entry does not have. */
static bool check_hypers(struct import_set *im, const struct import_record *r,
	const struct spec_entry *x)
{
	for (int i = 0; i < r->hypers; i++) {
		int k = 0;

		while (k < x->naxes && strcmp(x->axes[k].name, r->hyper[i]) != 0)
			k++;
		if (k < x->naxes || !*r->value[i].text)
			continue;
		diag_add(r->d, r->value[i].at,
			"entry %s of the sweep has no %s: leave the cell empty",
			diag_quote(im->a, x->label), r->hyper[i]);
		return false;
	}
	return true;
}

static bool put_hypers(
	struct import_set *im, const struct import_record *r, struct import_run *run)
{
	bool good = check_hypers(im, r, run->entry);

	for (int i = 0; i < run->entry->naxes && good; i++)
		good = put_axis(im, r, run, &run->entry->axes[i]);
	return good;
}

/* lr and wd, which every search has. */
static bool put_rate(struct import_set *im, const struct import_record *r,
	struct import_run *run, enum import_column c, const struct spec_axis *x)
{
	struct import_cell cell = { text_of(r, c), place_of(r, c) };
	const char *text;

	if (!*cell.text && c == IMPORT_WD)
		cell.text = "0";
	text = number_text(im, r, &cell, x);
	if (text)
		params_set(&run->params, im->a, names[c], text);
	return text != NULL;
}

static bool put_params(
	struct import_set *im, const struct import_record *r, struct import_run *run)
{
	const struct spec *s = im->resolved->spec;
	const struct resolved_variant *v =
		&im->resolved->variants[run->variant - s->variants];
	const struct spec_rates *rates =
		run->task ? &s->baseline.rates : &s->search.rates;
	int seed;

	run->params = params_copy(im->a, run->task ? &v->stl : &v->base);
	if (!read_whole(im, r, IMPORT_SEED, 0, INT_MAX, &seed) ||
		!put_rate(im, r, run, IMPORT_LR, &rates->lr) ||
		!put_rate(im, r, run, IMPORT_WD, &rates->wd) || !put_hypers(im, r, run))
		return false;
	params_set_number(&run->params, im->a, "seed", seed);
	params_set(&run->params, im->a, "method", run->entry->method->name);
	if (run->task)
		params_set(&run->params, im->a, "task", run->task);
	return true;
}

/* The run of a name that no line has used before; NULL: it is wrong, and reported. */
static struct import_run *make_run(struct import_set *im, const struct import_record *r)
{
	struct import_run *run = NEW(im->a, struct import_run);
	const char *name;
	bool known;
	struct import_slot *slot;

	run->place = (struct import_place){ r->d, r->at };
	run->variant = read_variant(im, r);
	if (run->variant)
		run->entry = read_entry(im, r, run->variant);
	if (!run->entry || !read_task(im, r, run) || !put_params(im, r, run))
		return NULL;
	run->job = job_identity_in(&run->params, run->identity, im->a);
	/* Another spelling of the same numbers is the same run. */
	name = arena_printf(im->a, "%s\n%s\n%s", run->variant->label, run->entry->label,
		run->identity);
	slot = find_slot(im, name, &known);
	if (known)
		return slot->run;
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): pointers are what is kept */
	(void)GROW(im->a, im->run, im->runs, im->run_capacity);
	im->run[im->runs++] = run;
	slot->run = run;
	return run;
}

struct import_run *import_run_of(struct import_set *im, const struct import_record *r)
{
	struct arena_mark mark;
	const char *name;
	struct import_run *run;
	bool known;

	make_room(im); /* which stays; what follows the mark may go */
	mark = arena_mark(im->a);
	name = name_of(r, im->a);
	run = find_slot(im, name, &known)->run;
	if (known) { /* as nearly always: nothing is kept of the line */
		arena_rewind(im->a, mark);
		return run;
	}
	run = make_run(im, r);
	find_slot(im, name, &known)->run = run;
	return run;
}

/* Figures. */

static const char *word_of(struct import_set *im, const char *text)
{
	for (int i = im->words; i-- > 0;)
		if (!strcmp(im->word[i], text))
			return im->word[i];
	(void)GROW(im->a, im->word, im->words, im->word_capacity);
	return im->word[im->words++] = arena_strdup(im->a, text);
}

void import_put_figure(struct import_set *im, struct import_run *run, int epoch,
	const struct metric_row *row, struct import_place place)
{
	(void)GROW(im->a, run->figure, run->figures, run->figure_capacity);
	run->figure[run->figures++] = (struct import_figure){ epoch,
		{ word_of(im, row->split), word_of(im, row->task),
			word_of(im, row->name), row->value },
		place };
}

void import_put_weight(struct import_set *im, struct import_run *run, int epoch,
	const struct weight_row *row, struct import_place place)
{
	struct import_weight *x;

	(void)GROW(im->a, run->weight, run->weights, run->weight_capacity);
	x = &run->weight[run->weights++];
	*x = (struct import_weight){ epoch, *row, place };
	x->row.task = word_of(im, row->task);
}

static bool has_task(const struct import_run *run, const char *task)
{
	const struct spec_variant *v = run->variant;

	if (run->task)
		return !strcmp(run->task, task);
	for (int k = 0; k < v->ntasks; k++)
		if (!strcmp(v->tasks[k].name, task))
			return true;
	return false;
}

/* Figures of val and test are of a task that the run has; others may be of no task. */
static bool check_task(const struct import_set *im, const struct import_record *r,
	const struct import_run *run)
{
	const struct spec_variant *v = run->variant;
	const char *task = text_of(r, IMPORT_TASK);
	const char *known[TASKS_MAX];
	char hint[HINT_MAX];
	int n = 0;

	if (has_task(run, task))
		return true;
	for (int k = 0; k < v->ntasks; k++)
		if (has_task(run, v->tasks[k].name))
			known[n++] = v->tasks[k].name;
	diag_add(r->d, place_of(r, IMPORT_TASK), "this run has no task %s%s",
		diag_quote(im->a, task), str_hint(str_nearest(task, known, n), hint));
	return false;
}

/* false: the line has no more than that. */
static bool take_outcome(
	struct import_set *im, const struct import_record *r, struct import_run *run)
{
	static const char *const words[] = { "done", "diverged", "failed" };
	const char *outcome = text_of(r, IMPORT_OUTCOME);
	char hint[HINT_MAX];

	if (!strcmp(outcome, "diverged")) {
		if (!run->diverged)
			run->diverged = "diverged";
		return *text_of(r, IMPORT_EPOCH) || *text_of(r, IMPORT_VALUE);
	}
	if (!*outcome || !strcmp(outcome, "done") || !strcmp(outcome, "failed"))
		return true;
	diag_add(r->d, place_of(r, IMPORT_OUTCOME),
		"unknown outcome %s%s: done, diverged, failed or nothing",
		diag_quote(im->a, outcome),
		str_hint(str_nearest(outcome, words, 3), hint));
	return false;
}

static void take_figure(struct import_set *im, const struct import_record *r,
	struct import_run *run, int epoch)
{
	struct metric_row row = { text_of(r, IMPORT_SPLIT), text_of(r, IMPORT_TASK),
		text_of(r, IMPORT_NAME), 0 };
	bool must = !strcmp(row.split, "val") || !strcmp(row.split, "test");

	if (!*row.split || !*row.name)
		diag_add(r->d, place_of(r, *row.split ? IMPORT_NAME : IMPORT_SPLIT),
			"a figure has a split and a name");
	else if ((!must || check_task(im, r, run)) &&
		read_number(im, r, IMPORT_VALUE, -(double)INFINITY, (double)NAN,
			&row.value))
		import_put_figure(
			im, run, epoch, &row, (struct import_place){ r->d, r->at });
}

static void take_weight(struct import_set *im, const struct import_record *r,
	struct import_run *run, int epoch)
{
	const double least = -(double)INFINITY;
	struct weight_row w = { .task = text_of(r, IMPORT_TASK) };

	w.no_std = !*text_of(r, IMPORT_WEIGHT_STD);
	w.no_loss_mean = !*text_of(r, IMPORT_LOSS_MEAN);
	w.no_loss_std = !*text_of(r, IMPORT_LOSS_STD);
	if (check_task(im, r, run) &&
		read_number(im, r, IMPORT_WEIGHT_MEAN, least, (double)NAN,
			&w.weight_mean) &&
		read_number(im, r, IMPORT_WEIGHT_STD, 0, 0, &w.weight_std) &&
		read_number(im, r, IMPORT_LOSS_MEAN, least, 0, &w.weighted_loss_mean) &&
		read_number(im, r, IMPORT_LOSS_STD, 0, 0, &w.weighted_loss_std))
		import_put_weight(
			im, run, epoch, &w, (struct import_place){ r->d, r->at });
}

void import_take(struct import_set *im, const struct import_record *r)
{
	struct import_run *run = import_run_of(im, r);
	int epoch;

	if (!run || !take_outcome(im, r, run) ||
		!read_whole(im, r, IMPORT_EPOCH, 1, run->variant->epochs, &epoch))
		return;
	if (is_weight(r))
		take_weight(im, r, run, epoch);
	else
		take_figure(im, r, run, epoch);
}
