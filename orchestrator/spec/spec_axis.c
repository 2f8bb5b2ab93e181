/* Axes: a value, a list or a range. */
#include "orchestrator/spec/spec_read.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "catalogue/setting.h"

#define FINE_STEPS_MAX 1000

double axis_round(double v)
{
	char buf[NUMBER_MAX];

	snprintf(buf, sizeof(buf), "%.12g", v);
	return strtod(buf, NULL);
}

/* Rates are used as float32: what is 0 or infinite there is not what was meant. */
static bool check_step_size(const struct spec_reader *r, size_t at,
	const struct spec_axis_rule *rule, const char *text, double v)
{
	float narrow = (float)v;
	const char *fault = NULL;

	if (rule->positive && v <= 0)
		fault = "must be above 0";
	else if (v < 0)
		fault = "must not be negative";
	else if (!isfinite(narrow))
		fault = "is beyond the range of float32";
	else if (v > 0 && narrow == 0.0f)
		fault = "is too small for float32";
	if (fault)
		diag_add(r->d, at, "%s %s %s", rule->info->name, text, fault);
	return !fault;
}

/* Makes room for one more value: the arrays double when they hold a power of two. */
static void grow(struct arena *a, struct spec_axis *x)
{
	int capacity = x->count ? 2 * x->count : 1;
	const char **text;
	double *value;

	if (x->count & (x->count - 1))
		return;
	text = NEW_ARRAY(a, const char *, capacity);
	value = NEW_ARRAY(a, double, capacity);
	if (x->count) {
		memcpy(text, x->text, (size_t)x->count * sizeof(*text));
		memcpy(value, x->value, (size_t)x->count * sizeof(*value));
	}
	x->text = text;
	x->value = value;
}

bool axis_push(const struct spec_reader *r, size_t at,
	const struct spec_axis_rule *rule, struct spec_axis *out, const char *text)
{
	double v = 0;

	if (number_parse(text, &v) && rule->step_size &&
		!check_step_size(r, at, rule, text, v))
		return false;
	grow(r->a, out);
	out->text[out->count] = text;
	out->value[out->count++] = v;
	return true;
}

int read_member_number(const struct spec_reader *r, const struct json *object,
	const char *key, double *v)
{
	const struct json *node = json_get(object, key);

	if (!node)
		return 0;
	*v = node->number;
	return expect_kind(r, node, JSON_NUMBER, key) ? 1 : -1;
}

bool read_known(const struct spec_reader *r, const struct json *object,
	const char *const *known, int n)
{
	bool good = true;

	for (const struct json *m = object->child; m; m = m->next) {
		bool found = false;

		for (int i = 0; i < n && !found; i++)
			found = !strcmp(m->key, known[i]);
		if (!found)
			report_unknown(r, m->key_at, "key", m->key, known, n);
		good = good && found;
	}
	return good;
}

struct range {
	double from, to, step, per_decade, fine;
	bool log;
};

static bool range_fault(const struct spec_reader *r, const struct json *object,
	const char *key, const char *fault)
{
	const struct json *at = json_get(object, key);

	diag_add(r->d, at ? at->at : object->at, "%s", fault);
	return false;
}

/* What a range must be, beyond numbers being numbers. */
static bool check_range(const struct spec_reader *r, const struct json *object,
	const struct spec_axis_rule *rule, struct range *g)
{
	const char *name = rule->info->name;
	bool whole = rule->info->kind == PARAM_INT;
	struct arena *a = r->a;

	if (g->from > g->to)
		return range_fault(r, object, "from",
			arena_printf(a, "%s: the range is backward: from is above to",
				name));
	if (g->log && !(g->per_decade > 0))
		return range_fault(
			r, object, "per_decade", "\"per_decade\" must be above 0");
	if (g->log && g->from <= 0)
		return range_fault(
			r, object, "from", "a range per decade must begin above 0");
	if (g->log && whole)
		return range_fault(r, object, "per_decade",
			arena_printf(a, "%s takes whole numbers: use \"step\"", name));
	if (!g->log && !(g->step > 0))
		return range_fault(r, object, "step", "\"step\" must be above 0");
	if (whole && (g->step != floor(g->step) || g->fine != floor(g->fine)))
		return range_fault(r, object,
			g->step != floor(g->step) ? "step" : "fine",
			arena_printf(a, "%s takes whole numbers", name));
	return true;
}

