#include "orchestrator/sched/sched.h"

#include <signal.h>
#include <stdio.h>
#include "common/arena.h"
#include "common/clock.h"
#include "common/crash.h"
#include "orchestrator/sched/sched_process.h"
#include "orchestrator/sched/slot_log.h"

#define TICK_MS 1000
#define SILENT_SECONDS 60
#define GRACE_SECONDS 60

enum slot_state {
	SLOT_FREE,
	SLOT_RUNNING,
	SLOT_STOPPING, /* SIGTERM sent */
	SLOT_KILLED, /* SIGKILL sent */
	SLOT_IDLE, /* its worker waits for a task */
	SLOT_LEAVING, /* its worker has been told that there is none */
	SLOT_CLOSING, /* the process is gone, its handles are closing */
	SLOT_STATES
};

#define TO(state) (1U << SLOT_##state)
static const unsigned transitions[SLOT_STATES] = {
	[SLOT_FREE] = TO(RUNNING) | TO(CLOSING),
	[SLOT_RUNNING] = TO(STOPPING) | TO(KILLED) | TO(CLOSING) | TO(IDLE),
	[SLOT_STOPPING] = TO(KILLED) | TO(CLOSING),
	[SLOT_KILLED] = TO(CLOSING),
	[SLOT_IDLE] = TO(RUNNING) | TO(LEAVING) | TO(CLOSING),
	[SLOT_LEAVING] = TO(KILLED) | TO(CLOSING),
	[SLOT_CLOSING] = TO(FREE),
};
#undef TO

struct sched;

struct slot {
	struct sched *sched;
	enum slot_state state;
	struct sched_process process;
	bool at_task; /* one that has not ended */
	bool done; /* its worker said so */
	struct sched_task task;
	struct sched_task next; /* where held: comes when the slot can take it */
	bool held;
	struct sched_end end;
	double began; /* clock_seconds() */
	struct slot_log log; /* takes the worker's stderr */
	int alive_ticks;
	int silent_ticks;
	int quiet_ticks;
	int64_t log_size; /* when it was looked at last */
	int stopping_ticks;
};

struct sched {
	const struct sched_options *o;
	const struct sched_ops *ops;
	void *arg;
	struct sched_loop loop;
	struct slot *slots;
	int busy; /* slots with a task, or one that is closing behind it */
	int interrupts;
	bool stopping;
	bool later; /* the last turn said that it was too early */
	struct err *e; /* the first error */
	int rc;
};

static void start(struct slot *slot);
static void fill(struct sched *s);

static void slot_set(struct slot *slot, enum slot_state state)
{
	ASSERT(transitions[slot->state] & (1U << state));
	slot->state = state;
}

static int tick_ms(const struct sched *s)
{
	return s->o->tick_ms ? s->o->tick_ms : TICK_MS;
}

static void kill_slot(struct slot *slot, enum sched_why why)
{
	if (slot->state != SLOT_RUNNING && slot->state != SLOT_STOPPING &&
		slot->state != SLOT_LEAVING)
		return;
	slot_set(slot, SLOT_KILLED);
	if (slot->end.why != SCHED_ENOUGH)
		slot->end.why = why;
	sched_process_signal(&slot->process, SIGKILL);
	sched_process_signal_group(&slot->process, SIGKILL);
}

/* Asks a worker that is at it to leave. */
static void ask_to_leave(struct slot *slot, enum sched_why why)
{
	slot_set(slot, SLOT_STOPPING);
	slot->end.why = why;
	sched_process_signal(&slot->process, SIGTERM);
}

/* The end of the stream: a worker that waits leaves. */
static void let_go(struct slot *slot)
{
	slot_set(slot, SLOT_LEAVING);
	slot->stopping_ticks = 0;
	sched_process_let_go(&slot->process);
}

static void let_idle_go(struct sched *s)
{
	for (int i = 0; i < s->o->workers; i++)
		if (s->slots[i].state == SLOT_IDLE)
			let_go(&s->slots[i]);
}

/* Begins no new work, and asks those at work to leave. */
static void stop(struct sched *s)
{
	s->stopping = true;
	let_idle_go(s);
	for (int i = 0; i < s->o->workers; i++) {
		struct slot *slot = &s->slots[i];

		if (slot->state == SLOT_RUNNING)
			ask_to_leave(slot, SCHED_STOPPED);
	}
}

/* An error stops the run; the first one is what it ends with. */
static void check(struct sched *s, int rc, const struct err *e)
{
	if (err_keep_first(&s->rc, s->e, rc, e))
		stop(s);
}

