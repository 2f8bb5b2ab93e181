/* The pilots of a run as deltam counts them: their tasks, what waits, what is written, last words. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "orchestrator/pilot/fleet.h"
#include "orchestrator/pilot/parting.h"
#include "tests/lib/must.h"
#include "tests/lib/opened.h"
#include "tests/lib/played.h"
#include "tests/lib/scratch.h"

static struct launch launch;
static struct remote_options options;
static struct fleet fleet;
static struct arena arena;
static struct err e;

static void setup(void)
{
	scratch_enter();
	launch = (struct launch){ .kind = LAUNCH_SLURM, .name = "slurm", .root = "" };
	options = (struct remote_options){ .launch = &launch };
	fleet = (struct fleet){ .o = &options, .e = &e, .ticks = 1 };
	e = (struct err){ 0 };
}

static void teardown(void)
{
	for (struct craft *c = fleet.crafts; c; c = c->next)
		craft_release(c);
	arena_release(&fleet.arena);
	arena_release(&arena);
	scratch_leave();
}

static struct craft *add(enum craft_state state, int slots, const char *job)
{
	struct craft *c = fleet_add(&fleet);

	c->state = state;
	c->slots = slots;
	snprintf(c->job, sizeof(c->job), "%s", job);
	return c;
}

/* A task of so many seconds (0: nobody knows) and slots is given to the pilot. */
static struct craft_task *give(struct craft *c, double seconds, int slots)
{
	struct craft_task *t = NEW(&fleet.arena, struct craft_task);

	t->task.expected_seconds = seconds;
	t->slots = slots;
	craft_add(c, t);
	return t;
}

/* How many such tasks it takes. */
static int room_for(double seconds)
{
	struct craft *c = add(CRAFT_WORKS, 2, "");
	int n = 0;

	for (; craft_has_room(c); n++)
		(void)give(c, seconds, 1);
	return n;
}

START_TEST(a_pilot_has_so_many_short_tasks_that_none_of_its_slots_waits)
{
	struct craft *c;

	ck_assert_int_eq(room_for(0), 4); /* one a slot waits ahead */
	ck_assert_int_eq(room_for(10), 4);
	ck_assert_int_eq(room_for(0.5), 12); /* three seconds a slot */
	ck_assert_int_eq(room_for(0.01), 32);
	/* A long one is enough: others may have what comes behind it. */
	c = add(CRAFT_WORKS, 2, "");
	for (int i = 0; i < 5; i++)
		(void)give(c, 0.5, 1);
	ck_assert(craft_has_room(c));
	craft_drop(c, give(c, 60, 1));
	ck_assert(craft_has_room(c));
	(void)give(c, 0, 1);
	ck_assert(!craft_has_room(c));
}
END_TEST

static const char sweep[] =
	"{ \"sweep\": \"t\", " PLAYED_DATASET "\"train\": { \"epochs\": 2 }, "
	"\"methods\": [ \"ew\" ], \"search\": { \"lr\": [1, 2, 3] } }";

static double figure(
	const struct played_job *job, const char *task, int epoch, bool test)
{
	(void)job;
	(void)task;
	(void)test;
	return epoch;
}

START_TEST(what_waits_is_counted_where_a_turn_has_changed_it_and_else_not)
{
	struct played *p = played_new("t.db", sweep, true, figure);
	int64_t all;

	options.s = &p->s;
	options.sweep = p->stage.sweep;
	fleet.ops = &p->dispatch.ops;
	fleet.arg = &p->dispatch;
	all = fleet_waiting(&fleet);
	ck_assert_int_eq(all, played_waiting(p));
	ck_assert_int_gt(all, 1);
	/* Behind its back, as nobody but a turn may do: another count would tell. */
	opened_run(&p->s,
		"UPDATE stage_job SET state='running' WHERE job=(SELECT min(job)"
		" FROM stage_job WHERE state='pending')");
	ck_assert_int_eq(fleet_waiting(&fleet), all);
	ck_assert(!fleet_turn(&fleet, NULL)); /* no pilot has room, nothing changes */
	ck_assert_int_eq(fleet_waiting(&fleet), all);
	(void)add(CRAFT_WORKS, 1, "");
	ck_assert(fleet_turn(&fleet, NULL));
	ck_assert_int_eq(fleet_waiting(&fleet), played_waiting(p));
	ck_assert_int_eq(fleet_waiting(&fleet), all - 2);
	played_free(p);
}
END_TEST

