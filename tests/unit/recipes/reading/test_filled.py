"""What fires when rows are filled, and what keeps them from being filled."""

import pytest

from tests.unit import schemas
from tests.unit.operations.asking import ask
from zdm.model.catalog.database import Publication
from zdm.model.schema import Index, Name, Snapshot, Table, Trigger
from zdm.recipes.reading import filled

ACTS = "BEFORE {} ON public.users FOR EACH {} EXECUTE FUNCTION public.f()"
RULE = (
    "CREATE RULE r AS\n    ON UPDATE TO public.users {}DO {}INSERT INTO public.log VALUES (1);"
)


def trigger(events: str, per: str = "ROW", enabled: str = "O", name: str = "g") -> Trigger:
    return Trigger(
        name=name,
        definition=f"CREATE TRIGGER {name} {ACTS.format(events, per)}",
        function=Name("public", "f"),
        enabled=enabled,
    )


def messages(table: Table) -> list[str]:
    return [fact for fact, _ in filled.hazards(table, "mail")]


@pytest.mark.parametrize(
    "given",
    [
        trigger("UPDATE"),
        trigger("INSERT OR UPDATE"),
        trigger("UPDATE OF mail, name"),
        trigger("UPDATE", enabled="A"),
    ],
)
def test_a_row_trigger_of_an_update_is_named(given: Trigger) -> None:
    table = schemas.users(triggers=(given,))

    assert messages(table) == ["triggers of users fire for every row that is filled: g"]


@pytest.mark.parametrize(
    "given",
    [
        trigger("INSERT"),
        trigger("INSERT OR DELETE"),
        trigger("UPDATE OF name"),
        trigger("UPDATE", enabled="D"),
        trigger("UPDATE", enabled="R"),
    ],
)
def test_a_trigger_that_does_not_fire_is_not_named(given: Trigger) -> None:
    assert messages(schemas.users(triggers=(given,))) == []


def test_a_statement_trigger_fires_for_every_batch() -> None:
    table = schemas.users(triggers=(trigger("UPDATE", "STATEMENT"),))

    assert messages(table) == ["triggers of users fire for every batch that is filled: g"]


def test_a_rule_is_named() -> None:
    table = schemas.users(
        rules=(RULE.format("", "ALSO "), RULE.format("", "").replace("UPDATE", "DELETE"))
    )

    assert messages(table) == ["rules of users apply to every batch that is filled: r"]


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE users RENAME COLUMN name TO mail;",
        "ALTER TABLE users ADD COLUMN mail text; UPDATE users SET mail = name;"
        "ALTER TABLE users DROP COLUMN name;",
        "ALTER TABLE users ADD COLUMN mail varchar(9);\n"
        "-- zdm: reverse name = mail\nUPDATE users SET mail = left(name, 9);"
        "ALTER TABLE users DROP COLUMN name;",
        "ALTER TABLE users ADD COLUMN mail text; UPDATE users SET mail = lower(email);",
        "ALTER TABLE users ADD COLUMN mail uuid DEFAULT gen_random_uuid();",
        "UPDATE users SET name = 'x' WHERE name IS NULL;"
        "ALTER TABLE users ALTER COLUMN name SET NOT NULL;",
        "UPDATE users SET name = 'x';",
    ],
)
def test_every_operation_that_fills_names_them(sql: str) -> None:
    here = schemas.snapshot(schemas.users(triggers=(trigger("UPDATE"),)))
    answer = ask(sql, here)

    assert answer.refusals == ()
    assert any("fire for every row that is filled: g" in h.message for h in answer.hazards)


WORDS = "publish = 'insert, update, delete, truncate'"
BY_NAME = Publication(name="p", definition=f"CREATE PUBLICATION p FOR TABLE t WITH ({WORDS})")
OF_ALL = Publication(
    name="p", definition=f"CREATE PUBLICATION p FOR ALL TABLES WITH ({WORDS})", all_tables=True
)
OF_SCHEMA = Publication(
    name="p",
    definition=f'CREATE PUBLICATION p FOR TABLES IN SCHEMA "public", "b" WITH ({WORDS})',
)
BARE: dict[str, object] = {"constraints": (), "indexes": ()}


