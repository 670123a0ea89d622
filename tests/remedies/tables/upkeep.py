"""Maintenance of tables and indexes, and NOTIFY."""

from tests.remedies.entry import CONTRACT, EXPAND, USERS, Entry

_UNFIT = "maintenance_cannot_be_planned"
_ROOMS = "CREATE TABLE rooms (id bigint PRIMARY KEY, free int4range, EXCLUDE USING gist (free"
_ROOMS += " WITH &&));"
_VISITS = (
    "CREATE TABLE visits (id bigint, day date) PARTITION BY RANGE (day);"
    " CREATE TABLE visits_1 PARTITION OF visits DEFAULT;"
)
_LEFT = "CREATE INDEX names ON users (name); CREATE INDEX names_ccnew ON users (name);"
_SEEN = "CREATE MATERIALIZED VIEW seen AS SELECT id FROM users; CREATE INDEX s ON seen (id);"
_AWAY = (
    "CREATE FOREIGN DATA WRAPPER none; CREATE SERVER away FOREIGN DATA WRAPPER none;"
    " CREATE FOREIGN TABLE far (id int) SERVER away;"
)
ENTRIES = (
    *(
        Entry(
            slug="cluster_vacuum_full",
            refused=refused,
            fixed=("VACUUM users;", f"{EXPAND}{refused}"),
        )
        for refused in ("VACUUM FULL users;", "CLUSTER users USING users_pkey;")
    ),
    *(
        Entry(slug="cluster_vacuum_full", refused=refused, fixed=("VACUUM users;",))
        for refused in ("VACUUM FULL;", "CLUSTER;")
    ),
    Entry(
        slug="reindex_not_concurrent",
        refused="REINDEX TABLE users;",
        fixed=("REINDEX TABLE CONCURRENTLY users;",),
    ),
    Entry(
        slug="reindex_not_concurrent",
        refused="REINDEX INDEX users_pkey;",
        fixed=("REINDEX INDEX CONCURRENTLY users_pkey;",),
    ),
    *(
        Entry(slug=_UNFIT, refused=refused, fixed=(fixed,))
        for refused, fixed in (
            ("ANALYZE;", "ANALYZE users;"),
            ("VACUUM (ANALYZE);", "VACUUM (ANALYZE) users;"),
            ("REINDEX SCHEMA public;", "REINDEX TABLE CONCURRENTLY users;"),
            ("VACUUM (TRUNCATE) users;", "VACUUM users;"),
            ("VACUUM users (n);", "VACUUM (ANALYZE) users (n);"),
            (
                "REINDEX (TABLESPACE pg_default) INDEX CONCURRENTLY users_pkey;",
                "REINDEX INDEX CONCURRENTLY users_pkey;",
            ),
        )
    ),
    Entry(
        slug=_UNFIT,
        before=USERS + _AWAY,
        refused="ANALYZE far;",
        fixed=("ANALYZE users;",),
    ),
    Entry(
        slug=_UNFIT,
        before=USERS + _VISITS,
        refused="VACUUM visits;",
        fixed=("VACUUM visits_1;",),
    ),
    Entry(
        slug=_UNFIT,
        before=USERS + _SEEN,
        refused="ANALYZE seen;",
        fixed=(f"{CONTRACT}ANALYZE seen;",),
    ),
    Entry(
        slug=_UNFIT,
        before=USERS + _SEEN,
        refused="REINDEX INDEX CONCURRENTLY s;",
        fixed=(f"{CONTRACT}REINDEX INDEX CONCURRENTLY s;",),
    ),
    Entry(
        slug=_UNFIT,
        before=USERS + _LEFT,
        refused="REINDEX INDEX CONCURRENTLY names;",
        start=USERS + _LEFT + "DROP INDEX names_ccnew;",
        fixed=("REINDEX INDEX CONCURRENTLY names;",),
    ),
    Entry(
        slug=_UNFIT,
        before=USERS
        + "CREATE INDEX i ON users (n);"
        + " UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i'::regclass;",
        refused="REINDEX INDEX CONCURRENTLY i;",
        start=USERS,
        fixed=("CREATE INDEX i ON users (n);",),
    ),
    Entry(
        slug=_UNFIT,
        before=USERS + _ROOMS,
        refused="REINDEX INDEX CONCURRENTLY rooms_free_excl;",
        fixed=(f"{EXPAND}REINDEX INDEX rooms_free_excl;",),
    ),
    Entry(
        slug="unknown_index",
        refused="REINDEX INDEX CONCURRENTLY user_pkey;",
        fixed=("REINDEX INDEX CONCURRENTLY users_pkey;",),
    ),
    Entry(
        slug="unknown_column",
        refused="ANALYZE users (nix);",
        fixed=("ANALYZE users (n);",),
    ),
    Entry(
        slug="notify_not_planned",
        refused="NOTIFY pgrst, 'reload schema';",
        fixed=(f"{EXPAND}NOTIFY pgrst, 'reload schema';", f"{CONTRACT}NOTIFY pgrst;"),
    ),
)
