/* deltam preview: the worker draws, for only it can compose a data set and run a network. */
#include <string.h>
#include "catalogue/catalogue.h"
#include "common/str.h"
#include "orchestrator/cli/cli.h"
#include "orchestrator/cli/cli_tables.h"
#include "orchestrator/plan/child.h"
#include "orchestrator/plan/worker_path.h"
#include "orchestrator/report/winner_ask.h"

#define NAMES_MAX 256

/*
 * Writes "a=1,b=2" as the words "dataset.a=1", "dataset.b=2" from argv[n] on and
 * returns the next n.
 */
static int add_params(const char **argv, int n, const char *list, struct arena *a)
{
	while (*list) {
		size_t length = strcspn(list, ",");

		argv[n++] = arena_printf(a, "dataset.%.*s", (int)length, list);
		list += length + (list[length] == ',');
	}
	return n;
}

static int ask(const struct cli_options *o, struct arena *a, struct err *e)
{
	const char *list = o->param ? o->param : "";
	const char **argv = NEW_ARRAY(a, const char *, strlen(list) + 8);
	const char *answer;
	char worker[4096];
	int n = 0;
	int rc = worker_path(worker, sizeof(worker), e);

	if (rc)
		return rc;
	argv[n++] = worker;
	argv[n++] = "--preview";
	argv[n++] = o->out;
	argv[n++] = arena_printf(a, "dataset.name=%s", o->operand);
	if (o->corrupt)
		argv[n++] = arena_printf(a, "corrupt=%s", o->corrupt);
	if (o->textures)
		argv[n++] = arena_printf(a, "textures=%s", o->textures);
	n = add_params(argv, n, list, a);
	argv[n] = NULL;
	return child_ask(argv, a, &answer, e);
}

static int unknown_dataset(const char *name, struct err *e)
{
	const char *names[NAMES_MAX];
	char hint[HINT_MAX];
	const char *near;
	int n;
	const struct dataset_info *all = catalogue_datasets(&n);

	for (int i = 0; i < n && i < NAMES_MAX; i++)
		names[i] = all[i].name;
	near = str_nearest(name, names, n);
	return err_set(e, ERR_USAGE, "unknown data set \"%s\"%s", name,
		near ? str_hint(near, hint) : "; `deltam list datasets` shows all");
}

/* The operand is the sweep, as other commands that read results have it. */
static int preview_winner(const struct cli_options *o, struct err *e)
{
	if (o->param || o->corrupt || o->textures)
		return err_set(e, ERR_USAGE,
			"preview: --winner shows the data that the run was tested on; "
			"--param, --corrupt and --textures are of a DATASET alone");
	if (!o->out)
		return err_set(e, ERR_USAGE, "preview: -o FILE.png is missing");
	return winner_ask(o, o->winner, "--predict", o->out, e);
}

int cmd_preview(const struct cli_options *o, struct err *e)
{
	struct arena a = { 0 };
	int rc;

	if (o->winner)
		return preview_winner(o, e);
	if (!o->operand) {
		rc = err_set(e, ERR_USAGE, "preview wants --winner RUN, or DATASET: %s",
			cli_names("DATASET", ", ", &a));
		arena_release(&a);
		return rc;
	}
	if (!catalogue_dataset(o->operand))
		return unknown_dataset(o->operand, e);
	if (o->db || o->sweep)
		return err_set(e, ERR_USAGE,
			"preview: --db and --sweep say where the run of --winner is");
	if (!o->out)
		return err_set(e, ERR_USAGE, "preview: -o FILE.png is missing");
	rc = ask(o, &a, e);
	arena_release(&a);
	return rc;
}
