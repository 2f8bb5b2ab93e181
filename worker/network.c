#include "worker/network.h"

#include <stdio.h>
#include <string.h>
#include "trainer-core/network/initial.h"
#include "trainer-core/network/network.h"
#include "trainer-core/train/fit.h"

static int add_argument(
	struct params *ps, struct arena *a, const char *argument, struct err *e)
{
	const char *equals = strchr(argument, '=');

	if (!equals || equals == argument)
		return err_set(
			e, ERR_USAGE, "--network: \"%s\" is not NAME=VALUE", argument);
	params_set(ps, a, arena_strndup(a, argument, (size_t)(equals - argument)),
		equals + 1);
	return OK;
}

/* The network of ps for all tasks of its data set d; n->rotates is given. */
static int add_network(const struct params *ps, struct arena *a, struct dataset *d,
	struct network *n, struct err *e)
{
	int rc = dataset_shape(ps, a, d, e);

	if (rc)
		return rc;
	n->task = d->task;
	n->K = d->tasks;
	for (int k = 0; k < d->tasks; k++)
		n->column[k] = k;
	return network_add(n, ps, d, a, e);
}

static int measure(const struct params *ps, struct arena *a, struct network_size *size,
	struct err *e)
{
	const char *folder = params_get(ps, "model.init");
	struct dataset *d = NEW(a, struct dataset);
	const struct dataset_field *input = &d->split[SPLIT_TRAIN].input;
	struct network n = { 0 };
	int rc = add_network(ps, a, d, &n, e);

	if (rc)
		return rc;
	network_measure(&n, size);
	memcpy(size->input, (int[]){ input->c, input->h, input->w },
		sizeof(size->input));
	return folder ? initial_load(n.graph, folder, size->init, e) : OK;
}

/* Whether the method of ps works with its network. */
static int try_method(const struct params *ps, struct arena *a, struct err *e)
{
	struct arena_mark mark = arena_mark(a);
	struct dataset *d = NEW(a, struct dataset);
	struct optim_info optim;
	struct weighting_setup w;
	struct network n = { 0 };
	int rc = dataset_shape(ps, a, d, e);

	if (!rc)
		rc = method_read(&w, &optim, ps, d->task, d->tasks, a, e);
	n.rotates = !rc && w.needs & NEEDS_ROTATION;
	if (!rc)
		rc = add_network(ps, a, d, &n, e);
	if (!rc)
		rc = method_fits(&w, n.graph, &optim, e);
	arena_rewind(a, mark);
	return rc;
}

static int print(const struct network_size *size, struct arena *a, struct err *e)
{
	struct str text = { .arena = a };

	network_size_format(size, &text);
	if (fputs(str_get(&text), stdout) < 0 || fflush(stdout) != 0)
		return err_errno(e, "--network: standard output");
	return OK;
}

int network_main(int argc, char **argv, struct err *e)
{
	struct arena a = { 0 };
	struct params ps = { 0 };
	struct network_size size;
	int rc = OK;

	for (int i = 0; i < argc && !rc; i++)
		rc = add_argument(&ps, &a, argv[i], e);
	if (!rc)
		rc = measure(&ps, &a, &size, e);
	if (!rc)
		rc = print(&size, &a, e);
	arena_release(&a);
	return rc;
}

static bool begins_method(const char *argument)
{
	return !strncmp(argument, "method=", strlen("method="));
}

int methods_main(int argc, char **argv, struct err *e)
{
	struct arena a = { 0 };
	struct params job = { 0 };
	int i = 0;
	int rc = OK;

	for (; i < argc && !begins_method(argv[i]) && !rc; i++)
		rc = add_argument(&job, &a, argv[i], e);
	while (i < argc && !rc) {
		struct params ps = params_copy(&a, &job);

		do
			rc = add_argument(&ps, &a, argv[i++], e);
		while (!rc && i < argc && !begins_method(argv[i]));
		if (!rc)
			rc = try_method(&ps, &a, e);
	}
	arena_release(&a);
	return rc;
}
