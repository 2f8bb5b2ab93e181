/*
 * The other way for epochs to go: not into rows of a database but into lines of a report,
 * as another trainer writes them (docs/TRAINERS.md). deltam reads them with the same eyes
 * and commits them, so that a worker may be where the database is not.
 *
 * DIR is the folder of a job, named by its identity: report.TOKEN takes the lines,
 * state.TOKEN/ the checkpoint. A line is synced before the state behind it is saved.
 */
#ifndef DELTAM_LINES_H
#define DELTAM_LINES_H

#include "common/arena.h"
#include "trainer-core/train/rows.h"

#define LINES_PATH_MAX 1400

struct lines_args {
	const char *folder, *token, *build;
	int until;
	double checkpoint_seconds;
	char *const *words; /* NAME=VALUE, NULL behind the last */
};

struct lines_out {
	int fd;
	char state[LINES_PATH_MAX]; /* the folder of the state */
	struct arena arena; /* of a line */
};

/* The command line of --folder (common/proto.h). ERR_USAGE. */
MUST_CHECK int lines_parse(
	int argc, char **argv, struct lines_args *args, struct err *e);

/* ERR_STALE: the report is not there (any more). */
MUST_CHECK int lines_open(
	struct lines_out *l, const struct lines_args *args, struct err *e);
void lines_close(struct lines_out *l); /* after a failed open, too */

/* ERR_SYS: the line may be there in part, and nothing may follow it. */
MUST_CHECK int lines_hello(
	struct lines_out *l, const char *device, const char *software, struct err *e);
MUST_CHECK int lines_epoch(
	struct lines_out *l, const struct epoch_rows *rows, struct err *e);
MUST_CHECK int lines_diverged(
	struct lines_out *l, int epoch, const char *why, struct err *e);

#endif
