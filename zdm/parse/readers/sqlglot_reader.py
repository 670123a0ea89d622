"""The second reader: what sqlglot makes of one statement, for comparison only.

sqlglot is not a validator and never prints the author's SQL. A Command (opaque text) and any
exception mean that it has no reading; its compiled build raises foreign types, so every
exception is caught here. Identifiers come unfolded and uncut; both is done before comparing.
"""

import logging
from collections.abc import Iterable

import sqlglot
from msgspec import Struct
from msgspec.structs import replace
from sqlglot import exp

from zdm.model.sql import MAX_NAME_BYTES
from zdm.model.statement import ActionKind as Kind

logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # it warns of each opaque statement


class Reading(Struct, frozen=True, kw_only=True):
    """What sqlglot says about one Action; the schema is empty where the text has none."""

    kind: Kind
    schema: str = ""
    table: str = ""
    name: str = ""
    new_name: str = ""
    concurrently: bool = False
    if_exists: bool = False
    cascade: bool = False
    constraint_kind: str = ""
    not_valid: bool = False


_CREATES = {"TABLE": Kind.CREATE_TABLE, "VIEW": Kind.CREATE_VIEW}
_DROPS = {"TABLE": Kind.DROP_TABLE, "INDEX": Kind.DROP_INDEX, "VIEW": Kind.DROP_VIEW}
_WRITES: dict[type[exp.Expr], Kind] = {
    exp.Insert: Kind.INSERT,
    exp.Update: Kind.UPDATE,
    exp.Delete: Kind.DELETE,
}
_RENAMES = (Kind.RENAME_TABLE, Kind.RENAME_COLUMN)

_CONSTRAINTS: dict[type[exp.Expr], str] = {
    exp.CheckColumnConstraint: "check",
    exp.UniqueColumnConstraint: "unique",
    exp.PrimaryKey: "primary key",
    exp.PrimaryKeyColumnConstraint: "primary key",
    exp.ForeignKey: "foreign key",
    exp.ExcludeColumnConstraint: "exclusion",
}


def read(sql: str) -> tuple[Reading, ...] | None:
    """A Reading for each Action of one statement, or None where sqlglot has none."""
    try:
        trees = sqlglot.parse(sql, read="postgres")
        if len(trees) != 1 or trees[0] is None or isinstance(trees[0], exp.Command):
            return None
        return _statement(trees[0])
    except Exception:  # noqa: BLE001  # the compiled build raises TypeError and others
        return None


def _name(node: exp.Expr | None) -> str:
    """An identifier as PostgreSQL keeps it."""
    if isinstance(node, exp.Column | exp.Table):
        node = node.this
    if not isinstance(node, exp.Identifier):
        return ""
    text = str(node.this)
    text = text if node.args.get("quoted") else text.lower()
    return text.encode()[:MAX_NAME_BYTES].decode(errors="ignore")


def _table(node: exp.Expr | None) -> tuple[str, str]:
    if isinstance(node, exp.Schema):
        node = node.this
    if not isinstance(node, exp.Table):
        return "", ""
    return _name(node.args.get("db")), _name(node.this)


def _statement(tree: exp.Expr) -> tuple[Reading, ...] | None:
    match tree:
        case exp.Alter():
            schema, table = _table(tree.this)
            if tree.args.get("kind") != "TABLE":
                return None
            return _alter(tree, schema, table)
        case exp.Create():
            return _one(_create(tree))
        case exp.Drop():
            return _one(_drop(tree))
        case exp.Insert() | exp.Update() | exp.Delete():
            schema, table = _table(tree.this)
            return (Reading(kind=_WRITES[type(tree)], schema=schema, table=table),)
        case exp.Comment():
            return _one(_comment(tree))
        case exp.Analyze():
            return _one(_analyze(tree))
    return None


def _one(reading: Reading | None) -> tuple[Reading, ...] | None:
    return None if reading is None else (reading,)


def _create(tree: exp.Create) -> Reading | None:
    kind = str(tree.args.get("kind", "")).upper()
    exists = bool(tree.args.get("exists"))
    if kind == "INDEX" and isinstance(tree.this, exp.Index):
        schema, table = _table(tree.this.args.get("table"))
        return Reading(
            kind=Kind.CREATE_INDEX,
            schema=schema,
            table=table,
            name=_name(tree.this.this),
            concurrently=bool(tree.args.get("concurrently")),
            if_exists=exists,
        )
    if kind not in _CREATES:
        return None
    if kind == "TABLE" and tree.args.get("expression") is not None:
        return None  # CREATE TABLE AS
    schema, table = _table(tree.this)
    return Reading(kind=_CREATES[kind], schema=schema, table=table, if_exists=exists)


def _drop(tree: exp.Drop) -> Reading | None:
    kind = _DROPS.get(str(tree.args.get("kind", "")).upper())
    tables = tree.args.get("tables") or []
    if kind is None or len(tables) != 1:
        return None
    schema, name = _table(tables[0])
    flags = Reading(
        kind=kind,
        if_exists=bool(tree.args.get("exists")),
        cascade=bool(tree.args.get("cascade")),
        concurrently=bool(tree.args.get("concurrently")),
    )
    if kind is Kind.DROP_TABLE:
        return replace(flags, schema=schema, table=name)
    return replace(flags, name=f"{schema}.{name}" if schema else name)


