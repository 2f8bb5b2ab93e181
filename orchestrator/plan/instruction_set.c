#include "orchestrator/plan/instruction_set.h"

#include <stdlib.h>
#include <string.h>
#include "orchestrator/plan/child.h"

static const char variable[] = "DELTAM_KERNELS";

void instruction_set_use(const char *word)
{
	if (!strcmp(word, KERNELS_NATIVE))
		unsetenv(variable);
	else
		setenv(variable, word, 1);
}

int instruction_set_ask(const char *worker, const char *precision, const char **answer,
	struct arena *a, struct err *e)
{
	const char *const argv[] = { worker, "--kernels", precision, NULL };
	const char *text;
	int rc = child_ask(argv, a, &text, e);

	if (!rc)
		*answer = arena_strndup(a, text, strcspn(text, "\n"));
	return rc;
}
