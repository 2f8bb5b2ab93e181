#include "orchestrator/report/run_list.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "orchestrator/report/where.h"

static const char *number_text(double v, struct arena *a)
{
	char buf[NUMBER_MAX];

	return isfinite(v) ? arena_strdup(a, number_format(v, buf)) : "";
}

static const char *integer_text(int64_t v, struct arena *a)
{
	return arena_printf(a, "%lld", (long long)v);
}

static const char *const columns[] = { "label", "variant", "task_of_baseline", "task",
	"method", "stage", "phase", "state", "run", "identity", "job", "seed", "config",
	"epochs", "epochs_done", "epoch", "lr", "wd", "outcome", NULL };

/*
 * A value of a run by the name of its column, as text; NULL: no such column, or this
 * method has no such hyperparameter.
 */
static const char *value_of(
	const struct query_run *x, const char *name, struct arena *a)
{
	const char *const text[] = { x->label, x->variant, x->task, x->task, x->method,
		x->stage, x->phase, x->state, x->run, x->identity };
	const int64_t whole[] = { x->job, x->seed, x->config, x->epochs, x->epochs_done,
		x->epoch };
	const char *hyper = params_get(&x->hyper, name);

	if (hyper)
		return hyper;
	for (int i = 0; columns[i]; i++) {
		int k = i - COUNT(text);

		if (strcmp(columns[i], name) != 0)
			continue;
		if (k < 0)
			return text[i];
		if (k < COUNT(whole))
			return integer_text(whole[k], a);
		if (!strcmp(name, "outcome"))
			return x->outcome ? x->outcome : "";
		return number_text(!strcmp(name, "lr") ? x->lr : x->wd, a);
	}
	return NULL;
}

/*
 * met (a flag a run, `stride` apart): whether it has the value of one condition. A name that
 * is no column is a parameter, which is read for all runs at once where some run lacks such
 * a column. *known: some run has such a name.
 */
static int meet(struct store *s, const struct run_list *l,
	const struct where_condition *c, bool *met, int stride, bool *known,
	struct arena *a, struct err *e)
{
	struct query_param *param = NULL;
	int params = -1; /* not asked for yet */

	for (int i = 0; i < l->n; i++) {
		const char *have = value_of(&l->run[i], c->name, a);

		if (!have && params < 0) {
			int rc = query_params(
				s, l->sweep, c->name, a, &param, &params, e);

			if (rc)
				return rc;
		}
		have = have ? have : query_param_of(param, params, l->run[i].job);
		*known = *known || have;
		met[(size_t)i * (size_t)stride] = have && where_is_text(c, have);
	}
	return OK;
}

