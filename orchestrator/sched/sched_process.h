/*
 * A worker process on the event loop: its start, the pipe that it speaks through, signals,
 * and its end. It knows no tasks. Belongs to sched.c.
 */
#ifndef DELTAM_SCHED_PROCESS_H
#define DELTAM_SCHED_PROCESS_H

#include "common/proto.h"
#include "orchestrator/sched/sched_loop.h"

struct sched_process_ops {
	void (*line)(const struct proto_line *line, void *arg);
	void (*heard)(void *arg); /* behind the lines of one read */
	void (*exited)(void *arg, int status, int signal);
	void (*closed)(void *arg); /* nothing of it is left: another may start */
};

/* The caller sets the first two members, once. */
struct sched_process {
	const struct sched_process_ops *ops;
	void *arg;
	int pid; /* 0: none has started */
	bool leads; /* a process group, which ends with it */
	struct proto_reader reader;
	uv_process_t process;
	uv_pipe_t pipe;
	int open; /* handles that are not closed yet */
	char bytes[4096]; /* what libuv reads into */
};

/* Before a start; from here on sched_process_close is wanted. */
void sched_process_prepare(struct sched_process *p, struct sched_loop *l);
/*
 * Starts it. argv: NULL behind the last word; cwd: where it runs, NULL: here; log: a file
 * descriptor that takes its stderr. OK, or the negated errno.
 */
MUST_CHECK int sched_process_start(struct sched_process *p, const char *const *argv,
	const char *cwd, int log, bool leads);

/* One that is gone already will be reaped: no error. */
void sched_process_signal(struct sched_process *p, int signal);
/* To all that one which leads a group has started, and to nobody else. */
void sched_process_signal_group(const struct sched_process *p, int signal);

/* Writes to it at once; false: it does not listen. */
bool sched_process_send(struct sched_process *p, const char *bytes, size_t n);
/* The lines that it wrote before it died and that the loop has not delivered. */
void sched_process_drain(struct sched_process *p);

/* Tells one that waits that nothing more will come. */
void sched_process_let_go(struct sched_process *p);
/* Gives back what the loop has of one that is gone, or never came; then `closed`. */
void sched_process_close(struct sched_process *p);

#endif
