/*
 * A winner's file, DATABASE.d/winners/IDENTITY-EPOCH.params, and the network that it holds
 * the parameters of: how that is built is in the database beside it, which is only read.
 *
 * Errors: ERR_DATA where the file is missing, torn, another job's, of another arithmetic or
 * kernel class; ERR_DB.
 */
#ifndef DELTAM_WINNER_FILE_H
#define DELTAM_WINNER_FILE_H

#include "trainer-core/train/train.h"

struct winner_file {
	const char *file;
	const char *db;
	char identity[64];
	int epoch;
	struct params params; /* of its job */
	struct dataset data; /* of its job: tasks and shapes, no data */
	struct train *train; /* once it is built */
	struct arena *a;
};

/* Finds out everything but the parameters; all of it lives in a. */
MUST_CHECK int winner_file_find(
	struct winner_file *w, const char *file, struct arena *a, struct err *e);
/* Builds the network, on w->data; then reads the parameters into it. */
MUST_CHECK int winner_file_build(struct winner_file *w, struct err *e);
MUST_CHECK int winner_file_load(struct winner_file *w, struct err *e);

#endif
