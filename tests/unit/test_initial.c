/*
 * Initial weights from .npy files that the tests write by themselves.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tests/lib/child.h"
#include "tests/lib/digest.h"
#include "tests/lib/fake_npy.h"
#include "tests/lib/scratch.h"
#include "trainer-core/network/initial.h"
#include "trainer-core/network/network.h"
#include "trainer-core/train/train.h"

static struct arena arena;
static struct network net;

/* A small ResNet for one task on 3x8x8; `built`: with memory for values. */
static struct graph *network(const char *name, bool built)
{
	static const struct task_info task = { "a", TASK_CLASS, LOSS_CE, 4, 1 };
	struct dataset *d = NEW(&arena, struct dataset);
	struct params *ps = NEW(&arena, struct params);
	struct err e = { 0 };

	params_set(ps, &arena, "model.name", name);
	params_set(ps, &arena, "model.stem", "cifar");
	params_set(ps, &arena, "model.width", "0.05");
	params_set(ps, &arena, "train.batch", "4");
	d->split[SPLIT_TRAIN].n = 8;
	d->split[SPLIT_TRAIN].input =
		(struct dataset_field){ .c = 3, .h = 16, .w = 16 };
	net = (struct network){ .task = &task, .K = 1 };
	ck_assert_msg(network_add(&net, ps, d, &arena, &e) == OK, "%s", e.msg);
	if (built) {
		ck_assert_int_eq(graph_build(net.graph, 2, true, NULL), OK);
		graph_init(net.graph, 1);
	}
	return net.graph;
}

/* Value j of the file of a parameter or statistic. */
static float value(const char *name, size_t j)
{
	return (float)(strlen(name) % 7 + 1) + (float)j / 64;
}

static void put(const char *name, const int *shape, int dims, size_t count)
{
	float *v = NEW_ARRAY(&arena, float, (int)count);
	struct str text = { .arena = &arena };

	for (size_t j = 0; j < count; j++)
		v[j] = value(name, j);
	str_put(&text, "(");
	for (int d = 0; d < dims; d++)
		str_printf(&text, "%d,", shape[d]);
	str_put(&text, ")");
	fake_npy(arena_printf(&arena, "w/%s.npy", name), "<f4", str_get(&text), v,
		count * sizeof(float));
}

/* Every file that the trunk of g wants. */
static void write_trunk(const struct graph *g)
{
	for (int i = 0; i < graph_params(g); i++) {
		const struct graph_param *p = graph_param(g, i);

		if (p->scope == SCOPE_SHARED)
			put(p->name, p->shape, p->dims, p->count);
	}
	for (int i = 0; i < graph_buffers(g); i++) {
		const struct graph_buffer *b = graph_buffer(g, i);

		if (b->scope == SCOPE_SHARED)
			put(b->name, &b->count, 1, (size_t)b->count);
	}
}

static void setup(void)
{
	scratch_enter();
	memset(&arena, 0, sizeof(arena));
	write_trunk(network("resnet", false));
}

static void teardown(void)
{
	arena_release(&arena);
	scratch_leave();
}

START_TEST(the_trunk_has_the_values_of_the_files_and_the_heads_the_seeds)
{
	struct graph *g = network("resnet", true);
	struct graph *plain = network("resnet", true);
	struct err e = { 0 };
	char hex[33];

	ck_assert_msg(initial_load(g, "w", hex, &e) == OK, "%s", e.msg);
	for (int i = 0; i < graph_params(g); i++) {
		const struct graph_param *p = graph_param(g, i);
		float *a = NEW_ARRAY(&arena, float, (int)p->count);
		float *b = NEW_ARRAY(&arena, float, (int)p->count);

		graph_param_get(g, i, graph_values(g), a);
		graph_param_get(plain, i, graph_values(plain), b);
		for (size_t j = 0; j < p->count; j++)
			ck_assert_msg(a[j] ==
					(p->scope == SCOPE_SHARED ? value(p->name, j)
								  : b[j]),
				"%s[%zu]", p->name, j);
	}
	for (int i = 0; i < graph_buffers(g); i++) {
		const struct graph_buffer *b = graph_buffer(g, i);

		for (int j = 0; j < b->count; j++)
			ck_assert(graph_state(g)[b->offset + (size_t)j] ==
				value(b->name, (size_t)j));
	}
}
END_TEST

