/* Train and test loss of one task over the epochs of the final runs, and the share of its weight. */
#include <string.h>
#include "orchestrator/plot/plot_script.h"

enum { EPOCH, VALUE, STD };
static const char *const column[] = { "epoch", "value", "std", "seeds", NULL };

enum { ROW_VARIANT, ROW_TASK, ROW_WHAT, ROW_LABEL, ROW_EPOCH, ROW_VALUE };

static void add_epoch(struct plot *p, const struct plot_rows *r, int i, int end)
{
	const char *of_task = arena_printf(p->arena, "%s %s", plot_text(r, i, ROW_TASK),
		plot_text(r, i, ROW_WHAT));
	struct plot_series *s = plot_method_series(
		p, plot_text(r, i, ROW_VARIANT), of_task, plot_text(r, i, ROW_LABEL));

	plot_mean_point(p, s, plot_number(r, i, ROW_EPOCH), r, i, end, ROW_VALUE);
}

/* A run with what --where may ask for, then what it was an epoch: three curves of a task. */
#define RUNS \
	"WITH run AS MATERIALIZED (SELECT v.position AS place, t.variant, t.position," \
	" t.label, j.id AS job, j.seed, j.lr, j.wd, j.temperature, j.method FROM sweep w" \
	" JOIN stage t ON t.sweep=w.id AND t.stage='final' JOIN stage_job m" \
	" ON m.stage=t.id AND m.state='done' JOIN job j ON j.id=m.job" \
	" JOIN variant v ON v.sweep=w.id AND v.variant=t.variant WHERE w.name=?1)"
/* The first task, by the first epoch of the first variant. */
#define FIRST \
	" AND %s.task=coalesce((SELECT min(o.task) FROM run JOIN metric o" \
	" ON o.job=run.job AND o.epoch=1 AND o.split IN ('train', 'test')" \
	" AND o.name='loss' WHERE run.place=(SELECT min(place) FROM run)), %s.task)"

/*
 * Without --where task=... it is the first task that has rows. Where nothing is asked for SQL
 * knows which, and leaves out the others before it sorts: they are most of the rows.
 */
static const char *query(const struct plot *p)
{
	bool all = p->where.n > 0;

	return arena_printf(p->arena,
		RUNS
		", figure AS (SELECT run.*, CASE x.split WHEN 'train' THEN 1 ELSE 2 END AS part,"
		" x.split || ' loss' AS what, x.task, x.epoch, x.value FROM run JOIN metric x"
		" ON x.job=run.job AND x.split IN ('train', 'test') AND x.name='loss'%s"
		" UNION ALL SELECT run.*, 3, 'share of weights', k.task, k.epoch,"
		" k.weight_mean / (SELECT sum(abs(o.weight_mean)) FROM task_weight o"
		" WHERE o.job=k.job AND o.epoch=k.epoch) FROM run JOIN task_weight k"
		" ON k.job=run.job%s)"
		" SELECT f.variant, f.task, f.what, f.label, f.epoch, f.value, f.seed, f.lr,"
		" f.wd, f.temperature, f.method, CAST(f.job AS TEXT) AS " PLOT_JOB
		" FROM figure f ORDER BY f.place, f.task, f.part, f.position, f.label,"
		" f.epoch, f.seed",
		all ? "" : arena_printf(p->arena, FIRST, "x", "x"),
		all ? "" : arena_printf(p->arena, FIRST, "k", "k"));
}

static int data(struct plot *p, struct err *e)
{
	struct plot_rows r;
	int rc = plot_read(p, query(p), &r, e);
	const char *task = rc || !r.n ? "" : plot_text(&r, 0, ROW_TASK);

	for (int i = 0, end; !rc && i < r.n; i = end) {
		end = plot_group_end(&r, i, ROW_EPOCH + 1);
		if (where_names(&p->where, "task") ||
			!strcmp(plot_text(&r, i, ROW_TASK), task))
			add_epoch(p, &r, i, end);
	}
	return rc;
}

static void draw(struct plot_script *s, int panel)
{
	const char *name = s->p->panel[panel].name;
	bool share = strstr(name, "share") != NULL;

	script_curves(s, panel,
		share ? "share of the task's weight" : "loss (↓ better)",
		&(struct plot_lines){
			.x = EPOCH, .y = VALUE, .std = STD, .ended = -1 });
}

const struct plot_kind plot_loss = {
	.column = column,
	.note = "mean of seeds; band: ± std",
	.data = data,
	.empty = "final runs that ended well",
	.draw = draw,
};
