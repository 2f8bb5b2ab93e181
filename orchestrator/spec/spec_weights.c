/* Weights of scalarization: one vector, a list of them, a grid, or random points. */
#include "orchestrator/spec/spec_read.h"

#include <math.h>
#include <string.h>
#include "orchestrator/stats/weight_grid.h"

#define RANDOM_PARTS 10000 /* random weights have four decimals */
#define RANDOM_MAX 10000
#define SIMPLEX_PARTS_MAX 1000000
#define SUM_TOLERANCE 1e-9

static bool fault_at(const struct spec_reader *r, size_t at, const char *fault)
{
	diag_add(r->d, at, "%s", fault);
	return false;
}

int axis_fine_radius(const struct spec_axis *x)
{
	return (int)ceil(x->step / x->fine - SUM_TOLERANCE) - 1;
}

/* Reads one vector: as many numbers as tasks, none negative, with the sum 1. */
static bool read_vector(const struct spec_reader *r, const struct json *node,
	const struct spec_axis_rule *rule, struct spec_axis *out)
{
	struct param_info info = *rule->info;
	char sum_text[NUMBER_MAX];
	const char *text;
	double sum = 0;

	info.kind = PARAM_LIST;
	text = value_text(r, node, &info, rule->owner);
	if (!text)
		return false;
	for (const struct json *m = node->child; m; m = m->next)
		sum += m->number;
	if (rule->tasks && node->count != rule->tasks)
		return fault_at(r, node->at,
			arena_printf(r->a, "%d weight%s for %d task%s", node->count,
				node->count == 1 ? "" : "s", rule->tasks,
				rule->tasks == 1 ? "" : "s"));
	if (fabs(sum - 1) > SUM_TOLERANCE)
		return fault_at(r, node->at,
			arena_printf(r->a, "these weights sum to %s, not to 1",
				number_format(axis_round(sum), sum_text)));
	return axis_push(r, node->at, rule, out, text);
}

static bool read_vectors(const struct spec_reader *r, const struct json *node,
	const struct spec_axis_rule *rule, struct spec_axis *out)
{
	size_t *at = NEW_ARRAY(r->a, size_t, node->count + 1);
	bool good = true;

	if (!node->child || node->child->kind != JSON_ARRAY)
		return read_vector(r, node, rule, out);
	for (const struct json *m = node->child; m; m = m->next) {
		at[out->count] = m->at;
		good = read_vector(r, m, rule, out) && good;
	}
	return axis_distinct(r, out, at) && good;
}

struct points {
	const struct spec_reader *r;
	const struct spec_axis_rule *rule;
	struct spec_axis *out;
	int n; /* parts that make 1 */
};

static void push_point(const int *z, const struct points *p)
{
	struct str text = { .arena = p->r->a };
	char buf[NUMBER_MAX];

	for (int k = 0; k < p->rule->tasks; k++)
		str_printf(&text, "%s%s", k ? " " : "",
			number_format(axis_round((double)z[k] / p->n), buf));
	if (!axis_push(p->r, 0, p->rule, p->out, str_get(&text)))
		BUG("a weighting that is refused");
}

/*
 * Adds the points of {"step": s}: all multiples of s, only interior ones unless "ends".
 */
static bool push_grid(const struct spec_reader *r, size_t at,
	const struct spec_axis_rule *rule, struct spec_axis *out)
{
	int K = rule->tasks;
	int least = !out->ends;
	struct points p = { r, rule, out, (int)lround(1 / out->step) };
	int64_t count = weight_grid_count(K, p.n, least);
	int z[TASKS_MAX];

	if (count == 0)
		return fault_at(r, at,
			arena_printf(r->a,
				"no interior point: weights of %d tasks need a step of "
				"at most 1/%d",
				K, K));
	if (count > AXIS_VALUES_MAX)
		return fault_at(r, at,
			arena_printf(r->a,
				"this step gives more than %d weightings of %d tasks; "
				"\"random\" takes a sample",
				AXIS_VALUES_MAX, K));
	if (weight_grid_first(K, p.n, least, z)) {
		do
			push_point(z, &p);
		while (weight_grid_next(K, least, z));
	}
	return true;
}

