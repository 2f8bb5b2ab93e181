"""The statistics of deltam a second time, by SciPy, NumPy and enumeration.

Intervals, paired tests, Holm, letters (`deltam table`), average ranks and what follows from
them (`deltam ranks`) and seeds (`deltam power`), from the figures that second.py computes.
Written from docs/STATISTICS.md. Random draws are those that page promises, by the same
counter-based generator (Philox-4x32-10) written here again.
"""
import functools
import itertools
import json
import math
import warnings
from fractions import Fraction

import numpy
from scipy import optimize, stats

SEED, RESAMPLE, REPLICATES, ALPHA = 2025, 9, 10000, 0.05
MASK = (1 << 64) - 1


def mix(x):
    x ^= x >> 30
    x = x * 0xbf58476d1ce4e5b9 & MASK
    x ^= x >> 27
    x = x * 0x94d049bb133111eb & MASK
    return x ^ x >> 31


def draws(n, sample):
    """(REPLICATES, n) numbers below n: those of one sample."""
    key = mix(SEED + 0x9e3779b97f4a7c15 * RESAMPLE & MASK)
    k0, k1 = key & 0xffffffff, key >> 32
    replicate, index = numpy.meshgrid(numpy.arange(REPLICATES, dtype=numpy.uint64),
                                      numpy.arange(n, dtype=numpy.uint64), indexing="ij")
    c = [index, numpy.full_like(index, sample), replicate, numpy.zeros_like(index)]
    low, shift = numpy.uint64(0xffffffff), numpy.uint64(32)
    for _ in range(10):
        a, b = numpy.uint64(0xd2511f53) * c[0], numpy.uint64(0xcd9e8d57) * c[2]
        c = [b >> shift ^ c[1] ^ numpy.uint64(k0), b & low,
             a >> shift ^ c[3] ^ numpy.uint64(k1), a & low]
        k0, k1 = k0 + 0x9e3779b9 & 0xffffffff, k1 + 0xbb67ae85 & 0xffffffff
    return (c[0] * numpy.uint64(n) + (c[1] * numpy.uint64(n) >> shift) >> shift).astype(int)


def percentiles(replicates, level):
    return tuple(float(x) for x in numpy.quantile(replicates, [(1 - level) / 2, (1 + level) / 2]))


@functools.lru_cache(None)
def t_quantile(p, df):
    """By the tail, since t.ppf has nine digits only where df is no whole number."""
    near = stats.t.ppf(p, df)
    return optimize.brentq(lambda t: stats.t.sf(t, df) - (1 - p), near * 0.9999, near * 1.0001,
                           xtol=1e-14, rtol=1e-14)


class Sample:
    """The final runs of one method that ended well: seeds, Δm, a row of criteria each."""

    def __init__(self, v, label, split):
        runs = sorted(v.final(label), key=lambda m: m.seed)
        self.v, self.label, self.split = v, label, split
        self.seed = [m.seed for m in runs]
        self.delta = [m.delta_m(split) for m in runs]
        self.value = numpy.array([[m.criterion(c, split) for c in v.criteria] for m in runs])
        self.complete = bool(runs) and len(runs) == len(v.final(label, None))

    def column(self, name):
        if name is None:
            return dict(zip(self.seed, self.delta))
        i = [c.criterion for c in self.v.criteria].index(name)
        return dict(zip(self.seed, self.value[:, i]))

    def base(self):
        """Seeds of the baseline that every task ended well for, (m, criteria)."""
        runs = {(m.stage.task, m.seed): m for m in self.v.members if m.step == "baseline"
                and m.stage.phase == "final" and m.state == "done"}
        rows = []
        for seed in sorted({s for _, s in runs}):
            if all((c.task, seed) in runs for c in self.v.criteria):
                rows.append([runs[c.task, seed].criterion(c, self.split)
                             for c in self.v.criteria])
        return numpy.array(rows)

    def shares(self):
        tasks = [c.task for c in self.v.criteria]
        if self.v.sweep.average == "tasks":
            return numpy.array([1 / len(set(tasks)) / tasks.count(t) for t in tasks])
        return numpy.full(len(tasks), 1 / len(tasks))

    def signs(self):
        return numpy.array([-1.0 if c.higher else 1.0 for c in self.v.criteria])

    def t_interval(self, level):
        n, base = len(self.seed), self.base()
        if n < 2:
            return None, None
        against = numpy.array([self.v.base[self.split, c.criterion] for c in self.v.criteria])
        parts = [(numpy.var(self.delta, ddof=1) / n, n - 1)]
        if len(base) > 1:  # the variance of a linear form of means, by their covariance
            gradient = -100 * self.signs() * self.shares() * self.value.mean(0) / against ** 2
            spread = numpy.atleast_2d(numpy.cov(base.T)) / len(base)
            parts.append((float(gradient @ spread @ gradient), len(base) - 1))
        total = sum(p for p, _ in parts)
        df = total ** 2 / sum(p ** 2 / k for p, k in parts) if total else 1
        half = t_quantile((1 + level) / 2, df) * math.sqrt(total)
        return numpy.mean(self.delta) - half, numpy.mean(self.delta) + half

    def bootstrap(self, level):
        n, base = len(self.seed), self.base()
        if n < 2:
            return None, None
        value = self.value[draws(n, 0)].mean(1)
        against = (base[draws(len(base), 1)].mean(1) if len(base) > 1 else
                   numpy.array([self.v.base[self.split, c.criterion] for c in self.v.criteria]))
        change = 100 * self.signs() * (value - against) / against
        return percentiles(change @ self.shares(), level)


