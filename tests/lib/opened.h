/*
 * Databases that a test has open by itself, without deltam.
 */
#ifndef DELTAM_TESTS_OPENED_H
#define DELTAM_TESTS_OPENED_H

#include "common/store/store_open.h"

void opened_well(struct store *s, const char *path, enum store_mode mode);
/* A statement, and the first column of the first row of a question (-1: no row). */
void opened_run(struct store *s, const char *sql);
int64_t opened_ask(struct store *s, const char *sql);

/* A database without a sweep. */
void opened_make(const char *path);
extern const char opened_insert[]; /* the statement that adds sweep "s" */

/* Runs child() in a process of its own; returns its wait status. */
int opened_apart(void (*child)(void));

#endif
