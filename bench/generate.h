/*
 * Makes a database of a given size without training, to time what reads results: real
 * sweeps go through the real protocol, with figures by a formula instead of workers.
 */
#ifndef DELTAM_BENCH_GENERATE_H
#define DELTAM_BENCH_GENERATE_H

#include <stdint.h>
#include "orchestrator/run/dispatch.h"

/* What a source of figures is asked about. Texts live as long as the sweep. */
struct generated {
	int64_t id;
	const char *method;
	const char *task; /* "" but for baselines */
	double lr;
	double temperature; /* 3 where there is none */
	const char *weights; /* "" where there are none */
	int seed;
	int start, stop; /* epochs of the segment */
};

struct generator {
	/* Writes the rows of one epoch, or says that the job diverged there. */
	int (*put_epoch)(struct generator *g, const struct generated *w, int epoch,
		bool *diverged, struct err *e);
	const void *arg; /* of the source */
	bool prune;
	int epochs; /* of a job, where generate_database writes the sweep */
	int64_t rows; /* of metric, so far */
	struct store s;

	/* of the sweep that is being made */
	struct arena arena;
	struct spec spec;
	struct resolved resolved;
	struct stage_ctx stage;
	struct progress progress;
	struct dispatch dispatch;
};

/* Makes a new database. s.lock.fd is -1 before, and the caller closes the store. */
MUST_CHECK int generate_open(struct generator *g, const char *path, struct err *e);
/* Plays a sweep, from the text of its file through every stage. */
MUST_CHECK int generate_sweep(struct generator *g, const char *text, struct err *e);

/*
 * Makes `path` (which must not exist) with at least `rows` metric rows, the most of them
 * in the first sweep. The same bytes of figures every time. *made: the rows. epochs: of each
 * job, none of which is stopped early; 0: 100, pruned as the default rule does.
 */
MUST_CHECK int generate_database(
	int64_t rows, int epochs, const char *path, int64_t *made, struct err *e);

/* bench generate ROWS FILE [EPOCHS]: what main hands over behind the word. */
MUST_CHECK int generate_main(int argc, char **argv, struct err *e);

#endif
