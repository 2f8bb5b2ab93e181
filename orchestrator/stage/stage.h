/*
 * The protocol: from the sweep file and the rows of the database alone, which jobs are
 * wanted, up to which epoch, and what has been decided.
 *
 *	baseline (per task)   tune -> wd -> final      wd in a line search only
 *	method                tune -> refine -> wd -> final
 *	last10                final alone
 *
 * No clock and no memory: everything that counts is read from rows and written as rows
 * (stage, stage_job, decision, baseline, score), in the caller's transaction. Whatever
 * the order in which rows arrived, and however often it is asked, the same rows follow.
 * Lanes (an entry of a variant) do not wait for one another; only Δm waits for the
 * baseline of its variant.
 */
#ifndef DELTAM_STAGE_H
#define DELTAM_STAGE_H

#include "common/store/store_job.h"
#include "orchestrator/plan/plan.h"
#include "orchestrator/plan/resolve.h"
#include "orchestrator/reuse/reuse.h"
#include "orchestrator/stage/score.h"

/* One entry of one variant on its way from stage to stage. */
struct lane {
	int variant; /* index into spec->variants */
	const struct spec_entry *entry;
	int task; /* the first task of a baseline; -1: a method */
	int units; /* stage rows of each phase: the tasks of a shared baseline, else 1 */
};

/* A stage that has been decided. */
struct stage_news {
	int lane; /* index into lanes */
	const char *phase, *outcome; /* for people */
};

struct stage_ctx {
	struct store *s;
	const struct spec *spec;
	const struct resolved *resolved; /* of the spec */
	int64_t sweep;
	bool prune; /* false: --no-prune */
	int64_t unpruned; /* 1: --no-prune has trained the sweep to its end before */
	struct lane *lanes; /* variant by variant, baselines first */
	int nlanes;
	int *first_lane; /* of each variant; one more than there are variants */
	struct score_base *base; /* of each variant: what the table baseline holds */
	const char *undefined; /* why a trained baseline is of no use; NULL: none is */
	struct reuse *reuse; /* asked for every job that is planned; NULL: none */
	bool winners; /* `evaluate` and `save` are followed */
	struct stage_news *news; /* of stage_learn; who has told them sets nnews to 0 */
	int nnews, news_capacity;
	struct arena arena;
};

void stage_init(struct stage_ctx *c, struct store *s, const struct resolved *resolved,
	int64_t sweep, bool prune);
void stage_release(struct stage_ctx *c);

/*
 * Plans the sweep anew from the file and from what the jobs have reached: what the file
 * does not want any more is dropped, jobs of the same identity keep their rows, those
 * that had failed for good get another chance. rescore: the scores were made by another
 * average. A baseline of 0, to which no Δm can be taken, is recorded as a decision of its
 * final stage, and the stages that wait for it stay open.
 */
MUST_CHECK int stage_start(struct stage_ctx *c, bool rescore, struct err *e);

/*
 * A segment of the job has ended: job->epochs_done and outcome are what its row holds
 * now. Every membership learns about it, its epochs get their scores, and stages that
 * are complete lead to the next.
 */
MUST_CHECK int stage_learn(
	struct stage_ctx *c, const struct job_row *job, struct err *e);

/* The index of the lane that a stage of this sweep belongs to. */
int stage_lane(const struct stage_ctx *c, int64_t stage);

/*
 * Finds the first job of a lane (its index) that waits for a worker and may start, in the
 * order of stage, configuration and job; *epochs is how many it wants. *found tells whether
 * there is one.
 */
MUST_CHECK int stage_first_pending(struct stage_ctx *c, int lane,
	const struct store_filter *filter, int64_t *job, int *epochs, bool *found,
	struct err *e);

/* Counts the stages of the sweep that are not decided. */
MUST_CHECK int stage_open(struct stage_ctx *c, int *open, struct err *e);

#endif
