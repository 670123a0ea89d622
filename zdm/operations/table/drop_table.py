"""Drop a table when no version uses it any more.

DROP TABLE takes ACCESS EXCLUSIVE on the table, and with foreign keys of its own on the tables
that they refer to as well, so these go first, each alone (manual, DROP TABLE; measured 14, 18).
Its indexes, triggers, policies and owned sequences go with it; other foreign keys, views and
row types make the server refuse. Text of functions is not tracked, so the last step looks
whether one still names it. Never CASCADE.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.findings import Hazard
from zdm.model.locks import LockMode
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import NEW_ONLY, Irreversible, Phase, RunSql, Step
from zdm.model.schema import Constraint, Name, Snapshot, Table
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import DropObjects
from zdm.parse import emit
from zdm.parse.emit import Ident, Qualified
from zdm.recipes import run_sql, site
from zdm.recipes.constraint import unvalidated
from zdm.recipes.object import naming, row_type
from zdm.recipes.reading import refuse, statements
from zdm.recipes.site import Site
from zdm.recipes.sql import probes
from zdm.schema import generated_names

SLUG = "drop_table"
_LATER = (
    "drop the table in a later release, when nothing uses it; or put"
    " `-- zdm: run in contract -- reason` above the statement"
)


class DropTable(Struct, frozen=True, kw_only=True):
    """Drop a table; `missing`: it does not exist, which IF EXISTS allows."""

    table: Name
    missing: bool = False

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        return f"drop table {self.table}{' (does not exist)' if self.missing else ''}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """What is lost, and what may still use it."""
        table = context.snapshot.table(self.table)
        if self.missing or table is None:
            return ()
        return tuple(
            Hazard(operation=SLUG, message=message, remedy=remedy, origin=context.origin)
            for message, remedy in _risks(table, context)
        )

    def choice(self, context: Context) -> Choice:
        """It waits for the old version."""
        del context
        if self.missing:
            return choice.nothing("there is no such table, and the statement says IF EXISTS")
        return choice.single(
            "drop it when the old version is gone, its foreign keys first",
            Trait.WAITS,
            because="the old version reads and writes it until it is gone; each foreign key"
            " alone locks two tables for milliseconds, not all at once",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """Its foreign keys, each alone, then the table."""
        table = context.snapshot.table(self.table)
        if self.missing or table is None:
            return ()
        place = site.at(SLUG, table, context)
        return (*(_drop_key(place, key) for key in _keys(table)), _drop(place))


def _keys(table: Table) -> Iterator[Constraint]:
    """Its foreign keys to other tables."""
    for key in table.constraints:
        if key.kind == "foreign key" and key.references not in (None, table.name):
            yield key


def _risks(table: Table, context: Context) -> Iterator[tuple[str, str]]:
    snapshot = context.snapshot
    yield (
        f"after the contract the rows of {table.name} are gone, and what still uses it fails",
        "copy what is still needed before, and see in pg_stat_user_tables that nothing reads or"
        " writes it once the old version is gone",
    )
    for key in _keys(table):
        if key.references is None or context.left.table(key.references) is None:
            continue
        yield (
            f"until {table.name} is dropped, the foreign key {key.name} refuses or cascades a"
            f" DELETE in {key.references} for the rows that the old version left",
            f"let the new version remove rows of {key.references} only after the drop",
        )
    owned = [f"sequence {s.name}" for s in snapshot.sequences if s.owner_table == table.name]
    published = [f"publication {name} no longer has it" for name in table.publications]
    if owned:
        yield (
            f"{', '.join(owned)} is dropped with {table.name}",
            "take its values from elsewhere if they are needed",
        )
    if published:
        yield (
            f"{', '.join(published)} after the contract",
            "drop it on the subscribers afterwards",
        )
    named = naming.functions(context.left, table.name)
    if named:
        yield (
            f"these name {table.name} in their text: {', '.join(named)}; the drop stops while"
            " one of them does, except those that only its own triggers run",
            "replace or drop them in this train, with `-- zdm: run in contract -- reason`",
        )


def _drop_key(place: Site, key: Constraint) -> RunSql:
    mode = LockMode.ACCESS_EXCLUSIVE
    return run_sql.foreign_key_change(
        place,
        id=place.id(key.name, "drop-foreign-key"),
        phase=Phase.DROP,
        title=f"drop foreign key {key.name} of {place.name}",
        sql=(
            emit.sql(
                "ALTER TABLE {t} DROP CONSTRAINT {k}",
                t=Qualified(place.name),
                k=Ident(key.name),
            ),
        ),
        locks=unvalidated.both_locks(place, key.references, mode, mode),
        probe=probes.probe(probes.absent(probes.constraint(place.name, key.name))),
        undo=Irreversible(reason="the table is dropped next, and no version uses it"),
        serves=NEW_ONLY,
        reason="Dropped with its table, it would hold the locks of all tables that this refers"
        " to at once; alone it takes milliseconds.",
    )


def _drop(place: Site) -> RunSql:
    named = naming.functions(place.snapshot, place.name)
    check = naming.none_left_elsewhere(
        place.name,
        failure=f"a function still names {place.name} in its text, and would fail without it",
        hint="replace it by one that does not, also in its comments, or drop it",
    )
    return run_sql.short_transaction(
        place,
        id=place.id("drop"),
        phase=Phase.DROP,
        title=f"drop table {place.name}",
        sql=(emit.sql("DROP TABLE {t}", t=Qualified(place.name)),),
        locks=place.lock(LockMode.ACCESS_EXCLUSIVE),
        preconditions=(check,) if named else (),
        probe=probes.probe(probes.absent(probes.relation(place.name))),
        undo=Irreversible(reason="the table's rows are gone"),
        serves=NEW_ONLY,
        reason="No running version uses it.",
    )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """DROP TABLE of one table in use."""
    action = actions[0]
    said = action.said
    if isinstance(said, DropObjects) and said.kind == "table" and len(said.objects) > 1:
        return _several(action)
    fact = statements.fact(action, ActionKind.DROP_TABLE)
    if fact is None or fact.table is None:
        return None
    table = snapshot.table(fact.table)
    if table is None:
        return _without_table(action, fact, fact.table, snapshot)
    if table.kind == "foreign table":
        return _other_kind(action, table.name, table.kind)
    if table.created:
        return None
    refused = _refused(action, table, snapshot)
    return refused or Match(operation=DropTable(table=table.name), consumed=(0,))


def _refused(action: Action, table: Table, snapshot: Snapshot) -> Refusal | None:
    """What is in the way."""
    part = _part(table, snapshot)
    if part is not None:
        return refuse.refuse(action, "drop_table_blocked", *part)
    blocked = tuple(_blocked(table, snapshot))
    if blocked:
        return refuse.refuse(
            action,
            "drop_table_blocked",
            f"{table.name} cannot be dropped in one release: {', '.join(blocked)}",
            _LATER,
        )
    used = tuple(dict.fromkeys(_users(table, snapshot)))
    if used:
        return refuse.refuse(
            action,
            "drop_table_in_use",
            f"{table.name} cannot be dropped, because these need it: {', '.join(used)}",
            "drop each of them by name above this statement, or in an earlier release, without"
            " CASCADE",
        )
    return None


def _other_kind(action: Action, name: Name, kind: str) -> Refusal:
    return refuse.refuse(
        action,
        "not_a_table",
        f"{name} is a {kind}, which PostgreSQL does not drop by DROP TABLE (42809), so this"
        " statement would fail",
        f"write DROP {kind.upper()}",
    )


def _several(action: Action) -> Refusal:
    return refuse.refuse(
        action,
        "drop_of_several_tables",
        "this statement drops several tables, so it would lock them all at once",
        "write one DROP TABLE for each, those with foreign keys to the others first",
    )


def _without_table(
    action: Action, fact: Fact, name: Name, snapshot: Snapshot
) -> Match | Refusal | None:
    view = next((view for view in snapshot.views if view.name == name), None)
    if view is not None:
        return _other_kind(action, name, view.kind)
    if name.name in generated_names.taken(snapshot, name.schema):
        return None
    if not fact.if_exists:
        return statements.unknown_table(action, name)
    if snapshot.opaque:
        return None
    return Match(operation=DropTable(table=name, missing=True), consumed=(0,))


def _blocked(table: Table, snapshot: Snapshot) -> Iterator[str]:
    if table.partition_of is not None:
        yield f"it is a partition of {table.partition_of}, whose rows the new version may need"
    elif table.kind != "table":
        yield f"it is a {table.kind}"
    if table.inherits or any(table.name in t.inherits for t in snapshot.tables):
        yield "it takes part in inheritance"


def _part(table: Table, snapshot: Snapshot) -> tuple[str, str] | None:
    """A partition leaves the table above first, which foreign keys to that prevent."""
    above = table.partition_of
    if above is None or any(
        c.references == above for t in snapshot.tables for c in t.constraints
    ):
        return None
    alter = emit.sql(
        "ALTER TABLE {p} DETACH PARTITION {t}", p=Qualified(above), t=Qualified(table.name)
    )
    return (
        f"{table.name} cannot be dropped in one release: it is a partition of {above}, whose"
        " rows the new version may need",
        f"write `{alter}` above this statement",
    )


def _users(table: Table, snapshot: Snapshot) -> Iterator[str]:
    """What makes the server refuse the drop."""
    for other in snapshot.tables:
        for key in other.constraints:
            if key.references == table.name and other.name != table.name:
                yield f"foreign key {key.name} of {other.name}"
    for view in snapshot.views:
        if any(name == table.name for name, _ in view.uses):
            yield f"{view.kind} {view.name}"
    for one in table.dependents:
        if one.blocks and one.kind in ("function", "procedure"):
            yield one.words
    yield from row_type.users(table.name, snapshot)
