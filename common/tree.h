/*
 * Folders with all that is in them.
 */
#ifndef DELTAM_TREE_H
#define DELTAM_TREE_H

#include "common/err.h"

/* Removes it; links are not followed, and what is not there is fine. ERR_SYS. */
MUST_CHECK int tree_remove(const char *path, struct err *e);

#endif
