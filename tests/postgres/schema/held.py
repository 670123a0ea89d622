"""What schema.apply says of a schema, and what a server says of it, as the same flat facts."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from zdm.model.schema import Name, Sequence, Snapshot, Table
from zdm.postgres.session.connection import Connection

Key = tuple[str, ...]
Facts = Mapping[Key, Key]
READER = Path(__file__).with_name("held.sql").read_text()
_KINDS = {"table": "r", "partitioned table": "p", "foreign table": "f"}
_CONSTRAINTS = {
    "check": "c",
    "unique": "u",
    "primary key": "p",
    "foreign key": "f",
    "exclusion": "x",
    "not null": "n",
}
_TYPES = {"enum": "e", "domain": "d", "composite": "c", "range": "r"}
_IDENTITY = {"": "", "always": "a", "by default": "d"}
_GENERATED = {"": "", "stored": "s", "virtual": "v"}


@dataclass(slots=True)
class Tally:
    """How much was held against a server."""

    statements: int = 0
    refused: int = 0  # by the server, so the schema stays
    unjudged: int = 0  # refused for rows, types of values or functions, which a Snapshot lacks
    compared: int = 0  # facts after a statement
    changed: int = 0  # of them, by the statement
    unknown: int = 0  # facts that apply does not know, and says so
    opaque: int = 0  # statements after which apply says that it does not know all
    differences: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Count both together."""
        for name in _NUMBERS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.differences += other.differences

    def __str__(self) -> str:
        numbers = ", ".join(f"{getattr(self, name)} {name}" for name in _NUMBERS)
        return f"{numbers}, {len(self.differences)} differences"


_NUMBERS = ("statements", "refused", "unjudged", "compared", "changed", "unknown", "opaque")


def on_server(connection: Connection) -> Facts:
    """The facts in the catalog."""
    rows = connection.execute("SELECT kind, key, value FROM zdm.held()").fetchall()
    return {(kind, *key): tuple(value) for kind, key, value in rows}


def of(snapshot: Snapshot) -> Facts:
    """The facts in a Snapshot."""
    return dict(_facts(snapshot))


def _facts(snapshot: Snapshot) -> Iterator[tuple[Key, Key]]:
    for schema in snapshot.schemas:
        yield ("schema", schema), ()
    for extension in snapshot.extensions:
        yield ("extension", extension.name), ()
    for table in snapshot.tables:
        yield from _table(table)
    for view in snapshot.views:
        yield ("view", *_name(view.name)), ("v" if view.kind == "view" else "m",)
    for sequence in snapshot.sequences:
        yield ("sequence", *_name(sequence.name)), _owner(sequence)
    for kind in snapshot.types:
        yield ("type", *_name(kind.name)), (_TYPES[kind.kind], *kind.labels)
    for name, count in Counter(function.name for function in snapshot.functions).items():
        yield ("function", *_name(name)), (str(count),)


def _owner(sequence: Sequence) -> Key:
    if sequence.owner_table is None:
        return ()
    internal = "i" if sequence.identity else "a"
    return (_dotted(sequence.owner_table), sequence.owner_column or "", internal)


def _table(table: Table) -> Iterator[tuple[Key, Key]]:
    parents = table.inherits if table.partition_of is None else (table.partition_of,)
    partition = _word(table.partition_of is not None)
    kind = _KINDS[table.kind]
    yield ("table", *_name(table.name)), (kind, partition, *map(_dotted, parents))
    for column in table.columns:
        yield (
            ("column", *_name(table.name), column.name),
            (
                column.type,
                _word(column.not_null),
                _word(column.default is not None),
                _IDENTITY[column.identity],
                _GENERATED[column.generated],
            ),
        )
    for constraint in table.constraints:
        on = "" if constraint.references is None else _dotted(constraint.references)
        columns = constraint.columns
        yield (
            ("constraint", *_name(table.name), constraint.name),
            (
                _CONSTRAINTS[constraint.kind],
                _word(constraint.validated),
                on,
                *(sorted(columns) if constraint.kind == "check" else columns),
                *(f">{column}" for column in constraint.referenced_columns),
            ),
        )
    for index in table.indexes:
        keys = tuple(key or "" for key in index.keys)
        yield (
            ("index", *_name(table.name), index.name),
            (_word(index.unique), index.constraint or "", *keys),
        )
    for trigger in table.triggers:
        yield ("trigger", *_name(table.name), trigger.name), ()


def compare(snapshot: Snapshot, before: Facts, after: Facts, what: str) -> Tally:
    """Hold the Snapshot that apply gives against the server's facts after the statement."""
    said = of(snapshot)
    opaque = {table.name for table in snapshot.tables if table.opaque}
    tally = Tally(statements=1, opaque=int(bool(snapshot.opaque or opaque)))
    for key in sorted(said.keys() | after.keys()):
        mine, theirs = said.get(key), after.get(key)
        hidden = mine is None and _of_table(key) in opaque
        if hidden or (snapshot.opaque and mine != theirs):  # DO may change what is known, too
            tally.unknown += 1
            continue
        tally.compared += 1
        if mine != theirs:
            tally.differences.append(f"{what}\n    {key}: apply {mine}, server {theirs}")
    tally.changed = sum(
        before.get(key) != after.get(key) for key in before.keys() | after.keys()
    )
    return tally


def _of_table(key: Key) -> Name | None:
    parts = key[0] in ("column", "constraint", "index", "trigger")
    return Name(key[1], key[2]) if parts else None


def _name(name: Name) -> Key:
    return (name.schema, name.name)


def _dotted(name: Name) -> str:
    return f"{name.schema}.{name.name}"


def _word(value: bool) -> str:  # as PostgreSQL prints it
    return "true" if value else "false"
