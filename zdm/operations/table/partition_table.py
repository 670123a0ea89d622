"""Partition a table in use: it becomes the first partition of a new table with its name.

RENAME, CREATE TABLE … PARTITION BY and ATTACH PARTITION are changes of the catalog, if a
validated CHECK implies the bounds, and if the table has every index of the new one: else ATTACH
reads all rows, or builds, while reads and writes wait (manual, ALTER TABLE; measured 11-18). So
the CHECK is made and validated first, and then the author's statements run as they are, in one
transaction: in two of them a query would meet no table of the name, or only the new rows.

Both versions name the same table before and afterwards, so it must have all that it had: what
LIKE does not carry is asked for, by name. The way back is there while no row is outside the
first partition.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.findings import Hazard
from zdm.model.impact import NO
from zdm.model.locks import LockMode
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import BOTH, STATEMENT_TIMEOUT, Check, Phase, RunSql, Step, TableLock
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.sql import ident, zdm_name
from zdm.model.statement import Action
from zdm.parse import emit
from zdm.parse.emit import Constant, Expression, Ident, Qualified
from zdm.recipes import run_sql, site
from zdm.recipes.constraint import breaking_rows, unvalidated
from zdm.recipes.partition import (
    bound,
    carried,
    held,
    referring,
    unfit,
    unwrapped,
    viewed,
    wrapped,
)
from zdm.recipes.partition.wrapped import Broken, Wrapped
from zdm.recipes.reading import refuse, statements
from zdm.recipes.site import Site
from zdm.recipes.sql import probes
from zdm.schema import apply, family
from zdm.schema.impact import bounds

SLUG = "partition_table"
_OWNER = (
    "SELECT COALESCE((SELECT c.relowner = (SELECT r.oid FROM pg_catalog.pg_roles AS r"
    " WHERE r.rolname = CURRENT_USER) FROM pg_catalog.pg_class AS c"
    " WHERE c.oid = pg_catalog.to_regclass({t})), false)"
)


class PartitionTable(Struct, frozen=True, kw_only=True):
    """Wrap a table as the first partition; `check`: what is to be proved of its rows, if
    anything is; `key`: the column by which rows come to partitions."""

    wrapped: Wrapped
    key: str
    check: str
    locks: tuple[TableLock, ...]

    @property
    def table(self) -> Name:
        """The name that stays."""
        return self.wrapped.table

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        return (
            f"partition {self.table} by {self.key}, with the table that is there as its first"
            f" partition {self.wrapped.first.name}"
        )

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """What is different for both versions."""
        return tuple(
            Hazard(operation=SLUG, message=m, remedy=r, origin=context.origin)
            for m, r in self._risks()
        )

    def _risks(self) -> Iterator[tuple[str, str]]:
        if self.check:
            yield (
                f"until the switch no version can write a row of {self.table} outside the"
                f" bounds of {self.wrapped.first.name} ({self.check}), also where a later"
                " partition takes it, and rows outside them stop the plan, which names them by"
                " key",
                "choose bounds that no row is outside of before the switch",
            )
        if self._has_gaps():
            yield (
                f"from the switch on a row of {self.table} for whose {self.key} there is no"
                " partition is refused, for both versions",
                f"make partitions ahead of time, or a DEFAULT partition of {self.table}",
            )
        yield (
            "an UPDATE that moves a row to another partition lets a concurrent UPDATE or DELETE"
            " of this row fail, a BEFORE trigger or ON CONFLICT DO UPDATE cannot move it, and"
            f" COPY {self.table.name} TO, ONLY {self.table.name} and xmin in RETURNING fail or"
            " find no row",
            "search both versions for them, and first deploy one without them",
        )
        yield (
            f"a rollback is refused from the first row on that is in another partition than"
            f" {self.wrapped.first.name}",
            "choose bounds that leave the time in which you may want it",
        )
        lost = tuple(carried.left_out(self.wrapped))
        if lost:
            yield (
                f"the new {self.table}, or each new partition, is without: {', '.join(lost)}",
                "write it behind the CREATE TABLE, if it is wanted there",
            )
        yield (
            f"autovacuum does not analyse {self.table}, only its partitions",
            f"run ANALYZE {self.table} after the switch, and now and then",
        )

    def _has_gaps(self) -> bool:
        after = self.wrapped.after
        default = family.default(after, self.table) is not None
        found = self.wrapped.attach.bound
        return not default and found is not None and found.kind != "default"

    def choice(self, context: Context) -> Choice:
        """The rows stay where they are."""
        del context
        return choice.of(
            choice.way(
                "default",
                "the statements in one transaction",
                not self.check,
                because="nothing is to be proved of the rows",
                unless="ATTACH PARTITION would read all rows while reads and writes wait",
            ),
            choice.way(
                "check",
                "ADD CHECK … NOT VALID, then VALIDATE, which blocks neither reads nor writes,"
                " then the statements in one transaction, which read no row",
                bool(self.check),
                Trait.SCANS,
                because="the validated CHECK implies the bounds",
                unless="there is nothing to prove",
            ),
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """The proof, and the switch."""
        table = context.snapshot.require_table(self.table)
        settings = self.wrapped.actions[0].statement.settings
        place = site.at(SLUG, table, context, settings=settings)
        name = zdm_name(self.table.name, "bounds") if self.check else ""
        proof = self._prove(place, name) if self.check else ()
        return (*proof, self._switch(place, name))

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
            failure=f"rows of {self.table} are outside the bounds of its first partition",
            hint="choose bounds that they are in, or correct them, then run `zdm execute`"
            " again",
        )
        return (
            replace(
                unvalidated.add(place, name, add, references=None, late=False),
                preconditions=(none,),
                reason="NOT VALID needs no scan; rows outside the bounds are refused from here"
                " on, as the plan says.",
            ),
            unvalidated.validate(
                place, name, references=None, late=False, preconditions=(none,)
            ),
        )

    def _statements(self, check: str) -> Iterator[str]:
        """The author's; LIKE … INCLUDING CONSTRAINTS takes the CHECK along, and that one goes
        at once, or ATTACH would make both one."""
        for statement in self.wrapped.statements:
            yield statement.sql
            copied = self.wrapped.with_checks(statement) if check else ()
            yield from (_without(name, check) for name in copied)
        if check:
            yield _without(self.wrapped.first, check)

    def _switch(self, place: Site, check: str) -> RunSql:
        sql = [*viewed.first_sql(self.wrapped.views), *self._statements(check)]
        done = [probes.partition(self.wrapped.first)]
        if check:
            done.append(probes.absent(probes.constraint(self.wrapped.first, check)))
        return RunSql(
            id=place.id("partition"),
            operation=SLUG,
            origin=place.origin,
            phase=Phase.SWITCH,
            title=self.title,
            sql=tuple(sql),
            locks=self.locks,
            lock_timeout=run_sql.wait_of_each(len(self.locks)),
            statement_timeout=STATEMENT_TIMEOUT,
            settings=place.settings,
            preconditions=(
                _same_owner(self.table, "and would own the new table"),
                *(_same_owner(v.name, "and cannot replace it") for v in self.wrapped.views),
            ),
            probe=probes.probe(probes.both(*done)),
            undo=(unwrapped.sql(self.wrapped),),
            undo_checks=unwrapped.checks(self.wrapped),
            serves=BOTH,
            reason="No row is read: what is to be proved is proved, and every index is there."
            " In one transaction, because between two a query would not find the table's"
            " rows.",
        )


def _without(table: Name, check: str) -> str:
    drop = "ALTER TABLE {t} DROP CONSTRAINT {k}"
    return emit.sql(drop, t=Qualified(table), k=Ident(check))


def _same_owner(table: Name, otherwise: str) -> Check:
    return Check(
        sql=emit.sql(_OWNER, t=Constant(table.sql)),
        failure=f"the role that runs this plan is not the owner of {table}, {otherwise}",
        hint=f"run it as the owner of {table.sql}",
    )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """RENAME of a table in use, CREATE TABLE … PARTITION BY of its name, and ATTACH of it."""
    create = wrapped.begins(actions, snapshot)
    found = wrapped.read(actions, snapshot) if create is not None else None
    if create is None or found is None:
        return None
    if isinstance(found, Broken):
        return _refused(create, found.table, found.positions, [_in_the_way(found)])
    parent = found.after.require_table(found.table)
    problems = tuple(_problems(found, parent, snapshot))
    consumed = tuple(range(len(found.actions)))
    key = bounds.key(parent)
    if problems or key is None or found.attach.bound is None:
        return _refused(create, found.table, consumed, problems)
    child = found.after.require_table(found.first)
    alone = found.attach.bound.kind == "default"
    proved = alone or bounds.unproven(found.attach.bound, parent, child) is NO
    operation = PartitionTable(
        wrapped=found,
        key=key,
        check="" if proved else bound.condition(found.attach.bound, parent) or "",
        locks=_locks(found),
    )
    return Match(operation=operation, consumed=consumed)


def _refused(
    at: Action, table: Name, consumed: tuple[int, ...], problems: Sequence[tuple[str, str]]
) -> Refusal:
    refusal = refuse.refuse(
        at,
        "table_cannot_be_partitioned",
        f"{table} cannot become the first partition of a new table while both versions use it:"
        f" {'; '.join(message for message, _ in problems)}",
        "; ".join(dict.fromkeys(remedy for _, remedy in problems)),
    )
    return replace(refusal, consumed=consumed)


def _in_the_way(found: Broken) -> tuple[str, str]:
    if not found.attached:
        return (
            f"nothing attaches {found.first} to the new one, so its rows would be missing there"
            " until they are copied, and what the old version writes meanwhile afterwards",
            f"write ALTER TABLE {found.table.sql} ATTACH PARTITION {found.first.sql} behind the"
            " CREATE TABLE, in place of statements that copy its rows or drop it",
        )
    return (
        f"{found.way.source} is between the RENAME and the ATTACH PARTITION, which must be one"
        " transaction, and is no part of it",
        "move it to an earlier or later release",
    )


def _problems(found: Wrapped, parent: Table, snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    table, key = snapshot.require_table(found.table), bounds.key(parent)
    if key is None or None in (table.column(key), parent.column(key)):
        yield (
            "its key is not one column of both tables, so zdm cannot prove the bounds",
            "partition it by one column",
        )
        return
    if not table.require_column(key).not_null:
        yield (
            f"{table.name}.{key} may be NULL",
            f"`ALTER TABLE {table.name.sql} ALTER COLUMN {ident(key)} SET NOT NULL` in an"
            " earlier release",
        )
    yield from held.problems(table, found.first, snapshot)
    yield from viewed.problems(found)
    yield from _of_bound(found, parent)
    own = (*carried.lacking(found, key), *referring.problems(found))
    yield from own
    if not own:
        child = found.after.require_table(found.first)
        yield from unfit.forms(parent, child, found.after)
        yield from carried.unbuilt(found)


def _of_bound(found: Wrapped, parent: Table) -> Iterator[tuple[str, str]]:
    said = found.attach.bound
    if said is None:
        return
    if said.kind == "default" and found.partitions:
        yield (
            f"{found.first} becomes the DEFAULT partition beside others, and all its rows would"
            " be read while all reads and writes wait",
            "give it bounds, or make the other partitions in a later release",
        )
    elif said.kind != "default" and bound.condition(said, parent) is None:
        yield (
            "zdm cannot write its bounds as a CHECK, so all its rows would be read while all"
            " reads and writes wait",
            "use constants, in RANGE or LIST",
        )


def _locks(found: Wrapped) -> tuple[TableLock, ...]:
    """On the table, and on those that its foreign keys name."""
    state, modes = found.before, {found.table: LockMode.ACCESS_EXCLUSIVE}
    for action in found.actions:
        for lock in statements.of_author(state, action):
            if lock.table != found.first:
                there = modes.get(lock.table, lock.mode)
                modes[lock.table] = there.together_with(lock.mode)
        state = apply.apply(state, action)
    for lock in viewed.locks(found.views):
        modes[lock.table] = lock.mode
    return tuple(sorted(TableLock(table=name, mode=mode) for name, mode in modes.items()))
