/*
 * Random loss weighting: the softmax of given logits exactly, the distributions by the
 * moments of draws from the method itself.
 */
#include "tests/fixtures.h"

#include <math.h>
#include <string.h>
#include "trainer-core/optim/optim.h"
#include "trainer-core/weighting/method.h"

#define DRAWS 100000
#define STANDARD_ERRORS 5 /* allowed for a mean */
#define SUM_TOLERANCE 1e-12

struct moments {
	double sum[TASKS_MAX], square[TASKS_MAX]; /* of w - 1/K */
	double low, high;
	double sum_error; /* largest |sum w - 1| */
};

static enum outcome given_logits(struct fixture *f, const cJSON *logits)
{
	int n;
	double *w = json_numbers(f->arena, logits, &n);
	const cJSON *want = fixture_expect(f, "weights");

	softmax(n, w, w);
	return fixture_near_all(f, w, cJSON_GetArrayItem(want, 0), n, "weights")
		? PASSED
		: FAILED;
}

static void add(struct moments *m, int K, const double *w)
{
	double sum = 0;

	for (int k = 0; k < K; k++) {
		double d = w[k] - 1.0 / K;

		sum += w[k];
		m->sum[k] += d;
		m->square[k] += d * d;
		m->low = fmin(m->low, w[k]);
		m->high = fmax(m->high, w[k]);
	}
	m->sum_error = fmax(m->sum_error, fabs(sum - 1));
}

static int draw(
	const char *kind, int K, struct moments *m, struct arena *a, struct err *e)
{
	struct params ps = { 0 };
	struct weighting_setup setup;
	struct optim_info optim = { .kind = OPTIM_GD };
	struct task_info task[TASKS_MAX] = { { .name = "task" } };
	double loss[TASKS_MAX] = { 0 };
	double w[TASKS_MAX];
	int rc;

	params_set(&ps, a, "method", "rlw");
	params_set(&ps, a, "weights", kind);
	params_set(&ps, a, "seed", "0");
	rc = weighting_init(&setup, &ps, K, task, &optim, a, e);
	*m = (struct moments){ .low = INFINITY, .high = -INFINITY };
	for (int i = 0; i < DRAWS && !rc; i++) {
		struct weighting_step step = {
			.epoch = 1, .step = i, .lr_factor = 1, .loss = loss
		};

		rc = weighting_weigh(&setup, NULL, &step, w, e);
		if (!rc)
			add(m, K, w);
	}
	return rc;
}

static double sample_variance(const struct moments *m, int k)
{
	double mean = m->sum[k] / DRAWS;

	return m->square[k] / DRAWS - mean * mean;
}

static enum outcome check_mean(struct fixture *f, const struct moments *m, int K)
{
	const cJSON *want = fixture_expect(f, "mean");

	for (int k = 0; k < K; k++) {
		double got = 1.0 / K + m->sum[k] / DRAWS;
		double error = sqrt(sample_variance(m, k) / DRAWS);
		double wanted = json_number(cJSON_GetArrayItem(want, k));

		if (!(fabs(got - wanted) <= STANDARD_ERRORS * error))
			return fixture_fail(f, "mean[%d]: got %g, want %g, error %g", k,
				got, wanted, error);
	}
	return PASSED;
}

static enum outcome check_variance(struct fixture *f, const struct moments *m, int K)
{
	const cJSON *want = fixture_expect(f, "variance");
	double mean = 0;

	for (int k = 0; k < K; k++)
		mean += sample_variance(m, k) / K;
	if (want && !(fabs(mean / want->valuedouble - 1) <= f->tolerance))
		return fixture_fail(f, "variance: got %g, want %g, relative %g", mean,
			want->valuedouble, f->tolerance);
	return PASSED;
}

static enum outcome check_bounds(struct fixture *f, const struct moments *m)
{
	const cJSON *low = fixture_expect(f, "min_bound");
	const cJSON *high = fixture_expect(f, "max_bound");
	const cJSON *sum = fixture_expect(f, "sum");

	if (low && !(m->low >= low->valuedouble))
		return fixture_fail(f, "smallest weight %g", m->low);
	if (high && !(m->high <= high->valuedouble))
		return fixture_fail(f, "largest weight %g", m->high);
	if (sum && !(sum->valuedouble == 1 && m->sum_error <= SUM_TOLERANCE))
		return fixture_fail(f, "a sum is off by %g", m->sum_error);
	return PASSED;
}

enum outcome fixture_random_weights(struct fixture *f)
{
	const cJSON *logits = fixture_hyper(f, "logits");
	const char *kind = fixture_text(f, "kind", "normal");
	const cJSON *mean = cJSON_GetObjectItemCaseSensitive(f->expect, "mean");
	int K = cJSON_GetArraySize(mean);
	struct moments m;
	struct err e;
	enum outcome outcome;

	if (logits)
		return given_logits(f, logits);
	(void)fixture_hyper(f, "draws_used");
	if (fixture_number(f, "concentration", 1) != 1)
		return fixture_skip(f, "only Dirichlet(1, ..., 1)");
	if (draw(kind, K, &m, f->arena, &e))
		return fixture_fail(f, "%s", e.msg);
	outcome = check_mean(f, &m, K);
	if (outcome == PASSED)
		outcome = check_variance(f, &m, K);
	return outcome == PASSED ? check_bounds(f, &m) : outcome;
}
