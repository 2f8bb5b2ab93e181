#include "orchestrator/plan/code.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include "common/bytes.h"
#include "common/plain_file.h"
#include "common/tree.h"

#define DEPTH_MAX 32
#define BUFFER_BYTES 65536

bool code_matches(const char *pattern, const char *path)
{
	for (; *pattern; pattern++, path++) {
		if (*pattern == '*') {
			bool any = pattern[1] == '*';

			pattern += any ? 2 : 1;
			for (;; path++) {
				if (code_matches(pattern, path))
					return true;
				if (!*path || (!any && *path == '/'))
					return false;
			}
		}
		if (*pattern == '?' ? !*path || *path == '/' : *pattern != *path)
			return false;
	}
	return !*path;
}

/* Finding. */

struct search {
	const char *folder; /* real path */
	const char *const *patterns;
	bool *used; /* (patterns) something fits it */
	struct code *out;
	struct arena *a;
	struct err *e;
};

/* Names that no pattern reaches. */
static bool is_hidden(const char *name)
{
	static const char data[] = ".db.d";
	size_t n = strlen(name);

	return *name == '.' || !strcmp(name, "__pycache__") ||
		(n >= sizeof(data) - 1 && !strcmp(name + n - (sizeof(data) - 1), data));
}

/* Whether a path leads to something inside the folder, links followed. */
static bool is_inside(const struct search *s, const char *path)
{
	char *real = realpath(path, NULL);
	size_t n = strlen(s->folder);
	bool inside = real && !strncmp(real, s->folder, n) && real[n] == '/';

	free(real);
	return inside;
}

static int add_file(struct search *s, const char *path, const struct stat *st)
{
	bool fits = false;

	for (int i = 0; s->patterns[i]; i++)
		if (code_matches(s->patterns[i], path))
			fits = s->used[i] = true;
	if (!fits)
		return OK;
	if (s->out->n == CODE_FILES_MAX)
		return err_set(s->e, ERR_SPEC, "the patterns fit more than %d files",
			CODE_FILES_MAX);
	(void)GROW(s->a, s->out->file, s->out->n, s->out->capacity);
	s->out->file[s->out->n++] = (struct code_file){ arena_strdup(s->a, path),
		(st->st_mode & S_IXUSR) != 0 };
	return OK;
}

static int walk(struct search *s, const char *below, int depth);

/* An entry of a folder; `path` is from the top. */
static int visit(struct search *s, const char *path, int depth)
{
	const char *full = arena_printf(s->a, "%s/%s", s->folder, path);
	struct stat st;

	if (lstat(full, &st))
		return OK; /* it has gone meanwhile */
	if (S_ISLNK(st.st_mode) && (!is_inside(s, full) || stat(full, &st)))
		return OK;
	if (S_ISDIR(st.st_mode))
		return walk(s, path, depth + 1);
	return S_ISREG(st.st_mode) ? add_file(s, path, &st) : OK;
}

static int walk(struct search *s, const char *below, int depth)
{
	const char *full =
		*below ? arena_printf(s->a, "%s/%s", s->folder, below) : s->folder;
	const struct dirent *x;
	DIR *d = depth < DEPTH_MAX ? opendir(full) : NULL;
	int rc = OK;

	if (!d)
		return depth < DEPTH_MAX
			? err_set(s->e, ERR_DATA, "cannot read the folder %s: %s", full,
				  err_reason(errno))
			: OK;
	while (!rc && (x = readdir(d)))
		if (!is_hidden(x->d_name))
			rc = visit(s,
				*below ? arena_printf(s->a, "%s/%s", below, x->d_name)
				       : arena_strdup(s->a, x->d_name),
				depth);
	closedir(d);
	return rc;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct code_file *)a)->path,
		((const struct code_file *)b)->path);
}

/* The digest. */

static int digest_file(XXH3_state_t *hash, const char *folder,
	const struct code_file *f, size_t *bytes, struct arena *a, struct err *e)
{
	const char *path = arena_printf(a, "%s/%s", folder, f->path);
	char buf[BUFFER_BYTES];
	FILE *in = plain_file_read(path);
	uint64_t size = 0;
	size_t n;
	int rc = OK;

	if (!in)
		return err_set(
			e, ERR_DATA, "cannot read %s: %s", path, err_reason(errno));
	XXH3_128bits_update(hash, f->path, strlen(f->path) + 1);
	XXH3_128bits_update(hash, f->executable ? "x" : "-", 1);
	while ((n = fread(buf, 1, sizeof(buf), in)) > 0 && *bytes <= CODE_BYTES_MAX) {
		XXH3_128bits_update(hash, buf, n);
		size += n;
		*bytes += n;
	}
	XXH3_128bits_update(hash, &size, sizeof(size));
	if (ferror(in))
		rc = err_set(
			e, ERR_DATA, "cannot read %s: %s", path, err_reason(errno));
	else if (*bytes > CODE_BYTES_MAX)
		rc = err_set(e, ERR_SPEC, "the files have more than %zu MiB",
			CODE_BYTES_MAX >> 20);
	fclose(in);
	return rc;
}

