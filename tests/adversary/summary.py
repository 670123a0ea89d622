"""The counts of a run, and the page that shows them:

python -m tests.adversary.summary build/adversary-14.jsonl build/adversary-18.jsonl
"""

import re
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from tests.adversary import record
from tests.adversary.record import Record

PAGE = Path(__file__).parents[2] / "docs/reference/adversary.md"
KINDS = (
    "wrong rows",
    "wrong schema",
    "wrong read",
    "failed write",
    "wrong claim",
    "report it",
    "not rolled back",
)
Counted = Callable[[Sequence[Record]], Mapping[str, int]]
_BLOCK = re.compile(r"(<!-- run -->\n).*(<!-- /run -->)", re.DOTALL)
_REFUSED, _UNUSABLE = "refused", "unusable"
# a part of what zdm says when it stops, and the reason without the world's names
_STOPS = (
    ("row security hides rows", "row security hides rows from the role that fills"),
    ("inherits from", "a table that is filled has inheritance children"),
    ("holds NULL", "NULLs under NOT NULL, which the versions wrote"),
    ("has no row", "a value without its row in the referenced table"),
)


def outcomes(found: Sequence[Record]) -> dict[str, int]:
    """How the worlds ended."""
    ended = Counter(one.result.outcome for one in found)
    kinds = Counter(k for one in found for k in {kind for kind, _ in one.result.faults})
    return {
        "worlds": len(found),
        "could not be made": ended[_UNUSABLE],
        "refused by name": ended[_REFUSED],
        "planned": len(found) - ended[_REFUSED] - ended[_UNUSABLE],
        "executed to the end": ended["executed"],
        "rolled back before the rollout": ended["rolled back"],
        "stopped with a named reason": ended["stopped"],
        "statements of the application": sum(one.result.writes for one in found),
        **{kind: kinds[kind] for kind in (*KINDS, *sorted({*kinds} - {*KINDS}))},
    }


def refused(found: Iterable[Record]) -> Counter[str]:
    """By reason; a world may have several."""
    all_of = (one.result.reasons for one in found if one.result.outcome == _REFUSED)
    return Counter(reason for reasons in all_of for reason in {*reasons})


def stopped(found: Iterable[Record]) -> Counter[str]:
    """By reason, without the names of the world."""
    all_of = (one.result.reasons for one in found if one.result.outcome == "stopped")
    return Counter(_plain(reason) for reasons in all_of for reason in reasons)


def _plain(reason: str) -> str:
    return next((words for part, words in _STOPS if part in reason), reason)


def operations(found: Iterable[Record]) -> Counter[str]:
    """How many worlds ran each to the end."""
    all_of = (one.result for one in found if one.result.outcome == "executed")
    return Counter(slug for result in all_of for slug in {*result.operations})


def text(found: Sequence[Record]) -> str:
    """For a terminal."""
    parts: list[tuple[str, Mapping[str, int]]] = [
        ("", outcomes(found)),
        ("refused, by reason", dict(refused(found).most_common())),
        ("stopped, by reason", dict(stopped(found).most_common())),
        ("executed to the end, by operation", dict(operations(found).most_common())),
    ]
    seconds = [one.seconds for one in found] or [0.0]
    lines = [f"seconds a world: median {statistics.median(seconds)}, most {max(seconds)}"]
    for title, counts in parts:
        lines += [f"\n{title}"] if title else []
        lines += [f"{count:7}  {name}" for name, count in counts.items()]
    return "\n".join(lines) + "\n"


def markdown(runs: Mapping[int, Sequence[Record]]) -> str:
    """The tables of the page, one column for each version."""
    seeds = sorted({one.seed for found in runs.values() for one in found})
    parts = [
        _table(f"seeds {seeds[0]} to {seeds[-1]}", runs, outcomes),
        "Refused, by reason; a world may have several:",
        _table("reason", runs, refused),
        "Stopped and rolled back, by reason, and what a rollback left to the operator:",
        _table("reason", runs, stopped),
        "Operations of the worlds that ran to the end:",
        _table("operation", runs, operations),
    ]
    return "\n\n".join(parts) + "\n"


def _table(title: str, runs: Mapping[int, Sequence[Record]], counted: Counted) -> str:
    columns = {major: counted(found) for major, found in sorted(runs.items())}
    names = dict.fromkeys(name for counts in columns.values() for name in counts)
    total = Counter[str]()
    for counts in columns.values():
        total.update(counts)
    if counted is not outcomes:
        names = dict.fromkeys(sorted(names, key=lambda name: (-total[name], name)))
    head = " | ".join(f"PostgreSQL {major}" for major in columns)
    lines = [f"| {title} | {head} |", f"|---|{'---:|' * len(columns)}"]
    for name in names:
        cells = " | ".join(f"{counts.get(name, 0):,}" for counts in columns.values())
        lines.append(f"| {name} | {cells} |")
    return "\n".join(lines)


def main(paths: Sequence[str]) -> int:
    """Put the tables into the page; 1 if a world failed."""
    found = [one for path in paths for one in record.read(Path(path))]
    runs = {m: [r for r in found if r.major == m] for m in sorted({r.major for r in found})}
    page = PAGE.read_text(encoding="utf-8")
    tables = markdown(runs)
    made = _BLOCK.sub(lambda block: f"{block[1]}{tables}{block[2]}", page)
    PAGE.write_text(made, encoding="utf-8")
    failed = [one for one in found if one.result.faults]
    for one in failed:
        sys.stdout.write(f"{one.major} {one.seed}: {one.result.faults[0]}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
