#include "common/store/rows.h"

#include <limits.h>
#include <math.h>
#include <sqlite3.h>
#include <string.h>

static const char *const statements[STMT_COUNT] = {
#define S(id, sql) [STMT_##id] = (sql),
#include "common/store/statements.def"
#undef S
};

/* Our statements fit our schema: one that SQLite does not understand meets another. */
static int prepare(struct store *s, enum stmt id, struct err *e)
{
	int rc;

	if (s->stmt[id])
		return OK;
	rc = sqlite3_prepare_v3(s->db, statements[id], -1, SQLITE_PREPARE_PERSISTENT,
		&s->stmt[id], NULL);
	if (rc == SQLITE_ERROR)
		return err_set(e, ERR_DB,
			"%s was made by another build of deltam (%s): use that one, or "
			"begin a new database with --db",
			s->path, sqlite3_errmsg(s->db));
	return rc == SQLITE_OK ? OK : store_fault(s, e, "cannot prepare a statement");
}

int store_prepare(
	struct store *s, enum stmt id, struct sqlite3_stmt **stmt, struct err *e)
{
	int rc = prepare(s, id, e);

	*stmt = s->stmt[id];
	return rc;
}

/* keep: the text is the caller's until the statement is reset (no copy is made). */
static int bind_one(
	sqlite3_stmt *stmt, int at, const struct arg *arg, sqlite3_destructor_type keep)
{
	switch (arg->kind) {
	case ARG_INT:
		return sqlite3_bind_int64(stmt, at, arg->i);
	case ARG_REAL:
		return sqlite3_bind_double(stmt, at, arg->r);
	case ARG_TEXT:
		return sqlite3_bind_text(stmt, at, arg->t, -1, keep);
	default:
		return sqlite3_bind_null(stmt, at);
	}
}

static int bind(struct store *s, sqlite3_stmt *stmt, const struct arg *args,
	sqlite3_destructor_type keep, struct err *e)
{
	int n = 0;

	for (; args[n].kind != ARG_END; n++)
		if (bind_one(stmt, n + 1, &args[n], keep) != SQLITE_OK)
			return store_fault(s, e, "cannot bind");
	ASSERT(n == sqlite3_bind_parameter_count(stmt));
	return OK;
}

/* A commit that the guard has refused is told as the guard would tell it. */
static int write_fault(const struct store *s, struct err *e)
{
	int rc = OK;

	if (sqlite3_extended_errcode(s->db) == SQLITE_CONSTRAINT_COMMITHOOK)
		rc = file_check_same(&s->lock, s->path, e);
	return rc ? rc : store_fault(s, e, "cannot write");
}

/*
 * Whether a statement writes, or begins to, outside of a transaction. Whoever was stopped for
 * long may have a successor by then, and would write a journal over the one of that.
 */
static bool begins_to_write(const struct store *s, sqlite3_stmt *stmt)
{
	return s->lock.beat && sqlite3_get_autocommit(s->db) &&
		!sqlite3_stmt_readonly(stmt);
}

int store_run(struct store *s, enum stmt id, const struct arg *args, struct err *e)
{
	int rc = prepare(s, id, e);

	if (!rc)
		rc = bind(s, s->stmt[id], args, SQLITE_STATIC, e);
	if (!rc && begins_to_write(s, s->stmt[id]))
		rc = file_check_same(&s->lock, s->path, e);
	if (rc)
		return rc;
	if (sqlite3_step(s->stmt[id]) != SQLITE_DONE)
		rc = write_fault(s, e);
	sqlite3_reset(s->stmt[id]);
	return rc;
}

int store_changes(const struct store *s)
{
	return sqlite3_changes(s->db);
}

int store_int(struct store *s, enum stmt id, const struct arg *args, int64_t otherwise,
	int64_t *out, struct err *e)
{
	struct rows r = rows_open(s, id, args, e);

	*out = rows_next(&r) ? rows_int64(&r) : otherwise;
	return rows_close(&r);
}

int store_real(struct store *s, enum stmt id, const struct arg *args, double otherwise,
	double *out, struct err *e)
{
	struct rows r = rows_open(s, id, args, e);

	*out = rows_next(&r) ? rows_real(&r) : otherwise;
	return rows_close(&r);
}

struct rows rows_open(
	struct store *s, enum stmt id, const struct arg *args, struct err *e)
{
	struct rows r = { .s = s, .e = e, .rc = prepare(s, id, e) };

	if (r.rc)
		return r;
	ASSERT(!sqlite3_stmt_busy(s->stmt[id]));
	r.stmt = s->stmt[id];
	r.columns = sqlite3_column_count(r.stmt);
	r.rc = bind(s, r.stmt, args, SQLITE_TRANSIENT, e);
	return r;
}