def differences(a, b, name=None):
    x, y = a.column(name), b.column(name)
    return [x[s] - y[s] for s in x if s in y]


def t_test(d):
    if len(d) < 2:
        return None
    if max(d) == min(d):
        return 1.0 if d[0] == 0 else 0.0
    return float(stats.ttest_1samp(d, 0).pvalue)


def flips(d, slack=1e-12):
    """Over all patterns, in exact fractions; SciPy's permutation test where it agrees to run."""
    exact = [Fraction(x) for x in d]
    observed = abs(sum(exact)) - Fraction(slack) * sum(map(abs, exact))
    sums = [abs(sum(s * x for s, x in zip(signs, exact)))
            for signs in itertools.product((1, -1), repeat=len(d))]
    return sum(x >= observed for x in sums) / len(sums)


def wilcoxon(d):
    largest = max(map(abs, d), default=0)
    d = [round(x / largest * 1e9) for x in d] if largest else []
    d = [x for x in d if x]
    ranks = [r * (1 if x > 0 else -1) for r, x in zip(stats.rankdata(numpy.abs(d)), d)]
    p = flips(ranks) if d else 1.0
    if d and len({abs(x) for x in d}) == len(d):
        assert math.isclose(p, stats.wilcoxon(d, mode="exact").pvalue)
    return p


TESTS = {"t": t_test, "sign-flip": flips, "wilcoxon": wilcoxon}
NAMES = {"t": "t", "sign-flip": "sign_flip", "wilcoxon": "wilcoxon"}


def holm(p):
    order = sorted((x, i) for i, x in enumerate(p) if x is not None)
    out, worst = [None] * len(p), 0
    for place, (x, i) in enumerate(order):
        worst = max(worst, (len(order) - place) * x)
        out[i] = min(worst, 1)
    return out


def letters(n, differ, cost):
    """Largest sets of which no two differ, by going through all sets."""
    alike = [s for size in range(1, n + 1) for s in itertools.combinations(range(n), size)
             if not any(differ[i, k] for i, k in itertools.combinations(s, 2))]
    sets = [set(s) for s in alike if not any(set(s) < set(t) for t in alike)]
    sets.sort(key=lambda s: sorted((cost[i], i) for i in s))
    return ["".join(chr(97 + k) for k, s in enumerate(sets) if i in s) for i in range(n)]


