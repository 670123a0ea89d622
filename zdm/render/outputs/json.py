"""A plan as JSON: the plan file's content and what follows from it."""

import json
from typing import Any

from zdm.compat import states
from zdm.model.plan import Plan
from zdm.render.layout import PLAIN, Layout
from zdm.serialize import plan_file


def render(plan: Plan, _layout: Layout = PLAIN) -> str:
    """The plan as one JSON object."""
    content: dict[str, Any] = plan_file.to_plain(plan)
    content["point_of_no_return"] = plan.point_of_no_return
    content["states"] = [
        {"after": state.after, "works": sorted(state.serves)} for state in states.states(plan)
    ]
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
