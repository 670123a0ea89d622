"""A constraint that the old version may violate."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.schema import Table
from zdm.model.statement import ActionKind
from zdm.model.syntax import AddConstraint, AlterColumn, IndexDefinition
from zdm.parse import expressions
from zdm.schema import not_null_proof


def check(site: Site) -> Iterator[Violation]:
    """CHECK, UNIQUE, foreign key, NOT NULL, EXCLUDE and unique indexes on columns in use."""
    table = site.in_use(
        ActionKind.ADD_CONSTRAINT, ActionKind.SET_NOT_NULL, ActionKind.CREATE_INDEX
    )
    if table is None:
        return
    columns = _restricted(site, table)
    unique = [set(i.keys) for i in table.indexes if i.unique and i.predicate is None]
    if set(columns) in unique and _is_key(site):
        return
    if columns and not all(_is_free(site, table, column) for column in columns):
        yield Violation(
            message=f"writes of the old version to {table.name} that violate it"
            f" ({', '.join(columns)}) fail from here on, NOT VALID or not",
            remedy="add it in a release in which every running version keeps to it",
        )


def _is_key(site: Site) -> bool:
    """Whether it says no more than that the values are unique."""
    said = site.action.said
    return isinstance(said, IndexDefinition) or (
        isinstance(said, AddConstraint) and said.constraint.kind in ("unique", "primary key")
    )


def _is_free(site: Site, table: Table, name: str) -> bool:
    """Whether the old version has no part in the column's values: it is new, and not computed
    from others."""
    column = table.column(name)
    computed = column is not None and bool(column.generated)
    return site.is_new_column(table, name) and not computed


def _restricted(site: Site, table: Table) -> tuple[str, ...]:
    """The columns whose values it restricts, where they were free before."""
    said, fact = site.action.said, site.fact
    match said:
        case AddConstraint(constraint=one) if not one.using_index and not one.not_enforced:
            return one.columns
        case IndexDefinition(unique=True, elements=elements):
            inside = [e.expression for e in elements if e.expression is not None]
            used = [c for e in inside for c in expressions.columns(e)]
            return tuple(dict.fromkeys([*(e.column for e in elements if e.column), *used]))
    if fact is None or fact.kind is not ActionKind.SET_NOT_NULL:
        return ()
    return (fact.name,) if not_null_proof.missing(table, fact.name).possible else ()


RULE = Rule(
    slug="new-write-restriction",
    severity=Severity.WARN,
    planned=Planned.PHASES,
    title="A constraint that the old version may violate",
    problem="Writes of application versions that still run fail if they violate it.",
    postgres=(
        "A constraint is checked for each row that is written from the commit on, also "
        "where it is NOT VALID (14 to 18)."
    ),
    instead=(
        "Add it when every running version keeps to it; `zdm plan` does so in the contract."
    ),
    allow="Every running version keeps to it.",
    on=(
        AddConstraint,
        AlterColumn,
        IndexDefinition,
    ),
    check=check,
)
