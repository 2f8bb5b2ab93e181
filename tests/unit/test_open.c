/* Another trainer's jobs: what they are given, and what tells them apart. */
#include <check.h>
#include <stddef.h>
#include <string.h>
#include "orchestrator/plan/plan.h"
#include "orchestrator/segment/folder.h"
#include "tests/lib/must.h"

static struct arena arena;
static struct spec spec;

static void release(void)
{
	arena_release(&arena);
}

struct sweep {
	const char *command, *version, *tasks, *dataset, *train, *method, *more;
};

static const struct sweep plain = { "\"python3\", \"train.py\"", "1",
	"\"a\": { \"acc\": \"higher\" }, \"b\": { \"acc\": \"higher\" }",
	"\"name\": \"nyu\", \"path\": \"/data/nyu\"", "\"epochs\": 4", "\"ew\"", "" };

static void parse(const struct sweep *x)
{
	struct str report = { .arena = &arena };
	struct err e;
	const char *text = arena_printf(&arena,
		"{ \"sweep\": \"t\", \"trainer\": { \"command\": [%s], \"version\": "
		"\"%s\", \"tasks\": { %s } }, \"dataset\": { %s }, \"train\": { %s }, "
		"\"methods\": [%s], \"search\": { \"lr\": [0.1] }%s }",
		x->command, x->version, x->tasks, x->dataset, x->train, x->method,
		x->more);

	ck_assert_msg(
		!spec_parse(&spec, &arena, "t.json", text, strlen(text), &report, &e),
		"%s", str_get(&report));
}

/* The job of point i of the first entry, or (task) of the baseline. */
static struct params job(int i, const char *task)
{
	const struct spec_variant *v = &spec.variants[0];
	const struct spec_entry *entry = task ? &v->baseline : &v->entries[0];
	struct plan_grid g = plan_tune(&spec, v, entry, &arena);

	return plan_job(task ? &v->stl : &v->base, entry, task, &g, i, 0, &arena);
}

static const char *identity(const struct sweep *x, const char *task)
{
	struct params ps;
	char *hex = arena_alloc(&arena, IDENTITY_MAX, 1);

	parse(x);
	ps = job(0, task);
	(void)job_identity(&ps, hex);
	return hex;
}

/* The plain sweep but for one field, whose name is that of the macro's argument. */
#define WITH(field_, value) with(offsetof(struct sweep, field_), value)
static const struct sweep *with(size_t at, const char *value)
{
	struct sweep *x = NEW(&arena, struct sweep);

	*x = plain;
	memcpy((char *)x + at, &value, sizeof(value));
	return x;
}

START_TEST(an_identity_is_what_determines_the_training)
{
	const char *it = identity(&plain, NULL);

	ck_assert_str_eq(identity(&plain, NULL), it);
	/* Where things lie, how results are called, what is compared: none of it. */
	ck_assert_str_eq(
		identity(WITH(command, "\"/opt/bin/python3\", \"train.py\""), NULL),
		it);
	ck_assert_str_eq(
		identity(WITH(dataset, "\"name\": \"nyu\", \"path\": \"/b\""), NULL),
		it);
	ck_assert_str_eq(
		identity(WITH(tasks,
				 "\"a\": { \"acc\": \"lower\", \"f1\": \"higher\" "
				 "}, \"b\": { \"acc\": \"higher\" }"),
			NULL),
		it);
	ck_assert_str_eq(
		identity(WITH(method, "{ \"name\": \"ew\", \"title\": \"Equal\" }"),
			NULL),
		it);
	ck_assert_str_eq(
		identity(WITH(more, ", \"select\": { \"criteria\": [\"a/acc\"] }"),
			NULL),
		it);
	ck_assert_str_eq(
		identity(WITH(method, "{ \"name\": \"ew\", \"slots\": 2 }"), NULL), it);
	ck_assert_str_eq(
		identity(WITH(version, "1\", \"gpu\": 0.5, \"keep\": \"all"), NULL),
		it);
	/* The program, its words, its version, its data, its settings: all of it. */
	ck_assert_str_ne(
		identity(WITH(command, "\"python3\", \"other.py\""), NULL), it);
	ck_assert_str_ne(identity(WITH(version, "2"), NULL), it);
	ck_assert_str_ne(
		identity(WITH(tasks, "\"a\": { \"acc\": \"higher\" }"), NULL), it);
	ck_assert_str_ne(identity(WITH(dataset, "\"name\": \"city\""), NULL), it);
	ck_assert_str_ne(identity(WITH(train, "\"epochs\": 4, \"x\": 5"), NULL), it);
}
END_TEST

START_TEST(a_baseline_does_not_know_the_other_tasks)
{
	const char *it = identity(&plain, "a");

	ck_assert_str_eq(
		identity(WITH(tasks, "\"a\": { \"acc\": \"higher\" }"), "a"), it);
	ck_assert_str_ne(identity(&plain, "b"), it);
}
END_TEST

START_TEST(values_of_different_kinds_are_different_jobs)
{
	static const char *const values[] = { "5", "\"5\"", "true", "\"true\"", "[5]",
		"\"[5]\"", "[\"5\"]", "\"five\"", "\"\"", "\"\\\"5\\\"\"" };
	const char *seen[COUNT(values)];

	for (int i = 0; i < COUNT(values); i++) {
		seen[i] = identity(
			WITH(train,
				arena_printf(
					&arena, "\"epochs\": 4, \"x\": %s", values[i])),
			NULL);
		for (int k = 0; k < i; k++)
			ck_assert_msg(strcmp(seen[i], seen[k]) != 0, "%s is %s",
				values[i], values[k]);
	}
}
END_TEST

