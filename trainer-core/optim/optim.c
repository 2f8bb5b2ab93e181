#include "trainer-core/optim/optim.h"

#include <float.h>
#include <math.h>
#include <string.h>
#include "catalogue/setting.h"
#include "trainer-core/graph/graph.h"

#define SLOTS_MAX 3

/* Neighbouring parameters that step together, with their part of the state. */
struct region {
	size_t offset, floats;
	int grad; /* which of optim_step's arrays */
	float *slot[SLOTS_MAX];
};

struct optim {
	struct optim_info info;
	const struct kernels *k;
	struct region *region;
	int regions;
	float *state;
	size_t state_floats;
	int64_t steps;
};

static int parse_betas(const struct params *ps, struct optim_info *out, struct err *e)
{
	double betas[2] = { 0 };
	int n;

	if (setting_list(ps, "train.optimizer.betas", betas, 2, &n, e))
		return e->code;
	if (n != 2 && setting_row(ps, "train.optimizer.betas"))
		return err_set(e, ERR_SPEC, "train.optimizer.betas needs two numbers");
	for (int i = 0; i < 2; i++)
		if (!(betas[i] >= 0 && betas[i] < 1))
			return err_set(e, ERR_SPEC,
				"train.optimizer.betas: %g is not in [0, 1)", betas[i]);
	out->beta1 = betas[0];
	out->beta2 = betas[1];
	return OK;
}

static int parse_kind(const struct params *ps, enum optim_kind *kind, struct err *e)
{
	static const char *const names[] = { [OPTIM_ADAM] = "adam",
		[OPTIM_ADAMW] = "adamw",
		[OPTIM_SGD] = "sgd",
		[OPTIM_GD] = "gd",
		[OPTIM_RMSPROP] = "rmsprop",
		[OPTIM_ADAGRAD] = "adagrad" };
	const char *name = setting_text(ps, "train.optimizer");

	for (int i = 0; i <= OPTIM_ADAGRAD; i++)
		if (!strcmp(name, names[i])) {
			*kind = (enum optim_kind)i;
			return OK;
		}
	return err_set(e, ERR_SPEC, "unknown optimizer \"%s\"", name);
}

int optim_parse(const struct params *ps, struct optim_info *out, struct err *e)
{
	struct err local;

	e = e ? e : &local;
	memset(out, 0, sizeof(*out));
	if (parse_kind(ps, &out->kind, e) || params_number(ps, "lr", &out->lr, e) ||
		params_number(ps, "wd", &out->wd, e) ||
		setting_real(ps, "train.optimizer.momentum", &out->momentum, e) ||
		setting_real(ps, "train.optimizer.dampening", &out->dampening, e) ||
		setting_real(ps, "train.optimizer.eps", &out->eps, e) ||
		setting_real(ps, "train.optimizer.alpha", &out->alpha, e) ||
		parse_betas(ps, out, e) ||
		setting_bool(ps, "train.optimizer.nesterov", &out->nesterov, e) ||
		setting_bool(ps, "train.optimizer.amsgrad", &out->amsgrad, e) ||
		setting_bool(ps, "train.optimizer.per_task", &out->per_task, e))
		return e->code;
	if (!(out->lr >= 0) || !(out->wd >= 0))
		return err_set(e, ERR_SPEC, "lr and wd must not be negative");
	if (out->nesterov && (out->momentum == 0 || out->dampening != 0))
		return err_set(e, ERR_SPEC,
			"train.optimizer.nesterov needs momentum and no dampening");
	return OK;
}

static int slots_of(const struct optim_info *info)
{
	return optim_scalar_floats(info); /* the same buffers, a value a parameter */
}

static void add_region(struct optim *o, size_t offset, size_t floats, int grad)
{
	o->region[o->regions++] =
		(struct region){ .offset = offset, .floats = floats, .grad = grad };
	o->state_floats += floats * (size_t)slots_of(&o->info);
}

struct optim *optim_new(const struct optim_info *info, const struct graph *g,
	const struct kernels *k, struct arena *a)
{
	struct optim *o = NEW(a, struct optim);
	int tasks = graph_tasks(g);
	float *at;

	o->info = *info;
	/* Gaps between parameters have gradient 0: 0 / 0 must not enter them. */
	o->info.eps = fmax(info->eps, (double)FLT_MIN);
	o->k = k;
	o->region = NEW_ARRAY(a, struct region, 2 * tasks + 1);
	if (!info->per_task)
		add_region(o, 0, graph_floats(g), 0);
	for (int t = 0; info->per_task && t < tasks; t++) {
		add_region(o, 0, graph_scope_floats(g, SCOPE_SHARED), t);
		add_region(o, graph_scope_begin(g, t), graph_scope_floats(g, t), t);
	}
	at = o->state = arena_alloc_aligned(a, o->state_floats * sizeof(float) + 64);
	for (int r = 0; r < o->regions; r++)
		for (int s = 0; s < slots_of(info); s++, at += o->region[r].floats)
			o->region[r].slot[s] = at;
	return o;
}

