/* How characters of UTF-8 look when they are printed. */
#ifndef DELTAM_GLYPH_H
#define DELTAM_GLYPH_H

#include <stdint.h>
#include "common/arena.h"

/*
 * Reads the character at *s and moves *s behind it; a byte that begins none is U+FFFD.
 */
uint32_t glyph_next(const char **s);

/* How many cells a text takes. */
int glyph_text_width(const char *s);

/* How many bytes of its first line, whole characters, take so many cells at most. */
int glyph_text_fit(const char *s, int cells);

/*
 * Returns s with a blank for each hidden character (common/hidden.h), because a line break
 * or an escape would move the cursor; s itself where it has none.
 */
const char *glyph_printable(struct arena *a, const char *s);

/*
 * The same text in ASCII, for a terminal that takes nothing else: `Delta_m`, `+-`. What has no
 * spelling is a question mark.
 */
const char *glyph_ascii(struct arena *a, const char *s);

#endif
