#include "worker/prepare.h"

#include <stdio.h>
#include <string.h>
#include "catalogue/describe.h"
#include "trainer-core/dataset/dataset.h"
#include "worker/label.h"

#define PREFIX "dataset."

/* Splits NAME=VALUE into ps. */
static int add_argument(
	struct params *ps, struct arena *a, const char *argument, struct err *e)
{
	const char *equals = strchr(argument, '=');
	const char *name;

	if (!equals || strncmp(argument, PREFIX, strlen(PREFIX)) != 0)
		return err_set(
			e, ERR_USAGE, "\"%s\" is not " PREFIX "NAME=VALUE", argument);
	name = arena_strndup(a, argument, (size_t)(equals - argument));
	if (params_get(ps, name))
		return err_set(e, ERR_USAGE, "%s twice", name);
	params_set(ps, a, name, equals + 1);
	return OK;
}

static bool known(const struct dataset_info *info, const char *name)
{
	static const char *const always[] = { "name", "train", "val", "test", "use" };

	for (int i = 0; i < COUNT(always); i++)
		if (!strcmp(name, always[i]))
			return true;
	return param_info_find(info->params, name) != NULL;
}

/* A name that nobody reads would be an error that nobody sees. */
static int check_names(const struct params *ps, struct err *e)
{
	const char *name = params_get(ps, PREFIX "name");
	const struct dataset_info *info = name ? catalogue_dataset(name) : NULL;

	if (!name)
		return err_set(e, ERR_USAGE, "" PREFIX "name=... is missing");
	if (!info)
		return err_set(e, ERR_SPEC, "unknown data set \"%s\"", name);
	for (int i = 0; i < ps->n; i++)
		if (!known(info, ps->p[i].name + strlen(PREFIX)))
			return err_set(e, ERR_USAGE, "data set %s has no parameter %s",
				name, ps->p[i].name);
	return OK;
}

static void describe(const struct dataset *d, struct description *out)
{
	const struct dataset_field *input = &d->split[SPLIT_TRAIN].input;
	const char *slash = strrchr(d->path, '/');

	*out = (struct description){ .train = d->split[SPLIT_TRAIN].n,
		.val = d->split[SPLIT_VAL].n,
		.test = d->split[SPLIT_TEST].n,
		.c = input->c,
		.h = input->h,
		.w = input->w,
		.made = d->composed,
		.bytes = (int64_t)d->map_bytes,
		.tasks = d->tasks };
	snprintf(out->file, sizeof(out->file), "%s", slash ? slash + 1 : d->path);
	memcpy(out->digest, d->digest, sizeof(out->digest));
	memcpy(out->task, d->task, sizeof(out->task));
}

static int print(const struct dataset *d, struct arena *a, struct err *e)
{
	struct description description;
	struct str text = { .arena = a };

	describe(d, &description);
	describe_format(&description, &text);
	if (fputs(str_get(&text), stdout) < 0 || fflush(stdout) != 0)
		return err_errno(e, "--prepare: standard output");
	return OK;
}

int prepare_params(
	int argc, char **argv, struct params *ps, struct arena *a, struct err *e)
{
	for (int i = 0; i < argc; i++) {
		int rc = add_argument(ps, a, argv[i], e);

		if (rc)
			return rc;
	}
	return check_names(ps, e);
}

int prepare_main(int argc, char **argv, struct err *e)
{
	struct arena a = { 0 };
	struct params ps = { 0 };
	struct dataset d;
	int rc = prepare_params(argc, argv, &ps, &a, e);

	if (!rc)
		rc = dataset_prepare(&ps, &winner_labeller, &a, &d, e);
	if (!rc) {
		rc = print(&d, &a, e);
		dataset_close(&d);
	}
	arena_release(&a);
	return rc;
}

int look_main(int argc, char **argv, struct err *e)
{
	struct arena a = { 0 };
	struct params ps = { 0 };
	int n[SPLIT_COUNT];
	int rc = prepare_params(argc, argv, &ps, &a, e);

	if (!rc)
		rc = dataset_look(&ps, &winner_labeller, &a, e);
	if (!rc)
		rc = dataset_count(&ps, &a, n, e);
	if (!rc)
		printf("%d %d %d\n", n[SPLIT_TRAIN], n[SPLIT_VAL], n[SPLIT_TEST]);
	if (!rc && fflush(stdout) != 0)
		rc = err_errno(e, "--look: standard output");
	arena_release(&a);
	return rc;
}
