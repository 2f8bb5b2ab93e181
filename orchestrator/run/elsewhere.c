#include "orchestrator/run/elsewhere.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "orchestrator/pilot/remote.h"

int elsewhere_parse(struct elsewhere *x, const struct run_request *q,
	struct places *places, struct arena *a, struct err *e)
{
	int rc;

	x->q = q;
	if (q->gpus)
		return err_set(e, ERR_USAGE,
			"--gpus is for this machine; a pilot takes the GPUs that its "
			"launcher gives it (CUDA_VISIBLE_DEVICES)");
	rc = launch_parse(&x->launch, q->launch, a, e);
	if (!rc)
		places_elsewhere(
			places, x->launch.pilots * (q->workers ? q->workers : 1));
	return rc;
}

int elsewhere_find(struct elsewhere *x, struct store *s, int64_t sweep, struct err *e)
{
	int rc = store_adopt_list(s, &x->arena, &x->row, &x->n, e);

	x->sweep = sweep;
	if (!rc)
		x->open = NEW_ARRAY(&x->arena, bool, x->n);
	return rc;
}

int elsewhere_keep(struct elsewhere *x, struct store *s, struct err *e)
{
	int rc = OK;

	for (int i = 0; !rc && i < x->n; i++) {
		rc = store_adopt(s, x->sweep, &x->row[i], &x->open[i], e);
		x->kept += !rc && x->open[i];
	}
	return rc;
}

/* Lines are commands: neither they nor what they name may be anybody else's to write. */
static int check_own(const char *root, struct err *e)
{
	static const char *const below[] = { "", "/jobs", "/code", "/pilots", "/logs" };
	char path[MAIL_PATH_MAX];
	int rc = OK;

	for (int i = 0; !rc && i < COUNT(below); i++) {
		snprintf(path, sizeof(path), "%s%s", root, below[i]);
		rc = yard_check_own(path, e);
	}
	return rc;
}

static int adopt(struct elsewhere *x, struct dispatch *d, struct err *e)
{
	int rc = OK;

	for (int i = 0; !rc && i < x->n; i++)
		if (x->open[i])
			rc = dispatch_adopt(d, &x->row[i], e);
	return rc;
}

static int run(struct elsewhere *x, struct store *s, struct dispatch *d, struct err *e)
{
	const struct spec_trainer *t = d->command->trainer;
	struct remote_options o = { .s = s,
		.sweep = x->sweep,
		.launch = &x->launch,
		.workers = x->q->workers,
		.gpus = t->gpus,
		.gpu_slots = t->gpu_slots,
		.kernels = "" };
	int rc;

	if (!d->spec->trainer) { /* a command's devices are recorded instead */
		o.kernels = x->kernels->word;
		o.kernel_class = x->kernels->rows;
	}
	rc = adopt(x, d, e);
	return rc ? rc : remote_run(&o, &d->ops, d, e);
}

int elsewhere_run(
	struct elsewhere *x, struct store *s, struct dispatch *d, struct err *e)
{
	mode_t usual = umask(0022);
	int rc;

	umask(usual | 0022);
	x->launch.root = d->command->root;
	x->launch.stop_seconds = d->command->trainer->stop_seconds;
	launch_check_limit(&x->launch);
	d->logs = arena_printf(&x->arena, "%s/logs", x->launch.root);
	rc = check_own(x->launch.root, e);
	if (!rc)
		rc = run(x, s, d, e);
	umask(usual);
	return rc;
}

void elsewhere_release(struct elsewhere *x)
{
	launch_release(&x->launch);
	arena_release(&x->arena);
}
