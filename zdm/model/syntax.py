"""What a statement says, as values: the parser's tree, read once at the edge.

An Action carries one of these as `said`. Names are as the author wrote them, folded by
PostgreSQL's rules, with an empty schema where none was written. Expressions and types carry
the parser's tree, which only `zdm.parse` looks into; everybody else asks its functions.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from msgspec import Struct

from zdm.model.expression import Expression, Feature, TypeName, Words
from zdm.model.fields.hidden import Carrying, Hiding


class Definition(Hiding, frozen=True, eq=False):
    """A whole statement or clause that can be written again with small edits. Ask
    `zdm.parse.rewrite`."""

    hidden: ClassVar[tuple[str, ...]] = ("tree",)

    tree: Mapping[str, Any]


class RelationName(Struct, frozen=True, kw_only=True):
    """A table, view, index or sequence as written."""

    schema: str
    name: str
    only: bool = False  # ONLY, or the parser's word for "without its children"
    persistence: str = "permanent"  # permanent, unlogged, temporary


class SequenceOptions(Struct, frozen=True, kw_only=True):
    """Options of CREATE and ALTER SEQUENCE, None where it is not said; `minimum` in `without`
    is NO MINVALUE, `maximum` NO MAXVALUE."""

    type: str = ""  # of AS: smallint, integer, bigint
    increment: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    start: int | None = None
    cache: int | None = None
    cycle: bool | None = None
    without: frozenset[str] = frozenset()


class ConstraintDefinition(Carrying, frozen=True, kw_only=True):
    """A constraint of a column or a table; `kind` in the words of model.schema, and besides
    `null`, `default`, `identity`, `generated`; `columns` as written in it (for a column's own
    constraint they are empty)."""

    hidden: ClassVar[tuple[str, ...]] = ("definition",)

    kind: str
    name: str = ""
    columns: tuple[str, ...] = ()
    expression: Expression | None = None  # of CHECK, DEFAULT, GENERATED
    references: RelationName | None = None
    referenced_columns: tuple[str, ...] = ()
    including: tuple[str, ...] = ()
    using_index: str = ""
    not_valid: bool = False
    no_inherit: bool = False
    deferrable: bool = False
    initially_deferred: bool = False
    identity: str = ""  # always, by default
    generated: str = ""  # stored, virtual
    nulls_not_distinct: bool = False
    not_enforced: bool = False
    match_full: bool = False  # of a foreign key
    period: bool = False  # WITHOUT OVERLAPS, or a foreign key with PERIOD
    on_delete: str = ""  # cascade, set null, set default; else it is refused
    on_update: str = ""
    definition: Definition | None = None


class ColumnDefinition(Carrying, frozen=True, kw_only=True):
    """A column of CREATE TABLE or ADD COLUMN. The type has no words where it is not said: in
    PARTITION OF and OF, a column is named only to say more about it."""

    hidden: ClassVar[tuple[str, ...]] = ("definition",)

    name: str
    type: TypeName
    constraints: tuple[ConstraintDefinition, ...] = ()
    collation: Words = ()
    definition: Definition

    def constraint(self, kind: str) -> ConstraintDefinition | None:
        """The first constraint of that kind."""
        for one in self.constraints:  # asked most of all: a generator takes twice as long
            if one.kind == kind:
                return one
        return None


class IndexElement(Struct, frozen=True, kw_only=True):
    """A key or included column of an index, or an expression."""

    column: str = ""
    expression: Expression | None = None


class IndexDefinition(Carrying, frozen=True, kw_only=True):
    """CREATE INDEX."""

    hidden: ClassVar[tuple[str, ...]] = ("definition",)

    name: str  # empty where PostgreSQL chooses it
    table: RelationName
    elements: tuple[IndexElement, ...]
    included: tuple[IndexElement, ...] = ()
    where: Expression | None = None
    unique: bool = False
    nulls_not_distinct: bool = False
    concurrently: bool = False
    if_not_exists: bool = False
    method: str = "btree"
    definition: Definition


# Sub-commands of ALTER TABLE.


class AddColumn(Struct, frozen=True, kw_only=True):
    """ADD COLUMN."""

    column: ColumnDefinition


class ChangeType(Struct, frozen=True, kw_only=True):
    """ALTER COLUMN … TYPE."""

    column: str
    type: TypeName
    using: Expression | None = None
    collation: Words = ()


class SetDefault(Struct, frozen=True, kw_only=True):
    """ALTER COLUMN … SET DEFAULT, or DROP DEFAULT where there is no expression."""

    column: str
    expression: Expression | None


class AddConstraint(Struct, frozen=True, kw_only=True):
    """ADD CONSTRAINT."""

    constraint: ConstraintDefinition


class AlterColumn(Struct, frozen=True, kw_only=True):
    """Another sub-command of ALTER TABLE, which its Fact tells whole."""


# Statements.


class Like(Struct, frozen=True, kw_only=True):
    """LIKE in CREATE TABLE; `including` are its options: defaults, constraints, indexes …"""

    relation: RelationName
    including: frozenset[str] = frozenset()


class PartitionBound(Struct, frozen=True, kw_only=True):
    """The bound of a partition; `kind`: range, list, hash, default."""

    kind: str
    lower: tuple[Expression, ...] = ()
    upper: tuple[Expression, ...] = ()
    values: tuple[Expression, ...] = ()


class CreateTable(Struct, frozen=True, kw_only=True):
    """CREATE TABLE; `columns_of` are tables whose columns it takes over, LIKE and INHERITS in
    their order; `constraints` are the table's own."""

    table: RelationName
    columns: tuple[ColumnDefinition, ...] = ()
    constraints: tuple[ConstraintDefinition, ...] = ()
    likes: tuple[Like, ...] = ()
    parents: tuple[RelationName, ...] = ()
    bound: PartitionBound | None = None  # of a partition
    is_partitioned: bool = False
    partition_columns: tuple[str, ...] = ()  # all that its key names
    by_expression: bool = False  # its key is more than columns
    elements: tuple[ColumnDefinition | ConstraintDefinition, ...] = ()  # as written

    @property
    def is_partition(self) -> bool:
        """Whether it is PARTITION OF another one."""
        return self.bound is not None

    @property
    def referenced(self) -> tuple[RelationName, ...]:
        """Tables that its foreign keys point at."""
        of_columns = [c for column in self.columns for c in column.constraints]
        every = (*of_columns, *self.constraints)
        return tuple(c.references for c in every if c.references is not None)


