"""Every output of `zdm check --format`, each a module of this package; they do not know each
other. One is imported when it is chosen, because a command must start fast.
"""

import importlib
from enum import StrEnum
from typing import TYPE_CHECKING

from zdm.render.layout import Layout

if TYPE_CHECKING:
    from zdm.rules.report import Report


class Output(StrEnum):
    """How findings are shown; the value is the module's name."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    GITLAB = "gitlab"
    SARIF = "sarif"
    JUNIT = "junit"
    MARKDOWN = "markdown"

    def render(self, report: "Report", layout: Layout) -> str:
        """The report in this output."""
        text: str = importlib.import_module(f"{__name__}.{self}").render(report, layout)
        return text
