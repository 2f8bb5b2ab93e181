/* deltam check, deltam plan: what a sweep file says, without starting anything. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "orchestrator/cli/cli.h"
#include "orchestrator/cli/surprises.h"
#include "orchestrator/plan/estimate.h"
#include "orchestrator/plan/plan.h"
#include "orchestrator/plan/precision.h"
#include "orchestrator/plan/resolve.h"
#include "orchestrator/plan/worker_path.h"
#include "orchestrator/sched/places.h"
#include "orchestrator/stage/preplan.h"

/* A line for each network that the variants before have not had. */
static void print_networks(const struct resolved *known, struct arena *a)
{
	const struct spec *s = known->spec;
	const char **said = NEW_ARRAY(a, const char *, s->nvariants);

	for (int i = 0; i < s->nvariants; i++) {
		const struct resolved_variant *v = &known->variants[i];
		bool unsaid = true;

		said[i] = arena_printf(a,
			"network %s: %" PRId64 " parameters, %" PRId64
			" of them shared by %d task%s",
			params_get(&v->base, "model.name"),
			network_size_total(v->network), v->network->shared,
			v->network->heads, v->network->heads == 1 ? "" : "s");
		for (int k = 0; k < i; k++)
			unsaid = unsaid && strcmp(said[k], said[i]) != 0;
		if (unsaid)
			printf("%s\n", said[i]);
	}
}

static bool has_file(const struct code *code, const char *path)
{
	for (int i = 0; i < code->n; i++)
		if (!strcmp(code->file[i].path, path))
			return true;
	return false;
}

static bool is_script(const char *word)
{
	static const char *const endings[] = { ".py", ".sh", ".R", ".jl", ".pl", ".m" };
	const char *dot = strrchr(word, '.');

	for (int i = 0; dot && i < COUNT(endings); i++)
		if (!strcmp(dot, endings[i]))
			return true;
	return false;
}

/* A script of the command that will not be where the command runs. */
static void warn_of_scripts(const struct resolved *known, struct arena *a)
{
	const struct spec_trainer *t = known->spec->trainer;

	for (const char *const *word = t->command; *word; word++) {
		const char *path = arena_printf(a, "%s/%s", known->home, *word);

		if (!is_script(*word) || **word == '/' || has_file(&known->code, *word))
			continue;
		if (t->patterns[0])
			fprintf(stderr,
				"warning: %s of \"command\" is not among \"files\", "
				"and the command runs in a copy of these\n",
				*word);
		else if (access(path, R_OK))
			fprintf(stderr, "warning: there is no %s\n", path);
	}
}

/* deltam does not read the data of a command, but it can see that nothing is there. */
static void warn_of_data(const struct resolved *known, struct arena *a)
{
	const char *path = params_get(&known->variants[0].base, "dataset.path");

	if (!path || !*path)
		return;
	if (*path != '/')
		path = arena_printf(a, "%s/%s", known->home, path);
	if (access(path, F_OK))
		fprintf(stderr, "warning: dataset.path: there is no %s\n", path);
}

/* What people should know of another trainer before it runs. */
static void print_trainer(
	const struct resolved *known, bool look_at_data, struct arena *a)
{
	const struct spec_trainer *t = known->spec->trainer;

	if (!t->command[0])
		fprintf(stderr,
			"warning: no \"command\": what has no results cannot be "
			"trained\n");
	else if (!t->patterns[0])
		fprintf(stderr,
			"warning: no \"files\": an edit of the trainer reaches a sweep "
			"that runs, and deltam cannot tell\n");
	warn_of_scripts(known, a);
	if (look_at_data)
		warn_of_data(known, a);
	if (known->code.n)
		printf("trainer: %d file%s, digest %s\n", known->code.n,
			known->code.n == 1 ? "" : "s", known->code.digest);
}

/* What a segment takes, where that is not one worker. */
static void print_slots(const struct spec *s, struct arena *a)
{
	const struct spec_variant *v = &s->variants[0];
	const char *slot = places_slot_text(s->trainer, a);

	if (slot)
		printf("slots: %s each\n", slot);
	for (int i = 0; i < v->nentries; i++)
		if (v->entries[i].slots > 1)
			printf("%s takes %d slots\n", v->entries[i].label,
				v->entries[i].slots);
}

