#include "orchestrator/plan/networks.h"

#include <stdio.h>
#include <string.h>
#include "orchestrator/plan/child.h"
#include "orchestrator/spec/diag.h"
#include "orchestrator/run/sched.h"

/* A network that was asked about, and what came of it. */
struct question {
	const char **argv;
	struct network_size size;
	struct err e; /* code OK: size is there */
};

struct questions {
	const char *worker;
	struct arena *a;
	struct question *item;
	int n, capacity;
};

/* Whether the network depends on the parameter. */
static bool matters(const char *name)
{
	static const char *const sections[] = { "dataset.", "model." };

	for (int i = 0; i < 2; i++)
		if (!strncmp(name, sections[i], strlen(sections[i])))
			return true;
	return !strcmp(name, "train.batch");
}

static void answer(struct questions *q, struct question *x)
{
	const char *text;

	if (child_ask(x->argv, q->a, &text, &x->e))
		return;
	if (network_size_parse(text, q->a, &x->size, &x->e))
		(void)err_wrap(&x->e, "the answer of %s", q->worker);
}

static const struct question *ask(struct questions *q, const struct params *ps)
{
	const char **argv = child_question(q->worker, "--network", ps, matters, q->a);
	struct question *x;

	for (int i = 0; i < q->n; i++)
		if (child_same_question(q->item[i].argv, argv))
			return &q->item[i];
	(void)GROW(q->a, q->item, q->n, q->capacity);
	x = &q->item[q->n++];
	*x = (struct question){ .argv = argv };
	answer(q, x);
	return x;
}

/* One network of a variant: ps gets the digest of its initial weights. */
static int settle(struct questions *q, struct params *ps, size_t at, struct diag *d,
	const struct network_size **size, struct err *e)
{
	const struct question *x = ask(q, ps);
	struct network_size *kept;

	if (x->e.code == ERR_SPEC) {
		diag_add(d, at, "%s", x->e.msg);
		return OK;
	}
	if (x->e.code) {
		if (e)
			*e = x->e;
		return x->e.code;
	}
	if (params_get(ps, "model.init"))
		params_set(ps, q->a, "model.init.digest", x->size.init);
	kept = NEW(q->a, struct network_size);
	*kept = x->size;
	*size = kept;
	return OK;
}

int networks_check(struct spec *spec, const char *worker, struct str *report,
	struct arena *a, struct err *e)
{
	struct questions q = { .worker = worker, .a = a };
	struct diag d = { .arena = a,
		.path = spec->path,
		.text = spec->text,
		.n = strlen(spec->text) };

	for (int i = 0; i < spec->nvariants; i++) {
		struct variant *v = &spec->variants[i];
		const struct network_size *single;
		int rc = settle(&q, &v->base, v->model_at, &d, &v->network, e);

		if (!rc)
			rc = settle(&q, &v->stl, v->stl_model_at, &d, &single, e);
		if (rc)
			return rc;
	}
	if (!d.total)
		return OK;
	diag_render(&d, report);
	return err_set(e, ERR_SPEC, "%s", "");
}

int networks_load(struct spec *spec, const char *path, struct arena *a, struct err *e)
{
	struct str report = { .arena = a };
	char worker[1024];
	int rc = spec_load(spec, a, path, &report, e);

	if (!rc)
		rc = sched_worker_path(worker, sizeof(worker), e);
	if (!rc)
		rc = networks_check(spec, worker, &report, a, e);
	fputs(str_get(&report), stderr);
	return rc;
}
