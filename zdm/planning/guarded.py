"""DO blocks that only ask the catalog what is there, as the statements that they would run.

What they ask is answered by the Snapshot as the statements before them leave it. A plan runs
on the schema that it was made for, so the answer holds when it is executed; and a verification
runs the block itself and compares what it leaves. What the Snapshot cannot answer stays a DO
block, which is refused.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from zdm.model.schema import Name, Snapshot, Table
from zdm.model.statement import Action, Source, Statement
from zdm.model.syntax import AddColumn, AddConstraint, CreateObject, CreateTable
from zdm.parse import facts, names
from zdm.parse.blocks import do_block
from zdm.parse.blocks.condition import Condition, Exists, Means, Wanted
from zdm.parse.blocks.do_block import Attempt, Choice, Inner, Item
from zdm.schema import apply, generated_names, lookup, type_names

_Value = str | Name
_Row = Mapping[str, _Value]


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


def idle(statements: Iterable[Statement], actions: Sequence[Action]) -> Iterator[str]:
    """A line for each DO block that does nothing on this schema."""
    for statement in statements:
        if statement.sql[:3].upper().startswith("DO") and not any(
            _is_within(action.statement, statement) for action in actions
        ):
            yield (
                f"{statement.source}: what this DO block asks of the catalog is such that it"
                " does nothing"
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
        if len(actions) != 1 or self.snapshot.opaque:
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
                return "duplicate_object", table.constraint(says.name) is not None
            case AddColumn(column=column) if table is not None and not table.opaque:
                return "duplicate_column", table.column(column.name) is not None
            case CreateTable() if getattr(action.fact, "table", None) is not None:
                return "duplicate_table", table is not None
            case CreateObject(kind="enum" | "domain" | "composite" | "range", words=words):
                made = lookup.relation(words)
                name = lookup.made(made, self.snapshot, self.block.settings)
                return "duplicate_object", type_names.is_there(self.snapshot, name)
        raise _UnknownError

    def _holds(self, condition: Condition) -> bool:
        if isinstance(condition, Exists):
            return self._exists(condition)
        parts = [self._holds(part) for part in condition.parts]
        match condition.operator:
            case "NOT_EXPR":
                return not parts[0]
            case "AND_EXPR":
                return all(parts)
        return any(parts)

    def _exists(self, asked: Exists) -> bool:
        rows = _CATALOGS.get((asked.schema or "pg_catalog", asked.catalog))
        if rows is None or self.snapshot.opaque:
            raise _UnknownError
        values = [(one.column, self._value(one)) for one in asked.wanted]
        if any(isinstance(v, str) and v.startswith("pg_") for _, v in values):
            raise _UnknownError  # of PostgreSQL's own
        return any(
            all(_column(row, column) == value for column, value in values)
            for row in rows(self.snapshot)
        )

    def _value(self, wanted: Wanted) -> _Value | None:
        match wanted.means:
            case Means.TEXT:
                return wanted.text
            case Means.FIRST_SCHEMA:
                path = type_names.path(self.snapshot, self.block.settings)
                return next((s for s in path if s in self.snapshot.schemas), None)
            case Means.RELATION | Means.PERHAPS_RELATION:
                return self._relation(wanted)
        raise _UnknownError

    def _relation(self, wanted: Wanted) -> Name | None:
        written = names.qualified(wanted.text)
        relation = lookup.relation(tuple(filter(None, (written.schema, written.name))))
        name = lookup.found(relation, self.snapshot, self.block.settings)
        if self.snapshot.table(name) is not None:
            return name
        taken = generated_names.relations(self.snapshot, name.schema)
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


def _column(row: _Row, column: str) -> _Value:
    if column not in row:
        raise _UnknownError
    return row[column]


def _constraints(snapshot: Snapshot) -> Iterator[_Row]:
    if any(one.constrained for one in snapshot.types):
        raise _UnknownError  # the names of constraints of domains
    for table in snapshot.tables:
        for one in table.constraints:
            yield {"conname": one.name, "conrelid": table.name}
        for trigger in table.triggers:
            if trigger.definition.upper().startswith("CREATE CONSTRAINT"):
                yield {"conname": trigger.name, "conrelid": table.name}


def _table_constraints(snapshot: Snapshot) -> Iterator[_Row]:
    for table in snapshot.tables:
        for one in table.constraints:
            if one.kind in ("check", "unique", "primary key", "foreign key"):
                yield {"constraint_name": one.name, **_of(table)}


def _of(table: Table) -> _Row:
    return {"table_schema": table.name.schema, "table_name": table.name.name}


def _columns(snapshot: Snapshot) -> Iterator[_Row]:
    for table in snapshot.tables:
        if table.opaque:
            raise _UnknownError
        for column in table.columns:
            yield {"column_name": column.name, **_of(table)}
    for view in snapshot.views:
        if view.kind == "view":
            if not view.columns:
                raise _UnknownError
            for name in view.columns:
                yield {
                    "column_name": name,
                    "table_schema": view.name.schema,
                    "table_name": view.name.name,
                }


def _tables(snapshot: Snapshot) -> Iterator[_Row]:
    yield from (_of(table) for table in snapshot.tables)
    for view in snapshot.views:
        if view.kind == "view":
            yield {"table_schema": view.name.schema, "table_name": view.name.name}


def _pg_tables(snapshot: Snapshot) -> Iterator[_Row]:
    for table in snapshot.tables:
        yield {"schemaname": table.name.schema, "tablename": table.name.name}


def _attributes(snapshot: Snapshot) -> Iterator[_Row]:
    for table in snapshot.tables:
        if table.opaque:
            raise _UnknownError
        for name in (*_SYSTEM, *(column.name for column in table.columns)):
            yield {"attrelid": table.name, "attname": name}


_SYSTEM = ("ctid", "xmin", "xmax", "cmin", "cmax", "tableoid")


def _indexes(snapshot: Snapshot) -> Iterator[_Row]:
    for table in snapshot.tables:
        for index in table.indexes:
            yield {
                "schemaname": table.name.schema,
                "tablename": table.name.name,
                "indexname": index.name,
            }


def _types(snapshot: Snapshot) -> Iterator[_Row]:
    named = [one.name for one in snapshot.types]
    named += [one.name for one in snapshot.tables]
    named += [one.name for one in snapshot.views]
    yield from ({"typname": name.name} for name in named)


def _triggers(snapshot: Snapshot) -> Iterator[_Row]:
    for table in snapshot.tables:
        for trigger in table.triggers:
            yield {"tgname": trigger.name, "tgrelid": table.name}


def _policies(snapshot: Snapshot) -> Iterator[_Row]:
    for table in snapshot.tables:
        for policy in table.policies:
            yield {
                "schemaname": table.name.schema,
                "tablename": table.name.name,
                "policyname": policy.name,
            }


def _relations(snapshot: Snapshot) -> Iterator[_Row]:
    for schema in snapshot.schemas:
        for name in generated_names.relations(snapshot, schema):
            yield {"relname": name}


_CATALOGS: Mapping[tuple[str, str], Callable[[Snapshot], Iterator[_Row]]] = {
    ("pg_catalog", "pg_constraint"): _constraints,
    ("pg_catalog", "pg_attribute"): _attributes,
    ("pg_catalog", "pg_class"): _relations,
    ("pg_catalog", "pg_indexes"): _indexes,
    ("pg_catalog", "pg_tables"): _pg_tables,
    ("pg_catalog", "pg_trigger"): _triggers,
    ("pg_catalog", "pg_policies"): _policies,
    ("pg_catalog", "pg_type"): _types,
    ("information_schema", "table_constraints"): _table_constraints,
    ("information_schema", "columns"): _columns,
    ("information_schema", "tables"): _tables,
}
