"""Each wording that an explanation proposes is planned, and is cheaper than the author's."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import case as cases
from zdm.model.explained import choice
from zdm.model.explained.choice import Trait
from zdm.model.explained.explanation import Considered, Explanation, Verdict
from zdm.model.plan import Step
from zdm.model.statement import Train
from zdm.parse import split
from zdm.planning import classify, schedule
from zdm.planning.classify import Classification
from zdm.planning.explained import changes
from zdm.planning.schedule import Scheduled


@dataclass(frozen=True, kw_only=True)
class Wording:
    """The author's statements on the schema of a case, the way that does not fit, and the
    statements that the explanation proposes."""

    case: str
    author: str
    slug: str
    way: str
    wording: str
    others: str


WORDINGS = (
    Wording(
        case="add_column/large_table",
        author="ALTER TABLE users ADD COLUMN token uuid DEFAULT gen_random_uuid();",
        slug="add_column",
        way="catalog",
        wording="ADD COLUMN token without the default, then SET DEFAULT, if rows that are there"
        " may stay NULL",
        others="ALTER TABLE users ADD COLUMN token uuid;"
        " ALTER TABLE users ALTER COLUMN token SET DEFAULT gen_random_uuid();",
    ),
    Wording(
        case="add_column/large_table",
        author="ALTER TABLE users ADD COLUMN state text; UPDATE users SET state = 'new';"
        " ALTER TABLE users ALTER COLUMN state SET NOT NULL;",
        slug="add_column",
        way="catalog",
        wording="ADD COLUMN state … DEFAULT 'new' NOT NULL in place of the UPDATE, then DROP"
        " DEFAULT in a later release",
        others="ALTER TABLE users ADD COLUMN state text DEFAULT 'new' NOT NULL;",
    ),
    Wording(
        case="add_column/large_table",
        author="ALTER TABLE users ADD COLUMN state text DEFAULT 'new';"
        " ALTER TABLE users ALTER COLUMN state SET NOT NULL;",
        slug="add_column",
        way="catalog",
        wording="ADD COLUMN state … DEFAULT … NOT NULL in one statement",
        others="ALTER TABLE users ADD COLUMN state text DEFAULT 'new' NOT NULL;",
    ),
    Wording(
        case="set_not_null/large_table",
        author="ALTER TABLE users ALTER COLUMN nickname SET NOT NULL;",
        slug="set_not_null",
        way="proved_early",
        wording="an UPDATE before it that sets nickname WHERE nickname IS NULL",
        others="UPDATE users SET nickname = 'none' WHERE nickname IS NULL;"
        " ALTER TABLE users ALTER COLUMN nickname SET NOT NULL;",
    ),
    Wording(
        case="set_not_null/large_table",
        author="UPDATE users SET nickname = nullif(email, '') WHERE nickname IS NULL;"
        " ALTER TABLE users ALTER COLUMN nickname SET NOT NULL;",
        slug="set_not_null",
        way="proved_early",
        wording="a value that is never NULL, for example with coalesce()",
        others="UPDATE users SET nickname = coalesce(nullif(email, ''), 'none')"
        " WHERE nickname IS NULL; ALTER TABLE users ALTER COLUMN nickname SET NOT NULL;",
    ),
    Wording(
        case="add_unique/plain",
        author="ALTER TABLE users ADD CONSTRAINT u UNIQUE (email);",
        slug="add_unique",
        way="index_there",
        wording="CREATE UNIQUE INDEX, which is built before the rollout, and the constraint"
        " USING INDEX, if the old version writes no duplicates",
        others="CREATE UNIQUE INDEX u ON users (email);"
        " ALTER TABLE users ADD CONSTRAINT u UNIQUE USING INDEX u;",
    ),
    Wording(
        case="add_primary_key/plain",
        author="ALTER TABLE lines ADD CONSTRAINT u PRIMARY KEY (number);",
        slug="add_primary_key",
        way="index_there",
        wording="CREATE UNIQUE INDEX, which is built before the rollout, and the constraint"
        " USING INDEX, if the old version writes no duplicates",
        others="CREATE UNIQUE INDEX u ON lines (number);"
        " ALTER TABLE lines ADD CONSTRAINT u PRIMARY KEY USING INDEX u;",
    ),
    Wording(
        case="replace_key/plain",
        author="ALTER TABLE member DROP CONSTRAINT member_key;"
        " ALTER TABLE member ADD CONSTRAINT member_mail UNIQUE (mail);",
        slug="replace_key",
        way="index_there",
        wording="CREATE UNIQUE INDEX, which is built before the rollout, and the constraint"
        " USING INDEX, if the old version writes no duplicates",
        others="CREATE UNIQUE INDEX member_mail ON member (mail);"
        " ALTER TABLE member DROP CONSTRAINT member_key;"
        " ALTER TABLE member ADD CONSTRAINT member_mail UNIQUE USING INDEX member_mail;",
    ),
    Wording(
        case="add_column/large_table",
        author="CREATE TABLE notes (id bigint);"
        " CREATE INDEX CONCURRENTLY notes_id ON notes (id);",
        slug="new_table_change",
        way="as_written",
        wording="the same without CONCURRENTLY: nothing writes to a new table",
        others="CREATE TABLE notes (id bigint); CREATE INDEX notes_id ON notes (id);",
    ),
    Wording(
        case="change_type/plain",
        author="ALTER TABLE orders ADD COLUMN remark varchar; UPDATE orders SET remark ="
        " note; ALTER TABLE orders DROP COLUMN note;",
        slug="change_type",
        way="catalog",
        wording='ALTER COLUMN "note" TYPE character varying, which keeps the name and reads no'
        " row",
        others='ALTER TABLE orders ALTER COLUMN "note" TYPE varchar;',
    ),
    Wording(
        case="backfill/large_table",
        author="UPDATE users SET email = lower(email) WHERE email <> lower(email);",
        slug="backfill",
        way="one_statement",
        wording="a WHERE that names the rows by a unique key, at most 1,000 of them",
        others="UPDATE users SET email = lower(email) WHERE id IN (1, 2, 3);",
    ),
    Wording(
        case="update_rows/in_batches",
        author="ALTER TABLE orders ADD COLUMN total numeric;"
        " UPDATE orders AS o SET total = i.total FROM (SELECT order_id, sum(price) AS"
        " total FROM items GROUP BY order_id) AS i WHERE i.order_id = o.id;",
        slug="update_rows",
        way="one_statement",
        wording="a WHERE that names the rows by a unique key, at most 1,000 of them",
        others="ALTER TABLE orders ADD COLUMN total numeric;"
        " UPDATE orders SET total = 0 WHERE id IN (1, 2, 3);",
    ),
    Wording(
        case="delete_rows/large_table",
        author="DELETE FROM users WHERE nickname IS NULL;",
        slug="delete_rows",
        way="one_statement",
        wording="a WHERE that names the rows by a unique key, at most 1,000 of them",
        others="DELETE FROM users WHERE id IN (1, 2, 3);",
    ),
)


def plan_of(case: Path, sql: str) -> tuple[Classification, Scheduled]:
    """Statements on the schema of a case."""
    snapshot, data = cases.schema(case), sql.encode()
    train = Train(
        statements=split.statements(data, "m.sql"), files=(split.source_file(data, "m.sql"),)
    )
    found = classify.classify(train, snapshot)
    return found, schedule.scheduled(found, name="m", train=train, snapshot=snapshot)


def told(case: str, sql: str) -> tuple[Explanation, tuple[Step, ...]]:
    found, made = plan_of(cases.ROOT / case, sql)
    return changes.explain(found, made), made.plan.steps


def way(explanation: Explanation, slug: str, name: str) -> Considered:
    (change,) = (one for one in explanation.changes if one.slug == slug)
    (found,) = (one for one in change.ways if one.name == name)
    return found


def price(steps: tuple[Step, ...]) -> tuple[int, ...]:
    """From the dearest on: rows written, all that waits, rows read."""
    found = [choice.traits((step,)) for step in steps]
    late = (Trait.SCANS, Trait.BUILDS)
    return (
        sum(Trait.BATCHES in one for one in found),
        sum(Trait.WAITS in one and bool(one & {*late}) for one in found),
        sum(bool(one & {*late}) for one in found),
        sum(Trait.WAITS in one for one in found),
        len(steps),
    )


@pytest.mark.parametrize("one", WORDINGS, ids=lambda one: f"{one.slug}-{one.way}")
def test_the_proposed_words_are_planned_and_cheaper(one: Wording) -> None:
    before, dear = told(one.case, one.author)
    _, cheap = told(one.case, one.others)

    assert way(before, one.slug, one.way).wording == one.wording
    assert price(cheap) < price(dear) or one.way == "proved_early"


def test_nulls_that_the_train_fills_stop_no_contract() -> None:
    (one,) = (w for w in WORDINGS if w.way == "proved_early" and "UPDATE" not in w.author)
    (_, dear), (after, cheap) = told(one.case, one.author), told(one.case, one.others)

    assert way(after, one.slug, one.way).verdict is Verdict.TAKEN
    assert price(cheap)[1] < price(dear)[1]
