/*
 * A database on a file system that other machines see: known by its number, opened by one
 * process alone, its lock judged by a number that is counted up, and read through copies.
 * Other machines are processes here, with host names of their own.
 */
#define _GNU_SOURCE /* F_OFD_SETLK */

/* With it gethostname, which is replaced below, is an inline function of the header. */
#undef _FORTIFY_SOURCE
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>
#include "common/arena.h"
#include "common/clock.h"
#include "common/store/beat.h"
#include "common/store/copy.h"
#include "common/store/network_fs.h"
#include "common/store/rows.h"
#include "common/store/transaction.h"
#include "tests/lib/digest.h"
#include "tests/lib/must.h"
#include "tests/lib/opened.h"
#include "tests/lib/scratch.h"

/* What the system says here, where a test wants it to say something else. */
static long file_system; /* the number of every file system; 0: its own */
static const char *host; /* NULL: its own */
static bool no_locks; /* no file can be locked, as where no lock daemon runs */
static bool own_locks; /* locks reach nobody else, as with the mount option nolock */

int statfs(const char *path, struct statfs *out)
{
	int rc = (int)syscall(SYS_statfs, path, out);

	if (!rc && file_system)
		out->f_type = file_system;
	return rc;
}

int gethostname(char *name, size_t size)
{
	struct utsname u;

	if (uname(&u))
		return -1;
	snprintf(name, size, "%s", host ? host : u.nodename);
	return 0;
}

static int locking_fcntl(int fd, int command, void *arg)
{
	bool locks = command == F_SETLK || command == F_SETLKW || command == F_GETLK ||
		command == F_OFD_SETLK || command == F_OFD_GETLK;

	if (no_locks && locks) {
		errno = ENOLCK;
		return -1;
	}
	if (own_locks && locks) {
		if (command == F_GETLK || command == F_OFD_GETLK)
			((struct flock *)arg)->l_type = F_UNLCK;
		return 0;
	}
	return (int)syscall(SYS_fcntl, fd, command, arg);
}

int fcntl(int fd, int command, ...)
{
	va_list more;
	void *arg;

	va_start(more, command);
	arg = va_arg(more, void *);
	va_end(more);
	return locking_fcntl(fd, command, arg);
}

/* SQLite's, which is built for large files. */
int fcntl64(int fd, int command, ...);
int fcntl64(int fd, int command, ...)
{
	va_list more;
	void *arg;

	va_start(more, command);
	arg = va_arg(more, void *);
	va_end(more);
	return locking_fcntl(fd, command, arg);
}

static void setup(void)
{
	scratch_enter();
	signal(SIGPIPE, SIG_IGN); /* orders to one that has left */
	setenv("DELTAM_NETWORK_FS", "1", 1);
	setenv("DELTAM_TIME_SCALE", "0.05", 1); /* a lock that stands still: 1.5 s */
}

static void teardown(void)
{
	unsetenv("DELTAM_NETWORK_FS");
	unsetenv("DELTAM_TIME_SCALE");
	file_system = 0;
	host = NULL;
	no_locks = own_locks = false;
	scratch_leave();
}

START_TEST(network_file_systems_are_known_by_their_numbers)
{
	static const struct {
		long number;
		bool network;
	} kinds[] = { { 0x6969, true }, { 0x517b, true }, { 0xff534d42, true },
		{ (int)0xff534d42, true }, /* where the kernel's number is signed */
		{ 0xfe534d42, true }, { 0x0bd00bd0, true }, { 0x47504653, true },
		{ 0x19830326, true }, { 0x65735546, true }, { 0x00c36400, true },
		{ 0x5346414f, true }, { 0x01021997, true }, { 0xaad7aaea, true },
		{ 0x20030528, true },
		/* ext4, xfs, btrfs, tmpfs, overlayfs, ZFS */
		{ 0xef53, false }, { 0x58465342, false }, { 0x9123683e, false },
		{ 0x01021994, false }, { 0x794c7630, false }, { 0x2fc12fc1, false } };
	struct store s;

	unsetenv("DELTAM_NETWORK_FS");
	opened_make("a.db");
	for (int i = 0; i < COUNT(kinds); i++) {
		file_system = kinds[i].number;
		ck_assert_msg(network_fs_holds("a.db") == kinds[i].network, "%lx",
			kinds[i].number);
		/* One that is not there yet is known by its folder. */
		ck_assert_int_eq(network_fs_holds("./new.db"), kinds[i].network);
		opened_well(&s, "a.db", STORE_ORCHESTRATOR);
		ck_assert_int_eq(s.network, kinds[i].network);
		store_close(&s);
	}
	ck_assert(!network_fs_holds("gone/new.db"));
	file_system = 0x6969;
	setenv("DELTAM_NETWORK_FS", "0", 1);
	ck_assert(!network_fs_holds("a.db"));
	file_system = 0xef53;
	setenv("DELTAM_NETWORK_FS", "1", 1);
	ck_assert(network_fs_holds("a.db"));
}
END_TEST

