#include "tests/lib/gate.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int held = -1;

const char *gate_key(void)
{
	static char key[4200];
	char here[4096];

	ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
	snprintf(key, sizeof(key), ", \"gate\": \"%s/gate\"", here);
	return key;
}

/* Both ends are ours: who reads waits, and who opens it does not wait for us. */
void gate_close(void)
{
	ck_assert_int_eq(mkfifo("gate", 0600), 0);
	held = open("gate", O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(held, 0);
}

/* The name goes first, so that nobody opens what nobody holds. */
void gate_open(void)
{
	ck_assert_int_eq(unlink("gate"), 0);
	ck_assert_int_eq(close(held), 0);
	held = -1;
}
