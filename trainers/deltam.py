"""The job that deltam gives to a training program (PREFIX/share/doc/deltam/docs/TRAINERS.md): Python 3.8 or newer.
deltam puts the folder of this file at the end of PYTHONPATH; a copy beside the program comes first."""

import collections, contextlib, json, os, pathlib, signal, sys, time
from typing import Any, Dict, Iterator, List

def sync(path: str) -> None:
    file = os.open(path, os.O_RDONLY)
    os.fsync(file)
    os.close(file)

class Job:
    sweep: str; label: str; identity: str; method: str; home: str; folder: str; report: str
    job: int; seed: int; done: int; until: int; epochs: int; checkpoint_seconds: float
    lr: float; wd: float; tasks: List[str]; hyper: Dict[str, Any]
    dataset: Dict[str, Any]; model: Dict[str, Any]; train: Dict[str, Any]

    def __init__(self) -> None:
        path = os.environ.get("DELTAM_JOB") or sys.exit("only `deltam run` sets DELTAM_JOB")
        job = json.loads(pathlib.Path(path).read_text("utf-8"))
        if job["deltam"] != 1:  # The same words would then mean something else.
            sys.exit(f"this deltam.py knows contract 1, and the job is of {job['deltam']}:"
                     " take the deltam.py that came with this deltam")
        vars(self).update((key, job[key]) for key in Job.__annotations__)
        self._told, self._stop, self._saved = 0, False, time.monotonic()
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "_stop", True))
        os.register_at_fork(  # Pools of processes end theirs by SIGTERM.
            after_in_child=lambda: signal.signal(signal.SIGTERM, signal.SIG_DFL))

    def path(self, name: str) -> str: return os.path.join(self.folder, name)

    def flags(self) -> List[str]:  # A key that two sections have is --SECTION-KEY in both.
        flags = [("", key, getattr(self, key)) for key in ("lr", "wd", "seed", "method")]
        for part in ("hyper", "model", "dataset", "train"):
            flags += [(part + "-", key, v) for key, v in getattr(self, part).items()]
        count = collections.Counter(key for _, key, _ in flags)
        return [word for part, key, v in flags if v is not False
                for word in ["--" + (part if count[key] > 1 else "") + key] +
                [str(x) for x in (v if isinstance(v, list) else [v]) if v is not True]]

    def todo(self, done: int) -> Iterator[int]:  # Behind a SIGTERM no epoch is begun.
        return (epoch for epoch in range(done + 1, self.until + 1) if not self._stop)

    def tell(self, **line: Any) -> None:  # On return it is on the disk, before any state.
        line = {key: value for key, value in line.items() if value is not None}
        with open(self.report, "a") as file: file.write(json.dumps(line, default=float) + "\n")
        sync(self.report)
        self._told = line.get("epoch", self._told)

    def save_due(self, epoch: int) -> bool:
        assert epoch <= self._told, f"tell epoch {epoch} first: no state is ahead of its lines"
        late = time.monotonic() - self._saved >= self.checkpoint_seconds
        return late or self._stop or epoch == self.until

    @contextlib.contextmanager
    def saving(self, name: str) -> Iterator[str]:  # A kill leaves the old state or the new.
        yield self.path("new." + name)
        sync(self.path("new." + name))
        os.replace(self.path("new." + name), self.path(name))
        self._saved = time.monotonic()
