"""A plan written by hand, with every kind of step: the rename of `users.email`."""

from zdm.model.findings import Hazard
from zdm.model.locks import LockMode
from zdm.model.plan import (
    BOTH,
    LOCK_TIMEOUT,
    NEW_ONLY,
    NO_TIMEOUT,
    OLD_ONLY,
    STATEMENT_TIMEOUT,
    Assignment,
    AwaitRollout,
    Backfill,
    Check,
    Cost,
    Irreversible,
    OperationSummary,
    Phase,
    Plan,
    RunSql,
    TableLock,
)
from zdm.model.schema import Name
from zdm.model.statement import Setting, Source, SourceFile, Stamp, Statement

USERS = Name("public", "users")
FILE = "migrations/versions/0007_new_email.py"
PLACE = Source(file=FILE, line=17, column=5, revision="0007")

ADD = RunSql(
    id="rename_column_1.add",
    operation="rename_column",
    phase=Phase.EXPAND,
    title="add users.new_email and keep it in step with email",
    sql=(
        'ALTER TABLE "public"."users" ADD COLUMN "new_email" text',
        'CREATE FUNCTION "public"."zdm_users_sync"() RETURNS trigger LANGUAGE plpgsql AS $$\n'
        "BEGIN\n"
        '  NEW."new_email" := NEW."email";  \n'
        "  RETURN NEW;\n"
        "END\n"
        "$$",
        'CREATE TRIGGER "zzz_zdm_users_sync" BEFORE INSERT OR UPDATE ON "public"."users"\n'
        'FOR EACH ROW EXECUTE FUNCTION "public"."zdm_users_sync"()',
    ),
    locks=(TableLock(table=USERS, mode=LockMode.ACCESS_EXCLUSIVE),),
    lock_timeout=LOCK_TIMEOUT,
    statement_timeout=STATEMENT_TIMEOUT,
    settings=(Setting(name="search_path", value="public"),),
    preconditions=(
        Check(
            sql="SELECT count(*) = 0 FROM pg_attribute WHERE attname = 'new_email'",
            failure="users.new_email exists already",
            hint="drop it, or plan again",
        ),
    ),
    probe="SELECT 'not done'",
    undo=(
        'DROP TRIGGER "zzz_zdm_users_sync" ON "public"."users"',
        'DROP FUNCTION "public"."zdm_users_sync"()',
        'ALTER TABLE "public"."users" DROP COLUMN "new_email"',
    ),
    serves=OLD_ONLY,
    reason="both versions write, so a trigger keeps the columns equal",
    origin=(PLACE,),
)
FILL = Backfill(
    id="rename_column_1.fill",
    operation="rename_column",
    phase=Phase.BACKFILL,
    title="fill users.new_email from email",
    table=USERS,
    key=("id",),
    assignments=(Assignment(column="new_email", expression='"email"'),),
    differs='"new_email" IS DISTINCT FROM "email"',
    undo=(),
    serves=OLD_ONLY,
    reason="rows from before the trigger",
    origin=(PLACE,),
    cost=Cost(rows=200_000, written_bytes=45_000_000, wal_bytes=124_000_000, scan=True),
)
INDEX = RunSql(
    id="rename_column_1.index",
    operation="rename_column",
    phase=Phase.VALIDATE,
    title="build ix_users_email again on new_email",
    sql=('CREATE INDEX CONCURRENTLY "zdm_ix_users_email" ON "public"."users" ("new_email")',),
    locks=(TableLock(table=USERS, mode=LockMode.SHARE_UPDATE_EXCLUSIVE),),
    lock_timeout=NO_TIMEOUT,
    statement_timeout=NO_TIMEOUT,
    in_transaction=False,
    probe="SELECT 'not done'",
    repair=('DROP INDEX CONCURRENTLY "public"."zdm_ix_users_email"',),
    undo=('DROP INDEX CONCURRENTLY "public"."zdm_ix_users_email"',),
    serves=BOTH,
    reason="queries of the new version need it",
    origin=(PLACE,),
    cost=Cost(rows=200_000, written_bytes=6_300_000, wal_bytes=6_300_000, scan=True),
)
ROLLOUT = AwaitRollout(
    id="rollout",
    title="deploy the new version, wait until the old one is gone",
    reason="the old version still reads email",
)
CONTRACT = RunSql(
    id="rename_column_1.contract",
    operation="rename_column",
    phase=Phase.CONTRACT,
    title="stop keeping email in step",
    sql=(
        'DROP TRIGGER "zzz_zdm_users_sync" ON "public"."users"',
        'DROP FUNCTION "public"."zdm_users_sync"()',
    ),
    locks=(TableLock(table=USERS, mode=LockMode.ACCESS_EXCLUSIVE),),
    lock_timeout=LOCK_TIMEOUT,
    statement_timeout=STATEMENT_TIMEOUT,
    probe="SELECT 'not done'",
    undo=Irreversible(reason="rows written from here on have no value in email"),
    serves=NEW_ONLY,
    reason="no old version is left",
    origin=(PLACE,),
)
DROP = RunSql(
    id="rename_column_1.drop",
    operation="rename_column",
    phase=Phase.DROP,
    title="drop users.email",
    sql=('ALTER TABLE "public"."users" DROP COLUMN "email"',),
    locks=(TableLock(table=USERS, mode=LockMode.ACCESS_EXCLUSIVE),),
    lock_timeout=LOCK_TIMEOUT,
    statement_timeout=STATEMENT_TIMEOUT,
    probe="SELECT 'not done'",
    undo=Irreversible(reason="the column's values are gone"),
    serves=NEW_ONLY,
    reason="nobody reads it any more",
    origin=(Source(file=FILE, line=19, column=5, revision="0007"),),
)

RENAME = Plan(
    name="0007_new_email",
    server_major=17,
    fingerprint="5f" * 32,
    files=(SourceFile(path=FILE, sha256="a1" * 32, revision="0007"),),
    stamp=Stamp(
        table=Name("public", "alembic_version"), from_heads=("0006",), to_heads=("0007",)
    ),
    operations=(
        OperationSummary(
            slug="rename_column", title="rename users.email to new_email", origin=(PLACE,)
        ),
    ),
    hazards=(
        Hazard(
            operation="rename_column",
            message="`SELECT *` of the old version sees one more column",
            remedy="name the columns",
            origin=(PLACE,),
        ),
    ),
    notes=("The statistics of users.email are not copied",),
    steps=(ADD, FILL, INDEX, ROLLOUT, CONTRACT, DROP),
    statements=(
        Statement(
            sql="ALTER TABLE users RENAME email TO new_email",
            source=PLACE,
            length=43,
        ),
    ),
)
