"""Rows that a plan leaves are compared with those of the plain migration."""

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.conftest import fresh_database
from zdm.model.findings import Finding
from zdm.model.plan import Backfill, Plan, RunSql
from zdm.model.schema import Snapshot
from zdm.planning import conflicts, walk
from zdm.planning.order import fills, new_keys
from zdm.postgres.catalog import read
from zdm.postgres.replay import replay, sample_rows, seeds
from zdm.postgres.replay.comparison import Model, ModelFailedError
from zdm.postgres.replay.replay import Verification
from zdm.postgres.server import copies, shadow
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection
from zdm.workflows import plan_revisions
from zdm.workflows.plan_revisions import PlanRequest, Sources

DOC = "CREATE TABLE doc (id bigint PRIMARY KEY, status text NOT NULL, former text)"
ORDER = {
    "chained updates": (
        "CREATE TABLE doc (id bigint PRIMARY KEY, status text NOT NULL)",
        "UPDATE doc SET status = 'archived' WHERE status = 'deleted';"
        "UPDATE doc SET status = 'deleted' WHERE status = 'hidden';",
    ),
    "copy, then overwrite": (
        DOC,
        "UPDATE doc SET former = status; UPDATE doc SET status = 'review';",
    ),
    "a dropped column decides": (
        "CREATE TABLE application"
        " (id bigint PRIMARY KEY, name text NOT NULL, accepted boolean)",
        "ALTER TABLE application ADD COLUMN state text NOT NULL DEFAULT 'new';"
        "UPDATE application SET state = 'accepted' WHERE accepted = true;"
        "UPDATE application SET state = 'refused' WHERE accepted = false;"
        "ALTER TABLE application DROP COLUMN accepted;",
    ),
    "a filled column's source is widened": (
        "create table t(id int primary key, c varchar(20))",
        "alter table t add column d2 text; update t set d2=upper(c);"
        "alter table t alter column d2 set not null; alter table t alter column c type text;",
    ),
}
FUSED = (
    "ALTER TABLE doc ADD COLUMN number bigint;\n-- zdm: reverse former = number::text\n"
    "UPDATE doc SET number = former::bigint; ALTER TABLE doc DROP COLUMN former;"
)


def none(*_: object) -> tuple[Finding, ...]:
    return ()


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planner's own refusals of an order are off."""
    monkeypatch.setattr(conflicts, "CHECKS", ())
    monkeypatch.setattr(fills, "CHECKS", ())
    monkeypatch.setattr(walk, "conflicts", none)


def proved(server: Server, tmp_path: Path, before: str, migration: str) -> Verification:
    plan, start = planned(server, tmp_path, before, migration)
    return replay.replay(plan, start, server)


def planned(
    server: Server, tmp_path: Path, before: str, migration: str
) -> tuple[Plan, Snapshot]:
    file = tmp_path / "m.sql"
    file.write_text(migration)
    with fresh_database(server) as url, connection.connect(url, name="test") as conn:
        conn.execute(before.encode())
        start = read.read(conn)
    found = plan_revisions.run(
        PlanRequest(root=tmp_path, targets=(str(file),), snapshot=start),
        Sources(live=None, record=None),
    )
    return found.plan, start


@pytest.mark.parametrize("train", ORDER.values(), ids=ORDER)
@pytest.mark.usefixtures("unchecked")
def test_a_lost_order_of_statements_is_found(
    server: Server, tmp_path: Path, train: tuple[str, str]
) -> None:
    found = proved(server, tmp_path, *train)

    assert found.findings


@pytest.mark.parametrize(
    "every_server", [pytest.param(14, marks=pytest.mark.more)], indirect=True
)
@pytest.mark.parametrize("train", ORDER.values(), ids=ORDER)
@pytest.mark.usefixtures("unchecked")
def test_a_lost_order_of_statements_is_found_on_the_oldest_version(
    every_server: Server, tmp_path: Path, train: tuple[str, str]
) -> None:
    found = proved(every_server, tmp_path, *train)

    assert found.findings


@pytest.mark.usefixtures("unchecked")
def test_the_message_names_table_key_column_and_both_values(
    server: Server, tmp_path: Path
) -> None:
    (found,) = proved(server, tmp_path, *ORDER["chained updates"]).findings

    assert found.slug == "rows_differ"
    assert re.fullmatch(
        r"the rows of doc differ: in the row \(id = '-?\d+'\), status is '\w+' after the plain"
        r" migration and '\w+' after the plan",
        found.message,
    )