static int64_t sweeps(const char *db)
{
	return query_int(db, "SELECT count(*) FROM sweep");
}

/* Whether SQLite can read the file at once, in a process of its own. */
static void read_at_once(void)
{
	_exit(system("test \"$(sqlite3 a.db 'SELECT count(*) FROM sweep' 2>&1)\" = 1") !=
		0);
}

START_TEST(nobody_else_opens_the_file_and_no_memory_is_shared)
{
	struct store s;

	setenv("DELTAM_NETWORK_FS", "0", 1); /* from a local one, with its log */
	opened_make("a.db");
	setenv("DELTAM_NETWORK_FS", "1", 1);
	opened_well(&s, "a.db", STORE_ORCHESTRATOR);
	opened_run(&s, opened_insert);
	ck_assert_str_eq(scratch_files(), "a.db a.db-journal a.db.lock");
	ck_assert_int_ne(opened_apart(read_at_once), 0);
	store_close(&s);
	ck_assert_str_eq(scratch_files(), "a.db");
	ck_assert_int_eq(opened_apart(read_at_once), 0);
	ck_assert_str_eq(query_text("a.db", "PRAGMA journal_mode"), "delete");
	setenv("DELTAM_NETWORK_FS", "0", 1); /* and back */
	opened_well(&s, "a.db", STORE_ORCHESTRATOR);
	store_close(&s);
	ck_assert_str_eq(query_text("a.db", "PRAGMA journal_mode"), "wal");
	ck_assert_int_eq(sweeps("a.db"), 1);
}
END_TEST

/* Holders: processes that open the database, say so, and do as they are told. */

struct holder {
	pid_t pid;
	int tell, hear;
};

enum holder_order {
	ORDER_LEAVE = 'l',
	ORDER_BEGIN = 'b', /* a transaction that writes */
	ORDER_END = 'e', /* its commit */
	ORDER_COMMIT = 'c', /* both */
	ORDER_ALONE = 'a', /* a statement that commits by itself */
};

static int write_reason(struct store *s, const char *reason, struct err *e)
{
	return store_run(s, STMT_SWEEP_STOP, ARGS(TEXT(reason), TEXT("s")), e);
}

static int begin_and_write(struct store *s, struct err *e)
{
	int rc = store_begin(s, e);

	return rc ? rc : write_reason(s, "in time", e);
}

static int do_as_told(struct store *s, char order, struct err *e)
{
	switch (order) {
	case ORDER_BEGIN:
		return begin_and_write(s, e);
	case ORDER_END:
		return store_commit(s, e);
	case ORDER_ALONE:
		return write_reason(s, "late", e);
	default:
		return store_end(s, begin_and_write(s, e), e);
	}
}

/* Orders come one by one; what it answers is the code of what it did, negated. */
static void obey(struct store *s, int in, int out)
{
	char order;
	char answer;

	while (read(in, &order, 1) == 1 && order != ORDER_LEAVE) {
		struct err e = { 0 };
		int rc = do_as_told(s, order, &e);

		if (rc)
			scratch_write("said", e.msg, strlen(e.msg) + 1);
		answer = (char)-rc;
		ck_assert_int_eq(write(out, &answer, 1), 1);
	}
}

static void hold(const char *name, int in, int out)
{
	struct store s;
	struct err e = { 0 };
	char answer;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	host = name;
	answer = (char)-store_open(&s, "a.db", STORE_ORCHESTRATOR, &e);
	if (answer)
		scratch_write("said", e.msg, strlen(e.msg) + 1);
	if (write(out, &answer, 1) != 1 || answer)
		_exit(answer);
	obey(&s, in, out);
	store_close(&s);
	_exit(0);
}

