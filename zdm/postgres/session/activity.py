"""Who is connected, for the gate: other clients, and prepared transactions."""

from zdm.model.release import Session
from zdm.postgres.session.connection import Connection


def read(connection: Connection) -> tuple[Session, ...]:
    """Other clients' connections, and prepared transactions, which outlive theirs."""
    rows = connection.execute(
        "SELECT pid, application_name, usename, state, backend_start, query,"
        " coalesce(host(client_addr), '')"
        " FROM pg_catalog.pg_stat_activity"
        " WHERE datname = pg_catalog.current_database()"
        " AND coalesce(backend_type, 'client backend') = 'client backend'"
        # the server's own processes have no user, and to some no type either
        " AND usename IS NOT NULL"
        " AND pid <> pg_catalog.pg_backend_pid() ORDER BY pid"
    ).fetchall()
    prepared = connection.execute(
        "SELECT gid, owner, prepared FROM pg_catalog.pg_prepared_xacts"
        " WHERE database = pg_catalog.current_database() ORDER BY gid"
    ).fetchall()
    live = tuple(
        Session(
            pid=pid,
            application=name,
            user=user,
            state=state,
            since=since,
            query=query,
            client=client,
        )
        for pid, name, user, state, since, query, client in rows
    )
    return live + tuple(
        Session(
            pid=0,
            application=f"prepared transaction {gid}",
            user=owner,
            state="prepared",
            since=since,
        )
        for gid, owner, since in prepared
    )
