"""Tables in use that become partitioned."""

from tests.remedies.entry import CONTRACT, EXPAND, Entry

EVENTS = """
CREATE TABLE events (id bigint NOT NULL, day date NOT NULL, note text);
INSERT INTO events SELECT n, date '2026-01-01' + n, 'e' FROM generate_series(1, 30) AS n;
"""
RENAME = "ALTER TABLE events RENAME TO events_p0;\n"
LIKE = "CREATE TABLE events (LIKE events_p0 INCLUDING DEFAULTS) PARTITION BY RANGE (day);\n"
ATTACH = """ALTER TABLE events ATTACH PARTITION events_p0
FOR VALUES FROM (MINVALUE) TO ('2027-01-01');
"""
NEXT = """CREATE TABLE events_2027 PARTITION OF events
FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
"""
KEY = "ALTER TABLE events ADD CONSTRAINT events_pkey PRIMARY KEY (id, day);\n"
KEY_AWAY = "ALTER TABLE events_p0 RENAME CONSTRAINT events_pkey TO events_p0_pkey;\n"
FUNCTION = (
    "CREATE FUNCTION seen() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';\n"
)
FIRED = FUNCTION + (
    "CREATE TRIGGER seen AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION seen();\n"
)
AGAIN = "CREATE TRIGGER seen AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION seen();\n"
SETS = (
    "CREATE FUNCTION seen() RETURNS trigger LANGUAGE plpgsql AS"
    " 'BEGIN NEW.{} := NEW.{}; RETURN NEW; END';\n"
    "CREATE TRIGGER seen BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION seen();\n"
)
BEFORE = "CREATE TRIGGER seen BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION seen();\n"
DROP = "DROP TRIGGER seen ON events_p0;\n"
KINDS = "CREATE TABLE kinds (note text PRIMARY KEY);\nINSERT INTO kinds VALUES ('e');\n"
REFERS = "ALTER TABLE events ADD CONSTRAINT of_kind FOREIGN KEY (note) REFERENCES kinds"
COUNTED = (
    "CREATE FUNCTION counted() RETURNS bigint LANGUAGE sql"
    " BEGIN ATOMIC SELECT count(*) FROM events; END;\n"
)
WRAP = RENAME + LIKE + ATTACH


def wrap(*behind: str, like: str = LIKE, renamed: str = "", attach: str = ATTACH) -> str:
    """The statements, with some behind the RENAME and behind the CREATE TABLE."""
    return RENAME + renamed + like + "".join(behind) + attach


def _refused(before: str, refused: str, *fixed: str, start: str = "") -> Entry:
    return Entry(
        slug="table_cannot_be_partitioned",
        before=before,
        refused=refused,
        fixed=fixed,
        start=start,
    )


def _more(sql: str, *fixed: str, refused: str = WRAP, start: str = "") -> Entry:
    return _refused(EVENTS + sql, refused, *fixed, start=start)


_LOGGED = EVENTS.replace("CREATE TABLE", "CREATE UNLOGGED TABLE")
_KEYED = EVENTS + KEY
_ALL = LIKE.replace("DEFAULTS", "ALL")
_SECURED = (
    "ALTER TABLE events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;\n"
    "CREATE POLICY every ON events USING (true);\n"
)
_NUMBERED = EVENTS.replace("id bigint", "id bigserial")
_OWNED = "ALTER SEQUENCE events_id_seq OWNED BY events.id;\n"
_WRITTEN = (
    "CREATE TABLE events (id bigint NOT NULL, day date NOT NULL, note text)"
    " PARTITION BY RANGE (day);\n"
)

