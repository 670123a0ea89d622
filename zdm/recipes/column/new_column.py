"""What an ADD COLUMN says, why it may be refused, and what fills it later in the train.

ADD COLUMN with PRIMARY KEY, UNIQUE, CHECK, IDENTITY or a stored GENERATED builds, scans or
rewrites under ACCESS EXCLUSIVE (manual, ALTER TABLE; measured 11-18). A REFERENCES without a
default needs no scan: every row is NULL; it takes SHARE ROW EXCLUSIVE on the parent.
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.expression import Expression
from zdm.model.schema import Column, Constraint, Name, Snapshot, Table, Volatility
from zdm.model.sql import ident, literal
from zdm.model.statement import Action, ActionKind, Directive, DirectiveKind
from zdm.model.syntax import ColumnDefinition, ConstraintDefinition
from zdm.parse import expressions, rewrite
from zdm.recipes.column import new_identity
from zdm.recipes.column.serial_identity import Exchange
from zdm.recipes.constraint.not_null import PLAIN, Named
from zdm.recipes.reading import added, filled, held, session_dependent, statements, updates
from zdm.schema import (
    default_volatility,
    generated_names,
    lookup,
    sequences,
    type_change,
    type_names,
)

_REFUSED = {
    "check": (
        "an inline CHECK reads the whole table",
        "add the column without it, and the CHECK by ADD CONSTRAINT in a statement of its own",
    ),
    "unique": (
        "an inline UNIQUE builds its index",
        "add the column without it, and UNIQUE by ADD CONSTRAINT in a statement of its own",
    ),
    "primary key": (
        "an inline PRIMARY KEY builds its index and needs a value in every row",
        "add the column, fill it and set it NOT NULL; then CREATE UNIQUE INDEX, and ADD"
        " CONSTRAINT … PRIMARY KEY USING INDEX under `-- zdm: run in contract -- reason`",
    ),
    "generated stored": (
        "a stored generated column rewrites the table and all its indexes",
        "on PostgreSQL 18 write VIRTUAL, which rewrites nothing, where it needs no index; or"
        " add a plain column, fill it with an UPDATE, and let your own trigger compute it,"
        " whose CREATE TRIGGER is under `-- zdm: run in expand -- reason`",
    ),
}


class NewColumn(Struct, frozen=True, kw_only=True):
    """`sql` is the whole ADD COLUMN, the author's text where it is its own statement;
    `bare_sql` adds the column without default and NOT NULL, where it `rewrites`: PostgreSQL
    would write every row. `kinds`: its constraints, in the words of ConstraintDefinition.
    `meanwhile`: the directive that gives it a default until the contract, which `sql` has."""

    column: Column
    sql: str
    bare_sql: str = ""
    default: str | None = None
    rewrites: bool = False
    not_null: Named = PLAIN
    sequence: Name | None = None  # serial
    exchange: Exchange | None = None  # by which it becomes an identity
    references: tuple[Name, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    kinds: tuple[str, ...] = ()
    meanwhile: Directive | None = None


class Following(Struct, frozen=True, kw_only=True):
    """What later Actions of the train say about the new column."""

    fill: str | None = None
    not_null: bool = False
    consumed: tuple[int, ...] = ()


def read(action: Action, table: Table, snapshot: Snapshot) -> NewColumn:
    """The column that an ADD COLUMN says."""
    definition = added.definition(action)
    settings = action.statement.settings
    not_null, default = definition.constraint("not null"), definition.constraint("default")
    serial = type_names.is_serial(definition.type)
    column = Column(
        name=definition.name,
        type=type_names.canonical(definition.type, snapshot, settings),
        not_null=not_null is not None,
    )
    column = replace(
        column, constrained_domain=type_change.is_constrained(column.type, snapshot)
    )
    parents = [c.references for c in definition.constraints if c.references is not None]
    new = NewColumn(
        column=column,
        sql=_text(action, table, definition),
        not_null=PLAIN
        if not_null is None
        else Named(name=not_null.name, no_inherit=not_null.no_inherit),
        references=tuple(lookup.found(p, snapshot, settings) for p in parents),
        kinds=tuple(_kind(c) for c in definition.constraints),
    )
    new = _with_foreign_key(new, table, snapshot)
    said = definition.constraint("identity")
    if serial:
        new = _serial(new, table, snapshot)
    elif said is not None:
        new = _identity(new, said, table, snapshot)
    elif default is not None and default.expression is not None:
        new = _defaulted(new, default.expression, snapshot)
    elif new.column.not_null:
        new = replace(new, meanwhile=_meanwhile(action, column.name))
    if new.meanwhile is not None:
        given = expressions.read(new.meanwhile.expression)
        return replace(new, sql=rewrite.add_column_with_default(table.name, definition, given))
    if not new.rewrites:
        return new
    kind = new.column.type if serial else None
    return replace(new, bare_sql=rewrite.add_bare_column(table.name, definition, kind))


def problem(
    new: NewColumn, action: Action, table: Table, snapshot: Snapshot
) -> tuple[str, str] | None:
    """Why it is refused, and the remedy."""
    made = None if new.exchange is None else new.exchange.made
    found = (
        new_identity.problem(added.definition(action), table, made)
        or _problem(new, table)
        or _of_meanwhile(new, table, snapshot)
        or _without_usage(new, table, snapshot)
    )
    return found or (filled.obstacle(table, snapshot) if new.rewrites else None)


def _without_usage(new: NewColumn, table: Table, snapshot: Snapshot) -> tuple[str, str] | None:
    """The default draws from the sequence with the rights of who inserts (manual, CREATE
    SEQUENCE; measured 14-18); a new one gives USAGE to others by default privileges alone."""
    roles = held.writers(table, "INSERT")
    if new.sequence is None or not roles:
        return None
    schema = table.name.schema
    if any(
        right.kind == "default acl"
        and right.name.endswith(" on sequences")
        and (" in schema " not in right.name or f" in schema {schema} " in right.name)
        for right in snapshot.rights
    ):
        return None
    who = ", ".join(ident(role) if role else "PUBLIC" for role in roles)
    return (
        f"{table.name}.{new.column.name} draws its value from a new sequence, on which"
        f" {who} has no USAGE: every INSERT of that role would fail from the expand on",
        f"run `ALTER DEFAULT PRIVILEGES IN SCHEMA {ident(schema)} GRANT USAGE ON SEQUENCES TO"
        f" {who}` first, as the role that migrates",
    )


def _problem(new: NewColumn, table: Table) -> tuple[str, str] | None:
    column = new.column
    where = f"{table.name}.{column.name}"
    for kind in new.kinds:
        if kind in _REFUSED:
            fact, remedy = _REFUSED[kind]
            return (
                f"{where}: {fact} under ACCESS EXCLUSIVE, which blocks reads and writes",
                remedy,
            )
    defaulted = new.default is not None or new.meanwhile is not None
    if new.references and (defaulted or new.rewrites):
        return (
            f"{where}: a REFERENCES with a default checks every row under ACCESS EXCLUSIVE",
            "add the column without the default; SET DEFAULT in a statement of its own",
        )
    if column.constrained_domain:
        return constrained(where, column.type)
    if "generated virtual" in new.kinds and column.not_null:
        return (
            f"{where}: a virtual column with NOT NULL reads the whole table under ACCESS"
            " EXCLUSIVE",
            "remove the NOT NULL",
        )
    if column.not_null and not defaulted:
        return (
            f"{where} is NOT NULL without a default, so existing rows and inserts of the old"
            " version have no value for it",
            "give it a DEFAULT; or add it nullable, fill it with an UPDATE, and SET NOT NULL in"
            " the same train; or, for a default that the contract drops, put `-- zdm: default"
            f" {ident(column.name)} = <value>` above the statement",
        )
    return None


def _meanwhile(action: Action, column: str) -> Directive | None:
    """The author's directive that gives the column a default until the contract."""
    found = (d for d in action.statement.directives if d.kind is DirectiveKind.DEFAULT)
    return next((d for d in found if d.argument == column), None)


