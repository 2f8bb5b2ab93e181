/*
 * Where the program that runs lies, because what belongs to it is looked for from there.
 */
#ifndef DELTAM_OWN_PROGRAM_H
#define DELTAM_OWN_PROGRAM_H

#include "common/arena.h"
#include "common/err.h"

/*
 * The path by which it is called again, links followed, in the arena. In a bundle the kernel
 * has started the loader, which is no answer: there it is the script that has called
 * the loader, as that says in DELTAM_PROGRAM (bundle/wrapper.sh). Elsewhere nobody
 * reads this variable, because a program that a bundle has started inherits it.
 * ERR_SYS: the system does not say, or the script did not.
 */
MUST_CHECK int own_program(const char **path, struct arena *a, struct err *e);

/* The folder that it lies in. */
MUST_CHECK int own_folder(const char **folder, struct arena *a, struct err *e);

#endif
