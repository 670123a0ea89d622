"""Functions whose text depends on the order, the number or the type of a table's columns.

PostgreSQL looks at the text of a function when it runs, so none of this stops the change of a
column: an INSERT without a list of columns writes into others afterwards, `*` gives more of
them, and RETURN QUERY of plpgsql fails where a type is another one (42804; measured 14, 18).
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from msgspec import Struct

from zdm.model.schema import Function
from zdm.parse.readers import fired, tokens
from zdm.parse.readers.tokens import Token
from zdm.recipes.object import row_text
from zdm.recipes.object.row_text import RowText
from zdm.recipes.widening.group import Group, Wide
from zdm.schema import routines

Line = tuple[str, str]  # fact and remedy
_IS_TRIGGER = re.compile(r"\bRETURNS\s+(?:event_)?trigger\b", re.IGNORECASE)


def found(group: Group) -> Iterator[Line]:
    """Facts and remedies."""
    snapshot = group.tables[0].site.snapshot
    for wide in group.tables:
        for text in row_text.of(wide.table, snapshot):
            yield from _Text(wide=wide, text=text).lines()
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
        if row_text.folded(token.text) != name or behind.text != "(":
            continue
        for n in range(place + 2, len(words)):
            if words[n].text == ")" and words[n].depth == token.depth:
                break
            cast = [word.text for word in words[n + 1 : n + 3]] == [":", ":"]
            if row_text.folded(words[n].text) in wide.names and not cast:
                return True
    return False


def _kinds(function: Function) -> Sequence[str]:
    return [kind for kind in ("smallint", "integer", "bigint") if kind in function.arguments]


class _Text(Struct, frozen=True, kw_only=True):
    """One text of a function, beside one table."""

    wide: Wide
    text: RowText

    def lines(self) -> Iterator[Line]:
        """Facts and remedies."""
        text, function = self.text, self.text.function
        table, name = self.wide.site.name, function.name
        columns, first = ", ".join(self.wide.names), self.wide.columns[0]
        if text.inserts():
            yield (
                f"the function {name} inserts into {table} without a list of columns, and"
                f" {columns} comes last in their order",
                "name the columns in its INSERT in an earlier release",
            )
        if any(text.stars()):
            yield (
                f"the function {name} has a * for the columns of {table}, which gives it one"
                " more, and another order afterwards",
                "name the columns instead of * in an earlier release",
            )
        if text.by_position():
            yield (
                f"the function {name} makes a row of {table} of values in the order of its"
                f" columns, in which {columns} comes last afterwards",
                "give each column its value by name in an earlier release, as in"
                f" r.{first.name} := …",
            )
        if text.own and any(map(self._is_row, range(len(text)))):
            yield (
                f"the trigger function {name} takes the whole row of {table}, in which the"
                f" column {first.beside} is one more until the contract",
                f"leave it out in an earlier release, as in to_jsonb(NEW) - '{first.beside}'",
            )
        if function.language == "plpgsql" and self._returns():
            yield (
                f"the function {name} returns {columns} of {table} by RETURN QUERY or as a"
                " record, whose type must not change",
                "cast the column itself in an earlier release, in a RETURN QUERY SELECT:"
                f" {first.name}::{first.column.type}",
            )

    def _is_row(self, place: int) -> bool:
        """Whether NEW or OLD is an argument of a function, or a value, by itself."""
        if self.text.words[place] not in ("NEW", "OLD"):
            return False
        before, behind = self.text.at(place - 1), self.text.at(place + 1)
        given = before in ("(", ",") and behind in (")", ",") and self.text.at(place + 2) != "."
        known = routines.body_names(self.text.function)
        left_out = all(wider.beside in known for wider in self.wide.columns)
        return (given or behind == ":") and not left_out

    def _returns(self) -> bool:
        """Whether a query's or a record's types are compared with those of the function."""
        for place, word in enumerate(self.text.words):
            if word == "RETURN" and self.text.at(place + 1) == "QUERY":
                if self._of_query(place + 2):
                    return True
            elif word == "RETURN" and not self._is_trigger:
                at = place + 2 if self.text.at(place + 1) == "NEXT" else place + 1
                if self.text.is_record(at) and self.text.at(at + 1) == ";":
                    return True
        return False

    @property
    def _is_trigger(self) -> bool:
        return _IS_TRIGGER.search(self.text.function.definition) is not None

    def _of_query(self, start: int) -> bool:
        end = self.text.end(start)
        if not any(map(self.text.is_table, range(start, end))):
            return False
        froms = [n for n in range(start, end) if self.text.words[n] == "FROM"]
        if self.text.at(start) == "SELECT" and froms:
            end = froms[0]
        return any(
            self.text.names[n] in self.wide.names
            and self.text.words[n + 1 : n + 3] != [":", ":"]
            for n in range(start, end)
        )
