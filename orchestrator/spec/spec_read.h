/*
 * Private to spec*.c: reading values of the sweep file by the tables, with errors.
 *
 * Readers never fail: what is wrong goes to the diagnostics, and the default (or 0)
 * comes back, so that reading goes on and every error is found at once.
 */
#ifndef DELTAM_SPEC_READ_H
#define DELTAM_SPEC_READ_H

#include "orchestrator/json/json.h"
#include "orchestrator/spec/spec.h"

#define AXIS_VALUES_MAX 100000

enum spec_field_kind {
	FIELD_SECTION,
	FIELD_NAMED,
	FIELD_WHOLE,
	FIELD_NUMBER,
	FIELD_CHOICE,
	FIELD_BOOL,
	FIELD_TEXT,
	FIELD_PATH,
	FIELD_DATASET,
	FIELD_MODEL,
	FIELD_MODEL_OBJECT,
	FIELD_OPTIMIZER,
	FIELD_LR_DECAY,
	FIELD_VARY,
	FIELD_VALUES,
	FIELD_METHODS,
	FIELD_AXIS,
	FIELD_REQUIRE,
	FIELD_RUNGS,
	FIELD_NAMES,
	FIELD_CORRUPTIONS,
	FIELD_WORDS,
	FIELD_TASKS,
	FIELD_CRITERIA,
	FIELD_SEEDS,
};

struct spec_field {
	const char *path; /* "train.epochs" */
	const char *deflt; /* as text; NULL: none, or see words */
	const char *other; /* the second of two defaults */
	/* A default that depends on something; each % stands for deflt, then other. */
	const char *words;
	const char *choices;
	const char *help;
	double min, max;
	enum spec_field_kind kind;
	bool required;
};

const struct spec_field *spec_fields(int *n);
const struct spec_field *field_find(const char *path); /* NULL where there is none */
const char *field_name(const struct spec_field *f); /* behind the last dot */

/* What a setting of `vary` puts in the place of path. */
struct spec_override {
	const char *path;
	const struct json *node;
};

struct spec_reader {
	struct arena *a;
	struct diag *d;
	const char *folder; /* that relative paths begin from */
	const struct json *root;
	const struct spec_override *over; /* of the variant being read */
	int nover;
};

/* The value at a path, as the variant sees it; NULL where there is none. */
const struct json *read_at(const struct spec_reader *r, const char *path);
/* Where to point when the value at path is wrong or missing: it, or what is around it. */
size_t read_place(const struct spec_reader *r, const char *path);

/* The place of the first of these paths (NULL behind the last) that the file has. */
size_t read_first(const struct spec_reader *r, const char *const *paths);

/*
 * The value at a path, or NULL: if it is required, that it is missing has been
 * reported.
 */
const struct json *read_field(const struct spec_reader *r, const char *path);
/* Each reads the value at a path by its row, and reports a wrong type or range. */
int read_whole(const struct spec_reader *r, const char *path);
double read_number(const struct spec_reader *r, const char *path); /* NAN: none */
int read_choice(
	const struct spec_reader *r, const char *path); /* enumerator; -1: none */
const char *read_text(const struct spec_reader *r, const char *path); /* NULL: none */
bool read_bool(const struct spec_reader *r, const char *path);

/* The same for the path of a file, made whole. */
const char *read_path(const struct spec_reader *r, const char *path);
/* A path that stands at `at`, whole; "" where that fails, and said. */
const char *path_text(const struct spec_reader *r, const char *text, size_t at);

/*
 * The keys of an object: rows of the table below `prefix` ("" the top) or names among
 * params (NULL: none); anything else is an error with the nearest of those.
 */
void read_members(const struct spec_reader *r, const struct json *object,
	const char *prefix, const struct param_info *params);

/* The same for an object that holds `name` and params. */
void read_named_members(const struct spec_reader *r, const struct json *object,
	const struct param_info *params);

/* `unknown WHAT "name"`, with the nearest candidate or, where few, all of them. */
void report_unknown(const struct spec_reader *r, size_t at, const char *what,
	const char *name, const char *const *known, int n);

/*
 * Reports those of the keys (NULL behind the last) that are there, because they mean
 * nothing beside what another key says.
 */
void read_refuse(
	const struct spec_reader *r, const char *const *paths, const char *beside);

/*
 * Reads a name or a list of names at path and marks each among the n known: chosen (n).
 * Returns false where there is none. Errors call a name a `what`.
 */
bool read_names(const struct spec_reader *r, const char *path, const char *what,
	const char *const *known, int n, bool *chosen);

bool expect_kind(const struct spec_reader *r, const struct json *node,
	enum json_kind kind, const char *name);

/*
 * A parameter of the catalogue. owner: `method "dwa"`, for messages. value_text: one
 * value of a REAL, INT, BOOL, CHOICE, TEXT or LIST as its canonical text, NULL if wrong.
 */
const char *value_text(const struct spec_reader *r, const struct json *node,
	const struct param_info *info, const char *owner);
/*
 * Reads every parameter of `params` from the object at path into ps as "to.NAME", with
 * its default where it is absent. The caller checks the object's keys.
 */
