/*
 * IAL (Li et al. 2024): impartial auxiliary learning. Heads follow uncertainty weighting
 * (impartial.h). The trunk gets the primary task's feature gradient and the auxiliary ones
 * brought to its length, times f(sigma) = min(1, max(0, 1 - sigma)): with sigma of 1 or
 * more an auxiliary task does not reach the trunk.
 *
 * What the paper leaves open: lengths are those of the whole batch (`norm: sample`: of
 * each sample), the function onto [0, inf) inside f is ReLU (`g`), sigma itself goes into
 * f (`argument: variance` takes its square), and sigma starts at 0.9, where f is the 0.1
 * that the paper calls the initial weighting. A zero auxiliary gradient adds nothing.
 * Where every task has inputs of its own there is no feature that all heads read: there
 * the gradients are those of the shared parameters (`gradients`).
 *
 * What may stand in the encoder's place (`encoder`, Tables VIII and XI), by the ratio of
 * lengths |g_p| / |g_k| unless said otherwise; names without a formula in the paper are
 * interpretations:
 *
 *	uncertainty     f, and no ratio
 *	gradient        1
 *	fixed           a number, and no ratio
 *	fixed_gradient  a number
 *	rts             min(1, DWA's softmax(r / 2)), r the rate of the task's loss
 *	egn             min(1, G_k / |g_p|), G_k = mean |g| r_k^1.5, GradNorm's aim
 *	cosine          max(0, cos(g_p, g_k))
 *
 * `decoder` (Table IX) is what multiplies a head's own gradient: the uncertainty, 1, 1 for
 * the primary task and a number for the others, or the weights of DWA, RLW, GradNorm.
 * Sigma is learned in any case.
 *
 * State: log sigma (K), learned; of egn whether the first losses are known, and these (K);
 * of other decoders the heads' factors (K); the states of methods inside.
 */
#include <math.h>
#include <string.h>
#include "trainer-core/weighting/shared/impartial.h"
#include "trainer-core/weighting/shared/inner.h"
#include "trainer-core/kernel/kernel.h"
#include "trainer-core/weighting/shared/primary.h"
#include "trainer-core/weighting/method.h"

#define EGN_ALPHA 1.5

struct ial {
	struct impartial decoder; /* first: learned_update */
	int primary;
	int argument;
	int norm;
	int g;
	int encoder;
	double fixed[TASKS_MAX];
	int by; /* enum ial_decoder */
	double head_fixed;
	size_t first, heads; /* in the state */
	struct inner rates, weights; /* of rts; of the decoder */
	size_t doubles;
};

/* Reads the number of each task: one for all, or a list. */
static int parse_fixed(const struct weighting_setup *setup, const struct params *ps,
	struct ial *o, struct err *e)
{
	double fixed;
	int n;
	int rc = setting_real(ps, "fixed", &fixed, e);

	for (int k = 0; k < setup->K && !rc; k++)
		o->fixed[k] = fixed;
	if (!rc && params_get(ps, "fixed_each")) {
		rc = setting_list(ps, "fixed_each", o->fixed, TASKS_MAX, &n, e);
		if (!rc && n != setup->K)
			rc = err_set(e, ERR_SPEC, "fixed_each: %d for %d tasks", n,
				setup->K);
	}
	return rc;
}

static int parse_encoder(const struct weighting_setup *setup, const struct params *ps,
	struct ial *o, struct err *e)
{
	int rc = setting_choice(ps, "argument", &o->argument, e);

	if (!rc)
		rc = setting_choice(ps, "norm", &o->norm, e);
	if (!rc)
		rc = setting_choice(ps, "g", &o->g, e);
	if (!rc)
		rc = setting_choice(ps, "encoder", &o->encoder, e);
	return rc ? rc : parse_fixed(setup, ps, o, e);
}

/* Asks for gradients of features where the tasks have some in common. */
static int parse_gradients(
	struct weighting_setup *setup, const struct params *ps, struct err *e)
{
	const char *dataset = params_get(ps, "dataset.name");
	int choice;
	int rc = setting_choice(ps, "gradients", &choice, e);

	if (rc)
		return rc;
	if (choice == IAL_GRADIENTS_AUTO)
		choice = dataset && catalogue_own_inputs(dataset)
			? IAL_GRADIENTS_PARAMETERS
			: IAL_GRADIENTS_FEATURES;
	setup->needs = choice == IAL_GRADIENTS_PARAMETERS ? NEEDS_SHARED_GRADIENTS
							  : NEEDS_FEATURE_GRADIENTS;
	return OK;
}

/* Places what lies behind log sigma, and reads the methods inside. */
static int parse_parts(struct weighting_setup *setup, const struct params *ps,
	struct ial *o, struct arena *a, struct err *e)
{
	static const char *const inside[] = { [IAL_DECODER_DWA] = "dwa",
		[IAL_DECODER_RLW] = "rlw",
		[IAL_DECODER_GRADNORM] = "gradnorm" };
	size_t K = (size_t)setup->K;
	int rc = OK;

