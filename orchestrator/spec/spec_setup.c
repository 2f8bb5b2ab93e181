/* dataset, model and train of one variant: the parameters that all its jobs share. */
#include "orchestrator/spec/spec_read.h"

#include <string.h>
#include "catalogue/pseudo.h"

/* The table of criteria has fewer that can be asked for. */
#define METRICS_ASKED_MAX 32

/* The names of a table of the catalogue. */
#define NAMES_OF(type, plural) \
	static const char **plural##_names(struct arena *a, int *n) \
	{ \
		const struct type *rows = catalogue_##plural(n); \
		const char **names = NEW_ARRAY(a, const char *, *n); \
		for (int i = 0; i < *n; i++) \
			names[i] = rows[i].name; \
		return names; \
	}

NAMES_OF(dataset_info, datasets)
NAMES_OF(model_info, models)
NAMES_OF(optimizer_info, optimizers)

/*
 * The name at `path` or, where path holds an object, in its key `name`; deflt where
 * there is none. NULL: no string, and reported.
 */
static const char *name_at(const struct spec_reader *r, const char *path,
	const char *deflt, const struct json **node)
{
	const struct json *object = read_at(r, path);

	*node = read_at(r, arena_printf(r->a, "%s.name", path));
	if (!*node && object && object->kind == JSON_STRING)
		*node = object;
	if (object && object->kind != JSON_OBJECT && object->kind != JSON_STRING) {
		diag_add(r->d, object->at,
			"\"%s\" must be a name or an object with a name, not %s", path,
			json_kind_name(object->kind));
		return NULL;
	}
	if (!*node) {
		*node = object;
		if (!deflt)
			diag_add(r->d, read_place(r, path), "\"%s.name\" is missing",
				path);
		return deflt;
	}
	return expect_kind(r, *node, JSON_STRING, "name") ? (*node)->string : NULL;
}

static void read_size(
	const struct spec_reader *r, struct spec_variant *v, const char *path, int n)
{
	if (read_at(r, path))
		n = read_whole(r, path);
	if (n) /* else all rows of the files: whoever looks at them knows how many */
		params_set_number(&v->base, r->a, path, n);
}

/* A parameter that varies, but that this variant's data set or network does not have. */
static void check_varied(const struct spec_reader *r, const char *section,
	const struct param_info *params, const char *owner)
{
	size_t n = strlen(section);

	for (int i = 0; i < r->nover; i++) {
		const char *path = r->over[i].path;

		if (strncmp(path, section, n) != 0 || path[n] != '.')
			continue;
		if (!field_find(path) && !param_info_find(params, path + n + 1))
			diag_add(r->d, r->over[i].node->at, "%s has no \"%s\" to vary",
				owner, path + n + 1);
	}
}

/*
 * The files of pseudo-tasks, whole. What the file says of them stays beside it: identities
 * of jobs that an older deltam trained have it in them (stage/identify.h).
 */
static void read_pseudo(const struct spec_reader *r, struct spec_variant *v)
{
	struct pseudo_task *list = NEW_ARRAY(r->a, struct pseudo_task, TASKS_MAX);
	struct err e;
	int n;

	v->pseudo = params_get(&v->base, "dataset.pseudo");
	if (!v->pseudo || pseudo_read(&v->base, r->a, list, &n, &e))
		return; /* catalogue_tasks says what is wrong with it */
	for (int i = 0; i < n; i++)
		list[i].file =
			path_text(r, list[i].file, read_place(r, "dataset.pseudo"));
	params_set(&v->base, r->a, "dataset.pseudo", pseudo_words(list, n, r->a));
}

static void read_dataset(const struct spec_reader *r, struct spec_variant *v)
{
	const struct json *section = read_at(r, "dataset");
	const struct json *node;
	const struct dataset_info *info;
	const char *name, *owner;

	if (!section) /* said already */
		return;
	name = name_at(r, "dataset", NULL, &node);
	if (!name)
		return;
	info = catalogue_dataset(name);
	if (!info) {
		int n;
		const char **known = datasets_names(r->a, &n);

		report_unknown(r, node->at, "data set", name, known, n);
		return;
	}
	v->dataset = info;
	params_set(&v->base, r->a, "dataset.name", name);
	read_size(r, v, "dataset.train", info->train);
	read_size(r, v, "dataset.val", info->val);
	read_size(r, v, "dataset.test", info->test);
	if (section->kind == JSON_OBJECT)
		read_members(r, section, "dataset", info->params);
	owner = arena_printf(r->a, "data set \"%s\"", name);
	check_varied(r, "dataset", info->params, owner);
	read_params(r, "dataset", "dataset", info->params, owner, &v->base);
	read_pseudo(r, v);
}

