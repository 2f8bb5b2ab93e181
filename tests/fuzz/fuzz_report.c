/*
 * Reports of trainers: any bytes are lines or faults. What a line gives can be stored, and
 * what follow_read makes of the whole file does not depend on how it arrived.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/store/store_open.h"
#include "common/store/store_report.h"
#include "common/store/transaction.h"
#include "common/tree.h"
#include "orchestrator/segment/follow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char sweep[] =
	"{ \"sweep\": \"t\", \"trainer\": { \"command\": [\"true\"], \"tasks\": {"
	" \"a\": { \"acc\": \"higher\" }, \"b\": { \"err\": \"lower\" } } }, \"dataset\":"
	" {}, \"train\": { \"epochs\": 10 }, \"methods\": [\"ew\"], \"search\": { \"lr\":"
	" [0.1] } }";

static struct arena forever;
static struct spec spec;
static struct store store;
static struct attempt_row attempt = { .job = 1, .stop_epoch = 10 };

static void check(bool good)
{
	if (!good)
		abort();
}

static char folder[512];

static void clean_up(void)
{
	struct err e;

	store_close(&store);
	(void)!tree_remove(folder, &e);
}

/* A database with one job and its open attempt, in a folder of its own. */
static void set_up(void)
{
	static const struct job_shown shown = { NULL, NULL, NULL };
	const char *tmp = getenv("TMPDIR");
	struct str report = { .arena = &forever };
	struct params ps = { 0 };
	struct job_row row;
	struct err e;

	if (spec.name)
		return;
	check(!spec_parse(&spec, &forever, "t", sweep, sizeof(sweep) - 1, &report, &e));
	snprintf(folder, sizeof(folder), "%s/fuzz_report.XXXXXX", tmp ? tmp : "/tmp");
	check(mkdtemp(folder) && !atexit(clean_up));
	check(!store_open(&store, arena_printf(&forever, "%s/t.db", folder),
		STORE_ORCHESTRATOR, &e));
	params_set(&ps, &forever, "method", "ew");
	params_set(&ps, &forever, "lr", "0.1");
	params_set(&ps, &forever, "wd", "0");
	params_set(&ps, &forever, "seed", "0");
	params_set(&ps, &forever, "train.epochs", "10");
	check(!store_job_put(&store, 1, "01", &ps, &shown, &row, &e));
	check(!store_attempt_begin(&store, &attempt, &e));
}

static void check_lines(const char *bytes, size_t n, const struct report_form *form)
{
	while (n > 0) {
		const char *newline = memchr(bytes, '\n', n);
		size_t length = newline ? (size_t)(newline - bytes) : n;
		struct arena a = { 0 };
		struct report_line x;
		struct err e;

		if (!report_line_parse(form, bytes, length, &a, &x, &e)) {
			for (int i = 0; i < x.metrics; i++)
				check(isfinite(x.metric[i].value) && *x.metric[i].name);
			for (int i = 0; i < x.weights; i++)
				check(isfinite(x.weight[i].weight_mean));
			check(x.kind != REPORT_EPOCH || x.epoch >= 1);
		} else {
			check(e.msg[0] != '\0');
		}
		arena_release(&a);
		bytes += length + (newline != NULL);
		n -= length + (newline != NULL);
	}
}

static struct follow new_follow(const struct report_form *form)
{
	return (struct follow){ .s = &store,
		.job = 1,
		.attempt = attempt.id,
		.folder = folder,
		.token = attempt.token,
		.form = *form,
		.until = 10 };
}

static void put(const uint8_t *data, size_t n, const char *mode)
{
	char path[640];
	FILE *f;

	snprintf(path, sizeof(path), "%s/report.%s", folder, attempt.token);
	f = fopen(path, mode);
	check(f && fwrite(data, 1, n, f) == n && !fclose(f));
}

/* The state, and what the rows add up to; nothing is kept. */
static struct follow follow_in(
	const uint8_t *data, size_t size, size_t cut, const struct report_form *form)
{
	struct follow f = new_follow(form);
	struct err e;

	check(!store_begin(&store, &e));
	put(data, cut, "wb");
	check(!follow_read(&f, &e));
	put(data + cut, size - cut, "ab");
	check(!follow_read(&f, &e));
	store_rollback(&store);
	return f;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct report_form form;
	struct follow whole;
	struct follow parts;

	set_up();
	form = (struct report_form){ .variant = &spec.variants[0] };
	check_lines((const char *)data, size, &form);
	whole = follow_in(data, size, size, &form);
	parts = follow_in(data, size, size ? data[0] % size : 0, &form);
	check(whole.state == parts.state && whole.epoch == parts.epoch &&
		whole.offset == parts.offset && !strcmp(whole.text, parts.text));
	return 0;
}
