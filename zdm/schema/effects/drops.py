"""What DROP leaves, and what is taken out with it."""

import re
from collections.abc import Callable, Mapping
from functools import reduce

from msgspec.structs import replace

from zdm.model.catalog.database import Other
from zdm.model.catalog.indexed import exchanged, named
from zdm.model.expression import Words
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.sql import ident
from zdm.model.statement import Action, Fact
from zdm.model.syntax import DropObjects
from zdm.parse.objects import statistics
from zdm.schema import edits, family, lookup, routines
from zdm.schema.effects import dependents, indexes, not_nulls, publications
from zdm.schema.effects.dependents import Thing


def drop(snapshot: Snapshot, action: Action) -> Snapshot:
    """DROP of one or several objects."""
    said = action.said
    if not isinstance(said, DropObjects):
        return snapshot
    if said.kind not in _NAMED:
        left = _without_operators(snapshot, said)
        return edits.unknown(left, action) if said.cascade else left
    things = targets(snapshot, action)
    if None in things and not said.if_exists and not snapshot.opaque:
        return snapshot  # the server refuses all of it
    if said.kind == "extension" and said.cascade:
        snapshot = edits.unknown(snapshot, action)
    found = tuple(thing for thing in things if thing is not None)
    return remove(snapshot, found, action, cascade=said.cascade)


def as_meant(snapshot: Snapshot, action: Action) -> Snapshot:
    """Without the views and routines of a refused DROP, whatever uses them: what follows is
    judged as if they were gone, since its author thinks so."""
    said = action.said
    if not isinstance(said, DropObjects) or said.kind not in _NAMED_ALONE:
        return snapshot
    found = (thing for thing in targets(snapshot, action) if thing is not None)
    return reduce(lambda left, thing: _REMOVED[thing.kind](left, thing), found, snapshot)


def _without_operators(snapshot: Snapshot, said: DropObjects) -> Snapshot:
    """Those of the names, whatever their operands, and after a DROP CAST every cast: what is
    left is looked at no closer."""
    names = {words[-1] for words in said.objects if words and _SIGNS.fullmatch(words[-1])}

    def goes(one: Other) -> bool:
        sign = one.name.partition("(")[0].rpartition(".")[2]
        return (one.kind == "operator" and sign in names) or one.kind == said.kind == "cast"

    kept = tuple(one for one in snapshot.others if not goes(one))
    return replace(snapshot, others=kept) if len(kept) < len(snapshot.others) else snapshot


def targets(snapshot: Snapshot, action: Action) -> tuple[Thing | None, ...]:
    """What a DROP names, each None where it is not there."""
    said = action.said
    if not isinstance(said, DropObjects) or said.kind not in _NAMED:
        return ()
    find = _NAMED[said.kind]
    return tuple(find(snapshot, one, action, n) for n, one in enumerate(said.objects))


def remove(
    snapshot: Snapshot, things: tuple[Thing, ...], action: Action, *, cascade: bool
) -> Snapshot:
    """Without the things and what goes with them; unchanged where the server refuses. A column
    that a child of inheritance had of its own stays there, and the Snapshot does not say
    which: then the child may have more than is known."""
    if any(_held(snapshot, thing, things) for thing in things):
        return snapshot
    gone = dependents.closure(snapshot, things, cascade=cascade)
    if gone is None:
        return snapshot
    snapshot = reduce(lambda left, thing: _REMOVED[thing.kind](left, thing), gone, snapshot)
    for name in {thing.name for thing in gone if thing.kind == "column"}:
        table = snapshot.table(name)
        if table is not None and table.inherits and not table.opaque:
            opaque = replace(table, opaque=str(action.source))
            snapshot = edits.put_table(snapshot, opaque)
    return snapshot


def remove_constraint(
    snapshot: Snapshot, thing: Thing, action: Action, *, cascade: bool = False
) -> Snapshot:
    """The same of a constraint: with ONLY those below stay as the tables' own, and those of
    partitions cannot."""
    if not isinstance(action.fact, Fact) or not action.fact.only:
        return remove(snapshot, (thing,), action, cascade=cascade)
    if family.partitions(snapshot, thing.name):
        return snapshot
    for child in family.children(snapshot, thing.name):
        own = child.constraint(thing.part)
        if own is not None:
            kept = replace(own, inherited=False)
            snapshot = edits.put_constraint(snapshot, child.name, kept)
    return remove(snapshot, (thing,), action, cascade=cascade)


