"""A row trigger of zdm's own and its function, which are made and dropped together."""

import hashlib

from msgspec import Struct

from zdm.model.plan import Check
from zdm.model.schema import Name
from zdm.model.sql import TRIGGER_PREFIX, zdm_name
from zdm.parse import emit
from zdm.parse.emit import Ident, Qualified
from zdm.recipes.site import Site
from zdm.recipes.sql import probes

PREFIX = TRIGGER_PREFIX  # sorts last, so it fires after the author's
_HASH_DIGITS = 8


class ZdmTrigger(Struct, frozen=True, kw_only=True):
    """The trigger's name on its table, and its function; `helper`, where there is one, is
    another trigger of the same function on the same table."""

    table: Name
    name: str
    function: Name
    helper: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Of its triggers."""
        return (self.name,) if self.helper is None else (self.helper, self.name)


def of(site: Site, kind: str, what: str) -> ZdmTrigger:
    """The trigger of a kind for a column (or another word that distinguishes it) of a table;
    its function is in the table's schema, where no other may have its name."""
    words: tuple[str, ...] = (kind, site.name.name, what)
    if _owner(site, what) != site.name.name:
        apart = hashlib.sha256("\0".join(words).encode()).hexdigest()[:_HASH_DIGITS]
        words = (*words, apart)
    return ZdmTrigger(
        table=site.name,
        name=zdm_name(kind, what, prefix=PREFIX),
        function=site.beside(zdm_name(*words)),
    )


def _owner(site: Site, what: str) -> str:
    """Of the tables beside it that the readable name could be about, the one with the longest
    name: user_email.y and user.email_y give the same."""
    readable = f"{site.name.name}_{what}"
    beside = {t.name.name for t in site.snapshot.tables if t.name.schema == site.name.schema}
    able = [name for name in beside | {site.name.name} if readable.startswith(f"{name}_")]
    return max(able, key=len)


def always_sql(trigger: ZdmTrigger, name: str | None = None) -> str:
    """From now on it fires in every session, those of replication included (manual, ALTER
    TABLE): else what a subscription or `session_replication_role = replica` writes passes it,
    and leaves no trace."""
    return emit.sql(
        "ALTER TABLE {t} ENABLE ALWAYS TRIGGER {g}",
        t=Qualified(trigger.table),
        g=Ident(name or trigger.name),
    )


def drop_sql(trigger: ZdmTrigger) -> tuple[str, ...]:
    """Drop trigger and function together, if they exist; ACCESS EXCLUSIVE on the table."""
    return (
        *(
            emit.sql(
                "DROP TRIGGER IF EXISTS {g} ON {t}", g=Ident(name), t=Qualified(trigger.table)
            )
            for name in trigger.names
        ),
        emit.sql("DROP FUNCTION IF EXISTS {f}()", f=Qualified(trigger.function)),
    )


def installed(trigger: ZdmTrigger) -> str:
    """A SELECT: function and trigger are there, and the trigger is enabled."""
    return probes.both(
        probes.function(trigger.function),
        *(probes.trigger_always(trigger.table, name) for name in trigger.names),
    )


def removed(trigger: ZdmTrigger) -> str:
    """A SELECT: neither function nor trigger is there."""
    return probes.both(
        probes.absent(probes.function(trigger.function)),
        *(probes.absent(probes.trigger_exists(trigger.table, name)) for name in trigger.names),
    )


def enabled_check(installed_sql: str, *, what: str, otherwise: str) -> Check:
    """A backfill's condition: without the trigger it would leave rows written meanwhile."""
    return Check(
        sql=installed_sql,
        failure=f"{what} is missing or disabled, so rows written meanwhile would be"
        f" {otherwise}",
        hint="run the expand phase again, or ENABLE ALWAYS TRIGGER it",
    )
