"""`-- zdm: ignore RULE[, RULE] -- reason [until YYYY-MM-DD]`, above the statement it covers,
and `-- zdm: ignore-file …` above the first statement, for the whole file."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from msgspec import Struct

from zdm.model.statement import Source
from zdm.parse import libpg_query, split
from zdm.parse.places import Places
from zdm.rules.report import Today

_FORM = re.compile(r"\s*zdm:\s*(ignore(?:-file)?)(?:\s+(.*))?$", re.DOTALL | re.IGNORECASE)
# a day anywhere in the reason, or whatever is the last word
_UNTIL = re.compile(r"\s*\buntil\s+(?:(\d+[-/.]\d+[-/.]\d+)|(\S+)\s*$)", re.IGNORECASE)


class Ignore(Struct, frozen=True, kw_only=True):
    """One directive; `line` is that of the statement it covers, 0 for the whole file, None
    where it is above nothing."""

    rules: tuple[str, ...]
    reason: str
    until: date | None
    bad_date: str = ""
    source: Source
    line: tuple[int, int] | None  # line and column of the statement

    def expired(self, today: Today) -> bool:
        """Whether its last day is past."""
        return bool(self.bad_date) or (self.until is not None and self.until < today())

    def covers(self, rule: str, place: Source) -> bool:
        """Whether it is about this rule at this statement."""
        return rule in self.rules and self.line in (_FILE, (place.line, place.column))


_FILE = (0, 0)
_BLANK_LINE = re.compile(rb"\n[ \t\r\f\v]*\n")


def read(data: bytes, file: str, commands: Sequence[Source] = ()) -> tuple[Ignore, ...]:
    """The ignores of a file that libpg_query reads, and the places of psql's commands in it."""
    if b"ignore" not in data.lower():
        return ()
    data = data.removeprefix(b"\xef\xbb\xbf")
    return tuple(_found(data, Places.of(data, file), {at.line: at for at in commands}))


def _found(data: bytes, places: Places, commands: Mapping[int, Source]) -> Iterator[Ignore]:
    parsed = libpg_query.statements(data)
    for start, comment, index in split.directives_of(data, parsed):
        form = _FORM.match(comment)
        if form is None:
            continue
        below = commands.get(places.at(start).line + 1)
        names, _, reason = (form[2] or "").partition("--")
        until = _UNTIL.search(reason)
        line: tuple[int, int] | None = None
        if form[1].lower() == "ignore-file":
            line = _FILE if index == 0 or not parsed else None
        elif below is not None:
            line = (below.line, below.column)
        elif index is not None and not _BLANK_LINE.search(data[start : parsed[index].start]):
            statement = places.at(parsed[index].start)
            line = (statement.line, statement.column)
        last = "" if until is None else until[1] or until[2]
        day = _day(last) if last else None
        yield Ignore(
            rules=tuple(name.strip() for name in names.split(",") if name.strip()),
            reason=_UNTIL.sub("", reason).strip(),
            until=day,
            bad_date=last if day is None else "",
            source=places.at(start),
            line=line,
        )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
