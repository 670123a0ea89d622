"""`# zdm: …` comments of a revision file, and the statements below them."""

import re
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from zdm.errors import InputError
from zdm.model.statement import Directive, Source
from zdm.parse import directives
from zdm.revisions import python_comments

_MARKED = re.compile(r"#.*zdm", re.IGNORECASE)
_UPGRADE = re.compile(r"^(?:async )?def upgrade\b", re.MULTILINE)


class Comments(Struct, frozen=True, kw_only=True):
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
    marked = _MARKED.search(text) is not None
    code = python_comments.code(text) if marked else python_comments.NONE
    found: dict[int, tuple[Directive, ...]] = {}
    for comment in python_comments.comments(text) if marked else ():
        source = Source(file=file, line=comment.line, column=comment.column, revision=revision)
        directive = directives.parse_comment(comment.text, source)
        if directive is None:
            continue
        meant = code.meant(comment) if comment.alone else None
        if meant is None:
            raise stray(directive)
        found[meant] = directives.together((*found.get(meant, ()), directive))
    function = _UPGRADE.search(text)
    return Comments(
        above=found,
        begins=code.begins,
        lines=tuple(data.split(b"\n")),
        upgrade=text.count("\n", 0, function.start()) + 1 if function else 1,
    )


def stray(directive: Directive) -> InputError:
    """The error for a directive that no statement has taken."""
    return InputError(
        f"{directive.source}: this directive is not above a call that sends SQL, so it has no"
        " effect",
        hint="put it on its own line, directly above the op. call it is meant for",
    )
