"""What the author wrote: Statements with their place, and the Actions and Facts in them.

A Statement's text is the author's, byte for byte. An Action is one sub-command of an
ALTER TABLE, or one other statement. A Fact is what both readers say about it; Unknown is
a value, and it is refused later, never treated as safe.
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, ClassVar

from msgspec import Struct

from zdm.model.commands import Command
from zdm.model.fields.hidden import Carrying
from zdm.model.schema import Name
from zdm.model.syntax import Said


class Source(Struct, frozen=True, kw_only=True, order=True):
    """A place in a file the author wrote; line and column count characters from 1."""

    file: str
    line: int
    column: int
    revision: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class DirectiveKind(StrEnum):
    """What a `zdm:` comment says.

    `-- zdm: reverse COLUMN = EXPRESSION` gives the reverse of a type change.
    `-- zdm: default COLUMN = EXPRESSION` gives a new NOT NULL column a default until the
    contract, for existing rows and for the old version.
    `-- zdm: run in PHASE -- reason` runs the statement as written in that phase,
    which the author asserts to be safe (PHASE is `expand` or `contract`).
    `-- zdm: privileged -- reason` says that the statement needs superuser, so that no shadow
    can run it.
    `-- zdm: keep old values` keeps what an UPDATE overwrites until the contract, so that a
    rollback restores it.
    `-- zdm: orphans HOW -- reason` says what becomes of the rows that a new foreign key would
    refuse (HOW is `delete`, `null` or `park`).
    `# zdm: nothing is lost -- reason`, above a call of a revision that reads rows, says that
    what it does with rows need not be in the plan.
    """

    REVERSE = "reverse"
    DEFAULT = "default"
    RUN_IN = "run in"
    PRIVILEGED = "privileged"
    KEEP_OLD_VALUES = "keep old values"
    ORPHANS = "orphans"
    NOTHING_IS_LOST = "nothing is lost"


class Directive(Struct, frozen=True, kw_only=True):
    """One `zdm:` comment, which belongs to the next statement."""

    kind: DirectiveKind
    argument: str = ""  # the column; the phase of `run in`; what becomes of orphans
    expression: str = ""  # reverse, default: the SQL expression
    reason: str = ""
    source: Source


class Setting(Struct, frozen=True, kw_only=True):
    """A session setting in force that changes what a statement means."""

    name: str  # search_path, role, TimeZone …
    value: str


class Timeouts(Struct, frozen=True, kw_only=True):
    """The timeouts that the migration itself has set at a statement. None: not set, so the
    server's, the database's or the role's, which are unknown; zero: no limit."""

    lock: timedelta | None = None
    statement: timedelta | None = None
    transaction: timedelta | None = None
    idle_in_transaction: timedelta | None = None


class Statement(Struct, frozen=True, kw_only=True):
    """One SQL statement of the author.

    `start` and `length` are bytes within the text it was cut from (the file, or the one
    execute() of a revision). `transaction` numbers the transactions of the train in
    order; None means that it ran outside one. `settings` are those in force that change what
    it means, `timeouts` those that end it.
    """

    sql: str
    source: Source
    start: int = 0
    length: int = 0
    transaction: int | None = 0
    settings: tuple[Setting, ...] = ()
    timeouts: Timeouts = Timeouts()
    directives: tuple[Directive, ...] = ()
    recorded: str = ""  # where the text had bind parameters: the text as sent, with $1 …

    @property
    def vouched(self) -> tuple[Directive, ...]:
        """The directives by which it runs as written; none: zdm plans it."""
        return tuple(
            directive
            for directive in self.directives
            if directive.kind in (DirectiveKind.RUN_IN, DirectiveKind.PRIVILEGED)
        )

    @property
    def privileged(self) -> bool:
        """Whether it needs superuser, so that no shadow runs it."""
        return any(d.kind is DirectiveKind.PRIVILEGED for d in self.directives)


