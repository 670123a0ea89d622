"""INSERT, UPDATE, DELETE and MERGE in a statement, of tables in use."""

from collections.abc import Iterator

from zdm.model.commands import WorkOn
from zdm.model.rule import Site
from zdm.model.schema import Table
from zdm.parse import row_changes
from zdm.parse.row_changes import SAID, RowChange
from zdm.rules import reading

__all__ = ("SAID", "RowChange", "in_use")


def in_use(site: Site) -> Iterator[tuple[RowChange, Table]]:
    """Those of tables that are not new."""
    for change in row_changes.of(site.action):
        said = change.said
        relation = said.relations[0] if isinstance(said, WorkOn) else said.table
        name = reading.named(site, relation)
        if not site.is_new(name):
            yield change, site.before.table(name) or Table(name=name, opaque="unread")
