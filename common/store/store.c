#include "common/store/store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "common/store/rows.h"

/* How long a write waits for another: first some short pauses, then longer ones. */
#define BUSY_SECONDS 60
#define BUSY_MS 5
#define BUSY_SHORT_WAITS 40

/*
 * Pages (16 MB) that the log holds before it goes into the database. A page that several
 * epochs changed goes once, and the two syncs that each time costs come less often.
 */
#define CHECKPOINTS "PRAGMA wal_autocheckpoint=4000"

/* schema.sql and the later steps, one a version: user_version says which have run. */
extern const char schema_sql[];
static const char *const migrations[] = { schema_sql };
#define SCHEMA_VERSION ((int)(sizeof(migrations) / sizeof(migrations[0])))

int store_fault(const struct store *s, struct err *e, const char *what)
{
	return err_set(e, ERR_DB, "%s: %s: %s", s->path, what,
		s->db ? sqlite3_errmsg(s->db) : "out of memory");
}

static int exec(struct store *s, const char *sql, struct err *e)
{
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_fault(s, e, "cannot prepare the database");
	return OK;
}

static int check_version(const struct store *s, int version, struct err *e)
{
	if (version > SCHEMA_VERSION)
		return err_set(e, ERR_DB,
			"%s was written by a newer deltam (schema %d, this one knows "
			"%d); use that version",
			s->path, version, SCHEMA_VERSION);
	if (version < SCHEMA_VERSION && s->mode != STORE_ORCHESTRATOR)
		return err_set(e, ERR_DB, "%s holds no sweep yet%s", s->path,
			version ? " that this version can read; `deltam run` brings "
				  "it up to date"
				: "; `deltam run` fills it");
	return OK;
}

static int schema_version(struct store *s, int *version, struct err *e)
{
	struct rows r = rows_open_sql(s, "PRAGMA user_version", NO_ARGS, e);

	*version = rows_next(&r) ? rows_int(&r) : 0;
	return rows_close(&r);
}

/* Whatever is missing of the schema, in one transaction. */
static int migrate(struct store *s, struct err *e)
{
	char pragmas[96];
	int version;
	int rc = store_begin(s, e);

	if (rc)
		return rc;
	rc = schema_version(s, &version, e);
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

static int use_wal(struct store *s, struct err *e)
{
	struct rows r = rows_open_sql(s, "PRAGMA journal_mode=WAL", NO_ARGS, e);
	const char *mode = rows_next(&r) ? rows_text(&r) : "wal";

	if (strcmp(mode, "wal") != 0)
		r.rc = err_set(e, ERR_DB,
			"%s: this file system cannot share a database between "
			"processes (journal mode stays %s)",
			s->path, mode);
	return rows_close(&r);
}

/*
 * The schema comes before WAL: the file's own header, which file_inspect reads, then
 * names us from the first commit on.
 */
static int set_up(struct store *s, struct err *e)
{
	static const char *const pragmas[] = {
		[STORE_ORCHESTRATOR] =
			"PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; " CHECKPOINTS,
		/* No foreign keys: a worker's rows belong to the job of its token. */
		[STORE_WORKER] = "PRAGMA synchronous=NORMAL; " CHECKPOINTS,
		/* Reports look up single rows all over a large file. */
		[STORE_READER] = "PRAGMA query_only=ON; PRAGMA cache_size=-65536",
	};
	int version;
	int rc = schema_version(s, &version, e);

	if (!rc)
		rc = check_version(s, version, e);
	if (!rc)
		rc = exec(s, pragmas[s->mode], e);
	if (!rc)
		rc = exec(s, "PRAGMA temp_store=MEMORY", e);
	if (!rc && version < SCHEMA_VERSION)
		rc = migrate(s, e);
	if (!rc && s->mode == STORE_ORCHESTRATOR)
		rc = use_wal(s, e);
	return rc;
}

/* "file:PATH?immutable=1", with what means something in a URI escaped. */
static void immutable_uri(const char *path, struct str *out)
{
	str_put(out, "file:");
	for (; *path; path++) {
		if (strchr("?#%", *path))
			str_printf(out, "%%%02x", (unsigned char)*path);
		else
			str_putn(out, path, 1);
	}
	str_put(out, "?immutable=1");
}

/* Both programs have one thread: no mutexes, no shared counters. Once a process. */
static void configure_sqlite(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite3_config(
		SQLITE_CONFIG_URI, 0); /* a path is a path, whatever it begins with */
	sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 256, 1000);
}

/*
 * Waits for the one who writes; `times` counts from 0 for each wait. A commit takes some
 * hundred microseconds: SQLite's own handler sleeps longer than what it waits for.
 */
