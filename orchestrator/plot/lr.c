/* Test Δm over the learning rate in the search, the best configuration of each. */
#include "orchestrator/plot/plot_script.h"

enum { LR, TEST, STOPPED = 6 };
static const char *const column[] = { "lr", "delta_m", "val_delta_m", "wd",
	"temperature", "seeds", "stopped", NULL };

/* The best of each lr as lr_sensitivity chooses it, but among what --where admits (wd=1e-5). */
static int data(struct plot *p, struct err *e)
{
	return plot_read_best(p,
		&(struct plot_search){ .keys = "c.lr",
			.point = "c.lr, c.delta_m, c.val_delta_m, c.wd, c.temperature,"
				 " c.seeds, c.stopped",
			.given = "c.lr",
			.ties = "c.wd, c.config" },
		e);
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
