"""Every output of `zdm plan --format`, each a module of this package; they do not know each
other. One is imported when it is chosen, because a command must start fast.
"""

import importlib
from enum import StrEnum
from typing import TYPE_CHECKING

from zdm.render.layout import Layout

if TYPE_CHECKING:
    from zdm.model.plan import Plan


class Output(StrEnum):
    """How a plan is shown; the value is the module's name."""

    TERMINAL = "terminal"
    MARKDOWN = "markdown"
    SQL = "sql"
    JSON = "json"

    def render(self, plan: "Plan", layout: Layout) -> str:
        """The plan in this output."""
        text: str = importlib.import_module(f"{__name__}.{self}").render(plan, layout)
        return text
