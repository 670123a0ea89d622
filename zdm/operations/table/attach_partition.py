"""ATTACH PARTITION without reading rows under a lock that blocks reads and writes.

It locks the partition under ACCESS EXCLUSIVE, and reads all its rows unless a validated CHECK
implies the bound and NOT NULL of the key; likewise the DEFAULT partition, unless a CHECK there
excludes the bound. The table above is locked by SHARE UPDATE EXCLUSIVE (manual, ALTER TABLE;
measured 11-18).

A table that the train makes is empty, so it is attached before the rollout. One in use takes a
bound, which the old version may break by its own writes, and its rows are there in the table
above from then on: so it is attached in CONTRACT, behind a CHECK that is validated meanwhile.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.commands import AlterTable, Change
from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.findings import Hazard
from zdm.model.impact import NO
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import (
    NEW_ONLY,
    STATEMENT_TIMEOUT,
    Irreversible,
    Phase,
    RunSql,
    Step,
    TableLock,
)
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.sql import zdm_name
from zdm.model.statement import Action, ActionKind, Fact, Statement
from zdm.model.syntax import AddConstraint, PartitionBound
from zdm.parse import emit
from zdm.parse.emit import Expression, Ident, Qualified
from zdm.recipes import run_sql, site
from zdm.recipes.constraint import breaking_rows, unvalidated
from zdm.recipes.partition import attached, bound, unfit
from zdm.recipes.reading import refuse, statements
from zdm.recipes.run_sql import Owned
from zdm.recipes.site import Site
from zdm.recipes.sql import probes
from zdm.schema import family, lookup
from zdm.schema.effects import parents
from zdm.schema.impact import bounds

SLUG = "attach_partition"
_AS_WRITTEN = (
    "in a quiet hour, and with a lock_timeout, put `-- zdm: run in contract -- reason` above it"
)


class AttachPartition(Struct, frozen=True, kw_only=True):
    """Attach a table. `new`: the train makes it; `check`: the condition that is still to be
    proved of its rows, if one is."""

    table: Name
    parent: Name
    statement: Statement
    locks: tuple[TableLock, ...]
    new: bool = False
    check: str = ""

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        return f"attach {self.table} to {self.parent} as a partition"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """What is different for its rows from then on."""
        parent = context.snapshot.require_table(self.parent)
        child = context.snapshot.require_table(self.table)
        lines = [*_published(parent, child)]
        if not self.new:
            lines += [*self._rows(), *_rights(parent, child)]
        return tuple(Hazard(operation=SLUG, message=m, remedy=r) for m, r in lines)

    def _rows(self) -> Iterator[tuple[str, str]]:
        yield (
            f"until the contract the rows of {self.table} are not in {self.parent}, which takes"
            " no row within the bounds; afterwards they are",
            "let the new version work with both",
        )
        if self.check:
            yield (
                f"rows of {self.table} outside the bounds stop the contract, which names them"
                " by key, and from then on no version can write one into it",
                "correct them in the same train, and let the new version write none from its"
                " start",
            )

    def choice(self, context: Context) -> Choice:
        """Whether its rows must be proved, and when."""
        del context
        proved = not self.new and not self.check
        return choice.of(
            choice.way(
                "empty",
                "ATTACH PARTITION before the rollout",
                self.new,
                because="this train makes the table, so there are no rows to read",
                unless="the table is in use: the old version may write rows outside the bounds,"
                f" and would find its rows in {self.parent}",
            ),
            choice.way(
                "proved",
                "ATTACH PARTITION when the old version is gone",
                proved,
                Trait.WAITS,
                because="a validated CHECK implies the bounds, so no row is read",
                unless="no validated CHECK implies the bounds, so all rows would be read while"
                " reads and writes wait",
            ),
            choice.way(
                "check",
                "ADD CHECK … NOT VALID, then VALIDATE, which blocks neither reads nor writes,"
                " then ATTACH PARTITION, which reads no row, when the old version is gone",
                bool(self.check),
                Trait.SCANS,
                Trait.WAITS,
                because="the validated CHECK implies the bounds",
                unless="there is nothing to prove",
            ),
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """ATTACH alone, or behind a CHECK that is gone afterwards."""
        if self.new:
            return (self._empty(context),)
        child = context.snapshot.require_table(self.table)
        place = site.at(SLUG, child, context, settings=self.statement.settings)
        if not self.check:
            return (self._attach(place, ""),)
        name = zdm_name(self.table.name, "bounds")
        return (*self._prove(place, name), self._attach(place, name))

    def _empty(self, context: Context) -> RunSql:
        return run_sql.as_authored(
            Owned(operation=SLUG, origin=context.origin),
            self.statement,
            id=f"{self.table}-attach",
            title=self.title,
            locks=self.locks,
            probe=probes.probe(probes.partition(self.table)),
            undo=(attached.detach_empty(self.parent, self.table),),
            undo_checks=(attached.no_rows(self.table),),
            reason="The new table is empty, so no row is read, and the table above is locked by"
            " SHARE UPDATE EXCLUSIVE, which blocks neither reads nor writes.",
        )

    def _prove(self, place: Site, name: str) -> tuple[RunSql, ...]:
        add = emit.sql(
            "ALTER TABLE {t} ADD CONSTRAINT {k} CHECK ({c}) NOT VALID",
            t=Qualified(self.table),
            k=Ident(name),
            c=Expression(self.check),
        )
        none = breaking_rows.none(
            place.table,
            f"({self.check}) IS NOT TRUE",
            failure=f"rows of {self.table} are outside the bounds of the partition",
            hint="correct or move them, then run `zdm execute` again",
        )
        return (
            replace(
                unvalidated.add(place, name, add, references=None, late=True),
                preconditions=(none,),
            ),
            unvalidated.validate(
                place, name, references=None, late=True, preconditions=(none,)
            ),
        )

    def _attach(self, place: Site, check: str) -> RunSql:
        sql, done = [self.statement.sql], [probes.partition(self.table)]
        if check:
            drop = "ALTER TABLE {t} DROP CONSTRAINT {k}"
            sql.append(emit.sql(drop, t=Qualified(self.table), k=Ident(check)))
            done.append(probes.absent(probes.constraint(self.table, check)))
        return RunSql(
            id=place.id("attach"),
            operation=SLUG,
            origin=place.origin,
            phase=Phase.CONTRACT,
            title=self.title,
            sql=tuple(sql),
            locks=self.locks,
            lock_timeout=run_sql.wait_of_each(len(self.locks)),
            statement_timeout=STATEMENT_TIMEOUT,
            settings=place.settings,
            probe=probes.probe(probes.both(*done)),
            undo=Irreversible(
                reason="rows that are written through the table above would vanish from it"
            ),
            serves=NEW_ONLY,
            reason="A validated CHECK implies the bounds, so no row is read"
            + (", and is not needed afterwards." if check else "."),
        )


def _published(parent: Table, child: Table) -> Iterator[tuple[str, str]]:
    if parent.publications:
        yield (
            f"{', '.join(parent.publications)} publishes {parent.name}, and with it what is"
            f" written to {child.name}",
            "make the table on the subscribers first, and run ALTER SUBSCRIPTION … REFRESH"
            " PUBLICATION there afterwards",
        )


def _rights(parent: Table, child: Table) -> Iterator[tuple[str, str]]:
    if child.row_security:
        yield (
            f"policies of {child.name} do not apply to queries of {parent.name}",
            f"see that the policies of {parent.name} hide the same rows",
        )
    if child.grants != parent.grants:
        yield (
            f"who may read {parent.name} reads the rows of {child.name} through it, whatever"
            f" the grants of {child.name} say",
            "see that they may",
        )
    fired = [t.name for t in parent.triggers if parents.each_row(t)]
    if fired:
        yield (
            f"triggers of {parent.name} fire for each row that is written to {child.name} from"
            f" then on, not for those that are there: {', '.join(fired)}",
            "do for the rows that are there what they do, in the same train",
        )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """ATTACH PARTITION to a table in use, alone or with the author's own CHECK around it."""
    consumed = _around(actions)
    action = actions[consumed[-2]] if len(consumed) > 1 else actions[0]
    said = action.said
    fact = statements.fact(action, ActionKind.ALTER_TABLE_OTHER)
    if fact is None or not isinstance(said, AlterTable) or said.other is None:
        return None
    if said.change is not Change.ATTACH_PARTITION or said.bound is None:
        return None
    parent = lookup.table_of(snapshot, action)
    other = lookup.found(said.other, snapshot, action.statement.settings)
    child = snapshot.table(other)
    if parent is None or child is None:
        return statements.unknown_table(action, fact.table if parent is None else other)
    first = actions[0].fact
    if len(consumed) > 1 and isinstance(first, Fact) and first.table != child.name:
        return None
    problems = tuple(_problems(said, parent, child, snapshot))
    if problems:
        refusal = refuse.refuse(
            action,
            "partition_cannot_be_attached",
            f"{child.name} cannot be attached to {parent.name}:"
            f" {'; '.join(m for m, _ in problems)}",
            "; ".join(dict.fromkeys(remedy for _, remedy in problems)),
        )
        return replace(refusal, consumed=consumed)
    proved = child.created or bounds.unproven(said.bound, parent, child) is NO
    operation = AttachPartition(
        table=child.name,
        parent=parent.name,
        statement=action.statement,
        locks=statements.of_author(snapshot, action),
        new=child.created,
        check="" if proved else bound.condition(said.bound, parent) or "",
    )
    return Match(operation=operation, consumed=consumed)


