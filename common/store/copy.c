#include "common/store/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/clock.h"
#include "common/log.h"
#include "common/plain_file.h"

#define PATIENCE_TICKS \
	60 /* for a copy of one who lives: it may plan, or print, for long */
#define LOOKS 5 /* in a tick */
#define TOLD_TICKS 3 /* of waiting, before people are told of it */

void copy_path(const char *db, char path[COPY_PATH_MAX])
{
	snprintf(path, COPY_PATH_MAX, "%s.d/copy.db", db);
}

static void wanted_path(const char *db, char path[COPY_PATH_MAX])
{
	snprintf(path, COPY_PATH_MAX, "%s.d/copy.wanted", db);
}

/* Writing. */

int copy_pages(struct store *to, struct sqlite3 *from, const char *what, struct err *e)
{
	sqlite3_backup *copying = sqlite3_backup_init(to->db, "main", from, "main");
	bool copied = copying && sqlite3_backup_step(copying, -1) == SQLITE_DONE;

	if (sqlite3_backup_finish(copying) == SQLITE_OK && copied)
		return OK;
	return store_fault(to, e, what);
}

int copy_write(struct store *s, const char *to, struct err *e)
{
	struct store copy = { .lock = { .fd = -1, .unlockable = s->lock.unlockable } };
	int rc;

	snprintf(copy.path, sizeof(copy.path), "%s", to);
	unlink(to);
	rc = store_connect(&copy, to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, e);
	/* Nobody reads it before it is whole, so nothing is ever rolled back. */
	if (!rc)
		rc = store_exec(
			&copy, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", e);
	if (!rc)
		rc = copy_pages(&copy, s->db, "cannot copy", e);
	store_disconnect(&copy);
	if (rc)
		unlink(to);
	return rc;
}

static int write_whole(struct store *s, struct err *e)
{
	char to[COPY_PATH_MAX];
	char new[COPY_PATH_MAX + 8];
	int rc;

	copy_path(s->path, to);
	snprintf(new, sizeof(new), "%s.new", to);
	rc = copy_write(s, new, e);
	if (!rc && rename(new, to))
		rc = err_set(e, ERR_DB, "cannot rename %s: %s", new, err_reason(errno));
	return rc;
}

/*
 * The wish goes before it is granted: who asks while a copy is made gets another one.
 * An open looks at the server where a stat may ask a cache of this machine.
 */
void copy_serve(struct store *s)
{
	double began = clock_seconds();
	char wanted[COPY_PATH_MAX];
	struct err e = { 0 };
	int fd;

	if (!s->network || began < s->copy_at)
		return;
	wanted_path(s->path, wanted);
	fd = plain_file_open(wanted, O_RDONLY, 0);
	if (fd < 0)
		return;
	close(fd);
	unlink(wanted);
	if (write_whole(s, &e))
		log_warn("store", "no copy for readers: %s", e.msg);
	s->copy_at = clock_seconds() + 9 * (clock_seconds() - began);
}

void copy_remove(const char *db)
{
	char path[COPY_PATH_MAX];

	copy_path(db, path);
	unlink(path);
	wanted_path(db, path);
	unlink(path);
}

/* Waiting. */

struct waiting {
	const char *db;
	char wanted[COPY_PATH_MAX];
	bool asked;
	struct stat before; /* the copy that was there already; all 0 without */
	struct beat_seen lock;
	int still; /* ticks for which its number has not moved */
};

/* Which file it is: by a descriptor, since a stat may ask a cache of this machine. */
static struct stat look_at_copy(const char *db)
{
	struct stat st = { 0 };
	char path[COPY_PATH_MAX];
	int fd;

	copy_path(db, path);
	fd = plain_file_open(path, O_RDONLY, 0);
	if (fd >= 0 && fstat(fd, &st))
		st = (struct stat){ 0 };
	if (fd >= 0)
		close(fd);
	return st;
}

static bool has_come(const struct waiting *w)
{
	struct stat now = look_at_copy(w->db);

	return now.st_size &&
		(now.st_ino != w->before.st_ino || now.st_dev != w->before.st_dev ||
			now.st_mtim.tv_sec != w->before.st_mtim.tv_sec ||
			now.st_mtim.tv_nsec != w->before.st_mtim.tv_nsec);
}

/* The folder may not be there yet: a run that has just begun makes it. */
static int ask(struct waiting *w, struct err *e)
{
	int fd = plain_file_open(w->wanted, O_WRONLY | O_CREAT, 0644);

	if (fd < 0 && errno == ENOENT)
		return OK;
	if (fd < 0)
		return err_set(e, ERR_DB,
			"%s is on a network file system and in use by %s, so that it is "
			"read through a copy, which is asked for by the file %s: %s",
			w->db, w->lock.holder, w->wanted, err_reason(errno));
	close(fd);
	w->asked = true;
	return OK;
}

/* Once a tick: whether its holder is there (1) or not (0). */
static int look_at_lock(struct waiting *w, struct err *e)
{
	struct beat_seen before = w->lock;
	int rc = file_lock_look(w->db, &w->lock, e);

	if (rc)
		return rc;
	w->still = strcmp(w->lock.text, before.text) ? 0 : w->still + 1;
	return w->lock.there && w->still < BEAT_TICKS;
}

/* A tick of waiting. Returns what copy_await does, unless it is to go on (*on). */
static int wait_a_tick(struct waiting *w, bool *on, struct err *e)
{
	int rc = w->asked ? OK : ask(w, e);

	*on = false;
	for (int i = 0; !rc && i < LOOKS; i++) {
		clock_wait(clock_tick_ms() / 1000.0 / LOOKS);
		if (w->asked && has_come(w))
			return COPY_READY;
	}
	if (!rc)
		rc = look_at_lock(w, e);
	*on = rc == 1;
	return rc < 0 ? rc : COPY_NOBODY;
}

int copy_await(const char *db, struct err *e)
{
	struct waiting w = { .db = db, .before = look_at_copy(db) };
	int rc = file_lock_look(db, &w.lock, e);
	bool on = !rc && w.lock.there;

	wanted_path(db, w.wanted);
	for (int tick = 0; on && tick < PATIENCE_TICKS; tick++) {
		if (tick == TOLD_TICKS)
			log_warn("store",
				"%s is in use by %s: waiting for a copy to read", db,
				w.lock.holder);
		rc = wait_a_tick(&w, &on, e);
	}
	if (!on)
		return rc;
	return err_set(e, ERR_DB,
		"%s is on a network file system and in use by %s, which has not made a copy "
		"to read within %d s: it may be planning, or printing; ask again later",
		db, w.lock.holder, PATIENCE_TICKS * clock_tick_ms() / 1000);
}
