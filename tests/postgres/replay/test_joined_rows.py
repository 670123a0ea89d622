"""Batches that take rows from other tables are proved on rows that match."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.postgres.replay.test_data_proof import none, planned, proved
from zdm.model.plan import RunSql
from zdm.postgres.replay import replay
from zdm.postgres.replay.replay import Verification
from zdm.postgres.server.provider import Server
from zdm.recipes.reading import correlated

PRICES = (
    "CREATE TABLE s (id bigint PRIMARY KEY, price int);"
    "CREATE TABLE t (id bigint PRIMARY KEY, total int, hist jsonb)"
)
ONCE_REFUSED = {
    "a column of that name in another table": (
        "CREATE TABLE tx (id bigint PRIMARY KEY, account_id bigint, amount int, balance int);"
        "CREATE TABLE accounts (id bigint PRIMARY KEY, balance int NOT NULL)",
        "UPDATE accounts SET balance = balance + (SELECT coalesce(sum(amount), 0) FROM tx"
        " WHERE tx.account_id = accounts.id);",
    ),
    "a column that refers to the table": (
        "CREATE TABLE accounts (id bigint PRIMARY KEY, balance int NOT NULL);"
        "CREATE TABLE tx (id bigint PRIMARY KEY, account_id bigint REFERENCES accounts,"
        " amount int, balance int)",
        "UPDATE accounts SET balance = balance + (SELECT coalesce(sum(amount), 0) FROM tx"
        " WHERE tx.account_id = accounts.id);",
    ),
    "the whole row": (
        PRICES,
        "UPDATE t SET hist = jsonb_build_object('was', to_jsonb(t), 'price', s.price)"
        " FROM s WHERE s.id = t.id;",
    ),
    "a field of the row": (
        PRICES,
        "UPDATE t SET total = (SELECT s.price + (t).total FROM s WHERE s.id = t.id);",
    ),
    "other rows of the same table": (
        "CREATE TABLE t (id bigint PRIMARY KEY, parent bigint, doc jsonb)",
        "UPDATE t SET doc = to_jsonb(p) FROM t AS p WHERE p.id = t.parent;",
    ),
    "texts that are compared": (
        "CREATE TABLE s (email varchar(40) PRIMARY KEY, price int);"
        "CREATE TABLE t (id bigint PRIMARY KEY, mail text, total int)",
        "UPDATE t SET total = (SELECT s.price + (t).total FROM s WHERE s.email = t.mail);",
    ),
    "a flag that is compared with a constant": (
        "CREATE TABLE s (id bigint PRIMARY KEY, code text NOT NULL, state text, price int);"
        "CREATE TABLE t (id bigint PRIMARY KEY, code text, total int)",
        "UPDATE t SET total = (t).total + s.price FROM s"
        " WHERE s.code = t.code AND s.state = 'sold';",
    ),
}


@pytest.fixture
def unrefused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planner's own refusals of an UPDATE that reads what it sets are off."""
    for name in ("_overwrites", "_may_overwrite", "_whole_rows", "_reads_what_it_sets"):
        monkeypatch.setattr(correlated, name, none)


def slugs(found: Verification) -> set[str]:
    return {one.slug for one in found.findings}


@pytest.mark.parametrize("train", ONCE_REFUSED.values(), ids=ONCE_REFUSED)
@pytest.mark.usefixtures("unrefused")
def test_batches_that_read_what_they_set_are_found(
    server: Server, tmp_path: Path, train: tuple[str, str]
) -> None:
    found = proved(server, tmp_path, *train)

    assert slugs(found) & {"backfill_unfinished", "rows_differ", "data_refused"}


