/*
 * What an open store answers.
 */
#ifndef DELTAM_TESTS_DUMP_H
#define DELTAM_TESTS_DUMP_H

#include "common/store/rows.h"

/* Every row of a query, its columns joined by '|', each row with a newline; in the arena. */
const char *dump_rows(struct store *s, const char *sql, struct arena *a);

#endif
