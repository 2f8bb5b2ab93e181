/*
 * Characters of UTF-8 as they are printed.
 */
#ifndef DELTAM_GLYPH_H
#define DELTAM_GLYPH_H

#include <stdint.h>
#include "common/arena.h"

/* The character at *s, which moves behind it; a byte that begins none is U+FFFD. */
uint32_t glyph_next(const char **s);

/*
 * Cells of a terminal: 0 for what is put over the character before it, 2 for ideographs and
 * pictures, else 1. Source: UAX #11 (wide, fullwidth), by blocks.
 */
int glyph_width(uint32_t c);

/* Cells of a whole text. */
int glyph_text_width(const char *s);

/* s with a blank for each control character (a line break, an escape); s itself without. */
const char *glyph_printable(struct arena *a, const char *s);

#endif
