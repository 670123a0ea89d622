"""A row trigger of zdm's own and its function, which are made and dropped together."""

from dataclasses import dataclass

from zdm.model.plan import Check
from zdm.model.schema import Name
from zdm.parse import emit
from zdm.parse.emit import Ident, Qualified
from zdm.recipes.sql import probes

PREFIX = "zzz_zdm_"  # sorts last, so it fires after the author's


@dataclass(frozen=True, slots=True, kw_only=True)
class ZdmTrigger:
    """The trigger's name on its table, and its function."""

    table: Name
    name: str
    function: Name


def drop_sql(trigger: ZdmTrigger) -> tuple[str, ...]:
    """Drop trigger and function together, if they exist; ACCESS EXCLUSIVE on the table."""
    return (
        emit.sql(
            "DROP TRIGGER IF EXISTS {g} ON {t}",
            g=Ident(trigger.name),
            t=Qualified(trigger.table),
        ),
        emit.sql("DROP FUNCTION IF EXISTS {f}()", f=Qualified(trigger.function)),
    )


def installed(trigger: ZdmTrigger) -> str:
    """A SELECT: function and trigger are there, and the trigger is enabled."""
    return probes.both(
        probes.function(trigger.function), probes.trigger(trigger.table, trigger.name)
    )


def removed(trigger: ZdmTrigger) -> str:
    """A SELECT: neither function nor trigger is there."""
    return probes.both(
        probes.absent(probes.function(trigger.function)),
        probes.absent(probes.trigger_exists(trigger.table, trigger.name)),
    )


def enabled_check(installed_sql: str, *, what: str, otherwise: str) -> Check:
    """A backfill's condition: without the trigger it would leave rows written meanwhile."""
    return Check(
        sql=installed_sql,
        failure=f"{what} is missing or disabled, so rows written meanwhile would be"
        f" {otherwise}",
        hint="run the expand phase again, or enable the trigger",
    )
