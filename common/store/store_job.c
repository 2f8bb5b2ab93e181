#include "common/store/store_job.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "common/random_hex.h"
#include "common/store/run_name.h"

static const char *const state_names[MEMBER_STATES] = { "pending", "running", "waiting",
	"done", "stopped", "diverged", "failed" };
static const char *const outcome_names[] = { NULL, "done", "diverged", "failed" };

#define TO(state) (1U << MEMBER_##state)
#define ENDS (TO(DONE) | TO(DIVERGED) | TO(FAILED))
static const unsigned transitions[MEMBER_STATES] = {
	[MEMBER_PENDING] = TO(RUNNING) | TO(WAITING) | TO(STOPPED) | ENDS,
	[MEMBER_RUNNING] = TO(PENDING) | TO(WAITING) | ENDS,
	[MEMBER_WAITING] = TO(PENDING) | TO(RUNNING) | TO(STOPPED) | ENDS,
	/* this is final, because training is deterministic */
	[MEMBER_DONE] = 0,
	[MEMBER_STOPPED] = 0,
	[MEMBER_DIVERGED] = 0,
	/* another sweep's attempt at the same job may succeed */
	[MEMBER_FAILED] = TO(WAITING) | TO(DONE) | TO(DIVERGED),
};
#undef TO
#undef ENDS

static const char *const stage_names[STAGE_STATES] = { NULL, "open", "done", "failed" };
static const unsigned stage_transitions[STAGE_STATES] = {
	[STAGE_OPEN] = 1U << STAGE_DONE | 1U << STAGE_FAILED,
	/* another stage wants the same job, and with its attempt the job succeeded */
	[STAGE_FAILED] = 1U << STAGE_DONE,
	[STAGE_DONE] = 0, /* what was decided stays */
};

bool member_may(enum member_state from, enum member_state to)
{
	return transitions[from] & (1U << to);
}

bool stage_may(enum stage_state from, enum stage_state to)
{
	return stage_transitions[from] & (1U << to);
}

static enum member_state state_of(const char *name)
{
	for (int i = 0; i < MEMBER_STATES; i++)
		if (!strcmp(state_names[i], name))
			return (enum member_state)i;
	BUG("a state that the schema forbids");
}

static enum job_outcome outcome_of(const char *name)
{
	for (int i = JOB_DONE; i <= JOB_FAILED; i++)
		if (!strcmp(outcome_names[i], name))
			return (enum job_outcome)i;
	return JOB_OPEN;
}

/* sweeps */

int store_sweep_put(struct store *s, const struct sweep_row *row, int64_t *id,
	bool *rescore, struct err *e)
{
	char now[TIME_MAX];
	int64_t other;
	int rc = store_int(s, STMT_SWEEP_OTHER_AVERAGE,
		ARGS(TEXT(row->name), TEXT(row->average), INT(row->skip_zero)), 0,
		&other, e);

	*rescore = other != 0;
	if (!rc)
		rc = store_run(s, STMT_SWEEP_PUT,
			ARGS(TEXT(row->name), TEXT(row->text), TEXT(row->select_epoch),
				TEXT(row->average), TEXT(store_time(now)),
				TEXT(row->folder ? row->folder : ""),
				INT(row->skip_zero)),
			e);
	if (!rc)
		rc = store_int(s, STMT_SWEEP_ID, ARGS(TEXT(row->name)), 0, id, e);
	return rc;
}

int store_sweep_state(struct store *s, int64_t sweep, const char *state, struct err *e)
{
	return store_run(s, STMT_SWEEP_STATE, ARGS(TEXT(state), INT(sweep)), e);
}

int store_sweep_clear(struct store *s, int64_t sweep, struct err *e)
{
	static const enum stmt steps[] = { STMT_SWEEP_CLEAR_DECISION,
		STMT_SWEEP_CLEAR_WINNER, STMT_SWEEP_CLEAR_MEMBER,
		STMT_SWEEP_CLEAR_STAGE, STMT_SWEEP_CLEAR_CRITERION,
		STMT_SWEEP_CLEAR_PRIMARY, STMT_SWEEP_CLEAR_VARIANT };
	int rc = OK;

	for (int i = 0; !rc && i < COUNT(steps); i++)
		rc = store_run(s, steps[i], ARGS(INT(sweep)), e);
	return rc;
}

int store_variant_put(struct store *s, int64_t sweep, const char *variant, int position,
	struct err *e)
{
	return store_run(
		s, STMT_VARIANT_PUT, ARGS(INT(sweep), TEXT(variant), INT(position)), e);
}