def _of_meanwhile(new: NewColumn, table: Table, snapshot: Snapshot) -> tuple[str, str] | None:
    """Why its default until the contract cannot be, and the remedy."""
    if new.meanwhile is None:
        return None
    given = expressions.read(new.meanwhile.expression)
    where = f"{table.name}.{new.column.name}"
    if expressions.columns(given) or expressions.is_null(given):
        return (
            f"the default `{new.meanwhile.expression}` of {where} must be a value of its own,"
            " not NULL and not from other columns",
            "add the column nullable, fill it with an UPDATE, and SET NOT NULL in the same"
            " train",
        )
    if default_volatility.volatility(given, snapshot) is Volatility.VOLATILE:
        return (
            f"the default `{new.meanwhile.expression}` of {where} is volatile, so PostgreSQL"
            " would write every row under ACCESS EXCLUSIVE",
            "use a constant in the directive; or write the DEFAULT in the statement, and DROP"
            " DEFAULT in a later one",
        )
    return None


def constrained(where: str, kind: str) -> tuple[str, str]:
    """That PostgreSQL rewrites the table for a new column of such a type, and the remedy."""
    return (
        f"{where}: the domain {kind} has constraints, so the table is rewritten",
        "use the domain's base type, and add its CHECK to the table with ADD CONSTRAINT",
    )


