/* deltam run: from a sweep file to its table. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "catalogue/setting.h"
#include "common/fatal.h"
#include "common/log.h"
#include "common/manual.h"
#include "common/store/copy.h"
#include "common/store/run_name.h"
#include "common/store/store_open.h"
#include "common/store/store_winner.h"
#include "common/store/transaction.h"
#include "common/tree.h"
#include "orchestrator/cli/cli.h"
#include "orchestrator/pilot/remote.h"
#include "orchestrator/plan/worker_path.h"
#include "orchestrator/report/benchmark.h"
#include "orchestrator/report/reader.h"
#include "orchestrator/run/dispatch.h"
#include "orchestrator/run/elsewhere.h"
#include "orchestrator/run/kernel_choice.h"
#include "orchestrator/run/run.h"
#include "orchestrator/segment/folder.h"
#include "orchestrator/stage/replan.h"
#include "orchestrator/stage/winner.h"

#define MISSING_LISTED 20
/* A slot takes some 10 kB; more processes than this want more machines. */
#define WORKERS_MAX 1024
/* Nobody else writes there, whatever the umask: what lies in it is run (pilot/yard.h). */
#define FOLDER_MODE 0755

struct run {
	const struct run_request *q;
	struct arena *arena;
	struct spec spec;
	struct resolved resolved;
	const char *db; /* path */
	struct reuse reuse;
	char worker[1024];
	struct store s;
	struct stage_ctx stage;
	struct progress progress;
	struct dispatch dispatch;
	struct segment_setup command; /* where another trainer trains */
	struct str replanned; /* what became of the plan before, for people */
	struct places places;
	struct kernel_choice kernels; /* unless another trainer trains */
	struct elsewhere elsewhere; /* with q->launch */
};

static int read_sweep(struct run *r, struct err *e)
{
	const struct run_request *q = r->q;
	struct str report = { .arena = r->arena };
	struct plan_counts counts;
	int rc = spec_read(&r->spec, r->arena, &q->sweep, &report, e);

	if (!rc) {
		counts = plan_count(&r->spec, r->arena);
		rc = plan_allow(&counts, q->yes, e);
	}
	if (!rc)
		rc = worker_path(r->worker, sizeof(r->worker), e);
	if (!rc)
		rc = resolve(&r->spec, DATA_COMPOSED, r->worker, &r->resolved, &report,
			r->arena, e);
	fputs(str_get(&report), stderr);
	return rc;
}

/* Logs and checkpoints go into a folder beside the database. */
static int check_folder(const struct run *r, struct err *e)
{
	const char *folder = arena_printf(r->arena, "%s.d", r->db);
	struct stat st;

	if (stat(folder, &st) || S_ISDIR(st.st_mode))
		return OK;
	return err_set(e, ERR_DB,
		"%s is no folder, and logs and checkpoints go into one of that name: "
		"move it away, or name another database with --db",
		folder);
}

/* Finds out everything that can be refused before a byte is written. */
static int look_around(struct run *r, struct err *e)
{
	int rc = read_sweep(r, e);

	if (!rc && r->q->launch)
		rc = elsewhere_parse(&r->elsewhere, r->q, &r->places, r->arena, e);
	else if (!rc)
		rc = places_find(&r->places, &r->spec, r->q->gpus, r->q->workers, e);
	r->db = r->q->db ? r->q->db : arena_printf(r->arena, "%s.db", r->spec.name);
	if (!rc &&
		(r->q->launch ? r->q->workers : places_slots(&r->places)) > WORKERS_MAX)
		rc = err_set(e, ERR_USAGE, "--workers: at most %d on one machine",
			WORKERS_MAX);
	if (!rc)
		rc = check_folder(r, e);
	if (!rc && r->q->reuse)
		rc = reuse_open(&r->reuse, r->q->reuse, r->db, e);
	return rc;
}

static int look_ahead(const struct run *r, struct outlook *out, struct err *e)
{
	const struct outlook_question q = { .s = r->stage.s,
		.sweep = r->stage.sweep,
		.spec = &r->spec,
		.counts = &r->dispatch.counts,
		.now = outlook_now(),
		.workers = places_slots(&r->places) };

	return outlook_read(&q, out, e);
}

