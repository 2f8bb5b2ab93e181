/* What scaled losses change in one part: losses, gradients, updates (`deltam toy --scale`). */
#include <string.h>
#include "orchestrator/plot/plot_script.h"

enum { EPOCH, VALUE };
static const char *const column[] = { "epoch", "value", NULL };

enum {
	ROW_TRUNK,
	ROW_FIGURE,
	ROW_PART,
	ROW_METHOD,
	ROW_OPTIMIZER,
	ROW_SCALE1,
	ROW_SCALE2,
	ROW_EPOCH,
	ROW_VALUE
};

static const struct figure {
	const char *name, *title, *label;
} figures[] = {
	{ "raw_loss", "loss as it is", "training loss (↓ better)" },
	{ "scaled_loss", "scaled loss", "scaled loss (↓ better)" },
	{ "gradient", "gradient", "length of the gradient" },
	{ "update", "update", "length of the update" },
};

static void add_epoch(struct plot *p, const struct plot_rows *r, int i, int end)
{
	const char *method = plot_text(r, i, ROW_METHOD);
	const char *optimizer = plot_text(r, i, ROW_OPTIMIZER);
	const char *scales = arena_printf(p->arena, "%g, %g",
		plot_number(r, i, ROW_SCALE1), plot_number(r, i, ROW_SCALE2));
	const char *figure = plot_text(r, i, ROW_FIGURE);
	int panel = plot_panel(p,
		arena_printf(p->arena, "%s trunk: %s of %s", plot_text(r, i, ROW_TRUNK),
			figure, plot_text(r, i, ROW_PART)));
	struct plot_series *s = plot_series(p, panel,
		arena_printf(
			p->arena, "%s %s, losses times %s", method, optimizer, scales));
	double *x = plot_point(p, s, NULL);

	(void)end;
	s->title = arena_printf(
		p->arena, "%s %s ×(%s)", plot_method_title(method), optimizer, scales);
	for (int k = 0; k < COUNT(figures); k++)
		if (!strcmp(figures[k].name, figure))
			p->panel[panel].title = arena_printf(p->arena, "%s, %s",
				figures[k].title, plot_text(r, i, ROW_PART));
	x[EPOCH] = plot_number(r, i, ROW_EPOCH);
	x[VALUE] = plot_number(r, i, ROW_VALUE);
}

/* Unless --where says otherwise: the frozen trunk, head 1, scales of 10 and 0.1, Adam's eps. */
static const char *unless_named(
	const struct plot *p, const char *name, const char *condition)
{
	return where_names(&p->where, name) ? "1" : condition;
}

static int data(struct plot *p, struct err *e)
{
	return plot_read_groups(p,
		arena_printf(p->arena,
			"WITH x AS (SELECT trunk, 1 AS place, 'raw_loss' AS figure, task AS part,"
			" method, optimizer, scale1, scale2, epoch, loss AS value"
			" FROM toy_scale_loss UNION ALL"
			" SELECT trunk, 2, 'scaled_loss', task, method, optimizer, scale1, scale2,"
			" epoch, scaled FROM toy_scale_loss UNION ALL"
			" SELECT trunk, 3, 'gradient', part, method, optimizer, scale1, scale2,"
			" epoch, gradient FROM toy_scale UNION ALL"
			" SELECT trunk, 4, 'update', part, method, optimizer, scale1, scale2, epoch,"
			" step FROM toy_scale)"
			" SELECT trunk, figure, part, method, optimizer, scale1, scale2, epoch, value"
			" FROM x WHERE (?1 IS NOT NULL) AND %s AND %s AND %s AND %s"
			" ORDER BY trunk DESC, place, part, method, optimizer DESC, scale1, scale2"
			" DESC, epoch",
			unless_named(p, "trunk", "trunk='frozen'"),
			unless_named(p, "part", "part='task1'"),
			unless_named(p, "optimizer", "optimizer NOT LIKE '%eps%'"),
			unless_named(p, "scale2", "scale2<>0.01")),
		ROW_EPOCH + 1, add_epoch, e);
}

static void draw(struct plot_script *s, int panel)
{
	const char *name = s->p->panel[panel].name;

	script_label(s, "x", "epoch");
	for (int k = 0; k < COUNT(figures); k++)
		if (strstr(name,
			    arena_printf(s->out.arena, ": %s of", figures[k].name)))
			script_label(s, "y", figures[k].label);
	script_put(s, "set logscale y\n");
	script_few_tics(s, "x", panel, EPOCH, 1);
	script_lines(s, panel,
		&(struct plot_lines){ .x = EPOCH, .y = VALUE, .std = -1, .ended = -1 });
}

const struct plot_kind plot_invariance = {
	.column = column,
	.note = "×: factors of the losses",
	.toy = true,
	.small = true,
	.height = 1.4,
	.data = data,
	.empty = "what `deltam toy --scale` writes",
	.draw = draw,
};
