/*
 * Where the program that runs lies, because what belongs to it is looked for from there.
 */
#ifndef DELTAM_OWN_PROGRAM_H
#define DELTAM_OWN_PROGRAM_H

#include "common/arena.h"
#include "common/err.h"

/* Its path, links followed, in the arena. ERR_SYS: the system does not say. */
MUST_CHECK int own_program(const char **path, struct arena *a, struct err *e);

/* The folder that it lies in. */
MUST_CHECK int own_folder(const char **folder, struct arena *a, struct err *e);

#endif
