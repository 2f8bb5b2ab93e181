"""The series of `deltam plot` once more, each from the rows of the tables alone.

A series is what `--data` prints: panel, series, perhaps a text, then numbers. Written from
docs/PLOTS.md, not from the programs that draw.
"""
import json
import math
import statistics


def mean(values):
    values = [x for x in values if x is not None]
    return math.fsum(values) / len(values) if values else None


def deviation(values):
    values = [x for x in values if x is not None]
    return statistics.stdev(values) if len(values) > 1 else None


def join(variant, name):
    return f"{variant}: {name}" if variant and name else variant or name


def search_best(v, key, ties):
    """The best configuration of the search for each key, by validation."""
    best = {}
    for c in v.configurations():
        if c["step"] == "final" or c["val"] is None or key(c) is None:
            continue
        place = (c["val"], c["stopped"]) + ties(c)
        if key(c) not in best or place < best[key(c)][0]:
            best[key(c)] = (place, c)
    return [c for _, c in best.values()]


def temperature_of(c):
    return c["first"].temperature


def temperature(variants):
    for v in variants:
        for c in search_best(v, lambda c: temperature_of(c) and (c["label"], temperature_of(c)),
                             lambda c: (c["lr"], c["wd"])):
            yield (v.name, c["label"], temperature_of(c), c["val"], c["test"], c["lr"], c["wd"],
                   len(c["members"]), c["stopped"])


def epochs(variants):
    for v in variants:
        for c in search_best(v, lambda c: temperature_of(c) and (c["label"], temperature_of(c)),
                             lambda c: (c["lr"], c["wd"])):
            jobs = {m.job.id: m.job for m in v.search() if m.label == c["label"]
                    and m.state not in ("diverged", "failed")
                    and (m.temperature, m.lr, m.wd) == (temperature_of(c), c["lr"], c["wd"])}
            seen = sorted({e for j in jobs.values() for e in j.epochs_seen()})
            for e in seen:
                values = [v.delta_m(j, e, "val") for j in jobs.values() if e in j.epochs_seen()]
                yield (join(v.name, c["label"]), f"T = {temperature_of(c):g}", e,
                       mean(values), deviation(values), len(values),
                       int(c["stopped"] and e == seen[-1]))


def over_epochs(v, label, figure):
    """epoch, mean, deviation and number of what figure says of final jobs."""
    jobs = [m.job for m in v.final(label)]
    for e in sorted({e for j in jobs for e in j.weight}):
        values = [x for x in (figure(j, e) for j in jobs) if x is not None]
        if values:
            yield e, mean(values), deviation(values), len(values)


def weights(variants):
    for v in variants:
        for task in sorted({c.task for c in v.criteria}):
            for label in v.labels():
                for row in over_epochs(v, label, lambda j, e: j.weight[e][task]["weight_mean"]):
                    yield (join(v.name, task), label) + row


def loss(variants):
    for v in variants:
        task = min(c.task for c in v.criteria)
        for what, figure in (
                ("train loss", lambda j, e: j.figure(e, "train", task, "loss")),
                ("test loss", lambda j, e: j.figure(e, "test", task, "loss")),
                ("share of weights", lambda j, e: j.weight[e][task]["weight_mean"]
                 / math.fsum(abs(w["weight_mean"]) for w in j.weight[e].values()))):
            for label in v.labels():
                for row in over_epochs(v, label, figure):
                    yield (join(v.name, f"{task} {what}"), label) + row


def lr(variants):
    for v in variants:
        for c in search_best(v, lambda c: (c["label"], c["lr"]),
                             lambda c: (c["wd"], c["config"])):
            yield (v.name, c["label"], c["lr"], c["test"], c["val"], c["wd"], temperature_of(c),
                   len(c["members"]), c["stopped"])


def heat(variants):
    for v in variants:
        for c in search_best(v, lambda c: (c["label"], c["lr"], c["wd"]),
                             lambda c: (c["config"],)):
            yield (join(v.name, c["label"]), c["label"], c["lr"], c["wd"], c["val"],
                   len(c["members"]), c["stopped"])


def area(points, signs):
    """What points better than (1, 1) dominate up to it, by summing rectangles of a grid."""
    costs = [tuple(s * x for s, x in zip(signs, p)) for p in points]
    corner = tuple(signs)
    costs = [c for c in costs if c[0] < corner[0] and c[1] < corner[1]]
    xs = sorted({c[0] for c in costs} | {corner[0]})
    return math.fsum((right - left) * (corner[1] - min(c[1] for c in costs if c[0] <= left))
                     for left, right in zip(xs, xs[1:]))


