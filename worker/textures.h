/*
 * deltam-worker --textures FOLDER H W: checks pictures of frost for pictures of H x W and
 * says their digest on stdout.
 */
#ifndef DELTAM_TEXTURES_H
#define DELTAM_TEXTURES_H

#include "common/err.h"

/* argv holds the three words. Errors: ERR_USAGE, and those of textures_read. */
MUST_CHECK int textures_main(int argc, char **argv, struct err *e);

#endif
