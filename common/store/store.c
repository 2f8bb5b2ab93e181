#include "common/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define APPLICATION_ID 0x44656c54 /* "DelT" */
#define BUSY_MILLISECONDS 60000

/* schema.sql and the later steps, one a version: user_version says which have run. */
extern const char schema_sql[];
static const char *const migrations[] = { schema_sql };
#define SCHEMA_VERSION ((int)(sizeof(migrations) / sizeof(migrations[0])))

static const char *const statements[STMT_COUNT] = {
#define S(id, sql) [STMT_##id] = sql,
#include "common/store/statements.def"
#undef S
};

static int db_error(const struct store *s, struct err *e, const char *what)
{
	return err_set(e, ERR_DB, "%s: %s: %s", s->path, what,
		s->db ? sqlite3_errmsg(s->db) : "out of memory");
}

static int exec(struct store *s, const char *sql, struct err *e)
{
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return db_error(s, e, "cannot prepare the database");
	return OK;
}

static int pragma_int(struct store *s, const char *sql, int *out, struct err *e)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL);

	if (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
		*out = sqlite3_column_int(stmt, 0);
	else
		rc = sqlite3_errcode(s->db);
	sqlite3_finalize(stmt);
	if (rc == SQLITE_NOTADB)
		return err_set(e, ERR_DB, "%s is not a deltam database", s->path);
	return rc == SQLITE_OK ? OK : db_error(s, e, "cannot read");
}

/*
 * Whose file is it? *version is 0 for one that is new or empty. A foreign database has
 * tables but not our application id.
 */
static int identify(struct store *s, int *version, struct err *e)
{
	int application = 0;
	int tables = 0;
	int rc = pragma_int(s, "PRAGMA application_id", &application, e);

	*version = 0;
	if (!rc)
		rc = pragma_int(s, "SELECT count(*) FROM sqlite_schema", &tables, e);
	if (!rc)
		rc = pragma_int(s, "PRAGMA user_version", version, e);
	if (rc)
		return rc;
	if (application != APPLICATION_ID && (application || tables || *version))
		return err_set(e, ERR_DB, "%s is not a deltam database", s->path);
	if (*version > SCHEMA_VERSION)
		return err_set(e, ERR_DB,
			"%s was written by a newer deltam (schema %d, this one knows "
			"%d); "
			"use that version",
			s->path, *version, SCHEMA_VERSION);
	return OK;
}

static int migrate(struct store *s, struct err *e)
{
	char pragmas[96];
	int version;
	int rc = store_begin(s, e);

	if (rc)
		return rc;
	rc = identify(s, &version, e); /* again, under the write lock */
	for (; !rc && version < SCHEMA_VERSION; version++)
		rc = exec(s, migrations[version], e);
	snprintf(pragmas, sizeof(pragmas),
		"PRAGMA application_id=%d; PRAGMA user_version=%d", APPLICATION_ID,
		SCHEMA_VERSION);
	if (!rc)
		rc = exec(s, pragmas, e);
	if (!rc)
		return store_commit(s, e);
	store_rollback(s);
	return rc;
}

static int set_up(struct store *s, struct err *e)
{
	static const char *const synchronous[] = {
		[STORE_ORCHESTRATOR] = "PRAGMA journal_mode=WAL;"
				       "PRAGMA synchronous=FULL;"
				       "PRAGMA foreign_keys=ON",
		/* A worker's rows belong to the job that its token names. */
		[STORE_WORKER] = "PRAGMA synchronous=NORMAL",
		[STORE_READER] = "PRAGMA query_only=ON",
	};
	int version;
	int rc = identify(s, &version, e);

	if (rc)
		return rc;
	if (version < SCHEMA_VERSION && s->mode != STORE_ORCHESTRATOR)
		return err_set(e, ERR_DB,
			"%s holds no sweep of this version; `deltam run` first",
			s->path);
	rc = exec(s, synchronous[s->mode], e);
	if (!rc)
		rc = exec(s, "PRAGMA temp_store=MEMORY", e);
	if (!rc && version < SCHEMA_VERSION)
		rc = migrate(s, e);
	return rc;
}

