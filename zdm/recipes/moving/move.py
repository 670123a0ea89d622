"""Columns of one table that another one of the same train gets, and what keeps them the same.

A trigger of each table writes what differs in the other one, so neither fires the other again
(measured 14, 18). A row that the old version inserts has a value in one of the columns, so it
gets its other row at once; one that the new version inserts has none, and the new version
inserts the other row itself.
"""

from collections.abc import Iterator

from msgspec import Struct

from zdm.model.schema import Column, Table
from zdm.model.sql import ident, zdm_name
from zdm.model.statement import Setting
from zdm.parse import emit
from zdm.parse.emit import Expression, Ident, Qualified
from zdm.recipes.site import Site
from zdm.recipes.sql import null_test, probes
from zdm.recipes.trigger import row_trigger, sync, zdm_trigger
from zdm.recipes.trigger.zdm_trigger import ZdmTrigger

Pairs = tuple[tuple[str, str], ...]  # a column of the new place, and of the old one
_ROW = "zdm_row"
_FORWARD = """
BEGIN
  IF {given} THEN
    INSERT INTO {new} AS zdm_row ({columns}) VALUES ({values})
    ON CONFLICT ({key}) DO UPDATE SET {sets} WHERE {differs};
  ELSE
    {otherwise};
  END IF;
  RETURN NULL;
END
"""
_BACKWARD = """
BEGIN
  IF TG_OP <> 'DELETE' THEN
    UPDATE {old} AS zdm_row SET {sets} WHERE {same} AND ({differs});
  END IF;
  IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND {moved}) THEN
    UPDATE {old} AS zdm_row SET {nulls} WHERE {was_same} AND ({given});
  END IF;
  RETURN NULL;
END
"""


class Move(Struct, frozen=True, kw_only=True):
    """`site`: of the table that has the columns; `key` and `columns`: pairs; `given`: of a row
    that has none of these, no row is made; `deletes`: nor is one left, as the author says by
    WHERE."""

    site: Site
    target: Table
    key: Pairs
    columns: Pairs
    given: tuple[str, ...]
    deletes: bool
    settings: tuple[Setting, ...] = ()

    @property
    def there(self) -> Site:
        """Of the table that gets them."""
        return Site(
            operation=self.site.operation,
            table=self.target,
            snapshot=self.site.snapshot,
            origin=self.site.origin,
            settings=self.settings,
        )

    @property
    def first(self) -> str:
        """The column by which steps and triggers are named."""
        return self.columns[0][1]

    @property
    def names(self) -> str:
        """The columns of the old place, for a person."""
        return ", ".join(old for _, old in self.columns)

    @property
    def forward(self) -> ZdmTrigger:
        """For an UPDATE of the old place."""
        return zdm_trigger.of(self.site, "move", self.first)

    @property
    def inserted(self) -> ZdmTrigger:
        """For an INSERT there."""
        name = zdm_name("moved", self.first, prefix=zdm_trigger.PREFIX)
        return ZdmTrigger(table=self.site.name, name=name, function=self.forward.function)

    @property
    def backward(self) -> ZdmTrigger:
        """For every write of the new place."""
        return zdm_trigger.of(self.there, "move_back", self.columns[0][0])

    @property
    def triggers(self) -> tuple[ZdmTrigger, ...]:
        """All of them."""
        return (self.forward, self.inserted, self.backward)


def install_sql(move: Move) -> Iterator[str]:
    """Functions and triggers. They have their owner's rights: an application that writes the
    one table may have none on the other."""
    old, new = Qualified(move.site.name), Qualified(move.target.name)
    yield from row_trigger.owners_function_sql(move.forward.function, _forward(move))
    yield from row_trigger.owners_function_sql(move.backward.function, _backward(move))[1:]
    yield emit.sql(
        "CREATE TRIGGER {g} AFTER UPDATE ON {t} FOR EACH ROW WHEN ({when})"
        " EXECUTE FUNCTION {f}()",
        g=Ident(move.forward.name),
        t=old,
        when=Expression(_any(_changed(move))),
        f=Qualified(move.forward.function),
    )
    yield emit.sql(
        "CREATE TRIGGER {g} AFTER INSERT ON {t} FOR EACH ROW WHEN ({when})"
        " EXECUTE FUNCTION {f}()",
        g=Ident(move.inserted.name),
        t=old,
        when=Expression(_given(move, "NEW")),
        f=Qualified(move.forward.function),
    )
    yield emit.sql(
        "CREATE TRIGGER {g} AFTER INSERT OR UPDATE OR DELETE ON {t} FOR EACH ROW"
        " EXECUTE FUNCTION {f}()",
        g=Ident(move.backward.name),
        t=new,
        f=Qualified(move.backward.function),
    )
    yield from map(zdm_trigger.always_sql, move.triggers)


def drop_sql(move: Move, *, missing: bool) -> Iterator[str]:
    """Drop triggers and functions; `missing`: if they are there."""
    if_exists = "IF EXISTS " if missing else ""
    for trigger in move.triggers:
        yield emit.sql(
            f"DROP TRIGGER {if_exists}{{g}} ON {{t}}",
            g=Ident(trigger.name),
            t=Qualified(trigger.table),
        )
    for function in (move.forward.function, move.backward.function):
        yield emit.sql(f"DROP FUNCTION {if_exists}{{f}}()", f=Qualified(function))


