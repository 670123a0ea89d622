"""The canonical two-way sync trigger: two columns of one row that hold the same value.

Old and new application versions write at the same time, each its own column. Direction comes
from the values, never from who writes. The rules, each measured (PostgreSQL 15):

- column, function and trigger in one transaction, else rows slip between them;
- BEFORE, on the same row: no recursion, so no pg_trigger_depth and no setting as a guard;
- no `UPDATE OF`: another BEFORE trigger's change would be missed;
- WHEN asks for rows whose columns differ, after the other triggers and without plpgsql: what
  a backfill writes, and an update of other columns, costs a third less;
- the name sorts last, so that a normalising trigger has already run;
- the new column has no default, and the new version wins where both columns were written;
- the comparison is with forward(old), so a lossy value is not written back by the backfill.

`=` calls 1.0 and 1.00, or 'a' and 'A' in citext, the same, and json has no `=` at all: for
types whose equal values can differ, the stored images are compared (manual, 9.25.6).
"""

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.locks import LockMode
from zdm.model.plan import OLD_ONLY, Check, Phase, RunSql
from zdm.model.schema import Column, Snapshot
from zdm.model.sql import ident
from zdm.parse import emit, names
from zdm.parse.emit import Ident, Qualified, TypeText
from zdm.recipes import run_sql
from zdm.recipes.site import Site
from zdm.recipes.sql import null_test, probes
from zdm.recipes.trigger import row_trigger, zdm_trigger
from zdm.recipes.trigger.row_trigger import Pins
from zdm.recipes.trigger.zdm_trigger import ZdmTrigger
from zdm.schema import type_change

EXACT = frozenset(
    {"smallint", "integer", "bigint", "boolean", "text", "uuid", "date", "bytea", "oid"}
)
EXACT_PREFIXES = ("character varying", "timestamp")
_BODY = """
{declare}BEGIN
  IF TG_OP = 'INSERT' THEN
    IF {new_is_null} THEN
      {new} := {forward};
    ELSIF {new_is_not_forward} THEN
      {old} := {backward};
    END IF;
  ELSIF {new_changed} AND {new_is_not_forward} THEN
    {old} := {backward};
  ELSIF {old_changed} THEN
    {new} := {forward};
  END IF;
  RETURN NEW;
END
"""


class Pair(Struct, frozen=True, kw_only=True):
    """Two columns kept in sync. `forward` and `backward` are expressions over the row's
    columns by bare names: forward over the old column, backward over the new one.
    `adds`: the step adds the new column (else it already exists)."""

    old: Column
    new: Column
    forward: str
    backward: str
    adds: bool = True

    @property
    def identity(self) -> bool:
        """Both columns hold the very same value."""
        return self.forward == ident(self.old.name) and self.old.type == self.new.type


def trigger_of(site: Site, pair: Pair) -> ZdmTrigger:
    """The trigger and its function, which is in the table's schema."""
    return zdm_trigger.of(site, "sync", pair.new.name)


def is_distinct(left: str, right: str, column: Column, snapshot: Snapshot) -> str:
    """A condition: the two values of the column's type are not the very same."""
    enum = any(t.kind == "enum" and str(t.name) == column.type for t in snapshot.types)
    exact = column.type in EXACT or column.type.startswith(EXACT_PREFIXES) or enum
    if exact and column.collation is None:
        return f"{left} IS DISTINCT FROM {right}"
    return f"pg_catalog.record_image_ne(ROW({left}), ROW({right}))"


def body(site: Site, pair: Pair) -> str:
    """The trigger function's text."""
    wide = replace(site.table, columns=(*site.table.columns, pair.new))
    new, old = f"NEW.{ident(pair.new.name)}", f"NEW.{ident(pair.old.name)}"
    was_new, was_old = f"OLD.{ident(pair.new.name)}", f"OLD.{ident(pair.old.name)}"
    if pair.identity:
        declare, forward, backward = "", old, new
    else:
        value = row_trigger.of_new_row(pair.forward, wide)
        declare = f"DECLARE\n  zdm_forward {pair.new.type} := {value};\n"
        forward = "zdm_forward"
        backward = row_trigger.of_new_row(pair.backward, wide)
    return _BODY.format(
        declare=declare,
        new=new,
        new_is_null=null_test.is_null(new, pair.new, site.snapshot),
        old=old,
        forward=forward,
        backward=backward,
        new_is_not_forward=is_distinct(new, forward, pair.new, site.snapshot),
        new_changed=is_distinct(new, was_new, pair.new, site.snapshot),
        old_changed=is_distinct(old, was_old, pair.old, site.snapshot),
    )


def differs(site: Site, pair: Pair) -> str:
    """The condition under which a row must still be filled, over bare column names."""
    new = ident(pair.new.name)
    wanted = pair.forward
    if not pair.identity:
        wanted = f"CAST({pair.forward} AS {pair.new.type})"
    return is_distinct(new, wanted, pair.new, site.snapshot)


