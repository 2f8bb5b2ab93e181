#include "orchestrator/pilot/message.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "orchestrator/json/json.h"

/* How a member of struct message is written. */
enum form {
	FORM_TEXT, /* left out where it is "" */
	FORM_TOKEN, /* 1 to 39 hexadecimal digits */
	FORM_PATH, /* inside the folder that it is relative to */
	FORM_COUNT, /* int64_t, >= 0 */
	FORM_NUMBER, /* int64_t */
	FORM_SECONDS, /* double, finite */
	FORM_WORDS,
	FORM_TRUE,
};

struct field {
	const char *key;
	enum form form;
	size_t at; /* in struct message */
	unsigned kinds; /* that have it */
};

#define OF(kind) (1U << MESSAGE_##kind)
#define AT(member) offsetof(struct message, member)

/* The first field of a kind is the one that names it. */
static const struct field fields[] = {
	{ "pilot", FORM_COUNT, AT(number), OF(PILOT) },
	{ "alive", FORM_COUNT, AT(number), OF(ALIVE) },
	{ "start", FORM_TOKEN, AT(token), OF(START) },
	{ "stop", FORM_TOKEN, AT(token), OF(STOP) },
	{ "leave", FORM_TRUE, AT(number), OF(LEAVE) },
	{ "hello", FORM_COUNT, AT(number), OF(HELLO) },
	{ "beat", FORM_COUNT, AT(number), OF(BEAT) },
	{ "begin", FORM_TOKEN, AT(token), OF(BEGIN) },
	{ "news", FORM_TOKEN, AT(token), OF(NEWS) },
	{ "end", FORM_TOKEN, AT(token), OF(END) },
	{ "leaving", FORM_TEXT, AT(why), OF(LEAVING) },
	{ "build", FORM_TEXT, AT(build), OF(PILOT) | OF(HELLO) | OF(END) },
	{ "workers", FORM_COUNT, AT(workers), OF(PILOT) },
	{ "gpus", FORM_COUNT, AT(gpus), OF(PILOT) },
	{ "gpu_slots", FORM_COUNT, AT(gpu_slots), OF(PILOT) },
	{ "kernels", FORM_TEXT, AT(kernels), OF(PILOT) | OF(HELLO) },
	{ "folder", FORM_PATH, AT(folder), OF(START) },
	{ "cwd", FORM_TEXT, AT(cwd), OF(START) },
	{ "log", FORM_PATH, AT(log), OF(START) },
	{ "argv", FORM_WORDS, AT(argv), OF(START) },
	{ "slots", FORM_COUNT, AT(slots), OF(START) | OF(HELLO) },
	{ "limit_seconds", FORM_SECONDS, AT(limit_seconds), OF(START) },
	{ "quiet_seconds", FORM_SECONDS, AT(quiet_seconds), OF(START) },
	{ "leave_seconds", FORM_SECONDS, AT(leave_seconds), OF(START) },
	{ "grace_seconds", FORM_SECONDS, AT(grace_seconds), OF(START) },
	{ "host", FORM_TEXT, AT(host), OF(HELLO) },
	{ "pid", FORM_COUNT, AT(pid), OF(HELLO) | OF(BEGIN) | OF(END) },
	{ "gpu_list", FORM_TEXT, AT(gpu_list), OF(HELLO) },
	{ "slurm_job", FORM_TEXT, AT(slurm_job), OF(HELLO) },
	{ "why", FORM_TEXT, AT(why), OF(END) },
	{ "bytes", FORM_NUMBER, AT(bytes), OF(NEWS) | OF(END) },
	{ "status", FORM_NUMBER, AT(status), OF(END) },
	{ "signal", FORM_COUNT, AT(signal), OF(END) },
	{ "seconds", FORM_SECONDS, AT(seconds), OF(END) },
	{ "cpu_seconds", FORM_SECONDS, AT(cpu_seconds), OF(END) },
	{ "peak_bytes", FORM_COUNT, AT(peak_bytes), OF(END) },
	{ "diverged", FORM_COUNT, AT(diverged), OF(END) },
	{ "torn", FORM_COUNT, AT(torn), OF(END) },
	{ "kernel_class", FORM_TEXT, AT(kernel_class), OF(END) },
	{ "text", FORM_TEXT, AT(text), OF(END) | OF(LEAVING) },
};

#undef OF
#undef AT

static bool has(const struct field *f, enum message_kind kind)
{
	return (f->kinds & (1U << kind)) != 0;
}

