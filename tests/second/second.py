"""A second computation of what deltam answers.

usage: second.py DELTAM PAGE DATABASE LAYOUTS [AUDITED SWEEP] TOYS

LAYOUTS is a database with sweeps that have much to lay out; of these, tables alone are
asked for. AUDITED is what `deltam audit` made of SWEEP, TOYS what `deltam toy` wrote.

With SciPy (Debian's python3-scipy) the statistics of tables, too: statistics_again.py.
Reads the rows of the tables (metric and task_weight for figures; sweep, stage, job and
their like for what belongs to what), never a view, and computes in plain Python what
the rows of `score` and `baseline`, the choices, the queries of docs/SQL.md, `deltam table`,
`deltam pareto`, the layouts of tables (layouts_again.py), `deltam plot --data` (plots_again.py)
and `deltam audit` say. Every query is asked of every sweep and variant of every database, without its rounding; numbers
must agree to 1e-9. Written from the definitions of docs/, not from the views.

The last line is `second: N passed, N failed`.
"""
import json
import math
import re
import sqlite3
import statistics
import subprocess
import sys
from collections import defaultdict

import layouts_again
import plots_again

TOLERANCE = 1e-9


def mean(values):
    values = list(values)
    return math.fsum(values) / len(values) if values else None


def deviation(values):
    values = list(values)
    return statistics.stdev(values) if len(values) > 1 else None


def unrounded(sql):
    """round(X, n) becomes (X)."""
    while (at := sql.find("round(")) >= 0:
        depth, comma = 1, None
        for i in range(at + 6, len(sql)):
            depth += {"(": 1, ")": -1}.get(sql[i], 0)
            if depth == 1 and sql[i] == ",":
                comma = i
            if depth == 0:
                sql = sql[:at] + "(" + sql[at + 6:comma] + ")" + sql[i + 1:]
                break
    return sql


def alike(a, b):
    if isinstance(a, float) or isinstance(b, float):
        return (isinstance(a, (int, float)) and isinstance(b, (int, float))
                and math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE))
    return a == b


def in_order(rows):
    """Rows as a set: text first, then numbers to six digits."""
    return sorted(rows, key=lambda row: [("", f"{x:.6e}") if isinstance(x, (int, float))
                                         else ("", str(x)) for x in row])


class Job:
    def __init__(self, row):
        self.__dict__.update(row)
        self.metric = defaultdict(lambda: defaultdict(dict))  # epoch, split: (task, name)
        self.weight = defaultdict(dict)  # epoch: task -> row
        self.param = {}
        self.attempt = []

    def words(self):
        text = f"lr {self.lr:.10g}"
        if self.wd:
            text += f" wd {self.wd:.10g}"
        if self.temperature is not None:
            text += f" T {self.temperature:.10g}"
        if self.weights is not None:
            text += f" weights {self.weights}"
        return f"{text} seed {self.seed}"

    def epochs_seen(self, split="val"):
        return [e for e in sorted(self.metric) if self.metric[e].get(split)]

    def figure(self, epoch, split, task, name):
        return self.metric[epoch][split].get((task, name))


class Member:
    """One job in one stage, with what the protocol makes of its rows."""

    def __init__(self, variant, stage, job, config, state, target):
        self.variant, self.stage, self.job = variant, stage, job
        self.config, self.state, self.target = config, state, target
        self.__dict__.update({k: getattr(job, k) for k in
                              ("lr", "wd", "temperature", "weights", "seed")})
        self.label, self.step = stage.label, stage.stage

    def run(self):
        return f"{self.stage.name()} {self.job.words()}"

    def epoch(self):
        """The one that the rule takes; None: the mean of the last ten."""
        v = self.variant
        if v.sweep.select_epoch != "best":
            return None
        if self.step == "baseline":
            return v.lowest_loss(self.job, self.stage.task)
        return v.lowest(self.job)

    def delta_m(self, split):
        v = self.variant
        if self.step == "baseline" or not v.base:
            return None
        return v.by_rule(lambda e: v.delta_m(self.job, e, split), self.job, self.epoch())

    def criterion(self, c, split):
        return self.variant.by_rule(
            lambda e: self.job.figure(e, split, c.task, c.name), self.job, self.epoch())


class Stage:
    def __init__(self, row):
        self.__dict__.update(row)

    def name(self):
        text = f"{self.variant}: {self.label}" if self.variant else self.label
        return f"{text} {self.task}" if self.task else text


class Criterion:
    def __init__(self, row):
        self.__dict__.update(row)


class Sweep:
    def __init__(self, row):
        self.__dict__.update(row)


