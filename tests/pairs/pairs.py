"""The pairs, what planning says to each, and the page on which that is kept."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.pairs.forms import FORMS, Form
from zdm.model.findings import Finding
from zdm.model.plan import Plan
from zdm.model.schema import Snapshot
from zdm.model.statement import Train
from zdm.parse import split
from zdm.planning import classify, schedule
from zdm.planning.schedule import TrainRefusedError
from zdm.serialize import snapshot_file
from zdm.workflows import plan_revisions

HERE = Path(__file__).parent
WORLD = HERE / "world.sql"
SCHEMA = HERE / "schema.json"
FILE = "m.sql"
CONFLICTS = frozenset(
    {
        "constraint_renamed",
        "fills_overlap",
        "lost_writes",
        "name_reused",
        "not_null_moved",
        "order_conflict",
    }
)


class Outcome(StrEnum):
    """One letter of the page."""

    PLANNED = "."
    CONFLICT = "c"
    REFUSED = "r"
    NO_MIGRATION = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """What the second form acts on, given the first's table and column."""

    name: str
    first: tuple[str, str]
    second: tuple[str, str]  # empty: what the first leaves under a new name

    def __str__(self) -> str:
        return self.name

    @property
    def apart(self) -> bool:
        """Whether they are about different columns."""
        return self.second not in (self.first, ("", ""))


RELATIONS = (
    Relation(name="same column", first=("doc", "code"), second=("doc", "code")),
    Relation(name="another column", first=("doc", "code"), second=("doc", "note")),
    Relation(name="what the first leaves", first=("doc", "code"), second=("", "")),
    Relation(name="parent, then child", first=("folder", "code"), second=("doc", "code")),
    Relation(name="child, then parent", first=("doc", "code"), second=("folder", "code")),
    Relation(name="key, then reference", first=("folder", "id"), second=("doc", "folder_id")),
    Relation(name="reference, then key", first=("doc", "folder_id"), second=("folder", "id")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two forms, one line of SQL each."""

    relation: Relation
    first: Form
    second: Form

    def __str__(self) -> str:
        return f"{self.relation.name}: {self.first} + {self.second}"

    @property
    def sql(self) -> str:
        """The migration."""
        table, column = self.relation.first
        one = self.first.sql.format(t=table, c=column, n=1)
        left = self.relation.second
        if left == ("", ""):
            left = self.first.table or table, self.first.column or column
        t, c = (part.format(n=1) for part in left)
        return f"{one}\n{self.second.sql.format(t=t, c=c, n=2)}\n"

    @property
    def first_lines(self) -> range:
        """The lines of the first form."""
        return range(1, self.first.sql.count("\n") + 2)

    @property
    def nulls(self) -> bool:
        """Whether rows may hold NULL."""
        return self.first.nulls and self.second.nulls

    @property
    def train(self) -> Train:
        """Its migration as a train."""
        data = self.sql.encode()
        files = (split.source_file(data, FILE),)
        return Train(statements=split.statements(data, FILE), files=files)


def of_row(relation: Relation, first: Form) -> tuple[Pair, ...]:
    """The pairs that begin with the form; of different columns the main ones are
    enough."""
    if relation.second == ("", "") and not (first.column or first.table):
        return ()
    others = [form for form in FORMS if form.main or not relation.apart]
    if first not in others:
        return ()
    return tuple(Pair(relation=relation, first=first, second=form) for form in others)


def rows() -> Iterator[tuple[Relation, Form]]:
    """The relation and the first form of each row that has pairs."""
    for relation in RELATIONS:
        yield from ((relation, form) for form in FORMS if of_row(relation, form))


@functools.cache
def schema() -> Snapshot:
    """The world's schema, as PostgreSQL 18 has it."""
    return snapshot_file.loads(SCHEMA.read_text(encoding="utf-8"), SCHEMA.name)


def plan(train: Train, snapshot: Snapshot) -> Plan:
    """The plan; raises what zdm raises."""
    found = classify.classify(train, snapshot)
    made = schedule.plan(found, name="pair", train=train, snapshot=snapshot)
    plan_revisions.check_invariants(made)
    return made


def asked(pair: Pair, snapshot: Snapshot) -> Plan | tuple[Finding, ...]:
    """The plan, or why there is none."""
    try:
        return plan(pair.train, snapshot)
    except TrainRefusedError as error:
        return error.findings


def outcome(answer: Plan | tuple[Finding, ...]) -> Outcome:
    """What an answer is on the page."""
    if isinstance(answer, Plan):
        return Outcome.PLANNED
    if any(finding.slug in CONFLICTS for finding in answer):
        return Outcome.CONFLICT
    return Outcome.REFUSED
