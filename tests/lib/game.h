/*
 * One weighting method on K tasks, played step by step on losses, gradients and scores
 * that are a function of the step.
 */
#ifndef DELTAM_TESTS_GAME_H
#define DELTAM_TESTS_GAME_H

#include <check.h>
#include "trainer-core/kernel/kernel.h"
#include "trainer-core/optim/optim.h"
#include "trainer-core/weighting/weighting.h"

/* What games are played with: made by game_setup, a checked fixture. */
extern struct arena game_arena;
extern struct optim_info game_optim; /* Adam, rate 0.01 */
extern struct task_info game_tasks[TASKS_MAX];
extern const struct trunk_info game_trunk;

void game_setup(void);
void game_teardown(void);

#define ROOM 80 /* floats of a task's gradient; more than TASKS_MAX */

/* The tasks' gradients in room of their own: 4 samples of 4 channels of 5 places. */
struct gradients {
	struct task_gradients g;
	float *own[TASKS_MAX];
	float rows[TASKS_MAX][ROOM];
	float out[ROOM], feature[ROOM];
	double gram[TASKS_MAX * TASKS_MAX], head[TASKS_MAX];
};

struct game {
	struct weighting_setup setup;
	double *state; /* and a guard behind it */
	size_t size;
	double weight[TASKS_MAX];
	struct gradients *gradients;
	struct err e;
};

#define GUARD 12345.0

/* Room for what the method of g->setup wants. */
struct gradients *game_new_gradients(const struct game *g);

/* Parameters by name and value, ended by NULL. What a method must be given is there. */
int game_try_start(struct game *g, const char *seed, int K, const char *method, ...);

#define START(g, K, ...) \
	ck_assert_msg( \
		game_try_start(g, "1", K, __VA_ARGS__, NULL) == OK, "%s", (g)->e.msg)

/* Any method of the catalogue, with what it requires, on K tasks. */
void game_start_any(struct game *g, const char *method, int K);

/* Of every task, as a function of the step. */
void game_random_gradients(struct gradients *room, int K, int64_t at);
void game_random_losses(double *loss, int K, uint64_t step);

/* A step on the gradients that lie in g->gradients. */
int game_combine(struct game *g, int64_t at, double lr_factor, const double *loss);

/* The same on random gradients, where the method wants any. */
int game_weigh(struct game *g, int64_t at, double lr_factor, const double *loss);

#define WEIGH(g, at, ...) \
	ck_assert_msg(game_weigh(g, at, 1, (const double[]){ __VA_ARGS__ }) == OK, \
		"%s", (g)->e.msg)

double sum_of(const double *x, int n);

#endif
