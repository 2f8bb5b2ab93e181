-- The database is the interface: this file is its only definition, and always the present
-- one. It is embedded into both programs at build time; `deltam` runs it in one transaction
-- when it creates a database. Each table has one writing program, named beside it.
--
-- A table that is changed here needs a step that changes it in databases that exist
-- (common/store/steps.def); views need none, they are made anew from here.

-- One sweep file that was run. deltam.
CREATE TABLE sweep (
  id            INTEGER PRIMARY KEY,
  name          TEXT NOT NULL UNIQUE,
  text          TEXT NOT NULL,             -- the sweep file as it was read last
  select_epoch  TEXT NOT NULL CHECK (select_epoch IN ('best', 'last10')),
  average       TEXT NOT NULL CHECK (average IN ('criteria', 'tasks')),
  created       TEXT NOT NULL,             -- UTC, ISO 8601
  state         TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'failed')),
  stop          TEXT,                      -- why its last run stopped short; NULL: it did not,
                                           -- it runs, or it was killed
  folder        TEXT NOT NULL DEFAULT '',  -- of the sweep file: where its relative paths begin
  skip_zero     INTEGER NOT NULL DEFAULT 0 CHECK (skip_zero IN (0, 1)),  -- 1: a task of weight 0 is no part of Δm
  workers       INTEGER,                   -- processes at a time of its last run; NULL: none yet
  unpruned      INTEGER NOT NULL DEFAULT 0 CHECK (unpruned IN (0, 1))  -- 1: --no-prune has trained it to its end
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
  counts        INTEGER NOT NULL DEFAULT 1 CHECK (counts IN (0, 1)),  -- 0: shown, not part of Δm
  title         TEXT,                      -- in tables; NULL: that of the metric of this name
  scale         REAL,                      -- tables print value * scale; NULL: as above
  PRIMARY KEY (sweep, variant, criterion)
) STRICT, WITHOUT ROWID;

-- Sweeps with `primary` alone: which task each entry is judged by. deltam.
CREATE TABLE entry_primary (
  sweep         INTEGER NOT NULL REFERENCES sweep(id),
  variant       TEXT NOT NULL,
  label         TEXT NOT NULL,             -- as in stage: 'ial [seg]'
  listed        TEXT NOT NULL,             -- as in the sweep file: 'ial'
  task          TEXT NOT NULL,             -- its criteria alone make Δm; '': all do
  auxiliary     INTEGER NOT NULL CHECK (auxiliary IN (0, 1)),  -- 1: knows a primary task
  position      INTEGER NOT NULL,
  PRIMARY KEY (sweep, variant, label)
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
  -- What people call it: sgd 0.5: uw_so, or stl reg1.
  entry         TEXT GENERATED ALWAYS AS (
    CASE variant WHEN '' THEN '' ELSE variant || ': ' END || label
    || CASE task WHEN '' THEN '' ELSE ' ' || task END) VIRTUAL,
  title         TEXT NOT NULL DEFAULT '',  -- of the entry in tables; '': the method's, or the label
  UNIQUE (sweep, variant, label, task, stage, phase)
) STRICT;
CREATE INDEX stage_by_position ON stage (sweep, variant, position);

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
  origin        TEXT,                      -- the database it was copied from
  hyper         TEXT,                      -- what else its method was given: 'alpha 1.5'; or NULL
  -- What people call it behind the label of its method: lr 0.003 T 10 seed 0.
  setting       TEXT GENERATED ALWAYS AS (
    printf('lr %.10g', lr) || CASE WHEN wd <> 0 THEN printf(' wd %.10g', wd) ELSE '' END
    || CASE WHEN temperature IS NOT NULL THEN printf(' T %.10g', temperature) ELSE '' END
    || coalesce(' weights ' || weights, '') || coalesce(' ' || hyper, '')
    || printf(' seed %d', seed)) VIRTUAL
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
  PRIMARY KEY (stage, config, job)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX stage_job_by_job ON stage_job (job, stage);
-- What is pending from one stage to another, in order: one step.
CREATE INDEX stage_job_by_state ON stage_job (state, stage);

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
  kind          TEXT NOT NULL DEFAULT 'train' CHECK (kind IN ('train', 'evaluate')),
                                           -- evaluate: the winner of epoch stop_epoch;
                                           -- start_epoch: corruptions tested before
  keep          INTEGER NOT NULL DEFAULT 0, -- 1: keeps the best parameters beside the checkpoint
  checkpoint_seconds REAL NOT NULL DEFAULT 300,  -- between checkpoints; 0: every epoch
  started       TEXT NOT NULL,             -- UTC, ISO 8601
  ended         TEXT,                      -- NULL: running, or lost with its orchestrator
  seconds       REAL,
  outcome       TEXT CHECK (outcome IN
                ('done', 'diverged', 'failed', 'killed', 'timeout', 'interrupted', 'lost')),
  message       TEXT,
  -- Of a trainer that reports in lines: how much of its report is committed, and how many
  -- epochs it trained again: rows replaced, or (`deterministic`) compared.
  read_bytes    INTEGER NOT NULL DEFAULT 0,
  replaced      INTEGER NOT NULL DEFAULT 0,
  cpu_seconds   REAL,                      -- of all its threads, as its worker said last; NULL: it never did
  peak_bytes    INTEGER,                   -- the most memory that it had resident at once
  pilot         INTEGER REFERENCES pilot(id)  -- where it ran (without pid: waits); NULL: as a process of deltam's own
) STRICT;
CREATE INDEX attempt_by_job ON attempt (job);
CREATE INDEX attempt_by_pilot ON attempt (pilot) WHERE pilot IS NOT NULL;

-- A process elsewhere that runs segments for deltam (docs/CLUSTERS.md). deltam.
CREATE TABLE pilot (
  id            INTEGER PRIMARY KEY,
  sweep         INTEGER NOT NULL REFERENCES sweep(id),  -- whose run asked for it
  name          TEXT NOT NULL UNIQUE,      -- of its folder in NAME.db.d/pilots; its job is deltam-name
  launcher      TEXT NOT NULL,             -- slurm, local, or the words in front of the command
  launcher_job  TEXT,                      -- what the launcher calls it; NULL: not said yet
  host          TEXT,                      -- from here on: what it said when it began
  slots         INTEGER,
  gpus          TEXT,                      -- their numbers; '': none
  kernel_class  TEXT,
  submitted     TEXT NOT NULL,             -- UTC, ISO 8601
  began         TEXT,
  ended         TEXT,                      -- NULL: it waits in a queue, or works
  why           TEXT                       -- it ended
) STRICT;

