import io

from tests.golden import Golden
from zdm.cli.commands import demo
from zdm.cli.screen import Screen
from zdm.demo.run import DemoResult
from zdm.demo.traffic import Figures

RESULT = DemoResult(
    naive=True,
    requests=57_240,
    failed_requests=3,
    wrong_rows=0,
    wrong_reads=1,
    longest_blocked_ms=129.74,
    median_ms=8.8,
    p99_ms=66.1,
    rows=200_791,
    seconds=47.7,
    migration_seconds=25.9,
    server_version="18.4",
    reads_by_version={"v1": 10},
    failures=("column users.email does not exist",),
)
FIGURES = Figures(
    requests=1305,
    failed=2,
    wrong_reads=0,
    longest_ms=66.6,
    median_ms=8.8,
    p99_ms=60.0,
    failures=(),
    answered_by=(("v1", 521), ("v2", 3)),
)


def test_the_figures_are_a_table(golden: Golden) -> None:
    golden.check("demo.txt", demo.summary(RESULT) + "\n")


def test_the_count_is_shown_while_it_runs() -> None:
    stream = io.StringIO()
    watcher = demo.Watcher(Screen(stream))
    watcher.stage("traffic")
    watcher.traffic(FIGURES)

    assert stream.getvalue() == (
        "● traffic\n  1,305 requests, 2 failed, longest 67 ms; reads answered by v1 521, v2 3\n"
    )
