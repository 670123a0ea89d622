"""Statements and definitions with small edits, made on their trees and proved.

Never by text replacement: opclass, sort order, collation, INCLUDE, predicate and expression
of an index stay as they were written or as PostgreSQL printed them.
"""

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from zdm.errors import ZdmError
from zdm.model.expression import Expression
from zdm.model.schema import Name
from zdm.model.sql import ident
from zdm.model.statement import Action
from zdm.model.syntax import ColumnDefinition, ConstraintDefinition, Definition, IndexDefinition
from zdm.parse import libpg_query, trees
from zdm.parse.readers import tokens

_Tree = dict[str, Any]
_CREATE = re.compile(r"\bCREATE\b", re.IGNORECASE)
_ALTER: _Tree = {
    "relation": {"relname": "x", "inh": True, "relpersistence": "p"},
    "objtype": "OBJECT_TABLE",
}
# What `is_plain_key` lets pass.
_OF_KEYS = frozenset(
    {"contype", "conname", "keys", "including", "location", "deferrable", "initdeferred"}
    | {"nulls_not_distinct"}
)


def build_concurrently(index: IndexDefinition, table: Name, name: str) -> str:
    """The author's CREATE INDEX with three edits: CONCURRENTLY, the names, no IF NOT EXISTS."""
    return trees.deparse("IndexStmt", {**_index(index, table, name), "concurrent": True})


def create_index(index: IndexDefinition, table: Name, name: str) -> str:
    """The same without CONCURRENTLY, as PostgreSQL prints an index."""
    return trees.deparse("IndexStmt", _index(index, table, name))


def _index(index: IndexDefinition, table: Name, name: str) -> _Tree:
    tree = index.definition.tree
    left_out = ("if_not_exists", "concurrent")
    edited = {key: value for key, value in tree.items() if key not in left_out}
    relation = {**tree["relation"], "schemaname": table.schema, "relname": table.name}
    return {**edited, "idxname": name, "relation": relation}


def add_column(table: Name, column: ColumnDefinition) -> str:
    """ALTER TABLE … ADD COLUMN with this one column."""
    return _add_column(table, column.definition.tree)


def add_bare_column(table: Name, column: ColumnDefinition, type_text: str | None = None) -> str:
    """The same without its constraints, and with another type where one is given."""
    edited = {k: v for k, v in column.definition.tree.items() if k != "constraints"}
    if type_text is not None:
        edited["typeName"] = trees.type_name(type_text)
    return _add_column(table, edited)


def add_column_with_default(table: Name, column: ColumnDefinition, default: Expression) -> str:
    """The same as it was written, with a default."""
    tree = column.definition.tree
    made = {"contype": "CONSTR_DEFAULT", "raw_expr": default.tree}
    edited = {**tree, "constraints": [*tree.get("constraints", []), {"Constraint": made}]}
    return _add_column(table, edited)


def add_column_with(
    table: Name, column: ColumnDefinition, constraints: Sequence[ConstraintDefinition]
) -> str:
    """The same with these of its constraints alone."""
    nodes = [{"Constraint": c.definition.tree} for c in constraints if c.definition is not None]
    bare = {k: v for k, v in column.definition.tree.items() if k != "constraints"}
    return _add_column(table, {**bare, **({"constraints": nodes} if nodes else {})})