#define FILES 200

/* How many of the pilots' files have a line; none may have two. */
static int written(void)
{
	int n = 0;

	for (int i = 0; i < FILES; i++) {
		char path[32], text[256];

		snprintf(path, sizeof(path), "in.%d", i);
		scratch_read(path, text, sizeof(text));
		ck_assert_msg(!*text || !strcmp(text, "{\"leave\": true}\n"), "%s: %s",
			path, text);
		n += *text != '\0';
	}
	return n;
}

START_TEST(a_tick_writes_as_many_files_as_it_has_time_for)
{
	int first;

	setenv("DELTAM_TIME_SCALE", "0.001", 1);
	for (int i = 0; i < FILES; i++) {
		struct craft *c = add(CRAFT_WORKS, 1, "");

		snprintf(c->in.path, sizeof(c->in.path), "in.%d", i);
		scratch_write(c->in.path, "", 0);
		craft_say_leave(c);
	}
	fleet_flush(&fleet);
	first = written();
	ck_assert_int_gt(first, 0);
	ck_assert_int_lt(first, FILES);
	ck_assert_ptr_nonnull(fleet.unwritten);
	while (fleet.unwritten)
		fleet_flush(&fleet);
	ck_assert_int_eq(written(), FILES);
}
END_TEST

START_TEST(last_words_say_what_goes_on_and_what_waits)
{
	struct craft *c;

	ck_assert_str_eq(parting_alone(&fleet, &arena),
		"interrupted; no pilot is there; the same command continues");
	ck_assert_str_eq(parting_together(&fleet, &arena),
		"interrupted; the same command continues");
	(void)add(CRAFT_STARTED, 0, "11");
	ck_assert_str_eq(parting_alone(&fleet, &arena),
		"interrupted; 1 job has not begun and stays in the queue of Slurm, where "
		"it waits ten minutes for a deltam once it begins; the same command takes "
		"it over, `scancel 11` cancels what has not begun");
	ck_assert_str_eq(parting_together(&fleet, &arena),
		"interrupted; 1 job had not begun and was cancelled; the same command "
		"continues");
	(void)add(CRAFT_STARTED, 0, "12");
	c = add(CRAFT_WORKS, 2, "10");
	give(c, 0, 1)->begun = true;
	(void)give(c, 0, 1);
	(void)give(c, 0, 1);
	ck_assert_str_eq(parting_alone(&fleet, &arena),
		"interrupted; 1 pilot goes on for ten minutes (1 segment at work, 2 wait "
		"ahead); 2 jobs have not begun and stay in the queue of Slurm, where each "
		"waits ten minutes for a deltam once it has begun; the same command takes "
		"them over, `scancel 12 11` cancels what has not begun");
	for (int i = 0; i < 30; i++)
		(void)add(CRAFT_STARTED, 0, "1000000");
	ck_assert_ptr_nonnull(strstr(parting_alone(&fleet, &arena),
		" 1000000 1000000 ...` cancels what has not begun"));
	launch.kind = LAUNCH_LOCAL;
	ck_assert_ptr_nonnull(strstr(parting_alone(&fleet, &arena),
		"; 32 pilots are started and not begun yet, and wait ten minutes for a "
		"deltam; the same command takes them over"));
}
END_TEST

Suite *suite_fleet(void);
Suite *suite_fleet(void)
{
	Suite *s = suite_create("fleet");
	TCase *tc = tcase_create("fleet");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(
		tc, a_pilot_has_so_many_short_tasks_that_none_of_its_slots_waits);
	tcase_add_test(
		tc, what_waits_is_counted_where_a_turn_has_changed_it_and_else_not);
	tcase_add_test(tc, a_tick_writes_as_many_files_as_it_has_time_for);
	tcase_add_test(tc, last_words_say_what_goes_on_and_what_waits);
	suite_add_tcase(s, tc);
	return s;
}