class Variant:
    def __init__(self, sweep, name, position, criteria, stages, members):
        self.sweep, self.name, self.position = sweep, name, position
        self.criteria = criteria
        self.stages = stages
        self.members = [Member(self, s, *m) for s in stages for m in members[s.id]]
        self.best, self.lowest_losses = {}, {}
        self.base = {}
        self.base_std = {}
        self.read_base()

    def by_rule(self, figure, job, epoch):
        if self.sweep.select_epoch == "best":
            return figure(epoch) if epoch is not None else None
        last = [e for e in job.epochs_seen("test") if e > job.epochs - 10]
        values = [figure(e) for e in last]
        return mean(x for x in values if x is not None)

    def lowest_loss(self, job, task):
        epochs = [e for e in job.epochs_seen()
                  if job.figure(e, "val", task, "loss") is not None]
        return min(epochs, key=lambda e: (job.figure(e, "val", task, "loss"), e), default=None)

    def read_base(self):
        for split in ("val", "test"):
            for c in self.criteria:
                values = [m.criterion(c, split) for m in self.members
                          if m.step == "baseline" and m.stage.phase == "final"
                          and m.stage.task == c.task and m.state == "done"]
                if not values:
                    self.base = {}
                    return
                self.base[split, c.criterion] = mean(values)
                self.base_std[split, c.criterion] = deviation(values)

    def delta_m(self, job, epoch, split):
        changes = defaultdict(list)
        for c in self.criteria:
            value = job.figure(epoch, split, c.task, c.name)
            if value is None:
                return None
            base = self.base[split, c.criterion]
            change = 100 * (value - base) / abs(base) * (-1 if c.higher else 1)
            changes[c.task if self.sweep.average == "tasks" else ""].append(change)
        return mean(mean(x) for x in changes.values())

    def lowest(self, job):
        if job.id not in self.best:
            self.best[job.id] = min(
                job.epochs_seen(), default=None,
                key=lambda e: (self.delta_m(job, e, "val"), e)) if self.base else None
        return self.best[job.id]

    def labels(self):
        seen = {}
        for s in sorted(self.stages, key=lambda s: (s.position, s.id)):
            if s.stage != "baseline":
                seen.setdefault(s.label, s)
        return seen

    def steps(self, *steps):
        return [m for m in self.members if m.step in steps]

    def search(self):
        return self.steps("tune", "refine", "wd")

    def final(self, label, state="done"):
        return [m for m in self.steps("final") if m.label == label
                and (state is None or m.state == state)]

    def runs(self):
        """The first membership of each job under each label."""
        first = {}
        for m in self.members:
            key = (m.label, m.job.id)
            if key not in first or m.stage.id < first[key].stage.id:
                first[key] = m
        return list(first.values())

    def configurations(self):
        """(stage, config): members, of everything but the baseline."""
        groups = defaultdict(list)
        for m in self.members:
            if m.step != "baseline":
                groups[m.stage.id, m.config].append(m)
        out = []
        for (stage, config), members in sorted(groups.items()):
            well = [m for m in members if m.state not in ("diverged", "failed")]
            out.append({
                "stage_id": stage, "config": config, "members": members, "first": members[0],
                "label": members[0].label, "step": members[0].step,
                "lr": members[0].lr, "wd": members[0].wd,
                "stopped": int(any(m.state == "stopped" for m in members)),
                "val": mean(m.delta_m("val") for m in well),
                "test": mean(m.delta_m("test") for m in well)})
        return out


def sortable(value):
    return -math.inf if value is None else value


