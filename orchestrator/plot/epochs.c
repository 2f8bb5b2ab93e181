/* Validation Δm over epochs, a line a T: its best configuration, the mean over its seeds. */
#include "orchestrator/plot/plot_script.h"

enum { EPOCH, DELTA_M, ENDED = 4 };
static const char *const column[] = { "epoch", "val_delta_m", "std", "seeds", "ended",
	NULL };

enum {
	ROW_VARIANT,
	ROW_LABEL,
	ROW_T,
	ROW_STOPPED,
	ROW_EPOCH,
	ROW_SEED,
	ROW_LR,
	ROW_WD,
	ROW_DELTA_M
};

static void add_epoch(struct plot *p, const struct plot_rows *r, int i, int end)
{
	const char *variant = plot_text(r, i, ROW_VARIANT);
	const char *label = plot_text(r, i, ROW_LABEL);
	int panel = plot_panel(p, plot_join(p, variant, label));
	struct plot_series *s = plot_series(
		p, panel, arena_printf(p->arena, "T = %g", plot_number(r, i, ROW_T)));
	double *x = plot_mean_point(
		p, s, plot_number(r, i, ROW_EPOCH), r, i, end, ROW_DELTA_M);

	p->panel[panel].title = plot_join(p, variant, plot_method_title(label));
	x[ENDED] = plot_group_end(r, i, ROW_STOPPED + 1) == end &&
		plot_number(r, i, ROW_STOPPED) != 0;
}

static int data(struct plot *p, struct err *e)
{
	return plot_read_groups(p,
		"WITH curve AS MATERIALIZED (SELECT * FROM temperature_curve WHERE sweep=?1),"
		" run AS MATERIALIZED (SELECT * FROM runs WHERE sweep=?1 AND stage<>'final'"
		" AND state NOT IN ('diverged', 'failed') AND temperature IS NOT NULL)"
		" SELECT t.variant AS variant, t.label, t.temperature, t.stopped, c.epoch, r.seed, t.lr,"
		" t.wd, c.delta_m, r.method, CAST(r.job AS TEXT) AS " PLOT_JOB
		" FROM curve t JOIN run r ON r.variant=t.variant"
		" AND r.label=t.label AND r.temperature=t.temperature AND r.lr=t.lr"
		" AND r.wd=t.wd JOIN score c ON c.sweep=r.sweep_id AND c.job=r.job"
		" AND c.split='val' ORDER BY " PLOT_VARIANT_ORDER(
			"t.variant") ", 2, 3, 4, 5, 6",
		ROW_EPOCH + 1, add_epoch, e);
}

static void draw(struct plot_script *s, int panel)
{
	script_curves(s, panel, PLOT_VAL_DELTA_M,
		&(struct plot_lines){
			.x = EPOCH, .y = DELTA_M, .std = -1, .ended = ENDED });
}

const struct plot_kind plot_epochs = {
	.column = column,
	.note = "mean of seeds; ×: stopped early",
	.ordered = true,
	.data = data,
	.empty = "a search over T (UW-SO) with some results",
	.draw = draw,
};
