/* Δm over UW-SO's T in the search, the best configuration of each T. */
#include "orchestrator/plot/plot_script.h"

enum { T, VAL, TEST, LR, WD, SEEDS, STOPPED };
static const char *const column[] = { "temperature", "val_delta_m", "delta_m", "lr",
	"wd", "seeds", "stopped", NULL };

enum {
	ROW_VARIANT,
	ROW_LABEL,
	ROW_T,
	ROW_VAL,
	ROW_TEST,
	ROW_LR,
	ROW_WD,
	ROW_SEEDS,
	ROW_STOPPED
};

/* The best of each T as temperature_curve chooses it, but among what --where admits. */
static int data(struct plot *p, struct err *e)
{
	struct plot_rows r;
	int rc = plot_read(p,
		"SELECT variant, label, temperature, val_delta_m, delta_m, lr, wd, seeds,"
		" stopped FROM configuration c WHERE sweep=?1 AND temperature IS NOT NULL"
		" AND stage<>'final' AND val_delta_m IS NOT NULL"
		" ORDER BY " PLOT_VARIANT_ORDER(
			"c.variant") ", label, temperature, val_delta_m, stopped, lr, wd",
		&r, e);

	for (int i = 0; !rc && i < r.n; i = plot_group_end(&r, i, ROW_T + 1)) {
		struct plot_series *s =
			plot_series(p, plot_panel(p, plot_text(&r, i, ROW_VARIANT)),
				plot_text(&r, i, ROW_LABEL));
		double *x = plot_point(p, s, NULL);

		s->title = plot_method_title(s->name);
		plot_seeds(s, plot_number(&r, i, ROW_SEEDS));
		for (int c = T; c <= STOPPED; c++)
			x[c] = plot_number(&r, i, ROW_T + c);
	}
	return rc;
}

static void draw(struct plot_script *s, int panel)
{
	script_label(s, "x", "temperature T");
	script_label(s, "y", PLOT_VAL_DELTA_M);
	script_log_axis(s, "x", panel, T);
	script_lines(s, panel,
		&(struct plot_lines){
			.x = T, .y = VAL, .std = -1, .ended = STOPPED, .marks = true });
}

const struct plot_kind plot_temperature = {
	.column = column,
	.note = "mean of seeds; ×: stopped early",
	.data = data,
	.empty = "a search over T (UW-SO) with some results",
	.draw = draw,
};