/*
 * The caller learns from what ended (NULL: nothing has), and the slot holds what is next.
 * Whether it does.
 */
static bool turn(struct slot *slot, const struct sched_end *end)
{
	struct sched *s = slot->sched;
	struct err e = { 0 };
	int rc = s->ops->turn(s->arg, end, s->stopping ? NULL : &slot->next, &e);

	slot->held = rc == SCHED_TASK;
	s->later = rc == SCHED_LATER;
	check(s, rc, &e);
	return slot->held;
}

/* The next task becomes the slot's task. */
static void take_next(struct slot *slot)
{
	slot->task = slot->next;
	slot->held = false;
	slot->end = (struct sched_end){ .task = &slot->task };
}

/* The run stops before what the slot holds has begun. */
static void give_back(struct slot *slot)
{
	take_next(slot);
	slot->end.why = SCHED_STOPPED;
	slot->end.status = PROTO_INTERRUPTED;
	turn(slot, &slot->end);
}

static void on_closed(void *arg)
{
	struct slot *slot = arg;
	struct sched *s = slot->sched;

	slot_set(slot, SLOT_FREE);
	s->busy--;
	if (slot->held && s->stopping)
		give_back(slot);
	else if (slot->held)
		start(slot);
	fill(s);
}

static void close_slot(struct slot *slot)
{
	slot_set(slot, SLOT_CLOSING);
	sched_process_close(&slot->process);
}

/* The caller reads what the task's trainer reports. */
static void on_news(struct slot *slot)
{
	struct sched *s = slot->sched;
	struct err e = { 0 };
	int rc = s->ops->news && slot->task.argv && slot->at_task
		? s->ops->news(s->arg, &slot->task, &e)
		: 0;

	slot->quiet_ticks = 0;
	check(s, rc, &e);
	if (rc > 0 && slot->state == SLOT_RUNNING)
		ask_to_leave(slot, SCHED_ENOUGH);
}

static void on_line(const struct proto_line *line, void *arg)
{
	struct slot *slot = arg;
	struct sched *s = slot->sched;

	switch (line->kind) {
	case PROTO_HELLO:
		snprintf(slot->end.kernel_class, sizeof(slot->end.kernel_class), "%s",
			line->kernel_class);
		snprintf(slot->end.build, sizeof(slot->end.build), "%s", line->build);
		break;
	case PROTO_BEAT:
		break;
	case PROTO_NEWS:
		on_news(slot);
		break;
	case PROTO_EPOCH:
		slot->quiet_ticks = 0;
		if (s->ops->epoch)
			s->ops->epoch(s->arg, &slot->task, line->epoch);
		break;
	case PROTO_SPENT:
		slot->end.spent = true;
		slot->end.cpu_seconds = line->cpu_seconds;
		slot->end.peak_bytes = line->peak_bytes;
		break;
	case PROTO_LINE_DIVERGED:
		slot->end.diverged_epoch = line->epoch;
		snprintf(slot->end.text, sizeof(slot->end.text), "%s", line->text);
		break;
	case PROTO_ERROR:
		snprintf(slot->end.text, sizeof(slot->end.text), "%s", line->text);
		break;
	case PROTO_LINE_DONE:
		slot->done = true;
		break;
	}
	slot->silent_ticks = 0;
}

static void report_end(struct slot *slot)
{
	slot->at_task = false;
	slot->end.torn = slot->process.reader.torn;
	slot_log_keep(&slot->log, slot->task.log);
	turn(slot, &slot->end);
}

/* The task is done, its worker still there. */
static void on_done(struct slot *slot)
{
	slot->done = false;
	slot->end.why = SCHED_EXITED;
	slot->end.status = PROTO_DONE;
	slot->end.seconds = clock_seconds() - slot->began;
	slot_set(slot, SLOT_IDLE);
	report_end(slot);
	if (slot->state == SLOT_IDLE && slot->log.fd < 0)
		let_go(slot);
	else if (slot->held)
		start(slot);
	fill(slot->sched);
}

static void on_heard(void *arg)
{
	struct slot *slot = arg;

	if (slot->done && slot->state == SLOT_RUNNING)
		on_done(slot);
}

static void on_exited(void *arg, int status, int signal)
{
	struct slot *slot = arg;

	if (!slot->at_task) {
		close_slot(slot);
		return;
	}
	sched_process_drain(&slot->process);
	slot->end.seconds = clock_seconds() - slot->began;
	slot->end.status = status;
	slot->end.signal = signal;
	if (slot->state == SLOT_RUNNING)
		slot->end.why = signal ? SCHED_SIGNALLED : SCHED_EXITED;
	close_slot(slot);
	report_end(slot);
}

