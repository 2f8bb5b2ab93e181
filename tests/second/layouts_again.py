"""The layouts of `deltam table` once more, each cell from the rows of the tables alone.

A table is a list of rows, a row what identifies it and a value for each name that `--format
json` has. Written from docs/TABLES.md, not from the programs that print. The variants may be
those of several sweeps, and are then called by the sweep's name and their own.
"""
import itertools
import json
import math
import re
import statistics
from collections import defaultdict


def mean(values):
    values = list(values)
    return math.fsum(values) / len(values) if values else None


def deviation(values):
    values = list(values)
    return statistics.stdev(values) if len(values) > 1 else None


def by_words(v, parameter):
    """The value of an axis as the label of the variant has it, and the other words of it."""
    words = v.name.split()
    value = str(next(m.job.param[parameter] for m in v.members))
    words.remove(value)
    return value, " ".join(words)


def marks(rows, names):
    """Adds NAME_mark to rows that lost no seed; names: whether higher is better."""
    for name, higher in names.items():
        may = [r for r in rows if r["label"] != "stl" and r["seeds"] and
               r["seeds_done"] == r["seeds"] and r.get(name) is not None]
        order = sorted({r[name] for r in may}, reverse=higher)
        for r in rows:
            r[name + "_mark"] = None
            if r in may and r[name] in order[:2]:
                r[name + "_mark"] = ("best", "second")[order.index(r[name])]


def signs(v):
    return {"delta_m": False, **{c.criterion: bool(c.higher) for c in v.criteria}}


def several(variants):
    return len({v.sweep.name for v in variants}) > 1


def title(variants, v, name=None):
    """What a variant is called, or the part of its name that is left of it."""
    name = v.name if name is None else name
    return f"{v.sweep.name} {name}".strip() if several(variants) else name


def varied(v):
    return json.loads(re.sub("//.*", "", v.sweep.text)).get("vary", {})


def blocks(variants, answers):
    """(variant, its rows as the plain table has them)"""
    for v in variants:
        rows = answers(v).table()
        marks(rows, signs(v))
        yield v, rows


def criteria(variants, answers):
    for v, rows in blocks(variants, answers):
        for r in rows:
            yield {"variant": v.name, "sweep": v.sweep.name, **r}


def seed_average(v, label, cs, split="test"):
    """For each seed the mean over criteria; of the baseline each is from its task's run."""
    runs = defaultdict(dict)
    for m in v.members:
        if m.stage.phase == "final" and m.state == "done" and m.label == label:
            for c in cs:
                if m.stage.task in ("", c.task):
                    runs[m.seed][c.criterion] = m.criterion(c, split)
    return [mean(x.values()) for x in runs.values() if len(x) == len(cs)]


def average(variants, answers):
    for v, rows in blocks(variants, answers):
        names = dict.fromkeys(c.name for c in v.criteria)
        for name in names:
            cs = [c for c in v.criteria if c.name == name]
            for r in rows:
                values = [r[c.criterion] for c in cs]
                r[f"average_{name}"] = None if None in values else mean(values)
                r[f"average_{name}_std"] = deviation(seed_average(v, r["label"], cs))
            marks(rows, {f"average_{name}": bool(cs[0].higher)})
        base = rows[0]
        for r in rows:
            better = [(r[c.criterion] - base[c.criterion]) * (1 if c.higher else -1)
                      for c in v.criteria if r[c.criterion] is not None]
            r["won"] = sum(x > 0 for x in better) if better and r is not base else None
            r["lost"] = sum(x < 0 for x in better) if better and r is not base else None
            yield {"variant": v.name, "sweep": v.sweep.name, **r}


FIGURES = ("delta_m", "delta_m_std", "delta_m_mark", "val_delta_m")


def setups(variants, answers):
    table = defaultdict(dict)
    for v, rows in blocks(variants, answers):
        for r in rows[1:]:
            for f in FIGURES:
                name = title(variants, v)
                table[r["label"]][f"{name}_{f}" if name else f] = r[f]
    return outer({"label": label, **r} for label, r in table.items())


def outer(rows):
    """Every row has every name that one of them has."""
    rows = list(rows)
    names = dict.fromkeys(k for r in rows for k in r)
    return [{k: r.get(k) for k in names} for r in rows]


def stacked(rows, shown):
    """Neighbours that show the same share a table, and so have all names of it."""
    rows = list(rows)
    for _, of in itertools.groupby(rows, lambda r: sorted(k for k in r if shown(k))):
        yield from outer(of)


def batch_of(variants, v):
    """The batch size, and the table that it stands in."""
    if "batch" in varied(v):
        size, rest = by_words(v, "train.batch")
        return size, title(variants, v, rest)
    job = next(m.job for m in v.members if m.label != "stl")
    return str(job.param["train.batch"]), f"{job.dataset} {v.name or job.model}"


