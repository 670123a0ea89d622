"""One file with fixes in it: the bytes of the fixed statements change, the others stay."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from zdm.model.rule import Fix, Transactions
from zdm.model.statement import Action, ActionKind, Fact, Source, Statement
from zdm.parse import split
from zdm.parse.readers import authority, tokens
from zdm.rules import blocks, headers

_BOM = b"\xef\xbb\xbf"
_COMMENT = "a comment within the statement would be lost"
_TOGETHER = "StatementBegin and StatementEnd are around it, so it would be sent as one text"
_OUTSIDE = "a part of it must run outside of the runner's transaction"
_KEPT = f"{_OUTSIDE}, which keeps the file's other statements together: give it its own file"
_WHOLE = (
    f"{_OUTSIDE}, and the runner sends a file without one as a single text, so that it must be"
    " the only statement: give it its own file"
)
_NO_HEADER = (
    f"{_OUTSIDE}: write it into a file that gets none, or set `no_transaction` under [check] in"
    " zdm.toml to the comment by which the runner opens none"
)


class Rewritten(Struct, frozen=True, kw_only=True):
    """The new content, and why fixes are not in it."""

    data: bytes
    refused: Mapping[Source, str]


class _Edit(Struct, frozen=True, kw_only=True):
    start: int
    end: int
    text: bytes


def with_fixes(
    data: bytes,
    path: str,
    fixes: Mapping[Source, Fix],
    usual: Transactions,
    no_transaction: str = "",
) -> Rewritten:
    """The file's content with the fixes of the statements at these places."""
    bom = _BOM if data.startswith(_BOM) else b""
    data = data.removeprefix(bom)
    file = _File(data, path, usual)
    refused = dict(file.unfixable(fixes))
    chosen = {place: fix for place, fix in fixes.items() if place not in refused}
    late = [place for place, fix in chosen.items() if fix.later]
    if file.in_one and late:
        why = file.must_stay(chosen)
        text = file.edited(chosen)
        with_header = headers.added(text, no_transaction)
        if not why and with_header is None:
            why = _NO_HEADER
        if not why and with_header is not None:
            if not _sent_apart(with_header, path):
                why = _WHOLE
            else:
                return Rewritten(data=bom + with_header, refused=refused)
        refused |= dict.fromkeys(late, why)
        chosen = {place: fix for place, fix in chosen.items() if place not in refused}
    return Rewritten(data=bom + file.edited(chosen), refused=refused)


def _sent_apart(data: bytes, path: str) -> bool:
    """Whether each statement is sent by itself."""
    return not headers.sent_whole(data) or len(split.statements(data, path)) == 1


class _File:
    """A file's statements, and the transaction block of each."""

    def __init__(self, data: bytes, path: str, usual: Transactions) -> None:
        self._data = data
        self._statements = split.statements(data, path)
        self._first = [authority.actions(statement)[0] for statement in self._statements]
        how = blocks.mode(data, usual)
        self.in_one = how is Transactions.FILE  # the runner's transaction
        self._numbers = blocks.numbers(self._first, how)
        self._hollow: dict[int, tuple[Source, ...]] = {}

    def unfixable(self, fixes: Mapping[Source, Fix]) -> Iterator[tuple[Source, str]]:
        """Fixes that leave out a comment of their statement, or would be sent as one text."""
        for statement in self._statements:
            fix = fixes.get(statement.source)
            if fix is None:
                continue
            texts = (*fix.statements, *fix.later)
            if any(text not in "\n".join(texts) for text in tokens.comments(statement.sql)):
                yield statement.source, _COMMENT
            elif len(texts) > 1 and headers.sent_together(self._data, statement.start):
                yield statement.source, _TOGETHER

    def must_stay(self, fixes: Mapping[Source, Fix]) -> str:
        """Why the file needs its transaction: a statement that no fix takes apart."""
        for action in self._first:
            fix = fixes.get(action.source)
            if not (_sets(action) or (fix is not None and fix.later)):
                return _KEPT
        return ""

    def edited(self, fixes: Mapping[Source, Fix]) -> bytes:
        """The content with the fixes."""
        edits: list[_Edit] = []
        self._hollow = self._left_hollow(fixes)
        control = (place for places in self._hollow.values() for place in places)
        fixes = {**fixes, **dict.fromkeys(control, Fix())}
        for number, statement in enumerate(self._statements):
            fix = fixes.get(statement.source)
            if fix is not None:
                edits += self._edits(number, statement, fix)
        text = self._data
        for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
            text = text[: edit.start] + edit.text + text[edit.end :]
        return text

    def _left_hollow(self, fixes: Mapping[Source, Fix]) -> dict[int, tuple[Source, ...]]:
        """Blocks in which nothing would stay, with their BEGIN and COMMIT."""
        found: dict[int, tuple[Source, ...]] = {}
        for block in {n for n in self._numbers if n is not None and not self.in_one}:
            inside = [a for a, n in zip(self._first, self._numbers, strict=True) if n == block]
            control = tuple(a.source for a in inside if blocks.kind_of(a) is not None)
            work = [fixes.get(a.source) for a in inside if a.source not in control]
            if work and all(fix and fix.later and not fix.statements for fix in work):
                found[block] = control
        return found

    def _edits(self, number: int, statement: Statement, fix: Fix) -> Iterator[_Edit]:
        start, end = statement.start, statement.start + statement.length
        block = self._numbers[number]
        if block is None or self.in_one or not fix.later or block in self._hollow:
            every = (*fix.statements, *fix.later)
            yield self._replaced(start, end, every)
            return
        yield self._replaced(start, end, fix.statements)
        closing = max(i for i, n in enumerate(self._numbers) if n == block)
        last = self._statements[closing]
        yield self._below(last, fix.later)

    def _replaced(self, start: int, end: int, statements: Sequence[str]) -> _Edit:
        if statements:
            text = self._joined(start, statements)
            return _Edit(start=start, end=end, text=text)
        end += self._data[end : end + 1] == b";"
        line = self._data.rfind(b"\n", 0, start) + 1
        rest = self._data.find(b"\n", end) + 1
        if rest and not (self._data[line:start] + self._data[end:rest]).strip():
            start, end = line, rest
        return _Edit(start=start, end=end, text=b"")

    def _below(self, last: Statement, statements: Sequence[str]) -> _Edit:
        end = last.start + last.length
        closed = self._data[end : end + 1] == b";"
        text = self._newline + self._joined(last.start, statements) + b";"
        place = end + closed
        return _Edit(start=place, end=place, text=text if closed else b";" + text)

    def _joined(self, start: int, statements: Sequence[str]) -> bytes:
        """Each on a line of its own, indented as the first."""
        indent = self._data[self._data.rfind(b"\n", 0, start) + 1 : start]
        between = b";" + self._newline + (b"" if indent.strip() else indent)
        return between.join(text.encode() for text in statements)

    @property
    def _newline(self) -> bytes:
        return b"\r\n" if b"\r\n" in self._data else b"\n"


def _sets(action: Action) -> bool:
    return isinstance(action.fact, Fact) and action.fact.kind is ActionKind.SET
