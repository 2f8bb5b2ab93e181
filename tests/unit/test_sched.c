/*
 * The scheduler with real processes: a shell script plays the worker and does what the
 * job's number says. sched_run asserts by itself that its loop closes empty.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "orchestrator/sched/sched.h"
#include "tests/lib/scratch.h"

enum job {
	DONE = 1,
	FAILS,
	KILLS_ITSELF,
	HANGS,
	FLOODS,
	DIVERGES,
	LEAVES,
	STAYS,
	WRITES,
	FRAGMENT,
	BEATS,
	WAITS,
	WAITS_AND_WRITES,
	DIES_WAITING,
	NEVER_LEAVES,
	UNTIL_LEFT,
};

/*
 * Who hangs or stays reads from a pipe that nobody writes into, so that nothing but a
 * signal ends it, at once. A beat comes every 10 ms: without a pause between them they
 * would be a flood, and no test waits for a pause to be over.
 */
static const char script[] =
	"#!/bin/sh\n"
	"job=$4\n"
	"stay() {\n"
	"   mkfifo pipe.$$ && exec 4<>pipe.$$ && rm pipe.$$\n"
	"   while :; do read -r word <&4; done\n"
	"}\n"
	"case $job in\n"
	"1) echo hello plain build1 >&3; echo spent 1.5 4096 >&3; echo epoch 1 >&3; exit 0;;\n"
	"2) echo error no luck >&3; exit 1;;\n"
	"3) kill -9 $$;;\n"
	"4) stay;;\n"
	"5) head -c 300000 /dev/zero | tr '\\0' x >&3; echo >&3; echo epoch 7 >&3;\n"
	"   head -c 5000 /dev/zero >&3;;\n"
	"6) echo diverged 3 loss is nan >&3; exit 4;;\n"
	"7) trap 'exit 7' TERM; echo epoch 1 >&3; stay;;\n"
	"8) trap '' TERM; echo epoch 1 >&3; stay;;\n"
	"9) echo complaint $6 >&2; exit 0;;\n"
	"10) printf 'epoch 1\\nepoc' >&3; exit 0;;\n"
	"11) while [ ! -e enough ]; do echo beat >&3; echo >>beats; sleep 0.01; done;;\n"
	"12|13)\n" /* says its process id as its build, task after task */
	"   while :; do\n"
	"     [ $job = 13 ] && echo complaint >&2\n"
	"     printf 'hello plain %s\\ndone\\n' $$ >&3\n"
	"     read -r job token <&3 || { [ $4 = 12 ] && echo >left; exit 0; }\n"
	"   done;;\n"
	"14) echo done >&3; kill -9 $$;;\n"
	"16) while [ ! -e left ]; do sleep 0.01; done;;\n"
	"15) echo done >&3; trap '' TERM; stay;;\n"
	"esac\n";

struct world {
	const int *jobs; /* ends with 0 */
	int next, running, most;
	struct sched_end ends[64];
	int64_t ended[64];
	int n;
	int epochs; /* lines `epoch` seen */
	int last_epoch;
	int interrupt_at; /* raise SIGINT when so many epoch lines were seen */
	double limit, silent; /* seconds */
	int ticks;
	bool beats; /* its worker BEATS */
	int early; /* ticks before which nothing may start */
	int asked_early;
	int fail_next; /* the turn that asks for this task fails */
	int without_end; /* tasks that came in a turn without an end */
	int interrupt_tick; /* raise SIGINT in this tick */
	int interrupt_end; /* raise a signal in the turn of this end */
	int signal; /* which; 0: SIGINT */
	char log[64][16];
};

static void note_end(struct world *w, const struct sched_end *end)
{
	w->running--;
	w->ended[w->n] = end->task->job;
	w->ends[w->n++] = *end;
	if (w->n == w->interrupt_end)
		ck_assert_int_eq(kill(getpid(), w->signal ? w->signal : SIGINT), 0);
}

