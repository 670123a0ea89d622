"""A one-way fill trigger: it gives a column its value where a writer left it NULL.

It stands while a version runs that does not know the column, or may write NULL into it.
BEFORE the row is written, so it needs no second write and cannot recurse; its name sorts last,
so that it sees what other BEFORE triggers made (manual, chapter 39.1).
A default does not do the same: an explicit NULL bypasses it.
"""

from dataclasses import dataclass

from zdm.model.plan import Check
from zdm.model.sql import ident, zdm_name
from zdm.recipes.site import Site
from zdm.recipes.sql import expressions
from zdm.recipes.trigger import own_trigger
from zdm.recipes.trigger.own_trigger import OwnTrigger


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """The column, and the expression for it over the row's columns by bare names."""

    column: str
    expression: str


def trigger(site: Site, fill: Fill) -> OwnTrigger:
    """The trigger and its function, which is in the table's schema."""
    return OwnTrigger(
        table=site.name,
        name=zdm_name("fill", fill.column, prefix=own_trigger.PREFIX),
        function=site.beside(zdm_name("fill", site.name.name, fill.column)),
    )


def install_sql(site: Site, fill: Fill) -> tuple[str, ...]:
    """Function and trigger; SHARE ROW EXCLUSIVE on the table."""
    own = trigger(site, fill)
    value = expressions.of_new_row(fill.expression, site.table)
    target = f"NEW.{ident(fill.column)}"
    body = (
        "\nBEGIN\n"
        f"  IF {target} IS NULL THEN\n"
        f"    {target} := {value};\n"
        "  END IF;\n"
        "  RETURN NEW;\n"
        "END\n"
    )
    return (
        expressions.trigger_function(own.function, body, site.settings),
        expressions.row_trigger(own.name, site.name, own.function, f"{target} IS NULL"),
    )


def enabled_check(site: Site, fill: Fill) -> Check:
    """The backfill's condition."""
    return own_trigger.enabled_check(
        own_trigger.installed(trigger(site, fill)),
        what=f"the trigger that fills {site.name}.{fill.column}",
        otherwise="left without a value",
    )