class CreateTableAs(Struct, frozen=True, kw_only=True):
    """CREATE TABLE AS, SELECT INTO, or CREATE MATERIALIZED VIEW where `materialized`."""

    table: RelationName
    query: Expression
    materialized: bool = False
    if_not_exists: bool = False


class Assignment(Struct, frozen=True, kw_only=True):
    """`column = value` of an UPDATE; `plain`: no field or subscript of the column."""

    column: str
    value: Expression
    plain: bool = True


class Update(Struct, frozen=True, kw_only=True):
    """UPDATE; `plain`: no FROM, WITH or RETURNING."""

    table: RelationName
    assignments: tuple[Assignment, ...]
    where: Expression | None = None
    plain: bool = True
    features: frozenset[Feature] = frozenset()  # of the whole statement


class Insert(Struct, frozen=True, kw_only=True):
    """INSERT; `written_out`: VALUES or DEFAULT VALUES, not a query."""

    table: RelationName
    columns: tuple[str, ...] = ()
    written_out: bool = True
    reads: tuple[RelationName, ...] = ()
    on_conflict: str = ""  # nothing, update


class CommentOn(Struct, frozen=True, kw_only=True):
    """COMMENT ON; `kind`: table, column, constraint, trigger, index, view, sequence, policy,
    rule; else empty."""

    kind: str
    words: Words
    text: str | None