static int unknown(
	const struct run_list *l, const char *name, struct arena *a, struct err *e)
{
	const char **names = NEW_ARRAY(a, const char *, COUNT(columns) + l->hypers);
	int n = 0;

	for (; columns[n]; n++)
		names[n] = columns[n];
	for (int i = 0; i < l->hypers; i++)
		names[n++] = l->hyper[i];
	return where_unknown(name, "run", names, n, a, e);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void gather_hypers(struct run_list *l, struct arena *a)
{
	int capacity = 0;

	for (int i = 0; i < l->n; i++)
		for (int k = 0; k < l->run[i].hyper.n; k++) {
			const char *name = l->run[i].hyper.p[k].name;
			bool there = false;

			for (int h = 0; h < l->hypers; h++)
				there = there || !strcmp(l->hyper[h], name);
			if (there)
				continue;
			(void)GROW(a, l->hyper, l->hypers, capacity);
			l->hyper[l->hypers++] = name;
		}
	if (l->hypers)
		qsort(l->hyper, (size_t)l->hypers, sizeof(*l->hyper), by_name);
}

static int keep(struct store *s, struct run_list *l, const struct where *w,
	struct arena *a, struct err *e)
{
	bool *met = NEW_ARRAY(a, bool, (size_t)l->n *(size_t)w->n + 1);
	int kept = 0;

	for (int i = 0; i < w->n && l->n; i++) {
		bool known = false;
		int rc = meet(s, l, &w->item[i], met + i, w->n, &known, a, e);

		if (rc)
			return rc;
		if (!known)
			return unknown(l, w->item[i].name, a, e);
	}
	for (int i = 0; i < l->n; i++)
		if (where_holds(w, met + (size_t)i * (size_t)w->n))
			l->run[kept++] = l->run[i];
	l->n = kept;
	return OK;
}

int run_list_read(struct store *s, const struct query_sweep *sweep, const char *text,
	struct arena *a, struct run_list *out, struct err *e)
{
	struct where w;
	int rc = where_parse(&w, text, a, e);

	*out = (struct run_list){ .sweep = sweep };
	if (!rc)
		rc = query_run_list(s, sweep, a, &out->run, &out->n, e);
	if (rc)
		return rc;
	gather_hypers(out, a);
	return keep(s, out, &w, a, e);
}

void run_list_key_columns(const struct run_list *l, struct report_table *t)
{
	static const struct report_head key[] = { { "label", NULL, false },
		{ "variant", NULL, false }, { "task_of_baseline", NULL, false },
		{ "lr", NULL, true }, { "wd", NULL, true }, { "seed", NULL, true } };

	table_columns(t, key, COUNT(key));
	for (int i = 0; i < l->hypers; i++)
		table_column(t, l->hyper[i], l->hyper[i])->right = true;
}

static void text_or_none(struct report_table *t, const char *text)
{
	table_text(t, text && *text ? text : NULL);
}

void run_list_key_cells(
	const struct run_list *l, const struct query_run *x, struct report_table *t)
{
	table_text(t, x->label);
	table_text(t, x->variant);
	text_or_none(t, x->task);
	table_number(t, x->lr, NULL);
	table_number(t, x->wd, NULL);
	table_number(t, (double)x->seed, NULL);
	for (int i = 0; i < l->hypers; i++) {
		const char *value = params_get(&x->hyper, l->hyper[i]);
		double number;

		if (value && number_parse(value, &number))
			table_number(t, number, NULL);
		else
			table_text(t, value);
	}
}

void run_list_columns(const struct run_list *l, struct report_table *t)
{
	bool gains = l->sweep->auxiliary;
	const struct report_head list[] = { { "run", NULL, false },
		{ "stage", NULL, false }, { "state", NULL, false },
		{ "epochs_done", "epochs", true }, { "epoch", NULL, true },
		{ gains ? "val_gain" : "val_delta_m",
			gains ? "Δ val [%]" : "Δm val [%]", true },
		{ gains ? "gain" : "delta_m", gains ? "Δ [%]" : "Δm [%]", true },
		{ "job", NULL, true }, { "identity", NULL, false },
		{ "method", NULL, false }, { "phase", NULL, false },
		{ "config", NULL, true }, { "epochs", NULL, true },
		{ "outcome", NULL, false }, { "kernel_class", NULL, false },
		{ "seconds", NULL, true }, { "cpu_seconds", NULL, true },
		{ "peak_bytes", NULL, true }, { "message", NULL, false } };
	static const char readers[] =
		" run stage state epochs_done epoch val_gain val_delta_m gain delta_m ";

	table_columns(t, list, COUNT(list));
	table_for_readers(t, readers);
}

static void figure(struct report_table *t, double v, bool gains)
{
	table_fixed(t, v == 0 || !gains ? v : -v, 1);
}

void run_list_cells(
	const struct run_list *l, const struct query_run *x, struct report_table *t)
{
	bool gains = l->sweep->auxiliary;
	const char *of = x->epochs_done < x->epochs
		? arena_printf(t->arena, "%d/%d", x->epochs_done, x->epochs)
		: NULL;

	table_text(t, x->run);
	table_text(t, x->stage);
	table_text(t, x->state);
	table_number(t, x->epochs_done, of);
	table_number(t, x->epoch ? x->epoch : (double)NAN, NULL);
	figure(t, x->val_delta_m, gains);
	figure(t, x->delta_m, gains);
	table_digits(t, integer_text(x->job, t->arena));
	table_text(t, x->identity);
	table_text(t, x->method);
	table_text(t, x->phase);
	table_number(t, x->config, NULL);
	table_number(t, x->epochs, NULL);
	text_or_none(t, x->outcome);
	text_or_none(t, x->kernel_class);
	table_number(t, x->seconds, NULL);
	table_number(t, x->cpu_seconds, NULL);
	table_number(t, x->peak_bytes, NULL);
	text_or_none(t, x->message);
}
