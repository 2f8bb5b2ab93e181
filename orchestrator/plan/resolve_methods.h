/*
 * Which methods of a sweep work with the network of a variant, asked of the worker: all of
 * them in one question.
 */
#ifndef DELTAM_RESOLVE_METHODS_H
#define DELTAM_RESOLVE_METHODS_H

#include "orchestrator/plan/child.h"
#include "orchestrator/spec/spec.h"

/*
 * The answer of `deltam-worker --methods`: its error is that of the first method that does
 * not. Of an entry every choice is asked for, numbers with their first value alone. ps:
 * the variant's parameters.
 */
const struct child_answer *resolve_ask_methods(struct child_questions *q,
	const struct spec_variant *v, const struct params *ps);

#endif
