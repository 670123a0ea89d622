"""A plan as JSON: the plan file's content and what follows from it."""

import json
from typing import Any

from zdm import planfile
from zdm.model.plan import OLD_ONLY, Plan
from zdm.render import outline


def render(plan: Plan) -> str:
    """The plan as one JSON object."""
    content: dict[str, Any] = planfile.to_plain(plan)
    content["point_of_no_return"] = plan.point_of_no_return
    content["states"] = [
        {"after": "start", "works": sorted(OLD_ONLY)},
        *({"after": item.phase, "works": sorted(item.serves)} for item in outline.phases(plan)),
    ]
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