/* job.TOKEN.json of a job, from "seed" on: what stands before are paths. */
static const char *job_text(int i, const char *task)
{
	const struct spec_variant *v = &spec.variants[0];
	struct params ps = job(i, task);
	struct job_row row = { .id = 9, .epochs = 4, .identity = "1f" };
	struct attempt_row attempt = {
		.token = "5c", .start_epoch = 1, .stop_epoch = 3
	};
	struct folder_job j = { .root = "/r/t.db.d",
		.home = "/r",
		.spec = &spec,
		.entry = task ? &v->baseline : &v->entries[0],
		.variant = v,
		.row = &row,
		.attempt = &attempt,
		.params = &ps,
		.resume = true };
	struct str out = { .arena = &arena };

	folder_job_text(&j, &out);
	ck_assert_ptr_nonnull(strstr(str_get(&out),
		"\"folder\": \"/r/t.db.d/jobs/1f/state.5c\", \"report\": "
		"\"/r/t.db.d/jobs/1f/report.5c\", \"home\": \"/r\", \"done\": 1, "
		"\"until\": 3, \"epochs\": 4, "));
	return strstr(str_get(&out), "\"seed\"");
}

START_TEST(a_trainer_is_given_every_value_as_it_was_written)
{
	parse(WITH(train,
		"\"epochs\": 4, \"words\": [\"a b\", 1, true], \"text\": \"5\", \"name\": "
		"\"x \\\"y\\\"\", \"half\": 0.5, \"no\": false"));
	ck_assert_str_eq(job_text(0, NULL),
		"\"seed\": 0, \"method\": \"ew\", \"hyper\": {}, \"tasks\": [\"a\", "
		"\"b\"], \"lr\": 0.1, \"wd\": 0, \"dataset\": {\"name\": \"nyu\", "
		"\"path\": \"/data/nyu\"}, \"model\": {}, \"train\": {\"epochs\": 4, "
		"\"half\": 0.5, \"name\": \"x \\\"y\\\"\", \"no\": false, \"text\": "
		"\"5\", \"words\": [\"a b\",1,true]}}\n");
	ck_assert_ptr_nonnull(strstr(job_text(0, "b"),
		"\"method\": \"stl\", \"hyper\": {}, \"tasks\": [\"b\"], "));
}
END_TEST

START_TEST(hyperparameters_have_their_defaults_and_kinds)
{
	parse(WITH(
		method, "{ \"name\": \"scalarization\", \"weights\": [0.25, 0.75] }"));
	ck_assert_ptr_nonnull(
		strstr(job_text(0, NULL), "\"hyper\": {\"weights\": [0.25, 0.75]}"));
	parse(WITH(method, "\"dwa\""));
	ck_assert_ptr_nonnull(strstr(job_text(0, NULL), "\"T\": 2"));
	parse(WITH(method,
		"{ \"name\": \"mine\", \"title\": \"M\", \"alpha\": [1, 2], \"how\": "
		"[\"fast\", \"slow\"], \"norm\": true, \"weights\": { \"step\": 0.5 } }"));
	ck_assert_ptr_nonnull(strstr(job_text(3, NULL),
		"\"method\": \"mine\", \"hyper\": {\"alpha\": 2, \"how\": \"slow\", "
		"\"norm\": true, \"weights\": [0.5, 0.5]}"));
	ck_assert_str_eq(spec.variants[0].entries[0].title, "M");
}
END_TEST

START_TEST(any_key_can_vary)
{
	parse(WITH(more,
		", \"vary\": { \"dataset.path\": [\"/a\", \"/b\"], \"train.x\": [1, "
		"\"y\"], \"model\": [\"deep\", { \"name\": \"wide\", \"width\": 2 }] }"));
	ck_assert_int_eq(spec.nvariants, 8);
	ck_assert_str_eq(spec.variants[7].label, "/b y wide width=2");
	ck_assert_str_eq(params_get(&spec.variants[7].base, "dataset.path"), "/b");
	ck_assert_str_eq(params_get(&spec.variants[7].base, "train.x"), "y");
	ck_assert_str_eq(params_get(&spec.variants[7].base, "model.width"), "2");
	ck_assert_str_eq(params_get(&spec.variants[0].base, "model.name"), "deep");
	ck_assert_str_eq(params_get(&spec.variants[0].stl, "train.x"), "1");
}
END_TEST

Suite *suite_open(void);
Suite *suite_open(void)
{
	Suite *s = suite_create("open");
	TCase *tc = tcase_create("open");

	tcase_add_checked_fixture(tc, NULL, release);
	tcase_add_test(tc, an_identity_is_what_determines_the_training);
	tcase_add_test(tc, a_baseline_does_not_know_the_other_tasks);
	tcase_add_test(tc, values_of_different_kinds_are_different_jobs);
	tcase_add_test(tc, a_trainer_is_given_every_value_as_it_was_written);
	tcase_add_test(tc, hyperparameters_have_their_defaults_and_kinds);
	tcase_add_test(tc, any_key_can_vary);
	suite_add_tcase(s, tc);
	return s;
}
