/*
 * The database's file before SQLite touches it: whose it is, and who may write it.
 */
#ifndef DELTAM_STORE_FILE_H
#define DELTAM_STORE_FILE_H

#include <stdbool.h>
#include "common/err.h"

#define APPLICATION_ID 0x44656c54 /* "DelT": bytes 68 to 71 of every file of ours */
#define FILE_PATH_MAX 4096

enum file_state {
	FILE_MISSING,
	FILE_EMPTY, /* of no bytes, so nobody's: may become ours */
	FILE_OURS,
};

/*
 * Reads the header, creates nothing. *version is the schema's, as far as the header
 * tells (0 unless FILE_OURS). ERR_DB: no plain file, unreadable, or not ours.
 */
MUST_CHECK int file_inspect(
	const char *path, enum file_state *state, int *version, struct err *e);

/* ERR_DB with the reason unless path can be written, or created where it is missing. */
MUST_CHECK int file_check_writable(const char *path, struct err *e);

/*
 * One orchestrator a database: a lock on "PATH.lock" (symbolic links resolved), which
 * the kernel gives back when its holder dies, however it dies.
 */
struct file_lock {
	int fd; /* -1: not held */
	char path[FILE_PATH_MAX];
};

/* ERR_LOCKED names the holder as it wrote itself into the lock file. */
MUST_CHECK int file_lock(struct file_lock *lock, const char *path, struct err *e);

/* Removes the lock file and lets go; harmless when not held. */
void file_unlock(struct file_lock *lock);

#endif
