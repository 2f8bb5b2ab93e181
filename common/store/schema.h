/*
 * The schemas of our files: making one, and bringing an older one up to date.
 *
 * schema.sql and toy.sql always hold the present schema. `PRAGMA user_version` says which
 * one a file has; what an older file lacks is done step by step (steps.def, toy_steps.def), a
 * transaction a version, and then its views are made anew.
 */
#ifndef DELTAM_SCHEMA_H
#define DELTAM_SCHEMA_H

#include "common/store/store.h"

struct schema {
	const char *holds; /* for messages: "results of sweeps" */
	int application_id; /* bytes 68 to 71 of a file of this schema */
	int version; /* the present one */
	const char *table; /* that every version has had */
	const char
		*sql; /* tables, then a line that begins with "-- Views.", then views */
	const struct schema_step *step; /* from each version to the next */
};
extern const struct schema schema_results;
extern const struct schema schema_toy;

/* The schema of that application_id; NULL: the file is not ours. */
const struct schema *schema_of(int application_id);

/*
 * Whether the tables are those that the file's mark promises: a table of ours, or none at
 * all in a file of version 0. A mark is four bytes that anybody may write. ERR_DB.
 */
MUST_CHECK int schema_check(struct store *s, struct err *e);

/* Reads which version the file has now; an empty file has 0. ERR_DB. */
MUST_CHECK int schema_version(struct store *s, int *version, struct err *e);

/*
 * Brings the file from s->version to the present version of s->schema; a file of
 * version 0 gets the whole schema. Where a step fails the file keeps what the steps
 * before have made of it. ERR_DB.
 */
MUST_CHECK int schema_upgrade(struct store *s, struct err *e);

/*
 * Until version 1 of the results their file held the toy problems, too. One without any
 * sweep becomes a database of toy problems, with the rows that it has. ERR_DB: it holds
 * a sweep.
 */
MUST_CHECK int schema_become_toy(struct store *s, struct err *e);

#endif