def _add_column(table: Name, definition: Mapping[str, Any]) -> str:
    command: _Tree = {
        "subtype": "AT_AddColumn",
        "def": {"ColumnDef": definition},
        "behavior": "DROP_RESTRICT",
    }
    relation = {
        "schemaname": table.schema,
        "relname": table.name,
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


def index(definition: str, old: str, new: str, *, name: str, concurrently: bool = True) -> str:
    """The CREATE INDEX of pg_get_indexdef under another name, with the column renamed."""
    tree = trees.rename_column(_tree(definition), old, new)
    edited = {**tree, "idxname": name}
    if concurrently:
        edited["concurrent"] = True
    return trees.deparse("IndexStmt", edited)


def indexed(definition: str) -> tuple[str, ...]:
    """The columns that the CREATE INDEX of pg_get_indexdef lists, in its key and behind
    INCLUDE; expressions have no name there."""
    tree = _tree(definition)
    elements = [*tree.get("indexParams", []), *tree.get("indexIncludingParams", [])]
    names = (element["IndexElem"].get("name") for element in elements)
    return tuple(name for name in names if name)


def constraint_definition(says: ConstraintDefinition, columns: tuple[str, ...]) -> str:
    """A constraint of the author as ADD CONSTRAINT says it, without its name; a column's own
    constraint gets the column as its key."""
    if says.definition is None:
        return ""
    node = {**says.definition.tree, "conname": "x"}
    words = [{"String": {"sval": column}} for column in columns]
    if says.kind in ("primary key", "unique") and "indexname" not in node:
        node.setdefault("keys", words)
    if says.kind == "foreign key":
        node.setdefault("fk_attrs", words)
    command: _Tree = {
        "subtype": "AT_AddConstraint",
        "def": {"Constraint": node},
        "behavior": "DROP_RESTRICT",
    }
    tree = {**_ALTER, "cmds": [{"AlterTableCmd": command}]}
    return trees.deparse("AlterTableStmt", tree).partition(" ADD CONSTRAINT x ")[2]


def add_unvalidated(
    says: ConstraintDefinition, table: Name, name: str, *, references: Name | None = None
) -> str:
    """ALTER TABLE … ADD CONSTRAINT … NOT VALID from a CHECK or foreign key of the author."""
    node = _named(says, name)
    node["skip_validation"] = True
    node.pop("initially_valid", None)
    if references is not None:
        place = {"schemaname": references.schema, "relname": references.name}
        node["pktable"] = {**node["pktable"], **place}
    return _add_constraint(table, node)


def unique_index(
    says: ConstraintDefinition, table: Name, columns: tuple[str, ...], *, name: str
) -> str:
    """CREATE UNIQUE INDEX CONCURRENTLY as a UNIQUE or PRIMARY KEY of the author would build."""
    node = _named(says, name)
    plain = {"ordering": "SORTBY_DEFAULT", "nulls_ordering": "SORTBY_NULLS_DEFAULT"}
    tree: _Tree = {
        "idxname": name,
        "relation": {
            **_ALTER["relation"],
            "schemaname": table.schema,
            "relname": table.name,
        },
        "accessMethod": "btree",
        "indexParams": [{"IndexElem": {"name": column, **plain}} for column in columns],
        "unique": True,
        "concurrent": True,
    }
    if says.including:
        tree["indexIncludingParams"] = [
            {"IndexElem": {"name": column, **plain}} for column in says.including
        ]
    kept = {"options": "options", "indexspace": "tableSpace"}
    tree |= {kept[key]: node[key] for key in kept if key in node}
    if says.nulls_not_distinct:
        tree["nulls_not_distinct"] = True
    return trees.deparse("IndexStmt", tree)


def using_index(says: ConstraintDefinition, table: Name, *, name: str, index: str) -> str:
    """ALTER TABLE … ADD CONSTRAINT … USING INDEX for a UNIQUE or PRIMARY KEY of the author."""
    node = _named(says, name)
    kept = ("contype", "conname", "deferrable", "initdeferred")
    return _add_constraint(
        table, {**{key: node[key] for key in kept if key in node}, "indexname": index}
    )


def on_table(added: str, table: Name) -> str:
    """The same ADD CONSTRAINT on another table."""
    tree = _tree(added)
    place = {"schemaname": table.schema, "relname": table.name}
    return trees.deparse("AlterTableStmt", {**tree, "relation": {**tree["relation"], **place}})


def validated(added: str) -> str:
    """The same ADD CONSTRAINT without NOT VALID."""
    tree = deepcopy(_tree(added))
    node = tree["cmds"][0]["AlterTableCmd"]["def"]["Constraint"]
    node.pop("skip_validation", None)
    node["initially_valid"] = True
    return trees.deparse("AlterTableStmt", tree)


def _named(says: ConstraintDefinition, name: str) -> _Tree:
    if says.definition is None:
        raise LookupError(f"the constraint {name} has no definition")
    return {**says.definition.tree, "conname": name}


def _add_constraint(table: Name, node: _Tree) -> str:
    command: _Tree = {
        "subtype": "AT_AddConstraint",
        "def": {"Constraint": node},
        "behavior": "DROP_RESTRICT",
    }
    relation = {**_ALTER["relation"], "schemaname": table.schema, "relname": table.name}
    tree = {**_ALTER, "relation": relation, "cmds": [{"AlterTableCmd": command}]}
    return trees.deparse("AlterTableStmt", tree)


def constraint(definition: str, table: Name, old: str, new: str, *, name: str) -> str:
    """ALTER TABLE … ADD CONSTRAINT from pg_get_constraintdef, with the column renamed and,
    where it can be, NOT VALID."""
    tree = _constraint(definition, table, old, new, name)
    node = tree["cmds"][0]["AlterTableCmd"]["def"]["Constraint"]
    if node["contype"] in {"CONSTR_CHECK", "CONSTR_FOREIGN"}:
        node["skip_validation"] = True
        node.pop("initially_valid", None)
    return trees.deparse("AlterTableStmt", tree)


def add_constraint(definition: str, table: Name, name: str) -> str:
    """ALTER TABLE … ADD CONSTRAINT from pg_get_constraintdef, as it is."""
    return trees.deparse("AlterTableStmt", _constraint(definition, table, "", "", name))


def constraint_text(definition: str, table: Name, old: str, new: str) -> str:
    """The definition of a constraint with the column renamed."""
    text = trees.deparse("AlterTableStmt", _constraint(definition, table, old, new, "x"))
    return text.partition(" ADD CONSTRAINT x ")[2]


def foreign_key_to(definition: str, table: Name, target: Name) -> str:
    """The definition of a table's foreign key, with another table that it references."""
    tree = deepcopy(_tree(f"ALTER TABLE {table.sql} ADD CONSTRAINT x {definition}"))
    node = tree["cmds"][0]["AlterTableCmd"]["def"]["Constraint"]
    node["pktable"] |= {"schemaname": target.schema, "relname": target.name}
    return trees.deparse("AlterTableStmt", tree).partition(" ADD CONSTRAINT x ")[2]


def foreign_key(
    definition: str,
    table: Name,
    own: Mapping[str, str],
    referenced: Mapping[str, str],
    *,
    name: str,
) -> str:
    """ALTER TABLE … ADD CONSTRAINT … NOT VALID from pg_get_constraintdef, with columns of the
    table and of the referenced one renamed."""
    tree = _constraint(definition, table, "", "", name)
    node = tree["cmds"][0]["AlterTableCmd"]["def"]["Constraint"]
    for keys, names in ((("fk_attrs", "fk_del_set_cols"), own), (("pk_attrs",), referenced)):
        for word in (word for key in keys for word in node.get(key, [])):
            word["String"]["sval"] = names.get(word["String"]["sval"], word["String"]["sval"])
    node["skip_validation"] = True
    node.pop("initially_valid", None)
    return trees.deparse("AlterTableStmt", tree)


def _constraint(definition: str, table: Name, old: str, new: str, name: str) -> _Tree:
    added = f"ALTER TABLE {table.sql} ADD CONSTRAINT {ident(name)} {definition}"
    tree: _Tree = deepcopy(trees.rename_column(_tree(added), old, new))
    node = tree["cmds"][0]["AlterTableCmd"]["def"]["Constraint"]
    for key in ("keys", "fk_attrs", "including", "fk_del_set_cols"):
        for word in node.get(key, []):
            if word["String"]["sval"] == old:
                word["String"]["sval"] = new
    return tree


def expression(text: str, old: str, new: str) -> str:
    """An expression with the column renamed."""
    return trees.expression_sql(trees.rename_column(trees.expression(text), old, new))


def _tree(sql: str) -> _Tree:
    (parsed,) = libpg_query.statements(sql.encode())
    return parsed.tree


def trigger(definition: str, name: str) -> str:
    """The CREATE TRIGGER of pg_get_triggerdef under another name."""
    return trees.deparse("CreateTrigStmt", {**_tree(definition), "trigname": name})


def narrowed(update: Action, condition: str) -> str:
    """An UPDATE of those of its rows that meet the condition, too."""
    also = trees.expression(condition)
    where = update.tree.get("whereClause")
    tests = [*([] if where is None else trees.tests(where)), *trees.tests(also)]
    both = {"BoolExpr": {"boolop": "AND_EXPR", "args": tests}}
    return trees.deparse("UpdateStmt", {**update.tree, "whereClause": both if where else also})


def or_replace(sql: str) -> str:
    """CREATE with OR REPLACE, and else byte for byte the same."""
    (parsed,) = libpg_query.statements(sql.encode())
    written = _CREATE.sub(lambda found: f"{found[0]} OR REPLACE", sql, count=1)
    (made,) = libpg_query.statements(written.encode())
    if not trees.same({**parsed.tree, "replace": True}, made.tree):
        raise ZdmError(f"OR REPLACE cannot be added to this statement: {sql}")
    return written


def without_data(sql: str) -> str:
    """CREATE MATERIALIZED VIEW with no rows, and else byte for byte the same."""
    said = [token for token in tokens.words(sql) if token.text != ";"]
    end = said[-1].end
    if [token.word for token in said[-2:]] == ["WITH", "DATA"]:
        end = said[-3].end
    edited = f"{sql[:end]} WITH NO DATA"
    (parsed,) = libpg_query.statements(sql.encode())
    (made,) = libpg_query.statements(edited.encode())
    empty = {**parsed.tree, "into": {**parsed.tree["into"], "skipData": True}}
    if not trees.same(empty, made.tree):
        raise ZdmError(f"WITH NO DATA cannot be added to this statement: {sql}")
    return edited


def replaced_view(name: Name, query: str, options: Sequence[str] = ()) -> str:
    """CREATE OR REPLACE VIEW of a query and of options as PostgreSQL prints them."""
    given = f" WITH ({', '.join(options)})" if options else ""
    written = f"CREATE OR REPLACE VIEW {ident(name.schema, name.name)}{given} AS {query}"
    (made,) = libpg_query.statements(written.encode())
    (meant,) = libpg_query.statements(query.encode())
    if made.node != "ViewStmt" or not trees.same(made.tree["query"], {meant.node: meant.tree}):
        raise ZdmError(f"zdm built a statement that does not say what was meant: {written}")
    return written


def is_plain_key(constraint: Definition) -> bool:
    """Whether a UNIQUE or PRIMARY KEY says no more than its name, columns, INCLUDE, NULLS NOT
    DISTINCT and when it is checked."""
    return not set(constraint.tree) - _OF_KEYS
