/*
 * Copies of a database that nobody else may open (network_fs.h). Who wants to read makes the
 * file DB.d/copy.wanted; the orchestrator sees it within a tick and writes DB.d/copy.db, which
 * is renamed into place whole, and holds what was committed by then.
 */
#ifndef DELTAM_COPY_H
#define DELTAM_COPY_H

#include "common/store/store.h"

#define COPY_PATH_MAX 1100

/* Where the copies of that database lie. */
void copy_path(const char *db, char path[COPY_PATH_MAX]);

/*
 * The orchestrator's: writes a copy where one is wanted and the last one is long enough ago
 * for copying to take a tenth of the time at most. Call it outside of a transaction. What
 * fails is a warning; whoever waits for the copy is told by copy_await.
 */
void copy_serve(struct store *s);
/* No copy is needed any more. */
void copy_remove(const char *db);

/* Writes the whole database into a new file. ERR_DB. */
MUST_CHECK int copy_write(struct store *s, const char *to, struct err *e);

/*
 * The whole of `from` goes into the database of *to, which is empty or in memory. ERR_DB
 * with `what` could not be done.
 */
MUST_CHECK int copy_pages(
	struct store *to, struct sqlite3 *from, const char *what, struct err *e);

enum copy_answer {
	COPY_NOBODY, /* runs: the file itself may be opened */
	COPY_READY, /* at copy_path: what was committed when it was asked for is in it, but for
			what came while another reader's was being made */
};

/*
 * Asks for a copy and waits for it, or until it is sure that nobody is there who would write
 * one. Returns enum copy_answer; ERR_DB says who holds the database, and what came between.
 */
MUST_CHECK int copy_await(const char *db, struct err *e);

#endif
