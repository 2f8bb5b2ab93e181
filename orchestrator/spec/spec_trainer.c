/* The section `trainer`: the command, and what it reports. */
#include "orchestrator/spec/spec_read.h"

#include <math.h>
#include <string.h>

#define CRITERIA_MAX 32 /* of a task */
#define NAME_CHARACTERS 64
#define GPU_PARTS_MAX 16 /* slots of one GPU */
#define GPU_PART_SLACK 0.021 /* of a part: 0.14 is 1/7, and 1/16 is not 1/15 */

/* A name that stands in a report: of a task or a figure. */
static bool check_name(const struct spec_reader *r, const struct json *node)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789_.-";
	size_t n = strlen(node->key);

	if (n >= 1 && n <= NAME_CHARACTERS && !node->key[strspn(node->key, allowed)])
		return true;
	diag_add(r->d, node->key_at,
		"%s is no name: 1 to %d letters, digits, '_', '.', '-'",
		diag_quote(r->a, node->key), NAME_CHARACTERS);
	return false;
}

/* "higher", "lower": which of them; -1: neither, and reported. */
static int read_better(const struct spec_reader *r, const struct json *node)
{
	static const struct param_info info = {
		.name = "better", .kind = PARAM_CHOICE, .choices = "lower|higher"
	};
	const char *word = value_text(r, node, &info, NULL);

	return word ? !strcmp(word, "higher") : -1;
}

/* {"better": ..., "title": ..., "scale": ...} */
static bool read_criterion_object(const struct spec_reader *r, const struct json *node,
	struct metric_info *m, int *better)
{
	static const char *const keys[] = { "better", "title", "scale" };
	const struct json *direction = json_get(node, "better");
	const struct json *title = json_get(node, "title");

	if (!read_known(r, node, keys, 3) ||
		read_member_number(r, node, "scale", &m->scale) < 0)
		return false;
	if (!direction) {
		diag_add(r->d, node->at, "a criterion wants \"better\"");
		return false;
	}
	*better = read_better(r, direction);
	if (title && !expect_kind(r, title, JSON_STRING, "title"))
		return false;
	if (title)
		m->title = title->string;
	if (m->scale > 0)
		return true;
	diag_add(r->d, json_get(node, "scale")->at, "\"scale\" must be above 0");
	return false;
}

static void read_criterion(const struct spec_reader *r, const struct json *node,
	const char *task, struct spec_trainer *t)
{
	struct metric_info *m = NEW(r->a, struct metric_info);
	int better = -1;

	*m = (struct metric_info){ .name = node->key,
		.title = node->key,
		.scale = 1,
		.least = -(double)INFINITY,
		.most = (double)INFINITY };
	if (!check_name(r, node))
		return;
	if (!strcmp(node->key, "loss")) {
		diag_add(r->d, node->key_at,
			"\"loss\" is no criterion: every task reports it anyway");
		return;
	}
	if (node->kind == JSON_OBJECT) {
		if (!read_criterion_object(r, node, m, &better))
			return;
	} else {
		better = read_better(r, node);
	}
	m->higher = better == 1;
	t->criteria[t->ncriteria++] = (struct spec_criterion){
		.text = arena_printf(r->a, "%s/%s", task, m->name),
		.task = task,
		.metric = m,
	};
}

static void read_task(
	const struct spec_reader *r, const struct json *node, struct spec_trainer *t)
{
	if (!check_name(r, node) || !expect_kind(r, node, JSON_OBJECT, node->key))
		return;
	if (!node->child || node->count > CRITERIA_MAX)
		diag_add(r->d, node->at, "a task has 1 to %d criteria", CRITERIA_MAX);
	else
		for (const struct json *m = node->child; m; m = m->next)
			read_criterion(r, m, node->key, t);
	t->tasks[t->ntasks++] = (struct task_info){ .name = node->key };
}