-- What a job reached, a row a figure; finite numbers only. deltam-worker, or deltam from
-- the report of another trainer.
CREATE TABLE metric (
  job           INTEGER NOT NULL REFERENCES job(id),
  epoch         INTEGER NOT NULL CHECK (epoch >= 1),
  split         TEXT NOT NULL,             -- train, val, test; cost; kinds of diagnostics
  task          TEXT NOT NULL,
  name          TEXT NOT NULL,
  value         REAL NOT NULL,
  PRIMARY KEY (job, epoch, split, task, name)
) STRICT, WITHOUT ROWID;

-- The weights that a method gave, over the steps of an epoch; another trainer may know the
-- mean alone. deltam-worker, or deltam.
CREATE TABLE task_weight (
  job                 INTEGER NOT NULL REFERENCES job(id),
  epoch               INTEGER NOT NULL CHECK (epoch >= 1),
  task                TEXT NOT NULL,
  weight_mean         REAL NOT NULL,
  weight_std          REAL,
  weighted_loss_mean  REAL,
  weighted_loss_std   REAL,
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
-- The epoch of the lowest validation Δm of a job, the first on ties: one step.
CREATE INDEX score_best ON score (sweep, job, delta_m, epoch) WHERE split = 'val';

-- What was decided, from which figures; never changed, but marked where a trainer that is
-- not deterministic replaced rows that were read. deltam.
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
  stale         INTEGER NOT NULL DEFAULT 0 CHECK (stale IN (0, 1)),  -- 1: those are not there any more
  PRIMARY KEY (stage, kind, epoch, config)
) STRICT, WITHOUT ROWID;

-- A final run whose parameters of its chosen epoch are wanted, to be kept (`save`) or to
-- be tested on corrupted pictures (`evaluate`). Never part of a choice. deltam.
CREATE TABLE winner (
  stage         INTEGER NOT NULL REFERENCES stage(id),
  job           INTEGER NOT NULL REFERENCES job(id),
  sweep         INTEGER NOT NULL REFERENCES sweep(id),
  epoch         INTEGER NOT NULL,          -- the one that the sweep's rule chose
  save          INTEGER NOT NULL CHECK (save IN (0, 1)),
  corruptions   TEXT NOT NULL,             -- names, a blank between
  textures      TEXT NOT NULL,             -- folder with pictures of frost, or ''
  digest        TEXT NOT NULL,             -- of these pictures
  state         TEXT NOT NULL CHECK (state IN ('pending', 'running', 'done', 'failed')),
  PRIMARY KEY (stage, job)
) STRICT, WITHOUT ROWID;

-- The corruptions whose figures are there, all severities of them. deltam-worker.
CREATE TABLE corruption (
  job           INTEGER NOT NULL REFERENCES job(id),
  epoch         INTEGER NOT NULL CHECK (epoch >= 1),
  corruption    TEXT NOT NULL,             -- gaussian_noise, fog ...
  basis         TEXT NOT NULL,             -- version of the corruptions, digest of textures
  PRIMARY KEY (job, epoch, corruption)
) STRICT, WITHOUT ROWID;

-- A figure of the parameters of an epoch on corrupted test pictures. deltam-worker.
CREATE TABLE corrupted (
  job           INTEGER NOT NULL REFERENCES job(id),
  epoch         INTEGER NOT NULL CHECK (epoch >= 1),
  corruption    TEXT NOT NULL,
  severity      INTEGER NOT NULL CHECK (severity BETWEEN 1 AND 5),
  task          TEXT NOT NULL,
  name          TEXT NOT NULL,
  value         REAL NOT NULL,
  PRIMARY KEY (job, epoch, corruption, severity, task, name)
) STRICT, WITHOUT ROWID;

-- Views. What follows is run again when a database is brought up to date, so all views stand
-- here and no table does. Each answers a question that one types into sqlite3; their names and columns
-- are stable. `sweep` is the sweep's name here (tables hold its id), Δm is in percent.
-- They walk from the few rows of stage_job into metric and score by primary key, so
-- their cost does not grow with what the rest of the database holds.

-- The jobs of a sweep, a row per variant, label and job: one that several stages of an
-- entry want stands under the first of them. run: what people call it, and messages;
-- sweep_id, stage_id are for joins with the tables.
CREATE VIEW runs AS
SELECT w.id AS sweep_id, t.id AS stage_id, w.name AS sweep, t.variant, t.method, t.label, t.task,
       t.stage, t.phase, j.id AS job,
       t.entry || ' ' || j.setting AS run,
       j.lr, j.wd, j.temperature, j.weights, j.seed, m.config, m.state, j.epochs, j.epochs_done,
       j.outcome, j.message
  FROM sweep w
  CROSS JOIN stage t ON t.sweep = w.id
  CROSS JOIN stage_job m ON m.stage = t.id
  CROSS JOIN job j ON j.id = m.job
 WHERE NOT EXISTS (SELECT 1 FROM stage_job o JOIN stage p ON p.id = o.stage
                    WHERE o.job = m.job AND o.stage < m.stage AND p.sweep = t.sweep
                      AND p.variant = t.variant AND p.label = t.label);

-- Δm of every run at every epoch. Runs of the baseline have none: they are what it is
-- measured against.
CREATE VIEW delta_m AS
SELECT r.sweep, r.variant, r.label, r.stage, r.job, r.run, r.method, r.lr, r.wd, r.temperature,
       r.weights, r.seed, c.epoch, c.split, c.delta_m
  FROM runs r
  CROSS JOIN score c ON c.sweep = r.sweep_id AND c.job = r.job;

-- The epoch of each run of the baseline that has the lowest validation loss, the first on
-- ties: where `best` takes its figures from.
CREATE VIEW baseline_epoch AS
SELECT w.name AS sweep, t.variant, t.task, t.id AS stage_id, m.job,
       (SELECT min(x.epoch)
          FROM (SELECT min(y.value) AS value FROM metric y WHERE y.job = m.job
                   AND y.split = 'val' AND y.task = t.task AND y.name = 'loss') least
          CROSS JOIN metric x ON x.job = m.job AND x.split = 'val' AND x.task = t.task
           AND x.name = 'loss' AND x.value = least.value) AS epoch
  FROM stage t
  CROSS JOIN stage_job m ON m.stage = t.id
  JOIN sweep w ON w.id = t.sweep
 WHERE t.stage = 'baseline';

