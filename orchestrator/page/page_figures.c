#include <string.h>
#include "orchestrator/page/page.h"
#include "orchestrator/plot/gnuplot.h"
#include "orchestrator/plot/plot_script.h"

#define PANELS_NARROW 2 /* as many stand one above the other; more stand side by side */

/* What the plots have found out. */
struct figures {
	struct page *page;
	const char *missing; /* why gnuplot draws nothing; NULL: it does */
	struct str without; /* list items: kinds that the sweep has no rows for */
};

/* What plot.def says of a plot, where commands stand in backquotes. */
static void put_shows(struct str *out, const char *text)
{
	bool code = false;

	for (; *text; text++)
		if (*text == '`') {
			str_put(out, code ? "</code>" : "<code>");
			code = !code;
		} else
			html_put(out, (char[]){ *text, '\0' });
}

/* A plot in words: what it shows, and of what. */
static const char *in_words(const struct plot *p, const struct plot_row *row)
{
	struct str text = { .arena = p->arena };

	str_printf(&text, "Plot of %s. Series: ", row->shows);
	for (int i = 0; i < p->styles; i++)
		str_printf(&text, "%s%s", i ? ", " : "",
			*p->style[i] ? p->style[i] : "all");
	str_printf(&text, ". Its figures: deltam plot %s --data.", row->id);
	return str_get(&text);
}

static void put_caption(const struct figures *x, const struct plot_row *row, bool wide)
{
	struct str *out = &x->page->out;

	str_put(out, "<figcaption>");
	html_element(out, "b", "", row->id);
	str_put(out, ": ");
	put_shows(out, row->shows);
	if (strcmp(row->figure, "none") != 0) {
		str_put(out, " (");
		html_put(out, row->figure);
		str_put(out, ")");
	}
	page_command(x->page, "plot %s%s -o %s.pdf", row->id, wide ? " --wide" : "",
		row->id);
	str_put(out, "</figcaption>\n</figure>\n");
}

/* A picture that gnuplot could not draw leaves its reason where it would stand. */
static void put_picture(
	struct figures *x, const struct plot_script *s, const struct plot_row *row)
{
	struct page_picture picture = { .name = s->page,
		.says = in_words(s->p, row),
		.hover = s->hover,
		.hovers = s->hovers };
	struct err e = { 0 };

	if (gnuplot_text(str_get(&s->out), &picture.svg, s->out.arena, &e))
		html_element(&x->page->out, "p", " class=\"note\"", e.msg);
	else
		page_svg(&x->page->out, &picture);
}

static void put_figure(
	struct figures *x, const struct plot *p, const struct plot_row *row)
{
	struct plot_script s = { .out.arena = p->arena,
		.p = p,
		.format = PLOT_SVG,
		.wide = p->panels > PANELS_NARROW,
		.page = arena_printf(p->arena, "plot_%s", row->id) };

	plot_script_write(&s);
	str_printf(&x->page->out,
		"<figure class=\"%s\" id=\"plot-%s\">\n<div class=\"wide\">",
		s.wide ? "broad" : "narrow", row->id);
	put_picture(x, &s, row);
	str_put(&x->page->out, "</div>\n");
	put_caption(x, row, s.wide);
}

static void note_without(struct figures *x, const struct plot_row *row, const char *why)
{
	str_put(&x->without, "<li>");
	html_element(&x->without, "b", "", row->id);
	str_put(&x->without, ": ");
	put_shows(&x->without, why);
	str_put(&x->without, "</li>\n");
}

static int put_kind(struct figures *x, const struct plot_row *row, struct err *e)
{
	struct report_reader *r = x->page->reader;
	struct arena a = { 0 };
	struct plot p = { .arena = &a, .store = &r->s, .sweep = &r->sweep };
	struct err why = { 0 };
	int rc = plot_fill(&p, row->kind, &why);

	if (rc == ERR_USAGE)
		note_without(x, row, why.msg);
	else if (!rc && !p.n)
		note_without(x, row, arena_printf(&a, "it wants %s", row->kind->empty));
	else if (!rc)
		put_figure(x, &p, row);
	else
		err_set(e, rc, "%s", why.msg);
	arena_release(&a);
	return rc == ERR_USAGE ? OK : rc;
}

/* Whether there is a gnuplot: without one no plot is tried. */
static void look_for_gnuplot(struct figures *x)
{
	const char *nothing;
	struct err e = { 0 };

	if (gnuplot_text("exit\n", &nothing, x->page->arena, &e))
		x->missing = arena_strdup(x->page->arena, e.msg);
}

int page_figures(struct page *page, struct err *e)
{
	struct figures x = { .page = page, .without.arena = page->arena };
	const struct plot_row *row;
	int rc = OK;

	look_for_gnuplot(&x);
	if (x.missing) {
		html_element(&page->out, "p", " class=\"note\"", x.missing);
		return OK;
	}
	page_say(page,
		"Points say what they are when the pointer rests on them; a click on a "
		"line of the key hides what it names.");
	str_put(&page->out, "<div class=\"figures\">\n");
	for (int i = 0; (row = plot_row_at(i)) && !rc; i++)
		rc = row->kind->toy ? OK : put_kind(&x, row, e);
	str_put(&page->out, "</div>\n");
	if (x.without.n)
		str_printf(&page->out,
			"<details><summary>Plots that this sweep has no figures for"
			"</summary>\n<ul>\n%s</ul></details>\n",
			str_get(&x.without));
	return rc;
}