def _held(snapshot: Snapshot, thing: Thing, things: tuple[Thing, ...]) -> bool:
    """Whether it is a part of something that stays, which CASCADE does not change."""
    table = snapshot.table(thing.name)
    match thing.kind:
        case "sequence":
            (owned,) = named(snapshot.sequences, thing.name) or (None,)
            if owned is None or not owned.identity or owned.owner_table is None:
                return False
            return Thing("table", owned.owner_table) not in things
        case "trigger" if table is not None:
            return any(t.name == thing.part and t.inherited for t in table.triggers)
        case "index" if table is not None:
            return _belongs(snapshot, table, thing.part)
    return False


def _belongs(snapshot: Snapshot, table: Table, name: str) -> bool:
    """Whether the index is that of a constraint, or part of an index of the table above."""
    index = next(i for i in table.indexes if i.name == name)
    if index.constraint is not None or table.partition_of is None:
        return index.constraint is not None
    above = snapshot.require_table(table.partition_of)
    return any(indexes.part_of(table, own, above) == index for own in above.indexes)


_NAMED_ALONE = frozenset({"view", "materialized view", "function"})
_SIGNS = re.compile(r"[-+*/<>=~!@#%^&|`?]+")
_Find = Callable[[Snapshot, Words, Action, int], Thing | None]


def _among(kind: str, field: str) -> _Find:
    def find(snapshot: Snapshot, words: Words, action: Action, _number: int) -> Thing | None:
        names = lookup.Names(getattr(snapshot, field))
        settings = action.statement.settings
        name = lookup.among(lookup.relation(words), names, snapshot, settings)
        return Thing(kind, name) if name in names else None

    return find


def _view(snapshot: Snapshot, words: Words, action: Action, number: int) -> Thing | None:
    """DROP VIEW does not drop a materialized view, nor the other way round."""
    thing, said = _among("view", "views")(snapshot, words, action, number), action.said
    if thing is None or not isinstance(said, DropObjects):
        return None
    (view,) = named(snapshot.views, thing.name)
    return thing if view.kind == said.kind else None


def _index(snapshot: Snapshot, words: Words, action: Action, _number: int) -> Thing | None:
    settings = action.statement.settings
    table = lookup.table_with_index(words, snapshot, settings)
    if table is not None:
        return Thing("index", table.name, words[-1])
    found = indexes.of_view(words, snapshot, settings)
    return None if found is None else Thing("index", found[0].name, words[-1])


def _trigger(snapshot: Snapshot, words: Words, action: Action, _number: int) -> Thing | None:
    name = lookup.found(lookup.relation(words[:-1]), snapshot, action.statement.settings)
    table = snapshot.table(name)
    if table is None or all(t.name != words[-1] for t in table.triggers):
        return None
    return Thing("trigger", name, words[-1])


def _policy(snapshot: Snapshot, words: Words, action: Action, _number: int) -> Thing | None:
    name = lookup.found(lookup.relation(words[:-1]), snapshot, action.statement.settings)
    return Thing("policy", name, words[-1]) if snapshot.table(name) is not None else None


def _function(snapshot: Snapshot, words: Words, action: Action, number: int) -> Thing | None:
    said, settings = action.said, action.statement.settings
    if not isinstance(said, DropObjects):
        return None
    names = lookup.Names(snapshot.functions)
    name = lookup.among(lookup.relation(words), names, snapshot, settings)
    found = routines.named(snapshot, name, said.arguments[number], settings)
    return Thing("function", name, found[0].arguments) if len(found) == 1 else None


def _statistics(snapshot: Snapshot, words: Words, action: Action, _number: int) -> Thing | None:
    known = {
        lookup.made(lookup.relation(own), snapshot, ()): table
        for table in snapshot.tables
        for own in map(statistics.name, table.statistics)
    }
    settings = action.statement.settings
    name = lookup.among(lookup.relation(words), known, snapshot, settings)
    table = known.get(name)
    return None if table is None else Thing("statistics", table.name, name.sql)


def _schema(snapshot: Snapshot, words: Words, _action: Action, _number: int) -> Thing | None:
    return Thing("schema", Name("", words[-1])) if words[-1] in snapshot.schemas else None


def _extension(snapshot: Snapshot, words: Words, _action: Action, _number: int) -> Thing | None:
    there = any(e.name == words[-1] for e in snapshot.extensions)
    return Thing("extension", Name("", words[-1])) if there else None


