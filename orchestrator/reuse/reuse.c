#include "orchestrator/reuse/reuse.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "catalogue/catalogue.h"
#include "common/bytes.h"
#include "common/log.h"
#include "common/plain_file.h"
#include "common/store/run_name.h"
#include "common/store/store_metric.h"
#include "common/store/store_open.h"
#include "common/store/store_winner.h"
#include "common/tree.h"
#include "orchestrator/segment/folder.h"

#define PATH_BYTES 1400

/* What the other database knows of a job. */
struct found {
	int epochs; /* that have rows */
	bool diverged;
	const char *message, *kernel_class;
};

int reuse_open(struct reuse *r, const char *path, const char *into, struct err *e)
{
	struct stat theirs;
	struct stat ours;

	*r = (struct reuse){ .from.lock.fd = -1 };
	if (!stat(path, &theirs) && !stat(into, &ours) &&
		theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino)
		return err_set(e, ERR_USAGE,
			"--reuse: %s is the sweep's own database, which keeps what it "
			"has anyway",
			path);
	return store_open(&r->from, path, STORE_READER, e) ? err_wrap(e, "--reuse")
							   : OK;
}

void reuse_close(struct reuse *r)
{
	store_close(&r->from);
}

static int find(struct reuse *r, const struct job_row *job, struct found *f, bool *any,
	struct arena *a, struct err *e)
{
	struct rows rows = rows_open(
		&r->from, STMT_REUSE_FIND, ARGS(INT(job->id), TEXT(job->identity)), e);

	*any = rows_next(&rows);
	if (*any) {
		f->epochs = rows_int(&rows);
		f->diverged = rows_int(&rows) != 0;
		f->message = rows_copy(&rows, a);
		f->kernel_class = arena_strdup(a, rows_text(&rows));
	}
	return rows_close(&rows);
}

/* Whether rows of the other one may join those that the job has. */
static int may_join(struct store *s, const struct job_row *job, const struct found *f,
	bool *may, struct err *e)
{
	struct rows rows;
	int64_t running;
	int rc = store_int(s, STMT_JOB_RUNNING, ARGS(INT(job->id)), 0, &running, e);

	*may = !rc && !running;
	if (!*may || !job->epochs_done)
		return rc;
	rows = rows_open(s, STMT_REUSE_CLASS, ARGS(INT(job->id)), e);
	*may = rows_next(&rows) && !strcmp(rows_text(&rows), f->kernel_class);
	return rows_close(&rows);
}

/* Checkpoints. */

static bool copy_file(const char *from, const char *to)
{
	char temporary[PATH_BYTES + 8];
	FILE *in = plain_file_read(from);
	bool copied;
	int out;

	if (!in)
		return false;
	snprintf(temporary, sizeof(temporary), "%s.tmp", to);
	out = plain_file_make(temporary, O_WRONLY, 0666);
	copied = out >= 0 && !bytes_copy(fileno(in), out);
	if (out >= 0 && close(out))
		copied = false;
	fclose(in);
	copied = copied && !rename(temporary, to);
	if (!copied && out >= 0)
		unlink(temporary);
	return copied;
}

/* A torn copy is no danger: the worker refuses it and starts over. */
static bool copy_checkpoint(
	const struct reuse *r, const struct store *s, const struct job_row *job)
{
	char from[PATH_BYTES];
	char to[PATH_BYTES];

	snprintf(from, sizeof(from), "%s.d/checkpoints/%s.ckpt", r->from.path,
		job->identity);
	if (access(from, R_OK))
		return false;
	snprintf(to, sizeof(to), "%s.d/checkpoints/%s.ckpt", s->path, job->identity);
	return !tree_make_above(to, 0777, NULL) && copy_file(from, to);
}

/* The same of another trainer: the folder that it left. */
static bool copy_folder(
	struct reuse *r, const struct store *s, const struct job_row *job)
{
	char ours[PATH_BYTES];
	char theirs[PATH_BYTES];
	bool there;
	struct err e;

