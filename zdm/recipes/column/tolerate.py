"""What lets a column be NULL before the rollout: a version that does not write the column, or
writes it through another one that takes more, would otherwise be refused.
"""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from zdm.model.locks import LockMode
from zdm.model.plan import BOTH, OLD_ONLY, Phase, RunSql
from zdm.model.schema import Column, Constraint
from zdm.parse import emit
from zdm.parse.emit import Ident, Qualified
from zdm.recipes import run_sql
from zdm.recipes.constraint import dropped, not_null
from zdm.recipes.site import Site
from zdm.recipes.sql import probes


def null(place: Site, column: Column, reason: str) -> RunSql:
    """Without NOT NULL."""
    table, name = Qualified(place.name), Ident(column.name)
    undo, proof = not_null.restore(place, column.name)
    return run_sql.short_transaction(
        place,
        id=place.id(column.name, "tolerate"),
        phase=Phase.EXPAND,
        title=f"make {place.name}.{column.name} nullable",
        sql=(emit.sql("ALTER TABLE {t} ALTER COLUMN {c} DROP NOT NULL", t=table, c=name),),
        locks=place.lock(LockMode.ACCESS_EXCLUSIVE),
        probe=probes.probe(probes.absent(probes.column_not_null(place.name, column.name))),
        undo=undo,
        undo_checks=not_null.restorable(place, column.name),
        undo_proof=proof,
        serves=BOTH,
        reason=reason,
    )


def without_check(place: Site, check: Constraint, reason: str) -> RunSql:
    """Without a CHECK of the column."""
    return run_sql.short_transaction(
        place,
        id=place.id(check.name, "tolerate"),
        phase=Phase.EXPAND,
        title=f"drop check constraint {check.name} of {place.name}",
        sql=(
            emit.sql(
                "ALTER TABLE {t} DROP CONSTRAINT {k}",
                t=Qualified(place.name),
                k=Ident(check.name),
            ),
        ),
        locks=place.lock(LockMode.ACCESS_EXCLUSIVE),
        probe=probes.probe(probes.absent(probes.constraint(place.name, check.name))),
        undo=tuple(dropped.restore_sql(place, check)),
        undo_checks=dropped.restorable(place, check),
        undo_proof=dropped.prove_sql(place, check),
        serves=BOTH,
        reason=reason,
    )


def in_turn(steps: Sequence[RunSql]) -> Iterator[RunSql]:
    """Both versions work once all of them are done."""
    yield from (replace(step, serves=OLD_ONLY) for step in steps[:-1])
    yield from steps[-1:]
