#include "orchestrator/segment/report_line.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "orchestrator/json/json.h"

struct parse {
	const struct report_form *form;
	struct arena *a;
	struct report_line *out;
	int metric_capacity, weight_capacity;
	struct err *e;
};

/* The bytes of a word for what is not finite that stands here; 0: none does. */
static size_t not_finite_at(const char *s, size_t n)
{
	static const char *const words[] = { "-Infinity", "Infinity", "NaN" };

	if (*s != '-' && *s != 'I' && *s != 'N')
		return 0;
	for (int k = 0; k < COUNT(words); k++) {
		size_t length = strlen(words[k]);

		if (n >= length && !memcmp(s, words[k], length))
			return length;
	}
	return 0;
}

/* The text as strict JSON: words for what is not finite become null. ERR_SPEC: a comment. */
static int plain_json(
	struct arena *a, const char *s, size_t n, struct str *out, struct err *e)
{
	bool string = false;
	size_t copied = 0;

	*out = (struct str){ .arena = a };
	for (size_t i = 0; i < n; i++) {
		size_t length = string ? 0 : not_finite_at(s + i, n - i);

		if (!string && s[i] == '/')
			return err_set(e, ERR_SPEC, "JSON has no comments");
		if (length) {
			str_putn(out, s + copied, i - copied);
			str_put(out, "null");
			i += length - 1;
			copied = i + 1;
		} else if (string && s[i] == '\\' && i + 1 < n) {
			i++;
		} else if (s[i] == '"') {
			string = !string;
		}
	}
	str_putn(out, s + copied, n - copied);
	return OK;
}

static int fault(struct parse *p, const char *fmt, ...) PRINTF(2, 3);
static int fault(struct parse *p, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(p->e, ERR_SPEC, "%s", text);
}

static const char *quoted(struct parse *p, const char *s)
{
	return diag_quote(p->a, s);
}

static int unknown(struct parse *p, const char *what, const char *name,
	const char *const *known, int n)
{
	char hint[HINT_MAX];

	return fault(p, "unknown %s %s%s", what, quoted(p, name),
		str_hint(str_nearest(name, known, n), hint));
}

static int check_keys(
	struct parse *p, const struct json *object, const char *const *known, int n)
{
	for (const struct json *m = object->child; m; m = m->next) {
		int i = 0;

		while (i < n && strcmp(known[i], m->key) != 0)
			i++;
		if (i == n)
			return unknown(p, "key", m->key, known, n);
	}
	return OK;
}

static bool is_ours(const struct parse *p, const char *task)
{
	const struct report_form *f = p->form;

	if (f->task)
		return !strcmp(f->task, task);
	for (int k = 0; k < f->variant->ntasks; k++)
		if (!strcmp(f->variant->tasks[k].name, task))
			return true;
	return false;
}

static int check_task(struct parse *p, const char *task)
{
	const char *known[TASKS_MAX];
	int n = 0;

	if (is_ours(p, task) || (p->form->embedded && !*task))
		return OK;
	for (int k = 0; k < p->form->variant->ntasks; k++)
		if (is_ours(p, p->form->variant->tasks[k].name))
			known[n++] = p->form->variant->tasks[k].name;
	return unknown(p, "task", task, known, n);
}

static int check_name(struct parse *p, const char *name)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789_.-";
	size_t n = strlen(name);

	if (n >= 1 && n <= REPORT_NAME_MAX && !name[strspn(name, allowed)])
		return OK;
	return fault(p, "%s is no name: 1 to %d letters, digits, '_', '.', '-'",
		quoted(p, name), REPORT_NAME_MAX);
}

static int check_object(struct parse *p, const struct json *node, const char *name)
{
	if (node->kind == JSON_OBJECT)
		return OK;
	return fault(p, "\"%s\" must be an object, not %s", name,
		json_kind_name(node->kind));
}

