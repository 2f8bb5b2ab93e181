/*
 * deltam pilot FOLDER: the scheduler without a database. What it runs comes from the lines of
 * in.N in its folder, what becomes of it goes into `out` (message.h); deltam writes the
 * one and reads the other. Not for people: a launcher starts it (launch.h).
 * This file is how it begins and ends; what lies between is flight.h.
 */
#define _GNU_SOURCE /* sched_getaffinity */

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/clock.h"
#include "common/log.h"
#include "common/version.h"
#include "orchestrator/cli/cli.h"
#include "orchestrator/pilot/flight.h"
#include "orchestrator/plan/instruction_set.h"
#include "orchestrator/plan/worker_path.h"

/* Before hello. */

/* FOLDER is ROOT/pilots/NAME. */
static int find_yard(struct flight *f, const char *folder, struct err *e)
{
	char *path = realpath(folder, NULL);
	char *slash = path ? strrchr(path, '/') : NULL;
	char *parent;
	int rc = OK;

	if (!slash)
		return err_errno(e, "%s", folder);
	*slash = '\0';
	f->name = arena_strdup(&f->arena, slash + 1);
	parent = strrchr(path, '/');
	if (!parent || strcmp(parent, "/pilots") != 0)
		rc = err_set(e, ERR_USAGE, "%s is no folder of a pilot", folder);
	else
		*parent = '\0';
	if (!rc && snprintf(f->root, sizeof(f->root), "%s", path) >= 1100)
		rc = err_set(e, ERR_USAGE, "the path is too long: %s", folder);
	free(path);
	return rc;
}

static int check_yard(struct flight *f, struct err *e)
{
	static const char *const below[] = { "", "/jobs", "/code", "/pilots", "/logs" };
	char path[MAIL_PATH_MAX];
	int rc = OK;

	for (int i = 0; !rc && i < COUNT(below); i++) {
		snprintf(path, sizeof(path), "%s%s", f->root, below[i]);
		rc = yard_check_own(path, e);
	}
	yard_path(path, f->root, f->name, "");
	return rc ? rc : yard_check_own(path, e);
}

/* The first line says what the pilot is for. */
static int take_setup(void *arg, const char *line, size_t n, struct err *e)
{
	struct flight *f = arg;
	int rc;

	if (f->setup.kind == MESSAGE_PILOT && f->setup.number)
		return MAIL_LATER;
	rc = message_parse(&f->setup, line, n, &f->arena, e);
	if (!rc &&
		(f->setup.kind != MESSAGE_PILOT || f->setup.number != MESSAGE_VERSION))
		rc = err_set(e, ERR_SPEC,
			"not the first line of a deltam of version %d",
			MESSAGE_VERSION);
	return rc ? rc : MAIL_TAKEN;
}

/* Hello. */

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
static int find_places(struct flight *f, struct err *e)
{
	const struct spec_trainer trainer = { .gpus = (int)f->setup.gpus,
		.gpu_slots = (int)f->setup.gpu_slots };
	struct spec_variant variant = { 0 };
	const struct spec spec = { .trainer = f->setup.gpus ? &trainer : NULL,
		.variants = &variant };
	int workers = f->setup.gpus    ? 0
		: f->setup.workers > 0 ? (int)f->setup.workers
				       : own_processors();

	return places_find(&f->places, &spec, NULL, workers, e);
}

static int ask_class(struct flight *f, const char **class, struct err *e)
{
	if (*f->setup.kernels)
		instruction_set_use(f->setup.kernels);
	return instruction_set_ask(f->worker, NULL, class, &f->arena, e);
}

static const char *gpu_list(struct flight *f)
{
	struct str out = { .arena = &f->arena };

	for (int i = 0; f->places.name[0] && i < f->places.n; i++)
		str_printf(&out, "%s%s", i ? "," : "", f->places.name[i]);
	return str_get(&out);
}

static int say_hello(struct flight *f, struct err *e)
{
	char host[128] = "";
	const char *job = getenv("SLURM_JOB_ID");
	struct message m = { .kind = MESSAGE_HELLO,
		.number = MESSAGE_VERSION,
		.host = host,
		.pid = getpid(),
		.slots = places_slots(&f->places),
		.gpu_list = gpu_list(f),
		.build = deltam_version,
		.slurm_job = job ? job : "" };
	int rc = ask_class(f, &m.kernels, e);

	gethostname(host, sizeof(host) - 1);
	if (rc)
		return rc;
	flight_say(f, &m);
	return mail_flush(&f->out, e);
}

/*
 * A controller of Slurm that crashed starts some jobs a second time. The first one's segments
 * are not ours to begin again: their reports would have two beginnings. So nothing is said,
 * and who waits for the first one finds it silent.
 */
static int check_first(const struct flight *f, struct err *e)
{
	char out[MAIL_PATH_MAX];
	struct stat st;

	yard_path(out, f->root, f->name, "out");
	if (stat(out, &st) || !st.st_size)
		return OK;
	return err_set(e, ERR_LOCKED,
		"the pilot %s has begun before: its launcher has started it twice, and "
		"this one leaves",
		f->name);
}

static int prepare(struct flight *f, const char *folder, struct err *e)
{
	int rc = find_yard(f, folder, e);

	if (!rc)
		rc = check_yard(f, e);
	if (!rc)
		rc = check_first(f, e);
	if (rc)
		return rc;
	yard_path(f->out.path, f->root, f->name, "out");
	flight_look_for_successor(f);
	rc = yard_check_own(f->in.path, e);
	if (!rc)
		rc = mail_read(&f->in, take_setup, f, e);
	if (!rc && !f->setup.number)
		rc = err_set(e, ERR_DATA, "%s says nothing", f->in.path);
	if (!rc && *f->setup.build && strcmp(f->setup.build, deltam_version) != 0)
		log_warn("pilot", "deltam is %s, and this is %s", f->setup.build,
			deltam_version);
	if (!rc)
		rc = worker_path(f->worker, sizeof(f->worker), e);
	if (!rc)
		rc = find_places(f, e);
	return rc ? rc : say_hello(f, e);
}

/* From hello to the end. */

/* Who waits is told of, and why we go. */
static void say_leaving(struct flight *f, int rc, const struct err *why)
{
	struct message m = { .kind = MESSAGE_LEAVING, .text = f->text };

	if (!f->leaving && rc != ERR_INTERRUPTED) {
		f->leaving = "failed";
		snprintf(f->text, sizeof(f->text), "%.500s", why->msg);
	}
	m.why = f->leaving ? f->leaving : "signal";
	flight_end_waiting(f);
	flight_say(f, &m);
	flight_flush(f);
}

static int fly(struct flight *f, struct err *e)
{
	char logs[MAIL_PATH_MAX];
	const struct sched_options options = { .worker = f->worker,
		.db = "",
		.logs = logs,
		.workers = places_slots(&f->places),
		.tick_ms = clock_tick_ms() };
	int rc;

	yard_path(logs, f->root, f->name, "");
	rc = sched_run(&options, &flight_ops, f, e);
	say_leaving(f, rc, e);
	return rc == ERR_INTERRUPTED && !f->dead ? OK : rc;
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
	struct flight f = { 0 };
	int rc;

	detach();
	f.last = &f.errands;
	rc = prepare(&f, o->operand, e);
	if (!rc)
		rc = fly(&f, e);
	else if (f.out.path[0])
		say_leaving(&f, rc, e);
	flight_release(&f);
	return rc;
}