def batch(variants, answers):
    table = defaultdict(dict)
    for v, rows in blocks(variants, answers):
        size, rest = batch_of(variants, v)
        for r in rows[1:]:
            for f in FIGURES:
                table[rest, size][f"{r['label']}_{f}"] = r[f]
    for rest in {k[0] for k in table}:
        of = [k for k in table if k[0] == rest]
        for k, r in zip(of, outer(table[k] for k in of)):
            table[k] = r
        for name in table[of[0]]:
            values = [table[k][name] for k in of]
            wanted = name.endswith("_delta_m") and not name.endswith("_val_delta_m")
            table[rest, "Variation"][name] = (
                max(values) - min(values)
                if wanted and None not in values and len(values) > 1 else None)
    return [{"variant": k[0], "batch": k[1], **r} for k, r in table.items()]


def temperature(variants, answers):
    for v, rows in blocks(variants, answers):
        shown = []
        for r in rows[1:]:
            learned = [x for m in v.final(r["label"])
                       if (x := m.job.figure(m.job.epochs, "train", "", "temperature"))
                       is not None]
            tried = {m.temperature for m in v.search() if m.label == r["label"]}
            if learned:
                r.update(found="learning", temperature=mean(learned),
                         temperature_std=deviation(learned))
            elif r["temperature"] is not None:
                r.update(temperature_std=None,
                         found=f"search of {len(tried)}" if len(tried) > 1 else "given")
            else:
                continue
            shown.append(r)
        marks(shown, signs(v))
        for r in shown:
            yield {"variant": v.name, "sweep": v.sweep.name, **r}


def optimizers(variants, answers):
    table, higher = defaultdict(list), {}
    for v, rows in blocks(variants, answers):
        rest = by_words(v, "train.batch")[0] if "batch" in varied(v) else ""
        name = " ".join(w for w in v.name.split() if w != rest)
        table[rest] += [{"variant": v.name, "optimizer": name, **r} for r in rows]
        higher[rest] = signs(v)
    for rest, rows in table.items():
        marks(rows, higher[rest])
        yield from rows


def hours(variants, answers):
    table = defaultdict(dict)
    for v in variants:
        spent = {}
        for label, _, epochs, rate, *_ in answers(v).q21():
            whole = max(m.job.epochs for m in v.members if m.label == label)
            spent[label] = rate * whole / 3600 if epochs else None
        for label, x in spent.items():
            name = title(variants, v) + "_" if title(variants, v) else ""
            table[label][name + "hours"] = x
            table[label][name + "ratio"] = x / spent["ew"] if x else None
    return outer({"label": label, **r} for label, r in table.items())


def pareto(variants, count_runs, labels):
    """From what `pareto --counts runs` should say, method by method."""
    if several(variants):
        for name in dict.fromkeys(v.sweep.name for v in variants):
            for r in pareto([v for v in variants if v.sweep.name == name], count_runs, labels):
                yield {"sweep": name, **r}
        return
    rows = {r[:3]: r for r in count_runs(variants)}
    named = {o for _, _, o in rows} - {"all"}
    only = {m.job.param["train.optimizer"] for v in variants for m in v.runs()}
    for block, optimizer in {(b, o) for b, _, o in rows if o != "all" or not named}:
        _, _, _, runs, optimal, _, invalid, unbeaten = rows[block, "all", optimizer]
        yield {"block": block, "optimizer": optimizer if named else min(only), "runs": runs,
               "invalid": invalid, "optimal": optimal, "unbeaten": unbeaten,
               **{f"{x}_optimal": rows[block, x, optimizer][4]
                  if (block, x, optimizer) in rows else None for x in labels}}


def letters(checks, said, database, sweep, variants, answers):
    """The printed letters of lr and wd mean, by the note, what the row has."""
    values = sorted({x for v in variants for m in v.members for x in (m.lr, m.wd)})
    text = said(database, None, "table", *sweep.split(), "--layout", "criteria",
                "--format", "markdown")
    legend = {letter: float(x) for note in re.findall(r"^lr, wd: (.*)\.$", text, re.M)
              for letter, x in (pair.split(" ") for pair in note.split(", "))}
    lines, head, seen = text.splitlines() + [""], None, []
    for line, below in zip(lines, lines[1:]):
        cells = [x.strip() for x in line.strip("|").split("|")]
        if line.startswith("|") and below.startswith("| -"):
            head = cells  # blocks of other criteria begin anew
        elif line.startswith("|") and not line.startswith("| -"):
            seen.append(tuple(cells[head.index(k)].rstrip("†") for k in ("lr", "wd")))

    def letter(x):
        return "" if x is None else chr(ord("a") + values.index(x))
    rows = [r for v in variants for r in answers(v).table()]
    checks.same(f"{database.path}: letters of {sweep}", seen,
                [(letter(r["lr"]), letter(r["wd"])) for r in rows])
    checks.same(f"{database.path}: legend of {sweep}", list(legend.items()),
                [(letter(x), float(f"{x:.4g}")) for x in values if letter(x) in legend])


