/*
 * Small dense problems in double, K at most TASKS_MAX: what weighting methods solve at
 * every step. Matrices are row-major (K, K). Every iteration is bounded; nothing here
 * allocates or fails to return, whatever finite numbers it is given.
 */
#ifndef DELTAM_SOLVER_H
#define DELTAM_SOLVER_H

#include <stdbool.h>

/*
 * A = V diag(value) V^T of a symmetric matrix by cyclic Jacobi rotations: values falling,
 * column i of vector (K, K) belongs to value i.
 */
void symmetric_eigen(int K, const double *A, double *value, double *vector);

/* x with A x = b by elimination with partial pivoting; A and b are destroyed. False: singular. */
bool linear_solve(int K, double *A, double *b);

/*
 * Minimises w^T M w / 2 + q . w over the simplex, M symmetric and positive semidefinite,
 * by an active-set method. q NULL: zero. w holds the start (any point of the simplex), or
 * zeros. Returns how far the result is from optimal: the largest violation of the
 * conditions of Karush, Kuhn and Tucker over the largest entry of M and q.
 */
double simplex_quadratic(int K, const double *M, const double *q, double *w);

/*
 * Minimises b . w + s |w|_M over the simplex, |w|_M = sqrt(w^T M w): the dual of CAGrad.
 * Residual as above.
 */
double simplex_norm(int K, const double *M, const double *b, double s, double *w);

/*
 * alpha > 0 with M alpha = 1 / alpha by damped Newton steps on the convex function
 * alpha^T M alpha / 2 - sum log alpha. False where there is none: 0 lies in the convex
 * hull of the gradients. *residual: largest |alpha_k (M alpha)_k - 1|.
 */
bool nash_bargain(int K, const double *M, double *alpha, double *residual);

/*
 * w with sum 1, of any sign, whose combination of the gradients has the same projection
 * on each of them: M v = |g|, w = v / sum v. A zero gradient gets weight 0; dependent
 * gradients share by least squares. False and zeros where the sum is zero, as for
 * opposite gradients.
 */
bool equal_projections(int K, const double *M, double *w);

/* x^T M y */
double form(int K, const double *M, const double *x, const double *y);

#endif