/* Runs that methods start from must be there before anything is trained. */
static int find_earlier_runs(struct run *r, struct err *e)
{
	int rc = OK;

	for (int i = 0; i < r->spec.nvariants; i++)
		for (int k = 0; k < r->spec.variants[i].nentries; k++) {
			const struct spec_entry *x = &r->spec.variants[i].entries[k];
			struct params ps = { 0 };
			const char *run, *row;

			params_set(&ps, r->arena, "method", x->method->name);
			for (int n = 0; n < x->naxes; n++)
				params_set(&ps, r->arena, x->axes[n].name,
					x->axes[n].text[0]);
			if (!rc && setting_run(&ps, &run, &row))
				rc = store_run_ended(&r->s, run, x->method->name, e);
		}
	return rc;
}

static int plan(struct run *r, struct err *e)
{
	struct sweep_row row = { r->spec.name, r->spec.text,
		select_epoch_words[r->spec.select.epoch],
		average_words[r->spec.select.average], r->spec.folder,
		r->spec.select.skip_zero };
	const char *logs = arena_printf(r->arena, "%s.d/logs", r->db);
	struct replan before;
	int64_t sweep;
	bool rescore;
	int rc = find_earlier_runs(r, e);

	if (!rc)
		rc = replan_read(&before, &r->s, r->spec.name, r->arena, e);
	if (!rc)
		rc = store_sweep_put(&r->s, &row, &sweep, &rescore, e);
	if (!rc && r->q->launch)
		rc = elsewhere_find(&r->elsewhere, &r->s, sweep, e);
	if (!rc)
		rc = store_orphans(&r->s, e);
	if (rc)
		return rc;
	stage_init(&r->stage, &r->s, &r->resolved, sweep, !r->q->no_prune);
	r->stage.reuse = r->q->reuse ? &r->reuse : NULL;
	r->reuse.commands = r->spec.trainer != NULL;
	r->stage.winners = winner_wanted(&r->spec) && !r->q->no_winners;
	progress_init(&r->progress, r->spec.name, r->q->quiet);
	dispatch_init(&r->dispatch, &r->stage, &r->progress, logs);
	r->dispatch.places = r->q->launch ? NULL : &r->places;
	r->dispatch.train_only = r->q->launch != NULL;
	r->dispatch.worker = r->worker;
	rc = store_attempt_last(&r->s, &r->dispatch.since, e);
	if (!rc)
		rc = stage_start(&r->stage, rescore, e);
	if (!rc && r->q->launch)
		rc = elsewhere_keep(&r->elsewhere, &r->s, e);
	if (!rc)
		rc = look_ahead(r, &r->progress.outlook, e);
	if (!rc)
		rc = replan_tell(&before, &r->s, &r->spec, sweep, &r->progress.outlook,
			&r->replanned, e);
	return rc;
}

static int plan_in_transaction(struct run *r, struct err *e)
{
	int rc = store_begin(&r->s, e);

	if (!rc)
		rc = plan(r, e);
	return store_end(&r->s, rc, e);
}

/* deltam's own trainer where it reports in lines. */
static const struct spec_trainer own_trainer = { .resume = true,
	.deterministic = true,
	.keep = KEEP_UNFINISHED,
	.stop_seconds = 60 };

/*
 * DELTAM_FOLDERS=1: workers train into folders and deltam commits what they report, as where
 * they cannot have the database. The rows are the same.
 */
static bool through_folders(void)
{
	const char *wanted = getenv("DELTAM_FOLDERS");

	return wanted && !strcmp(wanted, "1");
}

/*
 * Another trainer: its files are copied, and its segments get folders. Paths are absolute,
 * because it runs elsewhere.
 */
static int prepare_command(struct run *r, const char *folder, struct err *e)
{
	const struct spec_trainer *t = r->command.trainer;
	char *root = realpath(folder, NULL);
	const char *code;
	int rc = OK;

	if (!root)
		return err_errno(e, "%s", folder);
	r->command.worker = r->worker;
	r->command.root = arena_strdup(r->arena, root);
	r->command.home = r->resolved.home ? r->resolved.home : "";
	r->command.cwd = r->resolved.home;
	free(root);
	if (t->patterns && t->patterns[0]) {
		code = arena_printf(r->arena, "%s/code", r->command.root);
		rc = tree_make_folder(code, FOLDER_MODE, e);
		if (!rc)
			rc = code_copy(&r->resolved.code, r->resolved.home, code,
				r->arena, &r->command.cwd, e);
	}
	r->dispatch.command = &r->command;
	return rc;
}

