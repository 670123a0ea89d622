"""A fix as lines to copy: SQL, or the `op` calls of a revision."""

import re
from collections.abc import Iterator

from zdm.model.rule import Fix
from zdm.rules.report import Reported

_OUTSIDE = "-- outside of a transaction block:"
_PARAMETER = re.compile(r"(?<![:\w\\]):(?=\w)")  # as SQLAlchemy reads one


def lines(finding: Reported) -> tuple[str, ...]:
    """What takes the statement's place; nothing where it is only left out."""
    fix = finding.fix
    if fix is None:
        return ()
    return tuple(_calls(fix) if finding.source.file.endswith(".py") else _statements(fix))


def news(finding: Reported) -> tuple[str, ...]:
    """The same where it is more than what the remedy says: a setting before the statement is
    none."""
    fix = finding.fix
    if fix is None or fix.statements[-1:] == (finding.statement,):
        return ()
    return lines(finding)


def _statements(fix: Fix) -> Iterator[str]:
    for text in fix.statements:
        yield from f"{text.strip()};".split("\n")
    if fix.later:
        yield _OUTSIDE
    for text in fix.later:
        yield from f"{text.strip()};".split("\n")


def _calls(fix: Fix) -> Iterator[str]:
    for text in fix.statements:
        yield f"op.execute({_quoted(text)})"
    if fix.later:
        yield "with op.get_context().autocommit_block():"
    for text in fix.later:
        yield f"    op.execute({_quoted(text)})"


def _quoted(sql: str) -> str:
    """A Python string of the text, with no parameter of SQLAlchemy."""
    return repr(_PARAMETER.sub(r"\\:", sql.strip()))