class ActionKind(StrEnum):
    """What an Action does; a kind that is not here is Unknown."""

    CREATE_TABLE = "create table"
    DROP_TABLE = "drop table"
    RENAME_TABLE = "rename table"
    SET_SCHEMA = "set schema"
    ADD_COLUMN = "add column"
    DROP_COLUMN = "drop column"
    RENAME_COLUMN = "rename column"
    CHANGE_TYPE = "change column type"
    SET_DEFAULT = "set default"
    DROP_DEFAULT = "drop default"
    SET_NOT_NULL = "set not null"
    DROP_NOT_NULL = "drop not null"
    ADD_CONSTRAINT = "add constraint"
    DROP_CONSTRAINT = "drop constraint"
    VALIDATE_CONSTRAINT = "validate constraint"
    RENAME_CONSTRAINT = "rename constraint"
    ALTER_TABLE_OTHER = "alter table"
    CREATE_INDEX = "create index"
    DROP_INDEX = "drop index"
    RENAME_INDEX = "rename index"
    CREATE_SCHEMA = "create schema"
    CREATE_TYPE = "create type"
    ALTER_TYPE = "alter type"
    DROP_TYPE = "drop type"
    CREATE_DOMAIN = "create domain"
    CREATE_EXTENSION = "create extension"
    CREATE_SEQUENCE = "create sequence"
    ALTER_SEQUENCE = "alter sequence"
    DROP_SEQUENCE = "drop sequence"
    CREATE_VIEW = "create view"
    DROP_VIEW = "drop view"
    CREATE_FUNCTION = "create function"
    DROP_FUNCTION = "drop function"
    CREATE_TRIGGER = "create trigger"
    DROP_TRIGGER = "drop trigger"
    COMMENT = "comment"
    GRANT = "grant"
    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"
    TRUNCATE = "truncate"
    SELECT = "select"
    SET = "set"
    TRANSACTION = "transaction"
    OTHER = "other"  # read by libpg_query, of a kind that zdm has no fact for


class Fact(Struct, frozen=True, kw_only=True):
    """What the readers agree an Action does. Names are folded, cut and, where the
    search_path in force names one schema first, qualified with it."""

    kind: ActionKind
    table: Name | None = None  # the table it changes (for an index: the indexed table)
    name: str = ""  # column, constraint, index or other object it names
    new_name: str = ""  # RENAME …
    constraint_kind: str = (
        ""  # ADD CONSTRAINT: "check", "unique", "primary key", "foreign key" …
    )
    concurrently: bool = False
    if_exists: bool = False  # also IF NOT EXISTS
    cascade: bool = False
    not_valid: bool = False
    only: bool = False  # ALTER TABLE ONLY: without its partitions and children
    single_reader: bool = False  # sqlglot could not read it; libpg_query could


class Unknown(Struct, frozen=True, kw_only=True):
    """What an Action does is unknown, and why."""

    reason: str


class Action(Carrying, frozen=True, kw_only=True):
    """One sub-command of an ALTER TABLE, or one other statement.

    `said` is what it says, as a value. `tree` is the parser's own: only `zdm.parse` looks
    into it.
    """

    hidden: ClassVar[tuple[str, ...]] = ("said", "tree")

    statement: Statement
    index: int  # of the sub-command within its statement
    count: int  # sub-commands in the statement; 1 for every other statement
    fact: Fact | Unknown
    said: Said | Command
    tree: Mapping[str, Any]

    @property
    def source(self) -> Source:
        """Where the author wrote it."""
        return self.statement.source


class SourceFile(Struct, frozen=True, kw_only=True):
    """A file the train came from, pinned by its hash."""

    path: str  # relative to the project, with forward slashes
    sha256: str
    revision: str = ""


class Stamp(Struct, frozen=True, kw_only=True):
    """The move of Alembic's version table that the train represents."""

    table: Name
    from_heads: tuple[str, ...]
    to_heads: tuple[str, ...]


class RowsRead(Struct, frozen=True, kw_only=True):
    """A query of a revision that reads rows. `accepted`: its author says that nothing is lost
    if the plan does not have what the revision does with them."""

    source: Source
    tables: tuple[str, ...]
    accepted: bool = False


class Train(Struct, frozen=True, kw_only=True):
    """The Statements of all pending revisions or files, in order.

    `notes` are sentences about how it was read that a person must see (a data-dependent
    read, an autocommit_block that commits earlier revisions).
    """

    statements: tuple[Statement, ...]
    files: tuple[SourceFile, ...]
    stamp: Stamp | None = None
    notes: tuple[tuple[Source, str], ...] = ()
    reads: tuple[RowsRead, ...] = ()
