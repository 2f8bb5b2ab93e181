/*
 * An interpretation of PUW (Aghajanzadeh et al. 2023), whose text was not at hand: it is
 * said to search weights with a particle filter, scored by performance and uncertainty,
 * after a warm-up of the first 3 % of epochs, with nothing to tune.
 *
 * Here `particles` points of the simplex, uniform at first, take a step after every epoch
 * behind the warm-up: Gaussian jitter of their logarithms, an importance weight
 * exp(-score), systematic resampling. With l_k the epoch's mean loss over that of the
 * first epoch and v = K w,
 *
 *	score(w) = sum_k v_k l_k - (1/2) log v_k
 *
 * the objective of uncertainty weighting at v = 1/(2 sigma^2), up to a constant. Weights
 * are the mean of the particles, sum 1. A first loss of zero or less counts as no change
 * since. Draws are a function of (seed, epoch, particle).
 *
 * State: epochs ended, first losses (K), particles (N, K).
 */
#include <math.h>
#include <string.h>
#include "trainer-core/weighting/method.h"

#define PARTICLES_MAX 1000 /* the most that weighting.def allows */
#define SMALL 1e-6 /* a particle's weights are at least this */

struct puw {
	int particles;
	double jitter;
	double warm; /* epochs */
};

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct puw *o = NEW(a, struct puw);
	double share = 0;
	int epochs;
	int rc = setting_whole(ps, "particles", &o->particles, e);

	setup->options = o;
	if (!rc)
		rc = setting_real(ps, "jitter", &o->jitter, e);
	if (!rc)
		rc = setting_real(ps, "warm_up", &share, e);
	if (!rc)
		rc = setting_whole(ps, "train.epochs", &epochs, e);
	if (rc)
		return rc;
	o->warm = ceil(share * epochs);
	return OK;
}

static size_t state_size(const struct weighting_setup *setup)
{
	const struct puw *o = setup->options;

	return 1 + (size_t)setup->K * (1 + (size_t)o->particles);
}

static double *particle(const struct weighting_setup *setup, double *state, int i)
{
	return state + 1 + (size_t)(i + 1) * (size_t)setup->K;
}

static void init(const struct weighting_setup *setup, double *state)
{
	const struct puw *o = setup->options;
	double *w = particle(setup, state, 0);

	for (int i = 0; i < o->particles * setup->K; i++)
		w[i] = 1.0 / setup->K;
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	const struct puw *o = setup->options;

	(void)step, (void)e;
	memset(weight, 0, (size_t)setup->K * sizeof(*weight));
	for (int i = 0; i < o->particles; i++)
		for (int k = 0; k < setup->K; k++)
			weight[k] += particle(setup, state, i)[k] / o->particles;
	return OK;
}

/* One particle moved; the draws are those of this epoch and particle. */
static void move(const struct weighting_setup *setup, double *w, uint64_t epoch, int i)
{
	const struct puw *o = setup->options;
	double logit[TASKS_MAX];
	int K = setup->K;

	for (int k = 0; k < K; k++)
		logit[k] = log(w[k]) +
			o->jitter *
				rng_normal(setup->seed, RNG_WEIGHTING, epoch,
					(uint64_t)i * TASKS_MAX + (uint64_t)k);
	softmax(K, logit, w);
	for (int k = 0; k < K; k++)
		w[k] = fmax(w[k], SMALL);
}

static double score(int K, const double *w, const double *rate)
{
	double sum = 0;

	for (int k = 0; k < K; k++)
		sum += K * w[k] * rate[k] - 0.5 * log(K * w[k]);
	return sum;
}

/*
 * Systematic resampling in place: the i-th survivor is the particle in which the sum of
 * the importance weights (share, sum 1) passes (i + u) / N. Those that live on more than
 * once take the places of those that do not.
 */
static void resample(const struct weighting_setup *setup, double *state,
	const double *share, double u)
{
	const struct puw *o = setup->options;
	size_t bytes = (size_t)setup->K * sizeof(double);
	int taken[PARTICLES_MAX] = { 0 }; /* how often each lives on */
	double sum = 0;
	int next = 0;
	int spare = 0;

	for (int i = 0; i < o->particles; i++) {
		sum += share[i];
		while (next < o->particles &&
			((next + u) / o->particles < sum || i + 1 == o->particles)) {
			taken[i]++;
			next++;
		}
	}
	for (int i = 0; i < o->particles; i++)
		for (; taken[i] > 1; taken[i]--) {
			while (taken[spare] > 0)
				spare++;
			memcpy(particle(setup, state, spare), particle(setup, state, i),
				bytes);
			taken[spare] = 1;
		}
}

static void filter(
	const struct weighting_setup *setup, double *state, const double *rate)
{
	const struct puw *o = setup->options;
	uint64_t epoch = (uint64_t)state_count(state[0]);
	double share[PARTICLES_MAX];

	for (int i = 0; i < o->particles; i++) {
		move(setup, particle(setup, state, i), epoch, i);
		share[i] = -score(setup->K, particle(setup, state, i), rate);
	}
	softmax(o->particles, share, share);
	resample(setup, state, share,
		rng_uniform(setup->seed, RNG_WEIGHTING, epoch,
			(uint64_t)PARTICLES_MAX * TASKS_MAX));
}

static void end_epoch(
	const struct weighting_setup *setup, double *state, const double *mean_loss)
{
	const struct puw *o = setup->options;
	double rate[TASKS_MAX];
	double *first = state + 1;

	if (state[0] == 0)
		memcpy(first, mean_loss, (size_t)setup->K * sizeof(*first));
	for (int k = 0; k < setup->K; k++)
		rate[k] = first[k] > 0 ? mean_loss[k] / first[k] : 1;
	state[0]++;
	if (state[0] >= o->warm)
		filter(setup, state, rate);
}

const struct weighting weighting_puw = {
	.parse = parse,
	.state_size = state_size,
	.init = init,
	.weigh = weigh,
	.end_epoch = end_epoch,
};
