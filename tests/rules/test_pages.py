"""The page of each rule, written from the rule and its own cases; `--bless` writes them."""

from pathlib import Path

import pytest

from tests.golden import Golden
from tests.rules import checking
from zdm.model.rule import Rule
from zdm.render import rule_page
from zdm.rules import ALL

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs/rules"


def _page(rule: Rule) -> str:
    folder = checking.CASES / rule.slug.replace("-", "_")
    text = rule_page.render(rule)
    for heading, stem in (("Found", "refused"), ("Not found", "allowed"), ("Fixed", "fixed")):
        files = sorted(folder.glob(f"{stem}*.sql"))
        if files:
            blocks = "\n\n".join(f"```sql\n{file.read_text()}```" for file in files)
            text += f"\n## {heading}\n\n{blocks}\n"
    return text


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.slug)
def test_a_page_says_what_the_rule_and_its_cases_say(rule: Rule, golden: Golden) -> None:
    golden.check(PAGES / f"{rule.slug.replace('-', '_')}.md", _page(rule))


def test_the_index_lists_every_rule_by_its_category(golden: Golden) -> None:
    lines = [
        "# Rules of zdm check",
        "",
        "Generated from the code; `zdm check --explain RULE` prints the same.",
    ]
    category = ""
    for rule in sorted(ALL, key=lambda rule: (_category(rule), rule.slug)):
        if _category(rule) != category:
            category = _category(rule)
            lines += ["", f"## {category.capitalize()}", ""]
            lines += ["| rule | severity | finds |", "|---|---|---|"]
        weight = rule.severity.value if rule.severity is not None else "off"
        page = f"{rule.slug.replace('-', '_')}.md"
        lines.append(f"| [`{rule.slug}`]({page}) | {weight} | {rule.title} |")

    golden.check(PAGES / "index.md", "\n".join(lines) + "\n")


def _category(rule: Rule) -> str:
    modules = (ROOT / "zdm/rules").glob(f"*/{rule.slug.replace('-', '_')}.py")
    return next(modules).parent.name
