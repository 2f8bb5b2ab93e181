#include "orchestrator/plan/resolve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "orchestrator/plan/base_from.h"
#include "orchestrator/plan/child.h"
#include "orchestrator/plan/resolve_methods.h"
#include "orchestrator/plan/worker_path.h"
#include "orchestrator/json/diag.h"

struct resolver {
	const struct spec *spec;
	struct resolved *out;
	enum resolve_data data;
	struct child_questions asked;
	struct arena *a;
	struct diag d;
	bool file_is_wrong; /* some fault is one of the sweep file itself */
};

/* Where the file says a thing: a fault is shown at the first of these that it has. */
static const char *const of_model[] = { "model.name", "model", "dataset", NULL };
static const char *const of_init[] = { "model.init", "model", "dataset", NULL };
static const char *const of_stl_model[] = { "baseline.model.name", "baseline.model",
	"model.name", "model", "dataset", NULL };
static const char *const of_stl_init[] = { "baseline.model.init", "model.init",
	"dataset", NULL };
static const char *const of_data[] = { "dataset.path", "dataset.name", "dataset",
	NULL };
static const char *const of_pictures[] = { "evaluate", NULL };
static const char *const of_methods[] = { "methods", NULL };
static const char *const of_frost[] = { "evaluate.textures", NULL };
static const char *const of_files[] = { "trainer.files", NULL };
static const char *const of_command[] = { "trainer.command", NULL };
static const char *const of_from[] = { "baseline.from", NULL };

/* The key of `dataset` that a message names ("dataset.train: ..."); NULL: none. */
static const char *named_key(const char *message, struct arena *a)
{
	static const char section[] = "dataset.";
	const char *at = strstr(message, section);
	size_t n = sizeof(section) - 1;

	if (!at)
		return NULL;
	n += strspn(at + n, "abcdefghijklmnopqrstuvwxyz_0123456789");
	return arena_strndup(a, at, n);
}

/* Where to show a message: at the key of `dataset` that it names, or else at `paths`. */
static size_t place(const struct resolver *r, const struct spec_variant *v,
	const char *const *paths, const char *message)
{
	const char *both[16] = { named_key(message, r->a) };
	int n = both[0] != NULL;

	while (*paths)
		both[n++] = *paths++;
	return spec_place(r->spec, v, both, r->a);
}

/*
 * Takes down what is wrong. Errors that are neither of the file nor of data (no worker to
 * ask) end the asking: they are returned.
 */
static int fault(struct resolver *r, const struct spec_variant *v,
	const char *const *paths, const struct err *why, struct err *e)
{
	if (why->code != ERR_SPEC && why->code != ERR_DATA && why->code != ERR_DB)
		return err_set(e, why->code, "%s", why->msg);
	diag_add(&r->d, place(r, v, paths, why->msg), "%s", why->msg);
	r->file_is_wrong |= why->code == ERR_SPEC;
	return OK;
}

static bool begins(const char *name, const char *section)
{
	return !strncmp(name, section, strlen(section));
}

/* Whether a question depends on the parameter. */
static bool of_network(const char *name)
{
	return begins(name, "dataset.") || begins(name, "model.") ||
		!strcmp(name, "train.batch");
}

static bool of_network_alone(const char *name)
{
	return of_network(name) && strcmp(name, "model.init") != 0;
}

static bool of_dataset(const char *name)
{
	return begins(name, "dataset.");
}

/*
 * One network of a variant. ps gets the digest of its initial weights; *size is NULL
 * where it does not fit.
 */
static int ask_network(struct resolver *r, const struct spec_variant *v, bool stl,
	struct params *ps, const struct network_size **size, struct err *e)
{
	const struct child_answer *x = child_ask_once(&r->asked, "--network", ps,
		r->data == DATA_UNSEEN ? of_network_alone : of_network);
	struct network_size *s = NEW(r->a, struct network_size);

	*size = NULL;
	if (x->e.code == ERR_DATA) /* the weights: no other data have been asked for */
		return fault(r, v, stl ? of_stl_init : of_init, &x->e, e);
	if (x->e.code)
		return fault(r, v, stl ? of_stl_model : of_model, &x->e, e);
	if (network_size_parse(x->text, r->a, s, e))
		return err_wrap(e, "the answer of %s", r->asked.worker);
	if (*s->init)
		params_set(ps, r->a, "model.init.digest", s->init);
	*size = s;
	return OK;
}

