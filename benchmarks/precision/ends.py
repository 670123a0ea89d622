"""Whether a new column takes numbers from a sequence that has none left when an integer is
full."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import psycopg

from zdm.postgres.session.connection import Connection

FULL = 2**31 - 1
# the sequence of each column, and the type that its numbers must fit into
COLUMNS = """
SELECT s.oid, s.oid::regclass::text, a.attrelid::regclass::text || '.' || a.attname,
       format_type(a.atttypid, NULL)
FROM pg_depend AS d
JOIN pg_class AS s ON s.oid = d.objid AND s.relkind = 'S'
JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
  AND d.deptype IN ('a', 'i') AND a.attnum > 0
"""


@dataclass(slots=True)
class Numbers:
    """The sequences of columns that are known so far."""

    known: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, conn: Connection) -> "Numbers":
        """Those that are there now."""
        return cls({oid for oid, *_ in conn.execute(COLUMNS)})

    def ending(self, conn: Connection) -> Iterator[str]:
        """Of each new one, whether a number behind the last integer is refused."""
        for oid, sequence, column, kind in conn.execute(COLUMNS).fetchall():
            if oid in self.known:
                continue
            self.known.add(oid)
            try:
                with conn.transaction(force_rollback=True):
                    conn.execute("SELECT setval(%s, %s)", [sequence, FULL])
                    conn.execute(f"SELECT nextval(%s)::{kind}".encode(), [sequence])
            except psycopg.Error as error:
                yield f"ends: {error.sqlstate} {column}"
