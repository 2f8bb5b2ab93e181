/*
 * Databases of tests/fixtures/ with known figures, for views and reports.
 */
#ifndef DELTAM_TESTS_SMALL_DB_H
#define DELTAM_TESTS_SMALL_DB_H

/* small.sql at path, through store_open and the real schema. Inside a scratch folder. */
void small_db_make(const char *path);

/* The same rows in a database as deltam 0.1.0 made it (schema 1). */
void old_db_make(const char *path);

/* Toy problems with known figures, in a database of their own. */
void toy_db_make(const char *path);

/* The text of a file of the repository, in memory that lives as long as the process. */
const char *source_text(const char *path);

#endif
