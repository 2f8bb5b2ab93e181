/* The weight that each final run gave a task, epoch by epoch. */
#include "orchestrator/plot/plot_script.h"

enum { EPOCH, WEIGHT, STD };
static const char *const column[] = { "epoch", "weight", "std", "seeds", NULL };

enum { ROW_VARIANT, ROW_TASK, ROW_LABEL, ROW_EPOCH, ROW_WEIGHT };

static void add_epoch(struct plot *p, const struct plot_rows *r, int i, int end)
{
	struct plot_series *s = plot_method_series(p, plot_text(r, i, ROW_VARIANT),
		plot_text(r, i, ROW_TASK), plot_text(r, i, ROW_LABEL));

	plot_mean_point(p, s, plot_number(r, i, ROW_EPOCH), r, i, end, ROW_WEIGHT);
}

static int data(struct plot *p, struct err *e)
{
	return plot_read_groups(p,
		"SELECT t.variant, k.task, t.label, k.epoch, k.weight_mean, j.temperature,"
		" j.seed, j.lr, j.wd, j.method, CAST(j.id AS TEXT) AS " PLOT_JOB
		" FROM sweep w JOIN stage t ON t.sweep=w.id"
		" AND t.stage='final' JOIN stage_job m ON m.stage=t.id AND m.state='done'"
		" JOIN job j ON j.id=m.job JOIN task_weight k ON k.job=j.id"
		" JOIN variant v ON v.sweep=w.id AND v.variant=t.variant"
		" WHERE w.name=?1"
		" ORDER BY v.position, k.task, t.position, t.label, k.epoch, j.seed",
		ROW_EPOCH + 1, add_epoch, e);
}

static void draw(struct plot_script *s, int panel)
{
	script_curves(s, panel, "task weight",
		&(struct plot_lines){
			.x = EPOCH, .y = WEIGHT, .std = STD, .ended = -1 });
}

const struct plot_kind plot_weights = {
	.column = column,
	.note = "mean of seeds; band: ± std",
	.data = data,
	.empty = "final runs that ended well",
	.draw = draw,
};
