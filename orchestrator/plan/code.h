/*
 * The files of another trainer (`trainer.files`): found by patterns, told apart by a digest
 * of paths, x bits and contents, and copied, so that an edit reaches no sweep that runs.
 *
 * Patterns are matched against paths from the folder: `*` and `?` within a name, `**` at
 * any depth. Never matched: what begins with a dot, __pycache__, *.db.d, and what lies
 * outside of the folder behind a link.
 */
#ifndef DELTAM_CODE_H
#define DELTAM_CODE_H

#include <stdbool.h>
#include "common/arena.h"
#include "common/err.h"

#define CODE_FILES_MAX 10000
#define CODE_BYTES_MAX ((size_t)256 << 20)
#define CODE_DIGEST_MAX 33

struct code_file {
	const char *path; /* from the folder */
	bool executable;
};

struct code {
	struct code_file *file; /* sorted by path */
	int n, capacity;
	char digest[CODE_DIGEST_MAX];
};

/* Whether a path fits a pattern. */
bool code_matches(const char *pattern, const char *path);

/*
 * Finds and reads the files; texts in the arena. ERR_SPEC: a pattern that nothing fits,
 * too many, too large. ERR_DATA: one that cannot be read.
 */
MUST_CHECK int code_look(const char *folder, const char *const *patterns,
	struct arena *a, struct code *out, struct err *e);

/*
 * Copies them to `into`/DIGEST, read-only; *to is that path. What is there already is
 * looked at again. ERR_DATA: the files, or the copy, are not what the digest says.
 * ERR_SYS.
 */
MUST_CHECK int code_copy(const struct code *code, const char *folder, const char *into,
	struct arena *a, const char **to, struct err *e);

#endif
