"""Extensions that a migration creates and only a superuser may.

The script of an extension runs as the superuser, and may find what an author made before it in
place of what it means. So zdm creates such an extension before the author's first byte,
from the names in the statement, if it is on the list, and leaves that statement out of the
replay. Trusted extensions are left to the author's role.
"""

import re
from collections.abc import Iterable, Sequence

from zdm.errors import InputError, RefusedError, ZdmError
from zdm.model.schema import Snapshot
from zdm.parse.readers import extensions as parsed
from zdm.parse.readers.extensions import NewExtension
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection

# Their functions reach neither files nor the network; `shadow_extensions` adds to them.
ALLOWED = (
    "address_standardizer", "amcheck", "bloom", "earthdistance", "h3", "hypopg", "pageinspect",
    "pg_buffercache", "pg_freespacemap", "pg_ivm", "pg_prewarm", "pg_stat_statements",
    "pg_visibility", "pgrouting", "pgrowlocks", "pgstattuple", "postgis", "postgis_raster",
    "postgis_sfcgal", "postgis_topology", "rum", "timescaledb", "vector",
)  # fmt: skip
_CREATES = re.compile(r"(?i:CREATE\s+EXTENSION\s+(?:IF\s+NOT\s+EXISTS\s+)?)[\\\"]*([\w-]+)")
_EXISTS = re.compile(r'extension "([^"]+)" already exists')
_DENIED = re.compile(r'permission denied to create extension "([^"]+)"')
_TRUSTED = (
    "SELECT v.name, bool_or(v.trusted OR NOT v.superuser)"
    " FROM pg_catalog.pg_available_extension_versions AS v"
    " WHERE v.name = ANY (%s) GROUP BY v.name"
)


def before(
    server: Server, start: Snapshot, statements: Iterable[str], allowed: Sequence[str]
) -> tuple[NewExtension, ...]:
    """What must be there before the statements run; RefusedError for what is not on the list,
    or not on the server."""
    there = {one.name for one in start.extensions} | {"plpgsql"}
    texts = (text for text in statements if "extension" in text.lower())
    wanted = [one for one in map(parsed.created, texts) if one and one.name not in there]
    if not wanted:
        return ()
    with connection.connect(server.dsn, name="shadow") as conn:
        rows = conn.execute(_TRUSTED, [[one.name for one in wanted]]).fetchall()
    trusted: dict[str, bool] = dict(rows)
    for one in wanted:
        _refuse(one, trusted, allowed)
    return tuple(dict.fromkeys(one for one in wanted if not trusted[one.name]))


def named(
    server: Server, start: Snapshot | None, texts: Iterable[str], allowed: Sequence[str]
) -> tuple[NewExtension, ...]:
    """Those of the list that texts of another language create; nothing is refused here."""
    there = {one.name for one in start.extensions} if start else set()
    found = {name for text in texts for name in _CREATES.findall(text)} - there
    wanted = sorted(found & {*ALLOWED, *allowed})
    if not wanted:
        return ()
    with connection.connect(server.dsn, name="shadow") as conn:
        trusted: dict[str, bool] = dict(conn.execute(_TRUSTED, [wanted]).fetchall())
    return tuple(NewExtension(name=one) for one in wanted if not trusted.get(one, True))


def explained(error: InputError, more: Iterable[NewExtension]) -> ZdmError:
    """The error of a revision that creates an extension, with what helps."""
    names = {one.name for one in more}
    if (said := _EXISTS.search(error.message)) and said[1] in names:
        return RefusedError(
            f"{error.message}; zdm created {said[1]} beforehand, since only a superuser may",
            hint=f"write `CREATE EXTENSION IF NOT EXISTS {said[1]}`",
        )
    if said := _DENIED.search(error.message):
        return RefusedError(error.message, hint=_add(said[1]))
    return error


def _add(name: str) -> str:
    return (
        f'add it with `shadow_extensions = ["{name}"]` in zdm.toml, if what it brings may be'
        " used by anyone who can propose a migration"
    )


def _refuse(one: NewExtension, trusted: dict[str, bool], allowed: Sequence[str]) -> None:
    if one.name not in trusted:
        raise RefusedError(
            f"the migration creates the extension {one.name}, which is not installed beside the"
            " throwaway server's programs, so the plan cannot be verified",
            hint="name a server that has it in `shadow_url` of zdm.toml, or its programs in"
            " ZDM_POSTGRES_BIN",
        )
    if not trusted[one.name] and one.name not in {*ALLOWED, *allowed}:
        raise RefusedError(
            f"the migration creates the extension {one.name}, which only a superuser may, and"
            " zdm runs no scripts on a throwaway server as a superuser but those of a list",
            hint=_add(one.name),
        )
