"""Schemas, types, domains, extensions, sequences, views and functions that a train makes:
their names, how to see that they are there, and how to drop them again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from zdm.model.schema import (
    Dependent,
    Extension,
    Function,
    Name,
    Sequence,
    Snapshot,
    Type,
    View,
    Volatility,
)
from zdm.model.sql import ident
from zdm.model.statement import Action, Statement
from zdm.parse import emit, trees
from zdm.parse.emit import Constant, Ident, Part, Qualified, TypeText
from zdm.recipes.reading import statements
from zdm.recipes.snapshot import edits
from zdm.recipes.sql import probes

_NODES = {
    "CreateSchemaStmt": "schema",
    "CreateEnumStmt": "enum",
    "CompositeTypeStmt": "composite",
    "CreateRangeStmt": "range",
    "CreateDomainStmt": "domain",
    "CreateExtensionStmt": "extension",
    "CreateSeqStmt": "sequence",
    "ViewStmt": "view",
    "CreateTableAsStmt": "materialized view",
    "CreateFunctionStmt": "function",
}
_TYPES = frozenset({"enum", "composite", "range", "domain"})
_DROPS = {
    "schema": "DROP SCHEMA IF EXISTS {n}",
    "extension": "DROP EXTENSION IF EXISTS {n}",
    "enum": "DROP TYPE IF EXISTS {n}",
    "composite": "DROP TYPE IF EXISTS {n}",
    "range": "DROP TYPE IF EXISTS {n}",
    "domain": "DROP DOMAIN IF EXISTS {n}",
    "sequence": "DROP SEQUENCE IF EXISTS {n}",
    "view": "DROP VIEW IF EXISTS {n}",
    "materialized view": "DROP MATERIALIZED VIEW IF EXISTS {n}",
    "function": "DROP FUNCTION IF EXISTS {n}({arguments})",
    "procedure": "DROP PROCEDURE IF EXISTS {n}({arguments})",
}
_SCHEMA = "SELECT pg_catalog.to_regnamespace({n}) IS NOT NULL"
_TYPE = "SELECT pg_catalog.to_regtype({n}) IS NOT NULL"
_ROUTINE = "SELECT pg_catalog.to_regprocedure({n}) IS NOT NULL"
_EXTENSION = "SELECT EXISTS (SELECT FROM pg_catalog.pg_extension AS e WHERE e.extname = {n})"
_VOLATILITIES = {"immutable": Volatility.IMMUTABLE, "stable": Volatility.STABLE}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewObject:
    """`name` of a schema or extension has no schema of its own."""

    kind: str
    name: Name
    arguments: tuple[str, ...] = ()  # types of a routine's input arguments


def read(action: Action, snapshot: Snapshot) -> NewObject | None:
    """What the statement makes; None for what zdm does not make (an aggregate, a base type)."""
    kind, tree, settings = _NODES.get(action.node), action.tree, action.statement.settings
    if kind is None or (kind == "schema" and "schemaElts" in tree):
        return None
    if kind in ("schema", "extension"):
        word = tree.get("schemaname") or tree.get("extname")
        return NewObject(kind=kind, name=Name("", word)) if word else None
    relation = _relation(tree)
    if relation is not None:
        if relation.get("relpersistence") == "t":
            return None
        return NewObject(kind=kind, name=statements.made(relation, snapshot, settings))
    words = trees.strings(
        tree.get("typeName") if kind != "domain" else tree.get("domainname")
    ) or trees.strings(tree.get("funcname"))
    if kind == "function" and tree.get("is_procedure"):
        kind = "procedure"
    return NewObject(
        kind=kind,
        name=statements.named(words, snapshot, settings),
        arguments=_arguments(tree),
    )


def exists(new: NewObject, snapshot: Snapshot) -> bool:
    """Whether one of that name is there. A function of that name may be another overload,
    but the types' spelling alone does not show it."""
    match new.kind:
        case "schema":
            return new.name.name in snapshot.schemas
        case "extension":
            known = {e.name for e in snapshot.extensions} | {"plpgsql"}  # always there
            return new.name.name in known
        case "sequence":
            return any(s.name == new.name for s in snapshot.sequences)
        case "view" | "materialized view":
            return any(v.name == new.name for v in snapshot.views)
        case "function" | "procedure":
            return any(f.name == new.name for f in snapshot.functions)
        case _:
            return any(t.name == new.name for t in snapshot.types)


def probe(new: NewObject) -> str:
    """The probe of the step that makes it."""
    match new.kind:
        case "schema":
            return _ask(_SCHEMA, ident(new.name.name))
        case "extension":
            return _ask(_EXTENSION, new.name.name)
        case "sequence" | "view" | "materialized view":
            return probes.probe(probes.relation(new.name))
        case "function" | "procedure":
            return _ask(_ROUTINE, f"{new.name.sql}({', '.join(new.arguments)})")
        case _:
            return _ask(_TYPE, new.name.sql)


