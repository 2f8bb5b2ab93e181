-- The database is the interface: this file is its only definition. It is embedded into
-- both programs at build time; `deltam` runs it once, in one transaction, when it
-- creates a database. Each table has one writing program, named beside it.

-- One sweep file that was run. deltam.
CREATE TABLE sweep (
  id            INTEGER PRIMARY KEY,
  name          TEXT NOT NULL UNIQUE,
  text          TEXT NOT NULL,             -- the sweep file as it was read last
  select_epoch  TEXT NOT NULL CHECK (select_epoch IN ('best', 'last10')),
  average       TEXT NOT NULL CHECK (average IN ('criteria', 'tasks')),
  created       TEXT NOT NULL,             -- UTC, ISO 8601
  state         TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'failed'))
) STRICT;

-- The settings of `vary`; a sweep without it has one, with an empty label. deltam.
CREATE TABLE variant (
  sweep         INTEGER NOT NULL REFERENCES sweep(id),
  variant       TEXT NOT NULL,             -- label: its values
  position      INTEGER NOT NULL,          -- order in the sweep file
  PRIMARY KEY (sweep, variant)
) STRICT, WITHOUT ROWID;

-- What Δm averages over, in the order of the table's columns. deltam.
CREATE TABLE criterion (
  sweep         INTEGER NOT NULL REFERENCES sweep(id),
  variant       TEXT NOT NULL,
  criterion     TEXT NOT NULL,             -- task/name
  task          TEXT NOT NULL,
  name          TEXT NOT NULL,
  higher        INTEGER NOT NULL CHECK (higher IN (0, 1)),  -- 1: higher is better
  position      INTEGER NOT NULL,
  PRIMARY KEY (sweep, variant, criterion)
) STRICT, WITHOUT ROWID;

-- What Δm compares with: the mean over the baseline's seeds at their selected epochs,
-- or the given values (seeds 0, std NULL). deltam.
CREATE TABLE baseline (
  sweep         INTEGER NOT NULL REFERENCES sweep(id),
  variant       TEXT NOT NULL,
  split         TEXT NOT NULL CHECK (split IN ('val', 'test')),
  criterion     TEXT NOT NULL,
  value         REAL NOT NULL,
  std           REAL,
  seeds         INTEGER NOT NULL,
  PRIMARY KEY (sweep, variant, split, criterion)
) STRICT, WITHOUT ROWID;

-- One step of the protocol for one entry of `methods` (or for one baseline task). deltam.
CREATE TABLE stage (
  id            INTEGER PRIMARY KEY,
  sweep         INTEGER NOT NULL REFERENCES sweep(id),
  variant       TEXT NOT NULL,
  label         TEXT NOT NULL,             -- of the entry; 'stl' for the baseline
  method        TEXT NOT NULL,
  position      INTEGER NOT NULL,          -- of the entry in the sweep file, baseline 0
  task          TEXT NOT NULL DEFAULT '',  -- baseline only: the task it is for
  stage         TEXT NOT NULL CHECK (stage IN ('baseline', 'tune', 'refine', 'wd', 'final')),
  phase         TEXT NOT NULL CHECK (phase IN ('tune', 'refine', 'wd', 'final')),
  state         TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'failed')),
  UNIQUE (sweep, variant, label, task, stage, phase)
) STRICT;

-- A configuration with a seed. deltam.
CREATE TABLE job (
  id            INTEGER PRIMARY KEY,       -- the first 63 bits of the identity
  identity      TEXT NOT NULL UNIQUE,      -- 128 bits, hexadecimal
  dataset       TEXT NOT NULL,
  model         TEXT NOT NULL,
  method        TEXT NOT NULL,
  task          TEXT,                      -- baseline: the task; NULL otherwise
  lr            REAL NOT NULL,
  wd            REAL NOT NULL,
  temperature   REAL,                      -- UW-SO's T; NULL otherwise
  weights       TEXT,                      -- scalarization: '0.2 0.3 0.5'; NULL otherwise
  seed          INTEGER NOT NULL,
  epochs        INTEGER NOT NULL,          -- of the whole training
  epochs_done   INTEGER NOT NULL DEFAULT 0,
  kernel_class  TEXT,                      -- that its rows were computed with; deltam-worker
  outcome       TEXT CHECK (outcome IN ('done', 'diverged', 'failed')),  -- NULL: not ended
  message       TEXT,
  origin        TEXT                       -- the database it was copied from
) STRICT;

