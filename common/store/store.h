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
#include "common/arena.h"
#include "common/err.h"
#include "common/store/file.h"
#include "common/str.h"

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

/* Typed binds: store_run(s, STMT_X, ARGS(INT(id), TEXT(name)), e). */
enum arg_kind { ARG_END, ARG_INT, ARG_REAL, ARG_TEXT, ARG_NULL };
struct arg {
	enum arg_kind kind;
	int64_t i;
	double r;
	const char *t; /* NULL binds NULL */
};
#define INT(v) \
	{ \
		ARG_INT, .i = (v) \
	}
#define REAL(v) \
	{ \
		ARG_REAL, .r = (v) \
	}
#define TEXT(v) \
	{ \
		ARG_TEXT, .t = (v) \
	}
#define NIL \
	{ \
		.kind = ARG_NULL \
	}
#define ARGS(...) \
	(const struct arg[]) \
	{ \
		__VA_ARGS__, \
		{ \
			.kind = ARG_END \
		} \
	}
#define NO_ARGS \
	(const struct arg[]) \
	{ \
		{ \
			.kind = ARG_END \
		} \
	}

/* A statement without result rows; copies no text. Returns OK or ERR_DB. */
MUST_CHECK int store_run(
	struct store *s, enum stmt id, const struct arg *args, struct err *e);
/* Rows that the last store_run changed. */
int store_changes(const struct store *s);

/* The statement itself, for the hot paths of common/store/ that bind on their own. */
MUST_CHECK int store_prepare(
	struct store *s, enum stmt id, struct sqlite3_stmt **stmt, struct err *e);

/* One integer: the first column of the first row, or `otherwise` without rows. */
MUST_CHECK int store_int(struct store *s, enum stmt id, const struct arg *args,
	int64_t otherwise, int64_t *out, struct err *e);

/*
 * Reading rows:
 *	struct rows r;
 *	int rc = rows_open(&r, s, STMT_X, args, e);
 *	while (!rc && (rc = rows_next(&r, e)) > 0)
 *		use(rows_int(&r, 0));
 *	rows_close(&r);
 * rows_next: 1 a row, 0 the end, negative an error. Texts live until the next step.
 * One statement serves one open cursor at a time (BUG otherwise).
 */
struct rows {
	struct store *s;
	struct sqlite3_stmt *stmt;
	bool own; /* prepared for this cursor alone */
};
MUST_CHECK int rows_open(struct rows *r, struct store *s, enum stmt id,
	const struct arg *args, struct err *e);
/* The same for SQL that is no fixed statement: one statement. */
MUST_CHECK int rows_open_sql(struct rows *r, struct store *s, const char *sql,
	const struct arg *args, struct err *e);
/* A user's query. ERR_USAGE unless it is one statement that gives rows, writes nothing. */
MUST_CHECK int rows_open_query(
	struct rows *r, struct store *s, const char *sql, struct err *e);
MUST_CHECK int rows_next(struct rows *r, struct err *e);
void rows_close(struct rows *r); /* after a failed open, too */
int rows_columns(const struct rows *r);
const char *rows_name(const struct rows *r, int column);
bool rows_is_null(const struct rows *r, int column);
bool rows_is_number(const struct rows *r, int column);
int64_t rows_int(const struct rows *r, int column);
double rows_real(const struct rows *r, int column);
const char *rows_text(const struct rows *r, int column); /* "" for NULL */
char *rows_strdup(const struct rows *r, int column, struct arena *a);
/* A number in its shortest exact spelling, integers as integers. */
char *rows_number_text(const struct rows *r, int column, struct arena *a);

/* Now, as the database writes times: UTC "2026-11-21T22:55:58.123Z". */
#define TIME_MAX 32
char *store_time(char buf[TIME_MAX]);

#endif
