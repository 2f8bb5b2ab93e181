/*
 * Pseudo-tasks through real processes: a sweep keeps its winners, another data set takes
 * what they say for labels, a sweep trains on those.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "common/store/store_open.h"
#include "common/store/store_job.h"
#include "tests/lib/child.h"
#include "tests/lib/digest.h"
#include "tests/lib/must.h"
#include "tests/lib/scratch.h"
#include "tests/lib/spots.h"
#include "trainer-core/train/train.h"
#include "worker/checkpoint.h"
#include "worker/label.h"

enum { SIDE = 6, TRAIN = 60, TEST = 40 };

#define DATA \
	"\"dataset\": { \"name\": \"npy\", \"path\": \"data\"," \
	" \"input\": [1, 6, 6], \"scale\": 0.00392156862745098," \
	" \"tasks\": \"bright=class:3 place=binary light=regress\"," \
	" \"train\": 60, \"val\": 40, \"test\": 40"
#define REST \
	" }, \"model\": { \"name\": \"mlp\", \"hidden\": [16] }," \
	" \"train\": { \"epochs\": 12, \"batch\": 10 }," \
	" \"search\": { \"lr\": [0.01] }"

static struct arena arena;
static struct params ps;
static struct err err;

static const struct spots spots = {
	.side = SIDE, .step = 60, .on = 50, .off = 10, .noise = 80, .flips = true
};

static int run(const char *sweep, const char *text, const char *db)
{
	const char *const argv[] = { "deltam", "run", sweep, "--db", db, "--workers",
		"2", NULL };

	scratch_write(sweep, text, strlen(text));
	return child_run(argv, NULL);
}

static void runs(const char *sweep, const char *text, const char *db)
{
	char said[4096];

	if (run(sweep, text, db) == 0)
		return;
	scratch_read("err", said, sizeof(said));
	ck_abort_msg("%s", said);
}

static void set(const char *name, const char *value)
{
	params_set(&ps, &arena, name, value);
}

static void setup(void)
{
	scratch_enter();
	setenv("DELTAM_CACHE", "cache", 1);
	spots_write(&spots, "train", TRAIN, 11);
	spots_write(&spots, "val", TEST, 12);
	spots_write(&spots, "test", TEST, 13);
	runs("teacher.json",
		"{ \"sweep\": \"teacher\", " DATA REST
		", \"methods\": [\"ew\", \"uw\"],"
		" \"save\": \"winners\" }",
		"t.db");
	arena = (struct arena){ 0 };
	ps = (struct params){ 0 };
	set("dataset.name", "npy");
	set("dataset.path", "data");
	set("dataset.input", "1 6 6");
	set("dataset.scale", "0.00392156862745098");
	set("dataset.tasks", "bright=class:3 place=binary light=regress");
	set("dataset.train", "60");
	set("dataset.val", "40");
	set("dataset.test", "40");
}

static void teardown(void)
{
	arena_release(&arena);
	scratch_leave();
}

#define OF(method) \
	" FROM winner w JOIN job j ON j.id = w.job WHERE j.task IS NULL AND" \
	" j.method = '" method "'"

/* The winner's file of a method, as a path from here. */
static const char *file_of(const char *name)
{
	char sql[256];

	snprintf(sql, sizeof(sql),
		"SELECT 't.db.d/winners/' || j.identity || '-' || w.epoch || '.params'"
		" FROM winner w JOIN job j ON j.id = w.job WHERE coalesce(j.task,"
		" j.method) = '%s'",
		name);
	return arena_printf(&arena, "%s", query_text("t.db", sql));
}

static void pseudo(const char *task, const char *file)
{
	set("dataset.pseudo", arena_printf(&arena, "%s=%s", task, file));
}

static struct dataset *prepare(void)
{
	struct dataset *d = NEW(&arena, struct dataset);
	int rc = dataset_prepare(&ps, &winner_labeller, &arena, d, &err);

