"""The end: the narrow columns are dropped, with what is on them and what kept them in sync.

Tables that refer to others come first. Nothing is left that a later step would have to drop:
the drop of a column takes milliseconds, and no version uses it once the sync is over.
"""

from collections.abc import Iterator, Sequence

from zdm.model.locks import LockMode
from zdm.model.plan import (
    NEW_ONLY,
    STATEMENT_TIMEOUT,
    Irreversible,
    Phase,
    RunSql,
    TableLock,
)
from zdm.parse import emit
from zdm.parse.emit import Ident, Qualified
from zdm.recipes import run_sql
from zdm.recipes.sql import probes
from zdm.recipes.trigger import zdm_trigger
from zdm.recipes.widening.group import Group, Link, Wide


def steps(group: Group) -> tuple[RunSql, ...]:
    """One for each table."""
    left = [link for link in group.links if not link.moves]
    found: list[RunSql] = []
    for wide in reversed(group.tables):
        own = [link for link in left if wide.site.name in (link.site.name, link.parent)]
        left = [link for link in left if link not in own]
        found.append(_end(wide, own))
    return tuple(found)


def _end(wide: Wide, foreign: Sequence[Link]) -> RunSql:
    site, name = wide.site, wide.site.name
    mode = LockMode.ACCESS_EXCLUSIVE
    locks = {*site.lock(mode), *(lock for link in foreign for lock in link.locks(mode, mode))}
    locked: list[TableLock] = sorted(locks)
    return RunSql(
        operation=site.operation,
        origin=site.origin,
        id=site.id(wide.columns[0].name, "end"),
        phase=Phase.CONTRACT,
        title=f"drop the narrow {', '.join(wide.names)} of {name}, and stop keeping them in"
        " sync",
        sql=tuple(_statements(wide, foreign)),
        locks=tuple(locked),
        lock_timeout=run_sql.wait_of_each(len(locked)),
        statement_timeout=STATEMENT_TIMEOUT,
        probe=probes.probe(
            probes.both(
                *(probes.absent(probes.column(name, c.beside)) for c in wide.columns),
                zdm_trigger.removed(wide.trigger),
            )
        ),
        undo=Irreversible(
            reason=f"the narrow {', '.join(wide.names)} of {name} are gone, and values that"
            " they could not hold are accepted"
        ),
        serves=NEW_ONLY,
        reason="No running version needs the narrow columns; one transaction, because a"
        " trigger that names a dropped column makes every write fail.",
    )


def _statements(wide: Wide, foreign: Sequence[Link]) -> Iterator[str]:
    t = Qualified(wide.site.name)
    yield emit.sql("DROP TRIGGER {g} ON {t}", g=Ident(wide.trigger.name), t=t)
    for link in foreign:
        yield emit.sql(
            "ALTER TABLE {t} DROP CONSTRAINT {k}",
            t=Qualified(link.site.name),
            k=Ident(link.beside),
        )
    yield emit.sql("ALTER TABLE {t} DROP CONSTRAINT {k}", t=t, k=Ident(wide.guard))
    for wider in wide.columns:
        yield emit.sql("ALTER TABLE {t} DROP COLUMN {c}", t=t, c=Ident(wider.beside))
    yield emit.sql("DROP FUNCTION {f}()", f=Qualified(wide.trigger.function))
