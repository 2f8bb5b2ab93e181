/*
 * A pilot as deltam knows it: its files, what it has said, the tasks that it has, and its
 * lease. What follows from that is the caller's (fleet.h).
 *
 * Silence is counted in deltam's own looks, a tick apart; no clock of another machine is read.
 */
#ifndef DELTAM_CRAFT_H
#define DELTAM_CRAFT_H

#include "common/store/store_pilot.h"
#include "orchestrator/pilot/launch.h"
#include "orchestrator/pilot/message.h"

/* Ticks. */
#define CRAFT_ALIVE 30 /* between lines `alive` */
#define CRAFT_BEGIN 60 /* without hello, and unknown to its launcher */
#define CRAFT_SILENT 120 /* and unknown to its launcher */
#define CRAFT_BLIND 300 /* silent, where the launcher cannot tell */
#define CRAFT_STUCK 900 /* silent, but its launcher has it */
/*
 * From the end of a task to the next one that comes for it: deltam looks once a tick, and so does
 * the pilot. So much of the expected time is at a slot, the task at work included.
 */
#define CRAFT_STORE 3
#define CRAFT_TASKS 16 /* a slot, however short they are */

enum craft_state {
	CRAFT_ASKED, /* for, and its launcher has not answered */
	CRAFT_STARTED, /* no hello yet */
	CRAFT_WORKS,
	CRAFT_LEAVES, /* by itself: its time is over */
	CRAFT_TOLD, /* to leave */
	CRAFT_GONE,
};

/* A task that is at a pilot. */
struct craft_task {
	struct craft_task *next;
	struct sched_task task;
	int slots; /* that it takes there */
	bool begun; /* it is at work; otherwise it waits at the pilot */
	bool sent; /* this deltam has written its line */
	bool news; /* its report has grown since it was read */
	bool enough; /* it was told to stop */
};

struct craft {
	struct craft *next;
	int64_t id;
	char name[PILOT_NAME_MAX];
	char job[LAUNCH_JOB_MAX]; /* what the launcher calls it; "": not known */
	int place; /* PREFIX: which of its hosts, from 1 on; 0: none */
	char host[128]; /* that it says itself; "": nothing yet */
	enum craft_state state;
	bool inherited; /* from a predecessor */
	int round; /* of fleet.h: failures before it was asked for */
	bool foreign; /* another launcher's: nobody can be asked */
	struct mail_in out;
	struct mail_out in;
	int64_t alive; /* lines so far */
	int slots; /* 0 without hello */
	int load; /* slots of its tasks */
	double store; /* seconds that these take, each times its slots, where they are known */
	int unknown; /* tasks of which nobody knows how long they take */
	pid_t child; /* ours that is it, or starts it, and that nobody has waited for; 0: none */
	bool failed; /* that one has ended, and should not have */
	int child_status; /* with that status (ask_ended) */
	bool listed; /* its launcher had it */
	int judged; /* the answer of squeue that was looked at for it, before its hello */
	int64_t vacancy; /* the pilot whose place is free since this one leaves; 0: none is */
	int64_t instead; /* the pilot whose place it takes; 0: nobody's */
	int64_t pid; /* of the process here that it is; 0: elsewhere */
	int silent; /* looks without a line */
	int asked; /* how often the launcher had been looked at when it took the pilot */
	int late; /* looks at a line whose report has not come */
	int deaf; /* ticks in which `in` could not be written */
	bool proved; /* a segment of it got somewhere */
	struct craft_task *tasks;
};

/* The path of its folder's files for an incarnation of deltam; makes in.N. ERR_SYS. */
MUST_CHECK int craft_open(struct craft *c, const char *root, struct err *e);
void craft_release(struct craft *c);

/* Lines for it, which craft_flush writes. */
void craft_say_setup(struct craft *c, const struct message *setup);
void craft_say_start(struct craft *c, struct craft_task *t, const char *root);
void craft_say_stop(struct craft *c, const char *token);
void craft_say_alive(struct craft *c);
void craft_say_leave(struct craft *c);
/* ERR_SYS once it has failed for MAIL_PATIENCE ticks. */
MUST_CHECK int craft_flush(struct craft *c, struct err *e);

struct craft_task *craft_find(const struct craft *c, const char *token);
/* The task, in the caller's memory, is at the pilot from now on. */
void craft_add(struct craft *c, struct craft_task *t);
/* The task is no more; the caller frees nothing. */
void craft_drop(struct craft *c, struct craft_task *t);

/* Tasks that are at work there. */
int craft_begun(const struct craft *c);

/*
 * Whether it takes another task: one a slot waits ahead, and of short ones as many as last until
 * the next ones come (CRAFT_STORE ticks).
 */
bool craft_has_room(const struct craft *c);

/*
 * What its silence, its launcher's words or the end of its process mean: NULL, or why it is given
 * up, in the arena. *cancel: its launcher still has it. Call it once a tick.
 */
const char *craft_lease(
	struct craft *c, const struct launch *l, struct arena *a, bool *cancel);

#endif
