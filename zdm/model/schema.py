"""The catalog at one moment, as frozen values.

Expressions and definitions are PostgreSQL's own text (pg_get_expr, pg_get_indexdef …) read
with an empty search_path, so they are fully qualified and canonical for a major version.
Figures that move by themselves (rows, sizes, statistics) are marked as estimates and are no
part of the schema fingerprint; nor are owners, the `zdm` schema and Alembic's heads.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated, Any, Literal

from msgspec import Struct
from msgspec.structs import force_setattr

from zdm.model.catalog.database import (
    Extension,
    ForeignServer,
    Membership,
    Other,
    Publication,
    Setting,
    Unshown,
)
from zdm.model.catalog.indexed import Indexed, Key, Keys, by_name, named
from zdm.model.fields.declared import ESTIMATE, PRINTED
from zdm.model.ranges import Bigint, Count, Range
from zdm.model.sql import ident

ServerVersion = Annotated[int, Range(140_000, 189_999)]  # of PostgreSQL 14 to 18


class Name(Struct, frozen=True, order=True):
    """A schema-qualified name, unquoted."""

    schema: str
    name: str

    @property
    def sql(self) -> str:
        """The quoted, qualified name."""
        return ident(self.schema, self.name)

    def __str__(self) -> str:
        return self.name if self.schema in ("", "public") else f"{self.schema}.{self.name}"


class Volatility(StrEnum):
    """How often an expression must be evaluated (manual, chapter 36.7)."""

    IMMUTABLE = "immutable"
    STABLE = "stable"
    VOLATILE = "volatile"


class Column(Struct, frozen=True, kw_only=True):
    """One live column. `type` is format_type's text."""

    name: str
    type: str
    not_null: bool = False
    default: Annotated[str | None, PRINTED] = None
    default_volatility: Volatility | None = None
    identity: str = ""  # "", "always", "by default"
    generated: str = ""  # "", "stored", "virtual"; the expression is then in `default`
    collation: str | None = None  # where it differs from the type's
    storage: str | None = None  # where it differs from the type's
    compression: str | None = None
    statistics: Annotated[int, Range(-1, 10_000)] | None = None
    options: tuple[str, ...] = ()
    foreign_options: tuple[str, ...] = ()  # of a foreign table's column
    comment: str | None = None
    grants: tuple[str, ...] = ()  # "role=privileges/grantor" as in attacl, sorted
    constrained_domain: bool = False  # its type is a domain with CHECK or NOT NULL
    # this train fills it, and until the contract a trigger leaves no NULL in it
    kept_filled: Annotated[bool, ESTIMATE] = False
    # this train adds it and fills no row: the old version's rows have NULL or its default
    unwritten: Annotated[bool, ESTIMATE] = False
    # an UPDATE of this train sets it, and in the contract again where a constraint needs it
    updated: Annotated[Literal["", "once", "again"], ESTIMATE] = ""
    null_fraction: Annotated[Annotated[float, Range(0, 1)] | None, ESTIMATE] = None
    average_width: Annotated[Count | None, ESTIMATE] = None


class Constraint(Struct, frozen=True, kw_only=True):
    """A table constraint; `kind` in words: check, unique, primary key, foreign key,
    exclusion, not null (a named constraint from PostgreSQL 18 on), trigger."""

    name: str
    kind: str
    columns: tuple[str, ...]
    definition: Annotated[str, PRINTED]  # pg_get_constraintdef
    validated: bool = True
    references: Name | None = None
    referenced_columns: tuple[str, ...] = ()
    index: str | None = None
    comment: str | None = None
    inherited: bool = False


class Index(Struct, frozen=True, kw_only=True):
    """An index; `columns` are all columns that it mentions, in keys, INCLUDE, expressions
    and predicate; `keys` are its key columns in order, None for an expression."""

    name: str
    definition: Annotated[str, PRINTED]  # pg_get_indexdef
    keys: tuple[str | None, ...]
    columns: tuple[str, ...]
    unique: bool = False
    valid: bool = True
    ready: bool = True
    predicate: Annotated[str | None, PRINTED] = None
    constraint: str | None = None  # the constraint it belongs to
    comment: str | None = None
    statistics: tuple[str, ...] = ()
    replica_identity: bool = False
    clustered: bool = False
    bytes: Annotated[Count | None, ESTIMATE] = None


class Trigger(Struct, frozen=True, kw_only=True):
    """A trigger that is not internal; `columns` are those it depends on (UPDATE OF, WHEN)."""

    name: str
    definition: Annotated[str, PRINTED]  # pg_get_triggerdef
    function: Name
    enabled: str  # O, D, R, A as in tgenabled
    columns: tuple[str, ...] = ()
    inherited: bool = False
    comment: str | None = None
    changed: Annotated[bool, ESTIMATE] = False  # made or replaced by this train