	snprintf(ours, sizeof(ours), "%s.d", s->path);
	snprintf(theirs, sizeof(theirs), "%s.d", r->from.path);
	if (!folder_reuse(ours, theirs, &r->from, job, &there, &e))
		return there;
	log_warn("run", "%s", e.msg);
	return false;
}

/* What the job goes on from. */
static bool copy_state(
	struct reuse *r, const struct store *s, const struct job_row *job)
{
	return r->commands ? copy_folder(r, s, job) : copy_checkpoint(r, s, job);
}

/* Rows. */

/* The metric rows of one epoch, until they are written. */
struct reuse_batch {
	struct arena *arena;
	struct arena_mark empty;
	struct metric_row *rows;
	int n, capacity;
	int epoch;
};

static int flush(struct reuse_batch *b, struct store *s, int64_t job, struct err *e)
{
	int rc = store_metrics_put(s, job, b->epoch, b->rows, b->n, e);

	arena_rewind(b->arena, b->empty);
	b->rows = NULL;
	b->n = b->capacity = 0;
	return rc;
}

/* What no training comes to was written by somebody else. */
static int check_figure(
	const struct metric_row *m, int epoch, struct arena *a, struct err *e)
{
	const struct metric_info *info = catalogue_metric(m->name);
	bool measured = !strcmp(m->split, "val") || !strcmp(m->split, "test");

	if (!measured || !info || metric_admits(info, m->value))
		return OK;
	return err_set(e, ERR_DB, "its %s figure of %s/%s in epoch %d is %s, not %g",
		m->split, m->task, m->name, epoch, metric_range(info, a), m->value);
}

static int copy_metrics(
	struct reuse *r, struct store *s, int64_t job, struct arena *a, struct err *e)
{
	struct reuse_batch b = { .arena = a, .empty = arena_mark(a) };
	struct rows in = rows_open(&r->from, STMT_REUSE_METRICS, ARGS(INT(job)), e);
	int rc;

	while (rows_next(&in)) {
		int epoch = rows_int(&in);
		struct metric_row *m;

		if (epoch != b.epoch)
			in.rc = flush(&b, s, job, e);
		b.epoch = epoch;
		(void)GROW(a, b.rows, b.n, b.capacity);
		m = &b.rows[b.n++];
		m->split = rows_copy(&in, a);
		m->task = rows_copy(&in, a);
		m->name = rows_copy(&in, a);
		m->value = rows_real(&in);
		if (!in.rc && !r->commands)
			in.rc = check_figure(m, epoch, a, e);
	}
	rc = rows_close(&in);
	return rc ? rc : flush(&b, s, job, e);
}

static int copy_weights(struct reuse *r, struct store *s, int64_t job, struct err *e)
{
	struct rows in = rows_open(&r->from, STMT_REUSE_WEIGHTS, ARGS(INT(job)), e);

	while (rows_next(&in)) {
		int epoch = rows_int(&in);
		struct weight_row w = { .task = rows_text(&in) };

		w.weight_mean = rows_real(&in);
		w.no_std = rows_is_null(&in);
		w.weight_std = rows_real(&in);
		w.no_loss_mean = rows_is_null(&in);
		w.weighted_loss_mean = rows_real(&in);
		w.no_loss_std = rows_is_null(&in);
		w.weighted_loss_std = rows_real(&in);
		in.rc = store_weights_put(s, job, epoch, &w, 1, e);
	}
	return rows_close(&in);
}

static int copy(struct reuse *r, struct store *s, struct job_row *job,
	const struct found *f, struct arena *a, struct err *e)
{
	char name[RUN_NAME_MAX];
	int before = job->epochs_done;
	int rc = copy_metrics(r, s, job->id, a, e);

	if (!rc)
		rc = copy_weights(r, s, job->id, e);
	if (!rc)
		rc = store_run(s, STMT_REUSE_MARK,
			ARGS(TEXT(*f->kernel_class ? f->kernel_class : NULL),
				TEXT(f->diverged ? "diverged" : NULL),
				TEXT(f->diverged ? f->message : NULL),
				TEXT(r->from.path), INT(job->id)),
			e);
	if (!rc)
		rc = store_job_refresh(s, job->id, job, e);
	r->jobs++;
	r->epochs += job->epochs_done - before;
	return rc ? err_wrap(e, "--reuse %s: %s", r->from.path,
			    store_run_name(s, job->id, name))
		  : OK;
}

