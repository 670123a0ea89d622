"""The Actions of a train that no operation has taken yet.

An operation is about one table, so a recogniser is given the Actions of that table alone, with
those that nobody can read, which may be about any. Were it given all that is left, a train of
n statements would be read n times. A change of an enum type and a REVOKE may be about any
table, and one of a column to an integer, numeric or varchar about each that refers to it, and
they are given all that is left; so is a DROP DEFAULT before an identity, between which the
sequence is dropped, an ADD CHECK before an ATTACH PARTITION, and a RENAME of a table whose
name a new partitioned table gets.

An INSERT is given what is about a table that it reads, where a column of that is dropped, and
a DROP of an index or constraint what drops columns and tables below it, what writes rows, by
which a dropped column may move elsewhere, and what changes names and types, also of a table
that a foreign key refers to.

A DROP of an index, function or view is given what makes one of that name again, one of an index
each new unique one, a RENAME COLUMN each DROP INDEX, as a column that may take the place of a
dropped one, and a RENAME TABLE, or what is before it, each RENAME COLUMN by the new name.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import takewhile

from zdm.model.commands import AlterTable, Change
from zdm.model.schema import Name
from zdm.model.statement import Action, ActionKind, Fact, Unknown
from zdm.model.syntax import (
    AddConstraint,
    ChangeEnum,
    ChangeType,
    CreateObject,
    CreateTable,
    RenameObject,
)
from zdm.parse import mentioned
from zdm.parse.objects import owners, rights
from zdm.recipes.index import replaced

_DROPS = {
    "function": ActionKind.DROP_FUNCTION,
    "procedure": ActionKind.DROP_FUNCTION,
    "view": ActionKind.DROP_VIEW,
    "materialized view": ActionKind.DROP_VIEW,
}
_CHANGES_COLUMNS = frozenset(
    {
        ActionKind.RENAME_COLUMN,
        ActionKind.DROP_COLUMN,
        ActionKind.CHANGE_TYPE,
        ActionKind.RENAME_TABLE,
    }
)
_GOES = frozenset({ActionKind.DROP_COLUMN, ActionKind.DROP_TABLE})
_WRITES = frozenset({ActionKind.INSERT, ActionKind.UPDATE})
_FILLS = frozenset({ActionKind.ADD_COLUMN, ActionKind.UPDATE})
_OF_KEYS = (("int2",), ("int4",), ("int8",), ("numeric",), ("varchar",))


class Waiting:
    """Takes Actions out from the first on, together with later ones of the same table."""

    def __init__(self, actions: Sequence[Action]) -> None:
        self._order = deque(actions)
        self._taken: set[int] = set()  # by identity: a train may say the same twice
        self._tables: dict[Name, list[Action]] = {}
        for action in actions:
            if isinstance(action.fact, Fact) and action.fact.table is not None:
                self._tables.setdefault(action.fact.table, [])
        for action in actions:
            for table in self._about(action):
                self._tables[table].append(action)
        self._makers: dict[tuple[ActionKind, str], list[Action]] = {}
        for action in actions:
            for name in _made(action):
                self._makers.setdefault(name, []).append(action)
        self._unique = [action for action in actions if _is_unique(action)]
        self._places = {id(action): place for place, action in enumerate(actions)}
        self._index_drops = [a for a in actions if _is_index_drop(a)]
        goes = any(_kind(action) in _GOES for action in actions)
        kinds = _GOES | _WRITES | _CHANGES_COLUMNS
        self._going = [a for a in actions if goes and _kind(a) in kinds]
        self._attaches = any(_is_attach(action) for action in actions)
        self._partitions = {
            a.fact.table
            for a in actions
            if isinstance(a.said, CreateTable) and isinstance(a.fact, Fact)
            if a.said.is_partitioned
        }
        self._makes_enum = any(_is_new_enum(action) for action in actions)

    def _about(self, action: Action) -> Sequence[Name]:
        if isinstance(action.fact, Unknown):
            return tuple(self._tables)
        return () if action.fact.table is None else (action.fact.table,)

    def first(self) -> list[Action]:
        """The first that is left, and behind it in order what may be about the same; empty at
        the end."""
        while self._order and id(self._order[0]) in self._taken:
            self._order.popleft()
        if not self._order:
            return []
        action = self._order[0]
        if self._of_others(action):
            return [other for other in self._order if id(other) not in self._taken]
        if isinstance(action.fact, Unknown) or action.fact.table is None:
            again = [*self._makes_again(action)]
            found = [
                *self._same_statement(action),
                *again,
                *self._unique_ones(action, again),
            ]
            return self._with_going(found) if _is_index_drop(action) else found
        together = self._tables[action.fact.table]
        while together[0] is not action:  # it was taken with a statement of its own
            together.pop(0)
        return self._with_others(together, action.fact.kind)

    def _with_others(self, together: list[Action], kind: ActionKind) -> list[Action]:
        """And what is about the same though it names another table, or none."""
        if kind in _FILLS:
            return self._with_dropped_indexes(together)
        if kind is ActionKind.INSERT:
            return self._with_source(together)
        if kind is ActionKind.DROP_CONSTRAINT:
            return self._with_going(together)
        if kind not in (ActionKind.RENAME_COLUMN, ActionKind.RENAME_TABLE):
            return together
        drops = self._dropped_indexes() if kind is ActionKind.RENAME_COLUMN else ()
        return [*together, *self._renamed(together), *drops]

    def _with_going(self, together: list[Action]) -> list[Action]:
        """And what drops, writes or changes below it."""
        own = {id(action) for action in together} | self._taken
        first = together[0]
        more = [a for a in self._going if id(a) not in own and self._is_behind(a, first)]
        return [*together, *more] if more else together

    def _with_source(self, together: list[Action]) -> list[Action]:
        """What it takes of another table may move, with what the train drops there."""
        read = [(one.schema, one.name) for one in mentioned.reads(together[0])]
        found = [
            action
            for table, about in self._tables.items()
            if (table.schema, table.name) in read or ("", table.name) in read
            if any(_kind(action) is ActionKind.DROP_COLUMN for action in about)
            for action in about
            if id(action) not in self._taken and self._is_behind(action, together[0])
        ]
        every = {id(action): action for action in [*together, *found]}
        return sorted(every.values(), key=lambda a: self._places[id(a)]) if found else together

    def _renamed(self, together: Sequence[Action]) -> Iterator[Action]:
        """Each RENAME COLUMN of the table by the name that it gets, before other changes."""
        for action in together:
            fact = action.fact
            if not isinstance(fact, Fact) or fact.kind is not ActionKind.RENAME_TABLE:
                continue
            new = fact.table and Name(fact.table.schema, fact.new_name)
            about = self._tables.get(new, ()) if new is not None else ()
            left = (other for other in about if id(other) not in self._taken)
            yield from takewhile(lambda a: _kind(a) is ActionKind.RENAME_COLUMN, left)

    def _of_others(self, action: Action) -> bool:
        """Whether what may belong to it need not be of its table."""
        everywhere = self._of_enum(action) or _is_of_key(action) or _revokes(action)
        everywhere = everywhere or self._of_bounds(action) or self._of_partitioned(action)
        return everywhere or self._of_serial(action) or owners.read(action) is not None

    def _of_partitioned(self, action: Action) -> bool:
        """Whether it frees the name of a partitioned table that the train makes."""
        renames = _kind(action) is ActionKind.RENAME_TABLE
        return (
            renames and isinstance(action.fact, Fact) and action.fact.table in self._partitions
        )

    def _of_bounds(self, action: Action) -> bool:
        """Whether it may prove the bounds of a table that becomes a partition."""
        said = action.said
        adds = isinstance(said, AddConstraint) and said.constraint.kind == "check"
        return adds and self._attaches

    def _of_serial(self, action: Action) -> bool:
        """Whether a serial may become an identity with it."""
        fact = action.fact
        if not isinstance(fact, Fact) or fact.table is None:
            return False
        return fact.kind is ActionKind.DROP_DEFAULT and any(
            isinstance(other.said, AlterTable) and other.said.change is Change.ADD_IDENTITY
            for other in self._tables[fact.table]
        )

    def _dropped_indexes(self) -> Iterator[Action]:
        """Every DROP INDEX that is left: a renamed column does not get what is dropped."""
        return (action for action in self._index_drops if id(action) not in self._taken)

    def _with_dropped_indexes(self, together: list[Action]) -> list[Action]:
        """A column that is filled may take the place of one that is dropped, with the indexes
        that the train drops before that; in order."""
        if not any(_kind(action) is ActionKind.DROP_COLUMN for action in together):
            return together
        drops = [a for a in self._dropped_indexes() if self._is_behind(a, together[0])]
        if not drops:
            return together
        return sorted([*together, *drops], key=lambda a: self._places[id(a)])

    def _is_behind(self, action: Action, first: Action) -> bool:
        return self._places[id(action)] > self._places[id(first)]

    def _of_enum(self, action: Action) -> bool:
        """Whether a change of an enum type may begin with it."""
        said, fact = action.said, action.fact
        if isinstance(said, ChangeEnum):
            return True
        if not self._makes_enum or not isinstance(fact, Fact):
            return False
        renames = isinstance(said, RenameObject) and said.kind == "type"
        return renames or _is_new_enum(action) or fact.kind is ActionKind.DROP_DEFAULT

    def _same_statement(self, action: Action) -> list[Action]:
        found: list[Action] = []
        for other in self._order:
            if other.statement is not action.statement:
                break
            if id(other) not in self._taken:
                found.append(other)
        return found

    def _makes_again(self, action: Action) -> Iterator[Action]:
        """What makes one of the name that a DROP frees."""
        fact = action.fact
        if not isinstance(fact, Fact):
            return
        for maker in self._makers.get((fact.kind, fact.name.rpartition(".")[2]), ()):
            if id(maker) not in self._taken:
                yield maker

    def _unique_ones(self, action: Action, others: Sequence[Action]) -> Iterator[Action]:
        """What else makes a unique index, which may refuse all that a dropped one does: of a
        table whose columns keep their names and types."""
        for maker in self._unique if _kind(action) is ActionKind.DROP_INDEX else ():
            if id(maker) in self._taken or maker.statement.vouched or maker in others:
                continue
            about = [other for table in self._about(maker) for other in self._tables[table]]
            if not any(_kind(other) in _CHANGES_COLUMNS for other in about):
                yield maker

    def take(self, together: list[Action], positions: Sequence[int]) -> tuple[Action, ...]:
        """Those at the positions, of what `first` gave; they are left no more."""
        taken = tuple(together[position] for position in positions)
        self._taken.update(map(id, taken))
        for position in sorted(positions, reverse=True):
            del together[position]
        for table in {table for action in taken for table in self._about(action)}:
            own = self._tables[table]
            if own is not together:
                own[:] = [action for action in own if id(action) not in self._taken]
        return taken


def _made(action: Action) -> Iterator[tuple[ActionKind, str]]:
    """What it makes: the kind of DROP that would drop it, and its name."""
    yield from ((ActionKind.DROP_INDEX, name) for name in replaced.made(action))
    said = action.said
    if isinstance(said, CreateObject) and said.kind in _DROPS and said.words:
        yield _DROPS[said.kind], said.words[-1]


def _kind(action: Action) -> ActionKind | None:
    return action.fact.kind if isinstance(action.fact, Fact) else None


def _is_index_drop(action: Action) -> bool:
    return _kind(action) is ActionKind.DROP_INDEX


def _is_unique(action: Action) -> bool:
    return bool(replaced.keys(action))


def _is_of_key(action: Action) -> bool:
    said = action.said
    return isinstance(said, ChangeType) and said.type.words[-1:] in _OF_KEYS


def _is_attach(action: Action) -> bool:
    said = action.said
    return isinstance(said, AlterTable) and said.change is Change.ATTACH_PARTITION


def _is_new_enum(action: Action) -> bool:
    return isinstance(action.said, CreateObject) and action.said.kind == "enum"


def _revokes(action: Action) -> bool:
    if not isinstance(action.fact, Fact) or action.fact.kind is not ActionKind.GRANT:
        return False
    said = rights.read(action)
    return said is not None and said.revokes