/* Resolves the sweep file and counts its jobs; what the command says of them is `say`. */
static int answer(const struct cli_options *o,
	int (*say)(const struct cli_options *o, const struct resolved *known,
		const struct plan_counts *c, struct arena *a, struct err *e),
	struct err *e)
{
	const struct spec_source file = {
		.path = o->operand, .set = o->set.item, .nset = o->set.n
	};
	struct arena a = { 0 };
	struct spec s;
	struct resolved known;
	int rc = resolve_file(
		&file, o->no_data ? DATA_UNSEEN : DATA_SEEN, &s, &known, &a, e);

	if (!rc) {
		struct plan_counts c = plan_count(&s, &a);

		rc = say(o, &known, &c, &a, e);
		(void)fflush(stdout); /* The notes stand below what they are about. */
		if (!o->quiet)
			surprises_print(stderr, &s, &a);
	}
	arena_release(&a);
	return rc;
}

static int say_check(const struct cli_options *o, const struct resolved *known,
	const struct plan_counts *c, struct arena *a, struct err *e)
{
	(void)e;
	printf("%s: ok, %lld job%s\n", o->operand, (long long)c->total,
		c->total == 1 ? "" : "s");
	if (known->spec->trainer)
		print_trainer(known, !o->no_data, a);
	else
		print_networks(known, a);
	print_slots(known->spec, a);
	return OK;
}

int cmd_check(const struct cli_options *o, struct err *e)
{
	return answer(o, say_check, e);
}

#define STAGES 5 /* the last is the sum */

struct table {
	int width[2]; /* of the variants' and the entries' names */
	bool seen[STAGES]; /* stages with jobs */
	int64_t sum[STAGES];
};

static void stages_of(const struct plan_entry_jobs *row, int64_t n[STAGES])
{
	n[0] = row->tune;
	n[1] = row->refine;
	n[2] = row->wd;
	n[3] = row->final;
	n[4] = row->tune + row->refine + row->wd + row->final;
}

static void widen(int *width, const char *text)
{
	if ((int)strlen(text) > *width)
		*width = (int)strlen(text);
}

static struct table measure(const struct plan_counts *c)
{
	struct table t = { .width = { 0, (int)strlen("core-hours") } };

	for (int i = 0; i < c->nrows; i++) {
		int64_t n[STAGES];

		stages_of(&c->rows[i], n);
		widen(&t.width[0], c->rows[i].variant->label);
		widen(&t.width[1], c->rows[i].entry->label);
		for (int k = 0; k < STAGES; k++) {
			t.sum[k] += n[k];
			t.seen[k] |= n[k] > 0;
		}
	}
	if (t.width[0])
		widen(&t.width[0], "variant");
	return t;
}

static void print_names(const struct table *t, const char *variant, const char *entry)
{
	if (t->width[0])
		printf("%-*s  ", t->width[0], variant);
	printf("%-*s", t->width[1], entry);
}

static void print_numbers(const struct table *t, const int64_t n[STAGES])
{
	for (int k = 0; k < STAGES; k++)
		if (t->seen[k])
			printf("  %10lld", (long long)n[k]);
	printf("\n");
}

static void print_plan(const struct plan_counts *c, const struct table *t)
{
	static const char *const heads[STAGES] = { "tune", "refine", "wd", "final",
		"jobs" };

	print_names(t, "variant", "entry");
	for (int k = 0; k < STAGES; k++)
		if (t->seen[k])
			printf("  %10s", heads[k]);
	printf("\n");
	for (int i = 0; i < c->nrows; i++) {
		int64_t n[STAGES];

		stages_of(&c->rows[i], n);
		print_names(t, c->rows[i].variant->label, c->rows[i].entry->label);
		print_numbers(t, n);
	}
	print_names(t, "", "sum");
	print_numbers(t, t->sum);
	if (t->seen[1])
		fputs("refine depends on where the best point lies: at most\n", stderr);
}

static int64_t tune_jobs(const struct plan_entry_jobs *row)
{
	return row->tune;
}

static int64_t refine_jobs(const struct plan_entry_jobs *row)
{
	return row->refine;
}

static int64_t wd_jobs(const struct plan_entry_jobs *row)
{
	return row->wd;
}

static int64_t final_jobs(const struct plan_entry_jobs *row)
{
	return row->final;
}

static int64_t all_jobs(const struct plan_entry_jobs *row)
{
	return row->tune + row->refine + row->wd + row->final;
}

