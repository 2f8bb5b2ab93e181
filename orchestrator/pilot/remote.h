/*
 * sched_run for segments that run elsewhere: pilots are started, given tasks, and read. Who
 * decides what to train (sched_ops) does not learn where.
 */
#ifndef DELTAM_REMOTE_H
#define DELTAM_REMOTE_H

#include "orchestrator/pilot/craft.h"

struct remote_options {
	struct store *s; /* of the rows of pilots */
	int64_t sweep;
	struct launch *launch;
	int workers; /* slots of a pilot; 0: as many as it may use processors */
	int gpus, gpu_slots; /* of a slot (trainer.gpu); 0, 0: none */
	const char *
		kernels; /* a word of DELTAM_KERNELS, or native; "": none of deltam's */
	/*
	 * What kernel class all must be of; "": that of the first to begin. NULL: any, since
	 * deltam's kernels train nothing.
	 */
	const char *kernel_class;
};

/*
 * As sched_run, with the same ops; tasks must have a folder. Pilots and tasks that a
 * predecessor has left go on (ops->adopt). SIGINT: pilots are told to leave, their segments
 * save; the second one does not wait for that. SIGTERM and, but under nohup, SIGHUP end this
 * process alone: pilots go on for ten minutes, in which the same command takes them over.
 * ERR_SYS besides: pilots that end without a segment, three in a row; one of another build.
 */
MUST_CHECK int remote_run(const struct remote_options *o, const struct sched_ops *ops,
	void *arg, struct err *e);

/* Pilots that a predecessor has left, and that nobody wants any more, are told to leave. */
MUST_CHECK int remote_dismiss(struct store *s, const char *root, struct err *e);

#endif
