"""The demo itself, on a smaller table: clean with zdm, and able to fail without it."""

from dataclasses import dataclass, field

import pytest

from zdm.errors import InputError
from zdm.workflows import demo
from zdm.workflows.demo import DemoOptions, Shop
from zdm.workflows.demo_traffic import Figures

ROWS = 5000


@dataclass
class Recorder:
    """Keeps what a person would have seen."""

    stages: list[str] = field(default_factory=list)
    figures: list[Figures] = field(default_factory=list)

    def stage(self, text: str) -> None:
        self.stages.append(text)

    def traffic(self, figures: Figures) -> None:
        self.figures.append(figures)


def nothing(_: Shop) -> None:
    """No migration."""


def test_a_naive_upgrade_costs_requests() -> None:
    result = demo.run(DemoOptions(rows=ROWS, naive=True, warm_up=1), Recorder(), nothing)

    assert result.failed_requests > 0
    assert not result.is_clean
    assert any("UndefinedColumn" in failure for failure in result.failures)


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(InputError, match="10 rows are too few for the traffic"):
        demo.run(DemoOptions(rows=10), Recorder(), nothing)
