/*
 * This asks the worker which methods of a sweep work with the network of a variant, all of
 * them in one question.
 */
#ifndef DELTAM_RESOLVE_METHODS_H
#define DELTAM_RESOLVE_METHODS_H

#include "orchestrator/plan/child.h"
#include "orchestrator/spec/spec.h"

/*
 * Returns the answer of `deltam-worker --methods`, whose error is that of the first method
 * that does not work. Of an entry every choice is asked for, numbers with their first
 * value alone. ps holds the variant's parameters.
 */
const struct child_answer *resolve_ask_methods(struct child_questions *q,
	const struct spec_variant *v, const struct params *ps);

#endif
