/* Learned sigma against the noise of the data: Fig. 1 of Kirchdorfer et al. 2025. */
#include "orchestrator/toy/toy.h"

#define WIDTHS_MAX 8

static void columns(struct report_table *t, const char *what, const char *title,
	const int64_t *width, int widths)
{
	for (int i = 0; i < widths; i++) {
		struct report_column *c = table_column(t,
			arena_printf(t->arena, "%s_%lld", what, (long long)width[i]),
			arena_printf(t->arena, "width %lld", (long long)width[i]));

		c->group = title;
		c->right = true;
	}
}

static int read_widths(struct store *s, int64_t *width, int *n, struct err *e)
{
	struct rows r = rows_open(s, STMT_TOY_WIDTHS, NO_ARGS, e);

	for (*n = 0; rows_next(&r); ++*n) {
		ASSERT(*n < WIDTHS_MAX);
		width[*n] = rows_int64(&r);
	}
	return rows_close(&r);
}

static void put_number(struct report_table *t, double v)
{
	table_number(t, v, arena_printf(t->arena, "%.3g", v));
}

/* Rows come by noise, samples and width: as many of them make a line as widths. */
static int put_lines(struct report_table *t, struct store *s, int widths, struct err *e)
{
	struct rows r = rows_open(s, STMT_TOY_SIGMA, NO_ARGS, e);
	double test[WIDTHS_MAX];
	int i = 0;

	while (rows_next(&r)) {
		double noise = rows_real(&r);
		double samples = rows_real(&r);

		if (i == 0) {
			table_number(t, noise, NULL);
			table_number(t, samples, NULL);
		}
		put_number(t, rows_real(&r));
		test[i++] = rows_real(&r);
		if (i < widths)
			continue;
		for (i = 0; i < widths; i++)
			put_number(t, test[i]);
		i = 0;
	}
	return rows_close(&r);
}

int toy_sigma_report(struct report *r, struct store *s, int steps, struct err *e)
{
	int64_t width[WIDTHS_MAX];
	int widths;
	struct report_table *t;
	int rc = read_widths(s, width, &widths, e);

	if (rc)
		return rc;
	t = report_table(r, NULL);
	table_column(t, "sigma", "σ")->right = true;
	table_column(t, "samples", "Samples")->right = true;
	columns(t, "learned", "learned σ", width, widths);
	columns(t, "test", "test error", width, widths);
	rc = put_lines(t, s, widths, e);
	report_note(r,
		"y = x + σ e regressed with squared error under UW (form l2) in %d "
		"steps; learned σ: exp(s / 2) after the last. It settles at the root "
		"of the training error, so few samples under a wide network leave it "
		"below σ while the test error (root mean square) is above.",
		steps);
	return rc;
}
