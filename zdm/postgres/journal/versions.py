"""The runs with their application versions, for `zdm guard`: read-only, and light.

It may be asked through the application's own pooler, so the session is left as it was.
"""

from psycopg import errors

from zdm.errors import RefusedError
from zdm.execute.admission import RecordedRun
from zdm.model.release import RunState, Version
from zdm.postgres.journal import runs
from zdm.postgres.session import connection

# to_regclass would fail for a role that may not use the schema
_EXISTS = (
    "SELECT FROM pg_catalog.pg_class AS c"
    " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
    " WHERE n.nspname = 'zdm' AND c.relname = 'run'"
)
_VERSION = "SELECT max(version) FROM zdm.journal"
_RUNS = (
    "SELECT id, plan_name, old_version, new_version, state, point_of_no_return IS NOT NULL"
    " FROM zdm.run ORDER BY id"
)


def read(url: str) -> tuple[RecordedRun, ...]:
    """Every run in order; none where the database has no journal."""
    with (
        connection.connect(url, name="guard", tuned=False) as opened,
        connection.translated("reading the journal"),
    ):
        try:
            return _read(opened)
        except errors.InsufficientPrivilege as error:
            raise RefusedError(
                f"zdm's journal cannot be read ({connection.first_line(error)}), so whether"
                " the schema serves this version is not known",
                hint=f"GRANT USAGE ON SCHEMA zdm TO {connection.role(opened)};"
                f" GRANT SELECT ON zdm.journal, zdm.run TO {connection.role(opened)}",
            ) from error


def _read(opened: connection.Connection) -> tuple[RecordedRun, ...]:
    if opened.execute(_EXISTS).fetchone() is None:
        return ()
    made = opened.execute(_VERSION).fetchone()
    if made is None or made[0] is None or made[0] > runs.VERSION:
        raise RefusedError(
            f"the journal in schema `zdm` has version {made and made[0]}, and this zdm knows"
            f" {runs.VERSION}, so it cannot tell which versions are served",
            hint="use no older zdm for `zdm guard` than for `zdm execute`",
        )
    return tuple(
        RecordedRun(
            id=row[0],
            plan_name=row[1],
            old=None if row[2] is None else Version(row[2]),
            new=None if row[3] is None else Version(row[3]),
            state=RunState(row[4]),
            past_return=row[5],
        )
        for row in opened.execute(_RUNS)
    )
