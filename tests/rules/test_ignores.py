"""`-- zdm: ignore`: what it covers, and what is wrong with it."""

import pytest

from tests.rules import checking

TABLE = "CREATE TABLE t (id bigint PRIMARY KEY, n int);"
LIMIT = "SET lock_timeout = '2s';\n"
INDEX = "CREATE INDEX t_n ON t (n);"
MARK = "-- zdm: ignore index-not-concurrent"


def test_an_ignore_covers_the_statement_below_it_only() -> None:
    sql = f"{LIMIT}{MARK} -- forty rows\n{INDEX}\nCREATE INDEX t_n2 ON t (n, id);"
    found = checking.report(sql, TABLE).findings

    assert [(f.rule, f.ignored) for f in found] == [
        ("index-not-concurrent", "forty rows"),
        ("index-not-concurrent", ""),
    ]


@pytest.mark.parametrize("between", ["\n", "   \n", "\n-- of the lookup table\n", "\r\n"])
def test_an_ignore_above_a_blank_line_covers_nothing(between: str) -> None:
    found = checking.report(f"{LIMIT}{MARK} -- few rows\n{between}{INDEX}", TABLE).findings

    assert [(f.rule, f.message.partition(", ")[0]) for f in found] == [
        ("ignore-unused", "the ignore is not directly above a statement"),
        ("index-not-concurrent", found[1].message.partition(", ")[0]),
    ]


def test_other_comments_may_be_between_an_ignore_and_its_statement() -> None:
    sql = f"{LIMIT}{MARK} -- few rows\n-- of the lookup table\n{INDEX}"

    assert checking.found(sql, TABLE) == []


def test_an_ignore_of_several_rules_covers_each() -> None:
    sql = f"-- zdm: ignore index-not-concurrent, missing-lock-timeout -- forty rows\n{INDEX}"

    assert checking.found(sql, TABLE) == []


def test_an_ignore_of_the_file_covers_every_statement() -> None:
    sql = (
        "-- zdm: ignore-file index-not-concurrent -- forty rows\n"
        f"{LIMIT}{INDEX}\nCREATE INDEX t_n2 ON t (n, id);"
    )

    assert checking.found(sql, TABLE) == []


def test_an_ignore_holds_up_to_its_last_day() -> None:
    last, past = f"{checking.TODAY:%Y-%m-%d}", "2026-11-28"
    of_last = checking.found(f"{LIMIT}{MARK} -- few rows until {last}\n{INDEX}", TABLE)
    of_past = checking.found(f"{LIMIT}{MARK} -- few rows until {past}\n{INDEX}", TABLE)

    assert of_last == []
    assert of_past == ["ignore-expired", "index-not-concurrent"]


@pytest.mark.parametrize(
    ("mark", "rules"),
    [
        (MARK, ["ignore-without-reason", "index-not-concurrent"]),
        (f"{MARK} --", ["ignore-without-reason", "index-not-concurrent"]),
        (f"{MARK} -- few until soon", ["ignore-expired", "index-not-concurrent"]),
        (
            "-- zdm: ignore index-not-concurent -- typo",
            ["ignore-unknown-rule", "index-not-concurrent"],
        ),
        ("-- zdm: ignore -- all of it", ["ignore-unknown-rule", "index-not-concurrent"]),
        ("-- zdm: ignore", ["ignore-unknown-rule", "index-not-concurrent"]),
        ("-- zdm: ignore drop-table -- gone", ["ignore-unused", "index-not-concurrent"]),
    ],
)
def test_an_ignore_without_effect_is_itself_found(mark: str, rules: list[str]) -> None:
    assert checking.found(f"{LIMIT}{mark}\n{INDEX}", TABLE) == rules


def test_findings_about_ignores_cannot_be_ignored() -> None:
    sql = f"{LIMIT}-- zdm: ignore ignore-unused -- quiet\n{INDEX}"

    assert "ignore-unknown-rule" in checking.found(sql, TABLE)


def test_an_ignore_above_nothing_is_unused() -> None:
    assert checking.found(f"SELECT 1; {MARK} -- few rows\n") == ["ignore-unused"]


def test_an_ignore_in_a_literal_is_none() -> None:
    found = checking.found(f"{LIMIT}SELECT '{MARK} -- x';\n{INDEX}", TABLE)

    assert found == ["index-not-concurrent"]


def test_a_last_day_counts_anywhere_in_the_reason() -> None:
    sql = f"{LIMIT}{MARK} -- few rows until 2026-11-28 (see the wiki)\n{INDEX}"

    assert checking.found(sql, TABLE) == ["ignore-expired", "index-not-concurrent"]


@pytest.mark.parametrize(
    "place", ["{index}\n{mark}", "{limit}{mark}\n{index}", "{index} {mark}"]
)
def test_an_ignore_of_the_file_is_above_its_first_statement(place: str) -> None:
    mark = "-- zdm: ignore-file index-not-concurrent, missing-lock-timeout -- few rows"
    sql = place.format(index=INDEX, mark=mark, limit=LIMIT)
    found = checking.found(sql, TABLE)

    assert "index-not-concurrent" in found
    assert "ignore-unused" in found