/* Prepares a statement for one cursor; *rest is what follows it in sql. */
static struct rows prepare_own(
	struct store *s, const char *sql, const char **rest, struct err *e)
{
	struct rows r = { .s = s, .e = e, .own = true };

	if (sqlite3_prepare_v2(s->db, sql, -1, &r.stmt, rest) != SQLITE_OK)
		r.rc = store_fault(s, e, "cannot prepare the query");
	else if (!r.stmt)
		r.rc = err_set(e, ERR_USAGE, "the query is empty");
	r.columns = sqlite3_column_count(r.stmt);
	return r;
}

struct rows rows_open_sql(
	struct store *s, const char *sql, const struct arg *args, struct err *e)
{
	const char *rest;
	struct rows r = prepare_own(s, sql, &rest, e);

	if (!r.rc)
		r.rc = bind(s, r.stmt, args, SQLITE_TRANSIENT, e);
	return r;
}

/* What is wrong with a query that SQLite understands, or OK. */
static int check_query(const struct rows *r, const char *rest, struct err *e)
{
	rest += strspn(rest, " \t\r\n;");
	if (*rest)
		return err_set(
			e, ERR_USAGE, "one query at a time; this follows it: %s", rest);
	if (!sqlite3_stmt_readonly(r->stmt) || !r->columns)
		return err_set(e, ERR_USAGE,
			"only a query that returns rows and writes nothing will do");
	if (sqlite3_bind_parameter_count(r->stmt))
		return err_set(e, ERR_USAGE, "the query has a parameter without value");
	return OK;
}

struct rows rows_open_query(struct store *s, const char *sql, struct err *e)
{
	const char *rest;
	struct rows r = prepare_own(s, sql, &rest, e);

	if (!r.rc) {
		r.rc = check_query(&r, rest, e);
		return r;
	}
	if (e)
		e->code = ERR_USAGE;
	r.rc = ERR_USAGE;
	return r;
}

/* Whoever reads a row reads all of it, or only wants to know that there is one. */
static bool row_is_read(const struct rows *r)
{
	return r->at == 0 || r->at == r->columns;
}

bool rows_next(struct rows *r)
{
	int step;

	if (r->rc)
		return false;
	ASSERT(row_is_read(r));
	r->at = 0;
	step = sqlite3_step(r->stmt);
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		r->rc = store_fault(r->s, r->e, "cannot read");
	return step == SQLITE_ROW;
}

int rows_close(struct rows *r)
{
	ASSERT(r->rc || row_is_read(r));
	if (r->own)
		sqlite3_finalize(r->stmt);
	else if (r->stmt)
		sqlite3_reset(r->stmt);
	r->stmt = NULL;
	return r->rc;
}

const char *rows_name(const struct rows *r, int column)
{
	return sqlite3_column_name(r->stmt, column);
}

bool rows_is_null(const struct rows *r)
{
	return sqlite3_column_type(r->stmt, r->at) == SQLITE_NULL;
}

bool rows_is_number(const struct rows *r)
{
	int type = sqlite3_column_type(r->stmt, r->at);

	return type == SQLITE_INTEGER || type == SQLITE_FLOAT;
}

static int next_column(struct rows *r)
{
	ASSERT(r->at < r->columns);
	return r->at++;
}

int64_t rows_int64(struct rows *r)
{
	return sqlite3_column_int64(r->stmt, next_column(r));
}

/* Somebody else has written what is beyond: no figure of ours is. */
int rows_int(struct rows *r)
{
	int column = r->at;
	int64_t v = rows_int64(r);

	if (v >= INT_MIN && v <= INT_MAX)
		return (int)v;
	if (!r->rc)
		r->rc = err_set(r->e, ERR_DB,
			"%s: %s is %lld, which deltam never writes: the database was changed "
			"by another program",
			r->s->path, rows_name(r, column), (long long)v);
	return 0;
}

double rows_real(struct rows *r)
{
	if (!rows_is_null(r))
		return sqlite3_column_double(r->stmt, next_column(r));
	(void)next_column(r);
	return (double)NAN;
}

const char *rows_text(struct rows *r)
{
	const unsigned char *t = sqlite3_column_text(r->stmt, next_column(r));

	return t ? (const char *)t : "";
}

char *rows_copy(struct rows *r, struct arena *a)
{
	bool null = rows_is_null(r);
	const char *text = rows_text(r);

	return null ? NULL : arena_strdup(a, text);
}

char *rows_number_text(struct rows *r, struct arena *a)
{
	char buf[NUMBER_MAX];
	double v;

	if (sqlite3_column_type(r->stmt, r->at) == SQLITE_INTEGER)
		return arena_printf(a, "%lld", (long long)rows_int64(r));
	v = sqlite3_column_double(r->stmt, r->at);
	if (!isfinite(v)) /* SQL can make 9e999 */
		return rows_copy(r, a);
	(void)next_column(r);
	return arena_strdup(a, number_format(v, buf));
}
