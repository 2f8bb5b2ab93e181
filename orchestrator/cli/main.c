/* deltam: parses the command line, runs one command, prints its error, picks the exit. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "common/fatal.h"
#include "common/log.h"
#include "orchestrator/cli/cli.h"

static int run(const struct cli_options *o, struct err *e)
{
	int rc = OK;

	if (o->quiet)
		log_set_level(LOG_ERROR);
	if (o->version)
		rc = cmd_version(o, e);
	else if (o->help)
		cli_help(stdout, o->command);
	else
		rc = o->command->run(o, e);
	if (fflush(stdout) != 0 && !rc)
		rc = err_errno(e, "cannot write the output");
	return rc;
}

int main(int argc, char **argv)
{
	struct cli_options o;
	struct err e = { 0 };
	int rc;

	fatal_install("deltam");
	rc = cli_parse(&o, argc, argv, &e);
	if (!rc)
		rc = run(&o, &e);
	if (rc && e.msg[0])
		fprintf(stderr, "deltam: %s\n", e.msg);
	return err_exit_status(rc);
}
