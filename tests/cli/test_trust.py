"""Plans that are not the reviewed ones: another digest, no signature, smuggled statements."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.cli.conftest import Zdm
from zdm.model.plan import Plan, RunSql
from zdm.parse import split
from zdm.postgres.session import connection
from zdm.serialize import plan_file
from zdm.workflows import plan_signature

SCHEMA = "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);\n"
MIGRATION = "ALTER TABLE users ADD nick text;\n"
SETTINGS = '[rollout]\npolls = 1\npoll_interval = "10ms"\nsessions = "warn"\n'
SMUGGLED = "UPDATE public.users SET email = 'pwned'"
PLAN = Path("plan.yaml")
ANYBODY = "0" * 64


@pytest.fixture
def shop(database: str, zdm: Zdm, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database with a table, and a plan for it in the current folder."""
    planned(database, zdm, monkeypatch)
    return database


def planned(url: str, zdm: Zdm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZDM_DATABASE_URL", url)
    with connection.connect(url, name="tests") as opened:
        opened.execute(SCHEMA.encode())
    Path("0007.sql").write_text(MIGRATION)
    Path("zdm.toml").write_text(SETTINGS)
    answer = zdm("plan", "--no-verify", "0007.sql", "-o", str(PLAN))

    assert answer.code == 0, answer.err


def read() -> Plan:
    return plan_file.loads(PLAN.read_text(), str(PLAN))


def smuggle() -> None:
    """Edit the plan as an attacker does, with a digest that fits."""
    plan = read()
    step = plan.steps[0]

    assert isinstance(step, RunSql)

    edited = replace(step, sql=(*step.sql, SMUGGLED))
    PLAN.write_text(plan_file.dumps(replace(plan, steps=(edited, *plan.steps[1:]))))


def columns(url: str) -> list[str]:
    with connection.connect(url, name="tests") as opened:
        rows = opened.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'users'::regclass"
            " AND attnum > 0 ORDER BY attnum"
        )
        return [name for (name,) in rows]


def key(name: str) -> str:
    """A new key pair; its public part."""
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", name]
    subprocess.run(command, check=True)
    return Path(f"{name}.pub").read_text()


def sign(name: str, namespace: str = plan_signature.NAMESPACE) -> None:
    Path("plan.yaml.sig").unlink(missing_ok=True)
    command = ["ssh-keygen", "-Y", "sign", "-n", namespace, "-f", name, str(PLAN)]
    subprocess.run(command, check=True, capture_output=True)


@pytest.mark.usefixtures("shop")
def test_verify_refuses_a_smuggled_statement(zdm: Zdm) -> None:
    is_refused_once_smuggled(zdm)


