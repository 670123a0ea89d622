"""The page that keeps the outcome of every pair: one letter each, one row a first form."""

from collections import Counter
from collections.abc import Iterator, Mapping

from tests.pairs.forms import FORMS
from tests.pairs.pairs import HERE, RELATIONS, Outcome, Pair, of_row

FILE = HERE / "outcomes.txt"
_MEANING = {
    Outcome.PLANNED: "planned; on PostgreSQL 18 the plan runs to its end",
    Outcome.CONFLICT: "refused, because the two operations conflict",
    Outcome.REFUSED: "refused by an operation, with its reason",
    Outcome.NO_MIGRATION: "no migration: the server refuses the statements themselves",
}
Outcomes = Mapping[str, Outcome]  # by the pair's name


def text(outcomes: Outcomes) -> str:
    """The page."""
    return "\n".join([*_head(outcomes), *_forms(), *_tables(outcomes)]) + "\n"


def _head(outcomes: Outcomes) -> Iterator[str]:
    count = Counter(outcomes.values())
    yield "Every ordered pair of forms of operations, and what becomes of it (tests/pairs)."
    yield ""
    yield f"{sum(count.values()):5}  pairs"
    for outcome, meaning in _MEANING.items():
        yield f"{count[outcome]:5}  {outcome}  {meaning}"


def _forms() -> Iterator[str]:
    yield ""
    yield from (f"{number:2}  {form}" for number, form in enumerate(FORMS, 1))


def _tables(outcomes: Outcomes) -> Iterator[str]:
    """First forms downwards, second ones to the right, by their numbers."""
    for relation in RELATIONS:
        yield ""
        yield relation.name
        for number, first in enumerate(FORMS, 1):
            row = {pair.second: outcomes[str(pair)] for pair in of_row(relation, first)}
            if row:
                yield f"{number:2}  " + "".join(row.get(form, " ") for form in FORMS).rstrip()


def read() -> dict[str, Outcome]:
    """The outcomes that the page keeps."""
    kept: dict[str, Outcome] = {}
    lines = FILE.read_text(encoding="utf-8").split("\n") if FILE.exists() else []
    for relation in RELATIONS:
        at = lines.index(relation.name) if relation.name in lines else len(lines)
        for line in lines[at + 1 :]:
            if not line:
                break
            number, letters = int(line[:2]), line[4:].ljust(len(FORMS))
            for form, letter in zip(FORMS, letters, strict=True):
                if letter != " ":
                    pair = Pair(relation=relation, first=FORMS[number - 1], second=form)
                    kept[str(pair)] = Outcome(letter)
    return kept
