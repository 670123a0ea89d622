"""What a rebuilt schema does not have of the one it was made from, by kind and name.

Some objects only a superuser may make, or need what the throwaway server has not, and what
depends on them fails as well. They are left out, and the rest of the schema serves every plan
that does not touch them.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.catalog.database import Other
from zdm.model.fields import declared
from zdm.model.fields.declared import ESTIMATE, PRINTED
from zdm.model.schema import Name, Snapshot
from zdm.serialize import codec, snapshot_file

# kinds whose names a statement would have to mention to use them
_MENTIONED = frozenset(
    {
        "table", "partitioned table", "foreign table", "view", "materialized view", "sequence",
        "type", "function", "operator", "collation", "conversion", "text search configuration",
        "text search dictionary", "server", "publication", "extension",
    }
)  # fmt: skip
WRAPPER = "foreign-data wrapper"  # servers are made with one that has no handler
SUPERUSER = "only a superuser may make it"
UNSTABLE = "PostgreSQL prints its definition differently each time that it reads it"
_WHY: Mapping[str, str] = {
    "subscription": "it would connect to its publisher",
    "user mapping": "it may hold a password",
    "default acl": "it does not change objects that are there",
}
_LISTS = (
    ("type", "types"),
    ("sequence", "sequences"),
    ("function", "functions"),
    ("table", "tables"),
    ("view", "views"),
    ("publication", "publications"),
    ("server", "servers"),
    ("other", "others"),
    ("extension", "extensions"),
)


class LeftOut(Struct, frozen=True, kw_only=True):
    """An object that is not there, or not as it was, and why."""

    kind: str
    name: str
    reason: str
    relation: Name | None = None  # the table or view that is not there, or not complete

    @property
    def word(self) -> str | None:
        """What a statement that uses it has to mention; None where nothing is known."""
        if self.kind not in _MENTIONED:
            return None
        bare = self.relation.name if self.relation else _last(self.name.partition("(")[0])
        return bare.partition(" ")[0] or None


def _last(name: str) -> str:
    """The last part of a qualified name, unquoted."""
    if name.endswith('"'):
        return name[:-1].rpartition('"')[2]
    return name.rpartition(".")[2]


def never_made(snapshot: Snapshot) -> Iterator[LeftOut]:
    """Objects of kinds that no rebuild makes."""
    for other in (*snapshot.others, *snapshot.rights):
        if not other.definition and other.kind not in ("schema", WRAPPER):
            reason = _WHY.get(other.kind, SUPERUSER)
            yield LeftOut(kind=other.kind, name=other.name, reason=reason)


class Comparison(Struct, frozen=True, kw_only=True):
    """What a schema that was made lacks, has differently, has in other words, or has more."""

    different: tuple[LeftOut, ...]
    reworded: tuple[LeftOut, ...]  # only definitions are printed differently
    surplus: tuple[str, ...]


def compare(wanted: Snapshot, made: Snapshot, missing: tuple[LeftOut, ...]) -> Comparison:
    """Object by object; `missing` are known not to be there."""
    if missing:
        wanted, made = _without_links(wanted), _without_links(made)
    if snapshot_file.fingerprint(wanted) == snapshot_file.fingerprint(made):
        return Comparison(different=(), reworded=(), surplus=())
    surplus = [f"schema {name}" for name in made.schemas if name not in wanted.schemas]
    different: list[LeftOut] = []
    reworded: list[LeftOut] = []
    for kind, field in _LISTS:
        first, second = (_by_key(getattr(s, field)) for s in (wanted, made))
        if kind != "extension":  # a migration may bring more
            surplus += [f"{kind} {_name(o)}" for key, o in second.items() if key not in first]
        for key, one in first.items():
            reason = _lacking(one) if key not in second else _difference(one, second[key])
            if reason:
                different.append(_left(kind, one, reason))
            elif key in second and _plain(second[key]) != _plain(one):
                reworded.append(_left(kind, one, UNSTABLE))
    return Comparison(
        different=tuple(different), reworded=tuple(reworded), surplus=tuple(surplus)
    )


def _lacking(one: Any) -> str:
    made = not isinstance(one, Other) or one.definition
    return "it could not be made" if made else ""


def _without_links(snapshot: Snapshot) -> Snapshot:
    """Without what a table knows of objects elsewhere, which may have been left out."""
    tables = tuple(replace(t, dependents=(), publications=()) for t in snapshot.tables)
    return replace(snapshot, tables=tables)


def _by_key(items: tuple[Any, ...]) -> dict[Any, Any]:
    """By all that names an object: functions differ in arguments, others in their kind."""
    return {
        (
            one.name,
            getattr(one, "arguments", ""),
            one.kind if isinstance(one, Other) else "",
        ): one
        for one in items
        if not (isinstance(one, Other) and one.kind == WRAPPER)
    }


def _left(kind: str, one: Any, reason: str) -> LeftOut:
    relation = one.name if kind in ("table", "view") else None
    kind = getattr(one, "kind", kind) if kind in ("table", "view", "other") else kind
    return LeftOut(kind=kind, name=_name(one), reason=reason, relation=relation)


def _name(one: Any) -> str:
    arguments = getattr(one, "arguments", None)
    return str(one.name) if arguments is None else f"{one.name}({arguments})"


def _plain(one: Any) -> Any:
    return codec.to_plain(one, {}, skip=ESTIMATE)


def _difference(one: Any, other: Any) -> str:
    """The first difference that is not only in the words of a definition."""
    first, second = _outline(one), _outline(other)
    if first == second:
        return ""
    found = snapshot_file.differences(first, second)
    return f"it comes out different: {found[0] if found else 'its parts have another order'}"


def _outline(value: Any) -> Any:
    """As plain data, but of what PostgreSQL prints only whether there is any, or how many."""
    if isinstance(value, tuple):
        return [_outline(item) for item in value]
    if not isinstance(value, Struct):
        return value
    return {
        field.name: _count(part) if declared.has(field, PRINTED) else _outline(part)
        for field in declared.without(type(value), ESTIMATE)
        for part in [getattr(value, field.name)]
    }


def _count(value: Any) -> int:
    return len(value) if isinstance(value, tuple) else int(bool(value))