float *optim_state(struct optim *o)
{
	return o->state;
}

size_t optim_state_floats(const struct optim *o)
{
	return o->state_floats;
}

int64_t *optim_steps(struct optim *o)
{
	return &o->steps;
}

static void adam(const struct optim *o, double lr, const struct region *r, float *p,
	const float *g)
{
	const struct optim_info *i = &o->info;
	/* The corrections belong to the betas as the kernel has them: rounded. */
	const struct adam_step step = { .lr = (float)lr,
		.beta1 = (float)i->beta1,
		.beta2 = (float)i->beta2,
		.eps = (float)i->eps,
		.wd = (float)i->wd,
		.c1 = (float)(1 / (1 - pow((double)(float)i->beta1, (double)o->steps))),
		.c2 = (float)(1 / (1 - pow((double)(float)i->beta2, (double)o->steps))),
		.decoupled = i->kind == OPTIM_ADAMW,
		.amsgrad = i->amsgrad };

	o->k->adam(r->floats, p, g, r->slot[0], r->slot[1], r->slot[2], &step);
}

static void sgd(const struct optim *o, double lr, const struct region *r, float *p,
	const float *g)
{
	const struct sgd_step step = { .lr = (float)lr,
		.momentum = (float)o->info.momentum,
		.dampening = (float)o->info.dampening,
		.wd = (float)o->info.wd,
		.nesterov = o->info.nesterov,
		.first = o->steps == 1 };

	o->k->sgd(r->floats, p, g, r->slot[0], &step);
}

static void rmsprop(const struct optim *o, double lr, const struct region *r, float *p,
	const float *g)
{
	const float alpha = (float)o->info.alpha, rest = (float)(1 - o->info.alpha);
	const float eps = (float)o->info.eps, momentum = (float)o->info.momentum;
	const float wd = (float)o->info.wd, rate = (float)lr;
	float *square = r->slot[0], *buffer = r->slot[1];

	for (size_t i = 0; i < r->floats; i++) {
		float slope = g[i] + wd * p[i];
		float step;

		square[i] = alpha * square[i] + rest * slope * slope;
		step = slope / (sqrtf(square[i]) + eps);
		if (buffer)
			step = buffer[i] = momentum * buffer[i] + step;
		p[i] -= rate * step;
	}
}

static void adagrad(const struct optim *o, double lr, const struct region *r, float *p,
	const float *g)
{
	const float eps = (float)o->info.eps, wd = (float)o->info.wd, rate = (float)lr;
	float *square = r->slot[0];

	for (size_t i = 0; i < r->floats; i++) {
		float slope = g[i] + wd * p[i];

		square[i] += slope * slope;
		p[i] -= rate * slope / (sqrtf(square[i]) + eps);
	}
}

void optim_step(struct optim *o, double lr, float *p, const float *const *grad)
{
	static void (*const step[])(const struct optim *o, double lr,
		const struct region *r, float *p, const float *g) = {
		[OPTIM_ADAM] = adam,
		[OPTIM_ADAMW] = adam,
		[OPTIM_SGD] = sgd,
		[OPTIM_GD] = sgd, /* without momentum */
		[OPTIM_RMSPROP] = rmsprop,
		[OPTIM_ADAGRAD] = adagrad,
	};

	o->steps++;
	for (int i = 0; i < o->regions; i++) {
		const struct region *r = &o->region[i];

		step[o->info.kind](o, lr, r, p + r->offset, grad[r->grad] + r->offset);
	}
}

void optim_try(const struct optim *o, double lr, float *p, const float *grad)
{
	bool buffered =
		o->info.kind == OPTIM_SGD && o->info.momentum != 0 && o->steps > 0;
	float momentum = buffered ? (float)o->info.momentum : 0;
	float rate = (float)lr, wd = (float)o->info.wd;

	for (int r = 0; r < o->regions; r++) {
		const struct region *part = &o->region[r];
		const float *buffer = buffered ? part->slot[0] : NULL;

		for (size_t i = 0; i < part->floats; i++) {
			float *at = &p[part->offset + i];
			float slope = grad[part->offset + i] + wd * *at;

			if (buffer)
				slope += momentum * buffer[i];
			*at -= rate * slope;
		}
	}
}
