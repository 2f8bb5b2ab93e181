#include "bench/curves.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/generate.h"
#include "common/store/store_metric.h"
#include "orchestrator/json/json.h"

/* Every run that the file has for both rates. Final seeds are search seeds again. */
static const char sweep[] =
	"{ \"sweep\": \"curves\", \"dataset\": { \"name\": \"multi_fashion\", "
	"\"train\": 20000, \"val\": 4000, \"test\": 4000 }, \"train\": { \"epochs\": "
	"20, \"batch\": 256 }, \"baseline\": { \"seeds\": 2 }, \"methods\": [ { "
	"\"name\": \"uw_so\", \"T\": [0.1, 0.2, 0.5, 1, 2, 5] }, { \"name\": "
	"\"scalarization\", \"weights\": [[0.1, 0.9], [0.3, 0.7], [0.5, 0.5], [0.7, "
	"0.3], [0.9, 0.1]] } ], \"search\": { \"lr\": [0.003, 0.001], \"seeds\": 2 }, "
	"\"final\": { \"seeds\": 2 } }";

static const char *const tasks[] = { "top_left", "bottom_right" };

static double member(const struct json *run, const char *key)
{
	const struct json *node = json_get(run, key);

	return node && node->kind == JSON_NUMBER ? node->number : -1;
}

static bool is_of(const struct json *run, const char *method, double hp,
	const struct generated *w)
{
	const struct json *name = json_get(run, "method");

	return name && name->kind == JSON_STRING && !strcmp(name->string, method) &&
		member(run, "hp") == hp && member(run, "lr") == w->lr &&
		member(run, "seed") == w->seed % FINAL_SEED;
}

static const struct json *find(const struct json *runs, const struct generated *w)
{
	const char *method = *w->task ? "stl" : *w->weights ? "scal" : "uwso";
	double hp = *w->task  ? strcmp(w->task, tasks[0]) != 0
		: *w->weights ? atof(w->weights)
			      : w->temperature;

	for (const struct json *run = runs->child; run; run = run->next)
		if (is_of(run, method, hp, w))
			return run;
	return NULL;
}

/* Number `column` of epoch's row of `key`. */
static int figure(const struct json *run, const char *key, int epoch, int column,
	double *v, struct err *e)
{
	const struct json *node = json_get(run, key);

	node = node ? node->child : NULL;
	for (int i = 1; node && i < epoch; i++)
		node = node->next;
	node = node ? node->child : NULL;
	for (int i = 0; node && i < column; i++)
		node = node->next;
	if (!node || node->kind != JSON_NUMBER)
		return err_set(e, ERR_DATA, "no figure %d of epoch %d under \"%s\"",
			column, epoch, key);
	*v = node->number;
	return OK;
}

static int put_task(struct generator *g, const struct generated *w,
	const struct json *run, int epoch, int t, struct err *e)
{
	struct metric_row m[5] = { { "train", tasks[t], "loss", 0 },
		{ "val", tasks[t], "accuracy", 0 }, { "val", tasks[t], "loss", 0 },
		{ "test", tasks[t], "accuracy", 0 }, { "test", tasks[t], "loss", 0 } };
	struct weight_row weight = { .task = tasks[t] };
	int rc = figure(run, "w", epoch, t, &weight.weight_mean, e);

	for (int i = 0; !rc && i < 5; i++) {
		bool second = i > 0 && !strcmp(m[i].name, "loss");

		rc = figure(run, m[i].split, epoch, t + 2 * second, &m[i].value, e);
	}
	weight.weighted_loss_mean = weight.weight_mean * m[0].value;
	if (!rc)
		rc = store_metrics_put(&g->s, w->id, epoch, m, 5, e);
	g->rows += 5;
	return rc ? rc : store_weights_put(&g->s, w->id, epoch, &weight, 1, e);
}

static int put_epoch(struct generator *g, const struct generated *w, int epoch,
	bool *diverged, struct err *e)
{
	const struct json *run = find(g->arg, w);
	int rc = OK;

	*diverged = false;
	if (!run)
		return err_set(e, ERR_DATA, "no run of %s %s%s at lr %g, T %g, seed %d",
			w->method, w->task, w->weights, w->lr, w->temperature, w->seed);
	for (int t = 0; !rc && t < 2; t++)
		if (!*w->task || !strcmp(w->task, tasks[t]))
			rc = put_task(g, w, run, epoch, t, e);
	return rc;
}

static int read_runs(
	const char *path, struct arena *a, const struct json **runs, struct err *e)
{
	struct diag d = { .arena = a, .path = path };
	const struct json *root;
	int rc = json_load(&d, &root, e);

	if (rc)
		return rc;
	*runs = root && root->kind == JSON_OBJECT ? json_get(root, "runs") : NULL;
	if (*runs && (*runs)->kind == JSON_ARRAY)
		return OK;
	return err_set(e, ERR_DATA, "%s holds no runs", path);
}

int curves_database(const char *curves, const char *path, struct err *e)
{
	struct generator g = { .put_epoch = put_epoch, .s.lock.fd = -1 };
	const struct json *runs = NULL;
	struct arena a = { 0 };
	int rc = read_runs(curves, &a, &runs, e);

	g.arg = runs;
	if (!rc)
		rc = generate_open(&g, path, e);
	if (!rc)
		rc = generate_sweep(&g, sweep, e);
	store_close(&g.s);
	arena_release(&g.arena);
	arena_release(&a);
	return rc;
}

int curves_main(int argc, char **argv, struct err *e)
{
	if (argc != 2)
		return err_set(e, ERR_USAGE, "usage: bench curves CURVES FILE");
	return curves_database(argv[0], argv[1], e);
}
