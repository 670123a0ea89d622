"""What the text of a function takes from a table by the number or the order of its columns.

PostgreSQL looks at the text when it runs, so nothing stops a change of the columns: with one
more, `*` gives more than its INSERT or its result has places for, and every call fails (42601,
42804; measured 14, 18). The transition table of a trigger has the columns of its table, under
a name of its own.
"""

import re
from collections.abc import Iterator, Sequence

from zdm.model.schema import Function, Name, Snapshot, Table
from zdm.parse.readers import fired, tokens
from zdm.parse.readers.tokens import Token
from zdm.schema import routines

Line = tuple[str, str]  # fact and remedy
_QUERIES = frozenset({"SELECT", "WITH", "VALUES", "TABLE", "("})
_BEFORE_STAR = frozenset({"SELECT", "ALL", "DISTINCT", "RETURNING", ",", ")"})
_BEHIND_STAR = frozenset({"FROM", "INTO", ",", ";", ")", ""})
_RECORD = re.compile(r"\b(\w+)\s+(?:record\b|[\w.\"]+%rowtype)", re.IGNORECASE)


def obstacle(table: Table, snapshot: Snapshot) -> Line | None:
    """Functions that a column more of zdm's would break, where the plain migration leaves as
    many as before."""
    names = sorted({str(one.function.name) for one in of(table, snapshot) if any(one.stars())})
    if not names:
        return None
    return (
        f"these functions have a * for the columns of {table.name}, of which there is one more"
        f" until the contract, so their calls would fail: {', '.join(names)}",
        "name the columns instead of * in an earlier release",
    )


def of(table: Table, snapshot: Snapshot) -> Iterator["RowText"]:
    """The texts of all functions that name the table, or run as its triggers, and the
    constants in them, which may be SQL."""
    runs: dict[Name, frozenset[str]] = {}
    for trigger in table.triggers:
        before = runs.get(trigger.function, frozenset())
        runs[trigger.function] = before | {*fired.trigger(trigger.definition).transitions}
    for function in snapshot.functions:
        own = function.name in runs
        named = table.name.name in routines.body_names(function)
        left = [routines.body(function)] if own or named else []
        while left:
            words = tokens.words(left.pop())
            transitions = runs.get(function.name, frozenset())
            yield RowText(table.name, function, words, own=own, transitions=transitions)
            left += [w.text[1:-1].replace("''", "'") for w in words if w.text.startswith("'")]