class Again:
    def __init__(self, v, split):
        self.v, self.split = v, split
        samples = [Sample(v, label, split) for label in v.labels()]
        self.sample = {s.label: s for s in samples if s.seed}

    def marks(self, mode, test, name, higher):
        """What programs read of a column's marks, by label."""
        field = [s for s in self.sample.values() if s.complete]
        figure = [numpy.mean(list(s.column(name).values())) for s in field]
        cost = [-x if higher else x for x in figure]
        if mode == "letters":
            pairs = list(itertools.combinations(range(len(field)), 2))
            p = holm([TESTS[test](differences(field[i], field[k], name)) for i, k in pairs])
            differ = {pair: x is not None and x < ALPHA for pair, x in zip(pairs, p)}
            words = letters(len(field), differ, cost)
        else:
            best = min(range(len(field)), key=lambda i: cost[i], default=None)
            p = holm([None if i == best else TESTS[test](differences(s, field[best], name))
                      for i, s in enumerate(field)])
            words = ["best" if i == best or x is not None and x >= ALPHA else None
                     for i, x in enumerate(p)]
        return {s.label: w for s, w in zip(field, words)}

    def rows(self, against, level, bootstrap, mode, test):
        """label, column, value of all that the options add to the table."""
        for label in (["stl"] if self.v.base else []) + list(self.v.labels()):
            s = self.sample.get(label)
            if level:
                x = (None, None) if s is None else (
                    s.bootstrap(level / 100) if bootstrap else s.t_interval(level / 100))
                yield label, "delta_m_low", x[0]
                yield label, "delta_m_high", x[1]
        if against:
            yield from self.tests(against, level, bootstrap)
        if mode:
            columns = [("delta_m", None, False)] + [
                (c.criterion, c.criterion, c.higher) for c in self.v.criteria]
            for column, name, higher in columns:
                words = self.marks(mode, test, name, higher)
                for label in (["stl"] if self.v.base else []) + list(self.v.labels()):
                    yield label, f"{column}_mark", words.get(label)

    def tests(self, against, level, bootstrap):
        labels = list(self.v.labels())
        other = self.sample.get(against)
        d = {x: differences(self.sample[x], other) for x in labels
             if other and x != against and x in self.sample}
        d = {x: y for x, y in d.items() if y}
        corrected = {}
        for test, run in TESTS.items():
            p = [run(d[x]) if x in d else None for x in labels]
            for label, a, b in zip(labels, p, holm(p)):
                corrected[label, test] = a, b
        for label in (["stl"] if self.v.base else []) + labels:
            x = d.get(label)
            yield label, "against", against if x else None
            yield label, "pairs", len(x) if x else None
            yield label, "difference", numpy.mean(x) if x else None
            if level:
                low, high = None, None
                if x and len(x) > 1 and bootstrap:
                    low, high = percentiles(numpy.array(x)[draws(len(x), 0)].mean(1), level / 100)
                elif x and len(x) > 1:
                    half = t_quantile((1 + level / 100) / 2, len(x) - 1) * stats.sem(x)
                    low, high = numpy.mean(x) - half, numpy.mean(x) + half
                yield label, "difference_low", low
                yield label, "difference_high", high
            for test in TESTS:
                a, b = corrected.get((label, test), (None, None))
                yield label, f"{NAMES[test]}_p", a
                yield label, f"{NAMES[test]}_holm", b
            smallest = None
            if x:
                nonzero = [y for y in x if round(y / max(map(abs, x)) * 1e9)] if any(x) else []
                smallest = max(2.0 ** (1 - len(x)), 2.0 ** (1 - len(nonzero)) if nonzero else 1)
            yield label, "smallest_p", smallest


def plain(row):
    return tuple(float(x) if isinstance(x, (numpy.floating, Fraction)) else x for x in row)


OPTIONS = (("ew", 95, False, "letters", "t", "test"),
           ("uw_so", 90, True, "tests", "sign-flip", "val"),
           (None, 80, False, "letters", "wilcoxon", "val"),
           ("ew", 0, False, "tests", "t", "test"))


def check_tables(checks, said, database, sweep, variants):
    for against, level, bootstrap, mode, test, split in OPTIONS:
        words = ["table", "--format", "json", "--split", split, "--mark", mode, "--test", test]
        words += ["--against", against] if against else []
        words += ["--interval", str(level)] if level else []
        words += ["--bootstrap"] if bootstrap else []
        expected = [plain((v.name, *row)) for v in variants
                    for row in Again(v, split).rows(against, level, bootstrap, mode, test)]
        names = {row[2] for row in expected}
        seen = [(r["variant"], r["label"], k, x)
                for r in json.loads(said(database, sweep, *words)) for k, x in r.items()
                if k in names]
        checks.same(f"{database.path}: deltam {' '.join(words[3:])} of {sweep}", seen, expected)


def power(n, effect):
    limit, delta = t_quantile(1 - ALPHA / 2, n - 1), abs(effect) * math.sqrt(n)
    with warnings.catch_warnings():  # far out SciPy's nct warns, and gives no number
        warnings.simplefilter("ignore")
        above, below = stats.nct.sf(limit, n - 1, delta), stats.nct.cdf(-limit, n - 1, delta)
    above = above if math.isfinite(above) else float(delta > limit)
    return float(above + (below if math.isfinite(below) else 0))


def powered(v, wanted):
    samples = Again(v, "test").sample
    for label, s in samples.items():
        if label == "ew" or "ew" not in samples:
            continue
        d = differences(s, samples["ew"])
        n, mean = len(d), float(numpy.mean(d))
        std = float(numpy.std(d, ddof=1)) if n > 1 else None
        see = abs(mean) if wanted is None else wanted
        seeds = now = None
        if std:
            few, seeds = 1, 10001
            while seeds - few > 1:
                middle = (few + seeds) // 2
                few, seeds = ((few, middle) if power(middle, see / std) >= 0.8
                              else (middle, seeds))
            now = power(n, see / std)
        yield (v.name, label, "ew", n, mean, std, see, now,
               seeds if seeds is None or seeds <= 10000 else None)


