/*
 * deltam-worker --preview FILE NAME=VALUE ...: a contact sheet of a data set.
 */
#ifndef DELTAM_PREVIEW_H
#define DELTAM_PREVIEW_H

#include "common/err.h"

/*
 * argv: the PNG file, then words as for --prepare; sizes that are not given are those of
 * the sheet. Draws the first training samples: the input, class labels in a palette with
 * their number, segmentation in the same palette (black: not labelled), depth from dark
 * (near) to bright, normals as (n + 1) / 2 (black: missing).
 * With corrupt=NAME (and textures=FOLDER) it is worker/corrupt_sheet.h instead.
 * Errors: as prepare_main; ERR_SPEC where the inputs are no pictures; ERR_SYS.
 */
MUST_CHECK int preview_main(int argc, char **argv, struct err *e);

#endif
