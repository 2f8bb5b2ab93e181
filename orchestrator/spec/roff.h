/*
 * Pages of the documentation as man pages. A page is written once, in the Markdown that
 * docs/ holds, and this makes roff of it: there is no second text that could disagree.
 */
#ifndef DELTAM_ROFF_H
#define DELTAM_ROFF_H

#include "common/str.h"

/*
 * page: "# name – what it is" first, then headings (##), paragraphs, `code`, fenced blocks,
 * lists and tables. A row of a table becomes a tagged paragraph: the first cell is the
 * tag (with a column `of`, the first two), the last one its text, and what stands between
 * follows in brackets with the heads of the columns. Long tables of plain cells are read
 * on a terminal better that way than as tables. section: 1 or 5.
 */
void roff_page(struct str *out, const char *page, int section);

#endif
