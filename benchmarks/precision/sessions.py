"""Whether roles that were there get other settings or rights in their next sessions."""

from collections.abc import Iterator
from dataclasses import dataclass

from zdm.postgres.session.connection import Connection

ROLES = "SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_'"
SETTINGS = """
SELECT r.rolname, concat(r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb,
                         r.rolcanlogin, r.rolreplication, r.rolbypassrls, r.rolconnlimit)
FROM pg_roles AS r WHERE r.rolname !~ '^pg_'
UNION ALL
SELECT coalesce(r.rolname, ''), unnest(s.setconfig)
FROM pg_db_role_setting AS s LEFT JOIN pg_roles AS r ON r.oid = s.setrole
WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
UNION ALL
SELECT '', name || '=' || setting FROM pg_file_settings WHERE sourcefile ~ 'auto.conf'
"""


@dataclass(slots=True)
class Sessions:
    """What the next session of each role gets."""

    roles: set[str]
    settings: set[tuple[str, str]]

    @classmethod
    def of(cls, conn: Connection) -> "Sessions":
        """As it is now."""
        roles = {name for (name,) in conn.execute(ROLES)}
        return cls(roles, {(role, setting) for role, setting in conn.execute(SETTINGS)})

    def changed(self, conn: Connection) -> Iterator[str]:
        """What is otherwise than before, of roles that were there."""
        now = Sessions.of(conn)
        for role, setting in sorted(self.settings ^ now.settings):
            if not role or role in self.roles:
                yield f"changes: the next session of {role or 'every role'}: {setting}"
        self.settings = now.settings
