/*
 * A table environment a block, for \usepackage{booktabs}. What is wider than a line of
 * article gets headings of two lines and narrow gaps, and shrinks to \textwidth, which
 * wants graphicx, too.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "orchestrator/print/glyph.h"
#include "orchestrator/print/latex.h"
#include "orchestrator/print/report.h"

/* What LaTeX does not take as it is. The minus of a number becomes a real one. */
static const struct {
	const char *text;
	const char *latex;
} escapes[] = {
	{ "\\", "\\textbackslash{}" },
	{ "{", "\\{" },
	{ "}", "\\}" },
	{ "$", "\\$" },
	{ "&", "\\&" },
	{ "%", "\\%" },
	{ "#", "\\#" },
	{ "_", "\\_" },
	{ "~", "\\textasciitilde{}" },
	{ "^", "\\textasciicircum{}" },
	{ "<", "\\textless{}" },
	{ ">", "\\textgreater{}" },
	{ "[", "{[}" }, /* after \\ it would begin an argument */
	{ "]", "{]}" },
	{ "|", "\\textbar{}" }, /* a dash in OT1 */
	{ "`", "\\textasciigrave{}" }, /* the others: two make a ligature */
	{ "'", "{'}" },
	{ "\"", "\\textquotedblright{}" },
	{ "-", "-{}" },
	{ ",", ",{}" },
	{ "Δm", "$\\Delta_m$" },
	{ "Δ", "$\\Delta$" },
	{ "δ", "$\\delta$" },
	{ "λ", "$\\lambda$" },
	{ "†", "$\\dagger$" },
	{ "±", "$\\pm$" },
	{ "×", "$\\times$" },
	{ "↑", "$\\uparrow$" },
	{ "↓", "$\\downarrow$" },
	{ "÷", "$\\div$" },
	{ "°", "$^\\circ$" },
	{ "·", "$\\cdot$" },
	{ "²", "$^2$" },
	{ "³", "$^3$" },
	{ "…", "\\dots{}" },
	{ "–", "\\textendash{}" },
	{ "—", "\\textemdash{}" },
	{ "→", "$\\rightarrow$" },
	{ "≤", "$\\leq$" },
	{ "≥", "$\\geq$" },
	{ "∞", "$\\infty$" },
	{ "α", "$\\alpha$" },
	{ "β", "$\\beta$" },
	{ "γ", "$\\gamma$" },
	{ "ε", "$\\epsilon$" },
	{ "η", "$\\eta$" },
	{ "θ", "$\\theta$" },
	{ "μ", "$\\mu$" },
	{ "µ", "$\\mu$" },
	{ "ρ", "$\\rho$" },
	{ "σ", "$\\sigma$" },
	{ "τ", "$\\tau$" },
};

/* Letters with accents that pdflatex makes of its own fonts (OT1). */
static bool has_letter(uint32_t c)
{
	static const char *const without = "ÐÞðþĄąĐđĘęĦħĮįĸĿŀŊŋŦŧŲųŉſ";

	for (const char *s = without; *s;)
		if (glyph_next(&s) == c)
			return false;
	return c < 0x80 || (c >= 0xc0 && c <= 0x17f);
}

/* Bytes of s that one of the escapes stands for; 0: none does. */
static size_t put_escape(struct str *out, const char *s)
{
	for (int i = 0; i < COUNT(escapes); i++) {
		size_t n = strlen(escapes[i].text);

		/* A single one of these is itself. */
		if (strchr("-,", *s) && s[1] != *s)
			return 0;
		if (!strncmp(s, escapes[i].text, n)) {
			str_put(out, escapes[i].latex);
			return n;
		}
	}
	return 0;
}

/* Whether a hyphen is the sign of a number: none that stands inside a word or an exponent. */
static bool is_minus(const char *begin, const char *s)
{
	return *s == '-' && strchr("0123456789.", s[1]) && s[1] &&
		(s == begin || strchr(" [(", s[-1]));
}