/* A row below the sum: what its jobs cost when none of them is stopped. */
static void print_hours(const struct spec *s, const struct plan_counts *c,
	const struct table *t, const struct estimate *x)
{
	static int64_t (*const jobs[STAGES])(const struct plan_entry_jobs *row) = {
		tune_jobs, refine_jobs, wd_jobs, final_jobs, all_jobs
	};

	if (isnan(estimate_hours(x, c, all_jobs))) {
		if (x->why)
			fprintf(stderr, "no estimate of core-hours: %s\n", x->why);
		return;
	}
	print_names(t, "", "core-hours");
	for (int k = 0; k < STAGES; k++)
		if (t->seen[k]) {
			double h = estimate_hours(x, c, jobs[k]);

			printf(h < 100 ? "  %10.3g" : "  %10.0f", h);
		}
	printf("\n");
	fprintf(stderr, "core-hours: at most, with nothing stopped early; %s%s\n",
		!x->probed            ? "from what was measured in the database"
			: x->measured ? "in part from what was measured in the database"
				      : "from a probe of some steps",
		*s->winners.corruptions ? "; without the tests on corrupted pictures"
					: "");
}

/* The database that `run` would use, for what it has measured. */
static const char *database(
	const struct cli_options *o, const struct spec *s, struct arena *a)
{
	return o->db ? o->db : arena_printf(a, "%s.db", s->name);
}

/*
 * How many segments would run at a time; a machine without the GPUs may ask for others
 * where it says which.
 */
static int slots_here(
	const struct cli_options *o, const struct spec *s, int *slots, struct err *e)
{
	struct places p;
	int rc = places_find(&p, s, o->gpus, o->workers, e);

	*slots = rc ? 1 : places_slots(&p);
	places_release(&p);
	return rc == ERR_DATA && !o->gpus ? OK : rc;
}

/* "4 workers with a core each", "2 slots with 1/2 of a GPU each". */
static const char *slots_text(
	const struct cli_options *o, const struct spec *s, int slots, struct arena *a)
{
	bool none = o->gpus && !strcmp(o->gpus, "none");
	const char *slot = none ? NULL : places_slot_text(s->trainer, a);

	return arena_printf(a, "%d %s%s with %s each", slots, slot ? "slot" : "worker",
		slots == 1 ? "" : "s", slot ? slot : "a core");
}

/*
 * What is trained and what is left. A database that cannot be read leaves only the plan, as
 * it does with the rates.
 */
static void print_stand(const struct cli_options *o, const struct resolved *known,
	const struct plan_counts *c, const struct estimate *x, int slots,
	struct arena *a)
{
	const char *db = database(o, known->spec, a);
	const struct resolved *all = known;
	struct resolved composed;
	struct outlook look;
	struct str report = { .arena = a };
	struct str lost = { .arena = a };
	char worker[1024];
	char jobs[OUTLOOK_TEXT_MAX];
	char left[OUTLOOK_TEXT_MAX];
	struct err e = { 0 };
	int rc = OK;

	if (!access(db, F_OK)) {
		rc = worker_path(worker, sizeof(worker), &e);
		if (!rc)
			rc = resolve(known->spec, DATA_COMPOSED, worker, &composed,
				&report, a, &e);
		all = &composed;
	}
	if (!rc)
		rc = preplan(all, c, db, x->rate, slots, &look, &lost, &e);
	if (rc)
		return;
	fprintf(stderr, "%s are trained; %s on %s%s\n", outlook_jobs(&look, jobs),
		outlook_left(&look, left), slots_text(o, known->spec, slots, a),
		known->spec->prune.rule == PRUNE_NONE ? ""
						      : ", less what pruning stops");
	if (lost.n)
		fprintf(stderr, "%s\n", str_get(&lost));
}

static int say_plan(const struct cli_options *o, const struct resolved *known,
	const struct plan_counts *c, struct arena *a, struct err *e)
{
	struct table t = measure(c);
	struct estimate x;
	const char *note;
	int slots;
	int rc = slots_here(o, known->spec, &slots, e);

	if (rc)
		return rc;
	print_plan(c, &t);
	note = precision_note(known->spec, a);
	if (note)
		fprintf(stderr, "%s\n", note);
	x = estimate_rates(known, c, database(o, known->spec, a),
		!o->no_probe && !o->no_data && !known->spec->trainer, a);
	print_hours(known->spec, c, &t, &x);
	if (!o->no_data)
		print_stand(o, known, c, &x, slots, a);
	print_slots(known->spec, a);
	return plan_allow(c, o->yes > 0, e);
}

int cmd_plan(const struct cli_options *o, struct err *e)
{
	return answer(o, say_plan, e);
}
