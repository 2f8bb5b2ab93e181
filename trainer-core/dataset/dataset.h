/*
 * Data sets: arrays in one read-only mapping that every worker shares.
 *
 * A data set is composed once into a cache file (dataset/cache.h: written under a
 * temporary name, synced, renamed). Training only ever maps that file, so any number of
 * workers share one copy in the page cache. A source file that changed, and a cache that
 * is torn, foreign or of an older format, are noticed when the data set is prepared, and
 * the cache is composed anew.
 */
#ifndef DELTAM_DATASET_H
#define DELTAM_DATASET_H

#include <stddef.h>
#include <stdint.h>
#include "catalogue/catalogue.h"
#include "trainer-core/dataset/cache.h"

enum split { SPLIT_TRAIN, SPLIT_VAL, SPLIT_TEST, SPLIT_COUNT };
extern const char *const split_names[SPLIT_COUNT]; /* "train", "val", "test" */

enum element { ELEMENT_U8, ELEMENT_F32 };

/*
 * n samples, one after the other. A value is element * scale + offset; scale is 1 for
 * F32, and only targets have an offset: -1 is how u8 labels say -1, "not labelled".
 */
struct dataset_field {
	const void *data; /* (n, c, h, w) row-major, 64-byte aligned */
	enum element element;
	float scale;
	int c, h, w;
	float offset;
};

struct split_data {
	int n;
	struct dataset_field input; /* what the network sees; see own_inputs */
	struct dataset_field own_input[TASKS_MAX]; /* by task */
	/* (n, c, h, w), by task; a class label is one number, u8 with scale 1 */
	struct dataset_field target[TASKS_MAX];
};

struct dataset {
	struct split_data split[SPLIT_COUNT];
	struct task_info task[TASKS_MAX];
	int tasks;
	/*
	 * Every task has samples of its own: own_input[k] belongs to target[k], and
	 * sample i of one task has nothing to do with that of another. Then `input` is
	 * the shape that they share, without data.
	 */
	bool own_inputs;
	char digest[33]; /* of the composed arrays and their shapes, hexadecimal */
	void *map;
	size_t map_bytes;
	int file; /* descriptor of what is mapped */
	const char *path;
	bool composed; /* by this dataset_prepare; else the file was there */
	struct cache_stamp verified; /* of the file when its arrays were right */
};

/*
 * Both read dataset.* of ps: name; train, val, test (default: the catalogue's sizes; at
 * most `times` as many); what else the row in dataset.def lists. ps and the arena, which
 * holds the names of the tasks, outlive *d.
 */

/*
 * Fills *d but for data and digest: tasks, sizes and shapes, for which no file is looked
 * at. Errors: ERR_SPEC.
 */
MUST_CHECK int dataset_shape(
	const struct params *ps, struct arena *a, struct dataset *d, struct err *e);

/*
 * Brings the data set into the cache if it is not there, whole and current; checks every
 * byte of sources and arrays; fills *d (dataset_close it). What `deltam` runs first.
 * Safe while others prepare or train on the same data set. labeller (pseudo.h): NULL
 * where no pseudo-task is to be labelled.
 * Errors: ERR_SPEC for parameters; ERR_DATA for source files, with the file, the place,
 * what was expected, and the command that installs it; ERR_SYS (no room, no permission).
 */
struct labeller;
MUST_CHECK int dataset_prepare(const struct params *ps, const struct labeller *labeller,
	struct arena *a, struct dataset *d, struct err *e);

/*
 * Maps what dataset_prepare left. Checks header, size and - where ps has dataset.digest -
 * the digest, not the arrays: a worker starts in microseconds. Reads no source file.
 * Errors: ERR_SPEC for parameters; ERR_DATA where the cache is absent or another.
 */
MUST_CHECK int dataset_open(
	const struct params *ps, struct arena *a, struct dataset *d, struct err *e);
void dataset_close(struct dataset *d);

/*
 * Whether the arrays are those of the digest: reads every byte, unless this process has
 * done so and nobody has written to the file since. ERR_DATA: somebody changed the file.
 */
MUST_CHECK int dataset_verify(struct dataset *d, struct err *e);

/* Whether somebody has written to the file since dataset_verify: what was read is in doubt. */
bool dataset_touched(const struct dataset *d);

#endif
