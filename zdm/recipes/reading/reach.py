"""The tables whose rows a statement reads or writes: those that it names, and all that it
meets through partitions and children, foreign keys, triggers, functions and views.

What the text of a function does to the tables that it names is not known, so it may do each
thing of which it has the word; one that runs SQL which it makes may do anything.
"""

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.schema import Function, Name, Snapshot, Table, View, Volatility
from zdm.model.statement import Action, ActionKind, Fact
from zdm.model.syntax import CreateTableAs, Insert, Update
from zdm.parse import mentioned
from zdm.parse.readers import fired, texts
from zdm.schema import family, lookup, routines
from zdm.schema.impact import cascades

Does = Literal["reads", "adds", "changes", "deletes"]
_DOES: dict[ActionKind, Does] = {
    ActionKind.INSERT: "adds",
    ActionKind.UPDATE: "changes",
    ActionKind.DELETE: "deletes",
    ActionKind.TRUNCATE: "deletes",
}
_MORE = frozenset({"update", "delete", "truncate", "merge", "conflict"})
_SYMBOLS = frozenset({"operator", "cast"})
_LOOKS = frozenset({"select", "from", "perform"})


class Met(Struct, frozen=True, kw_only=True):
    """A table that it meets, what it does there, the table by which it comes to it (of those
    that it names) and how; empty where it names it. `table` is None where it may be any;
    `refer`: its rows refer to those that a DELETE takes, and nothing else is done to them."""

    table: Name | None
    does: Does
    root: Name | None
    through: str = ""
    refer: bool = False


class _Step(Struct, frozen=True):
    met: Met
    columns: frozenset[str] | None  # that are set; None: all may be


def of(action: Action, snapshot: Snapshot) -> tuple[Met, ...]:
    """All of them. Of a statement whose author says when it runs, those that it names, with
    their partitions and children."""
    known = bool(action.statement.vouched)
    found: dict[tuple[Name | None, Does, Name | None, bool], Met] = {}
    left = [*_named(action, snapshot), *(() if known else _called(action, snapshot))]
    if left and not known:
        left += _behind_symbols(snapshot)
    while left:
        step = left.pop(0)
        met = step.met
        key = (met.table, met.does, met.root, met.refer)
        if key not in found:
            found[key] = met
            left += _further(step, snapshot, known=known)
    return tuple(found.values())


def _named(action: Action, snapshot: Snapshot) -> Iterator[_Step]:
    fact, settings = action.fact, action.statement.settings
    if not isinstance(fact, Fact):
        return
    does = _DOES.get(fact.kind)
    stored = isinstance(action.said, CreateTableAs) or mentioned.is_stored(action)
    if does is None and not stored:
        return
    if does is not None and fact.table is not None:
        said = action.said
        if isinstance(said, Insert) and said.on_conflict:
            does = "changes"
        columns = (
            frozenset(a.column for a in said.assignments) if isinstance(said, Update) else None
        )
        yield _Step(Met(table=fact.table, does=does, root=fact.table), columns)
    for relation in mentioned.reads(action):
        name = lookup.found(relation, snapshot, settings)
        yield _Step(Met(table=name, does="reads", root=name), None)


def _called(action: Action, snapshot: Snapshot) -> Iterator[_Step]:
    """What the functions of the schema do that it calls."""
    names = {words[-1] for words in mentioned.functions(action)}
    for function in snapshot.functions:
        if function.name.name in names:
            yield from _by_function(function.name, None, snapshot, f"function {function.name}")


def _behind_symbols(snapshot: Snapshot) -> Iterator[_Step]:
    """What the functions of operators and casts do: a cast is written nowhere, and either may
    be in a function, a view or a default as well as in the statement."""
    texts_of = [one.definition for one in snapshot.others if one.kind in _SYMBOLS]
    words = frozenset(word for text in texts_of for word in texts.names(text))
    for function in snapshot.functions:
        if function.name.name in words:
            through = f"function {function.name}, which an operator or a cast may call"
            yield from _by_function(function.name, None, snapshot, through)


def _further(step: _Step, snapshot: Snapshot, *, known: bool) -> Iterator[_Step]:
    """What one more step leads to."""
    met = step.met
    if met.table is None:
        return
    yield from _children(step, met.table, snapshot)
    for view in snapshot.views:
        if view.name == met.table:
            yield from _of_view(met, view, snapshot, known=known)
    table = snapshot.table(met.table)
    if table is not None and not known:
        yield from _evaluated(met, table, snapshot)
    if met.does != "reads" and table is not None and not known:
        yield from _fired(met, table, snapshot)
        yield from _cascades(step, table, snapshot)


def _children(step: _Step, of: Name, snapshot: Snapshot) -> Iterator[_Step]:
    """Its partitions and children."""
    for child in family.children(snapshot, of):
        through = step.met.through or f"{of}, above it"
        yield _Step(replace(step.met, table=child.name, through=through), step.columns)


