"""A one-way fill trigger: it gives a column its value where a writer left it NULL.

It stands while a version runs that does not know the column, or may write NULL into it.
BEFORE the row is written, so it needs no second write and cannot recurse; its name sorts last,
so that it sees what other BEFORE triggers made (manual, chapter 39.1).
A default does not do the same: an explicit NULL bypasses it.
"""

from dataclasses import dataclass

from zdm.model.plan import Check
from zdm.model.schema import Name
from zdm.model.sql import ident, zdm_name
from zdm.parse import emit
from zdm.parse.emit import Ident, Qualified
from zdm.recipes.site import Site
from zdm.recipes.sql import expressions, probes

TRIGGER_PREFIX = "zzz_zdm_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """The column, and the expression for it over the row's columns by bare names."""

    column: str
    expression: str


def function_name(site: Site, fill: Fill) -> Name:
    """The trigger's function, in the table's schema."""
    return site.beside(zdm_name("fill", site.name.name, fill.column))


def trigger_name(fill: Fill) -> str:
    """The trigger, which fires after those of the author."""
    return zdm_name("fill", fill.column, prefix=TRIGGER_PREFIX)


def install_sql(site: Site, fill: Fill) -> tuple[str, ...]:
    """Function and trigger; SHARE ROW EXCLUSIVE on the table."""
    function = function_name(site, fill)
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
        expressions.trigger_function(function, body, site.settings),
        expressions.row_trigger(trigger_name(fill), site.name, function, f"{target} IS NULL"),
    )


def remove_sql(site: Site, fill: Fill) -> tuple[str, ...]:
    """Trigger and function go together; ACCESS EXCLUSIVE on the table."""
    return (
        emit.sql(
            "DROP TRIGGER IF EXISTS {g} ON {t}",
            g=Ident(trigger_name(fill)),
            t=Qualified(site.name),
        ),
        emit.sql("DROP FUNCTION IF EXISTS {f}()", f=Qualified(function_name(site, fill))),
    )


def installed(site: Site, fill: Fill) -> str:
    """A SELECT: function and trigger are there, and the trigger is enabled."""
    return probes.both(
        probes.function(function_name(site, fill)),
        probes.trigger(site.name, trigger_name(fill)),
    )


def stands(site: Site, fill: Fill) -> Check:
    """The backfill's condition: without the trigger it would leave rows written meanwhile."""
    return Check(
        sql=installed(site, fill),
        failure=f"the trigger that fills {site.name}.{fill.column} is missing or disabled, so"
        " rows written meanwhile would be left without a value",
        hint="run the expand phase again, or enable the trigger",
    )


def removed(site: Site, fill: Fill) -> str:
    """A SELECT: neither function nor trigger is there."""
    return probes.both(
        probes.absent(probes.function(function_name(site, fill))),
        probes.absent(probes.trigger_exists(site.name, trigger_name(fill))),
    )