class Answers:
    """What each query of the page should say of one variant, by its number."""

    def __init__(self, database, v):
        self.d, self.v = database, v

    def tried(self, label):
        jobs = {m.job.id for m in self.v.search() if m.label == label}
        seeds = {m.seed for m in self.v.search() if m.label == label}
        if jobs:
            return len(jobs) // len(seeds)
        return int(bool(self.v.final(label, None)))

    def baseline_row(self):
        v = self.v
        finals = [m for m in v.members if m.step == "baseline" and m.stage.phase == "final"]
        if not v.base:
            return None
        searched = defaultdict(list)
        for m in v.members:
            if m.step == "baseline" and m.stage.phase != "final":
                searched[m.stage.task].append(m)
        tried = max((len({m.job.id for m in s}) // len({m.seed for m in s})
                     for s in searched.values()), default=1)
        row = {"label": "stl", "tried": tried, "seeds": len({m.seed for m in finals}),
               "temperature": None, "weights": None, "hyper": None,
               "delta_m": 0.0, "delta_m_std": None,
               "val_delta_m": 0.0, "epoch": mean(m.epoch() for m in finals)
               if v.sweep.select_epoch == "best" else None}
        for k in ("lr", "wd"):
            values = {getattr(m, k) for m in finals}
            row[k] = values.pop() if len(values) == 1 else None
        row["seeds_done"] = min(
            sum(m.state == "done" and m.stage.task == t for m in finals)
            for t in {c.task for c in v.criteria})
        for c in v.criteria:
            row[c.criterion] = v.base["test", c.criterion]
            row[c.criterion + "_std"] = v.base_std["test", c.criterion]
        return row

    def hyper(self, label, finals):
        """What was searched and has no column of its own, as it was chosen."""
        searched = [m.job for m in self.v.search() if m.label == label]
        if not finals or len({j.hyper or "" for j in searched}) < 2:
            return None
        job = max((m.job for m in finals), key=lambda j: j.id)
        shown = {"lr", "wd", "seed", "primary"}
        shown |= {"T"} if job.temperature is not None else set()
        shown |= {"weights"} if job.weights is not None else set()
        words = [f"{k} {v:.10g}" if isinstance(v, (int, float)) else f"{k} {v}"
                 for k, v in sorted(job.param.items())
                 if k not in shown and any(j.param.get(k, v) != v for j in searched)]
        return " ".join(words) or None

    def method_row(self, label):
        everyone, well = self.v.final(label, None), self.v.final(label)
        values = [m.delta_m("test") for m in well]
        row = {"label": label, "tried": self.tried(label), "seeds": len(everyone),
               "seeds_done": len(well), "delta_m": mean(values), "delta_m_std": deviation(values),
               "val_delta_m": mean(m.delta_m("val") for m in well),
               "epoch": mean(m.epoch() for m in well)
               if self.v.sweep.select_epoch == "best" else None}
        for k in ("lr", "wd", "temperature", "weights"):
            row[k] = getattr(everyone[0], k) if everyone else None
        row["hyper"] = self.hyper(label, everyone)
        for c in self.v.criteria:
            figures = [m.criterion(c, "test") for m in well]
            row[c.criterion], row[c.criterion + "_std"] = mean(figures), deviation(figures)
        return row

    def table(self):
        base = self.baseline_row()
        return ([base] if base else []) + [self.method_row(x) for x in self.v.labels()]

    def q1(self):
        return [(r["label"], r["lr"], r["temperature"], r["weights"], r["tried"],
                 f"{r['seeds_done']}/{r['seeds']}", r["delta_m"], r["delta_m_std"])
                for r in self.table()]

    def criteria(self):
        """label, criterion, value, std on test rows."""
        v = self.v
        for c in v.criteria:
            if v.base:
                yield ("stl", c, v.base["test", c.criterion], v.base_std["test", c.criterion])
        for label in v.labels():
            well = v.final(label)
            for c in v.criteria:
                values = [m.criterion(c, "test") for m in well]
                if well:
                    yield label, c, mean(values), deviation(values)

    def q2(self):
        return [(label, c.criterion, value, std) for label, c, value, std in self.criteria()]

    def q3(self):
        return [(label, c.criterion, 100 * (-1 if c.higher else 1)
                 * (value - self.v.base["test", c.criterion]) / self.v.base["test", c.criterion])
                for label, c, value, _ in self.criteria() if label != "stl"]

    @staticmethod
    def dominates(a, b):
        return all(x <= y for x, y in zip(a, b)) and any(x < y for x, y in zip(a, b))

    def q4(self):
        cost, delta = defaultdict(list), {r[0]: r[6] for r in self.q1()}
        for label, c, value, _ in self.criteria():
            if label != "stl":
                cost[label].append(-value if c.higher else value)
        return [(label, delta[label]) for label, a in cost.items()
                if not any(self.dominates(b, a) for b in cost.values())]

    def best_by(self, key):
        """The best configuration of the search for each value of key."""
        groups = defaultdict(list)
        for c in self.v.configurations():
            if c["step"] != "final" and c["val"] is not None and key(c) is not None:
                groups[c["label"], key(c)].append(c)
        return {k: min(g, key=lambda c: (c["val"], c["stopped"], c["lr"], c["wd"]))
                for k, g in groups.items()}

    def q5(self):
        return [(label, t, c["lr"], c["val"], c["stopped"]) for (label, t), c in
                self.best_by(lambda c: c["first"].temperature).items()]

    def q6(self):
        groups = defaultdict(list)
        for m in self.v.runs():
            if m.temperature is not None:
                for tasks in m.job.weight.values():
                    for task, w in tasks.items():
                        groups[m.label, m.temperature, task].append(w["weight_mean"])
        return [(*k, mean(g)) for k, g in groups.items()]

    def q7(self):
        return [(label, lr, c["val"], c["stopped"]) for (label, lr), c in
                self.best_by(lambda c: c["lr"]).items()]

    def q8(self):
        return [(c["label"], c["step"], c["lr"], c["first"].temperature, c["first"].weights,
                 c["stopped"], c["val"]) for c in self.v.configurations() if c["step"] != "final"]

    def q9(self):
        groups = defaultdict(list)
        for c in self.v.configurations():
            if c["step"] == "tune" and not c["stopped"]:
                groups[c["label"]].append(c)
        rows = []
        for label, g in groups.items():
            lowest = min((c["test"] for c in g if c["test"] is not None), default=None)
            first = min(sortable(c["val"]) for c in g)
            for c in g:
                if sortable(c["val"]) == first:
                    rows.append((label, None if c["test"] is None else c["test"] - lowest))
        return rows

    def q11(self):
        v, rows = self.v, []
        for m in v.runs():
            if m.step == "final":
                e = v.lowest(m.job)
                rows.append((m.job.id, m.run(), e, v.delta_m(m.job, e, "val"),
                             v.delta_m(m.job, e, "test")))
        return rows

    def q13(self):
        a = {m.seed: m.delta_m("test") for m in self.v.final("uw_so")}
        b = {m.seed: m.delta_m("test") for m in self.v.final("ew")}
        return [(s, a[s] - b[s]) for s in a if s in b]

    def q14(self):
        rows = []
        for m in self.v.members:
            if m.state in ("diverged", "failed"):
                trained = [a for a in m.job.attempt if a["kind"] == "train"]
                rows.append((m.run(), m.step, m.job.id, m.job.epochs_done, len(trained),
                             m.job.message))
        return rows

    def decided(self, kind):
        for s in self.v.stages:
            for x in self.d.decision[s.id]:
                if x["kind"] in kind:
                    first = min((m for m in self.v.members if m.stage.id == s.id
                                 and m.config == x["config"]), default=None,
                                key=lambda m: m.job.id)
                    yield s, first, x

    def q15(self):
        return [(s.label, s.stage, m.lr, m.temperature, m.weights, x["epoch"], x["rule"],
                 x["figure"], x["reason"]) for s, m, x in self.decided(("stop",))]

    def q16(self):
        jobs = {m.job.id: m.job for m in self.v.members if m.state == "stopped"}
        return [(len(jobs), sum(j.epochs - j.epochs_done for j in jobs.values()))]

    def q17(self):
        rows = []
        for s in self.v.stages:
            ms = [m for m in self.v.members if m.stage.id == s.id]
            rows.append((self.v.name, s.label, s.task, s.stage, s.phase, s.state, len(ms),
                         sum(m.state == "running" for m in ms),
                         sum(m.state == "done" for m in ms),
                         sum(min(m.job.epochs_done, m.job.epochs) for m in ms),
                         sum(m.job.epochs if m.state in ("pending", "running", "waiting")
                             else m.job.epochs_done for m in ms)))
        return rows

    def q18(self):
        groups = defaultdict(list)
        for m in self.v.runs():
            groups[m.label] += m.job.attempt
        return [(label, len(g), math.fsum(a["seconds"] for a in g if a["seconds"] is not None))
                for label, g in groups.items()]

    def q19(self):
        groups = defaultdict(set)
        for m in self.v.runs():
            if "T" in m.job.param:
                groups[m.label, m.job.param["T"]].add(m.job.id)
        return [(*k, len(g), min(g)) for k, g in groups.items()]

    def q20(self):
        return [(self.v.name, label, c.criterion, value)
                for label, c, value, _ in self.criteria()]

    def q21(self):
        rows, labels = [], defaultdict(dict)
        for m in self.v.members:
            labels[m.label][m.job.id] = m.job
        for label, jobs in labels.items():
            spent = [a for j in jobs.values() for a in j.attempt if a["kind"] == "train"
                     and a["outcome"] == "done" and a["seconds"] and a["seconds"] > 0]
            epochs = sum(a["stop_epoch"] - a["start_epoch"] for a in spent)
            seconds = math.fsum(a["seconds"] for a in spent)
            passes = [mean(x for j in jobs.values()
                           if (x := j.figure(1, "cost", "", n)) is not None)
                      for n in ("forward_passes", "head_passes", "trunk_passes")]
            rows.append((label, len(jobs), epochs or None, seconds / epochs if epochs else None,
                         *passes))
        return rows

    def q27(self):
        return [(s.label, s.stage, x["kind"], x["epoch"], m.lr if m else None, x["rule"],
                 x["figure"], x["digest"], x["reason"])
                for s, m, x in self.decided(("stop", "select"))]

    def q28(self):
        groups = defaultdict(list)
        for c in self.v.configurations():
            if c["step"] == "tune":
                groups[c["label"]].append(c)
        rows = []
        for label, g in groups.items():
            c = min(g, key=lambda c: (sortable(c["val"]), c["config"]))
            rows.append((label, c["lr"], c["first"].temperature, c["val"], c["stopped"]))
        return rows

    def q29(self):
        if self.v.sweep.select_epoch != "best":
            return []
        cost = {}
        for c in self.v.configurations():
            well = [m for m in c["members"] if m.state == "done"]
            if c["step"] == "final" and well:
                cost[c["label"], c["stage_id"], c["config"]] = [
                    (-1 if k.higher else 1) * mean(m.criterion(k, "test") for m in well)
                    for k in self.v.criteria]
        rows = defaultdict(lambda: [0, 0])
        for k, a in cost.items():
            rows[k[0]][0] += 1
            rows[k[0]][1] += not any(self.dominates(b, a) for b in cost.values())
        return [(label, *r) for label, r in rows.items()]

    def corrupted(self):
        """label, criterion, job, corruption, severity, value, clean, delta; of winners."""
        v, base, rows = self.v, defaultdict(list), []
        for s in v.stages:
            for w in self.d.winner[s.id]:
                job = self.d.job[w["job"]]
                for c in v.criteria:
                    clean = job.figure(w["epoch"], "test", c.task, c.name)
                    for (name, severity), figures in self.d.corrupted[job.id, w["epoch"]].items():
                        value = figures.get((c.task, c.name))
                        if value is None or name not in w["corruptions"].split():
                            continue
                        if s.task:
                            base[c.criterion, name, severity].append((value, clean))
                        else:
                            rows.append((s.label, c, job, name, severity, value, clean))
        for label, c, job, name, severity, value, clean in rows:
            pairs = base[c.criterion, name, severity]
            if pairs:
                ratio = mean(p[0] for p in pairs) / mean(p[1] for p in pairs)
                yield (label, c.criterion, job, name, severity, value, clean,
                       (-1 if c.higher else 1) * (value / clean - ratio))

    def q30(self):
        runs, names = defaultdict(list), defaultdict(set)
        for label, criterion, job, name, _, _, _, delta in self.corrupted():
            runs[label, criterion, job.id].append(delta)
            names[label, criterion].add(name)
        groups = defaultdict(list)
        for (label, criterion, _), deltas in runs.items():
            groups[label, criterion].append(mean(deltas))
        return [(*k, len(g), len(names[k]), mean(g), deviation(g)) for k, g in groups.items()]

    def q31(self):
        groups = defaultdict(list)
        for label, criterion, _, name, severity, value, clean, delta in self.corrupted():
            if label == "ew" and severity == 5:
                groups[name, criterion].append((value, clean, delta))
        return [(*k, *(mean(x) for x in zip(*g))) for k, g in groups.items()]

    def q33(self):
        rows = []
        for m in self.v.members:
            if m.stage.phase == "final" and m.state == "done":
                rows += [(m.label, m.seed, m.job.id, c.criterion, m.criterion(c, "test"),
                          m.criterion(c, "val")) for c in self.v.criteria
                         if m.stage.task in ("", c.task)]
        return rows

    def pairs(self):
        """label: differences to ew of the seeds that both have."""
        ew = {m.seed: m.delta_m("test") for m in self.v.final("ew")}
        rows = {label: [m.delta_m("test") - ew[m.seed] for m in self.v.final(label)
                        if m.seed in ew] for label in self.v.labels() if label != "ew"}
        return {label: d for label, d in rows.items() if d}

    def q34(self):
        return [(label, len(d), mean(d), deviation(d),
                 mean(d) / (deviation(d) / math.sqrt(len(d))) if deviation(d) else None)
                for label, d in self.pairs().items()]

    def q35(self):
        rows = []
        for label, d in self.pairs().items():
            size = [abs(x) for x in d if x]
            ranks = [(-1 if x < 0 else 1) * mean(i + 1 for i, y in enumerate(sorted(size))
                                                 if y == abs(x)) for x in d if x]
            for test, x in (("d", d), ("ranks", ranks)):
                sums = [abs(math.fsum(-y if bits >> i & 1 else y for i, y in enumerate(x)))
                        for bits in range(1 << len(x))]
                if x:
                    rows.append((label, test, len(x),
                                 mean(y >= sums[0] - 1e-9 for y in sums), 2.0 / len(sums)))
        return rows

    @staticmethod
    def results(variants):
        """(variant, label): Δm of the final runs."""
        rows = {(v.name, label): [m.delta_m("test") for m in v.final(label)]
                for v in variants for label in v.labels()}
        return {k: x for k, x in rows.items() if x}

    @classmethod
    def q36(cls, variants):
        rows = {k: mean(x) for k, x in cls.results(variants).items()}
        blocks = {v for v, _ in rows}
        everywhere = [x for x in {label for _, label in rows}
                      if all((v, x) in rows for v in blocks)]
        return [(x, len(blocks), mean(
            mean(i + 1 for i, y in enumerate(sorted(rows[v, z] for z in everywhere))
                 if y == rows[v, x]) for v in blocks)) for x in everywhere]

    @classmethod
    def q37(cls, variants):
        rows, shares = cls.results(variants), defaultdict(list)
        for (v, label), x in rows.items():
            if label != "ew" and (v, "ew") in rows:
                shares[label].append(mean((a < b) + 0.5 * (a == b)
                                          for a in x for b in rows[v, "ew"]))
        return [(label, len(x), mean(x)) for label, x in shares.items()]

    @classmethod
    def q38(cls, variants):
        d, sweep = variants[0].database, variants[0].sweep.id
        there = defaultdict(list)
        begun = defaultdict(list)
        for a in d.rows("attempt"):
            there[a["pilot"]].append(a["outcome"])
            if a["outcome"] is None:
                begun[a["pilot"]].append(a["pid"] is not None)
        return [(p["id"], p["launcher_job"],
                 "gone" if p["ended"] else "working" if p["began"] else "waiting", p["host"],
                 p["slots"], begun[p["id"]].count(True), begun[p["id"]].count(False),
                 sum(x in ("done", "diverged") for x in there[p["id"]]),
                 there[p["id"]].count("lost"), p["why"])
                for p in d.rows("pilot") if p["sweep"] == sweep]

    def q32(self):
        rows = []
        for s in self.v.stages:
            if s.label in ("stl", "ew"):
                for w in self.d.winner[s.id]:
                    job = self.d.job[w["job"]]
                    rows.append((f"{s.name()} {job.words()}", w["epoch"], w["state"],
                                 f"{job.identity}-{w['epoch']}.params"
                                 if w["save"] and w["state"] == "done" else None))
        return rows


