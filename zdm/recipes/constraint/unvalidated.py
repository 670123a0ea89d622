"""Add a CHECK or a foreign key NOT VALID, then validate it.

NOT VALID needs no scan, and VALIDATE reads every row under a lock that lets reads and writes
pass (manual, ALTER TABLE, Notes). It applies to every row that is written from then on, and a
CHECK also to every update of a row that breaks it already; so rows are looked at before.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from zdm.model.locks import LockMode
from zdm.model.plan import BOTH, NEW_ONLY, Check, Phase, RunSql, Side, TableLock
from zdm.model.schema import Name
from zdm.model.statement import Action, ActionKind, Fact
from zdm.parse import emit
from zdm.parse.emit import Ident, Qualified
from zdm.recipes import run_sql
from zdm.recipes.constraint import not_null
from zdm.recipes.reading import statements
from zdm.recipes.site import Site
from zdm.recipes.sql import probes

_NAMED = frozenset({ActionKind.DROP_CONSTRAINT, ActionKind.RENAME_CONSTRAINT})


def validated_at(actions: Sequence[Action], name: str) -> int | None:
    """The position of the VALIDATE that follows for the constraint of the first Action."""
    for position, action in enumerate(actions[1:], 1):
        fact = action.fact
        if not isinstance(fact, Fact):
            return None
        if fact.name == name and fact.kind is ActionKind.VALIDATE_CONSTRAINT and not fact.only:
            return position
        if fact.name == name and fact.kind in _NAMED:
            return None
    return None


def phases(*, late: bool) -> tuple[Phase, frozenset[Side]]:
    """Before the rollout where the old version cannot break it, else once it is gone."""
    return (Phase.CONTRACT, NEW_ONLY) if late else (Phase.VALIDATE, BOTH)


def both_locks(
    site: Site, references: Name | None, here: LockMode, there: LockMode, *, adds: bool = False
) -> tuple[TableLock, ...]:
    """The locks on the table and on those below it, which get a CHECK as well; or on the table
    and the one that a foreign key references, which counts for their partitions. `adds`: by
    ADD CONSTRAINT."""
    if references is None:
        return site.lock_below(here)
    other: tuple[TableLock, ...] = (TableLock(table=references, mode=there),)
    if references == site.name:
        here, other = here.together_with(there), ()
    own = site.lock_to_add(here) if adds else site.lock(here)
    return statements.locks(site.snapshot, *own, *other)


def drop_sql(site: Site, name: str) -> str:
    """Drop it, whether it is there or not."""
    return emit.sql(
        "ALTER TABLE {t} DROP CONSTRAINT IF EXISTS {k}", t=Qualified(site.name), k=Ident(name)
    )


def add(site: Site, name: str, sql: str, *, references: Name | None, late: bool) -> RunSql:
    """The constraint NOT VALID."""
    foreign = references is not None
    phase, serves = phases(late=late)
    mode = LockMode.SHARE_ROW_EXCLUSIVE if foreign else LockMode.ACCESS_EXCLUSIVE
    kind = run_sql.foreign_key_change if foreign else run_sql.short_transaction
    return kind(
        site,
        id=site.id(name, "add"),
        phase=phase,
        title=f"add {name} to {site.name}, for rows written from now on",
        sql=(sql,),
        locks=both_locks(site, references, mode, mode, adds=True),
        settings=site.settings,
        probe=probes.probe(probes.constraint(site.name, name)),
        undo=(drop_sql(site, name),),
        serves=serves,
        reason="NOT VALID needs no scan; "
        + (
            "the old version, which may write rows that break it, is gone."
            if late
            else "the old version cannot write a row that breaks it."
        ),
    )


def validate(
    site: Site,
    name: str,
    *,
    references: Name | None,
    late: bool,
    preconditions: tuple[Check, ...] = (),
) -> RunSql:
    """VALIDATE it."""
    phase, serves = phases(late=late)
    step = not_null.validate(site, name, serves=serves, phase=phase)
    modes = (LockMode.SHARE_UPDATE_EXCLUSIVE, LockMode.ROW_SHARE)
    return replace(
        step,
        locks=both_locks(site, references, *modes),
        settings=site.settings,
        preconditions=preconditions,
    )
