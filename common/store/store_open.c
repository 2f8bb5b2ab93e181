#include "common/store/store_open.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "common/store/copy.h"
#include "common/store/network_fs.h"
#include "common/store/rows.h"
#include "common/store/schema.h"

/*
 * A reader who stays in one transaction keeps the log growing. Once all of it is in the
 * database the next commit begins it anew, and cuts the file to 32 MB.
 */
#define LOG_CUT "PRAGMA journal_size_limit=33554432"

/*
 * Pages (16 MB) that the log holds before it goes into the database. A page that several
 * epochs changed goes once, and the two syncs that each time costs come less often.
 */
#define CHECKPOINTS "PRAGMA wal_autocheckpoint=4000; " LOG_CUT

#define COPY_TRIES 3 /* at a copy that another reader's wish replaces under our hands */

/* What a mode may do with which files. */
static const struct mode {
	const struct schema *schema; /* that the file must have */
	bool makes; /* the file, unless it is there, and brings it up to date */
	bool reads; /* and writes nothing */
	const char *pragmas;
} modes[] = {
	[STORE_ORCHESTRATOR] = { &schema_results, true, false,
		"PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; " CHECKPOINTS },
	/* No foreign keys: a worker's rows belong to the job of its token. */
	[STORE_WORKER] = { &schema_results, false, false,
		"PRAGMA synchronous=NORMAL; " CHECKPOINTS },
/* Reports look up single rows all over a large file, so they get a large cache. */
#define READING "PRAGMA query_only=ON; PRAGMA cache_size=-65536"
	[STORE_READER] = { &schema_results, false, true, READING },
	[STORE_TRIAL] = { &schema_results, false, true, "PRAGMA foreign_keys=ON" },
	[STORE_QUERY] = { NULL, false, true, READING },
	[STORE_TOY] = { &schema_toy, true, false, "PRAGMA synchronous=NORMAL" },
};

static const struct mode *mode_of(const struct store *s)
{
	return &modes[s->mode];
}

/* An older one is brought up to date later, by a mode that may. */
static int check_version(const struct store *s, struct err *e)
{
	if (s->version > s->schema->version)
		return err_set(e, ERR_DB,
			"%s was written by a newer deltam (schema %d, this one knows "
			"%d); use that version",
			s->path, s->version, s->schema->version);
	if (!s->version && !mode_of(s)->makes)
		return err_set(e, ERR_DB,
			"%s holds no sweep yet; `deltam run` fills it", s->path);
	return OK;
}

/*
 * Asks the open database, as its header may lag: what `deltam run` has just brought up to
 * date can lie in the log (WAL) still.
 */
static int refuse_old(const struct store *s, struct err *e)
{
	if (s->version < s->schema->version && s->mode == STORE_WORKER)
		return err_set(e, ERR_DB,
			"%s was written by an older deltam; `deltam run` brings it up "
			"to date",
			s->path);
	return OK;
}

static int use_journal(
	struct store *s, const char *wanted, const char *what, struct err *e)
{
	char sql[64];
	struct rows r;
	const char *mode;

	snprintf(sql, sizeof(sql), "PRAGMA journal_mode=%s", wanted);
	r = rows_open_sql(s, sql, NO_ARGS, e);
	mode = rows_next(&r) ? rows_text(&r) : wanted;
	if (strcmp(mode, wanted) != 0)
		r.rc = err_set(e, ERR_DB, "%s: %s (journal mode stays %s)", s->path,
			what, mode);
	return rows_close(&r);
}

static int share(struct store *s, struct err *e)
{
	return use_journal(s, "wal",
		"this file system cannot share a database between processes; "
		"DELTAM_NETWORK_FS=1 does without",
		e);
}

/*
 * One connection alone until it is closed. What is changed is written at the commit and not
 * before, when it has been seen that the lock is still ours.
 */
static int keep_others_out(struct store *s, struct err *e)
{
	int rc = use_journal(
		s, "delete", "the file cannot be taken out of its shared mode", e);

	return rc ? rc
		  : store_exec(s, "PRAGMA cache_spill=OFF; BEGIN EXCLUSIVE; COMMIT", e);
}

/* Locks of the file that are nobody's whom the lock file knows. */
static int in_the_way(const struct store *s, struct err *e)
{
	return err_set(e, ERR_LOCKED,
		"%s: somebody has the file open, or a machine that is gone had, and the "
		"file server has not forgotten it yet",
		s->path);
}

/*
 * The schema comes before WAL: the file's own header, which file_inspect reads, then
 * names us from the first commit on.
 */
