"""The values at a type's edges: extremes, NaN and infinities, empty, padded, equal in part.

They are texts that the type may read, and the server says which fit: `values` gives those of
any type of a database, of the author's own domains, enums, arrays, ranges and composites too.
NULL is not among them.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from zdm.postgres.replay.sample_values import Kind, Types, bare, quoted

_MOST = 32  # for one column
_FLOATS = ("0", "-0", "1.5", "-1", "0.1", "1e30", "-1e30", "NaN", "Infinity", "-Infinity")
_TEXTS: tuple[str, ...] = (
    "",
    " ",
    "a",
    "A",
    "a ",
    " a",
    "ä",
    "ß",
    "0",
    "00",
    "1.0",
    "null",
    "NULL",
    "'",
    '"',
)
_TEXTS += ("\\", "%_", "true", "2024-02-29", "{}", "a\nb", "\t", "日本", "x" * 300)
_MOMENTS: tuple[str, ...] = (
    "1970-01-01 00:00:00",
    "2000-02-29 23:59:59.999999",
    "1900-01-01 00:00:00",
)
_MOMENTS += ("2024-03-31 02:30:00", "9999-12-31 23:59:59", "infinity", "-infinity")
_ENDS = ("infinity", "-infinity")
_JSON = ("null", "{}", "[]", "0", "1.0", "1.00", '""', '"a"', '{"a": null}', "[1, [2]]", "true")
_EDGES: Mapping[str, tuple[str, ...]] = {
    "smallint": ("0", "-1", "1", "32767", "-32768"),
    "integer": ("0", "-1", "1", "2147483647", "-2147483648"),
    "bigint": ("0", "-1", "2147483648", "9223372036854775807", "-9223372036854775808"),
    "numeric": ("0", "0.00", "1.0", "1.00", "-1.5", "99999.99", "1e20", "NaN", "Infinity"),
    "real": _FLOATS,
    "double precision": (*_FLOATS, "0.30000000000000004", "1e300"),
    "money": ("0", "-0.01", "92233720368547758.07"),
    "boolean": ("true", "false"),
    "uuid": (
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
    ),
    "date": (
        "1970-01-01",
        "2000-02-29",
        "0001-01-01 BC",
        "9999-12-31",
        *_ENDS,
    ),
    "timestamp": _MOMENTS,
    "time": ("00:00:00", "23:59:59.999999", "24:00:00"),
    "interval": ("0", "1 mon", "30 days", "-1 day", "24 hours", "1 year 2 mons 3.5 secs"),
    "json": (*_JSON, '{"b": 1, "a": 2}', '{"a": 1, "a": 2}', '"\\u0000"'),
    "jsonb": (*_JSON, '{"b": 1, "a": 2}'),
    "bytea": ("\\x", "\\x00", "\\xff00"),
    "inet": ("0.0.0.0/0", "10.0.0.1/8", "::1", "255.255.255.255"),
    "cidr": ("0.0.0.0/0", "10.0.0.0/8", "::/0"),
    "point": ("(0,0)", "(-0,0)", "(NaN,Infinity)"),
    "xml": ("<a/>", "<a></a>"),
    "tsvector": ("", "'a':1 'b':2A"),
    **dict.fromkeys(("text", "character varying", "character", "citext", "name"), _TEXTS),
}


def values(types: Types, kind: str) -> tuple[str, ...]:
    """The edges of a type, as texts."""
    return tuple(islice(dict.fromkeys(_all(types, kind)), _MOST))


def _all(types: Types, kind: str) -> Iterator[str]:
    if kind.endswith("[]"):
        yield from _arrays([*islice(_all(types, kind.removesuffix("[]")), 6)])
    elif bare(kind) in _EDGES:
        yield from _EDGES[bare(kind)]
    else:
        yield from _of_author(types, types.describe(kind))


def _arrays(elements: Sequence[str]) -> Iterator[str]:
    inner = [quoted(text) for text in elements]
    yield from ("{}", "{NULL}")
    yield from ("{" + text + "}" for text in inner)
    if inner:
        yield "{" + ",".join((inner[0], "NULL", inner[-1])) + "}"


def _of_author(types: Types, found: Kind) -> Iterator[str]:
    match found.letter:
        case "e":
            yield from found.labels
        case "d":
            yield from _all(types, found.base)
        case "c":
            yield "(" + "," * (len(found.parts) - 1) + ")"
            columns = [(*islice(_all(types, part), 2), "")[:2] for part in found.parts]
            for pick in (0, -1):
                yield "(" + ",".join(quoted(one[pick]) for one in columns) + ")"
        case "r":
            yield from ("empty", "(,)", "[,)")
        case "m":
            yield from ("{}", "{(,)}")
