import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks.backfill import cells, engines, foreground, page, plot, report, results
from benchmarks.backfill.foreground import Load
from benchmarks.backfill.turns import Turns

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/benchmarks.md"


def idle(seconds: float) -> dict[str, Any]:
    return {
        "seconds": seconds,
        "with_verification": None,
        "rows_per_second": 1000 / seconds,
        "wal_bytes": 2**20,
        "size_before": 100,
        "size_after": 150,
    }


def beside(p99: float, blocked: float) -> dict[str, Any]:
    latency = {"count": 9, "p50_ms": 1.0, "max_ms": 90.0}
    return idle(5.0) | {
        "baseline": latency | {"p99_ms": 10.0, "typical_p99_ms": 5.0},
        "alone": [{"p99_ms": 9.0}, {"p99_ms": 11.0}],
        "beside": latency | {"p99_ms": p99, "typical_p99_ms": 6.5},
        "longest_blocked_ms": blocked,
        "errors": "",
    }


CONTENT: dict[str, Any] = {
    "cells": {
        "idle/change_type/narrow/zdm-1/1": idle(2.0),
        "idle/change_type/narrow/update/1": idle(1.9),
        "idle/change_type/narrow/pgroll-way/1": idle(6.0),
        "idle/change_type/narrow/zdm-1/2": idle(4.0),
        "idle/change_type/narrow/update/2": idle(3.8),
        "idle/change_type/narrow/pgroll-way/2": idle(14.0),
        "idle/set_not_null/narrow/zdm-1/1": idle(1.3),
        "idle/set_not_null/narrow/update/1": idle(1.0),
        "loaded/zdm-1": beside(11.0, 0.0) | {"kept": 0.84},
        "loaded/plan": beside(11.0, 250.0)
        | {
            "turns": [
                {"work": 6.0, "still": [4.0, 6.0]},
                {"work": 9.0, "still": [4.0, 5.0]},
                {"work": 6.5, "still": [5.0, 5.0]},
            ]
        },
    }
}


def test_ratios_are_of_the_same_round_and_targets_say_whether_they_are_met() -> None:
    found = {t.words: (t.measured, t.is_met) for t in report.targets(CONTENT)}

    assert found == {
        "1 worker, × one UPDATE": ("0.95", True),
        "2 workers, × one UPDATE": ("-", None),
        "1 worker, × pgroll's way": ("3.25", False),
        "2 workers, × pgroll's way": ("-", None),
        "SET NOT NULL, time × by hand": ("1.30", False),
        "full, the application's throughput × alone": ("0.84", False),
        "paced, p99 of all turns, × all pauses": ("1.10", True),
        "paced, p99 of a turn, × the pauses around it, median": ("1.30", False),
        "paced, whole plan, longest blocked query in ms": ("250.00", False),
    }


def test_a_turn_at_work_stands_between_two_pauses(tmp_path: Path) -> None:
    load = Load(tmp_path, None, [(at + 0.5, at / 1000) for at in range(100)])  # type: ignore[arg-type]
    taken = Turns(
        work=[(20.0, 30.0), (40.0, 50.0)],
        still=[(10.0, 20.0), (30.0, 40.0), (50.0, 60.0)],
        paused=[(9.0, 20.0), (30.0, 41.0), (50.0, 61.0)],
    )

    assert cells.in_turns(load, taken) == [
        {"work": 29.0, "still": [19.0, 39.0]},
        {"work": 49.0, "still": [39.0, 59.0]},
    ]
    assert taken.outside((5.0, 70.0)) == ((5.0, 9.0), (20.0, 30.0), (41.0, 50.0), (61.0, 70.0))


def test_a_plot_is_xml_and_shows_every_bar() -> None:
    svg = ElementTree.fromstring(plot.bars("a < b", "s", [("zdm", 2.0, "2"), ("x", 1.0, "1")]))
    widths = [int(bar.get("width", "0")) for bar in svg.findall("{*}rect")][1:]

    assert widths[0] == 2 * widths[1]


def test_a_published_page_is_what_its_results_give() -> None:
    if not PAGE.exists():
        return  # nothing is published, so nothing can be stale
    text = PAGE.read_text(encoding="utf-8")
    source = re.search(r"\(\.\./(benchmarks/results/[^)]+\.json)\)", text)
    assert source is not None
    path = ROOT / source[1]
    content = json.loads(path.read_text())

    assert text == page.text_of(content, path.name)
    for name, plotted in page.plots(content).items():
        assert (PAGE.parent / "plots" / name).read_text(encoding="utf-8") == plotted


