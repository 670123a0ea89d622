"""What foreign keys do to rows of other tables when rows of one are deleted or changed.

A row that is deleted with another one takes those with it that refer to it, and so on.
"""

from collections.abc import Iterator

from msgspec import Struct

from zdm.model.schema import Constraint, Name, Snapshot, Table
from zdm.schema import family
from zdm.schema.impact.place import is_enforced

_ACTIONS = ("CASCADE", "SET NULL", "SET DEFAULT")
Changed = frozenset[str] | None  # columns of rows that are changed; None: they are deleted


class Reached(Struct, frozen=True, kw_only=True):
    """Rows of `table` that refer to rows of `of`, to which `how` is done. `action`: what their
    key says for that, empty where it refuses it; `changed`: what is done to the rows then."""

    of: Table
    how: Changed
    table: Table
    action: str
    changed: Changed


def reached(table: Table, snapshot: Snapshot, changed: Changed = None) -> tuple[Reached, ...]:
    """All such rows, at all depths, nearest first."""
    found: list[Reached] = []
    left, seen = [(table, changed)], {(table.name, changed)}
    while left:
        of, how = left.pop(0)
        for one in _referring(of, how, snapshot):
            found.append(one)
            if one.action and (one.table.name, one.changed) not in seen:
                seen.add((one.table.name, one.changed))
                left.append((one.table, one.changed))
    return tuple(found)


def _referring(of: Table, changed: Changed, snapshot: Snapshot) -> Iterator[Reached]:
    names = _around(of, snapshot)
    event = " ON DELETE " if changed is None else " ON UPDATE "
    for other in snapshot.tables:
        for key in other.constraints:
            if key.kind != "foreign key" or key.references not in names:
                continue
            if not is_enforced(key) or _is_of_parent(key, other, snapshot):
                continue
            if changed is not None and not changed & {*key.referenced_columns}:
                continue
            action = next((a for a in _ACTIONS if event + a in key.definition), "")
            deleted = changed is None and action == "CASCADE"
            then = None if deleted else frozenset(key.columns)
            yield Reached(of=of, how=changed, table=other, action=action, changed=then)


def _around(table: Table, snapshot: Snapshot) -> frozenset[Name]:
    """The tables whose keys count for its rows: those above a partition, and those below."""
    found = {table.name, *family.below(snapshot, table.name)}
    above: Table | None = table
    while above is not None and above.partition_of is not None:
        found.add(above.partition_of)
        above = snapshot.table(above.partition_of)
    return frozenset(found)


def _is_of_parent(key: Constraint, table: Table, snapshot: Snapshot) -> bool:
    """Whether the table that is partitioned has the same one."""
    parent = snapshot.table(table.partition_of) if table.partition_of is not None else None
    return parent is not None and any(
        (one.columns, one.references) == (key.columns, key.references)
        for one in parent.constraints
    )