def following(
    actions: Sequence[Action], table: Table, new: NewColumn, snapshot: Snapshot
) -> Following:
    """The UPDATE that fills the column, and the SET NOT NULL after it."""
    result = Following()
    if new.rewrites or new.column.not_null or new.references or new.column.generated:
        return result
    for position, action in enumerate(actions[1:], 1):
        if not statements.about(action, table.name, new.column.name):
            continue
        if result.fill is None and new.default is None:
            value = _fill(action, table, new, snapshot)
            if value is not None and (
                filled.obstacle(table, snapshot) is not None
                or session_dependent.obstacle((value,), table, snapshot) is not None
                or _has_default(new, snapshot)
            ):
                return result  # the UPDATE is refused by itself
            if value is not None:
                result = Following(fill=value, consumed=(position,))
                continue
        has_value = result.fill is not None or _never_null(new)
        if has_value and statements.fact(action, ActionKind.SET_NOT_NULL) is not None:
            return replace(result, not_null=True, consumed=(*result.consumed, position))
        break
    return result


def _has_default(new: NewColumn, snapshot: Snapshot) -> bool:
    """Its domain gives a value to every row, which no trigger can tell from a given one."""
    domain = type_change.found(new.column.type, snapshot, "domain")
    return domain is not None and " DEFAULT " in domain.definition


def _kind(constraint: ConstraintDefinition) -> str:
    return f"{constraint.kind} {constraint.generated}".strip()


def _text(action: Action, table: Table, definition: ColumnDefinition) -> str:
    if action.count == 1:
        return action.statement.sql
    return rewrite.add_column(table.name, definition)


def _defaulted(new: NewColumn, default: Expression, snapshot: Snapshot) -> NewColumn:
    volatility = default_volatility.volatility(default, snapshot)
    text = expressions.sql(default)
    return replace(
        new,
        default=text,
        rewrites=volatility is Volatility.VOLATILE,
        column=replace(new.column, default=text, default_volatility=volatility),
    )


def _serial(new: NewColumn, table: Table, snapshot: Snapshot) -> NewColumn:
    """serial: an integer with a sequence of its own, NOT NULL and a default from it."""
    taken = generated_names.taken(snapshot, table.name.schema)
    name = generated_names.chosen(table.name, (new.column.name,), "seq", taken)
    sequence = Name(table.name.schema, name)
    default = f"nextval({literal(sequence.sql).strip()}::regclass)"
    return replace(_numbered(new, default), sequence=sequence)


def _identity(
    new: NewColumn, said: ConstraintDefinition, table: Table, snapshot: Snapshot
) -> NewColumn:
    """NOT NULL, and with a default until it is an identity."""
    exchange = new_identity.read(said, table, new.column, snapshot)
    if exchange is None:
        return new
    numbered = _numbered(new, sequences.default(exchange.sequence.name))
    return replace(numbered, exchange=exchange)


def _numbered(new: NewColumn, default: str) -> NewColumn:
    volatile = Volatility.VOLATILE
    column = replace(new.column, not_null=True, default=default, default_volatility=volatile)
    return replace(new, default=default, rewrites=True, column=column)


def _with_foreign_key(new: NewColumn, table: Table, snapshot: Snapshot) -> NewColumn:
    if not new.references:
        return new
    taken = generated_names.taken(snapshot, table.name.schema)
    return replace(
        new,
        constraints=tuple(
            Constraint(
                name=generated_names.chosen(table.name, (new.column.name,), "fkey", taken),
                kind="foreign key",
                columns=(new.column.name,),
                definition=f"FOREIGN KEY ({ident(new.column.name)}) REFERENCES {parent.sql}",
                references=parent,
            )
            for parent in new.references
        ),
    )


def _fill(action: Action, table: Table, new: NewColumn, snapshot: Snapshot) -> str | None:
    """The value that an UPDATE of every row gives to the column, and nothing else."""
    update = updates.read(action)
    if update is None or not update.simple or len(update.assignments) != 1:
        return None
    if update.where is not None and expressions.null_test(update.where) != (
        new.column.name,
        False,
    ):
        return None
    value = update.assignments[0][1]
    known = {column.name for column in table.columns}
    reads = expressions.columns(value)
    if not known.issuperset(reads) or expressions.is_null(value):
        return None
    if reads and default_volatility.volatility(value, snapshot) is not Volatility.IMMUTABLE:
        return None
    return expressions.bare(value)


def _never_null(new: NewColumn) -> bool:
    return new.default is not None and new.default.upper() != "NULL"
