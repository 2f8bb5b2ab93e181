#include "orchestrator/reuse/aside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "common/log.h"
#include "common/store/copy.h"
#include "common/store/store_open.h"
#include "common/tree.h"
#include "orchestrator/reuse/reuse.h"

/* Makes the link `from` to the folder `to`, wherever the link is. */
static int lead(const char *from, const char *to, struct err *e)
{
	char *real = realpath(to, NULL);
	int rc = real && !symlink(real, from)
		? OK
		: err_errno(e, "cannot make a link to %s", to);

	free(real);
	return rc;
}

int aside_make(struct aside *x, const char *worker, const char *db, struct err *e)
{
	const char *temporary = getenv("TMPDIR");
	const char *slash = strrchr(db, '/');
	char folder[sizeof(x->db) + 8];
	char home[4096];

	*x = (struct aside){ .argv = { worker } };
	snprintf(home, sizeof(home), "%s.d", db);
	snprintf(x->folder, sizeof(x->folder), "%.200s/deltam-winner-XXXXXX",
		temporary && *temporary ? temporary : "/tmp");
	if (!mkdtemp(x->folder)) {
		int rc = err_errno(e, "cannot make a folder like %s", x->folder);

		x->folder[0] = '\0';
		return rc;
	}
	snprintf(x->db, sizeof(x->db), "%s/%.200s", x->folder, slash ? slash + 1 : db);
	snprintf(folder, sizeof(folder), "%s.d", x->db);
	return lead(folder, home, e);
}

void aside_task(
	struct aside *x, const struct attempt_row *attempt, struct sched_task *task)
{
	const char *const words[] = { x->argv[0], "--db", x->db, "--job", x->job,
		"--token", attempt->token, "--segments", "1", NULL };

	snprintf(x->job, sizeof(x->job), "%lld", (long long)attempt->job);
	memcpy(x->argv, words, sizeof(words));
	task->argv = x->argv;
}

int aside_begin(const struct aside *x, struct store *s, struct err *e)
{
	return copy_write(s, x->db, e);
}

int aside_take(const struct aside *x, struct store *s,
	const struct attempt_row *attempt, struct err *e)
{
	struct arena a = { 0 };
	struct winner_row wanted;
	struct store copy;
	struct err why = { 0 };
	int rc;

	if (access(x->db, F_OK) != 0) /* it never began */
		return OK;
	rc = store_winner_wanted(s, attempt->job, attempt->stop_epoch, &wanted, &a, e);
	if (!rc && !store_open(&copy, x->db, STORE_READER, &why)) {
		rc = reuse_corruptions(&copy, s, &wanted, &a, e);
		store_close(&copy);
	} else if (!rc) {
		log_warn("run", "%s: what a worker has written is lost: %s", x->db,
			why.msg);
	}
	arena_release(&a);
	return rc;
}

void aside_end(struct aside *x)
{
	struct err e = { 0 };

	if (*x->folder && tree_remove(x->folder, &e))
		log_warn("run", "%s stays: %s", x->folder, e.msg);
	x->folder[0] = '\0';
}
