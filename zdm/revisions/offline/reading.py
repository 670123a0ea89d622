"""The SQL of a revision's `upgrade()`, each statement on the line of its `op` call.

Alembic itself writes the SQL, as for `alembic upgrade --sql`. Only calls with plain arguments
are made; what is not plain becomes a DO block, which no reader of SQL counts as safe.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from msgspec import Struct
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql.named_types import CreateEnumType, DropEnumType

from zdm.parse import libpg_query
from zdm.revisions import python_comments
from zdm.revisions.offline import module, values
from zdm.revisions.offline.history import Script
from zdm.revisions.offline.module import root
from zdm.revisions.offline.values import NotPlainError

_QUOTED = re.compile(r"""('(?:[^']|'')*'|"(?:[^"]|"")*")""")
_HARD = re.compile(r"--|/\*|\$|\\")  # comments and other quotes
_IGNORE = "zdm: ignore"
_HEAD, _HEAD_LINE = "-- +goose NO TRANSACTION", 2  # below a comment in the first line
_QUOTE = "$zdm$"


class Read(Struct, frozen=True, kw_only=True):
    """The text, and by its line why something on it is not known."""

    sql: str
    unread: dict[int, str]


def read(script: Script) -> Read:
    """The SQL that Alembic sends in one transaction, with `autocommit_block` outside of it."""
    output = _Output()
    options = {"as_sql": True, "output_buffer": output, "literal_binds": True}
    context = MigrationContext.configure(dialect_name="postgresql", opts=options)
    context.impl.command_terminator = "\n;"  # a comment may be at the end of a text
    page = _Page()
    reader = _Reader(output=output, op=Operations(context), page=page)
    reader.module(script.code)
    for comment in python_comments.comments(script.text):
        if comment.text.strip().lower().startswith(_IGNORE):
            page.comment(comment.line, comment.text)
    return Read(sql=page.text(), unread=page.unread)


@dataclass(slots=True)
class _Output:
    """What Alembic writes, one text for each call of the driver."""

    texts: list[str] = field(default_factory=list)

    def write(self, text: str) -> None:
        """One call more."""
        self.texts.append(text.strip())

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self) -> list[str]:
        """What was written since the last time."""
        texts, self.texts = self.texts, []
        return texts


@dataclass(slots=True, kw_only=True)
class _Page:
    """Lines of SQL; a text comes on its line, or below what is there already."""

    lines: dict[int, str] = field(default_factory=dict)
    unread: dict[int, str] = field(default_factory=dict)
    line: int = _HEAD_LINE  # the last that is written

    def put(self, line: int, text: str) -> int:
        start = max(line, self.line)
        for offset, part in enumerate(_on_one_line(text).split("\n")):
            self.line = start + offset
            there = self.lines.get(self.line, "")
            self.lines[self.line] = f"{there} {part}" if there else part
        return start

    def put_unread(self, line: int, why: str, node: ast.AST | None) -> None:
        """A DO block with the code, which the baseline knows it by."""
        code = "" if node is None else " ".join(ast.unparse(node).split())
        body = code.replace(_QUOTE, "$ zdm $")
        self.unread[self.put(line, f"DO {_QUOTE} {body} {_QUOTE};")] = why

    def comment(self, line: int, text: str) -> None:
        if line not in self.lines and not (line == 1 and _HEAD_LINE in self.lines):
            self.lines[line] = f"--{text}"

    def text(self) -> str:
        """With the comment by which no transaction but those written out is there."""
        head = 1 if 1 not in self.lines else _HEAD_LINE
        lines = {**self.lines, head: _HEAD}
        return "\n".join([*(lines.get(n, "") for n in range(1, max(lines) + 1)), ""])


