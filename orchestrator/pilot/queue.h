/*
 * What squeue says of jobs, and how Slurm writes times.
 *
 * A line is "NAME|STATE|TIME LEFT|REASON" (QUEUE_FORMAT); the reason is last, because nobody
 * knows what may stand in it. Of a line that ends sooner the rest is not known.
 */
#ifndef DELTAM_QUEUE_H
#define DELTAM_QUEUE_H

#include <stdbool.h>

#define QUEUE_FORMAT "%j|%T|%L|%r"

struct queue_job {
	char state[32]; /* "PENDING"; "": not known */
	char reason[128]; /* "" where there is none */
	double left; /* seconds of its time when squeue spoke: NAN: unknown, INFINITY: no limit */
	bool ended; /* it is over, and Slurm still remembers it */
};

/*
 * The job of a pilot in what squeue has said; false: no line has its name. Of several of that
 * name (a controller that crashed may start one twice) one that has not ended counts.
 */
bool queue_find(const char *queue, const char *pilot, struct queue_job *out);

/*
 * Seconds of a time as `sbatch -t` takes it and squeue writes it: "90" (minutes), "1:30",
 * "1:00:00", "2-12", "2-12:30:00"; INFINITY of "UNLIMITED" and its like; NAN: it is none.
 */
double queue_seconds(const char *text);

/* Whether a job that waits for this reason may wait until somebody changes something. */
bool queue_reason_stays(const char *reason);

#endif
