"""The author's directives: comments that begin with `zdm:`, above a statement.

    -- zdm: reverse email = lower(new_email)
    -- zdm: default country = 'DE'
    -- zdm: run in contract -- the report that reads it was removed in 4.2
    -- zdm: privileged -- only a superuser may create this extension
    -- zdm: keep old values
    -- zdm: orphans delete -- they are of customers whom we have deleted by hand
    # zdm: nothing is lost -- the rows that it reads are copied by a job of ours

In a revision the same follows `#` above the `op.` call, or `--` in its text. `zdm: ignore …`
belongs to the gate and is skipped here. A directive without a reason, of an unknown kind, or
above nothing is an input error.
"""

import importlib
import re

from zdm.errors import InputError
from zdm.model.statement import Directive, DirectiveKind, Source
from zdm.parse import libpg_query, trees
from zdm.serialize import codec

_FLAGS = re.DOTALL | re.IGNORECASE
_GIVES = re.compile(r'(reverse|default)\s+("(?:[^"]|"")+"|\w+)\s*=\s*(.+)', _FLAGS)
_RUN_IN = re.compile(r"run\s+in\s+(\w+)\s*(?:--\s*(.*))?$", _FLAGS)
_ORPHANS = re.compile(r"orphans\s+(\w+)\s*(?:--\s*(.*))?$", _FLAGS)
_PRIVILEGED = re.compile(r"privileged\s*(?:--\s*(.*))?$", _FLAGS)
_KEEP = re.compile(r"keep\s+old\s+values\s*(?:--\s*(.*))?", _FLAGS)
_LOST = re.compile(r"nothing\s+is\s+lost\s*(?:--\s*(.*))?$", _FLAGS)
_IGNORE = re.compile(r"ignore(?:-file)?(?:\s|$)", _FLAGS)
_WORDS = "|".join(kind.partition(" ")[0] for kind in DirectiveKind)
_NEARLY = rf"zdm\s*(?::|(?=\s(?:{_WORDS})\b))\s*"
_MARK = re.compile(rf"\s*(--|#)?\s*{_NEARLY}", _FLAGS)
_EXACT = re.compile(r"\s*zdm:", _FLAGS)
_ANYWHERE = re.compile(_NEARLY.encode(), re.IGNORECASE)
PHASES = ("expand", "contract")
ORPHANS = ("delete", "null", "park")


def parse_comment(text: str, source: Source) -> Directive | None:
    """The directive in one comment's text (without `--` or `#`), if it has one."""
    mark = _MARK.match(text)
    if mark is None or mark[1] == ("#" if source.revision else "--"):
        return None  # or commented out
    body = text[mark.end() :].strip()
    if _IGNORE.match(body):
        return None
    if _EXACT.match(text) is None:
        raise InputError(
            f"{source}: the comment `{codec.shortened(text.strip())}` is almost a directive of"
            " zdm, but has no effect",
            hint=in_its_form(f"write `-- zdm: {body}`", source),
        )
    found = _read(body, source)
    if found is not None:
        return found
    raise InputError(
        f"{source}: `zdm: {codec.shortened(body)}` is not a directive of zdm",
        hint=in_its_form(
            "write `-- zdm: reverse COLUMN = EXPRESSION`, `-- zdm: default COLUMN ="
            " EXPRESSION`, `-- zdm: run in PHASE -- reason`, `-- zdm: privileged -- reason`,"
            " `-- zdm: orphans delete -- reason` or `-- zdm: keep old values`",
            source,
        ),
    )


def _read(body: str, source: Source) -> Directive | None:
    if gives := _GIVES.fullmatch(body):
        kind = DirectiveKind(gives[1].lower())
        return _gives(kind, gives[2], gives[3].strip(), source)
    for pattern, of in _OF_SEVERAL:
        if found := pattern.fullmatch(body):
            return of(found[1].lower(), (found[2] or "").strip(), source)
    for pattern, read in _WITH_REASON:
        if found := pattern.fullmatch(body):
            return read((found[1] or "").strip(), source)
    return None


def in_its_form(text: str, source: Source) -> str:
    """A text that names directives, as its file has them: after `#` in a revision."""
    return text.replace("`-- zdm:", "`# zdm:") if source.revision else text


def _gives(kind: DirectiveKind, column: str, expression: str, source: Source) -> Directive:
    expression, reason = _with_reason(expression)
    try:
        _check(expression)
    except libpg_query.NotSqlError as error:
        raise InputError(
            f"{source}: the {kind} `{codec.shortened(expression)}` is not an SQL expression"
            f" ({error})",
            hint="write one expression, such as `lower(new_email)` or `0`",
        ) from error
    name = column[1:-1].replace('""', '"') if column.startswith('"') else column.lower()
    return Directive(
        kind=kind,
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
    _require_reason(reason, f"run in {phase}", source)
    return Directive(kind=DirectiveKind.RUN_IN, argument=phase, reason=reason, source=source)


def _orphans(how: str, reason: str, source: Source) -> Directive:
    if how not in ORPHANS:
        raise InputError(
            f"{source}: `orphans {how}` does not say what becomes of the rows that refer to no"
            " row",
            hint="write `orphans delete`, `orphans null` or `orphans park`",
        )
    _require_reason(reason, f"orphans {how}", source)
    return Directive(kind=DirectiveKind.ORPHANS, argument=how, reason=reason, source=source)


def _privileged(reason: str, source: Source) -> Directive:
    _require_reason(reason, "privileged", source)
    return Directive(kind=DirectiveKind.PRIVILEGED, argument="", reason=reason, source=source)


def _keep(reason: str, source: Source) -> Directive:
    return Directive(kind=DirectiveKind.KEEP_OLD_VALUES, reason=reason, source=source)


def _nothing_lost(reason: str, source: Source) -> Directive:
    if not source.revision:
        raise InputError(
            f"{source}: `nothing is lost` is for a revision that reads rows in Python; in a SQL"
            " file it has no effect",
            hint="remove the directive",
        )
    _require_reason(reason, "nothing is lost", source)
    return Directive(kind=DirectiveKind.NOTHING_IS_LOST, reason=reason, source=source)


_OF_SEVERAL = ((_RUN_IN, _run_in), (_ORPHANS, _orphans))
_WITH_REASON = ((_PRIVILEGED, _privileged), (_KEEP, _keep), (_LOST, _nothing_lost))


def _require_reason(reason: str, directive: str, source: Source) -> None:
    if not reason:
        raise InputError(
            f"{source}: `{directive}` has no reason, so it cannot be reviewed",
            hint=in_its_form(f"write `-- zdm: {directive} -- why this is safe`", source),
        )


def together(found: tuple[Directive, ...]) -> tuple[Directive, ...]:
    """The directives of one statement; InputError where they name two phases."""
    phases = dict.fromkeys(d.argument for d in found if d.kind is DirectiveKind.RUN_IN)
    if len(phases) > 1:
        raise InputError(
            f"{found[-1].source}: the statement is to run in {' and in '.join(phases)}",
            hint="keep one `run in` directive",
        )
    return found


def comments(data: bytes) -> tuple[tuple[int, int, str], ...]:
    """(start, end, text) in bytes of each SQL comment with the mark, outside of literals."""
    if _ANYWHERE.search(data) is None:
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
