#include "worker/toy/toy_train.h"

#include <string.h>

int toy_training_init(struct toy_training *t, const struct toy_line *line,
	const char *const *settings, struct err *e)
{
	*t = (struct toy_training){ 0 };
	line_make(line, &t->arena, &t->data);
	for (; *settings; settings += 2)
		params_set(&t->params, &t->arena, settings[0], settings[1]);
	return train_new(&t->train, &t->params, &t->data, &t->arena, e);
}

void toy_training_release(struct toy_training *t)
{
	arena_release(&t->arena);
}

int toy_training_epoch(struct toy_training *t, struct err *e)
{
	return train_epoch(t->train, NULL, NULL, &t->rows, e);
}

double toy_training_figure(const struct toy_training *t, const char *split,
	const char *task, const char *name)
{
	for (int i = 0; i < t->rows->metrics; i++) {
		const struct metric_row *r = &t->rows->metric[i];

		if (!strcmp(r->split, split) && !strcmp(r->task, task) &&
			!strcmp(r->name, name))
			return r->value;
	}
	BUG("a figure that no epoch has");
}