@dataclass(slots=True, kw_only=True)
class _Reader:
    output: _Output
    op: Operations
    page: _Page
    imported: dict[str, Any] = field(default_factory=dict)
    op_names: set[str] = field(default_factory=lambda: {"alembic"})
    names: dict[str, Any] = field(default_factory=dict)
    contexts: set[str] = field(default_factory=set)  # names of the MigrationContext
    connections: set[str] = field(default_factory=set)  # and of the connection
    outside: bool = False  # of the transaction

    def module(self, tree: ast.Module) -> None:
        """What its upgrade() does, with the values that names have once it is loaded."""
        acting = [(node, why) for node in tree.body if (why := self._loaded(node))]
        upgrade, why = module.upgrade(tree)
        line = 1 if upgrade is None else upgrade.lineno
        for node, reason in acting:
            if node.lineno < line:
                self.page.put_unread(node.lineno, reason, node)
        self.page.put(line, "BEGIN;")
        if why or not isinstance(upgrade, ast.FunctionDef):
            self.page.put_unread(line, why, upgrade)
        else:
            self._body(upgrade.body)
        self.page.put(self.page.line, "COMMIT;")
        for node, reason in acting:
            if node.lineno >= line:
                self.page.put_unread(node.lineno, reason, node)

    def _loaded(self, node: ast.stmt) -> str:
        """Learn the names of a statement of the module; why it may change a database."""
        if isinstance(node, ast.Import | ast.ImportFrom):
            self.imported |= values.imported(node)
            self.imported |= {name: self.op for name in _names_of_op(node)}
            self.op_names |= {*_names_of_op(node), *_names_of_op(node, "context")}
            return ""
        acts = module.acts(node, self.op_names)
        if not acts:
            self._module_level(node)
        else:
            self._forget(node)
        return acts

    def _module_level(self, node: ast.stmt) -> None:
        """A constant that upgrade() may use; what else it is changes no database."""
        if not isinstance(node, ast.Assign | ast.AnnAssign):
            self._forget(node)
            return
        try:
            self._assign(node)
        except NotPlainError:
            self._forget(node)

    def _body(self, body: list[ast.stmt]) -> None:
        for node in body:
            try:
                self._statement(node)
            except NotPlainError as error:
                self.output.taken()
                self._forget(node)
                self.page.put_unread(node.lineno, str(error), node)

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Pass() | ast.Expr(value=ast.Constant()):
                return
            case ast.Assign() | ast.AnnAssign():
                self._assign(node)
            case ast.Expr(
                value=ast.Call(func=ast.Attribute(value=of, attr="create" | "drop"), args=[to])
            ) if self._is_connection(to):
                self._type(of, node.value)
            case ast.Expr(value=ast.Call() as call):
                self._value(call)
            case ast.With(items=[item]):
                self._with(node, item)
            case ast.For(iter=ast.List() | ast.Tuple() | ast.Name(), orelse=[]):
                self._for(node)
            case _:
                self._body(self._chosen(node))
        self._write(node.lineno)

    def _forget(self, node: ast.stmt) -> None:
        """What the statement names may have another value after it."""
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self.imported.pop(node.name, None)
            self.names.pop(node.name, None)
            return
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                self._lose(part.id)
            elif isinstance(part, ast.Name):
                self.names.pop(part.id, None)

    def _lose(self, name: str) -> None:
        self.names.pop(name, None)
        self.contexts.discard(name)
        self.connections.discard(name)

    def _value(self, node: ast.expr) -> Any:
        return values.of(node, {**self.imported, **self.names})

    def _assign(self, node: ast.Assign | ast.AnnAssign) -> None:
        """A name whose value is not plain is not known from here on."""
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        named = [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)]
        for name in named:
            self._lose(name)
        if len(named) == len(targets) and self._is_context(node.value):
            self.contexts |= set(named)
            return
        if len(named) == len(targets) and self._is_connection(node.value):
            self.connections |= set(named)
            return
        try:
            value = None if node.value is None else self._value(node.value)
        except NotPlainError:
            if _may_act(node.value):
                raise
            return
        if len(targets) == 1 and isinstance(targets[0], ast.Name):
            self.names[named[0]] = value

    def _with(self, node: ast.With, item: ast.withitem) -> None:
        call = item.context_expr
        if self._is_autocommit(call):
            self._write(node.lineno, "COMMIT;")
            self.outside = True
            self._body(node.body)
            self.outside = False
            self._write(node.body[-1].end_lineno or node.lineno, "BEGIN;")
            return
        if not isinstance(call, ast.Call) or ast.unparse(call.func) != "op.batch_alter_table":
            raise NotPlainError(f"`with {values.shown(call)}` depends on what runs")
        manager = self._value(call)
        inside = values.called(call, manager.__enter__)
        if isinstance(item.optional_vars, ast.Name):
            self.names[item.optional_vars.id] = inside
        for one in node.body:  # all of it or nothing
            self._statement(one)
        values.called(call, lambda: manager.__exit__(None, None, None))

    def _type(self, node: ast.expr, call: ast.expr) -> None:
        """`Enum.create(op.get_bind())`, whose SQL does not depend on what the server says."""
        value = self._value(node)
        if not isinstance(value, sqlalchemy.Enum) or not value.name:
            raise NotPlainError(f"`{values.shown(call)}` depends on what runs")
        dialect = self.op.get_context().dialect
        impl = value.dialect_impl(dialect)
        if not isinstance(impl, postgresql.ENUM):
            raise NotPlainError(f"`{values.shown(call)}` makes no type")
        creates = isinstance(call, ast.Call) and ast.unparse(call.func).endswith(".create")
        made = CreateEnumType(impl) if creates else DropEnumType(impl)
        self._write(call.lineno, f"{made.compile(dialect=dialect)};")

    def _chosen(self, node: ast.stmt) -> list[ast.stmt]:
        """What runs of an `if` that asks for the dialect, which is PostgreSQL's."""
        match node:
            case ast.If(
                test=ast.Compare(
                    left=ast.Attribute(
                        value=ast.Attribute(value=of, attr="dialect"), attr="name"
                    ),
                    ops=[ast.Eq() | ast.NotEq() as asked],
                    comparators=[ast.Constant(value=str() as name)],
                )
            ) if self._is_connection(of) or self._is_context(of):
                holds = (name == self.op.get_context().dialect.name) is isinstance(
                    asked, ast.Eq
                )
                return node.body if holds else node.orelse
        raise NotPlainError(f"`{values.shown(node)}` depends on what runs")

    def _is_connection(self, node: ast.expr | None) -> bool:
        match node:
            case ast.Name(id=name):
                return name in self.connections
            case ast.Call(func=ast.Attribute(value=of, attr="get_bind"), args=[]):
                return root(of) in self.op_names
        return False

    def _is_autocommit(self, call: ast.expr) -> bool:
        match call:
            case ast.Call(func=ast.Attribute(value=of, attr="autocommit_block")):
                return self._is_context(of)
        return False

    def _is_context(self, node: ast.expr | None) -> bool:
        """Whether it is the MigrationContext: the call that gives it, or a name of it."""
        match node:
            case ast.Name(id=name):
                return name in self.contexts
            case ast.Call(func=ast.Attribute(value=of, attr="get_context"), args=[]):
                return root(of) in self.op_names
        return False

    def _for(self, node: ast.For) -> None:
        """A loop over values that are written out, here or where their name is given."""
        rounds = self._value(node.iter)
        if not isinstance(rounds, list | tuple) or _leaves(node):
            raise NotPlainError(f"`{values.shown(node)}` depends on what runs")
        for value in tuple(rounds):
            self.names |= dict(_unpacked(node.target, value))
            self._body(node.body)

    def _write(self, line: int, text: str = "") -> None:
        sent = self.output.taken()
        if self.outside:
            sent = [_in_its_transaction(one) for one in sent]
        for part in filter(None, ("\n\n".join(sent), text)):
            self.page.put(line, part)


