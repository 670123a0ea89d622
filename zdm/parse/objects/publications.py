"""What a publication sends, read from a CREATE PUBLICATION of the author's or the server's."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from zdm.model.expression import Expression
from zdm.model.schema import Name
from zdm.model.statement import Action
from zdm.parse import libpg_query, trees

_Tree = Mapping[str, Any]
_EVENTS = ("insert", "update", "delete", "truncate")  # in the server's order
_NODE = "CreatePublicationStmt"


class Part(Struct, frozen=True, kw_only=True):
    """A table that is named. `columns`: the list; none: all. The schema is empty where the
    text has none."""

    table: Name
    columns: tuple[str, ...]
    filtered: tuple[str, ...]  # the columns that the row filter reads
    where: Expression | None = None  # the row filter
    only: bool = False


def parts(definition: str) -> tuple[Part, ...]:
    """The tables that a CREATE PUBLICATION names; none where it cannot be read."""
    try:
        parsed = libpg_query.statements(definition.encode())
    except libpg_query.NotSqlError:
        return ()
    return tuple(_parts(parsed[0].tree)) if parsed else ()


def creates(action: Action) -> bool:
    """Whether it is a CREATE PUBLICATION; another one about publications alters them."""
    return "pubname" in action.tree and "action" not in action.tree


def name(action: Action) -> str:
    """The publication that it makes."""
    return str(action.tree["pubname"])


def named(action: Action) -> tuple[Part, ...]:
    """The tables that the author's statement names."""
    return tuple(_parts(action.tree))


def of_all_tables(action: Action) -> bool:
    """FOR ALL TABLES."""
    return bool(action.tree.get("for_all_tables"))


def schemas(action: Action) -> tuple[str, ...]:
    """The schemas of TABLES IN SCHEMA; an empty name is that of CURRENT_SCHEMA."""
    items = [item["PublicationObjSpec"] for item in action.tree.get("pubobjects", [])]
    return tuple(item.get("name", "") for item in items if "pubtable" not in item)


def events(action: Action) -> tuple[str, ...]:
    """What it publishes: all unless it says less."""
    said = _option(action, "publish")
    if said is None:
        return _EVENTS
    words = {word.strip().lower() for word in said.split(",")}
    return tuple(event for event in _EVENTS if event in words)


def unknown_events(action: Action) -> tuple[str, ...]:
    """What it would publish, and the server does not know."""
    said = _option(action, "publish") or ""
    words = [word.strip() for word in said.split(",")] if said.strip() else []
    return tuple(word for word in words if word.lower() not in _EVENTS)


def options(action: Action) -> tuple[str, ...]:
    """The names in WITH."""
    return tuple(item["DefElem"]["defname"] for item in action.tree.get("options", []))


def printed(action: Action, tables: tuple[Name, ...]) -> str:
    """Its CREATE PUBLICATION under the full names of its tables, with what it publishes."""
    found = iter(tables)
    objects = [
        {"PublicationObjSpec": _qualified(item["PublicationObjSpec"], found)}
        for item in action.tree.get("pubobjects", [])
    ]
    said: list[_Tree] = action.tree.get("options", [])
    others = [item for item in said if item["DefElem"]["defname"] != "publish"]
    words = {"String": {"sval": ", ".join(events(action))}}
    publish = {"DefElem": {"defname": "publish", "arg": words, "defaction": "DEFELEM_UNSPEC"}}
    edited = {**action.tree, "options": [publish, *others]}
    return trees.deparse(_NODE, {**edited, "pubobjects": objects} if objects else edited)


def _qualified(item: _Tree, tables: Iterator[Name]) -> _Tree:
    if "pubtable" not in item:
        return item
    table, found = item["pubtable"], next(tables)
    node = {**table["relation"], "schemaname": found.schema, "relname": found.name}
    return {**item, "pubtable": {**table, "relation": node}}


def _option(action: Action, wanted: str) -> str | None:
    for item in action.tree.get("options", []):
        if item["DefElem"]["defname"] == wanted:
            return str(item["DefElem"].get("arg", {}).get("String", {}).get("sval", ""))
    return None


def _parts(tree: _Tree) -> Iterator[Part]:
    for item in tree.get("pubobjects", []):
        found = item.get("PublicationObjSpec", {}).get("pubtable", {})
        relation = found.get("relation", {})
        where = found.get("whereClause")
        if relation:
            yield Part(
                table=Name(relation.get("schemaname", ""), relation.get("relname", "")),
                columns=trees.strings(found.get("columns")),
                filtered=trees.columns(where or {}),
                where=None if where is None else Expression(where),
                only=not relation.get("inh", False),
            )
