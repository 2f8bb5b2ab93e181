/* Δm over UW-SO's T in the search, the best configuration of each T. */
#include "orchestrator/plot/plot_script.h"

enum { T, VAL, STOPPED = 6 };
static const char *const column[] = { "temperature", "val_delta_m", "delta_m", "lr",
	"wd", "seeds", "stopped", NULL };

/* The best of each T as temperature_curve chooses it, but among what --where admits. */
static int data(struct plot *p, struct err *e)
{
	return plot_read_best(p,
		&(struct plot_search){ .keys = "c.temperature",
			.point = "c.temperature, c.val_delta_m, c.delta_m, c.lr, c.wd,"
				 " c.seeds, c.stopped",
			.given = "c.temperature",
			.ties = "c.lr, c.wd" },
		e);
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
