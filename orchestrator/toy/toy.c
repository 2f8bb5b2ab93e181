#include "orchestrator/toy/toy.h"

#include "common/store/store_open.h"
#include "orchestrator/plan/child.h"
#include "orchestrator/plan/worker_path.h"
#include "orchestrator/report/reader.h"

struct experiment {
	const char *name; /* as the worker knows it */
	int steps; /* by default */
	int (*report)(struct report *r, struct store *s, int steps, struct err *e);
};

static const struct experiment cagrad = { "cagrad", 100000, toy_cagrad_report };
static const struct experiment scale = { "scale", 100, toy_scale_report };
static const struct experiment sigma = { "sigma", 3000, toy_sigma_report };

static int compute(const char *db, const struct experiment *x, int steps,
	struct arena *a, struct err *e)
{
	const char *argv[] = { NULL, "--toy", db, x->name, arena_printf(a, "%d", steps),
		NULL };
	const char *answer;
	char worker[4096];
	int rc = worker_path(worker, sizeof(worker), e);

	if (rc)
		return rc;
	argv[0] = worker;
	return child_ask(argv, a, &answer, e);
}

int cmd_toy(const struct cli_options *o, struct err *e)
{
	const char *path = o->db ? o->db : "toy.db";
	const struct experiment *x = o->scale ? &scale : o->sigma ? &sigma : &cagrad;
	int steps = o->steps ? o->steps : x->steps;
	struct arena a = { 0 };
	struct report r = { .arena = &a };
	struct store s;
	int rc;

	if (o->scale && o->sigma)
		return err_set(e, ERR_USAGE, "toy: --scale or --sigma, not both");
	rc = compute(path, x, steps, &a, e);
	if (!rc)
		rc = store_open(&s, path, STORE_QUERY, e);
	if (!rc) {
		rc = x->report(&r, &s, steps, e);
		store_close(&s);
	}
	if (!rc)
		reader_print(&r, o);
	arena_release(&a);
	return rc;
}
