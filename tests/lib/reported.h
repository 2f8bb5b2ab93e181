/*
 * A job that another trainer trains, as its reports are read against: tasks `a` (criteria
 * acc, higher, and err, lower) and `b` (acc).
 */
#ifndef DELTAM_TESTS_REPORTED_H
#define DELTAM_TESTS_REPORTED_H

#include "orchestrator/segment/report_line.h"

/* task: of a baseline; NULL: all tasks. What it points to lives in the arena. */
struct report_form reported_form(struct arena *a, const char *task);

#define REPORTED_A "\"a\": {\"loss\": 1, \"acc\": 0.5, \"err\": 0.25}"
#define REPORTED_B "\"b\": {\"loss\": 2, \"acc\": 0.75}"
#define REPORTED_SPLITS \
	"\"val\": {" REPORTED_A ", " REPORTED_B "}, \"test\": {" REPORTED_A \
	", " REPORTED_B "}"
/* The line of an epoch, n a string of its number. */
#define REPORTED_EPOCH(n) "{\"epoch\": " n ", " REPORTED_SPLITS "}"

#endif
