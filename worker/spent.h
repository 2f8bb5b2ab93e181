/*
 * What a segment costs its machine: CPU time of all threads, and the most memory that the
 * process had resident at once (VmHWM of proc(5)), since the segment began.
 */
#ifndef DELTAM_SPENT_H
#define DELTAM_SPENT_H

/*
 * Begins to count. A worker goes from one segment to the next, so that the peak is set
 * back, too; where the system cannot do that it is the peak of the process until then.
 */
void spent_begin(void);

/* Tells deltam, at the end of a segment. */
void spent_say(void);

/*
 * The same of every process that was started here and has ended: CPU time of all, and the
 * peak of the largest.
 */
void spent_say_children(void);

/*
 * An epoch is done: tells deltam, once a second at most, because a worker that is killed
 * says nothing at its end.
 */
void spent_epoch(void);

#endif