static void start_holder(struct holder *h, const char *name)
{
	int orders[2], answers[2];

	ck_assert_int_eq(pipe(orders), 0);
	ck_assert_int_eq(pipe(answers), 0);
	h->pid = fork();
	if (!h->pid) {
		close(orders[1]);
		close(answers[0]);
		hold(name, orders[0], answers[1]);
	}
	close(orders[0]);
	close(answers[1]);
	h->tell = orders[1];
	h->hear = answers[0];
}

static int answer_of(const struct holder *h)
{
	char answer;

	ck_assert_int_eq(read(h->hear, &answer, 1), 1);
	return -answer;
}

static int ask(const struct holder *h, char order)
{
	ck_assert_int_eq(write(h->tell, &order, 1), 1);
	return answer_of(h);
}

static void holds_well(struct holder *h, const char *name)
{
	start_holder(h, name);
	ck_assert_int_eq(answer_of(h), OK);
}

static int end_holder(const struct holder *h)
{
	char order = ORDER_LEAVE;
	int status;

	(void)!write(h->tell, &order, 1);
	close(h->tell);
	close(h->hear);
	ck_assert_int_eq(waitpid(h->pid, &status, 0), h->pid);
	return status;
}

static void kill_holder(const struct holder *h)
{
	ck_assert_int_eq(kill(h->pid, SIGKILL), 0);
	(void)end_holder(h);
}

/* A database with a sweep, and nobody who holds it. */
static void make_filled(void)
{
	struct store s;

	opened_well(&s, "a.db", STORE_ORCHESTRATOR);
	opened_run(&s, opened_insert);
	store_close(&s);
}

static const char *said(void)
{
	static char text[2048];

	scratch_read("said", text, sizeof(text));
	return text;
}

static void expect_said(const char *part)
{
	ck_assert_msg(strstr(said(), part) != NULL, "%s", said());
}

static const char *stop_reason(void)
{
	return query_text("a.db", "SELECT coalesce(stop, '') FROM sweep");
}

START_TEST(a_second_one_on_another_host_is_refused_by_the_name_of_the_first)
{
	struct holder north, south;
	char who[64];

	make_filled();
	holds_well(&north, "north");
	start_holder(&south, "south");
	ck_assert_int_eq(answer_of(&south), ERR_LOCKED);
	(void)end_holder(&south);
	snprintf(who, sizeof(who), "(process %d on north)", (int)north.pid);
	expect_said(who);
	ck_assert_int_eq(ask(&north, ORDER_COMMIT), OK);
	ck_assert_int_eq(end_holder(&north), 0);
	ck_assert_str_eq(stop_reason(), "in time");
	ck_assert_int_ne(access("a.db.lock", F_OK), 0);
}
END_TEST

START_TEST(the_lock_of_a_dead_one_is_taken_over)
{
	struct holder north, south;
	char text[256];

	make_filled();
	holds_well(&north, "north");
	kill_holder(&north);
	holds_well(&south, "south");
	scratch_read("a.db.lock", text, sizeof(text));
	ck_assert_msg(strstr(text, "on south\n") != NULL, "%s", text);
	ck_assert_int_eq(ask(&south, ORDER_COMMIT), OK);
	ck_assert_int_eq(end_holder(&south), 0);
	ck_assert_str_eq(scratch_files(), "a.db");
}
END_TEST

START_TEST(of_several_who_wait_for_a_dead_one_a_single_one_takes_over)
{
	struct holder dead, h[4];
	int well = 0;

	make_filled();
	holds_well(&dead, "north");
	kill_holder(&dead);
	no_locks = true; /* the kernel would tell them apart otherwise */
	for (int i = 0; i < COUNT(h); i++)
		start_holder(&h[i], "south");
	for (int i = 0; i < COUNT(h); i++) {
		int rc = answer_of(&h[i]);

		ck_assert(rc == OK || rc == ERR_LOCKED);
		well += rc == OK;
	}
	ck_assert_int_eq(well, 1);
	for (int i = 0; i < COUNT(h); i++)
		(void)end_holder(&h[i]);
	unlink("said");
	ck_assert_str_eq(scratch_files(), "a.db");
}
END_TEST

