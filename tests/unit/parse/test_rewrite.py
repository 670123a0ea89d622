import pytest

from tests.unit import schemas
from zdm.parse import rewrite


@pytest.mark.parametrize(
    ("definition", "copied"),
    [
        (
            "CREATE INDEX i ON public.users USING btree (name, email DESC NULLS LAST)"
            " INCLUDE (email) WITH (fillfactor='70') WHERE (email <> 'email'::text)",
            "CREATE INDEX CONCURRENTLY n ON public.users USING btree"
            " (name, mail DESC NULLS LAST) INCLUDE (mail) WITH (fillfactor='70')"
            " WHERE mail <> 'email'::text",
        ),
        (
            'CREATE UNIQUE INDEX i ON public.users USING btree (lower(email) COLLATE "C"'
            " text_pattern_ops) NULLS NOT DISTINCT",
            "CREATE UNIQUE INDEX CONCURRENTLY n ON public.users USING btree"
            ' (lower(mail) COLLATE "C" text_pattern_ops) NULLS NOT DISTINCT',
        ),
    ],
)
def test_an_index_is_copied_with_all_its_parts(definition: str, copied: str) -> None:
    assert rewrite.index(definition, "email", "mail", name="n") == copied


@pytest.mark.parametrize(
    ("definition", "copied"),
    [
        ("CHECK ((email <> ''::text))", "CHECK (mail <> ''::text) NOT VALID"),
        (
            "FOREIGN KEY (email, id) REFERENCES p(email, id) ON DELETE SET NULL (email)"
            " DEFERRABLE INITIALLY DEFERRED",
            "FOREIGN KEY (mail, id) REFERENCES p (email, id) ON DELETE SET NULL (mail)"
            "DEFERRABLE INITIALLY DEFERRED NOT VALID",
        ),
    ],
)
def test_a_constraint_is_copied_not_valid(definition: str, copied: str) -> None:
    sql = rewrite.constraint(definition, schemas.USERS, "email", "mail", name="n")

    assert sql == f"ALTER TABLE public.users ADD CONSTRAINT n {copied}"


def test_an_expression_is_renamed_where_it_means_the_column() -> None:
    assert rewrite.expression("email || 'email'", "email", "mail") == "mail || 'email'"
