"""Statements about tables and other relations that do not define them, as values.

They complete `syntax`: sub-commands of ALTER TABLE without a type of their own, maintenance,
changes of rows, and what touches no table at all.
"""

from enum import StrEnum

from msgspec import Struct, field

from zdm.model.expression import Expression, Feature, TypeName, Words
from zdm.model.syntax import PartitionBound, RelationName, SequenceOptions


class Change(StrEnum):
    """A sub-command of ALTER TABLE, ALTER INDEX, ALTER VIEW …"""

    SET_STATISTICS = "set statistics"
    SET_STORAGE = "set storage"
    SET_COMPRESSION = "set compression"
    SET_COLUMN_OPTIONS = "set column options"
    SET_EXPRESSION = "set expression"
    DROP_EXPRESSION = "drop expression"
    ADD_IDENTITY = "add identity"
    SET_IDENTITY = "set identity"
    DROP_IDENTITY = "drop identity"
    ALTER_CONSTRAINT = "alter constraint"
    SET_OPTIONS = "set options"
    OWNER = "owner"
    ROW_SECURITY = "row security"
    TRIGGER = "enable or disable trigger"
    RULE = "enable or disable rule"
    REPLICA_IDENTITY = "replica identity"
    CLUSTER_ON = "cluster on"
    SET_LOGGED = "set logged"
    SET_UNLOGGED = "set unlogged"
    SET_TABLESPACE = "set tablespace"
    SET_ACCESS_METHOD = "set access method"
    INHERIT = "inherit"
    NO_INHERIT = "no inherit"
    ATTACH_PARTITION = "attach partition"
    DETACH_PARTITION = "detach partition"
    FINALIZE_DETACH = "finalize detach"
    OF_TYPE = "of type"
    FOREIGN_OPTIONS = "foreign options"
    OTHER = "other"


class AlterTable(Struct, frozen=True, kw_only=True):
    """A sub-command without a type of its own. `options` are names of storage parameters, or
    what is altered of a constraint or of an identity."""

    change: Change
    name: str = ""  # the column, constraint, index or trigger
    other: RelationName | None = None  # the partition, parent, type of OF, or new sequence
    bound: PartitionBound | None = None
    options: tuple[str, ...] = ()
    identity: str = ""  # of ADD and SET GENERATED: always, by default; or a replica identity
    fires: str = ""  # of ENABLE and DISABLE TRIGGER: as in tgenabled; no name: all of them
    enforced: bool = False  # ALTER CONSTRAINT … ENFORCED
    concurrently: bool = False


class AlterRelation(Struct, frozen=True, kw_only=True):
    """ALTER of an index, view, materialized view, sequence, foreign table or composite type
    by sub-commands like those of ALTER TABLE; `kind` in these words."""

    kind: str
    relation: RelationName
    changes: tuple[AlterTable, ...]
    cascade: bool = False


class Work(StrEnum):
    """What a statement does with whole relations."""

    DELETE = "delete"
    MERGE = "merge"
    COPY_IN = "copy from"
    COPY_OUT = "copy to"
    TRUNCATE = "truncate"
    LOCK = "lock"
    VACUUM = "vacuum"
    VACUUM_FULL = "vacuum full"
    ANALYZE = "analyze"
    CLUSTER = "cluster"
    REINDEX_TABLE = "reindex table"
    REINDEX_INDEX = "reindex index"
    REINDEX_SCHEMA = "reindex schema"
    REINDEX_DATABASE = "reindex database"
    REFRESH = "refresh materialized view"
    POLICY = "create or alter policy"
    CREATE_RULE = "create rule"
    CREATE_STATISTICS = "create statistics"
    PUBLICATION = "create or alter publication"
    GRANT = "grant"
    GRANT_IN_SCHEMA = "grant in schema"
    SECURITY_LABEL = "security label"


class WorkOn(Struct, frozen=True, kw_only=True):
    """A statement about whole relations; none named: all of the database, where that is what
    it means. `reads` are the relations that it names besides."""

    work: Work
    relations: tuple[RelationName, ...] = ()
    reads: tuple[RelationName, ...] = ()
    name: str = ""  # a schema, a role of the statement's own
    mode: str = ""  # of LOCK, in the manual's words
    concurrently: bool = False
    cascade: bool = False
    revokes: bool = False  # GRANT that is a REVOKE
    restart: bool = False  # TRUNCATE … RESTART IDENTITY
    empties: bool = False  # REFRESH … WITH NO DATA
    all_rows: bool = False  # DELETE without WHERE
    where: Expression | None = None  # of DELETE
    all_tables: bool = False  # CREATE PUBLICATION … FOR ALL TABLES
    publishes_changes: bool = False  # a publication, of UPDATE or DELETE
    plain: bool = True  # DELETE without USING, WITH and RETURNING
    features: frozenset[Feature] = frozenset()  # of a DELETE


class SetSchema(Struct, frozen=True, kw_only=True):
    """ALTER … SET SCHEMA; `relation` is None for what is no relation; `arguments` are those of
    a routine, where they are written."""

    relation: RelationName | None
    kind: str = ""  # in the words of DropObjects
    words: Words = ()
    schema: str = ""
    arguments: tuple[TypeName, ...] | None = None


class AlterSequence(Struct, frozen=True, kw_only=True):
    """ALTER SEQUENCE; `owner` are the words of OWNED BY."""

    sequence: RelationName
    owner: Words = ()
    disowns: bool = False  # OWNED BY NONE
    options: SequenceOptions = field(default_factory=SequenceOptions)
    restarts: bool = False
    if_exists: bool = False

    @property
    def only_type(self) -> bool:
        """AS, and nothing else."""
        bare = SequenceOptions(type=self.options.type)
        others = self.owner or self.disowns or self.restarts
        return bool(bare.type) and self.options == bare and not others


class AlterDomain(Struct, frozen=True, kw_only=True):
    """ALTER DOMAIN; `checks`: it makes the server read the rows of the tables that use it."""

    words: Words
    checks: bool


class NoRelation(Struct, frozen=True, kw_only=True):
    """A statement that touches no table; `outside_transaction`: it cannot run in a block;
    `makes`: an aggregate, operator or type that zdm cannot name."""

    statement: str = ""  # in the manual's words; empty where no more is known of it
    outside_transaction: bool = False
    makes: bool = False


Command = (
    AlterTable | AlterRelation | WorkOn | SetSchema | AlterSequence | AlterDomain | NoRelation
)
