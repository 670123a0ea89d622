"""Verdicts: Hazards found in an operation, and Findings about input or a plan."""

from dataclasses import dataclass
from enum import StrEnum

from zdm.model.statement import Source


class Severity(StrEnum):
    """How much a Finding weighs."""

    ERROR = "error"  # refused
    WARN = "warn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """A risk that an operation carries even with a good plan."""

    operation: str
    message: str
    remedy: str = ""
    origin: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
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