	must(rc, &err);
	return d;
}

static void refused(int code, const char *message)
{
	struct dataset d;
	struct err e = { 0 };
	int rc = dataset_prepare(&ps, &winner_labeller, &arena, &d, &e);

	ck_assert_int_eq(rc, code);
	ck_assert_msg(strstr(e.msg, message), "%s", e.msg);
}

static float value(const struct dataset_field *f, int i)
{
	float v = f->element == ELEMENT_U8
		? (float)((const uint8_t *)f->data)[i] * f->scale
		: ((const float *)f->data)[i] * f->scale;

	return v + f->offset;
}

/* How many labels of task k are those of task `of`. */
static int equal(const struct dataset *d, enum split s, int k, int of)
{
	const struct split_data *split = &d->split[s];
	int n = 0;

	for (int i = 0; i < split->n; i++)
		n += value(&split->target[k], i) == value(&split->target[of], i);
	return n;
}

/* What the winner's run has noted of its epoch. */
static int64_t right(const char *task, const char *split, const char *what)
{
	char sql[512];

	snprintf(sql, sizeof(sql),
		"SELECT CAST(round(%s * 40) AS INTEGER) FROM metric m JOIN winner w ON"
		" w.job = m.job AND w.epoch = m.epoch JOIN job j ON j.id = m.job WHERE"
		" j.method = 'ew' AND j.task IS NULL AND m.task = '%s' AND m.split ="
		" '%s' AND m.name = '%s'",
		!strcmp(what, "error") ? "(1 - value)" : "value", task, split, what);
	return query_int("t.db", sql);
}

START_TEST(a_pseudo_task_is_right_where_its_network_is)
{
	struct dataset *d;

	set("dataset.pseudo",
		arena_printf(
			&arena, "bright=%s place=%s", file_of("ew"), file_of("ew")));
	d = prepare();
	ck_assert_int_eq(d->tasks, 5);
	ck_assert_str_eq(d->task[3].name, "pseudo_bright");
	ck_assert_int_eq(d->task[3].kind, TASK_CLASS);
	ck_assert_int_eq(d->task[3].outputs, 3);
	ck_assert_str_eq(d->task[4].name, "pseudo_place");
	ck_assert_int_eq(equal(d, SPLIT_VAL, 3, 0), right("bright", "val", "accuracy"));
	ck_assert_int_eq(
		equal(d, SPLIT_TEST, 3, 0), right("bright", "test", "accuracy"));
	ck_assert_int_eq(equal(d, SPLIT_VAL, 4, 1), right("place", "val", "error"));
	ck_assert_int_eq(equal(d, SPLIT_TEST, 4, 1), right("place", "test", "error"));
	/* noisy, but no noise */
	ck_assert_int_lt(equal(d, SPLIT_TRAIN, 3, 0), TRAIN);
	ck_assert_int_gt(equal(d, SPLIT_TRAIN, 3, 0), TRAIN / 2);
	dataset_close(d);
}
END_TEST

/*
 * The data set lacks the task, and gets the whole distribution of every sample; its
 * largest share is what the same network says as a class.
 */
