#include <math.h>
#include "trainer-core/optim/optim.h"

int optim_scalar_floats(const struct optim_info *info)
{
	switch (info->kind) {
	case OPTIM_ADAM:
	case OPTIM_ADAMW:
		return info->amsgrad ? 3 : 2;
	case OPTIM_SGD:
		return info->momentum != 0;
	case OPTIM_RMSPROP:
		return info->momentum != 0 ? 2 : 1;
	case OPTIM_ADAGRAD:
		return 1;
	case OPTIM_GD:
		return 0;
	}
	BUG("unknown optimizer");
}

/* What is subtracted from a scalar. state: m, v, largest v. */
static double adam(const struct optim_info *o, long t, double g, double *state)
{
	double m = state[0] = o->beta1 * state[0] + (1 - o->beta1) * g;
	double v = state[1] = o->beta2 * state[1] + (1 - o->beta2) * g * g;

	if (o->amsgrad)
		v = state[2] = fmax(state[2], v);
	m /= 1 - pow(o->beta1, (double)t);
	v /= 1 - pow(o->beta2, (double)t);
	return o->lr * m / (sqrt(v) + o->eps);
}

/* state: the momentum buffer, which starts as the first gradient. */
static double sgd(const struct optim_info *o, long t, double g, double *state)
{
	if (o->momentum == 0)
		return o->lr * g;
	state[0] = t == 1 ? g : o->momentum * state[0] + (1 - o->dampening) * g;
	return o->lr * (o->nesterov ? g + o->momentum * state[0] : state[0]);
}

/* state: the mean square, the momentum buffer. */
static double rmsprop(const struct optim_info *o, double g, double *state)
{
	double step;

	state[0] = o->alpha * state[0] + (1 - o->alpha) * g * g;
	step = g / (sqrt(state[0]) + o->eps);
	if (o->momentum != 0)
		step = state[1] = o->momentum * state[1] + step;
	return o->lr * step;
}

static double adagrad(const struct optim_info *o, double g, double *state)
{
	state[0] += g * g;
	return o->lr * g / (sqrt(state[0]) + o->eps);
}

static double fall(const struct optim_info *o, long t, double g, double *state)
{
	switch (o->kind) {
	case OPTIM_ADAM:
	case OPTIM_ADAMW:
		return adam(o, t, g, state);
	case OPTIM_SGD:
		return sgd(o, t, g, state);
	case OPTIM_RMSPROP:
		return rmsprop(o, g, state);
	case OPTIM_ADAGRAD:
		return adagrad(o, g, state);
	case OPTIM_GD:
		return o->lr * g;
	}
	BUG("unknown optimizer");
}

void optim_scalar_step(const struct optim_info *info, long t, int n, double *p,
	const double *g, double *state)
{
	int stride = optim_scalar_floats(info);

	for (int i = 0; i < n; i++) {
		double slope = g[i];

		if (info->kind == OPTIM_ADAMW)
			p[i] -= info->lr * info->wd * p[i];
		else
			slope += info->wd * p[i];
		p[i] -= fall(info, t, slope, state + (size_t)i * (size_t)stride);
	}
}