@pytest.mark.usefixtures("unchecked")
def test_a_write_of_the_old_version_that_gets_lost_is_found(
    server: Server, tmp_path: Path
) -> None:
    (found,) = proved(server, tmp_path, *ORDER["a dropped column decides"]).findings

    assert "the rows of application differ when both versions write" in found.message


def test_what_was_compared_is_counted(server: Server, tmp_path: Path) -> None:
    found = proved(server, tmp_path, DOC, "ALTER TABLE doc RENAME COLUMN former TO earlier")

    assert found.findings == ()
    assert found.compared.tables == 1
    assert found.compared.rows > 200
    assert found.compared.writes > 20


def test_a_column_that_the_migration_fills_at_random_is_named_and_not_compared(
    server: Server, tmp_path: Path
) -> None:
    migration = "ALTER TABLE doc ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid()"
    found = proved(server, tmp_path, DOC, migration)

    assert found.findings == ()
    assert any("doc.token" in note for note in found.notes)


def test_a_default_at_random_is_no_difference(server: Server, tmp_path: Path) -> None:
    found = proved(
        server,
        tmp_path,
        "CREATE TABLE doc (id bigint PRIMARY KEY, status text NOT NULL)",
        "ALTER TABLE doc ADD COLUMN tag uuid;"
        "ALTER TABLE doc ALTER COLUMN tag SET DEFAULT gen_random_uuid();",
    )

    assert found.findings == ()
    assert any("doc.tag" in note for note in found.notes)


def test_rows_on_which_the_migration_itself_fails_are_left_out(
    server: Server, tmp_path: Path
) -> None:
    found = proved(server, tmp_path, DOC, "ALTER TABLE doc ALTER COLUMN former SET NOT NULL")

    assert found.findings == ()
    assert found.compared.rows > 200
    assert any("without rows that its new constraints refuse" in n for n in found.notes)


@pytest.mark.parametrize(
    "key",
    ["FOREIGN KEY (kind) REFERENCES kind (id)", "UNIQUE (code)"],
)
def test_rows_that_a_new_key_refuses_are_left_out(
    server: Server, tmp_path: Path, key: str
) -> None:
    before = (
        "CREATE TABLE kind (id int PRIMARY KEY, name text);"
        "CREATE TABLE doc (id bigint PRIMARY KEY, kind int, code text);"
        "INSERT INTO doc VALUES (1, 1, 'a'); ANALYZE doc"
    )
    migration = f"UPDATE doc SET code = 'a' WHERE id = 1; ALTER TABLE doc ADD {key}"
    found = proved(server, tmp_path, before, migration)

    assert found.findings == ()
    assert found.compared.rows > 40
    assert found.compared.writes > 10
    assert any("edge values, NULLs and duplicates, without rows" in n for n in found.notes)


def test_rows_that_a_trigger_makes_break_a_constraint_when_they_are_filled_are_left_out(
    server: Server, tmp_path: Path
) -> None:
    before = (
        "CREATE TABLE doc (id bigint PRIMARY KEY, code text NOT NULL UNIQUE, size int);"
        "CREATE FUNCTION small() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN NEW.code := left(lower(NEW.code), 6); RETURN NEW; END$$;"
        "CREATE TRIGGER small BEFORE INSERT OR UPDATE ON doc"
        " FOR EACH ROW EXECUTE FUNCTION small()"
    )
    found = proved(server, tmp_path, before, "ALTER TABLE doc RENAME COLUMN size TO bytes")

    assert found.findings == ()
    assert found.compared.rows > 10
    (note,) = [n for n in found.notes if n.startswith("the rows compared")]
    assert "refuses once the tables' triggers fire" in note
    assert "duplicate key value" in note


