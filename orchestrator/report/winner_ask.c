#include "orchestrator/report/winner_ask.h"

#include <unistd.h>
#include "common/store/store_winner.h"
#include "orchestrator/plan/child.h"
#include "orchestrator/plan/worker_path.h"
#include "orchestrator/report/reader.h"
#include "orchestrator/report/run_find.h"

/* The epoch whose parameters are kept of a run; 0: nobody wanted any. */
static int kept_epoch(struct report_reader *r, const struct query_run *run, int *epoch,
	const char **state, struct err *e)
{
	struct rows rows = rows_open(
		&r->s, STMT_WINNER_KEPT, ARGS(INT(r->sweep.id), INT(run->job)), e);

	*epoch = 0;
	if (rows_next(&rows)) {
		*epoch = rows_int(&rows);
		*state = rows_copy(&rows, &r->arena);
	}
	return rows_close(&rows);
}

static int find_file(struct report_reader *r, const struct query_run *run,
	const char **out, struct err *e)
{
	char path[WINNER_PATH_MAX];
	const char *state = "";
	int epoch;
	int rc = kept_epoch(r, run, &epoch, &state, e);

	if (rc)
		return rc;
	if (!epoch)
		return err_set(e, ERR_USAGE,
			"no parameters of \"%s\" are kept: a sweep with \"save\": "
			"\"winners\" keeps those of its final runs (`deltam runs --where "
			"stage=final` lists them)",
			run->run);
	winner_path(r->s.path, run->identity, epoch, path);
	if (access(path, R_OK))
		return err_set(e, ERR_DATA,
			"%s, the parameters of \"%s\", is not there (its state: %s); "
			"`deltam run` makes it",
			path, run->run, state);
	*out = arena_strdup(&r->arena, path);
	return OK;
}

static int find(
	struct report_reader *r, const char *word, const char **path, struct err *e)
{
	const struct query_run *run;
	struct run_list l;
	int rc = run_list_read(&r->s, &r->sweep, NULL, &r->arena, &l, e);

	if (!rc)
		rc = run_find(&l, word, &r->arena, &run, e);
	return rc ? rc : find_file(r, run, path, e);
}

static int ask(struct report_reader *r, const char *file, const char *flag,
	const char *out, struct err *e)
{
	char worker[4096];
	const char *const argv[] = { worker, flag, out, file, NULL };
	const char *answer;
	int rc = worker_path(worker, sizeof(worker), e);

	return rc ? rc : child_ask(argv, &r->arena, &answer, e);
}

int winner_ask(const struct cli_options *o, const char *word, const char *flag,
	const char *out, struct err *e)
{
	struct report_reader reader;
	const char *file = NULL;
	int rc = reader_open(&reader, o, e);

	if (!rc)
		rc = find(&reader, word, &file, e);
	if (!rc)
		rc = ask(&reader, file, flag, out, e);
	reader_close(&reader);
	return rc;
}
