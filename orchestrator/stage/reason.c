#include "orchestrator/stage/reason.h"

const char *reason_stop(
	const struct decide_group *x, const struct decision *d, int i, struct arena *a)
{
	const struct prune_verdict *v = &d->of[i];

	if (x->plan.rule != PRUNE_RUNGS)
		return arena_printf(
			a, "mean of %d epochs above %.4g", x->columns, v->bound);
	return arena_printf(a,
		"in all %d epochs up to %d above number %d of that epoch; its figure "
		"in the last was %.4g",
		x->columns, x->epoch, v->mark, v->bound);
}

/* Writes the axes of a point that have more than one value: "lr 0.001, wd 0, T 5". */
static void put_point(const struct plan_grid *grid, int point, struct str *out)
{
	const char *sep = "";

	for (int k = 0; k < grid->naxes; k++) {
		const struct spec_axis *axis = &grid->axes[k];

		if (axis->count < 2)
			continue;
		str_printf(out, "%s%s %s", sep, axis->name,
			axis->text[grid_index(grid, point, k)]);
		sep = ", ";
	}
	if (!*sep)
		str_put(out, "the only configuration");
}

const char *reason_choice(const struct decide_group *x, const struct decision *d,
	const struct plan_grid *grid, struct arena *a)
{
	struct str out = { .arena = a };

	if (d->best < 0)
		return arena_printf(a,
			"none of %d configurations reached a valid result", x->tried);
	put_point(grid, x->config[d->best].point, &out);
	str_printf(&out, ": %s %.4g",
		x->higher ? "mean gap to the best seen"
			  : "mean lowest validation delta_m",
		d->of[d->best].figure);
	if (d->second >= 0) {
		str_printf(&out, "; next %.4g (", d->of[d->second].figure);
		put_point(grid, x->config[d->second].point, &out);
		str_put(&out, ")");
	}
	str_printf(&out, "; of %d configurations, %d stopped, %d diverged", x->tried,
		d->stopped, d->diverged);
	return str_get(&out);
}
