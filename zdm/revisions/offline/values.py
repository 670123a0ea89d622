"""Values of plain Python expressions: constants, names of them, and calls of Alembic's `op` and
of SQLAlchemy. Anything else is not plain, and is not run."""

import ast
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

_MODULES = (
    "sqlalchemy",
    "sqlalchemy.dialects",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.schema",
    "sqlalchemy.sql",
    "sqlalchemy.sql.expression",
    "sqlalchemy.types",
)
# which ask a server or the program itself
_OUTSIDE = frozenset(
    {"create_engine", "create_mock_engine", "create_pool_from_url", "engine_from_config"}
    | {"event", "inspect", "get_bind", "get_context", "run_async", "invoke"}
)


class NotPlainError(Exception):
    """The expression is none of these; `args[0]` says why."""


Names = Mapping[str, Any]


def imported(node: ast.Import | ast.ImportFrom) -> dict[str, Any]:
    """The names that an import of SQLAlchemy gives; those of other packages are left out."""
    found: dict[str, Any] = {}
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            module = _module(f"{node.module}")
            value = getattr(module, alias.name, None) if module is not None else None
            value = value if value is not None else _module(f"{node.module}.{alias.name}")
            if _is_allowed(value, alias.name):
                found[alias.asname or alias.name] = value
        elif alias.asname or "." not in alias.name:
            value = _module(alias.name)
            if value is not None:
                found[alias.asname or alias.name] = value
    return found


def _module(name: str) -> ModuleType | None:
    return import_module(name) if name in _MODULES else None


def of(node: ast.expr, names: Names) -> Any:
    """The value; NotPlainError where it is not plain."""
    reader = _READERS.get(type(node))
    if reader is None:
        raise NotPlainError(f"`{shown(node)}` is not a plain value")
    return reader(node, names)


def shown(node: ast.AST) -> str:
    """The code on one line."""
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 60 else f"{text[:60]}…"


def _name(node: Any, names: Names) -> Any:
    if node.id not in names:
        raise NotPlainError(f"the value of `{node.id}` is not known without running it")
    return names[node.id]


def _attribute(node: Any, names: Names) -> Any:
    base = of(node.value, names)
    value = getattr(base, node.attr, None)
    if value is None or not _is_allowed(value, node.attr):
        raise NotPlainError(f"`{shown(node)}` is not known without running it")
    return value


def _is_allowed(value: Any, name: str) -> bool:
    if name.startswith("_") or name in _OUTSIDE or value is None:
        return False
    if isinstance(value, ModuleType):
        return value.__name__ in _MODULES
    return _home(value) in ("sqlalchemy", "alembic", "builtins")


def _home(value: Any) -> str:
    module = getattr(value, "__module__", None) or type(value).__module__
    return str(module).partition(".")[0]


def _call(node: Any, names: Names) -> Any:
    function = of(node.func, names)
    if not callable(function) or _home(function) not in ("sqlalchemy", "alembic"):
        raise NotPlainError(f"`{shown(node.func)}` is not a function of Alembic or SQLAlchemy")
    if any(isinstance(a, ast.Starred) for a in node.args):
        raise NotPlainError(f"the arguments of `{shown(node.func)}` are not written out")
    if any(k.arg is None for k in node.keywords):
        raise NotPlainError(f"the arguments of `{shown(node.func)}` are not written out")
    arguments = [of(argument, names) for argument in node.args]
    by_name = {keyword.arg: of(keyword.value, names) for keyword in node.keywords}
    return called(node, lambda: function(*arguments, **by_name))


def called(node: ast.AST, function: Callable[[], Any]) -> Any:
    """What the call gives; NotPlainError where Alembic or SQLAlchemy refuses it."""
    try:
        return function()
    except (
        *(ArithmeticError, AssertionError, AttributeError, LookupError, NotImplementedError),
        *(TypeError, ValueError, SQLAlchemyError, CommandError),
    ) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise NotPlainError(f"`{shown(node)}` cannot be written as SQL: {reason}") from error


def _joined(node: Any, names: Names) -> str:
    parts = []
    for part in node.values:
        plain = not isinstance(part, ast.FormattedValue)
        if not plain and (part.conversion != -1 or part.format_spec is not None):
            raise NotPlainError(f"`{shown(node)}` is not a plain text")
        value = of(part if plain else part.value, names)
        if not isinstance(value, str | int):
            raise NotPlainError(f"`{shown(node)}` is not a plain text")
        parts.append(str(value))
    return "".join(parts)


def _sum(node: Any, names: Names) -> Any:
    left, right = of(node.left, names), of(node.right, names)
    if isinstance(node.op, ast.Add) and isinstance(left, str) and isinstance(right, str):
        return left + right
    raise NotPlainError(f"`{shown(node)}` is not a plain value")


def _signed(node: Any, names: Names) -> Any:
    value = of(node.operand, names)
    if isinstance(node.op, ast.USub) and isinstance(value, int | float):
        return -value
    if isinstance(node.op, ast.Not) and isinstance(value, bool):
        return not value
    raise NotPlainError(f"`{shown(node)}` is not a plain value")


def _dict(node: Any, names: Names) -> dict[Any, Any]:
    if None in node.keys:
        raise NotPlainError(f"`{shown(node)}` is not written out")
    pairs = zip(node.keys, node.values, strict=True)
    return {of(key, names): of(value, names) for key, value in pairs}


_READERS: Mapping[type, Callable[[Any, Names], Any]] = {
    ast.Constant: lambda node, _: node.value,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Call: _call,
    ast.JoinedStr: _joined,
    ast.BinOp: _sum,
    ast.UnaryOp: _signed,
    ast.Dict: _dict,
    ast.List: lambda node, names: [of(item, names) for item in node.elts],
    ast.Tuple: lambda node, names: tuple(of(item, names) for item in node.elts),
    ast.Set: lambda node, names: {of(item, names) for item in node.elts},
}
