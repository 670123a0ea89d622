"""CREATE STATISTICS, as a statement of the author and as PostgreSQL prints it."""

from zdm.model.expression import Words
from zdm.parse import libpg_query, trees


def name(definition: str) -> Words:
    """The name of the object that a printed CREATE STATISTICS makes."""
    (parsed,) = libpg_query.statements(definition.encode())
    return trees.strings(parsed.tree.get("defnames"))
