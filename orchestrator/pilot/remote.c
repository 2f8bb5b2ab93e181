#include "orchestrator/pilot/remote.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include "common/log.h"
#include "common/store/transaction.h"
#include "common/version.h"

#define LOOK_TICKS 30 /* between questions to the launcher */
#define REFUSED_TICKS 300 /* after a refusal of it */
#define FAREWELL_TICKS 30 /* for pilots that have nothing to do any more */
#define IN_A_ROW 3 /* rounds of pilots that end without a segment */

struct remote {
	const struct remote_options *o;
	const struct sched_ops *ops;
	void *arg;
	struct arena arena;
	struct message setup; /* the first line for every pilot */
	struct craft *crafts; /* newest first */
	char kernel_class[64]; /* of the run; "": not known yet */
	int64_t ticks;
	int64_t launch_at; /* the tick from which on pilots may be asked for again */
	bool refused; /* and that was said */
	bool later; /* the last turn said that it was too early */
	bool stopping;
	bool abandoned; /* we go, pilots stay */
	int in_vain; /* rounds in a row */
	int round; /* grows with each that was in vain */
	struct err *e; /* the first error */
	int rc;
};

/* The end of a run. */

static void tell_to_leave(struct craft *c)
{
	if (c->state == CRAFT_TOLD || c->state == CRAFT_GONE)
		return;
	c->state = CRAFT_TOLD;
	craft_say_leave(c);
}

static void stop(struct remote *r)
{
	r->stopping = true;
	for (struct craft *c = r->crafts; c; c = c->next)
		tell_to_leave(c);
}

/* Keeps the first error; an rc of OK changes nothing. */
static void check(struct remote *r, int rc, const struct err *e)
{
	if (rc >= 0)
		return;
	if (r->rc == OK) {
		r->rc = rc;
		if (r->e)
			*r->e = *e;
	}
	stop(r);
}

/* Rows of pilots. */

static void write_end(struct remote *r, const struct craft *c, const char *why)
{
	struct err e = { 0 };
	int rc = store_begin(r->o->s, &e);

	if (!rc)
		rc = store_pilot_end(r->o->s, c->id, why, &e);
	check(r, store_end(r->o->s, rc, &e), &e);
}

static int write_hello(
	struct remote *r, const struct craft *c, const struct message *m, struct err *e)
{
	const struct pilot_hello_row row = { m->host, m->gpu_list, m->kernels,
		c->slots };
	int rc = store_begin(r->o->s, e);

	if (!rc)
		rc = store_pilot_hello(r->o->s, c->id, &row, e);
	return store_end(r->o->s, rc, e);
}

/* Tasks. */

static void add_task(
	struct remote *r, struct craft *c, const struct sched_task *task, bool sent)
{
	struct craft_task *t = NEW(&r->arena, struct craft_task);
	int slots = task->slots > 1 ? task->slots : 1;

	t->task = *task;
	t->slots = c->slots && slots > c->slots ? c->slots : slots;
	t->next = c->tasks;
	c->tasks = t;
	c->load += t->slots;
	if (sent)
		craft_say_start(c, t, r->o->launch->root);
}

/* The pilot with the least to do for its size; NULL: none has room. */
static struct craft *freest(const struct remote *r)
{
	struct craft *best = NULL;

	for (struct craft *c = r->crafts; c && !r->stopping; c = c->next)
		if (craft_has_room(c) &&
			(!best || c->load * best->slots < best->load * c->slots))
			best = c;
	return best;
}

/* One turn. Whether a task was found. */
static bool turn(struct remote *r, const struct sched_end *end)
{
	struct craft *c = freest(r);
	struct sched_task next;
	struct err e = { 0 };
	int rc;

	if (r->ops->place)
		r->ops->place(r->arg, c ? c->id : 0);
	rc = r->ops->turn(r->arg, end, c ? &next : NULL, &e);
	if (c)
		r->later = rc == SCHED_LATER;
	check(r, rc, &e);
	if (rc == SCHED_TASK)
		add_task(r, c, &next, true);
	return rc == SCHED_TASK;
}

/* Its report has grown: it is read, and may be enough. */
static void read_news(struct remote *r, struct craft *c, struct craft_task *t)
{
	struct err e = { 0 };
	int rc;

	if (!t->news)
		return;
	t->news = false;
	rc = r->ops->news(r->arg, &t->task, &e);
	check(r, rc, &e);
	if (rc <= 0 || t->enough)
		return;
	t->enough = true;
	craft_say_stop(c, t->task.token);
}

