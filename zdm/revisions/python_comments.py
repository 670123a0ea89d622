"""Comments of a Python file, and the statement that each of them is meant for.

The isolated process uses it, too, so it imports only the standard library.
"""

import ast
import io
import tokenize
import warnings
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """The text without `#`, and its place; `alone`: on a line of its own."""

    line: int
    column: int
    text: str
    alone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """Which lines belong together."""

    begins: Mapping[int, int]  # a line → the first line of the innermost statement over it
    inside: Mapping[int, int]  # the same, of statements that hold no others

    def meant(self, comment: Comment) -> int | None:
        """The first line of the statement that the comment is above, or within."""
        if comment.line in self.inside:
            return self.inside[comment.line]
        below = (line for line in sorted(self.begins) if line > comment.line)
        return next(below, None)


NONE = Code(begins={}, inside={})


def comments(text: str) -> tuple[Comment, ...]:
    """Every comment of the file."""
    return tuple(
        Comment(
            line=token.start[0],
            column=token.start[1] + 1,
            text=token.string[1:],
            alone=not token.line[: token.start[1]].strip(),
        )
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT
    )


def code(text: str) -> Code:
    """The lines of each statement."""
    with warnings.catch_warnings(action="ignore"):  # "\\:" in a text is the author's affair
        tree = ast.parse(text)
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    begins: dict[int, int] = {}
    inside: dict[int, int] = {}
    for node in sorted(statements, key=lambda n: (n.lineno, -(n.end_lineno or n.lineno))):
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
            begins[line] = node.lineno
            if not any(isinstance(part, ast.stmt) for part in ast.iter_child_nodes(node)):
                inside[line] = node.lineno
    return Code(begins=begins, inside=inside)
