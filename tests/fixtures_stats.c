/* Delta-m, Pareto fronts and the scalarization grid: the orchestrator's statistics. */
#include <string.h>
#include "orchestrator/stats/stats.h"
#include "orchestrator/stats/weight_grid.h"
#include "tests/fixtures.h"
#include "tests/lib/corruption_delta.h"

static const cJSON *member(const struct fixture *f, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(f->json, name);
}

/* One task for each child of base; a flat list is one task. */
static void set_tasks(struct stats_criterion *c, const cJSON *base)
{
	const cJSON *group;
	int n = 0;
	int task = 0;

	if (!cJSON_IsObject(base))
		return;
	cJSON_ArrayForEach(group, base)
	{
		for (int i = 0; i < cJSON_GetArraySize(group); i++)
			c[n++].task = task;
		task++;
	}
}

enum outcome fixture_delta_m(struct fixture *f)
{
	const cJSON *valid = fixture_expect(f, "valid");
	const cJSON *percent = fixture_expect(f, "delta_m_percent");
	const cJSON *fraction = fixture_expect(f, "delta_fraction");
	const char *convention = fixture_text(f, "convention", "lower_better");
	const char *grouping = fixture_text(f, "grouping", NULL);
	const cJSON *directions = fixture_hyper(f, "higher_better");
	double sign = strcmp(convention, "higher_better") != 0 ? 1 : -1;
	int n;
	double *base = json_numbers(f->arena, member(f, "base"), &n);
	double *value = json_numbers(f->arena, member(f, "metrics"), &n);
	double *higher = json_numbers(
		f->arena, directions ? directions : member(f, "higher_better"), &n);
	struct stats_criterion *c = NEW_ARRAY(f->arena, struct stats_criterion, n);
	double delta;
	struct err e;
	int rc;

	for (int i = 0; i < n; i++) {
		c[i].name = arena_printf(f->arena, "criterion %d", i);
		c[i].higher = higher[i] != 0;
	}
	set_tasks(c, member(f, "base"));
	rc = stats_delta_m(
		n, c, value, base, grouping ? STATS_TASKS : STATS_CRITERIA, &delta, &e);
	if (cJSON_IsFalse(valid))
		return rc ? PASSED : fixture_fail(f, "no error");
	if (rc)
		return fixture_fail(f, "%s", e.msg);
	if (percent && !fixture_near(f, sign * delta, json_number(percent), "delta_m"))
		return FAILED;
	if (fraction &&
		!fixture_near(
			f, sign * delta / 100, json_number(fraction), "delta_fraction"))
		return FAILED;
	return PASSED;
}

/* One side of eq. 6: NAME_clean and NAME_corrupted, a row of severities a corruption. */
static struct corruption_figures read_corrupted(
	struct fixture *f, const char *name, int *n, int *values)
{
	const char *clean = arena_printf(f->arena, "%s_clean", name);
	const cJSON *rows = member(f, arena_printf(f->arena, "%s_corrupted", name));

	*n = cJSON_GetArraySize(rows);
	return (struct corruption_figures){ json_number(member(f, clean)),
		json_numbers(f->arena, rows, values) };
}

enum outcome fixture_corruption_delta(struct fixture *f)
{
	int values, others;
	int n, rows;
	struct corruption_figures run = read_corrupted(f, "mtl", &n, &values);
	struct corruption_figures base = read_corrupted(f, "stl", &rows, &others);
	double *each = NEW_ARRAY(f->arena, double, n + 1);
	double delta = 0;
	struct err e;

	if (n != rows || values != others || n < 1 || values % n)
		return fixture_fail(f, "%d and %d figures", values, others);
	if (corruption_delta(n, values / n, &run, &base,
		    fixture_number(f, "higher_better", 0) != 0, each, &delta, &e))
		return fixture_fail(f, "%s", e.msg);
	if (!fixture_near(
		    f, delta, json_number(fixture_expect(f, "delta_t")), "delta_t") ||
		!fixture_near_all(f, each, fixture_expect(f, "delta_per_corruption"), n,
			"corruption"))
		return FAILED;
	return PASSED;
}

struct set {
	int n;
	double *row;
	bool *keep;
};

static struct set read_set(struct fixture *f, const char *name)
{
	const cJSON *rows = member(f, name);
	struct set s = { .n = cJSON_GetArraySize(rows) };
	int numbers;

