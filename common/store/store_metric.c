#include "common/store/store_metric.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_BYTES 256 /* of a row, as messages name it */

static int fault(const struct store *s, struct err *e)
{
	return err_set(
		e, ERR_DB, "%s: cannot write: %s", s->path, sqlite3_errmsg(s->db));
}

/* The texts outlive the step that reads them: SQLite need not copy. */
static void bind_static(sqlite3_stmt *stmt, int at, const char *text)
{
	sqlite3_bind_text(stmt, at, text, -1, SQLITE_STATIC);
}

static bool same_bits(double a, double b)
{
	return memcmp(&a, &b, sizeof(a)) == 0; /* NOLINT: bits are the question */
}

/* SQLite keeps -0.0 as the integer 0: what is written is what reads back. */
static double canonical(double v)
{
	return v == 0 ? 0 : v;
}

static int not_finite(const char *row, double v, struct err *e)
{
	return err_set(e, ERR_DIVERGED, "%s is not finite (%g)", row, v);
}

static int different(const char *row, double old, double new, struct err *e)
{
	return err_set(e, ERR_DETERMINISM,
		"%s is in the database with another value: %.17g there, %.17g now; the "
		"row was changed, or this program computes otherwise than the one that "
		"wrote it: compare with a new database (--db)",
		row, old, new);
}

/*
 * Inserts; *there is how many of the `wanted` rows were there already. METRIC_PUT_MANY
 * says OR FAIL: the rows before an error are left to the caller's rollback, and SQLite
 * need not copy each page that it changes to undo the one statement.
 */
static int run_insert(
	struct store *s, sqlite3_stmt *stmt, int wanted, int *there, struct err *e)
{
	int rc = sqlite3_step(stmt) == SQLITE_DONE ? OK : fault(s, e);

	*there = wanted - sqlite3_changes(s->db);
	sqlite3_reset(stmt);
	return rc;
}

/* Of which run, the caller knows: it may be at it for hours, and names it once. */
static void name_metric(
	int epoch, const struct metric_row *row, char buf[NAME_MAX_BYTES])
{
	snprintf(buf, NAME_MAX_BYTES, "epoch %d: %s %s%s%s", epoch, row->split,
		row->task, *row->task ? "/" : "", row->name);
}

static int compare_metric(struct store *s, int64_t job, int epoch,
	const struct metric_row *row, struct err *e)
{
	const struct arg *key = ARGS(INT(job), INT(epoch), TEXT(row->split),
		TEXT(row->task), TEXT(row->name));
	char name[NAME_MAX_BYTES];
	double there;
	int rc = store_real(s, STMT_METRIC_GET, key, (double)NAN, &there, e);

	if (rc)
		return rc;
	name_metric(epoch, row, name);
	if (isnan(there)) /* a row is finite */
		return err_set(e, ERR_DETERMINISM, "%s has no row", name);
	return same_bits(there, canonical(row->value))
		? OK
		: different(name, there, row->value, e);
}

/* The rows of one statement: METRIC_PUT takes one, METRIC_PUT_MANY this many. */
#define MANY 20

static int put_chunk(struct store *s, int64_t job, int epoch,
	const struct metric_row *rows, int n, struct err *e)
{
	sqlite3_stmt *stmt;
	int there = 0;
	int at = 3;
	int rc = store_prepare(
		s, n == MANY ? STMT_METRIC_PUT_MANY : STMT_METRIC_PUT, &stmt, e);

	if (rc)
		return rc;
	sqlite3_bind_int64(stmt, 1, job);
	sqlite3_bind_int(stmt, 2, epoch);
	for (int i = 0; i < n; i++) {
		bind_static(stmt, at++, rows[i].split);
		bind_static(stmt, at++, rows[i].task);
		bind_static(stmt, at++, rows[i].name);
		sqlite3_bind_double(stmt, at++, canonical(rows[i].value));
	}
	rc = run_insert(s, stmt, n, &there, e);
	for (int i = 0; !rc && there && i < n; i++)
		rc = compare_metric(s, job, epoch, &rows[i], e);
	return rc;
}

int store_metrics_put(struct store *s, int64_t job, int epoch,
	const struct metric_row *rows, int n, struct err *e)
{
	char name[NAME_MAX_BYTES];
	int rc = OK;

	for (int i = 0; i < n; i++)
		if (!isfinite(rows[i].value)) {
			name_metric(epoch, &rows[i], name);
			return not_finite(name, rows[i].value, e);
		}
	for (int i = 0; !rc && i < n;) {
		int chunk = n - i >= MANY ? MANY : 1;

		rc = put_chunk(s, job, epoch, rows + i, chunk, e);
		i += chunk;
	}
	return rc;
}