-- One row per membership: its figures by the sweep's rule. The rule `best` takes the epoch
-- of the lowest validation Δm, of a baseline's run that of the lowest validation loss (the
-- first on ties); `last10` the mean of the last ten epochs, and no epoch. Δm is NULL where
-- there is none: of a baseline, and before the baseline of the variant is trained.
CREATE VIEW job_result AS
SELECT w.id AS sweep_id, t.id AS stage_id, w.name AS sweep, t.variant, t.position, t.method,
       t.label, t.task, t.stage, t.phase, m.config, m.state, j.id AS job,
       t.entry || ' ' || j.setting AS run,
       j.seed, j.epochs, j.lr, j.wd, j.temperature, j.weights,
       CASE WHEN t.stage = 'baseline' AND w.select_epoch = 'best'
         THEN (SELECT x.epoch FROM baseline_epoch x WHERE x.stage_id = t.id AND x.job = j.id)
         ELSE b.epoch END AS epoch,
       CASE w.select_epoch WHEN 'best' THEN b.delta_m
         ELSE (SELECT avg(c.delta_m) FROM score c WHERE c.sweep = w.id AND c.job = j.id
                  AND c.epoch > j.epochs - 10 AND c.split = 'val') END AS val_delta_m,
       CASE w.select_epoch WHEN 'best'
         THEN (SELECT c.delta_m FROM score c WHERE c.sweep = w.id AND c.job = j.id
                  AND c.epoch = b.epoch AND c.split = 'test')
         ELSE (SELECT avg(c.delta_m) FROM score c WHERE c.sweep = w.id AND c.job = j.id
                  AND c.epoch > j.epochs - 10 AND c.split = 'test') END AS delta_m
  FROM sweep w
  CROSS JOIN stage t ON t.sweep = w.id
  CROSS JOIN stage_job m ON m.stage = t.id
  CROSS JOIN job j ON j.id = m.job
  LEFT JOIN score b ON w.select_epoch = 'best' AND b.sweep = w.id AND b.job = j.id
   AND b.split = 'val'
   AND b.epoch = (SELECT c.epoch FROM score c WHERE c.sweep = w.id AND c.job = j.id
                     AND c.split = 'val' ORDER BY c.delta_m, c.epoch LIMIT 1);

-- The epoch of each run with the lowest validation Δm, the first on ties; of a run of the
-- baseline that of the lowest validation loss.
CREATE VIEW best_epoch AS
SELECT r.sweep, r.variant, r.label, r.task, r.stage, r.job, r.run, r.method, r.lr, r.wd,
       r.temperature, r.weights, r.seed,
       coalesce(v.epoch, (SELECT x.epoch FROM baseline_epoch x
                           WHERE x.stage_id = r.stage_id AND x.job = r.job)) AS epoch,
       v.delta_m AS val_delta_m, s.delta_m
  FROM runs r
  LEFT JOIN score v ON v.sweep = r.sweep_id AND v.job = r.job AND v.split = 'val'
   AND v.epoch = (SELECT c.epoch FROM score c WHERE c.sweep = r.sweep_id AND c.job = r.job
                     AND c.split = 'val' ORDER BY c.delta_m, c.epoch LIMIT 1)
  LEFT JOIN score s ON s.sweep = r.sweep_id AND s.job = r.job AND s.epoch = v.epoch
   AND s.split = 'test';

-- What every configuration of every stage reached: means over its seeds that did not
-- fall out. A stopped configuration has the figures up to where it was stopped.
CREATE VIEW configuration AS
SELECT sweep, variant, method, label, stage, config, lr, wd, temperature, weights,
       count(*) AS seeds,
       sum(state IN ('diverged', 'failed')) AS seeds_lost,
       max(state = 'stopped') AS stopped,
       avg(CASE WHEN state NOT IN ('diverged', 'failed') THEN epoch END) AS epoch,
       avg(CASE WHEN state NOT IN ('diverged', 'failed') THEN val_delta_m END) AS val_delta_m,
       avg(CASE WHEN state NOT IN ('diverged', 'failed') THEN delta_m END) AS delta_m
  FROM job_result
 WHERE stage <> 'baseline'
 GROUP BY sweep, variant, position, stage_id, config -- as the loops come: nothing is sorted
 ORDER BY sweep, variant, position, stage_id, config;

