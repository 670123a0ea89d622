"""The results as tables and targets, from the file alone."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from typing import Any

TITLES = {
    "zdm-1": "zdm, full, 1 worker",
    "zdm-2": "zdm, full, 2 workers",
    "plan": "zdm, paced, whole plan",
    "update": "one UPDATE",
    "loop": "loop of 1,000 keys",
    "pgroll-way": "pgroll's way",
    "pgroll": "pgroll, the program",
}
BY_HAND = TITLES | {"update": "in place by hand"}
MEGABYTE = 2**20
P99_RATIO, BLOCKED_MS, KEPT = 1.2, 200, 0.85


@dataclass(frozen=True, slots=True)
class Line:
    """One engine's figures over all rounds."""

    name: str
    seconds: float
    verified: float | None
    rows_per_second: float
    to_update: float | None  # the other's seconds by its own, round by round
    to_pgroll: float | None
    wal: float
    growth: float


@dataclass(frozen=True, slots=True)
class Target:
    """What was wanted, and what came of it; None: not measured."""

    words: str
    wanted: str
    measured: str
    is_met: bool | None


def lines(content: dict[str, Any], migration: str, width: str) -> list[Line]:
    """The engines of one idle comparison."""
    rounds: dict[str, dict[str, dict[str, Any]]] = {}
    for name, cell in content["cells"].items():
        words = name.split("/")
        if words[:3] == ["idle", migration, width]:
            rounds.setdefault(words[3], {})[words[4]] = cell
    return [_line(name, rounds) for name in TITLES if name in rounds]


def _line(name: str, rounds: dict[str, dict[str, dict[str, Any]]]) -> Line:
    own = rounds[name]

    def ratio(other: str) -> float | None:
        both = own.keys() & rounds.get(other, {}).keys()
        found = [rounds[other][n]["seconds"] / own[n]["seconds"] for n in both]
        return median(found) if found else None

    def middle(key: str) -> float:
        return float(median(cell[key] for cell in own.values()))

    verified = [c["with_verification"] for c in own.values() if c["with_verification"]]
    return Line(
        name=name,
        seconds=middle("seconds"),
        verified=median(verified) if verified else None,
        rows_per_second=middle("rows_per_second"),
        to_update=ratio("update"),
        to_pgroll=ratio("pgroll-way"),
        wal=middle("wal_bytes") / MEGABYTE,
        growth=middle("size_after") / middle("size_before"),
    )


def idle_table(found: list[Line], titles: dict[str, str]) -> str:
    """One comparison as Markdown."""
    reference = titles["update"]
    rows = [
        f"| engine | seconds | rows/s | × {reference} | × pgroll's way | WAL, MB | table grows"
        " | s with verification |",
        "|---|---|---|---|---|---|---|---|",
    ]
    rows += [
        f"| {titles[line.name]} | {line.seconds:.2f} | {line.rows_per_second:,.0f}"
        f" | {_times(line.to_update)} | {_times(line.to_pgroll)} | {line.wal:,.0f}"
        f" | ×{line.growth:.2f} | {_times(line.verified)} |"
        for line in found
    ]
    return "\n".join(rows) + "\n"


