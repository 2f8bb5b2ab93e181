/*
 * What many pilots cost deltam: the real `deltam run`, and in the place of pilots a generator
 * that reads their `in` and writes their `out` and their reports, where a segment lasts 30
 * seconds and computes nothing. Measured are deltam's own CPU time, its memory, and how long a
 * slot waits for a task that is not there when the one before has ended. How long a pilot itself
 * takes from one to the next is pilot_gap.c's question.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench/bench.h"
#include "bench/scratch.h"
#include "common/clock.h"
#include "common/version.h"
#include "orchestrator/pilot/message.h"
#include "orchestrator/pilot/yard.h"

#define SEGMENT_SECONDS 30.0
#define WINDOW_SECONDS 30.0
#define AT_A_PILOT 256 /* tasks */

/* Of one workload. */
struct size {
	int pilots, slots;
	int rates; /* times SEEDS jobs, more than are begun until the window is over */
	double warm_seconds; /* before the window: a first round has ended, and a second */
	bool full; /* deltam can keep all slots busy, so the window begins when they are */
};

#define SEEDS 800

static const char *sweep_text(const struct size *z, struct arena *a)
{
	struct str rates = { .arena = a };

	for (int i = 1; i <= z->rates; i++)
		str_printf(&rates, "%s%d", i > 1 ? ", " : "", i);
	return arena_printf(a,
		"{ \"sweep\": \"bench\", \"trainer\": { \"command\": [\"true\"], "
		"\"tasks\": { \"a\": { \"acc\": \"higher\" }, \"b\": { \"acc\": "
		"\"higher\" } } }, \"dataset\": {}, \"train\": { \"epochs\": 1 }, "
		"\"baseline\": { \"values\": { \"a/acc\": 0.5, \"b/acc\": 0.5 } }, "
		"\"prune\": { \"rule\": \"none\" }, \"methods\": [\"ew\"], \"search\": { "
		"\"seeds\": %d, \"lr\": [%s] } }\n",
		SEEDS, str_get(&rates));
}

struct fake_task {
	char token[SCHED_TOKEN_MAX];
	char folder[128];
	double ends;
};

struct fake_pilot {
	struct mail_in in;
	struct mail_out out;
	int n, slots;
	double *free_at; /* of each slot */
	struct fake_task task[AT_A_PILOT];
};

struct fleet {
	const char *root;
	struct fake_pilot *pilot;
	int n, met; /* wanted, found so far */
	double now, next_beat;
	long ended;
	double *gap; /* seconds that slots waited, of the window */
	int gaps, room;
	bool measured; /* the window has begun */
	struct arena *a;
};

static void note_gap(struct fleet *f, double seconds)
{
	if (f->measured && f->gaps < f->room)
		f->gap[f->gaps++] = seconds;
}

static void say(struct fake_pilot *p, const struct message *m)
{
	struct arena a = { 0 };

	mail_put(&p->out, message_text(m, &a));
	arena_release(&a);
}

/* The slot that is free first takes it. */
static void take_task(struct fleet *f, struct fake_pilot *p, const struct message *m)
{
	struct fake_task *t = &p->task[p->n++];
	const struct message begin = {
		.kind = MESSAGE_BEGIN, .token = m->token, .pid = 1
	};
	int slot = 0;

	ASSERT(p->n < AT_A_PILOT);
	for (int i = 1; i < p->slots; i++)
		if (p->free_at[i] < p->free_at[slot])
			slot = i;
	if (p->free_at[slot] > 0)
		note_gap(f, p->free_at[slot] < f->now ? f->now - p->free_at[slot] : 0);
	if (p->free_at[slot] < f->now)
		p->free_at[slot] = f->now;
	p->free_at[slot] += SEGMENT_SECONDS;
	t->ends = p->free_at[slot];
	snprintf(t->token, sizeof(t->token), "%s", m->token);
	snprintf(t->folder, sizeof(t->folder), "%s", m->folder);
	say(p, &begin);
}

struct hearing {
	struct fleet *f;
	struct fake_pilot *p;
};

static int hear(void *arg, const char *line, size_t n, struct err *e)
{
	const struct hearing *h = arg;
	struct arena a = { 0 };
	struct message m;
	int rc = message_parse(&m, line, n, &a, e);

	if (!rc && m.kind == MESSAGE_START)
		take_task(h->f, h->p, &m);
	arena_release(&a);
	return rc ? rc : MAIL_TAKEN;
}

