/*
 * A database with jobs for a worker, without deltam: small synthetic ones.
 */
#ifndef DELTAM_TESTS_JOBS_H
#define DELTAM_TESTS_JOBS_H

#include <stdint.h>

/* Creates the database file with our schema, and composes the jobs' data set. */
void jobs_create(const char *db);

/* A job of `epochs` epochs of `method` with that seed; returns its id. */
int64_t jobs_add(const char *db, const char *method, int seed, int epochs);

/* Sets one parameter of a job; value as SQL: "0.01", "'sgd'". */
void jobs_set(const char *db, int64_t job, const char *name, const char *value);

/*
 * An open attempt to train to stop_epoch under that token, a checkpoint after every
 * epoch; earlier attempts of the job are closed.
 */
void jobs_attempt(const char *db, int64_t job, const char *token, int stop_epoch);

#endif