/*
 * Reads model.init, or that of a baseline's own network; NULL: the seed draws the
 * values.
 */
static const char *read_init(const struct spec_reader *r, const char *path)
{
	const struct json *node = read_at(r, path);
	const struct param_info info = { .name = "init", .kind = PARAM_TEXT };

	const char *text = node ? value_text(r, node, &info, NULL) : NULL;

	return text ? path_text(r, text, node->at) : NULL;
}

static void read_model(const struct spec_reader *r, const char *path,
	const struct dataset_info *dataset, struct params *ps)
{
	const struct json *section = read_at(r, path);
	const struct model_info *info;
	const struct json *node;
	const char *name = name_at(r, path, dataset->model, &node);
	const char *owner, *init;

	if (!name)
		return;
	info = catalogue_model(name);
	if (!info) {
		int n;
		const char **known = models_names(r->a, &n);

		report_unknown(r, node ? node->at : read_place(r, path), "model", name,
			known, n);
		return;
	}
	params_set(ps, r->a, "model.name", name);
	if (section && section->kind == JSON_OBJECT)
		read_members(r, section, "model", info->params);
	init = read_init(r, arena_printf(r->a, "%s.init", path));
	if (init)
		params_set(ps, r->a, "model.init", init);
	owner = arena_printf(r->a, "model \"%s\"", name);
	check_varied(r, path, info->params, owner);
	read_params(r, path, "model", info->params, owner, ps);
}

/* What the tables cannot say of one parameter alone. */
static void check_optimizer(const struct spec_reader *r, const struct params *ps)
{
	const char *betas = params_get(ps, "train.optimizer.betas");
	const char *nesterov = params_get(ps, "train.optimizer.nesterov");
	const char *momentum = params_get(ps, "train.optimizer.momentum");
	const char *dampening = params_get(ps, "train.optimizer.dampening");
	const char *blank = betas ? strchr(betas, ' ') : NULL;

	if (betas && (!blank || strchr(blank + 1, ' ')))
		diag_add(r->d, read_place(r, "train.optimizer.betas"),
			"\"betas\" must be two numbers");
	else if (betas && (!strncmp(betas, "1 ", 2) || !strcmp(blank, " 1")))
		diag_add(r->d, read_place(r, "train.optimizer.betas"),
			"\"betas\" must be below 1");
	if (nesterov && !strcmp(nesterov, "true") && momentum && dampening &&
		(!strcmp(momentum, "0") || strcmp(dampening, "0") != 0))
		diag_add(r->d, read_place(r, "train.optimizer.nesterov"),
			"\"nesterov\" wants a momentum and no dampening");
}

static void read_optimizer(const struct spec_reader *r, struct params *ps)
{
	static const char path[] = "train.optimizer";
	const struct json *node;
	const char *name = name_at(r, path, field_find(path)->deflt, &node);
	const struct optimizer_info *info;

	if (!name)
		return;
	info = catalogue_optimizer(name);
	if (!info) {
		int n;
		const char **known = optimizers_names(r->a, &n);

		report_unknown(r, node->at, "optimizer", name, known, n);
		return;
	}
	if (read_at(r, path) && read_at(r, path)->kind == JSON_OBJECT)
		read_named_members(r, read_at(r, path), info->params);
	params_set(ps, r->a, path, name);
	read_params(r, path, path, info->params,
		arena_printf(r->a, "optimizer \"%s\"", name), ps);
	check_optimizer(r, ps);
}

bool read_names(const struct spec_reader *r, const char *path, const char *what,
	const char *const *known, int n, bool *chosen)
{
	const struct json *node = read_at(r, path);
	const struct json *m = node && node->kind == JSON_ARRAY ? node->child : node;

	memset(chosen, 0, (size_t)n * sizeof(*chosen));
	for (; m; m = node->kind == JSON_ARRAY ? m->next : NULL) {
		int i = 0;

		if (!expect_kind(r, m, JSON_STRING, field_name(field_find(path))))
			continue;
		while (i < n && strcmp(m->string, known[i]) != 0)
			i++;
		if (i < n)
			chosen[i] = true;
		else
			report_unknown(r, m->at, what, m->string, known, n);
	}
	return node != NULL;
}