static int ask_methods(struct resolver *r, const struct spec_variant *v,
	const struct params *ps, struct err *e)
{
	const struct child_answer *x = resolve_ask_methods(&r->asked, v, ps);

	return x->e.code ? fault(r, v, of_methods, &x->e, e) : OK;
}

static const char *const sizes[] = { "dataset.train", "dataset.val", "dataset.test" };

/* A batch of more than there are samples, which the file alone could not tell. */
static int check_batch(
	struct resolver *r, const struct spec_variant *v, int train, struct err *e)
{
	static const char *const places[] = { "train.batch", "train", NULL };
	const char *text = params_get(&v->base, "train.batch");
	struct err why;
	double batch;

	if (!text || !number_parse(text, &batch) || batch <= train)
		return OK;
	err_set(&why, ERR_SPEC,
		"batch %s is larger than the training set, which has %d rows", text,
		train);
	return fault(r, v, places, &why, e);
}

/*
 * Sizes that the file leaves to the data: all rows of the files. From here on they stand
 * among the parameters as if they had been given.
 */
static int ask_sizes(struct resolver *r, int i, struct err *e)
{
	const struct spec_variant *v = &r->spec->variants[i];
	struct resolved_variant *x = &r->out->variants[i];
	const struct child_answer *answer;
	int n[3];

	if (r->data == DATA_UNSEEN ||
		(params_get(&x->base, sizes[0]) && params_get(&x->base, sizes[1]) &&
			params_get(&x->base, sizes[2])))
		return OK;
	answer = child_ask_once(&r->asked, "--look", &v->base, of_dataset);
	if (answer->e.code)
		return fault(r, v, of_data, &answer->e, e);
	if (sscanf(answer->text, "%d %d %d", &n[0], &n[1], &n[2]) != 3)
		return err_set(e, ERR_SYS, "%s --look: no sizes", r->asked.worker);
	for (int k = 0; k < 3; k++) {
		params_set_number(&x->base, r->a, sizes[k], n[k]);
		params_set_number(&x->stl, r->a, sizes[k], n[k]);
	}
	return check_batch(r, v, n[0], e);
}

static int ask_networks(struct resolver *r, struct err *e)
{
	int rc = OK;

	for (int i = 0; !rc && i < r->spec->nvariants; i++) {
		const struct spec_variant *v = &r->spec->variants[i];
		struct resolved_variant *x = &r->out->variants[i];
		const struct network_size *single;

		rc = ask_network(r, v, false, &x->base, &x->network, e);
		if (!rc)
			rc = ask_network(r, v, true, &x->stl, &single, e);
		if (!rc && x->network)
			rc = ask_methods(r, v, &x->base, e);
	}
	return rc;
}

static int ask_frost(struct resolver *r, const struct spec_variant *v,
	const int input[3], struct err *e)
{
	const char *const argv[] = { r->asked.worker, "--textures",
		r->spec->winners.textures, arena_printf(r->a, "%d", input[1]),
		arena_printf(r->a, "%d", input[2]), NULL };
	const char *text;
	struct err why = { 0 };

	if (child_ask(argv, r->a, &text, &why))
		return fault(r, v, of_frost, &why, e);
	r->out->frost = arena_strndup(r->a, text, strcspn(text, "\n"));
	return OK;
}

/* What `evaluate` needs: inputs that are pictures, and pictures of frost. */
static int ask_pictures(struct resolver *r, int i, struct err *e)
{
	const struct spec_variant *v = &r->spec->variants[i];
	const struct network_size *s = r->out->variants[i].network;
	struct err why;

	if (!*r->spec->winners.corruptions || !s)
		return OK;
	if (s->input[1] < PICTURE_SIDE_MIN || s->input[2] < PICTURE_SIDE_MIN) {
		err_set(&why, ERR_SPEC,
			"\"evaluate\" wants pictures, and data set \"%s\" has inputs "
			"of %dx%dx%d",
			v->dataset->name, s->input[0], s->input[1], s->input[2]);
		return fault(r, v, of_pictures, &why, e);
	}
	if (!*r->spec->winners.textures || r->data == DATA_UNSEEN)
		return OK;
	return ask_frost(r, v, s->input, e);
}

static int ask_base(struct resolver *r, struct err *e)
{
	struct err why;

	if (r->spec->baseline.source != BASELINE_FROM || r->data == DATA_UNSEEN)
		return OK;
	if (base_from_read(r->out, r->a, &why))
		return fault(r, NULL, of_from, &why, e);
	return OK;
}