static int look_up(struct reuse *r, struct store *s, struct job_row *job, int target,
	struct arena *a, struct err *e)
{
	struct found f;
	bool any;
	bool may;
	int rc = find(r, job, &f, &any, a, e);

	if (rc || !any || (f.epochs <= job->epochs_done && !f.diverged))
		return rc;
	rc = may_join(s, job, &f, &may, e);
	if (rc || !may)
		return rc;
	if (f.epochs < job->epochs && !f.diverged && !copy_state(r, s, job) &&
		f.epochs < target)
		return OK;
	return copy(r, s, job, &f, a, e);
}

int reuse_job(struct reuse *r, struct store *s, struct job_row *job, int target,
	struct err *e)
{
	struct arena a = { 0 };
	int rc = OK;

	if (job->outcome == JOB_OPEN)
		rc = look_up(r, s, job, target, &a, e);
	arena_release(&a);
	return rc;
}

/* Winners. */

/* Their parameters; where they are not to stay, as what training would have kept. */
static void copy_parameters(const struct reuse *r, const struct store *s,
	const struct winner_row *w, const char *identity)
{
	char from[WINNER_PATH_MAX];
	char to[WINNER_PATH_MAX];

	winner_path(r->from.path, identity, w->epoch, from);
	winner_path(s->path, identity, w->epoch, to);
	if (!w->save)
		snprintf(to, sizeof(to), "%s.d/checkpoints/%s.best", s->path, identity);
	if (access(from, R_OK) || !access(to, R_OK) || tree_make_above(to, 0777, NULL))
		return;
	(void)copy_file(from, to);
}

static int copy_corruption(struct store *from, struct store *s,
	const struct winner_row *w, const char *corruption, const char *basis,
	struct arena *a, struct err *e)
{
	struct corrupted_row *out = NULL;
	int capacity = 0;
	int n = 0;
	struct rows in = rows_open(from, STMT_CORRUPTED_GET,
		ARGS(INT(w->job), INT(w->epoch), TEXT(corruption)), e);
	int rc;

	while (rows_next(&in)) {
		struct corrupted_row *x;

		(void)GROW(a, out, n, capacity);
		x = &out[n++];
		x->severity = rows_int(&in);
		x->task = rows_copy(&in, a);
		x->name = rows_copy(&in, a);
		x->value = rows_real(&in);
	}
	rc = rows_close(&in);
	return rc ? rc : store_corruption_put(s, w, corruption, basis, out, n, e);
}

int reuse_corruptions(struct store *from, struct store *s, const struct winner_row *w,
	struct arena *a, struct err *e)
{
	const char *at = w->corruptions;
	char basis[CORRUPTION_BASIS_MAX];
	const struct corruption_info *c;
	int rc = OK;

	while (!rc && (c = corruption_next(&at))) {
		bool ours = false;
		bool theirs = false;

		corruption_basis(c, w->digest, basis);
		rc = store_corruption_has(s, w, c->name, basis, &ours, e);
		if (!rc && !ours)
			rc = store_corruption_has(from, w, c->name, basis, &theirs, e);
		if (!rc && theirs && !ours)
			rc = copy_corruption(from, s, w, c->name, basis, a, e);
	}
	return rc;
}

int reuse_winner(struct reuse *r, struct store *s, const struct winner_row *w,
	const struct job_row *job, struct err *e)
{
	struct arena a = { 0 };
	struct found f;
	bool any;
	bool may = false;
	int rc = find(r, job, &f, &any, &a, e);

	if (!rc && any)
		rc = may_join(s, job, &f, &may, e);
	if (!rc && may) {
		copy_parameters(r, s, w, job->identity);
		rc = reuse_corruptions(&r->from, s, w, &a, e);
	}
	arena_release(&a);
	return rc;
}