def installed(move: Move) -> str:
    """A SELECT: all of them are there, and fire in every session."""
    return probes.both(*map(zdm_trigger.installed, move.triggers))


def removed(move: Move) -> str:
    """A SELECT: none of them is there."""
    return probes.both(*map(zdm_trigger.removed, move.triggers))


def copy_sql(move: Move) -> str:
    """The INSERT of a batch: what a row has there is the old version's."""
    return (
        f"INSERT INTO {move.target.name.sql} AS {_ROW} ({_into(move)})"  # noqa: S608
        f" SELECT {_of(move, 'zdm_rows')} FROM zdm_rows WHERE {_given(move, 'zdm_rows')}"
        f" ON CONFLICT ({_list(new for new, _ in move.key)}) DO UPDATE SET {_sets(move)}"
        f" WHERE {_any(_distinct(move, 'EXCLUDED', old=False))}"
    )


def differs(move: Move) -> str:
    """The rows of the old place that have no other row and should, or one with other values.
    As one value of at most one row it is looked up by the key: of NOT EXISTS PostgreSQL may
    make a hash of the whole table, again for each batch."""
    record = ident(move.site.name.name)
    other = _any(_distinct(move, record))
    return (
        f"coalesce((SELECT {other} FROM {move.target.name.sql} AS {_ROW}"  # noqa: S608
        f" WHERE {_same(move, record)}), {_given(move, record)})"
    )


def _forward(move: Move) -> str:
    table, same = move.target.name.sql, _same(move, "NEW")
    other = _any(_distinct(move, "NEW"))
    values = ", ".join(f"{ident(new)} = NEW.{ident(old)}" for new, old in move.columns)
    return _FORWARD.format(
        new=table,
        columns=_into(move),
        key=_list(new for new, _ in move.key),
        given=_given(move, "NEW"),
        values=_of(move, "NEW"),
        sets=_sets(move),
        differs=_any(_distinct(move, "EXCLUDED", old=False)),
        otherwise=f"DELETE FROM {table} AS {_ROW} WHERE {same} AND ({other})"  # noqa: S608
        if move.deletes
        else f"UPDATE {table} AS {_ROW} SET {values} WHERE {same} AND ({other})",  # noqa: S608
    )


def _backward(move: Move) -> str:
    pairs = [(ident(new), ident(old)) for new, old in move.columns]
    keys = [(ident(new), ident(old)) for new, old in move.key]
    return _BACKWARD.format(
        old=move.site.name.sql,
        sets=", ".join(f"{old} = NEW.{new}" for new, old in pairs),
        same=" AND ".join(f"{_ROW}.{old} = NEW.{new}" for new, old in keys),
        differs=_any(_distinct(move, "NEW", swapped=True)),
        moved=" OR ".join(f"NEW.{new} <> OLD.{new}" for new, _ in keys),
        nulls=", ".join(f"{old} = NULL" for _, old in pairs),
        was_same=" AND ".join(f"{_ROW}.{old} = OLD.{new}" for new, old in keys),
        given=_any(
            null_test.is_given(f"{_ROW}.{ident(c.name)}", c, move.site.snapshot)
            for c in _olds(move)
        ),
    )


def _olds(move: Move) -> tuple[Column, ...]:
    return tuple(move.site.table.require_column(old) for _, old in move.columns)


def _given(move: Move, record: str) -> str:
    """Whether a row of the old place has any of what moves."""
    columns = map(move.site.table.require_column, move.given)
    return _any(
        null_test.is_given(f"{record}.{ident(c.name)}", c, move.site.snapshot) for c in columns
    )


def _changed(move: Move) -> Iterator[str]:
    for column in _olds(move):
        name = ident(column.name)
        yield sync.is_distinct(f"NEW.{name}", f"OLD.{name}", column, move.site.snapshot)


def _distinct(
    move: Move, record: str, *, old: bool = True, swapped: bool = False
) -> Iterator[str]:
    """The columns of `zdm_row`, a row of the new place, are not those of the record: of a row
    of the old place, or `old` is false, of a new one. `swapped`: the other way round."""
    for (new, former), column in zip(move.columns, _olds(move), strict=True):
        own, other = (former, new) if swapped else (new, former if old else new)
        yield sync.is_distinct(
            f"{_ROW}.{ident(own)}", f"{record}.{ident(other)}", column, move.site.snapshot
        )


def _same(move: Move, record: str) -> str:
    """`zdm_row` of the new place belongs to the record of the old one."""
    return " AND ".join(f"{_ROW}.{ident(new)} = {record}.{ident(old)}" for new, old in move.key)


def _into(move: Move) -> str:
    return _list(new for new, _ in (*move.key, *move.columns))


def _of(move: Move, record: str) -> str:
    return ", ".join(f"{record}.{ident(old)}" for _, old in (*move.key, *move.columns))


def _sets(move: Move) -> str:
    return ", ".join(f"{ident(new)} = EXCLUDED.{ident(new)}" for new, _ in move.columns)


def _list(names: Iterator[str]) -> str:
    return ", ".join(map(ident, names))


def _any(conditions: Iterator[str]) -> str:
    return " OR ".join(conditions)
