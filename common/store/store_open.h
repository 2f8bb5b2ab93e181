/*
 * Opening a database: which file may be opened for what, the lock of those that write,
 * the schema brought up to date, and a copy in memory where the file must stay as it is.
 */
#ifndef DELTAM_STORE_OPEN_H
#define DELTAM_STORE_OPEN_H

#include "common/store/store.h"

/*
 * Opens path. ERR_DB: missing (worker, reader), unwritable, not a deltam database, of
 * another kind, newer than this program. ERR_LOCKED: another orchestrator holds it; the
 * message names its process id and host. Nothing is left behind by a refused open, and a
 * file that is not ours is neither opened by SQLite nor locked. A reader can read while
 * others write, and in a folder that it cannot write.
 *
 * A database that an older deltam wrote is brought up to date, with everything in it; a
 * reader that cannot do that reads a copy in memory which is.
 */
MUST_CHECK int store_open(
	struct store *s, const char *path, enum store_mode mode, struct err *e);

/* Whether a file is a database of results, as far as its header tells. */
bool store_holds_results(const char *path);

#endif
