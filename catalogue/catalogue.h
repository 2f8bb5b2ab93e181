/*
 * The catalogue: names, parameters and ranges of everything that the .def tables list.
 *
 * The tables are data. trainer-core expands them into vtables, this module into names
 * for whoever must speak of a method without being able to run it: validator, planner,
 * documentation, report. Depends on libc alone, so both programs link it.
 */
#ifndef DELTAM_CATALOGUE_H
#define DELTAM_CATALOGUE_H

#include <stdbool.h>
#include "common/params.h"

/*
 * Is raised whenever the arithmetic of training changes. It is part of every job's
 * identity, so that results of different arithmetic are never mixed.
 */
#define NUMERICS 1

/*
 * Is raised whenever a corruption comes out otherwise, so that figures made before are
 * made anew.
 */
#define CORRUPTION_NUMERICS 1
#define PICTURE_SIDE_MIN 8 /* of a picture that can be corrupted, in pixels */

#define TASKS_MAX 64

enum param_kind {
	PARAM_REAL,
	PARAM_INT,
	PARAM_BOOL,
	PARAM_CHOICE, /* one of a|b|c */
	PARAM_LIST, /* numbers */
	PARAM_SIMPLEX, /* a number a task, each >= 0, sum 1 */
	PARAM_TEXT,
};

struct param_info {
	const char *name;
	enum param_kind kind;
	const char *deflt; /* canonical text; NULL: none, see `search` */
	double min, max; /* inclusive; REAL, INT and the elements of LIST */
	const char *choices; /* "normal|dirichlet"; NULL otherwise */
	/*
	 * What is searched where the sweep file is silent: a JSON range such as
	 * {"from":0.5,"to":50,"per_decade":3}. With deflt NULL too the absent value is
	 * the method's to choose.
	 */
	const char *search;
	const char *column; /* of the table `job` that it fills; NULL: none */
	const char *
		absent; /* a word that a sweep file has for no value at all; NULL: none */
	const char *help;
	bool required; /* a job without it is refused */
	bool later; /* enters a job's identity only where it differs from deflt */
	bool written; /* what a sweep file gives never counts as deflt */
	/*
	 * REAL: may be a number a task, or where an earlier run ended, which is then a
	 * row of this name in its last epoch; "": a number a task alone. NULL: neither.
	 */
	const char *each;
};
/* What stands in the place of a number, before the identity of the run it is taken from. */
#define PARAM_RUN "run:"

/* The row `stl` is the baseline: a sweep cannot list it under `methods`. */
struct method_info {
	const char *name; /* in the sweep file: uw_so */
	const char *title; /* in tables: UW-SO */
	const struct param_info *params; /* ends with name NULL */
	const char *summary;
	const char *source;
};

/* What a task is. This decides which metrics it has and how a head's output is read. */
enum task_kind {
	TASK_CLASS, /* one label a sample; cross-entropy; accuracy */
	TASK_REGRESS, /* numbers; L1; absolute error */
	TASK_BINARY, /* one bit; cross-entropy with logits; error rate */
	TASK_SEG, /* a label a pixel, -1 ignored */
	TASK_DEPTH, /* a number a pixel, 0 ignored */
	TASK_NORMAL, /* a unit vector a pixel, 0 ignored */
	TASK_EDGES, /* whether a pixel is an edge: 1, 0; -1 ignored */
	TASK_VECTOR, /* numbers a pixel, those that are all 0 ignored */
	TASK_SOFT, /* shares of the classes a sample; cross-entropy */
	TASK_SOFT_MAP, /* shares of the classes a pixel, all 0 ignored */
};

enum loss_kind {
	LOSS_CE,
	LOSS_L1,
	LOSS_SMOOTH_L1,
	LOSS_L2,
	LOSS_BCE,
	LOSS_COSINE,
	LOSS_SOFT_CE, /* -sum q log p, q the shares */
	LOSS_EDGES, /* cross-entropy with logits, an edge 19 times as heavy as none */
};

struct task_info {
	const char *name;
	enum task_kind kind;
	enum loss_kind loss;
	int outputs; /* of its head: classes, values, channels */
	/*
	 * A factor of the loss, forward and backward, so the weighting method sees
	 * loss_scale * loss. It is 1 unless a data set says otherwise, as synthetic
	 * does; metrics do not know of it.
	 */
	double loss_scale;
};

struct metric_info {
	const char *name;
	enum task_kind kind; /* tasks that have it */
	bool asked; /* measured where train.metrics names it alone */
	bool higher; /* is better */
	const char *title; /* in tables */
	double scale; /* tables print value * scale: 100 for shares */
	/* Values go from least to most; infinite where nothing bounds them. */
	double least, most;
	const char *summary;
};

