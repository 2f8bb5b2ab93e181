/*
 * deltam-worker: trains one segment of one job, or does for deltam what needs the
 * trainer and is no training (common/proto.h has the command line).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/fatal.h"
#include "common/log.h"
#include "common/proto.h"
#include "common/store/run_name.h"
#include "common/store/store_open.h"
#include "common/str.h"
#include "common/version.h"
#include "trainer-core/dataset/cache.h"
#include "worker/adapter.h"
#include "worker/kernels.h"
#include "worker/network.h"
#include "worker/pipe.h"
#include "worker/predict.h"
#include "worker/prepare.h"
#include "worker/preview.h"
#include "worker/probe.h"
#include "worker/run.h"
#include "worker/stop.h"
#include "worker/textures.h"
#include "worker/toy/toy.h"

static int usage(struct err *e)
{
	return err_set(e, ERR_USAGE,
		"usage: deltam-worker --db FILE --job ID --token TOKEN [--segments N]\n"
		"       deltam-worker --folder DIR --token TOKEN --until EPOCH "
		"[--checkpoint-seconds S] NAME=VALUE ...\n"
		"       deltam-worker --folder DIR --token TOKEN [--stop-seconds S] -- WORD "
		"...\n"
#define QUESTION(name, words, help) "       deltam-worker --" #name " " words "\n"
#include "common/questions.def"
#undef QUESTION
		"       deltam-worker --version");
}

static int parse(int argc, char **argv, const char **db, struct segment_args *args,
	struct err *e)
{
	bool has_job = false;

	for (int i = 1; i < argc; i += 2) {
		if (i + 1 == argc)
			return usage(e);
		if (!strcmp(argv[i], "--db"))
			*db = argv[i + 1];
		else if (!strcmp(argv[i], "--token"))
			args->token = argv[i + 1];
		else if (!strcmp(argv[i], "--segments") &&
			integer_parse(argv[i + 1], &args->segments))
			continue;
		else if (!strcmp(argv[i], "--job"))
			has_job = integer_parse(argv[i + 1], &args->job);
		else
			return usage(e);
	}
	return *db && args->token && has_job ? OK : usage(e);
}

static enum proto_exit exit_status(int rc)
{
	switch (rc) {
	case OK:
		return PROTO_DONE;
	case ERR_USAGE:
		return PROTO_USAGE;
	case ERR_DATA:
	case ERR_DB:
		return PROTO_ENVIRONMENT;
	case ERR_DIVERGED:
		return PROTO_DIVERGED;
	case ERR_DETERMINISM:
		return PROTO_DETERMINISM;
	case ERR_STALE:
		return PROTO_STALE;
	case ERR_INTERRUPTED:
		return PROTO_INTERRUPTED;
	default:
		return PROTO_FAILED;
	}
}

/* What deltam wants next, read into line: 1; 0: nothing; ERR_USAGE: no segment. */
static int next_segment(
	struct segment_args *args, char *line, size_t size, struct err *e)
{
	char *token;

	if (!pipe_next(line, size, stop_wanted))
		return 0;
	token = strchr(line, ' ');
	if (token)
		*token++ = '\0';
	if (!token || !*token || !integer_parse(line, &args->job))
		return err_set(e, ERR_USAGE, "not a segment: \"%s\"", line);
	args->token = token;
	return 1;
}

/*
 * Trains one segment after another until there is none or one goes wrong: then name is
 * what people call its run.
 */
static int train_all(const char *db, struct segment_args *args, char name[RUN_NAME_MAX],
	struct err *e)
{
	struct store s;
	char line[PROTO_LINE_MAX];
	int rc = store_open(&s, db, STORE_WORKER, e);

	if (rc)
		return rc;
	rc = segment_run(&s, args, e);
	while (!rc && --args->segments != 0 &&
		(rc = next_segment(args, line, sizeof(line), e)) > 0)
		rc = segment_run(&s, args, e);
	if (rc && rc != ERR_USAGE)
		(void)store_run_name(&s, args->job, name);
	store_close(&s);
	return rc;
}

/* The status, and why it is not 0. */
static int told(int rc, const char *name, const struct err *e)
{
	if (rc) {
		fprintf(stderr, "deltam-worker: %s%s%s\n", name, *name ? ": " : "",
			e->msg);
		pipe_error(e->msg);
	}
	return (int)exit_status(rc);
}

static int train(int argc, char **argv)
{
	struct segment_args args = { .build = deltam_build };
	const char *db = NULL;
	char name[RUN_NAME_MAX] = "";
	struct err e = { 0 };
	int rc;

	pipe_open();
	stop_install();
	rc = parse(argc, argv, &db, &args, &e);
	if (!rc)
		rc = train_all(db, &args, name, &e);
	return told(rc, name, &e);
}

static int report(int argc, char **argv)
{
	struct lines_args args = { .build = deltam_build, .checkpoint_seconds = 300 };
	struct err e = { 0 };
	int rc;

	pipe_open();
	stop_install();
	rc = lines_parse(argc, argv, &args, &e);
	if (!rc)
		rc = segment_report(&args, &e);
	return told(rc, "", &e);
}

/* Another trainer is called behind the word --. */
static bool is_adapter(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--"))
			return true;
	return false;
}

/* What is no training: the answer on stdout. */
static int answer(
	int argc, char **argv, int (*question)(int argc, char **argv, struct err *e))
{
	struct err e = { 0 };
	int rc;

	stop_at_once(cache_abandon);
	rc = question(argc, argv, &e);
	if (rc)
		fprintf(stderr, "deltam-worker: %s\n", e.msg);
	return err_exit_status(rc);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *word;
		int (*question)(int argc, char **argv, struct err *e);
	} questions[] = {
#define QUESTION(name, words, help) { "--" #name, name##_main },
#include "common/questions.def"
#undef QUESTION
	};

	fatal_install("deltam-worker");
	if (argc > 1 && !strcmp(argv[1], "--folder"))
		return is_adapter(argc, argv) ? (int)adapter_main(argc, argv)
					      : report(argc, argv);
	if (argc == 2 && !strcmp(argv[1], "--version")) {
		printf("deltam-worker %s\n", deltam_version);
		return 0;
	}
	for (int i = 0; argc > 1 && i < COUNT(questions); i++)
		if (!strcmp(argv[1], questions[i].word))
			return answer(argc - 2, argv + 2, questions[i].question);
	return train(argc, argv);
}