def _around(actions: Sequence[Action]) -> tuple[int, ...]:
    """The positions of ADD CHECK, perhaps VALIDATE, ATTACH PARTITION and DROP CONSTRAINT, where
    these follow each other; else the first."""
    first = statements.fact(actions[0], ActionKind.ADD_CONSTRAINT)
    said = actions[0].said
    if first is None or not isinstance(said, AddConstraint) or said.constraint.kind != "check":
        return (0,)
    rest = [_of_proof(action, first) for action in actions[1:4]]
    for kinds in (("attach", "drop"), ("validate", "attach", "drop")):
        if tuple(rest[: len(kinds)]) == kinds:
            return tuple(range(len(kinds) + 1))
    return (0,)


def _of_proof(action: Action, check: Fact) -> str:
    """What the Action is to the author's CHECK; empty: nothing."""
    fact, said = action.fact, action.said
    if isinstance(said, AlterTable) and said.change is Change.ATTACH_PARTITION:
        return "attach"
    if not isinstance(fact, Fact) or (fact.table, fact.name) != (check.table, check.name):
        return ""
    kinds = {ActionKind.VALIDATE_CONSTRAINT: "validate", ActionKind.DROP_CONSTRAINT: "drop"}
    return kinds.get(fact.kind, "")


def _problems(
    said: AlterTable, parent: Table, child: Table, snapshot: Snapshot
) -> Iterator[tuple[str, str]]:
    if parent.kind != "partitioned table":
        yield f"{parent.name} is not partitioned", "remove the statement"
        return
    yield from unfit.forms(parent, child, snapshot)
    yield from _of_default(said, parent, snapshot)
    if child.created:
        return
    yield from _of_bound(said, parent, child)
    yield from unfit.lacking(parent, child, snapshot)
    yield from unfit.unidentified(parent, child, snapshot)


