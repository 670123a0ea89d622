"""A rule of `zdm check`, and what it may know about the statement that it judges."""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from enum import StrEnum
from heapq import merge
from itertools import islice

from msgspec import Struct, field

from zdm.model.catalog.indexed import having, named
from zdm.model.findings import Severity
from zdm.model.impact import Impact, Touch
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.statement import Action, ActionKind, Fact, Source, Unknown
from zdm.model.syntax import DropObjects


class Planned(StrEnum):
    """What `zdm plan` does about what a rule finds."""

    YES = "yes"  # writes it safely
    SCHEMA = "schema"  # writes it safely, where it knows the schema
    PHASES = "phases"  # splits it into an expand and a contract
    NO = "no"
    REFUSED = "refused"  # refuses it, and says what to write


class Transactions(StrEnum):
    """How the runner sends the statements of a file."""

    FILE = "file"  # the whole file in one transaction
    STATEMENT = "statement"  # each for itself, unless the file says BEGIN


def above(snapshot: Snapshot, name: Name) -> Name:
    """The topmost table above a partition; a table is its own."""
    table = snapshot.table(name)
    while table is not None and table.partition_of is not None:
        name = table.partition_of
        table = snapshot.table(name)
    return name


class Names(Struct):
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


class Locked(Struct):
    """The tables whose queries wait until a transaction ends, as they are after its last
    statement. A partition counts as the topmost table above it."""

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


class Done(Struct, frozen=True, kw_only=True):
    """An earlier Action; `touches` are those on relations in use, `references` the tables in
    use at which foreign keys that it adds point."""

    action: Action
    touches: tuple[Touch, ...]
    in_transaction: bool = True  # it can run in a transaction block
    references: tuple[Name, ...] = ()
    fills: bool = False  # it changes rows that it does not spell out


class Past(Struct):
    """What a release, or a transaction, has done so far, in order, found without going through
    all of it; it grows once a statement has been judged."""

    every: list[Done] = field(default_factory=list)
    references: Names = field(default_factory=Names)
    filled: dict[type, Name] = field(default_factory=dict)  # by class of `said`, the first one
    blocked: Name | None = None  # the first one to which writes wait
    dropped: set[str] = field(default_factory=set)  # tables, by DROP TABLE IF EXISTS
    settings: set[tuple[str, str]] = field(default_factory=set)  # by SET: the file, its name
    _by_class: dict[type, list[Done]] = field(default_factory=dict)
    _by_name: dict[Name, list[Done]] = field(default_factory=dict)

    def add(self, done: Done) -> None:
        """One Action more."""
        self.every.append(done)
        self._by_class.setdefault(type(done.action.said), []).append(done)
        said, fact = done.action.said, done.action.fact
        if isinstance(fact, Fact) and fact.kind is ActionKind.SET:
            self.settings.add((done.action.source.file, fact.name))
        if isinstance(said, DropObjects) and said.kind == "table" and said.if_exists:
            self.dropped.update(words[-1] for words in said.objects)
        for name in done.references:
            self.references.add(name)
        for touch in done.touches:
            self._by_name.setdefault(touch.relation, []).append(done)
            if touch.lock.blocks_writes and self.blocked is None:
                self.blocked = touch.relation
        if done.fills and done.touches:
            self.filled.setdefault(type(done.action.said), done.touches[0].relation)

    def saying(self, *classes: type) -> Iterator[Done]:
        """Those whose `said` is of one of the classes, of each class in order."""
        for one in classes:
            yield from self._by_class.get(one, ())

    def on(self, name: Name) -> Iterator[Done]:
        """Those that touch the relation, in order."""
        return iter(self._by_name.get(name, ()))

    def __iter__(self) -> Iterator[Done]:
        return iter(self.every)

    def __reversed__(self) -> Iterator[Done]:
        return reversed(self.every)

    def __len__(self) -> int:
        return len(self.every)


class Block(Struct, frozen=True, kw_only=True):
    """The transaction block that a statement is in."""

    by_runner: bool  # the runner opens it, not the file
    alone: bool  # no other statement is in it
    works: int = 1  # statements in it that are no SET and control no transaction
    closed: bool = True  # the file commits it, or the runner does
    earlier: Past = field(default_factory=Past)  # grows once the statement has been judged
    locked: Locked = field(default_factory=Locked)  # so does this


