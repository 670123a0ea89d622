"""Definitions of the catalog with a column renamed, by editing their trees.

Never by text replacement: opclass, sort order, collation, INCLUDE, predicate and expression
of an index stay as PostgreSQL printed them.
"""

from copy import deepcopy

from zdm.model.schema import Name
from zdm.model.sql import ident
from zdm.parse import libpg_query, trees
from zdm.recipes.sql.expressions import Node


def index(definition: str, old: str, new: str, *, name: str, concurrently: bool = True) -> str:
    """The CREATE INDEX of pg_get_indexdef under another name, with the column renamed."""
    tree = trees.rename_column(_tree(definition), old, new)
    edited = {**tree, "idxname": name}
    if concurrently:
        edited["concurrent"] = True
    return trees.deparse("IndexStmt", edited)


def constraint(definition: str, table: Name, old: str, new: str, *, name: str) -> str:
    """ALTER TABLE … ADD CONSTRAINT from pg_get_constraintdef, with the column renamed and,
    where it can be, NOT VALID."""
    tree = _constraint(definition, table, old, new, name)
    node = tree["cmds"][0]["AlterTableCmd"]["def"]["Constraint"]
    if node["contype"] in {"CONSTR_CHECK", "CONSTR_FOREIGN"}:
        node["skip_validation"] = True
        node.pop("initially_valid", None)
    return trees.deparse("AlterTableStmt", tree)


def constraint_text(definition: str, table: Name, old: str, new: str) -> str:
    """The definition of a constraint with the column renamed."""
    text = trees.deparse("AlterTableStmt", _constraint(definition, table, old, new, "x"))
    return text.partition(" ADD CONSTRAINT x ")[2]


def _constraint(definition: str, table: Name, old: str, new: str, name: str) -> Node:
    added = f"ALTER TABLE {table.sql} ADD CONSTRAINT {ident(name)} {definition}"
    tree: Node = deepcopy(trees.rename_column(_tree(added), old, new))
    node = tree["cmds"][0]["AlterTableCmd"]["def"]["Constraint"]
    for key in ("keys", "fk_attrs", "including", "fk_del_set_cols"):
        for word in node.get(key, []):
            if word["String"]["sval"] == old:
                word["String"]["sval"] = new
    return tree


def expression(text: str, old: str, new: str) -> str:
    """An expression with the column renamed."""
    return trees.expression_sql(trees.rename_column(trees.expression(text), old, new))


def _tree(sql: str) -> Node:
    (parsed,) = libpg_query.statements(sql.encode())
    return parsed.tree
