/*
 * Opens what must be a plain file. A pipe or a device in a file's place would keep the
 * reader waiting, and a symbolic link in a folder of ours (DB.d, the cache) would make us
 * write somewhere else.
 */
#ifndef DELTAM_PLAIN_FILE_H
#define DELTAM_PLAIN_FILE_H

#include <stdio.h>
#include <sys/types.h>
#include "common/err.h"

/*
 * A file that the user names, to read; symbolic links are followed. NULL: errno says why,
 * which err_reason() puts into words.
 */
FILE *plain_file_read(const char *path);

/*
 * A file of ours, which is no symbolic link. `flags` are those of open(2), O_CLOEXEC among
 * them anyway. -1: errno says why.
 */
int plain_file_open(const char *path, int flags, mode_t mode);

/*
 * A file of ours, made anew: whatever had its name before is removed first, so that nobody
 * who has the old one open meets our bytes. `flags`: O_WRONLY or O_RDWR, O_APPEND. -1: errno.
 */
int plain_file_make(const char *path, int flags, mode_t mode);

/* The same with n bytes in it; synced: they are on the disk. ERR_SYS. */
MUST_CHECK int plain_file_write(const char *path, mode_t mode, const void *bytes,
	size_t n, bool synced, struct err *e);

#endif
