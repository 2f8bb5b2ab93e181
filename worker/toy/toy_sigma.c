/*
 * Learned noise (Kirchdorfer et al. 2025, Fig. 1): y = x + noise e is regressed under UW
 * with squared error, whose log variance s learns sigma = exp(s / 2). The paper prints
 * neither sizes nor optimizer.
 */
#include <math.h>
#include <stdio.h>
#include "common/str.h"
#include "worker/toy/toy.h"
#include "worker/toy/toy_train.h"

#define BATCH 64
#define TEST 200

static const double noises[] = { 0.05, 0.1, 0.2, 0.5, 1 };
static const int samples[] = { 20, 200, 2000 };
static const int widths[] = { 1, 8, 64 };

struct point {
	double noise;
	int samples, width;
};

static int begin(
	struct toy_training *t, const struct point *p, int epochs, struct err *e)
{
	const struct toy_line line = { .train = p->samples,
		.test = TEST,
		.tasks = 1,
		.slope = { 1 },
		.scale = { 1 },
		.noise = p->noise,
		.loss = LOSS_L2 };
	char batch[NUMBER_MAX], count[NUMBER_MAX], width[NUMBER_MAX];
	char hidden[2 * NUMBER_MAX];
	const char *const settings[] = { "method", "uw", "form", "l2", "model.name",
		"mlp", "model.activation", "tanh", "model.hidden", hidden,
		"train.optimizer", "adam", "lr", "0.01", "wd", "0", "seed", "0",
		"train.lr_decay", "cosine", "train.batch",
		number_format(p->samples < BATCH ? p->samples : BATCH, batch),
		"train.epochs", number_format(epochs, count), NULL };

	number_format(p->width, width);
	snprintf(hidden, sizeof(hidden), "%s %s", width, width);
	return toy_training_init(t, &line, settings, e);
}

static int put_point(struct store *s, const struct point *p,
	const struct toy_training *t, struct err *e)
{
	double log_variance = toy_training_figure(t, "train", "task1", "log_variance");

	return store_run(s, STMT_TOY_SIGMA_PUT,
		ARGS(REAL(p->noise), INT(p->samples), INT(p->width),
			REAL(exp(log_variance / 2)),
			REAL(sqrt(toy_training_figure(t, "train", "task1", "loss"))),
			REAL(sqrt(toy_training_figure(t, "test", "task1", "loss")))),
		e);
}

static int write_point(struct store *s, const struct point *p, int steps, struct err *e)
{
	int each = (p->samples + BATCH - 1) / BATCH;
	int epochs = (steps + each - 1) / each;
	struct toy_training t;
	int rc = begin(&t, p, epochs, e);

	for (int i = 0; i < epochs && !rc; i++)
		rc = toy_training_epoch(&t, e);
	if (!rc)
		rc = put_point(s, p, &t, e);
	toy_training_release(&t);
	return rc;
}

int toy_sigma_write(struct store *s, int steps, struct err *e)
{
	int rc = store_run(s, STMT_TOY_SIGMA_CLEAR, NO_ARGS, e);

	for (int n = 0; n < COUNT(noises); n++)
		for (int i = 0; i < COUNT(samples); i++)
			for (int w = 0; w < COUNT(widths) && !rc; w++) {
				const struct point p = { noises[n], samples[i],
					widths[w] };

				rc = write_point(s, &p, steps, e);
			}
	return rc;
}
