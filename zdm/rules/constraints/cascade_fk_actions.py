"""A foreign key ON DELETE or ON UPDATE CASCADE, SET NULL or SET DEFAULT."""

from collections.abc import Iterator

from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import AddColumn, AddConstraint, CreateTable
from zdm.rules import reading


def check(site: Site) -> Iterator[Violation]:
    """A foreign key ON DELETE or ON UPDATE CASCADE, SET NULL or SET DEFAULT."""
    for key in reading.foreign_keys(site):
        actions = [a for a in (key.said.on_delete, key.said.on_update) if a]
        if actions:
            yield Violation(
                message=f"one statement on {key.references} may change any number of rows of"
                f" {key.table} ({', '.join(actions)})",
                remedy="leave the action out, and change rows in batches",
            )


RULE = Rule(
    slug="cascade-fk-actions",
    severity=None,
    planned=Planned.NO,
    title="A foreign key ON DELETE or ON UPDATE CASCADE, SET NULL or SET DEFAULT",
    problem="One DELETE changes any number of other rows, in one transaction.",
    postgres=(
        "The action runs for each row that refers to the changed one, in the same "
        "transaction (14 to 18)."
    ),
    instead="Leave it out, and delete in batches.",
    allow="Few rows refer to one.",
    on=(
        AddColumn,
        AddConstraint,
        CreateTable,
    ),
    check=check,
)
