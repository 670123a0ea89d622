"""One release: planned, executed beside both versions, compared with the plain migration."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import psycopg

from tests import case as cases
from tests.ten_tables import writers
from tests.ten_tables.ground import APP, OWNER, Ground
from tests.ten_tables.shapes import Version
from tests.ten_tables.writers import Rows, Sent, Writer
from tests.waiting import until
from zdm.workflows import plan_files

WRITTEN_BEFORE, WRITTEN_TOGETHER, WRITTEN_AFTER = 25, 40, 25  # statements of each session
_SETTINGS = """
[alembic]
ini = "alembic.ini"

[rollout]
old = "{old}"
new = "{new}"
polls = 1
poll_interval = "10ms"
revert_window = "0s"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """What zdm refuses, by design, before the release is written as it says."""

    file: str
    says: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One release: its files, and what its version of the application is."""

    name: str
    files: tuple[str, ...]
    new: Callable[[Version], Version] = lambda version: version
    since: int = 14  # PostgreSQL
    start: str = ""  # rows that are there before
    plainly: str = ""  # what the copy gets instead, where PostgreSQL refuses the files
    refused: tuple[Refused, ...] = ()
    quiet: frozenset[str] = frozenset()  # what a plan's hazards ask of the old version
    unread: frozenset[str] = frozenset()
    steps: int | None = None  # a plan is as small as its change
    patient: frozenset[str] = frozenset()  # of the new one, until the contract
    left_alone: Mapping[str, str] = field(default_factory=dict)  # rows, by table


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What came of it."""

    name: str
    operations: tuple[str, ...] = ()
    steps: int = 0
    rows: int = 0
    statements: dict[str, int] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    ended: bool = False  # the run has contracted


def run(ground: Ground, name: str, release: Release, old: Version) -> Outcome:
    """On a database that has all releases before it."""
    outcome = Outcome(name=release.name)
    new = release.new(old)
    start(ground, name, release)
    with ground.database(name) as copy:
        plan = _plan(ground, name, release, outcome)
        if outcome.wrong:
            return outcome
        sent = _executed(_Stage(ground, name, release), (old, new), plan, outcome)
        if not outcome.wrong:
            _compare(ground, (name, copy), release, sent, outcome)
    return outcome


def migrate_plainly(ground: Ground, name: str, release: Release) -> None:
    """As Alembic and psql do, with what a directive stands for."""
    if release.plainly:
        with psycopg.connect(ground.url(name, OWNER), autocommit=True) as conn:
            conn.execute(release.plainly.encode())
    else:
        ground.migrate_plainly(name, release.files)


def start(ground: Ground, name: str, release: Release) -> None:
    settings = _SETTINGS.format(old=f"before-{release.name}", new=release.name)
    (ground.folder / "zdm.toml").write_text(settings)
    with psycopg.connect(ground.url(name, OWNER), autocommit=True) as conn:
        conn.execute(writers.TENANT)
        if release.start:
            conn.execute(release.start.encode())
        conn.execute(b"ANALYZE")


def _plan(ground: Ground, name: str, release: Release, outcome: Outcome) -> str:
    url = ("--database", ground.url(name, OWNER))
    for refused in release.refused:
        path = ground.take(refused.file)
        answer = ground.zdm("plan", *_targets((refused.file.replace("refused/", ""),)), *url)
        path.unlink()
        missing = [text for text in refused.says if text not in answer.err]
        if answer.code != 3 or missing:
            outcome.wrong.append(f"{refused.file}: {answer.code} {answer.err}{missing}")
    for file in release.files:
        ground.take(file)
    plan = f"plans/{release.name}.yaml"
    answer = ground.zdm("plan", *_targets(release.files), *url, "-o", plan)
    if answer.code != 0 or "verified on PostgreSQL" not in answer.err:
        outcome.wrong.append(f"plan: {answer.code} {answer.err}")
    else:
        made = plan_files.read_plan(ground.folder / plan)
        outcome.steps = len(made.steps)
        outcome.operations = tuple(o.slug for o in made.operations)
        if release.steps is not None and release.steps != outcome.steps:
            outcome.wrong.append(f"{outcome.steps} steps: {answer.out}")
    return plan


def _targets(files: tuple[str, ...]) -> tuple[str, ...]:
    """SQL files by name; revisions are pending."""
    return tuple(file for file in files if file.endswith(".sql"))


