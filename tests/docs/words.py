"""Banned phrases, each with a replacement, and the search for them in documents and code.

A space in a pattern matches any white space, so the search also finds wrapped phrases. In code,
strings (messages, help, docstrings) and comments are searched, and names for single words only.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phrase:
    """A regular expression, what to write instead, and a text that it must match."""

    pattern: str
    instead: str
    sample: str

    @property
    def spaced(self) -> str:
        """The regular expression for whole words, whatever the white space between them."""
        pattern = self.pattern.replace(" ", r"\s+")
        return rf"\b(?:{pattern})\b"

    def found_in(self, text: str) -> Iterator[re.Match[str]]:
        """All matches in a text."""
        return re.finditer(self.spaced, text, re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Violation:
    """A banned phrase and its position."""

    file: str
    line: int
    found: str
    instead: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.found!r}; write {self.instead}"


PHRASES = (
    # phrases found in the first documents
    Phrase("workers had to do", "continuing with N workers", "2 workers had to do"),
    Phrase("nobody counted", "row count unknown", "rows that nobody counted"),
    Phrase("(?:is|are|was|were|be|been|and) said", "reported, or shown", "is skipped and said"),
    Phrase("(?:fore)?told", "reported, predicted, notified, known", "no end is foretold"),
    Phrase("so, beside", "alongside", "take eleven minutes so, beside others"),
    Phrase("way to the server", "network round trip", "the way to the server and back"),
    Phrase("(?:takes?|taken|took) for", "treated as, counted as", "is not taken for good"),
    Phrase(
        "takes? (?:his|her|its|their|your) word", "trusts", "the last of them takes his word"
    ),
    Phrase("the word (?:once|twice)", "must be resumed twice", "needs the word twice"),
    Phrase("by who(?:m)?ever", "by any session", "written by whomever"),
    Phrase("(?:can|could) bear", "has spare capacity", "whether the server can bear more"),
    Phrase("mend(?:s|ed|ing)?", "fix", "what to mend"),
    Phrase("it starts none", "does not start one", "it starts none"),
    Phrase(
        "(?:takes?|taken|took|taking)(?: (?!from)[\\w'`-]+){0,4} back",
        "revert, roll back, withdraw",
        "take the drift back",
    ),
    Phrase("gets worse by", "it is safe to wait", "nothing gets worse by waiting"),
    Phrase("wanted most", "most useful", "the alert that is wanted most"),
    Phrase("go(?:es|ing)? on", "continue, resume", "it goes on"),
    Phrase(
        "stands?(?!-| in\\b)(?: still)?", "is, is paused, current state", "where the run stands"
    ),
    Phrase("standing still", "paused", "the run is standing still"),
    Phrase("stood(?: still)?", "was, was paused", "where it stood"),
    Phrase(
        "(?:your|his|their|its|somebody's|the operator's)(?: own)? word",
        "assert, confirm",
        "your word that no old instance is left",
    ),
    Phrase("well made", "violates a plan invariant", "the plan is not well made"),
    Phrase("promises do not hold", "claims failed verification", "2 promises do not hold"),
    Phrase("of itself", "its own", "a running one says it of itself"),
    Phrase("obey(?:s|ed|ing)?", "acknowledge, follow", "a rollback obeys both"),
    Phrase("blips?", "not transient", "no blip"),
    Phrase("is content", "optional, accepts", "the gate is content"),
    Phrase("he|his|him", "they, or the passive", "what he wrote"),
    Phrase("suicide", "kill_self", "suicide"),
    # phrases of the same kinds
    Phrase("in step(?! [\\d{])", "in sync", "kept in step"),
    Phrase("somebody(?:'s)?", "another session, an operator, or the passive", "somebody"),
    Phrase("for ever", "indefinitely, permanently", "holds its locks for ever"),
    Phrase("heed(?:s|ed|ing)?", "check, respect", "heeds the alarm"),
    Phrase(
        "spared|sparing|spares?(?! capacity)",
        "limits the load on, avoids",
        "backfills spare the server",
    ),
    Phrase("anew", "again", "computed anew"),
    Phrase("at work", "running, active", "no executor is at work"),
    Phrase("who(?:m)?ever", "any session that, those who", "whoever asks"),
    Phrase("(?:is|are|be) had", "is available", "what can be had"),
    Phrase("said so", "approved it, requested it", "who said so is recorded"),
    Phrase("runs? no more", "no longer runs", "a pod that runs no more"),
    Phrase("for so long", "for this long", "in the way for so long"),
    Phrase("ask(?:s|ed)? of", "requests from, is checked against", "asked of the server"),
    Phrase("hangs? on", "depends on", "what hangs on the column"),
    Phrase("whence|lest|hither|thither", "plain words", "lest it fails"),
)


# of a text in small letters: most have none, and need one search instead of one a phrase
ANY = re.compile(rf"\b(?:{'|'.join(phrase.spaced for phrase in PHRASES)})")

# names of the first code that say nothing of what they mean
NAMES = frozenset(
    {
        *("courtesy", "heed", "losing", "may_be_gone", "obey", "obeyed", "own", "somebody"),
        *("spare", "spoilers", "stands", "suicide", "told", "took"),
    }
)


def violations(text: str, file: str, line: int = 1) -> list[Violation]:
    """All banned phrases in a text that starts at this line of a file."""
    if not ANY.search(text.lower()):
        return []
    return [
        Violation(file, line + text.count("\n", 0, found.start()), found[0], phrase.instead)
        for phrase in PHRASES
        for found in phrase.found_in(text)
    ]


def in_code(source: str, file: str) -> list[Violation]:
    """All banned phrases in the strings, comments and defined names of a Python module."""
    tree = ast.parse(source)
    prose = [*_strings(tree), *_comments(source)]
    found = [one for line, text in prose for one in violations(text, file, line)]
    return sorted([*found, *_names(tree, file)], key=lambda one: one.line)


def _strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Strings as the compiler joins them; what an f-string inserts is one character."""
    parts: set[int] = set()
    for node in ast.walk(tree):
        match node:
            case ast.JoinedStr(values=values):
                parts |= {id(value) for value in values}
                yield node.lineno, "".join(_part(value) for value in values)
            case ast.Constant(value=str(text)) if id(node) not in parts:
                yield node.lineno, text


def _part(value: ast.expr) -> str:
    match value:
        case ast.Constant(value=str(text)):
            return text
        case _:
            return "…"


def _comments(source: str) -> Iterator[tuple[int, str]]:
    """Comments on consecutive lines as one text."""
    start, block = 0, ""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        if block and token.start[0] == start + block.count("\n") + 1:
            block += "\n" + token.string.lstrip("#")
            continue
        if block:
            yield start, block
        start, block = token.start[0], token.string.lstrip("#")
    if block:
        yield start, block


def _names(tree: ast.Module, file: str) -> Iterator[Violation]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                if name.lower().strip("_") in NAMES:
                    yield Violation(file, node.lineno, name, "what is meant")