def _of_view(met: Met, view: View, snapshot: Snapshot, *, known: bool) -> Iterator[_Step]:
    """What it reads; what is written through it, by PostgreSQL or by its triggers and rules;
    and the functions that it calls."""
    through = met.through or f"view {view.name}"
    for name in sorted({name for name, _ in view.uses}):
        for does in dict.fromkeys(("reads", met.does)):
            yield _Step(Met(table=name, does=does, root=met.root, through=through), None)
    done = () if met.does == "reads" else (*view.triggers, *view.rules)
    for rule in done:
        words = texts.names(rule)
        for name in _tables(words, snapshot, but=view.name):
            yield from _all(name, words, met.root, through)
    calls = () if known else (view.definition, *done)
    called = frozenset[str]().union(*map(texts.names, calls))
    for function in snapshot.functions:
        if function.name.name in called:
            yield from _by_function(function.name, met.root, snapshot, through)


def _fired(met: Met, table: Table, snapshot: Snapshot) -> Iterator[_Step]:
    """What the triggers of its author and its rules do."""
    for trigger in table.triggers:
        text = fired.trigger(trigger.definition)
        on = {"adds": text.on_insert, "deletes": text.on_delete, "changes": text.on_update}
        by_conflict = met.does == "changes" and text.on_insert and not text.on_update
        if trigger.enabled != "D" and (on[met.does] or by_conflict):
            through = met.through or f"trigger {trigger.name} of {table.name}"
            yield from _by_function(trigger.function, met.root, snapshot, through)
    for rule in table.rules:
        words = texts.names(rule)
        through = met.through or f"rule {fired.rule(rule).name} of {table.name}"
        for name in _tables(words, snapshot, but=table.name):
            yield from _all(name, words, met.root, through)


def _evaluated(met: Met, table: Table, snapshot: Snapshot) -> Iterator[_Step]:
    """What the functions of the schema do that its policies call, and where rows are written
    its defaults, generated columns and CHECKs."""
    found = [policy.definition for policy in table.policies]
    if met.does in ("adds", "changes"):
        found += [column.default for column in table.columns if column.default is not None]
        found += [c.definition for c in table.constraints if c.kind == "check"]
    words = frozenset(name for text in found for name in texts.names(text))
    for function in snapshot.functions:
        if function.name.name in words:
            through = met.through or f"function {function.name}, which {table.name} calls"
            yield from _by_function(function.name, met.root, snapshot, through)


def _by_function(
    start: Name, root: Name | None, snapshot: Snapshot, through: str
) -> Iterator[_Step]:
    for function in routines.reached(snapshot, [start]):
        if routines.is_dynamic(function, rows=False):
            for does in _done(function, frozenset({*_MORE, "insert"})):
                yield _Step(Met(table=None, does=does, root=root, through=through), None)
        words = routines.body_names(function)
        for name in _tables(words, snapshot):
            for does in _done(function, words):
                yield _Step(Met(table=name, does=does, root=root, through=through), None)


def _done(function: Function, words: frozenset[str]) -> tuple[Does, ...]:
    looks = function.volatility is not Volatility.VOLATILE
    return ("reads",) if looks else _by_words(words)


def _by_words(words: frozenset[str]) -> tuple[Does, ...]:
    """What a text may do to a table that it names."""
    if words & _MORE:
        return ("reads", "changes", "deletes")
    added: tuple[Does, ...] = ("adds",) if "insert" in words else ()
    return (*added, "reads") if words & _LOOKS or not added else added


def _all(name: Name, words: frozenset[str], root: Name | None, through: str) -> Iterator[_Step]:
    for does in _by_words(words):
        yield _Step(Met(table=name, does=does, root=root, through=through), None)


def _tables(
    words: frozenset[str], snapshot: Snapshot, but: Name | None = None
) -> Iterator[Name]:
    """The tables and views whose names are in a text."""
    names = [*(table.name for table in snapshot.tables), *(v.name for v in snapshot.views)]
    yield from (name for name in names if name.name in words and name != but)


def _cascades(step: _Step, table: Table, snapshot: Snapshot) -> Iterator[_Step]:
    """The rows that foreign keys delete or change with its own."""
    met = step.met
    if met.does == "adds":
        return
    changed = step.columns or frozenset(column.name for column in table.columns)
    how = None if met.does == "deletes" else changed
    for one in cascades.reached(table, snapshot, how):
        if one.action:
            through = met.through or f"a foreign key to {one.of.name}"
            also = Met(
                table=one.table.name,
                does="deletes" if one.changed is None else "changes",
                root=met.root,
                through=through,
                refer=how is None and (met.refer or not met.through),
            )
            yield _Step(also, one.changed)