int store_primary_put(struct store *s, int64_t sweep, const char *variant,
	const struct primary_row *row, struct err *e)
{
	return store_run(s, STMT_PRIMARY_PUT,
		ARGS(INT(sweep), TEXT(variant), TEXT(row->label), TEXT(row->listed),
			TEXT(row->task), INT(row->auxiliary), INT(row->position)),
		e);
}

int store_criterion_put(struct store *s, int64_t sweep, const char *variant,
	const struct criterion_row *row, struct err *e)
{
	struct arg nil = NIL;
	struct arg scale = REAL(row->scale);

	return store_run(s, STMT_CRITERION_PUT,
		ARGS(INT(sweep), TEXT(variant), TEXT(row->criterion), TEXT(row->task),
			TEXT(row->name), INT(row->higher), INT(row->position),
			INT(row->counts), TEXT(row->title), row->title ? scale : nil),
		e);
}

int store_sweep_jobs(struct store *s, int64_t sweep, struct arena *a, int64_t **jobs,
	int *n, struct err *e)
{
	struct rows r = rows_open(s, STMT_SWEEP_JOBS, ARGS(INT(sweep)), e);
	int capacity = 0;

	*jobs = NULL;
	*n = 0;
	while (rows_next(&r)) {
		(void)GROW(a, *jobs, *n, capacity);
		(*jobs)[(*n)++] = rows_int64(&r);
	}
	return rows_close(&r);
}

int store_sweep_class(
	struct store *s, int64_t sweep, char *kernel_class, size_t size, struct err *e)
{
	struct rows r = rows_open(s, STMT_SWEEP_CLASS, ARGS(INT(sweep)), e);

	*kernel_class = '\0';
	if (rows_next(&r))
		snprintf(kernel_class, size, "%s", rows_text(&r));
	return rows_close(&r);
}

int store_sweep_pending(struct store *s, int64_t sweep, int64_t *segments,
	int64_t *epochs, struct err *e)
{
	struct rows r = rows_open(s, STMT_SWEEP_PENDING, ARGS(INT(sweep)), e);

	*segments = *epochs = 0;
	if (rows_next(&r)) {
		*segments = rows_int64(&r);
		*epochs = rows_int64(&r);
	}
	return rows_close(&r);
}

/* jobs */

/*
 * A value that is the canonical spelling of a number is stored as one; a digest that
 * happens to consist of figures is not.
 */
static struct arg value_arg(const char *text)
{
	char canonical[NUMBER_MAX];
	int64_t i;
	double v;

	if (!number_parse(text, &v) || strcmp(number_format(v, canonical), text) != 0)
		return (struct arg)TEXT(text);
	if (integer_parse(text, &i))
		return (struct arg)INT(i);
	return (struct arg)REAL(v);
}

static struct arg column(const struct params *ps, const char *name)
{
	const char *text = params_get(ps, name);

	return text ? value_arg(text) : (struct arg)NIL;
}

/* Texts stay texts, whatever they look like. */
static struct arg text_column(const struct params *ps, const char *name)
{
	return (struct arg)TEXT(params_get(ps, name));
}

/* Another trainer need not have a name for its data or its network. */
static struct arg name_column(const struct params *ps, const char *name)
{
	const char *text = params_get(ps, name);

	return (struct arg)TEXT(text ? text : "");
}

static int insert_job(struct store *s, int64_t id, const char *identity,
	const struct params *ps, const struct job_shown *shown, struct err *e)
{
	const struct arg nil = NIL;

	return store_run(s, STMT_JOB_PUT,
		ARGS(INT(id), TEXT(identity), name_column(ps, "dataset.name"),
			name_column(ps, "model.name"), text_column(ps, "method"),
			text_column(ps, "task"), column(ps, "lr"), column(ps, "wd"),
			shown->temperature ? column(ps, shown->temperature) : nil,
			shown->weights ? text_column(ps, shown->weights) : nil,
			column(ps, "seed"), column(ps, "train.epochs")),
		e);
}

int store_job_put(struct store *s, int64_t id, const char *identity,
	const struct params *ps, const struct job_shown *shown, struct job_row *row,
	struct err *e)
{
	char name[RUN_NAME_MAX];
	int rc = insert_job(s, id, identity, ps, shown, e);
	bool fresh = !rc && store_changes(s) > 0;