START_TEST(the_digest_is_of_names_and_values_alone)
{
	const int two[] = { 2 };
	char checked[33], read[33], more[33], other[33];

	ck_assert_int_eq(
		initial_load(network("resnet", false), "w", checked, NULL), OK);
	ck_assert_int_eq(initial_load(network("resnet", true), "w", read, NULL), OK);
	ck_assert_str_eq(checked, read);
	/* What ImageNet's files hold besides the trunk. */
	put("fc.weight", two, 1, 2);
	put("bn1.num_batches_tracked", two, 1, 2);
	ck_assert_int_eq(initial_load(network("resnet", false), "w", more, NULL), OK);
	ck_assert_str_eq(checked, more);
	fake_npy("w/bn1.bias.npy", "<f8", "(3,)", (double[]){ 1, 2, 3 }, 24);
	ck_assert_int_eq(initial_load(network("resnet", false), "w", other, NULL), OK);
	ck_assert_str_ne(checked, other);
}
END_TEST

static const char *refusal(void)
{
	static struct err e;
	char hex[33];

	e = (struct err){ 0 };
	ck_assert_int_eq(
		initial_load(network("resnet", false), "w", hex, &e), ERR_DATA);
	return e.msg;
}

START_TEST(files_that_do_not_fit_are_refused_by_name_and_place)
{
	const float three[] = { 1, 2, 3, 4 };
	const float bad[] = { 1, NAN, 3 }, negative[] = { 1, -1, 3 };
	const int whole[] = { 1, 2, 3 };

	fake_npy("w/bn1.bias.npy", "<f4", "(4,)", three, 16);
	ck_assert_str_eq(refusal(), "w/bn1.bias.npy: found shape (4), expected (3)");
	fake_npy("w/bn1.bias.npy", "<f4", "(3,)", bad, 12);
	ck_assert_str_eq(refusal(),
		"w/bn1.bias.npy: at (1): found nan, expected a finite number");
	fake_npy("w/bn1.bias.npy", "<f4", "(3,)", three, 8);
	ck_assert_str_eq(refusal(),
		"w/bn1.bias.npy: the file ends after 2 of the 3 numbers of its shape "
		"(3)");
	fake_npy("w/bn1.bias.npy", "<i4", "(3,)", whole, 12);
	ck_assert_str_eq(refusal(),
		"w/bn1.bias.npy: elements of type i4, expected floating point");
	fake_npy("w/bn1.bias.npy", "<f4", "(3,)", three, 12);
	fake_npy("w/bn1.running_var.npy", "<f4", "(3,)", negative, 12);
	ck_assert_ptr_nonnull(
		strstr(refusal(), "w/bn1.running_var.npy: at (1): found -1"));
	ck_assert_int_eq(unlink("w/bn1.running_var.npy"), 0);
	ck_assert_str_eq(refusal(),
		"w/bn1.running_var.npy: No such file or directory; model.init wants a "
		"file for every parameter of the trunk");
}
END_TEST

START_TEST(modules_that_tasks_call_may_have_no_file_but_not_all_of_them)
{
	struct graph *g = network("mtan_deeplab", true);
	const struct graph_param *p;
	char hex[33];
	float *v;
	int block = -1;

	for (int i = 0; i < graph_params(g); i++)
		if (!strcmp(graph_param(g, i)->name, "att_block0.conv1.weight"))
			block = i;
	ck_assert_int_ge(block, 0);
	ck_assert_int_eq(initial_load(g, "w", hex, NULL), OK);
	p = graph_param(g, block);
	put(p->name, p->shape, p->dims, p->count);
	ck_assert_int_eq(initial_load(g, "w", hex, NULL), OK);
	v = NEW_ARRAY(&arena, float, (int)p->count);
	graph_param_get(g, block, graph_values(g), v);
	ck_assert(v[1] == value(p->name, 1));
	ck_assert_int_eq(
		initial_load(network("vgg16", false), "w", hex, NULL), ERR_DATA);
}
END_TEST