static int take_digest(struct resolver *r, struct resolved_variant *x,
	const struct child_answer *answer, struct err *e)
{
	struct description *is = NEW(r->a, struct description);

	if (describe_parse(answer->text, r->a, is, e))
		return err_wrap(e, "the answer of %s", r->asked.worker);
	params_set(&x->base, r->a, "dataset.digest", is->digest);
	params_set(&x->stl, r->a, "dataset.digest", is->digest);
	x->data = is;
	return OK;
}

static int ask_dataset(struct resolver *r, int i, bool compose, struct err *e)
{
	const struct spec_variant *v = &r->spec->variants[i];
	struct resolved_variant *x = &r->out->variants[i];
	const struct child_answer *answer = child_ask_once(
		&r->asked, compose ? "--prepare" : "--look", &x->base, of_dataset);

	if (answer->e.code == ERR_SPEC && !x->network)
		return OK; /* the question about the network has shown it already */
	if (answer->e.code)
		return fault(r, v, of_data, &answer->e, e);
	return compose ? take_digest(r, x, answer, e) : OK;
}

static int ask_datasets(struct resolver *r, bool compose, struct err *e)
{
	int rc = OK;

	for (int i = 0; !rc && i < r->spec->nvariants; i++)
		rc = ask_dataset(r, i, compose, e);
	return rc;
}

static bool same_dataset(const struct params *x, const struct params *y)
{
	int more = 0; /* parameters of y that x has not */

	for (int i = 0; i < y->n; i++)
		more += of_dataset(y->p[i].name);
	for (int i = 0; i < x->n; i++) {
		const char *value = params_get(y, x->p[i].name);

		if (!of_dataset(x->p[i].name))
			continue;
		if (!value || strcmp(value, x->p[i].value) != 0)
			return false;
		more--;
	}
	return !more;
}

/*
 * Nothing is composed for a sweep that is refused anyway. Who composes a data set looks at
 * it first, so a look of its own is for the others: of a sweep of several, or one that is
 * refused.
 */
static int ask_data(struct resolver *r, struct err *e)
{
	const struct spec *s = r->spec;
	bool look = r->data == DATA_SEEN || r->d.total;
	int rc = OK;

	if (r->data == DATA_UNSEEN)
		return OK;
	for (int i = 1; i < s->nvariants; i++)
		look |= !same_dataset(&s->variants[0].base, &s->variants[i].base);
	if (look)
		rc = ask_datasets(r, false, e);
	if (!rc && r->data == DATA_COMPOSED && !r->d.total)
		rc = ask_datasets(r, true, e);
	return rc;
}

static void begin_variant(
	const struct spec_variant *v, struct resolved_variant *x, struct arena *a)
{
	x->base = params_copy(a, &v->base);
	x->stl = params_copy(a, &v->stl);
	x->base_val = NEW_ARRAY(a, double, v->ncriteria);
	x->base_test = NEW_ARRAY(a, double, v->ncriteria);
	for (int k = 0; k < v->ncriteria; k++) {
		x->base_val[k] = v->criteria[k].base_val;
		x->base_test[k] = v->criteria[k].base_test;
	}
}

void resolve_begin(const struct spec *spec, struct resolved *out, struct arena *a)
{
	*out = (struct resolved){ .spec = spec,
		.variants = NEW_ARRAY(a, struct resolved_variant, spec->nvariants),
		.frost = "" };
	for (int i = 0; i < spec->nvariants; i++)
		begin_variant(&spec->variants[i], &out->variants[i], a);
}

/* Another trainer: its files and its program. */

static int ask_files(struct resolver *r, struct err *e)
{
	const struct spec_trainer *t = r->spec->trainer;
	struct err why;

	if (!t->patterns[0])
		return OK;
	if (code_look(r->out->home, t->patterns, r->a, &r->out->code, &why))
		return fault(r, NULL, of_files, &why, e);
	for (int i = 0; i < r->spec->nvariants; i++) {
		struct resolved_variant *x = &r->out->variants[i];

		params_set(&x->base, r->a, "trainer.files", r->out->code.digest);
		params_set(&x->stl, r->a, "trainer.files", r->out->code.digest);
	}
	return OK;
}