@pytest.mark.parametrize(
    ("when", "body"),
    [
        ("WHEN (OLD.* IS DISTINCT FROM NEW.*)", "NEW.at := now()"),
        ("", "IF NEW IS DISTINCT FROM OLD THEN NEW.at := now(); END IF"),
    ],
)
@pytest.mark.parametrize("change", ["RENAME COLUMN size TO bytes", "ALTER size TYPE bigint"])
def test_what_a_trigger_sets_in_rows_that_change_is_not_compared_where_a_fill_changes_them(
    server: Server, tmp_path: Path, when: str, body: str, change: str
) -> None:
    before = (
        "CREATE TABLE doc (id bigint PRIMARY KEY, size int, at timestamptz DEFAULT now());"
        "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$BEGIN {body}; RETURN NEW; END$$;"
        f"CREATE TRIGGER touched BEFORE UPDATE ON doc FOR EACH ROW {when}"
        " EXECUTE FUNCTION touch()"
    )
    found = proved(server, tmp_path, before, f"ALTER TABLE doc {change}")

    assert found.findings == ()
    assert any("doc.at" in note for note in found.notes)


@pytest.mark.parametrize("analyzed", ["", "; ANALYZE doc"], ids=["batches", "few rows"])
def test_what_the_old_version_writes_behind_a_copy_of_a_renamed_column_is_not_compared(
    server: Server, tmp_path: Path, analyzed: str
) -> None:
    before = (
        "CREATE TABLE doc (id int PRIMARY KEY, size int NOT NULL, code text NOT NULL UNIQUE);"
        f"INSERT INTO doc SELECT n, n, n FROM generate_series(1, 20) AS n{analyzed}"
    )
    migration = (
        "ALTER TABLE doc RENAME COLUMN size TO bytes;\n"
        "CREATE TABLE copied (said text, of_key int NOT NULL UNIQUE);\n"
        "INSERT INTO copied SELECT d.bytes::text, d.id FROM doc AS d;"
    )
    found = proved(server, tmp_path, before, migration)

    assert found.findings == ()
    assert found.compared.writes > 10


@pytest.mark.parametrize("first", [True, False])
def test_writes_to_rows_that_row_security_hides_in_the_end_are_not_compared(
    server: Server, tmp_path: Path, first: bool
) -> None:
    before = (
        "CREATE TABLE doc (id int PRIMARY KEY, size int);"
        "GRANT SELECT, INSERT, UPDATE, DELETE ON doc TO PUBLIC"
    )
    policy = "CREATE POLICY p ON doc USING (size > 3 OR size IS NULL)"
    secure = "ALTER TABLE doc ENABLE ROW LEVEL SECURITY"
    statements = (policy, secure) if first else (secure, policy)
    found = proved(server, tmp_path, before, "; ".join(statements))

    assert found.findings == ()
    assert any("that row security hides" in note for note in found.notes)
    assert found.compared.writes > 5


def test_what_the_old_version_writes_behind_a_copy_in_the_expand_phase_is_not_compared(
    server: Server, tmp_path: Path
) -> None:
    before = (
        "CREATE TABLE doc (id int PRIMARY KEY, size int, code text);"
        "INSERT INTO doc SELECT n, n, n FROM generate_series(1, 20) AS n; ANALYZE doc"
    )
    migration = (
        "CREATE TABLE copied (said text, of_key int PRIMARY KEY);\n"
        "INSERT INTO copied (of_key, said) SELECT d.id, d.code FROM doc AS d"
        " WHERE d.id NOT IN (3, 4);\n"
        "ALTER TABLE doc RENAME COLUMN size TO bytes;"
    )
    found = proved(server, tmp_path, before, migration)

    assert found.findings == ()
    assert found.compared.writes > 10


def test_what_the_old_version_repeats_behind_a_new_key_is_named_and_not_compared(
    server: Server, tmp_path: Path
) -> None:
    before = (
        "CREATE TABLE kind (id int PRIMARY KEY);"
        "CREATE TABLE doc (id bigint PRIMARY KEY, kind int NOT NULL REFERENCES kind)"
    )
    migration = (
        "DELETE FROM doc a USING doc b WHERE a.id > b.id AND a.kind = b.kind;"
        "CREATE UNIQUE INDEX doc_kind ON doc (kind);"
    )
    found = proved(server, tmp_path, before, migration)

    assert found.findings == ()
    assert any("doc_kind" in note for note in found.notes)


def test_writes_that_the_migration_refuses_are_left_out_and_the_others_compared(
    server: Server, tmp_path: Path
) -> None:
    found = proved(
        server,
        tmp_path,
        "CREATE TABLE doc (id bigint PRIMARY KEY, code text);"
        "INSERT INTO doc VALUES (1, 'a'); ANALYZE doc",
        "UPDATE doc SET code = 'good' WHERE code = 'bad';"
        "ALTER TABLE doc ADD CONSTRAINT fine CHECK (code IN ('good', 'a'));",
    )

    assert found.findings == ()
    assert found.compared.writes > 0
    assert any("does not take" in note for note in found.notes)


