/*
 * Diagnostics: errors with a place in a text, collected and printed as compilers do.
 *
 *	sweeps/toy.json:14:22: error: alpha 9 is above the maximum 5 for method "gradnorm"
 *	   14 |       "alpha": [0.5, 9]
 *	      |                      ^
 * Lines and columns count from 1; a column is a character, a tab is one character and
 * is repeated in the caret's line, so that both lines shift alike.
 */
#ifndef DELTAM_DIAG_H
#define DELTAM_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include "common/str.h"

#define DIAG_MAX 20

struct diag_item {
	size_t at; /* byte offset */
	const char *message;
};

/*
 * Where a part of a text comes from: bytes from ... from + n - 1 are those of `text` at `at`
 * on, a text of its own under another path. n bytes that stand for one place of it (what was
 * put around a value) are `fixed`.
 */
struct diag_piece {
	size_t from, n;
	const char *path, *text;
	size_t at;
	bool fixed;
};

struct diag {
	struct arena *arena;
	const char *path;
	const char *text;
	size_t n;
	struct diag_item item[DIAG_MAX];
	int kept;
	const struct diag_piece
		*piece; /* of the whole text, in order; NULL: it is path's */
	int pieces;
	int total; /* those beyond DIAG_MAX are only counted; the same one counts once */
};

void diag_add(struct diag *d, size_t at, const char *fmt, ...) PRINTF(3, 4);

/* Whether what diag_add says of that place is kept, or would only be counted. */
bool diag_keeps(const struct diag *d, size_t at);

/* Finds line and column of a byte offset; an offset beyond the text is its end. */
void diag_place(const struct diag *d, size_t at, int *line, int *column);

/* Writes every item in the order of the text, then how many more there were. */
void diag_render(struct diag *d, struct str *out);

/*
 * A text of the user's fit for a message: in double quotes, cut after 40 characters,
 * with a question mark for what would move the cursor.
 */
const char *diag_quote(struct arena *a, const char *s);

/*
 * Bytes of the UTF-8 character at s (n bytes left): 1 to 4, or 0 where it is none
 * (overlong, surrogate, beyond U+10FFFF, cut off).
 */
int utf8_length(const char *s, size_t n);

#endif
