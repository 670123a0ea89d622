"""Rights, and objects that are dropped."""

from tests.remedies.entry import CONTRACT, EXPAND, USERS, Entry

_ROLE = "DO 'BEGIN CREATE ROLE zdm_reader; EXCEPTION WHEN duplicate_object OR unique_violation"
_ROLE += " THEN NULL; END'; "
_AUDIT = "CREATE TABLE audit (id bigint);\n"
_NOTES = """CREATE FUNCTION audited() RETURNS trigger LANGUAGE plpgsql {more}
AS 'BEGIN INSERT INTO public.audit VALUES (NEW.id); RETURN NULL; END';
CREATE TRIGGER audited AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION audited();
"""
_AUDITS = _AUDIT + _NOTES.format(more="")
_NUMBERED = "CREATE TABLE audit (n serial, id bigint);\nGRANT INSERT ON audit TO zdm_reader;\n"
_NUMBERS = _NUMBERED + _NOTES.format(more="").replace("audit VALUES", "audit (id) VALUES")
_SECURED = (
    "CREATE POLICY p ON users USING (n = 1); ALTER TABLE users ENABLE ROW LEVEL SECURITY;"
)
_SHARES = "CREATE TABLE shares (n int, who text);"
_LOOP = (
    "CREATE POLICY s ON shares USING (n IN (SELECT u.n FROM users u));"
    " ALTER TABLE shares ENABLE ROW LEVEL SECURITY;"
)
_SHARED = "CREATE POLICY q ON users USING (n IN (SELECT s.n FROM shares s));"
_SHOWN = "CREATE FUNCTION shared(int) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER"
_SHOWN += " SET search_path = public, pg_temp AS 'SELECT $1 IN (SELECT s.n FROM shares s)';\n"
ENTRIES = (
    Entry(
        slug="policy_would_fail",
        before=USERS + _SECURED,
        refused="CREATE POLICY q ON users USING (name = current_setting('app.name'));",
        fixed=("CREATE POLICY q ON users USING (name = current_setting('app.name', true));",),
    ),
    Entry(
        slug="policy_would_fail",
        before=USERS + _SECURED,
        refused="CREATE POLICY q ON users USING (name = current_setting('app.name'));",
        fixed=(
            f"{EXPAND}CREATE POLICY q ON users USING (name = current_setting('app.name'));",
        ),
    ),
    Entry(
        slug="policy_would_fail",
        before=USERS + _SECURED + _SHARES + _ROLE + "GRANT SELECT ON users TO zdm_reader;",
        refused=_SHARED,
        fixed=("GRANT SELECT ON shares TO zdm_reader;\n" + _SHARED,),
    ),
    Entry(
        slug="policy_would_fail",
        before=USERS + _SECURED + _SHARES + _LOOP,
        refused=_SHARED,
        fixed=(_SHOWN + "CREATE POLICY q ON users USING (shared(n));",),
    ),
    Entry(
        slug="right_missing",
        before=USERS + _ROLE + "GRANT INSERT ON users TO zdm_reader;",
        refused=_NUMBERS,
        fixed=(_NUMBERS + "GRANT USAGE ON SEQUENCE audit_n_seq TO zdm_reader;",),
    ),
    Entry(
        slug="right_missing",
        before=USERS + _ROLE + "GRANT INSERT ON users TO zdm_reader;",
        refused=_AUDITS,
        fixed=(_AUDITS + "GRANT INSERT ON audit TO zdm_reader;",),
    ),
    Entry(
        slug="right_missing",
        before=USERS + _ROLE + "GRANT INSERT ON users TO zdm_reader;",
        refused=_AUDITS,
        fixed=(_AUDIT + _NOTES.format(more="SECURITY DEFINER SET search_path = public"),),
    ),
    Entry(
        slug="grant_cannot_be_planned",
        before=USERS,
        refused="GRANT SELECT ON users TO CURRENT_USER;",
        fixed=("GRANT SELECT ON users TO pg_monitor;",),
    ),
    Entry(
        slug="grant_cannot_be_planned",
        before=USERS,
        refused="GRANT SELECT ON usres TO pg_monitor;",
        fixed=("GRANT SELECT ON users TO pg_monitor;",),
    ),
    Entry(
        slug="grant_cannot_be_planned",
        before=USERS + "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';"
        " CREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS 'SELECT 1';",
        refused="GRANT EXECUTE ON FUNCTION f TO pg_monitor;",
        fixed=("GRANT EXECUTE ON FUNCTION f(text) TO pg_monitor;",),
    ),
    Entry(
        slug="grant_cannot_be_planned",
        before=USERS + _ROLE + "GRANT SELECT ON users TO zdm_reader WITH GRANT OPTION;",
        refused="REVOKE SELECT ON users FROM zdm_reader CASCADE;",
        fixed=("REVOKE SELECT ON users FROM zdm_reader;",),
    ),
    Entry(
        slug="grant_cannot_be_planned",
        before=USERS + _ROLE,
        refused="GRANT SELECT ON users TO zdm_reader GRANTED BY CURRENT_USER;",
        fixed=("GRANT SELECT ON users TO zdm_reader;",),
    ),
    Entry(
        slug="grant_cannot_be_planned",
        before=USERS + _ROLE + "GRANT ALL ON users TO zdm_reader;",
        refused="REVOKE ALL ON users FROM zdm_reader; CREATE TABLE t (id int);"
        " GRANT SELECT ON ALL TABLES IN SCHEMA public TO zdm_reader;",
        fixed=(
            "CREATE TABLE t (id int); REVOKE ALL ON users FROM zdm_reader;"
            " GRANT SELECT ON ALL TABLES IN SCHEMA public TO zdm_reader;",
        ),
    ),
    Entry(
        slug="grant_cannot_be_planned",
        before=USERS + _ROLE + "GRANT ALL ON users TO zdm_reader;",
        refused="REVOKE ALL ON users FROM zdm_reader; SET search_path = public;"
        " GRANT SELECT ON users TO zdm_reader;",
        fixed=(
            "REVOKE ALL ON public.users FROM zdm_reader;"
            " GRANT SELECT ON public.users TO zdm_reader;",
        ),
    ),
    Entry(
        slug="object_not_commented",
        before=USERS + "CREATE EXTENSION pg_trgm;",
        refused="COMMENT ON EXTENSION pg_trgm IS 'like';",
        fixed=(
            "-- zdm: privileged -- reviewed\n"
            + EXPAND
            + "COMMENT ON EXTENSION pg_trgm IS 'like';",
        ),
    ),
    Entry(
        slug="object_cannot_be_dropped",
        before=USERS + "CREATE EXTENSION pg_trgm;",
        refused="DROP EXTENSION pg_trgm;",
        fixed=("-- zdm: privileged -- reviewed\n" + CONTRACT + "DROP EXTENSION pg_trgm;",),
    ),
    Entry(
        slug="object_cannot_be_dropped",
        before=USERS + "CREATE TYPE mood AS ENUM ('a'); CREATE TABLE moods (m mood);",
        refused="DROP TYPE mood;",
        fixed=("DROP TABLE moods;\nDROP TYPE mood;",),
    ),
    Entry(
        slug="object_cannot_be_dropped",
        before=USERS + "CREATE TYPE mood AS ENUM ('a');",
        refused="DROP TYPE mood CASCADE;",
        fixed=("DROP TYPE mood;",),
    ),
    Entry(
        slug="object_cannot_be_dropped",
        before=USERS,
        refused="DROP TYPE mood;",
        fixed=("DROP TYPE IF EXISTS mood;",),
    ),
    Entry(
        slug="hazard",
        before=USERS + "CREATE SEQUENCE s; CREATE FUNCTION f() RETURNS bigint LANGUAGE plpgsql"
        " AS 'BEGIN RETURN nextval(''s''); END';",
        refused="DROP SEQUENCE s;",
        fixed=("DROP SEQUENCE s;",),
    ),
    Entry(
        slug="index_cannot_be_renamed",
        before=USERS + "CREATE INDEX i ON users (n);",
        refused="ALTER INDEX i RENAME TO users;",
        fixed=("ALTER INDEX i RENAME TO j;",),
    ),
    Entry(
        slug="index_cannot_be_renamed",
        before=USERS + "CREATE INDEX i ON users (n);",
        refused="ALTER INDEX j RENAME TO k;",
        fixed=("ALTER INDEX i RENAME TO k;",),
    ),
    Entry(
        slug="table_rewritten",
        before=USERS,
        refused="ALTER TABLE users SET UNLOGGED;",
        fixed=(f"{EXPAND}ALTER TABLE users SET UNLOGGED;",),
    ),
    Entry(
        slug="settings_cannot_be_changed",
        before=USERS,
        refused="ALTER TABLE users SET (toast.autovacuum_enabled = false);",
        fixed=(f"{EXPAND}ALTER TABLE users SET (toast.autovacuum_enabled = false);",),
    ),
    Entry(
        slug="settings_cannot_be_changed",
        before=USERS,
        refused="ALTER TABLE users ALTER COLUMN gone SET STATISTICS 5;",
        fixed=("ALTER TABLE users ALTER COLUMN n SET STATISTICS 5;",),
    ),
    Entry(
        slug="settings_cannot_be_changed",
        before="CREATE TABLE parts (id int) PARTITION BY RANGE (id);"
        " CREATE TABLE part PARTITION OF parts DEFAULT;",
        refused="ALTER TABLE parts SET (fillfactor = 80);",
        fixed=("ALTER TABLE part SET (fillfactor = 80);",),
    ),
    Entry(
        slug="settings_cannot_be_changed",
        before=USERS + "CREATE UNIQUE INDEX u ON users (n);",
        refused="ALTER TABLE users REPLICA IDENTITY USING INDEX u;",
        fixed=("ALTER TABLE users REPLICA IDENTITY USING INDEX users_pkey;",),
    ),
    Entry(
        slug="settings_cannot_be_changed",
        before=USERS + "CREATE PUBLICATION p FOR TABLE users;",
        refused="ALTER TABLE users REPLICA IDENTITY NOTHING;",
        fixed=("ALTER TABLE users REPLICA IDENTITY FULL;",),
    ),
    Entry(
        slug="settings_cannot_be_changed",
        before=USERS + "CREATE UNIQUE INDEX by_n ON users (n);"
        " ALTER TABLE users ALTER n SET NOT NULL;"
        " CREATE PUBLICATION p FOR TABLE users (id, email);",
        refused="ALTER TABLE users REPLICA IDENTITY USING INDEX by_n;",
        fixed=("ALTER TABLE users REPLICA IDENTITY USING INDEX users_pkey;",),
    ),
    Entry(
        slug="row_security_hides_all",
        before=USERS,
        refused="ALTER TABLE users ENABLE ROW LEVEL SECURITY;",
        fixed=(
            "ALTER TABLE users ENABLE ROW LEVEL SECURITY;\n"
            "CREATE POLICY p ON users USING (true);",
        ),
    ),
    Entry(
        slug="row_security_hides_all",
        before=USERS + "CREATE POLICY p ON users; ALTER TABLE users ENABLE ROW LEVEL SECURITY;",
        refused="DROP POLICY p ON users;",
        fixed=("ALTER TABLE users DISABLE ROW LEVEL SECURITY;\nDROP POLICY p ON users;",),
    ),
    Entry(
        slug="row_security_hides_rows",
        before=USERS + _SECURED,
        refused="ALTER TABLE users FORCE ROW LEVEL SECURITY;\n"
        "UPDATE users SET name = 'x' WHERE n = 2;",
        fixed=(
            "UPDATE users SET name = 'x' WHERE n = 2;\n"
            "ALTER TABLE users FORCE ROW LEVEL SECURITY;",
        ),
    ),
    Entry(
        slug="row_security_hides_rows",
        refused="CREATE TABLE t (id int); ALTER TABLE t ENABLE ROW LEVEL SECURITY;"
        " CREATE POLICY p ON t USING (id = 2); ALTER TABLE t FORCE ROW LEVEL SECURITY;\n"
        "INSERT INTO t VALUES (1);",
        fixed=(
            "CREATE TABLE t (id int); ALTER TABLE t ENABLE ROW LEVEL SECURITY;"
            " CREATE POLICY p ON t USING (id = 2); INSERT INTO t VALUES (1);",
            "ALTER TABLE t FORCE ROW LEVEL SECURITY;",
        ),
    ),
    Entry(
        slug="row_security_interrupted",
        before=USERS + _SECURED,
        refused="ALTER TABLE users DISABLE ROW LEVEL SECURITY;\n"
        "ALTER TABLE users ENABLE ROW LEVEL SECURITY;\nCREATE POLICY q ON users USING (n = 2);",
        fixed=("CREATE POLICY q ON users USING (n = 2);",),
    ),
    Entry(
        slug="row_security_interrupted",
        before=USERS + _SECURED,
        refused="ALTER TABLE users DISABLE ROW LEVEL SECURITY;\n"
        "CREATE POLICY q ON users USING (n = 2);",
        fixed=(
            "CREATE POLICY q ON users USING (n = 2);\n"
            "ALTER TABLE users DISABLE ROW LEVEL SECURITY;",
        ),
    ),
    Entry(
        slug="policy_cannot_be_changed",
        before=USERS + "CREATE POLICY p ON users;",
        refused="CREATE POLICY p ON users;",
        fixed=("CREATE POLICY q ON users;",),
    ),
    Entry(
        slug="policy_cannot_be_changed",
        before=USERS + "CREATE POLICY p ON users;",
        refused="DROP POLICY q ON users;",
        fixed=("DROP POLICY p ON users;",),
    ),
    Entry(
        slug="statistics_cannot_be_created",
        before=USERS + "CREATE STATISTICS s ON n, name FROM users;",
        refused="CREATE STATISTICS s ON n, email FROM users;",
        fixed=("CREATE STATISTICS t ON n, email FROM users;",),
    ),
    Entry(
        slug="statistics_cannot_be_created",
        refused="CREATE STATISTICS s ON n, gone FROM users;",
        fixed=("CREATE STATISTICS s ON n, email FROM users;",),
    ),
    Entry(
        slug="name_reused",
        before=USERS + "CREATE STATISTICS s ON n, name FROM users;",
        refused="DROP STATISTICS s;\nCREATE STATISTICS s ON n, email FROM users;",
        fixed=(
            "DROP STATISTICS s;",
            "CREATE STATISTICS s ON n, email FROM users;",
        ),
    ),
)