	o->first = impartial_size(setup, &o->decoder);
	o->heads = o->first + (o->encoder == IAL_ENCODER_EGN ? 1 + K : 0);
	o->doubles = o->heads + (o->by == IAL_DECODER_UNCERTAINTY ? 0 : K);
	if (o->encoder == IAL_ENCODER_RTS)
		rc = inner_parse(&o->rates, setup, ps, "dwa", &o->doubles, a, e);
	if (!rc && o->by >= IAL_DECODER_DWA)
		rc = inner_parse(
			&o->weights, setup, ps, inside[o->by], &o->doubles, a, e);
	return rc;
}

/* Lengths of single samples exist of features alone, and then the batch's are gone. */
static int check(
	const struct weighting_setup *setup, const struct ial *o, struct err *e)
{
	if (o->norm == IAL_BY_BATCH)
		return OK;
	if (!(setup->needs & NEEDS_FEATURE_GRADIENTS))
		return err_set(e, ERR_SPEC,
			"norm sample: gradients of parameters are those of the batch");
	if (o->encoder == IAL_ENCODER_EGN || o->by == IAL_DECODER_GRADNORM)
		return err_set(e, ERR_SPEC,
			"norm sample: %s compares the lengths of the batch",
			o->encoder == IAL_ENCODER_EGN ? "encoder egn"
						      : "decoder gradnorm");
	return OK;
}

/* `init`, a log variance where it is what an earlier run ended at. */
static int parse_init(const struct weighting_setup *setup, const struct params *ps,
	struct impartial *decoder, struct arena *a, struct err *e)
{
	double *sigma = NEW_ARRAY(a, double, setup->K);
	double deflt;
	bool ended;

	decoder->each = sigma;
	if (!number_parse(param_default(a, setting_row(ps, "init")), &deflt))
		BUG("a default that is no number");
	for (int k = 0; k < setup->K; k++)
		sigma[k] = deflt;
	if (learned_start(setup, ps, sigma, &ended, e))
		return e->code;
	for (int k = 0; ended && k < setup->K; k++)
		sigma[k] = exp(sigma[k] / 2);
	return OK;
}

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct ial *o = NEW(a, struct ial);
	int rc = primary_parse(setup, ps, &o->primary, e);

	setup->options = o;
	o->decoder.on = true;
	if (!rc)
		rc = parse_init(setup, ps, &o->decoder, a, e);
	if (!rc)
		rc = parse_encoder(setup, ps, o, e);
	if (!rc)
		rc = setting_choice(ps, "decoder", &o->by, e);
	if (!rc)
		rc = setting_real(ps, "decoder_fixed", &o->head_fixed, e);
	if (!rc)
		rc = parse_gradients(setup, ps, e);
	if (!rc)
		rc = learned_parse(setup, ps, &o->decoder.learned, e);
	if (!rc)
		rc = parse_parts(setup, ps, o, a, e);
	return rc ? rc : check(setup, o, e);
}

static size_t state_size(const struct weighting_setup *setup)
{
	const struct ial *o = setup->options;

	return o->doubles;
}

static void init(const struct weighting_setup *setup, double *state)
{
	const struct ial *o = setup->options;

	impartial_init(setup, &o->decoder, state);
	inner_init(&o->rates, state);
	inner_init(&o->weights, state);
}

static double length_of(const struct kernels *kernels, size_t n, const float *x)
{
	return sqrt(kernels->dot(n, x, x));
}

static bool by_length(const struct ial *o)
{
	return o->encoder != IAL_ENCODER_UNCERTAINTY && o->encoder != IAL_ENCODER_FIXED;
}

/* Every sample of an auxiliary gradient brought to the primary one's length there. */
static void prepare(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, const struct kernels *kernels,
	struct task_gradients *g)
{
	const struct ial *o = setup->options;
	size_t F;

	(void)state, (void)step;
	if (o->norm == IAL_BY_BATCH || !by_length(o))
		return;
	F = g->n / (size_t)g->samples;
	for (int i = 0; i < g->samples; i++) {
		size_t at = (size_t)i * F;
		double main = length_of(kernels, F, g->g[o->primary] + at);

		for (int k = 0; k < setup->K; k++) {
			double own = length_of(kernels, F, g->g[k] + at);

			if (k != o->primary && own > 0)
				kernels->scale(F, (float)(main / own), g->g[k] + at);
		}
	}
}

/* f of a task's uncertainty, in [0, 1]. */
static double trust(const struct ial *o, double log_sigma)
{
	double x = 1 - exp((o->argument == IAL_VARIANCE ? 2 : 1) * log_sigma);
	double g = o->g == IAL_SOFTPLUS ? log1p(exp(x)) : fmax(x, 0);

	return fmin(g, 1);
}

