import pytest

from tests.unit import schemas
from tests.unit.operations.asking import Answer, ask
from zdm.model.locks import LockMode
from zdm.model.plan import RunSql
from zdm.model.schema import Name, View


def asked(sql: str, version: int = 170004, **details: object) -> Answer:
    values: dict[str, object] = {
        "kind": "view",
        "definition": " SELECT id FROM public.users",
        "columns": ("id",),
        **details,
    }
    view = View(name=Name("public", "people"), **values)  # type: ignore[arg-type]
    return ask(sql, schemas.snapshot(schemas.users(), version=version, views=(view,)))


@pytest.mark.parametrize("kind", ["VIEW", "TABLE"])
def test_a_view_stands_in_until_the_end(kind: str) -> None:
    answer = asked(f"ALTER {kind} people RENAME TO persons;")
    first = answer.steps[0]

    assert answer.phases == ["expand", "drop"]
    assert isinstance(first, RunSql)
    assert [lock.mode for lock in first.locks] == [LockMode.ACCESS_EXCLUSIVE]
    assert [view.name.name for view in answer.after.views] == ["persons"]


def test_before_15_it_uses_its_owners_rights() -> None:
    first = asked("ALTER VIEW people RENAME TO persons;", 140000).steps[0]

    assert isinstance(first, RunSql)
    assert "security_invoker" not in "".join(first.sql)
    assert "the owner of people may not read" in first.preconditions[0].failure


@pytest.mark.parametrize(
    ("details", "words"),
    [
        ({"rules": ("CREATE RULE …",)}, "triggers or rules"),
        ({"columns": ()}, "this train makes"),
        (
            {
                "options": ("security_invoker=true",),
                "column_grants": (("id", ("app=r/zdm",)),),
            },
            "grants on columns",
        ),
    ],
)
def test_what_a_view_cannot_do_is_refused(details: dict[str, object], words: str) -> None:
    assert words in asked("ALTER VIEW people RENAME TO persons;", 170004, **details).refusals[0]


def test_a_name_in_use_is_refused() -> None:
    assert "already" in asked("ALTER VIEW people RENAME TO users;").refusals[0]