/* The columns of task_weight in their order. */
#define FIGURES 4
static const char *const figure_names[FIGURES] = { "weight_mean", "weight_std",
	"weighted_loss_mean", "weighted_loss_std" };

/* Which of them the row has. */
static void known_figures(const struct weight_row *row, bool known[FIGURES])
{
	known[0] = true;
	known[1] = !row->no_std;
	known[2] = !row->no_loss_mean;
	known[3] = !row->no_loss_std;
}

static void figures_of(const struct weight_row *row, double v[FIGURES])
{
	v[0] = canonical(row->weight_mean);
	v[1] = canonical(row->weight_std);
	v[2] = canonical(row->weighted_loss_mean);
	v[3] = canonical(row->weighted_loss_std);
}

static void name_weight(
	int epoch, const char *task, int figure, char buf[NAME_MAX_BYTES])
{
	snprintf(buf, NAME_MAX_BYTES, "epoch %d: %s of task %s", epoch,
		figure_names[figure], task);
}

static int compare_weight(struct store *s, int64_t job, int epoch,
	const struct weight_row *row, struct err *e)
{
	const struct arg *key = ARGS(INT(job), INT(epoch), TEXT(row->task));
	struct rows r = rows_open(s, STMT_WEIGHT_GET, key, e);
	char name[NAME_MAX_BYTES];
	double v[FIGURES];
	bool known[FIGURES];
	bool there = rows_next(&r);

	figures_of(row, v);
	known_figures(row, known);
	for (int i = 0; there && i < FIGURES; i++) {
		bool was_known = !rows_is_null(&r);
		double old = rows_real(&r);

		if (r.rc || (known[i] ? was_known && same_bits(old, v[i]) : !was_known))
			continue;
		name_weight(epoch, row->task, i, name);
		r.rc = different(name, old, v[i], e);
	}
	return rows_close(&r);
}

static int put_weight(struct store *s, int64_t job, int epoch,
	const struct weight_row *row, struct err *e)
{
	char name[NAME_MAX_BYTES];
	double v[FIGURES];
	bool known[FIGURES];
	sqlite3_stmt *stmt;
	int there = 0;
	int rc = store_prepare(s, STMT_WEIGHT_PUT, &stmt, e);

	if (rc)
		return rc;
	figures_of(row, v);
	known_figures(row, known);
	sqlite3_bind_int64(stmt, 1, job);
	sqlite3_bind_int(stmt, 2, epoch);
	bind_static(stmt, 3, row->task);
	for (int i = 0; i < FIGURES; i++) {
		if (!known[i]) {
			sqlite3_bind_null(stmt, 4 + i);
			continue;
		}
		if (!isfinite(v[i])) {
			name_weight(epoch, row->task, i, name);
			return not_finite(name, v[i], e);
		}
		sqlite3_bind_double(stmt, 4 + i, v[i]);
	}
	rc = run_insert(s, stmt, 1, &there, e);
	if (!rc && there)
		rc = compare_weight(s, job, epoch, row, e);
	return rc;
}

int store_weights_put(struct store *s, int64_t job, int epoch,
	const struct weight_row *rows, int n, struct err *e)
{
	int rc = OK;

	for (int i = 0; !rc && i < n; i++)
		rc = put_weight(s, job, epoch, &rows[i], e);
	return rc;
}

int store_metric_check(struct store *s, int64_t job, int epoch,
	const struct metric_row *row, struct err *e)
{
	return compare_metric(s, job, epoch, row, e);
}

int store_metric_check_token(
	struct store *s, int64_t job, const char *token, struct err *e)
{
	int64_t open;
	int rc = store_int(
		s, STMT_METRIC_TOKEN, ARGS(TEXT(token), INT(job)), 0, &open, e);

	if (!rc && !open)
		rc = err_set(e, ERR_STALE,
			"another attempt at this run has begun: nothing more of this "
			"one is written");
	return rc;
}

int store_metric_set_class(
	struct store *s, int64_t job, const char *kernel_class, struct err *e)
{
	return store_run(
		s, STMT_METRIC_SET_CLASS, ARGS(TEXT(kernel_class), INT(job)), e);
}

int store_metric_clear(struct store *s, int64_t job, struct err *e)
{
	const struct arg *id = ARGS(INT(job));
	int rc = store_run(s, STMT_METRIC_CLEAR, id, e);

	if (!rc)
		rc = store_run(s, STMT_WEIGHT_CLEAR, id, e);
	if (!rc)
		rc = store_run(s, STMT_METRIC_CLEAR_SCORE, id, e);
	if (!rc)
		rc = store_run(s, STMT_CORRUPTION_CLEAR, id, e);
	if (!rc)
		rc = store_run(s, STMT_CORRUPTED_CLEAR, id, e);
	return rc;
}
