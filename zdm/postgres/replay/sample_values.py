"""Values that a column may hold: by its type, and by what its checks compare it with.

They are texts that the type reads; the server says which fit. `first` is the number from which
the samples count, so that others can be tried where the author's own rows have the same keys.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice

from msgspec import Struct

from zdm.postgres.replay import matching_text
from zdm.postgres.session.connection import Connection

Value = str | None
STYLES = ("{n}", "user{n}@example.org", "00{n}")  # of texts; a check may want one of them
_MOST = 24  # candidates for one column
_LONGEST = 20  # array
_BY_TYPE: Mapping[str, str] = {
    **dict.fromkeys(("smallint", "integer", "bigint", "numeric", "real", "money"), "{n}"),
    **dict.fromkeys(("double precision", "oid", "xid", "xid8", "regclass", "regtype"), "{n}"),
    "boolean": "true",
    "uuid": "00000000-0000-4000-8000-{n:012d}",
    "date": "{y}-01-0{d}",
    "timestamp": "{y}-01-0{d} 12:00:00",
    "time": "12:00:0{d}",
    "interval": "{d} days",
    "json": '{{"a": {n}}}',
    "jsonb": '{{"a": {n}}}',
    "jsonpath": "$.a{n}",
    "bytea": "\\x0{d}",
    "inet": "10.0.0.{d}",
    "cidr": "10.0.{d}.0/24",
    "macaddr": "08:00:2b:01:02:0{d}",
    "macaddr8": "08:00:2b:01:02:03:04:0{d}",
    "point": "({n},{n})",
    "line": "{{{n},-1,0}}",
    "lseg": "[(0,0),({n},{n})]",
    "box": "({n},{n}),(0,0)",
    "path": "[(0,0),({n},{n})]",
    "polygon": "((0,0),({n},{n}),(0,{n}))",
    "circle": "<(0,0),{n}>",
    "xml": "<a>{n}</a>",
    "tsvector": "word{n}",
    "tsquery": "word{n}",
    "hstore": "a=>{n}",
    "ltree": "a{n}",
    "cube": "({n})",
    "pg_lsn": "0/{d}",
    "tid": "(0,{d})",
}
_TEXTS = frozenset({"text", "character varying", "character", "citext", "name", '"char"'})
_WHOLE = frozenset({"smallint", "integer", "bigint"})
_MEASURED = frozenset({"numeric", "real", "double precision", "money"})
_DAYS = frozenset({"date", "timestamp"})
_MODIFIER = re.compile(r"\((\d+)[^)]*\)")
_SCALE = re.compile(r"^numeric\(\d+,([1-9]\d*)\)$")
_LITERAL = re.compile(r"(?:(!?~~?\*?) )?E?'((?:[^']|'')*)'")
_NUMBER = re.compile(r"(?<![\w.'])-?\d+(?:\.\d+)?(?![\w'])")
_KIND = """
SELECT t.typtype::text,
  CASE t.typtype WHEN 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod)
    WHEN 'r' THEN (SELECT pg_catalog.format_type(r.rngsubtype, NULL)
                   FROM pg_catalog.pg_range AS r WHERE r.rngtypid = t.oid)
    WHEN 'm' THEN (SELECT pg_catalog.format_type(r.rngtypid, NULL)
                   FROM pg_catalog.pg_range AS r WHERE r.rngmultitypid = t.oid) END,
  ARRAY(SELECT e.enumlabel::text FROM pg_catalog.pg_enum AS e
        WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder),
  ARRAY(SELECT pg_catalog.format_type(a.atttypid, a.atttypmod) FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY a.attnum),
  ARRAY(SELECT pg_catalog.pg_get_constraintdef(k.oid) FROM pg_catalog.pg_constraint AS k
        WHERE k.contypid = t.oid)
