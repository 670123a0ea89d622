import pytest
from msgspec.structs import replace

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.catalog.database import Publication
from zdm.model.plan import BOTH, Phase, RunSql
from zdm.model.schema import Dependent, Snapshot

SENT = Publication(
    name="p",
    definition="CREATE PUBLICATION p FOR TABLE public.users (id) WITH (publish = 'insert')",
    comment="it's",
)
PART = Dependent(
    column="id",
    kind="publication",
    name="publication of table public.users in publication p",
    blocks=True,
)


def here(**details: object) -> Snapshot:
    users = schemas.users(publications=("p",), dependents=(PART,))
    return schemas.snapshot(users, publications=(replace(SENT, **details),))


def test_it_waits_and_asks_for_subscribers_and_is_made_again() -> None:
    answer = ask("DROP PUBLICATION p;", here())
    (step,) = answer.steps
    (users,) = answer.after.tables

    assert isinstance(step, RunSql)
    assert (step.phase, step.serves, step.locks) == (Phase.DROP, BOTH, ())
    assert "pgoutput" in step.preconditions[0].sql
    assert isinstance(step.undo, tuple)
    assert f"{SENT.definition}; COMMENT ON PUBLICATION \"p\" IS 'it''s';" in step.undo[0]
    assert answer.after.publications == ()
    assert (users.publications, users.dependents) == ((), ())


def test_what_is_not_there_is_refused_or_left() -> None:
    assert "not in the schema" in ask("DROP PUBLICATION q;").refusals[0]
    assert ask("DROP PUBLICATION p, q;", here()).after.publications == (SENT,)
    assert ask("DROP PUBLICATION IF EXISTS q;").steps == ()
    assert ask("DROP PUBLICATION IF EXISTS q;").refusals == ()


@pytest.mark.parametrize("details", [{"all_tables": True}, {"schemas": ("public",)}])
def test_one_that_belongs_to_a_superuser_is_refused(details: dict[str, object]) -> None:
    assert "superuser" in ask("DROP PUBLICATION p;", here(**details)).refusals[0]


def test_the_name_is_free_after_the_rollout() -> None:
    sql = "DROP PUBLICATION p;\nCREATE PUBLICATION p FOR TABLE users;"

    assert len(ask(sql, here()).steps) == 2
