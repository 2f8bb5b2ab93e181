/*
 * Texts and tables as HTML, for the format of that name and for pages (orchestrator/page/).
 */
#ifndef DELTAM_HTML_H
#define DELTAM_HTML_H

#include "orchestrator/print/report.h"

/*
 * Adds s with everything escaped that HTML would take for markup, in texts and attributes, and
 * a blank for what controls a terminal.
 */
void html_put(struct str *out, const char *s);
/* <tag attributes>text</tag>; attributes begin with a blank, or are "". */
void html_element(
	struct str *out, const char *tag, const char *attributes, const char *text);

/* What a page adds to a table; NULL, 0: nothing. */
struct html_table {
	const char *attributes; /* of the table element, with a blank before them */
	bool exact; /* figures in full precision stand beside what readers see, to sort by */
	/* Adds what follows a row, such as another one. */
	void (*after)(
		void *arg, const struct report_table *t, int row, struct str *out);
	void *arg;
};
/* The columns for readers; how many there are is html_columns. */
void html_table(
	const struct report_table *t, const struct html_table *x, struct str *out);
int html_columns(const struct report_table *t);

#endif