static int write_report(struct fleet *f, const struct fake_task *t, struct err *e)
{
	static const char line[] =
		"{\"epoch\": 1, \"val\": {\"a\": {\"loss\": 1, \"acc\": 0.5}, \"b\": "
		"{\"loss\": 1, \"acc\": 0.5}}, \"test\": {\"a\": {\"acc\": 0.5}, \"b\": "
		"{\"acc\": 0.5}}}\n";
	char path[1024];
	int fd;
	bool good;

	snprintf(path, sizeof(path), "%s/%s/report.%s", f->root, t->folder, t->token);
	fd = open(path, O_WRONLY | O_APPEND);
	good = fd >= 0 &&
		write(fd, line, sizeof(line) - 1) == (ssize_t)sizeof(line) - 1;
	if (fd >= 0)
		close(fd);
	return good ? OK : err_errno(e, "cannot write %s", path);
}

static int end_tasks(struct fleet *f, struct fake_pilot *p, struct err *e)
{
	int rc = OK;

	for (int i = 0; !rc && i < p->n; i++) {
		const struct message news = {
			.kind = MESSAGE_NEWS, .token = p->task[i].token, .bytes = -1
		};
		const struct message end = { .kind = MESSAGE_END,
			.token = p->task[i].token,
			.why = "exited",
			.bytes = -1,
			.cpu_seconds = -1,
			.seconds = SEGMENT_SECONDS };

		if (p->task[i].ends > f->now)
			continue;
		rc = write_report(f, &p->task[i], e);
		say(p, &news);
		say(p, &end);
		p->task[i--] = p->task[--p->n];
		f->ended++;
	}
	return rc;
}

static int play(struct fleet *f, struct fake_pilot *p, bool beat, struct err *e)
{
	const struct message m = { .kind = MESSAGE_BEAT };
	struct hearing h = { f, p };
	int rc = mail_read(&p->in, hear, &h, e);

	if (!rc)
		rc = end_tasks(f, p, e);
	if (beat)
		say(p, &m);
	return rc ? rc : mail_flush(&p->out, e);
}

/* A folder that deltam has made for a pilot; its launcher starts nobody. */
static void meet(struct fleet *f, const char *name, int slots)
{
	struct fake_pilot *p = &f->pilot[f->met++];
	const struct message m = { .kind = MESSAGE_HELLO,
		.number = MESSAGE_VERSION,
		.host = "fake",
		.build = deltam_version,
		.slots = slots };

	p->slots = slots;
	p->free_at = NEW_ARRAY(f->a, double, slots);
	yard_in_path(p->in.path, f->root, name, 1);
	yard_path(p->out.path, f->root, name, "out");
	say(p, &m);
}

/* The launcher is this script: it notes the folder that it is called with. */
static const char launcher_text[] = "echo \"$5\" >>\"$2/met\"\n";

static void meet_new(struct fleet *f, const char *folder, int slots)
{
	char line[1024];
	FILE *met = fopen(arena_printf(f->a, "%s/met", folder), "r");
	int n = 0;

	while (met && fgets(line, sizeof(line), met)) {
		char *slash = strrchr(line, '/');

		line[strcspn(line, "\n")] = '\0';
		if (slash && n++ >= f->met && f->met < f->n)
			meet(f, slash + 1, slots);
	}
	if (met)
		fclose(met);
}