def _in_its_transaction(text: str) -> str:
    """The server runs several statements of one text in one transaction, unless they say where
    it begins or ends."""
    try:
        found = libpg_query.statements(text.encode())
    except libpg_query.NotSqlError:
        return text
    says = any(libpg_query.bounds_a_transaction(one) for one in found)
    return text if says or len(found) < 2 else f"BEGIN;\n{text}\nCOMMIT;"


def _on_one_line(text: str) -> str:
    """Without the line breaks between words; those inside of quotes are left."""
    if _HARD.search(text):
        return text
    parts = _QUOTED.split(text)
    return "".join(p if n % 2 else " ".join(p.split("\n")) for n, p in enumerate(parts))


def _names_of_op(node: ast.Import | ast.ImportFrom, what: str = "op") -> Iterator[str]:
    if isinstance(node, ast.ImportFrom) and node.module == "alembic":
        yield from (alias.asname or what for alias in node.names if alias.name == what)


def _leaves(node: ast.For) -> bool:
    """Whether a round may end early."""
    return any(isinstance(part, ast.Break | ast.Continue) for part in ast.walk(node))


def _unpacked(target: ast.expr, value: Any) -> Iterator[tuple[str, Any]]:
    """The names of a loop with their values."""
    match target:
        case ast.Name(id=name):
            yield name, value
        case ast.Tuple(elts=parts) | ast.List(elts=parts) if isinstance(
            value, list | tuple
        ) and len(value) == len(parts):
            for part, one in zip(parts, value, strict=True):
                yield from _unpacked(part, one)
        case _:
            raise NotPlainError(f"`{ast.unparse(target)}` takes a value that is not known")


def _may_act(value: ast.expr | None) -> bool:
    """Whether it calls something."""
    return value is not None and any(
        isinstance(node, ast.Call | ast.Await) for node in ast.walk(value)
    )
