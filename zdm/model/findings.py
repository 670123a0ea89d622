"""Verdicts: Hazards found in an operation, and Findings about input or a plan."""

from enum import StrEnum

from msgspec import Struct

from zdm.model.statement import Source


class Severity(StrEnum):
    """How much a Finding weighs."""

    ERROR = "error"  # refused
    WARN = "warn"


class Hazard(Struct, frozen=True, kw_only=True):
    """A risk that an operation carries even with a good plan."""

    operation: str
    message: str
    remedy: str = ""
    origin: tuple[Source, ...] = ()


class Finding(Struct, frozen=True, kw_only=True):
    """A verdict on input: the fact, its consequence, and the remedy, with its place."""

    slug: str
    severity: Severity
    message: str
    remedy: str
    source: Source | None = None
    statement: str = ""


def violation(slug: str, message: str, origin: tuple[Source, ...] = ()) -> Finding:
    """A plan, or one of its steps, violates an invariant."""
    return Finding(
        slug=slug,
        severity=Severity.ERROR,
        message=message,
        remedy="make the plan again with `zdm plan`",
        source=origin[0] if origin else None,
    )
