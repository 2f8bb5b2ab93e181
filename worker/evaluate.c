#include "worker/evaluate.h"

#include <string.h>
#include "common/crash.h"
#include "common/log.h"
#include "common/store/store_metric.h"
#include "common/store/store_winner.h"
#include "common/store/transaction.h"
#include "trainer-core/corrupt/corrupt.h"
#include "worker/pipe.h"
#include "worker/stop.h"

struct evaluation {
	struct segment *g;
	struct winner_row wanted;
	struct checkpoint file; /* the winner's */
	struct checkpoint best; /* what training kept */
	struct textures textures;
	bool filed, kept; /* the parameters come from the first, from either file */
};

/*
 * The figures of the parameters on the test split must be the run's: else they are not
 * its parameters of this epoch, whatever the file says.
 */
static int check_figures(struct evaluation *v, struct err *e)
{
	struct segment *g = v->g;
	const struct epoch_rows *rows;
	int rc = train_test(g->train, NULL, &g->arena, segment_on_step, NULL, &rows, e);

	for (int i = 0; !rc && i < rows->metrics; i++)
		rc = store_metric_check(
			g->store, g->job.id, g->job.stop_epoch, &rows->metric[i], e);
	return rc == ERR_INTERRUPTED ? segment_interrupted(g, e) : rc;
}

/* What was loaded is not the run's: the file goes, and the trainer begins anew. */
static int refuse(struct evaluation *v, const struct checkpoint *c, struct err *e)
{
	struct segment *g = v->g;

	log_warn("worker", "%s: refused, training again: %s", c->path, e->msg);
	checkpoint_remove(c);
	return train_new(&g->train, &g->job.params, &g->data, &g->arena, e);
}

/* The parameters of one file. *found is false where it is not there, or of no use. */
static int take(
	struct evaluation *v, const struct checkpoint *c, bool *found, struct err *e)
{
	struct segment *g = v->g;
	int epoch = 0;
	int rc = checkpoint_read(c, &epoch, e);

	*found = !rc && epoch == g->job.stop_epoch;
	if (*found)
		rc = train_result_load(g->train, checkpoint_state(c), c->state_size, e);
	if (*found && !rc)
		rc = check_figures(v, e);
	if (rc != ERR_CHECKPOINT && rc != ERR_DETERMINISM)
		return rc;
	*found = false;
	return refuse(v, c, e);
}

static int train_again(struct segment *g, struct err *e)
{
	int rc = segment_resume(g, e);

	crash_point("evaluate.train");
	while (!rc && g->done < g->job.stop_epoch)
		rc = segment_train_one(g, e);
	if (rc == ERR_INTERRUPTED)
		segment_save(g);
	return rc;
}

static int file_init(
	struct evaluation *v, struct checkpoint *c, int epoch, struct err *e)
{
	struct segment *g = v->g;
	int rc = checkpoint_init(c, g->store->path, g->job.identity,
		train_kernel_class(&g->job.params), train_result_size(g->train),
		&g->arena, e);

	return rc ? rc : checkpoint_for_result(c, g->store->path, epoch, e);
}

static int obtain(struct evaluation *v, struct err *e)
{
	bool found = false;
	int rc = file_init(v, &v->file, v->g->job.stop_epoch, e);

	if (!rc)
		rc = file_init(v, &v->best, 0, e);
	if (!rc)
		rc = take(v, &v->file, &found, e);
	v->filed = found;
	if (!rc && !found)
		rc = take(v, &v->best, &found, e);
	v->kept = found;
	if (!rc && !found)
		rc = train_again(v->g, e);
	return rc;
}

static int write_result(struct evaluation *v, const struct checkpoint *c, struct err *e)
{
	train_result_save(v->g->train, checkpoint_state(c));
	return checkpoint_write(c, v->g->job.stop_epoch, e);
}

/*
 * Writes the parameters to stay, or so that an attempt after this one need not train.
 */
static int write_file(struct evaluation *v, struct err *e)
{
	if (v->wanted.save)
		return v->filed ? OK : write_result(v, &v->file, e);
	return v->kept ? OK : write_result(v, &v->best, e);
}