def check_power(checks, said, database, sweep, variants):
    for words, wanted in (([], None), (["--difference", "-0.75"], 0.75)):
        seen = [tuple(r.values())[1:] for r in json.loads(
            said(database, sweep, "power", "--format", "json", *words))]
        checks.same(f"{database.path}: deltam power {' '.join(words)} of {sweep}", seen,
                    [row for v in variants for row in powered(v, wanted)])


def friedman_exact(ranks):
    """The share of all arrangements of every block's ranks; the first block's, too."""
    orders = [[numpy.array(o) for o in itertools.permutations(r)] for r in ranks]
    observed = (numpy.sum(ranks, 0) ** 2).sum()
    sums = numpy.zeros((1, len(ranks[0])))
    for block in orders:
        sums = (sums[:, None, :] + numpy.array(block)[None, :, :]).reshape(-1, sums.shape[1])
    return float(numpy.mean((sums ** 2).sum(1) >= observed - 0.125))


def ranked(blocks, against):
    """blocks: (name, label: sample) of everything that is ranked together."""
    everywhere = [x for x in blocks[0][1] if all(x in b for _, b in blocks)]
    n, k = len(blocks), len(everywhere)
    ranks = numpy.array([stats.rankdata([numpy.mean(b[x].delta) for x in everywhere])
                         for _, b in blocks])
    average = ranks.mean(0)
    shared = {"blocks": n, "friedman_chi2": None, "friedman_p": None, "iman_davenport_f": None,
              "iman_davenport_p": None, "critical_difference": None}
    if n > 1 and k > 1:
        chi2 = float(stats.friedmanchisquare(*ranks.T).statistic) if k > 2 else float(
            (n * (average[0] - average[1])) ** 2 / n)
        rest = n * (k - 1) - chi2
        f = (n - 1) * chi2 / rest if rest > 1e-9 else None
        shared.update({
            "friedman_chi2": chi2, "iman_davenport_f": f,
            "friedman_p": friedman_exact(ranks) if math.factorial(k) ** (n - 1) <= 2e6
            else float(stats.chi2.sf(chi2, k - 1)),
            "iman_davenport_p": float(stats.f.sf(f, k - 1, (k - 1) * (n - 1))) if f is not None
            else 0.0,
            "critical_difference": float(stats.studentized_range.ppf(1 - ALPHA, k, numpy.inf))
            / math.sqrt(2) * math.sqrt(k * (k + 1) / (6 * n))})
    words = [None] * k
    if n > 1:
        words = letters(k, {(i, j): abs(average[i] - average[j]) >= shared["critical_difference"]
                            for i, j in itertools.combinations(range(k), 2)}, average)
    for i, label in enumerate(everywhere):
        row = {"rank": average[i], "letters": words[i], **shared}
        row.update({f"rank {name}": r for (name, _), r in zip(blocks, ranks[:, i])})
        row.update(chance(blocks, label, against))
        for name, x in row.items():
            yield plain((label, name, x))


def chance(blocks, label, against):
    if label == against:
        return {"improvement": None, "improvement_low": None, "improvement_high": None}
    share, again = [], 0
    for i, (_, b) in enumerate(blocks):
        x, y = numpy.array(b[label].delta), numpy.array(b[against].delta)
        won = (x[:, None] < y[None, :]) + 0.5 * (x[:, None] == y[None, :])
        share.append(won.mean())
        assert math.isclose(won.sum(), stats.mannwhitneyu(y, x).statistic)
        drawn = won[draws(len(x), 2 * i)[:, :, None], draws(len(y), 2 * i + 1)[:, None, :]]
        again = again + drawn.mean((1, 2)) / len(blocks)
    low, high = percentiles(again, 0.95)
    return {"improvement": numpy.mean(share), "improvement_low": low, "improvement_high": high}


def check_ranks(checks, said, database, sweep, variants):
    """Of one sweep; sweep None: of the whole database."""
    blocks = [(v.name if sweep else f"{v.sweep.name} {v.name}".strip(),
               Again(v, "test").sample) for v in variants]
    rows = json.loads(said(database, sweep, "ranks", "--against", "ew", "--format", "json"))
    checks.same(f"{database.path}: deltam ranks of {sweep or 'all sweeps'}",
                [(r["label"], k, x) for r in rows for k, x in r.items() if k != "label"],
                list(ranked([b for b in blocks if b[1]], "ew")))


def check(checks, said, database):
    everything = sorted(database.variants, key=lambda v: (v.sweep.id, v.position))
    for sweep in sorted({v.sweep.name for v in everything}):
        variants = [v for v in everything if v.sweep.name == sweep]
        check_tables(checks, said, database, sweep, variants)
        check_power(checks, said, database, sweep, variants)
        check_ranks(checks, said, database, sweep, variants)
    check_ranks(checks, said, database, None, everything)
