"""DO blocks in the shapes in which real migrations write them: each with what it is about."""

BEFORE = """
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE users (
    id bigint PRIMARY KEY, email varchar(90), state text, CONSTRAINT users_email UNIQUE (email)
);
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint NOT NULL, note text, mood mood);
CREATE INDEX orders_user ON orders (user_id);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER users_touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();
CREATE SEQUENCE numbers;
CREATE MATERIALIZED VIEW totals AS SELECT user_id, count(*) AS n FROM orders GROUP BY user_id;
"""
_FK = "ALTER TABLE orders ADD CONSTRAINT orders_fk FOREIGN KEY (user_id) REFERENCES users (id)"
_ADD = "ALTER TABLE users ADD COLUMN phone text"


def _if(condition: str, then: str, otherwise: str = "") -> str:
    other = f" ELSE {otherwise};" if otherwise else ""
    return f"IF {condition} THEN {then};{other} END IF;"


def _try(statement: str, *names: str) -> str:
    return f"{statement}; EXCEPTION {' '.join(f'WHEN {name} THEN NULL;' for name in names)}"


_LOOP = "FOR r IN SELECT {what} FROM {rows} LOOP {body}; END LOOP;"
_RECORD = "DECLARE r record; BEGIN "
BLOCKS: dict[str, dict[str, str]] = {
    "Guards that ask for what is to be made": {
        "a constraint by its name": _if(
            "NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'orders_fk')", _FK
        ),
        "a constraint by its name and table": _if(
            "NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 'orders_fk'"
            " AND conrelid = 'orders'::regclass)",
            _FK,
        ),
        "a constraint joined to its table": _if(
            "NOT EXISTS (SELECT 1 FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid"
            " WHERE t.relname = 'orders' AND c.conname = 'orders_fk')",
            _FK,
        ),
        "a constraint in information_schema": _if(
            "NOT EXISTS (SELECT 1 FROM information_schema.table_constraints"
            " WHERE constraint_name = 'orders_fk' AND table_name = 'orders')",
            _FK,
        ),
        "a column in information_schema": _if(
            "NOT EXISTS (SELECT 1 FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name = 'users'"
            " AND column_name = 'phone')",
            _ADD,
        ),
        "a column in pg_attribute": _if(
            "NOT EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = 'users'::regclass"
            " AND attname = 'phone' AND NOT attisdropped)",
            _ADD,
        ),
        "a table in pg_tables": _if(
            "NOT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'public'"
            " AND tablename = 'teams')",
            "CREATE TABLE teams (id bigint PRIMARY KEY)",
        ),
        "a table by to_regclass": _if(
            "to_regclass('public.teams') IS NULL", "CREATE TABLE teams (id bigint PRIMARY KEY)"
        ),
        "an enum in pg_type": _if(
            "NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'colour')",
            "CREATE TYPE colour AS ENUM ('red', 'blue')",
        ),
        "an enum in pg_type and its schema": _if(
            "NOT EXISTS (SELECT 1 FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace"
            " WHERE t.typname = 'colour' AND n.nspname = 'public')",
            "CREATE TYPE colour AS ENUM ('red', 'blue')",
        ),
        "a label of an enum": _if(
            "NOT EXISTS (SELECT 1 FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid"
            " WHERE t.typname = 'mood' AND e.enumlabel = 'odd')",
            "ALTER TYPE mood ADD VALUE 'odd'",
        ),
        "an index in pg_indexes": _if(
            "NOT EXISTS (SELECT 1 FROM pg_indexes WHERE indexname = 'orders_note')",
            "CREATE INDEX orders_note ON orders (note)",
        ),
        "a trigger": _if(
            "NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = 'orders_touch')",
            "CREATE TRIGGER orders_touch BEFORE UPDATE ON orders FOR EACH ROW"
            " EXECUTE FUNCTION touch()",
        ),
        "a policy": _if(
            "NOT EXISTS (SELECT 1 FROM pg_policies WHERE policyname = 'own'"
            " AND tablename = 'orders')",
            "CREATE POLICY own ON orders USING (true)",
        ),
        "a schema": _if(
            "NOT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = 'shop')",
            "CREATE SCHEMA shop",
        ),
        "a sequence in pg_class": _if(
            "NOT EXISTS (SELECT 1 FROM pg_class WHERE relkind = 'S' AND relname = 'codes')",
            "CREATE SEQUENCE codes",
        ),
        "a function in pg_proc": _if(
            "NOT EXISTS (SELECT 1 FROM pg_proc WHERE proname = 'twice')",
            "CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'SELECT $1 * 2'",
        ),
        "an extension": _if(
            "NOT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citext')",
            "CREATE EXTENSION citext",
        ),
        "a role": _if(
            "NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'zdm_reader')",
            "CREATE ROLE zdm_reader",
        ),
        "a role that gets rights": _if(
            "EXISTS (SELECT FROM pg_roles WHERE rolname = 'zdm_reader')",
            "GRANT SELECT ON users TO zdm_reader",
        ),
        "a publication": _if(
            "EXISTS (SELECT 1 FROM pg_publication WHERE pubname = 'feed')",
            "ALTER PUBLICATION feed ADD TABLE users",
        ),
        "two guards in one block": _if(
            "NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'orders_fk')", _FK
        )
        + _if("to_regclass('teams') IS NULL", "CREATE TABLE teams (id int)"),
        "a guard with a notice": _if(
            "EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'users_email')",
            "RAISE NOTICE 'there already'",
            _FK,
        ),
    },
    "Guards that ask for what is to be changed": {
        "a column that is renamed": _if(
            "EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 'users'"
            " AND column_name = 'state' AND table_schema = 'public')",
            "ALTER TABLE users RENAME COLUMN state TO status",
        ),
        "a constraint that is dropped": _if(
            "EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'users_check')",
            "ALTER TABLE users DROP CONSTRAINT users_check",
        ),
        "the type of a column": _if(
            "EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 'users'"
            " AND column_name = 'email' AND data_type = 'character varying')",
            "ALTER TABLE users ALTER COLUMN email TYPE text",
        ),
        "whether a column is nullable": _if(
            "EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 'users'"
            " AND column_name = 'email' AND is_nullable = 'YES')",
            "ALTER TABLE users ALTER COLUMN email SET NOT NULL",
        ),
        "the text of a constraint": _if(
            "EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'users_email'"
            " AND pg_get_constraintdef(oid) LIKE '%email%')",
            _ADD,
        ),
        "a materialized view": _if(
            "EXISTS (SELECT 1 FROM pg_matviews WHERE matviewname = 'totals')",
            "REFRESH MATERIALIZED VIEW totals",
        ),
        "the version of the server": _if(
            "current_setting('server_version_num')::int >= 150000", _ADD
        ),
        "a count of the catalog": _if(
            "(SELECT count(*) FROM pg_constraint WHERE conname = 'orders_fk') = 0", _FK
        ),
    },
    "Errors that are caught": {
        "duplicate_object of an enum": _try(
            "CREATE TYPE colour AS ENUM ('red')", "duplicate_object"
        ),
        "duplicate_object of a foreign key": _try(_FK, "duplicate_object"),
        "duplicate_table": _try("CREATE TABLE teams (id int)", "duplicate_table"),
        "duplicate_column": _try(_ADD, "duplicate_column"),
        "two names": _try(_ADD, "duplicate_column", "duplicate_object"),
        "undefined_column": _try(
            "ALTER TABLE users RENAME COLUMN state TO status", "undefined_column"
        ),
        "undefined_object": _try("DROP TYPE colour", "undefined_object"),
        "others": _try(_ADD, "others"),
    },
    "Blocks that compute": {
        "EXECUTE of a constant": f"EXECUTE '{_ADD}';",
        "EXECUTE of format()": "EXECUTE format('ALTER TABLE %I ADD COLUMN a int', 'users');",
        "EXECUTE in a guard": _if(
            "to_regclass('teams') IS NULL", "EXECUTE 'CREATE TABLE teams (id int)'"
        ),
        "a loop over tables": _LOOP.format(
            what="tablename",
            rows="pg_tables WHERE schemaname = 'public'",
            body="EXECUTE format('ALTER TABLE %I SET (fillfactor = 90)', r.tablename)",
        ),
        "a loop over constraints": _LOOP.format(
            what="conname",
            rows="pg_constraint WHERE conrelid = 'users'::regclass AND contype = 'u'",
            body="EXECUTE 'ALTER TABLE users DROP CONSTRAINT ' || r.conname",
        ),
        "a name that is looked up": "SELECT conname INTO r FROM pg_constraint WHERE conrelid ="
        " 'users'::regclass AND contype = 'u'; EXECUTE format('ALTER TABLE users DROP"
        " CONSTRAINT %I', r.conname);",
        "a loop of batches": "LOOP UPDATE orders SET note = '' WHERE id IN (SELECT id FROM"
        " orders WHERE note IS NULL LIMIT 100); EXIT WHEN NOT FOUND; END LOOP;",
        "rows that are asked for": _if(
            "NOT EXISTS (SELECT 1 FROM users WHERE id = 1)", "INSERT INTO users (id) VALUES (1)"
        ),
        "rows that must not be there": _if(
            "EXISTS (SELECT 1 FROM users WHERE email IS NULL)", "RAISE EXCEPTION 'no email'"
        ),
        "PERFORM": "PERFORM setval('numbers', 100);",
        "a notice alone": "RAISE NOTICE 'migrated';",
    },
}


def block(body: str) -> str:
    """The whole statement."""
    start = _RECORD if "r " in body and (" INTO r " in body or "FOR r " in body) else "BEGIN "
    return f"DO $$ {start}{body} END $$;"
