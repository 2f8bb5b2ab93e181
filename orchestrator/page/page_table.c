#include <string.h>
#include "orchestrator/page/page.h"
#include "orchestrator/print/shape.h"
#include "orchestrator/report/benchmark.h"
#include "orchestrator/report/run_list.h"

/* What the rows of the tables open to. */
struct rows_that_open {
	struct page *page;
	const struct run_list *list;
	int rc;
	struct err *e;
};

/* What a program would read in a column of that name; "" where there is none. */
static const char *field(const struct report_table *t, int row, const char *name)
{
	for (int i = 0; i < t->columns; i++)
		if (!strcmp(t->column[i].name, name))
			return cell_exact(table_at(t, row, i));
	return "";
}

/* Another row, which the script folds away until somebody asks for it. */
static void put_more(void *arg, const struct report_table *t, int row, struct str *out)
{
	struct rows_that_open *x = arg;

	str_printf(out, "<tr class=\"more\"><td colspan=\"%d\">\n", html_columns(t));
	if (!x->rc)
		x->rc = page_entry(x->page, x->list, field(t, row, "variant"),
			field(t, row, "label"), x->e);
	str_put(out, "</td></tr>\n");
}

static void put_tables(struct rows_that_open *x, const struct report *r)
{
	struct str *out = &x->page->out;

	for (int i = 0; i < r->tables; i++) {
		str_put(out, "<div class=\"wide\">\n");
		html_table(&r->table[i],
			&(struct html_table){ .attributes = " class=\"sorts\"",
				.exact = true,
				.after = put_more,
				.arg = x },
			out);
		str_put(out, "</div>\n");
	}
	for (int i = 0; i < r->notes; i++)
		html_element(out, "p", " class=\"note\"", r->note[i]);
}

/*
 * What a table is read for stands behind the method: with three tasks of many criteria the end
 * of a row is beyond the screen.
 */
static void put_figure_first(const struct report *r)
{
	static const char *const figures[] = { "delta_m", "gain" };

	for (int i = 0; i < r->tables; i++)
		for (int k = 0; k < COUNT(figures); k++)
			shape_move(&r->table[i], figures[k],
				shape_find(&r->table[i], "label") + 1);
}

/* Cost has a section of its own. */
static void hide_cost(const struct report *r)
{
	for (int i = 0; i < r->tables; i++)
		for (int k = 0; k < r->table[i].columns; k++) {
			struct report_column *c = &r->table[i].column[k];

			if (strstr(PAGE_COST_COLUMNS,
				    arena_printf(r->arena, ",%s,", c->name)))
				c->audience = FOR_PROGRAMS;
		}
}

int page_table(struct page *p, struct err *e)
{
	struct report_reader *reader = p->reader;
	struct run_list list;
	struct rows_that_open x = { p, &list, OK, e };
	int rc = benchmark_report(&reader->s, &reader->sweep,
		&(struct benchmark_view){ .cost = true }, &p->table, e);

	if (!rc)
		rc = run_list_read(
			&reader->s, &reader->sweep, NULL, p->arena, &list, e);
	if (rc)
		return rc;
	hide_cost(&p->table);
	put_figure_first(&p->table);
	page_say(p,
		"<b>Bold</b> is the best of a column among the methods, <u>underlined</u> the "
		"second. A click on a method opens what it was given, its seeds and their "
		"curves; a click on a heading sorts.");
	put_tables(&x, &p->table);
	page_command(p, "table");
	return x.rc;
}