/* Who holds the lock, as the holder wrote it into the lock file. */
static void read_holder(int fd, char *buf, size_t size)
{
	ssize_t n = pread(fd, buf, size - 1, 0);

	buf[n > 0 ? n : 0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
}

/*
 * One orchestrator a database: a POSIX lock on "PATH.lock" that the kernel gives back
 * when its holder dies, however it dies.
 */
static int take_lock(struct store *s, struct err *e)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[sizeof(s->path) + 8];
	char holder[256];
	char host[128] = "";

	snprintf(path, sizeof(path), "%s.lock", s->path);
	s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (s->lock_fd < 0) {
		err_errno(e, "cannot create %s", path);
		if (e)
			e->code = ERR_DB;
		return ERR_DB;
	}
	if (fcntl(s->lock_fd, F_SETLK, &lock) == 0) {
		gethostname(host, sizeof(host) - 1);
		snprintf(holder, sizeof(holder), "process %ld on %s\n", (long)getpid(),
			host);
		if (ftruncate(s->lock_fd, 0) ||
			pwrite(s->lock_fd, holder, strlen(holder), 0) < 0)
			return err_errno(e, "cannot write %s", path);
		return OK;
	}
	read_holder(s->lock_fd, holder, sizeof(holder));
	close(s->lock_fd);
	s->lock_fd = -1;
	return err_set(e, ERR_LOCKED, "%s is in use by another deltam run (%s)",
		s->path, *holder ? holder : "unknown");
}

static int check_path(const struct store *s, bool *fresh, struct err *e)
{
	struct stat st;

	*fresh = false;
	if (stat(s->path, &st) == 0) {
		if (!S_ISREG(st.st_mode))
			return err_set(e, ERR_DB, "%s is not a file", s->path);
		return OK;
	}
	if (errno != ENOENT || s->mode != STORE_ORCHESTRATOR) {
		err_errno(e, "cannot open %s", s->path);
		if (e)
			e->code = ERR_DB;
		return ERR_DB;
	}
	*fresh = true;
	return OK;
}

int store_open(struct store *s, const char *path, enum store_mode mode, struct err *e)
{
	int flags = mode == STORE_ORCHESTRATOR
		? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
		: SQLITE_OPEN_READWRITE;
	bool fresh;
	int rc;

	*s = (struct store){ .mode = mode, .lock_fd = -1 };
	if (snprintf(s->path, sizeof(s->path), "%s", path) >= (int)sizeof(s->path))
		return err_set(e, ERR_DB, "the database's path is too long: %s", path);
	rc = check_path(s, &fresh, e);
	if (!rc && mode == STORE_ORCHESTRATOR)
		rc = take_lock(s, e);
	if (rc)
		return rc;
	if (sqlite3_open_v2(s->path, &s->db, flags | SQLITE_OPEN_NOMUTEX, NULL) !=
		SQLITE_OK)
		rc = db_error(s, e, "cannot open");
	else
		sqlite3_busy_timeout(s->db, BUSY_MILLISECONDS);
	if (!rc)
		rc = set_up(s, e);
	if (rc) {
		if (fresh)
			unlink(s->path);
		store_close(s);
	}
	return rc;
}

void store_close(struct store *s)
{
	char lock[sizeof(s->path) + 8];

	for (int i = 0; i < STMT_COUNT; i++)
		sqlite3_finalize(s->stmt[i]);
	sqlite3_close(s->db);
	if (s->lock_fd >= 0) {
		snprintf(lock, sizeof(lock), "%s.lock", s->path);
		unlink(lock);
		close(s->lock_fd);
	}
	*s = (struct store){ .lock_fd = -1 };
}

static int prepare(struct store *s, enum stmt id, struct err *e)
{
	if (s->stmt[id])
		return OK;
	if (sqlite3_prepare_v3(s->db, statements[id], -1, SQLITE_PREPARE_PERSISTENT,
		    &s->stmt[id], NULL) != SQLITE_OK)
		return db_error(s, e, "cannot prepare a statement");
	return OK;
}

int store_prepare(
	struct store *s, enum stmt id, struct sqlite3_stmt **stmt, struct err *e)
{
	int rc = prepare(s, id, e);

	*stmt = s->stmt[id];
	return rc;
}

static int bind_one(sqlite3_stmt *stmt, int at, const struct arg *arg)
{
	switch (arg->kind) {
	case ARG_INT:
		return sqlite3_bind_int64(stmt, at, arg->i);
	case ARG_REAL:
		return sqlite3_bind_double(stmt, at, arg->r);
	case ARG_TEXT:
		return sqlite3_bind_text(stmt, at, arg->t, -1, SQLITE_TRANSIENT);
	default:
		return sqlite3_bind_null(stmt, at);
	}
}

