/*
 * deltam try: whether a trainer keeps the contract of docs/TRAINERS.md, in about seven
 * epochs of the first job of the baseline and of each entry. Attempts are those of `run`
 * (folder, adapter, report), in a temporary folder and without a database.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "common/clock.h"
#include "common/log.h"
#include "common/manual.h"
#include "common/tree.h"
#include "orchestrator/cli/cli.h"
#include "orchestrator/plan/plan.h"
#include "orchestrator/plan/resolve.h"
#include "orchestrator/plan/worker_path.h"
#include "orchestrator/print/glyph.h"
#include "orchestrator/print/terminal.h"
#include "orchestrator/sched/places.h"
#include "orchestrator/sched/slot_log.h"
#include "orchestrator/segment/segment_command.h"
#include "orchestrator/trial/trial.h"

#define TICK_MS 100
#define FAULTS_MAX 4
/*
 * The first attempt took its start and two epochs. Whoever reports no line in twice that
 * time, and this many seconds, holds it back.
 */
#define SLACK_SECONDS 2

enum try_step {
	STEP_TRAIN, /* two epochs */
	STEP_RESUME, /* one more, from the state */
	STEP_AGAIN, /* all of these in one go, in another folder: the same figures? */
	STEP_STOP, /* to the last epoch, and SIGTERM behind the first line */
	STEPS
};

/* One job that is tried. */
struct subject {
	const struct spec_entry *entry;
	const char *name;
	const struct params *setting;
	const char *task; /* of the baseline; NULL */
	struct params params;
	struct job_row row;

	enum try_step step;
	bool busy, over, printed;
	int until[2]; /* of TRAIN and RESUME; 0: there is no such epoch */
	struct trial before[2]; /* TRAIN and RESUME, once they ended well */
	struct attempt_row attempt;
	struct segment_command command;
	struct places_taken place;
	struct trial trial;
	const char *log;
	bool told; /* news() had it told to leave */
	double asked; /* when it was told to leave; 0: it was not */
	double leave; /* seconds after which the scheduler tells it */
	double took; /* seconds of TRAIN */
	bool repeats; /* AGAIN gave the same figures as TRAIN */
	const char *fault[FAULTS_MAX];
	int nfaults;
	const char *note; /* why there was no more to try */
	const char *doubt; /* what is no fault, and worth a look */
};

struct
try {
	struct arena arena;
	struct spec spec;
	struct resolved known;
	struct segment_setup command;
	struct places places;
	const char *folder;
	bool moves; /* stderr is a terminal whose cursor moves */
	struct subject *subject;
	int n;
};

static const struct spec_variant *variant_of(const struct try *t)
{
	return &t->spec.variants[0];
}

static void add_fault(struct subject *x, const char *fault)
{
	if (x->nfaults < FAULTS_MAX)
		x->fault[x->nfaults++] = fault;
}

/* What begins. */

static bool has_step(const struct try *t, const struct subject *x)
{
	switch (x->step) {
	case STEP_RESUME:
		return x->until[1] && t->spec.trainer->resume;
	default:
		return true;
	}
}

static int until_of(const struct try *t, const struct subject *x)
{
	switch (x->step) {
	case STEP_TRAIN:
	case STEP_RESUME:
		return x->until[x->step];
	case STEP_AGAIN:
		return x->before[1].nkept ? x->until[1] : x->until[0];
	default:
		return variant_of(t)->epochs;
	}
}

/* TRAIN and RESUME share a folder; each of the others has one of its own. */
static const char *root_of(struct try *t, const struct subject *x)
{
	static const char *const names[STEPS] = { "train", "train", "again", "stop" };

	return arena_printf(&t->arena, "%s/%s", t->folder, names[x->step]);
}

static struct folder_job job_of(struct try *t, struct subject *x)
{
	return (struct folder_job){ .root = root_of(t, x),
		.home = t->command.home,
		.spec = &t->spec,
		.entry = x->entry,
		.variant = variant_of(t),
		.row = &x->row,
		.attempt = &x->attempt,
		.params = &x->params,
		.resume = x->step == STEP_RESUME };
}

