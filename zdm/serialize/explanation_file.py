"""An explanation as plain data, and its schema. What holds its default is left out."""

from typing import Any

from zdm.model.explained.explanation import Explanation
from zdm.model.plan import Plan
from zdm.serialize import codec, plan_file


def to_plain(explanation: Explanation, plan: Plan) -> dict[str, Any]:
    """Format and the plan's digest first, so that it is known which plan is meant."""
    content = codec.to_plain(explanation, plan_file.CODECS)
    content.pop("format", None)
    return {"format": explanation.format, "digest": plan_file.digest(plan), **content}


def schema() -> dict[str, Any]:
    """The JSON schema of it."""
    found = codec.json_schema(Explanation, plan_file.CODECS)
    definition = found["$defs"]["Explanation"]
    definition["properties"] = {"digest": {"type": "string"}, **definition["properties"]}
    definition["required"] = ["format", "digest", *definition["required"]]
    return found
