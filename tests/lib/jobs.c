#include "tests/lib/jobs.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include "common/store/store_open.h"
#include "tests/lib/child.h"
#include "tests/lib/digest.h"
#include "tests/lib/scratch.h"

static char dataset_digest[64];

/* One data set for all jobs here: 200 + 50 + 50 samples, three tasks. */
static void prepare_dataset(void)
{
	const char *const argv[] = { "deltam-worker", "--prepare",
		"dataset.name=synthetic", "dataset.train=200", "dataset.val=50",
		"dataset.test=50", NULL };
	char text[4096];

	ck_assert_int_eq(child_run(argv, NULL), 0);
	scratch_read("out", text, sizeof(text));
	ck_assert_int_eq(sscanf(text, "digest %63s", dataset_digest), 1);
}

void jobs_create(const char *db)
{
	struct store s;
	struct err e = { 0 };

	ck_assert_msg(!store_open(&s, db, STORE_ORCHESTRATOR, &e), "%s", e.msg);
	store_close(&s);
	prepare_dataset();
}

void jobs_set(const char *db, int64_t job, const char *name, const char *value)
{
	char sql[512];

	snprintf(sql, sizeof(sql),
		"INSERT OR REPLACE INTO job_param VALUES (%lld, '%s', %s)",
		(long long)job, name, value);
	query_run(db, sql);
}

int64_t jobs_add(const char *db, const char *method, int seed, int epochs)
{
	int64_t id = query_int(db, "SELECT count(*) + 100 FROM job");
	char sql[512];
	char digest[80];

	snprintf(sql, sizeof(sql),
		"INSERT INTO job (id, identity, dataset, model, method, lr, wd, seed, "
		"epochs) VALUES (%lld, '%032llx', 'synthetic', 'mlp', '%s', 0.01, 0, "
		"%d, %d)",
		(long long)id, (unsigned long long)id, method, seed, epochs);
	query_run(db, sql);
	snprintf(sql, sizeof(sql),
		"INSERT INTO job_param SELECT %lld, key, atom FROM json_tree('{"
		"\"lr\":0.01,\"wd\":0,\"seed\":%d,\"method\":\"%s\","
		"\"dataset.name\":\"synthetic\",\"dataset.train\":200,"
		"\"dataset.val\":50,\"dataset.test\":50,\"model.name\":\"mlp\","
		"\"train.epochs\":%d,\"train.batch\":10,\"train.optimizer\":\"adam\"}')"
		" WHERE atom IS NOT NULL",
		(long long)id, seed, method, epochs);
	query_run(db, sql);
	snprintf(digest, sizeof(digest), "'%s'", dataset_digest);
	jobs_set(db, id, "dataset.digest", digest);
	return id;
}

void jobs_attempt(const char *db, int64_t job, const char *token, int stop_epoch)
{
	char sql[512];

	snprintf(sql, sizeof(sql),
		"UPDATE attempt SET ended = 'now', outcome = 'killed' WHERE job = %lld "
		"AND ended IS NULL;"
		"INSERT INTO attempt (job, token, host, start_epoch, stop_epoch, "
		"checkpoint_seconds, started) VALUES (%lld, '%s', 'here', 0, %d, 0, "
		"'now')",
		(long long)job, (long long)job, token, stop_epoch);
	query_run(db, sql);
}
