/*
 * A connection to a database. Only the files of common/store/ know SQLite; every other
 * module sees rows. Above the connection stand, each knowing those before it alone:
 * statements and their rows (rows.h), transactions (transaction.h), the schemas (schema.h),
 * and how a file is opened (store_open.h).
 *
 * Statements live in statements.def, one row each, and are prepared at first use.
 * A write stands in a transaction.
 * Every fault of SQLite becomes ERR_DB with SQLite's own message.
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
	STORE_TRIAL, /* a copy in memory, which may be changed; the file stays as it is */
	STORE_QUERY, /* a reader of any database of ours, for a query of the user's */
	STORE_TOY, /* of toy problems: creates the file, takes the lock */
};

struct schema;

struct store {
	struct sqlite3 *db;
	struct sqlite3_stmt *stmt[STMT_COUNT];
	enum store_mode mode;
	const struct schema *schema; /* that the file has */
	int version; /* that this schema has in the file */
	struct file_lock lock; /* held by those that create */
	bool held; /* by an orchestrator, just before the file was opened */
	bool network; /* nobody opens it beside an orchestrator (network_fs.h) */
	double copy_at; /* seconds, monotonic: no copy for readers before (copy.h) */
	char path[1024];
};

/* Ends the connection and gives the lock back; harmless where there is none. */
void store_close(struct store *s);

/*
 * What only the files of common/store/ call. store_fault sets ERR_DB, "PATH: what: SQLite's
 * own message". store_connect opens `name` with SQLite's flags, and without locks where the
 * kernel has none for it (s->lock.unlockable). store_guard has every commit ask first whether
 * the file and its lock are still ours, those of single statements, too. store_disconnect ends the
 * connection and keeps the lock; a cursor that is still open is a BUG. store_exec runs
 * statements that give no rows and that prepare the database for others.
 */
int store_fault(const struct store *s, struct err *e, const char *what);
MUST_CHECK int store_connect(
	struct store *s, const char *name, int flags, struct err *e);
void store_guard(struct store *s);
void store_disconnect(struct store *s);
MUST_CHECK int store_exec(struct store *s, const char *sql, struct err *e);

/* Writes the present time as the database has it: UTC "2026-11-21T22:55:58.123Z". */
#define TIME_MAX 32
char *store_time(char buf[TIME_MAX]);

#endif
