/*
 * What deltam and deltam-worker say to each other outside the database.
 *
 * Command line, deltam to worker:
 *	deltam-worker --db FILE --job ID --token TOKEN [--segments N]        train a segment
 *	deltam-worker --folder DIR --token TOKEN [--stop-seconds S] -- WORD ...
 *	                                                      watch another trainer (adapter.h)
 *	deltam-worker --folder DIR --token TOKEN --until EPOCH [--checkpoint-seconds S] NAME=VALUE ...
 *	                                                      train into a report (lines.h)
 *	deltam-worker --QUESTION WORDS ...                    answer (common/questions.def)
 *	deltam-worker --version                               which build it is
 * The pipe (fd 3), worker to deltam: lines of liveness and progress, never results.
 *	hello KERNEL-CLASS BUILD     once a segment, before the first step
 *	beat                         at least every PROTO_BEAT_SECONDS while it lives
 *	epoch N                      epoch N of the job is committed
 *	news                         the report of another trainer grew, and is synced
 *	spent SECONDS BYTES          CPU time and most memory of the segment so far: after an epoch,
 *	                             once a second at most, and before `done` and the end
 *	diverged N MESSAGE           training left the finite numbers in epoch N
 *	error MESSAGE                why it will exit with something other than 0
 *	done                         the last commit is made; it waits for another segment
 * deltam to worker, where fd 3 is a socket and after `done` only:
 *	ID TOKEN                     train this segment, in the same database
 * and the end of the stream lets it go. A worker starts in 3 ms, which is longer than a
 * small segment takes: hence the waiting. Whatever goes wrong ends the process.
 * Exit status: enum proto_exit. 0 only after the last commit.
 */
#ifndef DELTAM_PROTO_H
#define DELTAM_PROTO_H

#include <stddef.h>
#include <stdint.h>
#include "common/err.h"

#define PROTO_FD 3
#define PROTO_BEAT_SECONDS 5
#define PROTO_LINE_MAX 1024

enum proto_exit {
	PROTO_DONE = 0, /* the segment is trained and committed */
	PROTO_FAILED = 1, /* an error that a retry may or may not cure */
	PROTO_USAGE = 2, /* called wrongly */
	PROTO_ENVIRONMENT = 3, /* data or database missing: no retry helps */
	PROTO_DIVERGED = 4,
	PROTO_DETERMINISM = 5, /* a row existed with another value: stop the run */
	PROTO_STALE = 6, /* the token is no longer valid */
	PROTO_INTERRUPTED = 7, /* SIGTERM or the pipe closed: stopped after a commit */
};

enum proto_kind {
	PROTO_HELLO,
	PROTO_BEAT,
	PROTO_EPOCH,
	PROTO_NEWS,
	PROTO_SPENT,
	PROTO_LINE_DIVERGED,
	PROTO_ERROR,
	PROTO_LINE_DONE,
};

struct proto_line {
	enum proto_kind kind;
	int epoch; /* EPOCH, DIVERGED */
	char kernel_class[64]; /* HELLO */
	char build[64]; /* HELLO */
	double cpu_seconds; /* SPENT */
	int64_t peak_bytes; /* SPENT; 0: the system does not say */
	char text[PROTO_LINE_MAX]; /* DIVERGED, ERROR */
};

/* Reads one line without its newline. ERR_FAILED where it is none of the above. */
MUST_CHECK int proto_parse(const char *line, struct proto_line *out, struct err *e);

/*
 * Bytes as they arrive, cut into lines. A line longer than PROTO_LINE_MAX or with a NUL
 * is dropped whole and counted in `torn`; a fragment waits for its end. Starts as {0}.
 */
struct proto_reader {
	char buf[PROTO_LINE_MAX];
	size_t n;
	int torn;
	int overlong;
};

/* Calls on_line for every line that bytes complete and that parses; the rest is torn. */
void proto_feed(struct proto_reader *r, const char *bytes, size_t n,
	void (*on_line)(const struct proto_line *line, void *arg), void *arg);

#endif
