"""DROP DEFAULT, DROP SEQUENCE and ADD GENERATED … AS IDENTITY: a serial becomes an identity, or
the default of a new column that was to be one.

All in one transaction under the lock on the table, so that no INSERT meets the column without
a value. The new sequence continues where the old one was: with the old one still there,
pg_get_serial_sequence names it and not the new one (measured 15).
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from zdm.model import acl
from zdm.model.commands import AlterTable, Change
from zdm.model.schema import Column, Name, Snapshot, Table
from zdm.model.schema import Sequence as Numbers
from zdm.model.sql import ident, literal, zdm_name
from zdm.model.statement import Action, ActionKind
from zdm.model.syntax import DropObjects
from zdm.parse import emit
from zdm.parse.emit import Body, Constant, Ident, Part, Qualified, TypeText
from zdm.parse.objects import identity, settings
from zdm.recipes.reading import sequences, statements
from zdm.schema import lookup
from zdm.schema import sequences as numbered
from zdm.schema.apply import apply
from zdm.schema.effects import dependents, drops
from zdm.schema.effects.dependents import Thing

_BACK = """
BEGIN
  IF ({is_identity}) THEN
    ALTER SEQUENCE {made} RENAME TO {aside};
    {create};
    PERFORM pg_catalog.setval({text}, last_value, is_called) FROM {beside};
    ALTER TABLE {t} ALTER COLUMN {c} DROP IDENTITY;
    ALTER TABLE {t} ALTER COLUMN {c} SET DEFAULT {default};
{rest}
  END IF;
END
"""


class Exchange(Struct, frozen=True, kw_only=True):
    """A default that draws from a sequence of the column's own becomes an identity. `sql`: ADD
    GENERATED; `dropped_first`: before the new sequence, which may have its name."""

    table: Table
    column: Column
    sequence: Numbers  # of the default
    made: Numbers  # of the identity
    kind: str  # always, by default
    sql: str
    dropped_first: bool = False


class Serial(Exchange, frozen=True, kw_only=True):
    """A serial that becomes an identity. `consumed`: positions of the train."""

    add: Action
    consumed: tuple[int, ...]


def find(
    actions: Sequence[Action], snapshot: Snapshot
) -> Serial | tuple[int, tuple[str, str]] | None:
    """The change that begins with this DROP DEFAULT; or where it is refused, and why; None:
    no identity follows."""
    fact = statements.fact(actions[0], ActionKind.DROP_DEFAULT)
    table = lookup.table_of(snapshot, actions[0]) if fact is not None else None
    column = table.column(fact.name) if table is not None and fact is not None else None
    if table is None or column is None or column.default is None or table.created:
        return None
    added = next((n for n, a in enumerate(actions) if _adds(a, table, column, snapshot)), None)
    if added is None:
        return None
    sequence = _owned(actions[0], table, column, snapshot)
    dropped = next((n for n, a in enumerate(actions) if _drops(a, sequence, snapshot)), None)
    consumed = tuple(sorted({0, dropped if dropped is not None else added, added}))
    between = [a for n, a in enumerate(actions[: consumed[-1]]) if n not in consumed]
    problem = _problem(table, column, sequence, between, dropped=dropped is not None)
    if sequence is None or dropped is None or problem is not None:
        return None if problem is None else (added, problem)
    after = snapshot
    for position in consumed:
        after = apply(after, actions[position])
    return Serial(
        table=table,
        column=column,
        sequence=sequence,
        made=next(s for s in after.sequences if _of(s, table, column) and s.identity),
        kind="by default",
        sql=settings.written(identity.of_kind(actions[added], "by default"), table.name),
        add=actions[added],
        dropped_first=dropped < added,
        consumed=consumed,
    )


def _problem(
    table: Table,
    column: Column,
    sequence: Numbers | None,
    between: Sequence[Action],
    *,
    dropped: bool,
) -> tuple[str, str] | None:
    """Why it is refused, and the remedy."""
    name = f"{table.name}.{column.name}"
    if sequence is None:
        return (
            f"{name} has a default that is no sequence of its own, and it can be dropped only"
            " after the rollout, so there is no moment at which the column becomes an identity",
            "drop the default in an earlier release",
        )
    if not dropped:
        return (
            f"with {sequence.name} still there, pg_get_serial_sequence names it and not the"
            f" sequence of the identity {name}, so numbers are set in the wrong one",
            f"write `DROP SEQUENCE {sequence.name.sql}` above this statement, without CASCADE",
        )
    for action in between:
        if statements.about(action, table.name, column.name) or sequences.is_set_by(action):
            return (
                f"{name} becomes an identity in one step, and {action.source} is between the"
                " statements that say so and uses the column or a sequence",
                "move that statement below them",
            )
    return None


def _of(sequence: Numbers, table: Table, column: Column) -> bool:
    return (sequence.owner_table, sequence.owner_column) == (table.name, column.name)


def _adds(action: Action, table: Table, column: Column, snapshot: Snapshot) -> bool:
    said = action.said
    if not isinstance(said, AlterTable) or said.change is not Change.ADD_IDENTITY:
        return False
    here = lookup.table_of(snapshot, action)
    return here is not None and (here.name, said.name) == (table.name, column.name)


def _owned(drop: Action, table: Table, column: Column, snapshot: Snapshot) -> Numbers | None:
    """The column's own sequence, which nothing but its default uses."""
    found = [s for s in snapshot.sequences if _of(s, table, column) and not s.identity]
    if len(found) != 1:
        return None
    thing = Thing("sequence", found[0].name)
    after = apply(snapshot, drop)
    used = dependents.blocking(snapshot, (thing,))
    return found[0] if used and not dependents.blocking(after, (thing,)) else None