/* Whether a figure of val or test is one that decides: a loss or a criterion. */
static bool decides(const struct parse *p, const char *task, const char *name)
{
	const struct spec_variant *v = p->form->variant;

	if (!strcmp(name, "loss"))
		return true;
	for (int i = 0; i < v->ncriteria; i++)
		if (!strcmp(v->criteria[i].task, task) &&
			!strcmp(v->criteria[i].metric->name, name))
			return true;
	return false;
}

/* NAN: not finite. */
static int read_figure(
	struct parse *p, const struct json *node, const char *what, double *v)
{
	*v = (double)NAN;
	if (node->kind == JSON_NUMBER)
		*v = node->number;
	else if (node->kind != JSON_NULL)
		return fault(p, "%s must be a number, not %s", what,
			json_kind_name(node->kind));
	return OK;
}

static void put_figure(struct parse *p, const char *split, const char *task,
	const char *name, double v)
{
	(void)GROW(p->a, p->out->metric, p->out->metrics, p->metric_capacity);
	p->out->metric[p->out->metrics++] = (struct metric_row){ split, task, name, v };
}

static int read_named(struct parse *p, const struct json *node, const char *split,
	const char *task, bool measured)
{
	const char *what = arena_printf(p->a, "%s %s/%s", split, task, node->key);
	double v;
	int rc = check_name(p, node->key);

	if (!rc)
		rc = read_figure(p, node, what, &v);
	if (rc)
		return rc;
	if (isfinite(v))
		put_figure(p, split, task, node->key, v);
	else if (!measured || !decides(p, task, node->key))
		p->out->dropped++;
	else if (!p->out->not_finite)
		p->out->not_finite = arena_printf(p->a, "%s is not finite", what);
	return OK;
}

/* {TASK: {NAME: NUMBER}}; measured: val or test. */
static int read_split(
	struct parse *p, const struct json *node, const char *split, bool measured)
{
	int rc = check_object(p, node, split);

	for (const struct json *t = node->child; !rc && t; t = t->next) {
		rc = check_task(p, t->key);
		if (!rc)
			rc = check_object(p, t, t->key);
		for (const struct json *m = t->child; !rc && m; m = m->next)
			rc = read_named(p, m, split, t->key, measured);
	}
	return rc;
}

static int want(struct parse *p, const struct json *object, const char *split,
	const char *task, const char *name)
{
	const struct json *t = json_get(object, task);

	if (!t)
		return fault(p, "\"%s\" has no task \"%s\"", split, task);
	return json_get(t, name) ? OK
				 : fault(p, "%s %s/%s is missing", split, task, name);
}

/* Of val every loss and criterion, of test every criterion. */
static int check_complete(
	struct parse *p, const struct json *object, const char *split, bool loss)
{
	const struct spec_variant *v = p->form->variant;
	int rc = OK;

	for (int k = 0; !rc && loss && k < v->ntasks; k++)
		if (is_ours(p, v->tasks[k].name))
			rc = want(p, object, split, v->tasks[k].name, "loss");
	for (int i = 0; !rc && i < v->ncriteria; i++)
		if (is_ours(p, v->criteria[i].task))
			rc = want(p, object, split, v->criteria[i].task,
				v->criteria[i].metric->name);
	return rc;
}

static int read_measured(
	struct parse *p, const struct json *line, const char *split, bool loss)
{
	const struct json *object = json_get(line, split);
	int rc;

	if (!object)
		return fault(p, "\"%s\" is missing", split);
	rc = read_split(p, object, split, true);
	return rc ? rc : check_complete(p, object, split, loss);
}

/* One of the figures of a weight; *none where it is absent or not finite. */
static int read_part(struct parse *p, const struct json *object, const char *task,
	const char *name, double *v, bool *none)
{
	const struct json *node = json_get(object, name);
	int rc = OK;

	*v = (double)NAN;
	if (node)
		rc = read_figure(p, node,
			arena_printf(
				p->a, "\"%s\" of the weight of \"%s\"", name, task),
			v);
	*none = !isfinite(*v);
	p->out->dropped += node && *none && !rc;
	if (*none)
		*v = 0;
	return rc;
}