static void end_task(
	struct remote *r, struct craft *c, struct craft_task *t, struct sched_end *end)
{
	read_news(r, c, t);
	craft_drop(c, t);
	end->task = &t->task;
	if (t->enough && end->why != SCHED_LOST)
		end->why = SCHED_ENOUGH;
	turn(r, end);
}

/*
 * A pilot ended without a segment. Those that were asked for together are one round: a node
 * or a controller that loses all of them is one misfortune.
 */
static void note_in_vain(struct remote *r, const struct craft *c)
{
	if (c->inherited || c->round < r->round)
		return;
	r->in_vain++;
	r->round++;
}

/* The pilot is no more; what it had is lost with it. */
static void bury(struct remote *r, struct craft *c, const char *why)
{
	char last[256];
	struct err e;

	if (c->proved)
		r->in_vain = 0;
	else if (c->state != CRAFT_TOLD)
		note_in_vain(r, c);
	yard_last_words(r->o->launch->root, c->name, last, sizeof(last));
	if (c->state != CRAFT_TOLD || c->tasks)
		log_warn("run", "pilot %lld%s%s is gone: %s%s%s", (long long)c->id,
			*c->host ? " on " : "", c->host, why,
			*last ? "; its log ends: " : "", last);
	craft_say_leave(c); /* should it only have been late */
	c->state = CRAFT_GONE;
	write_end(r, c, why);
	while (c->tasks) {
		struct sched_end end = { .why = SCHED_LOST };

		snprintf(end.text, sizeof(end.text), "pilot %lld%s%s is gone: %s",
			(long long)c->id, *c->host ? " on " : "", c->host, why);
		end_task(r, c, c->tasks, &end);
	}
	(void)!craft_flush(c, &e);
}

/* What a pilot says. */

/* Whether the report has as many bytes here as its pilot has seen, or was waited for long enough. */
static bool report_is_there(
	struct craft *c, const struct craft_task *t, const struct message *m)
{
	char path[MAIL_PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s/report.%s", t->task.folder, t->task.token);
	if (m->bytes < 0 || (!stat(path, &st) && st.st_size >= m->bytes) ||
		c->late++ > MAIL_PATIENCE) {
		c->late = 0;
		return true;
	}
	return false;
}

/* Where its rows would differ in last bits, or its programs are not ours, it is let go. */
static int check_hello(
	struct remote *r, struct craft *c, const struct message *m, struct err *e)
{
	if (strcmp(m->build, deltam_version) != 0)
		return err_set(e, ERR_SYS,
			"pilot %lld on %s is deltam %s, and this is %s: install one build "
			"on all machines",
			(long long)c->id, m->host, m->build, deltam_version);
	if (!r->o->kernel_class)
		return OK;
	if (!r->kernel_class[0])
		snprintf(r->kernel_class, sizeof(r->kernel_class), "%s", m->kernels);
	if (!strcmp(r->kernel_class, m->kernels) || c->state == CRAFT_TOLD)
		return OK;
	log_warn("run",
		"pilot %lld on %s computes with kernels \"%s\", the rows of this run are "
		"of \"%s\": it is let go (--kernels says which all use)",
		(long long)c->id, m->host, m->kernels, r->kernel_class);
	note_in_vain(r, c);
	tell_to_leave(c);
	return OK;
}

static int take_hello(
	struct remote *r, struct craft *c, const struct message *m, struct err *e)
{
	int rc;

	if (m->number != MESSAGE_VERSION || m->slots < 1 || m->slots > 4096)
		return err_set(e, ERR_SPEC, "no hello of a pilot of version %d",
			MESSAGE_VERSION);
	c->slots = (int)m->slots;
	snprintf(c->host, sizeof(c->host), "%s", m->host);
	if (r->o->launch->kind == LAUNCH_LOCAL)
		c->pid = m->pid;
	if (c->state == CRAFT_STARTED)
		c->state = CRAFT_WORKS;
	rc = write_hello(r, c, m, e);
	if (!rc)
		rc = check_hello(r, c, m, e);
	if (rc && rc != ERR_SPEC) { /* not the fault of a line */
		check(r, rc, e);
		rc = OK;
	}
	return rc;
}

static int take_end(
	struct remote *r, struct craft *c, const struct message *m, struct err *e)
{
	struct craft_task *t = craft_find(c, m->token);
	struct sched_end end = { 0 };
	int rc = message_to_end(m, &end, e);

