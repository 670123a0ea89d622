"""Labels of enum types."""

from tests.remedies.entry import CONTRACT, EXPAND, Entry

MOODS = """
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE of_nobody AS ENUM ('a', 'b');
CREATE DOMAIN word AS text;
CREATE TABLE users (id bigint PRIMARY KEY, mood mood);
"""
COMMENTED = MOODS + "COMMENT ON TYPE mood IS 'of a user';"
SEEN = MOODS + "CREATE VIEW seen AS SELECT id, mood FROM users;"
NOTHING = "COMMENT ON TABLE users IS 'x';"
ADDED = "ALTER TYPE mood ADD VALUE 'glad';"
UPDATED = "UPDATE users SET mood = 'glad' WHERE mood = 'happy';"


def _swap(labels: str) -> str:
    return (
        f"ALTER TYPE mood RENAME TO mood_old; CREATE TYPE mood AS ENUM ({labels});"
        " ALTER TABLE users ALTER mood TYPE mood USING mood::text::mood;"
        " DROP TYPE mood_old;"
    )


ENTRIES = (
    Entry(slug="hazard", before=MOODS, refused=ADDED, fixed=(ADDED, UPDATED)),
    Entry(
        slug="label_cannot_be_added",
        before=MOODS,
        refused="ALTER TYPE mood ADD VALUE 'ok';",
        fixed=(f"ALTER TYPE mood ADD VALUE IF NOT EXISTS 'ok'; {NOTHING}",),
    ),
    Entry(
        slug="label_cannot_be_added",
        before=MOODS,
        refused="ALTER TYPE mood ADD VALUE 'glad' AFTER 'none';",
        fixed=("ALTER TYPE mood ADD VALUE 'glad' AFTER 'ok';",),
    ),
    Entry(
        slug="label_cannot_be_added",
        before=MOODS,
        refused=f"ALTER TYPE mood ADD VALUE '{'long' * 20}';",
        fixed=("ALTER TYPE mood ADD VALUE 'long';",),
    ),
    Entry(
        slug="label_cannot_be_added",
        before=MOODS,
        refused="ALTER TYPE moods ADD VALUE 'glad';",
        fixed=(ADDED,),
    ),
    Entry(
        slug="label_cannot_be_added",
        before=MOODS,
        refused=f"ALTER TYPE word ADD VALUE 'glad'; {NOTHING}",
        fixed=(NOTHING,),
    ),
    Entry(
        slug="label_cannot_be_added",
        before=MOODS,
        refused=f"{EXPAND}DO $$ BEGIN CREATE TYPE hue AS ENUM ('red'); END $$;\n"
        "ALTER TYPE hue ADD VALUE 'blue';",
        fixed=(
            f"{EXPAND}DO $$ BEGIN CREATE TYPE hue AS ENUM ('red'); END $$;",
            "ALTER TYPE hue ADD VALUE 'blue';",
        ),
    ),
    Entry(
        slug="label_cannot_be_renamed",
        before=MOODS,
        refused=f"ALTER TYPE of_nobody RENAME VALUE 'a' TO 'b'; {NOTHING}",
        fixed=(NOTHING,),
    ),
    Entry(
        slug="label_in_use",
        before=MOODS,
        refused="ALTER TYPE mood RENAME VALUE 'happy' TO 'glad';",
        fixed=(ADDED, UPDATED),
    ),
    Entry(
        slug="enum_cannot_be_swapped",
        before=MOODS,
        refused=_swap("'sad', 'ok'"),
        fixed=(
            "UPDATE users SET mood = 'ok' WHERE mood = 'happy';\n"
            f"{CONTRACT}ALTER TABLE users ADD CONSTRAINT k CHECK (mood <> 'happy') NOT VALID;",
        ),
    ),
    Entry(
        slug="enum_cannot_be_swapped",
        before=MOODS,
        refused=_swap("'sad', 'ok', 'glad'"),
        fixed=(ADDED, UPDATED),
    ),
    Entry(
        slug="enum_cannot_be_swapped",
        before=MOODS
        + "CREATE FUNCTION of_mood(m mood) RETURNS text LANGUAGE sql AS 'SELECT m::text';\n",
        refused=_swap("'sad', 'ok', 'happy', 'glad'"),
        fixed=(ADDED,),
    ),
    Entry(
        slug="enum_cannot_be_swapped",
        before=MOODS,
        refused=_swap("'ok', 'sad', 'happy'") + NOTHING,
        fixed=(NOTHING,),
    ),
    Entry(
        slug="enum_cannot_be_swapped",
        before=COMMENTED,
        refused=_swap("'sad', 'ok', 'happy', 'glad'"),
        fixed=(ADDED,),
    ),
    Entry(
        slug="enum_cannot_be_swapped",
        before=SEEN,
        refused=_swap("'sad', 'ok', 'happy', 'glad'"),
        fixed=(ADDED,),
    ),
)