-- The main table: a row per variant and entry of `methods`, the baseline `stl` first.
-- Means and sample standard deviations are over the final seeds that ended well
-- (seeds_done of seeds). tried: distinct configurations of the search; the search
-- stages share their seeds, so that is distinct jobs over distinct seeds. hyper: what was
-- searched besides and has no column of its own, as it was chosen: 'fixed 0.2'; or NULL.
CREATE VIEW benchmark AS
WITH
final AS (
  SELECT *, avg(delta_m) OVER entry AS mean, avg(val_delta_m) OVER entry AS val_mean
    FROM (SELECT * FROM job_result WHERE stage = 'final' AND state = 'done')
  WINDOW entry AS (PARTITION BY sweep_id, variant, label)
),
figures AS (
  SELECT sweep_id, variant, label, count(*) AS seeds_done, avg(epoch) AS epoch,
         max(mean) AS delta_m, max(val_mean) AS val_delta_m,
         CASE WHEN count(*) > 1 THEN
           sqrt(sum((delta_m - mean) * (delta_m - mean)) / (count(*) - 1)) END AS delta_m_std,
         CASE WHEN count(*) > 1 THEN
           sqrt(sum((val_delta_m - val_mean) * (val_delta_m - val_mean)) / (count(*) - 1))
           END AS val_delta_m_std
    FROM final
   GROUP BY sweep_id, variant, label
),
chosen AS (
  SELECT t.sweep AS sweep_id, t.variant, t.label, count(*) AS seeds, max(j.lr) AS lr,
         max(j.wd) AS wd, max(j.temperature) AS temperature, max(j.weights) AS weights,
         max(j.id) AS job
    FROM stage t
    JOIN stage_job m ON m.stage = t.id
    JOIN job j ON j.id = m.job
   WHERE t.stage = 'final'
   GROUP BY t.sweep, t.variant, t.label
),
search AS (
  SELECT t.sweep AS sweep_id, t.variant, t.label,
         count(DISTINCT j.id) / count(DISTINCT j.seed) AS tried,
         count(DISTINCT coalesce(j.hyper, '')) > 1 AS several
    FROM stage t
    JOIN stage_job m ON m.stage = t.id
    JOIN job j ON j.id = m.job
   WHERE t.stage IN ('tune', 'refine', 'wd')
   GROUP BY t.sweep, t.variant, t.label
),
searched AS (
  SELECT sweep_id, variant, label, group_concat(name || ' ' || value, ' ') AS hyper
    FROM (SELECT s.sweep_id, s.variant, s.label, p.name,
                 CASE typeof(p.value) WHEN 'text' THEN p.value
                   ELSE printf('%.10g', p.value) END AS value
            FROM search s
            JOIN chosen f ON f.sweep_id = s.sweep_id AND f.variant = s.variant AND f.label = s.label
            JOIN job_param p ON p.job = f.job
           WHERE s.several AND p.name NOT IN ('lr', 'wd', 'seed', 'primary')
             AND NOT (p.name = 'T' AND f.temperature IS NOT NULL)
             AND NOT (p.name = 'weights' AND f.weights IS NOT NULL)
             AND EXISTS (SELECT 1 FROM stage t
                           JOIN stage_job m ON m.stage = t.id
                           JOIN job_param q ON q.job = m.job AND q.name = p.name
                          WHERE t.sweep = s.sweep_id AND t.variant = s.variant
                            AND t.label = s.label AND t.stage IN ('tune', 'refine', 'wd')
                            AND q.value <> p.value)
           ORDER BY s.sweep_id, s.variant, s.label, p.name)
   GROUP BY sweep_id, variant, label
),
single_task AS (
  SELECT t.sweep AS sweep_id, t.variant, t.task, t.phase, j.id AS job, j.seed, j.lr, j.wd, m.state,
         CASE WHEN w.select_epoch = 'best' AND t.phase = 'final' THEN
           (SELECT x.epoch FROM baseline_epoch x WHERE x.stage_id = t.id AND x.job = j.id)
           END AS epoch
    FROM stage t
    JOIN sweep w ON w.id = t.sweep
    JOIN stage_job m ON m.stage = t.id
    JOIN job j ON j.id = m.job
   WHERE t.stage = 'baseline'
),
single_task_search AS (
  SELECT sweep_id, variant, max(tried) AS tried
    FROM (SELECT sweep_id, variant, task, count(DISTINCT job) / count(DISTINCT seed) AS tried
            FROM single_task WHERE phase <> 'final' GROUP BY sweep_id, variant, task)
   GROUP BY sweep_id, variant
),
single_task_final AS (
  SELECT sweep_id, variant, count(DISTINCT seed) AS seeds,
         CASE WHEN min(lr) = max(lr) THEN min(lr) END AS lr,
         CASE WHEN min(wd) = max(wd) THEN min(wd) END AS wd,
         avg(epoch) AS epoch
    FROM single_task WHERE phase = 'final' GROUP BY sweep_id, variant
),
entries AS (
  SELECT v.sweep AS sweep_id, v.variant, v.position AS variant_position, 0 AS position,
         'stl' AS method, 'stl' AS label, f.lr, f.wd, NULL AS temperature, NULL AS weights,
         coalesce(s.tried, f.seeds > 0, 0) AS tried, coalesce(f.seeds, 0) AS seeds, f.epoch,
         0.0 AS delta_m, NULL AS delta_m_std, 0.0 AS val_delta_m, NULL AS val_delta_m_std,
         (SELECT min(b.seeds) FROM baseline b
           WHERE b.sweep = v.sweep AND b.variant = v.variant) AS seeds_done, NULL AS hyper
    FROM variant v
    LEFT JOIN single_task_final f ON f.sweep_id = v.sweep AND f.variant = v.variant
    LEFT JOIN single_task_search s ON s.sweep_id = v.sweep AND s.variant = v.variant
   WHERE EXISTS (SELECT 1 FROM baseline b WHERE b.sweep = v.sweep AND b.variant = v.variant)
  UNION ALL
  SELECT t.sweep, t.variant, v.position, t.position, t.method, t.label, c.lr, c.wd,
         c.temperature, c.weights, coalesce(s.tried, c.seeds > 0, 0), coalesce(c.seeds, 0),
         f.epoch, f.delta_m, f.delta_m_std, f.val_delta_m, f.val_delta_m_std,
         coalesce(f.seeds_done, 0), h.hyper
    FROM (SELECT sweep, variant, label, max(method) AS method, min(position) AS position
            FROM stage WHERE stage <> 'baseline' GROUP BY sweep, variant, label) t
    JOIN variant v ON v.sweep = t.sweep AND v.variant = t.variant
    LEFT JOIN chosen c ON c.sweep_id = t.sweep AND c.variant = t.variant AND c.label = t.label
    LEFT JOIN search s ON s.sweep_id = t.sweep AND s.variant = t.variant AND s.label = t.label
    LEFT JOIN searched h ON h.sweep_id = t.sweep AND h.variant = t.variant AND h.label = t.label
    LEFT JOIN figures f ON f.sweep_id = t.sweep AND f.variant = t.variant AND f.label = t.label
)
SELECT w.name AS sweep, n.variant, n.method, n.label, n.lr, n.wd, n.temperature, n.weights,
       n.tried, n.seeds, n.epoch, n.delta_m, n.delta_m_std, n.val_delta_m, n.val_delta_m_std,
       n.seeds_done, n.hyper
  FROM entries n
  JOIN sweep w ON w.id = n.sweep_id
 ORDER BY w.id, n.variant_position, n.position, n.label;

-- What those means are over: each criterion of each final run that ended well, at the epoch
-- (or epochs) of the sweep's rule; of the baseline's runs (stl) the criteria of their task.
CREATE VIEW seed_criterion AS
SELECT r.sweep_id, r.sweep, r.variant, r.position, r.method, r.label, r.task, r.stage, r.seed, r.job,
       r.epoch, c.criterion, c.position AS criterion_position,
       CASE WHEN r.epoch IS NOT NULL
         THEN (SELECT x.value FROM metric x WHERE x.job = r.job AND x.epoch = r.epoch
                  AND x.split = 'test' AND x.task = c.task AND x.name = c.name)
         ELSE (SELECT avg(x.value) FROM metric x WHERE x.job = r.job
                  AND x.epoch > r.epochs - 10 AND x.split = 'test' AND x.task = c.task
                  AND x.name = c.name) END AS value,
       CASE WHEN r.epoch IS NOT NULL
         THEN (SELECT x.value FROM metric x WHERE x.job = r.job AND x.epoch = r.epoch
                  AND x.split = 'val' AND x.task = c.task AND x.name = c.name)
         ELSE (SELECT avg(x.value) FROM metric x WHERE x.job = r.job
                  AND x.epoch > r.epochs - 10 AND x.split = 'val' AND x.task = c.task
                  AND x.name = c.name) END AS val_value
  FROM job_result r
  CROSS JOIN criterion c ON c.sweep = r.sweep_id AND c.variant = r.variant
   AND r.task IN ('', c.task)
 WHERE r.phase = 'final' AND r.state = 'done';

