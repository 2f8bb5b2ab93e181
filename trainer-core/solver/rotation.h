/*
 * Rotations R in SO(d) as exponentials of skew matrices, in double. A rotation has
 * d (d - 1) / 2 coordinates x, the entries of the matrix above the diagonal in row-major
 * order; x = 0 is the identity. Matrices are row-major (d, d).
 */
#ifndef DELTAM_SOLVER_ROTATION_H
#define DELTAM_SOLVER_ROTATION_H

#include <stddef.h>

size_t rotation_coordinates(int d);

/* How many doubles of scratch the functions below take. */
size_t rotation_work(int d);

/* R = exp(A(x)). */
void rotation_of(int d, const double *x, double *R, double *work);

/*
 * The slope in x of a function whose slope in the entries of R(x) is E (d, d): the
 * derivative of the exponential at the transposed matrix, Al-Mohy and Higham 2009. E is
 * destroyed.
 */
void rotation_slope(int d, const double *x, double *E, double *slope, double *work);

#endif
