"""What `zdm doctor` says about one thing: fine, to be known, or to be mended first."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a thing stands."""

    OK = "ok"
    WARNING = "warning"  # it works, and somebody should know
    FAILED = "failed"  # `zdm execute` would be refused, or would do harm


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """One check's answer: the fact, and what to do about it."""

    name: str  # of the check; stays the same
    verdict: Verdict
    said: str
    remedy: str = ""


def ok(name: str, said: str) -> Diagnosis:
    """It is as it should be."""
    return Diagnosis(name=name, verdict=Verdict.OK, said=said)


def warning(name: str, said: str, remedy: str) -> Diagnosis:
    """It works, and somebody should know."""
    return Diagnosis(name=name, verdict=Verdict.WARNING, said=said, remedy=remedy)


def failed(name: str, said: str, remedy: str) -> Diagnosis:
    """It must be mended first."""
    return Diagnosis(name=name, verdict=Verdict.FAILED, said=said, remedy=remedy)