ENTRIES = (
    Entry(
        slug="hazard",
        before=EVENTS + "COMMENT ON TABLE events IS 'what happened';\n",
        refused=WRAP,
        fixed=(
            RENAME
            + LIKE
            + "COMMENT ON TABLE events IS 'what happened';\n"
            + ATTACH
            + "CREATE TABLE events_rest PARTITION OF events DEFAULT;\n",
        ),
    ),
    # what is there
    _more("CREATE TABLE events_p0 (id int);\n", WRAP.replace("events_p0", "events_first")),
    _more("CREATE PUBLICATION changes FOR TABLE events;\n", WRAP, start=EVENTS),
    _refused(EVENTS + "CREATE TABLE more () INHERITS (events);\n", WRAP, WRAP, start=EVENTS),
    _refused(_LOGGED, WRAP, f"{EXPAND}ALTER TABLE events SET LOGGED;", WRAP),
    _more(
        "CREATE RULE kept AS ON DELETE TO events DO INSTEAD NOTHING;\n",
        f"{CONTRACT}DROP RULE kept ON events;",
        WRAP,
    ),
    _more(
        "CREATE VIEW recent AS SELECT id FROM events;\n",
        wrap("CREATE OR REPLACE VIEW recent AS SELECT id FROM events;\n"),
    ),
    _more(
        "CREATE VIEW recent WITH (security_barrier) AS SELECT id FROM events;\n",
        "DROP VIEW recent;",
        WRAP,
        "CREATE VIEW recent WITH (security_barrier) AS SELECT id FROM events;",
    ),
    _more(
        "CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n FROM events;\n",
        "DROP MATERIALIZED VIEW counted;",
        WRAP,
        "CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n FROM events;",
    ),
    _more(
        COUNTED,
        "DROP FUNCTION counted();",
        WRAP,
        COUNTED,
    ),
    _refused(
        _KEYED
        + "CREATE TABLE lines (id bigint, day date,"
        + " CONSTRAINT of_event FOREIGN KEY (id, day) REFERENCES events);\n",
        wrap(KEY, renamed=KEY_AWAY),
        "ALTER TABLE lines DROP CONSTRAINT of_event;",
        wrap(KEY, renamed=KEY_AWAY),
    ),
    _more(
        "CREATE FUNCTION shown(events) RETURNS text LANGUAGE sql AS 'SELECT ''e''';\n",
        WRAP,
        start=EVENTS,
    ),
    # the key, the bounds, the statements
    _refused(
        EVENTS.replace("day date NOT NULL", "day date"),
        WRAP,
        "ALTER TABLE events ALTER COLUMN day SET NOT NULL;",
        WRAP,
    ),
    _more("", WRAP, refused=WRAP.replace("(day)", "(day, id)").replace("UE)", "UE, MINVALUE)")),
    _more(
        "",
        WRAP,
        refused=wrap(
            like=LIKE.replace("RANGE", "HASH"),
            attach="ALTER TABLE events ATTACH PARTITION events_p0"
            " FOR VALUES WITH (MODULUS 1, REMAINDER 0);\n",
        ),
    ),
    _more(
        "",
        WRAP + NEXT,
        refused=wrap(NEXT, attach="ALTER TABLE events ATTACH PARTITION events_p0 DEFAULT;\n"),
    ),
    _more(
        "CREATE TABLE others (id int);\n",
        "ALTER TABLE others ADD COLUMN n int;",
        WRAP,
        refused=wrap("ALTER TABLE others ADD COLUMN n int;\n"),
    ),
    Entry(
        slug="partition_order",
        before=EVENTS,
        refused=f"{WRAP}{NEXT}INSERT INTO events_2027 VALUES (100, '2027-02-02', 'e');",
        fixed=(WRAP + NEXT, "SELECT 1;"),
    ),
    _refused(
        EVENTS,
        RENAME + LIKE + "INSERT INTO events SELECT * FROM events_p0;\nDROP TABLE events_p0;",
        WRAP,
    ),
    # columns
    _more(
        "",
        WRAP,
        refused=wrap(
            like="CREATE TABLE events (day date NOT NULL, id bigint NOT NULL, note text)"
            " PARTITION BY RANGE (day);\n"
        ),
    ),
    _refused(
        EVENTS.replace("id bigint", "id bigint GENERATED BY DEFAULT AS IDENTITY"),
        WRAP,
        wrap(_OWNED),
        start=_NUMBERED,
    ),
    _more(
        "",
        wrap(
            "ALTER TABLE events ALTER COLUMN id SET NOT NULL;\n",
            like=_WRITTEN.replace("id bigint NOT NULL", "id bigint"),
        ),
        refused=wrap(like=_WRITTEN.replace("id bigint NOT NULL", "id bigint")),
    ),
    _more(
        "ALTER TABLE events ALTER COLUMN note SET DEFAULT 'e';\n",
        WRAP,
        refused=wrap(like=_WRITTEN),
    ),
    _refused(
        _NUMBERED,
        wrap(like=_WRITTEN.replace("id bigint", "id bigserial")),
        wrap(_OWNED),
    ),
    _refused(_NUMBERED, WRAP, wrap(_OWNED)),
    # keys and checks
    _refused(_KEYED, wrap(like=_ALL), wrap(like=_ALL, renamed=KEY_AWAY)),
    _refused(
        _KEYED,
        wrap("ALTER TABLE events ADD PRIMARY KEY (id, day);\n"),
        wrap("ALTER TABLE events ADD PRIMARY KEY (id, day);\n", renamed=KEY_AWAY),
    ),
    _refused(
        _KEYED,
        wrap(KEY.replace("events_pkey", "other")),
        wrap(
            KEY.replace("events_pkey", "other"),
            "ALTER TABLE events RENAME CONSTRAINT other TO events_pkey;\n",
            renamed=KEY_AWAY,
        ),
    ),
    _refused(
        _KEYED.replace("events_pkey", "events_key"),
        wrap(like=_ALL),
        wrap(
            "ALTER TABLE events RENAME CONSTRAINT events_pkey TO events_key;\n",
            like=_ALL,
            renamed=KEY_AWAY.replace("events_pkey", "events_key"),
        ),
    ),
    _refused(
        EVENTS + "ALTER TABLE events ADD PRIMARY KEY (id);\n",
        wrap(KEY, renamed=KEY_AWAY),
        f"{CONTRACT}ALTER TABLE events DROP CONSTRAINT events_pkey,"
        " ADD CONSTRAINT events_pkey PRIMARY KEY (id, day);",
        wrap(KEY, renamed=KEY_AWAY),
    ),
    _more(
        "CREATE UNIQUE INDEX by_id ON events (id);\n",
        f"{CONTRACT}DROP INDEX CONCURRENTLY by_id;",
        WRAP,
    ),
    _refused(_KEYED, WRAP, wrap(KEY, renamed=KEY_AWAY)),
    _more(
        "ALTER TABLE events ADD CONSTRAINT k CHECK (id > 0);\n",
        wrap(like=LIKE.replace("DEFAULTS", "DEFAULTS INCLUDING CONSTRAINTS")),
    ),
    _more(
        "CREATE INDEX by_note ON events (note) WHERE id > 5;\n",
        wrap(like=LIKE.replace("DEFAULTS", "DEFAULTS INCLUDING INDEXES")),
        refused=wrap("CREATE INDEX by_note2 ON events (note) WHERE id > (5);\n").replace(
            "id > (5)", "id > 5::bigint + 0"
        ),
    ),
    _more(
        "",
        "CREATE INDEX ON events USING btree (note);",
        wrap("CREATE INDEX by_note ON events (note);\n"),
        refused=wrap("CREATE INDEX by_note ON events (note);\n"),
    ),
    _more(
        "ALTER TABLE events ADD CONSTRAINT k CHECK (id > 0) NOT VALID;\n",
        "ALTER TABLE events VALIDATE CONSTRAINT k;",
        wrap(like=LIKE.replace("DEFAULTS", "DEFAULTS INCLUDING CONSTRAINTS")),
        refused=wrap(like=LIKE.replace("DEFAULTS", "DEFAULTS INCLUDING CONSTRAINTS")),
    ),
    _more(
        "",
        "ALTER TABLE events ADD CONSTRAINT k CHECK (id > 0);",
        wrap("ALTER TABLE events ADD CONSTRAINT k CHECK (id > 0);\n"),
        refused=wrap("ALTER TABLE events ADD CONSTRAINT k CHECK (id > 0);\n"),
    ),
    _more(
        "",
        "ALTER TABLE events ADD PRIMARY KEY (id, day);",
        wrap(KEY, renamed=KEY_AWAY),
        refused=wrap("ALTER TABLE events ADD PRIMARY KEY (id, day);\n"),
    ),
    _more(
        "",
        "ALTER TABLE events ALTER COLUMN note SET NOT NULL;",
        wrap(like=_WRITTEN.replace("note text", "note text NOT NULL")),
        refused=wrap(like=_WRITTEN.replace("note text", "note text NOT NULL")),
    ),
    # foreign keys
    _more(
        f"{KINDS}{REFERS} NOT VALID;\n",
        "ALTER TABLE events VALIDATE CONSTRAINT of_kind;",
        wrap(f"{REFERS};\n"),
        refused=wrap(f"{REFERS};\n"),
    ),
    _more(f"{KINDS}{REFERS};\n", wrap(f"{REFERS};\n")),
    _more(
        KINDS,
        f"{REFERS};",
        wrap(f"{REFERS};\n"),
        refused=wrap(f"{REFERS};\n"),
    ),
    # rights
    _more("GRANT SELECT ON events TO PUBLIC;\n", wrap("GRANT SELECT ON events TO PUBLIC;\n")),
    _more(
        _SECURED,
        wrap(
            "ALTER TABLE events ENABLE ROW LEVEL SECURITY;\n"
            "ALTER TABLE events FORCE ROW LEVEL SECURITY;\n"
            "CREATE POLICY every ON events USING (true);\n"
        ),
    ),
    # triggers
    _more(FIRED, wrap(AGAIN, renamed=DROP)),
    _more(FIRED, wrap(AGAIN, renamed=DROP), refused=wrap(renamed=DROP)),
    _more(
        SETS.replace("{}", "day"),
        wrap(BEFORE, renamed=DROP),
        refused=wrap(BEFORE, renamed=DROP),
        start=EVENTS + SETS.replace("{}", "note"),
    ),
)
