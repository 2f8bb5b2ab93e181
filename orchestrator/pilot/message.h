/*
 * The lines of mail.h: what deltam and a pilot say to each other, as JSON (docs/CLUSTERS.md).
 *
 *	in   {"pilot": 1, "build": TEXT, "workers": N, "gpus": N, "gpu_slots": N, "kernels": TEXT}
 *	     {"start": TOKEN, "folder": PATH, "argv": [...], "slots": N, ...}
 *	     {"alive": N}   {"stop": TOKEN}   {"leave": true}
 *	out  {"hello": 1, "host", "pid", "slots", "gpus", "kernels", "build", "slurm_job"}
 *	     {"beat": N}   {"begin": TOKEN, "pid": N}   {"news": TOKEN, "bytes": N}
 *	     {"end": TOKEN, "why", ...}
 *	     {"leaving": "told"|"signal"|"alone"|"failed", "text": TEXT}
 * Unknown keys, missing ones and values of another kind are refused: both ends are of one
 * build. Paths are relative to NAME.db.d.
 */
#ifndef DELTAM_MESSAGE_H
#define DELTAM_MESSAGE_H

#include <stddef.h>
#include "common/arena.h"
#include "orchestrator/sched/sched.h"

#define MESSAGE_VERSION 1

enum message_kind {
	MESSAGE_PILOT, /* deltam to pilot: the first of a file */
	MESSAGE_ALIVE,
	MESSAGE_START,
	MESSAGE_STOP,
	MESSAGE_LEAVE,
	MESSAGE_HELLO, /* pilot to deltam: the first of the file */
	MESSAGE_BEAT,
	MESSAGE_BEGIN, /* a task leaves the queue of the pilot: its process is there */
	MESSAGE_NEWS,
	MESSAGE_END,
	MESSAGE_LEAVING,
	MESSAGE_KINDS
};

/*
 * Everything that any line says; of a kind, what stands beside it in message.c. Texts are
 * "" where they are not given.
 */
struct message {
	enum message_kind kind;
	int64_t number; /* PILOT, HELLO: the version; ALIVE, BEAT: the count */
	const char *token; /* START, STOP, BEGIN, NEWS, END */
	const char *text; /* END, LEAVING */
	const char *why; /* END, LEAVING */
	/* PILOT, HELLO; pid: BEGIN, END, too */
	const char *build, *kernels, *host, *gpu_list, *slurm_job;
	int64_t workers, gpus, gpu_slots, pid, slots;
	/* START */
	const char *folder, *cwd, *log;
	const char *const *argv; /* NULL behind the last */
	double limit_seconds, quiet_seconds, leave_seconds, grace_seconds;
	/* NEWS, END */
	int64_t bytes; /* of the report; -1: unknown */
	/* END */
	int64_t status, signal, diverged, torn, peak_bytes;
	double seconds, cpu_seconds; /* cpu_seconds < 0: it never said */
	const char *kernel_class;
};

/* Reads n bytes; texts are in the arena. ERR_SPEC: what is wrong with the line. */
MUST_CHECK int message_parse(struct message *out, const char *bytes, size_t n,
	struct arena *a, struct err *e);

/* The line of a message, in the arena. */
const char *message_text(const struct message *m, struct arena *a);

/* An end as a message and back; `text` is in the arena of the message or of sched_end. */
void message_of_end(struct message *out, const struct sched_end *end);
MUST_CHECK int message_to_end(
	const struct message *m, struct sched_end *end, struct err *e);

#endif
