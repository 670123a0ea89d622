"""A table without a primary key."""

from collections.abc import Iterator
from functools import partial

from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.schema import Name, Snapshot
from zdm.model.syntax import CreateTable
from zdm.schema import family, lookup


def check(site: Site) -> Iterator[Violation]:
    """Neither here nor after all files."""
    said, settings = site.action.said, site.action.statement.settings
    if not isinstance(said, CreateTable) or said.is_partition:
        return
    if said.table.persistence == "temporary" or said.likes or said.parents:
        return
    keyed = any(c.kind == "primary key" for c in said.constraints)
    if not keyed and not any(c.constraint("primary key") for c in said.columns):
        name = lookup.made(said.table, site.before, settings)
        yield Violation(
            message=f"rows of {name} have no identity, and UPDATE and DELETE are not"
            " replicated",
            remedy="give it a primary key",
            unless=partial(_has_key, name=name),
        )


def _has_key(after: Snapshot, *, name: Name) -> bool:
    table = after.table(name)
    return table is None or bool(family.primary_key(after, table))


RULE = Rule(
    slug="require-pk",
    severity=None,
    planned=Planned.NO,
    title="A table without a primary key",
    problem=("One row cannot be addressed, and logical replication refuses UPDATE and DELETE."),
    postgres=(
        "Without a replica identity, UPDATE and DELETE of a published table fail (55000; "
        "14 to 18)."
    ),
    instead="A primary key.",
    allow="Rows are only added and read.",
    on=(CreateTable,),
    check=check,
)
