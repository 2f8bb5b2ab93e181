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
	bool sent; /* this deltam has written its line */
	bool news; /* its report has grown since it was read */
	bool enough; /* it was told to stop */
};

struct craft {
	struct craft *next;
	int64_t id;
	char name[PILOT_NAME_MAX];
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
/* The task is no more; the caller frees nothing. */
void craft_drop(struct craft *c, struct craft_task *t);

/* Whether it takes another task: one a slot waits ahead. */
bool craft_has_room(const struct craft *c);

/*
 * What its silence means: NULL, or why it is given up. *cancel: its launcher still has it.
 */
const char *craft_lease(const struct craft *c, const struct launch *l, bool *cancel);

#endif
