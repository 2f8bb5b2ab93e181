#include "worker/leftover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#include "common/log.h"
#include "common/plain_file.h"

#define PATH_BYTES 2048
#define WORD_BYTES 128

struct note {
	char host[WORD_BYTES], boot[WORD_BYTES];
	int pid;
	unsigned long long began; /* clock ticks from the boot to its start */
};

/* The children of this process, as the kernel lists them; how many. */
static int children(int *pids, int most)
{
	char path[64];
	int n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	f = fopen(path, "r");
	while (f && n < most && fscanf(f, "%d", &pids[n]) == 1)
		n++;
	if (f)
		fclose(f);
	return n;
}

void leftover_end_children(void)
{
	int pids[64];
	int n;

	/* Each death makes its children ours, so that the next look finds them. */
	while ((n = children(pids, 64)) > 0) {
		for (int i = 0; i < n; i++)
			(void)kill(pids[i], SIGKILL);
		for (int i = 0; i < n; i++)
			while (waitpid(pids[i], NULL, 0) < 0 && errno == EINTR)
				;
	}
}

/* One line of a file; "" where it cannot be read. */
static void read_word(const char *path, char word[WORD_BYTES])
{
	FILE *f = fopen(path, "r");

	word[0] = '\0';
	if (f && fscanf(f, "%127s", word) != 1)
		word[0] = '\0';
	if (f)
		fclose(f);
}

/* Group, session and start time of a process; false: there is none. */
static bool look_at(int pid, int *group, int *session, unsigned long long *began)
{
	char path[64];
	char text[1024];
	const char *behind;
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "r");
	if (!f)
		return false;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	behind = strrchr(text, ')'); /* the name may hold blanks and brackets */
	return behind &&
		sscanf(behind + 1,
			" %*c %*d %d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
			"%*d %*d %*d %llu",
			group, session, began) == 3;
}

static void note_of_us(struct note *x)
{
	int group;
	int session;

	*x = (struct note){ .pid = (int)getpid() };
	gethostname(x->host, sizeof(x->host) - 1);
	read_word("/proc/sys/kernel/random/boot_id", x->boot);
	(void)look_at(x->pid, &group, &session, &x->began);
}

void leftover_note(const char *folder)
{
	char path[PATH_BYTES];
	struct note x;
	FILE *f;
	int fd;

	note_of_us(&x);
	snprintf(path, sizeof(path), "%s/pid", folder);
	fd = plain_file_make(path, O_WRONLY, 0666);
	f = fd < 0 ? NULL : fdopen(fd, "w");
	if (f)
		fprintf(f, "%s %s %d %llu\n", x.host, x.boot, x.pid, x.began);
	if (!f || fclose(f))
		log_warn("adapter", "cannot write %s: %s", path, err_reason(errno));
}

void leftover_forget(const char *folder)
{
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "%s/pid", folder);
	(void)unlink(path);
}

static bool read_note(const char *folder, struct note *x)
{
	char path[PATH_BYTES];
	FILE *f;
	bool whole;

	snprintf(path, sizeof(path), "%s/pid", folder);
	f = plain_file_read(path);
	if (!f)
		return false;
	whole = fscanf(f, "%127s %127s %d %llu", x->host, x->boot, &x->pid,
			&x->began) == 4;
	fclose(f);
	return whole && x->pid > 1;
}

/* Whether somebody is left of the group that the noted process led. */
static bool is_left(const struct note *x)
{
	DIR *d = opendir("/proc");
	const struct dirent *p;
	bool left = false;

	while (d && !left && (p = readdir(d))) {
		int pid = atoi(p->d_name);
		int group;
		int session;
		unsigned long long began;

		left = pid > 1 && look_at(pid, &group, &session, &began) &&
			group == x->pid && session == x->pid && began >= x->began;
	}
	if (d)
		closedir(d);
	return left;
}

void leftover_end(const char *folder)
{
	struct note was;
	struct note us;
	int group;
	int session;
	unsigned long long began;

	if (!read_note(folder, &was))
		return;
	note_of_us(&us);
	if (strcmp(was.host, us.host) != 0 || strcmp(was.boot, us.boot) != 0 ||
		was.pid == us.pid)
		return;
	/* The number may have gone to a process that has nothing to do with it. */
	if (look_at(was.pid, &group, &session, &began) && began != was.began)
		return;
	if (is_left(&was))
		(void)kill(-was.pid, SIGKILL);
}
