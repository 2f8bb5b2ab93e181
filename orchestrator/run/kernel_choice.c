#include "orchestrator/run/kernel_choice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/log.h"
#include "orchestrator/plan/instruction_set.h"

/* The word of DELTAM_KERNELS that makes a class: "avx2" of "avx2+Haswell". */
static const char *word_of(const char *class, struct arena *a)
{
	return arena_strndup(a, class, strcspn(class, "+-"));
}

/*
 * Whether c->word makes rows of another class than those that are there. Of a machine
 * elsewhere only the word is known, and one that does not fit the rows is let go there.
 */
static int differs(
	const struct kernel_choice *c, struct arena *a, bool *other, struct err *e)
{
	const char *class;
	int rc;

	*other = false;
	if (!*c->rows)
		return OK;
	if (!c->worker) {
		*other = strcmp(c->word, KERNELS_NATIVE) != 0 &&
			strcmp(c->word, word_of(c->rows, a)) != 0;
		return OK;
	}
	rc = instruction_set_ask(c->worker, NULL, &class, a, e);
	*other = !rc && strcmp(class, c->rows) != 0;
	return rc;
}

static int obey(
	struct kernel_choice *c, const char *wish, struct arena *a, struct err *e)
{
	bool other;
	int rc;

	c->word = wish;
	instruction_set_use(wish);
	rc = differs(c, a, &other, e);
	if (rc || !other)
		return rc;
	if (!c->yes)
		return err_set(e, ERR_USAGE,
			"the rows of this sweep are of kernel class \"%s\": with %s%s all "
			"that is not finished starts over, and the table has figures of "
			"both; leave it out, or say --yes",
			c->rows, c->asked ? "--kernels " : "DELTAM_KERNELS=", wish);
	c->rows[0] = '\0';
	return OK;
}

/* Nobody says which: those of the rows, where this processor has them. */
static int follow_rows(struct kernel_choice *c, struct arena *a, struct err *e)
{
	const char *best;
	bool other;
	int rc = instruction_set_ask(c->worker, NULL, &best, a, e);

	c->word = KERNELS_NATIVE;
	if (rc || !strcmp(best, c->rows))
		return rc;
	c->word = word_of(c->rows, a);
	instruction_set_use(c->word);
	rc = differs(c, a, &other, e);
	if (!rc && other) {
		c->word = KERNELS_NATIVE;
		instruction_set_use(c->word);
		log_warn("run",
			"the rows of this sweep are of kernel class \"%s\", and this "
			"machine computes with \"%s\": what is not finished starts over, "
			"and the table has figures of both",
			c->rows, best);
	} else if (!rc && !c->quiet) {
		fprintf(stderr,
			"kernels: %s, those of the rows that are there (--kernels native: "
			"%s)\n",
			c->rows, best);
	}
	return rc;
}

int kernel_choice_make(struct kernel_choice *c, struct arena *a, struct err *e)
{
	const char *set = getenv("DELTAM_KERNELS");
	const char *wish = c->asked ? c->asked : set && *set ? set : NULL;

	if (wish)
		return obey(c, wish, a, e);
	if (*c->rows && c->worker)
		return follow_rows(c, a, e);
	c->word = *c->rows  ? word_of(c->rows, a)
		: c->worker ? KERNELS_NATIVE
			    : KERNELS_COMMON;
	instruction_set_use(c->word);
	return OK;
}
