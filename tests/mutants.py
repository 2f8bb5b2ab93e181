#!/usr/bin/env python3
"""Mutants of one operator each, drawn with a fixed seed, against the suites of their module.

usage: mutants.py BUILD [COUNT [FIRST]]     (a copy of the tree is built in BUILD/mutants)

A mutant is one operator or constant of one line that becomes another one. It is killed where the
build fails, a suite of its module does, or twenty seconds pass. Prints every mutant, then how
many were killed; survivors are listed in BUILD/mutants.txt.
"""
import os
import random
import re
import shutil
import signal
import subprocess
import sys

SEED = 20
SECONDS = 20
# Files of a module, and the suites that are its own.
MODULES = [
    (r"trainer-core/weighting/.*\.c$", "weighting weighting_uncertainty weighting_gradient solver rotation auxiliary"),
    (r"trainer-core/(loss|metric|optim|layer)/.*\.c$", "loss metric optim nodes graph train"),
    (r"orchestrator/plan/.*\.c$", "plan plan_refine plan_random prune identity outlook code"),
    (r"orchestrator/stage/(stage|lane|group|decide|score|apply)\.c$", "stage decide group dispatch"),
    (r"common/store/.*\.c$", "store store_open store_lock store_metric schema runs"),
    (r"orchestrator/segment/(follow|report_line)\.c$", "follow report_line"),
]
CHANGES = [(" < ", " <= "), (" <= ", " < "), (" > ", " >= "), (" >= ", " > "), (" == ", " != "),
           (" != ", " == "), (" + ", " - "), (" - ", " + "), (" * ", " / "), (" / ", " * "),
           (" && ", " || "), (" || ", " && "), ("++", "--"), (" += ", " -= "), ("if (!", "if ("),
           ("return OK;", "return ERR_FAILED;"), (" 1;", " 2;"), (" 0;", " 1;")]
SKIPPED = re.compile(r"^\s*(/?\*|//|#)|ASSERT|BUG\(|static const char|_Static_assert")


def places():
    """Every (file, line number, offset, change) of the modules, in a fixed order."""
    names = subprocess.check_output(["git", "ls-files", "*.c"], text=True).split()
    found = []
    for pattern, suites in MODULES:
        of_module = []
        for name in sorted(n for n in names if re.match(pattern, n)):
            for number, line in enumerate(open(name).read().split("\n")):
                if SKIPPED.search(line):
                    continue
                text = re.sub(r'"(\\.|[^"\\])*"', lambda m: "~" * len(m.group()), line)
                for change in CHANGES:
                    at = text.find(change[0])
                    while at >= 0:
                        of_module.append((name, number, at, change, suites))
                        at = text.find(change[0], at + 1)
        found.append(of_module)
    return found


def draw(count):
    """As many of each module, since a module of many lines would be all of them."""
    dice = random.Random(SEED)
    modules = places()
    drawn = [x for i, m in enumerate(modules)
             for x in dice.sample(m, min(len(m), count // len(modules) + (i < count % len(modules))))]
    dice.shuffle(drawn)
    return drawn


def build(tree, log):
    return subprocess.call(["make", "-s", f"-j{os.cpu_count()}", f"CC={os.environ.get('CC', 'gcc')}",
                            "build/release/tests"], cwd=tree, stdout=log, stderr=log) == 0


def end(pid):
    """Kills a process and all that it has started, since every test leads a group of its own."""
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children") as children:
            for child in children.read().split():
                try:
                    end(int(child))
                except OSError:  # it has ended by itself
                    pass
    os.kill(pid, signal.SIGKILL)


def survives(tree, suites, log):
    for suite in suites.split():
        p = subprocess.Popen(["build/release/tests", suite], cwd=tree, stdout=log, stderr=log)
        try:
            if p.wait(SECONDS):
                return False
        except subprocess.TimeoutExpired:
            end(p.pid)
            p.wait()
            return False
    return True


def try_mutant(tree, mutant, log):
    name, number, at, (old, new), suites = mutant
    path = os.path.join(tree, name)
    text = open(path).read()
    lines = text.split("\n")
    line = lines[number]
    lines[number] = line[:at] + new + line[at + len(old):]
    open(path, "w").write("\n".join(lines))
    try:
        return not build(tree, log) or not survives(tree, suites, log)
    finally:
        open(path, "w").write(text)


def main():
    out = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    tree = os.path.abspath(f"{out}/mutants")
    os.makedirs(out, exist_ok=True)
    shutil.rmtree(tree, ignore_errors=True)
    # Times of files stay, so that objects that are there need not be compiled again.
    subprocess.check_call(f"mkdir {tree} && git ls-files -z | xargs -0 cp -p --parents -t {tree}", shell=True)
    if os.path.isdir("build/release/obj"):
        subprocess.check_call(f"mkdir {tree}/build && cp -a build/release {tree}/build/", shell=True)
    log = open(f"{out}/mutants.log", "w")
    if not build(tree, log):
        sys.exit("mutants: the tree does not build")
    killed = tried = 0
    with open(f"{out}/mutants.txt", "w") as survivors:
        for mutant in draw(count)[first:]:
            name, number, at, (old, new), suites = mutant
            dead = try_mutant(tree, mutant, log)
            tried += 1
            killed += dead
            line = open(name).read().split("\n")[number].strip()
            what = f"{name}:{number + 1}:{at + 1}: {old.strip()} -> {new.strip()}: {line}"
            print("killed  " if dead else "SURVIVES", what, flush=True)
            if not dead:
                print(what, file=survivors, flush=True)
    print(f"mutants: {tried} tried, {killed} killed, {100 * killed // max(tried, 1)} %")
    shutil.rmtree(tree)
    return killed < 0.85 * tried


if __name__ == "__main__":
    sys.exit(main())
