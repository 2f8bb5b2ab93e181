#include "trainer-core/dataset/pseudo.h"

#include <string.h>
#include "trainer-core/dataset/compose.h"

static int first(const struct composition *c)
{
	return c->d->tasks - c->pseudos;
}

/* The task that pseudo-task i imitates. */
static int original(const struct composition *c, int i)
{
	int k = 0;

	while (strcmp(c->d->task[k].name, c->pseudo[i].task) != 0)
		k++;
	return k;
}

/* The files under their whole paths: as compose_folder. */
static int name_files(struct composition *c, struct err *e)
{
	for (int i = 0; i < c->pseudos; i++) {
		struct pseudo_task *p = &c->pseudo[i];
		int rc = compose_absolute(c, p->file, &p->file, e);

		if (rc)
			return rc;
	}
	params_set(&c->key, c->a, "dataset.pseudo",
		pseudo_words(c->pseudo, c->pseudos, c->a));
	return OK;
}

int pseudo_plan(struct composition *c, struct err *e)
{
	if (c->pseudos && c->d->own_inputs)
		return err_set(e, ERR_SPEC,
			"dataset.pseudo: every task has samples of its own");
	for (int i = 0; i < c->pseudos; i++)
		for (int s = 0; s < SPLIT_COUNT; s++) {
			struct dataset_field *target = c->d->split[s].target;
			struct dataset_field f = target[original(c, i)];

			f.element = ELEMENT_F32;
			f.scale = 1;
			f.offset = 0;
			target[first(c) + i] = f;
		}
	return c->pseudos ? name_files(c, e) : OK;
}

int pseudo_find(struct composition *c, struct err *e)
{
	int rc = OK;

	for (int i = 0; !rc && i < c->pseudos; i++)
		rc = compose_find(c, c->pseudo[i].file,
			"a sweep with \"save\": \"winners\" makes such files", e);
	return rc ? err_wrap(e, "dataset.pseudo") : OK;
}

int pseudo_look(const struct composition *c, struct err *e)
{
	int rc = OK;

	if (c->pseudos && !c->labeller)
		return err_set(e, ERR_SPEC, "dataset.pseudo: nobody here can label");
	for (int i = 0; !rc && i < c->pseudos; i++)
		rc = c->labeller->look(&c->pseudo[i], c->d, first(c) + i, c->a, e);
	return rc;
}

int pseudo_fill(const struct composition *c, struct err *e)
{
	int rc = OK;

	for (int i = 0; !rc && i < c->pseudos; i++) {
		int k = first(c) + i;
		float *out[SPLIT_COUNT];

		for (int s = 0; s < SPLIT_COUNT; s++)
			out[s] = c->target[s][k];
		rc = c->labeller->label(&c->pseudo[i], c->d, k, out, c->a, e);
	}
	return rc;
}
