"""What an UPDATE of the author sets, and for which rows."""

from dataclasses import dataclass

from zdm.model.schema import Name
from zdm.model.statement import Action, ActionKind, Fact
from zdm.parse import trees
from zdm.recipes.sql import expressions
from zdm.recipes.sql.expressions import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """An UPDATE of one table. `simple`: no FROM, WITH, RETURNING, subquery or column list in
    parentheses, so that it can be cut into batches."""

    table: Name
    assignments: tuple[tuple[str, Node], ...]
    where: Node | None
    simple: bool


def read(action: Action) -> Update | None:
    """The UPDATE, if the Action is one."""
    fact = action.fact
    if not isinstance(fact, Fact) or fact.kind is not ActionKind.UPDATE or fact.table is None:
        return None
    tree = action.tree
    assigned = [item["ResTarget"] for item in tree.get("targetList", [])]
    extra = any(
        tree.get(key)
        for key in ("fromClause", "withClause", "returningList", "returningClause")
    )
    odd = any(
        next(expressions.nodes(dict(tree), kind), None) is not None
        for kind in ("SubLink", "MultiAssignRef", "SetToDefault", "ParamRef", "WindowDef")
    )
    plain = all("indirection" not in target for target in assigned)
    return Update(
        table=fact.table,
        assignments=tuple((target["name"], target["val"]) for target in assigned),
        where=tree.get("whereClause"),
        simple=plain and not extra and not odd,
    )


def targets(action: Action) -> tuple[str, ...]:
    """The columns that an UPDATE sets, read without looking at what it sets them to."""
    return tuple(item["ResTarget"]["name"] for item in action.tree.get("targetList", []))


def columns(tree: Node) -> tuple[str, ...]:
    """The columns an expression refers to, each once, in order of appearance."""
    found = [
        trees.strings(reference["fields"])[-1]
        for reference in expressions.nodes(tree, "ColumnRef")
        if trees.strings(reference["fields"])
    ]
    return tuple(dict.fromkeys(found))