-- The same per criterion: value and std on test rows, val_value and val_std on
-- validation rows; stl: the baseline. Missing where no final seed ended well.
CREATE VIEW benchmark_criterion AS
WITH
seed AS (
  SELECT * FROM seed_criterion WHERE stage = 'final'
),
centred AS (
  SELECT *, avg(value) OVER entry AS mean, avg(val_value) OVER entry AS val_mean FROM seed
  WINDOW entry AS (PARTITION BY sweep_id, variant, label, criterion)
),
figures AS (
  SELECT c.sweep AS sweep_id, c.variant, 0 AS position, 'stl' AS method, 'stl' AS label,
         c.criterion, c.position AS criterion_position, b.value, b.std,
         v.value AS val_value, v.std AS val_std
    FROM criterion c
    JOIN baseline b ON b.sweep = c.sweep AND b.variant = c.variant
     AND b.split = 'test' AND b.criterion = c.criterion
    LEFT JOIN baseline v ON v.sweep = c.sweep AND v.variant = c.variant
     AND v.split = 'val' AND v.criterion = c.criterion
  UNION ALL
  SELECT sweep_id, variant, min(position), min(method), label, criterion, min(criterion_position), max(mean),
         CASE WHEN count(*) > 1 THEN
           sqrt(sum((value - mean) * (value - mean)) / (count(*) - 1)) END,
         max(val_mean),
         CASE WHEN count(*) > 1 THEN
           sqrt(sum((val_value - val_mean) * (val_value - val_mean)) / (count(*) - 1)) END
    FROM centred
   GROUP BY sweep_id, variant, label, criterion
)
SELECT w.name AS sweep, f.variant, f.method, f.label, f.criterion, f.value, f.std,
       f.val_value, f.val_std
  FROM figures f
  JOIN sweep w ON w.id = f.sweep_id
  JOIN variant v ON v.sweep = f.sweep_id AND v.variant = f.variant
 ORDER BY w.id, v.position, f.position, f.label, f.criterion_position;

-- The entries that no other entry of their variant beats: none is at least as good in
-- every criterion (means over seeds, test rows) and better in one. Equal ones all stay.
CREATE VIEW pareto_front AS
WITH
signed AS (
  SELECT b.sweep, b.variant, b.label, b.criterion,
         CASE WHEN c.higher THEN -b.value ELSE b.value END AS cost
    FROM benchmark_criterion b
    JOIN sweep w ON w.name = b.sweep
    JOIN criterion c ON c.sweep = w.id AND c.variant = b.variant
     AND c.criterion = b.criterion
   WHERE b.method <> 'stl'
),
complete AS (
  SELECT sweep, variant, label, count(cost) AS n FROM signed
   GROUP BY sweep, variant, label HAVING count(cost) = count(*)
),
beaten AS (
  SELECT a.sweep, a.variant, a.label
    FROM signed a
    JOIN signed b ON b.sweep = a.sweep AND b.variant = a.variant
     AND b.criterion = a.criterion AND b.label <> a.label
    JOIN complete k ON k.sweep = b.sweep AND k.variant = b.variant AND k.label = b.label
   GROUP BY a.sweep, a.variant, a.label, b.label
  HAVING max(b.cost - a.cost) <= 0 AND min(b.cost - a.cost) < 0
)
SELECT b.sweep, b.variant, b.method, b.label, b.lr, b.wd, b.temperature, b.weights,
       b.delta_m, b.delta_m_std
  FROM benchmark b
  JOIN complete k ON k.sweep = b.sweep AND k.variant = b.variant AND k.label = b.label
 WHERE (b.sweep, b.variant, b.label) NOT IN (SELECT sweep, variant, label FROM beaten)
 ORDER BY b.sweep, b.variant, b.delta_m;

-- Δm over UW-SO's T in the search, a row per T: the best configuration of that T. stopped:
-- pruning ended its training early, and the figures are of the epochs until then.
CREATE VIEW temperature_curve AS
SELECT sweep, variant, label, temperature, lr, wd, seeds, epoch, val_delta_m, delta_m,
       stopped
  FROM (SELECT sweep, variant, label, temperature, lr, wd, seeds, epoch, val_delta_m, delta_m,
               stopped,
               row_number() OVER (PARTITION BY sweep, variant, label, temperature
                                  ORDER BY val_delta_m, stopped, lr, wd) AS place
          FROM configuration
         WHERE temperature IS NOT NULL AND stage <> 'final' AND val_delta_m IS NOT NULL)
 WHERE place = 1
 ORDER BY sweep, variant, label, temperature;

-- Δm over the learning rate in the search, a row per lr: the best configuration of it;
-- stopped as above.
CREATE VIEW lr_sensitivity AS
SELECT sweep, variant, method, label, lr, wd, temperature, weights, seeds, epoch,
       val_delta_m, delta_m, stopped
  FROM (SELECT sweep, variant, method, label, lr, wd, temperature, weights, seeds, epoch,
               val_delta_m, delta_m, stopped,
               row_number() OVER (PARTITION BY sweep, variant, label, lr
                                  ORDER BY val_delta_m, stopped, wd, config) AS place
          FROM configuration
         WHERE stage <> 'final' AND val_delta_m IS NOT NULL)
 WHERE place = 1
 ORDER BY sweep, variant, label, lr;

-- Where a sweep stands: jobs of each stage by state, epochs trained and wanted.
CREATE VIEW progress AS
SELECT w.name AS sweep, t.variant, t.label, t.task, t.stage, t.phase, t.state AS stage_state,
       count(m.job) AS jobs,
       coalesce(sum(m.state = 'pending'), 0) AS pending,
       coalesce(sum(m.state = 'running'), 0) AS running,
       coalesce(sum(m.state = 'waiting'), 0) AS waiting,
       coalesce(sum(m.state = 'done'), 0) AS done,
       coalesce(sum(m.state = 'stopped'), 0) AS stopped,
       coalesce(sum(m.state = 'diverged'), 0) AS diverged,
       coalesce(sum(m.state = 'failed'), 0) AS failed,
       coalesce(sum(min(j.epochs_done, j.epochs)), 0) AS epochs_done,
       coalesce(sum(CASE WHEN m.state IN ('pending', 'running', 'waiting')
         THEN j.epochs ELSE j.epochs_done END), 0) AS epochs
  FROM sweep w
  CROSS JOIN stage t ON t.sweep = w.id
  LEFT JOIN stage_job m ON m.stage = t.id
  LEFT JOIN job j ON j.id = m.job
 GROUP BY w.name, t.id
 ORDER BY w.id, t.id;