@dataclass(frozen=True, slots=True)
class _Stage:
    ground: Ground
    name: str
    release: Release

    def writers(self, side: str, version: Version, shared: Rows) -> list[Writer]:
        """The sessions of a version; their names say which one it is."""
        new = side == "new"
        release = self.release.name if new else f"before-{self.release.name}"
        return [
            Writer(
                url=self.ground.url(self.name, APP),
                name=f"zdm-app:{release}/{side}/{number}",
                tag=f"{self.release.name}{side[0]}{number}",
                version=version,
                seed=f"{self.release.name} {side} {number}",
                shared=shared,
                late=new,
                quiet=self.release.patient if new else self.release.quiet,
                unread=self.release.unread,
            )
            for number in range(writers.EACH)
        ]

    def rows(self, version: Version) -> tuple[Rows, list[Rows]]:
        """Keys that are there: those that all may refer to, and those of each session."""
        shared: Rows = {}
        own: list[Rows] = [{} for _ in range(writers.EACH)]
        with psycopg.connect(self.ground.url(self.name)) as conn:
            for table, shape in version.tables.items():
                names = ", ".join(shape.key)
                which = self.release.left_alone.get(table, "false")
                sql = f"SELECT {names} FROM velo.{table} WHERE NOT ({which}) ORDER BY {names}"
                found = conn.execute(sql.encode()).fetchall()
                for number, key in enumerate(found):
                    whose = number % (2 * writers.EACH)
                    to = own[whose] if whose < writers.EACH else shared
                    to.setdefault(table, {})[tuple(key)] = {}
        return shared, own


def _executed(
    stage: _Stage, versions: tuple[Version, Version], plan: str, outcome: Outcome
) -> tuple[list[Sent], list[Sent]]:
    """Before the rollout only the old version writes, then both, then the new one."""
    shared, own = stage.rows(versions[0])
    old = stage.writers("old", versions[0], shared)
    new = stage.writers("new", versions[1], shared)
    for writer, rows in zip(old, own, strict=True):
        writer.rows.update(rows)
        writer.kept = {(table, key) for table, keys in rows.items() for key in keys}
    url = ("--database", stage.ground.url(stage.name, OWNER))
    execute = ("execute", plan, "--pacing", "full", *url)
    with writers.at_work(old):
        _more(old, WRITTEN_BEFORE)
        _set(old, late=True)
        _expect(stage, outcome, *execute, "--until", "backfilled")
        with writers.at_work(new):
            _more(new, WRITTEN_TOGETHER, lambda: _hand_over(old, new, 0.2))
            leaving = threading.Timer(0.2, _leave, [old, new])
            leaving.start()
            _expect(stage, outcome, *execute, "--assume-deployed")
            leaving.join()
            outcome.ended = not outcome.wrong
            _set(new, late=False)
            _more(new, WRITTEN_AFTER)
    for writer in (*old, *new):
        outcome.failed += writer.failed
        outcome.wrong += writer.wrong
        for kind, count in writer.counted.items():
            key = f"{writer.name.split('/')[1]} {kind}"
            outcome.statements[key] = outcome.statements.get(key, 0) + count
    return [s for w in old for s in w.sent], [s for w in new for s in w.sent]


def _set(crowd: list[Writer], *, late: bool) -> None:
    for writer in crowd:
        with writer.lock:
            writer.late = late


def _more(
    crowd: list[Writer], statements: int, meanwhile: Callable[[], None] = lambda: None
) -> None:
    """Until each has written so much more, or has failed."""
    wanted = [(writer, len(writer.sent) + statements) for writer in crowd]

    def is_done() -> bool:
        meanwhile()
        return all(len(w.sent) >= n or w.failed or w.wrong for w, n in wanted)

    until(is_done)


def _hand_over(old: list[Writer], new: list[Writer], share: float) -> None:
    for one, other in zip(old, new, strict=True):
        one.hand_over(other, share)


def _leave(old: list[Writer], new: list[Writer]) -> None:
    """The old version's instances end; what they had goes to the new one's."""
    for writer in old:
        writer.over.set()
        if writer.thread is not None:
            writer.thread.join()
    _hand_over(old, new, 1.0)


def _expect(stage: _Stage, outcome: Outcome, *arguments: str) -> None:
    answer = stage.ground.zdm(*arguments)
    if answer.code != 0:
        outcome.wrong.append(f"{arguments[0]}: {answer.code} {answer.out} {answer.err}")


def _compare(
    ground: Ground,
    names: tuple[str, str],
    release: Release,
    sent: tuple[list[Sent], list[Sent]],
    outcome: Outcome,
) -> None:
    """With the plain migration on a copy, with the same writes."""
    here, copy = names
    writers.again(ground.url(copy, APP), sent[0])
    migrate_plainly(ground, copy, release)
    writers.again(ground.url(copy, APP), sent[1])
    plain, found = cases.read(ground.url(copy)), cases.read(ground.url(here))
    outcome.wrong += [f"schema: {line}" for line in cases.differences(plain, found)]
    wanted, rows = ground.rows(copy), ground.rows(here)
    for table in sorted({*wanted, *rows}):
        one, other = Counter(wanted.get(table, [])), Counter(rows.get(table, []))
        if one != other:
            missing, more = sorted((one - other).elements()), sorted((other - one).elements())
            outcome.wrong.append(
                f"{table}: {len(missing)} rows are plainly {missing[:2]}, here {more[:2]}"
            )
    outcome.rows = sum(map(len, rows.values()))
