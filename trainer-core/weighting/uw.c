/*
 * Uncertainty weighting (Kendall, Gal, Cipolla 2018): one learned scalar s a task, moved
 * at every step by the gradient of the method's own objective. The forms differ in what
 * s is, and follow from the likelihood that belongs to the loss:
 *
 *	form   s            objective               w              at rest
 *	l2     log sigma^2  e^{-s}/2 L + s/2        e^{-s}/2       w = 1/(2L)
 *	l1     log sigma    e^{-s} L + s            e^{-s}         w = 1/L
 *	ce     log sigma^2  e^{-s} L + s/2          e^{-s}         w = 1/(2L)
 *	sigma  sigma        L/(2 s^2) + log |s|     1/(2 s^2)      w = 1/(2L)
 *
 * auto: ce for the cross-entropies, l2 for the squared error, l1 for all others. In form
 * sigma only s^2 counts, so a step past zero is no fault.
 */
#include <math.h>
#include "trainer-core/weighting/shared/learned.h"
#include "trainer-core/weighting/method.h"

struct uw {
	struct learned learned; /* first: learned_update */
	enum uw_form form[TASKS_MAX];
	double init[TASKS_MAX];
};

static enum uw_form form_of(enum loss_kind loss)
{
	switch (loss) {
	case LOSS_CE:
	case LOSS_BCE:
		return UW_CE;
	case LOSS_L2:
		return UW_L2;
	default:
		return UW_L1;
	}
}

/* The scalar of a log variance: the inverse of log_variance(). */
static double scalar_of(enum uw_form form, double log_variance)
{
	return form == UW_SIGMA ? exp(log_variance / 2)
		: form == UW_L1 ? log_variance / 2
				: log_variance;
}

/* `init`, a log variance where it is what an earlier run ended at. */
static int parse_init(const struct weighting_setup *setup, const struct params *ps,
	struct uw *o, int form, struct err *e)
{
	bool ended;
	int rc;

	for (int k = 0; k < setup->K; k++)
		o->init[k] = form == UW_L2 ? -0.5 : form == UW_SIGMA ? 1 : 0;
	rc = learned_start(setup, ps, o->init, &ended, e);
	for (int k = 0; k < setup->K && !rc; k++) {
		if (ended)
			o->init[k] = scalar_of(o->form[k], o->init[k]);
		else if (form == UW_SIGMA && !(o->init[k] > 0))
			rc = err_set(e, ERR_SPEC,
				"init: sigma must be positive, not %g", o->init[k]);
	}
	return rc;
}

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct uw *o = NEW(a, struct uw);
	int form;
	int rc;

	setup->options = o;
	rc = setting_choice(ps, "form", &form, e);
	if (rc)
		return rc;
	for (int k = 0; k < setup->K; k++)
		o->form[k] = form == UW_AUTO ? form_of(setup->task[k].loss)
					     : (enum uw_form)form;
	rc = parse_init(setup, ps, o, form, e);
	return rc ? rc : learned_parse(setup, ps, &o->learned, e);
}

static size_t state_size(const struct weighting_setup *setup)
{
	return learned_size(setup, setup->K);
}

static void init(const struct weighting_setup *setup, double *state)
{
	const struct uw *o = setup->options;

	learned_init_each(state, setup->K, o->init);
}

static double weight_of(enum uw_form form, double s)
{
	switch (form) {
	case UW_L2:
		return 0.5 * exp(-s);
	case UW_SIGMA:
		return 0.5 / (s * s);
	default:
		return exp(-s);
	}
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	const struct uw *o = setup->options;

	(void)step, (void)e;
	for (int k = 0; k < setup->K; k++)
		weight[k] = weight_of(o->form[k], learned_values(state)[k]);
	return OK;
}

static double objective(const struct weighting_setup *setup, const double *state,
	const double *loss, double *gradient)
{
	const struct uw *o = setup->options;
	double total = 0;

	for (int k = 0; k < setup->K; k++) {
		enum uw_form form = o->form[k];
		double s = learned_values(state)[k];
		double weighted = weight_of(form, s) * loss[k];

		if (form == UW_SIGMA) {
			total += weighted + log(fabs(s));
			gradient[k] = (1 - 2 * weighted) / s;
		} else {
			double share = form == UW_L1 ? 1 : 0.5;

			total += weighted + share * s;
			gradient[k] = share - weighted;
		}
	}
	return total;
}

static double log_variance(enum uw_form form, double s)
{
	return form == UW_SIGMA ? 2 * log(fabs(s)) : form == UW_L1 ? 2 * s : s;
}

static int diagnose(const struct weighting_setup *setup, const double *state,
	const double *mean_loss, struct diagnostic *d)
{
	const struct uw *o = setup->options;

	(void)mean_loss;
	for (int k = 0; k < setup->K; k++)
		d[k] = (struct diagnostic){ "log_variance", k,
			log_variance(o->form[k], learned_values(state)[k]) };
	return setup->K;
}

const struct weighting weighting_uw = {
	.parse = parse,
	.state_size = state_size,
	.init = init,
	.weigh = weigh,
	.update = learned_update,
	.objective = objective,
	.diagnose = diagnose,
};
