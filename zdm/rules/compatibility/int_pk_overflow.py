"""A key of type smallint, or integer where other keys are bigint."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.schema import Snapshot, Table
from zdm.model.syntax import AddColumn, ColumnDefinition, CreateTable
from zdm.schema import type_names

_SMALL = {"integer": 2**31 - 1, "smallint": 2**15 - 1}


def check(site: Site) -> Iterator[Violation]:
    """A new column that is a key by itself, or takes numbers from a sequence. integer is
    reported beside bigint keys only: many teams choose it on purpose, for every table."""
    said, settings = site.action.said, site.action.statement.settings
    columns: tuple[ColumnDefinition, ...] = ()
    keys: set[tuple[str, ...]] = set()
    if isinstance(said, CreateTable):
        columns = said.columns
        keys = {c.columns for c in said.constraints if c.kind == "primary key"}
    elif isinstance(said, AddColumn):
        columns = (said.column,)
    for column in columns:
        kind = type_names.canonical(column.type, site.before, settings)
        keyed = column.constraint("primary key") is not None or (column.name,) in keys
        if kind not in _SMALL or not (keyed or type_names.is_serial(column.type)):
            continue
        other = _beside(site.released)
        if kind == "smallint" or other is not None:
            beside = f", while the key of {other.name} is bigint" if other else ""
            yield Violation(
                message=f"{column.name} runs out of numbers at {_SMALL[kind]:,}{beside}",
                remedy="make it bigint",
            )


def _beside(schema: Snapshot) -> Table | None:
    """A table whose key is one column of type bigint."""
    return next((table for table in schema.tables if _has_bigint_key(table)), None)


def _has_bigint_key(table: Table) -> bool:
    key = table.primary_key
    column = table.column(key.columns[0]) if key and len(key.columns) == 1 else None
    return column is not None and column.type == "bigint"


RULE = Rule(
    slug="int-pk-overflow",
    severity=Severity.WARN,
    planned=Planned.NO,
    title="A key of type smallint, or integer where other keys are bigint",
    problem=(
        "When the numbers run out, every INSERT fails, and the change to bigint rewrites "
        "the table."
    ),
    postgres=(
        "integer ends at 2,147,483,647, smallint at 32,767; serial is integer (22003; 14 "
        "to 18)."
    ),
    instead=(
        "bigint, or bigserial. Where no released table has a bigint key, an integer one is not "
        "reported; `prefer-bigint`, off by default, reports every column."
    ),
    allow="The table stays small.",
    on=(
        AddColumn,
        CreateTable,
    ),
    check=check,
)
