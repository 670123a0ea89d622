"""Why a plan is as it is, as Markdown for a pull request: a table of ways for each change."""

import re

from zdm.model.explained.explanation import Change, Considered, Explanation, Verdict
from zdm.model.plan import Plan
from zdm.render.explained import words
from zdm.render.layout import PLAIN, Layout


def render(explanation: Explanation, plan: Plan, _layout: Layout = PLAIN) -> str:
    """The explanation as a Markdown document."""
    blocks = [
        f"## Why plan `{explanation.plan}` is as it is",
        f"> {words.head(explanation, plan)}",
        *(_change(*one, plan) for one in enumerate(explanation.changes, 1)),
        _advice(explanation),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _text(value: str) -> str:
    """Free text that stays on its line, in its cell, and is no HTML."""
    line = " ".join(value.split())
    return re.sub(r"([|<])", lambda found: {"|": "\\|", "<": "&lt;"}[found[1]], line)


def _sentence(value: str) -> str:
    return f"{value[:1].upper()}{_text(value[1:])}."


def _change(number: int, change: Change, plan: Plan) -> str:
    return "\n".join(
        (
            f"### {number}. {_text(change.title)}",
            "",
            f"`{words.places(change)}`",
            "",
            *(f"- {_sentence(f'as written: {text}')}" for text in words.as_written(change)),
            *(f"- {_sentence(text)}" for text in words.steps(change, plan)),
            "",
            "| Way | What is done | Taken | Why | To have it |",
            "|---|---|:-:|---|---|",
            *map(_row, change.ways),
        )
    )


def _row(one: Considered) -> str:
    cells = (
        f"`{one.name}`",
        _text(f"{one.does}{words.costs(one)}"),
        "✅" if one.verdict is Verdict.TAKEN else "",
        _text(words.verdict(one)),
        _text(one.wording),
    )
    return f"| {' | '.join(cells)} |"


def _advice(explanation: Explanation) -> str:
    lines = [
        f"- {_text(one.text)} ({', '.join(f'`{source}`' for source in one.origin)})"
        for one in explanation.advice
    ]
    return "\n".join(("### Cheaper together", "", *lines)) if lines else ""
