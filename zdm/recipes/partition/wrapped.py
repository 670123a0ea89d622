"""The statements by which a table in use becomes the first partition of a new one of its name.

RENAME of the table, CREATE TABLE … PARTITION BY under the former name, ATTACH PARTITION of the
renamed table, and around them what the new table needs: keys, indexes, triggers, policies,
grants, further partitions, the owner of the sequences, and the queries of its views.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

from msgspec import Struct

from zdm.model.commands import AlterSequence, AlterTable, Change, WorkOn
from zdm.model.schema import Name, Snapshot, View
from zdm.model.statement import Action, ActionKind, Fact, Statement
from zdm.model.syntax import (
    AddConstraint,
    CommentOn,
    ConstraintDefinition,
    CreateObject,
    CreateTable,
    RenameObject,
    SequenceOptions,
)
from zdm.recipes.object import views
from zdm.recipes.reading import statements
from zdm.schema import apply, lookup
from zdm.schema.effects import definitions, policies

_APART = frozenset(
    {
        ActionKind.INSERT,
        ActionKind.UPDATE,
        ActionKind.DELETE,
        ActionKind.TRUNCATE,
        ActionKind.SELECT,
        ActionKind.RENAME_TABLE,
        ActionKind.DROP_TABLE,
        ActionKind.SET_SCHEMA,
        ActionKind.ADD_COLUMN,
        ActionKind.DROP_COLUMN,
        ActionKind.RENAME_COLUMN,
        ActionKind.CHANGE_TYPE,
    }
)
_NAMES = frozenset({ActionKind.RENAME_CONSTRAINT, ActionKind.RENAME_INDEX})
_OF_FIRST = _NAMES | {ActionKind.DROP_TRIGGER}


class Wrapped(Struct, frozen=True, kw_only=True):
    """What was read: `first` is the table's name as a partition; `after` is the schema that the
    statements leave, as it is without the ATTACH of that one."""

    table: Name
    first: Name
    attach: AlterTable
    actions: tuple[Action, ...]
    partitions: tuple[Name, ...]
    renames: tuple[RenameObject, ...]  # of constraints and indexes of the first partition
    views: tuple[View, ...]  # that read the new table from now on, as they were
    before: Snapshot
    after: Snapshot

    @property
    def statements(self) -> tuple[Statement, ...]:
        """In order, each once."""
        return tuple(dict.fromkeys(action.statement for action in self.actions))

    @property
    def including(self) -> frozenset[str]:
        """What LIKE takes along for the new table."""
        found = [a.said for a in self.actions if _table(a) == self.table]
        likes = [like for s in found if isinstance(s, CreateTable) for like in s.likes]
        return frozenset(word for like in likes for word in like.including)

    @property
    def constraints(self) -> Iterator[tuple[ConstraintDefinition, tuple[str, ...]]]:
        """Those that the author writes for the new table, with their columns."""
        for action in self.actions:
            said = action.said
            if _table(action) != self.table:
                continue
            if isinstance(said, CreateTable):
                yield from definitions.constraints_of(said.elements)
            elif isinstance(said, AddConstraint):
                yield said.constraint, said.constraint.columns

    def with_checks(self, statement: Statement) -> Iterator[Name]:
        """The new tables to which the statement copies the checks of the first partition."""
        for action in self.actions:
            said, table = action.said, _table(action)
            if action.statement is not statement or not isinstance(said, CreateTable):
                continue
            for like in said.likes:
                source = lookup.found(like.relation, self.after, statement.settings)
                if table is not None and source == self.first:
                    yield from (table,) if "constraints" in like.including else ()


class Broken(Struct, frozen=True, kw_only=True):
    """The statements do not follow each other: what is in the way, and where those are that
    begin it."""

    table: Name
    first: Name
    way: Action
    positions: tuple[int, ...]
    attached: bool  # by a statement behind the one in the way


def begins(actions: Sequence[Action], snapshot: Snapshot) -> Action | None:
    """The CREATE TABLE … PARTITION BY under the name that the first Action frees."""
    fact = statements.fact(actions[0], ActionKind.RENAME_TABLE)
    table = None if fact is None or fact.table is None else snapshot.table(fact.table)
    if table is None or table.created or fact is None:
        return None
    return next((a for a in actions[1:] if _partitions(a, table.name)), None)


def _partitions(action: Action, table: Name) -> bool:
    said, fact = action.said, action.fact
    if not isinstance(said, CreateTable) or not isinstance(fact, Fact):
        return False
    made = said.is_partitioned and not said.is_partition
    return made and fact.table == table and said.table.persistence == "permanent"


@dataclass(slots=True)
class _Group:
    """What of it was read so far."""

    before: Snapshot
    state: Snapshot
    table: Name
    first: Name
    family: list[Name] = field(default_factory=list)  # new tables, the partitioned one first
    attach: Action | None = None
    renamed: list[RenameObject] = field(default_factory=list)
    views: list[View] = field(default_factory=list)

    def takes(self, action: Action) -> bool:
        """Whether the Action is part of it; then the schema is the one behind it."""
        reads = _READS.get(type(action.said))
        if not (self._is_about(action) if reads is None else reads(self, action)):
            return False
        if self._is_attach(action):
            self.attach = action
        else:
            self.state = apply.apply(self.state, action)
        return True

    def _is_about(self, action: Action) -> bool:
        fact = action.fact
        if not isinstance(fact, Fact) or fact.table is None or fact.concurrently:
            return False
        if fact.table == self.first:
            return fact.kind in _OF_FIRST
        usual = fact.table in self.family and fact.kind not in _APART
        return usual and not self._reaches_others(action)

    def _reaches_others(self, action: Action) -> bool:
        """Whether it attaches a table that was there, or gives one to another role."""
        said, settings = action.said, action.statement.settings
        if not isinstance(said, AlterTable):
            return False
        if said.other is None:
            return said.change is Change.OWNER
        other = lookup.found(said.other, self.state, settings)
        return said.change is not Change.ATTACH_PARTITION or other not in (
            self.first,
            *self.family,
        )

    def _is_attach(self, action: Action) -> bool:
        said, settings = action.said, action.statement.settings
        if not isinstance(said, AlterTable) or said.change is not Change.ATTACH_PARTITION:
            return False
        about = isinstance(action.fact, Fact) and action.fact.table == self.table
        other = None if said.other is None else lookup.found(said.other, self.state, settings)
        return about and other == self.first

    def makes(self, action: Action) -> bool:
        """The new table, its partitions, and tables like it that may become some."""
        said, fact = action.said, action.fact
        if not isinstance(said, CreateTable) or not isinstance(fact, Fact):
            return False
        settings, name = action.statement.settings, fact.table
        sources = (*said.parents, *(like.relation for like in said.likes))
        known = {lookup.found(source, self.state, settings) for source in sources}
        usual = {self.first, *self.family}
        if name is None or (name != self.table and known.isdisjoint(usual)):
            return False
        self.family.append(name)
        return True

    def renames(self, action: Action) -> bool:
        """Of a constraint or an index of the first partition, or a part of the new ones."""
        said = action.said
        if not isinstance(said, RenameObject):
            return False
        settings = action.statement.settings
        if said.kind == "index":
            table = lookup.table_with_index(said.words, self.state, settings)
            owner = None if table is None else table.name
        elif self._is_about(action):
            owner = lookup.found(lookup.relation(said.words), self.state, settings)
        else:
            return False
        if owner == self.first:
            self.renamed.append(said)
        return owner in (self.first, *self.family)

    def comments(self, action: Action) -> bool:
        """On a new table, or a part of it."""
        said, settings = action.said, action.statement.settings
        if not isinstance(said, CommentOn):
            return False
        on = lookup.commented(said, self.state, settings)
        return on is not None and on[0].name in self.family

    def owns(self, action: Action) -> bool:
        """ALTER SEQUENCE … OWNED BY, of a sequence of the table."""
        said = action.said
        if not isinstance(said, AlterSequence) or said.options != SequenceOptions():
            return False
        own = {s.name for s in self.before.sequences if s.owner_table == self.table}
        known = lookup.Names(self.state.sequences)
        named = lookup.among(said.sequence, known, self.state, action.statement.settings)
        return named in own and not said.restarts

    def reads(self, action: Action) -> bool:
        """CREATE OR REPLACE of a view of the table that keeps its columns, and reads the new
        table by its name."""
        said = action.said
        if not isinstance(said, CreateObject) or said.kind != "view" or not said.replaces:
            return False
        view, settings = views.named(said.words, action, self.before), action.statement.settings
        sources = {lookup.found(relation, self.state, settings) for relation in said.reads}
        if view is None or view in self.views or view.columns != said.columns:
            return False
        moves = self.table in self.family and self.table in sources and view.reads(self.table)
        if moves and self.first not in sources:
            self.views.append(view)
            return True
        return False

    def works(self, action: Action) -> bool:
        """A policy or a grant on a new table."""
        return self._is_about(action) or policies.table_of(action, self.state) in self.family


_READS: Mapping[type, Callable[[_Group, Action], bool]] = {
    CreateTable: _Group.makes,
    CreateObject: _Group.reads,
    RenameObject: _Group.renames,
    CommentOn: _Group.comments,
    AlterSequence: _Group.owns,
    WorkOn: _Group.works,
}


def read(actions: Sequence[Action], snapshot: Snapshot) -> Wrapped | Broken | None:
    """The group that begins with the first Action; None where there is none."""
    fact = statements.fact(actions[0], ActionKind.RENAME_TABLE)
    if begins(actions, snapshot) is None or fact is None or fact.table is None:
        return None
    group = _Group(
        before=snapshot,
        state=apply.apply(snapshot, actions[0]),
        table=fact.table,
        first=Name(fact.table.schema, fact.new_name),
    )
    count = 1
    for action in actions[1:]:
        alike = action.statement.settings == actions[0].statement.settings
        if not alike or not group.takes(action):
            break
        count += 1
    if group.attach is None or not isinstance(group.attach.said, AlterTable):
        if count == len(actions):
            return None
        tables = {group.first, *group.family}
        later = [n for n in range(count, len(actions)) if _table(actions[n]) in tables]
        positions = (*range(count), *later)
        return Broken(
            table=group.table,
            first=group.first,
            way=actions[count],
            positions=positions,
            attached=any(_attaches(action) for action in actions[count:]),
        )
    whole = _whole(actions, count)
    others = [a for a in actions[1:whole] if a is not group.attach]
    return Wrapped(
        table=group.table,
        first=group.first,
        attach=group.attach.said,
        actions=tuple(actions[:whole]),
        partitions=tuple(n for n in group.family if n != group.table),
        renames=tuple(group.renamed),
        views=tuple(group.views),
        before=snapshot,
        after=reduce(apply.apply, others, apply.apply(snapshot, actions[0])),
    )


def _attaches(action: Action) -> bool:
    said = action.said
    return isinstance(said, AlterTable) and said.change is Change.ATTACH_PARTITION


def _table(action: Action) -> Name | None:
    return action.fact.table if isinstance(action.fact, Fact) else None


def _whole(actions: Sequence[Action], count: int) -> int:
    """Without the beginning of a statement of which the rest is no part of it."""
    while count < len(actions) and actions[count - 1].statement is actions[count].statement:
        count -= 1
    return count
