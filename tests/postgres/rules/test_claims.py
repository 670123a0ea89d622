"""What the rules say of PostgreSQL is seen in their refused cases, and not in the allowed
ones; the fixed ones leave the same schema."""

import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.conftest import MAJORS, a_server, fresh_database
from tests.postgres.rules import running
from tests.postgres.rules.claims import CLAIMS, FAILING, OTHERWISE, SILENT, Claim, Effect
from tests.postgres.rules.running import Ran
from tests.rules.checking import CASES
from zdm.model.schema import Name
from zdm.postgres.catalog import read
from zdm.postgres.server.provider import Server
from zdm.postgres.session import connection
from zdm.postgres.session.connection import Connection
from zdm.rules import ALL
from zdm.serialize import snapshot_file

TOGETHER = 60
ROLES = "CREATE ROLE reader; CREATE ROLE admin; CREATE ROLE app; CREATE ROLE someone;"


@dataclass(frozen=True, slots=True)
class World:
    """A database with what a case has before, some rows in it, and two sessions."""

    conn: Connection
    other: Connection
    existing: frozenset[Name]


Worlds = Callable[[int, Path], AbstractContextManager[World]]


@pytest.fixture(scope="module")
def worlds() -> Iterator[Worlds]:
    """A world of a version and a case; what cases have before is made once."""
    with ExitStack() as stack:

        def made(major: int) -> Server:
            server = stack.enter_context(a_server(major))
            with connection.connect(server.dsn, name="tests") as conn:
                conn.execute(ROLES.encode())
                conn.execute("GRANT admin TO reader")
                conn.execute("SET allow_in_place_tablespaces = on")
                conn.execute("CREATE TABLESPACE fast LOCATION ''")
            return server

        server = functools.cache(made)

        @functools.cache
        def template(major: int, before: bytes) -> str:
            dsn = stack.enter_context(fresh_database(server(major)))
            with connection.connect(dsn, name="tests") as conn:
                conn.execute("GRANT ALL ON SCHEMA public TO reader")
                conn.execute("ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO reader")
                conn.execute(before)
                running.fill(conn)
                conn.execute("ANALYZE")
            return urlsplit(dsn).path[1:]

        @contextmanager
        def world(major: int, folder: Path) -> Iterator[World]:
            unseen = folder / "unseen.sql"  # what the server has, and zdm does not know of
            more = unseen.read_bytes() if unseen.exists() else b""
            name = template(major, (folder / "before.sql").read_bytes() + more)
            with (
                fresh_database(server(major), name) as dsn,
                connection.connect(dsn, name="tests") as conn,
                connection.connect(dsn, name="tests") as other,
            ):
                yield World(conn, other, running.existing(conn))

        yield world


def shown(claim: Claim, at: World, sql: str) -> bool:
    """Whether running the text shows what is claimed."""
    if claim.answers:
        before = at.other.execute(claim.answers.encode()).fetchall()
        no_error(running.run(at.conn, at.other, sql))
        return at.other.execute(claim.answers.encode()).fetchall() != before
    if claim.old:
        works = [old for old in claim.old if succeeds(at.other, old)]
        no_error(running.run(at.conn, at.other, sql))
        return not all(succeeds(at.other, old) for old in works)
    ran = running.run(at.conn, at.other, sql)
    if claim.error:
        assert not ran.failed or ran.failed in claim.error, ran.message
        return bool(ran.failed)
    no_error(ran)
    if claim.effect is not None:
        return bool(affected(claim, ran) & at.existing)
    return len(locked(claim, ran) & at.existing) >= claim.tables


def no_error(ran: Ran) -> None:
    assert not ran.failed, ran.message


def affected(claim: Claim, ran: Ran) -> set[Name]:
    """Relations that are rewritten, built or read while writes to them wait."""
    names: set[Name] = set()
    for done in ran.done:
        seen = done.seen
        if claim.effect is Effect.MOVES and any(m.blocks_writes for m in seen.locks.values()):
            names |= seen.rewritten | seen.built
            continue
        of_kind = {
            Effect.REWRITES: seen.rewritten,
            Effect.BUILDS: seen.built,
            Effect.SCANS: seen.scanned,
            Effect.MOVES: frozenset(),
        }
        assert claim.effect is not None
        for name in of_kind[claim.effect]:
            lock = seen.locks.get(name)
            rewritten = done.outside and claim.effect is Effect.REWRITES
            if rewritten or (lock is not None and lock.blocks_writes):
                names.add(name)
    return names


