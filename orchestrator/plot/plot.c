#include "orchestrator/plot/plot.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "common/store/schema.h"
#include "common/store/store_open.h"
#include "orchestrator/plot/gnuplot.h"
#include "orchestrator/plot/plot_script.h"
#include "orchestrator/report/reader.h"

static const struct plot_row kinds[] = {
#define PLOT(id, shows, figure) { #id, &plot_##id, shows, figure },
#include "orchestrator/plot/plot.def"
#undef PLOT
};

const struct plot_row *plot_row_at(int i)
{
	return i < COUNT(kinds) ? &kinds[i] : NULL;
}

static int find_kind(const char *id, const struct plot_kind **kind, struct err *e)
{
	const char *names[COUNT(kinds)];
	char list[512] = "";
	char hint[HINT_MAX];

	for (int i = 0; i < COUNT(kinds); i++) {
		size_t n = strlen(list);

		names[i] = kinds[i].id;
		(void)snprintf(
			list + n, sizeof(list) - n, "%s%s", i ? ", " : "", kinds[i].id);
		if (!strcmp(kinds[i].id, id)) {
			*kind = kinds[i].kind;
			return OK;
		}
	}
	return err_set(e, ERR_USAGE, "there is no plot \"%s\"%s; there are %s", id,
		str_hint(str_nearest(id, names, COUNT(kinds)), hint), list);
}

/* The format that the ending of the file asks for. */
static int format_of(const char *out, enum plot_format *format, struct err *e)
{
	const char *dot = out ? strrchr(out, '.') : NULL;

	*format = PLOT_SVG;
	for (int i = 0; dot && i < PLOT_FORMATS; i++)
		if (!strcmp(dot + 1, plot_format_name[i])) {
			*format = (enum plot_format)i;
			return OK;
		}
	return out
		? err_set(e, ERR_USAGE, "%s: a plot is .svg, .png, .pdf or .tex", out)
		: OK;
}

static int columns_of(const struct plot_kind *kind)
{
	int n = 0;

	while (kind->column[n])
		n++;
	return n;
}

int plot_fill(struct plot *p, const struct plot_kind *kind, struct err *e)
{
	p->kind = kind;
	p->columns = columns_of(kind);
	return kind->data(p, e);
}

/* The series as a table: panel, series, the text of a point, then its columns. */
static void print_data(const struct plot *p, const struct cli_options *o)
{
	struct report r = { .arena = p->arena };
	struct report_table *t = report_table(&r, NULL);

	table_column(t, "panel", "panel");
	table_column(t, "series", "series");
	if (p->kind->tag)
		table_column(t, p->kind->tag, p->kind->tag);
	for (int c = 0; c < p->columns; c++)
		table_column(t, p->kind->column[c], p->kind->column[c])->right = true;
	for (int i = 0; i < p->n; i++) {
		const struct plot_series *s = p->series[i];

		for (int k = 0; k < s->n; k++) {
			table_text(t, s->panel < 0 ? "" : p->panel[s->panel].name);
			table_text(t, s->name);
			if (p->kind->tag)
				table_text(t, s->tag[k]);
			for (int c = 0; c < p->columns; c++)
				table_number(t, s->point[k * p->columns + c], NULL);
		}
	}
	reader_print(&r, o);
}

/* The style that a document reads lies beside the picture; gnuplot knows where it has it. */
static void put_tex_style(struct plot_script *s, const char *out)
{
	struct arena *a = s->out.arena;
	const char *slash = strrchr(out, '/');
	char *folder = slash ? arena_strndup(a, out, (size_t)(slash - out) + 1)
			     : arena_strdup(a, "./");

	if (access(arena_printf(a, "%sgnuplot-lua-tikz.sty", folder), F_OK) == 0)
		return;
	str_put(&s->out, "unset output\ncd '");
	for (const char *c = folder; *c; c++)
		str_put(&s->out, *c == '\'' ? "''" : (char[]){ *c, '\0' });
	str_put(&s->out, "'\nset terminal tikz createstyle\n");
}

static int draw(const struct plot *p, const struct cli_options *o,
	enum plot_format format, struct err *e)
{
	struct plot_script s = {
		.out.arena = p->arena, .p = p, .format = format, .wide = o->wide != 0
	};

	plot_script_write(&s);
	if (o->script) {
		fputs(str_get(&s.out), stdout);
		return OK;
	}
	if (format == PLOT_TEX)
		put_tex_style(&s, o->out);
	return gnuplot_run(str_get(&s.out), o->out, p->arena, e);
}

/* What is read, whoever has opened it. */
static int answer(struct plot *p, const struct cli_options *o, enum plot_format format,
	struct err *e)
{
	int rc = where_parse(&p->where, o->where, p->arena, e);

	p->criteria = o->criteria;
	if (!rc)
		rc = plot_fill(p, p->kind, e);
	if (rc)
		return rc;
	if (!p->n)
		return err_set(e, ERR_USAGE,
			"%s has nothing to draw%s: this plot wants %s", p->sweep->name,
			o->where ? " that --where admits" : "", p->kind->empty);
	if (o->data)
		print_data(p, o);
	return o->data ? OK : draw(p, o, format, e);
}

static int plot_results(const struct plot_kind *kind, const struct cli_options *o,
	enum plot_format format, struct err *e)
{
	struct report_reader reader;
	struct cli_options of_sweep = *o;
	int rc;

	of_sweep.operand = o->second;
	rc = reader_open(&reader, &of_sweep, e);
	if (!rc) {
		struct plot p = { .arena = &reader.arena,
			.store = &reader.s,
			.sweep = &reader.sweep,
			.kind = kind };

		rc = answer(&p, o, format, e);
	}
	reader_close(&reader);
	return rc;
}

/* Toy problems have a database of their own, and no sweep in it. */
static int plot_toys(const struct plot_kind *kind, const struct cli_options *o,
	enum plot_format format, struct err *e)
{
	const char *path = o->db ? o->db : "toy.db";
	struct arena a = { 0 };
	struct store s;
	struct query_sweep toys = { .name = path };
	struct plot p = { .arena = &a, .store = &s, .sweep = &toys, .kind = kind };
	int rc;

	if (o->second)
		return err_set(e, ERR_USAGE,
			"this plot is of `deltam toy`, not of a sweep: --db says which "
			"database, toy.db unless it is given");
	rc = store_open(&s, path, STORE_QUERY, e);
	if (rc)
		return rc;
	if (s.schema != &schema_toy)
		rc = err_set(e, ERR_USAGE, "%s holds %s; this plot wants %s", path,
			s.schema->holds, kind->empty);
	if (!rc)
		rc = answer(&p, o, format, e);
	store_close(&s);
	arena_release(&a);
	return rc;
}

int cmd_plot(const struct cli_options *o, struct err *e)
{
	const struct plot_kind *kind = NULL;
	enum plot_format format;
	int rc = find_kind(o->operand, &kind, e);

	if (!rc)
		rc = format_of(o->out, &format, e);
	if (!rc && !o->out && !o->data && !o->script)
		rc = err_set(e, ERR_USAGE,
			"where shall the plot go? -o FILE.svg (or .png, .pdf, .tex); "
			"--data prints its figures, --script its commands");
	if (rc)
		return rc;
	return kind->toy ? plot_toys(kind, o, format, e)
			 : plot_results(kind, o, format, e);
}
