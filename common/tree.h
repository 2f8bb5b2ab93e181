/*
 * Folders: they are made, copied and removed with all that is in them.
 */
#ifndef DELTAM_TREE_H
#define DELTAM_TREE_H

#include <sys/types.h>
#include "common/err.h"

/* Makes a folder, which may be there already. ERR_SYS, errno says why. */
MUST_CHECK int tree_make_folder(const char *path, mode_t mode, struct err *e);

/* Makes every folder that stands in front of the last name of path. ERR_SYS. */
MUST_CHECK int tree_make_above(const char *path, mode_t mode, struct err *e);

/*
 * Copies a folder to `to`, which is not there: files, folders, their modes; links and what
 * is neither are left out. After an error a part of it may be there. ERR_SYS.
 */
MUST_CHECK int tree_copy(const char *from, const char *to, struct err *e);

/* Removes it; links are not followed, and what is not there is fine. ERR_SYS. */
MUST_CHECK int tree_remove(const char *path, struct err *e);

#endif
