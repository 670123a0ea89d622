"""What an ADD COLUMN says, why it may be refused, and what fills it later in the train.

ADD COLUMN with PRIMARY KEY, UNIQUE, CHECK, IDENTITY or a stored GENERATED builds, scans or
rewrites under ACCESS EXCLUSIVE (manual, ALTER TABLE; measured 11-18). A REFERENCES without a
default needs no scan: every row is NULL; it takes SHARE ROW EXCLUSIVE on the parent.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from zdm.model.schema import Column, Constraint, Name, Snapshot, Table, Volatility
from zdm.model.sql import ident, literal
from zdm.model.statement import Action, ActionKind
from zdm.parse import trees
from zdm.recipes.column import default_volatility
from zdm.recipes.reading import statements, updates
from zdm.recipes.sql import expressions, generated_names
from zdm.recipes.sql.expressions import Node
from zdm.recipes.type import names

_REFUSED = {
    "CONSTR_IDENTITY": (
        "an identity column rewrites the table and all its indexes",
        "add it as `bigint`, fill it in a later statement, and make it an identity in a later"
        " release; or use `bigserial`, which zdm fills in batches",
    ),
    "CONSTR_CHECK": (
        "an inline CHECK reads the whole table",
        "add the column without it; then ADD CONSTRAINT … CHECK … NOT VALID, and VALIDATE"
        " CONSTRAINT in a statement of its own",
    ),
    "CONSTR_UNIQUE": (
        "an inline UNIQUE builds its index",
        "add the column without it; then CREATE UNIQUE INDEX, and ADD CONSTRAINT … UNIQUE USING"
        " INDEX",
    ),
    "CONSTR_PRIMARY": (
        "an inline PRIMARY KEY builds its index and needs a value in every row",
        "add the column, fill it and set it NOT NULL; then CREATE UNIQUE INDEX, and ADD"
        " CONSTRAINT … PRIMARY KEY USING INDEX",
    ),
    "CONSTR_STORED": (
        "a stored generated column rewrites the table and all its indexes",
        "add a plain column, fill it with an UPDATE, and let your own trigger compute it",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewColumn:
    """`sql` is the whole ADD COLUMN, the author's text where it is its own statement;
    `bare_sql` adds the column without default and NOT NULL, where it `rewrites`: PostgreSQL
    would write every row. `kinds`: its constraints, as libpg_query names them."""

    column: Column
    sql: str
    bare_sql: str = ""
    default: str | None = None
    rewrites: bool = False
    not_null_name: str = ""
    sequence: Name | None = None  # serial
    references: tuple[Name, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """What later Actions of the train say about the new column."""

    fill: str | None = None
    not_null: bool = False
    consumed: tuple[int, ...] = ()


def read(action: Action, table: Table, snapshot: Snapshot) -> NewColumn:
    """The column that an ADD COLUMN says."""
    definition: Node = action.tree["def"]["ColumnDef"]
    settings = action.statement.settings
    constraints = [item["Constraint"] for item in definition.get("constraints", [])]
    kinds = tuple(_kind(c) for c in constraints)
    type_name = definition["typeName"]
    column = Column(
        name=definition["colname"],
        type=names.canonical(type_name, snapshot, settings),
        not_null="CONSTR_NOTNULL" in kinds,
    )
    column = replace(column, constrained_domain=_constrained(column.type, snapshot))
    parents = [c["pktable"] for c in constraints if "pktable" in c]
    new = NewColumn(
        column=column,
        sql=_text(action, table, definition),
        not_null_name=next(
            (c.get("conname", "") for c in constraints if _kind(c) == "CONSTR_NOTNULL"), ""
        ),
        references=tuple(statements.found(p, snapshot, settings) for p in parents),
        kinds=kinds,
    )
    default = next((c["raw_expr"] for c in constraints if _kind(c) == "CONSTR_DEFAULT"), None)
    new = _with_foreign_key(new, table, snapshot)
    serial = names.is_serial(type_name)
    if serial:
        new = _serial(new, table, snapshot)
    elif default is not None:
        new = _defaulted(new, default, snapshot)
    if not new.rewrites:
        return new
    return replace(new, bare_sql=_bare_text(table, definition, new.column, serial=serial))


def problem(new: NewColumn, table: Table) -> tuple[str, str] | None:
    """Why it is refused, and the remedy."""
    column = new.column
    where = f"{table.name}.{column.name}"
    for kind in new.kinds:
        if kind in _REFUSED:
            fact, remedy = _REFUSED[kind]
            return (
                f"{where}: {fact} under ACCESS EXCLUSIVE, which blocks reads and writes",
                remedy,
            )
    if new.references and (new.default is not None or new.rewrites):
        return (
            f"{where}: a REFERENCES with a default checks every row under ACCESS EXCLUSIVE",
            "add the column without the default; SET DEFAULT in a statement of its own",
        )
    if column.constrained_domain:
        return (
            f"{where}: the domain {column.type} has constraints, so the table is rewritten",
            "use the domain's base type, and a CHECK on the table that is NOT VALID at first",
        )
    if column.not_null and new.default is None:
        return (
            f"{where} is NOT NULL without a default, so existing rows and inserts of the old"
            " version have no value for it",
            "give it a DEFAULT; or add it nullable, fill it with an UPDATE, and SET NOT NULL in"
            " the same train",
        )
    if "CONSTR_GENERATED" in new.kinds and column.not_null:
        return (
            f"{where}: a virtual column with NOT NULL reads the whole table under ACCESS"
            " EXCLUSIVE",
            "remove the NOT NULL",
        )
    return None


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
            if value is not None:
                result = Following(fill=value, consumed=(position,))
                continue
        filled = result.fill is not None or _never_null(new)
        if filled and statements.fact(action, ActionKind.SET_NOT_NULL) is not None:
            return replace(result, not_null=True, consumed=(*result.consumed, position))
        break
    return result


def _kind(constraint: Node) -> str:
    kind: str = constraint["contype"]
    if kind == "CONSTR_GENERATED" and constraint.get("generated_kind", "s") == "s":
        return "CONSTR_STORED"
    return kind


def _constrained(type_text: str, snapshot: Snapshot) -> bool:
    return any(
        t.constrained and type_text in (names.str_qualified(t.name), t.name.name)
        for t in snapshot.types
    )


def _text(action: Action, table: Table, definition: Node) -> str:
    if action.count == 1:
        return action.statement.sql
    return _alter(table, definition)


def _bare_text(table: Table, definition: Node, column: Column, *, serial: bool) -> str:
    edited = {k: v for k, v in definition.items() if k != "constraints"}
    if serial:
        edited["typeName"] = trees.type_name(column.type)
    return _alter(table, edited)


def _alter(table: Table, definition: Node) -> str:
    """ALTER TABLE … ADD COLUMN with this one column."""
    command: dict[str, Any] = {
        "subtype": "AT_AddColumn",
        "def": {"ColumnDef": definition},
        "behavior": "DROP_RESTRICT",
    }
    relation = {
        "schemaname": table.name.schema,
        "relname": table.name.name,
        "inh": True,
        "relpersistence": "p",
    }
    return trees.deparse(
        "AlterTableStmt",
        {
            "relation": relation,
            "cmds": [{"AlterTableCmd": command}],
            "objtype": "OBJECT_TABLE",
        },
    )


def _defaulted(new: NewColumn, default: Node, snapshot: Snapshot) -> NewColumn:
    volatility = default_volatility.volatility(default, snapshot)
    text = trees.expression_sql(default)
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
    return replace(
        new,
        default=default,
        rewrites=True,
        sequence=sequence,
        column=replace(
            new.column,
            not_null=True,
            default=default,
            default_volatility=Volatility.VOLATILE,
        ),
    )


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
    if update.where is not None and not statements.is_null(update.where, new.column.name):
        return None
    value = update.assignments[0][1]
    known = {column.name for column in table.columns}
    reads = updates.columns({"root": value})
    if not known.issuperset(reads) or "isnull" in value.get("A_Const", {}):
        return None
    if reads and default_volatility.volatility(value, snapshot) is not Volatility.IMMUTABLE:
        return None
    return expressions.bare(value)


def _never_null(new: NewColumn) -> bool:
    return new.default is not None and new.default.upper() != "NULL"
