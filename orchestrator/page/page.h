/*
 * `deltam report`: one HTML file of everything that a sweep has, which asks the network for
 * nothing. What it shows comes from the functions behind `table`, `plot`, `runs` and the
 * others, so that every number on it is also the answer of a command, which stands beside it.
 *
 *	page.c           the command: reads, writes the file whole, again under --watch
 *	page_frame.c     what stands around the sections: head, contents, foot
 *	page_part.c      what sections are made of: commands, tables with notes
 *	page_table.c     the table, whose rows open
 *	page_entry.c     what a row opens to: configuration, curve, seeds
 *	page_figures.c   every plot that the sweep has rows for
 *	page_svg.c       a picture of gnuplot as a part of the page
 *	page_sections.c  standing, decisions, failures, cost, machines, sweep file
 *	page.css, page.js  looks and behaviour; without the script everything is there, open
 *
 * Texts of the database reach the page through html_put alone. The page also forbids itself
 * whatever a slip of that could do: its policy names the one script it has by its nonce.
 */
#ifndef DELTAM_PAGE_H
#define DELTAM_PAGE_H

#include "orchestrator/plot/plot.h"
#include "orchestrator/print/html.h"
#include "orchestrator/report/standing.h"

struct page {
	struct report_reader *reader;
	struct arena *arena;
	const struct cli_options *options;
	struct str out;
	const char *
		which; /* " --db FILE --sweep NAME": what commands add, quoted for a shell */
	struct report
		table; /* the benchmark with its cost, once page_table has read it */
	int refresh; /* the page reloads itself after so many seconds; 0: it does not */
};

extern const char page_css[], page_js[];

/* Fills page->out. ERR_DB; a plot that cannot be drawn is told on the page. */
MUST_CHECK int page_write(struct page *p, struct err *e);

/* A paragraph of our own words, which are markup already. */
void page_say(struct page *p, const char *text);
/* The command that gives the same: `fmt` is what stands behind "deltam ". */
void page_command(struct page *p, const char *fmt, ...) PRINTF(2, 3);
/* A word of a command line; in quotes where a shell would take it for more. */
const char *page_quoted(struct arena *a, const char *word);
/* The tables of a report, each in a box that scrolls, and its notes. */
void page_report(struct page *p, const struct report *r);

/* The sections; page_frame.c has their order. */
MUST_CHECK int page_standing(struct page *p, struct err *e);
MUST_CHECK int page_table(struct page *p, struct err *e);
MUST_CHECK int page_figures(struct page *p, struct err *e);
MUST_CHECK int page_decisions(struct page *p, struct err *e);
MUST_CHECK int page_failures(struct page *p, struct err *e);
/* Those of the table that are of cost, behind "label". */
#define PAGE_COST_COLUMNS \
	",seconds_per_epoch,cpu_seconds,peak_bytes,forward_passes,head_passes,trunk_passes,"
MUST_CHECK int page_cost(struct page *p, struct err *e);
MUST_CHECK int page_machines(struct page *p, struct err *e);
MUST_CHECK int page_asked(struct page *p, struct err *e);

struct run_list;
/* What is known of the row (variant, label) of the table: runs of all the sweep's. */
MUST_CHECK int page_entry(struct page *p, const struct run_list *l, const char *variant,
	const char *label, struct err *e);

/* A picture as gnuplot writes it for a page, and what its points say by number. */
struct page_picture {
	const char *svg;
	const char *name; /* prefix of its ids */
	const char *says; /* for who does not see it */
	const char *const *hover;
	int hovers;
};
/*
 * Adds the picture. What gnuplot adds for scripts of its own is left out, and so is every
 * element and attribute that a drawing has no use for.
 */
void page_svg(struct str *out, const struct page_picture *x);

#endif
