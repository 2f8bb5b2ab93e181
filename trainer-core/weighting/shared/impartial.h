/*
 * Impartial decoders (Li et al. 2024): whatever reaches the trunk, every head follows
 * uncertainty weighting with a learned sigma of its task, the primary one too. A head's
 * factor is 1/(2 sigma^2), the objective sum L/(2 sigma^2) + log sigma; log sigma is what
 * is learned (learned.h).
 */
#ifndef DELTAM_IMPARTIAL_H
#define DELTAM_IMPARTIAL_H

#include "trainer-core/weighting/shared/learned.h"

struct impartial {
	struct learned learned; /* first, for learned_update */
	bool on;
	double sigma; /* at the start */
	const double *each; /* (K) the same, a number a task; NULL: sigma for all */
};

/*
 * For methods with the parameters `impartial` and `sigma`: reads them, the scalars learn
 * at the network's rate, their state begins at `at`. Asks for the tasks' gradients of the
 * features where the method asks for none, since heads then differ from the trunk.
 */
MUST_CHECK int impartial_parse(struct weighting_setup *setup, const struct params *ps,
	size_t at, struct impartial *out, struct err *e);

/* How many doubles of state; 0 where it is off. */
size_t impartial_size(const struct weighting_setup *setup, const struct impartial *o);
/* state: the whole of the method's. */
void impartial_init(
	const struct weighting_setup *setup, const struct impartial *o, double *state);
void impartial_heads(const struct weighting_setup *setup, const struct impartial *o,
	const double *state, double *head);

/* For struct weighting, where a method's options begin with their struct impartial: */
double impartial_objective(const struct weighting_setup *setup, const double *state,
	const double *loss, double *gradient);
int impartial_diagnose(const struct weighting_setup *setup, const double *state,
	const double *mean_loss, struct diagnostic *d);

#endif
