"""The page about the results, with its plots; all from the file alone."""

import json
from pathlib import Path
from typing import Any

from benchmarks.backfill import plot, report


def plots(content: dict[str, Any]) -> dict[str, str]:
    """SVG files by name."""
    fill = report.lines(content, "change_type", "narrow")
    loaded = list(report.loaded(content))
    return {
        "backfill-speed.svg": plot.bars(
            "Filling a new column",
            "rows per second",
            [
                (report.TITLES[line.name], line.rows_per_second, f"{line.rows_per_second:,.0f}")
                for line in fill
            ],
        ),
        "backfill-wal.svg": plot.bars(
            "Filling a new column",
            "MB of WAL",
            [(report.TITLES[line.name], line.wal, f"{line.wal:,.0f}") for line in fill],
        ),
        "backfill-latency.svg": plot.bars(
            "The application's 99th percentile beside it",
            "ms",
            [
                (
                    report.TITLES[name],
                    cell["beside"]["p99_ms"],
                    f"{cell['beside']['p99_ms']:,.0f}",
                )
                for name, cell in loaded
            ],
        ),
    }


def write(path: Path, page: Path) -> None:
    """The page and its plots, from the results file."""
    content = json.loads(path.read_text())
    folder = page.parent / "plots"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in plots(content).items():
        (folder / name).write_text(text, encoding="utf-8")
    page.write_text(text_of(content, path.name), encoding="utf-8")


def text_of(content: dict[str, Any], source: str) -> str:
    """The page."""
    machine, options = content["machine"], content["options"]
    settings = ", ".join(f"`{key} = {value}`" for key, value in machine["settings"].items())
    parts = [
        "# Benchmarks",
        f"Generated from [`benchmarks/results/{source}`](../benchmarks/results/{source});"
        " `make bench` measures again.\n"
        "Ratios are of engines that ran one after the other on the same server, each on a"
        " fresh copy of the table with a checkpoint before it; median of"
        f" {options['rounds']} round{'s' if options['rounds'] > 1 else ''}.\n"
        "Seconds and rows per second are of this machine and say little about yours.",
        f"Measured from {content['began'][:10]} on, of commit {machine['commit']}:"
        f" {options['rows']:,} rows,"
        f" PostgreSQL {machine['postgresql']}, {machine['cores']} cores ({machine['cpu']}),"
        f" {machine['memory_gb']} GB of memory.\n"
        f"The machine's load average before it began was {content['load_average']}: other work"
        " that makes figures noisy.\n"
        f"The server's settings: {settings}.",
        *(
            f"## {heading}\n\n{NOTES.get(heading, '')}{text.rstrip()}"
            for heading, text in report.sections(content)
        ),
        "## Plots",
        "\n\n".join(f"![{name}](plots/{name})" for name in plots(content)),
        (Path(__file__).parent / "method.md").read_text(encoding="utf-8").rstrip(),
    ]
    return "\n\n".join(parts) + "\n"


NOTES = {
    "Filling a new column, narrow rows": "A table of five columns; `amount bigint` is filled"
    " from `quantity integer`, with zdm's dual-write trigger in place for every engine but"
    " pgroll's, which has its own.\nA ratio is the other's seconds by the engine's own: above"
    " 1 is faster.\n\n",
    "Filling a new column, wide rows": "The same with 480 bytes of text in each row.\n\n",
    "SET NOT NULL with 10 % NULLs": "By hand: UPDATE of the NULLs, a CHECK that is not yet"
    " valid, VALIDATE, SET NOT NULL.\nzdm's time is that of all steps up to the rollout.\n\n",
    "Beside the application's load": "pgbench reads and writes the migrated column at"
    " half of the rate that the server can do at most.\nLatency in ms, counted from when a"
    " transaction was due, so that "
    "a queue is not left out.\nThe load runs alone for a while before and after each "
    "engine; the two figures tell how much the machine differs from itself.\nSo the "
    "paced backfill stands still (`zdm pause`) for ten seconds after each ten at "
    "work, up to twenty times while the load runs on, and its baseline are the "
    "pauses; the first two and a half seconds of a turn count for neither.\nThe load "
    "before it had no second column and no trigger.\n*Typical* compares medians of the "
    "p99s of windows of two seconds, which a stall of the disk that comes now and "
    "then does not move.\n*Longest blocked* is the longest time that a query of the "
    "application was seen waiting for a lock of the migration.\n\n",
}
