"""A Snapshot as statements in an order in which they can be run, each with what it makes.

Pure. Objects may refer to each other in any direction (a default calls a function that takes a
row of another table), so within a stage the order is none, and what fails is tried again.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from zdm.model.schema import Name, Snapshot, Table
from zdm.postgres.catalog import ddl

_KEYS = frozenset({"primary key", "unique", "exclusion"})


class Piece(Struct, frozen=True, kw_only=True):
    """Statements that make one object, or one part of a relation, type or function."""

    kind: str
    name: str
    sql: str
    relation: Name | None = None  # the table or view that it is, or is a part of
    whole: bool = False  # the object itself, without which its parts are not missed


def objects(snapshot: Snapshot) -> Iterator[Piece]:
    """Everything that may be needed to make something else, without parts that come later."""
    for other in snapshot.others:
        if other.definition:
            yield Piece(kind=other.kind, name=other.name, sql=other.definition, whole=True)
    for one in snapshot.types:
        yield Piece(kind="type", name=str(one.name), sql=one.definition, whole=True)
    for sequence in snapshot.sequences:
        if not sequence.identity:
            yield Piece(
                kind="sequence", name=str(sequence.name), sql=ddl.sequence(sequence), whole=True
            )
    for function in snapshot.functions:
        name = f"{function.name}({function.arguments})"
        yield Piece(kind="function", name=name, sql=function.definition, whole=True)
    for table in snapshot.tables:
        yield Piece(
            kind=table.kind,
            name=str(table.name),
            sql=ddl.table(table, snapshot),
            relation=table.name,
            whole=True,
        )


def structure(snapshot: Snapshot) -> Iterator[Piece]:
    """Checks, then partitions, then keys and indexes, which then reach every partition."""
    for table in snapshot.tables:
        yield from _parts("check", table, ddl.constraints(table, frozenset({"check"})))
        invalid = (
            ddl.add_constraint(table, c)
            for c in table.constraints
            if c.kind == "not null" and not c.validated
        )
        yield from _parts("constraint", table, invalid)
    for table in snapshot.tables:
        if table.partition_of is not None:
            attach = (
                f"ALTER TABLE {table.partition_of.sql} ATTACH PARTITION {table.name.sql}"
                f" {table.partition_bound}"
            )
            yield from _parts("partition", table, [attach])
    for table in by_depth(snapshot):
        cascaded = cascaded_indexes(table, snapshot)
        yield from _parts("key", table, ddl.constraints(table, _KEYS))
        own = {c.name for c in table.constraints}
        for index in table.indexes:
            if index.constraint not in own and index.name not in cascaded:
                sql = index.definition.replace(" ON ONLY ", " ON ", 1)
                yield _part("index", index.name, table, sql)


def foreign_keys(snapshot: Snapshot) -> Iterator[Piece]:
    """Foreign keys, when every key is there."""
    for table in snapshot.tables:
        sqls = ddl.constraints(table, frozenset({"foreign key"}))
        yield from _parts("foreign key", table, sqls)


def views(snapshot: Snapshot) -> Iterator[Piece]:
    """Views, materialized ones without their rows."""
    for view in snapshot.views:
        yield Piece(
            kind=view.kind,
            name=str(view.name),
            sql=ddl.view(view),
            relation=view.name,
            whole=True,
        )


def details(snapshot: Snapshot) -> Iterator[Piece]:
    """What belongs to objects: triggers, policies, grants, comments …"""
    yield from _table_details(snapshot)
    yield from _view_details(snapshot)
    for sequence in snapshot.sequences:
        yield from _loose("sequence", str(sequence.name), ddl.sequence_details(sequence))
    for function in snapshot.functions:
        yield from _loose("function", str(function.name), ddl.function_details(function))
    for one in snapshot.types:
        yield from _loose("type", str(one.name), ddl.type_details(one))
    for server in snapshot.servers:
        yield from _loose("server", server.name, ddl.server_details(server))
    for other in (*snapshot.others, *snapshot.rights):
        yield from _loose(other.kind, other.name, ddl.other_details(other))


def publications(snapshot: Snapshot) -> Iterator[Piece]:
    """Publications of tables; others need a superuser."""
    for one in snapshot.publications:
        if not (one.all_tables or one.schemas):
            sql = ";\n".join((one.definition, *ddl.publication_details(one)))
            yield Piece(kind="publication", name=one.name, sql=sql, whole=True)


def _table_details(snapshot: Snapshot) -> Iterator[Piece]:
    for table in snapshot.tables:
        yield from _parts("part", table, ddl.table_details(table))
        yield from _parts("statistics", table, table.statistics)
        yield from _parts("rule", table, table.rules)
        for policy in table.policies:
            yield _part("policy", policy.name, table, ddl.policy(policy, table))
    found = [(table, trigger) for table in by_depth(snapshot) for trigger in table.triggers]
    for table, trigger in found:  # a partition gets those of its parent
        if not trigger.inherited:
            yield _part("trigger", trigger.name, table, ddl.trigger(trigger, table))
    for table, trigger in found:
        if trigger.enabled != "O" or trigger.inherited:
            yield _part("trigger", trigger.name, table, ddl.trigger_state(trigger, table))


def _view_details(snapshot: Snapshot) -> Iterator[Piece]:
    for view in snapshot.views:
        for sql in ddl.view_details(view):
            yield Piece(kind="part", name=f"of {view.name}", sql=sql, relation=view.name)


def _part(kind: str, name: str, table: Table, sql: str) -> Piece:
    return Piece(kind=kind, name=f"{name} of {table.name}", sql=sql, relation=table.name)


def _parts(kind: str, table: Table, sqls: Iterable[str]) -> Iterator[Piece]:
    for sql in sqls:
        yield Piece(kind=kind, name=f"of {table.name}", sql=sql, relation=table.name)


def _loose(kind: str, name: str, sqls: Iterable[str]) -> Iterator[Piece]:
    for sql in sqls:
        yield Piece(kind=kind, name=name, sql=sql)


def by_depth(snapshot: Snapshot) -> list[Table]:
    """Tables, each before its partitions."""
    return sorted(snapshot.tables, key=lambda table: _depth(table, snapshot))


def _depth(table: Table, snapshot: Snapshot) -> int:
    parent = snapshot.table(table.partition_of) if table.partition_of else None
    return 0 if parent is None else 1 + _depth(parent, snapshot)


def shape(definition: str) -> str:
    """An index's definition without its name and table."""
    unique = definition.startswith("CREATE UNIQUE")
    return f"{unique} {definition.partition(' USING ')[2]}"


def cascaded_indexes(table: Table, snapshot: Snapshot) -> frozenset[str]:
    """Indexes of a partition that those of its parent bring with them."""
    parent = snapshot.table(table.partition_of) if table.partition_of else None
    if parent is None:
        return frozenset()
    shapes = [shape(index.definition) for index in parent.indexes]
    found = set()
    own = {c.name for c in table.constraints}
    for index in sorted(table.indexes, key=lambda i: i.constraint is None):
        if shape(index.definition) in shapes and index.constraint not in own:
            shapes.remove(shape(index.definition))
            found.add(index.name)
    return frozenset(found)