static int set_up(struct store *s, struct err *e)
{
	const struct mode *mode = mode_of(s);
	int rc = schema_version(s, &s->version, e);

	if (!rc)
		rc = check_version(s, e);
	if (!rc)
		rc = refuse_old(s, e);
	if (!rc)
		rc = schema_check(s, e);
	if (!rc)
		rc = store_exec(s, "PRAGMA temp_store=MEMORY", e);
	if (!rc && mode->makes && s->schema != mode->schema)
		rc = schema_become_toy(s, e);
	else if (!rc && mode->makes)
		rc = schema_upgrade(s, e);
	if (!rc)
		rc = store_exec(s, mode->pragmas, e);
	if (!rc && mode->makes)
		rc = s->network ? keep_others_out(s, e) : share(s, e);
	if (rc && s->network && sqlite3_errcode(s->db) == SQLITE_BUSY)
		rc = in_the_way(s, e);
	return rc;
}

/* Writes "file:PATH?immutable=1", and escapes what means something in a URI. */
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

static int connect_immutable(struct store *s, const char *path, struct err *e)
{
	struct arena a = { 0 };
	struct str uri = { .arena = &a };
	int rc;

	immutable_uri(path, &uri);
	rc = store_connect(s, str_get(&uri), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, e);
	arena_release(&a);
	return rc;
}

/*
 * In a folder that is read-only SQLite cannot make the files through which it shares a
 * database. Nobody can write there, so a database without a log may be read as it is.
 */
static int open_immutable(struct store *s, struct err *e)
{
	static const char *const logs[] = { "wal", "journal" };
	char log[sizeof(s->path) + 12];

	for (int i = 0; i < COUNT(logs); i++) {
		snprintf(log, sizeof(log), "%s-%s", s->path, logs[i]);
		if (access(log, F_OK) == 0)
			return store_fault(s, e, "cannot read");
	}
	sqlite3_close(s->db);
	s->db = NULL;
	return connect_immutable(s, s->path, e);
}

