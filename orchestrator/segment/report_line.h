/*
 * One line of a trainer's report (docs/TRAINERS.md), checked against what its job must
 * report. Nothing is written here: follow.h commits.
 *
 *	{"hello": {"device": TEXT, "software": TEXT}}
 *	{"epoch": N, "val": {TASK: {NAME: NUMBER}}, "test": {...}, "train": {...},
 *	 "weights": {TASK: NUMBER or {"mean", "std", "loss_mean", "loss_std"}},
 *	 "more": {SPLIT: {TASK: {NAME: NUMBER}}}}
 *	{"diverged": N, "why": TEXT}   {"error": TEXT}   {"beat": true}
 * JSON without comments; bare NaN, Infinity and -Infinity are read, as null is: a figure
 * that is not finite.
 */
#ifndef DELTAM_REPORT_LINE_H
#define DELTAM_REPORT_LINE_H

#include "common/metric_row.h"
#include "orchestrator/spec/spec.h"

#define REPORT_LINE_MAX ((size_t)1 << 20) /* bytes, the newline among them */
#define REPORT_TEXT_MAX 1000 /* bytes of a text that are kept */
#define REPORT_NAME_MAX 64

/* What a job reports: all tasks of its variant, or (task not NULL) the baseline's one. */
struct report_form {
	const struct spec_variant *variant;
	const char *task;
	bool embedded; /* by deltam-worker, whose figures have splits of their own */
};

enum report_kind {
	REPORT_HELLO,
	REPORT_EPOCH,
	REPORT_DIVERGED,
	REPORT_ERROR,
	REPORT_BEAT,
};

struct report_line {
	enum report_kind kind;
	int epoch; /* EPOCH, DIVERGED */
	struct metric_row *metric; /* EPOCH: figures that are finite */
	int metrics;
	struct weight_row *weight;
	int weights;
	const char *not_finite; /* a loss or a criterion that is not; NULL: all are */
	int dropped; /* other figures that are not finite */
	const char *text; /* DIVERGED, ERROR; HELLO: device */
	const char *software; /* HELLO */
};

/*
 * n bytes without their newline; *out and its texts in the arena. ERR_SPEC where the line
 * is out of form: what is wrong with it, without saying which line it is.
 */
MUST_CHECK int report_line_parse(const struct report_form *form, const char *bytes,
	size_t n, struct arena *a, struct report_line *out, struct err *e);

#endif
