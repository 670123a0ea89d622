"""DROP CONSTRAINT, in the phase in which no version misses it and none is refused by it.

Dropping takes ACCESS EXCLUSIVE for milliseconds; a foreign key on both of its tables (manual,
ALTER TABLE; measured 11-18). The new version may write rows that break the constraint, so a
CHECK, and a foreign key that only refuses, go in EXPAND. A foreign key in whose place the train
adds another one refuses nothing of the new version, and goes in CONTRACT.

Others would have to go in both phases: a foreign key with ON DELETE or ON UPDATE actions, by
which the old version may have rows deleted, and a unique, primary key or exclusion constraint,
without which ON CONFLICT of the old version fails (42P10, measured 15). They are refused,
unless another unique index refuses the same rows, or the train drops the table or the columns
that they are of: then they refuse nothing of the new version, and go in CONTRACT.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice
from zdm.model.findings import Hazard
from zdm.model.locks import LockMode
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import BOTH, NEW_ONLY, Phase, RunSql, Step
from zdm.model.schema import Constraint, Index, Name, Snapshot, Table
from zdm.model.statement import Action, ActionKind
from zdm.model.syntax import AddConstraint
from zdm.parse import emit
from zdm.parse.emit import Ident, Qualified
from zdm.recipes import run_sql, site
from zdm.recipes.column import leaving, refusing
from zdm.recipes.constraint import dropped, unvalidated
from zdm.recipes.reading import refuse, statements
from zdm.recipes.site import Site
from zdm.recipes.sql import probes
from zdm.schema import family

SLUG = "drop_constraint"
_PLANNED = frozenset({"check", "foreign key", "unique", "primary key", "exclusion"})


class DropConstraint(Struct, frozen=True, kw_only=True):
    """Drop a constraint; None: it does not exist, and the statement has IF EXISTS."""

    table: Name
    name: str
    constraint: Constraint | None
    late: bool = False
    leaves: bool = False  # with the table or the columns that the train drops

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        if self.constraint is None:
            return f"drop constraint {self.name} of {self.table} (does not exist)"
        return f"drop {self.constraint.kind} {self.name} of {self.table}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """What it did for a version."""
        del context
        return tuple(Hazard(operation=SLUG, message=m, remedy=r) for m, r in self._lines())

    def _lines(self) -> Iterator[tuple[str, str]]:
        if self.constraint is None:
            return
        if not self.late:
            yield (
                f"once {self.name} is dropped, before the rollout, {self.table} accepts rows"
                " that break it, which the old version reads; a rollback adds it back, reads"
                " the whole table under its lock, and fails while there are such rows",
                "let the new version write them only after the contract if the old one cannot"
                " read them",
            )
        elif self.leaves:
            yield from self._of_left_rows(self.constraint)
        elif self.constraint.kind == "foreign key":
            yield (
                f"until the contract {self.name} does what it did, also ON DELETE and ON"
                " UPDATE; the one in its place follows it",
                "let the new version work with both",
            )
        else:
            yield (
                f"ON CONFLICT on the columns of {self.name} fails after the contract",
                "let the new version name the columns of the other unique index",
            )

    def _of_left_rows(self, key: Constraint) -> Iterator[tuple[str, str]]:
        if key.references not in (None, self.table):
            yield (
                f"until the contract the foreign key {key.name} refuses or cascades a DELETE in"
                f" {key.references} for the rows that the old version left",
                f"let the new version remove rows of {key.references} only after the contract",
            )

    def choice(self, context: Context) -> Choice:
        """Before the rollout, unless the train makes another."""
        del context
        if self.constraint is None:
            return choice.nothing("there is no such constraint, and it says IF EXISTS")
        return choice.by_version(
            "change the catalog alone",
            late=self.late,
            early="the new version may write rows that it refuses",
            after="the new version does not write what the train drops below it"
            if self.leaves
            else "another constraint or index refuses the same rows meanwhile",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """One step, or none."""
        table = context.snapshot.require_table(self.table)
        if self.constraint is None:
            return ()
        place = site.at(SLUG, table, context)
        return (_step(place, self.constraint, self.title, late=self.late),)


def _step(place: Site, constraint: Constraint, title: str, *, late: bool) -> RunSql:
    t, k = Qualified(place.name), Ident(constraint.name)
    foreign = constraint.kind == "foreign key"
    kind = run_sql.foreign_key_change if foreign else run_sql.short_transaction
    mode = LockMode.ACCESS_EXCLUSIVE
    return kind(
        place,
        id=place.id(constraint.name, "drop"),
        phase=Phase.CONTRACT if late else Phase.EXPAND,
        title=title,
        sql=(emit.sql("ALTER TABLE {t} DROP CONSTRAINT {k}", t=t, k=k),),
        locks=unvalidated.both_locks(place, constraint.references, mode, mode),
        probe=probes.probe(probes.absent(probes.constraint(place.name, constraint.name))),
        undo=tuple(dropped.restore_sql(place, constraint)),
        undo_checks=() if late else dropped.restorable(place, constraint),
        undo_proof=dropped.prove_sql(place, constraint),
        serves=NEW_ONLY if late else BOTH,
        reason="Only the new version is left, which does not need it."
        if late
        else "The new version may write rows that break it, and the old one does not need it.",
    )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """DROP CONSTRAINT on a table of the Snapshot."""
    action = actions[0]
    fact = statements.fact(action, ActionKind.DROP_CONSTRAINT)
    if fact is None:
        return None
    table = snapshot.table(fact.table) if fact.table is not None else None
    if table is None:
        return statements.unknown_table(action, fact.table)
    found = table.constraint(fact.name)
    if found is None:
        if fact.if_exists and not table.opaque:
            operation = DropConstraint(table=table.name, name=fact.name, constraint=None)
            return Match(operation=operation, consumed=(0,))
        return _unknown(action, table, fact.name)
    if found.kind not in _PLANNED or (fact.only and family.children(snapshot, table.name)):
        return None
    leaves = _leaves(found, actions[1:], table, snapshot)
    replaced = leaves or _is_replaced(found, actions[1:]) or _has_another(found, table)
    problem = _problem(table, found, snapshot, replaced=replaced)
    if problem is not None:
        return refuse.refuse(action, "constraint_cannot_be_dropped", *problem)
    late = replaced or found.kind not in ("check", "foreign key")
    operation = DropConstraint(
        table=table.name, name=found.name, constraint=found, late=late, leaves=leaves
    )
    return Match(operation=operation, consumed=(0,))


def _unknown(action: Action, table: Table, name: str) -> Refusal:
    return refuse.refuse(
        action,
        "unknown_constraint",
        f"{table.name} has no constraint {name} of its own, so this statement would fail",
        "correct the name, or make a new snapshot of the database",
    )


def _leaves(
    constraint: Constraint, later: Sequence[Action], table: Table, snapshot: Snapshot
) -> bool:
    """Whether it refuses nothing of a version that does not write what the train drops."""
    if constraint.kind == "foreign key":
        return _acts(constraint) and leaving.refers_from(constraint, later, table)
    if constraint.kind == "check":
        return False
    if constraint.kind != "unique":
        return leaving.is_dropped(later, table)
    index = _index(table, constraint)
    return index is not None and leaving.repeats_none(index, later, table, snapshot)


def _is_replaced(constraint: Constraint, later: Sequence[Action]) -> bool:
    """Whether the train adds a foreign key on the same columns to the same table."""
    if constraint.kind != "foreign key" or constraint.references is None:
        return False
    added = (a.said.constraint for a in later if isinstance(a.said, AddConstraint))
    return any(
        says.columns == constraint.columns
        and says.references is not None
        and says.references.name == constraint.references.name
        for says in added
    )


def _has_another(constraint: Constraint, table: Table) -> bool:
    """Whether there is one by now, which an earlier statement of the train may have added."""
    return constraint.kind == "foreign key" and any(
        other.kind == constraint.kind
        and other.name != constraint.name
        and (other.columns, other.references) == (constraint.columns, constraint.references)
        for other in table.constraints
    )


def _acts(constraint: Constraint) -> bool:
    """Whether it deletes or changes rows by itself."""
    actions = (f" ON {e} {word}" for e in ("DELETE", "UPDATE") for word in ("CASCADE", "SET"))
    return any(action in constraint.definition for action in actions)


def _problem(
    table: Table, constraint: Constraint, snapshot: Snapshot, *, replaced: bool
) -> tuple[str, str] | None:
    if family.inherits_constraint(snapshot, table, constraint):
        return (
            f"{constraint.name} of {table.name} comes from a table above it, so this statement"
            " would fail",
            "drop it there",
        )
    if constraint.kind == "foreign key" and _acts(constraint) and not replaced:
        return (
            f"while {constraint.name} is there, it refuses rows of the new version that refer"
            " to nothing, and without it rows stay that the old version has deleted or changed"
            " by ON DELETE or ON UPDATE",
            "put `-- zdm: run in contract -- reason` above it if the new version still writes"
            " no such rows, or `-- zdm: run in expand -- reason` if the old version does not"
            " rely on these actions",
        )
    if constraint.kind in ("check", "foreign key"):
        return None
    users = [
        f"{c.name} of {t.name}"
        for t in snapshot.tables
        for c in t.constraints
        if c.references == table.name and set(c.referenced_columns) == set(constraint.columns)
    ]
    if users:
        return (
            f"foreign keys refer to the columns of {constraint.name}: {', '.join(users)}",
            "drop them first, in the same train",
        )
    index = _index(table, constraint)
    if replaced or (index is not None and refusing.implied(index, table, frozenset())):
        return None
    return (
        f"while {constraint.name} is there, it refuses rows of the new version that repeat its"
        " keys, and without it every ON CONFLICT of the old version that names it or its"
        " columns fails",
        "put `-- zdm: run in contract -- reason` above it if the new version still writes no"
        " such rows, or `-- zdm: run in expand -- reason` if the old version has no such ON"
        " CONFLICT",
    )


def _index(table: Table, constraint: Constraint) -> Index | None:
    return next((i for i in table.indexes if i.constraint == constraint.name), None)
