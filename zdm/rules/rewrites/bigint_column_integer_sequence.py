"""A serial column to bigint whose sequence stays integer."""

from collections.abc import Iterator
from functools import partial

from zdm.model.catalog.indexed import having
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.schema import Name, Snapshot
from zdm.model.statement import ActionKind
from zdm.model.syntax import ChangeType
from zdm.schema import type_names


def check(site: Site) -> Iterator[Violation]:
    """Its sequence is not made bigint by a later statement, either."""
    table, said = site.in_use(ActionKind.CHANGE_TYPE), site.action.said
    if table is None or not isinstance(said, ChangeType):
        return
    settings = site.action.statement.settings
    if type_names.canonical(said.type, site.before, settings) != "bigint":
        return
    owner = (table.name.schema, table.name.name)
    for sequence in having(site.before.sequences, "owner", *owner):
        if sequence.identity or sequence.type == "bigint":
            continue
        if sequence.owner_column == said.column:
            yield Violation(
                message=f"{sequence.name} still ends at the limit of {sequence.type}",
                remedy=f"ALTER SEQUENCE {sequence.name} AS bigint",
                unless=partial(_is_wide, name=sequence.name),
            )


def _is_wide(after: Snapshot, *, name: Name) -> bool:
    return all(s.type == "bigint" for s in after.sequences if s.name == name)


RULE = Rule(
    slug="bigint-column-integer-sequence",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="A serial column to bigint whose sequence stays integer",
    problem="INSERTs fail when the sequence runs out, although the column has room.",
    postgres=(
        "The sequence of a serial column keeps its type; that of an identity column is "
        "changed with it (14 to 18)."
    ),
    instead="ALTER SEQUENCE … AS bigint.",
    allow="The sequence does not feed the column any more.",
    on=(ChangeType,),
    check=check,
)
