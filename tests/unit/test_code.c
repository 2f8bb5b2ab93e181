/* The files of a trainer: which patterns find them, their digest, their copy. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "orchestrator/plan/code.h"
#include "tests/lib/must.h"
#include "tests/lib/scratch.h"
#include "tests/lib/values.h"
#include "common/str.h"

static struct arena arena;
static struct err e;
static struct code code;

static void put(const char *path, const char *text)
{
	scratch_write(path, text, strlen(text));
}

static void setup(void)
{
	static const char *const folders[] = { "lib", "lib/deep", ".git", "__pycache__",
		"s.db.d", "outside", "outside/top" };

	scratch_enter();
	for (int i = 0; i < COUNT(folders); i++)
		ck_assert_int_eq(mkdir(folders[i], 0777), 0);
	put("train.py", "import lib\n");
	put("lib/a.py", "a\n");
	put("lib/deep/b.py", "b\n");
	put("lib/notes.txt", "n\n");
	put(".git/c.py", "");
	put("__pycache__/d.py", "");
	put("s.db.d/e.py", "");
	ck_assert_int_eq(symlink("/etc/hostname", "lib/out.py"), 0);
	ck_assert_int_eq(symlink("a.py", "lib/in.py"), 0);
}

static void teardown(void)
{
	ck_assert_int_eq(system("chmod -R u+w ."), 0);
	scratch_leave();
	arena_release(&arena);
}

START_TEST(patterns_match_paths)
{
	static const struct {
		const char *pattern, *path;
		bool fits;
	} cases[] = { { "*.py", "a.py", true }, { "*.py", "lib/a.py", false },
		{ "**.py", "lib/deep/a.py", true }, { "**.py", "a.py", true },
		{ "lib/*", "lib/a.py", true }, { "lib/*", "lib/deep/a.py", false },
		{ "lib/**", "lib/deep/a.py", true }, { "?.py", "a.py", true },
		{ "?.py", "ab.py", false }, { "l?b", "l/b", false },
		{ "a.py", "a.pyc", false }, { "**/a.py", "lib/a.py", true } };

	for (int i = 0; i < COUNT(cases); i++)
		ck_assert_msg(
			code_matches(cases[i].pattern, cases[i].path) == cases[i].fits,
			"%s %s", cases[i].pattern, cases[i].path);
}
END_TEST

static const char *found(const char *const *patterns)
{
	struct str out = { .arena = &arena };

	must(code_look(".", patterns, &arena, &code, &e), &e);
	for (int i = 0; i < code.n; i++)
		str_printf(&out, "%s%s", i ? " " : "", code.file[i].path);
	return str_get(&out);
}

static const char *const python[] = { "**.py", NULL };

START_TEST(hidden_folders_results_and_links_that_lead_out_are_left_alone)
{
	static const char *const all[] = { "**", NULL };

	ck_assert_str_eq(found(python), "lib/a.py lib/deep/b.py lib/in.py train.py");
	ck_assert_str_eq(
		found(all), "lib/a.py lib/deep/b.py lib/in.py lib/notes.txt train.py");
}
END_TEST

START_TEST(the_digest_is_of_paths_x_bits_and_contents)
{
	char before[CODE_DIGEST_MAX];

	found(python);
	memcpy(before, code.digest, sizeof(before));
	found(python);
	ck_assert_str_eq(code.digest, before);
	put("lib/notes.txt", "other\n"); /* not among them */
	found(python);
	ck_assert_str_eq(code.digest, before);
	ck_assert_int_eq(chmod("train.py", 0755), 0);
	found(python);
	ck_assert_str_ne(code.digest, before);
	ck_assert_int_eq(chmod("train.py", 0644), 0);
	put("lib/a.py", "A\n");
	found(python);
	ck_assert_str_ne(code.digest, before);
	put("lib/a.py", "a\n");
	ck_assert_int_eq(rename("lib/deep/b.py", "lib/deep/c.py"), 0);
	found(python);
	ck_assert_str_ne(code.digest, before);
}
END_TEST

START_TEST(a_pattern_without_a_file_is_an_error)
{
	static const char *const none[] = { "**.py", "*.jl", NULL };

	ck_assert_int_eq(code_look(".", none, &arena, &code, &e), ERR_SPEC);
	ck_assert_ptr_nonnull(strstr(e.msg, "no file fits \"*.jl\" in /"));
}
END_TEST

START_TEST(the_copy_is_read_only_and_looked_at_again)
{
	const char *to;
	struct stat st;

	found(python);
	ck_assert_int_eq(mkdir("code", 0777), 0);
	must(code_copy(&code, ".", "code", &arena, &to, &e), &e);
	ck_assert_int_eq(stat(arena_printf(&arena, "%s/lib/deep/b.py", to), &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0444);
	must(code_copy(&code, ".", "code", &arena, &to, &e), &e);
	ck_assert_int_eq(chmod(arena_printf(&arena, "%s/train.py", to), 0644), 0);
	put(arena_printf(&arena, "%s/train.py", to), "edited\n");
	ck_assert_int_eq(code_copy(&code, ".", "code", &arena, &to, &e), ERR_DATA);
	ck_assert_ptr_nonnull(strstr(e.msg, "is not what was copied: remove it"));
}
END_TEST

START_TEST(files_that_change_while_they_are_copied_are_refused)
{
	const char *to;

	found(python);
	put("lib/a.py", "edited\n"); /* behind the digest */
	ck_assert_int_eq(mkdir("code", 0777), 0);
	ck_assert_int_eq(code_copy(&code, ".", "code", &arena, &to, &e), ERR_DATA);
	ck_assert_int_ne(access(to, F_OK), 0);
}
END_TEST

Suite *suite_code(void);
Suite *suite_code(void)
{
	Suite *s = suite_create("code");
	TCase *tc = tcase_create("code");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, patterns_match_paths);
	tcase_add_test(
		tc, hidden_folders_results_and_links_that_lead_out_are_left_alone);
	tcase_add_test(tc, the_digest_is_of_paths_x_bits_and_contents);
	tcase_add_test(tc, a_pattern_without_a_file_is_an_error);
	tcase_add_test(tc, the_copy_is_read_only_and_looked_at_again);
	tcase_add_test(tc, files_that_change_while_they_are_copied_are_refused);
	suite_add_tcase(s, tc);
	return s;
}