FROM pg_catalog.pg_type AS t WHERE t.oid = pg_catalog.to_regtype(%s)
"""


class Kind(Struct, frozen=True, kw_only=True):
    """A type of the author's, as the server describes it; `checks` are a domain's."""

    letter: str  # typtype: e, d, c, r, m, b
    base: str
    labels: Sequence[str]
    parts: Sequence[str]
    checks: Sequence[str]


_UNKNOWN = Kind(letter="", base="", labels=(), parts=(), checks=())


@dataclass(slots=True)
class Types:
    """The types of a database, each asked for once."""

    conn: Connection
    known: dict[str, Kind] = field(default_factory=dict)

    def candidates(self, kind: str, n: int, hints: Sequence[str] = ()) -> tuple[str, ...]:
        """Texts for the n-th sample of a type, the plainest first; `hints` are definitions of
        what it must meet."""
        return tuple(islice(dict.fromkeys(self._all(kind, n, hints)), _MOST))

    def _all(self, kind: str, n: int, hints: Sequence[str]) -> Iterator[str]:
        if kind.endswith("[]"):
            yield "{}"
            elements = self._few(kind.removesuffix("[]"), n, hints)
            yield from ("{" + quoted(e) + "}" for e in elements)
            lengths = [int(number) for number in _numbers(hints) if 1 < number <= _LONGEST]
            for length in (length + more for length in lengths for more in (0, 1)):
                yield "{" + ",".join([quoted(elements[0])] * length) + "}"
            return
        name = bare(kind)
        if name in _TEXTS:
            yield from _fitting(_texts(n, hints), kind)
        elif name in ("bit", "bit varying"):
            yield from _bits(kind, n)
        elif name in _BY_TYPE:
            yield from _rounded(_plain(name, n, hints), kind)
        else:
            yield from self._of_author(kind, n, hints)

    def _few(self, kind: str, n: int, hints: Sequence[str] = ()) -> list[str]:
        return list(islice(self._all(kind, n, hints), 6))

    def _of_author(self, kind: str, n: int, hints: Sequence[str]) -> Iterator[str]:
        """Of a type that is none of PostgreSQL's plain ones."""
        found = self.describe(kind)
        match found.letter:
            case "e":
                yield from (
                    found.labels[(n + i) % len(found.labels)] for i in range(len(found.labels))
                )
            case "d":
                yield from self._all(found.base, n, (*hints, *found.checks))
            case "c":
                columns = [self._few(part, n) for part in found.parts]
                yield "(" + ",".join(quoted(one[0]) for one in columns) + ")"
            case "r":
                lower, upper = (self._few(found.base, i)[0] for i in (n, n + 1))
                yield f"[{quoted(lower)},{quoted(upper)})"
            case "m":
                yield "{" + self._few(found.base, n)[0] + "}"
            case _:
                yield from (style.format(n=n) for style in STYLES)

    def describe(self, kind: str) -> Kind:
        """A type as the server describes it."""
        if kind not in self.known:
            row = self.conn.execute(_KIND, [kind]).fetchone()
            self.known[kind] = _UNKNOWN
            if row is not None:
                letter, base, labels, parts, checks = row
                self.known[kind] = Kind(
                    letter=letter, base=base or "", labels=labels, parts=parts, checks=checks
                )
        return self.known[kind]


def bare(kind: str) -> str:
    """A type's name without schema, modifier and time zone."""
    name = re.sub(r"\(.*?\)", "", kind)
    name = name.removesuffix(" with time zone").removesuffix(" without time zone")
    name = "interval" if name.startswith("interval ") else name
    return name.rpartition(".")[2]


