"""The columns that an INSERT in the text of a function leaves to their defaults."""

from collections.abc import Iterator, Sequence

from zdm.model.schema import Table
from zdm.parse.readers import tokens
from zdm.parse.readers.tokens import Token
from zdm.recipes.object import row_text

_QUERIES = frozenset({"SELECT", "WITH", "VALUES", "TABLE", "("})


def columns(text: str, table: Table) -> frozenset[str]:
    """Those of each INSERT into the table; of one that takes its rows from a query, without a
    list of columns, none is known."""
    words = tokens.words(text)
    every = [column.name for column in table.columns]
    found: set[str] = set()
    for at in _inserts(words, table.name.name):
        listed, at = _listed(words, at)
        source = [word.word for word in words[at : at + 2]]
        given = listed or every
        if source == ["DEFAULT", "VALUES"]:
            given = []
        elif source[:1] == ["VALUES"]:
            cells = _within(words, at + 1)
            given = [
                name
                for name, cell in zip(given, cells, strict=False)
                if [word.word for word in cell] != ["DEFAULT"]
            ]
        found |= {*every} - {*given}
    return frozenset(found)


def _inserts(words: Sequence[Token], table: str) -> Iterator[int]:
    """Where what follows the table's name begins."""
    for place in range(len(words)):
        if [word.word for word in words[place : place + 2]] != ["INSERT", "INTO"]:
            continue
        at = place + 2
        while at + 2 < len(words) and words[at + 1].text == ".":
            at += 2
        if at < len(words) and row_text.folded(words[at].text) == table:
            aliased = [word.word for word in words[at + 1 : at + 2]] == ["AS"]
            yield at + 3 if aliased else at + 1


def _listed(words: Sequence[Token], at: int) -> tuple[list[str], int]:
    """The list of columns, and where the source of the rows begins."""
    names: list[str] = []
    queries = at + 1 < len(words) and words[at + 1].word in _QUERIES
    if at < len(words) and words[at].text == "(" and not queries:
        cells = _within(words, at)
        names = [row_text.folded(cell[0].text) for cell in cells if cell]
        at += sum(map(len, cells)) + len(cells) + 1
    if at < len(words) and words[at].word == "OVERRIDING":
        at += 3
    return names, at


def _within(words: Sequence[Token], start: int) -> list[list[Token]]:
    """What is between the commas of these parentheses."""
    cells: list[list[Token]] = [[]]
    for word in words[start + 1 :]:
        if word.depth <= words[start].depth:
            break
        if word.text == "," and word.depth == words[start].depth + 1:
            cells.append([])
        else:
            cells[-1].append(word)
    return cells
