"""A key of type integer or smallint, or serial."""

from collections.abc import Collection, Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import AddColumn, ColumnDefinition, CreateTable
from zdm.schema import type_names

_SMALL = {"integer": 2**31 - 1, "smallint": 2**15 - 1}


def check(site: Site) -> Iterator[Violation]:
    """A new column that is a key by itself, or takes numbers from a sequence; one that refers
    to the key of another table ends where that does."""
    said, settings = site.action.said, site.action.statement.settings
    columns: tuple[ColumnDefinition, ...] = ()
    keys, referring = set[tuple[str, ...]](), set[tuple[str, ...]]()
    if isinstance(said, CreateTable):
        columns = said.columns
        keys = {c.columns for c in said.constraints if c.kind == "primary key"}
        referring = {c.columns for c in said.constraints if c.references is not None}
    elif isinstance(said, AddColumn):
        columns = (said.column,)
    for column in columns:
        kind = type_names.canonical(column.type, site.before, settings)
        keyed = (column.name,) not in referring and _is_key(column, keys)
        if kind in _SMALL and (keyed or type_names.is_serial(column.type)):
            yield Violation(
                message=f"{column.name} runs out of numbers at {_SMALL[kind]:,}",
                remedy="make it bigint",
            )


def _is_key(column: ColumnDefinition, keys: Collection[tuple[str, ...]]) -> bool:
    if any(constraint.references is not None for constraint in column.constraints):
        return False
    return column.constraint("primary key") is not None or (column.name,) in keys


RULE = Rule(
    slug="int-pk-overflow",
    severity=Severity.WARN,
    planned=Planned.NO,
    title="A key of type integer or smallint, or serial",
    problem=(
        "When the numbers run out, every INSERT fails, and the change to bigint rewrites "
        "the table."
    ),
    postgres=(
        "integer ends at 2,147,483,647, smallint at 32,767; serial is integer (22003; 14 "
        "to 18)."
    ),
    instead="bigint, or bigserial.",
    allow="The table stays small.",
    on=(
        AddColumn,
        CreateTable,
    ),
    check=check,
)
