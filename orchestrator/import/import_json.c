/*
 * JSON lines, of two kinds that may stand in one file: a row a figure, as `deltam export
 * --format jsonl` writes them, or {"job": {...}} and behind it the lines that a trainer
 * would have reported of that job.
 */
#include <math.h>
#include <string.h>
#include "orchestrator/import/import.h"
#include "orchestrator/json/json.h"
#include "orchestrator/segment/report_line.h"

struct lines {
	struct import_set *im;
	struct diag *d;
	struct arena arena; /* of one line */
	size_t at, n; /* the line */
	bool job; /* a line "job" came before */
	struct import_run *run; /* of that job; NULL: it is none of this sweep */
	int epoch; /* that its lines reported last */
};

/* A value as the text that a cell of CSV would have; NULL: it can be none, and reported. */
static const char *text_of(struct lines *l, const struct json *node)
{
	struct str out = { .arena = &l->arena };
	char buf[NUMBER_MAX];

	switch (node->kind) {
	case JSON_NULL:
		return "";
	case JSON_BOOL:
		return node->boolean ? "true" : "false";
	case JSON_NUMBER:
		return arena_strdup(&l->arena, number_format(node->number, buf));
	case JSON_STRING:
		return node->string;
	case JSON_ARRAY:
		for (const struct json *m = node->child; m; m = m->next) {
			if (m->kind != JSON_NUMBER)
				break;
			str_printf(&out, "%s%s", out.n ? " " : "",
				number_format(m->number, buf));
			if (!m->next)
				return str_get(&out);
		}
		diag_add(l->d, l->at + node->at, "a list holds numbers here");
		return NULL;
	case JSON_OBJECT:
		break;
	}
	diag_add(l->d, l->at + node->at, "an object is no value");
	return NULL;
}

/* Every member of the object as a cell of the record; false: one is wrong, and reported. */
static bool put_cells(
	struct lines *l, const struct json *object, struct import_record *r)
{
	bool good = true;

	for (const struct json *m = object->child; m; m = m->next) {
		size_t at = l->at + m->key_at;
		int k = import_column_of(l->im, l->d, m->key, at);
		const char *text = k < 0 ? NULL : text_of(l, m);
		struct import_cell cell = { text, l->at + m->at };

		good = good && text;
		if (text && k < IMPORT_COLUMNS) {
			r->known[k] = cell;
		} else if (text) {
			r->hyper[r->hypers] = m->key;
			r->value[r->hypers++] = cell;
		}
	}
	return good;
}

static struct import_record record_of(struct lines *l, int members)
{
	return (struct import_record){ .d = l->d,
		.at = l->at,
		.hyper = NEW_ARRAY(&l->arena, const char *, members + 1),
		.value = NEW_ARRAY(&l->arena, struct import_cell, members + 1) };
}

static void take_row(struct lines *l, const struct json *line)
{
	struct import_record r = record_of(l, line->count);

	if (put_cells(l, line, &r) && import_is_whole(&r))
		import_take(l->im, &r);
}

/* {"label", "variant", "task", "lr", "wd", "seed", "hyper": {...}} */
static bool read_job(struct lines *l, const struct json *job, struct import_record *r)
{
	static const char *const keys[] = { "label", "variant", "task", "lr", "wd",
		"seed", "hyper" };
	static const enum import_column columns[] = { IMPORT_LABEL, IMPORT_VARIANT,
		IMPORT_TASK_OF_BASELINE, IMPORT_LR, IMPORT_WD, IMPORT_SEED };
	char hint[HINT_MAX];
	bool good = true;

	for (const struct json *m = job->child; m; m = m->next) {
		int i = 0;

		while (i < COUNT(keys) && strcmp(keys[i], m->key) != 0)
			i++;
		if (i == COUNT(keys)) {
			diag_add(l->d, l->at + m->key_at, "unknown key %s of a job%s",
				diag_quote(&l->arena, m->key),
				str_hint(str_nearest(m->key, keys, COUNT(keys)), hint));
			good = false;
		} else if (i < COUNT(columns)) {
			const char *text = text_of(l, m);

			r->known[columns[i]] =
				(struct import_cell){ text, l->at + m->at };
			good = good && text;
		} else if (m->kind != JSON_OBJECT) {
			diag_add(l->d, l->at + m->at, "\"hyper\" must be an object");
			good = false;
		} else {
			good = put_cells(l, m, r) && good;
		}
	}
	return good;
}

