"""Sequences."""

from tests.remedies.entry import CONTRACT, Entry

TICKETS = """
CREATE TABLE orders (id bigserial PRIMARY KEY, note text);
CREATE SEQUENCE tickets MAXVALUE 100000;
"""
ENTRIES = (
    Entry(
        slug="sequence_cannot_be_altered",
        before=TICKETS,
        refused="ALTER SEQUENCE tickets INCREMENT BY -1;",
        fixed=(
            "CREATE SEQUENCE tickets_down INCREMENT BY -1;",
            f"{CONTRACT}ALTER SEQUENCE tickets INCREMENT BY -1;",
        ),
    ),
    Entry(
        slug="sequence_cannot_be_altered",
        before=TICKETS,
        refused="ALTER SEQUENCE tickets MAXVALUE 1000 INCREMENT BY 10;",
        fixed=(
            "ALTER SEQUENCE tickets INCREMENT BY 10;\nALTER SEQUENCE tickets MAXVALUE 1000;",
        ),
    ),
    Entry(
        slug="sequence_cannot_be_altered",
        before=TICKETS,
        refused="ALTER SEQUENCE tickets RESTART WITH 500 CACHE 5;",
        fixed=("ALTER SEQUENCE tickets RESTART WITH 500;\nALTER SEQUENCE tickets CACHE 5;",),
    ),
    Entry(
        slug="sequence_cannot_be_altered",
        before=TICKETS,
        refused="ALTER SEQUENCE tickets MINVALUE 10;",
        fixed=("ALTER SEQUENCE tickets MINVALUE 1;",),
    ),
    Entry(
        slug="sequence_cannot_be_altered",
        before=TICKETS,
        refused="ALTER SEQUENCE tickets OWNED BY orders.gone;",
        fixed=("ALTER SEQUENCE tickets OWNED BY orders.note;",),
    ),
    Entry(
        slug="sequence_cannot_be_altered",
        before="CREATE TABLE keyed (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);",
        refused="ALTER SEQUENCE keyed_id_seq OWNED BY NONE CACHE 5;",
        fixed=("ALTER SEQUENCE keyed_id_seq CACHE 5;",),
    ),
    Entry(
        slug="unknown_sequence",
        before=TICKETS,
        refused="ALTER SEQUENCE ticket CACHE 5;",
        fixed=("ALTER SEQUENCE tickets CACHE 5;",),
    ),
)