	if (rc || !t) /* one of before that is known to have ended */
		return rc;
	if (!report_is_there(c, t, m))
		return MAIL_LATER;
	c->proved |= end.why == SCHED_EXITED;
	if (end.why == SCHED_STOPPED && c->state == CRAFT_WORKS)
		c->state = CRAFT_LEAVES; /* nothing new begins there */
	t->news = true;
	end_task(r, c, t, &end);
	return MAIL_TAKEN;
}

static int take_message(
	struct remote *r, struct craft *c, const struct message *m, struct err *e)
{
	struct craft_task *t;

	switch (m->kind) {
	case MESSAGE_HELLO:
		return take_hello(r, c, m, e);
	case MESSAGE_BEAT:
		return MAIL_TAKEN;
	case MESSAGE_NEWS:
		t = craft_find(c, m->token);
		if (t && !report_is_there(c, t, m))
			return MAIL_LATER;
		if (t)
			t->news = c->proved = true;
		return MAIL_TAKEN;
	case MESSAGE_END:
		return take_end(r, c, m, e);
	case MESSAGE_LEAVING:
		bury(r, c,
			arena_printf(&r->arena, "it left (%s)%s%s", m->why,
				*m->text ? ": " : "", m->text));
		return MAIL_TAKEN;
	default:
		return err_set(e, ERR_SPEC, "a line of deltam, not of a pilot");
	}
}

struct listening {
	struct remote *r;
	struct craft *c;
};

static int take_line(void *arg, const char *line, size_t n, struct err *e)
{
	const struct listening *x = arg;
	struct arena a = { 0 };
	struct message m;
	int rc = x->c->state == CRAFT_GONE ? MAIL_LATER : MAIL_TAKEN;

	if (!rc)
		rc = message_parse(&m, line, n, &a, e);
	if (!rc)
		rc = take_message(x->r, x->c, &m, e);
	arena_release(&a);
	return rc;
}

/* Reads what a pilot has said since the last look. */
static void listen(struct remote *r, struct craft *c)
{
	struct listening x = { r, c };
	struct err e = { 0 };
	int before = c->out.line;
	int rc = mail_read(&c->out, take_line, &x, &e);

	if (c->out.line != before)
		c->silent = 0;
	else
		c->silent++;
	for (struct craft_task *t = c->tasks; t; t = t->next)
		read_news(r, c, t);
	if (!rc ||
		rc == ERR_SYS) /* what cannot be read now may come back: the lease tells */
		return;
	launch_cancel(r->o->launch, c->name, c->pid);
	bury(r, c, arena_strdup(&r->arena, e.msg));
}

/* Starting pilots. */

static int name_pilot(char name[PILOT_NAME_MAX], struct err *e)
{
	unsigned char bytes[5];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return err_errno(e, "cannot make a random name");
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(name + 2 * i, 3, "%02x", bytes[i]);
	return OK;
}

static struct craft *new_craft(struct remote *r)
{
	struct craft *c = NEW(&r->arena, struct craft);