/* What results are wanted of, where nobody can train: `deltam import` brings them. */
static int list_missing(struct run *r, int64_t segments, struct err *e)
{
	struct rows rows = rows_open(&r->s, STMT_SWEEP_MISSING,
		ARGS(INT(r->stage.sweep), INT(MISSING_LISTED)), e);
	int64_t job[MISSING_LISTED];
	char name[RUN_NAME_MAX];
	int n = 0;
	int rc;

	while (n < MISSING_LISTED && rows_next(&rows))
		job[n++] = rows_int64(&rows);
	rc = rows_close(&rows);
	for (int i = 0; !rc && i < n; i++)
		fprintf(stderr, "missing: %s\n", store_run_name(&r->s, job[i], name));
	if (!rc && segments > n)
		fprintf(stderr,
			"missing: %lld more (`deltam runs --db %s --where "
			"state=pending` shows all)\n",
			(long long)segments - n, r->db);
	return rc ? rc
		  : err_set(e, ERR_FAILED,
			    "%lld run%s no results, and \"trainer\" has no \"command\" "
			    "to train %s",
			    (long long)segments, segments == 1 ? " has" : "s have",
			    segments == 1 ? "it" : "them");
}

/* Segments run here, as processes of ours. */
static int run_here(struct run *r, struct err *e)
{
	const struct sched_options options = { .worker = r->worker,
		.db = r->db,
		.logs = r->dispatch.logs,
		.workers = places_slots(&r->places) };

	return sched_run(&options, &r->dispatch.ops, &r->dispatch, e);
}

/*
 * Segments run at pilots. Winners want the database: they are evaluated here when all are
 * trained.
 */
static int run_elsewhere(struct run *r, struct err *e)
{
	int rc = elsewhere_run(&r->elsewhere, &r->s, &r->dispatch, e);

	if (rc || !r->stage.winners)
		return rc;
	r->dispatch.train_only = false;
	r->dispatch.where = 0;
	r->places.shares = r->places.free[0] = 1;
	return run_here(r, e);
}

/* Makes DB.d a link to a folder elsewhere; one that leads there already is well. */
static int place_folder(const struct run *r, const char *folder, struct err *e)
{
	const char *slash = strrchr(folder, '/');
	char *work = realpath(r->q->work, NULL);
	const char *target;
	char *there;
	int rc;

	if (!work)
		return err_set(
			e, ERR_USAGE, "--work %s: %s", r->q->work, err_reason(errno));
	target = arena_printf(r->arena, "%s/%s", work, slash ? slash + 1 : folder);
	free(work);
	rc = tree_make_folder(target, FOLDER_MODE, e);
	if (rc || !symlink(target, folder))
		return rc;
	there = realpath(folder, NULL);
	if (!there || strcmp(there, target) != 0)
		rc = err_set(e, ERR_USAGE,
			"--work: %s is there already, and does not lead to %s: move what "
			"is in it there and remove it",
			folder, target);
	free(there);
	return rc;
}

/* Folders, and what segments are called with where they report in lines. */
static int prepare_training(struct run *r, struct err *e)
{
	const struct spec_trainer *t = r->spec.trainer;
	const char *folder = arena_printf(r->arena, "%s.d", r->db);
	bool lines = r->q->launch || through_folders() || r->s.network;
	int rc = r->q->work ? place_folder(r, folder, e)
			    : tree_make_folder(folder, FOLDER_MODE, e);

	if (!rc)
		rc = tree_make_folder(r->dispatch.logs, FOLDER_MODE, e);
	if (!rc && !r->q->launch)
		rc = remote_dismiss(&r->s, folder, e);
	r->command.trainer = t ? t : lines ? &own_trainer : NULL;
	if (!rc && r->command.trainer)
		rc = prepare_command(r, folder, e);
	return rc;
}

