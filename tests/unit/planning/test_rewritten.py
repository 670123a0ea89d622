"""Rules and inheritance: what a refusal says."""

import pytest

from tests.unit import schemas
from tests.unit.operations.asking import ask

RULE = "CREATE RULE r AS ON INSERT TO public.users DO ALSO NOTHING"
HERE = schemas.snapshot(schemas.users(rules=(RULE,)))


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("CREATE RULE s AS ON INSERT TO users DO NOTHING", "ON CONFLICT into it fails (0A000)"),
        ("CREATE RULE s AS ON UPDATE TO users DO NOTHING", "ON CONFLICT into it fails (0A000)"),
        ("CREATE RULE s AS ON DELETE TO users DO NOTHING", "rewrites the queries of users"),
        ("DROP RULE r ON users", "without rule r the queries of users"),
        ("DROP RULE IF EXISTS r ON users CASCADE", "without rule r the queries of users"),
        ("DROP RULE s ON users", "users has no rule s, so this statement would fail"),
        (
            "DROP RULE IF EXISTS s ON users",
            "has no rule s, so this statement does nothing",
        ),
        ("ALTER TABLE users DISABLE RULE r", "whether rule r rewrites the queries of users"),
        ("ALTER TABLE users ENABLE ALWAYS RULE r", "whether rule r rewrites the queries"),
        ("ALTER TABLE users INHERIT above", "of above without ONLY, of both versions, has"),
        (
            "ALTER TABLE users NO INHERIT above",
            "above without ONLY, of both versions, loses",
        ),
    ],
)
def test_a_rule_or_inheritance_is_refused_with_what_changes(sql: str, words: str) -> None:
    (message,) = ask(f"{sql};", HERE).refusals

    assert words in message


def test_a_rule_for_deletes_leaves_on_conflict_alone() -> None:
    (message,) = ask("CREATE RULE s AS ON DELETE TO users DO NOTHING;", HERE).refusals

    assert "ON CONFLICT" not in message