/* `what` and the negated errno that libuv has for it. */
static void start_failed(struct slot *slot, const char *what, const char *path, int rc)
{
	struct sched *s = slot->sched;
	struct err e = { 0 };

	slot->end.why = SCHED_NOT_STARTED;
	snprintf(slot->end.text, sizeof(slot->end.text), "cannot %s %s: %s", what, path,
		err_reason(-rc));
	check(s, err_set(&e, ERR_SYS, "%s", slot->end.text), &e);
	close_slot(slot);
	report_end(slot);
}

/* The slot's process has slot->task. */
static void at_work(struct slot *slot)
{
	struct sched *s = slot->sched;

	slot_set(slot, SLOT_RUNNING);
	slot->at_task = true;
	slot->end.pid = slot->process.pid;
	crash_point("spawn.after");
	if (s->ops->started)
		s->ops->started(s->arg, &slot->task, slot->end.pid);
}

static void start_process(struct slot *slot)
{
	struct sched *s = slot->sched;
	const struct sched_task *task = &slot->task;
	char job[24];
	const char *words[] = { s->o->worker, "--db", s->o->db, "--job", job, "--token",
		task->token, NULL };
	int rc;

	s->busy++;
	sched_process_prepare(&slot->process, &s->loop);
	rc = slot_log_open(&slot->log, s->o->logs, (int)(slot - s->slots));
	if (rc) {
		start_failed(slot, "make", slot->log.path, rc);
		return;
	}
	snprintf(job, sizeof(job), "%lld", (long long)task->job);
	rc = sched_process_start(&slot->process, task->argv ? task->argv : words,
		task->cwd, slot->log.fd, task->argv != NULL);
	if (rc)
		start_failed(slot, "start", s->o->worker, rc);
	else
		at_work(slot);
}

/*
 * Hands the task to a worker that waits. A worker that is gone will be reaped, and this
 * task with it.
 */
static void hand_over(struct slot *slot)
{
	char line[SCHED_TOKEN_MAX + 32];
	int n = snprintf(line, sizeof(line), "%lld %s\n", (long long)slot->task.job,
		slot->task.token);

	at_work(slot);
	if (!sched_process_send(&slot->process, line, (size_t)n))
		kill_slot(slot, SCHED_SILENT);
}

/* What the slot holds begins. */
static void start(struct slot *slot)
{
	take_next(slot);
	slot->process.reader = (struct proto_reader){ 0 };
	slot->alive_ticks = slot->silent_ticks = slot->stopping_ticks = 0;
	slot->quiet_ticks = 0;
	slot->log_size = 0;
	slot->began = clock_seconds();
	if (slot->state == SLOT_IDLE)
		hand_over(slot);
	else
		start_process(slot);
}

/* A slot that can take a task, rather one whose worker is there; NULL: none. */
static struct slot *open_slot(struct sched *s)
{
	struct slot *found = NULL;

	for (int i = 0; i < s->o->workers; i++) {
		struct slot *slot = &s->slots[i];

		if (slot->state == SLOT_IDLE)
			return slot;
		if (slot->state == SLOT_FREE && !found)
			found = slot;
	}
	return found;
}

static bool any_task(const struct sched *s)
{
	for (int i = 0; i < s->o->workers; i++)
		if (s->slots[i].state != SLOT_FREE && s->slots[i].state != SLOT_IDLE)
			return true;
	return false;
}

/* Whether a task is at work that needs the memory of several slots. */
static bool any_wide(const struct sched *s)
{
	for (int i = 0; i < s->o->workers; i++)
		if (s->slots[i].at_task && s->slots[i].task.slots > 1)
			return true;
	return false;
}

/*
 * Puts work into every open slot; ends the loop when there is none and none is out. Where
 * it is too early for what there is, the next tick comes here again.
 */
static void fill(struct sched *s)
{
	struct slot *slot;

	while (!s->stopping && (slot = open_slot(s)) && turn(slot, NULL))
		start(slot);
	if (!any_task(s) || any_wide(s))
		let_idle_go(s);
	if (s->busy == 0 && (s->stopping || !s->later))
		sched_loop_end(&s->loop);
}

