"""The way back of a table that became a partition: the table alone, under its name again.

It is there while no row is in another partition. That is asked under the lock, in which no more
rows come, of the other partitions alone: a condition on tableoid would read every row.
"""

from collections.abc import Iterable, Iterator

from zdm.model.plan import Check
from zdm.model.schema import Name
from zdm.model.sql import literal, zdm_name
from zdm.model.syntax import RenameObject
from zdm.parse import emit
from zdm.parse.emit import Body, Ident, Qualified
from zdm.recipes.object import triggers
from zdm.recipes.partition import viewed
from zdm.recipes.partition.wrapped import Wrapped
from zdm.recipes.sql import probes

_HINT = "delete these rows, or keep them elsewhere, then run `zdm rollback` again"
_BODY = """
DECLARE
  other regclass;
  found boolean;
BEGIN
  IF ({done}) THEN
{lock}    FOR other IN SELECT i.inhrelid FROM pg_catalog.pg_inherits AS i
      WHERE i.inhparent = {table}::regclass AND i.inhrelid <> {first}::regclass LOOP
      EXECUTE pg_catalog.format('SELECT EXISTS (SELECT 1 FROM %s)', other) INTO found;
      IF found THEN
        RAISE EXCEPTION USING MESSAGE = {failure};
      END IF;
    END LOOP;
{statements}  END IF;
END
"""


def checks(wrapped: Wrapped) -> tuple[Check, ...]:
    """That all rows are in the first partition; a table that is not there has none."""
    return tuple(
        Check(
            sql=emit.sql("SELECT NOT EXISTS (SELECT 1 FROM {t})", t=Qualified(name)),
            failure=_failure(wrapped.table),
            hint=_HINT,
        )
        for name in wrapped.partitions
    )


def sql(wrapped: Wrapped) -> str:
    """All of it, if it is a partition: the undo may meet a step that was begun and not done."""
    lock = emit.sql("LOCK TABLE {t} IN ACCESS EXCLUSIVE MODE", t=Qualified(wrapped.table))
    locked = (*viewed.first_sql(wrapped.views), lock)
    body = _BODY.format(
        done=probes.partition(wrapped.first),
        lock=_lines(locked),
        table=literal(wrapped.table.sql),
        first=literal(wrapped.first.sql),
        failure=literal(_failure(wrapped.table)),
        statements=_lines(_statements(wrapped)),
    )
    return emit.sql("DO {body}", body=Body(body))


def _lines(statements: Iterable[str]) -> str:
    return "".join(f"    {one};\n" for one in statements)


def _failure(table: Name) -> str:
    return f"rows of {table} are outside its first partition, and the undo would lose them"


def _statements(wrapped: Wrapped) -> Iterator[str]:
    table, first = Qualified(wrapped.table), Qualified(wrapped.first)
    yield emit.sql("ALTER TABLE {t} DETACH PARTITION {p}", t=table, p=first)
    for one in wrapped.before.sequences:
        if one.owner_table == wrapped.table and one.owner_column is not None:
            yield emit.sql(
                "ALTER SEQUENCE {s} OWNED BY {p}.{c}",
                s=Qualified(one.name),
                p=first,
                c=Ident(one.owner_column),
            )
    back = emit.sql("ALTER TABLE {p} RENAME TO {t}", p=first, t=Ident(wrapped.table.name))
    if wrapped.views:
        yield from _with_views(wrapped, back)
        yield from (_back(rename, wrapped.table) for rename in reversed(wrapped.renames))
    else:
        yield emit.sql("DROP TABLE {t}", t=table)
        yield from (_back(rename, wrapped.first) for rename in reversed(wrapped.renames))
        yield back
    moved = {t.name for t in wrapped.after.require_table(wrapped.first).triggers}
    for trigger in wrapped.before.require_table(wrapped.table).triggers:
        if trigger.name not in moved:
            yield from triggers.again(wrapped.table, trigger)


def _with_views(wrapped: Wrapped, back: str) -> Iterator[str]:
    """The views need a table of the name, and not the new one, before that can be dropped."""
    aside = Name(wrapped.table.schema, zdm_name(wrapped.table.name, "partitioned"))
    yield emit.sql(
        "ALTER TABLE {t} RENAME TO {a}", t=Qualified(wrapped.table), a=Ident(aside.name)
    )
    yield back
    yield from map(viewed.again, wrapped.views)
    yield emit.sql("DROP TABLE {t}", t=Qualified(aside))


def _back(rename: RenameObject, table: Name) -> str:
    if rename.kind == "constraint":
        return emit.sql(
            "ALTER TABLE {p} RENAME CONSTRAINT {new} TO {old}",
            p=Qualified(table),
            new=Ident(rename.new_name),
            old=Ident(rename.part),
        )
    return emit.sql(
        "ALTER INDEX {new} RENAME TO {old}",
        new=Qualified(Name(table.schema, rename.new_name)),
        old=Ident(rename.words[-1]),
    )