static const void *member(const struct message *m, const struct field *f)
{
	return (const char *)m + f->at;
}

/* Writing. */

/* What programs and systems say need not be UTF-8, and JSON is. */
static void put_text(struct str *out, const char *s)
{
	struct str clean = { .arena = out->arena };
	size_t left = strlen(s);

	while (left) {
		int n = utf8_length(s, left);

		str_putn(&clean, n ? s : "?", n ? (size_t)n : 1);
		s += n ? n : 1;
		left -= n ? (size_t)n : 1;
	}
	str_json(out, str_get(&clean));
}

static void put_words(struct str *out, const char *const *words)
{
	str_put(out, "[");
	for (int i = 0; words && words[i]; i++) {
		str_put(out, i ? ", " : "");
		put_text(out, words[i]);
	}
	str_put(out, "]");
}

static void put_value(struct str *out, const struct message *m, const struct field *f)
{
	const void *at = member(m, f);
	char number[NUMBER_MAX];

	switch (f->form) {
	case FORM_TEXT:
	case FORM_TOKEN:
	case FORM_PATH:
		put_text(out, *(const char *const *)at);
		break;
	case FORM_COUNT:
	case FORM_NUMBER:
		str_printf(out, "%lld", (long long)*(const int64_t *)at);
		break;
	case FORM_SECONDS:
		str_put(out, number_format(*(const double *)at, number));
		break;
	case FORM_WORDS:
		put_words(out, *(const char *const *const *)at);
		break;
	case FORM_TRUE:
		str_put(out, "true");
		break;
	}
}

/* What is left out: empty texts. */
static bool is_silent(const struct message *m, const struct field *f)
{
	const char *text;

	if (f->form != FORM_TEXT && f->form != FORM_PATH)
		return false;
	text = *(const char *const *)member(m, f);
	return !text || !*text;
}

const char *message_text(const struct message *m, struct arena *a)
{
	struct str out = { .arena = a };

	for (int i = 0; i < COUNT(fields); i++) {
		if (!has(&fields[i], m->kind) || is_silent(m, &fields[i]))
			continue;
		str_put(&out, out.n ? ", " : "{");
		str_json(&out, fields[i].key);
		str_put(&out, ": ");
		put_value(&out, m, &fields[i]);
	}
	str_put(&out, "}");
	return str_get(&out);
}

/* Reading. */

static bool is_token(const char *s)
{
	size_t n = strlen(s);

	return n >= 1 && n < SCHED_TOKEN_MAX && n == strspn(s, "0123456789abcdef");
}

/* A path that stays inside: no "..", no / in front. */
static bool is_inside(const char *s)
{
	const char *at = s;

	if (*s == '/')
		return false;
	for (;;) {
		size_t n = strcspn(at, "/");

		if (n == 2 && !strncmp(at, "..", 2))
			return false;
		if (!at[n])
			return true;
		at += n + 1;
	}
}

static bool is_whole(double v)
{
	return v >= -9e15 && v <= 9e15 && v == floor(v);
}

static bool take_words(const struct json *v, const char *const **out, struct arena *a)
{
	const char **words = NEW_ARRAY(a, const char *, v->count + 1);
	int n = 0;

	if (v->kind != JSON_ARRAY)
		return false;
	for (const struct json *x = v->child; x; x = x->next) {
		if (x->kind != JSON_STRING)
			return false;
		words[n++] = x->string;
	}
	*out = words;
	return true;
}

static bool take_value(
	struct message *m, const struct field *f, const struct json *v, struct arena *a)
{
	void *at = (char *)m + f->at;

	switch (f->form) {
	case FORM_TEXT:
	case FORM_TOKEN:
	case FORM_PATH:
		if (v->kind != JSON_STRING)
			return false;
		*(const char **)at = v->string;
		return f->form == FORM_TEXT ||
			(f->form == FORM_TOKEN ? is_token : is_inside)(v->string);
	case FORM_COUNT:
	case FORM_NUMBER:
		if (v->kind != JSON_NUMBER || !is_whole(v->number))
			return false;
		*(int64_t *)at = (int64_t)v->number;
		return f->form == FORM_NUMBER || v->number >= 0;
	case FORM_SECONDS:
		*(double *)at = v->number;
		return v->kind == JSON_NUMBER;
	case FORM_WORDS:
		return take_words(v, at, a);
	case FORM_TRUE:
		return v->kind == JSON_BOOL && v->boolean;
	}
	return false;
}

