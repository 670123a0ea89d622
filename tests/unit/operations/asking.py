"""Ask the recognisers for a whole train, in tests that need no server."""

from dataclasses import dataclass

from tests.unit import schemas
from zdm.model.findings import Hazard
from zdm.model.operation import Operation
from zdm.model.plan import Step
from zdm.model.schema import Snapshot
from zdm.planning import classify


@dataclass(frozen=True)
class Answer:
    """What became of a train."""

    operations: tuple[Operation, ...]
    steps: tuple[Step, ...]
    hazards: tuple[Hazard, ...]
    refusals: tuple[str, ...]
    after: Snapshot

    @property
    def slugs(self) -> list[str]:
        return [operation.slug for operation in self.operations]

    @property
    def phases(self) -> list[str]:
        return [step.phase.value for step in self.steps]

    @property
    def sql(self) -> list[str]:
        """Every statement of the steps that run SQL."""
        return [text for step in self.steps if step.kind == "sql" for text in step.sql]


def ask(sql: str, snapshot: Snapshot | None = None) -> Answer:
    """Classify a train and ask each operation for all it knows."""
    before = snapshot or schemas.snapshot(schemas.users())
    found = classify.classify(schemas.train(sql), before)
    return Answer(
        operations=tuple(p.operation for p in found.placed),
        steps=tuple(s for p in found.placed for s in p.operation.recipe(p.context)),
        hazards=tuple(h for p in found.placed for h in p.operation.hazards(p.context)),
        refusals=tuple(f.message for f in found.refused),
        after=found.after,
    )