/* It has the file open, and would go on writing. */
START_TEST(one_that_is_stopped_keeps_its_lock_where_the_kernel_knows_of_it)
{
	struct holder north, south;

	make_filled();
	holds_well(&north, "north");
	ck_assert_int_eq(kill(north.pid, SIGSTOP), 0);
	start_holder(&south, "south");
	ck_assert_int_eq(answer_of(&south), ERR_LOCKED);
	expect_said("on north), which was not heard of for a while");
	(void)end_holder(&south);
	ck_assert_int_eq(kill(north.pid, SIGCONT), 0);
	ck_assert_int_eq(ask(&north, ORDER_COMMIT), OK);
	ck_assert_int_eq(end_holder(&north), 0);
}
END_TEST

static void replace_a_stopped_one(void)
{
	struct holder north, south;

	make_filled();
	holds_well(&north, "north");
	ck_assert_int_eq(ask(&north, ORDER_COMMIT), OK);
	ck_assert_int_eq(kill(north.pid, SIGSTOP), 0);
	holds_well(&south, "south");
	ck_assert_int_eq(ask(&south, ORDER_COMMIT), OK);
	ck_assert_int_eq(kill(north.pid, SIGCONT), 0);
	ck_assert_int_eq(ask(&north, ORDER_COMMIT), ERR_LOCKED);
	expect_said("a.db is in use by another deltam (process ");
	expect_said("on south), which took over");
	ck_assert_int_eq(ask(&north, ORDER_ALONE), ERR_LOCKED);
	ck_assert_int_eq(end_holder(&north), 0);
	/* Neither is north's to remove. */
	ck_assert_int_eq(access("a.db.lock", F_OK), 0);
	ck_assert_int_eq(access("a.db-journal", F_OK), 0);
	ck_assert_int_eq(ask(&south, ORDER_COMMIT), OK);
	ck_assert_int_eq(end_holder(&south), 0);
	no_locks = own_locks = false;
	ck_assert_str_eq(stop_reason(), "in time");
}

START_TEST(where_the_kernel_locks_nothing_a_stopped_one_finds_itself_replaced)
{
	no_locks = true;
	replace_a_stopped_one();
}
END_TEST

START_TEST(where_locks_stay_on_a_machine_a_stopped_one_finds_itself_replaced)
{
	own_locks = true;
	replace_a_stopped_one();
}
END_TEST

/* The journal is one file for all who ever write the database. */
static int64_t journal_changed(void)
{
	struct stat st = { 0 };

	ck_assert_int_eq(stat("a.db-journal", &st), 0);
	return st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
}

START_TEST(a_lock_that_is_lost_within_a_transaction_rolls_it_back)
{
	static const char foreign[] =
		"process 7 on south\n0123456789abcdef 0000000042\n";
	struct holder north;

	make_filled();
	holds_well(&north, "north");
	ck_assert_int_eq(ask(&north, ORDER_BEGIN), OK);
	scratch_write("new", foreign, sizeof(foreign) - 1);
	ck_assert_int_eq(rename("new", "a.db.lock"), 0);
	ck_assert_int_eq(ask(&north, ORDER_END), ERR_LOCKED);
	expect_said("a.db is in use by another deltam (process 7 on south)");
	ck_assert_int_eq(end_holder(&north), 0);
	ck_assert_str_eq(stop_reason(), "");
}
END_TEST

START_TEST(a_lock_that_somebody_removed_ends_the_writing)
{
	struct holder north;
	int64_t before;

	make_filled();
	holds_well(&north, "north");
	ck_assert_int_eq(ask(&north, ORDER_COMMIT), OK);
	ck_assert_int_eq(unlink("a.db.lock"), 0);
	before = journal_changed();
	ck_assert_int_eq(ask(&north, ORDER_COMMIT), ERR_LOCKED);
	expect_said("the lock of a.db (");
	ck_assert_int_eq(ask(&north, ORDER_ALONE), ERR_LOCKED);
	ck_assert(journal_changed() == before);
	ck_assert_int_eq(end_holder(&north), 0);
	ck_assert_str_eq(stop_reason(), "in time");
}
END_TEST

/* Readers. */