	c->looks = r->o->launch->looks;
	c->round = r->round;
	c->next = r->crafts;
	r->crafts = c;
	return c;
}

static int put_row(struct remote *r, struct craft *c, struct err *e)
{
	int rc = store_begin(r->o->s, e);

	if (!rc)
		rc = store_pilot_put(
			r->o->s, r->o->sweep, c->name, r->o->launch->name, &c->id, e);
	return store_end(r->o->s, rc, e);
}

/*
 * Which of the prefix's hosts has no pilot, from 1 on; name NULL: any, or else one that is
 * called so. 0: none.
 */
static int free_place(const struct remote *r, const char *name)
{
	const struct launch *l = r->o->launch;
	struct arena a = { 0 };
	bool *used = NEW_ARRAY(&a, bool, l->pilots + 1);
	int found = 0;

	for (const struct craft *c = r->crafts; c; c = c->next)
		if (c->state != CRAFT_GONE)
			used[c->place] = true;
	for (int i = l->hosts ? l->pilots : 0; i > 0; i--)
		if (!used[i] && (!name || !strcmp(l->hosts[i - 1], name)))
			found = i;
	arena_release(&a);
	return found;
}

/* Its files are there, empty or with their first lines, before anybody looks for them. */
static int prepare_craft(struct remote *r, struct craft *c, struct err *e)
{
	int rc = yard_make(r->o->launch->root, c->name, e);

	if (!rc)
		rc = craft_open(c, r->o->launch->root, e);
	if (rc)
		return rc;
	craft_say_setup(c, &r->setup);
	craft_say_alive(c);
	return mail_flush(&c->in, e);
}

static int note_job(struct remote *r, struct craft *c, const char *job, struct err *e)
{
	int rc = store_begin(r->o->s, e);

	if (!rc)
		rc = store_pilot_job(r->o->s, c->id, job, e);
	return store_end(r->o->s, rc, e);
}

static void start_pilot(struct remote *r)
{
	int place = free_place(r, NULL);
	const char *host = place ? r->o->launch->hosts[place - 1] : "";
	struct craft *c = new_craft(r);
	char job[LAUNCH_JOB_MAX];
	int64_t pid;
	struct err e = { 0 };
	int rc = name_pilot(c->name, &e);

	if (!rc)
		rc = put_row(r, c, &e);
	if (!rc)
		rc = prepare_craft(r, c, &e);
	if (rc) {
		check(r, rc, &e);
		c->state = CRAFT_GONE;
		return;
	}
	c->place = place;
	rc = launch_start(r->o->launch, c->name, host, job, &e);
	if (rc) {
		if (!r->refused)
			log_warn("run",
				"no pilot: %s; it is tried again every five minutes",
				e.msg);
		r->refused = true;
		r->launch_at = r->ticks + REFUSED_TICKS;
		c->state = CRAFT_GONE;
		write_end(r, c, e.msg);
		return;
	}
	r->refused = false;
	if (r->o->launch->kind == LAUNCH_LOCAL && integer_parse(job, &pid))
		c->pid = pid;
	rc = note_job(r, c, job, &e);
	check(r, rc, &e);
}

/* How many are there, or asked for. */
static int count_crafts(const struct remote *r)
{
	int n = 0;

	for (const struct craft *c = r->crafts; c; c = c->next)
		n += c->state == CRAFT_STARTED || c->state == CRAFT_WORKS;
	return n;
}

static bool any_task(const struct remote *r)
{
	for (const struct craft *c = r->crafts; c; c = c->next)
		if (c->tasks)
			return true;
	return false;
}

static int64_t waiting(struct remote *r)
{
	struct err e = { 0 };
	int64_t segments = 0;
	int64_t epochs;

	check(r, store_sweep_pending(r->o->s, r->o->sweep, &segments, &epochs, &e), &e);
	return segments;
}

/* As many as are wanted, and no more than there are segments for. */
static void start_pilots(struct remote *r)
{
	int missing = r->o->launch->pilots - count_crafts(r);
	int64_t segments;

	if (missing <= 0 || r->ticks < r->launch_at)
		return;
	segments = waiting(r);
	while (missing-- > 0 && segments-- > 0 && !r->stopping &&
		r->ticks >= r->launch_at)
		start_pilot(r);
}

/* A launcher or a node that ends every pilot would do so for ever. */
static void check_progress(struct remote *r)
{
	struct err e;
	char last[256] = "";
	const struct craft *c = r->crafts;

	if (r->in_vain < IN_A_ROW || r->stopping)
		return;
	while (c && c->state != CRAFT_GONE && c->state != CRAFT_TOLD)
		c = c->next;
	if (c)
		yard_last_words(r->o->launch->root, c->name, last, sizeof(last));
	check(r,
		err_set(&e, ERR_SYS,
			"pilots ended without a segment, %d times in a row; the log of the "
			"last (%s/pilots/%s/log) ends: %s",
			r->in_vain, r->o->launch->root, c ? c->name : "", last),
		&e);
}

/* A tick. */

static void renew_leases(struct remote *r)
{
	if (r->ticks % LOOK_TICKS == 0)
		launch_look(r->o->launch);
	for (struct craft *c = r->crafts; c; c = c->next) {
		bool cancel;
		const char *why = c->state == CRAFT_GONE
			? NULL
			: craft_lease(c, r->o->launch, &cancel);

		if (!why)
			continue;
		if (cancel)
			launch_cancel(r->o->launch, c->name, c->pid);
		bury(r, c, why);
	}
}

static void flush_all(struct remote *r)
{
	struct err e = { 0 };

	for (struct craft *c = r->crafts; c; c = c->next) {
		if (c->state == CRAFT_GONE)
			continue;
		if (r->ticks % CRAFT_ALIVE == 0)
			craft_say_alive(c);
		check(r, craft_flush(c, &e), &e);
	}
}

static void listen_all(struct remote *r)
{
	for (struct craft *c = r->crafts; c; c = c->next)
		if (c->state != CRAFT_GONE)
			listen(r, c);
}

static void tick(struct remote *r)
{
	r->ticks++;
	listen_all(r);
	renew_leases(r);
	if (r->ops->tick)
		r->ops->tick(r->arg);
	if (!r->stopping) {
		check_progress(r);
		start_pilots(r);
		while (freest(r) && turn(r, NULL))
			;
	}
	flush_all(r);
}

/* Whether nothing is left to do, now or later. */
static bool is_done(struct remote *r)
{
	if (any_task(r) || r->later)
		return false;
	return r->stopping || waiting(r) == 0;
}

/* Signals, which a tick waits for. */

struct watch {
	sigset_t set, before;
};

static void watch_signals(struct watch *w)
{
	struct sigaction old;

	sigemptyset(&w->set);
	sigaddset(&w->set, SIGINT);
	sigaddset(&w->set, SIGTERM);
	if (!sigaction(SIGHUP, NULL, &old) && old.sa_handler != SIG_IGN)
		sigaddset(&w->set, SIGHUP);
	sigprocmask(SIG_BLOCK, &w->set, &w->before);
}

static void interrupt(struct remote *r, int number)
{
	struct err e;

	if (r->stopping || number != SIGINT)
		r->abandoned = true;
	if (r->stopping)
		return;
	if (number != SIGINT) {
		r->stopping = true;
		r->rc = err_set(r->e, ERR_INTERRUPTED,
			"interrupted; the pilots go on for ten minutes, in which the same "
			"command takes them over");
		return;
	}
	check(r,
		err_set(&e, ERR_INTERRUPTED, "interrupted; the same command continues"),
		&e);
}

/* Waits for the next tick, or the first signal before it. */
static void rest(struct remote *r, const struct watch *w)
{
	int ms = mail_tick_ms();
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000L };
	int number = sigtimedwait(&w->set, NULL, &t);

