"""The tables whose queries wait until a transaction ends, kept in order as it goes on.

A partition counts as the topmost table above it. Which one that is, and whether a table is
there at all, is kept up to date at what changes it, since a file may lock thousands of tables.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from heapq import merge
from itertools import islice

from zdm.model.schema import Name, Snapshot


def above(snapshot: Snapshot, name: Name) -> Name:
    """The topmost table above a partition; a table is its own."""
    table = snapshot.table(name)
    while table is not None and table.partition_of is not None:
        name = table.partition_of
        table = snapshot.table(name)
    return name


@dataclass(slots=True)
class Names:
    """Names in order, each once."""

    every: set[Name] = field(default_factory=set)
    ordered: list[Name] = field(default_factory=list)

    def add(self, name: Name) -> None:
        """One more."""
        if name not in self.every:
            self.every.add(name)
            insort(self.ordered, name, key=_words)

    def remove(self, name: Name) -> None:
        """One less."""
        if name in self.every:
            self.every.remove(name)
            del self.ordered[bisect_left(self.ordered, _words(name), key=_words)]

    def with_others(self, names: Iterable[Name], most: int) -> tuple[Sequence[Name], int]:
        """The first ones of these and those, and how many there are."""
        others = sorted({*names} - self.every)
        first = islice(merge(self.ordered, others, key=_words), most)
        return tuple(first), len(self.ordered) + len(others)


@dataclass(slots=True)
class Locked:
    """The tables, as they are after the last statement."""

    names: dict[Name, None] = field(default_factory=dict)  # as they were called when locked
    roots: set[Name] = field(default_factory=set)
    there: Names = field(default_factory=Names)
    hopped: bool = False  # one of them is a partition

    def add(self, touched: Iterable[Name], locked: Iterable[Name], after: Snapshot) -> None:
        """What one more statement touches and locks."""
        self.names.update(dict.fromkeys(locked))
        for name in touched:
            if name in self.names or name in self.roots:
                self._put(name, after)

    def moved(self, touched: Iterable[Name], after: Snapshot) -> None:
        """The statement may have put a table below another one, or renamed it."""
        below = (name for name in touched if above(after, name) != name)
        if self.hopped or any(name in self.roots for name in below):
            self.roots, self.there = set(), Names()
            for name in self.names:
                self._put(name, after)

    def made(self, name: Name, after: Snapshot) -> None:
        """A statement makes a table, perhaps one that was dropped."""
        if name in self.roots:
            self._put(name, after)

    def _put(self, name: Name, after: Snapshot) -> None:
        root = above(after, name)
        self.hopped = self.hopped or root != name
        self.roots.add(root)
        if after.table(root) is None:
            self.there.remove(root)
        else:
            self.there.add(root)


def _words(name: Name) -> tuple[str, str]:
    return (name.schema, name.name)