def test_an_update_before_a_check_is_proved_on_the_rows_that_it_corrects(
    server: Server, tmp_path: Path
) -> None:
    plan, start = planned(
        server,
        tmp_path,
        "CREATE TABLE doc (id bigint PRIMARY KEY, code text);"
        "INSERT INTO doc VALUES (1, 'a'); ANALYZE doc",
        "UPDATE doc SET code = 'good' WHERE code = 'bad';"
        "ALTER TABLE doc ADD CONSTRAINT fine CHECK (code <> 'worse');",
    )
    wrong = [
        replace(step, sql=tuple(sql.replace("= 'good'", "= 'best'") for sql in step.sql))
        if isinstance(step, RunSql)
        else step
        for step in plan.steps
    ]
    found = replay.replay(replace(plan, steps=tuple(wrong)), start, server)

    assert tuple(wrong) != plan.steps
    assert {one.slug for one in found.findings} == {"rows_differ"}


def test_a_plan_that_fails_on_rows_that_the_migration_takes_is_found(
    server: Server, tmp_path: Path
) -> None:
    plan, start = planned(server, tmp_path, DOC, "UPDATE doc SET former = 'x'")
    steps = tuple(
        replace(s, assignments=(replace(s.assignments[0], expression="'x' || (id::int2)"),))
        if isinstance(s, Backfill)
        else s
        for s in plan.steps
    )
    found = replay.replay(replace(plan, steps=steps), start, server)

    assert [one.slug for one in found.findings] == ["data_refused"]


def test_a_write_that_the_migration_itself_does_not_take_is_no_fault_of_the_plan(
    server: Server, tmp_path: Path
) -> None:
    found = proved(server, tmp_path, DOC, FUSED)

    assert found.findings == ()
    assert found.compared.writes > 20
    assert any("the migration itself does not take it" in note for note in found.notes)


def test_what_the_new_version_writes_to_a_source_of_a_fill_is_named_and_not_compared(
    server: Server, tmp_path: Path
) -> None:
    migration = (
        "ALTER TABLE doc ADD COLUMN loud text;"
        "UPDATE doc SET loud = coalesce(upper(former), '4');"
        "ALTER TABLE doc ALTER COLUMN loud SET NOT NULL;"
    )
    found = proved(server, tmp_path, DOC, migration)

    assert found.findings == ()
    assert any("the new version's UPDATE of doc.former" in note for note in found.notes)


def test_a_write_for_which_the_expression_of_a_fill_fails_is_no_fault_of_the_plan(
    server: Server, tmp_path: Path
) -> None:
    migration = (
        "ALTER TABLE doc ADD COLUMN number int; UPDATE doc SET number = substr(status, 2)::int;"
        "ALTER TABLE doc ALTER COLUMN number SET NOT NULL;"
    )
    found = proved(server, tmp_path, DOC, migration)

    assert found.findings == ()


def test_a_note_is_given_once(server: Server, tmp_path: Path) -> None:
    migration = "ALTER TABLE doc ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid()"
    found = proved(server, tmp_path, DOC, migration)

    assert len(found.notes) == len({*found.notes})


def test_a_unique_index_is_made_beside_writes_of_rows_that_share_no_values(
    server: Server, tmp_path: Path
) -> None:
    found = proved(server, tmp_path, DOC, "CREATE UNIQUE INDEX one_each ON doc (former)")

    assert found.findings == ()
    assert found.compared.rows > 200
    assert found.compared.writes > 20


def test_plainer_rows_are_without_what_the_error_is_about() -> None:
    first = seeds.LADDER[0]
    others = seeds.plainer(first, "23505")

    assert others == replace(first, first=sample_rows.HIGH)
    for state in ("23502", "23503", "23514"):
        assert seeds.plainer(first, state) == replace(first, fits=True)
    assert seeds.plainer(others, "23505") == replace(others, fits=True)
    fitting = replace(first, fits=True)
    assert not seeds.plainer(replace(others, fits=True), "23505").twice
    assert not seeds.plainer(fitting, "23503").twice
    assert not seeds.plainer(fitting, "23502").nulls
    assert seeds.plainer(fitting, "23502").edges
    assert not seeds.plainer(first, "22P02").edges


