/*
 * deltam pilot FOLDER: the scheduler without a database. What it runs comes from the lines of
 * in.N in its folder, what becomes of it goes into `out` (message.h); deltam writes the
 * one and reads the other. Not for people: a launcher starts it (launch.h).
 *
 * Everything is counted in ticks of its own. It hears of deltam every thirty ticks; where it
 * has heard nothing for LONELY_TICKS it ends its segments and leaves, since nobody may be
 * left who would. A successor of deltam writes the next in.N and names the segments that it
 * goes on with; the others end.
 */
#define _GNU_SOURCE /* sched_getaffinity */

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/log.h"
#include "common/version.h"
#include "orchestrator/cli/cli.h"
#include "orchestrator/pilot/message.h"
#include "orchestrator/pilot/yard.h"
#include "orchestrator/plan/child.h"
#include "orchestrator/plan/worker_path.h"
#include "orchestrator/run/places.h"

#define BEAT_TICKS 10
#define LONELY_TICKS 600
#define DEAF_TICKS 60 /* `out` cannot be written */

/* A segment that deltam wants, from its line to its end; its token stays known. */
struct errand {
	struct errand *next; /* in the order of their lines */
	enum { ERRAND_WAITS, ERRAND_RUNS, ERRAND_OVER } state;
	bool kept; /* this deltam has named it */
	bool stopped; /* nobody wants it any more */
	char token[SCHED_TOKEN_MAX];
	struct arena arena;
	struct sched_task task;
	struct places_taken place;
};

struct pilot {
	struct arena arena;
	char root[MAIL_PATH_MAX]; /* NAME.db.d */
	const char *name;
	int serial; /* of the in.N that is read */
	bool named; /* its `alive` has come: what it has not named is not wanted */
	struct mail_in in;
	struct mail_out out;
	char worker[1024];
	struct message setup;
	struct places places;
	struct errand *errands, **last;
	const char *leaving; /* why, once it is */
	char text[512]; /* more of that */
	int ticks, lonely, deaf;
	bool dead; /* `out` could not be written for too long */
};

/* What it says. */

static void say(struct pilot *p, const struct message *m)
{
	struct arena a = { 0 };

	mail_put(&p->out, message_text(m, &a));
	arena_release(&a);
}

/* What is said is on the disk, or will be said again. */
static void flush(struct pilot *p)
{
	struct err e;

	if (!mail_flush(&p->out, &e))
		p->deaf = 0;
	else if (p->deaf++ == 0)
		log_warn("pilot", "%s", e.msg);
}

