/*
 * What scaled losses do (Elich et al. 2024, A1 and A2): two tasks on one line, a trunk of
 * two layers of 20 leaky ReLUs, heads of two layers, L1. Every training runs with losses
 * as they are and with scaled ones, from the same initial parameters and batches.
 */
#include "common/str.h"
#include "worker/toy/toy.h"
#include "worker/toy/toy_train.h"

struct training {
	const char *method, *optimizer; /* optimizer: what the rows call it */
	const char *name, *per_task, *eps, *lr;
	bool frozen; /* runs with a frozen trunk, too */
};

/*
 * eps is what Adam adds to the root: with it no scale is quite without effect. Gradient
 * descent has none. The paper's captions have SGD with momentum, its list of runs without:
 * both are trained.
 */
static const struct training trainings[] = {
	{ "ew", "sgd", "gd", "false", NULL, "0.01", true },
	{ "ew", "sgd, momentum 0.9", "sgd", "false", NULL, "0.01", true },
	{ "ew", "adam", "adam", "false", "1e-8", "0.001", true },
	{ "ew", "adam, eps 0", "adam", "false", "0", "0.001", true },
	{ "uw_o", "sgd", "gd", "false", NULL, "0.01", true },
	{ "uw_o", "sgd, momentum 0.9", "sgd", "false", NULL, "0.01", true },
	{ "ew", "adam per task", "adam", "true", "1e-8", "0.001", false },
	{ "ew", "adam per task, eps 0", "adam", "true", "0", "0.001", false },
};

/* The paper's figures say 10 and 0.1, its list of runs 10 and 0.01. */
static const double scales[][LINE_TASKS] = { { 1, 1 }, { 10, 0.1 }, { 10, 0.01 } };

static const char *const parts[] = { "trunk", "task1", "task2" };

struct run {
	const struct training *training;
	const double *scale;
	bool frozen;
};

static int begin(struct toy_training *t, const struct run *r, int epochs, struct err *e)
{
	const struct toy_line line = { .train = 256,
		.test = 1,
		.tasks = LINE_TASKS,
		.slope = { 1, 2 },
		.scale = { r->scale[0], r->scale[1] },
		.loss = LOSS_L1 };
	char text[NUMBER_MAX];
	const char *const settings[] = { "method", r->training->method, "model.name",
		"mlp", "model.hidden", "20 20", "model.activation", "leaky_relu",
		"model.head_hidden", "20", "train.optimizer", r->training->name,
		"train.optimizer.per_task", r->training->per_task, "lr",
		r->training->lr, "wd", "0", "seed", "0", "train.batch", "32",
		"train.epochs", number_format(epochs, text), "diagnose.gradients.every",
		"1", "diagnose.gradients.sample", "2", "train.freeze",
		r->frozen ? "trunk" : "",
		r->training->eps ? "train.optimizer.eps" : NULL, r->training->eps,
		NULL };

	return toy_training_init(t, &line, settings, e);
}

/* The losses of an epoch, as they are and as they were scaled. */
static int put_losses(struct store *s, const struct run *r,
	const struct toy_training *t, struct err *e)
{
	int rc = OK;

	for (int k = 0; k < LINE_TASKS && !rc; k++) {
		double scaled = toy_training_figure(t, "train", parts[1 + k], "loss");

		rc = store_run(s, STMT_TOY_SCALE_LOSS_PUT,
			ARGS(TEXT(r->frozen ? "frozen" : "free"),
				TEXT(r->training->method), TEXT(r->training->optimizer),
				REAL(r->scale[0]), REAL(r->scale[1]),
				INT(t->rows->epoch), TEXT(parts[1 + k]),
				REAL(scaled / r->scale[k]), REAL(scaled)),
			e);
	}
	return rc;
}

static int put_epoch(struct store *s, const struct run *r, const struct toy_training *t,
	struct err *e)
{
	int rc = put_losses(s, r, t, e);

	for (int i = 0; i < COUNT(parts) && !rc; i++) {
		const char *task = i ? parts[i] : "";

		rc = store_run(s, STMT_TOY_SCALE_PUT,
			ARGS(TEXT(r->frozen ? "frozen" : "free"),
				TEXT(r->training->method), TEXT(r->training->optimizer),
				REAL(r->scale[0]), REAL(r->scale[1]),
				INT(t->rows->epoch), TEXT(parts[i]),
				REAL(toy_training_figure(
					t, "magnitude", task, "gradient_mean")),
				REAL(toy_training_figure(
					t, "magnitude", task, "update_mean"))),
			e);
	}
	return rc;
}

static int write_run(struct store *s, const struct run *r, int epochs, struct err *e)
{
	struct toy_training t;
	int rc = begin(&t, r, epochs, e);

	for (int i = 0; i < epochs && !rc; i++) {
		rc = toy_training_epoch(&t, e);
		if (!rc)
			rc = put_epoch(s, r, &t, e);
	}
	toy_training_release(&t);
	return rc;
}

int toy_scale_write(struct store *s, int epochs, struct err *e)
{
	int rc = store_run(s, STMT_TOY_SCALE_CLEAR, NO_ARGS, e);

	if (!rc)
		rc = store_run(s, STMT_TOY_SCALE_LOSS_CLEAR, NO_ARGS, e);
	for (int frozen = 1; frozen >= 0; frozen--)
		for (int i = 0; i < COUNT(trainings); i++)
			for (int k = 0; k < COUNT(scales) && !rc; k++) {
				const struct run r = { &trainings[i], scales[k],
					frozen };

				if (!frozen || trainings[i].frozen)
					rc = write_run(s, &r, epochs, e);
			}
	return rc;
}
