/* Test Δm over the learning rate in the search, the best configuration of each. */
#include "orchestrator/plot/plot_script.h"

enum { LR, TEST, VAL, WD, T, SEEDS, STOPPED };
static const char *const column[] = { "lr", "delta_m", "val_delta_m", "wd",
	"temperature", "seeds", "stopped", NULL };

enum {
	ROW_VARIANT,
	ROW_LABEL,
	ROW_LR,
	ROW_TEST,
	ROW_VAL,
	ROW_WD,
	ROW_T,
	ROW_SEEDS,
	ROW_STOPPED
};

/* The best of each lr as lr_sensitivity chooses it, but among what --where admits (wd=1e-5). */
static int data(struct plot *p, struct err *e)
{
	struct plot_rows r;
	int rc = plot_read(p,
		"SELECT c.variant, c.label, c.lr, c.delta_m, c.val_delta_m, c.wd,"
		" c.temperature, c.seeds, c.stopped, c.weights FROM configuration c"
		" WHERE c.sweep=?1 AND c.stage<>'final' AND c.val_delta_m IS NOT NULL"
		" ORDER BY " PLOT_VARIANT_ORDER("c.variant") ", " PLOT_LABEL_ORDER(
			"c.label") ", c.label, c.lr, c.val_delta_m, c.stopped, c.wd, c.config",
		&r, e);

	for (int i = 0; !rc && i < r.n; i = plot_group_end(&r, i, ROW_LR + 1)) {
		struct plot_series *s =
			plot_series(p, plot_panel(p, plot_text(&r, i, ROW_VARIANT)),
				plot_text(&r, i, ROW_LABEL));
		double *x = plot_point(p, s, NULL);

		s->title = plot_method_title(s->name);
		plot_seeds(s, plot_number(&r, i, ROW_SEEDS));
		for (int c = LR; c <= STOPPED; c++)
			x[c] = plot_number(&r, i, ROW_LR + c);
	}
	return rc;
}

static void draw(struct plot_script *s, int panel)
{
	script_label(s, "x", "learning rate");
	script_label(s, "y", PLOT_TEST_DELTA_M);
	script_log_axis(s, "x", panel, LR);
	script_lines(s, panel,
		&(struct plot_lines){ .x = LR,
			.y = TEST,
			.std = -1,
			.ended = STOPPED,
			.marks = true });
}

const struct plot_kind plot_lr = {
	.column = column,
	.note = "mean of seeds; ×: stopped early",
	.data = data,
	.empty = "a search with some results",
	.draw = draw,
};