/* Says how far an auxiliary gradient goes the primary one's way; 0: not at all. */
static double agreement(const double *gram, int K, int p, int k)
{
	double both = sqrt(gram[p * K + p]) * sqrt(gram[k * K + k]);

	return both > 0 ? fmax(gram[p * K + k] / both, 0) : 0;
}

/*
 * Writes GradNorm's aim for every task's length over the primary one's length, at most 1;
 * first (1 + K) holds whether the first losses are known, and these.
 */
static void expected(const struct weighting_setup *setup, int p, double *first,
	const struct weighting_step *step, double *c)
{
	int K = setup->K;
	double main = sqrt(step->gram[p * K + p]);
	double mean = 0, mean_rate = 0;

	if (first[0] == 0)
		memcpy(first + 1, step->loss, (size_t)K * sizeof(*first));
	first[0] = 1;
	for (int k = 0; k < K; k++) {
		c[k] = first[1 + k] == 0 ? 1 : step->loss[k] / first[1 + k];
		mean_rate += c[k] / K;
		mean += sqrt(step->gram[k * K + k]) / K;
	}
	for (int k = 0; k < K; k++) {
		double relative = mean_rate == 0 ? 1 : c[k] / mean_rate;

		c[k] = main > 0 ? fmin(1, mean * pow(relative, EGN_ALPHA) / main) : 0;
	}
}

/* Writes what stands in the place of f for every task. */
static int encode(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *c, struct err *e)
{
	const struct ial *o = setup->options;
	int K = setup->K;
	int rc;

	if (o->encoder == IAL_ENCODER_EGN)
		expected(setup, o->primary, state + o->first, step, c);
	rc = inner_weigh(&o->rates, state, step, c, e);
	for (int k = 0; k < K && !rc; k++)
		switch (o->encoder) {
		case IAL_ENCODER_IAL:
		case IAL_ENCODER_UNCERTAINTY:
			c[k] = trust(o, learned_values(state)[k]);
			break;
		case IAL_ENCODER_GRADIENT:
			c[k] = 1;
			break;
		case IAL_ENCODER_FIXED:
		case IAL_ENCODER_FIXED_GRADIENT:
			c[k] = o->fixed[k];
			break;
		case IAL_ENCODER_RTS:
			c[k] = fmin(1, c[k] / K); /* DWA's weights sum to K */
			break;
		case IAL_ENCODER_COSINE:
			c[k] = agreement(step->gram, K, o->primary, k);
			break;
		default:
			break;
		}
	return rc;
}

/* Puts the heads' factors into the state, where they are not the uncertainties. */
static int decode(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, struct err *e)
{
	const struct ial *o = setup->options;
	double *head = state + o->heads;

	if (o->by == IAL_DECODER_UNCERTAINTY)
		return OK;
	for (int k = 0; k < setup->K; k++)
		head[k] = o->by == IAL_DECODER_FIXED && k != o->primary ? o->head_fixed
									: 1;
	return inner_weigh(&o->weights, state, step, head, e);
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	const struct ial *o = setup->options;
	int K = setup->K;
	int p = o->primary;
	double main = sqrt(step->gram[p * K + p]);
	int rc = encode(setup, state, step, weight, e);

	if (!rc)
		rc = decode(setup, state, step, e);
	if (rc)
		return rc;
	for (int k = 0; k < K && by_length(o); k++) {
		double length = sqrt(step->gram[k * K + k]);

		weight[k] = length > 0 ? weight[k] * main / length : 0;
	}
	weight[p] = 1;
	return OK;
}

static void update(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step)
{
	const struct ial *o = setup->options;

	learned_update(setup, state, step);
	inner_update(&o->rates, state, step);
	inner_update(&o->weights, state, step);
}

static void end_epoch(
	const struct weighting_setup *setup, double *state, const double *mean_loss)
{
	const struct ial *o = setup->options;

	inner_end_epoch(&o->rates, state, mean_loss);
	inner_end_epoch(&o->weights, state, mean_loss);
}

static void heads(const struct weighting_setup *setup, const double *state,
	const struct weighting_step *step, const double *weight, double *head)
{
	const struct ial *o = setup->options;

	(void)step, (void)weight;
	if (o->by == IAL_DECODER_UNCERTAINTY)
		impartial_heads(setup, &o->decoder, state, head);
	else
		memcpy(head, state + o->heads, (size_t)setup->K * sizeof(*head));
}

const struct weighting weighting_ial = {
	.needs = NEEDS_FEATURE_GRADIENTS,
	.parse = parse,
	.state_size = state_size,
	.init = init,
	.prepare = prepare,
	.weigh = weigh,
	.update = update,
	.objective = impartial_objective,
	.end_epoch = end_epoch,
	.diagnose = impartial_diagnose,
	.heads = heads,
};