def _comment(tree: exp.Comment) -> Reading | None:
    match str(tree.args.get("kind", "")).lower():
        case "table":
            schema, table = _table(tree.this)
            return Reading(kind=Kind.COMMENT, schema=schema, table=table, name="table")
        case "column" if isinstance(tree.this, exp.Column):
            return Reading(
                kind=Kind.COMMENT,
                schema=_name(tree.this.args.get("db")),
                table=_name(tree.this.args.get("table")),
                name=_name(tree.this.this),
            )
    return None


def _analyze(tree: exp.Analyze) -> Reading | None:
    """Of one table; a name with columns behind it is read as a call, without its quotes."""
    tables = tree.args.get("tables") or []
    if len(tables) != 1 or not isinstance(tables[0].this, exp.Identifier):
        return None
    schema, table = _table(tables[0])
    return Reading(kind=Kind.OTHER, schema=schema, table=table)


def _alter(tree: exp.Alter, schema: str, table: str) -> tuple[Reading, ...] | None:
    readings: list[Reading] = []
    options: Iterable[exp.Expr] = tree.args.get("options") or ()
    for action in tree.args.get("actions") or ():
        reading = _action(action, tuple(options), schema, table)
        if reading is None:
            return None
        readings.extend(reading)
    # sqlglot puts NOT VALID on the ALTER, but it belongs to the last sub-command
    if readings and tree.args.get("not_valid"):
        readings[-1] = replace(readings[-1], not_valid=True)
    if readings and readings[-1].kind in _RENAMES:  # a RENAME is alone
        readings[-1] = replace(readings[-1], if_exists=bool(tree.args.get("exists")))
    return tuple(readings)


def _action(
    action: exp.Expr, options: tuple[exp.Expr, ...], schema: str, table: str
) -> tuple[Reading, ...] | None:
    where = Reading(kind=Kind.OTHER, schema=schema, table=table)
    match action:
        case exp.ColumnDef():
            exists = bool(action.args.get("exists"))
            return (
                replace(where, kind=Kind.ADD_COLUMN, name=_name(action.this), if_exists=exists),
            )
        case exp.Drop():
            return _drop_action(action, where)
        case exp.RenameColumn():
            return (
                replace(
                    where,
                    kind=Kind.RENAME_COLUMN,
                    name=_name(action.this),
                    new_name=_name(action.args.get("to")),
                ),
            )
        case exp.AlterRename():
            return (_rename(action, options, where),)
        case exp.AlterColumn():
            return (replace(where, kind=_column_kind(action), name=_name(action.this)),)
        case exp.AddConstraint():
            found = [_constraint(item, where) for item in action.expressions]
            return None if None in found else tuple(r for r in found if r is not None)
    return None


def _rename(action: exp.AlterRename, options: tuple[exp.Expr, ...], where: Reading) -> Reading:
    """`RENAME c TO d`, which Alembic emits for a column, reads as a table's rename with a
    ToTableProperty behind it: the one named exception to the rule of agreement."""
    target = next((item for item in options if isinstance(item, exp.ToTableProperty)), None)
    if target is None:
        return replace(where, kind=Kind.RENAME_TABLE, new_name=_table(action.this)[1])
    return replace(
        where,
        kind=Kind.RENAME_COLUMN,
        name=_table(action.this)[1],
        new_name=_table(target.this)[1],
    )


def _drop_action(action: exp.Drop, where: Reading) -> tuple[Reading, ...] | None:
    kinds = {"COLUMN": Kind.DROP_COLUMN, "CONSTRAINT": Kind.DROP_CONSTRAINT}
    kind = kinds.get(str(action.args.get("kind", "")).upper())
    if kind is None:
        return None
    return tuple(
        replace(
            where,
            kind=kind,
            name=_name(item),
            if_exists=bool(action.args.get("exists")),
            cascade=bool(action.args.get("cascade")),
        )
        for item in action.args.get("tables") or ()
    )


def _column_kind(action: exp.AlterColumn) -> Kind:
    """DROP NOT NULL is drop and allow_null, DROP DEFAULT is drop alone."""
    if "allow_null" in action.args:
        return Kind.DROP_NOT_NULL if action.args["allow_null"] else Kind.SET_NOT_NULL
    if action.args.get("dtype") is not None:
        return Kind.CHANGE_TYPE
    return Kind.DROP_DEFAULT if action.args.get("drop") else Kind.SET_DEFAULT


def _constraint(item: exp.Expr, where: Reading) -> Reading | None:
    """A named constraint holds the unnamed one; of a kind not listed it has no reading."""
    name, kind = "", item
    if isinstance(item, exp.Constraint):
        if len(item.expressions) != 1:
            return None
        name, kind = _name(item.this), item.expressions[0]
    if type(kind) not in _CONSTRAINTS:
        return None
    return replace(
        where, kind=Kind.ADD_CONSTRAINT, name=name, constraint_kind=_CONSTRAINTS[type(kind)]
    )