static int turn(
	void *arg, const struct sched_end *end, struct sched_task *next, struct err *e)
{
	struct world *w = arg;

	if (end)
		note_end(w, end);
	if (next && w->fail_next && w->next + 1 == w->fail_next)
		return err_set(e, ERR_DB, "the database is gone");
	if (!next || !w->jobs[w->next])
		return SCHED_NOTHING;
	if (w->ticks < w->early) {
		w->asked_early++;
		return SCHED_LATER;
	}
	snprintf(w->log[w->next], sizeof(w->log[0]), "%d.log", w->next);
	*next = (struct sched_task){ .job = w->jobs[w->next],
		.token = "secret",
		.limit_seconds = w->limit,
		.slots = w->jobs[w->next] == UNTIL_LEFT ? 2 : 1,
		.log = w->log[w->next] };
	w->next++;
	w->without_end += !end;
	if (++w->running > w->most)
		w->most = w->running;
	return SCHED_TASK;
}

static void on_epoch(void *arg, const struct sched_task *task, int epoch)
{
	struct world *w = arg;

	(void)task;
	w->last_epoch = epoch;
	if (++w->epochs >= w->interrupt_at && w->interrupt_at)
		ck_assert_int_eq(kill(getpid(), SIGINT), 0);
}

static off_t beats(void)
{
	struct stat st = { 0 };

	return stat("beats", &st) ? 0 : st.st_size;
}

/* After 100 ticks the worker that beats may leave. */
static void on_tick(void *arg)
{
	struct world *w = arg;
	off_t before = beats();

	/* However slow the machine is, there is a beat between two ticks. */
	while (w->beats && w->ticks < 100 && beats() == before)
		;
	if (++w->ticks == 100)
		scratch_write("enough", "", 0);
	if (w->ticks == w->interrupt_tick)
		ck_assert_int_eq(kill(getpid(), SIGINT), 0);
}

static const struct sched_ops ops = {
	.turn = turn, .epoch = on_epoch, .tick = on_tick
};

static int run(struct world *w, int workers, struct err *e)
{
	struct sched_options o = { .worker = "./worker",
		.db = "t.db",
		.logs = ".",
		.workers = workers,
		.tick_ms = 20,
		.silent_seconds = w->silent > 0 ? w->silent : 30,
		.grace_seconds = 30 };

	return sched_run(&o, &ops, w, e);
}

static void enter(void)
{
	scratch_enter();
	scratch_write("worker", script, sizeof(script) - 1);
	ck_assert_int_eq(chmod("worker", 0755), 0);
}

START_TEST(a_worker_that_finishes_reports_what_it_said)
{
	static const int jobs[] = { DONE, 0 };
	struct world w = { .jobs = jobs };
	struct err e = { 0 };

	enter();
	ck_assert_int_eq(run(&w, 1, &e), OK);
	ck_assert_int_eq(w.n, 1);
	ck_assert_int_eq(w.ends[0].why, SCHED_EXITED);
	ck_assert_int_eq(w.ends[0].status, PROTO_DONE);
	ck_assert_str_eq(w.ends[0].kernel_class, "plain");
	ck_assert_str_eq(w.ends[0].build, "build1");
	ck_assert(w.ends[0].spent);
	ck_assert_double_eq(w.ends[0].cpu_seconds, 1.5);
	ck_assert_int_eq(w.ends[0].peak_bytes, 4096);
	ck_assert_int_eq(w.epochs, 1);
	ck_assert_int_gt(w.ends[0].pid, 0);
	ck_assert_str_eq(scratch_files(), "worker"); /* no log, no slot file */
	scratch_leave();
}
END_TEST

START_TEST(failure_divergence_and_death_are_told_apart)
{
	static const int jobs[] = { FAILS, KILLS_ITSELF, DIVERGES, 0 };
	struct world w = { .jobs = jobs };
	struct err e = { 0 };

	enter();
	ck_assert_int_eq(run(&w, 1, &e), OK);
	ck_assert_int_eq(w.n, 3);
	ck_assert_int_eq(w.ends[0].why, SCHED_EXITED);
	ck_assert_int_eq(w.ends[0].status, PROTO_FAILED);
	ck_assert_str_eq(w.ends[0].text, "no luck");
	ck_assert_int_eq(w.ends[1].why, SCHED_SIGNALLED);
	ck_assert_int_eq(w.ends[1].signal, SIGKILL);
	ck_assert_int_eq(w.ends[2].status, PROTO_DIVERGED);
	ck_assert_int_eq(w.ends[2].diverged_epoch, 3);
	ck_assert_str_eq(w.ends[2].text, "loss is nan");
	scratch_leave();
}
END_TEST

