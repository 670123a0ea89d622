"""Many files are judged in two processes, and the Report is the one that one process gives."""

import errno
import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.rules import checking
from zdm.errors import InputError
from zdm.rules import ALL, walk
from zdm.rules.report import InputFile, Terms
from zdm.workflows.check import two_processes

EVERY = sorted(checking.CASES.rglob("*.sql"))
TERMS = checking.terms()
ADDED = "SET lock_timeout = '2s';\nALTER TABLE t ADD CONSTRAINT c CHECK (n > 0) NOT VALID;"

# The child runs nothing but the walk, so threads of the test's runner are not missed there.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


@pytest.fixture
def forks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The child processes, which a few files are worth here, on two cores."""
    made, fork = list[int](), os.fork

    def noted() -> int:
        process = fork()
        made.append(process)
        return process

    monkeypatch.setattr(two_processes, "WORTH", 0)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    monkeypatch.setattr(os, "fork", noted)
    yield made
    for process in made:
        with pytest.raises(ChildProcessError):
            os.waitpid(process, os.WNOHANG)


def of(*texts: str) -> list[InputFile]:
    return [InputFile(path=f"{n}.sql", data=t.encode()) for n, t in enumerate(texts, 1)]


def shuffled(seed: int) -> list[InputFile]:
    """All cases in some order, some of them as released, or edited."""
    chance = random.Random(seed)
    paths = chance.sample(EVERY, len(EVERY))
    return [
        InputFile(
            path=path.relative_to(checking.CASES).as_posix(),
            data=path.read_bytes(),
            judged=chance.random() < 0.8,
            edited=chance.random() < 0.1,
        )
        for path in paths
    ]


@pytest.mark.parametrize("seed", range(3))
def test_both_together_find_what_one_process_finds(seed: int, forks: list[int]) -> None:
    files = shuffled(seed)

    found = two_processes.check(files, checking.EMPTY, TERMS, ALL)

    assert len(forks) == 1
    assert found == walk.check(files, checking.EMPTY, TERMS, ALL)


@pytest.mark.parametrize("later", ["ALTER TABLE t VALIDATE CONSTRAINT c;", "SELECT 1;"])
def test_what_a_later_file_makes_good_is_not_reported(later: str, forks: list[int]) -> None:
    files = of("CREATE TABLE t (n int);", ADDED, "SELECT 1;", "SELECT 2;", later)

    found = two_processes.check(files, checking.EMPTY, TERMS, ALL)

    assert len(forks) == 1
    rules = [finding.rule for finding in found.findings]
    assert ("constraint-not-valid-left-behind" in rules) is (later == "SELECT 1;")


@pytest.mark.parametrize("place", [0, 3])
def test_a_file_that_cannot_be_read_is_an_error(place: int, forks: list[int]) -> None:
    texts = ["SELECT 1;"] * 4
    texts[place] = "SELEC 1;"

    with pytest.raises(InputError, match=rf"^{place + 1}\.sql:1:1"):
        two_processes.check(of(*texts), checking.EMPTY, TERMS, ALL)

    assert len(forks) == 1


def test_what_a_child_that_was_ended_leaves_is_done_here(
    forks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = of("CREATE TABLE t (n int);", ADDED, "SELECT 1;")
    monkeypatch.setattr(two_processes, "_send", lambda *_: os._exit(1))

    found = two_processes.check(files, checking.EMPTY, TERMS, ALL)

    assert len(forks) == 1
    assert found == walk.check(files, checking.EMPTY, TERMS, ALL)


def test_one_process_does_it_where_no_other_can_be_made(
    forks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> int:
        raise BlockingIOError(errno.EAGAIN, "as beyond a limit of processes")

    files = of("CREATE TABLE t (n int);", ADDED, "SELECT 1;")
    monkeypatch.setattr(os, "fork", refused)
    opened = len([*Path("/proc/self/fd").iterdir()])

    found = two_processes.check(files, checking.EMPTY, TERMS, ALL)

    assert not forks
    assert found == walk.check(files, checking.EMPTY, TERMS, ALL)
    assert len([*Path("/proc/self/fd").iterdir()]) == opened


@pytest.mark.parametrize("later", ["SELECT 1;", "SELEC 1;"], ids=["answered", "ended"])
def test_it_works_where_the_system_forgets_children_at_once(
    later: str, forks: list[int]
) -> None:
    """As where the caller ignores SIGCHLD, which a process hands on."""
    files = of("CREATE TABLE t (n int);", ADDED, "SELECT 1;", later)
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        if later == "SELEC 1;":
            with pytest.raises(InputError, match=r"^4\.sql:1:1"):
                two_processes.check(files, checking.EMPTY, TERMS, ALL)
        else:
            found = two_processes.check(files, checking.EMPTY, TERMS, ALL)
            assert found == walk.check(files, checking.EMPTY, TERMS, ALL)
    finally:
        signal.signal(signal.SIGCHLD, before)

    assert len(forks) == 1


@pytest.mark.parametrize(
    ("terms", "cores"),
    [(replace(TERMS, one_release=True), 2), (TERMS, 1)],
    ids=["one release", "one core"],
)
def test_one_process_does_what_two_would_not_do_faster(
    terms: Terms, cores: int, forks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = of("CREATE TABLE t (n int);", ADDED, "SELECT 1;", "SELECT 2;")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))

    found = two_processes.check(files, checking.EMPTY, terms, ALL)

    assert not forks
    assert found == walk.check(files, checking.EMPTY, terms, ALL)


def test_a_few_files_are_not_worth_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fork", lambda: pytest.fail("it forks"))
    texts = [path.read_text() for path in Path(checking.CASES).rglob("before.sql")][:50]

    two_processes.check(of(*texts), checking.EMPTY, TERMS, ALL)
