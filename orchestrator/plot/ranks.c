/* A critical-difference diagram (Demšar 2006): average ranks over the variants of a sweep. */
#include <math.h>
#include <string.h>
#include "orchestrator/plot/plot_script.h"
#include "orchestrator/stats/stats_ranks.h"

#define ALPHA 0.05

enum { RANK, BLOCKS, CRITICAL };
static const char *const column[] = { "rank", "blocks", "critical_difference", NULL };

enum { ROW_LABEL, ROW_VARIANT, ROW_DELTA_M };

static int variants_of(const struct plot_rows *r)
{
	int most = 0;

	for (int i = 0, end; i < r->n; i = end) {
		end = plot_group_end(r, i, ROW_LABEL + 1);
		most = end - i > most ? end - i : most;
	}
	return most;
}

/* Methods with results in every variant; the lowest rank first. */
static void add_ranks(struct plot *p, const struct plot_rows *r, int blocks)
{
	const char **label = NEW_ARRAY(p->arena, const char *, r->n + 1);
	double *cost = NEW_ARRAY(p->arena, double, r->n + 1);
	double *block_rank = NEW_ARRAY(p->arena, double, r->n + 1);
	double *rank = NEW_ARRAY(p->arena, double, r->n + 1);
	int *from = NEW_ARRAY(p->arena, int, r->n + 1);
	int k = 0;

	for (int i = 0, end; i < r->n; i = end) {
		end = plot_group_end(r, i, ROW_LABEL + 1);
		if (end - i == blocks) {
			from[k] = i;
			label[k++] = plot_text(r, i, ROW_LABEL);
		}
	}
	if (blocks < 2 || k < 2)
		return;
	for (int b = 0; b < blocks; b++)
		for (int j = 0; j < k; j++)
			cost[b * k + j] = plot_number(r, from[j] + b, ROW_DELTA_M);
	stats_mean_ranks(blocks, k, cost, block_rank, rank);
	for (int done = 0; done < k; done++) {
		int next = -1;
		struct plot_series *s;
		double *x;

		for (int j = 0; j < k; j++)
			if (label[j] && (next < 0 || rank[j] < rank[next]))
				next = j;
		s = plot_series(p, plot_panel(p, ""), label[next]);
		s->title = plot_method_title(label[next]);
		x = plot_point(p, s, NULL);
		x[RANK] = rank[next];
		x[BLOCKS] = blocks;
		x[CRITICAL] = stats_nemenyi_difference(blocks, k, ALPHA);
		label[next] = NULL;
	}
}

static int data(struct plot *p, struct err *e)
{
	struct plot_rows r;
	int rc = plot_read(p,
		"SELECT b.label, b.variant, b.delta_m, b.method, " PLOT_JOB_OF_BENCHMARK
		" AS " PLOT_JOB " FROM benchmark b"
		" WHERE b.sweep=?1 AND b.method<>'stl' AND b.delta_m IS NOT NULL"
		" ORDER BY " PLOT_LABEL_ORDER(
			"b.label") ", b.label, " PLOT_VARIANT_ORDER("b.variant"),
		&r, e);

	if (!rc)
		add_ranks(p, &r, variants_of(&r));
	return rc;
}

/* Bars over methods that cannot be told apart; none lies inside another. */
static void put_bars(struct plot_script *s, double critical)
{
	const struct plot *p = s->p;
	int reached = 0;
	int level = 0;

	for (int i = 0; i < p->n; i++) {
		int last = i;

		while (last + 1 < p->n &&
			p->series[last + 1]->point[RANK] - p->series[i]->point[RANK] <
				critical)
			last++;
		if (last > i && last > reached) {
			script_put(s,
				"set arrow from %.17g,%g to %.17g,%g nohead lw 4 lc rgb "
				"'#555555'\n",
				p->series[i]->point[RANK] - 0.03, -0.15 - 0.2 * level,
				p->series[last]->point[RANK] + 0.03,
				-0.15 - 0.2 * level);
			reached = last;
			level = (level + 1) % 3;
		}
	}
}

/* How far below the axis a method's line turns to its name. */
static double depth_of(const struct plot *p, int i)
{
	bool left = i < (p->n + 1) / 2;

	return -0.8 - 0.4 * (left ? i : p->n - 1 - i);
}

static void put_hover(struct plot_script *s)
{
	const struct plot *p = s->p;

	script_hover_begin(s);
	for (int i = 0; i < p->n; i++)
		script_hover_point(s, p->series[i]->point[RANK], depth_of(p, i),
			script_hover_text(s, p->series[i], 0));
	script_hover_end(s);
}

/* Each method hangs on a line from its rank, the better half left, the others right. */
static void draw(struct plot_script *s, int panel)
{
	const struct plot *p = s->p;
	const double *first = p->series[0]->point;
	int half = (p->n + 1) / 2;

	(void)panel;
	script_put(s, "set title ");
	script_text(s,
		arena_printf(s->out.arena,
			"average rank in Δm (1: best) of %g variants, critical difference %.2f",
			first[BLOCKS], first[CRITICAL]));
	script_put(s,
		"\nunset key\nunset xlabel\nunset ylabel\nunset ytics\nunset grid\nset border 4\n"
		"unset xtics\nset x2tics 1 out scale 0.5\nset lmargin 12\nset rmargin 12\n"
		"set xrange [0.8:%d.2]\nset x2range [0.8:%d.2]\nset yrange "
		"[-%g:0]\nset title offset 0,0.5\n",
		p->n, p->n, half * 0.4 + 0.8);
	put_bars(s, first[CRITICAL]);
	for (int i = 0; i < p->n; i++) {
		double rank = p->series[i]->point[RANK];
		bool left = i < half;
		double y = depth_of(p, i);
		double side = left ? 0.8 : p->n + 0.2;

		script_put(s,
			"set arrow from %.17g,0 to %.17g,%g nohead lw 1 lc rgb '#000000'\n"
			"set arrow from %.17g,%g to %g,%g nohead lw 1 lc rgb '#000000'\nset label ",
			rank, rank, y, rank, y, side, y);
		script_text(s, p->series[i]->title);
		script_put(s, " at %g,%g %s offset %d,0\n", side, y,
			left ? "right" : "left", left ? -1 : 1);
	}
	if (s->page)
		put_hover(s);
	script_put(s, "plot NaN notitle");
	script_hover_last(s);
	script_put(s, "\n");
}

const struct plot_kind plot_ranks = {
	.column = column,
	.map = true, /* texts stand at the lines: there is no key */
	.height = 1.5,
	.data = data,
	.empty = "two variants, and two methods with results in each",
	.draw = draw,
};
