/*
 * The worker's end of the pipe to deltam (common/proto.h): liveness, progress, and the
 * next segment.
 *
 * Without a pipe at descriptor 3 (a worker started by hand) the lines go nowhere. A
 * line is one write() of less than PIPE_BUF bytes, so lines never mix. A reader that
 * is gone is noticed: pipe_closed().
 */
#ifndef DELTAM_PIPE_H
#define DELTAM_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Call before any file is opened: descriptor 3 must not be somebody else's. From then on
 * the process says `beat` every PROTO_BEAT_SECONDS / 2 by itself (SIGALRM), even within a
 * step: silence means that it is stopped or gone, never that a step is long. How long
 * training may take is for `limits` to say.
 */
void pipe_open(void);

/* Whether there is a reader to talk to, or was. */
bool pipe_exists(void);

void pipe_hello(const char *kernel_class, const char *build);
void pipe_epoch(int epoch);
/* What the segment used so far: CPU time, and the most memory at once (0: unknown). */
void pipe_spent(double cpu_seconds, int64_t peak_bytes);
void pipe_diverged(int epoch, const char *message);
void pipe_error(const char *message);
void pipe_news(void);

/*
 * Says `done` and waits for the next line, without its newline. False when there is none
 * to come: nobody to ask, the stream has ended, or stop() is true (looked at every second).
 */
bool pipe_next(char *line, size_t size, bool (*stop)(void));

/* Whether the reader has gone, so that nobody waits for this work any more. */
bool pipe_closed(void);

#endif
