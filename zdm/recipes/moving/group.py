"""The statements of a train that together move columns: an INSERT into a table that the train
makes, and behind it a DROP COLUMN of what it took."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from zdm.model.schema import Snapshot, Table
from zdm.model.statement import Action, ActionKind, Fact, Setting
from zdm.parse.rows import moved
from zdm.parse.rows.moved import Moved
from zdm.recipes.reading import statements
from zdm.schema import lookup


class Group(Struct, frozen=True, kw_only=True):
    """What the INSERT says; `drops`: the places of the columns' ends, by column."""

    source: Table
    target: Table
    said: Moved
    drops: Mapping[str, int]
    settings: tuple[Setting, ...]

    @property
    def consumed(self) -> tuple[int, ...]:
        """Its places in the train."""
        return (0, *sorted(self.drops.values()))

    @property
    def key(self) -> tuple[tuple[str, str], ...]:
        """The columns of the new primary key, each with what it gets; fewer where the INSERT
        leaves one out."""
        primary = self.target.primary_key
        into = dict(self.said.columns)
        wanted = () if primary is None else primary.columns
        return tuple((new, into[new]) for new in wanted if new in into)

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """The others."""
        key = {new for new, _ in self.key}
        return tuple((new, old) for new, old in self.said.columns if new not in key)

    @property
    def given(self) -> tuple[str, ...]:
        """The columns of which a row that moves has one: those of WHERE, else the first that
        no row leaves NULL."""
        if self.said.given:
            return self.said.given
        filled = (o for _, o in self.columns if self.source.require_column(o).not_null)
        return tuple(filled)[:1]


def read(actions: Sequence[Action], snapshot: Snapshot) -> Group | None:
    """The group that begins with the first Action, if one does."""
    action = actions[0]
    fact = statements.fact(action, ActionKind.INSERT)
    target = None if fact is None or fact.table is None else snapshot.table(fact.table)
    if target is None or not target.created:
        return None
    said = moved.read(action, [c.name for c in target.columns])
    if said is None:
        return None
    source = snapshot.table(lookup.found(said.source, snapshot, action.statement.settings))
    if source is None or source.created:
        return None
    taken = {old for _, old in said.columns}
    drops = {
        action.fact.name: place
        for place, action in enumerate(actions)
        if isinstance(action.fact, Fact)
        and action.fact.kind is ActionKind.DROP_COLUMN
        and action.fact.table == source.name
        and action.fact.name in taken
    }
    known = lookup.has(source, *taken) and lookup.has(target, *(n for n, _ in said.columns))
    if not drops or not known:
        return None
    return Group(
        source=source,
        target=target,
        said=said,
        drops=drops,
        settings=action.statement.settings,
    )
