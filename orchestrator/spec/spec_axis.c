/* Axes: a value, a list or a range. */
#include "orchestrator/spec/spec_read.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "catalogue/setting.h"

#define FINE_STEPS_MAX 1000

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
	out->unsaid = !node && info->search;
	if (out->unsaid)
		return read_search(r, rule, at, out);
	if (info->kind == PARAM_SIMPLEX)
		return read_weights(r, node, rule, out);
	if (node && info->each && read_each(r, node, rule, &text))
		return text && axis_push(r, node->at, rule, out, text);
	if (node && node->kind == JSON_OBJECT && number)
		return expand_range(r, node, rule, out);
	if (node && node->kind == JSON_ARRAY && !lists)
		return read_list(r, node, rule, out);
	text = node ? value_text(r, node, info, rule->owner)
		    : param_default(r->a, info);
	return text && axis_push(r, at, rule, out, text);
}
