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

/* A job of ps trains this, on that. */
struct setting {
	struct dataset data;
	struct task_info task[TASKS_MAX];
	struct network network;
};

static int read_setting(
	struct setting *s, const struct params *ps, struct arena *a, struct err *e)
{
	int rc = dataset_shape(ps, a, &s->data, e);

	s->network.task = s->task;
	return rc ? rc
		  : catalogue_used_tasks(
			    ps, a, s->task, s->network.column, &s->network.K, e);
}

static int measure(const struct params *ps, struct arena *a, struct network_size *size,
	struct err *e)
{
	const char *folder = params_get(ps, "model.init");
	struct setting *s = NEW(a, struct setting);
	const struct dataset_field *input = &s->data.split[SPLIT_TRAIN].input;
	int rc = read_setting(s, ps, a, e);

	if (!rc)
		rc = network_add(&s->network, ps, &s->data, a, e);
	if (rc)
		return rc;
	network_measure(&s->network, size);
	memcpy(size->input, (int[]){ input->c, input->h, input->w },
		sizeof(size->input));
	return folder ? initial_load(s->network.graph, folder, size->init, e) : OK;
}

/* Says whether the method of ps works with its network. */
static int try_method(const struct params *ps, struct arena *a, struct err *e)
{
	struct arena_mark mark = arena_mark(a);
	struct setting *s = NEW(a, struct setting);
	struct network *n = &s->network;
	struct optim_info optim;
	struct weighting_setup w;
	int rc = read_setting(s, ps, a, e);

	if (!rc)
		rc = method_read(&w, &optim, ps, s->task, n->K, a, e);
	n->rotates = !rc && w.needs & NEEDS_ROTATION;
	if (!rc)
		rc = network_add(n, ps, &s->data, a, e);
	if (!rc)
		rc = method_fits(&w, n->graph, &optim, e);
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
