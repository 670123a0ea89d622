"""A side table that keeps the values from before a backfill until the contract.

`-- zdm: keep old values` above an UPDATE asks for it. Each row that zdm changes leaves its
values from before and after in the side table, in the same transaction: a row of a batch by
the converting trigger, which knows a batch by a setting of its session, and what the old
version writes by the same trigger, as it was written. ON CONFLICT DO UPDATE gets what the
trigger made of the proposed row, so what was proposed is passed on to the trigger's next call.

A rollback sets `restored` in batches, and a trigger of the side table puts the old value back
where the row still holds the new one: each is restored once, so that what an application
writes in between stays. A row that is held is waited for only where the transaction has
restored none yet; else it is left to the sweeps of the batch engine, which take one at a time.
"""

from collections.abc import Callable

from msgspec import Struct

from zdm.model.plan import BOTH, Assignment, Backfill, Check, Cost, Phase
from zdm.model.schema import Column, Name
from zdm.model.sql import ident, zdm_name
from zdm.model.statement import Setting
from zdm.parse import emit, names
from zdm.parse.emit import Ident, Idents, Part, Qualified, TypeText
from zdm.recipes.site import Site
from zdm.recipes.trigger import row_trigger, side_table, sync, zdm_trigger
from zdm.recipes.trigger.zdm_trigger import ZdmTrigger

FILLING = "zdm.filling"  # the setting by which the trigger knows a batch
_RESTORING = "zdm.restoring"  # the same of a transaction that has restored a row
_RESTORED = "restored"
_WROTE = "zdm.wrote_"  # the setting that passes on what was proposed
_KEEP = """\
  IF TG_OP = 'INSERT' THEN
    zdm_keep := {changed};
    IF zdm_keep OR pg_catalog.current_setting('{wrote}', true) <> '' THEN
      PERFORM pg_catalog.set_config('{wrote}', CASE WHEN zdm_keep THEN ARRAY[{said}]::text
        ELSE '' END, true);
    END IF;
    IF zdm_keep THEN  -- where the key is there, ON CONFLICT updates that row, or does nothing
      zdm_keep := NOT EXISTS (SELECT FROM {table} AS zdm_row WHERE {same_key});
    END IF;
  ELSE
    zdm_wrote := nullif(pg_catalog.current_setting('{wrote}', true), '');
    IF pg_catalog.current_setting('{filling}', true) = '{word}' THEN
      zdm_was := OLD;
    ELSIF zdm_wrote[1] = {now} THEN
{upserted}    END IF;
    zdm_keep := {changed};
  END IF;
  IF zdm_keep THEN
    INSERT INTO {side} AS zdm_side ({columns}) VALUES ({values})
    ON CONFLICT ({key}) DO UPDATE SET {updates}, {restored} = false;
  END IF;
"""
_UPSERTED = """\
      IF {changes} AND {new}::text IS NOT DISTINCT FROM zdm_wrote[{gave}] THEN
        {was} := zdm_wrote[{wrote}];
      END IF;
"""
_NOW = "pg_catalog.statement_timestamp()::text"
_RESTORE = """
BEGIN
  IF pg_catalog.current_setting('{restoring}', true) = '{word}' THEN
    -- the transaction holds rows, so it waits for none
    PERFORM FROM ONLY {table} AS zdm_row WHERE {same_key} FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND AND EXISTS (SELECT FROM ONLY {table} AS zdm_row WHERE {same_key}) THEN
      RETURN NULL;
    END IF;
  END IF;
  PERFORM pg_catalog.set_config('{restoring}', '{word}', true);
  UPDATE ONLY {table} AS zdm_row SET {sets}
  WHERE {same_key} AND ({differs});
  RETURN NEW;
END
"""


