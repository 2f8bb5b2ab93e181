/*
 * Folders with all that is in them.
 */
#ifndef DELTAM_TREE_H
#define DELTAM_TREE_H

#include "common/err.h"

/*
 * Copies a folder to `to`, which is not there: files, folders, their modes; links and what
 * is neither are left out. After an error a part of it may be there. ERR_SYS.
 */
MUST_CHECK int tree_copy(const char *from, const char *to, struct err *e);

/* Removes it; links are not followed, and what is not there is fine. ERR_SYS. */
MUST_CHECK int tree_remove(const char *path, struct err *e);

#endif
