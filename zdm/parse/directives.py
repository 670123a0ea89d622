"""The author's directives: comments that begin with `zdm:`, above a statement.

    -- zdm: reverse email = lower(new_email)
    -- zdm: run in contract -- the report that reads it was removed in 4.2

In a revision the same follows `#` above the `op.` call. `zdm: ignore …` belongs to the gate and
is skipped here. A directive without a reason, of an unknown kind, or above nothing is an input
error.
"""

import importlib
import re

from zdm.errors import InputError
from zdm.model.statement import Directive, DirectiveKind, Source
from zdm.parse import libpg_query, trees
from zdm.serialize import codec

_REVERSE = re.compile(r'reverse\s+("(?:[^"]|"")+"|\w+)\s*=\s*(.+)', re.DOTALL)
_RUN_IN = re.compile(r"run\s+in\s+(\w+)\s*(?:--\s*(.*))?$", re.DOTALL)
_IGNORE = re.compile(r"ignore(?:-file)?(?:\s|$)")
_MARK = re.compile(r"^\s*zdm:\s*")
MARK = b"zdm:"
PHASES = ("expand", "contract")


def parse_comment(text: str, source: Source) -> Directive | None:
    """The directive in one comment's text (without `--` or `#`), if it has one."""
    mark = _MARK.match(text)
    if mark is None:
        return None
    body = text[mark.end() :].strip()
    if _IGNORE.match(body):
        return None
    if reverse := _REVERSE.fullmatch(body):
        return _reverse(reverse[1], reverse[2].strip(), source)
    if run_in := _RUN_IN.fullmatch(body):
        return _run_in(run_in[1], (run_in[2] or "").strip(), source)
    raise InputError(
        f"{source}: `zdm: {codec.shortened(body)}` is not a directive of zdm",
        hint="write `zdm: reverse COLUMN = EXPRESSION` or `zdm: run in PHASE -- reason`",
    )


def _reverse(column: str, expression: str, source: Source) -> Directive:
    expression, reason = _with_reason(expression)
    try:
        _check(expression)
    except libpg_query.NotSqlError as error:
        raise InputError(
            f"{source}: the reverse `{codec.shortened(expression)}` is not an SQL expression"
            f" ({error})",
            hint="write one expression over the new column, such as `lower(new_email)`",
        ) from error
    name = column[1:-1].replace('""', '"') if column.startswith('"') else column.lower()
    return Directive(
        kind=DirectiveKind.REVERSE,
        argument=name,
        expression=expression,
        reason=reason,
        source=source,
    )


def _with_reason(text: str) -> tuple[str, str]:
    """The expression, and what follows its last `--`; a literal may hold one too."""
    try:
        _check(text)
    except libpg_query.NotSqlError:
        expression, mark, reason = text.rpartition("--")
        if mark:
            return expression.strip(), reason.strip()
    return text, ""


def _check(text: str) -> None:
    """Raise NotSqlError where it is not one expression, or ends in a comment, which would
    swallow a closing bracket."""
    trees.expression(text)
    trees.expression(f"({text})")


def _run_in(phase: str, reason: str, source: Source) -> Directive:
    if phase not in PHASES:
        raise InputError(
            f"{source}: a statement cannot run in the phase `{phase}`",
            hint="write `run in expand` or `run in contract`",
        )
    if not reason:
        raise InputError(
            f"{source}: `run in {phase}` has no reason, so it cannot be reviewed",
            hint=f"write `zdm: run in {phase} -- why this is safe`",
        )
    return Directive(kind=DirectiveKind.RUN_IN, argument=phase, reason=reason, source=source)


def comments(data: bytes) -> tuple[tuple[int, int, str], ...]:
    """(start, end, text) in bytes of each SQL comment with the mark, outside of literals."""
    if MARK not in data:
        return ()
    postgast = importlib.import_module("postgast")  # 0.25 s; most files have no directive
    found = []
    for token in postgast.scan(data.decode()).tokens:
        text = data[token.start : token.end].decode()
        if text.startswith("--"):
            found.append((token.start, token.end, text[2:]))
        elif text.startswith("/*"):
            found.append((token.start, token.end, text[2:-2]))
    return tuple(item for item in found if _MARK.match(item[2]))