/* What pdflatex has no letter for is named, for else it would stop there. */
void latex_put(struct str *out, const char *s)
{
	while (*s) {
		const char *from = s;
		size_t n = put_escape(out, s);
		uint32_t c;

		if (n) {
			s += n;
			continue;
		}
		c = glyph_next(&s);
		if (has_letter(c))
			str_putn(out, from, (size_t)(s - from));
		else
			str_printf(out, "U+%04X", (unsigned)c);
	}
}

static void put_cell(const struct report_column *column, const struct report_cell *c,
	struct str *out)
{
	static const char *const before[] = { "", "\\textbf{", "\\underline{" };
	const char *text = cell_text(c);

	str_put(out, before[c->mark]);
	for (const char *at = text; column->right && *at; at++)
		if (is_minus(text, at)) {
			latex_put(out,
				arena_strndup(out->arena, text, (size_t)(at - text)));
			str_put(out, "$-$");
			text = at + 1;
		}
	latex_put(out, text);
	str_put(out, c->mark ? "}" : "");
	if (c->letters)
		str_printf(out, "$^{\\mathrm{%s}}$", c->letters);
}

static void put_groups(const struct report_table *t, struct str *out)
{
	struct str rules = { .arena = out->arena };
	struct str line = { .arena = out->arena };
	int at = 1; /* columns of LaTeX count from 1 */

	for (int i = 0; i < t->columns; i++) {
		int end = column_group_end(t, i);
		int n = 0;

		if (!column_for_readers(&t->column[i]))
			continue;
		if (at > 1)
			str_put(&line, " & ");
		if (!t->column[i].group) {
			at++;
			continue;
		}
		for (int k = i; k < end; k++)
			n += column_for_readers(&t->column[k]);
		str_printf(&line, "\\multicolumn{%d}{c}{", n);
		latex_put(&line, t->column[i].group);
		str_put(&line, "}");
		str_printf(&rules, "\\cmidrule(lr){%d-%d}", at, at + n - 1);
		at += n;
		i = end - 1;
	}
	if (rules.n)
		str_printf(out, "%s \\\\\n%s\n", str_get(&line), str_get(&rules));
}

/* The blank at which a title falls into the most equal halves; NULL: it has none. */
static const char *middle_of(const char *title)
{
	const char *best = NULL;
	int least = INT_MAX;

	for (const char *at = strchr(title, ' '); at; at = strchr(at + 1, ' ')) {
		const char *first = title;
		int n = 0;

		while (first < at) {
			(void)glyph_next(&first);
			n++;
		}
		n = abs(n - glyph_text_width(at + 1));
		if (n <= least)
			best = at;
		least = n < least ? n : least;
	}
	return best;
}

static void put_halves(const char *title, bool right, struct str *out)
{
	const char *at = middle_of(title);

	if (!at) {
		latex_put(out, title);
		return;
	}
	str_printf(out, "\\shortstack[%c]{", right ? 'r' : 'l');
	latex_put(out, arena_strndup(out->arena, title, (size_t)(at - title)));
	str_put(out, "\\\\");
	latex_put(out, at + 1);
	str_put(out, "}");
}

static void put_titles(const struct report_table *t, bool wide, struct str *out)
{
	const char *before = "";

	for (int i = 0; i < t->columns; i++) {
		if (!column_for_readers(&t->column[i]))
			continue;
		str_put(out, before);
		if (wide)
			put_halves(column_title(&t->column[i], out->arena),
				t->column[i].right, out);
		else
			latex_put(out, column_title(&t->column[i], out->arena));
		before = " & ";
	}
	str_put(out, " \\\\\n\\midrule\n");
}

static void put_row(const struct report_table *t, int row, struct str *out)
{
	const char *before = "";

	for (int i = 0; i < t->columns; i++) {
		if (!column_for_readers(&t->column[i]))
			continue;
		str_put(out, before);
		put_cell(&t->column[i], table_at(t, row, i), out);
		before = " & ";
	}
	str_put(out, " \\\\\n");
}

/* What a caption begins with; NULL: with the heading. */
static const char *title_of(const struct report *r, const struct report_table *t)
{
	return t->named && t->heading ? NULL : r->title;
}

