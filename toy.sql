-- Small problems (`deltam toy`), in a database of their own: each run of the command replaces
-- the rows of its experiment. deltam-worker writes all tables. They are made unless they are
-- there, because older databases of results held them too and may be turned into this one.


-- The two-dimensional problem of CAGrad: one descent from one start.
CREATE TABLE IF NOT EXISTS toy_run (
  run           INTEGER PRIMARY KEY,
  method        TEXT NOT NULL,
  optimizer     TEXT NOT NULL,
  lr            REAL NOT NULL,
  start         INTEGER NOT NULL,          -- from 1
  x1            REAL NOT NULL,             -- where it begins
  x2            REAL NOT NULL,
  steps         INTEGER NOT NULL,          -- made
  outcome       TEXT NOT NULL CHECK (outcome IN ('reached', 'not reached', 'diverged'))
) STRICT;

-- Its trajectory: the steps with at most two significant digits, and the last.
CREATE TABLE IF NOT EXISTS toy_point (
  run           INTEGER NOT NULL REFERENCES toy_run(run),
  step          INTEGER NOT NULL,          -- 0: the start
  x1            REAL NOT NULL,
  x2            REAL NOT NULL,
  loss1         REAL NOT NULL,
  loss2         REAL NOT NULL,
  PRIMARY KEY (run, step)
) STRICT, WITHOUT ROWID;

-- The losses of that problem over a grid of places: what contours are drawn from.
CREATE TABLE IF NOT EXISTS toy_surface (
  x1            REAL NOT NULL,
  x2            REAL NOT NULL,
  loss1         REAL NOT NULL,
  loss2         REAL NOT NULL,
  PRIMARY KEY (x1, x2)
) STRICT, WITHOUT ROWID;

-- Scaled losses: lengths of gradients and updates, means over the steps of an epoch.
CREATE TABLE IF NOT EXISTS toy_scale (
  trunk         TEXT NOT NULL CHECK (trunk IN ('frozen', 'free')),
  method        TEXT NOT NULL,
  optimizer     TEXT NOT NULL,             -- sgd, adam, adam per task; with eps where it is not 1e-8
  scale1        REAL NOT NULL,             -- of the losses of task 1 and 2
  scale2        REAL NOT NULL,
  epoch         INTEGER NOT NULL,
  part          TEXT NOT NULL CHECK (part IN ('trunk', 'task1', 'task2')),
  gradient      REAL NOT NULL,
  step          REAL NOT NULL,             -- of the update
  PRIMARY KEY (trunk, method, optimizer, scale1, scale2, epoch, part)
) STRICT, WITHOUT ROWID;

-- Their training losses, means over an epoch.
CREATE TABLE IF NOT EXISTS toy_scale_loss (
  trunk         TEXT NOT NULL CHECK (trunk IN ('frozen', 'free')),
  method        TEXT NOT NULL,
  optimizer     TEXT NOT NULL,
  scale1        REAL NOT NULL,
  scale2        REAL NOT NULL,
  epoch         INTEGER NOT NULL,
  task          TEXT NOT NULL CHECK (task IN ('task1', 'task2')),
  loss          REAL NOT NULL,             -- as it is
  scaled        REAL NOT NULL,             -- as the optimizer sees it
  PRIMARY KEY (trunk, method, optimizer, scale1, scale2, epoch, task)
) STRICT, WITHOUT ROWID;

-- Learned noise: sigma after the last epoch, and the root mean squared errors then.
CREATE TABLE IF NOT EXISTS toy_sigma (
  noise         REAL NOT NULL,
  samples       INTEGER NOT NULL,
  width         INTEGER NOT NULL,          -- of both hidden layers
  sigma         REAL NOT NULL,
  train_error   REAL NOT NULL,
  test_error    REAL NOT NULL,
  PRIMARY KEY (noise, samples, width)
) STRICT, WITHOUT ROWID;

-- Views.

-- Iterations to the global minimum of CAGrad's problem: the most of the starts; NULL where
-- a start does not get there.
CREATE VIEW toy_iterations AS
SELECT optimizer, method, lr, count(*) AS starts,
       CASE WHEN min(outcome = 'reached') THEN max(steps) END AS iterations
  FROM toy_run
 GROUP BY optimizer, method, lr
 ORDER BY min(run);

-- Where each descent went.
CREATE VIEW toy_trajectory AS
SELECT r.optimizer, r.method, r.lr, r.start, p.step, p.x1, p.x2, p.loss1, p.loss2
  FROM toy_run r
  JOIN toy_point p ON p.run = r.run
 ORDER BY r.run, p.step;

-- Lengths with scaled losses over those with losses as they are.
CREATE VIEW toy_invariance AS
SELECT s.trunk, s.method, s.optimizer, s.scale1, s.scale2, s.part, s.epoch,
       s.gradient / p.gradient AS gradient_ratio, s.step / p.step AS step_ratio
  FROM toy_scale s
  JOIN toy_scale p ON p.trunk = s.trunk AND p.method = s.method
   AND p.optimizer = s.optimizer AND p.scale1 = 1 AND p.scale2 = 1
   AND p.epoch = s.epoch AND p.part = s.part
 WHERE s.scale1 <> 1 OR s.scale2 <> 1;
