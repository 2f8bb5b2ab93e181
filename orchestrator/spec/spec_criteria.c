/* What Δm averages over, and what the sweep file says of single criteria. */
#include "orchestrator/spec/spec_read.h"

#include <math.h>
#include <string.h>

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
					.min = -INFINITY,
					.max = INFINITY,
					.base_val = (double)NAN,
					.base_test = (double)NAN,
				};
}

/* The criterion that a key names; NULL: none, and reported. */
static struct spec_criterion *named(const struct spec_reader *r,
	const struct spec_variant *v, const struct json *node)
{
	const char **known;

	for (int i = 0; i < v->ncriteria; i++)
		if (!strcmp(v->criteria[i].text, node->key))
			return &v->criteria[i];
	known = NEW_ARRAY(r->a, const char *, v->ncriteria + 1);
	for (int i = 0; i < v->ncriteria; i++)
		known[i] = v->criteria[i].text;
	report_unknown(r, node->key_at, "criterion", node->key, known, v->ncriteria);
	return NULL;
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
		if (m->number == 0) {
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
	list_criteria(r->a, v);
	if (!v->ntasks) /* the data set is wrong, and that is said elsewhere */
		return;
	read_require(r, v);
	if (s->baseline.source == BASELINE_VALUES)
		read_values(r, v);
}