START_TEST(every_slot_works_and_none_more)
{
	static const int jobs[] = { DONE, DONE, DONE, DONE, DONE, DONE, DONE, DONE,
		DONE, DONE, DONE, DONE, 0 };
	struct world w = { .jobs = jobs };
	struct err e = { 0 };

	enter();
	ck_assert_int_eq(run(&w, 3, &e), OK);
	ck_assert_int_eq(w.n, 12);
	ck_assert_int_eq(w.most, 3);
	scratch_leave();
}
END_TEST

START_TEST(a_silent_worker_is_killed)
{
	static const int jobs[] = { HANGS, 0 };
	struct world w = { .jobs = jobs, .silent = 0.1 };
	struct err e = { 0 };

	enter();
	ck_assert_int_eq(run(&w, 1, &e), OK);
	ck_assert_int_eq(w.n, 1);
	ck_assert_int_eq(w.ends[0].why, SCHED_SILENT);
	scratch_leave();
}
END_TEST

START_TEST(a_worker_that_beats_is_left_alone)
{
	static const int jobs[] = { BEATS, 0 };
	struct world w = {
		.jobs = jobs, .beats = true, .silent = 0.1
	}; /* five ticks */
	struct err e = { 0 };

	enter();
	ck_assert_int_eq(run(&w, 1, &e), OK);
	ck_assert_int_eq(w.ends[0].why, SCHED_EXITED);
	ck_assert_int_ge(w.ticks, 100);
	scratch_leave();
}
END_TEST

START_TEST(the_time_limit_counts_whatever_the_worker_says)
{
	static const int jobs[] = { STAYS, 0 };
	struct world w = { .jobs = jobs, .limit = 0.1 };
	struct err e = { 0 };

	enter();
	ck_assert_int_eq(run(&w, 1, &e), OK);
	ck_assert_int_eq(w.ends[0].why, SCHED_TIMEOUT);
	scratch_leave();
}
END_TEST

START_TEST(a_flood_of_bytes_is_dropped_and_counted)
{
	static const int jobs[] = { FLOODS, FRAGMENT, 0 };
	struct world w = { .jobs = jobs };
	struct err e = { 0 };

	enter();
	ck_assert_int_eq(run(&w, 1, &e), OK);
	ck_assert_int_eq(w.ends[0].why, SCHED_EXITED);
	ck_assert_int_eq(w.ends[0].torn, 1);
	ck_assert_int_eq(w.epochs, 2); /* 7 of the flood, 1 before the fragment */
	ck_assert_int_eq(w.ends[1].torn, 0);
	scratch_leave();
}
END_TEST

START_TEST(an_interrupt_asks_the_workers_to_leave)
{
	static const int jobs[] = { LEAVES, LEAVES, DONE, DONE, 0 };
	struct world w = { .jobs = jobs, .interrupt_at = 2 };
	struct err e = { 0 };

	enter();
	ck_assert_int_eq(run(&w, 2, &e), ERR_INTERRUPTED);
	ck_assert_int_eq(w.n, 2);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(w.ends[i].why, SCHED_STOPPED);
		ck_assert_int_eq(w.ends[i].status, PROTO_INTERRUPTED);
	}
	scratch_leave();
}
END_TEST

static void *again; /* the world that the alarm interrupts */

static void on_started_twice(void *arg)
{
	struct world *w = arg;

	if (w->epochs && w->interrupt_at == 0)
		ck_assert_int_eq(kill(getpid(), SIGTERM), 0);
	again = w;
}

START_TEST(a_second_interrupt_kills_those_that_stay)
{
	static const int jobs[] = { STAYS, 0 };
	struct sched_ops twice = ops;
	struct sched_options o = { .worker = "./worker",
		.db = "t.db",
		.workers = 1,
		.tick_ms = 20,
		.silent_seconds = 60,
		.grace_seconds = 60 };
	struct world w = { .jobs = jobs };
	struct err e = { 0 };

	enter();
	twice.tick = on_started_twice; /* every tick once it is there: SIGTERM */
	ck_assert_int_eq(sched_run(&o, &twice, &w, &e), ERR_INTERRUPTED);
	ck_assert_ptr_eq(again, &w);
	ck_assert_int_eq(w.ends[0].why, SCHED_STOPPED);
	ck_assert_int_eq(w.ends[0].signal, SIGKILL);
	scratch_leave();
}
END_TEST