class Site(Struct, frozen=True, kw_only=True):
    """A statement's Action in its place: the schema before it, its transaction, what is in
    force, and what this release made.

    `impact` is that of the Action, the worst of all versions; `whole` that of its statement.
    """

    action: Action
    before: Snapshot
    impact: Impact
    whole: Impact
    released: Snapshot  # what earlier releases left
    used: Table | None  # the table that the Action changes, where it is not new
    on_used: tuple[Touch, ...]  # what the Action does to relations that are not new
    done: Past  # by this release before it, in earlier files, too; grows once it was judged
    block: Block | None = None  # None: no transaction block
    understood: str = ""  # empty, or why what the statement does is not known
    lock_timeout_limit: timedelta = timedelta(seconds=5)
    majors: tuple[int, ...] = (14, 18)  # the lowest and the highest version that it may meet
    parts: tuple[Action, ...] = ()  # all Actions of its statement

    @property
    def fact(self) -> Fact | None:
        """The Fact, where there is one."""
        return self.action.fact if isinstance(self.action.fact, Fact) else None

    def is_new(self, name: Name) -> bool:
        """Whether nothing uses the relation: this release makes it, or it is temporary."""
        return is_new(name, self.before, self.released)

    def in_use(self, *kinds: ActionKind) -> Table | None:
        """The table that the Action changes, where it is of a kind and the table is not new."""
        fact = self.fact
        if fact is None or (kinds and fact.kind not in kinds):
            return None
        return self.used

    def is_new_column(self, table: Table, column: str) -> bool:
        """Whether this release adds the column to a table that it does not make."""
        known = self.released.table(table.name)
        if table.column(column) is None:
            return False
        return known is None or known.column(column) is None


def is_new(name: Name, before: Snapshot, released: Snapshot) -> bool:
    """Whether the relation is there before the statement, and was not before its release."""
    if name.schema == "pg_temp":
        return True
    if before.table(name) is not None:
        return released.table(name) is None
    return has(before, name) and not has(released, name)


def used(fact: Fact | Unknown, before: Snapshot, released: Snapshot) -> Table | None:
    """The table that the Fact is about, unless it is new; what is in use and in no file has
    unknown columns."""
    if not isinstance(fact, Fact) or fact.table is None:
        return None
    if is_new(fact.table, before, released):
        return None
    return before.table(fact.table) or Table(name=fact.table, opaque="unread")


def has(snapshot: Snapshot, name: Name) -> bool:
    """Whether a relation, type or function has the name."""
    if snapshot.table(name) is not None:
        return True
    if any(t.name.schema == name.schema for t in having(snapshot.tables, "index", name.name)):
        return True
    others = (snapshot.views, snapshot.sequences, snapshot.types, snapshot.functions)
    return any(named(members, name) for members in others)


class Violation(Struct, frozen=True, kw_only=True):
    """What a rule says of one Action; `severity` where it is not the rule's own. `unless`: the
    schema after all files may show that it was made good; it can be pickled, since another
    process may ask."""

    message: str
    remedy: str
    severity: Severity | None = None
    unless: Callable[[Snapshot], bool] | None = None


class Fix(Struct, frozen=True, kw_only=True):
    """Statements that take the place of the one at a Site, for the same schema. `later` are
    those that no transaction block may hold with it; each gets none. `at`: the statement is an
    earlier one of the file."""

    at: Source | None = None
    statements: tuple[str, ...] = ()
    later: tuple[str, ...] = ()


Check = Callable[[Site], Iterable[Violation]]
Fixer = Callable[[Site], Fix | None]


class Rule(Struct, frozen=True, kw_only=True):
    """A rule: how much it weighs, its page, and its check.

    `on` are the classes of `Action.said` at which it is asked; empty: at every Action.
    `severity` is None for a rule that is off until the settings turn it on. A rule without
    a check is found while a file is read.
    """

    slug: str
    severity: Severity | None
    planned: Planned
    title: str  # what it catches
    problem: str  # who waits or fails
    postgres: str  # what the server does
    instead: str
    allow: str  # when to ignore it
    on: tuple[type, ...] = ()
    check: Check | None = None
    once: bool = False  # one finding for a file, which counts the others
    fix: Fixer | None = None  # asked where the check found something; None: a person decides
