/*
 * The digest of guarantee 1: over the rows of metric, task_weight, score, decision,
 * corruption and corrupted in the order of their keys, every value to the bit.
 */
#ifndef DELTAM_TESTS_DIGEST_H
#define DELTAM_TESTS_DIGEST_H

#include <stdint.h>

#define DIGEST_MAX 33

/* 32 hexadecimal digits into buf; returns buf. */
char *digest_rows(const char *db, char buf[DIGEST_MAX]);

/* The first value of a query; its text in a static buffer for the second. */
int64_t query_int(const char *db, const char *sql);
const char *query_text(const char *db, const char *sql);
/* Statements without results. */
void query_run(const char *db, const char *sql);

/*
 * Nobody else writes from query_hold until query_release, which runs sql (or nothing: "")
 * and commits: what a process does next is then known, however fast it is.
 */
struct sqlite3;
struct sqlite3 *query_hold(const char *db);
void query_release(struct sqlite3 *held, const char *sql);

#endif
