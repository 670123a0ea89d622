"""Why a plan is as it is, as JSON; docs/reference/explain.schema.json has its schema."""

import json

from zdm.model.explained.explanation import Explanation
from zdm.model.plan import Plan
from zdm.render.layout import PLAIN, Layout
from zdm.serialize import explanation_file


def render(explanation: Explanation, plan: Plan, _layout: Layout = PLAIN) -> str:
    """The explanation as one JSON object."""
    content = explanation_file.to_plain(explanation, plan)
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