def pareto(variants):
    for v in variants:
        two = v.criteria[:2]
        signs = [-1 if c.higher else 1 for c in two]
        points = {label: [mean(m.criterion(c, "test") for m in v.final(label)) for c in two]
                  for label in v.labels() if v.final(label)}
        base = [v.base["test", c.criterion] for c in two]
        volume = area([[x / b for x, b in zip(p, base)] for p in points.values()], signs)

        def beaten(p):
            return any(all(s * x <= s * y for s, x, y in zip(signs, q, p)) and q != p
                       for q in points.values())
        for label, p in points.items():
            std = [deviation(m.criterion(c, "test") for m in v.final(label)) for c in two]
            yield (v.name, label, p[0], std[0], p[1], std[1], len(v.final(label)),
                   int(not beaten(p)), volume)
        seeds = min(sum(m.step == "baseline" and m.stage.phase == "final" and m.state == "done"
                        and m.stage.task == task for m in v.members)
                    for task in {c.task for c in v.criteria})
        yield (v.name, "stl", base[0], v.base_std["test", two[0].criterion], base[1],
               v.base_std["test", two[1].criterion], seeds, 0, volume)


def methods(variants):
    labels = []
    for v in variants:
        labels += [x for x in v.labels() if v.final(x) and x not in labels]
    for v in variants:
        for label in v.labels():
            values = [m.delta_m("test") for m in v.final(label)]
            if values:
                yield ("", v.name, label, labels.index(label), mean(values), deviation(values),
                       len(values))


def boxes(variants):
    for v in variants:
        for task in sorted({c.task for c in v.criteria}):
            for label in v.labels():
                x = sorted(w[task]["weighted_loss_std"] for m in v.final(label)
                           for w in m.job.weight.values())
                if x:
                    a, b, c = statistics.quantiles(x, n=4, method="inclusive")
                    far = 1.5 * (c - a)
                    yield (join(v.name, task), label, min(y for y in x if y >= a - far), a, b, c,
                           max(y for y in x if y <= c + far), len(x))


def gradients(variants):
    first = next((x for x in variants[0].labels() if variants[0].final(x)), None)
    for v in variants:
        jobs = [m.job for m in v.final(first)]
        for figure in ("cosine", "magnitude_similarity", "conflicting_share"):
            for kind in ("between_tasks", "between_samples"):
                places = {(task, e) for j in jobs for e in j.metric
                          for task, name in j.metric[e].get(kind, {}) if name == f"{figure}_mean"}
                for task, e in places:
                    of = [j for j in jobs if j.figure(e, kind, task, f"{figure}_mean") is not None]
                    yield (join(v.name, figure),
                           f"{first} between samples of {task}" if task
                           else f"{first} between tasks", e,
                           *(mean(j.figure(e, kind, task, f"{figure}_{x}") for j in of)
                             for x in ("mean", "std", "p2.5", "p97.5")), len(of))


def corruption(variants):
    for v in variants:
        def ratio(m, epoch, c, key):
            corrupted = v.database.corrupted[m.job.id, epoch].get(key, {}).get((c.task, c.name))
            return corrupted, m.job.figure(epoch, "test", c.task, c.name)
        won = [(m, w["epoch"]) for m in v.members
               for w in v.database.winner[m.stage.id] if w["job"] == m.job.id]
        for c in v.criteria:
            base = {}
            keys = sorted({k for m, e in won for k in v.database.corrupted[m.job.id, e]})
            for key in keys:
                pairs = [ratio(m, e, c, key) for m, e in won if m.stage.task == c.task]
                base[key] = mean(a for a, _ in pairs) / mean(b for _, b in pairs)
            for label in v.labels():
                for name in sorted({k[0] for k in keys}):
                    deltas = [(-1 if c.higher else 1) * (a / b - base[key])
                              for m, e in won if m.label == label
                              for key in keys if key[0] == name
                              for a, b in [ratio(m, e, c, key)]]
                    yield (join(v.name, label), c.criterion, name, mean(deltas), len(deltas))


def ranks(variants):
    """Nemenyi's difference by the table of Demsar 2006 (q at 0.05)."""
    q = {2: 1.959964, 3: 2.343701, 4: 2.569032, 5: 2.727774, 6: 2.849705}
    costs = [{x: mean(m.delta_m("test") for m in v.final(x)) for x in v.labels()}
             for v in variants]
    costs = [{x: y for x, y in c.items() if y is not None} for c in costs]
    costs = [c for c in costs if c]
    labels = [x for x in variants[0].labels() if all(x in c for c in costs)]
    n, k = len(costs), len(labels)
    if n > 1 and k > 1:
        for x in labels:
            places = [1 + sum(c[y] < c[x] for y in labels)
                      + sum(c[y] == c[x] for y in labels if y != x) / 2 for c in costs]
            yield "", x, mean(places), n, round(q[k] * math.sqrt(k * (k + 1) / (6 * n)), 3)