class RowText:
    """One text of a function, beside one table. `own`: it runs as a trigger of the table;
    `transitions`: the names under which that gives it the rows."""

    def __init__(
        self,
        table: Name,
        function: Function,
        words: Sequence[Token],
        *,
        own: bool,
        transitions: frozenset[str] = frozenset(),
    ) -> None:
        self.function, self.own = function, own
        self.words = [token.word for token in words]
        self.names = [folded(token.text) for token in words]
        self._table, self._rows = table.name, transitions | {table.name}
        text = routines.body(function)
        self._records = {name.lower() for name in _RECORD.findall(text)}
        self._typed = frozenset(_typed(text, table))

    def __len__(self) -> int:
        return len(self.words)

    def at(self, place: int) -> str:
        """The word there, or nothing."""
        return self.words[place] if 0 <= place < len(self.words) else ""

    def end(self, place: int) -> int:
        """Of the statement in which this is."""
        ends = [n for n in range(place, len(self.words)) if self.words[n] == ";"]
        return ends[0] if ends else len(self.words)

    def is_table(self, place: int) -> bool:
        """Whether it is the table's name, or that of its rows in a trigger."""
        return self.names[place] in self._rows

    def is_record(self, place: int) -> bool:
        """Whether it is a variable that takes a row."""
        return 0 <= place < len(self.names) and self.names[place] in self._records

    def inserts(self) -> bool:
        """Whether an INSERT into the table has no list of columns."""
        return any(map(self._inserts, range(len(self))))

    def _inserts(self, place: int) -> bool:
        if self.words[place : place + 2] != ["INSERT", "INTO"]:
            return False
        at = place + 2
        while self.at(at + 1) == ".":
            at += 2
        if at >= len(self) or self.names[at] != self._table:
            return False
        at += 1
        if self.at(at) == "AS":
            at += 2
        if self.at(at) == "(":
            return self.at(at + 1) in _QUERIES
        return self.at(at) != "DEFAULT"

    def stars(self) -> Iterator[bool]:
        """For each word, whether it is a * that means the columns of the table, where the
        number of them matters."""
        return map(self._is_star, range(len(self)))

    def _is_star(self, place: int) -> bool:
        if self.words[place] != "*" or self._into_record(place):
            return False
        if self.at(place - 1) == ".":
            return self._of_row(place - 2)
        if self.at(place - 1) not in _BEFORE_STAR or self.at(place + 1) not in _BEHIND_STAR:
            return False
        start = self._start(place)
        exists = self.words[max(0, start - 2) : start] == ["EXISTS", "("]
        return not exists and any(map(self.is_table, range(place, self.end(place))))

    def _start(self, place: int) -> int:
        """Of the SELECT or RETURNING."""
        starts = (n for n in range(place, -1, -1) if self.words[n] in ("SELECT", "RETURNING"))
        return next(starts, 0)

    def _of_row(self, place: int) -> bool:
        """Whether what is before `.*` is a row of the table."""
        name = self.names[place] if place >= 0 else ""
        if name in ("new", "old"):
            return self.own
        if name == ")":
            return True
        named = any(map(self.is_table, range(len(self))))
        return named and (name in self._records or name in self._aliases())

    def _aliases(self) -> frozenset[str]:
        found = {*self._rows}
        for place in filter(self.is_table, range(len(self))):
            at = place + 2 if self.at(place + 1) == "AS" else place + 1
            found.update(self.names[at : at + 1])  # before a `.*` is no word but an alias
        return frozenset(found)

    def _into_record(self, place: int) -> bool:
        """Whether a variable takes the whole row, which takes any."""
        at = place + 1
        if self.at(at) == "INTO":
            at += 2 if self.at(at + 1) == "STRICT" else 1
            return self.at(at + 1) != "," and self.is_record(at)
        start = self._start(place)
        return self.words[start - 1 : start] == ["IN"] and self.is_record(start - 2)

    def by_position(self) -> bool:
        """Whether it makes a row of the table of a list of values: `(1, 'a')::t`, or into a
        variable of its row type."""
        return any(self._casts(n) or self._sets(n) or self._takes(n) for n in range(len(self)))

    def _casts(self, place: int) -> bool:
        """`…)::t`; one in brackets, without a comma, is a row already."""
        if self.words[place : place + 3] != [")", ":", ":"]:
            return False
        at = place + 3
        while self.at(at + 1) == ".":
            at += 2
        is_type = at < len(self) and self.names[at] == self._table
        return is_type and self.at(at + 1) != "[" and self._is_list(place)

    def _sets(self, place: int) -> bool:
        """`r := (…, …)` or `r := ROW(…)`."""
        if self.names[place] not in self._typed:
            return False
        at = place + 3 if self.words[place + 1 : place + 3] == [":", "="] else place + 2
        if at == place + 2 and self.at(place + 1) != "=":
            return False
        if self.at(at) == "ROW":
            return True
        end = self.end(place) - 1
        return self.at(at) == "(" and self.at(end) == ")" and self._is_list(end)

    def _is_list(self, end: int) -> bool:
        """Whether the brackets that end here have values in them, one beside the other."""
        depth, commas = 0, 0
        for n in range(end, -1, -1):
            depth += (self.words[n] == ")") - (self.words[n] == "(")
            commas += depth == 1 and self.words[n] == ","
            if depth == 0:
                before = self.at(n - 1)
                row = before == "ROW" or not before.isidentifier()
                query = self.at(n + 1) in ("SELECT", "WITH")
                return row and not query and (commas > 0 or before == "ROW")
        return False

    def _takes(self, place: int) -> bool:
        """`SELECT a, b INTO r` or `RETURNING a, b INTO r`."""
        at = place + 2 if self.at(place + 1) == "STRICT" else place + 1
        if self.words[place] != "INTO" or self.at(at + 1) == ",":
            return False
        if at >= len(self) or self.names[at] not in self._typed:
            return False
        start = self._start(place)
        given = self.words[start + 1 : place] or self._behind(at)
        return "," in given

    def _behind(self, place: int) -> list[str]:
        """What is selected, where INTO comes first."""
        given = self.words[place + 1 : self.end(place)]
        return given[: given.index("FROM")] if "FROM" in given else given


def _typed(text: str, table: Name) -> Iterator[str]:
    """The variables of the table's row type."""
    name, schema = re.escape(table.name), re.escape(table.schema)
    declared = (
        rf'\b(\w+)\s+(?:"?{schema}"?\s*\.\s*)?"?{name}"?\s*(?:%\s*rowtype\b|;|:=|=|default\b)'
    )
    for found in re.finditer(declared, text, re.IGNORECASE):
        yield found[1].lower()


def folded(text: str) -> str:
    """A name as PostgreSQL compares it."""
    if text.startswith('"'):
        return text[1:-1].replace('""', '"')
    return text.lower()
