#include "common/store/beat.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "common/clock.h"
#include "common/log.h"
#include "common/plain_file.h"
#include "common/random_hex.h"

#define SETTLE_TICKS 2 /* after which whoever took the lock at the same time shows */
#define TOLD_TICKS 3 /* of watching, before people are told of it */
#define PATH_BYTES 4160 /* of a lock file's path, and of the one that replaces it */

struct beat {
	pthread_t thread;
	pthread_mutex_t mutex; /* of the next two */
	pthread_cond_t wake;
	bool ending;
	unsigned count;
	int tick_ms;
	int fd;
	char path[PATH_BYTES];
	char token[17];
	char front[BEAT_TEXT_MAX - 16]; /* of the file: everything before the number */
};

static int file_fault(struct err *e, const char *what, const char *path)
{
	return err_set(e, ERR_DB, "%s %s: %s", what, path, err_reason(errno));
}

/* Looking. */

/* A file that is replaced while it is read may be gone from its server: again, then. */
static ssize_t read_file(const char *path, char *text, size_t size)
{
	ssize_t n = -1;

	for (int i = 0; n < 0 && i < 3; i++) {
		int fd = plain_file_open(path, O_RDONLY, 0); /* anew: NFS looks now */

		if (fd < 0)
			return -1;
		n = read(fd, text, size - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	return n;
}

int beat_look(const char *path, struct beat_seen *seen, struct err *e)
{
	size_t line;

	*seen = (struct beat_seen){ 0 };
	if (read_file(path, seen->text, sizeof(seen->text)) < 0)
		return errno == ENOENT ? OK : file_fault(e, "cannot read", path);
	seen->there = true;
	line = strcspn(seen->text, "\n");
	seen->counts = seen->text[line] && seen->text[line + 1];
	snprintf(seen->holder, sizeof(seen->holder), "%.*s", (int)line,
		line ? seen->text : "");
	if (!line)
		snprintf(seen->holder, sizeof(seen->holder), "just starting");
	return OK;
}

int beat_watch(const char *path, struct beat_seen *seen, struct err *e)
{
	struct beat_seen before;
	int ms = clock_tick_ms();
	int rc = beat_look(path, seen, e);

	for (int i = 0; !rc && seen->there && i < BEAT_TICKS; i++) {
		if (i == TOLD_TICKS)
			log_warn("store",
				"%s is of %s; whether that lives is seen within %d s",
				path, seen->holder, BEAT_TICKS * ms / 1000);
		before = *seen;
		clock_wait(ms / 1000.0);
		rc = beat_look(path, seen, e);
		if (!rc && seen->there && strcmp(seen->text, before.text) != 0)
			return BEAT_LIVES;
	}
	return rc ? rc : seen->there ? BEAT_STILL : BEAT_GONE;
}

/* Holding. */

/* One write of the same length as before, so that nobody reads half of it. */
static int write_count(const struct beat *b)
{
	char text[BEAT_TEXT_MAX];
	int n = snprintf(text, sizeof(text), "%s%010u\n", b->front, b->count);

	return pwrite(b->fd, text, (size_t)n, 0) == n && !fdatasync(b->fd) ? 0 : -1;
}

static struct timespec in_milliseconds(int ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += ms % 1000 * 1000000L;
	if (t.tv_nsec >= 1000000000L) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000L;
	}
	return t;
}

/*
 * A thread, because the process may be busy for longer than others wait: it plans, or it
 * prints. A beat that cannot be written is no matter: beat_check reads what is there.
 */
static void *count_up(void *arg)
{
	struct beat *b = arg;

	pthread_mutex_lock(&b->mutex);
	while (!b->ending) {
		struct timespec next = in_milliseconds(b->tick_ms);

		if (pthread_cond_timedwait(&b->wake, &b->mutex, &next) != ETIMEDOUT)
			continue;
		b->count++;
		(void)write_count(b);
	}
	pthread_mutex_unlock(&b->mutex);
	return NULL;
}

/* Signals are for the thread that has an event loop for them. */
static int start_thread(struct beat *b)
{
	pthread_condattr_t monotonic;
	sigset_t all, usual;

	pthread_mutex_init(&b->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&b->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &usual);
	errno = pthread_create(&b->thread, NULL, count_up, b);
	pthread_sigmask(SIG_SETMASK, &usual, NULL);
	return errno ? -1 : 0;
}

static struct beat *new_beat(const char *path)
{
	struct beat *b = calloc(1, sizeof(*b));
	char host[128] = "";

	if (!b || random_hex(b->token, 8, "token", NULL))
		BUG("no memory, or no random numbers");
	gethostname(host, sizeof(host) - 1);
	snprintf(b->path, sizeof(b->path), "%s", path);
	snprintf(b->front, sizeof(b->front), "process %ld on %.100s\n%s ",
		(long)getpid(), host, b->token);
	b->tick_ms = clock_tick_ms();
	b->fd = -1;
	return b;
}

static void free_beat(struct beat *b)
{
	if (b->fd >= 0)
		close(b->fd);
	free(b);
}

int beat_make(struct beat **out, const char *path, struct err *e)
{
	struct beat *b = new_beat(path);
	bool there;
	int rc;

	b->fd = plain_file_open(path, O_RDWR | O_CREAT | O_EXCL, 0644);
	there = b->fd < 0 && errno == EEXIST;
	if (b->fd >= 0 && !write_count(b) && !start_thread(b)) {
		*out = b;
		return OK;
	}
	rc = there ? 1 : file_fault(e, "cannot create", path);
	if (b->fd >= 0)
		unlink(path);
	free_beat(b);
	return rc;
}

/* Whether the file is ours: 1, 0, or ERR_DB. */
static int is_ours(const struct beat *b, struct beat_seen *seen, struct err *e)
{
	int rc = beat_look(b->path, seen, e);

	return rc ? rc
		  : seen->there && !strncmp(seen->text, b->front, strlen(b->front));
}

/* Puts our file in the place of the one that stood still; 1: that has changed. */
static int replace(struct beat *b, const struct beat_seen *seen, struct err *e)
{
	char mine[sizeof(b->path) + 24];
	struct beat_seen now;
	int rc = OK;

	snprintf(mine, sizeof(mine), "%s.%s", b->path, b->token);
	b->fd = plain_file_make(mine, O_RDWR, 0644);
	if (b->fd < 0 || write_count(b))
		rc = file_fault(e, "cannot create", mine);
	if (!rc)
		rc = beat_look(b->path, &now, e);
	if (!rc && (!now.there || strcmp(now.text, seen->text) != 0))
		rc = 1;
	if (!rc && rename(mine, b->path))
		rc = file_fault(e, "cannot replace", b->path);
	if (rc && b->fd >= 0)
		unlink(mine);
	return rc;
}

/*
 * Two may have seen the lock stand still: the file is of the one who came last, so each
 * waits for a moment and looks whose it is.
 */
int beat_seize(struct beat **out, const char *path, const struct beat_seen *seen,
	struct err *e)
{
	struct beat *b = new_beat(path);
	struct beat_seen now;
	int rc = replace(b, seen, e);
	int ours;

	if (!rc && start_thread(b))
		rc = file_fault(e, "cannot count in", path);
	if (rc) {
		free_beat(b);
		return rc;
	}
	clock_wait(SETTLE_TICKS * b->tick_ms / 1000.0);
	ours = is_ours(b, &now, e);
	if (ours != 1) {
		beat_drop(b);
		return ours < 0 ? ours : 1;
	}
	*out = b;
	return OK;
}

int beat_check(const struct beat *b, const char *db, struct err *e)
{
	struct beat_seen seen;
	int ours = is_ours(b, &seen, e);

	if (ours)
		return ours < 0 ? ours : OK;
	if (!seen.there)
		return err_set(e, ERR_LOCKED,
			"the lock of %s (%s) was removed while this process held it; "
			"nothing more is written, and the same command goes on",
			db, b->path);
	return err_set(e, ERR_LOCKED,
		"%s is in use by another deltam (%s), which took over because this one "
		"was not heard of for a while; nothing more is written",
		db, seen.holder);
}

void beat_drop(struct beat *b)
{
	struct beat_seen seen;

	if (!b)
		return;
	pthread_mutex_lock(&b->mutex);
	b->ending = true;
	pthread_cond_signal(&b->wake);
	pthread_mutex_unlock(&b->mutex);
	pthread_join(b->thread, NULL);
	pthread_cond_destroy(&b->wake);
	pthread_mutex_destroy(&b->mutex);
	if (is_ours(b, &seen, NULL) == 1)
		unlink(b->path);
	free_beat(b);
}
