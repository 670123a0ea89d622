"""Edits of one statement's text, for the fixes of rules; None where a person must decide."""

import functools
import re
from collections.abc import Sequence
from datetime import timedelta

from zdm.model.rule import Fix, Site
from zdm.model.schema import Name, Table
from zdm.model.sql import ident, zdm_name
from zdm.model.syntax import (
    AddColumn,
    AddConstraint,
    ColumnDefinition,
    ConstraintDefinition,
)
from zdm.parse import libpg_query, rewrite, trees
from zdm.parse.readers import tokens
from zdm.parse.readers.tokens import Token
from zdm.schema import apply

_SHORT = timedelta(seconds=2)
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_BEFORE_NAME = ("ALTER", "TABLE", "IF", "EXISTS", "ONLY")


class Text:
    """A statement as its words; for ALTER TABLE, as its sub-commands."""

    def __init__(self, site: Site) -> None:
        self.sql = site.action.statement.sql
        self._start = site.action.statement.start
        every = tokens.read(self.sql)
        self.words = tuple(token for token in every if not token.comment)
        self.number = site.action.index
        self._name = next(
            (i for i, t in enumerate(self.words) if t.word not in _BEFORE_NAME), 0
        )
        end = self._name + 1
        while end + 1 < len(self.words) and self.words[end].text == ".":
            end += 2
        if end < len(self.words) and self.words[end].text == "*":
            end += 1
        self._end = end
        below = self.words[end - 1].end if self.words else 0
        self.parts = tokens.split([token for token in every if token.start >= below])

    def place(self, location: int) -> int:
        """The character at a byte of the file, as the parser counts."""
        return len(self.sql.encode()[: location - self._start].decode())

    def slice(self, words: Sequence[Token]) -> str:
        """The author's text from the first to the last of the words, comments included."""
        text = self.sql[words[0].start : words[-1].end]
        return f"{text}\n" if words[-1].text.startswith("--") else text

    @property
    def guarded(self) -> bool:
        """ALTER TABLE IF EXISTS."""
        return "EXISTS" in [word.word for word in self.words[: self._name]]

    @property
    def table(self) -> str:
        """The table's name as the author wrote it."""
        return self.slice(self.words[self._name : self._end]).removesuffix("*").strip()

    @property
    def part(self) -> tuple[Token, ...]:
        """The words of this sub-command, and comments."""
        return self.parts[self.number]

    @property
    def said(self) -> tuple[Token, ...]:
        """Its words alone."""
        return tuple(token for token in self.part if not token.comment)

    @property
    def others(self) -> tuple[tuple[Token, ...], ...]:
        """The other sub-commands."""
        return self.parts[: self.number] + self.parts[self.number + 1 :]

    def alter(self, *commands: str) -> str:
        """ALTER TABLE of the same table with other sub-commands."""
        return f"{self.slice(self.words[: self._end])} {', '.join(commands)}"

    def with_others(self, *statements: str) -> tuple[str, ...]:
        """The statements below one that has the other sub-commands."""
        if not self.others:
            return statements
        return (self.alter(*map(self.slice, self.others)), *statements)


@functools.lru_cache(maxsize=4096)
def written(name: str) -> str:
    """A name as a person would write it: quoted where it must be."""
    if not _PLAIN.fullmatch(name):
        return ident(name)
    try:
        libpg_query.statements(f"ALTER TABLE t ADD CONSTRAINT {name} CHECK (true)".encode())
    except libpg_query.NotSqlError:
        return ident(name)
    return name


def after(sql: str, place: Token, word: str) -> str:
    """The text with a word more behind one of its own."""
    return f"{sql[: place.end]} {word}{sql[place.end :]}"


def after_word(sql: str, anchor: Sequence[str], word: str) -> str | None:
    """The text with a word more behind the first of these at its begin."""
    for token in tokens.words(sql)[:12]:
        if token.word in anchor and not token.depth:
            return after(sql, token, word)
    return None


def instead_of(sql: str, old: str, new: str) -> str | None:
    """The text with its first such word replaced."""
    for token in tokens.words(sql)[:12]:
        if token.word == old:
            return f"{sql[: token.start]}{new}{sql[token.end :]}"
    return None


def qualified(name: Name) -> str:
    """A relation's whole name, the schema of all left out."""
    own = written(name.name)
    return own if name.schema == "public" else f"{written(name.schema)}.{own}"


