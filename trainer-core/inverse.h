/*
 * Inverse losses a_k = 1 / max(L_k, floor) and their softmax: what the UW-O family
 * shares.
 */
#ifndef DELTAM_INVERSE_H
#define DELTAM_INVERSE_H

#include "trainer-core/weighting.h"

/* a (K) out. Returns how many losses were below the floor. */
int inverse_losses(int K, const double *loss, double floor, double *a);

/* w (K) = softmax(a / T). Returns how many losses were below the floor. */
int inverse_softmax(int K, const double *loss, double floor, double T, double *w);

/* Under weights w (K): alpha = sum w a, mean = sum w L, product = sum w a L (1 above
 * the floor). */
struct inverse_moments {
	double alpha, mean, product;
};
struct inverse_moments inverse_moments(
	int K, const double *loss, double floor, const double *w);

/*
 * alpha * mean - product = -Cov_w(a, L) >= 0: the residual of the analytic condition on
 * T (Kirchdorfer et al. 2025, eq. 23). Zero only where all losses are equal or w is
 * one-hot, so the condition has no interior root; it is recorded, not solved.
 */
double inverse_residual(const struct inverse_moments *m);

/* "analytic_residual" at T, and "floored_losses" where there were any. Returns how many. */
int inverse_diagnose(int K, const double *mean_loss, double floor, double T,
	double floored, struct diagnostic *d);

#endif