class DropObjects(Struct, frozen=True, kw_only=True):
    """DROP of one or several objects; `kind` in words, empty for one that zdm cannot tell."""

    kind: str
    objects: tuple[Words, ...]
    arguments: tuple[tuple[TypeName, ...] | None, ...] = ()  # of routines; None: not written
    domain: bool = False  # DROP DOMAIN, whose kind is `type`, too
    if_exists: bool = False
    cascade: bool = False


class RenameObject(Struct, frozen=True, kw_only=True):
    """RENAME; `part` is the column or constraint of the relation that is renamed, if one is."""

    kind: str
    words: Words
    part: str = ""
    new_name: str
    if_exists: bool = False
    arguments: tuple[TypeName, ...] | None = None  # of a routine; None: not written


class ChangeEnum(Struct, frozen=True, kw_only=True):
    """ALTER TYPE … ADD VALUE, or RENAME VALUE where `former` is given."""

    words: Words
    label: str
    neighbour: str = ""
    after: bool = True  # the neighbour; else before it
    former: str = ""
    if_not_exists: bool = False


class Parameter(Struct, frozen=True, kw_only=True):
    """A parameter of a routine; `mode`: in, out, inout, variadic, table."""

    name: str
    mode: str
    type: TypeName
    has_default: bool = False


class Routine(Struct, frozen=True, kw_only=True):
    """How a function or procedure is called, and what it gives; `returns` is None where its
    parameters say that. `leakproof`: only a superuser may make it."""

    parameters: tuple[Parameter, ...] = ()
    returns: TypeName | None = None
    returns_set: bool = False
    leakproof: bool = False


class CreateObject(Struct, frozen=True, kw_only=True):
    """CREATE of a schema, type, domain, extension, sequence, view, function or procedure;
    `words` is empty for what zdm cannot name."""

    kind: str
    words: Words
    temporary: bool = False
    replaces: bool = False
    if_not_exists: bool = False
    arguments: tuple[TypeName, ...] = ()  # of a routine's input
    labels: tuple[str, ...] = ()  # of an enum
    constrained: bool = False  # a domain with CHECK or NOT NULL
    language: str = ""
    volatility: str = ""
    query: Expression | None = None  # of a view
    columns: Words = ()  # of a view; none where its query does not spell them out
    reads: tuple[RelationName, ...] = ()
    body_reads: tuple[RelationName, ...] = ()  # of a function whose body is a string of SQL
    body_writes: tuple[RelationName, ...] = ()  # by INSERT and the like, of any body in SQL
    owner: Words = ()  # of a sequence: the words of OWNED BY
    sequence: SequenceOptions | None = None
    open_definer: bool = False  # of a routine: SECURITY DEFINER without SET search_path
    with_elements: bool = False  # CREATE SCHEMA with objects in it
    routine: Routine | None = None


class CreateTrigger(Struct, frozen=True, kw_only=True):
    """CREATE TRIGGER; `columns` are those of UPDATE OF and WHEN, on which it depends."""

    name: str
    table: RelationName
    function: Words
    columns: tuple[str, ...] = ()
    replaces: bool = False
    per_row: bool = False
    constraint: bool = False
    other: RelationName | None = None  # FROM, of a constraint trigger


class Read(Struct, frozen=True, kw_only=True):
    """SELECT; `into`: it makes a table."""

    query: Expression
    into: bool = False
    writes: bool = False  # a WITH clause changes rows
    locking: bool = False  # FOR UPDATE, FOR SHARE …


class Other(Struct, frozen=True, kw_only=True):
    """Any other statement: what its Fact tells is all there is; `reads` are the relations
    that it names."""

    reads: tuple[RelationName, ...] = ()


Said = (
    AddColumn
    | ChangeType
    | SetDefault
    | AddConstraint
    | AlterColumn
    | CreateTable
    | CreateTableAs
    | IndexDefinition
    | Update
    | Insert
    | CommentOn
    | CreateObject
    | CreateTrigger
    | DropObjects
    | RenameObject
    | ChangeEnum
    | Read
    | Other
)