static int64_t report_bytes(const struct sched_task *task)
{
	char path[MAIL_PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s/report.%s", task->folder, task->token);
	return stat(path, &st) ? -1 : (int64_t)st.st_size;
}

static void say_end(struct pilot *p, const struct sched_end *end)
{
	struct message m;

	message_of_end(&m, end);
	m.bytes = report_bytes(end->task);
	say(p, &m);
}

static void leave(struct pilot *p, const char *why)
{
	if (!p->leaving)
		p->leaving = why;
}

/* Errands. */

static struct errand *find_errand(const struct pilot *p, const char *token)
{
	struct errand *x = p->errands;

	while (x && strcmp(x->token, token) != 0)
		x = x->next;
	return x;
}

/* One that has not begun ends as one that was interrupted at once. */
static void end_waiting(struct pilot *p, struct errand *x)
{
	const struct sched_end end = {
		.task = &x->task, .why = SCHED_STOPPED, .status = PROTO_INTERRUPTED
	};

	x->state = ERRAND_OVER;
	say_end(p, &end);
	arena_release(&x->arena);
}

static void stop_errand(struct pilot *p, struct errand *x)
{
	if (x->state == ERRAND_WAITS)
		end_waiting(p, x);
	else
		x->stopped = true;
}

/* The call of deltam-worker: its words, behind the GPUs that it may see. */
static const char *const *call(
	const struct pilot *p, struct errand *x, const struct message *m)
{
	const char *const front[] = { p->worker, "--folder", x->task.folder, "--token",
		x->token };
	int words = 0;
	const char **argv;

	while (m->argv[words])
		words++;
	argv = NEW_ARRAY(&x->arena, const char *, COUNT(front) + words + 3);
	memcpy(argv, front, sizeof(front));
	for (int i = 0; i < words; i++)
		argv[COUNT(front) + i] = arena_strdup(&x->arena, m->argv[i]);
	return argv;
}

static const char *below_root(const struct pilot *p, const char *path, struct arena *a)
{
	return *path == '/' ? arena_strdup(a, path)
			    : arena_printf(a, "%s/%s", p->root, path);
}

static void fill_errand(
	const struct pilot *p, struct errand *x, const struct message *m)
{
	x->task = (struct sched_task){ .limit_seconds = m->limit_seconds,
		.quiet_seconds = m->quiet_seconds,
		.leave_seconds = m->leave_seconds,
		.grace_seconds = m->grace_seconds,
		.slots = (int)m->slots,
		.folder = below_root(p, m->folder, &x->arena),
		.cwd = *m->cwd ? below_root(p, m->cwd, &x->arena) : NULL,
		.log = *m->log ? below_root(p, m->log, &x->arena) : NULL,
		.data = x };
	memcpy(x->task.token, x->token, sizeof(x->token));
	x->task.argv = call(p, x, m);
}

/* A line `start`: new, or named again by a successor. */
static int take_start(struct pilot *p, const struct message *m, struct err *e)
{
	struct errand *x = find_errand(p, m->token);
	int rc;

	if (x) {
		x->kept = true;
		return OK;
	}
	x = NEW(&p->arena, struct errand);
	snprintf(x->token, sizeof(x->token), "%s", m->token);
	x->kept = true;
	fill_errand(p, x, m);
	rc = yard_check_own(x->task.folder, e);
	*p->last = x;
	p->last = &x->next;
	return rc;
}

/* A successor has named all that it goes on with. */
static void drop_unnamed(struct pilot *p)
{
	if (p->named)
		return;
	p->named = true;
	for (struct errand *x = p->errands; x; x = x->next)
		if (!x->kept && x->state != ERRAND_OVER)
			stop_errand(p, x);
}

/* What it hears. */

static int take_message(struct pilot *p, const struct message *m, struct err *e)
{
	struct errand *x;

	p->lonely = 0;
	switch (m->kind) {
	case MESSAGE_PILOT:
		return OK;
	case MESSAGE_ALIVE:
		drop_unnamed(p);
		return OK;
	case MESSAGE_START:
		return take_start(p, m, e);
	case MESSAGE_STOP:
		x = find_errand(p, m->token);
		if (x && x->state != ERRAND_OVER)
			stop_errand(p, x);
		return OK;
	case MESSAGE_LEAVE:
		leave(p, "told");
		return OK;
	default:
		return err_set(e, ERR_SPEC, "a line of a pilot, not of deltam");
	}
}

static int take_line(void *arg, const char *line, size_t n, struct err *e)
{
	struct pilot *p = arg;
	struct arena a = { 0 };
	struct message m;
	int rc = message_parse(&m, line, n, &a, e);

	if (!rc)
		rc = take_message(p, &m, e);
	arena_release(&a);
	return rc ? rc : MAIL_TAKEN;
}

/* A successor of deltam has begun a file of its own; the old one counts no more. */
static void look_for_successor(struct pilot *p)
{
	int newest = yard_newest(p->root, p->name, p->serial);

	if (newest <= p->serial)
		return;
	p->serial = newest;
	p->named = false;
	p->in = (struct mail_in){ 0 };
	yard_in_path(p->in.path, p->root, p->name, newest);
	for (struct errand *x = p->errands; x; x = x->next)
		x->kept = false;
}

static void listen(struct pilot *p)
{
	struct err e;
	int rc;

	look_for_successor(p);
	rc = yard_check_own(p->in.path, &e);
	if (!rc)
		rc = mail_read(&p->in, take_line, p, &e);
	if (!rc ||
		rc == ERR_SYS) /* a file system that is away comes back, or we leave alone */
		return;
	log_error("pilot", "%s", e.msg);
	snprintf(p->text, sizeof(p->text), "%.500s", e.msg);
	leave(p, "failed");
}

/* Ops of the scheduler. */

static void over(struct pilot *p, const struct sched_end *end)
{
	struct errand *x = end->task->data;

	places_give(&p->places, &x->place);
	say_end(p, end);
	flush(p);
	x->state = ERRAND_OVER;
	arena_release(&x->arena);
}

/* The GPUs of a command stand in front of its words. */
static void add_devices(const struct pilot *p, struct errand *x)
{
	const char *devices = places_devices(&p->places, &x->place, &x->arena);
	const char **argv = (const char **)(uintptr_t)x->task.argv;
	int n = 0;
	int at = 0;

	while (argv[n])
		n++;
	while (argv[at] && strcmp(argv[at], "--") != 0)
		at++;
	if (!devices || !argv[at])
		return;
	memmove(argv + at + 2, argv + at, (size_t)(n - at) * sizeof(*argv));
	argv[at] = "--devices";
	argv[at + 1] = devices;
}

/* The first that waits begins, or nobody: small ones may not keep a large one waiting. */
static bool begin_next(struct pilot *p, struct sched_task *next)
{
	struct errand *x = p->errands;

	while (x && x->state != ERRAND_WAITS)
		x = x->next;
	if (!x || !places_take(&p->places, x->task.slots, &x->place))
		return false;
	add_devices(p, x);
	x->state = ERRAND_RUNS;
	*next = x->task;
	return true;
}

static int turn(
	void *arg, const struct sched_end *end, struct sched_task *next, struct err *e)
{
	struct pilot *p = arg;

	(void)e;
	if (end)
		over(p, end);
	if (!next)
		return SCHED_NOTHING;
	return !p->leaving && begin_next(p, next) ? SCHED_TASK : SCHED_LATER;
}

static int on_news(void *arg, const struct sched_task *task, struct err *e)
{
	struct pilot *p = arg;
	const struct message m = {
		.kind = MESSAGE_NEWS, .token = task->token, .bytes = report_bytes(task)
	};

	(void)e;
	say(p, &m);
	return 0;
}

static void on_tick(void *arg)
{
	struct pilot *p = arg;
	const struct message beat = { .kind = MESSAGE_BEAT, .number = p->ticks };

	listen(p);
	if (++p->lonely > LONELY_TICKS)
		leave(p, "alone");
	if (p->ticks++ % BEAT_TICKS == 0)
		say(p, &beat);
	flush(p);
	p->dead = p->deaf > DEAF_TICKS;
}

static enum sched_leave on_leave(void *arg)
{
	const struct pilot *p = arg;

	return p->dead ? SCHED_KILL : p->leaving ? SCHED_LEAVE : SCHED_STAY;
}

static bool is_wanted(void *arg, const struct sched_task *task)
{
	const struct errand *x = task->data;

	(void)arg;
	return !x->stopped;
}

/* From the first line to the last. */

/* FOLDER is ROOT/pilots/NAME. */
static int find_yard(struct pilot *p, const char *folder, struct err *e)
{
	char *path = realpath(folder, NULL);
	char *slash = path ? strrchr(path, '/') : NULL;
	char *parent;
	int rc = OK;

	if (!slash)
		return err_errno(e, "%s", folder);
	*slash = '\0';
	p->name = arena_strdup(&p->arena, slash + 1);
	parent = strrchr(path, '/');
	if (!parent || strcmp(parent, "/pilots") != 0)
		rc = err_set(e, ERR_USAGE, "%s is no folder of a pilot", folder);
	else
		*parent = '\0';
	if (!rc && snprintf(p->root, sizeof(p->root), "%s", path) >= 1100)
		rc = err_set(e, ERR_USAGE, "the path is too long: %s", folder);
	free(path);
	return rc;
}

static int check_yard(struct pilot *p, struct err *e)
{
	static const char *const below[] = { "", "/jobs", "/code", "/pilots", "/logs" };
	char path[MAIL_PATH_MAX];
	int rc = OK;

	for (int i = 0; !rc && i < COUNT(below); i++) {
		snprintf(path, sizeof(path), "%s%s", p->root, below[i]);
		rc = yard_check_own(path, e);
	}
	yard_path(path, p->root, p->name, "");
	return rc ? rc : yard_check_own(path, e);
}

/* The first line says what the pilot is for. */
static int take_setup(void *arg, const char *line, size_t n, struct err *e)
{
	struct pilot *p = arg;
	int rc;

	if (p->setup.kind == MESSAGE_PILOT && p->setup.number)
		return MAIL_LATER;
	rc = message_parse(&p->setup, line, n, &p->arena, e);
	if (!rc &&
		(p->setup.kind != MESSAGE_PILOT || p->setup.number != MESSAGE_VERSION))
		rc = err_set(e, ERR_SPEC,
			"not the first line of a deltam of version %d",
			MESSAGE_VERSION);
	return rc ? rc : MAIL_TAKEN;
}

/* The processors that this process may use: Slurm or numactl gives it some. */
static int own_processors(void)
{
	const char *slurm = getenv("SLURM_CPUS_ON_NODE");
	cpu_set_t set;
	int64_t given;

	if (slurm && integer_parse(slurm, &given) && given >= 1 && given <= 4096)
		return (int)given;
	return sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);
}

