"""The statements that undo what others changed of what a contract relies on; pure.

Names are those of the facts: qualified and quoted as PostgreSQL prints them.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from zdm.execute.evidence import Change, Fact, Facts, How

_ENABLED = {"A": "ENABLE ALWAYS", "O": "ENABLE", "R": "ENABLE REPLICA", "D": "DISABLE"}
_DROPPED = {  # kind: how a new one goes
    "view": "DROP VIEW {}",
    "materialized view": "DROP MATERIALIZED VIEW {}",
    "rule": "DROP RULE {}",
    "index": "DROP INDEX {}",
    "statistics object": "DROP STATISTICS {}",
    "policy": "DROP POLICY {}",
    "trigger": "DROP TRIGGER {}",
}
_FIRST = ("function", "trigger")  # what is gone comes back in this order
_MADE = "CREATE OR REPLACE FUNCTION"
_UNIQUE = re.compile(r"UNIQUE (\([^()]+\))")


class Undoing(Struct, frozen=True, kw_only=True):
    """What is to be undone: the changes, the facts before and after them, and the present
    names of tables that are gone, by their oid."""

    found: tuple[Change, ...]
    before: Facts
    after: Facts
    renamed: Mapping[str, str]

    def statements(self) -> tuple[tuple[str, ...], tuple[Change, ...]]:
        """Statements that undo the changes, and the changes for which there is none."""
        tables = tuple(self._tables())
        if tables:  # the rest follows from it
            return tables, ()
        columns = dict(self._columns())
        if columns:
            return tuple(columns.values()), ()
        made, left = list[str](), list[Change]()
        for change in sorted(self.found, key=_order):
            if change.kind == "function" and change.how is How.NEW:
                continue  # it is a trigger's, which is dropped; others may call it
            one = tuple(_UNDO[change.how](self, change))
            made += one
            left += [] if one else [change]
        return tuple(dict.fromkeys(made)), tuple(left)

    def _tables(self) -> Iterator[str]:
        for change in self.found:
            if change.kind == "table" and change.how is How.GONE:
                oid = self.before[(change.kind, change.name)].identity.split(" ")[0]
                if oid in self.renamed:
                    schema, name = _parts(change.name)
                    yield from _moved(self.renamed[oid], schema, name)

    def _columns(self) -> Iterator[tuple[str, str]]:
        """Columns that have another name now, by the old one: the same number in the table."""
        there = {_place(key[1], fact.identity): key[1] for key, fact in self._new_columns()}
        for change in self.found:
            if change.kind == "column" and change.how is How.GONE:
                place = _place(change.name, self.before[(change.kind, change.name)].identity)
                if place in there:
                    table, old = _parts(change.name)
                    new = _parts(there[place])[1]
                    yield change.name, f"ALTER TABLE {table} RENAME COLUMN {new} TO {old}"

    def _new_columns(self) -> Iterator[tuple[tuple[str, str], Fact]]:
        for key, fact in self.after.items():
            if key[0] == "column" and key not in self.before:
                yield key, fact

    def new(self, change: Change) -> Iterator[str]:
        """Drop it."""
        if change.kind == "table constraint":
            name, _, table = change.name.rpartition(" on ")
            yield f"ALTER TABLE {table} DROP CONSTRAINT {name}"
        elif change.kind == "publication relation":
            table, _, publication = change.name.rpartition(" in publication ")
            yield f"ALTER PUBLICATION {publication} DROP TABLE {table}"
        elif change.kind in _DROPPED:
            yield _DROPPED[change.kind].format(change.name)

    def gone(self, change: Change) -> Iterator[str]:
        """Make it again."""
        definition = self.before[(change.kind, change.name)].definition
        match change.kind:
            case "trigger":
                yield definition[2:]
                yield from _enabled(change.name, definition[0])
            case "function" if definition.startswith(_MADE):
                yield definition.strip()
            case "index":
                yield definition.replace(" INDEX ", " INDEX CONCURRENTLY ", 1)
            case "table constraint":
                yield from _constraint(change.name, definition)

    def altered(self, change: Change) -> Iterator[str]:
        """Alter it back; drop it and make it again where it cannot be altered."""
        key = (change.kind, change.name)
        before, after = self.before[key].definition, self.after[key].definition
        match change.kind:
            case "column":
                yield from _column(change.name, before.split("\n"), after.split("\n"))
            case "table":
                yield from _security(change.name, before.split(" "), after.split(" "))
            case "trigger" if before[1:] == after[1:]:
                yield from _enabled(change.name, before[0])
            case "function" if before.startswith(_MADE):
                yield before.strip()
            case "trigger" | "index" | "table constraint":
                yield from self.new(change)
                yield from self.gone(change)

    def nothing(self, change: Change) -> Iterator[str]:  # noqa: ARG002  as the others
        """It is as before."""
        yield from ()


_UNDO: Mapping[How, Callable[[Undoing, Change], Iterator[str]]] = {
    How.NEW: Undoing.new,
    How.GONE: Undoing.gone,
    How.ALTERED: Undoing.altered,
    How.TOUCHED: Undoing.nothing,
}


def _order(change: Change) -> tuple[int, Change]:
    """What is gone comes back in the order in which others need it."""
    is_first = change.kind in _FIRST and change.how is not How.NEW
    return (_FIRST.index(change.kind) if is_first else len(_FIRST), change)


def _enabled(name: str, state: str) -> Iterator[str]:
    trigger, _, table = name.rpartition(" on ")
    if state in _ENABLED:
        yield f"ALTER TABLE {table} {_ENABLED[state]} TRIGGER {trigger}"


def _column(name: str, before: list[str], after: list[str]) -> Iterator[str]:
    """Its default, or NOT NULL that is new; the way back from another type may lose values,
    and SET NOT NULL reads the table under a lock that blocks everything."""
    table, column = _parts(name)
    if before[0] != after[0] or before[2] != after[2] or before[1] > after[1]:
        return
    if before[1] != after[1]:
        yield f"ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL"
    if before[3:] != after[3:]:
        way = f"SET DEFAULT {chr(10).join(before[3:])}" if before[3:] else "DROP DEFAULT"
        yield f"ALTER TABLE {table} ALTER COLUMN {column} {way}"


def _constraint(on: str, definition: str) -> Iterator[str]:
    """Without a long lock."""
    name, _, table = on.rpartition(" on ")
    added = f"ALTER TABLE {table} ADD CONSTRAINT {name}"
    if unique := _UNIQUE.fullmatch(definition):
        yield f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} {unique[1]}"
        yield f"{added} UNIQUE USING INDEX {name}"
    elif definition.startswith(("CHECK", "FOREIGN KEY")) and "NOT VALID" not in definition:
        yield f"{added} {definition} NOT VALID"
        yield f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}"
    else:
        yield f"{added} {definition}"


def _security(name: str, before: list[str], after: list[str]) -> Iterator[str]:
    if before[1] != after[1]:
        way = "ENABLE" if before[1] == "t" else "DISABLE"
        yield f"ALTER TABLE {name} {way} ROW LEVEL SECURITY"
    if before[2] != after[2]:
        way = "FORCE" if before[2] == "t" else "NO FORCE"
        yield f"ALTER TABLE {name} {way} ROW LEVEL SECURITY"


def _moved(now: str, schema: str, name: str) -> Iterator[str]:
    there, called = _parts(now)
    if there != schema:
        yield f"ALTER TABLE {now} SET SCHEMA {schema}"
    if called != name:
        yield f"ALTER TABLE {schema}.{called} RENAME TO {name}"


def _place(name: str, identity: str) -> tuple[str, str]:
    """The table and number of a column."""
    return _parts(name)[0], identity.split(" ")[0]


def _parts(name: str) -> tuple[str, str]:
    """What a qualified name qualifies, and its last part."""
    if not name.endswith('"'):
        first, _, last = name.rpartition(".")
        return first, last
    start = len(name) - 1
    while True:
        start = name.rindex('"', 0, start)
        if name[start - 1 : start] != '"':
            return name[: start - 1], name[start:]
        start -= 1  # two of them are one of the name