static void take_job(struct lines *l, const struct json *job)
{
	const struct json *hyper = json_get(job, "hyper");
	struct import_record r = record_of(l, hyper ? hyper->count : 0);

	l->job = true;
	l->run = NULL;
	l->epoch = 0;
	if (job->kind != JSON_OBJECT) {
		diag_add(l->d, l->at + job->at, "\"job\" must be an object");
		return;
	}
	if (!read_job(l, job, &r))
		return;
	for (int i = IMPORT_LABEL; i <= IMPORT_SEED; i++)
		if (!r.known[i].text && (i == IMPORT_LABEL || i >= IMPORT_LR)) {
			diag_add(l->d, l->at + job->at,
				"a job has \"label\", \"lr\", \"wd\" and \"seed\"");
			return;
		}
	l->run = import_run_of(l->im, &r);
}

/* A line of an epoch; not_finite ends the run as `diverged` does. */
static void take_epoch(struct lines *l, const struct report_line *x)
{
	struct import_place place = { l->d, l->at };

	if (l->run->diverged)
		diag_add(l->d, l->at, "epoch %d of a run that has diverged", x->epoch);
	else if (x->epoch != l->epoch + 1)
		diag_add(l->d, l->at, "epoch %d where epoch %d is expected", x->epoch,
			l->epoch + 1);
	l->epoch = x->epoch;
	if (x->kind == REPORT_DIVERGED || x->not_finite) {
		l->run->diverged =
			arena_strdup(l->im->a, x->not_finite ? x->not_finite : x->text);
		return;
	}
	for (int i = 0; i < x->metrics; i++)
		import_put_figure(l->im, l->run, x->epoch, &x->metric[i], place);
	for (int i = 0; i < x->weights; i++)
		import_put_weight(l->im, l->run, x->epoch, &x->weight[i], place);
}

static void take_report(struct lines *l)
{
	struct report_form form = { .variant = l->run->variant, .task = l->run->task };
	struct report_line x;
	struct err why;

	if (report_line_parse(&form, l->d->text + l->at, l->n, &l->arena, &x, &why)) {
		diag_add(l->d, l->at, "%s", why.msg);
		return;
	}
	switch (x.kind) {
	case REPORT_EPOCH:
	case REPORT_DIVERGED:
		take_epoch(l, &x);
		break;
	case REPORT_HELLO:
		if (*x.text)
			l->run->device = arena_strdup(l->im->a, x.text);
		break;
	case REPORT_ERROR:
	case REPORT_BEAT:
		break;
	}
}

static void take_line(struct lines *l)
{
	struct diag d = { .arena = &l->arena,
		.path = l->d->path,
		.text = l->d->text + l->at,
		.n = l->n };
	const struct json *line = json_parse(&l->arena, &d);
	const struct json *job = json_get(line, "job");

	if (job)
		take_job(l, job);
	else if (json_get(line, "label"))
		take_row(l, line);
	else if (l->run)
		take_report(l); /* which may have NaN, and that is no JSON */
	else if (!line)
		for (int i = 0; i < d.kept; i++)
			diag_add(l->d, l->at + d.item[i].at, "%s", d.item[i].message);
	else if (!l->job)
		diag_add(l->d, l->at,
			"a line has \"label\" and one figure, or \"job\", behind "
			"which the lines of its epochs stand");
}

void import_json(struct import_set *im, struct diag *d)
{
	struct lines l = { .im = im, .d = d };
	struct arena_mark empty;

	(void)arena_alloc(&l.arena, 1, 1); /* a chunk that rewinding keeps */
	empty = arena_mark(&l.arena);
	while (l.at < d->n) {
		const char *s = d->text + l.at;
		const char *newline = memchr(s, '\n', d->n - l.at);

		l.n = newline ? (size_t)(newline - s) : d->n - l.at;
		if (strspn(s, " \t\r") < l.n)
			take_line(&l);
		arena_rewind(&l.arena, empty);
		l.at += l.n + 1;
	}
	arena_release(&l.arena);
}