RIGHT = {
    "a key": (PRICES, "UPDATE t SET total = s.price FROM s WHERE s.id = t.id;"),
    "rows of which several may match": (
        "CREATE TABLE s (id bigint PRIMARY KEY, user_id bigint, org text, seen date);"
        "CREATE TABLE t (id bigint PRIMARY KEY, org text)",
        "UPDATE t SET org = s.org FROM s WHERE s.user_id = t.id AND s.seen IS NOT NULL;",
    ),
    "a sum": (
        "CREATE TABLE tx (id bigint PRIMARY KEY, account_id bigint, amount int NOT NULL);"
        "CREATE TABLE accounts (id bigint PRIMARY KEY, balance int)",
        "UPDATE accounts SET balance = (SELECT sum(amount) FROM tx"
        " WHERE tx.account_id = accounts.id);",
    ),
    "rows that a DELETE looks for": (
        "CREATE TABLE s (id bigint PRIMARY KEY, t_id bigint);"
        "CREATE TABLE t (id bigint PRIMARY KEY, name text)",
        "DELETE FROM t USING s WHERE s.t_id = t.id;",
    ),
    "rows that a DELETE does not find": (
        "CREATE TABLE s (id bigint PRIMARY KEY, t_id bigint);"
        "CREATE TABLE t (id bigint PRIMARY KEY, name text)",
        "DELETE FROM t WHERE NOT EXISTS (SELECT FROM s WHERE s.t_id = t.id);",
    ),
}


@pytest.mark.parametrize("train", RIGHT.values(), ids=RIGHT)
def test_batches_that_do_what_the_migration_does_are_verified(
    server: Server, tmp_path: Path, train: tuple[str, str]
) -> None:
    found = proved(server, tmp_path, *train)

    assert found.findings == ()
    assert found.compared.tables == 2


@pytest.mark.parametrize("hidden", ["t", "s"])
def test_tables_whose_rows_are_hidden_from_their_owner_get_no_rows_that_match(
    server: Server, tmp_path: Path, hidden: str
) -> None:
    found = proved(
        server,
        tmp_path,
        "CREATE TABLE s (id bigint PRIMARY KEY);"
        "CREATE TABLE t (id bigint PRIMARY KEY, s_id bigint, old int);"
        f"ALTER TABLE {hidden} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        "ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (s_id) REFERENCES s (id);\n"
        "ALTER TABLE t DROP COLUMN old;",
    )

    assert found.findings == ()


def test_a_trigger_of_the_train_that_fires_for_a_fill_behind_it_is_found(
    server: Server, tmp_path: Path
) -> None:
    plan, start = planned(
        server,
        tmp_path,
        "CREATE TABLE t (id bigint PRIMARY KEY, role text, touched text DEFAULT '-')",
        "UPDATE t SET role = 'member' WHERE role IS NULL;\n"
        "-- zdm: run in expand -- both versions can live with it\n"
        "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN NEW.touched := 'yes'; RETURN NEW; END$$;\n"
        "-- zdm: run in expand -- both versions can live with it\n"
        "CREATE TRIGGER a_touch BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch();",
    )
    turned = sorted(plan.steps, key=lambda s: not (isinstance(s, RunSql) and s.as_written))

    assert slugs(replay.replay(plan, start, server)) == set()
    assert slugs(replay.replay(replace(plan, steps=tuple(turned)), start, server)) == {
        "rows_differ"
    }


def test_the_new_version_leaves_what_a_trigger_of_the_parent_converts(
    server: Server, tmp_path: Path
) -> None:
    found = proved(
        server,
        tmp_path,
        "CREATE TABLE t (id int PRIMARY KEY, email smallint DEFAULT 7, note text)"
        " PARTITION BY RANGE (id);"
        "CREATE TABLE p0 PARTITION OF t FOR VALUES FROM (MINVALUE) TO (12);"
        "CREATE TABLE p1 PARTITION OF t FOR VALUES FROM (12) TO (MAXVALUE);",
        "ALTER TABLE t ADD COLUMN fresh smallint;\nUPDATE t SET fresh = coalesce(email, 0);",
    )

    assert found.findings == ()


def test_tables_that_a_function_of_few_rows_writes_are_claimed(
    server: Server, tmp_path: Path
) -> None:
    before = (
        "CREATE TABLE cfg (k text PRIMARY KEY, v int);"
        "CREATE TABLE big (id bigint PRIMARY KEY, n int);"
        "CREATE FUNCTION bump() RETURNS int LANGUAGE plpgsql"
        " AS 'BEGIN UPDATE big SET n = n + 1; RETURN 1; END'"
    )
    found = proved(server, tmp_path, before, "UPDATE cfg SET v = bump() WHERE k = 'a';")

    assert slugs(found) == set()