def published(publication: Publication, **details: object) -> Snapshot:
    named = ("p",) if publication is BY_NAME else ()
    table = schemas.users(publications=named, **details)
    return schemas.snapshot(table, publications=(publication,))


@pytest.mark.parametrize("publication", [BY_NAME, OF_ALL, OF_SCHEMA])
@pytest.mark.parametrize(
    "details", [BARE, {"replica_identity": "nothing"}, {"replica_identity": "index"}]
)
@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE users RENAME COLUMN name TO mail;",
        "ALTER TABLE users ADD COLUMN mail uuid DEFAULT gen_random_uuid();",
        "UPDATE users SET name = 'x';",
    ],
)
def test_a_published_table_without_identity_is_refused(
    publication: Publication, details: dict[str, object], sql: str
) -> None:
    (refusal,) = ask(sql, published(publication, **details)).refusals

    assert "users is published by p and has no replica identity" in refusal


@pytest.mark.parametrize(
    ("publication", "details"),
    [
        (BY_NAME, {}),
        (BY_NAME, {**BARE, "replica_identity": "full"}),
        (
            BY_NAME,
            {
                "replica_identity": "index",
                "indexes": (
                    Index(
                        name="i",
                        definition="",
                        keys=("id",),
                        columns=("id",),
                        replica_identity=True,
                    ),
                ),
            },
        ),
        (
            Publication(name="p", definition="CREATE PUBLICATION p WITH (publish = 'insert')"),
            BARE,
        ),
        (Publication(name="p", definition=f"CREATE PUBLICATION p WITH ({WORDS})"), BARE),
    ],
)
def test_a_table_whose_updates_can_be_published_is_filled(
    publication: Publication, details: dict[str, object]
) -> None:
    here = published(publication, **details)

    assert ask("ALTER TABLE users RENAME COLUMN name TO mail;", here).refusals == ()


def test_a_partition_of_a_published_table_is_published() -> None:
    parent = schemas.users(name=Name("public", "all"), publications=("p",), **BARE)
    part = schemas.users(partition_of=parent.name, **BARE)
    here = schemas.snapshot(parent, part, publications=(BY_NAME,))

    assert "published by p" in ask("UPDATE users SET name = 'x';", here).refusals[0]


def test_what_writes_no_row_needs_no_identity() -> None:
    answer = ask("ALTER TABLE users ADD COLUMN mail text;", published(BY_NAME, **BARE))

    assert answer.refusals == ()


def test_a_rule_that_replaces_every_update_is_refused() -> None:
    here = schemas.snapshot(schemas.users(rules=(RULE.format("", "INSTEAD "),)))

    assert (
        "the rule r of users is done instead of every UPDATE"
        in (ask("ALTER TABLE users RENAME COLUMN name TO mail;", here).refusals[0])
    )


def test_a_rule_for_some_rows_is_not_refused() -> None:
    rule = RULE.format("WHERE old.id > 5 ", "INSTEAD ")
    here = schemas.snapshot(schemas.users(rules=(rule,)))

    assert ask("ALTER TABLE users RENAME COLUMN name TO mail;", here).refusals == ()


def test_rows_of_children_cannot_be_filled_and_the_column_can_be_added() -> None:
    child = schemas.users(name=Name("public", "kids"), inherits=(schemas.USERS,))
    here = schemas.snapshot(schemas.users(), child)
    answer = ask("ALTER TABLE users ADD COLUMN mail text; UPDATE users SET mail = name;", here)

    assert answer.slugs == ["add_column"]
    assert "kids inherits from users" in answer.refusals[0]
    assert {lock.table.name for lock in answer.steps[0].locks} == {"kids", "users"}