/* Goes on in memory, with all that the database has. */
static int into_memory(struct store *s, struct err *e)
{
	sqlite3 *file = s->db;
	int rc = store_connect(
		s, ":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, e);

	if (!rc)
		rc = copy_pages(s, file, "cannot read the database into memory", e);
	sqlite3_close(file);
	return rc;
}

/*
 * Opens the copy that another process writes for us; *there is false where nobody runs. The
 * next copy may replace it, and some file servers take it away then, so it is read at once.
 */
static int open_their_copy(struct store *s, bool *there, struct err *e)
{
	char path[COPY_PATH_MAX];
	int rc = ERR_DB;

	copy_path(s->path, path);
	for (int i = 0; rc && i < COPY_TRIES; i++) {
		rc = copy_await(s->path, e);
		*there = rc == COPY_READY;
		if (!*there)
			return rc;
		rc = connect_immutable(s, path, e);
		if (!rc)
			rc = into_memory(s, e);
		if (rc && i + 1 < COPY_TRIES)
			store_disconnect(s);
	}
	return rc;
}

static int open_for_writing(struct store *s, struct err *e)
{
	int rc = store_connect(
		s, s->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, e);

	if (!rc && s->mode == STORE_ORCHESTRATOR)
		store_guard(s);
	/* Before its first look at the file, so that a log (WAL) is never shared. */
	if (!rc && s->network)
		rc = store_exec(s, "PRAGMA locking_mode=EXCLUSIVE", e);
	return rc;
}

static int open_database(struct store *s, struct err *e)
{
	int sqlite;
	int rc;

	if (mode_of(s)->makes)
		return open_for_writing(s, e);
	if (s->network && mode_of(s)->reads) {
		rc = open_their_copy(s, &s->held, e);
		if (rc || s->held)
			return rc;
	}
	rc = store_connect(s, s->path, SQLITE_OPEN_READWRITE, e);
	if (rc || !mode_of(s)->reads)
		return rc;
	sqlite = sqlite3_exec(s->db, "SELECT 1 FROM sqlite_schema", NULL, NULL, NULL);
	if (sqlite == SQLITE_CANTOPEN || sqlite == SQLITE_READONLY)
		rc = open_immutable(s, e);
	return rc;
}

/* Whose the file is, as far as its header tells. */
static int check_schema(struct store *s, const struct file_header *h, struct err *e)
{
	const struct schema *wanted = mode_of(s)->schema;

	s->schema = wanted ? wanted : &schema_results;
	s->version = h->version;
	if (h->state == FILE_MISSING || h->state == FILE_EMPTY)
		return OK;
	s->schema = schema_of(h->application_id);
	if (!s->schema)
		return err_set(e, ERR_DB, "%s is not a deltam database", s->path);
	if (wanted == &schema_results && s->schema != wanted)
		return err_set(e, ERR_DB,
			"%s holds %s, not %s: choose the database with --db", s->path,
			s->schema->holds, wanted->holds);
	return OK;
}

bool store_holds_results(const char *path)
{
	struct file_header h;

	return !file_inspect(path, &h, NULL) &&
		schema_of(h.application_id) == &schema_results;
}

/* Checks everything that can be refused before a byte is written. */
static int check_file(struct store *s, enum file_state *state, struct err *e)
{
	struct file_header h;
	int rc = file_inspect(s->path, &h, e);

	*state = h.state;
	s->held = h.held;
	if (!rc)
		rc = check_schema(s, &h, e);
	if (rc)
		return rc;
	if (h.state == FILE_MISSING && !mode_of(s)->makes)
		return err_set(e, ERR_DB,
			"there is no database %s; `deltam run` makes it", s->path);
	rc = check_version(s, e);
	if (!rc && !mode_of(s)->reads)
		rc = file_check_writable(s->path, e);
	return rc;
}

/* What a failed creation leaves; we still hold the lock, so it is ours alone. */
static void remove_files(const char *path)
{
	static const char *const suffixes[] = { "", "-journal", "-wal", "-shm" };
	char name[FILE_PATH_MAX];

	for (int i = 0; i < COUNT(suffixes); i++) {
		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		unlink(name);
	}
}

/*
 * Whether others may see the file from other machines, or do: on the file server itself, or
 * under DELTAM_NETWORK_FS, they know the file system by another name than we do.
 */
static int look_whether_shared(struct store *s, struct err *e)
{
	struct beat_seen lock;
	int rc = OK;

	s->network = network_fs_holds(s->path);
	if (!s->network && s->held) {
		rc = file_lock_look(s->path, &lock, e);
		s->network = !rc && lock.counts;
	}
	s->lock.unlockable = s->network && !file_can_lock(s->path);
	return rc;
}

static int open_as(
	struct store *s, const char *path, enum store_mode mode, struct err *e)
{
	enum file_state state;
	int rc;

	*s = (struct store){ .mode = mode, .lock.fd = -1 };
	if (snprintf(s->path, sizeof(s->path), "%s", path) >= (int)sizeof(s->path))
		return err_set(e, ERR_DB, "the database's path is too long: %s", path);
	rc = check_file(s, &state, e);
	if (!rc)
		rc = look_whether_shared(s, e);
	if (!rc && mode_of(s)->makes) {
		rc = (s->network ? file_lock_far : file_lock)(&s->lock, s->path, e);
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
			store_disconnect(s);
			if (state == FILE_MISSING)
				remove_files(s->path);
		}
	}
	if (rc)
		store_close(s);
	return rc;
}

static bool is_old(const struct store *s)
{
	return s->version < s->schema->version;
}

/* Goes on with a copy of the file in memory, which can be changed and is brought up to date. */
static int open_copy(struct store *s, struct err *e)
{
	int rc = into_memory(s, e);

	if (!rc)
		rc = schema_version(s, &s->version, e);
	if (!rc)
		rc = schema_upgrade(s, e);
	return rc ? rc : store_exec(s, mode_of(s)->pragmas, e);
}

/*
 * A reader has met an older schema: the file is brought up to date as `deltam run` would
 * do it. Where that cannot be (a folder that we cannot write, another one who holds the
 * file) a copy is.
 */
static int renew(struct store *s, const char *path, struct err *e)
{
	enum store_mode mode = s->mode;
	enum store_mode writer =
		s->schema == &schema_toy ? STORE_TOY : STORE_ORCHESTRATOR;
	int rc;

	store_close(s);
	if (!open_as(s, path, writer, NULL))
		store_close(s);
	rc = open_as(s, path, mode, e);
	if (!rc && is_old(s)) {
		rc = open_copy(s, e);
		if (rc)
			store_close(s);
	}
	return rc;
}

int store_open(struct store *s, const char *path, enum store_mode mode, struct err *e)
{
	int rc = open_as(s, path, mode, e);

	if (rc || (!is_old(s) && mode != STORE_TRIAL))
		return rc;
	if (mode != STORE_TRIAL)
		return renew(s, path, e);
	rc = open_copy(s, e);
	if (rc)
		store_close(s);
	return rc;
}
