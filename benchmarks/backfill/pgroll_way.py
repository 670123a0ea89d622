"""What pgroll 0.16 does to rows, said again in our words, so that it can be measured alone.

Facts, from its documentation and its behaviour: a changed column is a second column; two row
triggers keep the pair in sync, each copies every column into a variable and asks search_path
which version writes; a flag column marks rows that are not done; a batch takes the next 1,000
flagged keys under a row lock and sets each key to itself, so that the trigger does the work.
A column that becomes NOT NULL is changed in the same way: all rows are written.
"""

from typing import Any

import psycopg

BATCH = 1_000
NEXT = """
WITH picked AS (
    SELECT id FROM bench WHERE is_pending AND id > %s ORDER BY id LIMIT %s FOR NO KEY UPDATE
), touched AS (
    UPDATE bench AS b SET id = b.id FROM picked AS p WHERE b.id = p.id RETURNING b.id
)
SELECT max(id) FROM touched
"""


def _trigger(name: str, new_version_writes: bool, target: str, source: str) -> tuple[str, ...]:
    sign = "=" if new_version_writes else "<>"
    return (
        f"""
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_id bench.id%TYPE := NEW.id;
    v_quantity bench.quantity%TYPE := NEW.quantity;
    v_price bench.price%TYPE := NEW.price;
    v_note bench.note%TYPE := NEW.note;
    v_created bench.created%TYPE := NEW.created;
    path text;
BEGIN
    SELECT s INTO path FROM current_setting('search_path') AS s;
    IF path {sign} 'public_new_version' THEN
        NEW.{target} = ({source});
        NEW.is_pending = false;
    END IF;
    RETURN NEW;
END $$
""",
        f"CREATE TRIGGER {name} BEFORE INSERT OR UPDATE ON bench"
        f" FOR EACH ROW EXECUTE FUNCTION {name}()",
    )


_FLAG = "ALTER TABLE bench ADD COLUMN is_pending boolean DEFAULT true"
EXPAND = {
    "change_type": (
        "ALTER TABLE bench ADD COLUMN amount bigint",
        _FLAG,
        *_trigger("way_up", False, "amount", "v_quantity"),
        *_trigger("way_down", True, "quantity", "NEW.amount::integer"),
    ),
    "set_not_null": (
        "ALTER TABLE bench ADD COLUMN note_new text",
        "ALTER TABLE bench ADD CONSTRAINT note_new_is_there CHECK (note_new IS NOT NULL)"
        " NOT VALID",
        _FLAG,
        *_trigger("way_up", False, "note_new", "coalesce(v_note, 'none')"),
        *_trigger("way_down", True, "note", "NEW.note_new"),
    ),
}
COMPLETE = {
    "change_type": (),
    "set_not_null": (
        "ALTER TABLE bench VALIDATE CONSTRAINT note_new_is_there",
        "ALTER TABLE bench ALTER COLUMN note_new SET NOT NULL",
        "ALTER TABLE bench DROP CONSTRAINT note_new_is_there",
        "DROP FUNCTION way_up CASCADE",
        "DROP FUNCTION way_down CASCADE",
        "ALTER TABLE bench DROP COLUMN note, DROP COLUMN is_pending",
        "ALTER TABLE bench RENAME COLUMN note_new TO note",
    ),
}
PROGRAM = {
    "change_type": {
        "table": "bench",
        "column": "quantity",
        "type": "bigint",
        "up": "quantity",
        "down": "quantity::integer",
    },
    "set_not_null": {
        "table": "bench",
        "column": "note",
        "nullable": False,
        "up": "coalesce(note, 'none')",
        "down": "note",
    },
}


def fill(conn: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Batch after batch until none is left, each in a transaction of its own."""
    last = 0
    while True:
        row = conn.execute(NEXT, (last, BATCH)).fetchone()
        if row is None or row[0] is None:
            return
        last = row[0]
