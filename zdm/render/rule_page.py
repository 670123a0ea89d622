"""A rule in words: what `zdm check --explain` prints, and what its page in docs/rules says."""

from collections.abc import Sequence

from zdm.model.rule import Planned, Rule

_PLANNED = {
    Planned.YES: "`zdm plan` writes it safely.",
    Planned.SCHEMA: "`zdm plan` writes it safely where it knows the schema.",
    Planned.PHASES: "`zdm plan` splits it into an expand and a contract.",
    Planned.NO: "`zdm plan` cannot make it safe.",
    Planned.REFUSED: "`zdm plan` refuses it, and plans what is written so.",
}
_FIXED = "`zdm check --fix` writes it into SQL files, where the rest of the file lets it.\n"


def render(rule: Rule) -> str:
    """The rule as Markdown."""
    weight = rule.severity.value if rule.severity is not None else "off"
    return (
        f"# {rule.slug}\n\n{rule.title} ({weight}).\n\n"
        f"## Problem\n\n{rule.problem}\n\n"
        f"## What PostgreSQL does\n\n{rule.postgres}\n\n"
        f"## Instead\n\n{rule.instead}\n{_PLANNED[rule.planned]}\n"
        f"{_FIXED if rule.fix is not None else ''}\n"
        f"## When to allow it\n\n{rule.allow}\n"
    )


def listed(rules: Sequence[Rule]) -> str:
    """One line for each rule: name, severity, whether it has a fix, title."""
    width = max(len(rule.slug) for rule in rules)
    return "".join(
        f"{rule.slug:<{width}}  {rule.severity.value if rule.severity else 'off':<5}"
        f"  {'fix' if rule.fix else '':<3}  {rule.title}\n"
        for rule in rules
    )
