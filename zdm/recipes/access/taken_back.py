"""The undo of a GRANT: what takes the rights that it gave, and only those."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.schema import Snapshot
from zdm.recipes.access import privilege
from zdm.schema.rights import Right


def undo(every: Sequence[Right], snapshot: Snapshot, *, unused: bool) -> tuple[str, ...]:
    """The statements, in order; `unused`: nothing uses the objects yet."""
    below = (sql for right in every for sql in _below(right, snapshot))
    return (*_taken(every, unused=unused), *below)


def _taken(every: Sequence[Right], *, unused: bool) -> Iterator[str]:
    """A role of which the object's list says nothing may be its owner, which needs no entry."""
    for of, together in groupby(reversed(every), _whose):
        group = tuple(together)
        if of.may_own and not unused:
            yield privilege.revoke_unless_owner(group)
        else:
            for right in group:
                option_alone = right.privilege in right.target.held(right.role)
                yield privilege.revoke(right, option_alone=option_alone)


class _Whose(Struct, frozen=True):
    """A role's rights on an object; `may_own`: by its list the role may be the owner."""

    object: tuple[object, ...]
    role: str
    may_own: bool


def _whose(right: Right) -> _Whose:
    target = right.target
    of = (target.kind, target.name, target.signature)
    return _Whose(of, right.role, privilege.may_own(right))


def _below(right: Right, snapshot: Snapshot) -> Iterator[str]:
    """The same right on columns, which REVOKE of a table's takes as well (manual, REVOKE)."""
    if right.target.kind != "table" or right.target.column:
        return
    table, name = snapshot.table(right.target.name), right.target.name
    columns = [(c.name, c.grants) for c in table.columns] if table is not None else []
    columns += [pair for v in snapshot.views if v.name == name for pair in v.column_grants]
    for column, items in columns:
        target = replace(right.target, column=column, items=items)
        option = target.held(right.role).get(right.privilege)
        if option is not None:
            yield privilege.grant(replace(right, target=target), option=option)
