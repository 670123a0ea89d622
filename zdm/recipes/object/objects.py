"""How to see that an object that a train makes is there, and how to drop it again."""

from zdm.model.sql import ident
from zdm.parse import emit
from zdm.parse.emit import Constant, Ident, Part, Qualified, TypeText
from zdm.recipes.sql import probes
from zdm.schema.new_objects import NewObject

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


def _ask(query: str, name: str) -> str:
    return probes.probe(emit.sql(query, n=Constant(name)))
