/*
 * deltam-worker --folder DIR --token TOKEN [--stop-seconds S] [--devices LIST] -- WORD ...
 *
 * The adapter: runs another trainer on a segment and watches it. It opens no database and
 * parses nothing. In the folder it is given job.TOKEN.json and an empty report.TOKEN
 * (orchestrator/segment/folder.h); on the pipe it beats while the trainer lives and says
 * `news` where the report has grown, once that is synced.
 *
 * The trainer gets DELTAM_JOB, CUDA_VISIBLE_DEVICES where LIST is given, no input, and our
 * stderr for both of its outputs. SIGTERM, or the end of the pipe, is passed on to it
 * alone: what it started itself is its own to end. After S seconds it is killed. Whatever
 * it leaves behind is killed when it has ended, since orphans come to us
 * (PR_SET_CHILD_SUBREAPER). Where we are killed ourselves it dies with us
 * (PR_SET_PDEATHSIG), and deltam kills the group that we lead; what a death of both leaves
 * over, the next attempt ends by the file `pid`.
 */
#ifndef DELTAM_ADAPTER_H
#define DELTAM_ADAPTER_H

#include "common/proto.h"

/*
 * The whole of the program. PROTO_DONE where the trainer left with status 0, whatever it
 * reported; PROTO_INTERRUPTED where it was told to; PROTO_ENVIRONMENT where there is no
 * such program. Ends by the trainer's signal where that came from outside.
 */
enum proto_exit adapter_main(int argc, char **argv);

#endif
