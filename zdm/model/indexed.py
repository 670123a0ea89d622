"""The members of a Snapshot, found by what they are called and by what they refer to.

Each statement leaves a Snapshot that differs from the one before in a member or two: only
their keys are read again, so a statement costs what it changes and not what the schema holds.
"""

from bisect import insort
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")
Key = tuple[str, ...]
Keys = Callable[[T], Iterable[Key]]
_MOST_CHANGES = 256  # kept apart, so that few entries are copied for each change


@dataclass(frozen=True, slots=True)
class _Found(Generic[T]):
    """Members by key; `changes` hold instead of what is in `usual`."""

    usual: Mapping[Key, tuple[T, ...]]
    changes: Mapping[Key, tuple[T, ...]] = field(default_factory=dict)

    def get(self, key: Key) -> tuple[T, ...]:
        found = self.changes.get(key)
        return self.usual.get(key, ()) if found is None else found

    def changed(self, changes: Mapping[Key, tuple[T, ...]]) -> "_Found[T]":
        every = {**self.changes, **changes}
        if len(every) <= _MOST_CHANGES:
            return _Found(self.usual, every)
        return _Found({**self.usual, **every})


class Indexed(tuple[T, ...]):
    """A tuple with its members by their keys; equal to one without."""

    keys: Keys[T]

    def __new__(cls, members: Iterable[T], keys: Keys[T]) -> "Indexed[T]":
        """The members in their order."""
        made = super().__new__(cls, members)
        made.keys = keys
        return made

    @cached_property
    def found(self) -> _Found[T]:
        """All members by each of their keys."""
        found: dict[Key, list[T]] = {}
        for member in self:
            for key in self.keys(member):
                found.setdefault(key, []).append(member)
        return _Found({k: tuple(sorted(m, key=by_name)) for k, m in found.items()})

    def spliced(self, start: int, stop: int, members: tuple[T, ...]) -> "Indexed[T]":
        """The same with others from `start` to `stop`."""
        after = Indexed(self[:start] + members + self[stop:], self.keys)
        if "found" in self.__dict__:
            after.__dict__["found"] = self._found_with(self[start:stop], members)
        return after

    def _found_with(self, gone: tuple[T, ...], new: tuple[T, ...]) -> _Found[T]:
        changes: dict[Key, list[T]] = {}
        for member in gone:
            for key in self.keys(member):
                there = changes.setdefault(key, [*self.found.get(key)])
                there[:] = [one for one in there if one is not member]
        for member in new:
            for key in self.keys(member):
                insort(changes.setdefault(key, [*self.found.get(key)]), member, key=by_name)
        return self.found.changed({key: tuple(there) for key, there in changes.items()})


def by_name(member: Any) -> tuple[str, str]:
    """The order of a Snapshot's members."""
    return (member.name.schema, member.name.name)


def having(members: tuple[T, ...], *key: str) -> tuple[T, ...]:
    """The members of a Snapshot that have the key, in their order."""
    return cast("Indexed[T]", members).found.get(key)


def spliced(members: tuple[T, ...], start: int, stop: int, *others: T) -> tuple[T, ...]:
    """The members of a Snapshot with others from `start` to `stop`."""
    return cast("Indexed[T]", members).spliced(start, stop, others)


def exchanged(members: tuple[T, ...], there: T, *others: T) -> tuple[T, ...]:
    """The members of a Snapshot with others in the place of one."""
    place = next(number for number, one in enumerate(members) if one is there)
    return spliced(members, place, place + 1, *others)
