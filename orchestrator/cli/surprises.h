/*
 * Defaults that would surprise whoever reads the table, said before anything is trained.
 */
#ifndef DELTAM_SURPRISES_H
#define DELTAM_SURPRISES_H

#include <stdio.h>
#include "orchestrator/spec/spec.h"

/* One line each, "note: ..."; nothing where nothing surprises. */
void surprises_print(FILE *out, const struct spec *s, struct arena *a);

#endif
