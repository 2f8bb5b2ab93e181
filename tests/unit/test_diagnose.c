#include <check.h>
#include <malloc.h>
#include <math.h>
#include <string.h>
#include "tests/lib/trained.h"
#include "tests/lib/child.h"
#include "tests/lib/digest.h"
#include "tests/lib/scratch.h"
#include "common/rng.h"
#include "trainer-core/train/similarity.h"
#include "trainer-core/train/train.h"

static struct arena arena;

static void setup(void)
{
	memset(&arena, 0, sizeof(arena));
}

static void teardown(void)
{
	arena_release(&arena);
}

#define FEATURES 6
#define NAMES 10

/* K regressions of n samples each; val and test are the first samples of train. */
static struct dataset *data(int K, int n)
{
	static const char *const name[NAMES] = { "a", "b", "c", "d", "e", "f", "g", "h",
		"i", "j" };
	struct dataset *d = NEW(&arena, struct dataset);
	float *x = arena_alloc_aligned(&arena, sizeof(float) * (size_t)(n * FEATURES));

	for (int i = 0; i < n * FEATURES; i++)
		x[i] = (float)rng_normal(1, RNG_DATA, 0, (uint64_t)i);
	d->tasks = K;
	for (int s = 0; s < SPLIT_COUNT; s++) {
		d->split[s].n = s == SPLIT_TRAIN ? n : 1;
		d->split[s].input =
			(struct dataset_field){ x, ELEMENT_F32, 1, FEATURES, 1, 1, 0 };
	}
	for (int k = 0; k < K; k++) {
		float *y = arena_alloc_aligned(&arena, sizeof(float) * (size_t)n);

		for (int i = 0; i < n; i++)
			y[i] = (float)rng_normal(
				1, RNG_DATA, (uint64_t)k + 1, (uint64_t)i);
		d->task[k] = (struct task_info){ name[k], TASK_REGRESS, LOSS_L2, 1,
			k % 2 ? 3 : 1 };
		for (int s = 0; s < SPLIT_COUNT; s++)
			d->split[s].target[k] =
				(struct dataset_field){ y, ELEMENT_F32, 1, 1, 1, 1, 0 };
	}
	return d;
}

/* The same data set with sample i alone. */
static struct dataset *one_of(const struct dataset *d, int i)
{
	struct dataset *one = NEW(&arena, struct dataset);

	*one = *d;
	for (int s = 0; s < SPLIT_COUNT; s++) {
		struct split_data *split = &one->split[s];
		size_t at = (size_t)i * FEATURES;
		float *x = arena_alloc_aligned(&arena, sizeof(float) * FEATURES);

		split->n = 1;
		memcpy(x, (const float *)split->input.data + at,
			sizeof(float) * FEATURES);
		split->input.data = x;
		for (int k = 0; k < d->tasks; k++)
			split->target[k].data =
				(const float *)split->target[k].data + i;
	}
	return one;
}

static struct params *parameters(const char *const *extra)
{
	static const char *const base[] = { "lr", "0.01", "seed", "3", "method", "ew",
		"model.name", "mlp", "model.hidden", "5 4", "train.epochs", "2",
		"train.optimizer", "gd", "diagnose.gradients.every", "1", NULL };

	return trained_params(base, extra, &arena);
}
#define WITH(...) parameters((const char *const[]){ __VA_ARGS__, NULL })

static struct train *job(const struct params *ps, const struct dataset *d)
{
	return trained_job(ps, d, &arena);
}

static bool is_diagnostic(const struct metric_row *r)
{
	return !strcmp(r->split, "between_tasks") ||
		!strcmp(r->split, "between_samples") || !strcmp(r->split, "signs") ||
		!strcmp(r->split, "magnitude");
}

/* The length of the trunk's gradient in the first step on d under these task weights. */
static double length_under(const struct dataset *d, const char *weights)
{
	struct params *ps =
		WITH("train.batch", "1", "method", "scalarization", "weights", weights);

	if (d->split[SPLIT_TRAIN].n > 1)
		params_set_number(ps, &arena, "train.batch", d->split[SPLIT_TRAIN].n);
	return trained_figure(
		trained_epoch(job(ps, d)), "magnitude", "", "gradient_mean");
}