def _of_default(
    said: AlterTable, parent: Table, snapshot: Snapshot
) -> Iterator[tuple[str, str]]:
    """The DEFAULT partition, whose rows would be read."""
    default = family.default(snapshot, parent.name)
    if default is None or said.bound is None or default.created:
        return
    if said.bound.kind == "default":
        yield f"{default.name} is its DEFAULT partition already", "remove the statement"
        return
    leaves = (default.name, *family.below(snapshot, default.name))
    tables = [t for t in map(snapshot.require_table, leaves) if t.kind == "table"]
    read = [t for t in tables if bounds.not_excluded(said.bound, parent, t) is not NO]
    if read:
        yield _reads_default(said.bound, parent, read[0].name)


def _reads_default(found: PartitionBound, parent: Table, default: Name) -> tuple[str, str]:
    outside = bound.outside(found, parent)
    if outside is None:
        return (
            f"all rows of the DEFAULT partition {default} would be read while all reads and"
            " writes of it wait",
            _AS_WRITTEN,
        )
    return (
        f"all rows of the DEFAULT partition {default} would be read while all reads and writes"
        " of it wait, since no validated CHECK there excludes the bounds",
        f"run `ALTER TABLE {default.sql} ADD CHECK ({outside})` in an earlier release; from"
        " then on no row of the bounds can be written until the partition is attached",
    )


def _of_bound(said: AlterTable, parent: Table, child: Table) -> Iterator[tuple[str, str]]:
    if said.bound is None or child.kind != "table":
        yield f"it is a {child.kind}, whose partitions are not proved one by one", _AS_WRITTEN
    elif (
        bounds.unproven(said.bound, parent, child) is not NO
        and bound.condition(said.bound, parent) is None
    ):
        yield (
            "zdm cannot write its bounds as a CHECK, so all its rows would be read while all"
            " reads and writes of it wait",
            f"use constants, and a key of one column, in RANGE or LIST; or {_AS_WRITTEN}",
        )