	for (int i = 0; !rc && i < ps->n; i++)
		if (fresh || param_names_file(ps->p[i].name)) /* data may have moved */
			rc = store_run(s, STMT_JOB_PUT_PARAM,
				ARGS(INT(id), TEXT(ps->p[i].name),
					value_arg(ps->p[i].value)),
				e);
	if (!rc)
		rc = store_run(
			s, STMT_JOB_PUT_HYPER, ARGS(TEXT(shown->hyper), INT(id)), e);
	if (!rc)
		rc = store_job_get(s, id, row, e);
	if (!rc && strcmp(row->identity, identity) != 0)
		return err_set(e, ERR_DB,
			"%s: its %s is another run than the one planned here, with the "
			"same number (identities %s, %s); plan it in a database of its "
			"own",
			s->path, store_run_name(s, id, name), row->identity, identity);
	return rc;
}

/* Numbers come back in their canonical text, so the parameters are those hashed. */
int store_job_params(
	struct store *s, int64_t id, struct params *ps, struct arena *a, struct err *e)
{
	struct rows r = rows_open(s, STMT_LOAD_PARAMS, ARGS(INT(id)), e);

	while (rows_next(&r)) {
		const char *name = rows_text(&r);

		if (rows_is_number(&r))
			params_set_number(ps, a, name, rows_real(&r));
		else
			params_set(ps, a, name, rows_text(&r));
	}
	return rows_close(&r);
}

int store_run_ended(
	struct store *s, const char *identity, const char *method, struct err *e)
{
	int64_t ended;
	int rc = store_int(
		s, STMT_RUN_ENDED, ARGS(TEXT(identity), TEXT(method)), 0, &ended, e);

	if (rc || ended)
		return rc;
	return err_set(e, ERR_DATA,
		"%s has no run %s of %s that was trained to its end: train it into this "
		"database first (`deltam run FILE --db %s`)",
		s->path, identity, method, s->path);
}

int store_run_end(struct store *s, const char *identity, const char *method,
	const char *row, struct params *ps, struct arena *a, struct err *e)
{
	int rc = store_run_ended(s, identity, method, e);
	struct rows r;

	if (rc)
		return rc;
	r = rows_open(
		s, STMT_RUN_END, ARGS(TEXT(identity), TEXT(method), TEXT(row)), e);
	while (rows_next(&r)) {
		const char *task = rows_copy(&r, a);

		params_set_number(
			ps, a, arena_printf(a, "init.end.%s", task), rows_real(&r));
	}
	return rows_close(&r);
}

static void read_job(struct rows *r, struct job_row *row)
{
	row->id = rows_int64(r);
	row->epochs = rows_int(r);
	row->epochs_done = rows_int(r);
	row->outcome = outcome_of(rows_text(r));
	row->seed = rows_int(r);
	snprintf(row->identity, sizeof(row->identity), "%s", rows_text(r));
}

int store_job_get(struct store *s, int64_t id, struct job_row *row, struct err *e)
{
	struct rows r = rows_open(s, STMT_JOB_GET, ARGS(INT(id)), e);

	if (rows_next(&r))
		read_job(&r, row);
	else if (!r.rc)
		r.rc = err_set(e, ERR_DB,
			"%s: a run that its stages name has no row in table job (id "
			"%lld): was it removed? `deltam run` plans it again",
			s->path, (long long)id);
	return rows_close(&r);
}

int store_job_refresh(struct store *s, int64_t id, struct job_row *row, struct err *e)
{
	int rc = store_run(s, STMT_JOB_REFRESH, ARGS(INT(id)), e);

	return rc ? rc : store_job_get(s, id, row, e);
}

int store_job_end(struct store *s, int64_t id, enum job_outcome outcome,
	const char *message, struct err *e)
{
	return store_run(s, STMT_JOB_END,
		ARGS(TEXT(outcome_names[outcome]), TEXT(message), INT(id)), e);
}

/* stages and memberships */

int store_stage_put(struct store *s, const struct stage_row *row, struct err *e)
{
	return store_run(s, STMT_STAGE_PUT,
		ARGS(INT(row->id), INT(row->sweep), TEXT(row->variant),
			TEXT(row->label), TEXT(row->method), INT(row->position),
			TEXT(row->task), TEXT(row->stage), TEXT(row->phase),
			TEXT(row->title)),
		e);
}

static enum stage_state stage_state_of(const char *name)
{
	for (int i = STAGE_OPEN; i < STAGE_STATES; i++)
		if (!strcmp(stage_names[i], name))
			return (enum stage_state)i;
	BUG("a stage's state that the schema forbids");
}