def without(sql: str, word: Token) -> str:
    """The text without one of its words, and the space behind it."""
    return sql[: word.start] + sql[word.end :].lstrip(" ")


def _name(site: Site, kind: str) -> str:
    """The name that the first constraint of the kind gets; empty where it is not known."""
    said = site.action.said
    match said:
        case AddConstraint(constraint=one):
            given = one.name
        case AddColumn(column=column):
            given = next((c.name for c in column.constraints if c.kind == kind), "")
        case _:
            given = ""
    return given or _generated(site, kind)


def _generated(site: Site, kind: str) -> str:
    fact = site.fact
    if fact is None or fact.table is None:
        return ""
    table = site.before.table(fact.table)
    left = apply.apply(site.before, site.action).table(fact.table)
    if table is None or left is None:
        return ""
    known = {one.name for one in table.constraints}
    new = (one for one in left.constraints if one.name not in known and one.kind == kind)
    return next((one.name for one in new), "")


def not_valid(site: Site, kind: str) -> Fix | None:
    """ADD CONSTRAINT … NOT VALID, and VALIDATE CONSTRAINT later."""
    name, text = _name(site, kind), Text(site)
    if not name or text.guarded:
        return None
    if text.others:
        added = text.alter(f"{text.slice(text.part)} NOT VALID")
    else:
        added = after(text.sql, text.said[-1], "NOT VALID")
    return Fix(
        statements=text.with_others(added),
        later=(text.alter(f"VALIDATE CONSTRAINT {written(name)}"),),
    )


class Inline:
    """ADD COLUMN without a constraint of the column, which is added below it."""

    def __init__(self, text: Text, column: ColumnDefinition, kind: str) -> None:
        first = [c.kind for c in column.constraints].index(kind)
        place, behind = trees.reach_of_constraint(column.definition, first)
        begin = text.place(place)
        end = text.said[-1].end if behind is None else text.place(behind)
        inside = [w for w in text.part if begin <= w.start < end]
        self.definition = text.slice(inside)
        start = text.part[0].start
        kept = text.sql[start : inside[0].start].rstrip()
        kept += text.sql[inside[-1].end : text.part[-1].end]
        every = [*map(text.slice, text.parts)]
        every[text.number] = kept
        self.alter = text.alter(*every)

    def from_word(self, word: str) -> str:
        """The definition without a name of its own."""
        words = tokens.words(self.definition)
        place = next(w for w in words if w.word == word and not w.depth)
        return self.definition[place.start :]


def inline(site: Site, column: ColumnDefinition, kind: str) -> tuple[Text, Inline, str] | None:
    """The text, what it is without the constraint, and the name of that."""
    name, text = _name(site, kind), Text(site)
    if not name or text.guarded:
        return None
    if "EXISTS" in [word.word for word in text.said[:5]]:
        return None
    return text, Inline(text, column, kind), name


def inline_not_valid(
    site: Site, column: ColumnDefinition, kind: str, head: str = ""
) -> Fix | None:
    """The column alone, its constraint NOT VALID, and VALIDATE CONSTRAINT later."""
    found = inline(site, column, kind)
    if found is None:
        return None
    text, cut, name = found[0], found[1], written(found[2])
    definition = head + cut.from_word("CHECK" if kind == "check" else "REFERENCES")
    return Fix(
        statements=(
            cut.alter,
            text.alter(f"ADD CONSTRAINT {name} {definition} NOT VALID"),
        ),
        later=(text.alter(f"VALIDATE CONSTRAINT {name}"),),
    )


def drops_last(site: Site) -> Fix | None:
    """What the statement drops in one of its own, after the others."""
    text = Text(site)
    dropping = [part for part in text.parts if _drops(part)]
    others = [part for part in text.parts if not _drops(part)]
    if not dropping or not others:
        return None
    return Fix(
        statements=(
            text.alter(*map(text.slice, others)),
            text.alter(*map(text.slice, dropping)),
        )
    )


def _drops(part: Sequence[Token]) -> bool:
    return [token.word for token in part if not token.comment][:1] == ["DROP"]