# What concerns one job (10, 12, 22 to 25) is asked of some jobs of the variant.
class JobAnswers:
    def __init__(self, v, m):
        self.v, self.m, self.job = v, m, m.job

    def q10(self):
        return [(e, s, self.v.delta_m(self.job, e, s)) for e in self.job.epochs_seen()
                for s in ("val", "test")]

    def q12(self):
        return [(s, t, n, x) for s, figures in self.job.metric[2].items()
                for (t, n), x in figures.items()]

    def diagnosed(self, kind):
        if "diagnose.gradients.every" not in self.job.param:
            return
        for e in sorted(self.job.metric):
            figures = self.job.metric[e].get(kind, {})
            for (task, name), x in figures.items():
                if name.endswith("_mean"):
                    figure = name[:-5]
                    yield e, task, figure, x, lambda s, f=figures, t=task, g=figure: f.get(
                        (t, f"{g}_{s}")), lambda n, f=figures, t=task, g=figure: f.get(
                        (t, n)) if g == "cosine" else None

    def q22(self):
        return [(e, f, x, of("std"), of("p2.5"), of("p97.5"), pairs("positive_pairs"),
                 pairs("negative_pairs")) for e, _, f, x, of, pairs in
                self.diagnosed("between_tasks") if f in ("cosine", "conflicting_share")]

    def q23(self):
        return [(t, f, x, of("std"), pairs("positive_pairs"), pairs("negative_pairs"))
                for e, t, f, x, of, pairs in self.diagnosed("between_samples") if e == 3]

    def q24(self):
        return [(e, t or "trunk", f, x, of("std"))
                for e, t, f, x, of, _ in self.diagnosed("magnitude")]

    def q25(self):
        return [(self.job.method, self.job.temperature, e, t, w["weighted_loss_mean"],
                 w["weighted_loss_std"]) for e, tasks in self.job.weight.items()
                for t, w in tasks.items()]