/* The scheduler's slots, of processors or of GPUs, as for a sweep with that trainer. */
static int find_places(struct pilot *p, struct err *e)
{
	const struct spec_trainer trainer = { .gpus = (int)p->setup.gpus,
		.gpu_slots = (int)p->setup.gpu_slots };
	struct spec_variant variant = { 0 };
	const struct spec spec = { .trainer = p->setup.gpus ? &trainer : NULL,
		.variants = &variant };
	int workers = p->setup.gpus    ? 0
		: p->setup.workers > 0 ? (int)p->setup.workers
				       : own_processors();

	return places_find(&p->places, &spec, NULL, workers, e);
}

static int ask_class(struct pilot *p, const char **class, struct err *e)
{
	const char *const argv[] = { p->worker, "--kernels", NULL };
	char *newline;
	int rc;

	if (!strcmp(p->setup.kernels, "native"))
		unsetenv("DELTAM_KERNELS");
	else if (*p->setup.kernels)
		setenv("DELTAM_KERNELS", p->setup.kernels, 1);
	rc = child_ask(argv, &p->arena, class, e);
	if (rc)
		return rc;
	newline = strchr(*class, '\n');
	if (newline)
		*newline = '\0';
	return OK;
}

static const char *gpu_list(struct pilot *p)
{
	struct str out = { .arena = &p->arena };

	for (int i = 0; p->places.name[0] && i < p->places.n; i++)
		str_printf(&out, "%s%s", i ? "," : "", p->places.name[i]);
	return str_get(&out);
}

