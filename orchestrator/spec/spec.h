/*
 * The sweep file: read, validated, completed with every default, or refused with
 * positioned errors. A spec is never changed after that: what only a look at data,
 * networks and other databases can tell is kept beside it (plan/resolve.h).
 *
 * spec_fields.def is THE table of keys: validation, docs/SWEEP_FILE.md and the JSON
 * Schema come from it and from the .def tables of the trainer. Everything lives in the
 * caller's arena, the texts too.
 */
#ifndef DELTAM_SPEC_H
#define DELTAM_SPEC_H

#include <stdbool.h>
#include <stdint.h>
#include "catalogue/catalogue.h"
#include "common/str.h"

struct diag_piece;
struct json;
struct spec_override;

#define FINAL_SEED \
	1000 /* counts of final and baseline seeds from here, of search from 0 */
#define PLAN_JOBS_FREE 10000 /* a plan above needs --yes */

/*
 * The choices of the table: enum search_kind, select_epoch, average, prune_rule ..., and
 * their words in that order, select_epoch_words[EPOCH_BEST] ...
 */
#define V(enumerator, word) enumerator,
#define CHOICES(name, words) \
	enum name { words }; \
	extern const char *const name##_words[];
#define F(...)
#include "orchestrator/spec/spec_fields.def"
#undef F
#undef V

enum axis_scale { AXIS_LIST, AXIS_LINEAR, AXIS_LOG, AXIS_SIMPLEX };

/*
 * One direction of a search: lr, wd or a hyperparameter of a method. A hyperparameter
 * with a single value is an axis of one value, so that a configuration is always one
 * value of each axis.
 */
struct spec_axis {
	const char *name; /* "lr", "wd", "T", "weights": its name among the params */
	const char **text; /* count canonical values, as they stand in a job's params */
	double *value; /* the same as numbers, NULL for booleans, choices and weights */
	int count; /* at least 1 */
	enum axis_scale scale;
	double step; /* LINEAR, SIMPLEX: difference; LOG: points a decade; LIST: 0 */
	double fine; /* LINEAR, SIMPLEX: step; LOG: points between neighbours; 0: none */
	double min, max; /* refinement stays within (inclusive) */
	bool whole; /* values are whole numbers */
	bool ends; /* SIMPLEX: zero weights are allowed */
	bool unsaid; /* the sweep file is silent: this is the range of the table */
	int tasks; /* SIMPLEX, lists of weights: numbers in a value; 0 otherwise */
};

/* Which step sizes are tried: of the methods (`search`), or of the baseline. */
struct spec_rates {
	struct spec_axis lr, wd;
	double fixed_wd; /* of a line search: the wd of its first stage */
};

/* One entry of `methods` in one variant; the baseline is one, too, at position 0. */
struct spec_entry {
	int position; /* 1, 2 ... in the file */
	const char *
		label; /* the method's name unless given; unique; "stl" at position 0 */
	const struct method_info *method;
	const char *listed; /* its label in the file: "ial" for "ial [seg]" */
	const char *title; /* given for tables; "": the method's, or the label */
	/* `primary`: the task whose criteria alone make its Δm; NULL: all of them. */
	const char *primary;
	bool every_task; /* an auxiliary method for which no task is primary */
	int slots; /* that a segment takes, at least 1; no part of a job */
	bool unmeasured; /* `diagnose` is for other entries (diagnose.entries) */
	struct spec_axis
		*axes; /* hyperparameters in the order of the .def row; not lr, wd */
	int naxes;
};

/* One criterion of Δm, in the order of the table's columns. */
struct spec_criterion {
	const char *text; /* task/name */
	const char *task;
	const struct metric_info *metric;
	bool counts; /* towards Δm; otherwise tables show it, and no more */
	/* select.require: a run outside is invalid. -INFINITY and INFINITY without. */
	double min, max;
	/* baseline.values; NAN where the baseline is trained. */
	double base_val, base_test;
};

/*
 * The section `trainer`: a command that trains in the place of deltam-worker
 * (docs/TRAINERS.md). Its data, networks and settings are its own; what deltam must know
 * of it is what it reports.
 */
struct spec_trainer {
	const char **command; /* NULL behind the last word; no word: it cannot train */
	const char **patterns; /* of the files that are copied; NULL behind the last */
	const char *version; /* "" without */
	bool resume; /* it goes on from its folder */
	bool deterministic; /* rows that it writes twice are equal */
	enum trainer_keep keep;
	int stop_seconds; /* from SIGTERM to SIGKILL */
	int gpus; /* of a slot; 0: none is handed out */
	int gpu_slots; /* that share one GPU; 1: a slot has its GPUs to itself */
	struct task_info *tasks; /* in the order of tables; names alone are filled */
	int ntasks;
	struct spec_criterion *criteria; /* the same in every variant */
	int ncriteria;
};

