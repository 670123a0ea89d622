"""The only builder of SQL text: a fixed template, its parts quoted, the result proved.

The final text is parsed by libpg_query and compared as a whole tree with the template's own
tree in which the placeholders are replaced, so a quoting mistake or an injection cannot pass.
An inequality is a bug in zdm, and it is raised as one.
"""

import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zdm.errors import ZdmError
from zdm.model.schema import Name
from zdm.model.sql import MAX_NAME_BYTES, ident, literal
from zdm.parse import libpg_query, trees


@dataclass(frozen=True, slots=True)
class Ident:
    """One name, unquoted."""

    name: str


@dataclass(frozen=True, slots=True)
class Idents:
    """Names with commas between."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Qualified:
    """A schema-qualified name."""

    name: Name


@dataclass(frozen=True, slots=True)
class TypeText:
    """A type's name as PostgreSQL prints it."""

    text: str


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression as text, inserted as it is: where an operator could bind to it,
    the caller writes the parentheses."""

    text: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A string constant."""

    value: str


@dataclass(frozen=True, slots=True)
class Body:
    """A function's body, in dollar quotes so that a person can read it."""

    text: str


Part = Ident | Idents | Qualified | TypeText | Expression | Constant | Body
_QUOTES = "$zdm$"


def sql(template: str, /, **parts: Part) -> str:
    """The template's one statement with its {placeholders} filled in, proved."""
    names = [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]
    if set(names) != set(parts):
        raise ZdmError(f"the template `{template}` and its parts differ: {sorted(parts)}")
    text = template.format(**{name: _text(part) for name, part in parts.items()})
    stand_ins = template.format(**{name: _stand_in(name, part) for name, part in parts.items()})
    try:
        expected = trees.strip(libpg_query.parse(stand_ins.encode()))["stmts"]
        for name, part in parts.items():
            expected = _replace(expected, name, part)
        written = trees.strip(libpg_query.parse(text.encode()))["stmts"]
    except libpg_query.NotSqlError as error:
        raise ZdmError(
            f"zdm built a statement that cannot be read ({error}): {text}"
        ) from error
    if len(written) != 1 or written != expected:
        raise ZdmError(f"zdm built a statement that does not say what was meant: {text}")
    return text


def _text(part: Part) -> str:
    match part:
        case Ident():
            return ident(_fits(part.name))
        case Idents():
            return ", ".join(ident(_fits(name)) for name in part.names)
        case Qualified():
            return ident(_fits(part.name.schema), _fits(part.name.name))
        case TypeText() | Expression():
            return part.text
        case Constant():
            return literal(part.value)
        case Body():
            return f"{_QUOTES}{part.text}{_QUOTES}"


def _fits(name: str) -> str:
    if len(name.encode()) > MAX_NAME_BYTES:
        raise ZdmError(f"the name `{name}` is longer than PostgreSQL's {MAX_NAME_BYTES} bytes")
    return name


def _mark(name: str, suffix: str = "") -> str:
    return f"zdm_placeholder_{name.lower()}{suffix}"


def _stand_in(name: str, part: Part) -> str:
    match part:
        case Ident() | TypeText() | Expression():
            return _mark(name)
        case Idents():
            return ", ".join(_mark(name, f"_{i}") for i in range(len(part.names)))
        case Qualified():
            schema = _mark(name, "_schema") + "." if part.name.schema else ""
            return schema + _mark(name)
        case Constant() | Body():
            return f"'{_mark(name)}'"


def _replace(tree: Any, name: str, part: Part) -> Any:
    match part:
        case Ident():
            return _strings(tree, {_mark(name): part.name})
        case Idents():
            marks = {_mark(name, f"_{i}"): value for i, value in enumerate(part.names)}
            return _strings(tree, marks)
        case Qualified():
            marks = {_mark(name, "_schema"): part.name.schema, _mark(name): part.name.name}
            return _strings(tree, marks)
        case Constant():
            return _strings(tree, {_mark(name): part.value})
        case Body():
            return _strings(tree, {_mark(name): part.text})
        case TypeText():
            return _type(tree, _mark(name), trees.strip(trees.type_name(part.text)))
        case Expression():
            return _expression(tree, _mark(name), trees.strip(trees.expression(part.text)))


def _strings(tree: Any, values: Mapping[str, str]) -> Any:
    match tree:
        case Mapping():
            edited = {key: _strings(value, values) for key, value in tree.items()}
            # libpg_query leaves an empty string out, but for a constant's own
            return {k: v for k, v in edited.items() if v != "" or k == "sval" or tree[k] == ""}
        case list():
            return [_strings(item, values) for item in tree]
        case str():
            return values.get(tree, tree)
        case _:
            return tree


def _type(tree: Any, mark: str, node: Mapping[str, Any]) -> Any:
    """Replace the type of that name; array bounds belong to the part, not the template."""
    match tree:
        case Mapping():
            if trees.strings(tree.get("names")) == (mark,) and "typemod" in tree:
                return node
            return {key: _type(value, mark, node) for key, value in tree.items()}
        case list():
            return [_type(item, mark, node) for item in tree]
        case _:
            return tree


def _expression(tree: Any, mark: str, node: Mapping[str, Any]) -> Any:
    match tree:
        case Mapping():
            if "ColumnRef" in tree and trees.strings(tree["ColumnRef"].get("fields")) == (
                mark,
            ):
                return node
            return {key: _expression(value, mark, node) for key, value in tree.items()}
        case list():
            return [_expression(item, mark, node) for item in tree]
        case _:
            return tree
