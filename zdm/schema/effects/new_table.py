"""The Table that a CREATE TABLE makes, as far as the statement says.

It is what later statements of the train are recognised on, and what names are taken by it, so
names are chosen as PostgreSQL does (manual, CREATE TABLE); texts of checks and defaults are
the author's. The truth about the result is asked from a server by `zdm verify`.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from zdm.model.schema import Column, Name, Snapshot, Table
from zdm.model.sql import ident
from zdm.model.syntax import (
    CreateTable,
    Like,
    RelationName,
)
from zdm.schema import edits, lookup
from zdm.schema.effects import constraints, definitions, indexes, not_nulls, parents
from zdm.schema.effects.constraints import New
from zdm.schema.effects.definitions import Place

_INDEXED = ("primary key", "unique", "exclusion")
_MADE = frozenset({*_INDEXED, "check", "foreign key", "not null"})


def after(says: CreateTable, place: Place) -> Snapshot:
    """The Snapshot with the table that a CREATE TABLE makes, and its sequences; unchanged
    where it names a table that is not there."""
    start = place.snapshot
    above = _tables(says.parents, place)
    like = _tables([one.relation for one in says.likes if not _is_view(one, place)], place)
    if above is None or like is None or not _can_be_above(above, says, place):
        return start
    name = lookup.made(says.table, start, place.settings)
    table = Table(
        name=name,
        kind="partitioned table" if says.is_partitioned else "table",
        columns=_columns(says, place, above),
        partition_key=_partition_key(says),
        partition_of=above[0].name if says.is_partition else None,
        partition_bound=parents.bound(says.bound),
        inherits=() if says.is_partition else tuple(parent.name for parent in above),
        persistence="unlogged" if says.table.persistence == "unlogged" else "permanent",
        created=True,
        opaque=_opaque(says, place, [*above, *like]),
    )
    snapshot = edits.put_table(start, _not_nulls(start, table, says, like))
    for definition in says.columns:
        if table.column(definition.name) is not None:
            snapshot = definitions.with_sequence(snapshot, name, definition)
    snapshot = _identities(snapshot, name, says.likes, like)
    for parent in above:
        snapshot = parents.inherit_constraints(snapshot, name, parent)
    snapshot = _checks_of(snapshot, name, says.likes, like)
    return _constraints(snapshot, name, says, place, (above, like))


def _tables(relations: Iterable[RelationName], place: Place) -> list[Table] | None:
    found = [place.snapshot.table(place.find(relation)) for relation in relations]
    there = [table for table in found if table is not None]
    return there if len(there) == len(found) else None


def _can_be_above(above: list[Table], says: CreateTable, place: Place) -> bool:
    """Whether the server takes them: partitions are made by PARTITION OF alone, and a column
    that is listed again must have the same type."""
    columns = says.columns if above else ()
    own = {c.name: definitions.column(c, place).type for c in columns}
    for parent in above:
        partitioned = parent.kind == "partitioned table"
        if partitioned is not says.is_partition:
            return False
        if parent.partition_of is not None and not partitioned:
            return False
        if any(own.get(c.name) not in (None, "", c.type) for c in parent.columns):
            return False
    return True


def _opaque(says: CreateTable, place: Place, sources: list[Table]) -> str:
    """Where columns of a source are not known, and so its own."""
    if any(_is_view(like, place) for like in says.likes):
        return place.source
    return next((table.opaque for table in sources if table.opaque), "")


def _is_view(like: Like, place: Place) -> bool:
    """Its columns are not known."""
    views = lookup.Names(place.snapshot.views)
    return lookup.among(like.relation, views, place.snapshot, place.settings) in views


def _partition_key(says: CreateTable) -> str | None:
    """Its columns, in the form of the catalog's text; in two pairs of parentheses where it is
    an expression, as which of them it takes how is not said."""
    columns = ", ".join(map(ident, says.partition_columns))
    if not says.is_partitioned:
        return None
    return f"of (({columns}))" if says.by_expression and columns else f"of ({columns})"


def _columns(says: CreateTable, place: Place, above: list[Table]) -> tuple[Column, ...]:
    """Those of the tables above first, then those of LIKE, then its own."""
    found: dict[str, Column] = {}
    for parent in above:
        for column in parent.columns:
            inherited = parents.column(
                column, place.snapshot.major, partition=says.is_partition
            )
            there = found.setdefault(column.name, inherited)
            found[column.name] = replace(there, not_null=there.not_null or column.not_null)
    for like in says.likes:
        source = place.snapshot.table(place.find(like.relation))
        for column in source.columns if source is not None else ():
            found[column.name] = _like(column, like)
    for definition in says.columns:
        own, there_already = definitions.column(definition, place), found.get(definition.name)
        found[own.name] = own if there_already is None else _merged(own, there_already)
    return tuple(found.values())


def _merged(own: Column, inherited: Column) -> Column:
    """A column that the table has from above, and says again."""
    default = inherited if own.default is None else own
    return replace(
        own,
        type=inherited.type,
        not_null=own.not_null or inherited.not_null,
        default=default.default,
        default_volatility=default.default_volatility,
        generated=own.generated or inherited.generated,
    )


def _like(column: Column, like: Like) -> Column:
    """LIKE takes name, type and NOT NULL; the rest only where it is listed (manual, CREATE
    TABLE)."""
    bare = Column(
        name=column.name,
        type=column.type,
        not_null=column.not_null,
        collation=column.collation,
        constrained_domain=column.constrained_domain,
    )
    kept = "generated" if column.generated else "defaults"
    if kept in like.including:
        volatility = column.default_volatility
        bare = replace(bare, default=column.default, default_volatility=volatility)
    if "generated" in like.including:
        bare = replace(bare, generated=column.generated)
    if "identity" in like.including:
        bare = replace(bare, identity=column.identity)
    return bare


def _identities(
    snapshot: Snapshot, name: Name, likes: tuple[Like, ...], sources: list[Table]
) -> Snapshot:
    for like, source in zip(likes, sources, strict=False):
        for column in source.columns if "identity" in like.including else ():
            if column.identity:
                own = snapshot.require_table(name).require_column(column.name)
                snapshot = definitions.put_sequence(snapshot, name, own, identity=True)
    return snapshot


def _checks_of(
    snapshot: Snapshot, name: Name, likes: tuple[Like, ...], sources: list[Table]
) -> Snapshot:
    for like, source in zip(likes, sources, strict=False):
        for check in source.constraints if "constraints" in like.including else ():
            if check.kind == "check":
                own = replace(check, inherited=False, validated=True)
                snapshot = edits.put_constraint(snapshot, name, own)
    return snapshot


def _not_nulls(snapshot: Snapshot, table: Table, says: CreateTable, like: list[Table]) -> Table:
    """Under the author's name, or that of the column it is copied from."""
    named = [(d.name, definitions.not_null_name(d)) for d in says.columns]
    for source in like:
        copied = {column.name: not_nulls.of(source, column.name) for column in source.columns}
        named += [(column, own.name if own else "") for column, own in copied.items()]
    key = _key_columns(says)
    named += [(column, "") for column in key]
    required = {c.name for c in table.columns if c.not_null} | {*key}
    there = required & {c.name for c in table.columns}
    return not_nulls.every(snapshot, table, (one for one in named if one[0] in there))


