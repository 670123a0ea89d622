"""An enum value that is used in the transaction that adds it."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.syntax import ChangeEnum, CreateObject
from zdm.parse import mentioned


def check(site: Site) -> Iterator[Violation]:
    """A statement of the same transaction that names the new label."""
    earlier = site.block.earlier.saying(ChangeEnum) if site.block is not None else ()
    every = [d.action.said for d in earlier if isinstance(d.action.said, ChangeEnum)]
    said_now = mentioned.constants(site.action) if every else frozenset()
    for added in every:
        if added.former or added.label not in said_now:
            continue
        if _is_of_type(site, added) and not _is_exempt(site, added):
            yield Violation(
                message=f"'{added.label}' cannot be used before the transaction that adds it is"
                " committed (55P04)",
                remedy="put ALTER TYPE … ADD VALUE into a file of its own",
            )


def _is_of_type(site: Site, added: ChangeEnum) -> bool:
    """The statement names the type, or changes a table that has it."""
    name = added.words[-1]
    if name in mentioned.words(site.action):
        return True
    fact = site.fact
    table = site.before.table(fact.table) if fact is not None and fact.table else None
    if table is None:
        return False
    return bool(table.opaque) or any(name in column.type for column in table.columns)


def _is_exempt(site: Site, added: ChangeEnum) -> bool:
    earlier = site.block.earlier.saying(CreateObject) if site.block is not None else ()
    made = [d.action.said for d in earlier if isinstance(d.action.said, CreateObject)]
    here = any(m.kind == "enum" and m.words[-1] == added.words[-1] for m in made)
    return here and site.majors[0] > 16


RULE = Rule(
    slug="enum-value-used-in-same-tx",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="An enum value that is used in the transaction that adds it",
    problem="The migration fails.",
    postgres=(
        "A new value cannot be used in its own transaction (55P04; 14 to 18); from 17 on "
        "it can, if the type is made in it, too."
    ),
    instead="ALTER TYPE … ADD VALUE in a file of its own.",
    allow="Never: it fails.",
    check=check,
)
