#!/usr/bin/env python3
"""Line coverage of a cov build after its tests have run, a row a folder.

usage: coverage.py BUILD FLOOR     leaves with 1 where a folder is below FLOOR percent

BUILD/uncovered.txt has every line that nobody ran: FILE:LINE.
"""
import collections
import glob
import gzip
import json
import os
import subprocess
import sys
import tempfile


def lines_of(notes):
    """{source: {line: how often}} of one object, as gcov tells."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["gcov", "--json-format", "--object-directory", os.path.dirname(notes), notes],
                       cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        for path in glob.glob(f"{folder}/*.gcov.json.gz"):
            for f in json.load(gzip.open(path))["files"]:
                yield f["file"], {x["line_number"]: x["count"] for x in f["lines"]}


def main():
    build, floor = sys.argv[1], float(sys.argv[2])
    count = collections.defaultdict(collections.Counter)
    for notes in glob.glob(f"{os.path.abspath(build)}/obj/**/*.gcno", recursive=True):
        for source, lines in lines_of(notes):
            source = os.path.relpath(source)
            if source.startswith(("tests/", "bench/", "/", "..", "build/")) or not source.endswith((".c", ".h")):
                continue
            count[source].update(lines)
            for line in lines:  # a line that was never run is a line
                count[source][line] += 0
    folders = collections.defaultdict(lambda: [0, 0])
    with open(f"{build}/uncovered.txt", "w") as missing:
        for source in sorted(count):
            for line, n in sorted(count[source].items()):
                folders[os.path.dirname(source)][0] += n > 0
                folders[os.path.dirname(source)][1] += 1
                if not n:
                    print(f"{source}:{line}", file=missing)
    below = 0
    for folder, (ran, all_of_them) in sorted(folders.items()):
        percent = 100 * ran / all_of_them
        below += percent < floor
        print(f"{percent:6.1f} %  {ran:5} of {all_of_them:5}  {folder}{'   below the floor' if percent < floor else ''}")
    ran, total = (sum(x[i] for x in folders.values()) for i in (0, 1))
    print(f"coverage: {100 * ran / total:.1f} % of {total} lines, {below} folders below {floor:g} %")
    return below > 0


if __name__ == "__main__":
    sys.exit(main())
