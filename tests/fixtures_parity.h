/*
 * A parity case: a network, its optimizer and its weighting, from a manifest.
 */
#ifndef DELTAM_FIXTURES_PARITY_H
#define DELTAM_FIXTURES_PARITY_H

#include "tests/fixtures.h"
#include "trainer-core/graph/graph.h"
#include "trainer-core/loss.h"
#include "trainer-core/optim/optim.h"
#include "trainer-core/weighting/weighting.h"

struct parity_task {
	const char *output; /* node */
	struct loss loss;
	struct loss_shape shape; /* of a sample */
	const float *target; /* (count, batch, ...) */
	int floats; /* of a sample */
};

struct parity_input {
	const char *name; /* node */
	int node;
	struct dataset_field x; /* (count * batch, C, H, W) */
};

struct parity {
	struct fixture *f;
	const cJSON *manifest;
	float *arrays; /* the whole of arrays.f32 */
	size_t array_floats;
	struct graph *g;
	int inputs;
	struct parity_input input[TASKS_MAX];
	int K, steps, batch, batches;
	struct parity_task task[TASKS_MAX];
	struct task_info info[TASKS_MAX];
	struct params params; /* of optimizer and method, as a job has them */
	struct optim_info optim_info;
	struct optim *optim;
	struct weighting_setup weighting;
	double *weighting_state;
	const double
		*factor; /* (K) what a manifest's `ew` multiplies losses by; or NULL */
	const int *order; /* (K, K - 1) PCGrad's in every step, or NULL */
};

/* Everything but the graph. FAILED, or SKIPPED with what this build does not have. */
enum outcome parity_load(struct parity *p);

/* The graph with its initial values, a fresh optimizer and method. */
enum outcome parity_build(struct parity *p, bool fuse);

/* NULL where there is none. *count (may be NULL): how many floats. */
const float *parity_array(const struct parity *p, const char *name, size_t *count);

/*
 * Logical values of a parameter or a running statistic by name; flat: whose, of
 * graph_floats. NULL where there is none of that name.
 */
float *parity_values(
	const struct parity *p, const char *name, const float *flat, size_t *count);

/* Parameters and running statistics become the arrays WHICH/name. */
enum outcome parity_set(struct parity *p, const char *which);

/* A member by path "a.b.c"; NULL where there is none. */
const cJSON *parity_member(const cJSON *j, const char *path);

#endif