static int begin(struct try *t, struct subject *x, struct err *e)
{
	const struct store_report past = { .token = "train" };
	static const char *const tokens[STEPS] = { "train", "resume", "again", "stop" };
	bool had_state;

	x->attempt = (struct attempt_row){ .job = x->row.id,
		.start_epoch = x->step == STEP_RESUME ? x->until[0] : 0,
		.stop_epoch = until_of(t, x) };
	snprintf(x->attempt.token, sizeof(x->attempt.token), "%s", tokens[x->step]);
	x->command.job = job_of(t, x);
	folder_path(x->command.job.root, x->row.identity, x->command.folder);
	x->trial = (struct trial){ .arena = &t->arena,
		.form = { .variant = variant_of(t), .task = x->task },
		.report = arena_printf(
			&t->arena, "%s/report.%s", x->command.folder, x->attempt.token),
		.done = x->attempt.start_epoch,
		.until = x->attempt.stop_epoch };
	x->told = false;
	x->asked = 0;
	x->leave = x->step == STEP_STOP ? 2 * x->took + SLACK_SECONDS : 0;
	x->busy = true;
	return folder_begin(
		&x->command.job, &past, x->step == STEP_RESUME, &had_state, e);
}

static int fill_task(
	struct try *t, struct subject *x, struct sched_task *task, struct err *e)
{
	int rc = begin(t, x, e);

	x->log = arena_printf(&t->arena, "%s/logs/%d.%s", t->folder,
		(int)(x - t->subject), x->attempt.token);
	*task = (struct sched_task){ .job = x->row.id,
		.data = x,
		.log = x->log,
		.slots = x->entry->slots,
		.quiet_seconds = t->spec.silent_minutes * 60,
		.limit_seconds = t->spec.job_minutes * 60,
		.leave_seconds = x->leave };
	snprintf(task->token, sizeof(task->token), "%s", x->attempt.token);
	segment_command_task(&x->command, &t->command,
		places_devices(&t->places, &x->place, &t->arena), task);
	return rc;
}

/* What ends. */

static bool state_is_empty(struct try *t, const struct subject *x)
{
	return folder_is_empty(arena_printf(
		&t->arena, "%s/state.%s", x->command.folder, x->attempt.token));
}

/* It ended otherwise than by status 0. */
static const char *why_it_ended(
	struct try *t, const struct subject *x, const struct sched_end *end)
{
	struct verdict v = verdict_of(end, false);
	char line[512];

	slot_log_last_line(x->log, line, sizeof(line));
	if (x->trial.error)
		return x->trial.error;
	return arena_printf(
		&t->arena, "%s%s%s", v.text, *line ? ": " : "", *line ? line : "");
}

static const char *stubborn(struct try *t)
{
	return arena_printf(&t->arena,
		"SIGTERM is ignored: it went on for stop_seconds (%d s) and was "
		"killed; save the state and leave behind the epoch",
		t->spec.trainer->stop_seconds);
}

static const char *held_back(struct try *t, const struct subject *x)
{
	return arena_printf(&t->arena,
		"no line of its report came in %.0f s, although the start and %d "
		"epoch%s had taken %.1f s: flush the report behind each line",
		x->leave, x->until[0], x->until[0] == 1 ? "" : "s", x->took);
}

/* A trainer that was told to leave, in the last step or because of a fault. */
static void judge_told(struct try *t, struct subject *x, const struct sched_end *end)
{
	double began = clock_seconds() - end->seconds;
	double asked = x->told ? x->asked : began + x->leave;

	if (x->trial.fault)
		add_fault(x, x->trial.fault);
	else if (!x->told)
		add_fault(x, held_back(t, x));
	if (x->step == STEP_STOP &&
		clock_seconds() - asked >= t->spec.trainer->stop_seconds)
		add_fault(x, stubborn(t));
}