-- Jobs that diverged or failed for good, with the reason and how often they were tried;
-- winners that could not be evaluated stand under the stage `evaluate`, and a baseline to
-- which no Δm can be taken (of 0) in a row without a job, state `undefined`.
CREATE VIEW failures AS
SELECT sweep, variant, label, task, stage, state, job,
       entry || coalesce(' ' || setting, '') AS run, seed, lr, wd, temperature, weights,
       epoch, attempts, message,
       (SELECT x.pilot FROM attempt x WHERE x.job = f.job ORDER BY x.id DESC LIMIT 1) AS pilot
  FROM (SELECT w.name AS sweep, t.variant, t.label, t.task, t.stage, m.state, j.id AS job,
               t.entry, j.setting, j.seed, j.lr, j.wd, j.temperature, j.weights,
               j.epochs_done AS epoch,
               (SELECT count(*) FROM attempt x WHERE x.job = j.id AND x.kind = 'train') AS attempts,
               coalesce(j.message, (SELECT x.message FROM attempt x
                  WHERE x.job = j.id AND x.kind = 'train' AND x.message IS NOT NULL
                  ORDER BY x.id DESC LIMIT 1)) AS message,
               w.id AS sweep_id, t.id AS stage_id, m.config
          FROM sweep w
          CROSS JOIN stage t ON t.sweep = w.id
          CROSS JOIN stage_job m INDEXED BY stage_job_by_state
             ON m.stage = t.id AND m.state IN ('diverged', 'failed')
          CROSS JOIN job j ON j.id = m.job
        UNION ALL
        SELECT w.name, t.variant, t.label, t.task, 'evaluate', v.state, j.id,
               t.entry, j.setting, j.seed,
               j.lr, j.wd, j.temperature, j.weights, v.epoch,
               (SELECT count(*) FROM attempt x WHERE x.job = j.id AND x.kind = 'evaluate'),
               (SELECT x.message FROM attempt x
                  WHERE x.job = j.id AND x.kind = 'evaluate' AND x.message IS NOT NULL
                  ORDER BY x.id DESC LIMIT 1),
               w.id, t.id, 0
          FROM sweep w
          CROSS JOIN stage t ON t.sweep = w.id
          CROSS JOIN winner v ON v.stage = t.id AND v.state = 'failed'
          CROSS JOIN job j ON j.id = v.job
        UNION ALL
        SELECT w.name, t.variant, t.label, t.task, t.stage, 'undefined', NULL,
               t.entry, NULL, NULL,
               NULL, NULL, NULL, NULL, d.epoch, NULL, d.reason, w.id, t.id, 0
          FROM sweep w
          CROSS JOIN stage t ON t.sweep = w.id
          CROSS JOIN decision d ON d.stage = t.id AND d.rule = 'baseline') f
 ORDER BY sweep_id, stage_id, config, seed;

-- Processes elsewhere that ran, run or will run segments (docs/CLUSTERS.md). running: segments
-- at work there; ahead: that wait there for a slot; segments: that came to their end there;
-- lost: that it took with it.
CREATE VIEW pilots AS
SELECT w.name AS sweep, p.id AS pilot, p.name, p.launcher, p.launcher_job,
       CASE WHEN p.ended IS NOT NULL THEN 'gone' WHEN p.began IS NOT NULL THEN 'working'
            ELSE 'waiting' END AS state,
       p.host, p.slots, p.gpus, p.kernel_class, p.submitted, p.began, p.ended, p.why,
       (SELECT count(*) FROM attempt a WHERE a.pilot = p.id AND a.outcome IS NULL AND a.pid IS NOT NULL) AS running,
       (SELECT count(*) FROM attempt a WHERE a.pilot = p.id AND a.outcome IS NULL AND a.pid IS NULL) AS ahead,
       (SELECT count(*) FROM attempt a WHERE a.pilot = p.id AND a.outcome IN ('done', 'diverged')) AS segments,
       (SELECT count(*) FROM attempt a WHERE a.pilot = p.id AND a.outcome = 'lost') AS lost
  FROM pilot p JOIN sweep w ON w.id = p.sweep
 ORDER BY p.id;

-- The final runs whose parameters are wanted, with the epoch they are of. file: where they
-- are kept in NAME.db.d/winners/ (with `save`).
CREATE VIEW winners AS
SELECT w.name AS sweep, t.variant, t.method, t.label, t.task, j.id AS job,
       t.entry || ' ' || j.setting AS run,
       j.seed, v.epoch, v.state, CASE WHEN v.save AND v.state = 'done'
         THEN j.identity || '-' || v.epoch || '.params' END AS file,
       (SELECT count(*) FROM corruption c WHERE c.job = v.job AND c.epoch = v.epoch) AS corruptions
  FROM sweep w
  CROSS JOIN stage t ON t.sweep = w.id
  CROSS JOIN winner v ON v.stage = t.id
  CROSS JOIN job j ON j.id = v.job
 ORDER BY w.id, t.id, j.seed;

-- What corruption costs a run, against what it costs the single-task baseline (Elich et
-- al., eq. 6), a row per seed, criterion, corruption and severity. value and clean: the
-- criterion on corrupted and on clean test pictures; base: their ratio for the baseline,
-- of means over its seeds; delta: the difference of the ratios, negative where the run is
-- the more robust. Only corruptions that the sweep file names.
CREATE VIEW corruption_delta AS
WITH
seen AS (
  SELECT v.sweep AS sweep_id, t.variant, t.position, t.method, t.label, t.task AS single,
         v.job, v.epoch, c.criterion, c.position AS criterion_position, c.higher,
         k.corruption, k.severity, k.value, m.value AS clean
    FROM stage t
    CROSS JOIN winner v ON v.stage = t.id
    CROSS JOIN criterion c ON c.sweep = t.sweep AND c.variant = t.variant
     AND (t.task = '' OR c.task = t.task)
    CROSS JOIN metric m ON m.job = v.job AND m.epoch = v.epoch AND m.split = 'test'
     AND m.task = c.task AND m.name = c.name
    CROSS JOIN corrupted k ON k.job = v.job AND k.epoch = v.epoch AND k.task = c.task
     AND k.name = c.name
   WHERE instr(' ' || v.corruptions || ' ', ' ' || k.corruption || ' ') > 0
),
single_task AS (
  SELECT sweep_id, variant, criterion, corruption, severity, avg(value) / avg(clean) AS ratio
    FROM seen WHERE single <> ''
   GROUP BY sweep_id, variant, criterion, corruption, severity
)
SELECT w.name AS sweep, s.variant, s.method, s.label, s.criterion, j.seed, s.job, s.epoch,
       s.corruption, s.severity, s.value, s.clean, b.ratio AS base,
       CASE s.higher WHEN 1 THEN -1.0 ELSE 1.0 END * (s.value / s.clean - b.ratio) AS delta
  FROM seen s
  JOIN single_task b ON b.sweep_id = s.sweep_id AND b.variant = s.variant
   AND b.criterion = s.criterion AND b.corruption = s.corruption AND b.severity = s.severity
  JOIN sweep w ON w.id = s.sweep_id
  JOIN job j ON j.id = s.job
 WHERE s.single = ''
 ORDER BY w.id, s.variant, s.position, s.criterion_position, j.seed, s.corruption, s.severity;