	if (number > 0)
		interrupt(r, number);
}

/* Predecessors. */

static struct craft *craft_of(const struct remote *r, int64_t id)
{
	struct craft *c = r->crafts;

	while (c && c->id != id)
		c = c->next;
	return c;
}

/* A pilot that a predecessor asked for. */
static int adopt_pilot(
	struct remote *r, const struct pilot_open_row *row, struct err *e)
{
	const struct launch *l = r->o->launch;
	struct craft *c = new_craft(r);
	int64_t pid;
	int rc;

	c->id = row->id;
	snprintf(c->name, sizeof(c->name), "%s", row->name);
	c->inherited = true;
	c->foreign = strcmp(row->launcher, l->name) != 0;
	if (l->kind == LAUNCH_PREFIX && !c->foreign)
		c->place = free_place(r, row->launcher_job);
	if (l->kind == LAUNCH_LOCAL && !c->foreign &&
		integer_parse(row->launcher_job, &pid))
		c->pid = pid;
	rc = yard_make(l->root, c->name, e);
	if (!rc)
		rc = craft_open(c, l->root, e);
	if (rc)
		return rc;
	craft_say_setup(c, &r->setup);
	return OK;
}

/* What it has said to its end; then it is told what it goes on with. */
static void take_over(struct remote *r, struct craft *c)
{
	listen(r, c);
	for (struct craft_task *t = c->tasks; t && c->state != CRAFT_GONE; t = t->next)
		if (!t->sent)
			craft_say_start(c, t, r->o->launch->root);
	craft_say_alive(c);
	if (c->foreign)
		tell_to_leave(c);
}

