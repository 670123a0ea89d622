"""INSERT, UPDATE, DELETE and MERGE in a statement, of tables in use."""

from collections.abc import Iterator

from zdm.model.commands import WorkOn
from zdm.model.rule import Site
from zdm.model.schema import Table
from zdm.model.statement import Action
from zdm.parse import mentioned
from zdm.parse.mentioned import RowChange
from zdm.rules import reading


def in_use(site: Site) -> Iterator[tuple[RowChange, Table]]:
    """Those of tables that are not new."""
    for change in mentioned.row_changes(site.action):
        said = change.said
        relation = said.relations[0] if isinstance(said, WorkOn) else said.table
        name = reading.named(site, relation)
        if not site.is_new(name):
            yield change, site.before.table(name) or Table(name=name, opaque="unread")


def fills(action: Action) -> bool:
    """Whether it changes rows that it does not spell out."""
    return any(not change.written_out for change in mentioned.row_changes(action))