/* Holds the database, commits `stop` and serves until it is killed. */
_Noreturn static void serve(const char *stop, bool serves, int ready)
{
	struct store s;
	struct err e = { 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	opened_well(&s, "a.db", STORE_ORCHESTRATOR);
	must(store_run(&s, STMT_SWEEP_STOP, ARGS(TEXT(stop), TEXT("s")), &e), &e);
	ck_assert_int_eq(write(ready, "r", 1), 1);
	for (;;) {
		if (serves)
			copy_serve(&s);
		clock_wait(0.01);
	}
}

static pid_t start_server(const char *stop, bool serves)
{
	int ready[2];
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe(ready), 0);
	ck_assert_int_eq(mkdir("a.db.d", 0755) && errno != EEXIST, 0);
	pid = fork();
	if (!pid)
		serve(stop, serves, ready[1]);
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void end_server(pid_t pid)
{
	int status;

	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
}

static void expect_read(const char *stop, bool live)
{
	struct arena a = { 0 };
	struct store s;
	struct rows r;
	struct err e = { 0 };

	opened_well(&s, "a.db", STORE_READER);
	ck_assert_int_eq(s.held, live);
	ck_assert_str_eq(s.path, "a.db");
	r = rows_open_sql(&s, "SELECT stop FROM sweep", NO_ARGS, &e);
	ck_assert(rows_next(&r));
	ck_assert_str_eq(rows_copy(&r, &a), stop);
	must(rows_close(&r), &e);
	store_close(&s);
	arena_release(&a);
}

START_TEST(who_reads_gets_a_copy_of_what_is_committed)
{
	pid_t pid;

	make_filled();
	pid = start_server("one", true);
	expect_read("one", true);
	expect_read("one", true); /* anew: each wish has a copy of its own */
	end_server(pid);
	/* The file itself, once it is sure that nobody runs; its copies are old by then. */
	pid = start_server("two", true);
	end_server(pid);
	expect_read("two", false);
}
END_TEST

/* The kernel locks nothing, so that nobody but the file with the number keeps readers out. */
START_TEST(who_reads_gets_a_copy_where_the_kernel_locks_nothing)
{
	pid_t pid;

	no_locks = true;
	make_filled();
	pid = start_server("one", true);
	expect_read("one", true);
	end_server(pid);
	expect_read("one", false);
}
END_TEST

/* On the file server the file system is a local one. */
START_TEST(who_reads_where_the_files_lie_goes_by_the_lock)
{
	pid_t pid;

	make_filled();
	pid = start_server("one", true);
	setenv("DELTAM_NETWORK_FS", "0", 1);
	expect_read("one", true);
	end_server(pid);
	expect_read("one", false);
}
END_TEST

START_TEST(a_copy_that_does_not_come_is_told_with_who_should_make_it)
{
	struct store s;
	struct err e = { 0 };
	char who[64];
	pid_t pid;

	make_filled();
	setenv("DELTAM_TIME_SCALE", "0.02", 1);
	pid = start_server("one", false);
	ck_assert_int_eq(store_open(&s, "a.db", STORE_READER, &e), ERR_DB);
	snprintf(who, sizeof(who), "in use by process %d on ", (int)pid);
	ck_assert_msg(strstr(e.msg, who) && strstr(e.msg, "has not made a copy"), "%s",
		e.msg);
	end_server(pid);
}
END_TEST

Suite *suite_store_network(void);
Suite *suite_store_network(void)
{
	Suite *s = suite_create("store_network");
	TCase *tc = tcase_create("store_network");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, network_file_systems_are_known_by_their_numbers);
	tcase_add_test(tc, nobody_else_opens_the_file_and_no_memory_is_shared);
	tcase_add_test(
		tc, a_second_one_on_another_host_is_refused_by_the_name_of_the_first);
	tcase_add_test(tc, the_lock_of_a_dead_one_is_taken_over);
	tcase_add_test(tc, of_several_who_wait_for_a_dead_one_a_single_one_takes_over);
	tcase_add_test(
		tc, one_that_is_stopped_keeps_its_lock_where_the_kernel_knows_of_it);
	tcase_add_test(
		tc, where_the_kernel_locks_nothing_a_stopped_one_finds_itself_replaced);
	tcase_add_test(
		tc, where_locks_stay_on_a_machine_a_stopped_one_finds_itself_replaced);
	tcase_add_test(tc, a_lock_that_is_lost_within_a_transaction_rolls_it_back);
	tcase_add_test(tc, a_lock_that_somebody_removed_ends_the_writing);
	tcase_add_test(tc, who_reads_gets_a_copy_of_what_is_committed);
	tcase_add_test(tc, who_reads_gets_a_copy_where_the_kernel_locks_nothing);
	tcase_add_test(tc, who_reads_where_the_files_lie_goes_by_the_lock);
	tcase_add_test(tc, a_copy_that_does_not_come_is_told_with_who_should_make_it);
	suite_add_tcase(s, tc);
	return s;
}
