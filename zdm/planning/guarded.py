"""DO blocks that only ask the catalog what is there, as the statements that they would run.

What they ask is answered by the Snapshot as the statements before them leave it. A plan runs
on the schema that it was made for, so the answer holds when it is executed; and a verification
runs the block itself and compares what it leaves. What the Snapshot cannot answer stays a DO
block, which is refused.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from msgspec.structs import replace

from zdm.model.catalog.server_names import OF_SERVER
from zdm.model.schema import Name, Snapshot
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
from zdm.parse.blocks.do_block import Attempt, Choice, Inner, Item, Return
from zdm.planning import catalog_rows
from zdm.planning.catalog_rows import SOME, Row, UnknownError, Value
from zdm.schema import apply, generated_names, lookup, type_names

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


def inner(statement: Statement, schema: Callable[[], Snapshot]) -> tuple[Statement, ...] | None:
    """The statements that a DO block runs on the schema; None for what is no such block."""
    if statement.directives or not statement.sql[:3].upper().startswith("DO"):
        return None
    items = do_block.read(statement.sql)
    if items is None:
        return None
    run = _Run(block=statement, snapshot=schema())
    found: list[Statement] = []
    try:
        for one in run.statements(items):
            if one is None:
                break
            found.append(one)
    except UnknownError:
        return None
    return tuple(found)


def problem(statement: Statement) -> tuple[str, str] | None:
    """Why a block with directives, or one that asks information_schema, is refused, and what
    to do."""
    if not statement.sql[:3].upper().startswith("DO"):
        return None
    if statement.directives or "zdm:" in statement.sql:
        return (
            "this DO block has a directive above it or within it, and a directive is about one"
            " statement: those within a block have none",
            "write the block's statements without DO, each with its directive above it; a plan"
            " is made for one schema, so it needs no condition",
        )
    if "information_schema" in statement.sql:
        return (
            "this DO block asks information_schema and cannot be read with certainty"
            f" (it {unread(statement)}), so its effect is unknown",
            _ASK_OTHERWISE,
        )
    return None


def unread(statement: Statement) -> str:
    """What of a DO block is in the way, in words that follow `it`; empty for others."""
    if not statement.sql[:3].upper().startswith("DO"):
        return ""
    return do_block.unread(statement.sql) or _unanswered(do_block.read(statement.sql) or ())


def _unanswered(items: Iterable[Item]) -> str:
    """Of one that is read: errors that say nothing about names, or questions."""
    passed = {name for one in items if isinstance(one, Attempt) for name in one.passed}
    others = sorted(passed - _REPEATED)
    if others:
        return f"passes over {', '.join(others)}, which zdm cannot foresee"
    return "asks what zdm cannot answer from the schema"


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

    def statements(self, items: Iterable[Item]) -> Iterator[Statement | None]:
        """Those that are run, each on what the ones before it leave; None: RETURN."""
        for item in items:
            match item:
                case Choice(branches=branches):
                    yield from self.statements(self._chosen(branches))
                case Attempt(inner=tried, passed=passed):
                    statement = self._statement(tried)
                    if not self._is_passed(statement, passed):
                        yield self._run(statement)
                case Inner():
                    yield self._run(self._statement(item))
                case Return():
                    yield None

    def _chosen(
        self, branches: Iterable[tuple[Condition | None, tuple[Item, ...]]]
    ) -> tuple[Item, ...]:
        for condition, body in branches:
            if condition is None or self._holds(condition):
                return body
        return ()

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
            raise UnknownError
        condition, there = self._would_repeat(actions[0])
        if there and condition not in passed:
            raise UnknownError
        return there

    def _would_repeat(self, action: Action) -> tuple[str, bool]:
        """How the server says that what the statement makes is there, and whether it is."""
        said, table = action.said, lookup.table_of(self.snapshot, action)
        match said:
            case AddConstraint(constraint=says) if table is not None and says.name:
                if says.kind == "unique" and self._is_relation(table.name, says.name):
                    return "duplicate_table", True
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
        raise UnknownError

    def _is_relation(self, table: Name, name: str) -> bool:
        return name in generated_names.relations(self.snapshot, table.schema)

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
            raise UnknownError
        if asked.catalog is Catalog.NAMED:
            return self._named(asked.wanted[0].text) != (None, False)
        values = [(one.part, self._value(one)) for one in asked.wanted]
        if self._may_be_left_out(asked.catalog, dict(values)):
            raise UnknownError
        rows = catalog_rows.of(asked.catalog, self.snapshot)
        found = (row for row in rows if _is_one(row, values))
        if asked.catalog not in _SHOWN:
            return any(True for _ in found)
        not_owned = self.snapshot.unshown.not_owned
        hidden = False
        for row in found:
            hidden = (row[Part.SCHEMA], row[Part.TABLE]) in not_owned
            if not hidden:
                return True
        if hidden:
            raise UnknownError  # the role may not see it, but the Snapshot does
        return False

    def _may_be_left_out(self, catalog: Catalog, values: Mapping[Part, Value | None]) -> bool:
        """Whether what is asked for may be of the server, zdm or an extension, of whose
        objects the Snapshot has none, or an array type."""
        if any(isinstance(v, str) and v.startswith(("pg_", "_")) for v in values.values()):
            return True
        if Part.RELATION in values or Part.TYPE in values:
            return False
        if catalog is Catalog.SCHEMAS:
            schemas = {schema for schema, _ in self.snapshot.unshown.names}
            of_others = {"information_schema", "zdm", *schemas} - {*self.snapshot.schemas}
            return values.get(Part.NAME) in of_others
        by = Part.TABLE if Part.TABLE in values else Part.NAME
        if by not in values or (by is Part.NAME and catalog in _OF_COLUMNS):
            return True
        return self._is_left_out(values.get(Part.SCHEMA), values[by])

    def _is_left_out(self, schema: Value | None, name: Value | None) -> bool:
        left_out = self.snapshot.unshown.names
        return any(one == name and schema in (None, of) for of, one in left_out) or any(
            name in names and schema in (None, of) for of, names in OF_SERVER.items()
        )

    def _value(self, wanted: Wanted) -> Value | None:
        match wanted.means:
            case Means.TEXT:
                return wanted.text.encode()[:LONGEST].decode(errors="ignore")
            case Means.FIRST_SCHEMA:
                path = type_names.path(self.snapshot, self.block.settings)
                return next((s for s in path if s in self.snapshot.schemas), None)
            case Means.RELATION | Means.PERHAPS_RELATION:
                return self._relation(wanted)
            case Means.TYPE:
                return self._type(wanted.text)
        raise UnknownError

    def _relation(self, wanted: Wanted) -> Name | None:
        table, other = self._named(wanted.text)
        if other or (table is None and wanted.means is Means.RELATION):
            raise UnknownError  # it fails; or it is a view, whose columns may not be known
        return table

    def _named(self, text: str) -> tuple[Name | None, bool]:
        """The table that a text names, and whether it names another relation."""
        try:
            written = names.qualified(text)
        except ValueError as error:
            raise UnknownError from error
        relation = lookup.relation(tuple(filter(None, (written.schema, written.name))))
        name = lookup.found(relation, self.snapshot, self.block.settings)
        if self.snapshot.table(name) is not None:
            return name, False
        if self._is_left_out(written.schema or None, written.name):
            raise UnknownError
        if name.name.startswith("pg_") or name.schema.startswith("pg_"):
            raise UnknownError  # of the server, or temporary
        return None, name.name in generated_names.relations(self.snapshot, name.schema)

    def _type(self, text: str) -> Name:
        try:
            written = names.qualified(text)
        except ValueError as error:
            raise UnknownError from error
        path = type_names.path(self.snapshot, self.block.settings)
        schemas = (written.schema,) if written.schema else path
        named = [Name(schema, written.name) for schema in schemas]
        known = {one.name for one in self.snapshot.types}
        found = next((one for one in named if one in known), None)
        if found is None or self._is_left_out(written.schema or None, written.name):
            raise UnknownError
        return found


def _is_one(row: Row, values: Sequence[tuple[Part, Value | None]]) -> bool:
    """Whether it is a row that is asked for."""
    unknown = [part for part, _ in values if row[part] == SOME]
    if not all(row[part] == value for part, value in values if part not in unknown):
        return False
    if unknown:
        raise UnknownError
    return True


def _place(source: Source, before: str) -> Source:
    """That of a text within a block; in a revision that of the call."""
    if source.revision:
        return source
    line = before.count("\n")
    column = len(before) - before.rfind("\n") if line else source.column + len(before)
    return replace(source, line=source.line + line, column=column)
