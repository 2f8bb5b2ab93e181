/*
 * The database's file before SQLite touches it: whose it is, and who may write it.
 */
#ifndef DELTAM_STORE_FILE_H
#define DELTAM_STORE_FILE_H

#include <stdbool.h>
#include "common/err.h"
#include "common/store/beat.h"

#define FILE_PATH_MAX 4096

enum file_state {
	FILE_MISSING,
	FILE_EMPTY, /* of no bytes, so nobody's: may become ours */
	FILE_THERE,
};

/*
 * What the first bytes of the file say; numbers are 0 where it is not one of SQLite's.
 */
struct file_header {
	enum file_state state;
	int application_id;
	int version; /* of the schema, unless a newer one still lies in the log */
	bool held; /* by an orchestrator that lives: file_lock_data */
};

/*
 * Reads the header and creates nothing. ERR_DB: it is no plain file, or it cannot be
 * read.
 */
MUST_CHECK int file_inspect(const char *path, struct file_header *h, struct err *e);

/* The folder of path, "." where it names none. */
void file_folder(const char *path, char folder[FILE_PATH_MAX]);

/*
 * Whether the kernel can lock the file, for SQLite wants that. Call it where no SQLite of
 * this process has the file open (see file_lock_data).
 */
bool file_can_lock(const char *path);

/*
 * Checks that path can be written, or created where it is missing; ERR_DB says why not.
 */
MUST_CHECK int file_check_writable(const char *path, struct err *e);

/*
 * One orchestrator a database: a lock on "PATH.lock" (symbolic links resolved), which
 * says who holds it, and one on the database's own file, since a hard link is another
 * name of the same file and SQLite's log would lie under each name anew. The kernel gives
 * both back when their holder dies, however it dies.
 */
struct file_lock {
	int fd; /* of the lock file, which the kernel has locked; -1: not held so */
	struct beat *beat; /* of the lock file, which has a number; NULL: not held so */
	int data; /* of the database; -1: not held, and without meaning where nothing is */
	bool unlockable; /* the kernel locks no files there */
	char path[FILE_PATH_MAX];
};

/*
 * Locks the name. ERR_LOCKED names the holder as it wrote itself into the lock file.
 */
MUST_CHECK int file_lock(struct file_lock *lock, const char *path, struct err *e);

/*
 * The same where the holder may be on another machine (network_fs.h): whether it lives is
 * seen by the number in the file, which takes a tick where it does and BEAT_TICKS where it
 * does not; then the lock is taken over. The database's file, where it is there, is locked
 * before that, so that one who still has it open keeps the name, too.
 */
MUST_CHECK int file_lock_far(struct file_lock *lock, const char *path, struct err *e);

/* What the lock file of that database says now (beat_look): not there where nobody runs. */
MUST_CHECK int file_lock_look(const char *path, struct beat_seen *seen, struct err *e);

/*
 * Locks the file, too, where that is not done yet, and makes an empty one where it is
 * missing. Call it before SQLite opens the file, and file_unlock after it has closed it:
 * closing any other descriptor of the file takes SQLite's own locks away. ERR_LOCKED: in
 * use under another name. Where the kernel locks no files, and the lock has a number, that
 * is enough.
 */
MUST_CHECK int file_lock_data(struct file_lock *lock, const char *path, struct err *e);

/*
 * Checks that path still leads to the file that is locked, and that the lock is still ours.
 * ERR_DB: the file was removed or replaced, and what is written would be lost. ERR_LOCKED:
 * another deltam has taken over.
 */
MUST_CHECK int file_check_same(
	const struct file_lock *lock, const char *path, struct err *e);

/* Removes the lock file and lets go of both; harmless when not held. */
void file_unlock(struct file_lock *lock);

#endif
