/*
 * The scheduler: worker processes in a fixed number of slots. Processes and
 * their pipes are sched_process.c's, ticks and signals sched_loop.c's, which alone know
 * libuv. It knows nothing of stages, sweeps or the database: what to train next
 * and what an end means is the caller's (struct sched_ops).
 *
 * A slot goes FREE -> RUNNING -> (STOPPING | KILLED) -> CLOSING -> FREE; it is reused
 * from the close callback of its last handle only. A worker that says `done` is IDLE and
 * given the next task (-> RUNNING), or let go (-> LEAVING -> CLOSING) where it wrote to
 * stderr, which belongs to one task, or where nothing is left to do.
 *
 * The turn that reports the end of a slot's task brings the slot its next one. While the
 * old process goes, the slot holds that task; the close callback starts it, or reports it
 * as stopped where the run stops in between.
 */
#ifndef DELTAM_SCHED_H
#define DELTAM_SCHED_H

#include <stdbool.h>
#include <stdint.h>
#include "common/proto.h"

#define SCHED_TOKEN_MAX 40

/* A segment: what the worker is told of it, and how long it may take. */
struct sched_task {
	int64_t job;
	char token[SCHED_TOKEN_MAX];
	double limit_seconds; /* 0: none */
	double quiet_seconds; /* 0: no limit; see SCHED_QUIET */
	double leave_seconds; /* after these it is asked to leave (SCHED_ENOUGH); 0: never */
	double expected_seconds; /* that it takes, as the others did; 0: unknown */
	int slots; /* above 1: no worker that waits keeps its memory beside it */
	/*
	 * What is called where it is not a worker on the database: NULL behind the last
	 * word, and where it runs (NULL: here). It leads a process group, which ends with
	 * it, and never says `done`.
	 */
	const char *const *argv;
	const char *cwd;
	/*
	 * For another machine, where the task can run there: the job's folder, and what
	 * stands in argv behind program, folder and token.
	 */
	const char *folder;
	const char *const *words;
	int64_t where; /* the pilot that it is for (ops.place); 0: here */
	double grace_seconds; /* of this task, beyond that of the options */
	const char *log; /* where its stderr goes if it writes any; NULL: /dev/null */
	void *data; /* the caller's */
};

enum sched_why {
	SCHED_EXITED, /* by itself, or done and waiting: see status */
	SCHED_SIGNALLED, /* by a signal that was not ours: see signal */
	SCHED_TIMEOUT, /* we killed it: beyond limit_seconds */
	SCHED_SILENT, /* we killed it: no beat for silent_seconds */
	SCHED_QUIET, /* we killed it: no epoch, no output for quiet_seconds */
	SCHED_ENOUGH, /* we ended it: news() wanted no more of it, or leave_seconds */
	SCHED_STOPPED, /* it left or died because the run is stopping */
	SCHED_NOT_STARTED, /* no process was made; the run stops */
	SCHED_LOST, /* with the pilot that ran it */
};

/* How a worker ended, with what it said on the way. */
struct sched_end {
	const struct sched_task *task; /* as turn() filled it */
	enum sched_why why;
	int status; /* EXITED: enum proto_exit, as the worker chose it */
	int signal; /* SIGNALLED */
	int pid;
	double seconds; /* on the clock, from spawn or the last task's end */
	bool spent; /* the worker said what it used: the next two, as far as it said */
	double cpu_seconds;
	int64_t peak_bytes; /* 0: the system does not say */
	int diverged_epoch; /* of its line `diverged`; 0 without */
	int torn; /* lines that were none of ours */
	char kernel_class[64]; /* "" when it never said hello */
	char build[64];
	char text[PROTO_LINE_MAX]; /* of its last line `error` or `diverged` */
};

enum sched_turn {
	SCHED_NOTHING, /* at the moment: the next end may change that */
	SCHED_TASK, /* *next was filled, and will come back in an end */
	SCHED_LATER, /* there is something for which it is too early: see at the next tick */
};

enum sched_leave { SCHED_STAY, SCHED_LEAVE, SCHED_KILL };

struct sched_ops {
	/*
	 * One turn. end: a task whose worker is gone or waits; NULL: none has ended. next:
	 * where the next task goes; NULL: none is wanted, the run stops. Returns enum
	 * sched_turn, or a negative code to stop the run with that error.
	 */
	int (*turn)(void *arg, const struct sched_end *end, struct sched_task *next,
		struct err *e);
	/*
	 * Called when a worker has begun the task, before its first line; may be NULL.
	 */
	void (*started)(void *arg, const struct sched_task *task, int pid);
	/* Called when an epoch of the task is committed; may be NULL. */
	void (*epoch)(void *arg, const struct sched_task *task, int epoch);
	/*
	 * The report of the task has grown; NULL where no task has argv. Returns 1 where
	 * nothing more is wanted of it: it is asked to leave (SCHED_ENOUGH). Negative: the
	 * run stops with that error.
	 */
	int (*news)(void *arg, const struct sched_task *task, struct err *e);
	/* Called once a tick; may be NULL. */
	void (*tick)(void *arg);
	/*
	 * Whether all are to leave, asked once a tick; may be NULL. Ends the run as the
	 * first signal does (SCHED_LEAVE) or the second (SCHED_KILL).
	 */
	enum sched_leave (*leave)(void *arg);
	/*
	 * Whether a task is still wanted, asked once a tick; may be NULL. One that is not
	 * is asked to leave (SCHED_ENOUGH).
	 */
	bool (*wanted)(void *arg, const struct sched_task *task);
	/*
	 * The tasks that the next turns find are for this pilot. May be NULL; only who runs
	 * tasks elsewhere calls it.
	 */
	void (*place)(void *arg, int64_t where);
	/*
	 * The next task that is at work already, at the pilot task->where, since before
	 * this run: SCHED_TASK, or SCHED_NOTHING behind the last. May be NULL; only who runs
	 * tasks elsewhere calls it, before the first turn.
	 */
	int (*adopt)(void *arg, struct sched_task *task, struct err *e);
};

struct sched_options {
	const char *worker; /* path of the program */
	const char *db;
	const char *logs; /* folder for what slots write to stderr; NULL: nowhere */
	int workers; /* slots, >= 1 */
	int tick_ms; /* 0: 1000 */
	double silent_seconds; /* 0: 60 */
	double grace_seconds; /* 0: 60, between SIGTERM and SIGKILL */
};

/*
 * Runs until turn() has nothing, now or later, and every slot is free. Time limits and silence are
 * counted in ticks that this process has lived through: a suspended machine or a long
 * transaction of ours is not held against the workers.
 *
 * SIGTSTP (Ctrl-Z) stops the workers with this process, and they go on with it.
 * SIGINT, SIGTERM or, but under nohup, SIGHUP: nothing new starts, workers get SIGTERM; the
 * second signal kills them. Returns ERR_INTERRUPTED then; the first error of an op; ERR_SYS
 * when a worker cannot be started. In each case every worker is gone when it returns.
 */
MUST_CHECK int sched_run(const struct sched_options *o, const struct sched_ops *ops,
	void *arg, struct err *e);

#endif
