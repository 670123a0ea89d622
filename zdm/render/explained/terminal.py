"""Why a plan is as it is, for a person: words carry all of it, and no colour is used."""

import textwrap

from zdm.model.explained.explanation import Change, Considered, Explanation, Verdict
from zdm.model.plan import Plan
from zdm.render import outline
from zdm.render.explained import words
from zdm.render.layout import PLAIN, Layout

_LEAST_WIDTH = 40


def render(explanation: Explanation, plan: Plan, layout: Layout = PLAIN) -> str:
    """The explanation as text."""
    page = _Page(layout.width)
    page.line(f"Why plan {explanation.plan} is as it is · {words.head(explanation, plan)}")
    for number, change in enumerate(explanation.changes, 1):
        page.lines.append("")
        _change(page, number, change, plan)
    if explanation.advice:
        page.lines.append("")
        page.line("CHEAPER TOGETHER")
    for one in explanation.advice:
        places = ", ".join(str(source) for source in one.origin)
        page.line(f"- {one.text} ({places})", 2, 2)
    return "\n".join(page.lines) + "\n"


class _Page:
    """Collects wrapped lines; author's text is made harmless here."""

    def __init__(self, width: int) -> None:
        self.lines: list[str] = []
        self._width = max(width, _LEAST_WIDTH)

    def line(self, text: str, indent: int = 0, hang: int = 0) -> None:
        """A paragraph; `hang` is how much further its later lines begin."""
        self.lines += textwrap.wrap(
            outline.shown(text),
            self._width,
            initial_indent=" " * indent,
            subsequent_indent=" " * (indent + hang),
            break_on_hyphens=False,
        )


def _change(page: _Page, number: int, change: Change, plan: Plan) -> None:
    page.line(f"{number:>2}  {change.title} ({words.places(change)})", 0, 4)
    for text in words.as_written(change):
        page.line(f"as written: {text}", 4, 12)
    for one in change.ways:
        _way(page, one)
        if one.verdict is Verdict.TAKEN:
            for text in words.steps(change, plan):
                page.line(text, 8, 2)


def _way(page: _Page, one: Considered) -> None:
    mark = ">" if one.verdict is Verdict.TAKEN else "-"
    page.line(f"{mark} {one.name}: {one.does}{words.costs(one)}", 4, 4)
    page.line(words.verdict(one), 8, 2)
    if one.wording:
        page.line(f"to have it: {one.wording}", 8, 2)