/* The same twice in one go, but not from the state: something is not part of it. */
static void judge_state(struct try *t, struct subject *x)
{
	int epoch = x->until[1];
	const char *other =
		trial_difference(&x->trial, &x->before[1], epoch, &t->arena);
	const char *text;

	if (!other)
		return;
	text = arena_printf(&t->arena,
		"epoch %d from the state is not epoch %d in one go (%s): are the optimizer, "
		"the schedule and every generator of random numbers in the state? Rungs "
		"interrupt the runs of some methods and not of others",
		epoch, epoch, other);
	if (t->spec.trainer->deterministic)
		add_fault(x, text);
	else
		x->doubt = text;
}

static void judge_again(struct try *t, struct subject *x)
{
	const char *other = NULL;
	int epoch = 0;

	while (!other && epoch < x->until[0])
		other = trial_difference(&x->before[0], &x->trial, ++epoch, &t->arena);
	x->repeats = !other;
	if (!other)
		judge_state(t, x);
	else if (t->spec.trainer->deterministic)
		add_fault(x,
			arena_printf(&t->arena,
				"\"deterministic\" is true, and epoch %d gave other "
				"figures the second time: %s",
				epoch, other));
}

static void judge_well(struct try *t, struct subject *x, const struct sched_end *end)
{
	if (x->step <= STEP_RESUME)
		x->before[x->step] = x->trial;
	if (x->step == STEP_TRAIN) {
		x->took = end->seconds;
		if (t->spec.trainer->resume && x->until[1] && state_is_empty(t, x)) {
			add_fault(x,
				"it left nothing in the folder of its state: save "
				"there at `until`, or set \"resume\" to false under "
				"\"trainer\"");
			x->until[1] = 0;
		}
	} else if (x->step == STEP_AGAIN) {
		judge_again(t, x);
	}
}

static int judge(
	struct try *t, struct subject *x, const struct sched_end *end, struct err *e)
{
	bool well = end->why == SCHED_EXITED && end->status == PROTO_DONE;
	int rc = trial_read(&x->trial, e);

	if (rc || end->why == SCHED_STOPPED || end->why == SCHED_NOT_STARTED)
		return rc;
	if (well)
		trial_end(&x->trial);
	if (x->trial.diverged && !x->trial.fault)
		x->note = arena_printf(&t->arena, "diverged in epoch %d: %s",
			x->trial.epoch, x->trial.diverged);
	else if (end->why == SCHED_ENOUGH)
		judge_told(t, x, end);
	else if (x->trial.fault)
		add_fault(x, x->trial.fault);
	else if (!well)
		add_fault(x, why_it_ended(t, x, end));
	else
		judge_well(t, x, end);
	/* What cannot train twice need not be asked how it goes on. */
	x->over = x->note || (x->step == STEP_TRAIN && (!well || x->trial.fault));
	return OK;
}

/* Lines on stdout, in the order of the sweep file. */

static void print_subject(const struct try *t, const struct subject *x)
{
	bool twice = x->repeats && !x->doubt && !t->spec.trainer->deterministic;

	if (x->note)
		printf("%s: %s\n", x->name, x->note);
	else if (!x->nfaults)
		printf("%s: ok; the start and %d epoch%s took %.2g s%s\n", x->name,
			x->until[0], x->until[0] == 1 ? "" : "s", x->took,
			twice ? ", and figures come out the same again" : "");
	if (x->doubt)
		printf("%s: NOTE: %s\n", x->name, x->doubt);
	for (int i = 0; i < x->nfaults; i++)
		printf("%s: FAULT: %s\n", x->name, x->fault[i]);
	(void)fflush(stdout);
}

/* Takes away what show_work has written. */
static void clear_work(void *arg)
{
	const struct try *t = arg;

	if (t->moves)
		fputs("\r\033[J", stderr);
}

