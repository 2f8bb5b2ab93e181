/*
 * The database: opening, the lock, statements, transactions. The only files that know
 * SQLite are those of common/store/; every other module sees rows.
 *
 * Statements live in statements.def, one row each, and are prepared at first use.
 * Writes: store_begin (BEGIN IMMEDIATE), short, then store_commit. Every SQLite fault
 * becomes ERR_DB with SQLite's own message.
 */
#ifndef DELTAM_STORE_H
#define DELTAM_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include "common/err.h"
#include "common/store/file.h"

struct sqlite3;
struct sqlite3_stmt;

enum stmt {
#define S(id, sql) STMT_##id,
#include "common/store/statements.def"
#undef S
	STMT_COUNT
};

enum store_mode {
	STORE_ORCHESTRATOR, /* creates the file, takes the lock, synchronous FULL */
	STORE_WORKER, /* must exist, synchronous NORMAL */
	STORE_READER, /* must exist; writes refused */
};

struct store {
	struct sqlite3 *db;
	struct sqlite3_stmt *stmt[STMT_COUNT];
	enum store_mode mode;
	struct file_lock lock; /* held by STORE_ORCHESTRATOR */
	char path[1024];
};

/*
 * Opens path. ERR_DB: missing (worker, reader), unwritable, not a deltam database,
 * newer than this program. ERR_LOCKED: another orchestrator holds it; the message
 * names its process id and host. Nothing is left behind by a refused open, and a file
 * that is not ours is neither opened by SQLite nor locked. A reader can read while
 * others write, and in a folder that it cannot write.
 */
MUST_CHECK int store_open(
	struct store *s, const char *path, enum store_mode mode, struct err *e);
void store_close(struct store *s);

MUST_CHECK int store_begin(struct store *s, struct err *e);
MUST_CHECK int store_commit(struct store *s, struct err *e);
void store_rollback(struct store *s); /* harmless without a transaction */

/* ERR_DB: "PATH: what: SQLite's own message"; for the files of common/store/. */
int store_fault(const struct store *s, struct err *e, const char *what);

/* Now, as the database writes times: UTC "2026-11-21T22:55:58.123Z". */
#define TIME_MAX 32
char *store_time(char buf[TIME_MAX]);

#endif
