"""What becomes of a row that refers to no row: a trigger that looks at it under its lock.

The subquery of a batch sees the referenced table as it was when the batch began, also where it
has waited for a row that another transaction has given a new reference meanwhile. So a trigger,
which sees what is committed by then, lets the batch pass only where the row is still an orphan.
It knows a batch by a setting of its session, so it does nothing to what an application writes.

To park a row it copies it to a side table first. A rollback sets `restored` there in batches,
and a trigger of the side table inserts the row again.
"""

import hashlib

from msgspec import Struct

from zdm.model.plan import BOTH, Backfill, Check, Phase
from zdm.model.plan import Assignment as Set
from zdm.model.schema import Column, Name, Table
from zdm.model.sql import ident, zdm_name
from zdm.model.statement import Setting
from zdm.parse import emit, names
from zdm.parse.emit import Expression, Ident, Idents, Part, Qualified, TypeText
from zdm.recipes import cost
from zdm.recipes.constraint import references
from zdm.recipes.constraint.references import Reference
from zdm.recipes.index import walk_key
from zdm.recipes.site import Site
from zdm.recipes.trigger import keep_old, row_trigger, side_table, zdm_trigger
from zdm.recipes.trigger.zdm_trigger import ZdmTrigger

_RESTORED = "restored"
_HASH_DIGITS = 8
_LOOK = "\nBEGIN\n  IF {orphan} THEN\n{park}    RETURN {row};\n  END IF;\n  RETURN NULL;\nEND\n"
_PARK = (  # a rollback that did not come to its end has left rows that it had restored
    "    DELETE FROM {side} WHERE {restored} AND ({key}) = ({old});\n"
    "    INSERT INTO {side} ({columns}) VALUES ({values});\n"
)
_RESTORE = (
    "\nBEGIN\n  INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE VALUES ({values});\n"
    "  RETURN NEW;\nEND\n"
)


class Orphans(Struct, frozen=True, kw_only=True):
    """The rows of a site's table that refer to no row of `parent`. `name`: of the foreign key;
    `nulls`: the columns that are emptied, none where the rows are deleted; `parks`: they are
    kept until the contract's end."""

    site: Site
    parent: Table
    reference: Reference
    name: str
    nulls: tuple[str, ...] = ()
    parks: bool = False

    @property
    def word(self) -> str:
        """What distinguishes them from those of other foreign keys of the table."""
        return hashlib.sha256(self.name.encode()).hexdigest()[:_HASH_DIGITS]

    @property
    def differs(self) -> str:
        """That a row is one; over the table by its bare name."""
        return references.orphan(self.parent, self.reference, ident(self.site.name.name))

    @property
    def settings(self) -> tuple[Setting, ...]:
        """By these the trigger knows the sessions of the batches."""
        return (Setting(name=keep_old.FILLING, value=f"orphans_{self.word}"),)

    @property
    def trigger(self) -> ZdmTrigger:
        """The table's, which looks at each row that a batch is about to change."""
        return zdm_trigger.of(self.site, "orphans", self.word)

    @property
    def side(self) -> Name:
        """Where parked rows are kept, in the table's schema."""
        return self.site.beside(zdm_name("parked", self.site.name.name, self.word))

    @property
    def restoring(self) -> ZdmTrigger:
        """The side table's own, which inserts a row again."""
        return ZdmTrigger(
            table=self.side,
            name=zdm_name("restore", self.word, prefix=zdm_trigger.PREFIX),
            function=self.site.beside(zdm_name("restore", self.site.name.name, self.word)),
        )


def install_sql(orphans: Orphans) -> tuple[str, ...]:
    """The table's trigger and its function; SHARE ROW EXCLUSIVE on the table."""
    trigger = orphans.trigger
    event = "UPDATE" if orphans.nulls else "DELETE"
    (setting,) = orphans.settings
    return (
        row_trigger.function_sql(trigger.function, _look_body(orphans)),
        emit.sql(
            f"CREATE TRIGGER {{g}} BEFORE {event} ON {{t}} FOR EACH ROW WHEN ({{when}})"
            " EXECUTE FUNCTION {f}()",
            g=Ident(trigger.name),
            t=Qualified(trigger.table),
            f=Qualified(trigger.function),
            when=Expression(
                f"pg_catalog.current_setting('{setting.name}', true) = '{setting.value}'"
            ),
        ),
        zdm_trigger.always_sql(trigger),
    )


