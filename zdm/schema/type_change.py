"""What a change of type costs: nothing, its indexes, or the whole table (measured 11-18).

Free of both: wider or unlimited varchar, varchar and text without limit, wider numeric of the
same scale, more precision of time types, cidr to inet, wider varbit, any type to a domain of
it without constraints, and a domain to its type. Arrays are rewritten even where their elements
would not be.
"""

import re
from collections.abc import Iterator
from enum import StrEnum

from zdm.model.schema import Snapshot, Type
from zdm.model.statement import Setting
from zdm.parse import names
from zdm.parse.readers import nulls
from zdm.schema import type_names

TIMES = frozenset(
    {
        "timestamp without time zone",
        "timestamp with time zone",
        "time without time zone",
        "time with time zone",
        "interval",
    }
)
_STAMPS = frozenset({"timestamp without time zone", "timestamp with time zone"})
_UTC = frozenset(
    {"utc", "etc/utc", "gmt", "etc/gmt", "zulu", "etc/zulu", "uct", "etc/uct", "universal", "0"}
)
_FULL_PRECISION = 6
_TEXTS = frozenset({"text", "character varying"})
CITEXT = frozenset({"citext", "public.citext"})
_LIKE_TEXT = _TEXTS | CITEXT
_CODED_ALIKE = ({"integer", "oid"}, {"regclass", "oid"}, {"regclass", "integer"})
_NAMES = """smallint, integer, bigint, real, double precision, numeric, money, boolean, text,
character varying, character, "char", name, bytea, uuid, json, jsonb, jsonpath, xml, date,
time without time zone, time with time zone, timestamp without time zone,
timestamp with time zone, interval, inet, cidr, macaddr, macaddr8, bit, bit varying, point,
line, lseg, box, path, polygon, circle, tsvector, tsquery, oid, regclass, regproc, regtype,
regrole, regnamespace, xid, xid8, tid, pg_lsn, int4range, int8range, numrange, tsrange,
tstzrange, daterange, int4multirange, int8multirange, nummultirange, tsmultirange,
tstzmultirange, datemultirange"""
BUILT_IN = frozenset(name.strip() for name in _NAMES.split(","))
_BASE = re.compile(
    r"CREATE DOMAIN .+? AS (.+?)(?: COLLATE | DEFAULT | NOT NULL| CONSTRAINT |$)", re.DOTALL
)


class Cost(StrEnum):
    """What PostgreSQL has to do for it."""

    FREE = "free"  # the catalog alone
    INDEXES = "indexes"  # builds again the indexes that name the column
    REWRITE = "rewrite"  # rewrites every row and rebuilds every index
    UNKNOWN = "unknown"


def cost(old: str, new: str, snapshot: Snapshot, settings: tuple[Setting, ...] = ()) -> Cost:
    """What it costs; types as format_type prints them."""
    if old == new:
        return Cost.FREE
    if is_constrained(new, snapshot):
        return Cost.REWRITE
    if found(old, snapshot, "domain") is not None:  # its modifiers do not count
        old = type_names.split(base(old, snapshot))[0]
    new = base(new, snapshot)
    if is_free(old, new):
        return Cost.FREE
    (a, was), (b, now) = type_names.split(old), type_names.split(new)
    if {a, b} == _STAMPS and _keeps_precision(was, now):
        return _by_zone(settings)
    if _is_coded_alike(a, b) and not now:
        return Cost.INDEXES
    if is_known(old, snapshot) and is_known(new, snapshot):
        return Cost.REWRITE
    return Cost.UNKNOWN


def _is_coded_alike(old: str, new: str) -> bool:
    """The values are stored alike, but compared or sorted in another way."""
    pair = {old, new}
    return pair in _CODED_ALIKE or pair <= _LIKE_TEXT or (old, new) == ("bit", "bit varying")


def is_free(old: str, new: str) -> bool:
    """The change of type alone needs neither rewrite nor index build."""
    (a, was), (b, now) = type_names.split(old), type_names.split(new)
    if old == new:
        return True
    if a in _TEXTS and b in _TEXTS:
        return not now or (bool(was) and b != "text" and now >= was)
    if a == b == "numeric":
        return not now or (len(was) > 1 and len(now) > 1 and now[1] == was[1] and now >= was)
    if a == b and a in TIMES:
        return _keeps_precision(was, now)
    if a == b == "bit varying":
        return not now or (bool(was) and now >= was)
    if a.startswith("interval ") and b == "interval":
        return _keeps_precision(was, now)
    return (old, new) == ("cidr", "inet")


def rounds_less(old: str, new: str) -> bool:
    """Whether a free change keeps digits that the old type rounded away."""
    (a, was), (_, now) = type_names.split(old), type_names.split(new)
    if a == "numeric":
        return bool(was) and was[1:2] != now[1:2]
    return is_free(old, new) and bool(was) and was != now and a in TIMES


def found(text: str, snapshot: Snapshot, kind: str) -> Type | None:
    """The type of that kind in the Snapshot, by its printed name."""
    return next(
        (
            t
            for t in snapshot.types
            if t.kind == kind and type_names.str_qualified(t.name) == text
        ),
        None,
    )


def base(text: str, snapshot: Snapshot) -> str:
    """The type below domains."""
    under = below(found(text, snapshot, "domain"))
    return text if under is None else base(under, snapshot)


def is_constrained(text: str, snapshot: Snapshot) -> bool:
    """Whether it is a domain with CHECK or NOT NULL, or a domain of one: to add such a column
    rewrites the table (measured 14-18)."""
    domain = found(text, snapshot, "domain")
    under = below(domain)
    constrained = domain is not None and domain.constrained
    return constrained or (under is not None and is_constrained(under, snapshot))


def keeps_collation(said: tuple[str, ...], old: str | None) -> bool:
    """Whether ALTER … TYPE leaves the collation as it is; without COLLATE the column gets the
    type's own."""
    if old is None or not said:
        return old is None and not said
    was = names.qualified(old)
    return said[-1] == was.name and (len(said) == 1 or said[0] == was.schema)


def below(domain: Type | None) -> str | None:
    """The type that a domain is made of."""
    match = _BASE.match(domain.definition) if domain is not None else None
    return None if match is None else match[1]


def is_known(text: str, snapshot: Snapshot) -> bool:
    """Whether it is PostgreSQL's own, or in the Snapshot."""
    name = type_names.split(text.removesuffix("[]"))[0]
    name = "interval" if name.startswith("interval ") else name
    own = {type_names.str_qualified(t.name) for t in snapshot.types}
    return name in BUILT_IN or name in own


def _keeps_precision(was: tuple[int, ...], now: tuple[int, ...]) -> bool:
    return (now or (_FULL_PRECISION,)) >= (was or (_FULL_PRECISION,))


def _by_zone(settings: tuple[Setting, ...]) -> Cost:
    """Where the session's TimeZone is UTC, a value is stored alike with zone and without."""
    zones = [s.value.lower() for s in settings if s.name.lower() == "timezone"]
    if not zones:
        return Cost.UNKNOWN
    return Cost.INDEXES if zones[0] in _UTC else Cost.REWRITE


def domains(kind: str, snapshot: Snapshot) -> Iterator[Type]:
    """The type if it is a domain, and those that it is made of."""
    domain = found(kind, snapshot, "domain")
    while domain is not None:
        yield domain
        under = below(domain)
        domain = None if under is None else found(under, snapshot, "domain")


def domain_default(kind: str, snapshot: Snapshot) -> bool:
    """Whether a column of this type without a default of its own has that of a domain."""
    return any(nulls.of_domain(d.definition)[1] for d in domains(kind, snapshot))
