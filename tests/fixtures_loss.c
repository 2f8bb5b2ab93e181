/* Losses: the trainer's own float32 code, value and gradient. */
#include "trainer-core/loss.h"
#include <math.h>
#include <string.h>
#include "tests/fixtures.h"

/* Names of the file without what follows: "bce_with_logits_mean" is a BCE. */
static const struct {
	const char *prefix;
	struct loss loss;
} kinds[] = {
	{ "cross_entropy", { .kind = LOSS_CE } },
	{ "bce_with_logits", { .kind = LOSS_BCE } },
	{ "depth_l1_masked", { .kind = LOSS_L1, .mask = MASK_ZERO } },
	{ "normal_cosine",
		{ .kind = LOSS_COSINE, .mask = MASK_ZERO, .normalise = true } },
	{ "normal_dot_raw", { .kind = LOSS_COSINE, .mask = MASK_ZERO } },
	{ "normal_l1_masked", { .kind = LOSS_L1, .mask = MASK_ZERO } },
	{ "disparity_l1_invalid_minus1", { .kind = LOSS_L1, .mask = MASK_MINUS_ONE } },
	{ "mse", { .kind = LOSS_L2 } },
	{ "l1_mean", { .kind = LOSS_L1 } },
	{ "smooth_l1", { .kind = LOSS_SMOOTH_L1 } },
};

static const struct loss *find(const char *name)
{
	for (int i = 0; i < COUNT(kinds); i++)
		if (!strncmp(name, kinds[i].prefix, strlen(kinds[i].prefix)))
			return &kinds[i].loss;
	return NULL;
}

/* (N, C) or (N, C, H, W). */
static struct loss_shape shape_of(const cJSON *input)
{
	const cJSON *channel = input->child->child;
	struct loss_shape s = { .N = cJSON_GetArraySize(input),
		.C = cJSON_GetArraySize(input->child),
		.S = 1 };

	if (cJSON_IsArray(channel))
		s.S = cJSON_GetArraySize(channel) * cJSON_GetArraySize(channel->child);
	return s;
}

/* What the file says about conventions, against the only ones there are here. */
static bool conventions_hold(struct fixture *f, const struct loss *l)
{
	static const char *const words[] = { "layout", "mask", "normaliser", "note" };

	for (int i = 0; i < COUNT(words); i++)
		(void)fixture_hyper(f, words[i]);
	if (cJSON_HasObjectItem(f->hyperparameters, "normalise_prediction") &&
		cJSON_IsTrue(fixture_hyper(f, "normalise_prediction")) != l->normalise)
		return false;
	return fixture_number(f, "ignore_index", -1) == -1 &&
		fixture_number(f, "beta", 1) == 1 &&
		fixture_number(f, "grad_at_tie", 0) == 0;
}

static bool check_gradient(
	struct fixture *f, const float *gradient, int n, double factor)
{
	const cJSON *want = fixture_expect(f, "grad");
	const cJSON *zero = fixture_expect(f, "grad_is_zero");
	double *got = NEW_ARRAY(f->arena, double, n);

	for (int i = 0; i < n; i++) {
		got[i] = factor * (double)gradient[i];
		if (cJSON_IsTrue(zero) && got[i] != 0)
			return fixture_fail(f, "grad[%d] is %g", i, got[i]) == PASSED;
	}
	return !want || fixture_near_all(f, got, want, n, "grad");
}

enum outcome fixture_loss(struct fixture *f)
{
	const cJSON *input = cJSON_GetObjectItemCaseSensitive(f->json, "input");
	const cJSON *target = cJSON_GetObjectItemCaseSensitive(f->json, "target");
	const struct loss *l = find(f->name);
	struct loss_shape s = shape_of(input);
	bool is_sum = !strcmp(fixture_text(f, "reduction", "mean"), "sum");
	const cJSON *valid = fixture_expect(f, "valid");
	const cJSON *want = fixture_expect(f, "loss");
	struct loss_sum sum;
	float *gradient;
	float *x;
	int n;

	if (!l)
		return fixture_skip(f, "this build has no such loss");
	if (!conventions_hold(f, l))
		return fixture_fail(f, "a convention that is not ours");
	x = json_floats(f->arena, input, &n);
	gradient = arena_alloc_aligned(f->arena, (size_t)n * sizeof(*gradient));
	sum = loss_compute(l, &s, x, json_floats(f->arena, target, &n), gradient);
	fixture_kept_in_float32(f);
	if (cJSON_IsFalse(valid) != (sum.count == 0))
		return fixture_fail(f, "%g values count", sum.count);
	if (!fixture_near(
		    f, is_sum ? sum.sum : loss_mean(sum), json_number(want), "loss") ||
		!check_gradient(f, gradient, s.N * s.C * s.S, is_sum ? sum.count : 1))
		return FAILED;
	return PASSED;
}
