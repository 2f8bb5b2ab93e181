/* Whether what files say of a run is whole. */
#include <stdlib.h>
#include <string.h>
#include "orchestrator/import/import.h"

static int by_place(const struct import_place *x, const struct import_place *y)
{
	/* Of two files either may come first, but always the same. */
	if (x->d != y->d)
		return x->d < y->d ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

static int by_row(const struct metric_row *x, const struct metric_row *y)
{
	int order = strcmp(x->split, y->split);

	if (!order)
		order = strcmp(x->task, y->task);
	return order ? order : strcmp(x->name, y->name);
}

static int by_figure(const void *a, const void *b)
{
	const struct import_figure *x = a;
	const struct import_figure *y = b;
	int order = (x->epoch > y->epoch) - (x->epoch < y->epoch);

	if (!order)
		order = by_row(&x->row, &y->row);
	return order ? order : by_place(&x->place, &y->place);
}

static int by_weight(const void *a, const void *b)
{
	const struct import_weight *x = a;
	const struct import_weight *y = b;
	int order = (x->epoch > y->epoch) - (x->epoch < y->epoch);

	if (!order)
		order = strcmp(x->row.task, y->row.task);
	return order ? order : by_place(&x->place, &y->place);
}

static bool is_double(struct import_run *r)
{
	for (int i = 1; i < r->figures; i++) {
		const struct import_figure *x = &r->figure[i];

		if (x->epoch != x[-1].epoch || by_row(&x->row, &x[-1].row) != 0)
			continue;
		diag_add(x->place.d, x->place.at,
			"%s %s/%s of epoch %d of this run stands here twice: which one "
			"is it?",
			x->row.split, x->row.task, x->row.name, x->epoch);
		return true;
	}
	for (int i = 1; i < r->weights; i++) {
		const struct import_weight *x = &r->weight[i];

		if (x->epoch != x[-1].epoch || strcmp(x->row.task, x[-1].row.task) != 0)
			continue;
		diag_add(x->place.d, x->place.at,
			"the weight of %s in epoch %d of this run stands here twice: "
			"which one is it?",
			x->row.task, x->epoch);
		return true;
	}
	return false;
}

/* Where a file names the epoch of figure i first. */
static struct import_place place_of(const struct import_run *r, int i)
{
	struct import_place first = r->figure[i].place;

	for (int k = i; k < r->figures && r->figure[k].epoch == r->figure[i].epoch; k++)
		if (by_place(&r->figure[k].place, &first) < 0)
			first = r->figure[k].place;
	return first;
}

/* Epochs come one after another from the first; counts them. */
static bool has_gap(struct import_run *r)
{
	for (int i = 0; i < r->figures; i++) {
		const struct import_figure *x = &r->figure[i];

		if (x->epoch > r->epochs + 1) {
			const struct import_place place = place_of(r, i);

			diag_add(place.d, place.at,
				r->epochs
					? "epoch %d of this run comes behind epoch %d: "
					  "give the epochs between them, too"
					: "this run begins with epoch %d, and not with "
					  "epoch %d: give the epochs before it, too",
				x->epoch, r->epochs ? r->epochs : 1);
			return true;
		}
		r->epochs = x->epoch;
	}
	return false;
}

/* The figures of an epoch, n of them from number i on, have this one. */
static bool has(const struct import_run *r, int i, int n, const char *split,
	const char *task, const char *name)
{
	struct metric_row row = { .split = split, .task = task, .name = name };
	struct import_place place;

	for (int k = i; k < i + n; k++)
		if (!by_row(&r->figure[k].row, &row))
			return true;
	place = place_of(r, i);
	diag_add(place.d, place.at,
		"%s %s/%s of epoch %d of this run is missing: every epoch has the loss "
		"of val and all criteria of val and test",
		split, task, name, r->figure[i].epoch);
	return false;
}

static bool is_ours(const struct import_run *r, const char *task)
{
	return !r->task || !strcmp(r->task, task);
}

static bool epoch_is_whole(const struct import_run *r, int first, int n)
{
	const struct spec_variant *v = r->variant;
	bool whole = true;

	for (int k = 0; whole && k < v->ntasks; k++)
		if (is_ours(r, v->tasks[k].name))
			whole = has(r, first, n, "val", v->tasks[k].name, "loss");
	for (int i = 0; whole && i < v->ncriteria; i++) {
		const struct spec_criterion *c = &v->criteria[i];

		if (is_ours(r, c->task))
			whole = has(r, first, n, "val", c->task, c->metric->name) &&
				has(r, first, n, "test", c->task, c->metric->name);
	}
	return whole;
}

static bool epochs_are_whole(const struct import_run *r)
{
	for (int i = 0, n; i < r->figures; i += n) {
		for (n = 1; i + n < r->figures &&
			r->figure[i + n].epoch == r->figure[i].epoch;)
			n++;
		if (!epoch_is_whole(r, i, n))
			return false;
	}
	return true;
}

void import_check(struct import_run *r)
{
	const struct import_weight *last;

	if (r->figures)
		qsort(r->figure, (size_t)r->figures, sizeof(*r->figure), by_figure);
	if (r->weights)
		qsort(r->weight, (size_t)r->weights, sizeof(*r->weight), by_weight);
	if (is_double(r) || has_gap(r) || !epochs_are_whole(r))
		return;
	last = r->weights ? &r->weight[r->weights - 1] : NULL;
	if (last && last->epoch > r->epochs)
		diag_add(last->place.d, last->place.at,
			"weights of epoch %d, and figures of %d epochs: give the file "
			"of its metrics, too",
			last->epoch, r->epochs);
	if (r->diverged && r->epochs == r->variant->epochs)
		diag_add(r->place.d, r->place.at,
			"this run diverged, and has figures of all %d epochs: which "
			"one is it?",
			r->epochs);
}