static int wait_for_writer(void *unused, int times)
{
	bool soon = times < BUSY_SHORT_WAITS;
	struct timespec pause = { .tv_nsec = soon ? 100000 : BUSY_MS * 1000000L };

	(void)unused;
	if (times >= BUSY_SHORT_WAITS + BUSY_SECONDS * 1000 / BUSY_MS)
		return 0;
	nanosleep(&pause, NULL);
	return 1;
}

static int open_flags(struct store *s, const char *name, int flags, struct err *e)
{
	configure_sqlite();
	flags |= SQLITE_OPEN_NOMUTEX;
	if (sqlite3_open_v2(name, &s->db, flags, NULL) != SQLITE_OK)
		return store_fault(s, e, "cannot open");
	sqlite3_busy_handler(s->db, wait_for_writer, NULL);
	return OK;
}

/*
 * In a folder that is read-only SQLite cannot make the files through which it shares a
 * database. Nobody can write there, so a database without a log may be read as it is.
 */
static int open_immutable(struct store *s, struct err *e)
{
	char log[sizeof(s->path) + 8];
	struct arena a = { 0 };
	struct str uri = { .arena = &a };
	int rc;

	snprintf(log, sizeof(log), "%s-wal", s->path);
	if (access(log, F_OK) == 0)
		return store_fault(s, e, "cannot read");
	sqlite3_close(s->db);
	s->db = NULL;
	immutable_uri(s->path, &uri);
	rc = open_flags(s, str_get(&uri), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, e);
	arena_release(&a);
	return rc;
}

static int open_database(struct store *s, struct err *e)
{
	int sqlite;
	int rc;

	if (s->mode == STORE_ORCHESTRATOR)
		return open_flags(
			s, s->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, e);
	rc = open_flags(s, s->path, SQLITE_OPEN_READWRITE, e);
	if (rc || s->mode != STORE_READER)
		return rc;
	sqlite = sqlite3_exec(s->db, "SELECT 1 FROM sqlite_schema", NULL, NULL, NULL);
	if (sqlite == SQLITE_CANTOPEN || sqlite == SQLITE_READONLY)
		rc = open_immutable(s, e);
	return rc;
}

/* Everything that can be refused before a byte is written. */
static int check_file(struct store *s, enum file_state *state, struct err *e)
{
	int version;
	int rc = file_inspect(s->path, state, &version, e);

	if (rc)
		return rc;
	if (*state == FILE_MISSING && s->mode != STORE_ORCHESTRATOR)
		return err_set(e, ERR_DB,
			"there is no database %s; `deltam run` makes it", s->path);
	rc = check_version(s, version, e);
	if (!rc && s->mode != STORE_READER)
		rc = file_check_writable(s->path, e);
	return rc;
}

/* What a failed creation leaves; we still hold the lock, so it is ours alone. */
static void remove_files(const char *path)
{
	static const char *const suffixes[] = { "", "-journal", "-wal", "-shm" };
	char name[FILE_PATH_MAX];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		unlink(name);
	}
}

static void close_database(struct store *s)
{
	for (int i = 0; i < STMT_COUNT; i++) {
		sqlite3_finalize(s->stmt[i]);
		s->stmt[i] = NULL;
	}
	if (sqlite3_close(s->db) != SQLITE_OK)
		BUG("a cursor is still open");
	s->db = NULL;
}

int store_open(struct store *s, const char *path, enum store_mode mode, struct err *e)
{
	enum file_state state;
	int rc;

	*s = (struct store){ .mode = mode, .lock.fd = -1 };
	if (snprintf(s->path, sizeof(s->path), "%s", path) >= (int)sizeof(s->path))
		return err_set(e, ERR_DB, "the database's path is too long: %s", path);
	rc = check_file(s, &state, e);
	if (!rc && mode == STORE_ORCHESTRATOR) {
		rc = file_lock(&s->lock, s->path, e);
		if (!rc) /* again: another one may have made it in between */
			rc = check_file(s, &state, e);
		if (!rc)
			rc = file_lock_data(&s->lock, s->path, e);
	}
	if (!rc) {
		rc = open_database(s, e);
		if (!rc)
			rc = set_up(s, e);
		if (rc) {
			close_database(s);
			if (state == FILE_MISSING)
				remove_files(s->path);
		}
	}
	if (rc)
		store_close(s);
	return rc;
}

void store_close(struct store *s)
{
	close_database(s);
	file_unlock(&s->lock);
	*s = (struct store){ .lock.fd = -1 };
}

int store_begin(struct store *s, struct err *e)
{
	return store_run(s, STMT_BEGIN, NO_ARGS, e);
}

int store_commit(struct store *s, struct err *e)
{
	int rc = OK;

	if (s->mode == STORE_ORCHESTRATOR)
		rc = file_check_same(&s->lock, s->path, e);
	if (!rc)
		rc = store_run(s, STMT_COMMIT, NO_ARGS, e);
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
