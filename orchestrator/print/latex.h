/* Texts as LaTeX prints them. */
#ifndef DELTAM_LATEX_H
#define DELTAM_LATEX_H

#include "common/str.h"

/* Adds s with everything escaped that LaTeX would take for a command. */
void latex_put(struct str *out, const char *s);

#endif
