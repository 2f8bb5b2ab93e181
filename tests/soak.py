#!/usr/bin/env python3
"""Two small sweeps, run to their ends again and again, with faults drawn from a seed.

usage: soak.py BUILD [MINUTES [SEED]]

One sweep is trained by deltam itself, one by a command. Whatever happens to a run, its rows
are there afterwards, and the same command ends in the digest of the undisturbed run. Prints
how often each kind of fault has hit; leaves with 1, and its folder in place, at the first
digest that differs or row that is lost.
"""
import collections
import ctypes
import errno
import hashlib
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

OWN = """{ "sweep": "s", "dataset": { "name": "synthetic", "train": 400, "val": 50, "test": 50 },
 "train": { "epochs": 6, "batch": 10 }, "baseline": { "seeds": 1 }, "checkpoint_minutes": 0,
 "methods": [ "ew", "uw", { "name": "uw_so", "T": { "from": 0.5, "to": 50, "per_decade": 1, "fine": 1 } } ],
 "search": { "kind": "line", "lr": [0.01, 0.003], "wd": [0, 1e-4] },
 "save": "winners", "final": { "seeds": 2 }, "limits": { "retries": 50 } }"""
COMMAND = """{ "sweep": "s", "trainer": { "command": ["sh", "train.sh"], "files": ["*.sh"], "deterministic": true,
 "tasks": { "a": { "acc": "higher", "err": "lower" }, "b": { "acc": "higher", "err": "lower" } } },
 "dataset": { "name": "formula" }, "train": { "epochs": 6, "pause": 0.01 },
 "methods": [ "ew", { "name": "uw_so", "T": [1, 2, 4] } ],
 "search": { "kind": "line", "lr": [0.01, 0.003], "wd": [0, 1e-4] }, "final": { "seeds": 2 },
 "limits": { "retries": 50 } }"""

# What guarantee 1 is about, in the order of the keys (tests/lib/digest.c).
TABLES = {
    "metric": "job, epoch, split, task, name", "task_weight": "job, epoch, task",
    "score": "job, epoch", "decision": "id",
    "corruption": "job, name", "corrupted": "job, name, severity, task, metric",
}
CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
hits = collections.Counter()
lost = 0


class Found(Exception):
    """What must not happen."""


def own_mounts():
    """A mount namespace of our own, for the disk that fills; False where nobody may have one."""
    libc = ctypes.CDLL(None, use_errno=True)
    flags = CLONE_NEWNS | (CLONE_NEWUSER if os.geteuid() else 0)
    uid, gid = os.geteuid(), os.getegid()
    if libc.unshare(flags):
        return False
    if flags & CLONE_NEWUSER:
        for name, text in ("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1"):
            with open(f"/proc/self/{name}", "w") as f:
                f.write(text)
    return not subprocess.call(["mount", "--make-rprivate", "/"], stderr=subprocess.DEVNULL)


def rows_of(path):
    """The rows of each table that the digest covers, as sorted lists."""
    db = sqlite3.connect(path, timeout=60)
    found = {}
    for table in TABLES:
        columns = [c[1] for c in db.execute(f"PRAGMA table_info({table})")]
        order = ", ".join(str(i + 1) for i in range(len(columns)))
        found[table] = db.execute(f"SELECT * FROM {table} ORDER BY {order}").fetchall()
    db.close()
    return found


def digest(path):
    return hashlib.sha256(repr(rows_of(path)).encode()).hexdigest()


def epochs_of(path):
    """The epochs that are committed: (job, epoch) with their figures."""
    if not os.path.exists(path):
        return {}
    db = sqlite3.connect(path, timeout=60)
    try:
        found = {row[:-1]: row[-1] for row in
                 db.execute("SELECT job, epoch, split, task, name, value FROM metric")}
    except sqlite3.OperationalError:  # it has not been made yet
        found = {}
    db.close()
    return found


def descendants(pid):
    """Every process below pid, itself first: (pid, what it is)."""
    found, todo = [], [pid]
    while todo:
        p = todo.pop()
        try:
            words = open(f"/proc/{p}/cmdline", "rb").read().split(b"\0")
            todo += [int(c) for c in open(f"/proc/{p}/task/{p}/children").read().split()]
        except (OSError, ValueError):
            continue
        name = os.path.basename(words[0].decode())
        kind = ("deltam" if p == pid else
                "adapter" if name == "deltam-worker" and b"--" in words else
                "worker" if name == "deltam-worker" else "trainer")
        found.append((p, kind))
    return found


