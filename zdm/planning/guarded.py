"""DO blocks that only ask the catalog what is there, as the statements that they would run.

What they ask is answered by the Snapshot as the statements before them leave it. A plan runs
on the schema that it was made for, so the answer holds when it is executed; and a verification
runs the block itself and compares what it leaves. What the Snapshot cannot answer stays a DO
block, which is refused.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from zdm.model.schema import Name, Snapshot, Table, Trigger, View
from zdm.model.statement import Action, Fact, Source, Statement
from zdm.model.syntax import AddColumn, AddConstraint, CreateObject, CreateTable
from zdm.parse import facts, names
from zdm.parse.blocks import do_block
from zdm.parse.blocks.condition import (
    LONGEST,
    Catalog,
    Condition,
    Exists,
    Means,
    Operator,
    Part,
    Wanted,
)
from zdm.parse.blocks.do_block import Attempt, Choice, Inner, Item
from zdm.schema import apply, generated_names, lookup, type_names

_Value = str | Name
_Row = Mapping[Part, _Value]


# what the server raises where what a statement makes is there (measured 14, 18)
_REPEATED = frozenset({"duplicate_object", "duplicate_table", "duplicate_column"})
_BY_KIND = {
    "check": "duplicate_object",
    "foreign key": "duplicate_object",
    "unique": "duplicate_table",
}


_OF_COLUMNS = frozenset({Catalog.COLUMNS, Catalog.SHOWN_COLUMNS})
# information_schema: what the role owns or has rights on
_SHOWN = frozenset({Catalog.SHOWN_CONSTRAINTS, Catalog.SHOWN_COLUMNS, Catalog.SHOWN_TABLES})


class _UnknownError(Exception):
    """The Snapshot does not say."""


def inner(statement: Statement, schema: Callable[[], Snapshot]) -> tuple[Statement, ...] | None:
    """The statements that a DO block runs on the schema; None for what is no such block."""
    if statement.directives or not statement.sql[:3].upper().startswith("DO"):
        return None
    items = do_block.read(statement.sql)
    if items is None:
        return None
    run = _Run(block=statement, snapshot=schema())
    try:
        return tuple(run.statements(items))
    except _UnknownError:
        return None


def problem(statement: Statement) -> tuple[str, str] | None:
    """Why a block that asks information_schema is refused, and what to do."""
    if statement.sql[:3].upper().startswith("DO") and "information_schema" in statement.sql:
        return (
            "this DO block asks information_schema and cannot be read with certainty, so its"
            " effect is unknown",
            _ASK_OTHERWISE,
        )
    return None


_ASK_OTHERWISE = (
    "information_schema shows a role only what it has rights on: ask pg_catalog about the one"
    " table instead, such as pg_attribute or pg_constraint WHERE attrelid or conrelid ="
    " 'schema.table'::regclass; or, if you know that both application versions work with it,"
    " put `-- zdm: run in expand -- reason` above the block"
)


def idle(statements: Iterable[Statement], actions: Sequence[Action]) -> Iterator[str]:
    """A line for each DO block that does nothing on this schema."""
    for statement in statements:
        if statement.sql[:3].upper().startswith("DO") and not any(
            _is_within(action.statement, statement) for action in actions
        ):
            yield (
                f"{statement.source}: this DO block does nothing, by what its conditions find"
                " in the schema"
            )


def _is_within(one: Statement, block: Statement) -> bool:
    if one.source.file != block.source.file or one.source.revision != block.source.revision:
        return False
    if block.source.revision and one.source != block.source:
        return False  # each execute() of a revision counts from its own start
    return block.start <= one.start < block.start + max(block.length, 1)


@dataclass(slots=True)
class _Run:
    block: Statement
    snapshot: Snapshot

    def statements(self, items: Iterable[Item]) -> Iterator[Statement]:
        """Those that are run, each on what the ones before it leave."""
        for item in items:
            match item:
                case Choice(branches=branches):
                    for condition, body in branches:
                        if condition is None or self._holds(condition):
                            yield from self.statements(body)
                            break
                case Attempt(inner=tried, passed=passed):
                    statement = self._statement(tried)
                    if not self._is_passed(statement, passed):
                        yield self._run(statement)
                case Inner():
                    yield self._run(self._statement(item))

    def _run(self, statement: Statement) -> Statement:
        self.snapshot = reduce(apply.apply, self._actions(statement), self.snapshot)
        return statement

    def _actions(self, statement: Statement) -> tuple[Action, ...]:
        return facts.actions(statement, type_names.path(self.snapshot, statement.settings))

    def _statement(self, text: Inner) -> Statement:
        before = self.block.sql[: text.start]
        return replace(
            self.block,
            sql=text.sql,
            source=_place(self.block.source, before),
            start=self.block.start + len(before.encode()),
            length=len(text.sql.encode()),
            recorded="",
        )

    def _is_passed(self, statement: Statement, passed: frozenset[str]) -> bool:
        """Whether the statement fails, and that is passed over."""
        actions = self._actions(statement)
        if len(actions) != 1 or self.snapshot.opaque or not passed <= _REPEATED:
            raise _UnknownError
        condition, there = self._would_repeat(actions[0])
        if there and condition not in passed:
            raise _UnknownError
        return there

    def _would_repeat(self, action: Action) -> tuple[str, bool]:
        """How the server says that what the statement makes is there, and whether it is."""
        said, table = action.said, lookup.table_of(self.snapshot, action)
        match said:
            case AddConstraint(constraint=says) if table is not None and says.name:
                if says.kind in _BY_KIND:
                    return _BY_KIND[says.kind], table.constraint(says.name) is not None
            case AddColumn(column=column) if table is not None and not table.opaque:
                return "duplicate_column", table.column(column.name) is not None
            case CreateTable() if isinstance(action.fact, Fact) and action.fact.table:
                return "duplicate_table", lookup.in_use(self.snapshot, action.fact.table)
            case CreateObject(kind="enum" | "domain", words=words):
                made = lookup.relation(words)
                name = lookup.made(made, self.snapshot, self.block.settings)
                return "duplicate_object", type_names.is_there(self.snapshot, name)
        raise _UnknownError

    def _holds(self, condition: Condition) -> bool:
        if isinstance(condition, Exists):
            return self._exists(condition)
        parts = [self._holds(part) for part in condition.parts]
        match condition.operator:
            case Operator.NOT:
                return not parts[0]
            case Operator.AND:
                return all(parts)
            case Operator.OR:
                return any(parts)

    def _exists(self, asked: Exists) -> bool:
        if self.snapshot.opaque:
            raise _UnknownError
        values = [(one.part, self._value(one)) for one in asked.wanted]
        if self._may_be_left_out(asked.catalog, dict(values)):
            raise _UnknownError
        rows = _ROWS[asked.catalog](self.snapshot)
        found = (row for row in rows if all(row[part] == value for part, value in values))
        if asked.catalog not in _SHOWN:
            return any(True for _ in found)
        hidden = [
            (row[Part.SCHEMA], row[Part.TABLE]) in self.snapshot.unshown.not_owned
            for row in found
        ]
        if hidden and all(hidden):
            raise _UnknownError  # the role may not see it, but the Snapshot does
        return bool(hidden)

    def _may_be_left_out(self, catalog: Catalog, values: Mapping[Part, _Value | None]) -> bool:
        """Whether what is asked for may be of the server, zdm or an extension, of whose
        objects the Snapshot has none, or an array type."""
        if any(isinstance(v, str) and v.startswith(("pg_", "_")) for v in values.values()):
            return True
        if Part.RELATION in values:
            return False
        by = Part.TABLE if Part.TABLE in values else Part.NAME
        if by not in values or (by is Part.NAME and catalog in _OF_COLUMNS):
            return True
        return self._is_left_out(values.get(Part.SCHEMA), values[by])

    def _is_left_out(self, schema: _Value | None, name: _Value | None) -> bool:
        names = self.snapshot.unshown.names
        return any(one == name and schema in (None, of) for of, one in names)

    def _value(self, wanted: Wanted) -> _Value | None:
        match wanted.means:
            case Means.TEXT:
                return wanted.text.encode()[:LONGEST].decode(errors="ignore")
            case Means.FIRST_SCHEMA:
                path = type_names.path(self.snapshot, self.block.settings)
                return next((s for s in path if s in self.snapshot.schemas), None)
            case Means.RELATION | Means.PERHAPS_RELATION:
                return self._relation(wanted)
        raise _UnknownError

    def _relation(self, wanted: Wanted) -> Name | None:
        try:
            written = names.qualified(wanted.text)
        except ValueError as error:
            raise _UnknownError from error
        relation = lookup.relation(tuple(filter(None, (written.schema, written.name))))
        name = lookup.found(relation, self.snapshot, self.block.settings)
        if self.snapshot.table(name) is not None:
            return name
        taken = generated_names.relations(self.snapshot, name.schema)
        if self._is_left_out(written.schema or None, written.name):
            raise _UnknownError
        if name.name.startswith("pg_") or name.schema.startswith("pg_"):
            raise _UnknownError  # of the server, or temporary
        if wanted.means is Means.RELATION or name.name in taken:
            raise _UnknownError  # it fails; or it is a view, whose columns may not be known
        return None


def _place(source: Source, before: str) -> Source:
    """That of a text within a block; in a revision that of the call."""
    if source.revision:
        return source
    line = before.count("\n")
    column = len(before) - before.rfind("\n") if line else source.column + len(before)
    return replace(source, line=source.line + line, column=column)


def _constraints(snapshot: Snapshot) -> Iterator[_Row]:
    if any(one.constrained for one in snapshot.types):
        raise _UnknownError  # the names of constraints of domains
    for table in snapshot.tables:
        found = [one.name for one in table.constraints]
        found += [one.name for one in table.triggers if _is_constraint(one)]
        for name in found:
            yield {Part.NAME: name, Part.RELATION: table.name}


def _is_constraint(trigger: Trigger) -> bool:
    return trigger.definition.upper().startswith("CREATE CONSTRAINT")


def _shown_constraints(snapshot: Snapshot) -> Iterator[_Row]:
    for table in snapshot.tables:
        for one in table.constraints:
            if table.kind != "foreign table" and one.kind in _KINDS[snapshot.major >= 18]:
                yield {Part.NAME: one.name, **_of(table.name)}


_KINDS = (
    ("check", "unique", "primary key", "foreign key"),
    ("check", "unique", "primary key", "foreign key", "not null"),
)


def _of(relation: Name) -> _Row:
    return {Part.SCHEMA: relation.schema, Part.TABLE: relation.name}


def _columns(snapshot: Snapshot) -> Iterator[_Row]:
    for table in snapshot.tables:
        for name in (*_SYSTEM, *_columns_of(table)):
            yield {Part.NAME: name, Part.RELATION: table.name}


_SYSTEM = ("ctid", "xmin", "xmax", "cmin", "cmax", "tableoid")


def _columns_of(table: Table) -> Iterator[str]:
    if table.opaque:
        raise _UnknownError
    yield from (column.name for column in table.columns)


def _shown_columns(snapshot: Snapshot) -> Iterator[_Row]:
    for table in snapshot.tables:
        yield from ({Part.NAME: name, **_of(table.name)} for name in _columns_of(table))
    for view in _views(snapshot):
        if not view.columns:
            raise _UnknownError
        yield from ({Part.NAME: name, **_of(view.name)} for name in view.columns)


def _views(snapshot: Snapshot) -> Iterator[View]:
    """Those that information_schema shows."""
    yield from (view for view in snapshot.views if view.kind == "view")


def _tables(snapshot: Snapshot) -> Iterator[_Row]:
    yield from (_of(table.name) for table in snapshot.tables)


def _shown_tables(snapshot: Snapshot) -> Iterator[_Row]:
    yield from _tables(snapshot)
    yield from (_of(view.name) for view in _views(snapshot))


def _indexes(snapshot: Snapshot) -> Iterator[_Row]:
    for table in snapshot.tables:
        yield from ({Part.NAME: index.name, **_of(table.name)} for index in table.indexes)
    if any(view.indexes for view in snapshot.views):
        raise _UnknownError  # known by their definitions alone


def _triggers(snapshot: Snapshot) -> Iterator[_Row]:
    for table in snapshot.tables:
        for trigger in table.triggers:
            yield {Part.NAME: trigger.name, Part.RELATION: table.name}
    if any(view.triggers for view in snapshot.views):
        raise _UnknownError  # known by their definitions alone


def _policies(snapshot: Snapshot) -> Iterator[_Row]:
    for table in snapshot.tables:
        yield from ({Part.NAME: one.name, **_of(table.name)} for one in table.policies)


def _types(snapshot: Snapshot) -> Iterator[_Row]:
    named = [one.name for one in snapshot.types]
    named += [one.name for one in snapshot.tables]
    named += [one.name for one in snapshot.views]
    yield from ({Part.NAME: name.name} for name in named)


def _relations(snapshot: Snapshot) -> Iterator[_Row]:
    for schema in snapshot.schemas:
        for name in generated_names.relations(snapshot, schema):
            yield {Part.NAME: name}


_ROWS: Mapping[Catalog, Callable[[Snapshot], Iterator[_Row]]] = {
    Catalog.CONSTRAINTS: _constraints,
    Catalog.SHOWN_CONSTRAINTS: _shown_constraints,
    Catalog.COLUMNS: _columns,
    Catalog.SHOWN_COLUMNS: _shown_columns,
    Catalog.RELATIONS: _relations,
    Catalog.TABLES: _tables,
    Catalog.SHOWN_TABLES: _shown_tables,
    Catalog.INDEXES: _indexes,
    Catalog.TRIGGERS: _triggers,
    Catalog.POLICIES: _policies,
    Catalog.TYPES: _types,
}