def _key_columns(says: CreateTable) -> tuple[str, ...]:
    """The columns of its primary key."""
    for column in says.columns:
        if column.constraint("primary key") is not None:
            return (column.name,)
    return next((own.columns for own in says.constraints if own.kind == "primary key"), ())


def _constraints(
    snapshot: Snapshot,
    name: Name,
    says: CreateTable,
    place: Place,
    sources: tuple[list[Table], list[Table]],
) -> Snapshot:
    """In PostgreSQL's order: checks, keys with the primary key first, indexes of the tables
    above and of LIKE, foreign keys."""
    above, like = sources
    said = [
        New(table=name, says=one, columns=columns, settings=place.settings, fresh=True)
        for one, columns in definitions.constraints_of(says.elements)
        if one.kind in _MADE
    ]
    keys = [new for new in said if new.says.kind in _INDEXED]
    keys.sort(key=lambda new: new.says.kind != "primary key")
    named = [new for new in said if new.says.kind == "not null"]
    checks = [new for new in said if new.says.kind == "check"]
    after = _put(snapshot, [*named, *checks])
    if after is not None and says.is_partition:
        after = parents.inherit_indexes(after, name, above[0])
    after = _put(after, _once(keys))
    for one, source in zip(says.likes, like, strict=False):
        if after is not None and "indexes" in one.including:
            after = _copied_indexes(after, name, source)
    after = _put(after, [new for new in said if new.says.kind == "foreign key"])
    if after is None:
        return place.snapshot
    return parents.inherit_triggers(after, name, above[0]) if says.is_partition else after


def _put(snapshot: Snapshot | None, new: list[New]) -> Snapshot | None:
    """With the constraints; None where the server refuses one of them."""
    for one in new:
        if snapshot is None:
            return None
        after = constraints.put(snapshot, one)
        if after is snapshot and one.says.kind != "not null":
            return None
        snapshot = after
    return snapshot


def _once(keys: list[New]) -> list[New]:
    """A key that is there twice is made once, under the name that one of them has."""
    kept: dict[object, New] = {}
    for new in keys:
        says = new.says
        alike = (new.columns, says.including, says.deferrable, says.nulls_not_distinct)
        first = kept.setdefault(alike if says.kind != "exclusion" else id(new), new)
        if not first.says.name and says.name:
            kept[alike] = replace(first, says=replace(first.says, name=says.name))
    return list(kept.values())


def _copied_indexes(snapshot: Snapshot, name: Name, source: Table) -> Snapshot:
    """Under names of their own, in the order in which they were made, which is not known: the
    primary key, then by name."""
    kinds = {i.name: indexes.kind(snapshot, source, i) for i in source.indexes}
    ordered = sorted(source.indexes, key=lambda i: kinds[i.name] != "primary key")
    for index in ordered:
        words = indexes.words_of(index)
        snapshot = indexes.copy(snapshot, name, index, words, kinds[index.name])
    return snapshot
