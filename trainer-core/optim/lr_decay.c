#include "trainer-core/optim/lr_decay.h"

#include <math.h>
#include <string.h>
#include "catalogue/setting.h"

static const char param[] = "train.lr_decay";

/* No schedule speaks of more epochs or steps. */
#define PLACE_MAX 1e9

static bool is_place(double v)
{
	return v >= 1 && v <= PLACE_MAX && v == floor(v);
}

/* Reads "EVERY FACTOR". */
static bool read_every(const double *v, int n, struct lr_decay *out)
{
	if (n != 2 || !is_place(v[0]) || !(v[1] > 0))
		return false;
	out->shape = LR_EVERY;
	out->every = (int)v[0];
	out->factor = v[1];
	return true;
}

/* Reads "FACTOR A B ...", which rise. */
static bool read_milestones(const double *v, int n, struct lr_decay *out)
{
	if (n < 2 || !(v[0] > 0))
		return false;
	out->shape = LR_MILESTONES;
	out->factor = v[0];
	for (int i = 1; i < n; i++) {
		if (!is_place(v[i]) || (i > 1 && v[i] <= v[i - 1]))
			return false;
		out->milestone[out->milestones++] = (int)v[i];
	}
	return true;
}

/* Reads "P". */
static bool read_power(const double *v, int n, struct lr_decay *out)
{
	if (n != 1 || !(v[0] > 0))
		return false;
	out->shape = LR_POWER;
	out->power = v[0];
	return true;
}

static const struct form {
	const char *word; /* in front of the numbers, with a blank behind */
	bool (*read)(const double *v, int n, struct lr_decay *out);
} forms[] = {
	{ "milestones ", read_milestones },
	{ "power ", read_power },
	{ "", read_every },
};

/* Reads a text without " step". */
static int read_shape(const char *text, struct lr_decay *out, struct err *e)
{
	const struct form *form = forms;
	double v[LR_MILESTONES_MAX + 1];
	int n;

	if (!strcmp(text, "none"))
		return OK;
	if (!strcmp(text, "cosine")) {
		out->shape = LR_COSINE;
		return OK;
	}
	while (strncmp(text, form->word, strlen(form->word)) != 0)
		form++;
	if (numbers_parse(
		    param, text + strlen(form->word), v, LR_MILESTONES_MAX + 1, &n, e))
		return e ? e->code : ERR_SPEC;
	if (!form->read(v, n, out))
		return err_set(e, ERR_SPEC, "%s: \"%s\" is no schedule", param, text);
	return OK;
}

int lr_decay_parse(const struct params *ps, struct lr_decay *out, struct err *e)
{
	static const char by_step[] = " step";
	const char *text = setting_text(ps, param);
	size_t n = strlen(text), tail = strlen(by_step);
	char shape[NUMBER_MAX * (LR_MILESTONES_MAX + 2)];

	*out = (struct lr_decay){ .factor = 1 };
	if (n >= sizeof(shape))
		return err_set(e, ERR_SPEC, "%s: too long", param);
	memcpy(shape, text, n + 1);
	if (n > tail && !strcmp(text + n - tail, by_step)) {
		out->by_step = true;
		shape[n - tail] = '\0';
	}
	if (read_shape(shape, out, e))
		return e ? e->code : ERR_SPEC;
	return setting_whole(ps, "train.warm_up", &out->warm_up, e);
}

static double warm_up(const struct lr_decay *d, int64_t step)
{
	return step + 1 < d->warm_up ? (double)(step + 1) / d->warm_up : 1;
}

static double decay(const struct lr_decay *d, int64_t i, int64_t N)
{
	const double pi = 3.14159265358979323846;
	int passed = 0;

	switch (d->shape) {
	case LR_CONSTANT:
		break;
	case LR_EVERY:
		return pow(d->factor, (double)(i / d->every));
	case LR_MILESTONES:
		while (passed < d->milestones && d->milestone[passed] <= i)
			passed++;
		return pow(d->factor, passed);
	case LR_POWER:
		return pow(1 - (double)i / (double)N, d->power);
	case LR_COSINE:
		return 0.5 * (1 + cos(pi * (double)i / (double)N));
	}
	return 1;
}

double lr_decay_factor(const struct lr_decay *d, const struct lr_place *at)
{
	double factor = d->by_step ? decay(d, at->step, at->steps)
				   : decay(d, at->epoch, at->epochs);

	return factor * warm_up(d, at->step);
}