START_TEST(a_job_refuses_files_that_changed_since_it_was_planned)
{
	static const char *const pairs[][2] = { { "model.name", "resnet" },
		{ "model.stem", "cifar" }, { "model.width", "0.05" },
		{ "model.init", "w" }, { "train.batch", "4" }, { "method", "ew" },
		{ "lr", "0.1" }, { "wd", "0" }, { "seed", "0" },
		{ "train.epochs", "1" } };
	struct dataset *d = NEW(&arena, struct dataset);
	struct params ps = { 0 };
	struct train *t;
	struct err e = { 0 };
	char hex[33];

	d->tasks = 1;
	d->task[0] = (struct task_info){ "a", TASK_CLASS, LOSS_CE, 4, 1 };
	for (int s = 0; s < SPLIT_COUNT; s++) {
		d->split[s].n = 8;
		d->split[s].input = (struct dataset_field){ .c = 3, .h = 16, .w = 16 };
		d->split[s].target[0] =
			(struct dataset_field){ .c = 1, .h = 1, .w = 1 };
	}
	for (int i = 0; i < COUNT(pairs); i++)
		params_set(&ps, &arena, pairs[i][0], pairs[i][1]);
	ck_assert_int_eq(initial_load(network("resnet", false), "w", hex, NULL), OK);
	params_set(&ps, &arena, "model.init.digest", hex);
	ck_assert_msg(train_new(&t, &ps, d, &arena, &e) == OK, "%s", e.msg);
	fake_npy("w/bn1.bias.npy", "<f4", "(3,)", (float[]){ 1, 2, 3 }, 12);
	ck_assert_int_eq(train_new(&t, &ps, d, &arena, &e), ERR_DATA);
	ck_assert_ptr_nonnull(strstr(e.msg, "the files have changed"));
}
END_TEST

/* The trunk of `mlp` with one hidden layer of two units, on 16 features. */
static void write_mlp(const char *folder, float first)
{
	float w[32], b[2] = { 1, 2 };

	for (int i = 0; i < 32; i++)
		w[i] = i ? 0.5f : first;

	fake_npy(arena_printf(&arena, "%s/trunk0.weight.npy", folder), "<f4", "(2, 16)",
		w, sizeof(w));
	fake_npy(arena_printf(&arena, "%s/trunk0.bias.npy", folder), "<f4", "(2,)", b,
		sizeof(b));
}

static int run(const char *folder)
{
	static const char *const argv[] = { "deltam", "run", "s.json", "--quiet",
		NULL };
	const char *text = arena_printf(&arena,
		"{ \"sweep\": \"s\", \"dataset\": { \"name\": \"synthetic\", "
		"\"train\": 50, \"val\": 10, \"test\": 10 },\n\"model\": { \"name\": "
		"\"mlp\", \"hidden\": [2], \"init\": \"%s\" }, \"train\": { "
		"\"epochs\": 1, \"batch\": 50 },\n\"methods\": [\"ew\"], \"search\": { "
		"\"lr\": 0.01 } }",
		folder);

	scratch_write("s.json", text, strlen(text));
	setenv("DELTAM_CACHE", "cache", 1);
	return child_run(argv, NULL);
}

START_TEST(the_files_and_not_their_folder_are_part_of_a_jobs_identity)
{
	int64_t jobs;

	write_mlp("a", 1);
	write_mlp("b", 1);
	write_mlp("c", 1.5f);
	ck_assert_int_eq(run("a"), 0);
	jobs = query_int("s.db", "SELECT count(*) FROM job");
	ck_assert_int_gt(jobs, 3);
	ck_assert_int_eq(query_int("s.db",
				 "SELECT count(*) FROM job_param WHERE name = "
				 "'model.init.digest' AND length(value) = 32"),
		jobs);
	ck_assert_int_eq(run("b"), 0);
	ck_assert_int_eq(query_int("s.db", "SELECT count(*) FROM job"), jobs);
	ck_assert_int_eq(run("c"), 0);
	ck_assert_int_eq(query_int("s.db", "SELECT count(*) FROM job"), 2 * jobs);
	ck_assert_int_eq(run("d"), 3);
}
END_TEST

Suite *suite_initial(void);

Suite *suite_initial(void)
{
	Suite *s = suite_create("initial");
	TCase *t = tcase_create("initial");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(
		t, the_trunk_has_the_values_of_the_files_and_the_heads_the_seeds);
	tcase_add_test(t, the_digest_is_of_names_and_values_alone);
	tcase_add_test(t, files_that_do_not_fit_are_refused_by_name_and_place);
	tcase_add_test(t, modules_that_tasks_call_may_have_no_file_but_not_all_of_them);
	tcase_add_test(t, a_job_refuses_files_that_changed_since_it_was_planned);
	tcase_add_test(t, the_files_and_not_their_folder_are_part_of_a_jobs_identity);
	suite_add_tcase(s, t);
	return s;
}
