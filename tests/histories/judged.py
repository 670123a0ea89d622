"""What zdm makes of one migration of a published history, as if it were the one pending."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from tests.revisions.projects import Databases
from zdm.model.findings import Finding
from zdm.model.schema import Snapshot
from zdm.model.statement import Action, ActionKind, Fact, Statement, Train
from zdm.parse import facts
from zdm.planning import schedule
from zdm.planning.classify import Classification, classify
from zdm.planning.schedule import TrainRefusedError
from zdm.postgres.catalog import read as catalog
from zdm.postgres.session import connection
from zdm.schema import type_names

MIGRATIONS = "migrations with"
PLANNED = "planned with"
ALONE = "refused for nothing but"
ANY = "any statement"


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Why it is refused, or that it is planned, and what was counted."""

    reports: tuple[str, ...]
    counts: Counter[str]


def judge(train: Train, before: Snapshot) -> Judged:
    """One migration on the schema before it."""
    found = classify(train, before)
    refused = _refused(found, train, before)
    reports = tuple(f"refused {f.slug}: {f.source}: {f.message}" for f in refused)
    actions = [
        action
        for statement in train.statements
        for action in facts.actions(statement, type_names.path(before, statement.settings))
    ]
    counts = _counted(found, actions) + Counter(f"refused {f.slug}" for f in refused)
    counts.update(f"{MIGRATIONS} {kind}" for kind in _kinds(actions))
    if not refused:
        counts.update(f"{PLANNED} {kind}" for kind in _kinds(actions))
    slugs = {finding.slug for finding in refused}
    if len(slugs) == 1:
        counts[f"{ALONE} {slugs.pop()}"] += 1
    return Judged(reports=reports, counts=counts)


def replay(databases: Databases, dsn: str, migrations: Iterable[Train]) -> Judged:
    """Each migration judged on the schema before it, then run."""
    reports: list[str] = []
    counts: Counter[str] = Counter()
    with connection.connect(dsn, name="tests") as conn:  # a new session reads with cold caches
        for train in migrations:
            one = judge(train, catalog.read(conn))
            reports.extend(one.reports)
            counts.update(one.counts)
            run(databases, dsn, train.statements)
    return Judged(reports=tuple(reports), counts=counts)


def run(databases: Databases, dsn: str, statements: tuple[Statement, ...]) -> None:
    """Run statements in their transactions."""
    for number, group in groupby(statements, key=lambda s: s.transaction):
        texts = [statement.sql for statement in group]
        if number is None:
            for text in texts:
                databases.run(dsn, text)
        else:
            databases.run(dsn, "BEGIN;" + ";\n".join(texts) + ";COMMIT")


def golden(heading: str, judged: Judged, notes: Iterable[str] = ()) -> str:
    """The text of a golden file."""
    counts = [f"{count:5} {what}" for what, count in sorted(judged.counts.items())]
    return "\n".join([heading, *counts, "", *judged.reports, *notes]) + "\n"


def _refused(found: Classification, train: Train, before: Snapshot) -> tuple[Finding, ...]:
    try:
        schedule.plan(found, name="one", train=train, snapshot=before)
    except TrainRefusedError as error:
        return error.findings
    return ()


def _counted(found: Classification, actions: list[Action]) -> Counter[str]:
    """How many Actions each operation takes, and how many do nothing."""
    counts = Counter(
        f"operation {place.operation.slug}" for place in found.placed for _ in place.actions
    )
    left = len(actions) - counts.total() - len(found.refused)
    return counts + Counter({"no part of a plan": left})


def _kinds(actions: list[Action]) -> Iterator[str]:
    yield ANY
    yield from sorted({_kind(action) for action in actions})


def _kind(action: Action) -> str:
    fact = action.fact
    if not isinstance(fact, Fact):
        return "DO block" if "DO block" in fact.reason else "not read"
    if fact.kind is ActionKind.ADD_CONSTRAINT:
        return f"add constraint, {fact.constraint_kind}"
    return fact.kind.value