static bool check_fine(const struct spec_reader *r, const struct json *object,
	const struct spec_axis_rule *rule, const struct range *g)
{
	if (!json_get(object, "fine"))
		return true;
	if (rule->step_size)
		return range_fault(r, object, "fine",
			arena_printf(r->a,
				"%s is not refined: \"fine\" is for the "
				"hyperparameters of a method",
				rule->info->name));
	if (g->log && (g->fine < 1 || g->fine > 1000 || g->fine != floor(g->fine)))
		return range_fault(r, object, "fine",
			"\"fine\" of a range per decade is a number of points between "
			"neighbours: a whole number, 1 to 1000");
	if (!g->log && !(g->fine > 0 && g->fine < g->step))
		return range_fault(r, object, "fine",
			"\"fine\" must be above 0 and below \"step\"");
	if (!g->log && g->step / g->fine > FINE_STEPS_MAX)
		return range_fault(r, object, "fine",
			"more than 1000 steps of \"fine\" make one \"step\"");
	return true;
}

static bool read_range(const struct spec_reader *r, const struct json *object,
	const struct spec_axis_rule *rule, struct range *g)
{
	static const char *const keys[] = { "from", "to", "step", "per_decade",
		"fine" };
	double *into[] = { &g->from, &g->to, &g->step, &g->per_decade, &g->fine };
	bool there[5];
	bool good = read_known(r, object, keys, 5);

	for (int i = 0; i < 5; i++) {
		int got = read_member_number(r, object, keys[i], into[i]);

		there[i] = got != 0;
		good = good && got >= 0;
		if (i < 2 && got == 1)
			good = value_text(r, json_get(object, keys[i]), rule->info,
				       rule->owner) &&
				good;
	}
	if (!good)
		return false;
	if (!there[0] || !there[1] || there[2] == there[3]) {
		diag_add(r->d, object->at,
			"%s: a range wants \"from\", \"to\" and either \"step\" or "
			"\"per_decade\"",
			rule->info->name);
		return false;
	}
	g->log = there[3];
	return check_range(r, object, rule, g) && check_fine(r, object, rule, g);
}

/* Value i of n; the last is `to` itself where the steps lead there. */
static double range_value(const struct range *g, int i)
{
	double v =
		g->log ? g->from * pow(10, i / g->per_decade) : g->from + i * g->step;

	v = i ? axis_round(v) : g->from;
	return fabs(v - g->to) <= 1e-9 * fabs(g->to) ? g->to : v;
}

static bool expand_range(const struct spec_reader *r, const struct json *object,
	const struct spec_axis_rule *rule, struct spec_axis *out)
{
	struct range g = { 0 };
	double steps;

	if (!read_range(r, object, rule, &g))
		return false;
	steps = g.log ? log10(g.to / g.from) * g.per_decade : (g.to - g.from) / g.step;
	steps = floor(steps + 1e-9);
	if (!(steps < AXIS_VALUES_MAX)) {
		diag_add(r->d, object->at, "%s: this range has more than %d values",
			rule->info->name, AXIS_VALUES_MAX);
		return false;
	}
	out->scale = g.log ? AXIS_LOG : AXIS_LINEAR;
	out->step = g.log ? g.per_decade : g.step;
	out->fine = g.fine;
	for (int i = 0; i <= (int)steps; i++) {
		double v = range_value(&g, i);
		char buf[NUMBER_MAX];

		if (i && v <= out->value[i - 1])
			return range_fault(r, object, g.log ? "per_decade" : "step",
				"neighbours of this range agree in twelve digits");
		if (!axis_push(r, object->at, rule, out,
			    arena_strdup(r->a, number_format(v, buf))))
			return false;
	}
	return true;
}

/* The numbers of a value to the digits that ranges are made of: 0.1 + 0.2 is 0.3. */
static const char *twelve_digits(struct arena *a, const char *text)
{
	struct str out = { .arena = a };

	while (*text) {
		size_t n = strcspn(text, " ");
		char buf[NUMBER_MAX];
		double v;

		if (number_parse(arena_strndup(a, text, n), &v))
			str_put(&out, number_format(axis_round(v), buf));
		else
			str_putn(&out, text, n);
		str_putn(&out, " ", text[n] == ' ');
		text += n + (text[n] == ' ');
	}
	return str_get(&out);
}

