#include "common/store/transaction.h"

#include <sqlite3.h>

#include "common/store/rows.h"

int store_begin(struct store *s, struct err *e)
{
	return store_run(s, STMT_BEGIN, NO_ARGS, e);
}

int store_commit(struct store *s, struct err *e)
{
	int rc = store_run(s, STMT_COMMIT, NO_ARGS, e);

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

int store_end(struct store *s, int rc, struct err *e)
{
	if (!rc)
		return store_commit(s, e);
	store_rollback(s);
	return rc;
}
