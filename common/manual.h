/*
 * The pages of docs/, as whoever has installed deltam finds them. Texts that are written before
 * anybody knows where (man pages, completion, the sweep file's page and schema) have the name of
 * the folder as PREFIX/share/doc/deltam, which `make install` replaces where it can; what a
 * program prints has the folder that lies beside the program.
 */
#ifndef DELTAM_MANUAL_H
#define DELTAM_MANUAL_H

#include "common/arena.h"

#define MANUAL_FOLDER "PREFIX/share/doc/deltam"
#define MANUAL(page) MANUAL_FOLDER "/docs/" page ".md"

/*
 * The text with the folder in the place of MANUAL_FOLDER, in the arena: that of the installation
 * or bundle, or of the sources, which this program belongs to; as it is where there is none.
 */
const char *manual_text(const char *text, struct arena *a);

#endif
