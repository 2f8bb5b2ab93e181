#include "tests/lib/command.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "tests/lib/scratch.h"

int command_output(const struct cli_options *o, char *out, size_t size, struct err *e)
{
	int saved;
	int fd;
	int rc;

	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	fd = open("out", O_RDWR | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_ge(dup2(fd, STDOUT_FILENO), 0);
	rc = o->command->run(o, e);
	fflush(stdout);
	ck_assert_int_ge(dup2(saved, STDOUT_FILENO), 0);
	close(saved);
	close(fd);
	scratch_read("out", out, size);
	unlink("out");
	return rc;
}