def progress(variants):
    """Of every stage the jobs of each state, the bars one behind the other."""
    order = ("done", "stopped", "diverged", "failed", "running", "waiting", "pending")
    for v in variants:
        labels = ["stl", *v.labels()]
        stages = sorted(v.stages, key=lambda s: (labels.index(s.label), s.task, s.id))
        for place, stage in enumerate(stages):
            members = [m for m in v.members if m.stage is stage]
            name = " ".join(x for x in (stage.label, stage.task, stage.phase) if x)
            trained = sum(min(m.job.epochs_done, m.job.epochs) for m in members)
            wanted = sum(m.job.epochs if m.state in ("pending", "running", "waiting")
                         else m.job.epochs_done for m in members)
            first = 0
            for state in order:
                n = sum(m.state == state for m in members)
                if n:
                    yield v.name, state, name, place, first, n, trained, wanted
                first += n


def best_of_weights(v, tasks):
    """The best configuration of the search for each label and text of that many weights."""
    return search_best(v, lambda c: (c["label"], c["first"].weights)
                       if c["first"].weights and len(c["first"].weights.split()) == tasks
                       else None, lambda c: (c["lr"], c["wd"], c["config"]))


def tasks_of(v):
    return list(dict.fromkeys(c.task for c in v.criteria))


def shares(c):
    w = [float(x) for x in c["first"].weights.split()]
    return [x / sum(w) for x in w]


def scalarization(variants):
    if len(tasks_of(variants[0])) != 2 or not any(best_of_weights(v, 2) for v in variants):
        return
    searched = {c["label"] for v in variants for c in best_of_weights(v, 2)}
    for v in variants:
        for criterion in (None, *v.criteria):
            panel = join(v.name, criterion.criterion if criterion else "delta_m")
            for c in best_of_weights(v, 2):
                share = shares(c)
                if criterion and share[tasks_of(v).index(criterion.task)] == 0:
                    continue
                well = [m for m in c["members"] if m.state not in ("diverged", "failed")]
                value = mean(m.criterion(criterion, "test") for m in well) if criterion else c["test"]
                yield (panel, c["label"], share[0], value, len(c["members"]), c["lr"], c["wd"],
                       c["stopped"])
            for label in v.labels():
                final = v.final(label)
                if final and label not in searched:
                    value = mean(m.criterion(criterion, "test") if criterion
                                 else m.delta_m("test") for m in final)
                    yield (panel, label, None, value, len(final), final[0].lr, final[0].wd, 0)
            if v.base:
                finals = [m for m in v.members
                          if m.step == "baseline" and m.stage.phase == "final"]
                lr, wd = ({m.lr for m in finals}, {m.wd for m in finals})
                yield (panel, "stl", None, v.base["test", criterion.criterion] if criterion else 0,
                       min(sum(m.state == "done" and m.stage.task == t for m in finals)
                           for t in tasks_of(v)),
                       lr.pop() if len(lr) == 1 else None, wd.pop() if len(wd) == 1 else None, 0)


def ternary(variants):
    if len(tasks_of(variants[0])) != 3:
        return
    for v in variants:
        for c in best_of_weights(v, 3):
            yield (join(v.name, c["label"]), c["label"], *shares(c), c["val"], c["test"],
                   len(c["members"]), c["lr"], c["wd"], c["stopped"])


def parallel(variants):
    """A run is a job of an entry, with what it reached at the epoch of the rule."""
    if variants[0].sweep.select_epoch != "best":
        return
    criteria = variants[0].criteria
    signs = [-1 if c.higher else 1 for c in criteria]
    runs = []
    for v in sorted(variants, key=lambda v: v.position):
        labels = list(v.labels())
        first = {}
        for m in v.members:
            key = (m.label, m.job.id)
            if m.step != "baseline" and m.state == "done" and (
                    key not in first or m.stage.id < first[key].stage.id):
                first[key] = m
        for m in sorted(first.values(), key=lambda m: (labels.index(m.label), m.stage.id, m.config,
                                                       m.seed, m.job.id)):
            point = [m.criterion(next(x for x in v.criteria if x.criterion == c.criterion), "test")
                     for c in criteria]
            if None not in point:
                runs.append((v, m, point))
    costs = [[s * x for s, x in zip(signs, point)] for _, _, point in runs]
    for i, (v, m, point) in enumerate(runs):
        beaten = any(all(a <= b for a, b in zip(other, costs[i])) and other != costs[i]
                     for other in costs)
        for axis, c in enumerate(criteria):
            best, worst = min(x[axis] for x in costs), max(x[axis] for x in costs)
            height = (worst - costs[i][axis]) / (worst - best) if worst > best else 0.5
            name = v.name if len({w.name for w, _, _ in runs}) > 1 else m.label
            yield "", name, c.criterion, i + 1, axis, point[axis], height, int(not beaten)


