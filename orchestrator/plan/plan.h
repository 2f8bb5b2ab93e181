/*
 * The plan: which configurations each stage of the protocol trains. Pure functions of
 * the sweep and of the points chosen so far; nothing here reads a database.
 *
 *	search.kind grid: tune (lr x wd x hyperparameters), refine, final
 *	search.kind line: tune (lr x hyperparameters at fixed_wd), refine, wd, final
 *	last10: final alone
 * A stage is a grid: a product of axes, whose points are numbered. The last axis runs
 * fastest, so a point is one int and a grid of a million points costs its axes.
 */
#ifndef DELTAM_PLAN_H
#define DELTAM_PLAN_H

#include "orchestrator/spec/spec.h"

/*
 * Axis 0 is lr, axis 1 wd, the others are the entry's hyperparameters.
 */
struct plan_grid {
	const struct spec_rates *rates; /* what axes 0 and 1 are taken from */
	struct spec_axis *axes;
	int naxes;
	int count; /* points; 0: the stage does not happen */
};

/* Which value of axis k point i takes: an index into axes[k].text. */
int grid_index(const struct plan_grid *g, int i, int k);

/*
 * Whether the entries of v search at all. Not under last10, where an entry's only point
 * (number 0 of plan_tune) goes straight to the final stage, and not in the later
 * variants of a sweep whose points are pinned to the winners of the first.
 */
bool plan_searches(const struct spec *s, const struct spec_variant *v);

/*
 * The stages. `g` and `best` are the grid of the stage before and the point that won in
 * it (the number that stage_job.config holds).
 *
 * plan_tune: never empty; point 0 is all there is where plan_searches says no.
 * plan_refine: asked for with the tune grid; empty when no axis has `fine`. lr and wd
 *	stay; every axis with `fine` runs between the coarse neighbours of the best
 *	point, those left out (they were tried), or outward at an edge, up to and with
 *	one coarse step, within the axis' own bounds. Holds the best point, too, so that
 *	it competes with its neighbours.
 * plan_wd: line search; the best point with every wd of the sweep, its own among them.
 *	Empty in a grid search and where there is nothing to choose.
 * plan_point: one point alone, for the final stage.
 * For the baseline (entry->position 0) the same, per task.
 */
struct plan_grid plan_tune(const struct spec *s, const struct spec_variant *v,
	const struct spec_entry *entry, struct arena *a);
struct plan_grid plan_refine(
	const struct spec *s, const struct plan_grid *g, int best, struct arena *a);
struct plan_grid plan_wd(
	const struct spec *s, const struct plan_grid *g, int best, struct arena *a);
struct plan_grid plan_point(const struct plan_grid *g, int i, struct arena *a);

/* Makes one axis of plan_refine, around value number `best` of an axis with `fine`. */
struct spec_axis plan_refine_axis(
	const struct spec_axis *coarse, int best, struct arena *a);

/*
 * The parameters of one job: everything that determines its training. setting: what the
 * jobs of its variant share (resolve.h: base, or stl for a baseline). task: the task of a
 * baseline, NULL otherwise. The result shares the texts of the setting.
 */
struct params plan_job(const struct params *setting, const struct spec_entry *entry,
	const char *task, const struct plan_grid *g, int i, int seed, struct arena *a);

#define IDENTITY_MAX 33
/*
 * XXH3_128 of the canonical JSON of ps with `numerics` added: 32 hexadecimal digits
 * into hex; returns the first 63 bits as the job's id (never negative).
 */
int64_t job_identity(const struct params *ps, char hex[IDENTITY_MAX]);
/* The same for many jobs: works in the arena and leaves nothing there. */
int64_t job_identity_in(
	const struct params *ps, char hex[IDENTITY_MAX], struct arena *scratch);
/* What it was when the files of dataset.pseudo counted by their names (stage/identify.h). */
int64_t job_identity_with_paths(
	const struct params *ps, char hex[IDENTITY_MAX], struct arena *scratch);

/*
 * How many jobs each stage of one entry adds in one variant: what the stage before has
 * trained is not counted again, nor the baseline of an earlier variant. refine depends on
 * where the best point lies: the most that it can be.
 */
struct plan_entry_jobs {
	const struct spec_variant *variant;
	const struct spec_entry *entry;
	int64_t tune, refine, wd, final;
	int64_t refine_usual; /* where the best point lies within its axes */
};

struct plan_counts {
	struct plan_entry_jobs
		*rows; /* baselines first, then entries, variant by variant */
	int nrows;
	int64_t total;
	const char *largest; /* the key that multiplies most: search.lr */
	int largest_values;
};
struct plan_counts plan_count(const struct spec *s, struct arena *a);

/* Refuses more than PLAN_JOBS_FREE jobs with ERR_USAGE unless yes is set. */
MUST_CHECK int plan_allow(const struct plan_counts *c, bool yes, struct err *e);

#endif