static int choose_kernels(struct run *r, struct err *e)
{
	struct kernel_choice *c = &r->kernels;
	int rc;

	*c = (struct kernel_choice){ .asked = r->q->kernels,
		.worker = r->q->launch ? NULL : r->worker,
		.yes = r->q->yes,
		.quiet = r->q->quiet };
	rc = store_sweep_class(&r->s, r->stage.sweep, c->rows, sizeof(c->rows), e);
	r->elsewhere.kernels = c;
	return rc ? rc : kernel_choice_make(c, r->arena, e);
}

/* The first line where no bar shows that something happens; more segments follow from these. */
static void say_start(const struct run *r, int64_t segments, int64_t epochs)
{
	const struct launch *l = r->q->launch ? &r->elsewhere.launch : NULL;
	int n = l ? l->pilots : places_slots(&r->places);
	char jobs[OUTLOOK_TEXT_MAX];

	if (r->q->quiet || r->progress.bar)
		return;
	fprintf(stderr, "%s: %s have ended; %lld segment%s (%lld epochs) to train now",
		r->spec.name, outlook_jobs(&r->progress.outlook, jobs),
		(long long)segments, segments == 1 ? "" : "s", (long long)epochs);
	if (r->elsewhere.kept)
		fprintf(stderr, ", %d at work since the last run", r->elsewhere.kept);
	if (l)
		fprintf(stderr, ", by up to %d pilot%s (%s)\n", n, n == 1 ? "" : "s",
			l->name);
	else
		fprintf(stderr, ", by %d worker%s\n", n, n == 1 ? "" : "s");
}

static int train(struct run *r, struct err *e)
{
	const struct spec_trainer *t = r->spec.trainer;
	int64_t segments, epochs;
	int rc = store_sweep_pending(&r->s, r->stage.sweep, &segments, &epochs, e);

	if (rc || (!segments && !r->elsewhere.kept))
		return rc;
	if (t && !t->command[0])
		return list_missing(r, segments, e);
	rc = prepare_training(r, e);
	if (!rc)
		rc = store_run(&r->s, STMT_SWEEP_WORKERS,
			ARGS(INT(places_slots(&r->places)), INT(r->stage.sweep)), e);
	if (!rc && !t)
		rc = choose_kernels(r, e);
	if (!rc)
		say_start(r, segments, epochs);
	progress_start(&r->progress);
	if (!rc)
		rc = r->q->launch ? run_elsewhere(r, e) : run_here(r, e);
	progress_end(&r->progress);
	if (!rc && r->dispatch.command)
		rc = folder_tidy(r->command.root, r->command.trainer->keep, &r->s, e);
	return rc;
}

/* What the sweep came to, once no worker has anything to do. */
static int conclude(struct run *r, struct err *e)
{
	int open = 0;
	int winners = 0;
	int rc = stage_open(&r->stage, &open, e);

	if (!rc)
		rc = store_winner_open(&r->s, r->stage.sweep, &winners, e);
	if (!rc)
		rc = store_sweep_state(
			&r->s, r->stage.sweep, open || winners ? "failed" : "done", e);
	if (!rc && !open && !winners && r->q->no_prune)
		rc = store_run(
			&r->s, STMT_SWEEP_IS_UNPRUNED, ARGS(INT(r->stage.sweep)), e);
	if (rc || !(open || winners))
		return rc;
	if (!open)
		return err_set(e, ERR_FAILED,
			"%d final run%s could not be evaluated; the first: %s", winners,
			winners > 1 ? "s" : "", r->dispatch.failure);
	if (r->dispatch.failed)
		return err_set(e, ERR_FAILED,
			"%d job%s failed for good, %d stage%s undecided; the first: %s "
			"(`deltam failures --db %s` shows all)",
			r->dispatch.failed, r->dispatch.failed > 1 ? "s" : "", open,
			open > 1 ? "s remain" : " remains", r->dispatch.failure, r->db);
	if (r->stage.undefined)
		return err_set(e, ERR_FAILED, "%s", r->stage.undefined);
	return err_set(e, ERR_FAILED,
		"a baseline diverged in every seed: %d stage%s undecided", open,
		open > 1 ? "s remain" : " remains");
}

