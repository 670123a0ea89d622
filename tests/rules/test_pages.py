"""The page of each rule, written from the rule and its own cases; `--bless` writes them."""

from pathlib import Path

import pytest

from tests.golden import Golden
from tests.rules import checking
from zdm.model.rule import Rule
from zdm.render import rule_page
from zdm.rules import ALL

PAGES = Path(__file__).parents[2] / "docs/rules"


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