def test_a_page_names_machine_settings_and_source_and_has_each_table(tmp_path: Path) -> None:
    machine = {
        "postgresql": "17.10",
        "cores": 2,
        "cpu": "some",
        "memory_gb": 8,
        "settings": {"fsync": "on"},
        "commit": "abc",
    }
    content = CONTENT | {
        "began": "2026-11-25T00:00:00",
        "load_average": 0.1,
        "options": {"rows": 1000, "rounds": 2},
        "machine": machine,
    }
    source = tmp_path / "backfill-1000.json"
    source.write_text(json.dumps(content))
    page.write(source, tmp_path / "docs/benchmarks.md")
    text = (tmp_path / "docs/benchmarks.md").read_text(encoding="utf-8")

    assert re.findall("^## (.*)$", text, re.MULTILINE) == [
        "Targets",
        "Filling a new column, narrow rows",
        "SET NOT NULL with 10 % NULLs",
        "Under the application's load",
        "zdm check",
        "Plots",
        "What is compared",
    ]
    assert "`fsync = on`" in text
    assert "(../benchmarks/results/backfill-1000.json)" in text
    assert len(list((tmp_path / "docs/plots").glob("*.svg"))) == 3


def test_results_go_on_only_with_the_same_machine_and_options(tmp_path: Path) -> None:
    path = tmp_path / "r.json"

    def load(rows: int, *, fresh: bool = False) -> results.Results:
        return results.load(path, options={"rows": rows}, machine={"cores": 2}, fresh=fresh)

    load(5).put("a", {"seconds": 1})

    assert load(5).has("a")
    assert not load(6).has("a")
    assert not load(5, fresh=True).has("a")


def test_latency_counts_by_when_a_transaction_was_due(tmp_path: Path) -> None:
    # client, number, microseconds, script, when it ended, and by how much it began late
    (tmp_path / "pgbench_log.7").write_text(
        "0 1 1000000 0 100 500000 0\n0 2 2000 0 100 600000 0\n1 1 5000 0 101"
    )
    load = Load(tmp_path, None)  # type: ignore[arg-type]  # its process is not asked
    load.transactions = list(foreground.logged(tmp_path))

    assert load.latencies((99.0, 100.0)) == {
        "count": 1, "p50_ms": 1000.0, "p99_ms": 1000.0, "typical_p99_ms": 1000.0,
        "max_ms": 1000.0,
    }  # fmt: skip
    assert load.latencies((100.0, 101.0))["max_ms"] == 2.0
    assert load.latencies((99.0, 100.0), (100.0, 101.0))["count"] == 2
    assert load.latencies((200.0, 201.0)) == {"count": 0}


def test_a_stall_moves_the_p99_of_all_and_not_the_typical_one(tmp_path: Path) -> None:
    load = Load(tmp_path, None)  # type: ignore[arg-type]  # its process is not asked
    load.transactions = [
        (100 + n / 10, 0.5 if 41 <= n < 55 else 0.001 + n / 1e6) for n in range(200)
    ]

    figures = load.latencies((100.0, 120.0), (500.0, 501.0))

    assert figures["p99_ms"] == 500.0
    assert 1.0 <= figures["typical_p99_ms"] < 1.3


def test_throughput_counts_by_when_a_transaction_ended(tmp_path: Path) -> None:
    load = Load(tmp_path, None)  # type: ignore[arg-type]  # its process is not asked
    load.transactions = [(100 + n / 10, 5.0) for n in range(100)]

    assert load.finished((100.0, 105.0)) == 0.0
    assert load.finished((105.0, 110.0), (200.0, 205.0)) == 5.0


@pytest.mark.parametrize(("whole", "seconds"), [(False, 3.0), (True, 4.0)])
def test_what_follows_the_last_batch_is_verification(whole: bool, seconds: float) -> None:
    def line(event: str, second: int, phase: str) -> str:
        time = f"1970-01-01T00:00:{second:02}+00:00"
        return json.dumps({"event": event, "time": time, "phase": phase, "step": phase})

    lines = [
        line("step_started", 10, "backfill"),
        line("step_done", 15, "backfill"),
        line("step_started", 15, "validate"),
        line("step_done", 16, "validate"),
    ]
    took = engines.from_events("\n".join(lines), 13.0, whole=whole)

    assert (took.seconds, took.with_verification) == (seconds, 6.0)
