#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "bench/scratch.h"

int bench_scratch(const char **path, struct arena *a, struct err *e)
{
	const char *base = getenv("TMPDIR");
	char *p = arena_printf(a, "%s/deltam-bench-XXXXXX", base ? base : "/tmp");

	if (!mkdtemp(p))
		return err_errno(e, "cannot make %s", p);
	*path = p;
	return OK;
}

void bench_scratch_remove(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		char name[1024];
		struct stat st;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (!lstat(name, &st) && S_ISDIR(st.st_mode))
			bench_scratch_remove(name);
		else
			unlink(name);
	}
	if (d)
		closedir(d);
	rmdir(path);
}
