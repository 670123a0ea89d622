"""Tables that become partitions, and partitions that become tables."""

from tests.remedies.entry import CONTRACT, Entry

EVENTS = """
CREATE TABLE events (id bigint NOT NULL, at date NOT NULL, note text)
PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
"""
OLD = "CREATE TABLE old_events (id bigint NOT NULL, at date NOT NULL, note text);\n"
END = ";\n"
ATTACH = """ALTER TABLE events ATTACH PARTITION old_events
FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
"""
DETACH = "ALTER TABLE events DETACH PARTITION events_2025"
AGAIN = """ALTER TABLE events ATTACH PARTITION events_2025
FOR VALUES FROM ('2025-01-01') TO ('2027-01-01')"""
NEW = """CREATE TABLE old_events PARTITION OF events
FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
"""
HASHED = """
CREATE TABLE hashed (id bigint NOT NULL) PARTITION BY HASH (id);
CREATE TABLE other (id bigint NOT NULL);
"""
HASH = "ALTER TABLE hashed ATTACH PARTITION other FOR VALUES WITH (MODULUS 2, REMAINDER 1);\n"
FIRED = """
CREATE FUNCTION seen() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER seen AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION seen();
"""
SECURED = """
ALTER TABLE old_events ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON events TO PUBLIC;
"""
PUBLISHED = "CREATE PUBLICATION changes FOR TABLE events;\n"


def _attached(above: str, before: str, *fixed: str) -> Entry:
    return Entry(
        slug="partition_cannot_be_attached",
        before=EVENTS + above + before,
        refused=ATTACH,
        fixed=fixed,
    )


