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
from zdm.model.schema import Constraint, Index, Name
from zdm.parse import emit, rewrite
from zdm.parse.emit import Constant, Ident, Qualified
from zdm.recipes import run_sql
from zdm.recipes.constraint import not_null
from zdm.recipes.sql import probes
from zdm.recipes.trigger import zdm_trigger
from zdm.recipes.widening import switch
from zdm.recipes.widening.group import Group, Link, Wide, beside


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
    site, name, former = wide.site, wide.site.name, wide.words[1]
    mode = LockMode.ACCESS_EXCLUSIVE
    locks = {*site.lock(mode), *(lock for link in foreign for lock in link.locks(mode, mode))}
    locked: list[TableLock] = sorted(locks)
    return RunSql(
        operation=site.operation,
        origin=site.origin,
        id=site.id(wide.columns[0].name, "end"),
        phase=Phase.CONTRACT,
        title=f"drop the {former} {', '.join(wide.names)} of {name}, and stop keeping them in"
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
            reason=f"the values of the {former} {', '.join(wide.names)} of {name} are gone, and"
            " values that did not fit there are accepted"
        ),
        serves=NEW_ONLY,
        reason=f"No running version needs the {former} columns; one transaction, because a"
        " trigger that names a dropped column makes every write fail.",
    )


def _statements(wide: Wide, foreign: Sequence[Link]) -> Iterator[str]:
    t = Qualified(wide.site.name)
    yield emit.sql("DROP TRIGGER {g} ON {t}", g=Ident(wide.trigger.name), t=t)
    for link in foreign:
        yield emit.sql(
            "ALTER TABLE {t} DROP CONSTRAINT {k}",
            t=Qualified(link.site.name),
            k=Ident(link.key.name),
        )
    for wider in wide.columns:
        yield emit.sql("ALTER TABLE {t} DROP COLUMN {c}", t=t, c=Ident(wider.beside))
    yield emit.sql("DROP FUNCTION {f}()", f=Qualified(wide.trigger.function))
    yield from _names(wide)
    for link in foreign:
        yield _rename(link.site.name, "CONSTRAINT", link.beside, link.key.name)
        yield from switch.comment(link.site.name, link.key)


def _names(wide: Wide) -> Iterator[str]:
    """What was built on the wider columns gets the names that are free now."""
    name = wide.site.name
    for index in wide.indexes:
        full, other = wide.site.beside(index.name), wide.site.beside(beside(index.name))
        yield from _index_columns(wide, index)
        if index.constraint is None:
            yield emit.sql(
                "ALTER INDEX {i} RENAME TO {n}", i=Qualified(other), n=Ident(index.name)
            )
        commented = index.comment is not None and index.constraint is None
        if commented:
            text = Constant(index.comment or "")
            yield emit.sql("COMMENT ON INDEX {i} IS {text}", i=Qualified(full), text=text)
    for constraint in _constraints(wide):
        yield _rename(name, "CONSTRAINT", beside(constraint.name), constraint.name)
        yield from switch.comment(name, constraint)


def _index_columns(wide: Wide, index: Index) -> Iterator[str]:
    """The columns of an index keep the names with which it was built (measured 14, 18)."""
    key = wide.key
    moved = key is not None and index.constraint == key.name
    name = index.name if moved else beside(index.name)
    listed = rewrite.indexed(index.definition)
    for wider in wide.columns:
        if wider.name in listed:
            yield emit.sql(
                "ALTER TABLE {i} RENAME COLUMN {a} TO {b}",
                i=Qualified(wide.site.beside(name)),
                a=Ident(wider.beside),
                b=Ident(wider.name),
            )


def _constraints(wide: Wide) -> Iterator[Constraint]:
    yield from wide.constraints("unique")
    yield from wide.constraints("check")
    for wider in wide.columns:
        named = not_null.constraint_of(wide.table, wider.name)
        if named is not None:
            yield named


def _rename(table: Name, kind: str, old: str, new: str) -> str:
    return emit.sql(
        f"ALTER TABLE {{t}} RENAME {kind} {{a}} TO {{b}}",
        t=Qualified(table),
        a=Ident(old),
        b=Ident(new),
    )