-- Everything that determines the job (common/params.h), a row a name. deltam.
CREATE TABLE job_param (
  job           INTEGER NOT NULL REFERENCES job(id),
  name          TEXT NOT NULL,
  value         ANY NOT NULL,              -- numbers as numbers
  PRIMARY KEY (job, name)
) STRICT, WITHOUT ROWID;

-- Membership: why a sweep wants a job, and up to which epoch. deltam.
CREATE TABLE stage_job (
  stage         INTEGER NOT NULL REFERENCES stage(id),
  job           INTEGER NOT NULL REFERENCES job(id),
  sweep         INTEGER NOT NULL REFERENCES sweep(id),
  config        INTEGER NOT NULL,          -- of the stage: jobs of one config differ in the seed
  target        INTEGER NOT NULL,          -- epoch that the next segment ends at
  state         TEXT NOT NULL CHECK (state IN
                ('pending', 'running', 'waiting', 'done', 'stopped', 'diverged', 'failed')),
  PRIMARY KEY (stage, job)
) STRICT, WITHOUT ROWID;
CREATE INDEX stage_job_by_job ON stage_job (job);
CREATE INDEX stage_job_by_state ON stage_job (sweep, state);

-- One worker process on one segment. deltam.
CREATE TABLE attempt (
  id            INTEGER PRIMARY KEY,
  job           INTEGER NOT NULL REFERENCES job(id),
  token         TEXT NOT NULL UNIQUE,
  pid           INTEGER,
  host          TEXT NOT NULL,
  build         TEXT,
  kernel_class  TEXT,
  start_epoch   INTEGER NOT NULL,          -- epochs done when it began
  stop_epoch    INTEGER NOT NULL,          -- the segment ends here
  checkpoint_seconds REAL NOT NULL DEFAULT 300,  -- between checkpoints; 0: every epoch
  started       TEXT NOT NULL,             -- UTC, ISO 8601
  ended         TEXT,                      -- NULL: running, or lost with its orchestrator
  seconds       REAL,
  outcome       TEXT CHECK (outcome IN
                ('done', 'diverged', 'failed', 'killed', 'timeout', 'interrupted', 'lost')),
  message       TEXT
) STRICT;
CREATE INDEX attempt_by_job ON attempt (job);

-- What a job reached, a row a figure; finite numbers only. deltam-worker.
CREATE TABLE metric (
  job           INTEGER NOT NULL REFERENCES job(id),
  epoch         INTEGER NOT NULL CHECK (epoch >= 1),
  split         TEXT NOT NULL,             -- train, val, test
  task          TEXT NOT NULL,
  name          TEXT NOT NULL,
  value         REAL NOT NULL,
  PRIMARY KEY (job, epoch, split, task, name)
) STRICT, WITHOUT ROWID;

-- The weights that a method gave, over the steps of an epoch. deltam-worker.
CREATE TABLE task_weight (
  job                 INTEGER NOT NULL REFERENCES job(id),
  epoch               INTEGER NOT NULL CHECK (epoch >= 1),
  task                TEXT NOT NULL,
  weight_mean         REAL NOT NULL,
  weight_std          REAL NOT NULL,
  weighted_loss_mean  REAL NOT NULL,
  weighted_loss_std   REAL NOT NULL,
  PRIMARY KEY (job, epoch, task)
) STRICT, WITHOUT ROWID;

-- Δm of every epoch against the sweep's baseline, percent, lower is better. deltam.
CREATE TABLE score (
  sweep         INTEGER NOT NULL REFERENCES sweep(id),
  job           INTEGER NOT NULL REFERENCES job(id),
  epoch         INTEGER NOT NULL,
  split         TEXT NOT NULL CHECK (split IN ('val', 'test')),
  delta_m       REAL NOT NULL,
  PRIMARY KEY (sweep, job, epoch, split)
) STRICT, WITHOUT ROWID;

-- What was decided, from which figures; never changed. deltam.
CREATE TABLE decision (
  stage         INTEGER NOT NULL REFERENCES stage(id),
  sweep         INTEGER NOT NULL REFERENCES sweep(id),
  kind          TEXT NOT NULL CHECK (kind IN ('select', 'stop')),
  epoch         INTEGER NOT NULL,          -- the rung; for 'select' the last epoch
  config        INTEGER NOT NULL,
  rule          TEXT NOT NULL,
  figure        REAL,                      -- what the rule compared
  reason        TEXT NOT NULL,
  digest        TEXT NOT NULL,             -- of the rows that were read
  PRIMARY KEY (stage, kind, epoch, config)
) STRICT, WITHOUT ROWID;