static int read_weight_object(
	struct parse *p, const struct json *node, struct weight_row *w, bool *none)
{
	static const char *const keys[] = { "mean", "std", "loss_mean", "loss_std" };
	int rc = check_object(p, node, node->key);

	if (!rc)
		rc = check_keys(p, node, keys, 4);
	if (!rc && !json_get(node, "mean"))
		rc = fault(p, "the weight of \"%s\" has no \"mean\"", w->task);
	if (!rc)
		rc = read_part(p, node, w->task, "mean", &w->weight_mean, none);
	if (!rc)
		rc = read_part(p, node, w->task, "std", &w->weight_std, &w->no_std);
	if (!rc)
		rc = read_part(p, node, w->task, "loss_mean", &w->weighted_loss_mean,
			&w->no_loss_mean);
	if (!rc)
		rc = read_part(p, node, w->task, "loss_std", &w->weighted_loss_std,
			&w->no_loss_std);
	return rc;
}

static int read_weight(struct parse *p, const struct json *node)
{
	struct weight_row w = { .task = node->key };
	bool none = false;
	int rc = check_task(p, node->key);

	if (rc)
		return rc;
	if (node->kind == JSON_OBJECT) {
		rc = read_weight_object(p, node, &w, &none);
	} else {
		w.no_std = w.no_loss_mean = w.no_loss_std = true;
		rc = read_figure(p, node, "a weight", &w.weight_mean);
		none = !isfinite(w.weight_mean);
		p->out->dropped += none && !rc;
	}
	if (rc || none)
		return rc;
	(void)GROW(p->a, p->out->weight, p->out->weights, p->weight_capacity);
	p->out->weight[p->out->weights++] = w;
	return OK;
}

static int read_weights(struct parse *p, const struct json *node)
{
	int rc = check_object(p, node, "weights");

	for (const struct json *m = node->child; !rc && m; m = m->next)
		rc = read_weight(p, m);
	return rc;
}

/* Splits that have a meaning of their own. */
static bool is_taken(const char *split)
{
	static const char *const taken[] = { "train", "val", "test", "cost",
		"between_tasks", "between_samples", "magnitude", "signs" };

	for (int i = 0; i < COUNT(taken); i++)
		if (!strcmp(taken[i], split))
			return true;
	return false;
}

static int read_more(struct parse *p, const struct json *node)
{
	int rc = check_object(p, node, "more");

	for (const struct json *m = node->child; !rc && m; m = m->next) {
		rc = check_name(p, m->key);
		if (!rc && is_taken(m->key) && !p->form->embedded)
			rc = fault(p, "\"more\" cannot use the split \"%s\"", m->key);
		if (!rc)
			rc = read_split(p, m, m->key, false);
	}
	return rc;
}

static int read_number(struct parse *p, const struct json *node, int *epoch)
{
	if (node->kind != JSON_NUMBER || node->number < 1 || node->number > 1e6 ||
		node->number != floor(node->number))
		return fault(p, "\"%s\" must be a whole number from 1", node->key);
	*epoch = (int)node->number;
	return OK;
}

/* At most REPORT_TEXT_MAX bytes of it, in whole characters. */
static int read_text(
	struct parse *p, const struct json *node, size_t most, const char **text)
{
	size_t n = 0;

	if (node->kind != JSON_STRING)
		return fault(p, "\"%s\" must be a text, not %s", node->key,
			json_kind_name(node->kind));
	while (node->string[n]) {
		size_t length =
			(size_t)utf8_length(node->string + n, strlen(node->string + n));

		if (n + length > most)
			break;
		n += length;
	}
	*text = arena_strndup(p->a, node->string, n);
	return OK;
}

