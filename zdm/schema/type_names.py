"""Type names as format_type prints them, from a TypeName node.

The Snapshot holds format_type's text; the author writes `int`, `varchar(20)`, `timestamptz`.
Read with an empty search_path, types outside pg_catalog carry their schema.
"""

import re

from zdm.model.catalog.indexed import named
from zdm.model.expression import TypeName
from zdm.model.schema import Name, Snapshot
from zdm.model.statement import Setting
from zdm.parse import names

CATALOG = "pg_catalog"
CANONICAL = {
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "int": "integer",
    "float4": "real",
    "float8": "double precision",
    "bool": "boolean",
    "varchar": "character varying",
    "bpchar": "character",
    "decimal": "numeric",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "time": "time without time zone",
    "timetz": "time with time zone",
    "varbit": "bit varying",
    "char": '"char"',
}
SERIAL = {"smallserial": "smallint", "serial": "integer", "bigserial": "bigint"}
SERIAL |= {"serial2": "smallint", "serial4": "integer", "serial8": "bigint"}
_BUILT_IN = (  # pg_catalog is searched first
    CANONICAL.keys()
    | frozenset(
        re.findall(
            r"\w+",
            """bit box bytea cidr circle date inet interval json jsonb line lseg macaddr money
            name numeric oid path point polygon text tsquery tsvector uuid xml""",
        )
    )
) - {"int", "decimal"}
_ONE_BY_DEFAULT = frozenset({"character", "bit"})  # `char` is char(1)
_INTERVAL_FULL = 32767
INTERVAL_FIELDS = {
    4: "year", 2: "month", 8: "day", 1024: "hour", 2048: "minute", 4096: "second",
    6: "year to month", 1032: "day to hour", 3080: "day to minute", 7176: "day to second",
    3072: "hour to minute", 7168: "hour to second", 6144: "minute to second",
}  # fmt: skip


def canonical(
    type_name: TypeName, snapshot: Snapshot, settings: tuple[Setting, ...] = ()
) -> str:
    """The type as format_type prints it; serial types as the integers they mean."""
    dimensions = "[]" * min(1, type_name.dimensions)
    base = _base(type_name.words, snapshot, settings)
    return _with_modifiers(base, type_name) + dimensions


def is_serial(type_name: TypeName) -> bool:
    """serial, bigserial or smallserial."""
    return bool(SERIAL.keys() & {*type_name.words[-1:]})


def is_whole_number(kind: str) -> bool:
    """Whether a column of the type can be an identity."""
    return kind in SERIAL.values()


def path(snapshot: Snapshot, settings: tuple[Setting, ...]) -> tuple[str, ...]:
    """The search_path in force."""
    for setting in settings:
        if setting.name.lower() == "search_path":
            return names.search_path(setting.value)
    return snapshot.search_path


def split(type_text: str) -> tuple[str, tuple[int, ...]]:
    """Name and modifiers: `numeric(10,2)` gives `numeric` and (10, 2)."""
    head, open_, rest = type_text.partition("(")
    if not open_:
        return type_text, ()
    inside, _, tail = rest.partition(")")
    modifiers = tuple(int(part) for part in inside.split(",") if part.strip().isdigit())
    return head + tail, modifiers


def _base(words: tuple[str, ...], snapshot: Snapshot, settings: tuple[Setting, ...]) -> str:
    if not words:
        return ""
    name = words[-1]
    if len(words) > 1 and words[0] != CATALOG:
        return str_qualified(Name(words[0], name))
    if len(words) == 1 and name not in _BUILT_IN:
        for schema in path(snapshot, settings):
            if is_there(snapshot, Name(schema, name)):
                return str_qualified(Name(schema, name))
    return CANONICAL.get(name, SERIAL.get(name, name))


def is_there(snapshot: Snapshot, name: Name) -> bool:
    """Whether a type has the name; a table or a view has a row type."""
    return (
        snapshot.table(name) is not None
        or bool(named(snapshot.types, name))
        or bool(named(snapshot.views, name))
    )


def str_qualified(name: Name) -> str:
    """schema.name, quoted where format_type would quote."""
    return f"{_quoted(name.schema)}.{_quoted(name.name)}"


def _quoted(word: str) -> str:
    plain = word.isascii() and word.replace("_", "a").isalnum() and word == word.lower()
    if plain and not word[:1].isdigit():
        return word
    return '"' + word.replace('"', '""') + '"'


def _with_modifiers(base: str, type_name: TypeName) -> str:
    values = type_name.modifiers
    if base == "interval":
        return _interval(values)
    if not values:
        return f"{base}(1)" if base in _ONE_BY_DEFAULT and type_name.has_modifiers else base
    if base == "numeric" and len(values) == 1:
        values = (values[0], 0)
    head, space, tail = base.partition(" w") if " w" in base else (base, "", "")
    return f"{head}({','.join(map(str, values))}){space}{tail}"


def _interval(values: tuple[int, ...]) -> str:
    if not values:
        return "interval"
    fields = INTERVAL_FIELDS.get(values[0], "") if values[0] != _INTERVAL_FULL else ""
    precision = f"({values[1]})" if len(values) > 1 else ""
    return " ".join(part for part in ("interval", fields) if part) + precision
