"""A foreign key whose column has no index."""

from collections.abc import Iterator
from functools import partial

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.schema import Name, Snapshot
from zdm.model.syntax import AddColumn, AddConstraint, CreateTable
from zdm.rules import reading
from zdm.rules.reading import ForeignKey


def check(site: Site) -> Iterator[Violation]:
    """No index of the table, after all files, begins with the columns."""
    for key in reading.foreign_keys(site):
        if not key.said.not_enforced:
            yield Violation(
                message=f"no index leads with {', '.join(key.columns)} of {key.table}, so every"
                f" DELETE in {key.references} reads the whole table",
                remedy=f"CREATE INDEX CONCURRENTLY … ON {key.table} ({', '.join(key.columns)})"
                " first",
                unless=partial(
                    _has_index, place=key.table, columns=key.columns, new=_is_new(site, key)
                ),
            )


def _is_new(site: Site, key: ForeignKey) -> bool:
    """Whether the statement adds the column, so that no index can be there already."""
    said = site.action.said
    return isinstance(said, AddColumn) and key.columns == (said.column.name,)


def _has_index(after: Snapshot, *, place: Name, columns: tuple[str, ...], new: bool) -> bool:
    """Of a table that no file makes, only indexes of new columns are known."""
    table = after.table(place)
    if table is None or (table.opaque and not new):
        return True
    heads = [index.keys[: len(columns)] for index in table.indexes if index.predicate is None]
    return any(set(head) == set(columns) for head in heads)


RULE = Rule(
    slug="fk-missing-index",
    severity=Severity.WARN,
    planned=Planned.YES,
    title="A foreign key whose column has no index",
    problem=(
        "DELETE, and UPDATE of the key, of the table that is referenced read the whole "
        "referencing table, and hold row locks meanwhile."
    ),
    postgres=(
        "The server makes no index for a foreign key; for each deleted row it looks up "
        "those that refer to it (14 to 18)."
    ),
    instead="CREATE INDEX CONCURRENTLY on the columns first.",
    allow="Rows of the referenced table are never deleted.",
    on=(
        AddColumn,
        AddConstraint,
        CreateTable,
    ),
    check=check,
)
