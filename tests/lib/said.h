/*
 * deltam as a process in a scratch folder, and what it said there.
 */
#ifndef DELTAM_TESTS_SAID_H
#define DELTAM_TESTS_SAID_H

#include "tests/lib/child.h"

/* A scratch folder that holds what this one of tests/fixtures/reports does. */
void said_enter(const char *report);
void said_enter_empty(void);
void said_sweep(const char *file, const char *text);

/* deltam with its words; stdout and stderr lie in out and err. */
#define DELTAM(...) said_run((const char *const[]){ "deltam", __VA_ARGS__, NULL })
int said_run(const char *const *argv);

const char *said_in(const char *file); /* its text; static */
void said_has(const char *file, const char *part);
void said_lacks(const char *file, const char *part);

/* A sweep of ew on synthetic data whose baseline has further members. */
#define TRAINED(name, train, more) \
	"{ \"sweep\": \"" name "\", \"dataset\": { \"name\": \"synthetic\", " \
	"\"train\": " train \
	", \"val\": 32, \"test\": 32, \"tasks\": 3 }, \"train\": { " \
	"\"epochs\": 3, \"batch\": 16 }, \"methods\": [\"ew\"], \"search\": { " \
	"\"lr\": 0.01 }, \"final\": { \"seeds\": 1 }, \"baseline\": { " more " } }"

#endif
