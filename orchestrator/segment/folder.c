#include "orchestrator/segment/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "common/log.h"
#include "common/plain_file.h"
#include "common/tree.h"

#define REUSED "reused" /* in the place of a token: copied from another database */
#define FILE_MAX (FOLDER_PATH_MAX + TOKEN_MAX + 32)

void folder_path(const char *root, const char *identity, char path[FOLDER_PATH_MAX])
{
	snprintf(path, FOLDER_PATH_MAX, "%s/jobs/%s", root, identity);
}

/* What job.TOKEN.json holds. */

static void put_key(struct str *out, const char *key)
{
	str_put(out, out->s[out->n - 1] == '{' ? "" : ", ");
	str_json(out, key);
	str_put(out, ": ");
}

static void put_text(struct str *out, const char *key, const char *value)
{
	put_key(out, key);
	str_json(out, value);
}

static void put_number(struct str *out, const char *key, double v)
{
	char buf[NUMBER_MAX];

	put_key(out, key);
	str_put(out, number_format(v, buf));
}

/* A parameter as spec_open.c spelled it. */
static void put_value(struct str *out, const char *text)
{
	double v;
	bool json = *text == '[' || *text == '"' || !strcmp(text, "true") ||
		!strcmp(text, "false") || number_parse(text, &v);

	if (json)
		str_put(out, text);
	else
		str_json(out, text);
}

/* "0.2 0.8" as [0.2, 0.8]. */
static void put_list(struct str *out, const char *text)
{
	str_put(out, "[");
	for (; *text; text++)
		if (*text == ' ')
			str_put(out, ", ");
		else
			str_putn(out, text, 1);
	str_put(out, "]");
}

static void put_hyper(
	struct str *out, const struct param_info *row, const struct param *p)
{
	put_key(out, p->name);
	if (row && (row->kind == PARAM_LIST || row->kind == PARAM_SIMPLEX))
		put_list(out, p->value);
	else if (row && (row->kind == PARAM_TEXT || row->kind == PARAM_CHOICE))
		str_json(out, p->value);
	else
		put_value(out, p->value);
}

/* Parameters that the job names elsewhere. */
static bool is_plain(const char *name)
{
	static const char *const plain[] = { "lr", "wd", "seed", "method", "task" };

	for (int i = 0; i < COUNT(plain); i++)
		if (!strcmp(plain[i], name))
			return true;
	return strchr(name, '.') != NULL;
}

static void put_hypers(struct str *out, const struct folder_job *j)
{
	put_key(out, "hyper");
	str_put(out, "{");
	for (int i = 0; i < j->params->n; i++) {
		const struct param *p = &j->params->p[i];

		if (!is_plain(p->name))
			put_hyper(out,
				param_info_find(j->entry->method->params, p->name), p);
	}
	str_put(out, "}");
}

static void put_section(struct str *out, const struct params *ps, const char *section)
{
	size_t n = strlen(section);

	put_key(out, section);
	str_put(out, "{");
	for (int i = 0; i < ps->n; i++)
		if (!strncmp(ps->p[i].name, section, n) && ps->p[i].name[n] == '.') {
			put_key(out, ps->p[i].name + n + 1);
			put_value(out, ps->p[i].value);
		}
	str_put(out, "}");
}

static void put_tasks(struct str *out, const struct folder_job *j)
{
	const char *task = params_get(j->params, "task");
	bool first = true;

	put_key(out, "tasks");
	str_put(out, "[");
	for (int k = 0; k < j->variant->ntasks; k++) {
		const char *name = j->variant->tasks[k].name;

		if (task && strcmp(task, name) != 0)
			continue;
		str_put(out, first ? "" : ", ");
		str_json(out, name);
		first = false;
	}
	str_put(out, "]");
}

static void put_plain(struct str *out, const struct params *ps, const char *name)
{
	put_key(out, name);
	put_value(out, params_get(ps, name));
}

static void put_file(
	struct str *out, const struct folder_job *j, const char *key, const char *file)
{
	char path[FOLDER_PATH_MAX];

	folder_path(j->root, j->row->identity, path);
	put_text(out, key,
		arena_printf(out->arena, "%s/%s.%s", path, file, j->attempt->token));
}

void folder_job_text(const struct folder_job *j, struct str *out)
{
	const struct params *ps = j->params;

	str_put(out, "{\"deltam\": 1");
	put_text(out, "sweep", j->spec->name);
	put_text(out, "label", j->entry->label);
	put_key(out, "job");
	str_printf(out, "%lld", (long long)j->row->id);
	put_text(out, "identity", j->row->identity);
	put_file(out, j, "folder", "state");
	put_file(out, j, "report", "report");
	put_text(out, "home", j->home);
	put_number(out, "done", j->resume ? j->attempt->start_epoch : 0);
	put_number(out, "until", j->attempt->stop_epoch);
	put_number(out, "epochs", j->row->epochs);
	put_number(out, "checkpoint_seconds", j->attempt->checkpoint_seconds);
	put_plain(out, ps, "seed");
	put_text(out, "method", j->entry->method->name);
	put_hypers(out, j);
	put_tasks(out, j);
	put_plain(out, ps, "lr");
	put_plain(out, ps, "wd");
	put_section(out, ps, "dataset");
	put_section(out, ps, "model");
	put_section(out, ps, "train");
	str_put(out, "}\n");
}

/* Files. */