START_TEST(what_a_worker_writes_to_stderr_is_kept)
{
	static const int jobs[] = { DONE, WRITES, DONE, 0 };
	struct world w = { .jobs = jobs };
	struct err e = { 0 };
	char text[64];

	enter();
	ck_assert_int_eq(run(&w, 1, &e), OK);
	ck_assert_str_eq(scratch_files(), "1.log worker");
	scratch_read("1.log", text, sizeof(text));
	ck_assert_str_eq(text, "complaint secret\n");
	scratch_leave();
}
END_TEST

START_TEST(a_worker_that_cannot_start_ends_the_run)
{
	static const int jobs[] = { DONE, DONE, 0 };
	struct world w = { .jobs = jobs };
	struct sched_options o = { .worker = "./nowhere", .db = "t.db", .workers = 2 };
	struct err e = { 0 };

	enter();
	ck_assert_int_eq(sched_run(&o, &ops, &w, &e), ERR_SYS);
	ck_assert_ptr_nonnull(strstr(e.msg, "./nowhere"));
	ck_assert_int_eq(w.n, 1);
	ck_assert_int_eq(w.ends[0].why, SCHED_NOT_STARTED);
	scratch_leave();
}
END_TEST

START_TEST(an_error_of_the_caller_stops_the_others_first)
{
	static const int jobs[] = { LEAVES, DONE, DONE, 0 };
	struct world w = { .jobs = jobs, .fail_next = 3 };
	struct err e = { 0 };

	enter();
	ck_assert_int_eq(run(&w, 2, &e), ERR_DB);
	ck_assert_str_eq(e.msg, "the database is gone");
	ck_assert_int_eq(w.n, 2);
	ck_assert_int_eq(w.running, 0);
	scratch_leave();
}
END_TEST

START_TEST(a_worker_that_waits_is_given_the_next_task)
{
	static const int jobs[] = { WAITS, WAITS, WAITS, 0 };
	struct world w = { .jobs = jobs };
	struct err e = { 0 };

	enter();
	ck_assert_int_eq(run(&w, 1, &e), OK);
	ck_assert_int_eq(w.n, 3);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(w.ends[i].why, SCHED_EXITED);
		ck_assert_int_eq(w.ends[i].status, PROTO_DONE);
		ck_assert_str_eq(w.ends[i].build, w.ends[0].build);
		ck_assert_int_eq(w.ends[i].pid, w.ends[0].pid);
	}
	scratch_leave();
}
END_TEST

START_TEST(beside_a_task_of_several_slots_no_worker_waits)
{
	static const int jobs[] = { WAITS, UNTIL_LEFT, 0 };
	struct world w = { .jobs = jobs, .limit = 60 };
	struct err e = { 0 };

	enter();
	ck_assert_int_eq(run(&w, 2, &e), OK);
	ck_assert_int_eq(w.n, 2);
	ck_assert_int_eq(w.ends[1].why, SCHED_EXITED); /* not SCHED_TIMEOUT */
	scratch_leave();
}
END_TEST

START_TEST(a_worker_that_wrote_to_stderr_is_not_used_again)
{
	static const int jobs[] = { WAITS_AND_WRITES, WAITS_AND_WRITES, 0 };
	struct world w = { .jobs = jobs };
	struct err e = { 0 };

	enter();
	ck_assert_int_eq(run(&w, 1, &e), OK);
	ck_assert_int_eq(w.n, 2);
	ck_assert_int_ne(w.ends[0].pid, w.ends[1].pid);
	ck_assert_str_eq(scratch_files(), "0.log 1.log worker");
	scratch_leave();
}
END_TEST

/* Its worker wrote to stderr and has to go, and the run stops before it is gone. */
START_TEST(a_task_that_was_held_when_the_run_stopped_comes_back_as_stopped)
{
	static const int jobs[] = { WAITS_AND_WRITES, DONE, DONE, 0 };
	struct world w = { .jobs = jobs, .interrupt_end = 1 };
	struct err e = { 0 };

	enter();
	ck_assert_int_eq(run(&w, 1, &e), ERR_INTERRUPTED);
	ck_assert_int_eq(w.n, 2);
	ck_assert_int_eq(w.running, 0);
	ck_assert_int_eq(w.ended[1], DONE);
	ck_assert_int_eq(w.ends[1].why, SCHED_STOPPED);
	ck_assert_int_eq(w.ends[1].status, PROTO_INTERRUPTED);
	ck_assert_int_eq(w.ends[1].pid, 0); /* it had no process */
	scratch_leave();
}
END_TEST