-- The same, averaged over corruptions and severities: delta of each criterion, mean and
-- sample standard deviation over the seeds whose winners have figures.
CREATE VIEW robustness AS
WITH
seed AS (
  SELECT sweep, variant, method, label, criterion, job, avg(delta) AS delta,
         count(DISTINCT corruption) AS corruptions
    FROM corruption_delta
   GROUP BY sweep, variant, method, label, criterion, job
),
centred AS (
  SELECT *, avg(delta) OVER (PARTITION BY sweep, variant, label, criterion) AS mean FROM seed
),
figures AS (
  SELECT sweep, variant, method, label, criterion, count(*) AS seeds,
         max(corruptions) AS corruptions, max(mean) AS delta,
         CASE WHEN count(*) > 1 THEN
           sqrt(sum((delta - mean) * (delta - mean)) / (count(*) - 1)) END AS delta_std
    FROM centred
   GROUP BY sweep, variant, label, criterion
)
SELECT f.sweep, f.variant, f.method, f.label, f.criterion, f.seeds, f.corruptions,
       f.delta, f.delta_std
  FROM figures f
  JOIN sweep w ON w.name = f.sweep
  JOIN variant v ON v.sweep = w.id AND v.variant = f.variant
  JOIN criterion c ON c.sweep = w.id AND c.variant = f.variant AND c.criterion = f.criterion
  JOIN (SELECT sweep, variant, label, min(position) AS position FROM stage
         WHERE stage = 'final' GROUP BY sweep, variant, label) t
    ON t.sweep = w.id AND t.variant = f.variant AND t.label = f.label
 ORDER BY w.id, v.position, t.position, f.label, c.position;

-- Why the search went as it did: every stop and every choice with what it was made from.
-- The configuration is that of its first job; config -1: none was worth choosing. stale: the
-- rows were replaced afterwards by a trainer that is not deterministic.
CREATE VIEW decisions AS
SELECT w.name AS sweep, t.variant, t.label, t.task, t.stage, t.phase, d.kind, d.epoch AS rung,
       d.config, j.lr, j.wd, j.temperature, j.weights, d.rule, d.figure, d.reason, d.digest, d.stale
  FROM sweep w
  CROSS JOIN stage t ON t.sweep = w.id
  CROSS JOIN decision d ON d.stage = t.id
  LEFT JOIN (SELECT stage, config, min(job) AS job FROM stage_job GROUP BY stage, config) p
    ON p.stage = d.stage AND p.config = d.config
  LEFT JOIN job j ON j.id = p.job
 ORDER BY w.id, t.id, d.epoch, d.kind DESC, d.config;

-- The auxiliary block of the main table: a row per variant and listed method that knows
-- a primary task. delta_m of a seed is the mean of what the method reached for each task
-- that it had as primary, weighed as select.average says (a share a criterion, or a task);
-- mean and std are over the seeds that ended well for every one of them. lr, wd, T and
-- weights where all primaries chose the same; tried, epoch: sum and mean over primaries.
CREATE VIEW auxiliary AS
WITH
part AS (
  SELECT p.sweep AS sweep_id, p.variant, p.listed, p.label, p.task, p.position,
         CASE w.average WHEN 'tasks' THEN 1.0
           ELSE (SELECT count(*) FROM criterion c WHERE c.sweep = p.sweep
                    AND c.variant = p.variant AND c.task = p.task AND c.counts) END AS share
    FROM entry_primary p
    JOIN sweep w ON w.id = p.sweep
   WHERE p.auxiliary
),
seed AS (
  SELECT p.sweep_id, p.variant, p.listed, r.seed, count(*) AS parts,
         sum(p.share * r.delta_m) / sum(p.share) AS delta_m,
         sum(p.share * r.val_delta_m) / sum(p.share) AS val_delta_m
    FROM part p
    JOIN job_result r ON r.sweep_id = p.sweep_id AND r.variant = p.variant
     AND r.label = p.label AND r.stage = 'final' AND r.state = 'done'
   GROUP BY p.sweep_id, p.variant, p.listed, r.seed
),
complete AS (
  SELECT s.*, avg(delta_m) OVER entry AS mean, avg(val_delta_m) OVER entry AS val_mean
    FROM seed s
   WHERE s.parts = (SELECT count(*) FROM part p WHERE p.sweep_id = s.sweep_id
                       AND p.variant = s.variant AND p.listed = s.listed)
  WINDOW entry AS (PARTITION BY sweep_id, variant, listed)
),
figures AS (
  SELECT sweep_id, variant, listed, count(*) AS seeds_done,
         max(mean) AS delta_m, max(val_mean) AS val_delta_m,
         CASE WHEN count(*) > 1 THEN
           sqrt(sum((delta_m - mean) * (delta_m - mean)) / (count(*) - 1)) END AS delta_m_std,
         CASE WHEN count(*) > 1 THEN
           sqrt(sum((val_delta_m - val_mean) * (val_delta_m - val_mean)) / (count(*) - 1))
           END AS val_delta_m_std
    FROM complete
   GROUP BY sweep_id, variant, listed
),
searched AS (
  SELECT p.sweep_id, p.variant, p.listed, min(p.position) AS position, max(b.method) AS method,
         CASE WHEN min(b.lr) = max(b.lr) THEN min(b.lr) END AS lr,
         CASE WHEN min(b.wd) = max(b.wd) THEN min(b.wd) END AS wd,
         CASE WHEN min(b.temperature) = max(b.temperature) THEN min(b.temperature) END
           AS temperature,
         CASE WHEN min(b.weights) = max(b.weights) THEN min(b.weights) END AS weights,
         sum(b.tried) AS tried, min(b.seeds) AS seeds, avg(b.epoch) AS epoch,
         CASE WHEN count(DISTINCT b.hyper) = 1 AND count(b.hyper) = count(*) THEN min(b.hyper)
           ELSE group_concat(p.task || ': ' || b.hyper, ', ') END AS hyper
    FROM part p
    JOIN sweep w ON w.id = p.sweep_id
    JOIN benchmark b ON b.sweep = w.name AND b.variant = p.variant AND b.label = p.label
   GROUP BY p.sweep_id, p.variant, p.listed
)
SELECT w.name AS sweep, s.variant, s.method, s.listed AS label, s.lr, s.wd, s.temperature,
       s.weights, s.tried, s.seeds, s.epoch, f.delta_m, f.delta_m_std, f.val_delta_m,
       f.val_delta_m_std, coalesce(f.seeds_done, 0) AS seeds_done, s.hyper
  FROM searched s
  JOIN sweep w ON w.id = s.sweep_id
  JOIN variant v ON v.sweep = s.sweep_id AND v.variant = s.variant
  LEFT JOIN figures f ON f.sweep_id = s.sweep_id AND f.variant = s.variant
   AND f.listed = s.listed
 ORDER BY w.id, v.position, s.position;

