/*
 * Data sets: arrays in one read-only mapping that every worker shares.
 *
 * A data set is composed once into a cache file (dataset.c owns its format: header with
 * version, parameters, source files and a digest; written to a temporary name, synced,
 * renamed). Training only ever maps that file. A source file that changed, a torn or a
 * foreign cache is noticed when the data set is prepared, and composed anew.
 */
#ifndef DELTAM_DATASET_H
#define DELTAM_DATASET_H

#include <stddef.h>
#include <stdint.h>
#include "common/catalogue.h"

enum split { SPLIT_TRAIN, SPLIT_VAL, SPLIT_TEST, SPLIT_COUNT };
extern const char *const split_names[SPLIT_COUNT]; /* "train", "val", "test" */

enum element { ELEMENT_U8, ELEMENT_F32 };

/* n samples, one after the other. A value is element * scale (scale 1 for F32). */
struct field {
	const void *data; /* (n, c, h, w) row-major, 64-byte aligned */
	enum element element;
	float scale;
	int c, h, w;
};

struct split_data {
	int n;
	struct field input; /* what the network sees */
	struct field target[TASKS_MAX]; /* (n, c, h, w); a class label is one number */
};

struct dataset {
	struct split_data split[SPLIT_COUNT];
	struct task_info task[TASKS_MAX];
	int tasks;
	char digest[33]; /* of the composed arrays, hexadecimal */
	void *map;
	size_t map_bytes;
};

/*
 * Brings the data set of ps (dataset.*) into the cache if it is not there, whole and
 * current; checks every byte; fills *d (dataset_close it). What `deltam` runs first.
 * Errors: ERR_DATA with the file, what was expected, and the command that installs it.
 */
MUST_CHECK int dataset_prepare(
	const struct params *ps, struct arena *a, struct dataset *d, struct err *e);

/*
 * Maps what dataset_prepare left; ERR_DATA where it is absent or its digest is not the
 * job's (dataset.digest). Checks the header only: a worker starts in microseconds.
 */
MUST_CHECK int dataset_open(
	const struct params *ps, struct arena *a, struct dataset *d, struct err *e);
void dataset_close(struct dataset *d);

/*
 * What a data set implements (dataset/<file>.c): its shapes, its source files, and the
 * filling of the arrays. dataset.def names it.
 */
struct dataset_ops;

#endif