def compare(checks, what, rows, expected, keys):
    def cells(rows):
        return [(*(str(r[k]) for k in keys), name, x) for r in rows for name, x in r.items()
                if name not in keys and name not in ("sweep", "method", "label")
                or name == "label" and "label" not in keys]
    checks.same(what, cells(rows), cells(expected))


def check(checks, said, database, answers, count_runs):
    """said(database, sweep, words...): standard output; answers(variant): second.Answers"""
    sweeps = sorted({v.sweep.name for v in database.variants})
    for sweep in sweeps:
        variants = [v for v in database.variants if v.sweep.name == sweep]
        vary = varied(variants[0])
        learned = any(m.job.method == "uw_so_learned" for v in variants for m in v.members)
        tempered = learned or any(m.temperature for v in variants for m in v.members)
        wanted = {
            "criteria": (criteria, ("variant", "label"), True),
            "average": (average, ("variant", "label"), True),
            "setups": (setups, ("label",), True),
            "temperature": (temperature, ("variant", "label"), tempered),
            "batch": (batch, ("variant", "batch"), "batch" in vary),
            "optimizers": (optimizers, ("variant", "label", "optimizer"), "optimizer" in vary),
            "hours": (hours, ("label",), True),
        }
        check_layouts(checks, said, database, sweep, variants, answers,
                      {k: x[:2] for k, x in wanted.items() if x[2]})
        letters(checks, said, database, sweep, variants, answers)
        if not pruned(variants):
            check_pareto(checks, said, database, sweep, variants, count_runs)
    check_several(checks, said, database, sweeps, answers, count_runs)


# What the tables of these layouts show of what differs from sweep to sweep.
SHOWN = {"temperature": lambda k: False, "average": lambda k: k.startswith("average_"),
         "criteria": lambda k: "/" in k}


def check_layouts(checks, said, database, sweep, variants, answers, wanted):
    """sweep: its name, or several with blanks between them"""
    for name, (layout, keys) in wanted.items():
        mark = [] if name == "hours" else ["--mark", "best"]
        rows = json.loads(said(database, None, "table", *sweep.split(), "--layout", name, *mark,
                               "--format", "json"))
        expected = list(layout(variants, answers))
        if name in SHOWN:
            expected = list(stacked(expected, SHOWN[name]))
        compare(checks, f"{database.path}: layout {name} of {sweep}", rows, expected, keys)


def pruned(variants):
    """Such a sweep is refused: the counts would favour what was kept."""
    return any(m.state == "stopped" for v in variants for m in v.members)


def check_pareto(checks, said, database, sweep, variants, count_runs):
    labels = dict.fromkeys(x for v in variants for x in v.labels())
    rows = json.loads(said(database, None, "table", *sweep.split(), "--layout", "pareto",
                           "--format", "json"))
    keys = ("block", "optimizer") + (("sweep",) if several(variants) else ())
    compare(checks, f"{database.path}: layout pareto of {sweep}", rows,
            list(pareto(variants, count_runs, labels)), keys)


def check_several(checks, said, database, sweeps, answers, count_runs):
    """All sweeps of a database in one table."""
    if len(sweeps) < 2:
        return
    variants = [v for name in sweeps for v in database.variants if v.sweep.name == name]
    check_layouts(checks, said, database, " ".join(sweeps), variants, answers, {
        "criteria": (criteria, ("sweep", "variant", "label")),
        "average": (average, ("sweep", "variant", "label")),
        "setups": (setups, ("label",)),
        "hours": (hours, ("label",))})
    letters(checks, said, database, " ".join(sweeps), variants, answers)
    names = {v.sweep.name for v in variants for m in v.members if m.temperature}
    tempered = [v for v in variants if v.sweep.name in names]
    if several(tempered):
        names = " ".join(dict.fromkeys(v.sweep.name for v in tempered))
        check_layouts(checks, said, database, names, tempered, answers,
                      {"temperature": (temperature, ("sweep", "variant", "label"))})
    if "single" in sweeps:
        check_layouts(checks, said, database, " ".join(sweeps), variants, answers,
                      {"batch": (batch, ("variant", "batch"))})
    whole = [v for v in variants
             if not pruned([x for x in variants if x.sweep.name == v.sweep.name])]
    if several(whole):
        names = " ".join(dict.fromkeys(v.sweep.name for v in whole))
        check_pareto(checks, said, database, names, whole, count_runs)