static int digest_files(const struct code *code, const char *folder,
	char digest[CODE_DIGEST_MAX], struct err *e)
{
	XXH3_state_t *hash = XXH3_createState();
	struct arena a = { 0 };
	size_t bytes = 0;
	XXH128_hash_t sum;
	int rc = OK;

	ASSERT(hash);
	XXH3_128bits_reset(hash);
	for (int i = 0; !rc && i < code->n; i++)
		rc = digest_file(hash, folder, &code->file[i], &bytes, &a, e);
	sum = XXH3_128bits_digest(hash);
	snprintf(digest, CODE_DIGEST_MAX, "%016llx%016llx",
		(unsigned long long)sum.high64, (unsigned long long)sum.low64);
	XXH3_freeState(hash);
	arena_release(&a);
	return rc;
}

int code_look(const char *folder, const char *const *patterns, struct arena *a,
	struct code *out, struct err *e)
{
	struct search s = { .patterns = patterns, .out = out, .a = a, .e = e };
	char *real = realpath(folder, NULL);
	int n = 0;
	int rc;

	*out = (struct code){ 0 };
	if (!real)
		return err_set(e, ERR_DATA, "%s: %s", folder, err_reason(errno));
	while (patterns[n])
		n++;
	s.folder = arena_strdup(a, real);
	free(real);
	s.used = NEW_ARRAY(a, bool, n + 1);
	rc = walk(&s, "", 0);
	for (int i = 0; !rc && i < n; i++)
		if (!s.used[i])
			rc = err_set(e, ERR_SPEC, "no file fits \"%s\" in %s",
				patterns[i], s.folder);
	if (rc)
		return rc;
	qsort(out->file, (size_t)out->n, sizeof(*out->file), by_path);
	return digest_files(out, s.folder, out->digest, e);
}

/* The copy. */

static int copy_file(const char *folder, const struct code_file *f, const char *into,
	struct arena *a, struct err *e)
{
	const char *from = arena_printf(a, "%s/%s", folder, f->path);
	const char *to = arena_printf(a, "%s/%s", into, f->path);
	FILE *in = NULL;
	int out = -1;
	int rc = tree_make_above(to, 0777, e);

	if (rc)
		return rc;
	in = plain_file_read(from);
	if (!in)
		return err_set(
			e, ERR_DATA, "cannot read %s: %s", from, err_reason(errno));
	out = plain_file_open(
		to, O_WRONLY | O_CREAT | O_EXCL, f->executable ? 0555 : 0444);
	if (out < 0 || bytes_copy(fileno(in), out))
		rc = err_errno(e, "cannot write %s", to);
	if (out >= 0 && close(out) && !rc)
		rc = err_errno(e, "cannot write %s", to);
	fclose(in);
	return rc;
}

static int check_copy(
	const struct code *code, const char *folder, const char *what, struct err *e)
{
	char digest[CODE_DIGEST_MAX];
	int rc = digest_files(code, folder, digest, e);

	if (!rc && strcmp(digest, code->digest) != 0)
		rc = err_set(e, ERR_DATA, "%s", what);
	return rc;
}

/* Whole or not at all: to a folder beside, which then gets the name. */
static int copy_all(const struct code *code, const char *folder, const char *to,
	struct arena *a, struct err *e)
{
	const char *part = arena_printf(a, "%s.tmp", to);
	int rc = tree_remove(part, e);

	for (int i = 0; !rc && i < code->n; i++)
		rc = copy_file(folder, &code->file[i], part, a, e);
	if (!rc)
		rc = check_copy(code, part,
			"the trainer's files were changed while they were copied: the "
			"same command once more",
			e);
	if (!rc && rename(part, to) && access(to, F_OK))
		rc = err_errno(e, "cannot rename %s", part);
	return rc;
}

int code_copy(const struct code *code, const char *folder, const char *into,
	struct arena *a, const char **to, struct err *e)
{
	const char *path = arena_printf(a, "%s/%s", into, code->digest);

	*to = path;
	if (access(path, F_OK))
		return copy_all(code, folder, path, a, e);
	return check_copy(code, path,
		arena_printf(a,
			"%s is not what was copied: remove it, and the same command "
			"copies anew",
			path),
		e);
}