/* One setting of `vary`; a sweep without it has exactly one, labelled "". */
struct spec_variant {
	int position; /* 0, 1 ... */
	const char *label; /* its values: "sgd 256" */
	const char *pseudo; /* dataset.pseudo as the file writes it; NULL: none */
	/*
	 * dataset.*, model.*, train.*: all that the file says of a job's setting; of
	 * another trainer trainer.*, too.
	 */
	struct params base;
	/*
	 * The same for baselines: with the network of baseline.model, and along the axes
	 * of baseline.across as in the variant that has their first values.
	 */
	struct params stl;
	int stl_of; /* the variant whose baseline it is: `position`, or an earlier one */
	const struct dataset_info *dataset; /* NULL: another trainer knows it */
	int epochs;
	struct task_info *tasks;
	int ntasks;
	struct spec_criterion *criteria;
	int ncriteria;
	struct spec_entry baseline;
	struct spec_entry *entries;
	int nentries;
	int *rungs; /* epochs, rising, below `epochs`; empty without pruning */
	int nrungs;
	int window; /* epochs a rung looks at */
	const struct spec_override *over; /* what spec_place reads differently for it */
	int nover;
};

enum baseline_source { BASELINE_TRAINED, BASELINE_VALUES, BASELINE_FROM };

/* What a configuration is trained with, in the order of the file. */
struct spec_seeds {
	int n; /* at least 1 */
	const int *seed;
};

/* What a spec is read from. */
struct spec_source {
	const char
		*path; /* of the sweep file; for messages alone where there is a text */
	const char *folder; /* that relative paths begin from; NULL: that of path */
	const char *text; /* NULL: that of the file */
	size_t n; /* its bytes */
	const char *const *set; /* KEY=VALUE: keys that are replaced for this time */
	int nset;
};

struct spec {
	const char *path;
	const char *folder; /* from the root: where relative paths of the file begin */
	const char *text; /* of the file, with what was set */
	const struct diag_piece *piece; /* of the text, where something was set */
	int pieces;
	const struct json *root; /* of the text; see spec_place */
	const char *name;
	struct spec_variant *variants;
	int nvariants;
	const struct spec_trainer *trainer; /* NULL: deltam-worker */
	bool pin_winner; /* later variants take the points that won in the first */
	struct {
		enum search_kind kind;
		struct spec_rates rates;
		struct spec_seeds seeds; /* a baseline is searched with the first */
	} search;
	struct {
		struct spec_rates rates; /* those of `search` unless it has its own */
		enum baseline_source source;
		enum baseline_tune tune;
		const char *from; /* FROM: path of a database */
		struct spec_seeds seeds; /* at the chosen point */
	} baseline;
	struct {
		enum select_epoch epoch;
		enum average average;
		bool skip_zero; /* tasks of weight 0 stay out of Δm */
		bool criteria; /* the file says which criteria make Δm */
	} select;
	struct {
		enum prune_rule rule;
		int keep; /* 0: by eta */
		double eta;
		bool within_lr;
	} prune;
	bool auxiliary; /* `primary` is given: entries are judged by one task, or each by its own */
	/* What is wanted of the final runs and the baseline's at their chosen epoch. */
	struct {
		const char *corruptions; /* names, a blank between; "": none */
		const char *textures; /* folder with pictures of frost; "": none */
		bool save;
	} winners;
	struct spec_seeds final_seeds;
	double job_minutes; /* 0: no limit */
	double silent_minutes; /* 0: no limit */
	int retries;
	double checkpoint_minutes;
};

/*
 * Reads and validates a sweep file, from any source. ERR_SPEC: *report then holds up to 20
 * errors as "file:line:col: error: ...", each with its source line and a caret, ready to
 * print, and e->msg is empty: everything is said. A file that cannot be read is ERR_SPEC
 * with a message and an empty report. What is set is checked like the file: errors of it
 * name "--set KEY=VALUE" as their file, and the place in it.
 */
MUST_CHECK int spec_read(struct spec *s, struct arena *a,
	const struct spec_source *from, struct str *report, struct err *e);

/*
 * A path of a sweep file in `folder`: "~" is the home folder, what does not begin at the
 * root begins in the folder; "" stays "". NULL: there is no home folder.
 */
const char *spec_path(struct arena *a, const char *folder, const char *path);

/* The same for n bytes that have been read already (the text of a test). */
MUST_CHECK int spec_parse(struct spec *s, struct arena *a, const char *path,
	const char *bytes, size_t n, struct str *report, struct err *e);

/*
 * The name of the sweep in the file at path, whatever else the file says, and the file's
 * text; both are in the arena. Errors as those of spec_read, about the name alone.
 */
MUST_CHECK int spec_name(const char *path, struct arena *a, const char **name,
	const char **text, struct str *report, struct err *e);

/*
 * Where the text has the first of these paths ("train.batch"; NULL behind the last) that
 * it has at all, as variant v sees it: a byte offset for diag_add. v NULL: without what
 * varies. Works in the arena.
 */
size_t spec_place(const struct spec *s, const struct spec_variant *v,
	const char *const *paths, struct arena *a);

/*
 * A file with a list of what could stand under `prune`: *rules are n copies of the sweep,
 * each with one of them in the place of its own. Errors as those of spec_read.
 */
MUST_CHECK int spec_load_rules(const struct spec *s, const char *path, struct arena *a,
	struct spec **rules, int *n, struct str *report, struct err *e);

/*
 * What the label of a variant is made of: *value is that of one axis of `vary` (its key
 * without a section: "batch"), *rest those of the others; both in the arena. root: the sweep
 * file, which was valid. false: it does not vary that, or has no such variant.
 */
bool spec_vary_axis(const struct json *root, const char *variant, const char *name,
	struct arena *a, const char **value, const char **rest);

#endif