static int read_epoch(struct parse *p, const struct json *line)
{
	static const char *const keys[] = { "epoch", "val", "test", "train", "weights",
		"more" };
	const struct json *train = json_get(line, "train");
	const struct json *weights = json_get(line, "weights");
	const struct json *more = json_get(line, "more");
	int rc = check_keys(p, line, keys, 6);

	if (!rc)
		rc = read_number(p, json_get(line, "epoch"), &p->out->epoch);
	if (!rc)
		rc = read_measured(p, line, "val", true);
	if (!rc)
		rc = read_measured(p, line, "test", false);
	if (!rc && train)
		rc = read_split(p, train, "train", false);
	if (!rc && weights)
		rc = read_weights(p, weights);
	if (!rc && more)
		rc = read_more(p, more);
	return rc;
}

static int read_diverged(struct parse *p, const struct json *line)
{
	static const char *const keys[] = { "diverged", "why" };
	const struct json *why = json_get(line, "why");
	int rc = check_keys(p, line, keys, 2);

	p->out->text = "diverged";
	if (!rc)
		rc = read_number(p, json_get(line, "diverged"), &p->out->epoch);
	if (!rc && why)
		rc = read_text(p, why, REPORT_TEXT_MAX, &p->out->text);
	return rc;
}

static int read_error(struct parse *p, const struct json *line)
{
	static const char *const keys[] = { "error" };
	int rc = check_keys(p, line, keys, 1);

	return rc
		? rc
		: read_text(p, json_get(line, "error"), REPORT_TEXT_MAX, &p->out->text);
}

static int read_beat(struct parse *p, const struct json *line)
{
	static const char *const keys[] = { "beat" };

	return check_keys(p, line, keys, 1);
}

static int read_hello(struct parse *p, const struct json *line)
{
	static const char *const keys[] = { "hello" };
	static const char *const inner[] = { "device", "software" };
	const struct json *hello = json_get(line, "hello");
	const struct json *device = json_get(hello, "device");
	const struct json *software = json_get(hello, "software");
	int rc = check_keys(p, line, keys, 1);

	p->out->text = p->out->software = "";
	if (!rc)
		rc = check_object(p, hello, "hello");
	if (!rc)
		rc = check_keys(p, hello, inner, 2);
	if (!rc && device)
		rc = read_text(p, device, 63, &p->out->text);
	if (!rc && software)
		rc = read_text(p, software, 63, &p->out->software);
	return rc;
}

static int read_line(struct parse *p, const struct json *line)
{
	static const struct {
		const char *key;
		enum report_kind kind;
		int (*read)(struct parse *p, const struct json *line);
	} kinds[] = {
		{ "epoch", REPORT_EPOCH, read_epoch },
		{ "diverged", REPORT_DIVERGED, read_diverged },
		{ "error", REPORT_ERROR, read_error },
		{ "beat", REPORT_BEAT, read_beat },
		{ "hello", REPORT_HELLO, read_hello },
	};

	if (line->kind != JSON_OBJECT)
		return fault(
			p, "a line is an object, not %s", json_kind_name(line->kind));
	for (int i = 0; i < COUNT(kinds); i++)
		if (json_get(line, kinds[i].key)) {
			p->out->kind = kinds[i].kind;
			return kinds[i].read(p, line);
		}
	return fault(p,
		"a line has \"epoch\", \"hello\", \"diverged\", \"error\" or \"beat\"");
}

int report_line_parse(const struct report_form *form, const char *bytes, size_t n,
	struct arena *a, struct report_line *out, struct err *e)
{
	struct parse p = { .form = form, .a = a, .out = out, .e = e };
	struct diag d = { .arena = a, .path = "report" };
	const struct json *line;
	struct str text;
	int rc;

	*out = (struct report_line){ 0 };
	if (memchr(bytes, '\0', n))
		return err_set(e, ERR_SPEC, "a NUL byte");
	rc = plain_json(a, bytes, n, &text, e);
	if (rc)
		return rc;
	d.text = str_get(&text);
	d.n = text.n;
	line = json_parse(a, &d);
	if (!line)
		return fault(&p, "no JSON: %s", d.item[0].message);
	return read_line(&p, line);
}