	s.row = json_numbers(f->arena, rows, &numbers);
	s.keep = NEW_ARRAY(f->arena, bool, s.n + 1);
	return s;
}

/* The indices kept are those expected, in order. */
static bool check_indices(struct fixture *f, const bool *keep, int n, const char *name)
{
	const cJSON *want = fixture_expect(f, name)->child;

	for (int i = 0; i < n; i++) {
		bool wanted = want && want->valueint == i;

		if (keep[i] != wanted) {
			(void)fixture_fail(f, "%s: %d is %s it", name, i,
				keep[i] ? "not in" : "in");
			return false;
		}
		if (wanted)
			want = want->next;
	}
	return !want || fixture_fail(f, "%s: too many expected", name) == PASSED;
}

static enum outcome relative_fronts(struct fixture *f, int d, const bool *higher)
{
	struct set a = read_set(f, "points_a");
	struct set b = read_set(f, "points_b");
	struct set all = { .n = a.n + b.n };

	stats_undominated(d, higher, a.n, a.row, b.n, b.row, a.keep);
	stats_undominated(d, higher, b.n, b.row, a.n, a.row, b.keep);
	if (!check_indices(f, a.keep, a.n, "a_not_dominated_by_b") ||
		!check_indices(f, b.keep, b.n, "b_not_dominated_by_a"))
		return FAILED;
	all.row = NEW_ARRAY(f->arena, double, all.n *d);
	all.keep = NEW_ARRAY(f->arena, bool, all.n);
	memcpy(all.row, a.row, (size_t)(a.n * d) * sizeof(double));
	memcpy(all.row + a.n * d, b.row, (size_t)(b.n * d) * sizeof(double));
	stats_undominated(d, higher, all.n, all.row, all.n, all.row, all.keep);
	if (!check_indices(f, all.keep, a.n, "full_front_a") ||
		!check_indices(f, all.keep + a.n, b.n, "full_front_b"))
		return FAILED;
	return PASSED;
}

enum outcome fixture_pareto(struct fixture *f)
{
	const cJSON *directions = fixture_hyper(f, "directions");
	int d = cJSON_GetArraySize(directions);
	bool *higher = NEW_ARRAY(f->arena, bool, d);
	struct set points = read_set(f, "points");

	if (strcmp(fixture_text(f, "nan", "row excluded"), "row excluded") != 0 ||
		strncmp(fixture_text(f, "duplicates", "all kept"), "all kept", 8) != 0)
		return fixture_fail(f, "another treatment of NaN or duplicates");
	for (int i = 0; i < d; i++)
		higher[i] =
			!strcmp(cJSON_GetArrayItem(directions, i)->valuestring, "max");
	if (member(f, "points_a"))
		return relative_fronts(f, d, higher);
	stats_undominated(
		d, higher, points.n, points.row, points.n, points.row, points.keep);
	return check_indices(f, points.keep, points.n, "front_indices") ? PASSED
									: FAILED;
}

static bool check_points(struct fixture *f, int K, int m, int64_t count)
{
	const cJSON *want = fixture_expect(f, "points_in_steps");
	int steps[64];
	int i = 0;

	if (!want)
		return true;
	for (bool more = weight_grid_first(K, m, 0, steps); more;
		more = weight_grid_next(K, 0, steps), i++) {
		const cJSON *row = cJSON_GetArrayItem(want, i);

		for (int k = 0; k < K; k++)
			if (!row || cJSON_GetArrayItem(row, k)->valueint != steps[k]) {
				(void)fixture_fail(f, "point %d coordinate %d is %d", i,
					k, steps[k]);
				return false;
			}
	}
	return i == count || fixture_fail(f, "%d points listed", i) == PASSED;
}

enum outcome fixture_grid(struct fixture *f)
{
	const cJSON *closed = fixture_expect(f, "count_with_zeros");
	const cJSON *interior = fixture_expect(f, "count_positive_only");
	int K = (int)fixture_number(f, "K", 0);
	struct err e;
	int64_t count;
	int m;

	if (weight_grid_steps(fixture_number(f, "step", 0), &m, &e))
		return fixture_fail(f, "%s", e.msg);
	count = weight_grid_count(K, m, 0);
	if (!fixture_near(f, (double)count, json_number(closed), "count_with_zeros"))
		return FAILED;
	if (!fixture_near(f, (double)weight_grid_count(K, m, 1), json_number(interior),
		    "count_positive_only"))
		return FAILED;
	return check_points(f, K, m, count) ? PASSED : FAILED;
}