/* Whether a program of that name lies on the path. */
static bool on_path(const char *name, struct arena *a)
{
	const char *path = getenv("PATH");

	for (; path && *path;
		path += strcspn(path, ":") + (path[strcspn(path, ":")] != 0)) {
		size_t n = strcspn(path, ":");
		const char *file =
			arena_printf(a, "%.*s%s%s", (int)n, path, n ? "/" : "", name);

		if (!access(file, X_OK))
			return true;
	}
	return false;
}

static bool is_copied(const struct code *code, const char *word)
{
	if (!strncmp(word, "./", 2))
		word += 2;
	for (int i = 0; i < code->n; i++)
		if (!strcmp(code->file[i].path, word))
			return code->file[i].executable;
	return false;
}

/* The first word of the command must be a program, there where it will be called. */
static int ask_command(struct resolver *r, struct err *e)
{
	const struct spec_trainer *t = r->spec->trainer;
	const char *word = t->command[0];
	const char *slash = word ? strchr(word, '/') : NULL;
	struct err why;

	if (!word || r->d.total)
		return OK;
	if (!slash && on_path(word, r->a))
		return OK;
	if (slash && *word == '/' && !access(word, X_OK))
		return OK;
	if (slash && *word != '/' && t->patterns[0] && is_copied(&r->out->code, word))
		return OK;
	if (slash && *word != '/' && !t->patterns[0] &&
		!access(arena_printf(r->a, "%s/%s", r->out->home, word), X_OK))
		return OK;
	err_set(&why, ERR_DATA, "%s is no program%s", word,
		!slash                                   ? " on the path"
			: t->patterns[0] && *word != '/' ? " among \"files\""
							 : "");
	return fault(r, NULL, of_command, &why, e);
}

static int ask_trainer(struct resolver *r, struct err *e)
{
	int rc;

	r->out->home = r->spec->folder;
	if (r->data == DATA_UNSEEN)
		return OK;
	rc = ask_files(r, e);
	return rc ? rc : ask_command(r, e);
}

/* What deltam's own trainer needs. */
static int ask_worker(struct resolver *r, struct err *e)
{
	int rc = OK;

	for (int i = 0; !rc && i < r->spec->nvariants; i++)
		rc = ask_sizes(r, i, e);
	if (!rc)
		rc = ask_networks(r, e);
	if (!rc)
		rc = ask_base(r, e);
	for (int i = 0; !rc && i < r->spec->nvariants; i++)
		rc = ask_pictures(r, i, e);
	if (!rc)
		rc = ask_data(r, e);
	if (!rc && !r->d.total) /* what was composed has a digest to compare by */
		rc = ask_base(r, e);
	return rc;
}

int resolve(const struct spec *spec, enum resolve_data data, const char *worker,
	struct resolved *out, struct str *report, struct arena *a, struct err *e)
{
	struct resolver r = { .spec = spec,
		.out = out,
		.data = data,
		.asked = { .worker = worker, .a = a },
		.a = a,
		.d = { .arena = a,
			.path = spec->path,
			.text = spec->text,
			.n = strlen(spec->text),
			.piece = spec->piece,
			.pieces = spec->pieces } };
	int rc;

	resolve_begin(spec, out, a);
	rc = spec->trainer ? ask_trainer(&r, e) : ask_worker(&r, e);
	if (rc || !r.d.total)
		return rc;
	diag_render(&r.d, report);
	return err_set(e, r.file_is_wrong ? ERR_SPEC : ERR_DATA, "%s", "");
}

int resolve_file(const struct spec_source *file, enum resolve_data data,
	struct spec *spec, struct resolved *out, struct arena *a, struct err *e)
{
	struct str report = { .arena = a };
	char worker[1024];
	int rc = spec_read(spec, a, file, &report, e);

	if (!rc)
		rc = worker_path(worker, sizeof(worker), e);
	if (!rc)
		rc = resolve(spec, data, arena_strdup(a, worker), out, &report, a, e);
	fputs(str_get(&report), stderr);
	return rc;
}

int resolve_compose(const struct resolved *known, const char *worker, struct arena *a,
	struct err *e)
{
	struct child_questions asked = { .worker = worker, .a = a };

	for (int i = 0; i < known->spec->nvariants; i++) {
		const struct child_answer *x = child_ask_once(
			&asked, "--prepare", &known->variants[i].base, of_dataset);

		if (x->e.code)
			return err_set(e, x->e.code, "%s", x->e.msg);
	}
	return OK;
}
