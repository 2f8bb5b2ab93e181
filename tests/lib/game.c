#include "tests/lib/game.h"

#include <stdarg.h>
#include <string.h>
#include "common/rng.h"

struct arena game_arena;
struct optim_info game_optim;
struct task_info game_tasks[TASKS_MAX];
static const size_t layers[] = { 0, 48, 80 }, arrays[] = { 0, 32, 48, 64, 80 };
const struct trunk_info game_trunk = {
	.channels = 4, .layers = { 2, layers }, .arrays = { 4, arrays }
};

void game_setup(void)
{
	game_arena = (struct arena){ 0 };
	game_optim = (struct optim_info){ .kind = OPTIM_ADAM,
		.lr = 0.01,
		.beta1 = 0.9,
		.beta2 = 0.999,
		.eps = 1e-8 };
	for (int k = 0; k < TASKS_MAX; k++)
		game_tasks[k] = (struct task_info){ .name = arena_printf(
							    &game_arena, "task%d", k),
			.loss = (enum loss_kind)(k % 3) };
}

void game_teardown(void)
{
	arena_release(&game_arena);
}

struct gradients *game_new_gradients(const struct game *g)
{
	struct gradients *room =
		arena_alloc_aligned(&game_arena, sizeof(struct gradients));
	size_t buffer = ROOM * (size_t)weighting_buffers(&g->setup);

	for (int k = 0; k < TASKS_MAX; k++)
		room->own[k] = room->rows[k];
	for (int i = 0; i < ROOM; i++)
		room->feature[i] = i % 3 ? 1 : -1;
	room->g = (struct task_gradients){ .n = ROOM,
		.g = room->own,
		.out = room->out,
		.buffer = arena_alloc_aligned(&game_arena, 4 * buffer + 1),
		.gram = room->gram,
		.work = NEW_ARRAY(&game_arena, double, weighting_work(&g->setup) + 1),
		.last = ROOM / 2,
		.last_n = ROOM / 2,
		.feature = room->feature,
		.samples = 4 };
	return room;
}

int game_try_start(struct game *g, const char *seed, int K, const char *method, ...)
{
	struct params ps = { 0 };
	const char *name;
	va_list ap;
	int rc;

	params_set(&ps, &game_arena, "method", method);
	params_set(&ps, &game_arena, "seed", seed);
	params_set(&ps, &game_arena, "train.epochs", "1");
	va_start(ap, method);
	while ((name = va_arg(ap, const char *)))
		params_set(&ps, &game_arena, name, va_arg(ap, const char *));
	va_end(ap);
	rc = weighting_init(
		&g->setup, &ps, K, game_tasks, &game_optim, &game_arena, &g->e);
	if (rc)
		return rc;
	g->setup.trunk = &game_trunk;
	g->size = weighting_state_size(&g->setup);
	g->state = NEW_ARRAY(&game_arena, double, g->size + 1);
	g->state[g->size] = GUARD;
	weighting_state_init(&g->setup, g->state);
	g->gradients = game_new_gradients(g);
	return OK;
}

void game_random_gradients(struct gradients *room, int K, int64_t at)
{
	for (int k = 0; k < K; k++)
		for (int i = 0; i < ROOM; i++)
			room->rows[k][i] = (float)rng_normal(
				3, RNG_DATA, (uint64_t)at, (uint64_t)(k * ROOM + i));
}

int game_combine(struct game *g, int64_t at, double lr_factor, const double *loss)
{
	double after[TASKS_MAX];
	double score[TASKS_MAX];
	double ahead[TASKS_MAX];
	struct weighting_step step = { .epoch = 1,
		.step = at,
		.lr_factor = lr_factor,
		.loss = loss,
		.score = score,
		.loss_after = after,
		.ahead = g->setup.needs & NEEDS_LOOKAHEAD ? ahead : NULL };
	struct factors f = { g->weight, g->gradients->head };
	bool gradients = g->setup.needs & NEEDS_GRADIENTS;
	int rc;

	for (int k = 0; k < g->setup.K; k++) {
		after[k] = 0.99 * loss[k];
		ahead[k] = 0.1 * k - 0.05 * (double)(at % 3) * loss[k];
		score[k] = (double)((k + at) % 9) / 8;
	}
	rc = gradients ? weighting_combine(&g->setup, g->state, &step, kernels_get(),
				 &g->gradients->g, &f, &g->e)
		       : weighting_weigh(&g->setup, g->state, &step, g->weight, &g->e);

	if (rc == OK)
		weighting_update(&g->setup, g->state, &step);
	ck_assert(g->state[g->size] == GUARD);
	return rc;
}

int game_weigh(struct game *g, int64_t at, double lr_factor, const double *loss)
{
	if (g->setup.needs & NEEDS_GRADIENTS)
		game_random_gradients(g->gradients, g->setup.K, at);
	return game_combine(g, at, lr_factor, loss);
}

void game_start_any(struct game *g, const char *method, int K)
{
	struct str weights = { .arena = &game_arena };

	for (int k = 0; k < K; k++)
		str_printf(&weights, "%s%.17g", k ? " " : "", 1.0 / K);
	if (!strcmp(method, "scalarization"))
		START(g, K, method, "weights", str_get(&weights));
	else if (!strcmp(method, "stl"))
		START(g, K, method, "task", "task0");
	else if (!strcmp(method, "uw_so"))
		START(g, K, method, "T", "2");
	else
		START(g, K, method);
}

double sum_of(const double *x, int n)
{
	double total = 0;

	for (int i = 0; i < n; i++)
		total += x[i];
	return total;
}

void game_random_losses(double *loss, int K, uint64_t step)
{
	for (int k = 0; k < K; k++)
		loss[k] = 0.05 + 2 * rng_uniform(7, RNG_DATA, step, (uint64_t)k);
}
