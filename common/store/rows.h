/*
 * Statements: running one, and reading the rows of one.
 *
 * A cursor hands out the columns of a row one after another, so a loop's body reads them
 * in the order in which the statement names them, each exactly once:
 *
 *	struct rows r = rows_open(s, STMT_X, ARGS(INT(job)), e);
 *
 *	while (rows_next(&r)) {
 *		int epoch = rows_int(&r);
 *		double value = rows_real(&r);
 *
 *		r.rc = use(epoch, value, e);
 *	}
 *	return rows_close(&r);
 *
 * Where there is one row at most, `if` stands for `while`. C does not say in which order
 * an initialiser or the arguments of a call are computed, so no two columns are read in
 * one expression. A row that is read in part, or beyond its end, is a BUG: the statement
 * and its reader have come apart.
 */
#ifndef DELTAM_ROWS_H
#define DELTAM_ROWS_H

#include "common/arena.h"
#include "common/store/store.h"
#include "common/str.h"

/* The arguments of a statement: store_run(s, STMT_X, ARGS(INT(id), TEXT(name)), e). */
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

/*
 * Runs a statement that gives no rows. Texts of args are read where they lie. ERR_DB.
 */
MUST_CHECK int store_run(
	struct store *s, enum stmt id, const struct arg *args, struct err *e);
/* How many rows the last store_run has changed. */
int store_changes(const struct store *s);

/*
 * Prepares the statement for those files of common/store/ that bind and step on their
 * own, because they write many rows.
 */
MUST_CHECK int store_prepare(
	struct store *s, enum stmt id, struct sqlite3_stmt **stmt, struct err *e);

/* Reads one number: the first column of the first row, or `otherwise` without rows. */
MUST_CHECK int store_int(struct store *s, enum stmt id, const struct arg *args,
	int64_t otherwise, int64_t *out, struct err *e);
MUST_CHECK int store_real(struct store *s, enum stmt id, const struct arg *args,
	double otherwise, double *out, struct err *e);

struct rows {
	struct store *s;
	struct sqlite3_stmt *stmt;
	struct err *e;
	int rc; /* OK so far; what a loop's body puts here ends the loop */
	int at, columns; /* the column that is read next */
	bool own; /* the statement was prepared for this cursor alone */
};
/*
 * A cursor before the first row of the statement. What fails is told by rows_close, so
 * it is called in every case. A statement serves one open cursor at a time (BUG).
 */
struct rows rows_open(
	struct store *s, enum stmt id, const struct arg *args, struct err *e);
/* The same for SQL that does not stand in statements.def; it is one statement. */
struct rows rows_open_sql(
	struct store *s, const char *sql, const struct arg *args, struct err *e);
/*
 * The same for a query of the user's. ERR_USAGE unless it is one statement that gives
 * rows and writes nothing.
 */
struct rows rows_open_query(struct store *s, const char *sql, struct err *e);
/* Whether there is another row; false after an error, too. */
bool rows_next(struct rows *r);
/* Ends the cursor. Returns OK, ERR_DB, or what the body has put into r->rc. */
MUST_CHECK int rows_close(struct rows *r);

/*
 * Each of these reads the next column. A NULL becomes 0, NAN, "" or, in a copy, NULL.
 */
int rows_int(struct rows *r);
int64_t rows_int64(struct rows *r);
double rows_real(struct rows *r);
const char *rows_text(struct rows *r); /* lives until the next row */
char *rows_copy(struct rows *r, struct arena *a);
/* Reads a number in its shortest exact spelling; an integer has no point. */
char *rows_number_text(struct rows *r, struct arena *a);

/* These tell what the next column is and do not read it. */
bool rows_is_null(const struct rows *r);
bool rows_is_number(const struct rows *r);
const char *rows_name(const struct rows *r, int column);

#endif