/* tab:mine, of a block tab:mine:sgd-0-5: letters and digits alone, as \ref takes them. */
static void put_label(
	const struct report *r, const struct report_table *t, struct str *out)
{
	const char *part[] = { title_of(r, t), t->heading };

	str_put(out, "\\label{tab");
	for (int i = 0; i < COUNT(part); i++) {
		str_put(out, part[i] ? ":" : "");
		for (const char *s = part[i]; s && *s; s++) {
			bool plain = (*s >= 'a' && *s <= 'z') ||
				(*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9');

			str_putn(out, plain ? s : "-", 1);
		}
	}
	str_put(out, "}\n");
}

static void put_caption(
	const struct report *r, const struct report_table *t, struct str *out)
{
	const char *title = title_of(r, t);

	if (!title && !t->heading)
		return;
	str_put(out, "\\caption{");
	latex_put(out, title ? title : "");
	str_put(out, title && t->heading ? ", " : "");
	latex_put(out, t->heading ? t->heading : "");
	str_put(out, "}\n");
	put_label(r, t, out);
}

#define LINE_POINTS 345 /* \textwidth of article at 10 points */
#define GLYPH_POINTS 5 /* of a digit */
#define GAP_POINTS 12 /* two \tabcolsep */

/* Whether it is wider than a line, as far as the number of letters tells. */
static bool is_wide(const struct report_table *t, struct arena *a)
{
	int points = 0;

	for (int i = 0; i < t->columns; i++) {
		int most = glyph_text_width(column_title(&t->column[i], a));

		if (!column_for_readers(&t->column[i]))
			continue;
		for (int row = 0; row < table_rows(t); row++) {
			int n = glyph_text_width(cell_text(table_at(t, row, i)));

			most = n > most ? n : most;
		}
		points += most * GLYPH_POINTS + GAP_POINTS;
	}
	return points > LINE_POINTS;
}

static const struct report_cell *first_cell(const struct report_table *t, int row)
{
	int i = 0;

	while (i < t->columns - 1 && !column_for_readers(&t->column[i]))
		i++;
	return table_at(t, row, i);
}

static void put_table(
	const struct report *r, const struct report_table *t, struct str *out)
{
	bool wide = is_wide(t, out->arena);

	str_put(out, "\\begin{table}\n\\centering\n");
	put_caption(r, t, out);
	if (wide)
		str_put(out,
			"\\setlength{\\tabcolsep}{3pt}\n"
			"\\resizebox{\\ifdim\\width>\\textwidth\\textwidth\\else\\width\\fi}{!}{%\n");
	str_put(out, "\\begin{tabular}{");
	for (int i = 0; i < t->columns; i++)
		if (column_for_readers(&t->column[i]))
			str_put(out, t->column[i].right ? "r" : "l");
	str_put(out, "}\n\\toprule\n");
	put_groups(t, out);
	put_titles(t, wide, out);
	for (int row = 0; row < table_rows(t); row++) {
		bool begins = t->stacked && *cell_text(first_cell(t, row));

		if (row && (begins || row == table_rows(t) - t->foot))
			str_put(out, "\\midrule\n");
		put_row(t, row, out);
	}
	str_put(out, "\\bottomrule\n\\end{tabular}");
	str_put(out, wide ? "}\n" : "\n");
	for (int i = 0; i < r->notes && t == &r->table[r->tables - 1]; i++) {
		str_put(out, "\n\\smallskip\n{\\footnotesize ");
		latex_put(out, r->note[i]);
		str_put(out, "\\par}\n");
	}
	str_put(out, "\\end{table}\n");
}

void report_latex(const struct report *r, struct str *out)
{
	bool wide = false;

	for (int i = 0; i < r->tables; i++)
		wide = wide || is_wide(&r->table[i], out->arena);
	str_printf(out, "%% needs \\usepackage{booktabs%s}\n", wide ? ",graphicx" : "");
	for (int i = 0; i < r->tables; i++)
		put_table(r, &r->table[i], out);
}