class Database:
    def __init__(self, path):
        self.path = path
        self.db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        self.db.row_factory = sqlite3.Row
        self.job = {r["id"]: Job(r) for r in self.rows("job")}
        for r in self.rows("metric"):
            self.job[r["job"]].metric[r["epoch"]][r["split"]][r["task"], r["name"]] = r["value"]
        for r in self.rows("task_weight"):
            self.job[r["job"]].weight[r["epoch"]][r["task"]] = r
        for r in self.rows("job_param"):
            self.job[r["job"]].param[r["name"]] = r["value"]
        for r in self.rows("attempt"):
            self.job[r["job"]].attempt.append(r)
        self.decision, self.winner = defaultdict(list), defaultdict(list)
        self.corrupted = defaultdict(lambda: defaultdict(dict))
        for r in self.rows("decision"):
            self.decision[r["stage"]].append(r)
        for r in self.rows("winner"):
            self.winner[r["stage"]].append(r)
        for r in self.rows("corrupted"):
            self.corrupted[r["job"], r["epoch"]][r["corruption"], r["severity"]][
                r["task"], r["name"]] = r["value"]
        self.variants = list(self.read_variants())
        for v in self.variants:
            v.database = self
            v.siblings = [w for w in self.variants if w.sweep is v.sweep]

    def rows(self, table):
        return [dict(r) for r in self.db.execute(f"SELECT * FROM {table}")]

    def read_variants(self):
        members = defaultdict(list)
        for r in self.rows("stage_job"):
            members[r["stage"]].append(
                (self.job[r["job"]], r["config"], r["state"], r["target"]))
        stages = [Stage(r) for r in self.rows("stage")]
        criteria = sorted((Criterion(r) for r in self.rows("criterion")),
                          key=lambda c: c.position)
        for w in map(Sweep, self.rows("sweep")):
            for r in self.rows("variant"):
                if r["sweep"] == w.id:
                    def of(x):
                        return x.sweep == w.id and x.variant == r["variant"]
                    yield Variant(w, r["variant"], r["position"],
                                  [c for c in criteria if of(c)],
                                  [s for s in stages if of(s)], members)

    def ask(self, sql, v, job=None, other=None):
        sql = unrounded(sql)
        for name in ("small", "fixed"):
            sql = sql.replace(f"sweep = '{name}'", f"sweep = '{v.sweep.name}'")
            sql = sql.replace(f"name = '{name}'", f"name = '{v.sweep.name}'")
        sql = sql.replace("variant = ''", f"variant = '{v.name}'")
        if job:
            sql = re.sub(r"job = \d+", f"job = {job}", sql)
            sql = re.sub(r"job IN \(\d+, \d+\)", f"job IN ({job}, {job})", sql)
        return [tuple(r) for r in self.db.execute(sql)]


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def same(self, what, seen, expected):
        seen, expected = in_order(seen), in_order(expected)
        bad = next((i for i, (a, b) in enumerate(zip(seen, expected))
                    if len(a) != len(b) or not all(map(alike, a, b))), None)
        if bad is None and len(seen) == len(expected):
            self.passed += 1
            return
        self.failed += 1
        print(f"second: {what}: {len(seen)} rows, expected {len(expected)}")
        if bad is not None:
            print(f"    deltam {seen[bad]}\n    second {expected[bad]}")


