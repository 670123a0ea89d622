from msgspec.structs import replace

from tests.unit import schemas
from zdm.model.locks import LockMode
from zdm.model.plan import BOTH, Phase
from zdm.model.schema import Column, Constraint, Index, Name
from zdm.recipes.column import carry_dependents
from zdm.recipes.column.carry_dependents import Move
from zdm.recipes.site import Site

EMAIL = Column(
    name="email",
    type="text",
    statistics=200,
    storage="e",
    compression="p",
    options=("n_distinct=-0.5",),
    comment="it's",
    grants=("=r/owner", '"Odd ""role"""=r*w/owner'),
)
KEY = Constraint(
    name="users_email_key",
    kind="unique",
    columns=("email",),
    definition="UNIQUE (email) DEFERRABLE INITIALLY DEFERRED",
    index="users_email_key",
    comment="one each",
)
FOREIGN = Constraint(
    name="users_email_fkey",
    kind="foreign key",
    columns=("email",),
    definition="FOREIGN KEY (email) REFERENCES public.mails(mail)",
    references=Name("public", "mails"),
)
UNCHECKED = Constraint(
    name="users_email_check",
    kind="check",
    columns=("email",),
    definition="CHECK ((email <> ''::text)) NOT VALID",
    validated=False,
)
KEY_INDEX = Index(
    name="users_email_key",
    definition="CREATE UNIQUE INDEX users_email_key ON public.users USING btree (email)",
    keys=("email",),
    columns=("email",),
    unique=True,
    constraint="users_email_key",
)
OTHER = replace(
    KEY_INDEX,
    name="users_email_idx",
    definition="CREATE INDEX users_email_idx ON public.users USING btree (email)",
    unique=False,
    constraint=None,
    comment="fast",
)


def move(column: Column = EMAIL) -> Move:
    table = replace(
        schemas.users(),
        columns=(column,),
        constraints=(UNCHECKED, FOREIGN, KEY),
        indexes=(OTHER, KEY_INDEX),
    )
    site = Site(
        operation="rename_column", table=table, snapshot=schemas.snapshot(table), origin=()
    )
    return Move(site=site, old="email", new="mail")


def test_the_column_s_own_properties_are_set_with_it() -> None:
    assert carry_dependents.properties(move()) == (
        'ALTER TABLE "public"."users" ALTER COLUMN "mail" SET STATISTICS 200',
        'ALTER TABLE "public"."users" ALTER COLUMN "mail" SET STORAGE EXTERNAL',
        'ALTER TABLE "public"."users" ALTER COLUMN "mail" SET COMPRESSION pglz',
        'ALTER TABLE "public"."users" ALTER COLUMN "mail" SET ("n_distinct" = \'-0.5\')',
        'COMMENT ON COLUMN "public"."users"."mail" IS \'it\'\'s\'',
        'GRANT SELECT ("mail") ON TABLE "public"."users" TO PUBLIC',
        'GRANT SELECT ("mail") ON TABLE "public"."users" TO "Odd ""role""" WITH GRANT OPTION',
        'GRANT UPDATE ("mail") ON TABLE "public"."users" TO "Odd ""role"""',
    )


def test_a_grantor_with_a_slash_in_its_name_adds_no_privileges() -> None:
    column = Column(name="email", type="text", grants=('reader=r/"team/wax"',))

    assert carry_dependents.properties(move(column)) == (
        'GRANT SELECT ("mail") ON TABLE "public"."users" TO "reader"',
    )


def test_a_plain_column_has_no_properties() -> None:
    assert carry_dependents.properties(move(Column(name="email", type="text"))) == ()


def test_what_hangs_on_it_is_built_under_names_of_zdm() -> None:
    found = carry_dependents.steps(move())

    assert [sql for step in found for sql in step.sql] == [
        "CREATE INDEX CONCURRENTLY zdm_users_email_idx ON public.users USING btree (mail)",
        "ALTER TABLE public.users ADD CONSTRAINT zdm_users_email_check"
        " CHECK (mail <> ''::text) NOT VALID",
        "ALTER TABLE public.users ADD CONSTRAINT zdm_users_email_fkey"
        " FOREIGN KEY (mail) REFERENCES public.mails (mail) NOT VALID",
        'ALTER TABLE "public"."users" VALIDATE CONSTRAINT "zdm_users_email_fkey"',
    ]
    assert {step.phase for step in found} == {Phase.VALIDATE}
    assert {step.serves for step in found} == {BOTH}


def test_unique_indexes_are_built_in_the_last_phase_before_the_rollout() -> None:
    found = carry_dependents.unique_steps(move())

    assert [sql for step in found for sql in step.sql] == [
        "CREATE UNIQUE INDEX CONCURRENTLY zdm_users_email_key ON public.users"
        " USING btree (mail)",
        'ALTER TABLE "public"."users" ADD CONSTRAINT "zdm_users_email_key" UNIQUE USING INDEX'
        ' "zdm_users_email_key" DEFERRABLE INITIALLY DEFERRED',
    ]
    assert {step.phase for step in found} == {Phase.SWITCH}


def test_a_foreign_key_locks_both_tables() -> None:
    add, validate = carry_dependents.steps(move())[-2:]

    assert [(lock.table.name, lock.mode) for lock in add.locks] == [
        ("mails", LockMode.SHARE_ROW_EXCLUSIVE),
        ("users", LockMode.SHARE_ROW_EXCLUSIVE),
    ]
    assert [(lock.table.name, lock.mode) for lock in validate.locks] == [
        ("mails", LockMode.ROW_SHARE),
        ("users", LockMode.SHARE_UPDATE_EXCLUSIVE),
    ]


def test_final_names_and_comments_come_at_the_end() -> None:
    statements, done = carry_dependents.renames(move())

    assert statements == (
        'ALTER INDEX "public"."zdm_users_email_idx" RENAME TO "users_email_idx"',
        'COMMENT ON INDEX "public"."users_email_idx" IS \'fast\'',
        'ALTER TABLE "public"."users" RENAME CONSTRAINT "zdm_users_email_check"'
        ' TO "users_email_check"',
        'ALTER TABLE "public"."users" RENAME CONSTRAINT "zdm_users_email_fkey"'
        ' TO "users_email_fkey"',
        'ALTER TABLE "public"."users" RENAME CONSTRAINT "zdm_users_email_key"'
        ' TO "users_email_key"',
        'COMMENT ON CONSTRAINT "users_email_key" ON "public"."users" IS \'one each\'',
    )
    assert len(done) == 4
