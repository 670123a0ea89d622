"""A name that must be quoted."""

import re
from collections.abc import Iterator

from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import AddColumn, CreateTable, IndexDefinition, RenameObject

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


def check(site: Site) -> Iterator[Violation]:
    """Tables, columns and indexes."""
    match site.action.said:
        case CreateTable(table=table, columns=columns):
            names = [table.name, *(column.name for column in columns)]
        case AddColumn(column=column):
            names = [column.name]
        case IndexDefinition(name=name):
            names = [name] if name else []
        case RenameObject(new_name=name):
            names = [name]
        case _:
            return
    for name in names:
        if not _PLAIN.fullmatch(name):
            yield Violation(
                message=f"{name} must be quoted wherever it is used",
                remedy="use small letters, digits and underscores",
            )


RULE = Rule(
    slug="naming",
    severity=None,
    planned=Planned.NO,
    title="A name that must be quoted",
    problem="Every query must quote it, and one that does not fails.",
    postgres="Names without quotes are folded to small letters (14 to 18).",
    instead="Small letters, digits and underscores.",
    allow="The name is given.",
    on=(
        AddColumn,
        CreateTable,
        IndexDefinition,
        RenameObject,
    ),
    check=check,
)