def page_queries(path):
    text = open(path, encoding="utf-8").read()
    return {int(n): sql for n, sql in
            re.findall(r"\n## (\d+)\..*?```sql\n(.*?)```", text, flags=re.S)}


# 20 and 17 print every variant; 26 is about `deltam toy`, whose figures test_toy.c computes.
WHOLE_SWEEP = (17, 20)
ELSEWHERE = (26,)
ACROSS = (36, 37, 38)  # of all variants
OF_A_JOB = (10, 12, 22, 23, 24, 25)


def check_page(checks, database, queries):
    by_sweep = defaultdict(list)
    for v in database.variants:
        by_sweep[v.sweep.name].append(v)
    for n, sql in queries.items():
        if n in ELSEWHERE:
            continue
        for sweep, variants in by_sweep.items():
            what = f"{database.path}: query {n} of {sweep}"
            if n in WHOLE_SWEEP:
                expected = [r for v in variants for r in getattr(Answers(database, v), f"q{n}")()]
                checks.same(what, database.ask(sql, variants[0]), expected)
                continue
            if n in ACROSS:
                checks.same(what, database.ask(sql, variants[0]),
                            getattr(Answers, f"q{n}")(variants))
                continue
            for v in variants:
                if n in OF_A_JOB:
                    finals = [m for m in v.runs() if m.step == "final"]
                    for m in finals[:2] + finals[-1:]:
                        rows = database.ask(sql, v, m.job.id)
                        checks.same(f"{what} {v.name}, {m.run()}", rows,
                                    getattr(JobAnswers(v, m), f"q{n}")())
                elif not (n == 11 and v.sweep.select_epoch != "best"):
                    checks.same(f"{what} {v.name}", database.ask(sql, v),
                                getattr(Answers(database, v), f"q{n}")())


