/*
 * Projections of task gradients on one another, in the coordinates of the gradients: what
 * comes out of g_i is p_i = sum_l c[i][l] g_l, so only their scalar products are needed.
 */
#ifndef DELTAM_SOLVER_PROJECTION_H
#define DELTAM_SOLVER_PROJECTION_H

/* The order in which others act on task i: K - 1 tasks, i left out, at order + i (K - 1). */

/*
 * PCGrad: wherever p_i . g_j < 0 in turn, p_i -= p_i . g_j / (|g_j|^2 + eps) g_j, g_j the
 * gradient as it was. gram, c (K, K).
 */
void project_conflicts(
	int K, const double *gram, const int *order, double eps, double *c);

/*
 * GradVac: wherever cos(p_i, g_j) lies below the target rho[i][j], p_i moves along g_j up
 * to it; rho follows the cosine met, rho += beta (cos - rho).
 */
void vaccinate(int K, const double *gram, const int *order, double beta, double eps,
	double *rho, double *c);

/* weight[l] = sum_i c[i][l]. */
void sum_rows(int K, const double *c, double *weight);

struct rng_orders {
	unsigned long long seed, step;
};

/* Draws an order of the others for each task, a function of (seed, step). */
void draw_orders(int K, struct rng_orders r, int *order);

#endif