/* Whether the worker is gone or waits. */
START_TEST(the_turn_of_an_end_brings_the_next_task)
{
	static const int jobs[] = { DONE, FAILS, WAITS, DONE, 0 };
	struct world w = { .jobs = jobs };
	struct err e = { 0 };

	enter();
	ck_assert_int_eq(run(&w, 1, &e), OK);
	ck_assert_int_eq(w.n, 4);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(w.ended[i], jobs[i]);
	ck_assert_int_eq(w.without_end, 1); /* the first */
	scratch_leave();
}
END_TEST

/* The death may come before or after the next task was handed over. */
START_TEST(a_worker_that_dies_waiting_costs_at_most_the_task_it_was_given)
{
	static const int jobs[] = { DIES_WAITING, DONE, DONE, 0 };
	struct world w = { .jobs = jobs };
	struct err e = { 0 };

	enter();
	ck_assert_int_eq(run(&w, 1, &e), OK);
	ck_assert_int_eq(w.n, 3);
	ck_assert_int_eq(w.running, 0);
	ck_assert_int_eq(w.ends[2].status, PROTO_DONE);
	ck_assert_int_eq(w.ends[2].why, SCHED_EXITED);
	scratch_leave();
}
END_TEST

START_TEST(a_worker_that_will_not_leave_is_killed)
{
	static const int jobs[] = { NEVER_LEAVES, 0 };
	struct sched_options o = { .worker = "./worker",
		.db = "t.db",
		.workers = 1,
		.tick_ms = 20,
		.grace_seconds = 0.1 };
	struct world w = { .jobs = jobs };
	struct err e = { 0 };

	enter();
	ck_assert_int_eq(sched_run(&o, &ops, &w, &e), OK);
	ck_assert_int_eq(w.n, 1);
	ck_assert_int_eq(w.ends[0].status, PROTO_DONE);
	scratch_leave();
}
END_TEST

START_TEST(nothing_to_do_is_done_at_once)
{
	static const int jobs[] = { 0 };
	struct world w = { .jobs = jobs };
	struct err e = { 0 };

	enter();
	ck_assert_int_eq(run(&w, 4, &e), OK);
	ck_assert_int_eq(w.n, 0);
	scratch_leave();
}
END_TEST

START_TEST(what_comes_too_early_is_asked_for_again_at_each_tick)
{
	static const int jobs[] = { DONE, DONE, 0 };
	struct world w = { .jobs = jobs, .early = 3 };
	struct err e = { 0 };

	enter();
	ck_assert_int_eq(run(&w, 2, &e), OK);
	ck_assert_int_eq(w.n, 2);
	ck_assert_int_eq(w.asked_early, 3); /* at once, and at two of the ticks */
	scratch_leave();
}
END_TEST

START_TEST(a_run_that_only_waits_can_be_interrupted)
{
	static const int jobs[] = { DONE, 0 };
	struct world w = { .jobs = jobs, .early = 1000000, .interrupt_tick = 2 };
	struct err e = { 0 };

	enter();
	ck_assert_int_eq(run(&w, 2, &e), ERR_INTERRUPTED);
	ck_assert_int_eq(w.n, 0);
	scratch_leave();
}
END_TEST

/* A shell that goes away says SIGHUP: only nohup lets a run outlive its terminal. */
START_TEST(a_hangup_interrupts_but_not_under_nohup)
{
	static const int jobs[] = { DONE, DONE, DONE, 0 };

	enter();
	for (int nohup = 0; nohup < 2; nohup++) {
		struct world w = { .jobs = jobs, .interrupt_end = 1, .signal = SIGHUP };
		struct err e = { 0 };

		signal(SIGHUP, nohup ? SIG_IGN : SIG_DFL);
		ck_assert_int_eq(run(&w, 1, &e), nohup ? OK : ERR_INTERRUPTED);
		ck_assert_int_eq(w.n == 3, nohup);
	}
	signal(SIGHUP, SIG_DFL);
	scratch_leave();
}
END_TEST

