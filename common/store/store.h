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
	STORE_QUERY, /* a reader of any database of ours, for a query of the user's */
	STORE_TOY, /* of toy problems: creates the file, takes the lock */
};

struct schema;

struct store {
	struct sqlite3 *db;
	struct sqlite3_stmt *stmt[STMT_COUNT];
	enum store_mode mode;
	const struct schema *schema; /* of the file: common/store/schema.h */
	int version; /* of its schema */
	struct file_lock lock; /* held by those that create */
	char path[1024];
};

/*
 * Opens path. ERR_DB: missing (worker, reader), unwritable, not a deltam database, of
 * another kind, newer than this program. ERR_LOCKED: another orchestrator holds it; the
 * message names its process id and host. Nothing is left behind by a refused open, and a
 * file that is not ours is neither opened by SQLite nor locked. A reader can read while
 * others write, and in a folder that it cannot write.
 *
 * A database that an older deltam wrote is brought up to date, with everything in it; a
 * reader that cannot do that reads a copy in memory which is.
 */
MUST_CHECK int store_open(
	struct store *s, const char *path, enum store_mode mode, struct err *e);
void store_close(struct store *s);

/* Whether a file is a database of results, as far as its header tells. */
bool store_holds_results(const char *path);

MUST_CHECK int store_begin(struct store *s, struct err *e);
MUST_CHECK int store_commit(struct store *s, struct err *e);
void store_rollback(struct store *s); /* harmless without a transaction */

/* ERR_DB: "PATH: what: SQLite's own message"; for the files of common/store/. */
int store_fault(const struct store *s, struct err *e, const char *what);

/* Now, as the database writes times: UTC "2026-11-21T22:55:58.123Z". */
#define TIME_MAX 32
char *store_time(char buf[TIME_MAX]);

#endif