def mismatch(site: Site, pair: Pair) -> str:
    """The rows in which neither column follows from the other; empty: as `differs`."""
    if pair.identity:
        return ""
    old = ident(pair.old.name)
    back = is_distinct(
        old, f"CAST({pair.backward} AS {pair.old.type})", pair.old, site.snapshot
    )
    return f"CASE WHEN {differs(site, pair)} THEN {back} ELSE false END"


def only_where(site: Site, pair: Pair) -> str | None:
    """The rows for which the function does anything, as a condition over NEW; None where it
    cannot be in the trigger itself."""
    if not pair.identity and not row_trigger.fits_when(pair.forward, site, _pins(site, pair)):
        return None
    wide = replace(site.table, columns=(*site.table.columns, pair.new))
    return row_trigger.of_new_row(differs(site, pair), wide)


def install(site: Site, pair: Pair, extra: tuple[str, ...] = ()) -> RunSql:
    """Column, properties of the column (`extra`), function and trigger, in one transaction."""
    statements = (*extra, *_install_sql(site, pair))
    undo = zdm_trigger.drop_sql(trigger_of(site, pair))
    if pair.adds:
        statements = (_add_column(site, pair.new), *statements)
        undo = (*undo, _drop_column(site, pair.new))
    return run_sql.short_transaction(
        site,
        id=site.id(pair.new.name, "dual-write"),
        phase=Phase.EXPAND,
        title=f"add {site.name}.{pair.new.name}, kept in sync with {pair.old.name} by a trigger"
        if pair.adds
        else f"keep {site.name}.{pair.new.name} in sync with {pair.old.name} by a trigger",
        sql=statements,
        locks=site.lock(
            LockMode.ACCESS_EXCLUSIVE if pair.adds or extra else LockMode.SHARE_ROW_EXCLUSIVE
        ),
        settings=site.settings,
        probe=probes.probe(installed(site, pair)),
        undo=undo,
        serves=OLD_ONLY,
        reason="Column, function and trigger in one transaction, so no row can be written in"
        " between with a value in only one of the two columns.",
    )


def _pins(site: Site, pair: Pair) -> Pins:
    if pair.identity:
        return row_trigger.NONE
    wide = replace(site, table=replace(site.table, columns=(*site.table.columns, pair.new)))
    return row_trigger.pins(wide, pair.forward, pair.backward, f"NULL::{pair.new.type}")


def _install_sql(site: Site, pair: Pair) -> tuple[str, ...]:
    trigger = trigger_of(site, pair)
    return (
        row_trigger.function_sql(trigger.function, body(site, pair), _pins(site, pair)),
        row_trigger.trigger_sql(
            trigger.name, site.name, trigger.function, only_where(site, pair)
        ),
        zdm_trigger.always_sql(trigger),
    )


def installed(site: Site, pair: Pair) -> str:
    """A SELECT: column, function and trigger are there, and the trigger is enabled."""
    trigger = trigger_of(site, pair)
    return probes.both(
        probes.column(site.name, pair.new.name),
        probes.function(trigger.function),
        probes.trigger_always(site.name, trigger.name),
    )


def enabled_check(site: Site, pair: Pair) -> Check:
    """The backfill's condition."""
    return zdm_trigger.enabled_check(
        installed(site, pair), what=f"the sync trigger on {site.name}", otherwise="lost"
    )


def remove_sql(site: Site, pair: Pair) -> tuple[str, str]:
    """Drop the trigger, and its function; together they are the point of no return."""
    trigger = trigger_of(site, pair)
    return (
        emit.sql("DROP TRIGGER {g} ON {t}", g=Ident(trigger.name), t=Qualified(site.name)),
        emit.sql("DROP FUNCTION {f}()", f=Qualified(trigger.function)),
    )


def _drop_column(site: Site, column: Column) -> str:
    table, name = Qualified(site.name), Ident(column.name)
    return emit.sql("ALTER TABLE {t} DROP COLUMN IF EXISTS {c}", t=table, c=name)


def _add_column(site: Site, column: Column) -> str:
    table, name, type_text = Qualified(site.name), Ident(column.name), TypeText(column.type)
    domain = type_change.found(column.type, site.snapshot, "domain") is not None
    default = " DEFAULT NULL" if domain else ""  # else the domain's own, in every row
    if column.collation is None:
        return emit.sql(
            f"ALTER TABLE {{t}} ADD COLUMN {{c}} {{type}}{default}",
            t=table,
            c=name,
            type=type_text,
        )
    return emit.sql(
        f"ALTER TABLE {{t}} ADD COLUMN {{c}} {{type}} COLLATE {{collation}}{default}",
        t=table,
        c=name,
        type=type_text,
        collation=Qualified(names.qualified(column.collation)),
    )
