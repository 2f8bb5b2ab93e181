/* The noise that UW learns over that of the data, by number and width (`deltam toy --sigma`). */
#include "orchestrator/plot/plot_script.h"

enum { NOISE, LEARNED, TRAIN_ERROR, TEST_ERROR };
static const char *const column[] = { "noise", "sigma", "train_error", "test_error",
	NULL };

enum { ROW_SAMPLES, ROW_WIDTH, ROW_NOISE };

static void add_point(struct plot *p, const struct plot_rows *r, int i, int end)
{
	int panel = plot_panel(p,
		arena_printf(p->arena, "%g samples", plot_number(r, i, ROW_SAMPLES)));
	struct plot_series *s = plot_series(p, panel,
		arena_printf(p->arena, "width %g", plot_number(r, i, ROW_WIDTH)));
	double *x = plot_point(p, s, NULL);

	(void)end;
	for (int c = NOISE; c <= TEST_ERROR; c++)
		x[c] = plot_number(r, i, ROW_NOISE + c);
}

static int data(struct plot *p, struct err *e)
{
	return plot_read_groups(p,
		"SELECT samples, width, noise, sigma, train_error, test_error FROM toy_sigma"
		" WHERE ?1 IS NOT NULL ORDER BY samples, width, noise",
		ROW_NOISE + 1, add_point, e);
}

static void draw(struct plot_script *s, int panel)
{
	script_label(s, "x", "σ of the data");
	script_label(s, "y", "learned σ");
	script_log_axis(s, "x", panel, NOISE);
	script_put(s, "set logscale y\nset yrange [*:2]\nset offsets\n");
	script_lines(s, panel,
		&(struct plot_lines){ .x = NOISE,
			.y = LEARNED,
			.std = -1,
			.ended = -1,
			.marks = true,
			.more = true });
	script_put(s, "x with lines dt 3 lw 1 lc rgb '#808080' title ");
	script_text(s, "learned = true");
	script_put(s, "\n");
}

const struct plot_kind plot_sigma = {
	.column = column,
	.note = "one seed",
	.toy = true,
	.small = true,
	.ordered = true,
	.height = 1.5,
	.data = data,
	.empty = "what `deltam toy --sigma` writes",
	.draw = draw,
};
