"""The members of a Snapshot, found by what they are called and by what they refer to.

Each statement leaves a Snapshot that differs from the one before in a member or two: only
their keys are read again, so a statement costs what it changes and not what the schema holds.
"""

from bisect import insort
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from operator import attrgetter
from typing import Any, Generic, Literal, Protocol, TypeVar, cast

from msgspec import Struct, field

T = TypeVar("T")
V = TypeVar("V")
Key = tuple[str, ...]
Kind = Literal[
    "above",
    "constraint",
    "created",
    "dependent",
    "index",
    "indexed",
    "of",
    "owner",
    "references",
    "uses",
]
Keys = Callable[[T], Iterable[Key]]
# Kept apart, so that few entries are copied for each change.
_MOST_RECENT, _MOST_CHANGES = 16, 512


class Named(Protocol):
    """A name with a schema."""

    @property
    def schema(self) -> str:
        """The first word."""

    @property
    def name(self) -> str:
        """The last one."""


# The order of a Snapshot's members; asked a dozen times where one is put.
by_name: Callable[[Any], tuple[str, str]] = attrgetter("name.schema", "name.name")
_NONE: Mapping[Key, Any] = {}
_NO_KEYS: set[Key] = set()


class _Found(Struct, Generic[V], frozen=True):
    """Values by key; `recent` hold instead of what is in `changes`, and these instead of what
    is in `usual`."""

    usual: Mapping[Key, tuple[V, ...]]
    changes: Mapping[Key, tuple[V, ...]] = field(default_factory=dict)
    recent: Mapping[Key, tuple[V, ...]] = field(default_factory=dict)

    def get(self, key: Key) -> tuple[V, ...]:
        if key in self.recent:
            return self.recent[key]
        if key in self.changes:
            return self.changes[key]
        return self.usual.get(key, ())

    def changed(self, changes: Mapping[Key, tuple[V, ...]]) -> "_Found[V]":
        if not changes:
            return self
        recent = {**self.recent, **changes}
        if len(recent) <= _MOST_RECENT:
            return _Found(self.usual, self.changes, recent)
        every = {**self.changes, **recent}
        if len(every) <= _MOST_CHANGES:
            return _Found(self.usual, every, _NONE)
        return _Found({**self.usual, **every}, _NONE, _NONE)


class _Index(Struct, Generic[T], frozen=True):
    """Members by name, and the names of those that have a key."""

    members: _Found[T]
    names: _Found[Key]

    def changed(self, gone: Iterable[T], new: Iterable[T], keys: Keys[T]) -> "_Index[T]":
        """The same with other members."""
        left: dict[Key, tuple[T, ...]] = {}
        before: dict[Key, set[Key]] = {}
        after: dict[Key, set[Key]] = {}
        name: Key
        for member in gone:
            name = by_name(member)
            there = left[name] if name in left else self.members.get(name)
            left[name] = tuple([one for one in there if one is not member])
            before.setdefault(name, set()).update(keys(member))
        for member in new:
            name = by_name(member)
            there = left[name] if name in left else self.members.get(name)
            left[name] = (*there, member)
            after.setdefault(name, set()).update(keys(member))
        members = self.members.changed(left)
        return _Index(members, self.names if before == after else self._named(before, after))

    def _named(
        self, before: Mapping[Key, set[Key]], after: Mapping[Key, set[Key]]
    ) -> _Found[Key]:
        """The names by key, where members of these names had other keys before."""
        names: dict[Key, list[Key]] = {}
        for name in {**before, **after}:
            lost, gained = before.get(name, _NO_KEYS), after.get(name, _NO_KEYS)
            for key in lost - gained:
                names.setdefault(key, [*self.names.get(key)]).remove(name)
            for key in gained - lost:
                insort(names.setdefault(key, [*self.names.get(key)]), name)
        return self.names.changed({key: tuple(found) for key, found in names.items()})


class Indexed(tuple[T, ...]):
    """A tuple with its members by their keys; equal to one without."""

    keys: Keys[T]

    def __new__(cls, members: Iterable[T], keys: Keys[T]) -> "Indexed[T]":
        """The members in their order."""
        made = super().__new__(cls, members)
        made.keys = keys
        return made

    @cached_property
    def found(self) -> _Index[T]:
        """Of all members."""
        members: dict[Key, tuple[T, ...]] = {}
        names: dict[Key, list[Key]] = {}
        for member in self:
            name = by_name(member)
            members[name] = (*members.get(name, ()), member)
            for key in {*self.keys(member)}:
                names.setdefault(key, []).append(name)
        listed = {key: tuple(sorted(found)) for key, found in names.items()}
        return _Index(_Found(members), _Found(listed))

    def spliced(self, start: int, stop: int, members: tuple[T, ...]) -> "Indexed[T]":
        """The same with others from `start` to `stop`."""
        after = Indexed(self[:start] + members + self[stop:], self.keys)
        if "found" in self.__dict__:
            found = self.found.changed(self[start:stop], members, self.keys)
            after.__dict__["found"] = found
        return after


def named(members: tuple[T, ...], name: Named) -> tuple[T, ...]:
    """The members of a Snapshot that have the name: one, or functions that differ in their
    arguments."""
    assert isinstance(members, Indexed)
    return members.found.members.get((name.schema, name.name))


def having(members: tuple[T, ...], kind: Kind, *words: str) -> tuple[T, ...]:
    """The members of a Snapshot that have the key, by name."""
    index = cast("Indexed[T]", members).found
    names = index.names.get((kind, *words))
    if not names:
        return ()
    return tuple([one for name in dict.fromkeys(names) for one in index.members.get(name)])


def spliced(members: tuple[T, ...], start: int, stop: int, *others: T) -> tuple[T, ...]:
    """The members of a Snapshot with others from `start` to `stop`."""
    return cast("Indexed[T]", members).spliced(start, stop, others)


def exchanged(members: tuple[T, ...], there: T, *others: T) -> tuple[T, ...]:
    """The members of a Snapshot with others in the place of one."""
    place = next(number for number, one in enumerate(members) if one is there)
    return spliced(members, place, place + 1, *others)