/* Which kind the line is: by its first key. */
static int find_kind(const struct json *root, enum message_kind *kind, struct err *e)
{
	if (root->kind == JSON_OBJECT && root->child)
		for (int i = 0; i < MESSAGE_KINDS; i++)
			if (!strcmp(fields[i].key, root->child->key)) {
				*kind = (enum message_kind)i;
				return OK;
			}
	return err_set(e, ERR_SPEC, "no line between deltam and a pilot");
}

static int take_fields(
	struct message *m, const struct json *root, struct arena *a, struct err *e)
{
	int known = 0;

	for (int i = 0; i < COUNT(fields); i++) {
		const struct field *f = &fields[i];
		const struct json *v = has(f, m->kind) ? json_get(root, f->key) : NULL;

		if (v && !take_value(m, f, v, a))
			return err_set(e, ERR_SPEC, "\"%s\" is out of form", f->key);
		known += v != NULL;
		if (has(f, m->kind) && !v && f->form != FORM_TEXT &&
			f->form != FORM_PATH)
			return err_set(e, ERR_SPEC, "no \"%s\"", f->key);
	}
	if (known != root->count)
		return err_set(e, ERR_SPEC, "a key that \"%s\" does not have",
			fields[m->kind].key);
	if (m->kind == MESSAGE_START && !*m->folder)
		return err_set(e, ERR_SPEC, "no \"folder\"");
	return OK;
}

int message_parse(struct message *out, const char *bytes, size_t n, struct arena *a,
	struct err *e)
{
	struct diag d = {
		.arena = a, .text = arena_strndup(a, bytes, n), .n = n, .path = ""
	};
	const struct json *root = json_parse(a, &d);
	const struct message empty = { .token = "",
		.text = "",
		.why = "",
		.build = "",
		.kernels = "",
		.host = "",
		.gpu_list = "",
		.slurm_job = "",
		.folder = "",
		.cwd = "",
		.log = "",
		.kernel_class = "" };
	int rc;

	*out = empty;
	if (!root)
		return err_set(
			e, ERR_SPEC, "%s", d.kept ? d.item[0].message : "no JSON");
	rc = find_kind(root, &out->kind, e);
	return rc ? rc : take_fields(out, root, a, e);
}

/* Ends. */

static const char *const whys[] = {
	[SCHED_EXITED] = "exited",
	[SCHED_SIGNALLED] = "signalled",
	[SCHED_TIMEOUT] = "timeout",
	[SCHED_SILENT] = "silent",
	[SCHED_QUIET] = "quiet",
	[SCHED_ENOUGH] = "enough",
	[SCHED_STOPPED] = "stopped",
	[SCHED_NOT_STARTED] = "not_started",
	[SCHED_LOST] = "lost",
};

void message_of_end(struct message *out, const struct sched_end *end)
{
	*out = (struct message){ .kind = MESSAGE_END,
		.token = end->task->token,
		.why = whys[end->why],
		.bytes = -1,
		.status = end->status,
		.signal = end->signal,
		.pid = end->pid,
		.seconds = end->seconds,
		.cpu_seconds = end->spent ? end->cpu_seconds : -1,
		.peak_bytes = end->peak_bytes,
		.diverged = end->diverged_epoch,
		.torn = end->torn,
		.kernel_class = end->kernel_class,
		.build = end->build,
		.text = end->text };
}

int message_to_end(const struct message *m, struct sched_end *end, struct err *e)
{
	int why = 0;

	while (why < COUNT(whys) && strcmp(whys[why], m->why) != 0)
		why++;
	if (why == COUNT(whys))
		return err_set(e, ERR_SPEC, "\"why\" is out of form");
	*end = (struct sched_end){ .task = end->task,
		.why = (enum sched_why)why,
		.status = (int)m->status,
		.signal = (int)m->signal,
		.pid = (int)m->pid,
		.seconds = m->seconds,
		.spent = m->cpu_seconds >= 0,
		.cpu_seconds = m->cpu_seconds,
		.peak_bytes = m->peak_bytes,
		.diverged_epoch = (int)m->diverged,
		.torn = (int)m->torn };
	snprintf(end->kernel_class, sizeof(end->kernel_class), "%s", m->kernel_class);
	snprintf(end->build, sizeof(end->build), "%s", m->build);
	snprintf(end->text, sizeof(end->text), "%s", m->text);
	return OK;
}