def quoted(text: str) -> str:
    """As an element of an array, a composite or a range."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _plain(name: str, n: int, hints: Sequence[str]) -> Iterator[str]:
    """Of one of PostgreSQL's own types: the pattern, then what the checks name."""
    pattern = _BY_TYPE[name]
    numbers = [n, *(i for i in range(1, 10) if i != n)]
    yield _plainest(pattern, n)
    if name == "boolean":
        yield "false"
        return
    if name in _WHOLE | _MEASURED:
        yield from _near(_numbers(hints), n, whole=name in _WHOLE)
    literals = [text for operator, text in _literals(hints) if not operator]
    yield from literals
    if name in _DAYS:
        yield from _days(literals, n)
    if name in ("json", "jsonb") and literals:
        yield json.dumps(dict.fromkeys(literals, n))
    yield from (_plainest(pattern, number) for number in numbers)
    if name in _WHOLE | _MEASURED:
        yield from ("0", f"-{n}")


def _rounded(texts: Iterator[str], kind: str) -> Iterator[str]:
    """Numbers with the digits that a numeric of that scale keeps."""
    found = _SCALE.search(kind)
    for text in texts:
        if found and _NUMBER.fullmatch(text):
            yield f"{Decimal(text):.{found[1]}f}"
        else:
            yield text


def _plainest(pattern: str, n: int) -> str:
    return pattern.format(n=n, d=n % 10, y=2020 + n // 1000)


def _near(numbers: Sequence[float], n: int, *, whole: bool) -> Iterator[str]:
    """Numbers beside those that a check names."""
    for number in numbers:
        steps = (n, 0, -n, n + 1) if whole else (n, 0, -n, 0.1 * n, 0.01 * n)
        yield from (str(int(number + s)) if whole else f"{number + s:.12g}" for s in steps)


def _days(literals: Sequence[str], n: int) -> Iterator[str]:
    """Days beside those that a check names."""
    for text in literals:
        try:
            day = datetime.fromisoformat(text.partition("+")[0])
        except ValueError:
            continue
        for offset in (n, -n):
            yield (day + timedelta(days=offset)).isoformat(" ")


def _texts(n: int, hints: Sequence[str]) -> Iterator[str]:
    yield from (style.format(n=n) for style in STYLES)
    literals = list(_literals(hints))
    equal = [text for operator, text in literals if not operator]
    yield from (equal[(n + i) % len(equal)] for i in range(len(equal)))
    for operator, pattern in literals:
        if operator in ("~~", "~~*"):
            yield matching_text.like(pattern)
        elif operator in ("~", "~*"):
            yield from filter(None, (matching_text.regex(pattern, n),))
    for number in map(int, _numbers(hints)):
        for length in (number, number + 1, number - 1):
            if 0 < length <= 1000:
                yield str(n).rjust(length, "0")[-length:]
                yield chr(96 + n % 26 + 1) * length
    yield from (chr(97 + n % 26), chr(65 + n % 26), "")


def _fitting(texts: Iterator[str], kind: str) -> Iterator[str]:
    """The ends of the texts where the type has a limit."""
    limit = _limit(kind)
    yield from texts if limit is None else (text[-limit:] for text in texts)


def _limit(kind: str) -> int | None:
    found = _MODIFIER.search(kind)
    return int(found[1]) if found is not None else None


def _bits(kind: str, n: int) -> Iterator[str]:
    length = _limit(kind) or (1 if bare(kind) == "bit" else 8)
    yield f"{n:b}".rjust(length, "0")[-length:]


def _literals(hints: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The constants of definitions, with the pattern operator before them."""
    for hint in hints:
        for operator, text in _LITERAL.findall(hint):
            yield operator, text.replace("''", "'")


def _numbers(hints: Sequence[str]) -> list[float]:
    found = [
        number
        for hint in hints
        for number in (*_NUMBER.findall(_LITERAL.sub("", hint)), *_quoted_numbers(hint))
    ]
    return [float(number) for number in dict.fromkeys(found)]


def _quoted_numbers(hint: str) -> Iterator[str]:
    """PostgreSQL prints a negative or large constant as '-1'::integer."""
    return (text for _, text in _LITERAL.findall(hint) if _NUMBER.fullmatch(text))
