"""Functions whose text depends on the order, the number or the type of a table's columns.

PostgreSQL looks at the text of a function when it runs, so none of this stops the change of a
column: an INSERT without a list of columns writes into others afterwards, `*` gives more of
them, and RETURN QUERY of plpgsql fails where a type is another one (42804; measured 14, 18).
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from zdm.model.schema import Function
from zdm.parse.readers import fired, tokens
from zdm.parse.readers.tokens import Token
from zdm.recipes.widening.group import Group, Wide
from zdm.schema import routines

Line = tuple[str, str]  # fact and remedy
_QUERIES = frozenset({"SELECT", "WITH", "VALUES", "TABLE", "("})
_BEFORE_STAR = frozenset({"SELECT", "ALL", "DISTINCT", "RETURNING", ",", ")"})
_BEHIND_STAR = frozenset({"FROM", "INTO", ",", ";", ")", ""})
_RECORD = re.compile(r"\b(\w+)\s+(?:record\b|[\w.\"]+%rowtype)", re.IGNORECASE)
_IS_TRIGGER = re.compile(r"\bRETURNS\s+(?:event_)?trigger\b", re.IGNORECASE)


def found(group: Group) -> Iterator[Line]:
    """Facts and remedies."""
    snapshot = group.tables[0].site.snapshot
    for wide in group.tables:
        runs = {trigger.function for trigger in wide.table.triggers}
        for function in snapshot.functions:
            own = function.name in runs
            named = wide.site.name.name in routines.body_names(function)
            for text in _texts(routines.body(function) if own or named else ""):
                yield from _Text(wide, function, text, own=own, named=named).lines()
        yield from _calls(wide)
        yield from _counts(wide)


def _counts(wide: Wide) -> Iterator[Line]:
    """Triggers that count the UPDATEs of a row, and would count the fill."""
    table = wide.table
    for trigger in table.triggers:
        text = fired.trigger(trigger.definition)
        if trigger.enabled == "D" or not (text.on_update and text.per_row) or text.columns:
            continue
        runs = [f for f in wide.site.snapshot.functions if f.name == trigger.function]
        for column in table.columns:
            if any(routines.counts(function, column.name) for function in runs):
                yield (
                    f"the trigger {trigger.name} of {table.name} counts {column.name} on in"
                    " every UPDATE of a row, so filling a row would, too",
                    "let it fire only where some other column is set, in an earlier release:"
                    " CREATE OR REPLACE TRIGGER … BEFORE UPDATE OF …",
                )


def _calls(wide: Wide) -> Iterator[Line]:
    """Functions that take the narrow type alone, where a trigger of the table calls them with a
    column: such a call finds nothing once the column is wider."""
    snapshot = wide.site.snapshot
    kinds = {wider.column.type: wider.type for wider in wide.columns}
    takes = {(f.name.name, kind) for f in snapshot.functions for kind in _kinds(f)}
    own = [f for f in snapshot.functions if f.name in {t.function for t in wide.table.triggers}]
    for function in own:
        for name, kind in sorted(takes):
            alone = kind in kinds and (name, kinds[kind]) not in takes
            if alone and _gives(wide, name, tokens.words(routines.body(function))):
                yield (
                    f"the trigger function {function.name} calls {name}({kind}), which a wider"
                    " column does not find",
                    "cast the column in that call in an earlier release, as in"
                    f" {name}(NEW.{wide.columns[0].name}::{kind})",
                )


def _gives(wide: Wide, name: str, words: Sequence[Token]) -> bool:
    """Whether a call of the function has one of the columns, not cast, in its arguments."""
    for place, (token, behind) in enumerate(pairwise(words)):
        if _folded(token.text) != name or behind.text != "(":
            continue
        for n in range(place + 2, len(words)):
            if words[n].text == ")" and words[n].depth == token.depth:
                break
            cast = [word.text for word in words[n + 1 : n + 3]] == [":", ":"]
            if _folded(words[n].text) in wide.names and not cast:
                return True
    return False


def _kinds(function: Function) -> Sequence[str]:
    return [kind for kind in ("smallint", "integer", "bigint") if kind in function.arguments]


def _texts(body: str) -> Iterator[tuple[Token, ...]]:
    """The body, and the constants in it, which may be SQL."""
    left = [body] if body else []
    while left:
        words = tokens.words(left.pop())
        yield words
        left += [w.text[1:-1].replace("''", "'") for w in words if w.text.startswith("'")]


class _Text:
    """One text of a function, beside one table."""

    def __init__(
        self,
        wide: Wide,
        function: Function,
        words: Sequence[Token],
        *,
        own: bool,  # the function of a trigger of the table
        named: bool,
    ) -> None:
        self._wide, self._function, self._own, self._named = wide, function, own, named
        self._words = [token.word for token in words]
        self._names = [_folded(token.text) for token in words]
        self._records = {name.lower() for name in _RECORD.findall(routines.body(function))}

    def lines(self) -> Iterator[Line]:
        """Facts and remedies."""
        table, name = self._wide.site.name, self._function.name
        columns, first = ", ".join(self._wide.names), self._wide.columns[0]
        if any(self._inserts(place) for place in range(len(self._words))):
            yield (
                f"the function {name} inserts into {table} without a list of columns, and"
                f" {columns} comes last in their order",
                "name the columns in its INSERT in an earlier release",
            )
        if any(self._is_star(place) for place in range(len(self._words))):
            yield (
                f"the function {name} has a * for the columns of {table}, which gives it one"
                " more, and another order afterwards",
                "name the columns instead of * in an earlier release",
            )
        if self._own and any(self._is_row(place) for place in range(len(self._words))):
            yield (
                f"the trigger function {name} takes the whole row of {table}, in which the"
                f" column {first.beside} is one more until the contract",
                f"leave it out in an earlier release, as in to_jsonb(NEW) - '{first.beside}'",
            )
        if self._function.language == "plpgsql" and self._returns():
            yield (
                f"the function {name} returns {columns} of {table} by RETURN QUERY or as a"
                " record, whose type must not change",
                "cast the column itself in an earlier release, in a RETURN QUERY SELECT:"
                f" {first.name}::{first.column.type}",
            )

    def _at(self, place: int) -> str:
        return self._words[place] if 0 <= place < len(self._words) else ""

    def _end(self, place: int) -> int:
        """Of the statement in which this is."""
        ends = [n for n in range(place, len(self._words)) if self._words[n] == ";"]
        return ends[0] if ends else len(self._words)

    def _is_table(self, place: int) -> bool:
        return self._names[place] == self._wide.site.name.name

    def _inserts(self, place: int) -> bool:
        """Whether an INSERT without a list into the table begins here."""
        if self._words[place : place + 2] != ["INSERT", "INTO"]:
            return False
        at = place + 2
        while self._at(at + 1) == ".":
            at += 2
        if at >= len(self._words) or not self._is_table(at):
            return False
        at += 1
        if self._at(at) == "AS":
            at += 2
        if self._at(at) == "(":
            return self._at(at + 1) in _QUERIES
        return self._at(at) != "DEFAULT"

    def _is_star(self, place: int) -> bool:
        """Whether it means the columns of the table, and the number of them matters."""
        if self._words[place] != "*" or self._into_record(place):
            return False
        if self._at(place - 1) == ".":
            return self._of_row(place - 2)
        if self._at(place - 1) not in _BEFORE_STAR or self._at(place + 1) not in _BEHIND_STAR:
            return False
        start = self._start(place)
        exists = self._words[max(0, start - 2) : start] == ["EXISTS", "("]
        return not exists and any(map(self._is_table, range(place, self._end(place))))

    def _is_row(self, place: int) -> bool:
        """Whether NEW or OLD is an argument of a function, or a value, by itself."""
        if self._words[place] not in ("NEW", "OLD"):
            return False
        before, behind = self._at(place - 1), self._at(place + 1)
        given = before in ("(", ",") and behind in (")", ",") and self._at(place + 2) != "."
        known = routines.body_names(self._function)
        left_out = all(wider.beside in known for wider in self._wide.columns)
        return (given or behind == ":") and not left_out

    def _start(self, place: int) -> int:
        """Of the SELECT or RETURNING."""
        starts = (n for n in range(place, -1, -1) if self._words[n] in ("SELECT", "RETURNING"))
        return next(starts, 0)

    def _of_row(self, place: int) -> bool:
        """Whether what is before `.*` is a row of the table."""
        name = self._names[place] if place >= 0 else ""
        if name in ("new", "old"):
            return self._own
        if name == ")":
            return True
        return self._named and (name in self._records or name in self._aliases())

    def _aliases(self) -> frozenset[str]:
        found = {self._wide.site.name.name}
        for place in filter(self._is_table, range(len(self._words))):
            at = place + 2 if self._at(place + 1) == "AS" else place + 1
            found.update(
                self._names[at : at + 1]
            )  # another word than an alias is before no `.*`
        return frozenset(found)

    def _into_record(self, place: int) -> bool:
        """Whether a variable takes the whole row, which takes any."""
        at = place + 1
        if self._at(at) == "INTO":
            at += 2 if self._at(at + 1) == "STRICT" else 1
            return self._at(at + 1) != "," and self._is_record(at)
        start = self._start(place)
        return self._words[start - 1 : start] == ["IN"] and self._is_record(start - 2)

    def _is_record(self, place: int) -> bool:
        return 0 <= place < len(self._names) and self._names[place] in self._records

    def _returns(self) -> bool:
        """Whether a query's or a record's types are compared with those of the function."""
        for place, word in enumerate(self._words):
            if word == "RETURN" and self._at(place + 1) == "QUERY":
                if self._of_query(place + 2):
                    return True
            elif word == "RETURN" and not self._is_trigger:
                at = place + 2 if self._at(place + 1) == "NEXT" else place + 1
                if self._is_record(at) and self._at(at + 1) == ";":
                    return True
        return False

    @property
    def _is_trigger(self) -> bool:
        return _IS_TRIGGER.search(self._function.definition) is not None

    def _of_query(self, start: int) -> bool:
        end = self._end(start)
        if not any(map(self._is_table, range(start, end))):
            return False
        froms = [n for n in range(start, end) if self._words[n] == "FROM"]
        if self._at(start) == "SELECT" and froms:
            end = froms[0]
        return any(
            self._names[n] in self._wide.names and self._words[n + 1 : n + 3] != [":", ":"]
            for n in range(start, end)
        )


def _folded(text: str) -> str:
    if text.startswith('"'):
        return text[1:-1].replace('""', '"')
    return text.lower()
