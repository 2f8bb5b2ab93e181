/* What squeue says: lines of jobs, times as Slurm writes them, reasons to wait. */
#include <check.h>
#include <math.h>
#include "orchestrator/pilot/queue.h"

static const char queue[] =
	"deltam-aaaaaaaaaa|RUNNING|59:41|None\n"
	"other-bbbbbbbbbb|RUNNING|1:00|None\n"
	"deltam-bbbbbbbbbb|PENDING|1-02:03:04|ReqNodeNotAvail, UnavailableNodes:a|b\n"
	"deltam-cccccccccc|FAILED|0:00|NonZeroExitCode\n"
	"deltam-dddddddddd|COMPLETED|UNLIMITED|None\n"
	"deltam-dddddddddd|RUNNING|UNLIMITED|None\n"
	"deltam-dddddddddd|CANCELLED|1:00|None\n"
	"deltam-eeeeeeeeee   \n"
	"deltam-ffffffffff";

static struct queue_job job_of(const char *pilot)
{
	struct queue_job job = { 0 };

	ck_assert_msg(queue_find(queue, pilot, &job), "%s", pilot);
	return job;
}

START_TEST(a_line_is_read_word_by_word)
{
	struct queue_job job = job_of("aaaaaaaaaa");

	ck_assert_str_eq(job.state, "RUNNING");
	ck_assert_str_eq(job.reason, "");
	ck_assert(job.left == 59 * 60 + 41 && !job.ended);
	job = job_of("bbbbbbbbbb");
	ck_assert_str_eq(job.state, "PENDING");
	ck_assert_str_eq(job.reason, "ReqNodeNotAvail, UnavailableNodes:a|b");
	ck_assert(job.left == 93784 && !job.ended);
	job = job_of("cccccccccc");
	ck_assert_str_eq(job.reason, "NonZeroExitCode");
	ck_assert(job.ended);
}
END_TEST

START_TEST(of_several_of_a_name_the_one_that_goes_on_counts)
{
	struct queue_job job = job_of("dddddddddd");

	ck_assert_str_eq(job.state, "RUNNING");
	ck_assert(isinf(job.left) && !job.ended);
}
END_TEST

START_TEST(a_line_with_a_name_alone_is_a_job)
{
	struct queue_job job = job_of("eeeeeeeeee");

	ck_assert_str_eq(job.state, "");
	ck_assert(isnan(job.left) && !job.ended);
	job = job_of("ffffffffff");
	ck_assert(isnan(job.left) && !job.ended);
	ck_assert(!queue_find(queue, "ffff", &job));
	ck_assert(!queue_find(queue, "gggggggggg", &job));
	ck_assert(!queue_find("", "aaaaaaaaaa", &job));
}
END_TEST

START_TEST(times_are_read_as_slurm_writes_them)
{
	static const struct {
		const char *text;
		double seconds;
	} cases[] = { { "90", 5400 }, { "1:30", 90 }, { "0:05", 5 },
		{ "1:00:00", 3600 }, { "2-12", 216000 }, { "2-12:30", 217800 },
		{ "2-12:30:01", 217801 }, { "UNLIMITED", (double)INFINITY },
		{ "infinite", (double)INFINITY }, { "", (double)NAN },
		{ "NOT_SET", (double)NAN }, { "INVALID", (double)NAN },
		{ "1:2:3:4", (double)NAN }, { "1:", (double)NAN }, { "-", (double)NAN },
		{ "1-", (double)NAN }, { "-5", (double)NAN }, { "5s", (double)NAN } };

	for (int i = 0; i < (int)(sizeof(cases) / sizeof(cases[0])); i++) {
		double got = queue_seconds(cases[i].text);

		ck_assert_msg(got == cases[i].seconds ||
				(isnan(got) && isnan(cases[i].seconds)),
			"\"%s\": %g", cases[i].text, got);
	}
}
END_TEST

START_TEST(a_reason_passes_with_time_or_stays)
{
	static const char *const pass[] = { "Priority", "Resources", "BeginTime",
		"QOSMaxJobsPerUserLimit", "AssocGrpCpuLimit" };
	static const char *const stay[] = { "PartitionTimeLimit", "PartitionConfig",
		"ReqNodeNotAvail", "BadConstraints", "JobHeldUser", "InvalidQOS",
		"QOSMaxCpuPerJobLimit" };

	for (int i = 0; i < (int)(sizeof(pass) / sizeof(pass[0])); i++)
		ck_assert_msg(!queue_reason_stays(pass[i]), "%s", pass[i]);
	for (int i = 0; i < (int)(sizeof(stay) / sizeof(stay[0])); i++)
		ck_assert_msg(queue_reason_stays(stay[i]), "%s", stay[i]);
}
END_TEST

Suite *suite_queue(void);
Suite *suite_queue(void)
{
	Suite *s = suite_create("queue");
	TCase *tc = tcase_create("queue");

	tcase_add_test(tc, a_line_is_read_word_by_word);
	tcase_add_test(tc, of_several_of_a_name_the_one_that_goes_on_counts);
	tcase_add_test(tc, a_line_with_a_name_alone_is_a_job);
	tcase_add_test(tc, times_are_read_as_slurm_writes_them);
	tcase_add_test(tc, a_reason_passes_with_time_or_stays);
	suite_add_tcase(s, tc);
	return s;
}
