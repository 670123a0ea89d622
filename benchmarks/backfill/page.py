"""The page about the results, with its plots; all from the file alone."""

import json
from pathlib import Path
from typing import Any

from benchmarks import check
from benchmarks.backfill import plot, report

ROOT = Path(__file__).parents[2]


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
            "The application's 99th percentile during the backfill",
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
        "Ratios compare engines that ran consecutively on the same server, each on a fresh"
        " copy of the table and after a checkpoint; median of"
        f" {options['rounds']} round{'s' if options['rounds'] > 1 else ''}.\n"
        "Seconds and rows per second are specific to this machine.",
        f"Measured from {content['began'][:10]} on, of commit {machine['commit']}:"
        f" {options['rows']:,} rows,"
        f" PostgreSQL {machine['postgresql']}, {machine['cores']} cores ({machine['cpu']}),"
        f" {machine['memory_gb']} GB of memory.\n"
        f"The machine's load average beforehand was {content['load_average']}: other processes"
        " make the figures noisy.\n"
        f"The server's settings: {settings}.",
        *(
            f"## {heading}\n\n{NOTES.get(heading, '')}{text.rstrip()}"
            for heading, text in report.sections(content)
        ),
        check.section(json.loads((ROOT / "benchmarks/check.json").read_text())),
        "## Plots",
        "\n\n".join(f"![{name}](plots/{name})" for name in plots(content)),
        (Path(__file__).parent / "method.md").read_text(encoding="utf-8").rstrip(),
    ]
    return "\n\n".join(parts) + "\n"


NOTES = {
    "Filling a new column, narrow rows": "A table of five columns; `amount bigint` is filled"
    " from `quantity integer`, with zdm's dual-write trigger in place for every engine but"
    " pgroll's, which has its own.\nA ratio is the other engine's time divided by this"
    " engine's: above 1 is faster.\n\n",
    "Filling a new column, wide rows": "The same with 480 bytes of text in each row.\n\n",
    "SET NOT NULL with 10 % NULLs": "By hand: UPDATE of the NULLs, a CHECK that is NOT VALID,"
    " VALIDATE, SET NOT NULL.\nzdm's time covers all steps before the rollout.\n\n",
    "Under the application's load": "pgbench reads and writes the migrated column at half of"
    " the server's maximum rate.\n"
    "Latency in ms is measured from the time at which a transaction was due, so it includes"
    " queueing.\n"
    "*Throughput* is the transactions that ended while the engine worked, per second, as a"
    " share of what it was before.\n"
    "The load runs alone before and after each engine; the difference between those two"
    " figures shows the noise of the machine.\n"
    "The paced backfill therefore pauses (`zdm pause`) for ten seconds after every ten seconds"
    " of running, up to twenty times, and its baseline is the load during the pauses; the"
    " first two and a half seconds of each turn are ignored.\n"
    "The load beforehand had no second column and no trigger.\n"
    "*Typical* compares medians of the p99s of two-second windows, which an occasional disk"
    " stall does not affect.\n"
    "*Longest blocked* is the longest time that a query of the application was observed"
    " waiting for a lock of the migration.\n\n",
}