class Kept(Struct, frozen=True, kw_only=True):
    """The old values of these columns of a site's table, by its key; `word` distinguishes the
    fill from others of the table."""

    site: Site
    key: tuple[Column, ...]
    columns: tuple[Column, ...]
    word: str

    @property
    def table(self) -> Name:
        """The side table, in the table's schema."""
        return self.site.beside(zdm_name("old", self.site.name.name, self.word))

    @property
    def settings(self) -> tuple[Setting, ...]:
        """By these the trigger knows the sessions of the batches."""
        return (Setting(name=FILLING, value=self.word),)

    @property
    def trigger(self) -> ZdmTrigger:
        """The side table's own, which restores."""
        return ZdmTrigger(
            table=self.table,
            name=zdm_name("restore", self.word, prefix=zdm_trigger.PREFIX),
            function=self.site.beside(zdm_name("restore", self.site.name.name, self.word)),
        )


def install_sql(kept: Kept) -> tuple[str, ...]:
    """Make the side table, which only its owner can read whatever the default privileges are,
    and the trigger that restores."""
    trigger = kept.trigger
    return (
        _create_table(kept),
        emit.sql("ALTER TABLE {t} ENABLE ROW LEVEL SECURITY", t=Qualified(kept.table)),
        row_trigger.function_sql(trigger.function, _restore_body(kept)),
        row_trigger.trigger_sql(
            trigger.name, kept.table, trigger.function, f"NEW.{ident(_RESTORED)}"
        ),
    )


def drop_sql(kept: Kept) -> tuple[str, ...]:
    """Drop the side table and its trigger's function, if they exist."""
    return side_table.drop_sql(kept.table, kept.trigger)


def installed(kept: Kept) -> str:
    """A SELECT: the side table is there, and its trigger is enabled."""
    return side_table.installed(kept.table, kept.trigger)


def removed(kept: Kept) -> str:
    """A SELECT: neither the side table nor its trigger's function is there."""
    return side_table.removed(kept.table, kept.trigger)


def restore(kept: Kept, title: str, cost: Cost) -> Backfill:
    """What a rollback does in batches before it drops the side table."""
    return Backfill(
        id="restore",
        operation=kept.site.operation,
        phase=Phase.EXPAND,
        title=title,
        table=kept.table,
        key=tuple(_key(column) for column in kept.key),
        assignments=(Assignment(column=_RESTORED, expression="true"),),
        differs=f"NOT {ident(_RESTORED)}",
        settings=kept.site.settings,
        preconditions=(
            Check(
                sql=installed(kept),
                failure=f"{kept.table}, which keeps the old values, or its trigger is missing"
                " or disabled, so they cannot be restored",
                hint="enable the trigger, or restore the table from a backup",
            ),
        ),
        undo=(),
        serves=BOTH,
        reason="Each value is restored once, and only where the row still holds the value that"
        " the fill gave it.",
        origin=kept.site.origin,
        cost=cost,
    )


def declarations(kept: Kept) -> str:
    """What `statements` need in the trigger function that changes the row."""
    row = f"{kept.site.name.sql}%ROWTYPE"
    return f"DECLARE\n  zdm_was {row} := NEW;\n  zdm_wrote text[];\n  zdm_keep boolean;\n"


def statements(kept: Kept) -> str:
    """What follows the change of NEW in that function."""
    fields = [(_key(column), _new_row(column)) for column in kept.key]
    for column in kept.columns:
        fields += [(_old(column), _was(column)), (_new(column), _new_row(column))]
    said = [f"{value(c)}::text" for c in kept.columns for value in (_was, _new_row)]
    return _KEEP.format(
        wrote=_WROTE + kept.word,
        filling=FILLING,
        word=kept.word,
        now=_NOW,
        said=", ".join((_NOW, *said)),
        upserted="".join(_upserted(kept, n, c) for n, c in enumerate(kept.columns, 1)),
        changed=" OR ".join(_distinct(kept, _was(c), _new_row(c), c) for c in kept.columns),
        table=kept.site.name.sql,
        same_key=_same_key(kept, lambda column: column.name),
        side=kept.table.sql,
        columns=", ".join(ident(name) for name, _ in fields),
        values=", ".join(value for _, value in fields),
        key=", ".join(ident(_key(column)) for column in kept.key),
        updates=", ".join(_update(kept, column) for column in kept.columns),
        restored=ident(_RESTORED),
    )


