/*
 * deltam-worker --preview FILE corrupt=NAME ...: what a corruption does to test samples.
 */
#ifndef DELTAM_CORRUPT_SHEET_H
#define DELTAM_CORRUPT_SHEET_H

#include "trainer-core/dataset/dataset.h"

/*
 * A row a sample: as it is, then severities 1 to 5. name `all`: a row a corruption, in
 * the order of corrupt.def, of as many samples in turn; frost where textures is not NULL.
 * Errors: ERR_SPEC for an unknown name, inputs that are no pictures, frost without
 * textures; ERR_DATA; ERR_SYS.
 */
MUST_CHECK int corrupt_sheet(const struct dataset *d, const char *name,
	const char *textures, const char *path, struct arena *a, struct err *e);

#endif