def _times(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def loaded_table(content: dict[str, Any]) -> str:
    """What the application felt, as Markdown."""
    rows = [
        "| engine | seconds | throughput × alone | p50 | p99 | max"
        " | p99 alone, before and after | p99 × alone"
        " | typical p99 × alone | longest blocked | WAL, MB |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, cell in loaded(content):
        beside = cell["beside"]
        failed = f" ({cell['errors']})" if cell["errors"] else ""
        alone = ", ".join(f"{span['p99_ms']:.1f}" for span in cell["alone"])
        rows.append(
            f"| {TITLES[name]}{failed} | {cell['seconds']:.1f} | {_times(cell.get('kept'))}"
            f" | {beside['p50_ms']:.1f} | {beside['p99_ms']:.1f} | {beside['max_ms']:.0f}"
            f" | {alone} | {_ratio(cell, 'p99_ms'):.2f} | {_ratio(cell, 'typical_p99_ms'):.2f}"
            f" | {cell['longest_blocked_ms']:.0f} | {cell['wal_bytes'] / MEGABYTE:,.0f} |"
        )
    return "\n".join(rows) + "\n"


def _ratio(cell: dict[str, Any], figure: str) -> float:
    """Beside by alone."""
    return float(cell["beside"][figure] / cell["baseline"][figure])


def _in_turns(cell: dict[str, Any]) -> float:
    """The median over the working turns, each by the mean of the pauses around it."""
    return float(median(turn["work"] / mean(turn["still"]) for turn in cell["turns"]))


def loaded(content: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The cells beside the load, by engine."""
    cells = content["cells"]
    for name in TITLES:
        cell = cells.get(f"loaded/{name}")
        if cell is not None and cell["beside"]["count"] and cell["baseline"]["count"]:
            yield name, cell


def targets(content: dict[str, Any]) -> list[Target]:
    """What zdm wants to reach, beside what it reached."""
    fill = {line.name: line for line in lines(content, "change_type", "narrow")}
    not_null = {line.name: line for line in lines(content, "set_not_null", "narrow")}
    one, two = fill.get("zdm-1"), fill.get("zdm-2")
    proof = not_null.get("zdm-1")
    hand = None if proof is None or proof.to_update is None else 1 / proof.to_update
    cells = dict(loaded(content))
    plan, full = cells.get("plan"), cells.get("zdm-1")
    kept = None if full is None else full.get("kept")
    p99 = None if plan is None else _ratio(plan, "p99_ms")
    typical = None if plan is None or not plan["turns"] else _in_turns(plan)
    blocked = None if plan is None else plan["longest_blocked_ms"]
    return [
        _at_least("1 worker, × one UPDATE", 0.9, None if one is None else one.to_update),
        _at_least("2 workers, × one UPDATE", 1.0, None if two is None else two.to_update),
        _at_least("1 worker, × pgroll's way", 3.5, None if one is None else one.to_pgroll),
        _at_least("2 workers, × pgroll's way", 5.0, None if two is None else two.to_pgroll),
        _at_most("SET NOT NULL, time × by hand", 1.2, hand),
        _at_least("full, the application's throughput × alone", KEPT, kept),
        _at_most("paced, p99 of all turns, × all pauses", P99_RATIO, p99),
        _at_most("paced, p99 of a turn, × the pauses around it, median", P99_RATIO, typical),
        _at_most("paced, whole plan, longest blocked query in ms", BLOCKED_MS, blocked),
    ]


def _at_least(words: str, wanted: float, measured: float | None) -> Target:
    met = None if measured is None else measured >= wanted
    return Target(words, f"≥ {wanted:g}", _times(measured), met)


def _at_most(words: str, wanted: float, measured: float | None) -> Target:
    met = None if measured is None else measured <= wanted
    return Target(words, f"≤ {wanted:g}", _times(measured), met)


def targets_table(content: dict[str, Any]) -> str:
    """The targets as Markdown."""
    said = {True: "yes", False: "no", None: "not measured"}
    rows = ["| target | wanted | measured | met |", "|---|---|---|---|"]
    rows += [
        f"| {found.words} | {found.wanted} | {found.measured} | {said[found.is_met]} |"
        for found in targets(content)
    ]
    return "\n".join(rows) + "\n"


def table(path: Path) -> str:
    """Everything, for a terminal."""
    content = json.loads(path.read_text())
    return "\n".join(f"{heading}\n\n{text}" for heading, text in sections(content))


def sections(content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Headings, each with its table."""
    yield "Targets", targets_table(content)
    for width in ("narrow", "wide"):
        found = lines(content, "change_type", width)
        if found:
            yield f"Filling a new column, {width} rows", idle_table(found, TITLES)
    found = lines(content, "set_not_null", "narrow")
    if found:
        yield "SET NOT NULL with 10 % NULLs", idle_table(found, BY_HAND)
    if any(loaded(content)):
        yield "Under the application's load", loaded_table(content)
