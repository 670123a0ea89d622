"""A name of more than 63 bytes."""

import re
from collections.abc import Iterator

from zdm.model.rule import Planned, Rule, Site, Violation
from zdm.model.sql import MAX_NAME_BYTES

_SKIPPED = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\1\$", re.DOTALL)
_NAME = re.compile(r'"((?:[^"]|"")+)"|([^\W\d][\w$]*)')


def check(site: Site) -> Iterator[Violation]:
    """Words of the statement outside of strings and comments."""
    if site.action.index:
        return
    for name in dict.fromkeys(_names(site.action.statement.sql)):
        if len(name.encode()) > MAX_NAME_BYTES:
            yield Violation(
                message=f"{name} is cut to {MAX_NAME_BYTES} bytes, and another name may be"
                " cut to"
                " the same",
                remedy="choose a shorter name",
            )


def _names(sql: str) -> Iterator[str]:
    for quoted, plain in _NAME.findall(_SKIPPED.sub(" ", sql)):
        yield quoted or plain


RULE = Rule(
    slug="identifier-too-long",
    severity=None,
    planned=Planned.NO,
    title="A name of more than 63 bytes",
    problem=(
        "Two long names may become the same, and code that looks for the whole name finds"
        " nothing."
    ),
    postgres="Names are cut to 63 bytes, with a notice (14 to 18).",
    instead="A shorter name.",
    allow="Never.",
    check=check,
)
