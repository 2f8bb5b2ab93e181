/*
 * The protocol on a real database without workers: the turns are those of a run with as
 * many slots as there are tasks, the test says what each would reach, and which ends
 * next. Every sweep is called t and has the tasks reg1 and reg2.
 */
#ifndef DELTAM_TESTS_PLAYED_H
#define DELTAM_TESTS_PLAYED_H

#include "orchestrator/run/dispatch.h"

/* The `dataset` of a sweep file. */
#define PLAYED_DATASET \
	"\"dataset\": {\"name\": \"synthetic\", \"train\": 100, \"val\": 10, " \
	"\"test\": 10, \"tasks\": 2}, "

struct played_job {
	int64_t id;
	const char *own, *primary; /* tasks, or "" */
	double lr, wd, temperature; /* NAN: none */
	int64_t seed;
	int start, stop; /* epochs of the segment */
};

/* The figures of an epoch on a split; not finite: the job diverges in this epoch. */
typedef double played_figure(
	const struct played_job *job, const char *task, int epoch, bool test);

/* Which of the tasks that are out ends next: the one that was claimed first, last, any. */
enum played_order { PLAYED_FIRST, PLAYED_LAST, PLAYED_SHUFFLED };

struct played {
	struct arena arena;
	struct spec spec;
	struct resolved resolved;
	struct store s;
	struct stage_ctx stage;
	struct progress progress;
	struct dispatch dispatch;
	played_figure *figure;
	enum played_order order;
	unsigned random; /* of PLAYED_SHUFFLED */
	struct sched_task *out; /* claimed, as they were claimed */
	int n, capacity;
	int64_t trained; /* epochs */
};

/* Makes the database and plans the sweep file; played_free removes neither. */
struct played *played_new(
	const char *db, const char *text, bool prune, played_figure *figure);
void played_free(struct played *p);
/* As the start of a run does: all that is not rows is forgotten. */
void played_plan(struct played *p, const char *text, bool prune);
/* At most so many segments; whether anything is left to do. */
bool played_some(struct played *p, int segments);
/* How many jobs wait for a worker, as the rows say. */
int played_waiting(struct played *p);
void played_all(struct played *p, enum played_order order);

/* In the arena of p. */
const char *played_dump(struct played *p, const char *sql);
/* The first value of the first row; 0 without a row. */
double played_number(struct played *p, const char *sql);
/* The rows of every table that a digest or a stage reads. */
const char *played_rows(struct played *p);

#endif