static void print_ended(struct try *t)
{
	for (int i = 0; i < t->n && t->subject[i].over; i++)
		if (!t->subject[i].printed) {
			clear_work(t);
			print_subject(t, &t->subject[i]);
			t->subject[i].printed = true;
		}
}

/* On a terminal: who is at what, in a line that the next one replaces. */
static void show_work(struct try *t)
{
	static const char *const doing[STEPS] = { "the first epochs",
		"one more, from the state", "the same again in one go",
		"leaving at SIGTERM" };
	struct arena a = { 0 };
	struct str line = { .arena = &a };
	int fit;

	if (!t->moves)
		return;
	for (int i = 0; i < t->n; i++)
		if (t->subject[i].busy)
			str_printf(&line, "%s%s: %s (%d of %d)", line.n ? "; " : "",
				t->subject[i].name, doing[t->subject[i].step],
				t->subject[i].step + 1, STEPS);
	clear_work(t);
	fit = glyph_text_fit(str_get(&line), terminal_columns(STDERR_FILENO) - 1);
	fprintf(stderr, "%.*s", fit, str_get(&line));
	arena_release(&a);
}

/* The turn. */

static int finish(struct try *t, const struct sched_end *end, struct err *e)
{
	struct subject *x = end->task->data;
	int rc = judge(t, x, end, e);

	x->busy = false;
	places_give(&t->places, &x->place);
	do
		x->step++;
	while (x->step < STEPS && !has_step(t, x));
	x->over = x->over || x->step == STEPS;
	if (!rc)
		print_ended(t);
	return rc;
}

static int turn(
	void *arg, const struct sched_end *end, struct sched_task *next, struct err *e)
{
	struct try *t = arg;
	int rc = end ? finish(t, end, e) : OK;

	for (int i = 0; !rc && next && i < t->n; i++) {
		struct subject *x = &t->subject[i];

		if (x->busy || x->over)
			continue;
		if (!places_take(&t->places, x->entry->slots, &x->place))
			return SCHED_NOTHING;
		rc = fill_task(t, x, next, e);
		show_work(t);
		return rc ? rc : SCHED_TASK;
	}
	show_work(t);
	return rc ? rc : SCHED_NOTHING;
}

/* Behind a fault nothing more is wanted; in the last step one line is enough. */
static int on_news(void *arg, const struct sched_task *task, struct err *e)
{
	struct subject *x = task->data;
	int rc = trial_read(&x->trial, e);

	(void)arg;
	x->told = x->trial.fault || x->trial.diverged ||
		(x->step == STEP_STOP && x->trial.epoch);
	if (x->told && !(x->asked > 0))
		x->asked = clock_seconds();
	return rc ? rc : x->told;
}

/* Who is tried. */

static void add_subject(struct try *t, const struct spec_entry *entry, const char *task,
	const struct params *setting)
{
	const struct spec_variant *v = variant_of(t);
	struct plan_grid grid = plan_tune(&t->spec, v, entry, &t->arena);
	struct subject *x = &t->subject[t->n++];
	int seed = t->spec.search.seeds.seed[0];

	*x = (struct subject){ .entry = entry,
		.name = task ? arena_printf(&t->arena, "%s %s", entry->label, task)
			     : entry->label,
		.setting = setting,
		.task = task,
		.until = { v->epochs > 2 ? 2 : 1, v->epochs > 2 ? 3 : v->epochs } };
	if (v->epochs == 1)
		x->until[1] = 0;
	x->params = plan_job(setting, entry, task, &grid, 0, seed, &t->arena);
	x->row.id = job_identity(&x->params, x->row.identity);
	x->row.epochs = v->epochs;
	x->row.seed = seed;
}

static void add_subjects(struct try *t)
{
	const struct spec_variant *v = variant_of(t);
	const struct resolved_variant *known = &t->known.variants[0];

	t->subject = NEW_ARRAY(&t->arena, struct subject, v->nentries + 1);
	if (t->spec.baseline.source == BASELINE_TRAINED)
		add_subject(t, &v->baseline, v->tasks[0].name, &known->stl);
	for (int i = 0; i < v->nentries; i++)
		add_subject(t, &v->entries[i], NULL, &known->base);
}