/* Tasks that are at pilots; one whose pilot is gone is lost. */
static int adopt_tasks(struct remote *r, struct err *e)
{
	struct sched_task task = { 0 };
	int rc = OK;

	while (r->ops->adopt && (rc = r->ops->adopt(r->arg, &task, e)) == SCHED_TASK) {
		struct craft *c = craft_of(r, task.where);
		struct sched_end end = { .task = &task, .why = SCHED_LOST };

		if (c) {
			add_task(r, c, &task, false);
			continue;
		}
		snprintf(end.text, sizeof(end.text), "its pilot is gone");
		turn(r, &end);
	}
	return rc < 0 ? rc : OK;
}

static int adopt(struct remote *r, struct err *e)
{
	struct pilot_open_row *row;
	int n = 0;
	int rc = store_pilot_open(r->o->s, &r->arena, &row, &n, e);

	for (int i = 0; !rc && i < n; i++)
		rc = adopt_pilot(r, &row[i], e);
	if (!rc)
		rc = adopt_tasks(r, e);
	if (rc)
		return rc;
	launch_look(r->o->launch);
	for (struct craft *c = r->crafts; c; c = c->next)
		take_over(r, c);
	return OK;
}

/* Who has not left in time is called off. */
static void farewell(struct remote *r, const struct watch *w)
{
	int64_t last;

	stop(r);
	flush_all(r);
	last = r->ticks + FAREWELL_TICKS;
	while (!r->abandoned && r->ticks < last) {
		bool any = false;

		for (struct craft *c = r->crafts; c; c = c->next)
			any |= c->state == CRAFT_TOLD && c->slots;
		if (!any)
			break;
		rest(r, w);
		r->ticks++;
		listen_all(r);
	}
	for (struct craft *c = r->crafts; c; c = c->next)
		if (c->state != CRAFT_GONE) {
			launch_cancel(r->o->launch, c->name, c->pid);
			c->state = CRAFT_TOLD;
			bury(r, c, "nothing was left to do");
		}
}

static struct message first_line(const struct remote_options *o)
{
	return (struct message){ .kind = MESSAGE_PILOT,
		.number = MESSAGE_VERSION,
		.build = deltam_version,
		.workers = o->gpus ? 0 : o->workers,
		.gpus = o->gpus,
		.gpu_slots = o->gpu_slots,
		.kernels = o->kernels };
}

int remote_run(const struct remote_options *o, const struct sched_ops *ops, void *arg,
	struct err *e)
{
	struct remote r = {
		.o = o, .ops = ops, .arg = arg, .e = e, .setup = first_line(o)
	};
	struct err why = { 0 };
	struct watch w;

	if (o->kernel_class)
		snprintf(r.kernel_class, sizeof(r.kernel_class), "%s", o->kernel_class);
	watch_signals(&w);
	check(&r, adopt(&r, &why), &why);
	while (!r.abandoned && !is_done(&r)) {
		tick(&r);
		rest(&r, &w);
	}
	if (!r.abandoned || r.rc != ERR_INTERRUPTED)
		farewell(&r, &w);
	for (struct craft *c = r.crafts; c; c = c->next)
		craft_release(c);
	sigprocmask(SIG_SETMASK, &w.before, NULL);
	arena_release(&r.arena);
	return r.rc;
}

/* Tells one of them, and writes down that it is gone, since nobody will listen to it. */
static int dismiss(struct store *s, const struct pilot_open_row *row, const char *root,
	struct err *e)
{
	struct craft c = { .id = row->id };
	const struct message setup = { .kind = MESSAGE_PILOT,
		.number = MESSAGE_VERSION,
		.build = deltam_version };
	int rc;

	snprintf(c.name, sizeof(c.name), "%s", row->name);
	rc = yard_make(root, c.name, e);
	if (!rc)
		rc = craft_open(&c, root, e);
	if (rc)
		return rc;
	craft_say_setup(&c, &setup);
	craft_say_leave(&c);
	rc = mail_flush(&c.in, e);
	craft_release(&c);
	return rc ? rc
		  : store_pilot_end(s, row->id, "told by a run without a launcher", e);
}

int remote_dismiss(struct store *s, const char *root, struct err *e)
{
	struct arena a = { 0 };
	struct pilot_open_row *row;
	int n = 0;
	int rc = store_pilot_open(s, &a, &row, &n, e);

	for (int i = 0; !rc && i < n; i++)
		rc = dismiss(s, &row[i], root, e);
	arena_release(&a);
	return rc;
}
