/*
 * Two versions of a sweep file, and what differs between them, in the words of a person.
 */
#ifndef DELTAM_SPEC_DIFF_H
#define DELTAM_SPEC_DIFF_H

#include "common/str.h"

#define SPEC_DIFF_LINES 12

/*
 * The differences of two texts, a line each, indented by two blanks:
 *
 *	  final.seeds: 2 before, 5 now
 *	  entry uw is gone
 *
 * "" where they say the same: comments, blanks, the order of keys and the spelling of
 * numbers make no difference. At most SPEC_DIFF_LINES lines, and one that counts the
 * rest. A text that is no JSON is a difference, too. Texts live in the arena.
 */
const char *spec_diff(const char *before, const char *now, struct arena *a);

#endif