struct place {
	const char *text, *rounded;
	size_t at;
};

static int by_value(const void *a, const void *b)
{
	const struct place *x = a;
	const struct place *y = b;
	int order = strcmp(x->rounded, y->rounded);

	return order ? order : (x->at > y->at) - (x->at < y->at);
}

bool axis_distinct(
	const struct spec_reader *r, const struct spec_axis *x, const size_t *at)
{
	struct place *sorted = NEW_ARRAY(r->a, struct place, x->count);
	bool good = true;

	for (int i = 0; i < x->count; i++)
		sorted[i] = (struct place){ x->text[i], twelve_digits(r->a, x->text[i]),
			at[i] };
	qsort(sorted, (size_t)x->count, sizeof(*sorted), by_value);
	for (int i = 1; i < x->count; i++) {
		const struct place *p = &sorted[i];

		if (strcmp(p->rounded, p[-1].rounded) != 0)
			continue;
		good = false;
		if (strcmp(p->text, p[-1].text) != 0)
			diag_add(r->d, p->at,
				"%s: %s and %s are one value, to twelve digits",
				x->name, p[-1].text, p->text);
		else
			diag_add(r->d, p->at, "%s: %s stands twice in this list",
				x->name, p->text);
	}
	return good;
}

static bool read_list(const struct spec_reader *r, const struct json *list,
	const struct spec_axis_rule *rule, struct spec_axis *out)
{
	size_t *at = NEW_ARRAY(r->a, size_t, list->count + 1);
	bool good = true;

	if (!list->child) {
		diag_add(r->d, list->at, "\"%s\" is an empty list", rule->info->name);
		return false;
	}
	if (list->count > AXIS_VALUES_MAX) {
		diag_add(r->d, list->at, "%s: a list of more than %d values",
			rule->info->name, AXIS_VALUES_MAX);
		return false;
	}
	for (const struct json *m = list->child; m; m = m->next) {
		const char *text = value_text(r, m, rule->info, rule->owner);

		at[out->count] = m->at;
		good = text && axis_push(r, m->at, rule, out, text) && good;
	}
	return axis_distinct(r, out, at) && good;
}

/* The range of the tables, for a hyperparameter that the sweep file leaves out. */
static bool read_search(const struct spec_reader *r, const struct spec_axis_rule *rule,
	size_t at, struct spec_axis *out)
{
	struct diag d = { .arena = r->a,
		.path = "weighting.def",
		.text = rule->info->search,
		.n = strlen(rule->info->search) };
	const struct spec_reader inner = { .a = r->a, .d = &d };
	const struct json *range = json_parse(r->a, &d);

	if (!range)
		BUG("a search of the tables is no JSON");
	if (rule->info->kind == PARAM_SIMPLEX)
		return read_weight_steps(
			r, json_get(range, "step")->number, rule, at, out);
	if (!expand_range(&inner, range, rule, out))
		BUG("a search of the tables is no range");
	return true;
}

bool read_axis(const struct spec_reader *r, const struct json *node,
	const struct spec_axis_rule *rule, size_t at, struct spec_axis *out)
{
	const struct param_info *info = rule->info;
	bool number = info->kind == PARAM_REAL || info->kind == PARAM_INT;
	bool lists = info->kind == PARAM_LIST &&
		!(node && node->child && node->child->kind == JSON_ARRAY);
	const char *text;

	*out = (struct spec_axis){ .name = info->name,
		.min = info->min,
		.max = info->max,
		.whole = info->kind == PARAM_INT };
	if (!node && info->search)
		return read_search(r, rule, at, out);
	if (info->kind == PARAM_SIMPLEX)
		return read_weights(r, node, rule, out);
	if (node && node->kind == JSON_OBJECT && number)
		return expand_range(r, node, rule, out);
	if (node && node->kind == JSON_ARRAY && !lists)
		return read_list(r, node, rule, out);
	text = node ? value_text(r, node, info, rule->owner)
		    : param_default(r->a, info);
	return text && axis_push(r, at, rule, out, text);
}