def ask(db, sql):
    return [tuple(r) for r in db.execute(sql)]


def trajectories(db):
    run = {r[0]: r[1:] for r in ask(db, "SELECT run, method, optimizer, lr, start, steps, outcome"
                                    " FROM toy_run")}
    points = {}
    for n, *point in ask(db, "SELECT run, step, x1, x2, loss1, loss2 FROM toy_point"):
        points.setdefault(n, []).append(point)
    rates = {}
    for n, (method, optimizer, lr, _, steps, outcome) in run.items():
        rates.setdefault((method, optimizer), {}).setdefault(lr, []).append(
            (outcome == "reached", steps, sum(max(points[n])[3:])))
    for n, (method, optimizer, lr, start, _, _) in run.items():
        def place(item):
            there = sum(x[0] for x in item[1])
            return (-there, max(x[1] for x in item[1]) if there else 0,
                    mean(x[2] for x in item[1]), item[0])
        if min(rates[method, optimizer].items(), key=place)[0] == lr:
            for step, x1, x2, a, b in points[n]:
                yield (f"{optimizer} {method} lr {lr:g}", f"start {start}", step, x1, x2, (a + b) / 2)
    for i in range(61):
        for k in range(61):
            x1, x2 = -12 + 0.4 * i, -12 + 0.4 * k
            yield "", "contours", None, x1, x2, cagrad_mean_loss(x1, x2)


def cagrad_mean_loss(x1, x2):
    """The two losses of Liu et al. 2021, their mean."""
    cut = 5e-6
    hill = [math.log(max(abs(u), cut)) + 6 for u in (
        0.5 * (-x1 - 7) - math.tanh(-x2), 0.5 * (-x1 + 3) + math.tanh(-x2) + 2)]
    bowl = [((-x1 + s) ** 2 + 0.1 * (-x2 - 8) ** 2) / 10 - 20 for s in (7, -7)]
    up, down = max(math.tanh(0.5 * x2), 0), max(math.tanh(-0.5 * x2), 0)
    return sum(up * h + down * b for h, b in zip(hill, bowl)) / 2


def invariance(db):
    for trunk, method, optimizer, a, b, epoch, task, loss, scaled in ask(db, "SELECT * FROM toy_scale_loss"):
        if (trunk, task) == ("frozen", "task1") and "eps" not in optimizer and b != 0.01:
            name = f"{method} {optimizer}, losses times {a:g}, {b:g}"
            yield f"frozen trunk: raw_loss of {task}", name, epoch, loss
            yield f"frozen trunk: scaled_loss of {task}", name, epoch, scaled
    for trunk, method, optimizer, a, b, epoch, part, *two in ask(db, "SELECT * FROM toy_scale"):
        if (trunk, part) == ("frozen", "task1") and "eps" not in optimizer and b != 0.01:
            for what, value in zip(("gradient", "update"), two):
                yield (f"frozen trunk: {what} of {part}",
                       f"{method} {optimizer}, losses times {a:g}, {b:g}", epoch, value)


def sigma(db):
    for noise, samples, width, *rest in ask(db, "SELECT * FROM toy_sigma"):
        yield f"{samples} samples", f"width {width}", noise, *rest


TOYS = {f.__name__: f for f in (trajectories, invariance, sigma)}


def check_toys(checks, said, db):
    for kind, again in TOYS.items():
        rows = json.loads(said("plot", kind, "--data", "--format", "json"))
        checks.same(f"deltam plot {kind}", [tuple(r.values()) for r in rows], list(again(db)))


ROUNDED = {"ranks"}  # the table of q has six digits
KINDS = {f.__name__: f for f in (temperature, epochs, weights, loss, lr, heat, pareto, methods,
                                 boxes, gradients, corruption, ranks, progress, scalarization,
                                 ternary, parallel)}


def check(checks, said, database):
    for sweep in sorted({v.sweep.name for v in database.variants}):
        variants = [v for v in database.variants if v.sweep.name == sweep]
        for kind, again in KINDS.items():
            expected = list(again(variants))
            if not expected:
                continue
            rows = json.loads(said(sweep, "plot", kind, "--data", "--format", "json"))
            seen = [tuple(r.values()) for r in rows]
            if kind in ROUNDED:
                seen = [(*r[:-1], round(r[-1], 3)) for r in seen]
            checks.same(f"{database.path}: deltam plot {kind} of {sweep}", seen, expected)
