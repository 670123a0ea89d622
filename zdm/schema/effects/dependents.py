"""What depends on what, and what a DROP takes along (manual, Dependency Tracking).

What is part of a dropped thing goes with it; what merely uses it makes the server refuse,
unless the DROP says CASCADE.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from zdm.model.catalog.indexed import having
from zdm.model.schema import Constraint, Name, Snapshot, Table
from zdm.parse import expressions
from zdm.schema import family, sequences, type_names
from zdm.schema.effects import indexes


class Thing(Struct, frozen=True):
    """Something that can be dropped; `part` is the column, constraint, index, trigger or
    policy of the table, or the arguments of a function."""

    kind: str
    name: Name
    part: str = ""

    def __str__(self) -> str:
        if self.kind == "statistics":
            return f"statistics {self.part} of {self.name}"
        if not self.part or self.kind == "function":
            return f"{self.kind} {self.name.name if not self.name.schema else self.name}"
        if self.kind in ("column", "default"):
            return f"{self.kind} {self.name}.{self.part}"
        return f"{self.kind} {self.part} of {self.name}"


_Needed = Iterator[tuple[Thing, bool]]  # and whether it goes without CASCADE


def closure(
    snapshot: Snapshot, things: tuple[Thing, ...], *, cascade: bool
) -> tuple[Thing, ...] | None:
    """The things and all that goes with them; None where the server refuses."""
    gone, blocking = _reached(snapshot, things, cascade=cascade)
    return None if blocking else tuple(gone)


def blocking(snapshot: Snapshot, things: tuple[Thing, ...]) -> tuple[Thing, ...]:
    """What uses them, so that the server refuses to drop them without CASCADE."""
    return tuple(dict.fromkeys(_reached(snapshot, things, cascade=False)[1]))


def _reached(
    snapshot: Snapshot, things: tuple[Thing, ...], *, cascade: bool
) -> tuple[Mapping[Thing, None], list[Thing]]:
    """What goes with the things, and what is in the way."""
    gone = dict.fromkeys(things)
    blocking: list[Thing] = []
    left = list(things)
    while left:
        thing = left.pop()
        for other, part in _BY_KIND[thing.kind](snapshot, thing):
            if other in gone:
                continue
            if part or cascade:
                gone[other] = None
                left.append(other)
            else:
                blocking.append(other)
    return gone, [other for other in blocking if not _covered(other, gone)]


def _covered(thing: Thing, gone: Mapping[Thing, None]) -> bool:
    return (
        thing in gone
        or (thing.part != "" and Thing("table", thing.name) in gone)
        or (thing.kind == "default" and Thing("column", thing.name, thing.part) in gone)
    )


def _of_table(snapshot: Snapshot, thing: Thing) -> _Needed:
    for child in family.children(snapshot, thing.name):
        yield Thing("table", child.name), child.partition_of is not None
    for sequence in having(snapshot.sequences, "owner", thing.name.schema, thing.name.name):
        yield Thing("sequence", sequence.name), True
    for table, constraint in _inbound(snapshot, thing.name):
        yield Thing("constraint", table.name, constraint.name), False
    yield from _views(snapshot, thing.name)
    yield from _typed(snapshot, thing.name)


def _inbound(snapshot: Snapshot, name: Name) -> Iterator[tuple[Table, Constraint]]:
    """Foreign keys that point at the table."""
    for table in having(snapshot.tables, "references", name.schema, name.name):
        for constraint in table.constraints:
            if constraint.references == name:
                yield table, constraint


def _views(snapshot: Snapshot, name: Name, column: str | None = None) -> _Needed:
    for view in having(snapshot.views, "uses", name.schema, name.name):
        used = {c for relation, c in view.uses if relation == name}
        if used and (column is None or column in used):
            yield Thing("view", view.name), False


def _typed(snapshot: Snapshot, name: Name) -> _Needed:
    """Columns of the type."""
    text = type_names.str_qualified(name)
    for table in having(snapshot.tables, "of", text):
        for column in table.columns:
            if column.type in (text, f"{text}[]"):
                yield Thing("column", table.name, column.name), False


def _of_view(snapshot: Snapshot, thing: Thing) -> _Needed:
    yield from _views(snapshot, thing.name)
    yield from _typed(snapshot, thing.name)


def _of_column(snapshot: Snapshot, thing: Thing) -> _Needed:
    name, column = thing.name, thing.part
    table = snapshot.table(name)
    if table is None:
        return
    yield from ((part, True) for part in _parts_on(table, column))
    for sequence in having(snapshot.sequences, "owner", name.schema, name.name):
        if sequence.owner_column == column:
            yield Thing("sequence", sequence.name), True
    for child in family.children(snapshot, name):
        if child.column(column) is not None:
            yield Thing("column", child.name, column), True
    yield from _using_column(snapshot, table, column)


def _parts_on(table: Table, column: str) -> Iterator[Thing]:
    """Constraints and indexes of the table that hold the column."""
    for constraint in table.constraints:
        if column in constraint.columns:
            yield Thing("constraint", table.name, constraint.name)
    for index in table.indexes:
        if column in index.columns and table.constraint(index.constraint or "") is None:
            yield Thing("index", table.name, index.name)


def computed_from(snapshot: Snapshot, table: Table, column: str) -> _Needed:
    """What is computed from the column, so that it cannot get another type."""
    return (
        (thing, part)
        for thing, part in _using_column(snapshot, table, column)
        if thing.kind != "constraint"
    )


def _using_column(snapshot: Snapshot, table: Table, column: str) -> _Needed:
    yield from ((part, False) for part in _parts_using(table, column))
    for one, constraint in _inbound(snapshot, table.name):
        if column in constraint.referenced_columns:
            yield Thing("constraint", one.name, constraint.name), False
    yield from _views(snapshot, table.name, column)


def _exclusions_using(table: Table, column: str) -> Iterator[Thing]:
    """Exclusion constraints that name the column in their predicate or an expression."""
    for constraint in table.constraints:
        if constraint.kind == "exclusion" and column not in constraint.columns:
            for index in table.indexes:
                if index.constraint == constraint.name and column in index.columns:
                    yield Thing("constraint", table.name, constraint.name)


def _parts_using(table: Table, column: str) -> Iterator[Thing]:
    """Generated columns, triggers and policies of the table, and exclusion constraints."""
    for other in table.columns:
        text = other.default if other.generated and other.name != column else None
        if text is not None and column in expressions.columns(expressions.read(text)):
            yield Thing("column", table.name, other.name)
    yield from _exclusions_using(table, column)
    for trigger in table.triggers:
        if column in trigger.columns:
            yield Thing("trigger", table.name, trigger.name)
    for policy in table.policies:
        if column in policy.columns:
            yield Thing("policy", table.name, policy.name)


def _of_constraint(snapshot: Snapshot, thing: Thing) -> _Needed:
    table = snapshot.table(thing.name)
    own = table.constraint(thing.part) if table is not None else None
    if table is None or own is None:
        return
    for child in family.children(snapshot, thing.name):
        inherited = child.constraint(own.name)
        if inherited is not None and inherited.inherited:
            yield Thing("constraint", child.name, own.name), True
    if own.index is not None:
        yield from _of_index(snapshot, Thing("index", thing.name, own.index))


def _of_index(snapshot: Snapshot, thing: Thing) -> _Needed:
    table = snapshot.table(thing.name)
    index = next((i for i in table.indexes if i.name == thing.part), None) if table else None
    if table is None or index is None:
        return
    for child in family.partitions(snapshot, thing.name):
        like = indexes.part_of(child, index, table)
        if like is not None:
            yield Thing("index", child.name, like.name), True
    if not index.unique or _another_key(table, index.name, index.keys):
        return
    for one, constraint in _inbound(snapshot, thing.name):
        if set(constraint.referenced_columns) == set(index.keys):
            yield Thing("constraint", one.name, constraint.name), False


def _another_key(table: Table, name: str, keys: tuple[str | None, ...]) -> bool:
    """Whether the table has the same key a second time, on which foreign keys may be."""
    return any(
        i.unique and i.name < name and i.predicate is None and set(i.keys) == set(keys)
        for i in table.indexes
    )


def _of_sequence(snapshot: Snapshot, thing: Thing) -> _Needed:
    for table in snapshot.tables:
        for column in table.columns:
            text = None if column.generated else column.default
            if text is not None and sequences.uses(text, thing.name):
                yield Thing("default", table.name, column.name), False


def _of_type(snapshot: Snapshot, thing: Thing) -> _Needed:
    yield from _typed(snapshot, thing.name)
    text = type_names.str_qualified(thing.name)
    whole = re.compile(rf"(?<![\w.]){re.escape(text)}(?!\w)")
    for other in snapshot.types:
        if other.name != thing.name and whole.search(other.definition):
            kind = "attribute" if other.kind == "composite" else "type"
            yield Thing(kind, other.name), False
    returned = re.compile(rf"RETURNS (SETOF )?{re.escape(text)}(?!\w)")
    for function in snapshot.functions:
        if whole.search(function.arguments) or returned.search(function.definition):
            yield Thing("function", function.name, function.arguments), False


def _of_function(snapshot: Snapshot, thing: Thing) -> _Needed:
    name = thing.name
    called = re.compile(rf'(?<!\w)(?:{re.escape(name.sql)}|"?{re.escape(name.name)}"?)\(')
    for table in snapshot.tables:
        for trigger in table.triggers:
            if trigger.function == name:
                yield Thing("trigger", table.name, trigger.name), False
        yield from ((part, False) for part in _parts_calling(table, called))
    for view in snapshot.views:
        if called.search(view.definition):
            yield Thing("view", view.name), False


def _parts_calling(table: Table, called: re.Pattern[str]) -> Iterator[Thing]:
    """Defaults, generated columns, constraints and indexes of the table."""
    for column in table.columns:
        if column.default is not None and called.search(column.default):
            yield Thing("column" if column.generated else "default", table.name, column.name)
    for constraint in table.constraints:
        if called.search(constraint.definition):
            yield Thing("constraint", table.name, constraint.name)
    for index in table.indexes:
        if called.search(index.definition.partition(" USING ")[2]):
            yield Thing("index", table.name, index.name)


def _of_schema(snapshot: Snapshot, thing: Thing) -> _Needed:
    every = (
        ("table", snapshot.tables),
        ("view", snapshot.views),
        ("sequence", snapshot.sequences),
        ("type", snapshot.types),
    )
    for kind, objects in every:
        for one in objects:
            if one.name.schema == thing.name.name:
                yield Thing(kind, one.name), False
    for function in snapshot.functions:
        if function.name.schema == thing.name.name:
            yield Thing("function", function.name, function.arguments), False


def _of_trigger(snapshot: Snapshot, thing: Thing) -> _Needed:
    for child in family.partitions(snapshot, thing.name):
        if any(t.name == thing.part and t.inherited for t in child.triggers):
            yield Thing("trigger", child.name, thing.part), True


def _of_nothing(_snapshot: Snapshot, _thing: Thing) -> _Needed:
    yield from ()


_BY_KIND: Mapping[str, Callable[[Snapshot, Thing], _Needed]] = {
    "table": _of_table,
    "view": _of_view,
    "column": _of_column,
    "constraint": _of_constraint,
    "index": _of_index,
    "sequence": _of_sequence,
    "type": _of_type,
    "function": _of_function,
    "schema": _of_schema,
    "trigger": _of_trigger,
    "default": _of_nothing,
    "policy": _of_nothing,
    "attribute": _of_nothing,
    "statistics": _of_nothing,
    "extension": _of_nothing,
    "publication": _of_nothing,
}