def not_null(text: Text, table: Table, column: str, command: str) -> tuple[str, ...]:
    """SET NOT NULL by a CHECK that proves it."""
    proof = written(zdm_name(table.name.name, column, "is_not_null", prefix=""))
    return (
        text.alter(f"ADD CONSTRAINT {proof} CHECK ({written(column)} IS NOT NULL) NOT VALID"),
        text.alter(f"VALIDATE CONSTRAINT {proof}"),
        text.alter(command),
        text.alter(f"DROP CONSTRAINT {proof}"),
    )


def key(site: Site, table: Table, says: ConstraintDefinition) -> Fix | None:
    """ADD UNIQUE or PRIMARY KEY by a concurrent index of the same name; a primary key's columns
    are made NOT NULL before."""
    name, text = _name(site, says.kind), Text(site)
    if not name or text.guarded or table.kind == "partitioned table":
        return None
    built = _key(text, says, says.columns, name)
    proved = _never_null(text, table, says)
    if built is None or proved is None:
        return None
    return Fix(statements=text.with_others(), later=(*proved, *built))


def inline_key(site: Site, table: Table, column: ColumnDefinition) -> Fix | None:
    """The column alone, then its UNIQUE by a concurrent index of the same name."""
    found, says = inline(site, column, "unique"), column.constraint("unique")
    if found is None or says is None or table.kind == "partitioned table":
        return None
    text, cut, name = found
    built = _key(text, says, (column.name,), name)
    return None if built is None else Fix(statements=(cut.alter,), later=built)


def _key(
    text: Text, says: ConstraintDefinition, columns: Sequence[str], name: str
) -> tuple[str, ...] | None:
    """Where its definition has nothing that is not written here."""
    if says.definition is None or not rewrite.is_plain_key(says.definition):
        return None
    index = written(name)
    included = f" INCLUDE ({_listed(says.including)})" if says.including else ""
    nulls = " NULLS NOT DISTINCT" if says.nulls_not_distinct else ""
    deferrable = " DEFERRABLE" if says.deferrable else ""
    deferred = " INITIALLY DEFERRED" if says.initially_deferred else ""
    return (
        f"CREATE UNIQUE INDEX CONCURRENTLY {index} ON {text.table}"
        f" ({_listed(columns)}){included}{nulls}",
        text.alter(
            f"ADD CONSTRAINT {index} {says.kind.upper()} USING INDEX {index}"
            f"{deferrable}{deferred}"
        ),
    )


def _never_null(text: Text, table: Table, says: ConstraintDefinition) -> tuple[str, ...] | None:
    """What makes the columns of a primary key NOT NULL, where they are known."""
    if says.kind != "primary key":
        return ()
    columns = [table.column(name) for name in says.columns]
    steps: list[str] = []
    for column in columns:
        if column is None:
            return None
        if not column.not_null:
            command = f"ALTER COLUMN {written(column.name)} SET NOT NULL"
            steps += not_null(text, table, column.name, command)
    return tuple(steps)


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(map(written, columns))


def with_lock_timeout(site: Site) -> Fix:
    """A short lock_timeout before the statement."""
    limit = min(_SHORT, site.lock_timeout_limit)
    milliseconds = limit // timedelta(milliseconds=1)
    value = f"{milliseconds}ms" if milliseconds % 1000 else f"{milliseconds // 1000}s"
    word = "SET" if site.block is None else "SET LOCAL"
    return Fix(statements=(f"{word} lock_timeout = '{value}'", site.action.statement.sql))


def concurrent(site: Site, *anchor: str) -> Fix | None:
    """The same with CONCURRENTLY behind one of these words."""
    text = after_word(site.action.statement.sql, anchor, "CONCURRENTLY")
    return None if text is None else Fix(later=(text,))


def dropped_one_by_one(site: Site) -> Fix:
    """DROP INDEX CONCURRENTLY for each of the names."""
    sql = site.action.statement.sql
    words = tokens.words(sql)
    head = [word for word in words[:5] if word.word in ("DROP", "INDEX", "CONCURRENTLY")]
    named = words[len(head) :]
    guard = ""
    if [word.word for word in named[:2]] == ["IF", "EXISTS"]:
        guard, named = "IF EXISTS ", named[2:]
    parts = tokens.split(named)
    ends = parts[-1][-1]
    if ends.word == "RESTRICT" and len(parts[-1]) > 1:
        parts = (*parts[:-1], parts[-1][:-1])
    return Fix(
        later=tuple(
            f"DROP INDEX CONCURRENTLY {guard}{sql[part[0].start : part[-1].end]}"
            for part in parts
        )
    )
