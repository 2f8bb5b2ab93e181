#include "common/store/store.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <time.h>
#include "common/clock.h"

/* How long a write waits for another: first some short pauses, then longer ones. */
#define BUSY_SECONDS 60
#define BUSY_MS 5
#define BUSY_SHORT_WAITS 40

/*
 * What SQLite says. Where its file of shared memory (-shm) does not fit on the disk it says
 * "disk I/O error", and keeps the errno of the call that failed.
 */
static const char *reason(const struct store *s)
{
	int number;

	if (!s->db)
		return "out of memory";
	number = sqlite3_system_errno(s->db);
	if (sqlite3_errcode(s->db) == SQLITE_IOERR &&
		(number == ENOSPC || number == EDQUOT))
		return sqlite3_errstr(SQLITE_FULL);
	return sqlite3_errmsg(s->db);
}

int store_fault(const struct store *s, struct err *e, const char *what)
{
	return err_set(e, ERR_DB, "%s: %s: %s", s->path, what, reason(s));
}

int store_exec(struct store *s, const char *sql, struct err *e)
{
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_fault(s, e, "cannot prepare the database");
	return OK;
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

	(void)unused;
	if (times >= BUSY_SHORT_WAITS + BUSY_SECONDS * 1000 / BUSY_MS)
		return 0;
	clock_wait(soon ? 1e-4 : BUSY_MS / 1000.0);
	return 1;
}

/*
 * A file may come from anybody. Our schema has no triggers, and its views call nothing
 * that has effects, so what is there of either kind is not ours and does not run.
 */
static void distrust(struct store *s)
{
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
}

int store_connect(struct store *s, const char *name, int flags, struct err *e)
{
	const char *vfs = s->lock.unlockable ? "unix-none" : NULL;

	configure_sqlite();
	flags |= SQLITE_OPEN_NOMUTEX;
	if (sqlite3_open_v2(name, &s->db, flags, vfs) != SQLITE_OK)
		return store_fault(s, e, "cannot open");
	sqlite3_busy_handler(s->db, wait_for_writer, NULL);
	distrust(s);
	return OK;
}

/* What SQLite asks before a commit; it rolls back where the answer is not 0. */
static int refuse(void *arg)
{
	const struct store *s = arg;

	return file_check_same(&s->lock, s->path, NULL) != OK;
}

void store_guard(struct store *s)
{
	sqlite3_commit_hook(s->db, refuse, s);
}

void store_disconnect(struct store *s)
{
	for (int i = 0; i < STMT_COUNT; i++) {
		sqlite3_finalize(s->stmt[i]);
		s->stmt[i] = NULL;
	}
	if (sqlite3_close(s->db) != SQLITE_OK)
		BUG("a cursor is still open");
	s->db = NULL;
}

/*
 * Leaves the connection as it is until the process ends: closing it would remove the journal,
 * and that of this name may be our successor's.
 */
static void abandon(struct store *s)
{
	static struct sqlite3 *volatile left; /* known, and so no leak */

	left = s->db;
	s->db = NULL;
	(void)left;
}

void store_close(struct store *s)
{
	if (s->lock.beat && s->db && file_check_same(&s->lock, s->path, NULL))
		abandon(s);
	else
		store_disconnect(s);
	file_unlock(&s->lock);
	*s = (struct store){ .lock.fd = -1 };
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
