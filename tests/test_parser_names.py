"""Only `zdm.parse` knows how libpg_query spells things: a new version touches one package."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted(
    path
    for path in (ROOT / "zdm").rglob("*.py")
    if not path.is_relative_to(ROOT / "zdm" / "parse")
)
# Fields of the parser whose names are words of English, of SQL or of libpq as well.
WORDS = frozenset(
    re.findall(
        r"\w+",
        """action all args base boolean collation columns comment compression context
        conninfo constraint constraints database dbname definition end event events
        format functions generated identity inout integer is_not_null items key keys kind label
        list location name names namespaces number object oid op options output owner path
        plan primary provider publication query relation relations replace result role
        sequence source start storage string subquery table tables token type unique
        user value values version view xmloption""",
    )
)
DESCRIBED = importlib.import_module("postgast.pg_query_pb2").DESCRIPTOR  # its stub is broken
KEYWORDS = DESCRIBED.enum_types_by_name["Token"]


def parser_names() -> frozenset[str]:
    """Names of nodes, enum values and fields, but SQL's own keywords and plain words."""
    names = {*DESCRIBED.message_types_by_name, *DESCRIBED.enum_types_by_name}
    for enum in DESCRIBED.enum_types_by_name.values():
        names |= {value.name for value in enum.values if enum is not KEYWORDS}
    for message in DESCRIBED.message_types_by_name.values():
        names |= {n for field in message.fields for n in (field.name, field.json_name)}
    return frozenset(names - WORDS - {value.name for value in KEYWORDS.values})


NAMES = parser_names()


def spelled(source: str) -> Iterator[tuple[int, str]]:
    """Lines of strings that are a name of the parser's, and of accesses to a tree."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and node.value in NAMES:
            yield node.lineno, str(node.value)
        if isinstance(node, ast.Attribute) and node.attr in {"tree", "node"}:
            yield node.lineno, f".{node.attr}"


def test_the_parser_has_names_to_look_for() -> None:
    assert {"IndexStmt", "AT_AddColumn", "CONSTR_CHECK", "relname", "contype"} <= NAMES


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("a = action.said", []),
        ("a = x['relname']", ["relname"]),
        ("a = kind == 'CONSTR_CHECK'", ["CONSTR_CHECK"]),
        ("a = action.tree.get('name')", [".tree"]),
    ],
)
def test_a_planted_name_is_found(source: str, found: list[str]) -> None:
    assert [name for _, name in spelled(source)] == found


def test_no_name_of_the_parser_is_used_outside_of_it() -> None:
    found = {str(m.relative_to(ROOT)): list(spelled(m.read_text())) for m in MODULES}

    assert {module: names for module, names in found.items() if names} == {}