bool folder_is_empty(const char *path)
{
	DIR *d = opendir(path);
	const struct dirent *x = NULL;
	bool empty = true;

	while (d && empty && (x = readdir(d)))
		empty = !strcmp(x->d_name, ".") || !strcmp(x->d_name, "..");
	if (d)
		closedir(d);
	return empty;
}

/* The newest state that there is becomes this attempt's; a new, empty one without. */
static int hand_on(const char *folder, const struct folder_job *j,
	const struct store_report *past, int npast, struct err *e)
{
	char from[FILE_MAX];
	char to[FILE_MAX];

	snprintf(to, sizeof(to), "%s/state.%s", folder, j->attempt->token);
	for (int i = npast - 1; i >= -1 && j->resume; i--) {
		snprintf(from, sizeof(from), "%s/state.%s", folder,
			i < 0 ? REUSED : past[i].token);
		if (!rename(from, to))
			return OK;
		if (errno != ENOENT)
			return err_errno(e, "cannot rename %s", from);
	}
	return tree_make_folder(to, 0777, e);
}

/* Into a folder beside, which then gets the name: whole or not at all. */
static int copy_state(const char *from, const char *folder, struct err *e)
{
	char part[FILE_MAX];
	char to[FILE_MAX];
	int rc;

	snprintf(part, sizeof(part), "%s/part." REUSED, folder);
	snprintf(to, sizeof(to), "%s/state." REUSED, folder);
	rc = tree_remove(part, e);
	if (!rc)
		rc = tree_copy(from, part, e);
	if (!rc && rename(part, to))
		rc = err_errno(e, "cannot rename %s", part);
	return rc;
}

static int make_job_folder(const char *root, const char *identity,
	char folder[FOLDER_PATH_MAX], struct err *e)
{
	char jobs[FOLDER_PATH_MAX];
	int rc = tree_make_folder(root, 0777, e);

	snprintf(jobs, sizeof(jobs), "%s/jobs", root);
	folder_path(root, identity, folder);
	if (!rc)
		rc = tree_make_folder(jobs, 0777, e);
	return rc ? rc : tree_make_folder(folder, 0777, e);
}

int folder_reuse(const char *root, const char *theirs, struct store *from,
	const struct job_row *job, bool *there, struct err *e)
{
	struct arena a = { 0 };
	char folder[FOLDER_PATH_MAX];
	struct store_report *past;
	int n;
	int rc = store_report_attempts(from, job->id, INT64_MAX, &a, &past, &n, e);

	*there = false;
	for (int i = n - 1; !rc && i >= 0 && !*there; i--) {
		const char *state = arena_printf(&a, "%s/jobs/%s/state.%s", theirs,
			job->identity, past[i].token);

		*there = access(state, R_OK | X_OK) == 0;
		if (!*there)
			continue;
		rc = make_job_folder(root, job->identity, folder, e);
		if (!rc && folder_is_empty(folder))
			rc = copy_state(state, folder, e);
	}
	arena_release(&a);
	return rc;
}

static int write_files(const char *folder, const struct folder_job *j, struct err *e)
{
	struct arena a = { 0 };
	struct str job = { .arena = &a };
	char path[FILE_MAX];
	int rc;

	folder_job_text(j, &job);
	snprintf(path, sizeof(path), "%s/job.%s.json", folder, j->attempt->token);
	rc = plain_file_write(path, 0666, str_get(&job), job.n, false, e);
	snprintf(path, sizeof(path), "%s/report.%s", folder, j->attempt->token);
	if (!rc)
		rc = plain_file_write(path, 0666, "", 0, false, e);
	arena_release(&a);
	return rc;
}

int folder_begin(const struct folder_job *j, const struct store_report *past, int npast,
	bool *had_state, struct err *e)
{
	char folder[FOLDER_PATH_MAX];
	char path[FILE_MAX];
	int rc = make_job_folder(j->root, j->row->identity, folder, e);

	if (!rc)
		rc = hand_on(folder, j, past, npast, e);
	if (!rc)
		rc = write_files(folder, j, e);
	snprintf(path, sizeof(path), "%s/state.%s", folder, j->attempt->token);
	*had_state = !rc && !folder_is_empty(path);
	return rc;
}

/* Removing. */

void folder_remove(const char *root, const char *identity)
{
	char path[FOLDER_PATH_MAX];

	struct err e;

	folder_path(root, identity, path);
	if (tree_remove(path, &e))
		log_warn("run", "%s", e.msg);
}

bool folder_may_go(enum trainer_keep keep, const struct store_job_use *use)
{
	if (keep == KEEP_ALL || !use->known)
		return false;
	return use->ended || (keep == KEEP_NONE && !use->wanted);
}

int folder_tidy(
	const char *root, enum trainer_keep keep, struct store *s, struct err *e)
{
	char path[FOLDER_PATH_MAX];
	const struct dirent *x;
	DIR *d;
	int rc = OK;

	snprintf(path, sizeof(path), "%s/jobs", root);
	d = keep == KEEP_ALL ? NULL : opendir(path);
	while (d && !rc && (x = readdir(d))) {
		struct store_job_use use;

		if (x->d_name[0] == '.')
			continue;
		rc = store_report_use(s, x->d_name, &use, e);
		if (!rc && folder_may_go(keep, &use))
			folder_remove(root, x->d_name);
	}
	if (d)
		closedir(d);
	return rc;
}
