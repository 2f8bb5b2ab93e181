#include "orchestrator/plan/child.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "common/bytes.h"
#include "common/str.h"

/* The kernel kills when memory is short: the next try may find more. */
#define TRIES 3

extern char **environ;

static int spawn(const char *const *argv, FILE *out, FILE *err, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int rc = posix_spawn_file_actions_init(&actions);

	if (rc)
		return rc;
	rc = posix_spawn_file_actions_adddup2(&actions, fileno(out), STDOUT_FILENO);
	if (!rc)
		rc = posix_spawn_file_actions_adddup2(
			&actions, fileno(err), STDERR_FILENO);
	if (!rc) /* argv is never written to */
		rc = posix_spawn(pid, argv[0], &actions, NULL, (char **)(uintptr_t)argv,
			environ);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

/* The last line that the program wrote, without its own name in front. */
static const char *complaint(FILE *err, const char *program, struct arena *a)
{
	const char *slash = strrchr(program, '/');
	const char *name = slash ? slash + 1 : program;
	char *text = arena_strdup(a, bytes_text(err, a));
	size_t n = strlen(text);

	while (n > 0 && text[n - 1] == '\n')
		text[--n] = '\0';
	if (!strncmp(text, name, strlen(name)) && text[strlen(name)] == ':')
		text += strlen(name) + 2;
	return *text ? text : "it gave no reason";
}

static int judge(
	int status, FILE *err, const char *program, struct arena *a, struct err *e)
{
	if (WIFSIGNALED(status))
		return err_set(e, ERR_SYS, "%s was killed by signal %d", program,
			WTERMSIG(status));
	switch (WEXITSTATUS(status)) {
	case 0:
		return OK;
	case 2:
		return err_set(e, ERR_SPEC, "%s", complaint(err, program, a));
	default:
		return err_set(e, ERR_DATA, "%s", complaint(err, program, a));
	}
}

static int ask(const char *const *argv, FILE *out, FILE *err, struct arena *a,
	bool *killed, struct err *e)
{
	pid_t pid;
	int status;
	int rc = spawn(argv, out, err, &pid);

	if (rc)
		return err_set(
			e, ERR_SYS, "cannot start %s: %s", argv[0], strerror(rc));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_errno(e, "cannot wait for %s", argv[0]);
	*killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	return judge(status, err, argv[0], a, e);
}

/* *killed: by somebody else, who may have wanted memory. */
static int ask_once(const char *const *argv, struct arena *a, const char **answer,
	bool *killed, struct err *e)
{
	FILE *out = tmpfile();
	FILE *err = tmpfile();
	int rc = OK;

	*killed = false;
	if (!out || !err)
		rc = err_errno(e, "cannot make a temporary file");
	if (!rc)
		rc = ask(argv, out, err, a, killed, e);
	if (!rc)
		*answer = bytes_text(out, a);
	if (out)
		fclose(out);
	if (err)
		fclose(err);
	return rc;
}

int child_ask(
	const char *const *argv, struct arena *a, const char **answer, struct err *e)
{
	bool killed = true;
	int rc = OK;

	for (int i = 0; killed && i < TRIES; i++) {
		*e = (struct err){ 0 }; /* of the try before */
		rc = ask_once(argv, a, answer, &killed, e);
	}
	return rc;
}

static const char *const *words_of(const struct child_questions *q, const char *flag,
	const struct params *ps, bool (*matters)(const char *name))
{
	const char **argv = NEW_ARRAY(q->a, const char *, ps->n + 3);
	int n = 0;

	argv[n++] = q->worker;
	argv[n++] = flag;
	for (int i = 0; i < ps->n; i++)
		if (matters(ps->p[i].name))
			argv[n++] = arena_printf(
				q->a, "%s=%s", ps->p[i].name, ps->p[i].value);
	return argv;
}

static bool same(const char *const *x, const char *const *y)
{
	for (; *x && *y; x++, y++)
		if (strcmp(*x, *y) != 0)
			return false;
	return !*x && !*y;
}

const struct child_answer *child_ask_words(
	struct child_questions *q, const char *const *argv)
{
	struct child_answer *x;

	for (int i = 0; i < q->n; i++)
		if (same(q->item[i].argv, argv))
			return &q->item[i];
	(void)GROW(q->a, q->item, q->n, q->capacity);
	x = &q->item[q->n++];
	*x = (struct child_answer){ .argv = argv };
	(void)!child_ask(argv, q->a, &x->text, &x->e);
	return x;
}

const struct child_answer *child_ask_once(struct child_questions *q, const char *flag,
	const struct params *ps, bool (*matters)(const char *name))
{
	return child_ask_words(q, words_of(q, flag, ps, matters));
}
