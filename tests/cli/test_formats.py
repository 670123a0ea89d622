"""A database whose settings change how values are printed: keys are walked, and the author's
text means what it means to the role."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Zdm
from tests.conftest import fresh_database, lasting
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection

ROWS = 3_000  # several batches
# a key of each type whose text depends on a setting, or is odd
KEYS = {
    "float8": "(g / 7.0)::float8",
    "real": "(g / 7.0)::real",
    "timestamptz": "'2024-01-01'::timestamptz + g * interval '7 hours 1 second'",
    "timestamp": "'2024-01-01'::timestamp + g * interval '7 hours 1 second'",
    "timetz": "'00:00+05:45'::timetz + g * interval '1 second'",
    "date": "'2020-01-01'::date + g",
    "interval": "make_interval(months => g % 13, days => g, secs => -(g::float8) / 3)",
    "numeric": "CASE g WHEN 5 THEN 'NaN' WHEN 6 THEN '-1' ELSE (g / 3.0)::text END::numeric",
    "bytea": "decode(md5(g::text), 'hex')",
    "tstzrange": "tstzrange('2024-01-01'::timestamptz + g * interval '7 hours', NULL)",
    "text": "chr(97 + g % 26) || E'\\\\n''{},\"' || g",
    "jsonb": "jsonb_build_object('k', g)",
}
SETTINGS = (
    "datestyle = 'SQL, DMY'",
    "intervalstyle = 'sql_standard'",
    "timezone = 'Asia/Kathmandu'",
    "bytea_output = 'escape'",
    "extra_float_digits = -5",
)
TOML = '[rollout]\npolls = 1\npoll_interval = "10ms"\nrevert_window = "0s"\nsessions = "warn"\n'
EXECUTE = ("execute", "plan.yaml", "--assume-deployed", "--approve", "--pacing", "full")


@pytest.fixture(
    scope="module", params=[pytest.param(14, marks=pytest.mark.more), 18], ids=["14", "18"]
)
def server(request: pytest.FixtureRequest) -> Server:
    return lasting(request.param)


@pytest.fixture
def odd(server: Server, tmp_path: Path) -> Iterator[str]:
    """A database with those settings."""
    (tmp_path / "zdm.toml").write_text(TOML)
    with fresh_database(server) as url:
        name = url.rpartition("/")[2]
        with connection.connect(url, name="tests") as opened:
            for setting in SETTINGS:
                opened.execute(f'ALTER DATABASE "{name}" SET {setting}'.encode())
        yield url


def ask(url: str, *statements: str) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    with connection.connect(url, name="tests") as opened:
        for statement in statements:
            cursor = opened.execute(statement.encode())
            rows = cursor.fetchall() if cursor.description else []
    return rows


def run(zdm: Zdm, url: str, folder: Path, sql: str) -> str:
    """Plan it, execute it; what was said."""
    (folder / "0009.sql").write_text(sql)
    made = zdm("plan", "0009.sql", "--no-verify", "-o", "plan.yaml", "--database", url)
    assert made.code == 0, made.err
    done = zdm(*EXECUTE, "--database", url)
    assert done.code == 0, done.err
    return done.err


def test_a_table_is_filled_by_a_key_of_any_type(zdm: Zdm, odd: str, tmp_path: Path) -> None:
    for kind, value in KEYS.items():
        ask(
            odd,
            f"CREATE TABLE k_{kind} (id {kind} PRIMARY KEY, v text)",
            f"INSERT INTO k_{kind} SELECT {value}, 'o' FROM generate_series(1, {ROWS}) AS g",
            f"ANALYZE k_{kind}",
        )
    run(zdm, odd, tmp_path, "".join(f"UPDATE k_{k} SET v = 'n' WHERE v = 'o';\n" for k in KEYS))
    counts = {
        kind: ask(odd, f"SELECT count(*) FILTER (WHERE v = 'n'), count(*) FROM k_{kind}")[0]
        for kind in KEYS
    }

    assert counts == dict.fromkeys(KEYS, (ROWS, ROWS))


def test_the_authors_text_is_read_and_printed_as_the_role_does(
    zdm: Zdm, odd: str, tmp_path: Path
) -> None:
    ask(
        odd,
        "CREATE TABLE t (id timestamptz PRIMARY KEY, f float8, v text)",
        "INSERT INTO t SELECT '2024-01-01 12:00+00'::timestamptz + g * interval '1 day',"
        f" g / 7.0, NULL FROM generate_series(1, {ROWS}) AS g",
        "ANALYZE t",
    )
    run(
        zdm,
        odd,
        tmp_path,
        "ALTER TABLE t ADD COLUMN d date DEFAULT '01/02/2026';\n"
        "UPDATE t SET v = '01/02/2026'::date::text || ' ' || f::text WHERE v IS NULL;\n",
    )
    rows = ask(odd, "SELECT DISTINCT d FROM t")
    texts = ask(odd, "SELECT v FROM t WHERE f = 1 / 7.0::float8")

    assert [str(d) for (d,) in rows] == ["2026-02-01"]
    assert texts == [("01/02/2026 0.1428571429",)]


def test_every_command_reads_times_whatever_the_database_has_set(
    zdm: Zdm, odd: str, tmp_path: Path
) -> None:
    ask(odd, "CREATE TABLE t (id int PRIMARY KEY)")
    (tmp_path / "0009.sql").write_text("ALTER TABLE t ADD COLUMN a int;\n")
    commands = (
        ("plan", "0009.sql", "--no-verify", "-o", "plan.yaml"),
        ("execute", "plan.yaml", "--until", "expanded"),
        ("doctor",),
        ("pause",),
        ("status", "--json"),
        ("status", "--prometheus"),
        ("guard", "--version", "old"),
        ("resume",),
        ("approve",),
        ("rollback",),
    )
    with connection.connect(odd, name="psql", tuned=False):
        answers = {one: zdm(*one, "--database", odd) for one in commands}

    assert {one: answer.code for one, answer in answers.items()} == dict.fromkeys(commands, 0)


def test_a_datestyle_that_the_author_sets_is_no_hindrance(
    zdm: Zdm, odd: str, tmp_path: Path
) -> None:
    ask(
        odd,
        "CREATE TABLE t (id timestamptz PRIMARY KEY, v text)",
        f"INSERT INTO t SELECT '2024-01-01'::timestamptz + g * interval '1 day'"
        f" FROM generate_series(1, {ROWS}) AS g",
        "ANALYZE t",
    )
    run(
        zdm,
        odd,
        tmp_path,
        "SET DateStyle = 'German, DMY';\n"
        "UPDATE t SET v = '01.02.2026'::date::text WHERE v IS NULL;\n",
    )

    assert ask(odd, "SELECT DISTINCT v FROM t") == [("01.02.2026",)]
