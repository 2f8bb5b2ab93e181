/*
 * A data set as the test's parameters have it, or the message of its refusal.
 */
#ifndef DELTAM_TESTS_PREPARED_H
#define DELTAM_TESTS_PREPARED_H

#include "trainer-core/dataset/dataset.h"

/* A folder of the test's own, in which caches lie, too; both begin empty. */
void prepared_enter(struct params *ps, struct arena *a);
void prepared_leave(struct arena *a);

void prepared(const struct params *ps, struct arena *a, struct dataset *d);
/* Refused under this code, by a message with `part` in it. */
void not_prepared(const struct params *ps, struct arena *a, int code, const char *part);

void prepared_sizes(struct params *ps, struct arena *a, const char *train,
	const char *val, const char *test);
/* The digest that a preparation comes to. */
const char *prepared_digest(const struct params *ps, struct arena *a);
/* Of a field of bytes. */
const uint8_t *prepared_bytes(const struct dataset_field *f);

#endif
