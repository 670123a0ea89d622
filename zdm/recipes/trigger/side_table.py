"""A side table that keeps rows until the contract, and whose trigger restores them."""

from zdm.model.schema import Name
from zdm.parse import emit
from zdm.parse.emit import Qualified
from zdm.recipes.sql import probes
from zdm.recipes.trigger.zdm_trigger import ZdmTrigger


def drop_sql(table: Name, trigger: ZdmTrigger) -> tuple[str, ...]:
    """Drop the side table and its trigger's function, if they exist."""
    return (
        emit.sql("DROP TABLE IF EXISTS {t}", t=Qualified(table)),
        emit.sql("DROP FUNCTION IF EXISTS {f}()", f=Qualified(trigger.function)),
    )


def installed(table: Name, trigger: ZdmTrigger) -> str:
    """A SELECT: the side table is there, and its trigger is enabled."""
    return probes.both(
        probes.relation(table),
        probes.function(trigger.function),
        probes.trigger(trigger.table, trigger.name),
    )


def removed(table: Name, trigger: ZdmTrigger) -> str:
    """A SELECT: neither the side table nor its trigger's function is there."""
    return probes.both(
        probes.absent(probes.relation(table)),
        probes.absent(probes.function(trigger.function)),
    )