def side_sql(orphans: Orphans) -> tuple[str, ...]:
    """Make the side table, which only its owner can read whatever the default privileges are,
    and the trigger that restores."""
    trigger = orphans.restoring
    columns = _columns(orphans)
    values = ", ".join(f"NEW.{ident(_parked(column))}" for column in columns)
    body = _RESTORE.format(
        table=orphans.site.name.sql,
        columns=", ".join(ident(column.name) for column in columns),
        values=values,
    )
    return (
        _create_table(orphans),
        emit.sql("ALTER TABLE {t} ENABLE ROW LEVEL SECURITY", t=Qualified(orphans.side)),
        row_trigger.function_sql(trigger.function, body),
        row_trigger.trigger_sql(
            trigger.name, orphans.side, trigger.function, f"NEW.{ident(_RESTORED)}"
        ),
    )


def drop_side_sql(orphans: Orphans) -> tuple[str, ...]:
    """Drop the side table and its trigger's function, if they exist."""
    return side_table.drop_sql(orphans.side, orphans.restoring)


def side_installed(orphans: Orphans) -> str:
    """A SELECT: the side table is there, and its trigger is enabled."""
    return side_table.installed(orphans.side, orphans.restoring)


def side_removed(orphans: Orphans) -> str:
    """A SELECT: neither the side table nor its trigger's function is there."""
    return side_table.removed(orphans.side, orphans.restoring)


def enabled_check(orphans: Orphans) -> Check:
    """The batches' condition."""
    return Check(
        sql=zdm_trigger.installed(orphans.trigger),
        failure=f"the trigger {orphans.trigger.name} of {orphans.site.name} is missing or"
        " disabled, so a row that has got a valid reference meanwhile could be treated as an"
        " orphan",
        hint="ENABLE ALWAYS TRIGGER it",
    )


def restore(orphans: Orphans) -> Backfill:
    """What a rollback does in batches before it drops the side table."""
    table = orphans.site.table
    key = walk_key.walk(table)
    return Backfill(
        id="restore",
        operation=orphans.site.operation,
        phase=Phase.CONTRACT,
        title=f"bring the parked rows of {orphans.site.name} back in batches",
        table=orphans.side,
        key=tuple(_parked(table.require_column(name)) for name in key),
        assignments=(Set(column=_RESTORED, expression="true"),),
        differs=f"NOT {ident(_RESTORED)}",
        settings=orphans.site.settings,
        preconditions=(
            Check(
                sql=side_installed(orphans),
                failure=f"{orphans.side}, which keeps the parked rows, or its trigger is"
                " missing or disabled, so they cannot be brought back",
                hint="enable the trigger, or restore the table from a backup",
            ),
        ),
        undo=(),
        serves=BOTH,
        reason="Each row is inserted once; the foreign key is dropped by then.",
        origin=orphans.site.origin,
        cost=cost.scan(table),
    )


def _look_body(orphans: Orphans) -> str:
    park = ""
    if orphans.parks:
        table, columns = orphans.site.table, _columns(orphans)
        key = walk_key.walk(table)
        park = _PARK.format(
            side=orphans.side.sql,
            restored=ident(_RESTORED),
            key=", ".join(ident(_parked(table.require_column(name))) for name in key),
            old=", ".join(f"OLD.{ident(name)}" for name in key),
            columns=", ".join(ident(_parked(column)) for column in columns),
            values=", ".join(f"OLD.{ident(column.name)}" for column in columns),
        )
    return _LOOK.format(
        orphan=references.orphan(orphans.parent, orphans.reference, "OLD"),
        park=park,
        row="NEW" if orphans.nulls else "OLD",
    )


def _create_table(orphans: Orphans) -> str:
    table = orphans.site.table
    parts: dict[str, Part] = {"t": Qualified(orphans.side), "r": Ident(_RESTORED)}
    key = walk_key.walk(table)
    parts["k"] = Idents(tuple(_parked(table.require_column(name)) for name in key))
    lines = []
    for number, column in enumerate(_columns(orphans)):
        parts |= {f"c{number}": Ident(_parked(column)), f"t{number}": TypeText(column.type)}
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


def _columns(orphans: Orphans) -> tuple[Column, ...]:
    """Those that hold values of their own."""
    return tuple(c for c in orphans.site.table.columns if not c.generated)


def _parked(column: Column) -> str:
    return zdm_name(column.name, prefix="row_")
