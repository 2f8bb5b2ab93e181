/*
 * Methods on gradients: a file's `grads` (steps, K, P) are the tasks' gradients, their
 * scalar products are taken in double from them. Weights and what the weights make of the
 * gradients are compared at the tolerance of the file; what a method does to whole
 * vectors in float32 at 1e-5. One file a family of methods.
 */
#ifndef DELTAM_FIXTURES_GRADIENT_H
#define DELTAM_FIXTURES_GRADIENT_H

#include "tests/fixtures.h"
#include "trainer-core/optim/optim.h"
#include "trainer-core/weighting/weighting.h"

struct fixture_run {
	struct fixture *f;
	struct params params;
	struct optim_info optim;
	struct task_info task[TASKS_MAX];
	struct weighting_setup setup;
	struct trunk_info trunk; /* a channel a coordinate */
	double *state;
	const double *loss; /* (steps, K) or NULL */
	const double *grad; /* (steps, K, P) */
	int steps, K, P;
	double gram[TASKS_MAX * TASKS_MAX];
	double weight[TASKS_MAX];
};

struct arena *run_arena(struct fixture_run *r);

/* A parameter of the method; the hyperparameter `from` of the case under its own name. */
void run_set(struct fixture_run *r, const char *name, const char *value);
void run_hand_on(struct fixture_run *r, const char *from, const char *to);
/* The job's optimizer as the case names it, with its rate under `lr`. */
void run_set_optimizer(struct fixture_run *r, const char *lr);

/* Of the case, and whether `expect` has it. */
const cJSON *run_member(const struct fixture_run *r, const char *name);
bool run_expects(const struct fixture_run *r, const char *name);

/* Gradients and losses; losses alone. */
enum outcome run_read(struct fixture_run *r);
bool run_read_losses(struct fixture_run *r);

/* The method with the parameters set, on a fresh state. */
enum outcome run_start(struct fixture_run *r, const char *method);

const double *run_gradient(const struct fixture_run *r, int step, int k);
void run_fill_gram(struct fixture_run *r, int step);
/* sum_k weight[k] g_k of a step, and a length. */
double *run_combine(struct fixture_run *r, int step, const double *weight);
double run_norm(const double *v, int n);

/* Row `step` of a member of expect; true where there is none. */
bool run_near_row(
	struct fixture_run *r, int step, const double *got, int n, const char *name);

/* What the trainer would tell the method in a step; losses are ones where there are none. */
struct weighting_step run_step_at(struct fixture_run *r, int i);

/* Every step: `check` looks before the method's update, `after` behind it; may be NULL. */
enum outcome run_play(struct fixture_run *r,
	bool (*check)(struct fixture_run *r, int step),
	bool (*after)(struct fixture_run *r, int step));

/* expect.valid = false: an error, or weights that are finite by a documented guard. */
enum outcome run_invalid(struct fixture_run *r);

/* A check for run_play: `weights` and `aggregated`. */
bool run_weights_and_sum(struct fixture_run *r, int step);

/* Methods that work on whole vectors, through weighting_combine. */
struct vectors {
	struct task_gradients g;
	float *own[TASKS_MAX];
	double head[TASKS_MAX];
};
struct vectors *run_new_vectors(struct fixture_run *r);
enum outcome run_combine_vectors(struct fixture_run *r, struct vectors *v, int i);
double *run_doubles(struct fixture_run *r, const float *x);

/* The methods: fixtures_surgery.c, _balance.c, _rates.c, _rotograd.c, _lookahead.c,
 * _auxiliary.c. */
enum outcome gradient_pcgrad(struct fixture_run *r);
enum outcome gradient_mgda(struct fixture_run *r);
enum outcome gradient_cagrad(struct fixture_run *r);
enum outcome gradient_imtl_g(struct fixture_run *r);
enum outcome gradient_imtl(struct fixture_run *r);
enum outcome gradient_nash(struct fixture_run *r);
enum outcome gradient_aligned(struct fixture_run *r);
enum outcome gradient_gradnorm(struct fixture_run *r);
enum outcome gradient_gradvac(struct fixture_run *r);
enum outcome gradient_famo(struct fixture_run *r);
enum outcome gradient_db(struct fixture_run *r);
enum outcome gradient_graddrop(struct fixture_run *r);
enum outcome gradient_graddrop_features(struct fixture *f);
enum outcome gradient_gcs(struct fixture_run *r);
enum outcome gradient_ol_aux(struct fixture_run *r);
enum outcome gradient_ial(struct fixture_run *r);
enum outcome gradient_ial_sigma(struct fixture_run *r);
enum outcome gradient_rotograd(struct fixture_run *r);
enum outcome gradient_rotation(struct fixture_run *r);
enum outcome gradient_auto_lambda(struct fixture_run *r);
enum outcome gradient_dtp(struct fixture *f);

#endif
