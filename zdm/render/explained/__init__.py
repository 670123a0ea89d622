"""Why a plan is as it is, each output a module of the same name as those of a plan; SQL has
none. One is imported when it is chosen."""

import importlib
from typing import TYPE_CHECKING

from zdm.errors import InputError
from zdm.render.layout import Layout
from zdm.render.outputs import Output

if TYPE_CHECKING:
    from zdm.model.explained.explanation import Explanation
    from zdm.model.plan import Plan


def check(output: Output) -> None:
    """Whether the output can say it."""
    if output is Output.SQL:
        raise InputError(
            "--explain has no --format sql, because reasons are not statements",
            hint="use --format terminal, markdown or json",
        )


def render(explanation: "Explanation", plan: "Plan", output: Output, layout: Layout) -> str:
    """The explanation in this output."""
    module = importlib.import_module(f"{__name__}.{output}")
    text: str = module.render(explanation, plan, layout)
    return text