static void read_tasks(const struct spec_reader *r, struct spec_trainer *t)
{
	const struct json *tasks = read_field(r, "trainer.tasks");

	if (!tasks || !expect_kind(r, tasks, JSON_OBJECT, "tasks"))
		return;
	if (!tasks->child || tasks->count > TASKS_MAX) {
		diag_add(r->d, tasks->at, "\"tasks\" has 1 to %d tasks", TASKS_MAX);
		return;
	}
	t->tasks = NEW_ARRAY(r->a, struct task_info, tasks->count);
	t->criteria =
		NEW_ARRAY(r->a, struct spec_criterion, tasks->count * CRITERIA_MAX);
	for (const struct json *m = tasks->child; m; m = m->next)
		read_task(r, m, t);
}

/* A list of texts, NULL behind the last; none where there is no list. */
static const char **read_words(const struct spec_reader *r, const char *path)
{
	const struct spec_field *f = field_find(path);
	const struct json *list = read_field(r, path);
	const char **words =
		NEW_ARRAY(r->a, const char *, (list ? list->count : 0) + 1);
	int n = 0;

	if (!list || !expect_kind(r, list, JSON_ARRAY, field_name(f)))
		return words;
	if (list->count < f->min || list->count > f->max)
		diag_add(r->d, list->at, "\"%s\" is a list of %.0f to %.0f texts",
			field_name(f), f->min, f->max);
	for (const struct json *m = list->child; m; m = m->next) {
		if (!expect_kind(r, m, JSON_STRING, field_name(f)))
			continue;
		if (*m->string)
			words[n++] = m->string;
		else
			diag_add(r->d, m->at, "an empty text");
	}
	return words;
}

/* A whole number of GPUs, or the n-th part of one: 0.33 is as good as 1/3. */
static void read_gpu(const struct spec_reader *r, struct spec_trainer *t)
{
	double gpu = read_number(r, "trainer.gpu");
	double parts = gpu > 0 && gpu < 1 ? round(1 / gpu) : 1;
	char value[NUMBER_MAX];

	t->gpus = gpu > 0 && gpu < 1 ? 1 : (int)gpu;
	t->gpu_slots = (int)fmin(parts, GPU_PARTS_MAX);
	if (isnan(gpu) || gpu == floor(gpu))
		return;
	if (gpu > 1 || parts > GPU_PARTS_MAX || fabs(gpu * parts - 1) > GPU_PART_SLACK)
		diag_add(r->d, read_place(r, "trainer.gpu"),
			"gpu %s is neither a whole number nor a part 1/n of a GPU, n up "
			"to %d",
			number_format(gpu, value), GPU_PARTS_MAX);
}

/* What only deltam's own trainer does. */
static void refuse_embedded(const struct spec_reader *r)
{
	static const char *const paths[] = { "evaluate", "save", "diagnose",
		"train.freeze", "model.init", "dataset.pseudo" };

	for (int i = 0; i < COUNT(paths); i++) {
		const struct json *node = read_at(r, paths[i]);

		if (node)
			diag_add(r->d, node->key_at,
				"\"%s\" is for deltam's own trainer, not beside "
				"\"trainer\"",
				paths[i]);
	}
}

void read_trainer(const struct spec_reader *r, struct spec *s)
{
	const struct json *section = read_at(r, "trainer");
	const struct json *from = read_at(r, "baseline.from");
	struct spec_trainer *t = NEW(r->a, struct spec_trainer);
	const char *version;

	if (!section)
		return;
	s->trainer = t;
	t->command = read_words(r, "trainer.command");
	t->patterns = read_words(r, "trainer.files");
	version = read_text(r, "trainer.version");
	t->version = version ? version : "";
	t->resume = read_bool(r, "trainer.resume");
	t->deterministic = read_bool(r, "trainer.deterministic");
	t->keep = (enum trainer_keep)read_choice(r, "trainer.keep");
	t->stop_seconds = read_whole(r, "trainer.stop_seconds");
	read_gpu(r, t);
	read_tasks(r, t);
	refuse_embedded(r);
	if (from)
		diag_add(r->d, from->key_at,
			"\"from\" compares data that deltam has composed, which it "
			"cannot beside \"trainer\": give \"values\"");
}