/* The rows of one severity, behind the n that there are. */
static int test(struct evaluation *v, const struct corruption *k,
	struct corrupted_row **out, int *n, struct err *e)
{
	struct segment *g = v->g;
	const struct epoch_rows *rows;
	int rc = train_test(g->train, k, &g->arena, segment_on_step, NULL, &rows, e);

	if (rc)
		return rc == ERR_INTERRUPTED ? segment_interrupted(g, e) : rc;
	if (!*out)
		*out = NEW_ARRAY(&g->arena, struct corrupted_row,
			rows->metrics * CORRUPT_SEVERITIES);
	for (int i = 0; i < rows->metrics; i++)
		(*out)[(*n)++] =
			(struct corrupted_row){ k->severity, rows->metric[i].task,
				rows->metric[i].name, rows->metric[i].value };
	return OK;
}

static int commit(struct evaluation *v, const char *corruption, const char *basis,
	const struct corrupted_row *rows, int n, struct err *e)
{
	struct segment *g = v->g;
	int rc = store_begin(g->store, e);

	if (!rc)
		rc = segment_data_is_right(g, e);
	if (!rc)
		rc = store_metric_check_token(g->store, g->job.id, g->job.token, e);
	if (!rc)
		rc = store_corruption_put(
			g->store, &v->wanted, corruption, basis, rows, n, e);
	if (!rc)
		crash_point("evaluate.before");
	rc = store_end(g->store, rc, e);
	if (!rc)
		crash_point("evaluate.after");
	return rc;
}

/* Tests all severities of one corruption, unless their figures are there. */
static int test_corruption(
	struct evaluation *v, const struct corruption_info *c, struct err *e)
{
	struct segment *g = v->g;
	struct arena_mark m = arena_mark(&g->arena);
	struct corrupted_row *rows = NULL;
	char basis[CORRUPTION_BASIS_MAX];
	bool has;
	int n = 0;
	int rc;

	corruption_basis(c, v->wanted.digest, basis);
	rc = store_corruption_has(g->store, &v->wanted, c->name, basis, &has, e);
	for (int k = 1; !rc && !has && k <= CORRUPT_SEVERITIES; k++)
		rc = test(v, &(struct corruption){ c->name, k, 0, &v->textures }, &rows,
			&n, e);
	if (!rc && !has)
		rc = commit(v, c->name, basis, rows, n, e);
	arena_rewind(&g->arena, m);
	return rc;
}

static int read_textures(struct evaluation *v, struct err *e)
{
	const struct dataset_field *f = &v->g->data.split[SPLIT_TEST].input;
	int rc = OK;

	if (!*v->wanted.corruptions)
		return OK;
	rc = corrupt_check(f, e);
	if (rc || !*v->wanted.textures)
		return rc;
	rc = textures_read(
		v->wanted.textures, f->h, f->w, &v->textures, &v->g->arena, e);
	if (!rc && strcmp(v->textures.digest, v->wanted.digest) != 0)
		rc = err_set(e, ERR_DATA,
			"%s: its pictures have changed since the run began",
			v->wanted.textures);
	return rc;
}

static int test_all(struct evaluation *v, struct err *e)
{
	const char *at = v->wanted.corruptions;
	const struct corruption_info *c;
	int rc = OK;

	while (!rc && (c = corruption_next(&at)))
		rc = test_corruption(v, c, e);
	return rc;
}

int evaluate_segment(struct segment *g, const struct segment_args *args, struct err *e)
{
	struct evaluation v = { .g = g };
	int rc = store_winner_wanted(
		g->store, g->job.id, g->job.stop_epoch, &v.wanted, &g->arena, e);

	if (!rc)
		rc = segment_open(g, args, e);
	if (rc)
		return rc;
	if (strcmp(g->job.kernel_class, train_kernel_class(&g->job.params)) != 0)
		return err_set(e, ERR_FAILED,
			"the run is of kernel class \"%s\", this processor's is "
			"\"%s\": its parameters cannot be had here",
			g->job.kernel_class, train_kernel_class(&g->job.params));
	rc = read_textures(&v, e);
	if (!rc)
		rc = obtain(&v, e);
	if (!rc)
		rc = write_file(&v, e);
	if (!rc)
		rc = test_all(&v, e);
	if (rc)
		return rc;
	checkpoint_remove(&v.best);
	if (g->checkpoint.image)
		checkpoint_remove(&g->checkpoint);
	return OK;
}