-- The same per criterion: each from the runs that had its task as primary; with one
-- primary task for the whole sweep all criteria of those runs.
CREATE VIEW auxiliary_criterion AS
SELECT b.sweep, b.variant, b.method, p.listed AS label, b.criterion, b.value, b.std,
       b.val_value, b.val_std
  FROM benchmark_criterion b
  JOIN sweep w ON w.name = b.sweep
  JOIN entry_primary p ON p.sweep = w.id AND p.variant = b.variant AND p.label = b.label
  JOIN criterion c ON c.sweep = w.id AND c.variant = b.variant AND c.criterion = b.criterion
 WHERE p.auxiliary AND (p.task = c.task OR p.label = p.listed)
 ORDER BY w.id, b.variant, p.position, c.position;

-- What training an entry costs: seconds of an epoch, evaluation included, over the segments
-- that ended well, and passes of one step of the first epoch (forward through the network,
-- backward through a head and through the trunk). stl: one network of one task. cpu_seconds,
-- peak_bytes: the sum and the most over all attempts, those that failed or evaluated included.
CREATE VIEW training_cost AS
WITH
entry AS (
  SELECT DISTINCT t.sweep, t.variant, t.position, t.label, t.method, m.job
    FROM stage t
    JOIN stage_job m ON m.stage = t.id
),
spent AS (
  SELECT job, sum(stop_epoch - start_epoch) AS epochs, sum(seconds) AS seconds
    FROM attempt
   WHERE kind = 'train' AND outcome = 'done' AND seconds > 0
   GROUP BY job
),
used AS (
  SELECT job, sum(cpu_seconds) AS cpu_seconds, max(peak_bytes) AS peak_bytes FROM attempt GROUP BY job
)
SELECT w.name AS sweep, n.variant, n.method, n.label, count(*) AS jobs,
       sum(s.epochs) AS epochs, sum(s.seconds) AS seconds,
       sum(s.seconds) / sum(s.epochs) AS seconds_per_epoch,
       avg(f.value) AS forward_passes, avg(h.value) AS head_passes,
       avg(b.value) AS trunk_passes, sum(u.cpu_seconds) AS cpu_seconds, max(u.peak_bytes) AS peak_bytes
  FROM entry n
  JOIN sweep w ON w.id = n.sweep
  JOIN variant v ON v.sweep = n.sweep AND v.variant = n.variant
  LEFT JOIN spent s ON s.job = n.job
  LEFT JOIN used u ON u.job = n.job
  LEFT JOIN metric f ON f.job = n.job AND f.epoch = 1 AND f.split = 'cost'
   AND f.task = '' AND f.name = 'forward_passes'
  LEFT JOIN metric h ON h.job = n.job AND h.epoch = 1 AND h.split = 'cost'
   AND h.task = '' AND h.name = 'head_passes'
  LEFT JOIN metric b ON b.job = n.job AND b.epoch = 1 AND b.split = 'cost'
   AND b.task = '' AND b.name = 'trunk_passes'
 GROUP BY w.id, n.variant, n.label
 ORDER BY w.id, v.position, min(n.position), n.label;

-- What diagnose.gradients measured, a row per figure of an epoch: mean, standard deviation,
-- 2.5 and 97.5 percentiles. kind: between_tasks (pairs of tasks on one sample; no task),
-- between_samples (pairs of samples of a task), signs (shares of the coordinates of one
-- task's gradient on one sample that are positive, negative and zero), magnitude (lengths of
-- gradient and update of the trunk, no task, and of each head). pairs: with a positive, a
-- negative cosine; cosine_of_positive and cosine_of_negative are over these pairs alone.
CREATE VIEW gradient_diagnostics AS
SELECT w.name AS sweep, j.id AS job, j.method, j.lr, j.wd, j.temperature, j.weights, j.seed, m.epoch,
       m.split AS kind, m.task, substr(m.name, 1, length(m.name) - 5) AS figure,
       m.value AS mean, s.value AS std, l.value AS p2_5, h.value AS p97_5,
       p.value AS positive_pairs, n.value AS negative_pairs
  FROM sweep w
  CROSS JOIN (SELECT DISTINCT sweep, job FROM stage_job) x ON x.sweep = w.id
  CROSS JOIN job_param d ON d.job = x.job AND d.name = 'diagnose.gradients.every'
  CROSS JOIN job j ON j.id = x.job
  CROSS JOIN metric m ON m.job = j.id AND m.name LIKE '%\_mean' ESCAPE '\'
   AND m.split IN ('between_tasks', 'between_samples', 'signs', 'magnitude')
  JOIN metric s ON s.job = m.job AND s.epoch = m.epoch AND s.split = m.split
   AND s.task = m.task AND s.name = substr(m.name, 1, length(m.name) - 4) || 'std'
  JOIN metric l ON l.job = m.job AND l.epoch = m.epoch AND l.split = m.split
   AND l.task = m.task AND l.name = substr(m.name, 1, length(m.name) - 4) || 'p2.5'
  JOIN metric h ON h.job = m.job AND h.epoch = m.epoch AND h.split = m.split
   AND h.task = m.task AND h.name = substr(m.name, 1, length(m.name) - 4) || 'p97.5'
  LEFT JOIN metric p ON m.name = 'cosine_mean' AND p.job = m.job AND p.epoch = m.epoch
   AND p.split = m.split AND p.task = m.task AND p.name = 'positive_pairs'
  LEFT JOIN metric n ON m.name = 'cosine_mean' AND n.job = m.job AND n.epoch = m.epoch
   AND n.split = m.split AND n.task = m.task AND n.name = 'negative_pairs'
 ORDER BY w.id, j.id, m.epoch, m.split DESC, m.task;
