"""The releases, one after the other, on one database."""

from collections.abc import Iterator

import psycopg

from tests.ten_tables import releases, runs, velo
from tests.ten_tables.ground import OWNER, Ground
from tests.ten_tables.runs import Outcome


def run(ground: Ground, only: tuple[str, ...] = ()) -> Iterator[Outcome]:
    """All of them, or some; those that are left out are run plainly. Ends with the first
    that is not run to its end."""
    version = velo.FIRST
    with ground.database() as name:
        with psycopg.connect(ground.url(name, OWNER), autocommit=True) as conn:
            conn.execute(b"CREATE SCHEMA velo")
        for file in releases.START:
            ground.take(file)
        ground.migrate_plainly(name, releases.START)
        with psycopg.connect(ground.url(name, OWNER), autocommit=True) as conn:
            conn.execute(velo.SEED.encode())
        for release in releases.ALL:
            if release.since > ground.server.major:
                continue
            if only and release.name not in only:
                for file in release.files:
                    ground.take(file)
                runs.start(ground, name, release)
                runs.migrate_plainly(ground, name, release)
                if release.name > max(only):
                    return
            else:
                outcome = runs.run(ground, name, release, version)
                yield outcome
                if not outcome.ended:
                    return
            version = release.new(version)