def check_rows(checks, database):
    """score and baseline, which deltam keeps as rows."""
    names = {v.sweep.id: v.sweep.name for v in database.variants}
    for sweep in names:
        mine = [v for v in database.variants if v.sweep.id == sweep]
        expected = {}
        for v in mine:
            for m in v.members:
                if m.step != "baseline":
                    for e in m.job.epochs_seen():
                        for s in ("val", "test"):
                            expected[m.job.id, e, s] = v.delta_m(m.job, e, s)
        seen = [(r["job"], r["epoch"], r["split"], r["delta_m"])
                for r in database.rows("score") if r["sweep"] == sweep]
        checks.same(f"{database.path}: score of {names[sweep]}", seen,
                    [(*k, x) for k, x in expected.items()])
        seen = [(r["variant"], r["split"], r["criterion"], r["value"], r["std"])
                for r in database.rows("baseline") if r["sweep"] == sweep]
        checks.same(f"{database.path}: baseline of {names[sweep]}", seen,
                    [(v.name, *k, x, v.base_std[k]) for v in mine for k, x in v.base.items()])


def said(deltam, database, sweep, *words):
    done = subprocess.run(
        [deltam, *words, "--db", database.path, *(["--sweep", sweep] if sweep else [])],
        capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"second: deltam {' '.join(words)}: {done.stderr}")
    return done.stdout


def check_table(checks, deltam, database):
    """Every column of both commands as JSON."""
    for sweep in sorted({v.sweep.name for v in database.variants}):
        variants = [v for v in database.variants if v.sweep.name == sweep]
        for command in ("table", "pareto"):
            rows = json.loads(said(deltam, database, sweep, command, "--format", "json"))
            seen = [(sweep, r["variant"], r["label"], k, x) for r in rows for k, x in r.items()
                    if k not in ("sweep", "variant", "method", "label")]
            expected = []
            for v in variants:
                a = Answers(database, v)
                front = [label for label, _ in a.q4()]
                expected += [(sweep, v.name, r["label"], k, x) for r in a.table()
                             if command == "table" or r["label"] in front
                             for k, x in r.items() if k != "label"]
            checks.same(f"{database.path}: deltam {command} of {sweep}", seen, expected)


def reached(v):
    """Epochs of each stage, a job at the first that wants it, as far as any of the sweep does."""
    everyone = [m for w in v.siblings for m in w.members]
    first, far = {}, defaultdict(int)
    for m in everyone:
        first[m.job.id] = min(first.get(m.job.id, m.stage.id), m.stage.id)
        far[m.job.id] = max(far[m.job.id], m.target if m.state == "stopped" else m.job.epochs)
    out = defaultdict(lambda: [0, 0])
    for job, stage in first.items():
        out[stage][0] += 1
        out[stage][1] += min(v.database.job[job].epochs_done, far[job])
    return out


def chosen(v, stage):
    """The configuration that a stage of a method chose; its figures on both splits."""
    best = None
    for c in v.configurations():
        if c["stage_id"] != stage.id or c["stopped"]:
            continue
        lowest = [v.delta_m(m.job, v.lowest(m.job), "val") if required(v, m) else math.inf
                  for m in c["members"]]
        if math.isfinite(sum(lowest)) and (best is None or mean(lowest) < best[0]):
            best = (mean(lowest), c)
    return best[1] if best else None


def check_choices(checks, database):
    for v in database.variants:
        for s in v.stages:
            if s.stage in ("tune", "refine", "wd") and s.state == "done":
                row = [x["config"] for x in database.decision[s.id] if x["kind"] == "select"]
                c = chosen(v, s)
                checks.same(f"{database.path}: choice of {s.name()} {s.stage}",
                            [tuple(row)], [(c["config"] if c else -1,)])


def audited(v, stage, reach):
    jobs, epochs = reach[stage.id]
    if stage.stage == "baseline":
        return jobs, epochs, None, None
    well = [m for m in v.members if m.stage.id == stage.id and m.state == "done"]
    if stage.stage != "final":
        c = chosen(v, stage)
        well = [m for m in well if c and m.config == c["config"]]
    return jobs, epochs, mean(m.delta_m("val") for m in well), mean(
        m.delta_m("test") for m in well)