/* g.h from |g + h|, |g| and |h|. */
static double product(double sum, double g, double h)
{
	return (sum * sum - g * g - h * h) / 2;
}

START_TEST(gradients_of_two_tasks_compare_as_those_that_train)
{
	struct dataset *d = data(2, 1);
	const struct epoch_rows *r = trained_epoch(job(WITH("train.batch", "1"), d));
	double g = length_under(d, "1 0");
	double h = length_under(d, "0 1");
	double dot = product(2 * length_under(d, "0.5 0.5"), g, h);

	ck_assert_double_eq_tol(
		trained_figure(r, "between_tasks", "", "dot_mean"), dot, 1e-5 * g * h);
	ck_assert_double_eq_tol(trained_figure(r, "between_tasks", "", "cosine_mean"),
		dot / (g * h), 1e-5);
	ck_assert_double_eq_tol(
		trained_figure(r, "between_tasks", "", "magnitude_similarity_mean"),
		2 * g * h / (g * g + h * h), 1e-5);
	ck_assert_double_eq(trained_figure(r, "between_tasks", "", "positive_pairs") -
			trained_figure(r, "between_tasks", "", "negative_pairs"),
		dot > 0 ? 1 : -1);
}
END_TEST

START_TEST(gradients_of_two_samples_compare_as_those_that_train)
{
	struct dataset *d = data(1, 2);
	const struct epoch_rows *r = trained_epoch(job(WITH("train.batch", "2"), d));
	double g = length_under(one_of(d, 0), "1");
	double h = length_under(one_of(d, 1), "1");
	double dot = product(2 * length_under(d, "1"), g, h); /* a batch is a mean */

	ck_assert_double_eq_tol(trained_figure(r, "between_samples", "a", "dot_mean"),
		dot, 1e-5 * g * h);
	ck_assert_double_eq_tol(
		trained_figure(r, "between_samples", "a", "cosine_mean"), dot / (g * h),
		1e-5);
	for (int i = 0; i < r->metrics; i++)
		ck_assert_str_ne(r->metric[i].split, "between_tasks");
}
END_TEST

START_TEST(an_update_of_gradient_descent_is_lr_times_the_gradient)
{
	const struct epoch_rows *r =
		trained_epoch(job(WITH("train.batch", "4", "lr", "0.25"), data(2, 12)));
	static const char *const part[] = { "", "a", "b" };

	for (int i = 0; i < 3; i++)
		ck_assert_double_eq_tol(
			trained_figure(r, "magnitude", part[i], "update_mean"),
			0.25 * trained_figure(r, "magnitude", part[i], "gradient_mean"),
			1e-6);
}
END_TEST

/* One optimizer a task sees each task's gradient; the trunk's is their sum. */
START_TEST(an_optimizer_per_task_has_the_same_gradients)
{
	struct dataset *d = data(3, 8);
	const struct epoch_rows *one = trained_epoch(job(WITH("train.batch", "8"), d));
	const struct epoch_rows *each = trained_epoch(
		job(WITH("train.batch", "8", "train.optimizer.per_task", "true"), d));
	static const char *const part[] = { "", "a", "b", "c" };

	for (int i = 0; i < 4; i++)
		ck_assert_double_eq_tol(
			trained_figure(one, "magnitude", part[i], "gradient_mean"),
			trained_figure(each, "magnitude", part[i], "gradient_mean"),
			1e-6);
}
END_TEST

/* Floats of the network that went up (1) or down (-1) in one step. */
static int moved(const float *before, const float *after, size_t n, int way)
{
	int count = 0;

	for (size_t i = 0; i < n; i++)
		count += way > 0 ? after[i] > before[i] : after[i] < before[i];
	return count;
}

