"""A sequence that is set to a number."""

from collections.abc import Iterator

from zdm.model.commands import AlterSequence, AlterTable
from zdm.model.findings import Severity
from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.schema import Name
from zdm.model.syntax import Read
from zdm.parse import mentioned
from zdm.rules import reading
from zdm.schema import lookup


def check(site: Site) -> Iterator[Violation]:
    """RESTART, or setval to a constant, of a sequence in use."""
    for name in _set(site):
        if not site.is_new(name):
            yield Violation(
                message=f"{name} may give numbers again that it has given before",
                remedy="set it from the highest number in use, as in setval(…, (SELECT"
                " max(id) FROM t))",
            )


def _set(site: Site) -> Iterator[Name]:
    said = site.action.said
    if isinstance(said, AlterSequence) and said.restarts:
        yield reading.named(site, said.sequence)
    elif isinstance(said, AlterTable):
        if "restart" in said.options and (table := site.in_use()) is not None:
            yield Name(table.name.schema, f"{table.name.name}.{said.name}")
    elif isinstance(said, Read):
        for words in mentioned.sequences_set(site.action):
            yield reading.named(site, lookup.relation(words))


RULE = Rule(
    slug="sequence-set-back",
    severity=Severity.WARN,
    planned=Planned.NO,
    title="A sequence that is set to a number",
    problem="Where rows have the next numbers, each INSERT that gets one of them fails.",
    postgres=(
        "RESTART and setval look at no table; a number that a row has already violates its"
        " unique constraint (23505; 14 to 18)."
    ),
    instead="Set it from the highest number in use.",
    allow="The number is above all that are in use.",
    on=(AlterSequence, AlterTable, Read),
    check=check,
)