def _drops(action: Action, sequence: Numbers | None, snapshot: Snapshot) -> bool:
    said = action.said
    if (
        sequence is None
        or not isinstance(said, DropObjects)
        or said.kind != "sequence"
        or said.cascade
    ):
        return False
    named = [thing.name for thing in drops.targets(snapshot, action) if thing is not None]
    return named == [sequence.name] and len(said.objects) == 1


def forth(one: Exchange) -> tuple[str, ...]:
    """The column is an identity afterwards, and the other sequence is gone."""
    former = one.sequence.name
    parts: dict[str, Part] = {"t": Qualified(one.table.name), "c": Ident(one.column.name)}
    found = [emit.sql("ALTER TABLE {t} ALTER COLUMN {c} DROP DEFAULT", **parts)]
    if one.dropped_first:
        aside = Name(former.schema, zdm_name(former.name))
        found.append(
            emit.sql(
                "ALTER SEQUENCE {s} RENAME TO {n}", s=Qualified(former), n=Ident(aside.name)
            )
        )
        former = aside
    drop = emit.sql("DROP SEQUENCE {s}", s=Qualified(former))
    found += [one.sql, _continued(one, former), drop]
    return tuple(found)


def _continued(one: Exchange, former: Name) -> str:
    """The new sequence continues behind the last number of the old one, or where the author
    says that it starts, whichever is further."""
    by, name = one.sequence.increment, one.made.name
    later = ">" if by > 0 else "<"
    return (
        f"SELECT pg_catalog.setval({literal(name.sql).strip()}, zdm_old.last_value,"  # noqa: S608  quoted
        f" zdm_old.is_called) FROM {former.sql} AS zdm_old, {name.sql} AS zdm_new"
        f" WHERE zdm_old.last_value::numeric + CASE WHEN zdm_old.is_called THEN {by} ELSE 0 END"
        f" {later} zdm_new.last_value::numeric"
    )


def back(one: Exchange, is_identity: str) -> tuple[str, ...]:
    """The serial again, its sequence where the identity's is; nothing where it is one still."""
    former, made = one.sequence, one.made.name
    aside = Name(made.schema, zdm_name(made.name))
    t, c = one.table.name.sql, ident(one.column.name)
    body = _BACK.format(
        is_identity=is_identity,
        made=made.sql,
        aside=ident(aside.name),
        beside=aside.sql,
        create=created(former),
        text=literal(former.name.sql).strip(),
        t=t,
        c=c,
        default=numbered.default(former.name),
        rest="\n".join(f"    {line};" for line in belonging(one)),
    )
    return (emit.sql("DO {body}", body=Body(body)),)


def created(sequence: Numbers) -> str:
    """CREATE SEQUENCE, with every option."""
    cycle = "CYCLE" if sequence.cycle else "NO CYCLE"
    return emit.sql(
        f"CREATE SEQUENCE {{s}} AS {{k}} START WITH {sequence.start} INCREMENT BY"
        f" {sequence.increment} MINVALUE {sequence.minimum} MAXVALUE {sequence.maximum}"
        f" CACHE {sequence.cache} {cycle}",
        s=Qualified(sequence.name),
        k=TypeText(sequence.type),
    )


def belonging(one: Exchange) -> Iterator[str]:
    """What gives the sequence of the default its owner, rights and comment."""
    former = one.sequence
    s = Qualified(former.name)
    yield emit.sql(
        "ALTER SEQUENCE {s} OWNED BY {t}.{c}",
        s=s,
        t=Qualified(one.table.name),
        c=Ident(one.column.name),
    )
    for item in former.grants:
        entry = acl.parse(item)
        role: dict[str, Part] = {"r": Ident(entry.grantee)} if entry.grantee else {}
        to = "{r}" if entry.grantee else "PUBLIC"
        for privilege in entry.privileges:
            option = " WITH GRANT OPTION" if privilege.grantable else ""
            yield emit.sql(
                f"GRANT {privilege.name} ON SEQUENCE {{s}} TO {to}{option}", s=s, **role
            )
    if former.comment is not None:
        yield emit.sql("COMMENT ON SEQUENCE {s} IS {text}", s=s, text=Constant(former.comment))