/* Gradient descent goes against each coordinate; the head, 4 + 1 of them, is frozen. */
START_TEST(signs_of_a_gradient_are_those_that_descent_goes_against)
{
	enum { TRUNK = 6 * 5 + 5 + 5 * 4 + 4 };
	struct train *t = job(WITH("train.batch", "1", "lr", "0.5", "train.freeze", "a",
				      "diagnose.gradients.sample", "2"),
		data(1, 1));
	size_t n = train_result_size(t);
	float *before = arena_alloc_aligned(&arena, n);
	float *after = arena_alloc_aligned(&arena, n);
	const struct epoch_rows *r;
	double up, down;

	train_result_save(t, before);
	r = trained_epoch(t);
	train_result_save(t, after);
	down = moved(before, after, n / sizeof(float), -1);
	up = moved(before, after, n / sizeof(float), 1);
	ck_assert_double_gt(up * down, 0);
	ck_assert_double_eq_tol(trained_figure(r, "signs", "a", "positive_share_mean"),
		down / TRUNK, 1e-12);
	ck_assert_double_eq_tol(trained_figure(r, "signs", "a", "negative_share_mean"),
		up / TRUNK, 1e-12);
	ck_assert_double_eq_tol(trained_figure(r, "signs", "a", "zero_share_mean"),
		(TRUNK - up - down) / TRUNK, 1e-12);
}
END_TEST

static double pairs(const struct epoch_rows *r, const char *split, const char *task)
{
	return trained_figure(r, split, task, "positive_pairs") +
		trained_figure(r, split, task, "negative_pairs");
}

/* 11 steps an epoch: steps 0, 5, 10 of the first, 15 and 20 of the second. */
START_TEST(every_fifth_step_of_the_job_is_measured)
{
	struct train *t = job(WITH("train.batch", "4", "diagnose.gradients.every", "5",
				      "diagnose.gradients.sample", "3"),
		data(2, 44));
	const struct epoch_rows *r = trained_epoch(t);

	ck_assert_double_eq(pairs(r, "between_tasks", ""), 3 * 3 * 1);
	ck_assert_double_eq(pairs(r, "between_samples", "b"), 3 * 3);
	r = trained_epoch(t);
	ck_assert_double_eq(pairs(r, "between_tasks", ""), 2 * 3 * 1);
}
END_TEST

/* Of ten tasks two are drawn, of the last batch's single sample there is no pair. */
START_TEST(more_tasks_than_asked_for_are_drawn_from)
{
	const struct epoch_rows *r = trained_epoch(
		job(WITH("train.batch", "4", "diagnose.gradients.sample", "2"),
			data(10, 41)));
	double samples = 0;
	int tasks = 0;

	for (int i = 0; i < r->metrics; i++) {
		const struct metric_row *m = &r->metric[i];

		if (!strcmp(m->split, "between_samples") &&
			strstr(m->name, "tive_pairs"))
			samples += m->value;
		tasks += !strcmp(m->split, "between_samples") &&
			!strcmp(m->name, "dot_mean");
	}
	ck_assert_double_eq(pairs(r, "between_tasks", ""), 10 * 2 + 1);
	ck_assert_double_eq(samples, 10 * 2);
	ck_assert_int_gt(tasks, 4);
}
END_TEST

static const char *const trainings[][8] = {
	{ "method", "ew", "train.optimizer", "adam" },
	{ "method", "uw", "train.optimizer", "sgd" },
	{ "method", "pcgrad", "train.optimizer", "adam" },
	{ "method", "graddrop", "train.optimizer", "adam" },
	{ "method", "db_mtl", "train.optimizer", "adam" },
	{ "method", "famo", "train.optimizer", "adam" },
	{ "method", "ew", "train.optimizer", "adam", "train.optimizer.per_task",
		"true" },
};

static void same_rows(const struct epoch_rows *a, const struct epoch_rows *b)
{
	int j = 0;

	for (int i = 0; i < a->metrics; i++) {
		if (is_diagnostic(&a->metric[i]))
			continue;
		ck_assert_int_lt(j, b->metrics);
		ck_assert_str_eq(a->metric[i].name, b->metric[j].name);
		ck_assert_mem_eq(&a->metric[i].value, &b->metric[j].value, 8);
		j++;
	}
	ck_assert_int_eq(j, b->metrics);
	ck_assert_int_gt(a->metrics, b->metrics);
	for (int k = 0; k < a->weights; k++)
		ck_assert_mem_eq(&a->weight[k].weight_mean, &b->weight[k].weight_mean,
			4 * sizeof(double));
}

