/*
 * The database of tests/fixtures/small.sql: known figures for views and reports.
 */
#ifndef DELTAM_TESTS_SMALL_DB_H
#define DELTAM_TESTS_SMALL_DB_H

/* Makes it at path, through store_open and the real schema. Inside a scratch folder. */
void small_db_make(const char *path);

/* The text of a file of the repository, in memory that lives as long as the process. */
const char *source_text(const char *path);

#endif