static double cpu_seconds_of(pid_t pid)
{
	char path[64];
	unsigned long user = 0, system = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (f &&
		fscanf(f,
			"%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
			&user, &system) != 2)
		user = 0;
	if (f)
		fclose(f);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* The most memory that it ever had. */
static double peak_bytes_of(pid_t pid)
{
	char path[64];
	char line[256];
	long kilobytes = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmHWM: %ld", &kilobytes) == 1)
			break;
	if (f)
		fclose(f);
	return 1024.0 * (double)kilobytes;
}

static int write_text(const char *path, const char *text, struct err *e)
{
	FILE *f = fopen(path, "w");

	if (!f)
		return err_errno(e, "cannot write %s", path);
	fputs(text, f);
	return fclose(f) ? err_errno(e, "cannot write %s", path) : OK;
}

static const char *host_list(int n, struct arena *a)
{
	struct str out = { .arena = a };

	for (int i = 0; i < n; i++)
		str_printf(&out, "%sh%d", i ? "," : "", i);
	return str_get(&out);
}

static pid_t start_deltam(const char *folder, int pilots, struct arena *a)
{
	const char *launcher = arena_printf(a, "sh %s/launch.sh {} %s", folder, folder);
	const char *hosts = host_list(pilots, a);
	char self[900];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	pid_t pid;

	self[n > 0 ? n : 0] = '\0';
	*strrchr(self, '/') = '\0';
	pid = fork();
	if (pid)
		return pid;
	if (!freopen(arena_printf(a, "%s/log", folder), "w", stderr) ||
		!freopen("/dev/null", "w", stdout))
		_exit(127);
	execl(arena_printf(a, "%s/deltam", self), "deltam", "run",
		arena_printf(a, "%s/bench.json", folder), "--db",
		arena_printf(a, "%s/bench.db", folder), "--yes", "--launcher", launcher,
		"--hosts", hosts, (char *)NULL);
	_exit(127);
}

/* What the window came to. */
struct window {
	double from, cpu_before; /* its begin; 0: not yet */
	long ended_before;
	double cores, ended_per_s, peak_bytes;
};

static void begin_window(struct fleet *f, struct window *w, pid_t deltam)
{
	w->from = f->now;
	w->cpu_before = cpu_seconds_of(deltam);
	w->ended_before = f->ended;
	f->measured = true;
}

static void end_window(struct fleet *f, struct window *w, pid_t deltam)
{
	double seconds = f->now - w->from;

	w->cores = (cpu_seconds_of(deltam) - w->cpu_before) / seconds;
	w->ended_per_s = (double)(f->ended - w->ended_before) / seconds;
	w->peak_bytes = peak_bytes_of(deltam);
}

/* Plays until the window is over. */
static int simulate(struct fleet *f, const struct size *z, const char *folder,
	pid_t deltam, struct window *w, struct err *e)
{
	double begin = clock_seconds();
	int rc = OK;

	for (f->now = begin; !rc && f->now < begin + 600; f->now = clock_seconds()) {
		bool beat = f->now >= f->next_beat;

		if (f->met < f->n)
			meet_new(f, folder, z->slots);
		if (beat)
			f->next_beat = f->now + 10;
		for (int i = 0; !rc && i < f->met; i++) {
			f->now = clock_seconds();
			rc = play(f, &f->pilot[i], beat, e);
		}
		if (!f->measured && f->now > begin + z->warm_seconds &&
			(!z->full || f->ended >= (long)f->n * z->slots))
			begin_window(f, w, deltam);
		if (f->measured && f->now > w->from + WINDOW_SECONDS) {
			end_window(f, w, deltam);
			return OK;
		}
		clock_wait(0.02);
	}
	return rc ? rc : err_set(e, ERR_FAILED, "the slots never were full");
}

static void fill_result(
	const struct fleet *f, const struct window *w, struct bench_result *r)
{
	r->unit = "segments";
	r->units_per_s = w->ended_per_s;
	r->units_per_cpu_s = w->cores > 0 ? w->ended_per_s / w->cores : 0;
	r->processes = f->n;
	r->cores = w->cores;
	r->peak_bytes = w->peak_bytes;
	r->gaps = f->gaps;
	r->gap_median_s = bench_share(f->gap, f->gaps, 0.5);
	r->gap_99_s = bench_share(f->gap, f->gaps, 0.99);
}

static int measure(
	const struct size *z, struct bench_result *r, struct arena *a, struct err *e)
{
	struct fleet f = { .n = z->pilots, .a = a, .room = z->rates * SEEDS };
	struct window w = { 0 };
	const char *folder;
	pid_t deltam;
	int rc = bench_scratch(&folder, a, e);

	if (rc)
		return rc;
	f.root = arena_printf(a, "%s/bench.db.d", folder);
	f.pilot = NEW_ARRAY(a, struct fake_pilot, f.n);
	f.gap = NEW_ARRAY(a, double, f.room);
	rc = write_text(arena_printf(a, "%s/bench.json", folder), sweep_text(z, a), e);
	if (!rc)
		rc = write_text(
			arena_printf(a, "%s/launch.sh", folder), launcher_text, e);
	if (!rc) {
		deltam = start_deltam(folder, f.n, a);
		rc = simulate(&f, z, folder, deltam, &w, e);
		kill(deltam, SIGKILL);
		(void)waitpid(deltam, NULL, 0);
	}
	for (int i = 0; i < f.met; i++)
		mail_out_release(&f.pilot[i].out);
	bench_scratch_remove(folder);
	if (!rc)
		fill_result(&f, &w, r);
	return rc;
}

int bench_pilots(double seconds, struct bench_result *r, struct arena *a, struct err *e)
{
	static const struct size size = { 10, 60, 12, 65, true };

	(void)seconds;
	return measure(&size, r, a, e);
}

int bench_pilots_many(
	double seconds, struct bench_result *r, struct arena *a, struct err *e)
{
	static const struct size size = { 1000, 1, 12, 65, true };

	(void)seconds;
	return measure(&size, r, a, e);
}

int bench_pilots_most(
	double seconds, struct bench_result *r, struct arena *a, struct err *e)
{
	static const struct size size = { 1000, 64, 80, 150, false };

	(void)seconds;
	return measure(&size, r, a, e);
}
