/* What Δm averages over, and what the sweep file says of single criteria. */
#include "orchestrator/spec/spec_read.h"

#include <math.h>
#include <string.h>

/* As the trainer has them, each once more for what the variant says of it. */
static void copy_criteria(
	struct arena *a, const struct spec_trainer *t, struct spec_variant *v)
{
	v->criteria = NEW_ARRAY(a, struct spec_criterion, t->ncriteria + 1);
	v->ncriteria = t->ncriteria;
	for (int i = 0; i < t->ncriteria; i++)
		v->criteria[i] = (struct spec_criterion){
			.text = t->criteria[i].text,
			.task = t->criteria[i].task,
			.metric = t->criteria[i].metric,
			.counts = true,
			.min = -INFINITY,
			.max = INFINITY,
			.base_val = (double)NAN,
			.base_test = (double)NAN,
		};
}

static void list_criteria(struct arena *a, struct spec_variant *v)
{
	int n;
	const struct metric_info *metric = catalogue_metrics(&n);
	const char *asked = params_get(&v->base, "train.metrics");

	v->criteria =
		NEW_ARRAY(a, struct spec_criterion, (size_t)v->ntasks * (size_t)n + 1);
	for (int t = 0; t < v->ntasks; t++)
		for (int m = 0; m < n; m++)
			if (metric[m].kind == v->tasks[t].kind &&
				metric_is_measured(&metric[m], asked))
				v->criteria[v->ncriteria++] = (struct spec_criterion){
					.text = arena_printf(a, "%s/%s",
						v->tasks[t].name, metric[m].name),
					.task = v->tasks[t].name,
					.metric = &metric[m],
					.counts = true,
					.min = -INFINITY,
					.max = INFINITY,
					.base_val = (double)NAN,
					.base_test = (double)NAN,
				};
}

/* The criterion of that name; NULL: none, and reported at that place. */
static struct spec_criterion *find(const struct spec_reader *r,
	const struct spec_variant *v, const char *name, size_t at)
{
	const char **known;

	for (int i = 0; i < v->ncriteria; i++)
		if (!strcmp(v->criteria[i].text, name))
			return &v->criteria[i];
	known = NEW_ARRAY(r->a, const char *, v->ncriteria + 1);
	for (int i = 0; i < v->ncriteria; i++)
		known[i] = v->criteria[i].text;
	report_unknown(r, at, "criterion", name, known, v->ncriteria);
	return NULL;
}

/* The criterion that a key names. */
static struct spec_criterion *named(const struct spec_reader *r,
	const struct spec_variant *v, const struct json *node)
{
	return find(r, v, node->key, node->key_at);
}

/* select.criteria: those that make Δm. */
static void read_counted(const struct spec_reader *r, struct spec_variant *v)
{
	const struct json *list = read_at(r, "select.criteria");

	if (!list || !expect_kind(r, list, JSON_ARRAY, "criteria"))
		return;
	for (int i = 0; i < v->ncriteria; i++)
		v->criteria[i].counts = false;
	if (!list->child)
		diag_add(r->d, list->at, "\"criteria\" is an empty list");
	for (const struct json *m = list->child; m; m = m->next) {
		struct spec_criterion *c;

		if (!expect_kind(r, m, JSON_STRING, "criteria"))
			continue;
		c = find(r, v, m->string, m->at);
		if (c && c->counts)
			diag_add(r->d, m->at, "\"%s\" twice", m->string);
		if (c)
			c->counts = true;
	}
}

/* Whether the criterion can have the value of a node; if not, that is said there. */
static bool in_range(const struct spec_reader *r, const struct spec_criterion *c,
	const struct json *node)
{
	if (metric_admits(c->metric, node->number))
		return true;
	diag_add(r->d, node->at, "%s of \"%s\" is %s, not %g", c->metric->name, c->task,
		metric_range(c->metric, r->a), node->number);
	return false;
}

/* Reads one end of a condition; false where it is wrong, which has been reported. */
static bool read_bound(const struct spec_reader *r, const struct spec_criterion *c,
	const struct json *object, const char *key, double *bound)
{
	int rc = read_member_number(r, object, key, bound);

	return rc == 0 || (rc > 0 && in_range(r, c, json_get(object, key)));
}

static void read_require(const struct spec_reader *r, struct spec_variant *v)
{
	static const char *const keys[] = { "min", "max" };
	const struct json *object = read_at(r, "select.require");

	if (!object || !expect_kind(r, object, JSON_OBJECT, "require"))
		return;
	for (const struct json *m = object->child; m; m = m->next) {
		struct spec_criterion *c = named(r, v, m);

		if (!c || !expect_kind(r, m, JSON_OBJECT, m->key) ||
			!read_known(r, m, keys, 2))
			continue;
		if (!m->child)
			diag_add(r->d, m->at, "a condition wants \"min\" or \"max\"");
		if (!read_bound(r, c, m, "min", &c->min) ||
			!read_bound(r, c, m, "max", &c->max))
			continue;
		if (c->min > c->max)
			diag_add(r->d, m->at, "no value is above min and below max");
	}
}

/* {"task/criterion": value, ...} for one split, or for both where test is set, too. */
static void read_split_values(const struct spec_reader *r, struct spec_variant *v,
	const struct json *object, bool val, bool test)
{
	for (const struct json *m = object->child; m; m = m->next) {
		struct spec_criterion *c = named(r, v, m);

		if (!c || !expect_kind(r, m, JSON_NUMBER, m->key))
			continue;
		if (m->number == 0 && c->counts) {
			diag_add(r->d, m->at,
				"a baseline of 0 leaves Δm undefined: it divides by "
				"it");
			continue;
		}
		if (!in_range(r, c, m))
			continue;
		if (val)
			c->base_val = m->number;
		if (test)
			c->base_test = m->number;
	}
	for (int i = 0; i < v->ncriteria; i++)
		if (!json_get(object, v->criteria[i].text))
			diag_add(r->d, object->at, "\"%s\" is missing",
				v->criteria[i].text);
}

static void read_values(const struct spec_reader *r, struct spec_variant *v)
{
	const struct json *object = read_at(r, "baseline.values");
	const struct json *val = json_get(object, "val");
	const struct json *test = json_get(object, "test");

	if (!object || !expect_kind(r, object, JSON_OBJECT, "values"))
		return;
	if (!val && !test) {
		read_split_values(r, v, object, true, true);
		return;
	}
	if (!val || !test || object->count > 2) {
		diag_add(r->d, object->at,
			"\"values\" holds criteria, or \"val\" and \"test\" with "
			"criteria");
		return;
	}
	if (expect_kind(r, val, JSON_OBJECT, "val"))
		read_split_values(r, v, val, true, false);
	if (expect_kind(r, test, JSON_OBJECT, "test"))
		read_split_values(r, v, test, false, true);
}

void read_criteria(
	const struct spec_reader *r, const struct spec *s, struct spec_variant *v)
{
	if (s->trainer)
		copy_criteria(r->a, s->trainer, v);
	else
		list_criteria(r->a, v);
	if (!v->ntasks) /* the data set is wrong, and that is said elsewhere */
		return;
	read_counted(r, v);
	read_require(r, v);
	if (s->baseline.source == BASELINE_VALUES)
		read_values(r, v);
}