START_TEST(measuring_changes_no_other_row_and_no_state)
{
	struct dataset *d = data(3, 50);
	struct params *with = parameters(trainings[_i]);
	struct params without;
	struct train *a, *b;
	char *left, *right;

	params_set(with, &arena, "train.batch", "8");
	params_set(with, &arena, "diagnose.gradients.every", "3");
	without = params_copy(&arena, with);
	params_unset(&without, "diagnose.gradients.every");
	a = job(with, d);
	b = job(&without, d);
	for (int i = 0; i < 2; i++)
		same_rows(trained_epoch(a), trained_epoch(b));
	ck_assert_uint_eq(train_state_size(a), train_state_size(b));
	left = arena_alloc(&arena, train_state_size(a), 1);
	right = arena_alloc(&arena, train_state_size(b), 1);
	train_state_save(a, left);
	train_state_save(b, right);
	ck_assert_mem_eq(left, right, train_state_size(a));
	ck_assert_int_eq(train_passes(a).forward, train_passes(b).forward);
}
END_TEST

START_TEST(measuring_allocates_nothing)
{
	struct train *t = job(WITH("train.batch", "8"), data(3, 200));
	struct mallinfo2 before;

	trained_epoch(t);
	before = mallinfo2();
	trained_epoch(t);
	ck_assert_uint_eq(mallinfo2().uordblks, before.uordblks);
	ck_assert_uint_eq(mallinfo2().hblkhd, before.hblkhd);
}
END_TEST

/* numpy.percentile(range(1, 6), [2.5, 97.5]) */
START_TEST(percentiles_lie_between_their_neighbours)
{
	double v[] = { 5, 1, 4, 2, 3 };
	double many[1000];
	struct spread s = spread_of(v, 5);

	ck_assert_double_eq_tol(s.mean, 3, 1e-15);
	ck_assert_double_eq_tol(s.std, sqrt(2), 1e-15);
	ck_assert_double_eq_tol(s.low, 1.1, 1e-15);
	ck_assert_double_eq_tol(s.high, 4.9, 1e-15);
	for (int i = 0; i < 1000; i++)
		many[i] = (i * 617) % 1000;
	s = spread_of(many, 1000);
	for (int i = 0; i < 1000; i++)
		ck_assert_double_eq(many[i], i);
	ck_assert_double_eq_tol(s.low, 24.975, 1e-9);
	s = spread_of((double[]){ 7 }, 1);
	ck_assert_double_eq(s.low, 7);
	ck_assert_double_eq(s.std, 0);
}
END_TEST

START_TEST(parts_of_the_cosine_add_up_to_it)
{
	struct comparison c;

	comparison_place(&c, 4, &arena);
	comparison_clear(&c);
	comparison_add(&c, 1, 4, 1, 0);
	comparison_add(&c, 1, 1, -1, 1);
	comparison_add(&c, 1, 1, 0, 0);
	comparison_add(&c, 0, 1, 0, 0); /* a zero gradient has no direction */
	ck_assert_int_eq(c.figure[COMPARE_COSINE].n, 3);
	ck_assert_int_eq(c.figure[COMPARE_MAGNITUDE].n, 4);
	ck_assert_double_eq(c.figure[COMPARE_POSITIVE].v[0], 0.5);
	ck_assert_double_eq(c.figure[COMPARE_NEGATIVE].v[0], 0);
	ck_assert_double_eq(c.figure[COMPARE_NEGATIVE].v[1], -1);
	ck_assert_int_eq(c.above, 1);
	ck_assert_int_eq(c.below, 1);
	ck_assert_int_eq(c.figure[COMPARE_ABOVE].n, 1);
	ck_assert_double_eq(c.figure[COMPARE_ABOVE].v[0], 0.5);
	ck_assert_int_eq(c.figure[COMPARE_BELOW].n, 1);
	ck_assert_double_eq(c.figure[COMPARE_BELOW].v[0], -1);
}
END_TEST

#define SWEEP(diagnose) \
	"{ \"sweep\": \"s\", \"dataset\": { \"name\": \"synthetic\", \"train\": 60," \
	" \"val\": 20, \"test\": 20 }, \"train\": { \"epochs\": 2, \"batch\": 20 }," \
	" \"methods\": [\"ew\", \"imtl\"], \"search\": { \"lr\": [0.01] }" diagnose \
	"}"

