"""The foreign keys of a table that becomes the first partition, and those of the new one.

ATTACH PARTITION takes a key of the partition as the one of the table above where both are
alike; else it makes one and reads all rows while reads and writes wait (manual, ALTER TABLE;
measured 11-18).
"""

from collections.abc import Iterator

from zdm.model.schema import Constraint, Name
from zdm.model.sql import ident
from zdm.model.syntax import AddConstraint, ConstraintDefinition
from zdm.parse.readers import authority
from zdm.recipes.partition.wrapped import Wrapped
from zdm.schema import lookup

Problem = tuple[str, str]
_Key = tuple[object, ...]


def problems(wrapped: Wrapped) -> Iterator[Problem]:
    """Keys that only one of the two has."""
    old = wrapped.before.require_table(wrapped.table)
    there = {_of(one, wrapped): one for one in old.constraints if one.kind == "foreign key"}
    made = set(_made(wrapped))
    for key, one in there.items():
        if not one.validated:
            yield (
                f"{one.name} of {old.name} is NOT VALID",
                f"`ALTER TABLE {old.name.sql} VALIDATE CONSTRAINT {ident(one.name)}` in an"
                " earlier release",
            )
        elif key not in made:
            yield (
                f"the new {old.name} has no foreign key as {one.name}",
                f"write `ALTER TABLE {old.name.sql} ADD CONSTRAINT {ident(one.name)}"
                f" {one.definition}` behind the CREATE TABLE",
            )
    if made - {*there}:
        yield (
            f"the new {old.name} has a foreign key that the table has not, which would be made"
            " while all reads and writes wait",
            "add it to the table in an earlier release",
        )


def _of(one: Constraint, wrapped: Wrapped) -> _Key:
    sql = f"ALTER TABLE {wrapped.table.sql} ADD {one.definition}"
    for action in authority.of_step(sql, (), ("public",)):
        if isinstance(action.said, AddConstraint):
            return (one.columns, one.references, *_says(action.said.constraint))
    return (one.columns, one.references)


def _made(wrapped: Wrapped) -> Iterator[_Key]:
    """Those that the author's statements give the new table."""
    settings = wrapped.actions[0].statement.settings
    for one, columns in wrapped.constraints:
        if one.references is not None:
            above = lookup.found(one.references, wrapped.before, settings)
            yield (columns, above, *_says(one, _primary(above, wrapped)))


def _primary(above: Name, wrapped: Wrapped) -> tuple[str, ...]:
    table = wrapped.before.table(above)
    key = None if table is None else table.primary_key
    return () if key is None else key.columns


def _says(one: ConstraintDefinition, primary: tuple[str, ...] = ()) -> _Key:
    return (
        one.referenced_columns or primary,
        one.on_delete,
        one.on_update,
        one.match_full,
        one.deferrable,
        one.initially_deferred,
        one.not_valid,
        one.not_enforced,
        one.period,
    )