static int bind(
	struct store *s, sqlite3_stmt *stmt, const struct arg *args, struct err *e)
{
	int n = 0;

	for (; args[n].kind != ARG_END; n++)
		if (bind_one(stmt, n + 1, &args[n]) != SQLITE_OK)
			return db_error(s, e, "cannot bind");
	ASSERT(n == sqlite3_bind_parameter_count(stmt));
	return OK;
}

int store_run(struct store *s, enum stmt id, const struct arg *args, struct err *e)
{
	int rc = prepare(s, id, e);

	if (!rc)
		rc = bind(s, s->stmt[id], args, e);
	if (rc)
		return rc;
	if (sqlite3_step(s->stmt[id]) != SQLITE_DONE)
		rc = db_error(s, e, "cannot write");
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
	struct rows r;
	int rc = rows_open(&r, s, id, args, e);

	*out = otherwise;
	if (!rc)
		rc = rows_next(&r, e);
	if (rc > 0) {
		*out = rows_int(&r, 0);
		rc = OK;
	}
	rows_close(&r);
	return rc;
}

int store_begin(struct store *s, struct err *e)
{
	return store_run(s, STMT_BEGIN, NO_ARGS, e);
}

int store_commit(struct store *s, struct err *e)
{
	int rc = store_run(s, STMT_COMMIT, NO_ARGS, e);

	if (rc)
		store_rollback(s);
	return rc;
}

void store_rollback(struct store *s)
{
	if (!sqlite3_get_autocommit(s->db) &&
		store_run(s, STMT_ROLLBACK, NO_ARGS, NULL))
		return; /* SQLite has rolled back by itself */
}

int rows_open(struct rows *r, struct store *s, enum stmt id, const struct arg *args,
	struct err *e)
{
	int rc = prepare(s, id, e);

	*r = (struct rows){ .s = s };
	if (rc)
		return rc;
	ASSERT(!sqlite3_stmt_busy(s->stmt[id]));
	r->stmt = s->stmt[id];
	return bind(s, r->stmt, args, e);
}

int rows_open_sql(struct rows *r, struct store *s, const char *sql,
	const struct arg *args, struct err *e)
{
	*r = (struct rows){ .s = s, .own = true };
	if (sqlite3_prepare_v2(s->db, sql, -1, &r->stmt, NULL) != SQLITE_OK)
		return db_error(s, e, "cannot prepare the query");
	if (!r->stmt)
		return err_set(e, ERR_USAGE, "the query is empty");
	return bind(s, r->stmt, args, e);
}

int rows_next(struct rows *r, struct err *e)
{
	switch (sqlite3_step(r->stmt)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		return db_error(r->s, e, "cannot read");
	}
}

void rows_close(struct rows *r)
{
	if (r->own)
		sqlite3_finalize(r->stmt);
	else if (r->stmt)
		sqlite3_reset(r->stmt);
	r->stmt = NULL;
}

int rows_columns(const struct rows *r)
{
	return sqlite3_column_count(r->stmt);
}

const char *rows_name(const struct rows *r, int column)
{
	return sqlite3_column_name(r->stmt, column);
}

bool rows_is_null(const struct rows *r, int column)
{
	return sqlite3_column_type(r->stmt, column) == SQLITE_NULL;
}

bool rows_is_number(const struct rows *r, int column)
{
	int type = sqlite3_column_type(r->stmt, column);

	return type == SQLITE_INTEGER || type == SQLITE_FLOAT;
}

int64_t rows_int(const struct rows *r, int column)
{
	return sqlite3_column_int64(r->stmt, column);
}

double rows_real(const struct rows *r, int column)
{
	return sqlite3_column_double(r->stmt, column);
}

const char *rows_text(const struct rows *r, int column)
{
	const unsigned char *t = sqlite3_column_text(r->stmt, column);

	return t ? (const char *)t : "";
}

char *rows_strdup(const struct rows *r, int column, struct arena *a)
{
	return arena_strdup(a, rows_text(r, column));
}

char *store_time(char buf[TIME_MAX])
{
	struct timespec now;
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = strftime(buf, TIME_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + n, TIME_MAX - n, ".%03ldZ", now.tv_nsec / 1000000);
	return buf;
}
