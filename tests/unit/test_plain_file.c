/* Files that are none or come to be none, and characters that nobody sees. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "common/arena.h"
#include "common/err.h"
#include "common/fatal.h"
#include "common/hidden.h"
#include "common/plain_file.h"
#include "common/tree.h"
#include "tests/lib/scratch.h"

static void setup(void)
{
	scratch_enter();
	scratch_write("target", "theirs", 6);
	ck_assert_int_eq(symlink("target", "link"), 0);
	ck_assert_int_eq(mkfifo("pipe", 0600), 0);
	ck_assert_int_eq(mkdir("folder", 0700), 0);
}

static void teardown(void)
{
	scratch_leave();
}

START_TEST(only_plain_files_of_ours_are_opened)
{
	static const struct {
		const char *path;
		int why;
	} cases[] = { { "link", ELOOP }, { "pipe", ENXIO }, { "folder", EISDIR },
		{ "/dev/zero", ENXIO }, { "nothing", ENOENT } };

	for (int i = 0; i < COUNT(cases); i++) {
		errno = 0;
		ck_assert_int_eq(plain_file_open(cases[i].path, O_RDONLY, 0), -1);
		ck_assert_msg(errno == cases[i].why, "%s: %s", cases[i].path,
			strerror(errno));
	}
	ck_assert_int_eq(plain_file_open("link", O_WRONLY | O_TRUNC, 0), -1);
	ck_assert_ptr_null(plain_file_read("pipe"));
	ck_assert_str_eq(err_reason(ENXIO), "it is no plain file");
}
END_TEST

START_TEST(links_of_the_user_are_followed_where_we_read)
{
	FILE *f = plain_file_read("link");
	char text[8] = "";

	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(text, sizeof(text), f));
	ck_assert_str_eq(text, "theirs");
	fclose(f);
}
END_TEST

START_TEST(a_file_is_made_anew_whatever_had_its_name)
{
	static const char *const names[] = { "link", "pipe", "new" };
	char text[16];

	for (int i = 0; i < COUNT(names); i++) {
		int fd = plain_file_make(names[i], O_WRONLY, 0600);

		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(write(fd, "ours", 4), 4);
		close(fd);
		scratch_read(names[i], text, sizeof(text));
		ck_assert_str_eq(text, "ours");
	}
	scratch_read("target", text, sizeof(text));
	ck_assert_str_eq(text, "theirs");
	ck_assert_int_eq(plain_file_make("folder", O_WRONLY, 0600), -1);
}
END_TEST

START_TEST(hidden_characters_are_blanks_in_what_is_said)
{
	struct err e;
	char text[] = "a\x1b[31mb\nc\xe2\x80\xae"
		      "d\xc2\x9b"
		      "e\x7f";

	ck_assert_str_eq(hidden_blank(text), "a [31mb\nc   d  e ");
	err_set(&e, ERR_SPEC, "no \"%s\"", "\x1b]0;title\a");
	ck_assert_str_eq(e.msg, "no \" ]0;title \"");
	err_wrap(&e, "in %s", "\xe2\x81\xa6x");
	ck_assert_str_eq(e.msg, "in    x: no \" ]0;title \"");
	ck_assert_int_eq(hidden_length("\xc3\xa9"), 0); /* a letter */
	ck_assert_int_eq(hidden_length(""), 0);
}
END_TEST

/* Touches a mapped file that has been cut short. */
static void touch_what_is_gone(void)
{
	int fd = open("target", O_RDWR);
	volatile char *bytes = mmap(NULL, 6, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	fatal_install("deltam-test");
	if (!freopen("err", "w", stderr) || ftruncate(fd, 0))
		_exit(1);
	bytes[0] = 'x';
	_exit(2);
}

START_TEST(a_mapped_file_that_is_cut_short_is_named)
{
	static const char why[] = "deltam-test: a file that it has mapped into memory";
	char text[512];
	int status;
	pid_t pid = fork();

	if (pid == 0)
		touch_what_is_gone();
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
	scratch_read("err", text, sizeof(text));
	ck_assert_msg(!strncmp(text, why, sizeof(why) - 1), "%s", text);
	ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
}
END_TEST

START_TEST(a_folder_may_be_there_already_and_a_file_may_not)
{
	struct stat st;
	struct err e = { 0 };

	ck_assert_int_eq(tree_make_folder("folder", 0777, &e), OK);
	ck_assert_int_eq(tree_make_folder("own", 0700, &e), OK);
	ck_assert_int_eq(stat("own", &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
	ck_assert_int_eq(tree_make_folder("target/in", 0777, &e), ERR_SYS);
	ck_assert_str_eq(e.msg, "cannot make the folder target/in: Not a directory");
	ck_assert_int_eq(tree_make_above("folder/a/b/file", 0777, &e), OK);
	ck_assert_int_eq(access("folder/a/b", X_OK), 0);
	ck_assert_int_ne(access("folder/a/b/file", F_OK), 0);
	ck_assert_int_eq(tree_make_above("target/in/file", 0777, &e), ERR_SYS);
}
END_TEST

Suite *suite_plain_file(void);
Suite *suite_plain_file(void)
{
	Suite *suite = suite_create("plain_file");
	TCase *tc = tcase_create("plain_file");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, only_plain_files_of_ours_are_opened);
	tcase_add_test(tc, links_of_the_user_are_followed_where_we_read);
	tcase_add_test(tc, a_file_is_made_anew_whatever_had_its_name);
	tcase_add_test(tc, hidden_characters_are_blanks_in_what_is_said);
	tcase_add_test(tc, a_folder_may_be_there_already_and_a_file_may_not);
	tcase_add_test(tc, a_mapped_file_that_is_cut_short_is_named);
	suite_add_tcase(suite, tc);
	return suite;
}
