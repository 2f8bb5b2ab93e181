/*
 * trainers/deltam.py: its promises one by one, and the loop at the end of docs/TRAINERS.md
 * as a reader copies it, led through a whole sweep. Nothing is tested without python3.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "common/arena.h"
#include "tests/lib/child.h"
#include "tests/lib/digest.h"
#include "tests/lib/scratch.h"

/*
 * Behind the copy of the helper: where KILLS is a folder, every job's process is killed
 * once, when its third epoch is told and not yet saved.
 */
static const char kills[] =
	"\n_tell = Job.tell\n"
	"def tell(self, **line):\n"
	"    _tell(self, **line)\n"
	"    mark = os.path.join(os.environ.get('KILLS', '/none'), self.identity)\n"
	"    if line['epoch'] == 3 and os.path.isdir(os.path.dirname(mark)):\n"
	"        if not os.path.exists(mark):\n"
	"            open(mark, 'w').close()\n"
	"            os.kill(os.getpid(), signal.SIGKILL)\n"
	"Job.tell = tell\n";

static char said[65536];

/* The text behind the last line "```LANGUAGE" of the page, up to "```". */
static void write_last_block(char *page, const char *language, const char *file)
{
	char fence[32];
	char *begin = NULL;
	char *end;

	snprintf(fence, sizeof(fence), "\n```%s\n", language);
	for (char *at = page; (at = strstr(at, fence)); at += strlen(fence))
		begin = at + strlen(fence);
	ck_assert_msg(begin != NULL, "docs/TRAINERS.md has no block of %s", language);
	end = strstr(begin, "\n```");
	ck_assert_ptr_nonnull(end);
	scratch_write(file, begin, (size_t)(end + 1 - begin));
}

/* A helper that kills stands in PYTHONPATH, where it comes before the one of deltam. */
static void kill_in_epoch_3(void)
{
	static char text[1 << 16];
	size_t n =
		scratch_read(scratch_source("trainers/deltam.py"), text, sizeof(text));

	ck_assert_uint_lt(n + sizeof(kills), sizeof(text));
	memcpy(text + n, kills, sizeof(kills) - 1);
	ck_assert_int_eq(mkdir("kills", 0777), 0);
	scratch_write("kills/deltam.py", text, n + sizeof(kills) - 1);
	ck_assert_ptr_nonnull(realpath("kills", said));
	setenv("KILLS", said, 1);
	setenv("PYTHONPATH", said, 1);
}

static void setup(void)
{
	static char text[1 << 16];

	scratch_enter();
	scratch_read(scratch_source("docs/TRAINERS.md"), text, sizeof(text));
	write_last_block(text, "json", "lines.json");
	write_last_block(text, "python", "train.py");
}

static void teardown(void)
{
	unsetenv("KILLS");
	unsetenv("PYTHONPATH");
	scratch_leave();
}

static void run(const char *db, const char *env)
{
	const char *argv[] = { "deltam", "run", "lines.json", "--db", db, "--workers",
		"2", NULL };
	int status = child_run(argv, env);

	scratch_read("err", said, sizeof(said));
	ck_assert_msg(status == 0, "%d: %s", status, said);
	scratch_read("out", said, sizeof(said));
}

START_TEST(the_helper_keeps_its_promises)
{
	char script[4096];
	char folder[4096];
	const char *argv[] = { "/usr/bin/env", "python3", "-B", script, folder, NULL };
	int status;

	snprintf(script, sizeof(script), "%s",
		scratch_source("tests/fixtures/trainer/helper.py"));
	snprintf(folder, sizeof(folder), "%s", scratch_source("trainers"));
	status = child_run(argv, NULL);
	scratch_read("err", said, sizeof(said));
	ck_assert_msg(status == 0, "%s", said);
}
END_TEST

static void prints_its_table(void)
{
	static const char *const rows[] = { "STL", "EW", "UW", "Scalar" };

	for (int i = 0; i < COUNT(rows); i++) {
		char line[16];

		snprintf(line, sizeof(line), "\n%s ", rows[i]);
		ck_assert_msg(strstr(said, line) != NULL, "%s: %s", rows[i], said);
	}
	/* UW learns other weights than 1, and the loop says them. */
	ck_assert_int_gt(query_int("t.db",
				 "SELECT count(DISTINCT weight_mean) FROM task_weight"
				 " JOIN job ON job.id=job WHERE method='uw'"),
		20);
}

START_TEST(the_loop_of_the_page_has_its_table_and_the_same_rows_through_kills)
{
	char wanted[DIGEST_MAX];
	char got[DIGEST_MAX];
	int64_t jobs;

	run("t.db", NULL);
	prints_its_table();
	kill_in_epoch_3();
	run("k.db", NULL);
	ck_assert_str_eq(digest_rows("k.db", got), digest_rows("t.db", wanted));
	jobs = query_int(
		"k.db", "SELECT count(DISTINCT job) FROM metric WHERE epoch=3");
	ck_assert_int_gt(jobs, 10);
	ck_assert_int_eq(query_int("k.db",
				 "SELECT count(*) FROM attempt WHERE outcome='killed'"),
		jobs);
}
END_TEST

Suite *suite_trainer_python(void);
Suite *suite_trainer_python(void)
{
	Suite *s = suite_create("trainer_python");
	TCase *tc = tcase_create("trainer_python");

	suite_add_tcase(s, tc);
	if (system("python3 -c '' 2>/dev/null")) {
		puts("trainer_python: skipped, python3 is not installed");
		return s;
	}
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_helper_keeps_its_promises);
	tcase_add_test(
		tc, the_loop_of_the_page_has_its_table_and_the_same_rows_through_kills);
	return s;
}
