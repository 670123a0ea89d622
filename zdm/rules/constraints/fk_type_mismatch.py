"""A foreign key whose column has another type than the key."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import AddColumn, AddConstraint, CreateTable
from zdm.rules import reading
from zdm.schema import type_names

_TEXTS = frozenset({"text", "character varying"})


def check(site: Site) -> Iterator[Violation]:
    """Both types are known, and differ."""
    for key in reading.foreign_keys(site):
        parent = site.before.table(key.references)
        for column, kind, target in zip(
            key.columns, key.types(site), key.key(site), strict=False
        ):
            there = parent.column(target) if parent is not None else None
            if there is None or not kind or _alike(kind, there.type):
                continue
            yield Violation(
                message=f"{key.table}.{column} is {kind}, and {key.references}.{target} is"
                f" {there.type}, so some values fit in one only",
                remedy=f"make {column} {there.type}",
            )


def _alike(one: str, other: str) -> bool:
    pair = {type_names.split(one)[0], type_names.split(other)[0]}
    return len(pair) == 1 or pair <= _TEXTS


RULE = Rule(
    slug="fk-type-mismatch",
    severity=Severity.WARN,
    planned=Planned.SCHEMA,
    title="A foreign key whose column has another type than the key",
    problem="Values that fit into one of the columns do not fit into the other.",
    postgres=(
        "The server compares both by a common type, which not every index serves (14 to 18)."
    ),
    instead="Give both the same type.",
    allow="The types hold the same values.",
    on=(
        AddColumn,
        AddConstraint,
        CreateTable,
    ),
    check=check,
)