class Dependent(Struct, frozen=True, kw_only=True):
    """Something outside the table's own list that depends on one of its columns."""

    column: str
    kind: str  # view, materialized view, function, policy, rule, foreign key, publication …
    name: str  # pg_describe_object's words
    blocks: bool  # DROP COLUMN fails (deptype n); otherwise it vanishes silently

    @property
    def words(self) -> str:
        """Its kind and name, once: the server's words begin with the kind."""
        return self.name if self.name.startswith(self.kind) else f"{self.kind} {self.name}"


class Policy(Struct, frozen=True, kw_only=True):
    """A row security policy, as the CREATE POLICY that makes it."""

    name: str
    definition: Annotated[str, PRINTED]
    columns: tuple[str, ...] = ()
    comment: str | None = None


class Table(Struct, frozen=True, kw_only=True):
    """An ordinary, partitioned or foreign table."""

    name: Name
    kind: str = "table"  # table, partitioned table, foreign table
    columns: tuple[Column, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    indexes: tuple[Index, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    policies: tuple[Policy, ...] = ()
    rules: Annotated[tuple[str, ...], PRINTED] = ()
    # extended statistics, as their definitions
    statistics: Annotated[tuple[str, ...], PRINTED] = ()
    dependents: tuple[Dependent, ...] = ()
    comment: str | None = None
    grants: tuple[str, ...] = ()
    persistence: str = "permanent"  # permanent, unlogged
    partition_key: str | None = None
    partition_of: Name | None = None
    partition_bound: str | None = None
    inherits: tuple[Name, ...] = ()
    replica_identity: str = "default"  # default, nothing, full, index
    row_security: str = ""  # "", enabled, forced
    options: tuple[str, ...] = ()
    publications: tuple[str, ...] = ()
    server: str = ""  # of a foreign table
    created: Annotated[bool, ESTIMATE] = False  # by this train, not in use yet
    secured: Annotated[bool, ESTIMATE] = False  # by this train, in the contract
    # the place of a statement since which it may have more than is known: CREATE TABLE AS …
    opaque: Annotated[str, ESTIMATE] = ""
    # reltuples; None: never analysed
    rows: Annotated[Count | None, ESTIMATE] = None
    heap_bytes: Annotated[Count | None, ESTIMATE] = None
    total_bytes: Annotated[Count | None, ESTIMATE] = None

    def column(self, name: str) -> Column | None:
        """The column of that name, if there is one."""
        for column in self.columns:  # asked most of all: a generator takes twice as long
            if column.name == name:
                return column
        return None

    def require_column(self, name: str) -> Column:
        """The column of that name; raises LookupError where there is none."""
        column = self.column(name)
        if column is None:
            raise LookupError(f"{self.name} has no column {name}")
        return column

    def constraint(self, name: str) -> Constraint | None:
        """The constraint of that name, if there is one."""
        for constraint in self.constraints:
            if constraint.name == name:
                return constraint
        return None

    @property
    def primary_key(self) -> Constraint | None:
        """The primary key, if there is one."""
        return next((c for c in self.constraints if c.kind == "primary key"), None)


class View(Struct, frozen=True, kw_only=True):
    """A view or materialized view."""

    name: Name
    kind: str  # view, materialized view
    definition: Annotated[str, PRINTED]  # pg_get_viewdef
    columns: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    indexes: Annotated[tuple[str, ...], PRINTED] = ()
    triggers: Annotated[tuple[str, ...], PRINTED] = ()
    rules: Annotated[tuple[str, ...], PRINTED] = ()
    # ALTER and COMMENT for its columns: defaults, comments
    details: Annotated[tuple[str, ...], PRINTED] = ()
    grants: tuple[str, ...] = ()
    column_grants: tuple[tuple[str, tuple[str, ...]], ...] = ()  # of columns that have some
    comment: str | None = None
    uses: tuple[tuple[Name, str], ...] = ()  # (relation, column) it reads
    rows: Annotated[Count | None, ESTIMATE] = None  # of a materialized view

    def reads(self, relation: Name) -> bool:
        """Whether it names the relation itself."""
        return any(name == relation for name, _ in self.uses)


class Sequence(Struct, frozen=True, kw_only=True):
    """A sequence; `owner_column` is set for serial and identity columns."""

    name: Name
    type: str
    start: Bigint
    increment: Bigint
    minimum: Bigint
    maximum: Bigint
    cache: Bigint = 1
    cycle: bool = False
    owner_table: Name | None = None
    owner_column: str | None = None
    identity: bool = False
    created: Annotated[bool, ESTIMATE] = False  # by this train, not in use yet
    grants: tuple[str, ...] = ()
    comment: str | None = None


class Function(Struct, frozen=True, kw_only=True):
    """A function or procedure, by its identity arguments."""

    name: Name
    arguments: str  # pg_get_function_identity_arguments
    # pg_get_functiondef; of an aggregate the CREATE AGGREGATE that makes it
    definition: Annotated[str, PRINTED]
    language: str
    volatility: Volatility
    grants: tuple[str, ...] = ()
    comment: str | None = None
    changed: Annotated[bool, ESTIMATE] = False  # made or replaced by this train
    created: Annotated[bool, ESTIMATE] = False  # by this train, not in use yet


class Type(Struct, frozen=True, kw_only=True):
    """An enum, domain, composite or range type, as the statement that makes it."""

    name: Name
    kind: str  # enum, domain, composite, range
    definition: Annotated[str, PRINTED]
    labels: tuple[str, ...] = ()  # enum
    constrained: bool = False  # domain with CHECK or NOT NULL
    created: Annotated[bool, ESTIMATE] = False  # by this train, not in use yet
    grants: tuple[str, ...] = ()
    comment: str | None = None


class Snapshot(Struct, frozen=True, kw_only=True):
    """Everything zdm knows about a database's schema; tables and others sorted by name, and
    a table is looked up by it.

    `version_table` and `heads` are Alembic's, where the database has them.
    `search_path` is the one a new session of the migrating role gets.
    """

    server_version: Annotated[ServerVersion, ESTIMATE]  # server_version_num: 170010
    schemas: tuple[str, ...] = ("public",)
    extensions: tuple[Extension, ...] = ()
    types: tuple[Type, ...] = ()
    sequences: tuple[Sequence, ...] = ()
    tables: tuple[Table, ...] = ()
    views: tuple[View, ...] = ()
    functions: tuple[Function, ...] = ()
    publications: tuple[Publication, ...] = ()
    servers: tuple[ForeignServer, ...] = ()
    others: tuple[Other, ...] = ()
    # grants and comments of schemas, default privileges: given at any time, they make no other
    # schema
    rights: Annotated[tuple[Other, ...], ESTIMATE] = ()
    settings: Annotated[tuple[Setting, ...], ESTIMATE] = ()
    role_settings: Annotated[tuple[Setting, ...], ESTIMATE] = ()
    memberships: Annotated[tuple[Membership, ...], ESTIMATE] = ()
    search_path: Annotated[tuple[str, ...], ESTIMATE] = ("public",)
    version_table: Annotated[Name | None, ESTIMATE] = None
    heads: Annotated[tuple[str, ...], ESTIMATE] = ()
    unshown: Annotated[Unshown, ESTIMATE] = Unshown()
    # the place of the first statement whose effect is unknown, so that what is missing here may
    # exist: DO, CREATE EXTENSION, a function call …
    opaque: Annotated[str, ESTIMATE] = ""

    def __post_init__(self) -> None:
        """Make the members findable by their keys."""
        for name, keys in _KEYS:
            members = getattr(self, name)
            if type(members) is not Indexed:
                force_setattr(self, name, Indexed(members, keys))

    @property
    def major(self) -> int:
        """The server's major version, such as 17."""
        return self.server_version // 10000

    def table(self, name: Name) -> Table | None:
        """The table of that name, if there is one."""
        found = named(self.tables, name)
        return found[0] if found else None

    def require_table(self, name: Name) -> Table:
        """The table of that name; raises LookupError where there is none."""
        table = self.table(name)
        if table is None:
            raise LookupError(f"the Snapshot has no table {name}")
        return table


def sorted_tables(tables: Iterable[Table]) -> tuple[Table, ...]:
    """Tables in the order of a Snapshot, in which they are found by name."""
    return tuple(sorted(tables, key=by_name))


def _of_table(table: Table) -> set[Key]:
    """By its own name and those of its parts, and by what it is part of or refers to."""
    schema = table.name.schema
    found: set[Key] = {("index", index.name) for index in table.indexes}
    for one in table.constraints:
        found.add(("constraint", schema, one.name))
        if one.references is not None:
            found.add(("references", one.references.schema, one.references.name))
    types = {column.type for column in table.columns if "." in column.type}
    found.update([("of", type_.removesuffix("[]")) for type_ in types])
    found.update([("dependent", dependent.name) for dependent in table.dependents])
    above = {*table.inherits, *((table.partition_of,) if table.partition_of else ())}
    found.update([("above", parent.schema, parent.name) for parent in above])
    return {*found, ("created",)} if table.created else found


def _of_view(view: View) -> Iterator[Key]:
    yield from {("uses", name.schema, name.name) for name, _ in view.uses}
    yield from [("indexed",)] if view.indexes else []


def _of_sequence(sequence: Sequence) -> Iterator[Key]:
    if sequence.owner_table is not None:
        yield ("owner", sequence.owner_table.schema, sequence.owner_table.name)


def _of_type(type_: Type) -> Iterator[Key]:
    if type_.created:
        yield ("created",)


_KEYS: tuple[tuple[str, Keys[Any]], ...] = (
    ("tables", _of_table),
    ("views", _of_view),
    ("sequences", _of_sequence),
    ("types", _of_type),
    ("functions", lambda _: ()),
)
