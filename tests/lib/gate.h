/*
 * A gate for tests/fixtures/trainer/train.sh, key `gate` of `train`: behind its second epoch
 * the trainer waits there, so that a run can be looked at, stopped and killed before it ends.
 */
#ifndef DELTAM_TESTS_GATE_H
#define DELTAM_TESTS_GATE_H

/* `, "gate": "PATH"` for `train`: of the current folder; static. */
const char *gate_key(void);

/* Without a gate nobody waits. */
void gate_close(void);
void gate_open(void);

#endif