int store_stage_state(
	struct store *s, int64_t stage, enum stage_state *state, struct err *e)
{
	struct rows r = rows_open(s, STMT_STAGE_STATE, ARGS(INT(stage)), e);

	*state = rows_next(&r) ? stage_state_of(rows_text(&r)) : STAGE_NONE;
	return rows_close(&r);
}

int store_stage_set(struct store *s, int64_t stage, enum stage_state to, struct err *e)
{
	enum stage_state from;
	int rc = store_stage_state(s, stage, &from, e);

	if (rc)
		return rc;
	ASSERT(from == to || stage_may(from, to));
	return store_run(s, STMT_STAGE_SET, ARGS(TEXT(stage_names[to]), INT(stage)), e);
}

int store_stage_busy(struct store *s, int64_t stage, bool *busy, struct err *e)
{
	int64_t found;
	int rc = store_int(s, STMT_STAGE_BUSY, ARGS(INT(stage)), 0, &found, e);

	*busy = found != 0;
	return rc;
}

int store_member_put(struct store *s, const struct member_row *row, struct err *e)
{
	return store_run(s, STMT_MEMBER_PUT,
		ARGS(INT(row->stage), INT(row->job), INT(row->sweep), INT(row->config),
			INT(row->target), TEXT(state_names[row->state])),
		e);
}

int store_member_set(struct store *s, const struct member_row *row,
	enum member_state to, int target, struct err *e)
{
	ASSERT(row->state == to || member_may(row->state, to));
	return store_run(s, STMT_MEMBER_SET,
		ARGS(TEXT(state_names[to]), INT(target), INT(row->stage),
			INT(row->job)),
		e);
}

static void read_member(struct rows *r, struct member_row *row)
{
	row->stage = rows_int64(r);
	row->job = rows_int64(r);
	row->sweep = rows_int64(r);
	row->config = rows_int(r);
	row->target = rows_int(r);
	row->state = state_of(rows_text(r));
}

int store_member_pending(struct store *s, int64_t first, int64_t last,
	const struct store_filter *filter, int64_t *job, int *away, bool *found,
	struct err *e)
{
	struct rows r =
		rows_open(s, STMT_MEMBER_PENDING, ARGS(INT(first), INT(last)), e);

	*found = false;
	while (!*found && rows_next(&r)) {
		*job = rows_int64(&r);
		*away = rows_int(&r);
		*found = filter->may(filter->arg, *job);
	}
	return rows_close(&r);
}

int store_member_of_job(struct store *s, int64_t job, struct arena *a,
	struct member_row **rows, int *n, struct err *e)
{
	struct rows r = rows_open(s, STMT_MEMBER_OF_JOB, ARGS(INT(job)), e);
	int capacity = 0;

	*rows = NULL;
	*n = 0;
	while (rows_next(&r)) {
		(void)GROW(a, *rows, *n, capacity);
		read_member(&r, &(*rows)[(*n)++]);
	}
	return rows_close(&r);
}

int store_member_of_stage(struct store *s, int64_t stage, struct arena *a,
	struct member **members, int *n, struct err *e)
{
	struct rows r = rows_open(s, STMT_MEMBER_OF_STAGE, ARGS(INT(stage)), e);
	int capacity = 0;

	*members = NULL;
	*n = 0;
	while (rows_next(&r)) {
		(void)GROW(a, *members, *n, capacity);
		read_member(&r, &(*members)[*n].row);
		read_job(&r, &(*members)[*n].job);
		++*n;
	}
	return rows_close(&r);
}

/* attempts */

static const char *kind_of(const struct attempt_row *attempt)
{
	return attempt->evaluate ? "evaluate" : "train";
}

int store_attempt_begin(struct store *s, struct attempt_row *attempt, struct err *e)
{
	char host[128] = "";
	char now[TIME_MAX];
	struct arg nil = NIL;
	struct arg pilot = INT(attempt->pilot);
	int rc = random_hex(attempt->token, 16, "token", e);

	gethostname(host, sizeof(host) - 1);
	if (!rc)
		rc = store_run(s, STMT_ATTEMPT_BEGIN,
			ARGS(INT(attempt->job), TEXT(attempt->token), TEXT(host),
				INT(attempt->start_epoch), INT(attempt->stop_epoch),
				REAL(attempt->checkpoint_seconds),
				TEXT(store_time(now)), TEXT(kind_of(attempt)),
				INT(attempt->keep), attempt->pilot ? pilot : nil),
			e);
	return rc ? rc : store_int(s, STMT_ATTEMPT_ID, NO_ARGS, 0, &attempt->id, e);
}