def locked(claim: Claim, ran: Ran) -> set[Name]:
    """Relations that one statement or transaction locks that strongly."""
    assert claim.lock is not None
    found: set[Name] = set()
    for done in ran.done:
        strong = {n for n, lock in done.seen.locks.items() if lock.covers(claim.lock)}
        wanted = {n for n in strong if not claim.on or n.name == claim.on}
        found = max(found, wanted, key=len)
    return found


def succeeds(conn: Connection, sql: str) -> bool:
    """Whether a statement of the old version works; it leaves nothing."""
    conn.execute("BEGIN")
    try:
        conn.execute(sql.encode())
    except psycopg.Error:
        return False
    finally:
        conn.execute("ROLLBACK")
    return True


def files(slug: str, stem: str, major: int) -> list[Path]:
    """The cases of that kind, save those of other versions."""
    found = sorted((CASES / slug.replace("-", "_")).glob(f"{stem}*.sql"))
    others = [name for name, low, high in CLAIMS[slug].only if not low <= major <= high]
    return [path for path in found if path.stem not in others]


# one rule for each way to look, in `make test`
FEW = {
    "add-column-serial",
    "index-not-concurrent",
    "set-not-null-scan",
    "create-trigger",
    "fk-not-valid-on-partitioned",
    "enum-value-used-in-same-tx",
    "drop-column",
    "add-enum-value",
}


def on_each_version(slugs: list[str]) -> list[Any]:
    """Each rule on each version that its claim is for: a few on 18 in `make test`, the others
    on 18 in `make test-more`, and all on 14 to 17 in `make thorough`."""
    found = []
    for major in MAJORS:
        for slug in slugs:
            claim = CLAIMS.get(slug, Claim())
            if claim.since <= major <= claim.until:
                marks = [pytest.mark.more] if major < 18 or slug not in FEW else []
                marks += [pytest.mark.thorough] if major < 18 else []
                found.append(pytest.param(major, slug, id=f"{major} {slug}", marks=marks))
    return found


@pytest.mark.parametrize(("major", "slug"), on_each_version(sorted(CLAIMS)))
def test_the_server_does_what_a_rule_says(worlds: Worlds, major: int, slug: str) -> None:
    claim = CLAIMS[slug]
    for path in files(slug, "refused", major):
        with worlds(major, path.parent) as at:
            assert shown(claim, at, path.read_text()), path.name
    for path in files(slug, "allowed", major) if claim.alike else []:
        with worlds(major, path.parent) as at:
            assert not shown(claim, at, path.read_text()), path.name


FIXED = sorted(path.parent.name.replace("_", "-") for path in CASES.glob("*/fixed.sql"))


@pytest.mark.parametrize(("major", "slug"), on_each_version(FIXED))
def test_the_fixed_form_leaves_the_same_schema(worlds: Worlds, major: int, slug: str) -> None:
    """Those of a rule whose refused form fails, or leaves another schema, run at least."""
    compared = slug not in FAILING | OTHERWISE.keys()
    left = []
    for stem in ("refused", "fixed") if compared else ("fixed",):
        path = CASES / slug.replace("-", "_") / f"{stem}.sql"
        with worlds(major, path.parent) as at:
            no_error(running.run(at.conn, at.other, path.read_text()))
            left.append(read.read(at.other))

    assert snapshot_file.difference(left[0], left[-1]) == ()


def test_every_rule_has_a_claim_or_a_reason() -> None:
    style = {path.stem.replace("_", "-") for path in Path("zdm/rules/style").glob("*.py")}
    checked = {rule.slug for rule in ALL if rule.check is not None}

    assert checked - CLAIMS.keys() - SILENT.keys() - style == set()
    assert CLAIMS.keys() & SILENT.keys() == set()
