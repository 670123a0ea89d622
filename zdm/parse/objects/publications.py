"""What a publication sends of a table: columns and rows, read from the CREATE PUBLICATION."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from zdm.model.schema import Name
from zdm.parse import libpg_query, trees


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A table with a list of columns or a row filter. `columns`: the list; none: all."""

    table: Name
    columns: tuple[str, ...]
    filtered: tuple[str, ...]  # the columns that the row filter reads


def parts(definition: str) -> tuple[Part, ...]:
    """The tables that a CREATE PUBLICATION names; none where it cannot be read."""
    try:
        parsed = libpg_query.statements(definition.encode())
    except libpg_query.NotSqlError:
        return ()
    return tuple(_parts(parsed[0].tree)) if parsed else ()


def _parts(tree: Mapping[str, Any]) -> Iterator[Part]:
    for item in tree.get("pubobjects", []):
        found = item.get("PublicationObjSpec", {}).get("pubtable", {})
        relation = found.get("relation", {})
        if relation:
            yield Part(
                table=Name(relation.get("schemaname", ""), relation.get("relname", "")),
                columns=trees.strings(found.get("columns")),
                filtered=trees.columns(found.get("whereClause", {})),
            )
