/*
 * Where the arrays of a data set lie in one block of memory, and what they hash to.
 */
#ifndef DELTAM_LAYOUT_H
#define DELTAM_LAYOUT_H

#include "trainer-core/dataset/dataset.h"

#define LAYOUT_ALIGN 64

/* All of these go by the splits' n and the fields' element, c, h, w. */

/* The size of the block in bytes. */
size_t layout_bytes(const struct dataset *d);

/* Points every field into the block. */
void layout_place(struct dataset *d, const unsigned char *block);

/* Writes a line an array: "train input u8 200 1 36 36 x 0.00392157 at 0". */
void layout_describe(const struct dataset *d, struct str *out);

/*
 * Digests the shapes and contents of all arrays (XXH128, 32 hexadecimal digits); where
 * they lie does not matter.
 */
void layout_digest(const struct dataset *d, char hex[33]);

#endif