/* Ctrl-Z as soon as there is a worker, whose process id the file `pid` tells. */
static void suspend_all(void *arg, const struct sched_task *task, int pid)
{
	char text[32];

	(void)arg;
	(void)task;
	snprintf(text, sizeof(text), "%d", pid);
	scratch_write("pid", text, strlen(text));
	ck_assert_int_eq(kill(getpid(), SIGTSTP), 0);
}

/* The letter of /proc/PID/stat: T is stopped. */
static char state_of_worker(void)
{
	char path[64];
	char text[512] = "";
	char state = 0;

	scratch_read("pid", text, sizeof(text));
	snprintf(path, sizeof(path), "/proc/%s/stat", text);
	scratch_read(path, text, sizeof(text));
	sscanf(strrchr(text, ')'), ") %c", &state);
	return state;
}

static pid_t start_suspended(void)
{
	static const struct sched_ops own = {
		.turn = turn, .started = suspend_all, .epoch = on_epoch
	};
	static const int jobs[] = { BEATS, 0 };
	struct world w = { .jobs = jobs };
	const struct sched_options o = { .worker = "./worker",
		.db = "t.db",
		.logs = ".",
		.workers = 2,
		.tick_ms = 20 };
	pid_t pid = fork();

	if (pid == 0)
		_exit(sched_run(&o, &own, &w, NULL) || w.n != 1 ||
			w.ends[0].why != SCHED_EXITED);
	return pid;
}

START_TEST(ctrl_z_stops_the_workers_and_fg_lets_them_go_on)
{
	int status;
	pid_t pid;

	enter();
	pid = start_suspended();
	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	ck_assert(WIFSTOPPED(status));
	while (state_of_worker() != 'T') /* its signal may still be on the way */
		;
	scratch_write("enough", "", 0);
	ck_assert_int_eq(kill(pid, SIGCONT), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	scratch_leave();
}
END_TEST

Suite *suite_sched(void);
Suite *suite_sched(void)
{
	Suite *s = suite_create("sched");
	TCase *c = tcase_create("sched");

	tcase_add_test(c, a_worker_that_finishes_reports_what_it_said);
	tcase_add_test(c, failure_divergence_and_death_are_told_apart);
	tcase_add_test(c, every_slot_works_and_none_more);
	tcase_add_test(c, a_silent_worker_is_killed);
	tcase_add_test(c, a_worker_that_beats_is_left_alone);
	tcase_add_test(c, the_time_limit_counts_whatever_the_worker_says);
	tcase_add_test(c, a_flood_of_bytes_is_dropped_and_counted);
	tcase_add_test(c, an_interrupt_asks_the_workers_to_leave);
	tcase_add_test(c, a_second_interrupt_kills_those_that_stay);
	tcase_add_test(c, what_a_worker_writes_to_stderr_is_kept);
	tcase_add_test(c, a_worker_that_cannot_start_ends_the_run);
	tcase_add_test(c, an_error_of_the_caller_stops_the_others_first);
	tcase_add_test(c, a_worker_that_waits_is_given_the_next_task);
	tcase_add_test(c, beside_a_task_of_several_slots_no_worker_waits);
	tcase_add_test(c, a_worker_that_wrote_to_stderr_is_not_used_again);
	tcase_add_test(
		c, a_task_that_was_held_when_the_run_stopped_comes_back_as_stopped);
	tcase_add_test(c, the_turn_of_an_end_brings_the_next_task);
	tcase_add_test(
		c, a_worker_that_dies_waiting_costs_at_most_the_task_it_was_given);
	tcase_add_test(c, a_worker_that_will_not_leave_is_killed);
	tcase_add_test(c, nothing_to_do_is_done_at_once);
	tcase_add_test(c, what_comes_too_early_is_asked_for_again_at_each_tick);
	tcase_add_test(c, a_run_that_only_waits_can_be_interrupted);
	tcase_add_test(c, a_hangup_interrupts_but_not_under_nohup);
	tcase_add_test(c, ctrl_z_stops_the_workers_and_fg_lets_them_go_on);
	suite_add_tcase(s, c);
	return s;
}