static int say_hello(struct pilot *p, struct err *e)
{
	char host[128] = "";
	const char *job = getenv("SLURM_JOB_ID");
	struct message m = { .kind = MESSAGE_HELLO,
		.number = MESSAGE_VERSION,
		.host = host,
		.pid = getpid(),
		.slots = places_slots(&p->places),
		.gpu_list = gpu_list(p),
		.build = deltam_version,
		.slurm_job = job ? job : "" };
	int rc = ask_class(p, &m.kernels, e);

	gethostname(host, sizeof(host) - 1);
	if (rc)
		return rc;
	say(p, &m);
	return mail_flush(&p->out, e);
}

static int prepare(struct pilot *p, const char *folder, struct err *e)
{
	int rc = find_yard(p, folder, e);

	if (!rc)
		rc = check_yard(p, e);
	if (rc)
		return rc;
	yard_path(p->out.path, p->root, p->name, "out");
	look_for_successor(p);
	rc = yard_check_own(p->in.path, e);
	if (!rc)
		rc = mail_read(&p->in, take_setup, p, e);
	if (!rc && !p->setup.number)
		rc = err_set(e, ERR_DATA, "%s says nothing", p->in.path);
	if (!rc && *p->setup.build && strcmp(p->setup.build, deltam_version) != 0)
		log_warn("pilot", "deltam is %s, and this is %s", p->setup.build,
			deltam_version);
	if (!rc)
		rc = worker_path(p->worker, sizeof(p->worker), e);
	if (!rc)
		rc = find_places(p, e);
	return rc ? rc : say_hello(p, e);
}

/* Who waits is told of, and why we go. */
static void say_leaving(struct pilot *p, int rc, const struct err *why)
{
	struct message m = { .kind = MESSAGE_LEAVING, .text = p->text };

	if (!p->leaving && rc != ERR_INTERRUPTED) {
		p->leaving = "failed";
		snprintf(p->text, sizeof(p->text), "%.500s", why->msg);
	}
	m.why = p->leaving ? p->leaving : "time";
	for (struct errand *x = p->errands; x; x = x->next)
		if (x->state == ERRAND_WAITS)
			end_waiting(p, x);
	say(p, &m);
	flush(p);
}

static int fly(struct pilot *p, struct err *e)
{
	static const struct sched_ops ops = { .turn = turn,
		.news = on_news,
		.tick = on_tick,
		.leave = on_leave,
		.wanted = is_wanted };
	char logs[MAIL_PATH_MAX];
	const struct sched_options options = { .worker = p->worker,
		.db = "",
		.logs = logs,
		.workers = places_slots(&p->places),
		.tick_ms = mail_tick_ms() };
	int rc;

	yard_path(logs, p->root, p->name, "");
	rc = sched_run(&options, &ops, p, e);
	say_leaving(p, rc, e);
	return rc == ERR_INTERRUPTED && !p->dead ? OK : rc;
}

/* A session of its own: it outlives the shell of ssh, and its terminal. */
static void detach(void)
{
	mode_t usual = umask(0077);

	(void)setsid();
	signal(SIGHUP, SIG_IGN);
	umask(usual | 0022); /* nobody else writes where a pilot reads */
}

int cmd_pilot(const struct cli_options *o, struct err *e)
{
	struct pilot p = { 0 };
	int rc;

	detach();
	p.last = &p.errands;
	rc = prepare(&p, o->operand, e);
	if (!rc)
		rc = fly(&p, e);
	else if (p.out.path[0])
		say_leaving(&p, rc, e);
	for (struct errand *x = p.errands; x; x = x->next)
		arena_release(&x->arena);
	mail_out_release(&p.out);
	places_release(&p.places);
	arena_release(&p.arena);
	return rc;
}
