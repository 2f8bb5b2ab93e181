/*
 * A transaction: all of its changes are kept, or none.
 *
 *	int rc = store_begin(s, e);
 *
 *	if (!rc)
 *		rc = change(s, e);
 *	return store_end(s, rc, e);
 *
 * It takes the database for itself (BEGIN IMMEDIATE), so it is short: nobody waits for
 * another process in it.
 */
#ifndef DELTAM_TRANSACTION_H
#define DELTAM_TRANSACTION_H

#include "common/store/store.h"

/* ERR_DB: another process kept the database for longer than the busy time. ERR_LOCKED:
   the lock is another's (network_fs.h). */
MUST_CHECK int store_begin(struct store *s, struct err *e);
/* A commit that fails is rolled back. ERR_DB: SQLite failed, or the file is another now.
   ERR_LOCKED: the lock is another's. */
MUST_CHECK int store_commit(struct store *s, struct err *e);
void store_rollback(struct store *s); /* harmless without a transaction */
/*
 * Commits where rc is OK, and rolls back otherwise, after a begin that failed, too. Returns
 * rc, or what the commit returned.
 */
MUST_CHECK int store_end(struct store *s, int rc, struct err *e);

#endif
