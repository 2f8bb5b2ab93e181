#include "worker/run.h"

#include <string.h>
#include "common/log.h"
#include "common/store/store_metric.h"
#include "common/store/transaction.h"
#include "worker/evaluate.h"
#include "worker/spent.h"

/*
 * Rows of another kernel class differ in their last bits: they go, and the job starts
 * over with ours.
 */
static int start_over(struct segment *g, struct err *e)
{
	struct job *job = &g->job;
	int rc = store_begin(g->store, e);

	log_warn("worker",
		"the run's rows are of kernel class \"%s\", this processor's is \"%s\": "
		"starting over",
		job->kernel_class, train_kernel_class(&job->params));
	if (!rc)
		rc = store_metric_check_token(g->store, job->id, job->token, e);
	if (!rc)
		rc = store_metric_clear(g->store, job->id, e);
	rc = store_end(g->store, rc, e);
	if (!rc)
		job->rows_epoch = 0;
	return rc;
}

static int begin(struct segment *g, const struct segment_args *args, struct err *e)
{
	int rc = segment_open(g, args, e);

	if (rc)
		return rc;
	if (g->store && g->job.rows_epoch &&
		strcmp(g->job.kernel_class, train_kernel_class(&g->job.params)) != 0)
		rc = start_over(g, e);
	if (!rc)
		rc = segment_resume(g, e);
	if (!rc && g->store)
		rc = keeper_begin(g, e);
	return rc;
}

/* On the way out: what the next segment of this job starts from. */
static void leave(struct segment *g, int rc)
{
	if (!rc)
		keeper_save(g);
	if (rc == ERR_DIVERGED || (!rc && g->done == g->job.epochs))
		checkpoint_remove(&g->checkpoint);
	if (rc == ERR_DIVERGED)
		keeper_remove(g);
	if (rc == ERR_INTERRUPTED)
		segment_save(g);
}

static int train_segment(
	struct segment *g, const struct segment_args *args, struct err *e)
{
	int rc = begin(g, args, e);

	while (!rc && g->done < g->job.stop_epoch)
		rc = segment_train_one(g, e);
	if (g->checkpoint.image)
		leave(g, rc);
	return rc;
}

/* Rows up to the end of the segment are there: an earlier attempt died after them. */
static bool complete(const struct job *job)
{
	return job->rows_epoch >= job->stop_epoch &&
		(job->ended ||
			!strcmp(job->kernel_class, train_kernel_class(&job->params)));
}

static int clean_up(struct segment *g, struct err *e)
{
	int rc = checkpoint_init(&g->checkpoint, g->store->path, g->job.identity,
		train_kernel_class(&g->job.params), 0, &g->arena, e);

	if (!rc && g->job.stop_epoch == g->job.epochs)
		checkpoint_remove(&g->checkpoint);
	return rc;
}

int segment_run(struct store *s, const struct segment_args *args, struct err *e)
{
	struct segment g = { .store = s };
	int rc;

	spent_begin();
	rc = job_load(&g.job, s, args->job, args->token, &g.arena, e);
	if (!rc)
		rc = g.job.evaluate        ? evaluate_segment(&g, args, e)
			: complete(&g.job) ? clean_up(&g, e)
					   : train_segment(&g, args, e);
	if (g.data.map)
		dataset_close(&g.data);
	arena_release(&g.arena);
	spent_say();
	return rc;
}

/* The same segment, from words, into lines. */

/* NAME=VALUE ... as the job's parameters. */
static int take_params(
	struct params *ps, char *const *words, struct arena *a, struct err *e)
{
	for (; *words; words++) {
		const char *equals = strchr(*words, '=');

		if (!equals)
			return err_set(
				e, ERR_USAGE, "\"%s\" is not NAME=VALUE", *words);
		params_set(ps, a, arena_strndup(a, *words, (size_t)(equals - *words)),
			equals + 1);
	}
	return OK;
}

static int job_of_words(struct segment *g, const struct lines_args *args, struct err *e)
{
	struct job *job = &g->job;
	const char *slash = strrchr(args->folder, '/');
	int rc = take_params(&job->params, args->words, &g->arena, e);

	job->identity = slash ? slash + 1 : args->folder;
	job->kernel_class = train_kernel_class(&job->params);
	job->stop_epoch = args->until;
	job->checkpoint_seconds = args->checkpoint_seconds;
	if (!rc)
		rc = params_integer(&job->params, "train.epochs", &job->epochs, e);
	if (!rc && (job->stop_epoch < 1 || job->stop_epoch > job->epochs))
		rc = err_set(e, ERR_USAGE, "--until %d: the job has %d epochs",
			job->stop_epoch, job->epochs);
	return rc;
}

int segment_report(const struct lines_args *args, struct err *e)
{
	struct lines_out lines;
	struct segment g = { .lines = &lines };
	const struct segment_args own = { .build = args->build };
	int rc = lines_open(&lines, args, e);

	if (!rc)
		rc = job_of_words(&g, args, e);
	if (!rc)
		rc = lines_hello(
			&lines, train_kernel_class(&g.job.params), args->build, e);
	if (!rc)
		rc = train_segment(&g, &own, e);
	if (rc == ERR_DIVERGED) {
		struct err why = *e;

		rc = lines_diverged(&lines, g.done + 1, why.msg, e);
		rc = rc ? rc : ERR_DIVERGED;
	}
	if (g.data.map)
		dataset_close(&g.data);
	lines_close(&lines);
	arena_release(&g.arena);
	return rc;
}
