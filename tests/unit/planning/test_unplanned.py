"""Changes of whole objects that get no plan are refused by what they change, not as unread."""

import pytest

from tests.unit import schemas
from zdm.model.schema import Column, Name, Snapshot, Table, Type
from zdm.planning import classify

POSITIVE = Type(
    name=Name("public", "positive"),
    kind="domain",
    definition="CREATE DOMAIN public.positive AS integer",
)
PAIR = Type(
    name=Name("public", "pair"),
    kind="composite",
    definition="CREATE TYPE public.pair AS (a integer)",
)
PRICED = Table(
    name=Name("public", "priced"),
    columns=(
        Column(name="price", type="public.positive"),
        Column(name="both", type="public.pair"),
        Column(name="id", type="bigint", identity="always", not_null=True),
    ),
)


def start() -> Snapshot:
    return schemas.snapshot(schemas.users(), PRICED, types=(PAIR, POSITIVE))


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("ALTER PUBLICATION p OWNER TO app;", "a snapshot holds no owners"),
        ("ALTER STATISTICS s OWNER TO app;", "a snapshot holds no owners"),
        ("ALTER AGGREGATE f(int) OWNER TO app;", "a snapshot holds no owners"),
        ("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO app;", "from then on"),
        (
            "ALTER DOMAIN positive ADD CONSTRAINT c CHECK (VALUE > 0);",
            "takes SHARE on priced and reads every row",
        ),
        ("ALTER DOMAIN positive VALIDATE CONSTRAINT c;", "takes SHARE on priced"),
        ("ALTER DOMAIN positive SET NOT NULL;", "takes SHARE on priced"),
        (
            "ALTER DOMAIN positive ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID;",
            "writes of the old version",
        ),
        ("ALTER DOMAIN positive DROP CONSTRAINT c;", "accepts values that it refused before"),
        ("ALTER DOMAIN positive DROP NOT NULL;", "accepts values that it refused before"),
        ("ALTER DOMAIN positive SET DEFAULT 1;", "another default"),
        ("ALTER DOMAIN positive DROP DEFAULT;", "another default"),
        ("ALTER DOMAIN positive RENAME CONSTRAINT c TO d;", "errors of both versions"),
        ("ALTER TYPE pair ADD ATTRIBUTE b text;", "at once (priced.both)"),
        ("ALTER TYPE public.pair DROP ATTRIBUTE a;", "at once (priced.both)"),
        ("ALTER TYPE pair RENAME ATTRIBUTE a TO b;", "at once (priced.both)"),
        ("ALTER TYPE pair ALTER ATTRIBUTE a TYPE bigint;", "PostgreSQL refuses it"),
        ("ALTER STATISTICS s SET STATISTICS 9;", "what the statistics s were before"),
        ("ALTER STATISTICS s RENAME TO other;", "what the statistics s were before"),
        ("ALTER PUBLICATION p ADD TABLE users;", "subscribers of p stop"),
        ("ALTER PUBLICATION p DROP TABLE users;", "a table that it loses"),
        ("ALTER PUBLICATION p SET TABLE users;", "a table that it loses"),
        ("ALTER EXTENSION citext UPDATE;", "has no way back"),
        ("ALTER EXTENSION citext DROP TABLE users;", "what belongs to the extension"),
    ],
)
def test_the_refusal_says_what_it_changes(sql: str, words: str) -> None:
    (refused,) = classify.classify(schemas.train(sql), start()).refused

    assert refused.slug == "object_not_changed"
    assert words in refused.message