START_TEST(a_task_that_the_data_lack_has_soft_labels)
{
	struct dataset *d;
	int same = 0;

	set("dataset.tasks", "place=binary light=regress bright=class:3");
	set("dataset.pseudo", arena_printf(&arena, "bright=%s", file_of("ew")));
	d = prepare();
	set("dataset.tasks", "place=binary");
	set("dataset.pseudo", arena_printf(&arena, "bright:soft:3=%s", file_of("ew")));
	{
		struct dataset *soft = prepare();
		const float *hard = d->split[SPLIT_VAL].target[3].data;
		const float *share = soft->split[SPLIT_VAL].target[1].data;

		ck_assert_int_eq(soft->tasks, 2);
		ck_assert_str_eq(soft->task[1].name, "pseudo_bright");
		ck_assert_int_eq(soft->task[1].kind, TASK_SOFT);
		ck_assert_int_eq(soft->task[1].outputs, 3);
		for (int i = 0; i < TEST; i++, share += 3) {
			int best = share[1] > share[0];

			best = share[2] > share[best] ? 2 : best;
			same += best == (int)hard[i];
			ck_assert_double_eq_tol(
				(double)(share[0] + share[1] + share[2]), 1, 1e-6);
			ck_assert(share[best] < 1);
		}
		dataset_close(soft);
	}
	ck_assert_int_eq(same, TEST);
	dataset_close(d);
	set("dataset.pseudo", arena_printf(&arena, "bright:soft:4=%s", file_of("ew")));
	refused(ERR_DATA, "has no task \"bright\" of the same kind and shape");
	set("dataset.pseudo", arena_printf(&arena, "bright:seg:3=%s", file_of("ew")));
	refused(ERR_DATA, "has no task \"bright\" of the same kind and shape");
}
END_TEST