int store_job_claim(struct store *s, int64_t sweep, int64_t job,
	struct attempt_row *attempt, bool *claimed, struct err *e)
{
	struct rows r = rows_open(s, STMT_JOB_PENDING, ARGS(INT(sweep), INT(job)), e);
	int rc;

	attempt->job = job;
	attempt->evaluate = false;
	*claimed = rows_next(&r) && !rows_is_null(&r);
	if (*claimed) {
		attempt->stop_epoch = rows_int(&r);
		attempt->start_epoch = rows_int(&r);
	}
	rc = rows_close(&r);
	if (rc || !*claimed)
		return rc;
	ASSERT(member_may(MEMBER_PENDING, MEMBER_RUNNING));
	rc = store_run(s, STMT_JOB_CLAIM, ARGS(INT(sweep), INT(job)), e);
	return rc ? rc : store_attempt_begin(s, attempt, e);
}

int store_attempt_pid(struct store *s, int64_t attempt, int pid, struct err *e)
{
	char now[TIME_MAX];

	return store_run(s, STMT_ATTEMPT_PID,
		ARGS(INT(pid), TEXT(store_time(now)), INT(attempt)), e);
}

static struct arg known(const char *text)
{
	return (struct arg)TEXT(text && *text ? text : NULL);
}

int store_attempt_end(
	struct store *s, int64_t attempt, const struct attempt_end *end, struct err *e)
{
	char now[TIME_MAX];
	struct arg nil = NIL;
	struct arg pid = INT(end->pid);
	struct arg peak = INT(end->peak_bytes);

	return store_run(s, STMT_ATTEMPT_END,
		ARGS(TEXT(end->outcome), known(end->message), known(end->build),
			known(end->kernel_class), end->pid ? pid : nil,
			REAL(end->seconds), TEXT(store_time(now)),
			REAL(end->cpu_seconds), end->peak_bytes ? peak : nil,
			INT(attempt)),
		e);
}

int store_attempt_count(struct store *s, const struct attempt_row *attempt,
	int64_t since, int epoch, const char *outcome, int *n, struct err *e)
{
	int64_t count;
	int rc = store_int(s, STMT_ATTEMPT_COUNT,
		ARGS(INT(attempt->job), INT(since), INT(epoch), TEXT(outcome),
			TEXT(kind_of(attempt))),
		0, &count, e);

	*n = (int)count;
	return rc;
}

int store_attempt_seconds(struct store *s, const struct attempt_row *attempt,
	int64_t since, double *seconds, struct err *e)
{
	return store_real(s, STMT_ATTEMPT_SECONDS,
		ARGS(INT(attempt->job), INT(since), TEXT(kind_of(attempt))), 0, seconds,
		e);
}

int store_attempt_last(struct store *s, int64_t *id, struct err *e)
{
	return store_int(s, STMT_ATTEMPT_LAST, NO_ARGS, 0, id, e);
}

int store_orphans(struct store *s, struct err *e)
{
	char now[TIME_MAX];
	int rc = store_run(s, STMT_ORPHAN_JOB, NO_ARGS, e);

	if (!rc)
		rc = store_run(s, STMT_ORPHAN_ATTEMPT, ARGS(TEXT(store_time(now))), e);
	if (!rc)
		rc = store_run(s, STMT_ORPHAN_MEMBER, NO_ARGS, e);
	if (!rc)
		rc = store_run(s, STMT_ORPHAN_WINNER, NO_ARGS, e);
	return rc;
}

/* decisions */

int store_decision_put(struct store *s, const struct decision_row *row, struct err *e)
{
	struct arg nil = NIL;
	struct arg figure = REAL(row->figure);

	return store_run(s, STMT_DECISION_PUT,
		ARGS(INT(row->stage), INT(row->sweep), TEXT(row->kind), INT(row->epoch),
			INT(row->config), TEXT(row->rule),
			isfinite(row->figure) ? figure : nil, TEXT(row->reason),
			TEXT(row->digest)),
		e);
}

int store_decision_selected(
	struct store *s, int64_t stage, int *config, bool *found, struct err *e)
{
	int64_t c;
	int rc = store_int(
		s, STMT_DECISION_SELECTED, ARGS(INT(stage)), INT64_MIN, &c, e);

	*found = c != INT64_MIN;
	*config = *found ? (int)c : -1;
	return rc;
}