def _upserted(kept: Kept, number: int, column: Column) -> str:
    """A value that ON CONFLICT took from the proposed row is the one that was proposed."""
    new = _new_row(column)
    return _UPSERTED.format(
        changes=_distinct(kept, f"OLD.{ident(column.name)}", new, column),
        new=new,
        was=_was(column),
        wrote=2 * number,
        gave=2 * number + 1,
    )


def _update(kept: Kept, column: Column) -> str:
    """A column that this write leaves as an earlier fill made it keeps the value from before
    that fill."""
    old, new = ident(_old(column)), ident(_new(column))
    was = f"EXCLUDED.{old}"
    if len(kept.columns) > 1:
        left = _distinct(kept, f"EXCLUDED.{old}", f"EXCLUDED.{new}", column)
        other = _distinct(kept, f"zdm_side.{new}", f"EXCLUDED.{new}", column)
        was = (
            f"CASE WHEN {left} OR {other} OR zdm_side.{ident(_RESTORED)} THEN EXCLUDED.{old}"
            f" ELSE zdm_side.{old} END"
        )
    return f"{old} = {was}, {new} = EXCLUDED.{new}"


def _restore_body(kept: Kept) -> str:
    sets, tests = [], []
    for column in kept.columns:
        name, old, new = ident(column.name), f"NEW.{ident(_old(column))}", _new(column)
        other = _distinct(kept, f"zdm_row.{name}", f"NEW.{ident(new)}", column)
        sets.append(f"{name} = CASE WHEN {other} THEN zdm_row.{name} ELSE {old} END")
        changed = _distinct(kept, old, f"NEW.{ident(new)}", column)
        tests.append(f"({changed} AND NOT ({other}))")
    return _RESTORE.format(
        restoring=_RESTORING,
        word=kept.word,
        table=kept.site.name.sql,
        sets=", ".join(sets),
        same_key=_same_key(kept, _key),
        differs=" OR ".join(tests),
    )


def _same_key(kept: Kept, field: Callable[[Column], str]) -> str:
    """The row whose key NEW has in those fields."""
    return " AND ".join(
        f"zdm_row.{ident(column.name)} = NEW.{ident(field(column))}" for column in kept.key
    )


def _distinct(kept: Kept, left: str, right: str, column: Column) -> str:
    return sync.is_distinct(left, right, column, kept.site.snapshot)


def _create_table(kept: Kept) -> str:
    columns = [(_key(c), c) for c in kept.key]
    columns += [(name(c), c) for c in kept.columns for name in (_old, _new)]
    parts: dict[str, Part] = {"t": Qualified(kept.table), "r": Ident(_RESTORED)}
    parts["k"] = Idents(tuple(_key(column) for column in kept.key))
    lines = []
    for number, (name, column) in enumerate(columns):
        parts |= {f"c{number}": Ident(name), f"t{number}": TypeText(column.type)}
        line = f"{{c{number}}} {{t{number}}}"
        if column.collation is not None:
            parts[f"l{number}"] = Qualified(names.qualified(column.collation))
            line += f" COLLATE {{l{number}}}"
        lines.append(line)
    return emit.sql(
        f"CREATE TABLE {{t}} ({', '.join(lines)}, {{r}} boolean NOT NULL DEFAULT false,"
        " PRIMARY KEY ({k}))",
        **parts,
    )


def _was(column: Column) -> str:
    return f"zdm_was.{ident(column.name)}"


def _new_row(column: Column) -> str:
    return f"NEW.{ident(column.name)}"


def _key(column: Column) -> str:
    return zdm_name(column.name, prefix="key_")


def _old(column: Column) -> str:
    return zdm_name(column.name, prefix="old_")


def _new(column: Column) -> str:
    return zdm_name(column.name, prefix="new_")
