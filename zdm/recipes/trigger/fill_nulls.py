"""A one-way fill trigger: it gives a column its value where a writer left it NULL.

It is installed while a version runs that does not know the column, or may write NULL into it.
BEFORE the row is written, so it needs no second write and cannot recurse; its name sorts last,
so that it sees what other BEFORE triggers made (manual, chapter 39.1).
A default does not do the same: an explicit NULL bypasses it.
"""

from msgspec import Struct

from zdm.model.plan import Check
from zdm.model.sql import ident
from zdm.recipes.site import Site
from zdm.recipes.sql import null_test
from zdm.recipes.trigger import row_trigger, zdm_trigger
from zdm.recipes.trigger.zdm_trigger import ZdmTrigger


class Fill(Struct, frozen=True, kw_only=True):
    """The column, and the expression for it over the row's columns by bare names."""

    column: str
    expression: str


def trigger_of(site: Site, fill: Fill) -> ZdmTrigger:
    """The trigger and its function, which is in the table's schema."""
    return zdm_trigger.of(site, "fill", fill.column)


def install_sql(site: Site, fill: Fill) -> tuple[str, ...]:
    """Function and trigger; SHARE ROW EXCLUSIVE on the table."""
    trigger = trigger_of(site, fill)
    value = row_trigger.of_new_row(fill.expression, site.table)
    target = f"NEW.{ident(fill.column)}"
    column = site.table.require_column(fill.column)
    is_null = null_test.is_null(target, column, site.snapshot)
    pinned = row_trigger.pins(site, fill.expression)
    body = (
        "\nBEGIN\n"
        f"  IF {is_null} THEN\n"
        f"    {target} := {value};\n"
        "  END IF;\n"
        "  RETURN NEW;\n"
        "END\n"
    )
    return (
        row_trigger.function_sql(trigger.function, body, pinned),
        row_trigger.trigger_sql(trigger.name, site.name, trigger.function, is_null),
        zdm_trigger.always_sql(trigger),
    )


def enabled_check(site: Site, column: str, trigger: ZdmTrigger) -> Check:
    """The backfill's condition."""
    return zdm_trigger.enabled_check(
        zdm_trigger.installed(trigger),
        what=f"the trigger that fills {site.name}.{column}",
        otherwise="left without a value",
    )