static bool push_random(const struct spec_reader *r, const struct json *node,
	const struct spec_axis_rule *rule, int want, struct spec_axis *out)
{
	struct points p = { r, rule, out, RANDOM_PARTS };
	int z[TASKS_MAX];

	if (want > weight_grid_count(rule->tasks, RANDOM_PARTS, 1) / 2)
		return fault_at(r, node->at, "there are not as many weightings");
	for (uint64_t draw = 0; out->count < want; draw++) {
		const char *last;

		weight_grid_random(rule->tasks, RANDOM_PARTS, draw, z);
		push_point(z, &p);
		last = out->text[out->count - 1];
		for (int i = 0; i < out->count - 1; i++)
			if (!strcmp(out->text[i], last)) {
				out->count--;
				break;
			}
	}
	return true;
}

static bool read_step(const struct spec_reader *r, const struct json *node, int tasks,
	struct spec_axis *out)
{
	const struct json *step = json_get(node, "step");
	const struct json *fine = json_get(node, "fine");
	int n;

	if (!(out->step > 1.0 / SIMPLEX_PARTS_MAX && out->step <= 1))
		return fault_at(r, step->at, "\"step\" must be above 0 and at most 1");
	if (weight_grid_steps(out->step, &n, NULL))
		return fault_at(r, step->at,
			"\"step\" must divide 1: no multiples of it sum to 1");
	if (!fine)
		return true;
	if (!(out->fine > 0 && out->fine < out->step))
		return fault_at(
			r, fine->at, "\"fine\" must be above 0 and below \"step\"");
	if (out->step / out->fine > SIMPLEX_PARTS_MAX ||
		(tasks &&
			weight_grid_neighbours(tasks, axis_fine_radius(out)) >
				AXIS_VALUES_MAX))
		return fault_at(r, fine->at,
			arena_printf(r->a,
				"\"fine\" puts more than %d weightings around a point",
				AXIS_VALUES_MAX));
	return true;
}

static bool read_grid(const struct spec_reader *r, const struct json *node,
	const struct spec_axis_rule *rule, struct spec_axis *out)
{
	static const char *const keys[] = { "step", "fine", "ends", "random" };
	const struct json *ends = json_get(node, "ends");
	double random = 0;
	bool known = read_known(r, node, keys, 4);
	int step = read_member_number(r, node, "step", &out->step);
	int fine = read_member_number(r, node, "fine", &out->fine);
	int draw = read_member_number(r, node, "random", &random);

	if (!known || step < 0 || fine < 0 || draw < 0 ||
		(ends && !expect_kind(r, ends, JSON_BOOL, "ends")))
		return false;
	if ((step == 0) == (draw == 0) || (draw && (fine || ends)))
		return fault_at(r, node->at,
			"weights want \"step\" (with \"fine\", \"ends\") or \"random\" "
			"alone");
	if (draw && (random < 1 || random > RANDOM_MAX || random != floor(random)))
		return fault_at(r, json_get(node, "random")->at,
			"\"random\" is a whole number, 1 to 10000");
	out->ends = ends && ends->boolean;
	if (step && !read_step(r, node, rule->tasks, out))
		return false;
	if (rule->tasks == 0) /* the data set is wrong, and that is said elsewhere */
		return false;
	out->scale = step ? AXIS_SIMPLEX : AXIS_LIST;
	return step ? push_grid(r, json_get(node, "step")->at, rule, out)
		    : push_random(r, json_get(node, "random"), rule, (int)random, out);
}

bool read_weight_steps(const struct spec_reader *r, double step,
	const struct spec_axis_rule *rule, size_t at, struct spec_axis *out)
{
	out->tasks = rule->tasks;
	out->scale = AXIS_SIMPLEX;
	out->step = step;
	return rule->tasks && push_grid(r, at, rule, out);
}

bool read_weights(const struct spec_reader *r, const struct json *node,
	const struct spec_axis_rule *rule, struct spec_axis *out)
{
	out->tasks = rule->tasks;
	if (node->kind == JSON_OBJECT)
		return read_grid(r, node, rule, out);
	return expect_kind(r, node, JSON_ARRAY, "weights") &&
		read_vectors(r, node, rule, out);
}