void read_params(const struct spec_reader *r, const char *path, const char *to,
	const struct param_info *params, const char *owner, struct params *ps);

/* How one axis is read. */
struct spec_axis_rule {
	const struct param_info *info;
	const char *owner; /* `method "uw_so"` or "search" */
	int tasks; /* SIMPLEX: numbers in a value; 0: unknown, not checked */
	const struct task_info *task; /* `tasks` of them, for a number a task */
	bool step_size; /* lr, wd: finite in float32, no `fine` */
	bool positive; /* lr */
};
/*
 * Reads an axis. false: it is wrong, which has been reported. node NULL: the row's
 * default, or what the row searches.
 */
bool read_axis(const struct spec_reader *r, const struct json *node,
	const struct spec_axis_rule *rule, size_t at, struct spec_axis *out);
/* Puts a value at the end; false where it is out of place (lr, wd). */
bool axis_push(const struct spec_reader *r, size_t at,
	const struct spec_axis_rule *rule, struct spec_axis *out, const char *text);
/*
 * Rounds v to 12 digits, so that what steps and powers compute has a spelling that
 * people recognise.
 */
double axis_round(double v);
/* Reads a number among an object's keys: 1 there, 0 absent, -1 wrong. */
int read_member_number(const struct spec_reader *r, const struct json *object,
	const char *key, double *v);
/* Reports the keys of object that are none of the n known. */
bool read_known(const struct spec_reader *r, const struct json *object,
	const char *const *known, int n);
/* Reports values of a list that are equal to twelve digits. */
bool axis_distinct(
	const struct spec_reader *r, const struct spec_axis *x, const size_t *at);
/*
 * Reads an object that is a number a task, {"seg": 0.2, "depth": 1.2}, or the end of an
 * earlier run, {"run": IDENTITY}. *text is its canonical text, NULL where it is wrong, which
 * has been reported. false: it is neither.
 */
bool read_each(const struct spec_reader *r, const struct json *node,
	const struct spec_axis_rule *rule, const char **text);
/*
 * How many fine steps of weights lie between a coarse point and its neighbour, which is
 * not counted.
 */
int axis_fine_radius(const struct spec_axis *x);
bool read_weights(const struct spec_reader *r, const struct json *node,
	const struct spec_axis_rule *rule, struct spec_axis *out);
/*
 * Reads all interior points whose weights are multiples of step; errors are shown at
 * `at`.
 */
bool read_weight_steps(const struct spec_reader *r, double step,
	const struct spec_axis_rule *rule, size_t at, struct spec_axis *out);

/*
 * Reads the settings of `vary`, each as a variant of its own. s->search, ->select,
 * ->prune and ->baseline have been read before, because variants depend on them.
 */
void read_variants(struct spec_reader *r, struct spec *s);
/* dataset, model, train: of deltam's own trainer, or (`open`) of another one. */
void read_setup(const struct spec_reader *r, struct spec_variant *v);
void read_open_setup(const struct spec_reader *r, const struct spec_trainer *trainer,
	struct spec_variant *v);
void read_schedule(const struct spec_reader *r, struct params *ps);
/*
 * A value that another trainer is given, as the parameter of a job: a number, true or
 * false; a list and a text that could be taken for one of these as JSON, another text as
 * it is. NULL: none of these, and reported.
 */
const char *open_value(const struct spec_reader *r, const struct json *node);
void read_trainer(const struct spec_reader *r, struct spec *s);
/*
 * A method of the user's own (with a `title`, beside `trainer`): the row that the
 * catalogue would have, its parameters read off the entry's values. NULL: reported.
 */
const struct method_info *own_method(
	const struct spec_reader *r, const struct json *entry, const struct json *name);
/* A count of seeds from `first` on, or a list of seeds. */
void read_seeds(const struct spec_reader *r, const char *path, int first,
	struct spec_seeds *out);
/* Reports a seed of x, which stands at path, that the search has, too. */
void check_seeds(const struct spec_reader *r, const struct spec_seeds *search,
	const char *path, const struct spec_seeds *x);
/* Whether a key of an entry of `methods` is none of its hyperparameters. */
bool is_entry_key(const char *key);
void read_criteria(
	const struct spec_reader *r, const struct spec *s, struct spec_variant *v);
void read_entries(
	const struct spec_reader *r, const struct spec *s, struct spec_variant *v);
void read_prune(const struct spec_reader *r, struct spec *s);
/*
 * Reads the same keys from an object that stands alone, and the rungs of all variants.
 */
void read_prune_rule(struct spec_reader *r, const struct json *node, struct spec *s);
void read_rungs(
	const struct spec_reader *r, const struct spec *s, struct spec_variant *v);
void read_evaluate(const struct spec_reader *r, struct spec *s);

/*
 * Replaces keys of d->text, KEY=VALUE each, and leaves in d->piece where each part of the
 * new text is from. false: one of them is wrong, and said. A text that is no sweep file
 * stays as it is: parsing it tells why.
 */
bool read_set(struct diag *d, const char *const *set, int n);

#endif
