#include "trainer-core/solver/rotation.h"

#include <math.h>
#include <string.h>

/* Scaled to this norm the series has fallen below the last digit after TERMS terms. */
#define NORM 0.5
#define TERMS 16
#define LAST_DIGIT 1e-17

enum { MATRICES = 6 }; /* of scratch */

size_t rotation_coordinates(int d)
{
	return (size_t)d * (size_t)(d - 1) / 2;
}

size_t rotation_work(int d)
{
	return MATRICES * (size_t)d * (size_t)d;
}

static void skew(int d, const double *x, double sign, double *A)
{
	for (int i = 0; i < d; i++) {
		A[i * d + i] = 0;
		for (int j = i + 1; j < d; j++, x++) {
			A[i * d + j] = sign * *x;
			A[j * d + i] = -sign * *x;
		}
	}
}

/* C += f A B; C is neither. */
static void add_product(int d, double f, const double *A, const double *B, double *C)
{
	for (int i = 0; i < d; i++)
		for (int k = 0; k < d; k++) {
			double a = f * A[i * d + k];

			if (a == 0)
				continue;
			for (int j = 0; j < d; j++)
				C[i * d + j] += a * B[k * d + j];
		}
}

static double norm(int d, const double *A)
{
	double most = 0;

	for (int i = 0; i < d; i++) {
		double sum = 0;

		for (int j = 0; j < d; j++)
			sum += fabs(A[i * d + j]);
		most = fmax(most, sum);
	}
	return most;
}

/*
 * How often A must be halved; scales A and, where it is there, E. What is infinite stays so:
 * then nothing that comes of it is finite, which the caller sees.
 */
static int halve(int d, double *A, double *E)
{
	double most = norm(d, A);
	int halvings = most > NORM && isfinite(most) ? (int)ceil(log2(most / NORM)) : 0;
	double factor = ldexp(1, -halvings);

	for (int i = 0; i < d * d; i++) {
		A[i] *= factor;
		if (E)
			E[i] *= factor;
	}
	return halvings;
}

static void identity(int d, double *A)
{
	memset(A, 0, (size_t)d * (size_t)d * sizeof(*A));
	for (int i = 0; i < d; i++)
		A[i * d + i] = 1;
}

static void swap(double **a, double **b)
{
	double *kept = *a;

	*a = *b;
	*b = kept;
}

/* to = (a b) f, to neither. */
static void product(int d, double f, const double *a, const double *b, double *to)
{
	memset(to, 0, (size_t)d * (size_t)d * sizeof(*to));
	add_product(d, f, a, b, to);
}

static void add(int d, const double *A, double *to)
{
	for (int i = 0; i < d * d; i++)
		to[i] += A[i];
}

/* R = exp(A): the series of the halved matrix, squared as often as it was halved. */
static void exponential(int d, double *A, double *R, double *work)
{
	size_t n = (size_t)d * (size_t)d;
	double *term = work;
	double *next = work + n;
	int halvings = halve(d, A, NULL);

	identity(d, term);
	identity(d, R);
	for (int j = 1; j <= TERMS && norm(d, term) > LAST_DIGIT; j++) {
		product(d, 1.0 / j, term, A, next);
		swap(&term, &next);
		add(d, term, R);
	}
	for (int i = 0; i < halvings; i++) {
		product(d, 1, R, R, next);
		memcpy(R, next, n * sizeof(*R));
	}
}

/*
 * D = the derivative of exp at A in the direction of E, with the series term by term:
 * term_j' = (term_{j-1}' A + term_{j-1} E) / j. A and E are destroyed; work: 4 matrices.
 */
static void derivative(int d, double *A, double *E, double *D, double *work)
{
	size_t n = (size_t)d * (size_t)d;
	double *term = work;
	double *slope = work + n;
	double *next = work + 2 * n;
	double *R = work + 3 * n;
	int halvings = halve(d, A, E);
	double small = LAST_DIGIT * norm(d, E);

	identity(d, term);
	identity(d, R);
	memset(slope, 0, n * sizeof(*slope));
	memset(D, 0, n * sizeof(*D));
	for (int j = 1; j <= TERMS && (j == 1 || norm(d, slope) > small); j++) {
		product(d, 1.0 / j, slope, A, next);
		add_product(d, 1.0 / j, term, E, next);
		swap(&slope, &next);
		product(d, 1.0 / j, term, A, next);
		swap(&term, &next);
		add(d, slope, D);
		add(d, term, R);
	}
	for (int i = 0; i < halvings; i++) {
		product(d, 1, R, D, next);
		add_product(d, 1, D, R, next);
		memcpy(D, next, n * sizeof(*D));
		product(d, 1, R, R, next);
		memcpy(R, next, n * sizeof(*R));
	}
}

void rotation_of(int d, const double *x, double *R, double *work)
{
	double *A = work + 2 * (size_t)d * (size_t)d;

	skew(d, x, 1, A);
	exponential(d, A, R, work);
}

void rotation_slope(int d, const double *x, double *E, double *slope, double *work)
{
	size_t n = (size_t)d * (size_t)d;
	double *A = work + 4 * n;
	double *D = work + 5 * n;

	skew(d, x, -1, A);
	derivative(d, A, E, D, work);
	for (int i = 0; i < d; i++)
		for (int j = i + 1; j < d; j++)
			*slope++ = D[i * d + j] - D[j * d + i];
}