/*
 * Returns the chosen ones as one text in the order of the table, so that a list in another
 * order is the same job; "" for none.
 */
static const char *names_text(const struct spec_reader *r, const char *const *known,
	int n, const bool *chosen)
{
	struct str text = { .arena = r->a };

	for (int i = 0; i < n; i++)
		if (chosen[i])
			str_printf(&text, "%s%s", text.n ? " " : "", known[i]);
	return str_get(&text);
}

/* Lists the rows that can be asked for; one name of two kinds is one. */
static int metrics_to_ask(const char **name)
{
	int n, found = 0;
	const struct metric_info *m = catalogue_metrics(&n);

	for (int i = 0; i < n; i++) {
		bool new = m[i].asked;

		for (int k = 0; k < found && new; k++)
			new = strcmp(name[k], m[i].name) != 0;
		if (new)
			name[found++] = m[i].name;
	}
	return found;
}

/* Says whether a task of the variant has a criterion of that name to ask for. */
static bool has_metric(const struct spec_variant *v, const char *name)
{
	int n;
	const struct metric_info *m = catalogue_metrics(&n);

	for (int i = 0; i < n; i++)
		for (int k = 0; k < v->ntasks; k++)
			if (m[i].asked && m[i].kind == v->tasks[k].kind &&
				!strcmp(m[i].name, name))
				return true;
	return false;
}

/* Reads the criteria that are asked for, of a job and of its baseline. */
static void read_metrics(const struct spec_reader *r, struct spec_variant *v)
{
	static const char path[] = "train.metrics";
	const char *known[METRICS_ASKED_MAX];
	bool asked[METRICS_ASKED_MAX];
	int n = metrics_to_ask(known);
	const char *text;

	if (!read_names(r, path, "criterion", known, n, asked))
		return;
	for (int i = 0; i < n; i++)
		if (asked[i] && !has_metric(v, known[i]))
			diag_add(r->d, read_place(r, path),
				"no task has the criterion \"%s\"", known[i]);
	text = names_text(r, known, n, asked);
	if (!*text)
		return;
	params_set(&v->base, r->a, path, text);
	params_set(&v->stl, r->a, path, text);
}

/*
 * Reads the tasks that are trained. All of them are no setting, as before there was a
 * choice; and a baseline has one task whatever is used beside it, so that it is trained
 * once for all subsets.
 */
static void read_use(const struct spec_reader *r, struct spec_variant *v)
{
	static const char path[] = "dataset.use";
	const char *known[TASKS_MAX];
	bool used[TASKS_MAX];
	const char *text;
	int n = 0;

	for (int k = 0; k < v->ntasks; k++)
		known[k] = v->tasks[k].name;
	if (!read_names(r, path, "task", known, v->ntasks, used))
		return;
	text = names_text(r, known, v->ntasks, used);
	if (!*text) {
		diag_add(r->d, read_place(r, path), "\"use\" names no task");
		return;
	}
	for (int k = 0; k < v->ntasks; k++)
		if (used[k])
			v->tasks[n++] = v->tasks[k];
	if (n == v->ntasks)
		return;
	v->ntasks = n;
	params_set(&v->base, r->a, path, text);
}

/* The default is no setting, as before there was a choice. */
static void read_precision(const struct spec_reader *r, struct params *ps)
{
	static const char path[] = "train.precision";

	if (read_choice(r, path) == PRECISION_BF16)
		params_set(ps, r->a, path, precision_words[PRECISION_BF16]);
}

static void read_train(const struct spec_reader *r, struct spec_variant *v)
{
	const char *size = params_get(&v->base, "dataset.train");
	int batch = read_whole(r, "train.batch");
	double train = 0;

	v->epochs = read_whole(r, "train.epochs");
	params_set_number(&v->base, r->a, "train.epochs", v->epochs);
	params_set_number(&v->base, r->a, "train.batch", batch);
	if (size && number_parse(size, &train) && train > 0 && batch > train)
		diag_add(r->d, read_place(r, "train.batch"),
			"batch %d%s is larger than the training set of %.0f", batch,
			read_at(r, "train.batch") ? "" : ", the default,", train);
	read_optimizer(r, &v->base);
	read_schedule(r, &v->base);
	read_precision(r, &v->base);
}

/*
 * What is measured is part of a job, although it does not change the training: a job that
 * was trained without has no such rows.
 */
