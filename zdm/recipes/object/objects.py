"""How to see that an object that a train makes is there, and how to drop it again."""

from zdm.model.schema import Name
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
_NO_STATISTICS = (
    "SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_statistic_ext AS s"
    " JOIN pg_catalog.pg_namespace AS n ON n.oid = s.stxnamespace"
    " WHERE n.nspname = {s} AND s.stxname = {n})"
)
_EXTENSION = "SELECT EXISTS (SELECT FROM pg_catalog.pg_extension AS e WHERE e.extname = {n})"


def probe(new: NewObject) -> str:
    """The probe of the step that makes it."""
    if new.kind in ("function", "procedure"):
        signature = f"{new.name.sql}({', '.join(new.arguments)})"
        return probes.probe(emit.sql(_ROUTINE, n=Constant(signature)))
    return probes.probe(there(new.kind, new.name))


def there(kind: str, name: Name) -> str:
    """It is there: a relation, a schema, an extension, or else a type."""
    match kind:
        case "schema":
            return emit.sql(_SCHEMA, n=Constant(ident(name.name)))
        case "extension":
            return emit.sql(_EXTENSION, n=Constant(name.name))
        case "sequence" | "view" | "materialized view":
            return probes.relation(name)
    return emit.sql(_TYPE, n=Constant(name.sql))


def no_statistics(name: Name) -> str:
    """There is no statistics object of that name."""
    return emit.sql(_NO_STATISTICS, s=Constant(name.schema), n=Constant(name.name))


def undo(new: NewObject) -> tuple[str, ...]:
    """Drop it; nothing of the author's can depend on it but what is undone before."""
    parts: dict[str, Part] = {f"a{n}": TypeText(a) for n, a in enumerate(new.arguments)}
    template = _DROPS[new.kind].replace("{arguments}", ", ".join(f"{{{p}}}" for p in parts))
    if new.name.schema:
        return (emit.sql(template, n=Qualified(new.name), **parts),)
    return (emit.sql(template, n=Ident(new.name.name), **parts),)