def undo(new: NewObject) -> tuple[str, ...]:
    """Drop it; nothing of the author's can depend on it but what is undone before."""
    parts: dict[str, Part] = {f"a{n}": TypeText(a) for n, a in enumerate(new.arguments)}
    template = _DROPS[new.kind].replace("{arguments}", ", ".join(f"{{{p}}}" for p in parts))
    if new.name.schema:
        return (emit.sql(template, n=Qualified(new.name), **parts),)
    return (emit.sql(template, n=Ident(new.name.name), **parts),)


def put(
    snapshot: Snapshot, new: NewObject, tree: Mapping[str, Any], statement: Statement
) -> Snapshot:
    """The Snapshot with it."""
    match new.kind:
        case "schema":
            return replace(snapshot, schemas=tuple(sorted({*snapshot.schemas, new.name.name})))
        case "extension":
            extension = Extension(name=new.name.name, schema="public", version="")
            return replace(snapshot, extensions=(*snapshot.extensions, extension))
        case "sequence":
            return edits.put_sequence(snapshot, _sequence(new.name))
        case "view" | "materialized view":
            return _with_view(snapshot, new, tree, statement)
        case "function" | "procedure":
            function = _function(new, tree, statement)
            return replace(snapshot, functions=(*snapshot.functions, function))
        case _:
            return replace(snapshot, types=(*snapshot.types, _type(new, tree, statement)))


def _relation(tree: Mapping[str, Any]) -> Mapping[str, Any] | None:
    into: Mapping[str, Any] = tree.get("into", {})
    found: Mapping[str, Any] | None = (
        tree.get("sequence") or tree.get("view") or tree.get("typevar") or into.get("rel")
    )
    return found


def _arguments(tree: Mapping[str, Any]) -> tuple[str, ...]:
    given = ("FUNC_PARAM_DEFAULT", "FUNC_PARAM_IN", "FUNC_PARAM_INOUT", "FUNC_PARAM_VARIADIC")
    return tuple(
        trees.type_sql(p["FunctionParameter"]["argType"])
        for p in tree.get("parameters", [])
        if p["FunctionParameter"]["mode"] in given
    )


def _ask(query: str, name: str) -> str:
    return probes.probe(emit.sql(query, n=Constant(name)))


def _sequence(name: Name) -> Sequence:
    return Sequence(
        name=name, type="bigint", start=1, increment=1, minimum=1, maximum=2**63 - 1
    )


def _type(new: NewObject, tree: Mapping[str, Any], statement: Statement) -> Type:
    return Type(
        name=new.name,
        kind=new.kind,
        definition=statement.sql,
        labels=trees.strings(tree.get("vals")),
        constrained=any(
            c["Constraint"]["contype"] in ("CONSTR_CHECK", "CONSTR_NOTNULL")
            for c in tree.get("constraints", [])
        ),
    )


def _function(new: NewObject, tree: Mapping[str, Any], statement: Statement) -> Function:
    options = {o["DefElem"]["defname"]: o["DefElem"].get("arg", {}) for o in tree["options"]}
    word = options.get("volatility", {}).get("String", {}).get("sval", "")
    return Function(
        name=new.name,
        arguments=", ".join(new.arguments),
        definition=statement.sql,
        language=options.get("language", {}).get("String", {}).get("sval", "sql"),
        volatility=_VOLATILITIES.get(word, Volatility.VOLATILE),
    )


def _with_view(
    snapshot: Snapshot, new: NewObject, tree: Mapping[str, Any], statement: Statement
) -> Snapshot:
    """The view, and on each table it reads the columns that it depends on."""
    mentioned = set(trees.columns(tree["query"]))
    every = any(key == "A_Star" for key, _ in trees.walk(tree["query"]))
    uses: list[tuple[Name, str]] = []
    tables = {
        statements.found(node, snapshot, statement.settings)
        for node in statements.ranges(tree["query"])
    }
    for name in sorted(tables):
        table = snapshot.table(name)
        if table is None:
            continue
        used = [c.name for c in table.columns if every or c.name in mentioned]
        uses += [(name, column) for column in used]
        blocked = tuple(
            Dependent(column=c, kind=new.kind, name=f"{new.kind} {new.name}", blocks=True)
            for c in used
        )
        table = replace(table, dependents=(*table.dependents, *blocked))
        snapshot = edits.put_table(snapshot, table)
    view = View(
        name=new.name, kind=new.kind, definition=statement.sql, uses=tuple(sorted(uses))
    )
    views = tuple(sorted([*snapshot.views, view], key=lambda v: v.name))
    return replace(snapshot, views=views)