def test_verify_refuses_a_smuggled_statement_on_every_version(
    zdm: Zdm, every_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(every_database, zdm, monkeypatch)
    is_refused_once_smuggled(zdm)


def is_refused_once_smuggled(zdm: Zdm) -> None:
    """What verify says of the plan before and after."""
    before = zdm("verify", str(PLAN))
    smuggle()
    answer = zdm("verify", str(PLAN))

    assert before.code == 0, before.err
    assert answer.code == 3
    assert answer.err.splitlines()[:2] == [
        "error: the plan 0007 does not follow from its statements: it was edited, or made by"
        " another version of zdm",
        f"  `sql` of the step {read().steps[0].id} does not follow from them",
    ]


@pytest.mark.usefixtures("shop")
def test_verify_refuses_statements_that_are_not_those_of_the_file(zdm: Zdm) -> None:
    """The plan follows from its statements, and names a file that holds others."""
    other = "ALTER TABLE users ADD other text;\n"
    Path("0007.sql").write_text(other)
    zdm("plan", "--no-verify", "0007.sql", "-o", str(PLAN))
    Path("0007.sql").write_text(MIGRATION)
    files = (split.source_file(MIGRATION.encode(), "0007.sql"),)
    PLAN.write_text(plan_file.dumps(replace(read(), files=files)))
    answer = zdm("verify", str(PLAN))

    assert answer.code == 3
    assert answer.err.startswith("error: the statements in the plan 0007 are not those of 0007")


def test_a_run_prints_the_digest_that_the_review_showed(zdm: Zdm, shop: str) -> None:
    review = zdm("plan", "--no-verify", "0007.sql", "--format", "markdown").out
    answer = zdm("execute", str(PLAN), "--until", "expanded")
    digest = plan_file.digest(read())

    assert f"plan digest `{digest}`" in review
    assert digest in answer.err.splitlines()[0]
    assert columns(shop) == ["id", "email", "nick"]


def test_the_expected_plan_runs(zdm: Zdm, shop: str) -> None:
    digest = plan_file.digest(read())
    answer = zdm("execute", str(PLAN), "--until", "expanded", "--expect", digest)

    assert answer.code == 0, answer.err
    assert columns(shop) == ["id", "email", "nick"]


@pytest.mark.parametrize(("expected", "code"), [(ANYBODY, 3), ("4f", 2), ("", 2)])
def test_another_plan_than_the_expected_one_is_refused(
    zdm: Zdm, shop: str, expected: str, code: int
) -> None:
    answer = zdm("execute", str(PLAN), "--until", "expanded", "--expect", expected)

    assert answer.code == code
    assert columns(shop) == ["id", "email"]


def test_a_signed_plan_runs(zdm: Zdm, shop: str) -> None:
    Path("signers").write_text(f"dba@example.org {key('dba')}")
    sign("dba")
    answer = zdm("execute", str(PLAN), "--until", "expanded", "--allowed-signers", "signers")

    assert answer.code == 0, answer.err
    assert columns(shop) == ["id", "email", "nick"]


def test_the_settings_can_ask_for_a_signature(zdm: Zdm, shop: str) -> None:
    Path("signers").write_text(f"dba@example.org {key('dba')}")
    Path("zdm.toml").write_text(f'{SETTINGS}[execute]\nallowed_signers = "signers"\n')
    unsigned = zdm("execute", str(PLAN), "--until", "expanded")
    before = columns(shop)
    sign("dba")
    signed = zdm("execute", str(PLAN), "--until", "expanded")

    assert (unsigned.code, before) == (3, ["id", "email"])
    assert "plan.yaml is not signed: there is no plan.yaml.sig beside it" in unsigned.err
    assert signed.code == 0, signed.err


def signed_by_a_stranger() -> None:
    key("stranger")
    sign("stranger")


def signed_for_something_else() -> None:
    sign("dba", "file")


def edited_after_the_signature() -> None:
    sign("dba")
    smuggle()


@pytest.mark.parametrize(
    ("happened", "said"),
    [
        (signed_by_a_stranger, "is not made with a key of signers"),
        (signed_for_something_else, "is not one of this plan"),
        (edited_after_the_signature, "is not one of this plan"),
    ],
)
def test_a_signature_that_does_not_count_is_refused(
    zdm: Zdm, shop: str, happened: Callable[[], None], said: str
) -> None:
    Path("signers").write_text(f"dba@example.org {key('dba')}")
    happened()
    answer = zdm("execute", str(PLAN), "--until", "expanded", "--allowed-signers", "signers")

    assert answer.code == 3
    assert said in answer.err
    assert columns(shop) == ["id", "email"]


@pytest.mark.parametrize(
    ("found", "signers", "code"),
    [("garbage", "signers", 3), ("", "signers", 3), ("garbage", "gone", 2)],
)
def test_what_is_no_signature_is_refused(
    zdm: Zdm, shop: str, found: str, signers: str, code: int
) -> None:
    Path("signers").write_text(f"dba@example.org {key('dba')}")
    Path("plan.yaml.sig").write_text(found)
    answer = zdm("execute", str(PLAN), "--until", "expanded", "--allowed-signers", signers)

    assert answer.code == code
    assert columns(shop) == ["id", "email"]


def test_without_the_program_nothing_runs(
    zdm: Zdm, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("signers").write_text(f"dba@example.org {key('dba')}")
    sign("dba")
    monkeypatch.setenv("PATH", "/nowhere")
    answer = zdm("execute", str(PLAN), "--until", "expanded", "--allowed-signers", "signers")

    assert answer.code == 2
    assert "openssh-client" in answer.err
    assert columns(shop) == ["id", "email"]
