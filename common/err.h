/*
 * Errors: one code and one message, set where it happens, wrapped on the way out.
 *
 * A fallible function returns OK or a negative enum err_code, takes `struct err *e`
 * last and is MUST_CHECK. The one who notices the fault calls err_set(); callers add
 * context in front with err_wrap(). Nothing else carries errors.
 */
#ifndef DELTAM_ERR_H
#define DELTAM_ERR_H

#include <stdbool.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

enum err_code {
	OK = 0,
	ERR_USAGE = -1, /* command line */
	ERR_SPEC = -2, /* sweep file */
	ERR_DATA = -3, /* data files: missing, corrupt */
	ERR_DB = -4, /* database: not ours, newer, unwritable, SQLite */
	ERR_LOCKED = -5, /* another orchestrator holds the database */
	ERR_SYS = -6, /* operating system */
	ERR_STALE = -7, /* the attempt token is no longer valid: stop, write nothing */
	ERR_DETERMINISM = -8, /* a row exists with another value */
	ERR_DIVERGED = -9, /* training left the finite numbers */
	ERR_CHECKPOINT = -10, /* torn, foreign or of another arithmetic: start over */
	ERR_INTERRUPTED = -11,
	ERR_FAILED = -12, /* a job failed for good */
};

struct err {
	enum err_code code;
	char msg[1024];
};

/* Sets *e and returns code. e is NULL where nobody wants the message. */
int err_set(struct err *e, enum err_code code, const char *fmt, ...) PRINTF(3, 4);

/* Puts "context: " in front of the message; returns e->code. e may be NULL. */
int err_wrap(struct err *e, const char *fmt, ...) PRINTF(2, 3);

/*
 * Of several errors the first counts: where rc is an error and *first is OK, *first becomes
 * rc and *to (NULL: nobody wants it) a copy of *e. Returns whether rc is one.
 */
bool err_keep_first(int *first, struct err *to, int rc, const struct err *e);

/* strerror, in plain words where a file is not of the kind that it must be (plain_file.h). */
const char *err_reason(int number);

/* Sets "what: err_reason(errno)" and returns ERR_SYS. */
int err_errno(struct err *e, const char *fmt, ...) PRINTF(2, 3);

/*
 * The exit status of a process that ends with this code: 0 all is well, 1 a job failed,
 * 2 the command line or the sweep file is wrong, 3 data, a database or the system is in
 * the way, 130 it was interrupted.
 */
int err_exit_status(int code);

/*
 * Our own code has broken a promise: prints file and line and aborts, in release
 * builds, too.
 */
_Noreturn void bug_at(const char *file, int line, const char *what);
#define BUG(what) bug_at(__FILE__, __LINE__, what)
#define ASSERT(cond) ((cond) ? (void)0 : bug_at(__FILE__, __LINE__, #cond))

#endif