START_TEST(a_pseudo_task_of_its_own_kind_is_read_by_rule)
{
	static const char *const bad[][2] = {
		{ "sky=f", "has no task \"sky\"; of another one write" },
		{ "sky:seg=f", "wants its number of classes" },
		{ "sky:seg:1=f", "seg takes 2 to 256 classes" },
		{ "sky:depth:1=f", "labels of a network are seg, soft or soft_map" },
		{ "sky:soft:5:0.5=f", "a confidence is for seg" },
		{ "sky:seg:5:2=f", "no confidence from 0 to 1" },
		{ "sky:sag:5=f", "there is no kind \"sag\"" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		set("dataset.pseudo", bad[i][0]);
		refused(ERR_SPEC, bad[i][1]);
	}
}
END_TEST

/* The teacher's network as its sweep built it, with the winner's parameters. */
static struct train *teacher(const struct dataset *d)
{
	struct params *job = NEW(&arena, struct params);
	const char *identity = arena_printf(
		&arena, "%s", query_text("t.db", "SELECT j.identity" OF("ew")));
	int epoch = (int)query_int("t.db", "SELECT w.epoch" OF("ew"));
	struct checkpoint c;
	struct store s;
	struct train *t;

	ck_assert_int_eq(store_open(&s, "t.db", STORE_READER, &err), OK);
	ck_assert_int_eq(store_job_params(&s, query_int("t.db", "SELECT j.id" OF("ew")),
				 job, &arena, &err),
		OK);
	store_close(&s);
	ck_assert_msg(train_new(&t, job, d, &arena, &err) == OK, "%s", err.msg);
	ck_assert_int_eq(checkpoint_init(&c, "t.db", identity, train_kernel_class(job),
				 train_result_size(t), &arena, &err),
		OK);
	ck_assert_int_eq(checkpoint_for_result(&c, "t.db", epoch, &err), OK);
	ck_assert_int_eq(checkpoint_read(&c, &epoch, &err), OK);
	ck_assert_int_eq(
		train_result_load(t, checkpoint_state(&c), c.state_size, &err), OK);
	return t;
}

/* Tested on its own labels a network has no error. */
START_TEST(its_labels_are_the_networks_to_the_bit)
{
	static const char *const tasks[] = { "bright", "place", "light" };
	const struct epoch_rows *rows;
	int checked = 0;

	for (int k = 0; k < 3; k++) {
		struct dataset *d;

		pseudo(tasks[k], file_of("ew"));
		d = prepare();
		for (int s = 0; s < SPLIT_COUNT; s++) /* each takes the test's place */
			for (int i = 0; i < 3; i++)
				d->split[s].target[i] =
					d->split[s].target[i == k ? 3 : i];
		d->tasks = 3;
		for (int s = 0; s < SPLIT_COUNT; s++) {
			struct split_data test = d->split[SPLIT_TEST];
			struct train *t;

			d->split[SPLIT_TEST] = d->split[s];
			t = teacher(d);
			ck_assert_int_eq(
				train_test(t, NULL, &arena, NULL, NULL, &rows, &err),
				OK);
			for (int i = 0; i < rows->metrics; i++) {
				const struct metric_row *m = &rows->metric[i];

				if (strcmp(m->task, tasks[k]) ||
					!strcmp(m->name, "loss"))
					continue;
				ck_assert(m->value == (k == 0 ? 1 : 0));
				checked++;
			}
			d->split[SPLIT_TEST] = test;
		}
		dataset_close(d);
	}
	ck_assert_int_eq(checked, 9);
}
END_TEST

static double figure(const struct epoch_rows *rows, const char *task, const char *name)
{
	for (int i = 0; i < rows->metrics; i++)
		if (!strcmp(rows->metric[i].task, task) &&
			!strcmp(rows->metric[i].name, name))
			return rows->metric[i].value;
	ck_abort_msg("no row %s/%s", task, name);
}

static const struct predict_form as_it_is;

/* Untrained, three tasks a pixel: predictions in the test's targets have no error. */
START_TEST(what_a_network_says_of_pixels_is_written_as_their_targets)
{
	static const char *const job[] = { "dataset.name", "scenes", "dataset.width",
		"16", "dataset.height", "16", "dataset.train", "4", "dataset.val", "1",
		"dataset.test", "3", "model.name", "segnet", "model.filters", "8 12",
		"model.layers", "1", "train.epochs", "1", "train.batch", "2", "method",
		"ew", "lr", "0.01", "wd", "0", "seed", "3", NULL };
	const struct epoch_rows *rows;
	struct split_data *test;
	struct dataset *d;
	struct train *t;

	ps = (struct params){ 0 };
	for (int i = 0; job[i]; i += 2)
		set(job[i], job[i + 1]);
	d = prepare();
	test = &d->split[SPLIT_TEST];
	ck_assert_msg(train_new(&t, &ps, d, &arena, &err) == OK, "%s", err.msg);
	for (int k = 0; k < d->tasks; k++) {
		struct dataset_field *f = &test->target[k];
		float *out = NEW_ARRAY(&arena, float, 3 * f->c * f->h * f->w);

		ck_assert_int_eq(train_predict(t, d->task[k].name, &as_it_is,
					 &test->input, 3, out, &err),
			OK);
		f->data = out;
		f->element = ELEMENT_F32;
		f->scale = 1;
		f->offset = 0;
	}
	ck_assert_int_eq(train_test(t, NULL, &arena, NULL, NULL, &rows, &err), OK);
	ck_assert(figure(rows, "seg", "pix_acc") == 1);
	ck_assert(figure(rows, "depth", "abs_err") == 0);
	ck_assert_double_lt(figure(rows, "normal", "mean"), 0.1);
	ck_assert_double_lt(fabs(figure(rows, "normal", "loss")), 1e-6);
	ck_assert_int_eq(
		train_predict(t, "none", &as_it_is, &test->input, 3, NULL, &err),
		ERR_SPEC);
	dataset_close(d);
}
END_TEST

/* Probabilities of every pixel, and labels where one of them is high enough. */
START_TEST(pixels_below_the_confidence_have_no_label)
{
	static const char *const job[] = { "dataset.name", "scenes", "dataset.width",
		"16", "dataset.height", "16", "dataset.train", "4", "dataset.val", "1",
		"dataset.test", "3", "model.name", "segnet", "model.filters", "8 12",
		"model.layers", "1", "train.epochs", "1", "train.batch", "2", "method",
		"ew", "lr", "0.01", "wd", "0", "seed", "3", NULL };
	const struct predict_form all = { .shares = true };
	struct predict_form sure = { .confidence = 0 };
	enum { AREA = 16 * 16 };
	static float share[3 * 13 * AREA], label[3 * AREA], kept[3 * AREA];
	const struct dataset_field *x;
	struct dataset *d;
	struct train *t;
	int gone = 0;

	ps = (struct params){ 0 };
	for (int i = 0; job[i]; i += 2)
		set(job[i], job[i + 1]);
	d = prepare();
	x = &d->split[SPLIT_TEST].input;
	ck_assert_msg(train_new(&t, &ps, d, &arena, &err) == OK, "%s", err.msg);
	ck_assert_int_eq(train_predict(t, "seg", &all, x, 3, share, &err), OK);
	ck_assert_int_eq(train_predict(t, "seg", &as_it_is, x, 3, label, &err), OK);
	for (int i = 0; i < AREA; i++) /* about half of the pixels are above it */
		sure.confidence += (double)share[(int)label[i] * AREA + i] / AREA;
	ck_assert_int_eq(train_predict(t, "seg", &sure, x, 3, kept, &err), OK);
	for (int i = 0; i < 3 * AREA; i++) {
		const float *q = share + i / AREA * 13 * AREA + i % AREA;
		double sum = 0;

		for (int c = 0; c < 13; c++) {
			sum += (double)q[c * AREA];
			ck_assert(q[c * AREA] <= q[(int)label[i] * AREA]);
		}
		ck_assert_double_eq_tol(sum, 1, 1e-5);
		if (fabs((double)q[(int)label[i] * AREA] - sure.confidence) < 1e-6)
			continue;
		ck_assert(kept[i] ==
			((double)q[(int)label[i] * AREA] > sure.confidence ? label[i]
									   : -1));
		gone += kept[i] < 0;
	}
	ck_assert_int_gt(gone, AREA / 4);
	ck_assert_int_lt(gone, 3 * AREA - AREA / 4);
	dataset_close(d);
}
END_TEST

START_TEST(another_winner_makes_another_digest)
{
	char first[33], plain[33];
	struct dataset *d = prepare();

	memcpy(plain, d->digest, sizeof(plain));
	dataset_close(d);
	pseudo("light", file_of("ew"));
	d = prepare();
	memcpy(first, d->digest, sizeof(first));
	dataset_close(d);
	ck_assert_str_ne(first, plain);
	ck_assert_int_eq(system("rm -r cache"), 0);
	d = prepare();
	ck_assert_str_eq(d->digest, first);
	dataset_close(d);
	pseudo("light", file_of("uw"));
	d = prepare();
	ck_assert_str_ne(d->digest, first);
	dataset_close(d);
	pseudo("light", file_of("light")); /* of a baseline */
	d = prepare();
	ck_assert_str_ne(d->digest, first);
	dataset_close(d);
}
END_TEST

static void copy(const char *from, const char *to)
{
	ck_assert_int_eq(system(arena_printf(&arena, "cp %s %s", from, to)), 0);
}

START_TEST(files_that_are_not_the_winners_are_refused)
{
	const char *ew = file_of("ew");
	const char *uw = file_of("uw");

	copy(ew, "whole");
	copy(uw, "other");
	pseudo("bright", ew);
	ck_assert_int_eq(system(arena_printf(&arena,
				 "printf Z | dd of=%s bs=1 seek=900"
				 " conv=notrunc status=none",
				 ew)),
		0);
	refused(ERR_DATA, "torn: the checksum does not fit");
	ck_assert_int_eq(truncate(ew, 700), 0);
	refused(ERR_DATA, "torn: not of the size");
	copy("other", ew);
	refused(ERR_DATA, "the state of another job");
	ck_assert_int_eq(unlink(ew), 0);
	refused(ERR_DATA, "No such file");
	copy("whole", ew);
	pseudo("bright", "whole");
	refused(ERR_DATA, "not a winner's file");
	copy("whole", "t.db.d/winners/00ff-1.params");
	pseudo("bright", "t.db.d/winners/00ff-1.params");
	refused(ERR_DATA, "t.db holds no run that has parameters of this name");
	ck_assert_int_eq(system("mkdir -p no.db.d/winners"), 0);
	copy(ew, "no.db.d/winners");
	pseudo("bright", arena_printf(&arena, "no.db%s", strchr(ew, '.') + 3));
	refused(ERR_DATA, "no.db");
	pseudo("bright", ew);
	dataset_close(prepare());
}
END_TEST

START_TEST(networks_and_tasks_that_do_not_fit_are_refused)
{
	const char *ew = file_of("ew");

	pseudo("bright", file_of("light"));
	refused(ERR_DATA, "has no task \"bright\"");
	pseudo("colour", ew);
	refused(ERR_SPEC, "the data set has no task \"colour\"");
	pseudo("bright", arena_printf(&arena, "%s bright=%s", ew, ew));
	refused(ERR_SPEC, "task \"pseudo_bright\" twice");
	set("dataset.pseudo", "bright");
	refused(ERR_SPEC, "is not TASK=FILE");
	pseudo("bright", ew);
	set("dataset.tasks", "bright=class:4 place=binary light=regress");
	refused(ERR_DATA, "of the same kind and shape");
	set("dataset.name", "synthetic");
	pseudo("cls1", ew);
	set("dataset.tasks", "3");
	refused(ERR_DATA, "sees other inputs: 1x6x6");
}
END_TEST

static const char *student(const char *file)
{
	return arena_printf(&arena,
		"{ \"sweep\": \"student\", " DATA ", \"pseudo\": \"bright=%s\"" REST
		", \"methods\": [\"gcs\"], \"primary\": \"light\" }",
		file);
}

START_TEST(a_sweep_trains_and_tests_it_as_any_task)
{
	runs("s.json", student(file_of("ew")), "s.db");
	ck_assert_int_eq(query_int("s.db",
				 "SELECT count(DISTINCT split) FROM metric m JOIN job j"
				 " ON j.id = m.job WHERE j.method = 'gcs' AND m.task ="
				 " 'pseudo_bright' AND m.name = 'loss'"),
		3);
	ck_assert_int_gt(query_int("s.db",
				 "SELECT count(*) FROM job WHERE task = 'pseudo_bright'"
				 " AND outcome = 'done'"),
		0);
	runs("s.json", student(file_of("uw")), "u.db");
	ck_assert_str_ne(
		arena_printf(&arena, "%s",
			query_text("s.db",
				"SELECT identity FROM job WHERE method = 'gcs'")),
		query_text("u.db", "SELECT identity FROM job WHERE method = 'gcs'"));
}
END_TEST

START_TEST(a_sweep_says_what_is_wrong_with_the_file)
{
	char said[4096];

	ck_assert_int_ne(run("s.json", student("data/test/input.npy"), "s.db"), 0);
	scratch_read("err", said, sizeof(said));
	ck_assert_msg(strstr(said, "input.npy: not a winner's file"), "%s", said);
}
END_TEST

Suite *suite_pseudo(void);
Suite *suite_pseudo(void)
{
	Suite *s = suite_create("pseudo");
	TCase *t = tcase_create("pseudo");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_pseudo_task_is_right_where_its_network_is);
	tcase_add_test(t, its_labels_are_the_networks_to_the_bit);
	tcase_add_test(t, what_a_network_says_of_pixels_is_written_as_their_targets);
	tcase_add_test(t, a_task_that_the_data_lack_has_soft_labels);
	tcase_add_test(t, a_pseudo_task_of_its_own_kind_is_read_by_rule);
	tcase_add_test(t, pixels_below_the_confidence_have_no_label);
	tcase_add_test(t, another_winner_makes_another_digest);
	tcase_add_test(t, files_that_are_not_the_winners_are_refused);
	tcase_add_test(t, networks_and_tasks_that_do_not_fit_are_refused);
	tcase_add_test(t, a_sweep_trains_and_tests_it_as_any_task);
	tcase_add_test(t, a_sweep_says_what_is_wrong_with_the_file);
	suite_add_tcase(s, t);
	return s;
}