class Soak:
    def __init__(self, build, seed):
        self.build = os.path.abspath(build)
        self.random = random.Random(seed)
        self.top = tempfile.mkdtemp(prefix="soak.", dir=self.build)
        self.disk = os.path.join(self.top, "disk")
        os.mkdir(self.disk)
        self.mounted = own_mounts() and not subprocess.call(
            ["mount", "-t", "tmpfs", "-o", "size=256m", "soak", self.disk])
        self.log = os.path.join(self.top, "faults.log")
        os.environ["DELTAM_CACHE"] = os.path.join(self.disk, "cache")
        self.wanted = {}
        self.runs = 0

    # A run.

    def path(self, name):
        return os.path.join(self.disk, name)

    def forget(self, kind):
        for name in os.listdir(self.disk):
            if name.startswith("t.db"):
                p = self.path(name)
                shutil.rmtree(p) if os.path.isdir(p) else os.unlink(p)
        with open(self.path("s.json"), "w") as f:
            f.write(OWN if kind == "own" else COMMAND)
        shutil.copy("tests/fixtures/trainer/train.sh", self.path("train.sh"))

    def start(self, env=None):
        self.runs += 1
        said = open(os.path.join(self.top, "said"), "wb")
        return subprocess.Popen(
            [f"{self.build}/deltam", "run", "s.json", "--db", "t.db", "--workers", "2"],
            cwd=self.disk, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=said, start_new_session=True)

    def said(self):
        return open(os.path.join(self.top, "said"), errors="replace").read()

    def undisturbed(self):
        for kind in "own", "command":
            self.forget(kind)
            if self.start().wait():
                raise Found(f"the undisturbed run of {kind}: {self.said()}")
            self.wanted[kind] = digest(self.path("t.db"))

    def ends_well(self, kind):
        """The same command, until it leaves with 0: few times, since nothing is against it."""
        for _ in range(4):
            if self.start().wait() == 0:
                break
        else:
            raise Found(f"{kind}: the run does not end: {self.said()}")
        if digest(self.path("t.db")) != self.wanted[kind]:
            raise Found(f"{kind}: another digest")

    def nothing_is_lost(self, before, what):
        global lost
        after = epochs_of(self.path("t.db"))
        gone = [key for key, value in before.items() if after.get(key) != value]
        lost += len(gone)
        if gone:
            raise Found(f"{what}: {len(gone)} rows are lost, {gone[0]} first")

    def seldom(self, choices):
        """One of them, one that has hit seldom more likely than the others."""
        few = min(hits[c] for c in choices)
        return self.random.choice([c for c in choices if hits[c] <= few + 2])

    # Faults while it runs.

    def let_live(self, p, most):
        try:
            p.wait(self.random.random() * most)
        except subprocess.TimeoutExpired:
            pass

    def some(self, p, kinds):
        """A process of the run of one of those kinds; None where there is none now."""
        found = [x for x in descendants(p.pid) if x[1] in kinds]
        return self.random.choice(found) if found else None

    def send(self, pid, number):
        try:
            os.kill(pid, number)
            return True
        except ProcessLookupError:
            return False

    def kill(self, p, kind):
        if kind == "all":
            victims = descendants(p.pid)
            sent = [self.send(pid, signal.SIGKILL) for pid, _ in victims]
            hits["kill all"] += len(sent) > 1
            return
        victim = self.some(p, ("adapter",) if kind == "adapter" else (kind,))
        if victim and self.send(victim[0], signal.SIGKILL):
            hits[f"kill {kind}"] += 1

    def stop(self, p):
        victim = self.some(p, ("deltam", "worker", "adapter", "trainer"))
        if not victim or not self.send(victim[0], signal.SIGSTOP):
            return
        time.sleep(self.random.random() * 0.3)
        self.send(victim[0], signal.SIGCONT)
        hits[f"stop, continue {victim[1]}"] += 1

    def busy(self, p):
        """Somebody else writes for up to a second."""
        try:
            db = sqlite3.connect(self.path("t.db"), timeout=5, isolation_level=None)
            db.execute("BEGIN IMMEDIATE")
            self.let_live(p, 1)
            db.execute("ROLLBACK")
            db.close()
            hits["busy database"] += 1
        except sqlite3.OperationalError:
            pass

    def disturb(self, p, kind):
        """Until it ends: an instant is drawn, and what happens then."""
        kills = ["kill worker"] if kind == "own" else ["kill adapter", "kill trainer"]
        kills += ["kill deltam", "kill all"]
        others = ["stop", "busy", "damage"]
        patience = 3  # deaths without any epoch between them are given up, rightly
        self.let_live(p, 0.5)
        while p.poll() is None and patience:
            before = epochs_of(self.path("t.db"))
            what = self.seldom(kills) if self.random.random() < 0.7 else self.random.choice(others)
            if what.startswith("kill"):
                patience -= 1
                self.kill(p, what.split()[1])
            elif what == "damage":
                self.damage(running=True)
            else:
                getattr(self, what)(p)
            self.nothing_is_lost(before, what)
            self.let_live(p, 0.5)
        try:
            p.wait(120)
        except subprocess.TimeoutExpired:
            raise Found(f"it has not ended in two minutes: {self.said()}")

    # Faults between runs, or of all that they do.

    def files(self, pattern):
        found = []
        for folder, _, names in os.walk(self.disk):
            found += [os.path.join(folder, n) for n in names
                      if re.search(pattern, os.path.join(folder, n))]
        return found

    def damage(self, running=False):
        """Truncates, flips or replaces a file; of reports, which hold results, the end goes."""
        kinds = {"checkpoint": r"\.ckpt$|/checkpoint$|\.best$", "cache": r"/cache/.*\.data$",
                 "winner": r"\.params$"}
        if not running:
            kinds["report"] = r"/report\.[^/]*$"
        kind = self.random.choice(list(kinds))
        found = self.files(kinds[kind])
        if not found:
            return
        path = self.random.choice(found)
        how = "truncated" if kind == "report" else self.random.choice(["truncated", "flipped", "replaced"])
        try:
            with open(path, "r+b") as f:
                size = f.seek(0, 2)
                at = self.random.randrange(size) if size else 0
                if how == "truncated":
                    f.truncate(at)
                elif how == "flipped" and size:
                    f.seek(at)
                    byte = f.read(1)
                    f.seek(at)
                    f.write(bytes([byte[0] ^ 0x10]))
                elif how == "replaced":
                    f.seek(0)
                    f.write(self.random.randbytes(size))
        except FileNotFoundError:
            return
        hits[f"{kind} {how}"] += 1

    def shim(self, words, number, one_in):
        env = {"LD_PRELOAD": f"{self.build}/soak_shim.so", "SOAK_LOG": self.log,
               "SOAK_SEED": str(self.random.randrange(1 << 30))}
        if words == "clock":
            return {**env, "SOAK_CLOCK": str(86400)}
        return {**env, "SOAK_CALLS": words, "SOAK_ERRNO": str(number), "SOAK_ONE_IN": str(one_in)}

    def count_shim(self, name):
        if os.path.exists(self.log):
            for line in open(self.log):
                hits[f"{line.split()[0]} {name}"] += 1
            os.unlink(self.log)

    def with_failing_calls(self, kind):
        choices = [f"{call} {name}" for call in ("write", "sync", "rename", "map")
                   for name in ("ENOSPC", "EIO", "EINTR")]
        words, name = self.seldom(choices + ["write short", "clock turned"]).split()
        number = getattr(errno, name, 0)
        one_in = self.random.choice([2, 5, 30])
        before = epochs_of(self.path("t.db"))
        p = self.start(self.shim(words, number, one_in))
        self.let_live(p, 30)
        if p.poll() is None:
            p.send_signal(signal.SIGINT)
        self.end(p)
        self.count_shim(name)
        self.nothing_is_lost(before, f"{words} {name}")
        # -2: our own signal, while it prints the table.
        if words == "clock" and p.returncode not in (0, 130, -signal.SIGINT):
            raise Found(f"a turned clock ends it with {p.returncode}: {self.said()}")

    def on_full_disk(self, kind):
        if not self.mounted:
            return
        s = os.statvfs(self.disk)
        used = (s.f_blocks - s.f_bfree) * s.f_frsize // 1024
        room = self.random.choice([0, 16, 40, 100, 300])
        before = epochs_of(self.path("t.db"))
        self.resize(f"{used + room + 4}k")
        p = self.start()
        self.end(p)
        self.resize("256m")
        if p.returncode == 0:
            return
        said = self.said()
        hits["full disk"] += 1
        if p.returncode not in (1, 3):
            raise Found(f"a full disk ends it with {p.returncode}: {said}")
        if not re.search("full|No space|no room", said):
            raise Found(f"a full disk is not called so: {said}")
        self.nothing_is_lost(before, "full disk")

    def resize(self, size):
        subprocess.check_call(["mount", "-o", f"remount,size={size}", self.disk])

    def end(self, p):
        try:
            p.wait(120)
        except subprocess.TimeoutExpired:
            raise Found(f"it does not end: {self.said()}")

    def round(self):
        kind = self.random.choice(["own", "command"])
        self.forget(kind)
        for _ in range(self.random.randint(1, 4)):
            what = self.random.choice(["disturb", "disturb", "disturb", "calls", "disk"])
            if what == "disturb":
                self.disturb(self.start(), kind)
            elif what == "calls":
                self.with_failing_calls(kind)
            else:
                self.on_full_disk(kind)
            if self.random.random() < 0.5:
                self.damage()
        self.ends_well(kind)


def main():
    build = sys.argv[1]
    minutes = float(sys.argv[2]) if len(sys.argv) > 2 else 10
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 31)
    soak = Soak(build, seed)
    print(f"soak: seed {seed}, {minutes:g} minutes, in {soak.top}", flush=True)
    if not soak.mounted:
        print("soak: nobody may mount here, so no disk fills up")
    status = rounds = 0
    try:
        soak.undisturbed()
        end = time.time() + 60 * minutes
        while time.time() < end:
            soak.round()
            rounds += 1
    except Found as found:
        print(f"soak: round {rounds + 1}: {found}")
        status = 1
    for name in sorted(hits):
        print(f"{hits[name]:6} {name}")
    print(f"soak: {sum(hits.values())} faults in {rounds} rounds of {soak.runs} runs, "
          f"{lost} rows lost, {status} findings")
    if soak.mounted and not status:
        subprocess.call(["umount", "-l", soak.disk])
    if not status:
        shutil.rmtree(soak.top)
    elif soak.mounted:  # the mount goes with this process
        shutil.copytree(soak.disk, soak.top + "/kept", symlinks=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
