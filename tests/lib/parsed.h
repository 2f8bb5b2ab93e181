/*
 * A sweep file that was read: what the tests of sweep files and of plans look at.
 */
#ifndef DELTAM_TESTS_PARSED_H
#define DELTAM_TESTS_PARSED_H

#include "orchestrator/plan/plan.h"

extern struct arena parsed_arena; /* of everything below */
extern struct spec parsed; /* what the last call read */

/* A sweep of two learning rates with further members, among them EW or other methods. */
#define SMALL(members) \
	"{ \"sweep\": \"t\", \"dataset\": { \"name\": \"synthetic\", \"train\": 100 " \
	"}," \
	" \"train\": { \"epochs\": 40 }, \"search\": { \"lr\": [3e-3, 1e-3] " \
	"}, " members " }"
#define EW "\"methods\": [\"ew\"]"

/* Reads a text; its code, and what was said of it. */
int parsed_try(const char *text, const char **report);
/* Reads a text of which there must be nothing to say. */
void parsed_well(const char *text);
/* The same of a sweep on synthetic data with these methods and this search. */
void parsed_sweep(const char *methods, const char *search);
void parsed_release(void);

const struct spec_variant *parsed_variant(void); /* the first */
struct plan_grid parsed_tune(int entry); /* the first grid of an entry of it */

const char *parsed_value(const struct plan_grid *g, int i, int k); /* point i, axis k */
const char *parsed_values(const struct spec_axis *x); /* "a | b | c" */

#endif
