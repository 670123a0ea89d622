"""A one-way trigger for a column that is computed from others of the same row.

While a version runs that does not know the column, an insert gets the value where the column
is NULL, and an update that changes what it is computed from, but not the column itself,
computes it again; so a backfill finds ever fewer rows that differ. It is BEFORE the row is
written, so it cannot recurse, and its name sorts last (manual, chapter 39.1). A writer that
sets the column keeps its value, then and later: a column that holds another value than the
computed one is the new version's own. NULL counts as not written yet, so that the value from
before is not computed for rows that it may not accept.

An update that sets the column to the value it has looks, row by row, like one that does not set
it; ORMs that save whole objects send such updates. So a second trigger, BEFORE UPDATE OF the
column, fires first and notes the row in a setting of the transaction. A row is known by table
and ctid, so that a note never holds for another row, or for a later version of this one.
"""

import hashlib

from msgspec.structs import replace

from zdm.model.schema import Column, Snapshot, Table
from zdm.model.sql import ident, zdm_name
from zdm.recipes.site import Site
from zdm.recipes.sql import null_test
from zdm.recipes.trigger import fill_nulls, row_trigger, sync, zdm_trigger
from zdm.recipes.trigger.fill_nulls import Fill
from zdm.recipes.trigger.row_trigger import Pins
from zdm.recipes.trigger.zdm_trigger import ZdmTrigger

_ROW = "pg_catalog.format('%s %s', OLD.tableoid, OLD.ctid)"
_HASH_DIGITS = 12


def trigger_of(site: Site, column: str, expression: str) -> ZdmTrigger:
    """The trigger and its function; where the value is computed from the row, with the one
    that notes what a statement sets."""
    trigger = fill_nulls.trigger_of(site, Fill(column=column, expression=expression))
    if not inputs(expression, site.table):
        return trigger
    helper = zdm_name("assigned", column, prefix=zdm_trigger.PREFIX)  # sorts before "fill"
    return replace(trigger, helper=helper)


def install_sql(
    site: Site, column: Column, expression: str, *, keeps: bool = False
) -> tuple[str, ...]:
    """Function and trigger; the column is there, or made in the same transaction. `keeps`: an
    update whose computed value is NULL leaves the value as it is."""
    filling = Fill(column=column.name, expression=expression)
    reads = inputs(expression, site.table)
    if not reads:
        return fill_nulls.install_sql(site, filling)
    trigger = trigger_of(site, column.name, expression)
    assert trigger.helper is not None
    unchanged = f"NOT ({_changed(column, site.snapshot)})"
    return (
        row_trigger.function_sql(
            trigger.function,
            _body(site, column, expression, reads, keeps=keeps),
            _pins(site, column, expression),
        ),
        row_trigger.assigned_sql(
            trigger.helper, site.name, column.name, trigger.function, unchanged
        ),
        zdm_trigger.always_sql(trigger, trigger.helper),
        row_trigger.trigger_sql(
            trigger.name,
            site.name,
            trigger.function,
            _only_where(site, filling, column),
        ),
        zdm_trigger.always_sql(trigger),
    )


def _pins(site: Site, column: Column, expression: str) -> Pins:
    return row_trigger.pins(site, expression, f"NULL::{column.type}")


def _only_where(site: Site, filling: Fill, column: Column) -> str | None:
    """The rows for which the function does anything, where the trigger itself can say so."""
    if not row_trigger.fits_when(
        filling.expression, site, _pins(site, column, filling.expression)
    ):
        return None
    value = f"CAST({filling.expression} AS {column.type})"
    differs = sync.is_distinct(ident(column.name), value, column, site.snapshot)
    wide = replace(site.table, columns=(*site.table.columns, column))
    return row_trigger.of_new_row(differs, wide)


def inputs(expression: str, table: Table) -> tuple[Column, ...]:
    """The columns that the expression reads."""
    names = row_trigger.reads(expression, table)
    return tuple(column for column in table.columns if column.name in names)


def _body(
    site: Site, column: Column, expression: str, reads: tuple[Column, ...], *, keeps: bool
) -> str:
    new = f"NEW.{ident(column.name)}"
    value = row_trigger.of_new_row(expression, site.table)
    was = f"OLD.{ident(column.name)}"
    computed = f"CAST({row_trigger.of_old_row(expression, site.table)} AS {column.type})"
    same = f"NOT ({_changed(column, site.snapshot)})"
    changed = " OR ".join(_changed(read, site.snapshot) for read in reads)
    if keeps:
        given = null_test.is_given(f"({value})", column, site.snapshot)
        changed = f"({changed}) AND {given}"
    noted = f"'{_setting(site, column)}'"
    assigned = f"pg_catalog.current_setting({noted}, true) = {_ROW}"
    return (
        "\nBEGIN\n"
        "  IF TG_NARGS > 0 THEN\n"
        f"    PERFORM pg_catalog.set_config({noted}, {_ROW}, true);\n"
        "  ELSIF TG_OP = 'INSERT' THEN\n"
        f"    IF {null_test.is_null(new, column, site.snapshot)} THEN\n"
        f"      {new} := {value};\n"
        "    END IF;\n"
        f"  ELSIF {same} AND ({changed}) AND ({assigned}) IS NOT TRUE THEN\n"
        f"    IF {null_test.is_null(was, column, site.snapshot)} THEN\n"
        f"      {new} := {value};\n"
        f"    ELSIF NOT ({sync.is_distinct(was, computed, column, site.snapshot)}) THEN\n"
        f"      {new} := {value};\n"
        "    END IF;\n"
        "  END IF;\n"
        "  RETURN NEW;\n"
        "END\n"
    )


def _setting(site: Site, column: Column) -> str:
    """One for each column, since one statement can set several."""
    words = "\0".join((site.name.schema, site.name.name, column.name))
    return f"zdm.assigned_{hashlib.sha256(words.encode()).hexdigest()[:_HASH_DIGITS]}"


def _changed(column: Column, snapshot: Snapshot) -> str:
    name = ident(column.name)
    return sync.is_distinct(f"NEW.{name}", f"OLD.{name}", column, snapshot)