def _publication(
    snapshot: Snapshot, words: Words, _action: Action, _number: int
) -> Thing | None:
    there = publications.there(snapshot, words[-1])
    return None if there is None else Thing("publication", Name("", words[-1]))


_NAMED: Mapping[str, _Find] = {
    "table": _among("table", "tables"),
    "view": _view,
    "materialized view": _view,
    "sequence": _among("sequence", "sequences"),
    "type": _among("type", "types"),
    "index": _index,
    "trigger": _trigger,
    "policy": _policy,
    "function": _function,
    "schema": _schema,
    "extension": _extension,
    "statistics": _statistics,
    "publication": _publication,
}


def _no_view(snapshot: Snapshot, thing: Thing) -> Snapshot:
    return edits.drop_view(snapshot, thing.name)


def _no_column(snapshot: Snapshot, thing: Thing) -> Snapshot:
    table = snapshot.table(thing.name)
    if table is None or table.column(thing.part) is None:
        return snapshot
    return edits.drop_column(snapshot, thing.name, thing.part)


def _no_default(snapshot: Snapshot, thing: Thing) -> Snapshot:
    table = snapshot.table(thing.name)
    column = table.column(thing.part) if table is not None else None
    if column is None:
        return snapshot
    return edits.put_column(
        snapshot, thing.name, replace(column, default=None, default_volatility=None)
    )


def _no_constraint(snapshot: Snapshot, thing: Thing) -> Snapshot:
    table = snapshot.table(thing.name)
    own = table.constraint(thing.part) if table is not None else None
    if own is None:
        return snapshot
    if own.kind == "not null":
        return not_nulls.drop(snapshot, thing.name, own.columns[0])
    return edits.drop_constraint(snapshot, thing.name, thing.part)


def _of_the_table(change: Callable[[Table, str], Table]) -> Callable[..., Snapshot]:
    def removed(snapshot: Snapshot, thing: Thing) -> Snapshot:
        table = snapshot.table(thing.name)
        return (
            snapshot if table is None else edits.put_table(snapshot, change(table, thing.part))
        )

    return removed


def _no_function(snapshot: Snapshot, thing: Thing) -> Snapshot:
    kept = snapshot.functions
    for there in named(kept, thing.name):
        if there.arguments == thing.part:
            kept = exchanged(kept, there)
    return replace(snapshot, functions=kept)


def _no_sequence(snapshot: Snapshot, thing: Thing) -> Snapshot:
    kept = snapshot.sequences
    for there in named(kept, thing.name):
        kept = exchanged(kept, there)
    return replace(snapshot, sequences=kept)


def _no_type(snapshot: Snapshot, thing: Thing) -> Snapshot:
    kept = snapshot.types
    for there in named(kept, thing.name):
        kept = exchanged(kept, there)
    return replace(snapshot, types=kept)


def _no_schema(snapshot: Snapshot, thing: Thing) -> Snapshot:
    kept = tuple(s for s in snapshot.schemas if s != thing.name.name)
    return replace(snapshot, schemas=kept)


def _no_extension(snapshot: Snapshot, thing: Thing) -> Snapshot:
    kept = tuple(e for e in snapshot.extensions if e.name != thing.name.name)
    return replace(snapshot, extensions=kept)


def _no_index(snapshot: Snapshot, thing: Thing) -> Snapshot:
    if snapshot.table(thing.name) is None:
        return indexes.drop_of_view(snapshot, thing.name, thing.part)
    return edits.drop_index(snapshot, thing.name, thing.part)


_REMOVED: Mapping[str, Callable[[Snapshot, Thing], Snapshot]] = {
    "table": lambda snapshot, thing: edits.drop_table(snapshot, thing.name),
    "view": _no_view,
    "column": _no_column,
    "default": _no_default,
    "constraint": _no_constraint,
    "index": _no_index,
    "trigger": _of_the_table(
        lambda t, part: replace(t, triggers=tuple(x for x in t.triggers if x.name != part))
    ),
    "policy": _of_the_table(
        lambda t, part: replace(t, policies=tuple(p for p in t.policies if p.name != part))
    ),
    "sequence": _no_sequence,
    "type": _no_type,
    "function": _no_function,
    "schema": _no_schema,
    "extension": _no_extension,
    "statistics": _of_the_table(
        lambda t, part: replace(
            t,
            statistics=tuple(s for s in t.statistics if ident(*statistics.name(s)) != part),
        )
    ),
    "attribute": lambda snapshot, _: snapshot,
    "publication": lambda snapshot, thing: publications.without(snapshot, thing.name.name),
}