struct dataset_info {
	const char *name;
	const char *model; /* the default network */
	const struct param_info *params; /* besides name, train, val, test */
	int train, val, test; /* default sizes */
	int times; /* each size goes from 1 to times * its default */
	const char *summary;
	const char *source;
	const char *install; /* the command that brings its files; NULL: needs none */
};

struct model_info {
	const char *name;
	bool maps; /* predicts every pixel: for such tasks alone, others for the rest */
	bool own_inputs; /* takes a data set whose tasks have inputs of their own */
	const struct param_info *params; /* besides name and init */
	const char *summary;
	const char *source;
};

struct optimizer_info {
	const char *name;
	const struct param_info *params;
	const char *summary;
};

/* One way to make pictures worse (trainer-core/corrupt/corrupt.h). */
struct corruption_info {
	const char *name;
	bool extra; /* one of the four that the paper keeps for validation */
	bool textures; /* wants pictures of frost */
	const char *summary;
};

/* The rows of each table; *n is how many there are. */
const struct method_info *catalogue_methods(int *n);
const struct dataset_info *catalogue_datasets(int *n);
const struct model_info *catalogue_models(int *n);
const struct metric_info *catalogue_metrics(int *n);
const struct optimizer_info *catalogue_optimizers(int *n);
const struct corruption_info *catalogue_corruptions(int *n);

/* The row of that name; NULL where there is none. */
const struct method_info *catalogue_method(const char *name);
const struct metric_info *catalogue_metric(const char *name); /* of any kind */
const struct dataset_info *catalogue_dataset(const char *name);
const struct model_info *catalogue_model(const char *name);
const struct optimizer_info *catalogue_optimizer(const char *name);
const struct corruption_info *catalogue_corruption(const char *name);

/*
 * Says whether a job measures the criterion on tasks of its kind: always, or because it is
 * among the `words` of train.metrics, with a blank between (NULL: none).
 */
bool metric_is_measured(const struct metric_info *m, const char *words);

/* Whether the criterion can have this value, and in words which ones it can have. */
bool metric_admits(const struct metric_info *m, double value);
const char *metric_range(const struct metric_info *m, struct arena *a);

/* The next of a list of names with a blank between; *at is its start. NULL: no more. */
const struct corruption_info *corruption_next(const char **at);
/*
 * What figures on corrupted pictures depend on besides the parameters and the test pictures:
 * the version of the corruptions and, for those that need them, the digest of the textures.
 */
#define CORRUPTION_BASIS_MAX 64
void corruption_basis(const struct corruption_info *c, const char *textures_digest,
	char basis[CORRUPTION_BASIS_MAX]);

/* The network of a job: the one that it names, else its data set's; NULL: neither. */
const char *catalogue_model_name(const struct params *ps);
/* The parameter of a method whose row names this column of `job`; NULL: none does. */
const char *method_shown(const struct method_info *method, const char *column);
/*
 * What a job's name says of its method besides those columns: the parameters that differ
 * from their defaults, "alpha 0.5 layers all", in the arena; NULL: there are none.
 */
const char *method_hyper(
	const struct method_info *method, const struct params *ps, struct arena *a);

const struct param_info *param_info_find(
	const struct param_info *params, const char *name);

/*
 * The tasks of a data set under its parameters (dataset.*), in order. Writes at most
 * TASKS_MAX; returns how many. ERR_SPEC where a parameter does not fit.
 */
MUST_CHECK int catalogue_tasks(const struct params *ps, struct arena *a,
	struct task_info *tasks, int *n, struct err *e);

/*
 * Writes those of them that a job trains: all, or what dataset.use names. column
 * (TASKS_MAX) gets the place of each among all. ERR_SPEC, also where a name is none of
 * theirs.
 */
MUST_CHECK int catalogue_used_tasks(const struct params *ps, struct arena *a,
	struct task_info *tasks, int *column, int *n, struct err *e);

/* Says whether a task is among the words of dataset.use; NULL: all are. */
bool task_is_used(const char *used, const char *task);

/* Returns what a target says where it does not count: -1 of labels and edges, else 0. */
float task_ignored(enum task_kind kind);

/* Whether a task wants a prediction for every pixel. */
bool task_is_map(enum task_kind kind);

/*
 * Whether every task of the data set has inputs of its own (struct dataset), so that the
 * network must take one for each.
 */
bool catalogue_own_inputs(const char *dataset);

#endif