ENTRIES = (
    Entry(
        slug="hazard",
        before=EVENTS + OLD + FIRED + SECURED,
        refused=ATTACH,
        fixed=(ATTACH,),
    ),
    Entry(
        slug="hazard",
        before=EVENTS + PUBLISHED,
        refused=OLD + ATTACH,
        fixed=(OLD + ATTACH,),
    ),
    Entry(
        slug="hazard",
        before=EVENTS + FIRED,
        refused=f"{DETACH};",
        fixed=(f"{DETACH};",),
    ),
    _attached(
        "",
        OLD.replace("old_events", "base") + "CREATE TABLE old_events () INHERITS (base);\n",
        "CREATE TABLE older (LIKE old_events, PRIMARY KEY (id));\n"
        "INSERT INTO older SELECT id, at, note FROM old_events;\n",
        ATTACH.replace("old_events", "older"),
    ),
    _attached(
        "",
        OLD.replace("text", "varchar(20)"),
        "ALTER TABLE old_events ALTER COLUMN note TYPE text;",
        ATTACH,
    ),
    _attached(
        "",
        OLD.replace("id bigint NOT NULL", "id bigint"),
        f"ALTER TABLE old_events ALTER COLUMN id SET NOT NULL;\n{ATTACH}",
    ),
    _attached(
        "ALTER TABLE events ADD CONSTRAINT k CHECK (id > 0);\n",
        OLD,
        f"ALTER TABLE old_events ADD CONSTRAINT k CHECK (id > 0);\n{ATTACH}",
    ),
    _attached(
        "ALTER TABLE events ADD CONSTRAINT k CHECK (id > 0);\n",
        OLD + "ALTER TABLE old_events ADD CONSTRAINT k CHECK (id > 0) NOT VALID;\n",
        f"ALTER TABLE old_events VALIDATE CONSTRAINT k;\n{ATTACH}",
    ),
    _attached(
        "CREATE INDEX by_note ON events (note);\n",
        OLD,
        f"CREATE INDEX ON old_events USING btree (note);\n{ATTACH}",
    ),
    _attached(
        "CREATE INDEX by_note ON events (lower(note));\n",
        OLD,
        "CREATE INDEX ON old_events USING btree (lower(note));",
        ATTACH,
    ),
    _attached(
        "ALTER TABLE events ADD PRIMARY KEY (id, at);\n",
        OLD,
        f"ALTER TABLE old_events ADD PRIMARY KEY (id, at);\n{ATTACH}",
    ),
    _attached(
        "CREATE TABLE notes (note text PRIMARY KEY);\n"
        "ALTER TABLE events ADD FOREIGN KEY (note) REFERENCES notes (note);\n",
        OLD,
        "ALTER TABLE old_events ADD FOREIGN KEY (note) REFERENCES public.notes(note);",
        ATTACH,
    ),
    _attached(
        PUBLISHED,
        OLD,
        f"ALTER TABLE old_events REPLICA IDENTITY FULL;\n{ATTACH}",
    ),
    _attached(
        "CREATE TABLE rest PARTITION OF events DEFAULT;\n",
        OLD,
        "ALTER TABLE rest ADD CHECK (at < '2024-01-01' OR at >= '2025-01-01');",
        ATTACH,
    ),
    _attached("", f"{OLD.removesuffix(END)} PARTITION BY RANGE (id);\n", CONTRACT + ATTACH),
    Entry(
        slug="partition_cannot_be_attached",
        before=HASHED,
        refused=HASH,
        fixed=(CONTRACT + HASH,),
    ),
    Entry(
        slug="partition_cannot_be_attached",
        before=HASHED,
        refused="ALTER TABLE other ATTACH PARTITION hashed DEFAULT;",
        fixed=("SELECT 1;",),
    ),
    Entry(
        slug="partition_cannot_be_detached",
        before=EVENTS + "CREATE TABLE rest PARTITION OF events DEFAULT;\n",
        refused=f"{DETACH} CONCURRENTLY;",
        fixed=(f"{DETACH};",),
    ),
    Entry(
        slug="partition_cannot_be_detached",
        before=EVENTS + OLD,
        refused="ALTER TABLE events DETACH PARTITION old_events;",
        fixed=(f"{DETACH};",),
    ),
    Entry(
        slug="partition_cannot_be_detached",
        before=EVENTS
        + "ALTER TABLE events ADD PRIMARY KEY (at);\n"
        + "CREATE TABLE days (at date,"
        + " CONSTRAINT of_event FOREIGN KEY (at) REFERENCES events);",
        refused=f"{DETACH};",
        fixed=("ALTER TABLE days DROP CONSTRAINT of_event;", f"{DETACH};"),
    ),
    Entry(
        slug="partition_order",
        before=EVENTS,
        refused=f"{DETACH};\nALTER TABLE events_2025 ADD COLUMN more int;",
        fixed=(f"{DETACH};", "ALTER TABLE events_2025 ADD COLUMN more int;"),
    ),
    Entry(
        slug="partition_order",
        before=EVENTS,
        refused=f"{DETACH};\n{AGAIN};",
        fixed=(f"{DETACH};", f"{AGAIN};"),
    ),
    Entry(
        slug="partition_order",
        before=EVENTS + OLD,
        refused=f"{DETACH};\n{AGAIN.replace('events_2025', 'old_events')};",
        fixed=(
            "ALTER TABLE old_events ADD CONSTRAINT within"
            " CHECK (at >= '2025-01-01' AND at < '2027-01-01');\n"
            f"{CONTRACT}DO $$ BEGIN {DETACH};"
            f" {AGAIN.replace('events_2025', 'old_events')}; END $$;",
        ),
    ),
    Entry(
        slug="partition_order",
        before=EVENTS + OLD,
        refused=f"{DETACH};\n{AGAIN.replace('events_2025', 'old_events')};",
        fixed=(f"{DETACH};", f"{AGAIN.replace('events_2025', 'old_events')};"),
    ),
    Entry(
        slug="partition_order",
        before=EVENTS,
        refused=f"{OLD}INSERT INTO old_events VALUES (1, '2024-05-05');\n{ATTACH}",
        fixed=(OLD + ATTACH, "INSERT INTO old_events VALUES (1, '2024-05-05');"),
    ),
    Entry(
        slug="partition_in_use",
        before=EVENTS,
        refused=f"{NEW}ALTER TABLE old_events ADD CHECK (id > 5);",
        fixed=(f"{OLD}ALTER TABLE old_events ADD CHECK (id > 5);\n{ATTACH}",),
    ),
    Entry(
        slug="partition_in_use",
        before=EVENTS,
        refused=f"{NEW}INSERT INTO old_events VALUES (1, '2024-05-05');",
        fixed=(NEW, "INSERT INTO old_events VALUES (1, '2024-05-05');"),
    ),
)
