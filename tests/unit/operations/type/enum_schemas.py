"""A table with an enum column, for tests of what changes the type."""

from tests.unit import schemas
from zdm.model.schema import Column, Name, Snapshot, Type

MOOD = Type(
    name=Name("public", "mood"),
    kind="enum",
    definition="CREATE TYPE public.mood AS ENUM ('sad', 'happy')",
    labels=("sad", "happy"),
)


def moods(*types: Type, default: str | None = None) -> Snapshot:
    """users.mood, and more types."""
    column = Column(name="mood", type="public.mood", default=default)
    return schemas.snapshot(schemas.users(column), types=(MOOD, *types))


def labels(snapshot: Snapshot, name: str = "mood") -> tuple[str, ...]:
    """Those of a type."""
    (found,) = (t for t in snapshot.types if t.name == Name("public", name))
    return found.labels