static void say_reused(const struct run *r)
{
	if (r->reuse.jobs && !r->q->quiet)
		fprintf(stderr, "reused %d job%s (%lld epochs) of %s\n", r->reuse.jobs,
			r->reuse.jobs > 1 ? "s" : "", (long long)r->reuse.epochs,
			r->q->reuse);
}

/* The answer, of what there is: a failed job does not hide the others. */
static int print_table(struct run *r, struct err *e)
{
	const struct benchmark_view view = { 0 };
	struct report out = { .arena = r->arena };
	struct query_sweep sweep;
	int rc = reader_sweep(&r->s, r->spec.name, r->arena, &sweep, e);

	if (!rc)
		rc = benchmark_report(&r->s, &sweep, &view, &out, e);
	if (!rc)
		reader_print(&out, &(struct cli_options){ .color = r->q->color });
	return rc;
}

/* For `status`: what the user was told, who may have gone home since. */
static void note_stop(struct run *r, int rc, const struct err *e)
{
	bool wanted = rc == OK || rc == ERR_INTERRUPTED;

	if (!wanted &&
		store_run(&r->s, STMT_SWEEP_STOP,
			ARGS(TEXT(e->msg), TEXT(r->spec.name)), NULL))
		log_warn("run", "%s: the reason could not be recorded", r->db);
}

static int in_database(struct run *r, struct err *e)
{
	int rc = plan_in_transaction(r, e);

	if (!rc && !r->q->quiet)
		fputs(str_get(&r->replanned), stderr);
	if (!rc)
		rc = train(r, e);
	if (!rc || rc == ERR_FAILED)
		dispatch_directions(&r->dispatch);
	if (!rc)
		rc = conclude(r, e);
	note_stop(r, rc, e);
	say_reused(r);
	if (r->q->table && (!rc || rc == ERR_FAILED)) {
		int printed = print_table(r, rc ? NULL : e);

		rc = rc ? rc : printed;
	}
	return rc;
}

int run_sweep(const struct run_request *q, struct arena *a, struct err *e)
{
	struct run r = {
		.q = q, .arena = a, .replanned.arena = a, .reuse.from.lock.fd = -1
	};
	int rc;

	fatal_outlive_readers();
	rc = look_around(&r, e);
	if (!rc)
		rc = store_open(&r.s, r.db, STORE_ORCHESTRATOR, e);
	if (!rc) {
		rc = in_database(&r, e);
		dispatch_release(&r.dispatch);
		stage_release(&r.stage);
		if (r.s.network && rc != ERR_LOCKED) /* else they are another's */
			copy_remove(r.db);
		store_close(&r.s);
	}
	reuse_close(&r.reuse);
	elsewhere_release(&r.elsewhere);
	places_release(&r.places);
	return rc;
}

/* Options that say where segments run mean nothing without --launcher. */
static int check_launcher(const struct cli_options *o, struct err *e)
{
	const char *alone = o->hosts ? "hosts"
		: o->sbatch          ? "sbatch"
		: o->setup           ? "setup"
		: o->pilots          ? "pilots"
				     : NULL;
	struct arena a = { 0 };

	if (o->launcher || !alone)
		return OK;
	err_set(e, ERR_USAGE, "--%s wants --launcher (%s)", alone,
		manual_text(MANUAL("CLUSTERS"), &a));
	arena_release(&a);
	return ERR_USAGE;
}

int cmd_run(const struct cli_options *o, struct err *e)
{
	const struct launch_request launch = { .launcher = o->launcher,
		.hosts = o->hosts,
		.sbatch = o->sbatch,
		.setup = o->setup,
		.pilots = o->pilots };
	struct run_request q = {
		.sweep = { .path = o->operand, .set = o->set.item, .nset = o->set.n },
		.db = o->db,
		.reuse = o->reuse,
		.workers = o->workers,
		.gpus = o->gpus,
		.launch = o->launcher ? &launch : NULL,
		.kernels = o->kernels,
		.work = o->work,
		.no_prune = o->no_prune > 0,
		.yes = o->yes > 0,
		.quiet = o->quiet > 0,
		.table = true,
		.color = o->color
	};
	struct arena a = { 0 };
	int rc = check_launcher(o, e);

	if (!rc)
		rc = run_sweep(&q, &a, e);
	arena_release(&a);
	return rc;
}
