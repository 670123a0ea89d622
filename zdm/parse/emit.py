"""The only builder of SQL text: a fixed template, its parts quoted, the result proved.

The final text is parsed by libpg_query and compared as a whole tree with the template's own
tree in which the placeholders are replaced, so a quoting mistake or an injection cannot pass.
An inequality is a bug in zdm, and it is raised as one.
"""

import functools
import itertools
import string
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from zdm.errors import ZdmError
from zdm.model.schema import Name
from zdm.model.sql import MAX_NAME_BYTES, ident, literal
from zdm.parse import libpg_query, trees


class Ident(Struct, frozen=True):
    """One name, unquoted."""

    name: str


class Idents(Struct, frozen=True):
    """Names with commas between."""

    names: tuple[str, ...]


class Qualified(Struct, frozen=True):
    """A schema-qualified name."""

    name: Name


class TypeText(Struct, frozen=True):
    """A type's name as PostgreSQL prints it."""

    text: str


class Expression(Struct, frozen=True):
    """An expression as text, inserted as it is: where an operator could bind to it,
    the caller writes the parentheses."""

    text: str


class Constant(Struct, frozen=True):
    """A string constant."""

    value: str


class Body(Struct, frozen=True):
    """A function's body, in dollar quotes so that a person can read it."""

    text: str


Part = Ident | Idents | Qualified | TypeText | Expression | Constant | Body
_TAG = "zdm"


def sql(template: str, /, **parts: Part) -> str:
    """The template's one statement with its {placeholders} filled in, proved."""
    return _sql(template, tuple(parts.items()))


@functools.lru_cache(maxsize=1024)
def _sql(template: str, given: tuple[tuple[str, Part], ...]) -> str:
    """A recipe writes the same statement as a step, an undo and a probe: proved once."""
    parts = dict(given)
    names = [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]
    if set(names) != set(parts):
        raise ZdmError(f"the template `{template}` and its parts differ: {sorted(parts)}")
    text = template.format(**{name: _text(part) for name, part in parts.items()})
    stand_ins = template.format(**{name: _stand_in(name, part) for name, part in parts.items()})
    try:
        expected = _filled(_template(stand_ins), _holes(parts))
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
            return _dollar_quoted(part.text)


def _dollar_quoted(text: str) -> str:
    """With the first tag that the text does not have: a function's former body may have any."""
    tags = (f"{_TAG}{number or ''}" for number in itertools.count())
    tag = next(tag for tag in tags if f"${tag}" not in text)
    return f"${tag}${text}${tag}$"


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


@functools.lru_cache(maxsize=256)
def _template(stand_ins: str) -> Any:
    """The template's tree, which is read only."""
    return trees.strip(libpg_query.parse(stand_ins.encode()))["stmts"]


class _Holes(Struct, frozen=True):
    """What the stand-ins in a template's tree are to become."""

    strings: dict[str, str]
    types: dict[str, Any]
    expressions: dict[str, Any]


def _holes(parts: Mapping[str, Part]) -> _Holes:
    holes = _Holes({}, {}, {})
    for name, part in parts.items():
        mark = _mark(name)
        match part:
            case Ident(value) | Constant(value) | Body(value):
                holes.strings[mark] = value
            case Idents(names):
                holes.strings.update((_mark(name, f"_{i}"), n) for i, n in enumerate(names))
            case Qualified(value):
                holes.strings.update({_mark(name, "_schema"): value.schema, mark: value.name})
            case TypeText(text):
                holes.types[mark] = trees.strip(trees.type_name(text))
            case Expression(text):
                holes.expressions[mark] = trees.strip(trees.expression(text))
    return holes


def _filled(tree: Any, holes: _Holes) -> Any:
    """The tree with the parts in place of their stand-ins. Array bounds of a type belong to
    the part, not the template."""
    if isinstance(tree, dict):
        expression = holes.expressions and holes.expressions.get(_only_name(tree, "ColumnRef"))
        if expression:
            return expression
        if "typemod" in tree and (found := holes.types.get(_only(tree.get("names")))):
            return found
        # libpg_query leaves an empty string out, but for a constant's own
        return {
            key: value
            for key, old in tree.items()
            if (value := _filled(old, holes)) != "" or key == "sval" or old == ""
        }
    if isinstance(tree, list):
        return [_filled(item, holes) for item in tree]
    return holes.strings.get(tree, tree) if isinstance(tree, str) else tree


def _only_name(tree: dict[str, Any], node: str) -> str:
    return _only(tree[node].get("fields")) if node in tree else ""


def _only(names: Any) -> str:
    """The one name in a list of them."""
    found = trees.strings(names)
    return found[0] if len(found) == 1 else ""
