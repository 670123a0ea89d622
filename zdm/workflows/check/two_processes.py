"""The walk over many files, in two processes: the same Report in about two thirds of the time.

A child process judges the first files, while this one goes through them for the schema that
they leave alone, which takes about half as long, and judges the others. So it is done only
where each file is a release of its own, and nothing but the schema leads from one to the next.
"""

import contextlib
import os
import pickle
import signal
import sys
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import NoReturn

from zdm.model.rule import Rule
from zdm.model.schema import Snapshot
from zdm.rules import history, walk
from zdm.rules.report import InputFile, Report, Terms
from zdm.rules.walk import Walked

WORTH = 100_000  # bytes of files that are judged: a quarter of a second
_PASSED = 0.55  # the time of a file that is not judged, where one that is takes 1


def check(
    files: Sequence[InputFile], start: Snapshot, terms: Terms, rules: Sequence[Rule]
) -> Report:
    """What the rules find in the judged files."""
    placed = tuple(history.placed(files))
    first = placed[: _cut(placed)] if _pays(placed, terms) else ()
    begun = _begun(lambda: walk.through(first, start, terms, rules)[0]) if first else None
    if begun is None:
        return walk.check(files, start, terms, rules)
    with begun as child:
        met = walk.after(first, start, terms)
        rest, left = walk.through(placed[len(first) :], met, terms, rules)
        found = child.answer()
    if found is None:  # it was ended, or met an error, which comes up again here
        found = walk.through(first, start, terms, rules)[0]
    return walk.report((found, rest), left, terms)


def _pays(files: Sequence[InputFile], terms: Terms) -> bool:
    """Elsewhere, libraries of the system may not be used after a fork."""
    if terms.one_release or sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2:
        return False
    return sum(len(file.data) for file in files if file.judged) >= WORTH


def _cut(files: Sequence[InputFile]) -> int:
    """How many files the child takes, so that both are done at the same time."""
    works = [len(f.data) * (1 if f.judged else _PASSED) for f in files]
    child, own = 0.0, sum(works)
    for number, (file, work) in enumerate(zip(files, works, strict=True)):
        if child >= own:
            return number
        child += work
        own += len(file.data) * _PASSED - work
    return 0  # the last file is the largest by far, or none is judged


def _begun(work: Callable[[], Walked]) -> "_Child | None":
    """The child process; None where the system allows no other one."""
    try:
        return _Child(work)
    except OSError:
        return None


class _Child:
    """A copy of this process that does some work and sends what comes of it."""

    def __init__(self, work: Callable[[], Walked]) -> None:
        self._end, other_end = os.pipe()
        try:
            self._process: int | None = os.fork()
        except OSError:
            os.close(self._end)
            os.close(other_end)
            raise
        if not self._process:
            _send(work, other_end)
        os.close(other_end)

    def answer(self) -> Walked | None:
        """What came of it; None where it was ended or met an error."""
        with os.fdopen(os.dup(self._end), "rb") as pipe:
            data = pipe.read()
        answer: Walked | None = None
        if self._status() == 0:
            answer = pickle.loads(data)
        return answer

    def _status(self) -> int | None:
        process, self._process = self._process, None
        try:
            return None if process is None else os.waitpid(process, 0)[1]
        except ChildProcessError:  # SIGCHLD is ignored: how it ended is not kept
            return None

    def __enter__(self) -> "_Child":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it where nobody waits for its answer any more."""
        os.close(self._end)
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process, signal.SIGKILL)
            self._status()


def _send(work: Callable[[], Walked], end: int) -> NoReturn:
    """In the child, which ends here whatever happens."""
    status = 1
    try:
        data = pickle.dumps(work(), pickle.HIGHEST_PROTOCOL)
        with os.fdopen(end, "wb") as pipe:
            pipe.write(data)
        status = 0
    finally:
        os._exit(status)
