"""Statements of one train that grant and revoke the same rights, and what is left of these."""

import contextlib
from collections.abc import Iterator, Sequence

from msgspec import Struct

from zdm.model.acl import Granting
from zdm.model.schema import Name, Snapshot
from zdm.model.statement import Action, ActionKind
from zdm.parse.objects import rights
from zdm.recipes.reading import statements
from zdm.schema import rights as of_schema
from zdm.schema.rights import Right

_Key = tuple[str, Name, str, str]  # kind of object, its name, privilege, role


class Given(Struct, frozen=True):
    """A further statement of the train, and the rights that it is about."""

    position: int
    action: Action
    said: Granting
    every: tuple[Right, ...] | None  # None: an object or a column that is not there yet
    privileges: frozenset[str]

    def keys(self) -> frozenset[_Key]:
        """The rights without the columns, which go with those of the table."""
        return _keys(self.every or ())

    def meets(self, keys: frozenset[_Key]) -> bool:
        """Whether it is about one of these, or may be."""
        if self.every is not None:
            return not keys.isdisjoint(self.keys())
        return any(
            kind == self.said.kind and privilege in self.privileges and role in self.said.roles
            for kind, _, privilege, role in keys
        )


def _keys(every: Sequence[Right]) -> frozenset[_Key]:
    return frozenset((r.target.kind, r.target.name, r.privilege, r.role) for r in every)


def behind(
    actions: Sequence[Action], said: Granting, every: Sequence[Right], snapshot: Snapshot
) -> tuple[Given, ...]:
    """Those behind a REVOKE that are about the same rights, or about some that one of these is
    about, up to the last GRANT."""
    keys, found = _keys(every), frozenset[int]()
    further = tuple(_further(actions, said.roles, snapshot))
    while True:
        met = [one for one in further if one.meets(keys)]
        keys = keys.union(*(one.keys() for one in met))
        if len(met) == len(found):
            break
        found = frozenset(one.position for one in met)
    while met and met[-1].said.revokes:
        met.pop()
    return tuple(met)


def _further(
    actions: Sequence[Action], roles: tuple[str, ...], snapshot: Snapshot
) -> Iterator[Given]:
    for position, action in enumerate(actions[1:], 1):
        said = rights.read(action) if statements.fact(action, ActionKind.GRANT) else None
        if said is None or action.statement.vouched or not {*said.roles} & {*roles}:
            continue
        every = None
        with contextlib.suppress(LookupError):
            every = tuple(of_schema.of(said, snapshot, action.statement.settings))
        named = frozenset(p for p, _ in of_schema.privileges(said, snapshot.major))
        yield Given(position, action, said, every, named)


def left(
    made: Sequence[Action], snapshot: Snapshot
) -> tuple[tuple[Right, ...], tuple[Right, ...]]:
    """The rights that are held before these statements and not afterwards, and those that may
    not be granted any more."""
    before: dict[tuple[object, ...], tuple[Right, bool | None]] = {}
    after: dict[tuple[object, ...], bool | None] = {}
    for action in made:
        said = rights.read(action)
        if said is None:
            continue
        for right in of_schema.of(said, snapshot, action.statement.settings):
            target = right.target
            at = (target.kind, target.name, target.signature, target.column)
            key = (*at, right.privilege, right.role)
            held = target.held(right.role).get(right.privilege)
            before.setdefault(key, (right, held))
            after[key] = _then(after.get(key, held), said)
        snapshot = of_schema.apply(snapshot, action)
    changed = [(right, had, after[key]) for key, (right, had) in before.items()]
    lost = tuple(right for right, had, has in changed if had is not None and has is None)
    options = tuple(right for right, had, has in changed if had and has is False)
    return lost, options


def _then(held: bool | None, said: Granting) -> bool | None:
    """Whether it is held, and may be granted, after the statement."""
    if not said.revokes:
        return bool(held) or said.option
    return None if held is None or not said.option else False