/* The whole. */

static int make_folders(struct try *t, struct err *e)
{
	static const char *const names[] = { "logs", "code" };
	const char *tmp = getenv("TMPDIR");
	char *path = arena_printf(
		&t->arena, "%s/deltam-try-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	char *whole;
	int rc = OK;

	if (!mkdtemp(path))
		return err_errno(e, "cannot make the folder %s", path);
	whole = realpath(path, NULL);
	if (!whole)
		return err_errno(e, "%s", path);
	t->folder = path = arena_strdup(&t->arena, whole);
	free(whole);
	for (int i = 0; !rc && i < COUNT(names); i++)
		rc = tree_make_folder(
			arena_printf(&t->arena, "%s/%s", path, names[i]), 0777, e);
	return rc;
}

static int prepare(struct try *t, const char *worker, struct err *e)
{
	const struct spec_trainer *trainer = t->spec.trainer;
	int rc = make_folders(t, e);

	t->command = (struct segment_setup){ .trainer = trainer,
		.worker = worker,
		.root = t->folder,
		.home = t->known.home,
		.cwd = t->known.home };
	if (!rc && trainer->patterns[0])
		rc = code_copy(&t->known.code, t->known.home,
			arena_printf(&t->arena, "%s/code", t->folder), &t->arena,
			&t->command.cwd, e);
	return rc;
}

static int faults_of(const struct try *t)
{
	int n = 0;

	for (int i = 0; i < t->n; i++)
		n += t->subject[i].nfaults > 0;
	return n;
}

static int try_all(struct try *t, const char *worker, struct err *e)
{
	const struct sched_ops ops = { .turn = turn, .news = on_news };
	struct sched_options options = { .worker = worker,
		.db = "",
		.workers = places_slots(&t->places),
		.tick_ms = TICK_MS };
	int rc = prepare(t, worker, e);
	int faults;

	options.logs = rc ? NULL : arena_printf(&t->arena, "%s/logs", t->folder);
	if (!rc)
		add_subjects(t);
	t->moves = terminal_moves(STDERR_FILENO);
	log_before_line(clear_work, t);
	if (!rc)
		rc = sched_run(&options, &ops, t, e);
	clear_work(t);
	log_before_line(NULL, NULL);
	if (rc == ERR_INTERRUPTED)
		rc = err_set(e, ERR_INTERRUPTED, "interrupted; nothing is kept");
	faults = rc ? 0 : faults_of(t);
	if (faults)
		return err_set(e, ERR_FAILED,
			"%d of %d do not keep the contract of %s; what they printed is in "
			"%s",
			faults, t->n, manual_text(MANUAL("TRAINERS"), &t->arena),
			options.logs);
	if (t->folder)
		(void)!tree_remove(t->folder, NULL);
	return rc;
}

static void release(struct try *t)
{
	for (int i = 0; i < t->n; i++)
		segment_command_release(&t->subject[i].command);
	places_release(&t->places);
	arena_release(&t->arena);
}

int cmd_try(const struct cli_options *o, struct err *e)
{
	const struct spec_source file = {
		.path = o->operand, .set = o->set.item, .nset = o->set.n
	};
	struct try t = { .n = 0 };
	char worker[1024];
	int rc = resolve_file(&file, DATA_SEEN, &t.spec, &t.known, &t.arena, e);

	if (!rc && (!t.spec.trainer || !t.spec.trainer->command[0]))
		rc = err_set(e, ERR_USAGE,
			"there is nothing to try: %s has no \"command\" under "
			"\"trainer\"",
			o->operand);
	if (!rc)
		rc = worker_path(worker, sizeof(worker), e);
	if (!rc)
		rc = places_find(&t.places, &t.spec, o->gpus, o->workers, e);
	if (!rc)
		rc = try_all(&t, worker, e);
	release(&t);
	return rc;
}
