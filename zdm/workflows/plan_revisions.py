"""Plan pending revisions or SQL files: read, classify, plan, check the plan as a value.

Where things come from (a live database, recorded revisions) is given as functions, so that
planning one SQL file imports neither a database driver nor Alembic.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from zdm.errors import InputError, ZdmError
from zdm.model.explained.explanation import Explanation
from zdm.model.plan import Plan
from zdm.model.schema import Snapshot
from zdm.model.statement import SourceFile, Statement, Train
from zdm.parse import split
from zdm.planning import classify, invariants, schedule
from zdm.planning.classify import Classification
from zdm.planning.explained import changes
from zdm.planning.invariants import Invariant
from zdm.planning.schedule import Scheduled
from zdm.serialize import input_file


class Sources(Struct, frozen=True, kw_only=True):
    """Where schemas and revisions come from; None where there is nothing."""

    live: Callable[[], Snapshot] | None  # the database's schema
    record: Callable[[tuple[str, ...], Snapshot | None], tuple[Train, Snapshot]] | None


class PlanRequest(Struct, frozen=True, kw_only=True):
    """What is to be planned: SQL files, revisions, or (empty) what is pending."""

    root: Path  # paths in the plan are relative to it
    targets: tuple[str, ...] = ()
    snapshot: Snapshot | None = None
    stamp: Literal["backfilled", "after_contract"] = "backfilled"


class Planned(Struct, frozen=True, kw_only=True):
    """The plan, the schema that it starts from, and what it was made of."""

    plan: Plan
    snapshot: Snapshot
    classification: Classification
    scheduled: Scheduled

    def explanation(self) -> Explanation:
        """Why the plan is as it is."""
        return changes.explain(self.classification, self.scheduled)


def run(
    request: PlanRequest, sources: Sources, checks: tuple[Invariant, ...] = invariants.ALL
) -> Planned:
    """Plan what is asked; RefusedError, with every finding, if any of it is refused."""
    train, snapshot = _read(request, sources)
    if not train.statements and train.stamp is None:
        raise InputError(
            "nothing is pending, so there is nothing to plan",
            hint="name a SQL file or a revision, or create one with `zdm new MESSAGE`",
        )
    classification = classify.classify(train, snapshot)
    scheduled = schedule.scheduled(
        classification,
        name=_name(train),
        train=train,
        snapshot=snapshot,
        stamp_when=request.stamp,
    )
    check_invariants(scheduled.plan, checks)
    return Planned(
        plan=scheduled.plan,
        snapshot=snapshot,
        classification=classification,
        scheduled=scheduled,
    )


def check_invariants(plan: Plan, checks: tuple[Invariant, ...] = invariants.ALL) -> None:
    """A plan that violates an invariant is a bug in zdm."""
    findings = [finding for check in checks for finding in check(plan)]
    if findings:
        raise ZdmError(
            f"the plan {plan.name} violates a plan invariant: {findings[0].message}",
            hint=f"please report it with the migration ({findings[0].slug})",
        )


def _read(request: PlanRequest, sources: Sources) -> tuple[Train, Snapshot]:
    files = [target for target in request.targets if input_file.is_sql(target)]
    if files and len(files) != len(request.targets):
        raise InputError(
            "SQL files and revisions are mixed, so their order is not known",
            hint="plan them one after the other",
        )
    if files:
        return read_files(files, request.root), _schema(request, sources)
    if sources.record is None:
        raise InputError(
            "there is nothing to plan: no SQL file is named and no Alembic environment is set",
            hint="name a SQL file, or set `[alembic] ini` in zdm.toml",
        )
    snapshot = request.snapshot
    if snapshot is None and sources.live is not None:
        snapshot = sources.live()
    return sources.record(request.targets, snapshot)


def _schema(request: PlanRequest, sources: Sources) -> Snapshot:
    if request.snapshot is not None:
        return request.snapshot
    if sources.live is not None:
        return sources.live()
    raise InputError(
        "the schema that the SQL meets is not known: neither --snapshot nor --database,"
        " ZDM_DATABASE_URL or `database` in zdm.toml is given",
        hint="write it to a file with `zdm snapshot -o FILE`, and plan with `--snapshot FILE`",
    )


def read_files(files: list[str], root: Path) -> Train:
    """SQL files as one train; each file's transactions come after those of the one before."""
    statements: list[Statement] = []
    pinned: list[SourceFile] = []
    for name in files:
        data = input_file.read(Path(name))
        shown = relative(Path(name), root)
        statements.extend(after(statements, split.statements(data, shown)))
        pinned.append(split.source_file(data, shown))
    return Train(statements=tuple(statements), files=tuple(pinned))


def after(earlier: Sequence[Statement], later: Sequence[Statement]) -> Iterator[Statement]:
    """Statements whose transactions come after the earlier ones'."""
    first = 1 + max((s.transaction for s in earlier if s.transaction is not None), default=-1)
    for statement in later:
        number = statement.transaction
        yield replace(statement, transaction=None if number is None else first + number)


def relative(path: Path, root: Path) -> str:
    """A path as plans and messages write it."""
    absolute = path.absolute()
    if absolute.is_relative_to(root):
        return absolute.relative_to(root).as_posix()
    return path.as_posix()


def _name(train: Train) -> str:
    """The last file's name says what the train leads to."""
    return Path(train.files[-1].path).stem if train.files else "stamp"