static void read_diagnose(const struct spec_reader *r, struct params *ps)
{
	static const char *const keys[] = { "diagnose.gradients.every",
		"diagnose.gradients.sample" };

	if (!read_at(r, "diagnose.gradients"))
		return;
	for (int i = 0; i < COUNT(keys); i++)
		params_set_number(ps, r->a, keys[i], read_whole(r, keys[i]));
}

/* Reads "trunk", which stands first, and tasks. */
static void read_freeze(const struct spec_reader *r, struct spec_variant *v)
{
	const char *known[TASKS_MAX + 1] = { "trunk" };
	bool frozen[TASKS_MAX + 1];
	const char *text;

	for (int k = 0; k < v->ntasks; k++)
		known[k + 1] = v->tasks[k].name;
	if (!read_names(r, "train.freeze", "task", known, v->ntasks + 1, frozen))
		return;
	text = names_text(r, known, v->ntasks + 1, frozen);
	if (*text)
		params_set(&v->base, r->a, "train.freeze", text);
}

static void copy_without_model(
	const struct spec_reader *r, const struct params *from, struct params *to)
{
	*to = (struct params){ 0 };
	for (int i = 0; i < from->n; i++)
		if (strncmp(from->p[i].name, "model.", 6) != 0)
			params_set(to, r->a, from->p[i].name, from->p[i].value);
}

/* Where the text names the network, or the data set whose own it is. */
static size_t model_place(const struct spec_reader *r, const char *path)
{
	const char *const paths[] = { arena_printf(r->a, "%s.name", path), path,
		"dataset", NULL };

	return read_first(r, paths);
}

static bool has_map(const struct spec_variant *v)
{
	for (int k = 0; k < v->ntasks; k++)
		if (task_is_map(v->tasks[k].kind))
			return true;
	return false;
}

/* What the tables say of network and tasks; the rest the worker knows (resolve.h). */
static void check_network(const struct spec_reader *r, const char *path,
	const struct spec_variant *v, const struct params *ps)
{
	const char *name = params_get(ps, "model.name");
	const struct model_info *model = name ? catalogue_model(name) : NULL;
	size_t at = model_place(r, path);

	if (!model)
		return;
	if (catalogue_own_inputs(v->dataset->name) && !model->own_inputs) {
		diag_add(r->d, at,
			"data set \"%s\" gives every task inputs of its own, model "
			"\"%s\" takes one input for all",
			v->dataset->name, name);
		return;
	}
	for (int k = 0; k < v->ntasks; k++) {
		bool map = task_is_map(v->tasks[k].kind);

		if (map == model->maps || (model->maps && has_map(v)))
			continue;
		diag_add(r->d, at, "task \"%s\" wants %s, model \"%s\" gives one a %s",
			v->tasks[k].name,
			map ? "a prediction for every pixel"
			    : "one prediction a sample",
			name, map ? "sample" : "pixel");
		return;
	}
}

/* Where the text has the key that a message of the catalogue may begin with. */
static size_t place_of_message(const struct spec_reader *r, const char *message)
{
	size_t n = strncmp(message, "dataset.", 8) ? strlen("dataset")
						   : strcspn(message, ": ");

	return read_place(r,
		n == strlen("dataset") ? "dataset" : arena_strndup(r->a, message, n));
}

void read_setup(const struct spec_reader *r, struct spec_variant *v)
{
	struct err e;
	int rc;

	read_dataset(r, v);
	if (v->dataset)
		read_model(r, "model", v->dataset, &v->base);
	read_train(r, v);
	read_diagnose(r, &v->base);
	v->stl = params_copy(r->a, &v->base);
	if (v->dataset && read_at(r, "baseline.model")) {
		copy_without_model(r, &v->base, &v->stl);
		read_model(r, "baseline.model", v->dataset, &v->stl);
	}
	if (!v->dataset)
		return;
	v->tasks = NEW_ARRAY(r->a, struct task_info, TASKS_MAX);
	rc = catalogue_tasks(&v->base, r->a, v->tasks, &v->ntasks, &e);
	if (rc) {
		diag_add(r->d, place_of_message(r, e.msg), "%s", e.msg);
		return;
	}
	read_use(r, v);
	read_metrics(r, v);
	read_freeze(r, v);
	check_network(r, "model", v, &v->base);
	if (read_at(r, "baseline.model"))
		check_network(r, "baseline.model", v, &v->stl);
}
