"""What `zdm doctor` says about one thing: fine, worth knowing, or to be fixed first."""

from enum import StrEnum

from msgspec import Struct


class Verdict(StrEnum):
    """The result of a check."""

    OK = "ok"
    WARNING = "warning"  # it works, and an operator should know
    FAILED = "failed"  # `zdm execute` would be refused, or would do harm


class Diagnosis(Struct, frozen=True, kw_only=True):
    """One check's answer: the fact, and what to do about it."""

    name: str  # of the check; stays the same
    verdict: Verdict
    said: str
    remedy: str = ""


def ok(name: str, said: str) -> Diagnosis:
    """It is as it should be."""
    return Diagnosis(name=name, verdict=Verdict.OK, said=said)


def warning(name: str, said: str, remedy: str) -> Diagnosis:
    """It works, and an operator should know."""
    return Diagnosis(name=name, verdict=Verdict.WARNING, said=said, remedy=remedy)


def failed(name: str, said: str, remedy: str) -> Diagnosis:
    """It must be fixed first."""
    return Diagnosis(name=name, verdict=Verdict.FAILED, said=said, remedy=remedy)