/* Output that has come since the last look is a sign of work. */
static bool is_quiet(struct slot *slot)
{
	int64_t size = slot_log_size(&slot->log);

	if (size != slot->log_size)
		slot->quiet_ticks = 0;
	slot->log_size = size;
	return ++slot->quiet_ticks * (tick_ms(slot->sched) / 1000.0) >
		slot->task.quiet_seconds;
}

static bool is_wanted(const struct slot *slot)
{
	const struct sched *s = slot->sched;

	return !s->ops->wanted || s->ops->wanted(s->arg, &slot->task);
}

static void tick_slot(struct slot *slot)
{
	const struct sched *s = slot->sched;
	double tick = tick_ms(s) / 1000.0;
	double silent =
		s->o->silent_seconds > 0 ? s->o->silent_seconds : SILENT_SECONDS;
	double grace = s->o->grace_seconds > 0 ? s->o->grace_seconds : GRACE_SECONDS;
	double limit = slot->task.limit_seconds;
	double leave = slot->task.leave_seconds;
	double alive;

	if ((slot->state == SLOT_STOPPING || slot->state == SLOT_LEAVING) &&
		++slot->stopping_ticks * tick > grace + slot->task.grace_seconds)
		kill_slot(slot, SCHED_STOPPED);
	if (slot->state != SLOT_RUNNING)
		return;
	alive = ++slot->alive_ticks * tick;
	if (limit > 0 && alive > limit)
		kill_slot(slot, SCHED_TIMEOUT);
	else if ((leave > 0 && alive > leave) || !is_wanted(slot))
		ask_to_leave(slot, SCHED_ENOUGH);
	else if (++slot->silent_ticks * tick > silent)
		kill_slot(slot, SCHED_SILENT);
	else if (slot->task.quiet_seconds > 0 && is_quiet(slot))
		kill_slot(slot, SCHED_QUIET);
}

static void interrupt(struct sched *s)
{
	struct err e = { 0 };

	check(s,
		err_set(&e, ERR_INTERRUPTED, "interrupted; the same command continues"),
		&e);
}

static void kill_all(struct sched *s)
{
	for (int i = 0; i < s->o->workers; i++)
		kill_slot(&s->slots[i], SCHED_STOPPED);
}

/* Whether the caller wants all to leave. */
static void look_whether_to_leave(struct sched *s)
{
	enum sched_leave wanted = s->ops->leave ? s->ops->leave(s->arg) : SCHED_STAY;

	if (wanted != SCHED_STAY && !s->stopping)
		interrupt(s);
	if (wanted == SCHED_KILL)
		kill_all(s);
}

static void on_tick(void *arg)
{
	struct sched *s = arg;

	for (int i = 0; i < s->o->workers; i++)
		tick_slot(&s->slots[i]);
	if (s->ops->tick)
		s->ops->tick(s->arg);
	look_whether_to_leave(s);
	if (s->later)
		fill(s);
}

static void on_interrupt(void *arg)
{
	struct sched *s = arg;

	if (s->interrupts++ == 0)
		interrupt(s);
	else
		kill_all(s);
}

static void pass_on(void *arg, int signal)
{
	struct sched *s = arg;

	for (int i = 0; i < s->o->workers; i++)
		if (s->slots[i].state != SLOT_FREE &&
			s->slots[i].state != SLOT_CLOSING) {
			sched_process_signal(&s->slots[i].process, signal);
			sched_process_signal_group(&s->slots[i].process, signal);
		}
}

int sched_run(const struct sched_options *o, const struct sched_ops *ops, void *arg,
	struct err *e)
{
	static const struct sched_loop_ops loop = { on_tick, on_interrupt, pass_on };
	static const struct sched_process_ops process = { on_line, on_heard, on_exited,
		on_closed };
	struct arena arena = { 0 };
	struct sched s = { .o = o, .ops = ops, .arg = arg, .e = e };

	ASSERT(o->workers >= 1);
	s.loop.ops = &loop;
	s.loop.arg = &s;
	s.slots = NEW_ARRAY(&arena, struct slot, o->workers);
	for (int i = 0; i < o->workers; i++) {
		s.slots[i].sched = &s;
		s.slots[i].log.fd = -1;
		s.slots[i].process.ops = &process;
		s.slots[i].process.arg = &s.slots[i];
	}
	s.rc = sched_loop_begin(&s.loop, tick_ms(&s), e);
	if (!s.rc) {
		fill(&s);
		sched_loop_run(&s.loop);
	}
	for (int i = 0; i < o->workers; i++)
		slot_log_close(&s.slots[i].log);
	arena_release(&arena);
	return s.rc;
}