def test_the_ladder_ends_without_rows_whatever_the_error() -> None:
    for state in ("23505", "23503", "23502", "23514", "22P02", None):
        seeding, seen = seeds.LADDER[0], 0
        while seeding.first is not None:
            seeding, seen = seeds.plainer(seeding, state), seen + 1

        assert seen <= len(seeds.LADDER) + 2


def test_a_migration_that_fails_when_it_is_run_again_is_named_and_not_compared(
    server: Server,
) -> None:
    def fails(_dsn: str, _conn: Connection) -> None:
        raise ModelFailedError("it is Sunday")

    with fresh_database(server) as url:
        with connection.connect(url, name="test") as conn:
            conn.execute(DOC)
            snapshot = read.read(conn)
        shadow.save_template(server, url, DOC)
        with (
            copies.of(server, DOC, snapshot) as made,
            connection.connect(url, name="test") as conn,
        ):
            model = Model(
                copies=made,
                start=(),
                tables=snapshot.tables,
                written=(),
                drawn=frozenset(),
                again=fails,
            )
            model.read(conn)
            conn.execute("INSERT INTO doc VALUES (1, 'open')")
            outcome = model.compare(conn)

    assert outcome.found == ()
    assert outcome.notes == (
        "the rows of doc were not compared, because the migration itself, run again, fails: it"
        " is Sunday",
    )


T = "CREATE TABLE t (id bigint PRIMARY KEY, role text, code text)"
ADDED = "ALTER TABLE t ADD CONSTRAINT t_code UNIQUE (code);"
BEHIND_A_FILL = (
    "UPDATE t SET role = 'member' WHERE role IS NULL; CREATE UNIQUE INDEX t_code ON t (code);"
)
UNLESS_THERE = "INSERT INTO t (id, code) VALUES (1000, 'c1') ON CONFLICT DO NOTHING;"
BY_CODE = (
    "INSERT INTO t (id, code) VALUES (1000, 'c1') ON CONFLICT (code) DO UPDATE SET code = 'c2'"
)


@pytest.mark.parametrize("key", [ADDED, BEHIND_A_FILL])
@pytest.mark.parametrize("insert", [UNLESS_THERE, BY_CODE])
def test_an_insert_before_the_key_that_it_counts_on_is_found(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, insert: str
) -> None:
    monkeypatch.setattr(new_keys, "table", lambda _: None)
    found = proved(server, tmp_path, T, key + insert)

    assert found.findings


AUDIT = (
    "CREATE TABLE audit (id bigserial PRIMARY KEY, t text, k bigint);"
    "CREATE TABLE a (id bigint PRIMARY KEY, x int);"
    "CREATE FUNCTION l() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN"
    " INSERT INTO public.audit(t,k) VALUES (TG_OP, coalesce(NEW.id, OLD.id));"
    " RETURN coalesce(NEW, OLD); END$$;"
    "CREATE TRIGGER l AFTER INSERT OR UPDATE OR DELETE ON a"
    " FOR EACH ROW EXECUTE FUNCTION l();"
    "INSERT INTO a SELECT g, g FROM generate_series(1, 30) g;"
)
ANALYZED = f"{AUDIT}ANALYZE;"
BARE = AUDIT.replace("public.", "")


@pytest.mark.parametrize(
    "migration", ["UPDATE a SET x = 0 WHERE x = 1;", "DELETE FROM a WHERE x = 1;"]
)
@pytest.mark.parametrize("before", [AUDIT, ANALYZED, BARE, f"{BARE}ANALYZE;"])
def test_the_numbers_that_a_log_of_a_trigger_gives_its_rows_are_not_compared(
    server: Server, tmp_path: Path, before: str, migration: str
) -> None:
    assert proved(server, tmp_path, before, migration).findings == ()


@pytest.mark.parametrize("kind", ["serial", "bigint GENERATED ALWAYS AS IDENTITY"])
def test_which_row_has_which_number_is_not_compared(
    server: Server, tmp_path: Path, kind: str
) -> None:
    """PostgreSQL numbers rows as they lie, zdm by key, and writes draw numbers between."""
    before = (
        "CREATE TABLE doc (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
        " size smallint DEFAULT 7 NOT NULL, email text NOT NULL)"
    )

    found = proved(server, tmp_path, before, f"ALTER TABLE doc ADD COLUMN number {kind};")

    assert found.findings == ()