static void run_sweep(const char *text, const char *db)
{
	const char *const argv[] = { "deltam", "run", "s.json", "--db", db, "--workers",
		"1", NULL };

	scratch_write("s.json", text, strlen(text));
	ck_assert_int_eq(child_run(argv, "DELTAM_CACHE=."), 0);
}

START_TEST(a_sweep_with_diagnose_has_the_rows_of_one_without_and_more)
{
	char with[DIGEST_MAX];
	char without[DIGEST_MAX];

	scratch_enter();
	run_sweep(SWEEP(""), "without.db");
	run_sweep(SWEEP(", \"diagnose\": { \"gradients\": { \"every\": 2 } }"),
		"with.db");
	ck_assert_int_eq(query_int("with.db",
				 "SELECT count(*) FROM job_param WHERE name="
				 "'diagnose.gradients.sample' AND value=8"),
		query_int("with.db", "SELECT count(*) FROM job"));
	/*
	 * 2 epochs of a K-task job: 6 figures for tasks and each task, 3 signs a task, 2
	 * a part; beside them what positive and negative pairs have, where there are any.
	 */
	ck_assert_int_eq(
		query_int("with.db",
			"SELECT count(*) FROM gradient_diagnostics d WHERE job="
			"(SELECT max(id) FROM job WHERE method='ew') AND figure NOT "
			"LIKE 'cosine\\_of\\_%' ESCAPE '\\'"),
		2 * (6 + 3 * 6 + 3 * 3 + 4 * 2));
	ck_assert_int_eq(
		query_int("with.db",
			"SELECT count(*) FROM gradient_diagnostics WHERE "
			"figure='cosine_of_positive' AND (p2_5 <= 0 OR mean < p2_5)"),
		0);
	ck_assert_int_eq(
		query_int("with.db",
			"SELECT count(*) FROM gradient_diagnostics WHERE "
			"figure='cosine' AND abs(mean) <= 1 AND p2_5 <= mean AND mean "
			"<= p97_5 AND positive_pairs + negative_pairs > 0"),
		query_int("with.db",
			"SELECT count(*) FROM metric WHERE name='cosine_mean'"));
	query_run("with.db",
		"DELETE FROM metric WHERE split LIKE 'between%' OR split IN ('magnitude', "
		"'signs');"
		/* Other jobs by their identity, the same ones otherwise: by what they do. */
		"PRAGMA foreign_keys=OFF;");
	for (int i = 0; i < 2; i++)
		query_run(i ? "with.db" : "without.db",
			"CREATE TEMP TABLE t AS SELECT id, row_number() OVER (ORDER BY "
			"method, coalesce(task, ''), seed) AS n FROM job;"
			"UPDATE metric SET job = (SELECT n FROM t WHERE id = job);"
			"UPDATE task_weight SET job = (SELECT n FROM t WHERE id = job);"
			"UPDATE score SET job = (SELECT n FROM t WHERE id = job);"
			"UPDATE decision SET digest = ''; -- of other identities");
	ck_assert_str_eq(
		digest_rows("with.db", with), digest_rows("without.db", without));
	scratch_leave();
}
END_TEST

Suite *suite_diagnose(void);
Suite *suite_diagnose(void)
{
	Suite *s = suite_create("diagnose");
	TCase *t = tcase_create("diagnose");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, gradients_of_two_tasks_compare_as_those_that_train);
	tcase_add_test(t, gradients_of_two_samples_compare_as_those_that_train);
	tcase_add_test(t, an_update_of_gradient_descent_is_lr_times_the_gradient);
	tcase_add_test(t, an_optimizer_per_task_has_the_same_gradients);
	tcase_add_test(t, signs_of_a_gradient_are_those_that_descent_goes_against);
	tcase_add_test(t, every_fifth_step_of_the_job_is_measured);
	tcase_add_test(t, more_tasks_than_asked_for_are_drawn_from);
	tcase_add_loop_test(
		t, measuring_changes_no_other_row_and_no_state, 0, COUNT(trainings));
	tcase_add_test(t, measuring_allocates_nothing);
	tcase_add_test(t, percentiles_lie_between_their_neighbours);
	tcase_add_test(t, parts_of_the_cosine_add_up_to_it);
	tcase_add_test(t, a_sweep_with_diagnose_has_the_rows_of_one_without_and_more);
	suite_add_tcase(s, t);
	return s;
}
