"""`# zdm: …` comments of a revision file, and the statements below them."""

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from zdm.errors import InputError
from zdm.model.statement import Directive, Source
from zdm.parse import directives

_UPGRADE = re.compile(r"^(?:async )?def upgrade\b", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comments:
    """Directives by the first line of the Python statement below them."""

    above: Mapping[int, tuple[Directive, ...]]
    begins: Mapping[int, int]  # a line of code → the first line of its statement
    lines: tuple[bytes, ...]
    upgrade: int  # the line of `def upgrade`

    def at(self, line: int) -> tuple[Directive, ...]:
        """The directives above the statement that the line belongs to."""
        return self.above.get(self.begins.get(line, line), ())

    def column(self, line: int, column: int) -> int:
        """A column counted in bytes from 0, counted in characters from 1."""
        if line > len(self.lines):
            return 1
        return len(self.lines[line - 1][:column].decode(errors="replace")) + 1


def read(path: Path, file: str, revision: str) -> Comments:
    """The directives of one revision file."""
    data = path.read_bytes()
    text = data.decode("utf-8", errors="replace")
    found: dict[int, tuple[Directive, ...]] = {}
    begins = _begins(text) if "zdm:" in text else {}
    for line, column, comment in _comments(text) if begins else ():
        source = Source(file=file, line=line, column=column, revision=revision)
        directive = directives.parse_comment(comment, source)
        if directive is None:
            continue
        below = next((number for number in sorted(begins) if number > line), None)
        if below is None:
            raise stray(directive)
        found[below] = (*found.get(below, ()), directive)
    function = _UPGRADE.search(text)
    return Comments(
        above=found,
        begins=begins,
        lines=tuple(data.split(b"\n")),
        upgrade=text.count("\n", 0, function.start()) + 1 if function else 1,
    )


def stray(directive: Directive) -> InputError:
    """The error for a directive that no statement has taken."""
    return InputError(
        f"{directive.source}: this directive is not above a call that sends SQL, so it has no"
        " effect",
        hint="put it directly above the op. call it is meant for",
    )


def _comments(text: str) -> list[tuple[int, int, str]]:
    """Comments that have a line of their own: (line, column, text without `#`)."""
    return [
        (token.start[0], token.start[1] + 1, token.string[1:])
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT and not token.line[: token.start[1]].strip()
    ]


def _begins(text: str) -> dict[int, int]:
    """For each line of code the first line of the innermost statement that covers it."""
    with warnings.catch_warnings(action="ignore"):  # "\\:" in a text is the author's affair
        tree = ast.parse(text)
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    found: dict[int, int] = {}
    for node in sorted(statements, key=lambda n: (n.lineno, -(n.end_lineno or n.lineno))):
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
            found[line] = node.lineno
    return found
