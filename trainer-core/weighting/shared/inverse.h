/*
 * Inverse losses a_k = 1 / L_k with a floor under L_k, and their softmax: what the UW-O
 * family shares.
 */
#ifndef DELTAM_INVERSE_H
#define DELTAM_INVERSE_H

#include "trainer-core/weighting/weighting.h"

/*
 * Losses less than `below` are taken as `to`. Where the sweep file gives no `floor` that
 * is 0 alone (and what is too small to have an inverse), because small losses are to have
 * weights of their own; a floor that it gives lifts every loss below itself.
 */
struct inverse_floor {
	double below, to;
};
/* Reads `floor`. ERR_SPEC. */
MUST_CHECK int inverse_floor_parse(
	const struct params *ps, struct inverse_floor *f, struct err *e);

/* a (K) out. Returns how many losses were below the floor. */
int inverse_losses(
	int K, const double *loss, const struct inverse_floor *floor, double *a);

/* w (K) = softmax(a / T). Returns how many losses were below the floor. */
int inverse_softmax(int K, const double *loss, const struct inverse_floor *floor,
	double T, double *w);

/* For struct weighting, where state[0] counts those of an epoch, alone or in front. */
size_t inverse_state_size(const struct weighting_setup *setup);
void inverse_end_epoch(
	const struct weighting_setup *setup, double *state, const double *mean_loss);

/* sum w L and sum w a under weights w (K). */
double inverse_mean_loss(int K, const double *loss, const double *w);
double inverse_alpha(
	int K, const double *loss, const struct inverse_floor *floor, const double *w);

/*
 * -Cov_w(a, L) = alpha * Lbar - sum w a L, the residual of the analytic condition on T
 * (Kirchdorfer et al. 2025, eq. 23), >= 0 above the floor. Zero only where all losses are
 * equal or w is one-hot, so the condition has no interior root; it is recorded, not
 * solved.
 */
double inverse_residual(
	int K, const double *loss, const struct inverse_floor *floor, const double *w);

/* "analytic_residual" at T, and "floored_losses" where there were any. Returns how many. */
int inverse_diagnose(int K, const double *mean_loss, const struct inverse_floor *floor,
	double T, double floored, struct diagnostic *d);

#endif
