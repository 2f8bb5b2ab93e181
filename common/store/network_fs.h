/*
 * Which file systems a database cannot be shared on.
 *
 * SQLite's log (WAL) wants memory that all who have the file open share, and its locks
 * want a kernel that knows all of them. On a file system that other machines see, too,
 * neither can be had: there a database is opened by one process alone, which writes
 * copies for readers (copy.h), and its lock has a counter (beat.h).
 */
#ifndef DELTAM_NETWORK_FS_H
#define DELTAM_NETWORK_FS_H

#include <stdbool.h>

/*
 * Whether path, or the folder that it would be made in, lies on a network file system, by
 * statfs(2). DELTAM_NETWORK_FS=1 says yes, 0 says no, whatever the system says.
 */
bool network_fs_holds(const char *path);

#endif