def check_audit(checks, deltam, pruned, unpruned, sweep):
    rows = json.loads(said(deltam, pruned, sweep, "audit", "--format", "json", "--quiet"))
    expected = []
    for v in pruned.variants:
        if v.sweep.name != sweep:
            continue
        other = next(w for w in unpruned.variants if w.sweep.name == sweep and w.name == v.name)
        reach, all_reach = reached(v), reached(other)
        for s in v.stages:
            t = next(t for t in other.stages if (t.label, t.task, t.stage, t.phase)
                     == (s.label, s.task, s.stage, s.phase))
            _, epochs, val, test = audited(v, s, reach)
            jobs, all_epochs, all_val, all_test = audited(other, t, all_reach)
            expected.append((v.name, s.label, s.task, s.stage, s.phase, jobs, all_epochs, epochs,
                             100 * (all_epochs - epochs) / all_epochs, val, all_val,
                             None if val is None else val - all_val, test, all_test,
                             None if test is None else test - all_test))
    checks.same(f"{pruned.path}: deltam audit of {sweep}",
                [tuple(r.values()) for r in rows if r["phase"] is not None], expected)


def required(v, m):
    """Whether select.require, of a sweep file without comments in it, holds for a run."""
    limits = json.loads(re.sub("//.*", "", v.sweep.text)).get("select", {}).get("require", {})
    return m.state == "done" and all(
        limits[c.criterion].get("min", -math.inf) <= m.criterion(c, "val")
        <= limits[c.criterion].get("max", math.inf)
        for c in v.criteria if c.criterion in limits)


def count_runs(variants):
    """Rows of `pareto --counts runs`: a run is a job of the search, or a final one without it."""
    blocks, settings = defaultdict(list), {}
    for v in variants:
        for m in v.runs():
            searched = any(x.label == m.label for x in v.search())
            if m.state in ("done", "diverged") and m.step == "final" and not searched or (
                    m.step in ("tune", "refine", "wd") and m.state in ("done", "diverged")):
                cost = [(-1 if c.higher else 1) * m.criterion(c, "test") for c in v.criteria
                        ] if required(v, m) else None
                own = tuple(x for x in sorted(m.job.param.items())
                            if x[0].split(".")[0] in ("dataset", "model")
                            and x[0] not in ("dataset.name", "dataset.digest", "model.name"))
                key = (f"{m.job.dataset} {m.job.model}", m.job.param["dataset.digest"],
                       tuple(x for x in own if x[0].startswith("model.")))
                settings.setdefault(key, own)
                blocks[key].append((m.label, m.job.param["train.optimizer"], cost))
    for key, runs in blocks.items():
        rivals = [own for k, own in settings.items() if k[0] == key[0] and k != key]
        block = " ".join([key[0]] + [
            name.split(".", 1)[1] + "=" + str(value).replace(" ", ",")
            for name, value in settings[key] if any((name, value) not in x for x in rivals)])
        valid = [r for r in runs if r[2]]
        rows = [(label, optimizer, cost is None,
                 cost and not any(Answers.dominates(c, cost) for _, _, c in valid),
                 cost and not any(Answers.dominates(c, cost) for _, o, c in valid
                                  if o != optimizer)) for label, optimizer, cost in runs]
        optimizers = sorted({r[1] for r in rows})
        for label in sorted({r[0] for r in rows}) + ["all"]:
            for optimizer in (optimizers if len(optimizers) > 1 else []) + ["all"]:
                of = [r for r in rows if label in ("all", r[0]) and optimizer in ("all", r[1])]
                good = sum(not r[2] for r in of)
                best = sum(bool(r[3]) for r in of)
                if of:
                    yield (block, label, optimizer, good, best, 100 * best / good if good
                           else None, len(of) - good, sum(bool(r[4]) for r in of))


def check_counts(checks, deltam, database):
    for sweep in sorted({v.sweep.name for v in database.variants}):
        variants = [v for v in database.variants if v.sweep.name == sweep]
        if any(m.state == "stopped" for v in variants for m in v.members):
            continue  # refused: the counts would favour what was kept
        rows = json.loads(said(deltam, database, sweep, "pareto", "--counts", "runs",
                               "--format", "json"))
        checks.same(f"{database.path}: deltam pareto --counts runs of {sweep}",
                    [tuple(r.values()) for r in rows], list(count_runs(variants)))


def check_statistics(checks, deltam, database):
    try:
        import statistics_again
    except ImportError:
        print("second: statistics skipped: python3-scipy is not installed", file=sys.stderr)
        return
    statistics_again.check(checks, lambda *words: said(deltam, *words), database)


def main():
    if len(sys.argv) not in (6, 8):
        sys.exit(__doc__)
    deltam, page, path = sys.argv[1:4]
    checks = Checks()
    database = Database(path)
    for x in (database, Database(sys.argv[4])):
        check_rows(checks, x)
        check_choices(checks, x)
        check_table(checks, deltam, x)
        check_counts(checks, deltam, x)
        layouts_again.check(checks, lambda *words: said(deltam, *words), x,
                            lambda v: Answers(v.database, v), count_runs)
    check_page(checks, database, page_queries(page))
    check_statistics(checks, deltam, database)
    plots_again.check(checks, lambda *words: said(deltam, database, *words), database)
    toys = sys.argv[-1]
    plots_again.check_toys(
        checks, lambda *words: subprocess.run([deltam, *words, "--db", toys], check=True,
                                              capture_output=True, text=True).stdout,
        sqlite3.connect(f"file:{toys}?mode=ro", uri=True))
    if len(sys.argv) == 8:
        unpruned = Database(sys.argv[5])
        check_audit(checks, deltam, database, unpruned, sys.argv[6])
        check_counts(checks, deltam, unpruned)
    print(f"second: {checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
